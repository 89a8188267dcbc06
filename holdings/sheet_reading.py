"""How a person wants a sheet read, and how it is read then: what was said now, remembered, and in the intake profile.

Node and hub import sheets by it alike. Functions on the database run inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import apsw
from msgspec import Struct
from msgspec.structs import replace

from holdings import sheet_category, sheet_memory
from holdings.profile import IntakeProfile
from holdings.security import SiteClass
from holdings.sheet_file import SheetFile
from holdings.sheet_profile import BY_CATEGORY, NO_PROFILE, SheetProfile, parse_answer, parse_repair
from holdings.site_data import SiteData
from sync.sandbox import Sandbox


class Reading(Struct, frozen=True):
    """How a person wants a sheet read: by which intake profile (by name), with what answers and agreed repairs."""

    profile: str = ""
    said: SheetProfile = NO_PROFILE

    @property
    def says_something(self) -> bool:
        """Whether there is anything to remember."""
        return bool(self.said.answers or self.said.repairs)


AS_KNOWN: Final = Reading()
"""As the delivery's profile and earlier answers say."""


def reading_of(
    site: SiteData, profile: str = "", answers: Sequence[str] = (), repairs: Sequence[str] = (), category: str = ""
) -> Reading:
    """What was typed: answers `列名=著录项`, repairs `列名=修复`, a 门类 by name or id. AnswerInvalid names what is none."""
    answered = dict(parse_answer(text) for text in answers)
    answered |= sheet_category.answer(category or answered.get(BY_CATEGORY, ""), site)
    return Reading(profile, NO_PROFILE.with_answers(answered).with_repairs(parse_repair(text) for text in repairs))


def as_profiled(file: Path, site_class: SiteClass, profile: IntakeProfile, site: SiteData) -> SheetFile:
    """The file, to be read as an intake profile and the site's own tables say."""
    sheet = profile.sheet
    if profile.contractor and not sheet.contractor:
        sheet = replace(sheet, contractor=profile.contractor)
    return SheetFile(file, site_class, sheet, site.only("columns", "codes", "category"))


def as_said(connection: apsw.Connection, asked: SheetFile, said: SheetProfile, sandbox: Sandbox) -> SheetFile:
    """The file, to be read as was remembered of its kind too, and as is said now; what is said now goes before."""
    if not (said.answers or said.repairs or sheet_memory.anything(connection)):
        return asked
    remembered = sheet_memory.recall(connection, asked.key(sandbox))
    return asked.with_profile(_with(asked.profile, _with(remembered, said)))


def remember(connection: apsw.Connection, key: str, said: SheetProfile, now: int) -> None:
    """Keep what was answered for sheets of a kind (`SheetFile.key`)."""
    sheet_memory.remember(connection, key, _with(sheet_memory.recall(connection, key), said), now)


def _with(known: SheetProfile, said: SheetProfile) -> SheetProfile:
    return known.with_answers(said.answers).with_repairs(map(parse_repair, said.repairs))
