"""The words of folder and file names that layouts know: representations 版本用途, roles of pages, overrides, evidence;
data/layout.toml, over which a site lays its own. Pure.
"""

from __future__ import annotations

import functools
import hashlib
import re
import unicodedata
from collections.abc import Iterator
from enum import IntEnum
from typing import Final

from msgspec import Struct

from holdings.errors import SiteDataWrong
from holdings.evidence_name import evidence_kind
from holdings.expression import expression
from holdings.file_name import extension
from holdings.site_data import NO_SITE, SiteData, overlay, shipped, table, typed

FILE: Final = "layout.toml"

HIDDEN: Final = "\x1f"
"""Begins what stands for a name; no name that a sheet prints begins so."""
_BLANK: Final = expression(r"\s+")
_TAIL: Final = expression(r"[\s_-]*(?:第)?([0-9]{1,4})(?:次|号|盘|张)?$")


class Use(IntEnum):
    """What a file of a record is for 版本用途; several uses show the same pages (DA/T 31-2017 9.5: keeping and use)."""

    MASTER = 1
    ACCESS = 2
    SEARCHABLE = 3
    THUMBNAIL = 4

    @property
    def label(self) -> str:
        """The Chinese word of the glossary."""
        return ("存档件", "利用件", "双层PDF", "缩略图")[self.value - 1]


class Role(IntEnum):
    """What an image shows, as far as the page-count rule 页数口径 asks."""

    BODY = 0
    COVER = 1
    CONTENTS = 2
    ENDNOTE = 3
    TARGET = 4
    CAPTION = 5

    @property
    def label(self) -> str:
        """The Chinese word of the glossary."""
        return ("正文", "封面", "目录", "备考表", "靶标", "说明")[self.value]


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """data/layout.toml as it stands."""

    representations: dict[str, tuple[str, ...]]
    endings: dict[str, tuple[str, ...]]
    roles: dict[str, tuple[str, ...]]
    folders: dict[str, tuple[str, ...]]
    files: dict[str, tuple[str, ...]]
    rows: dict[str, tuple[str, ...]]


def fold(text: str) -> str:
    """A name as words are compared: half-width, capitals, no blanks."""
    return _BLANK.sub("", unicodedata.normalize("NFKC", text)).upper()


def hidden(text: str) -> str:
    """What stands for a name that may not be kept, so that the same name is still found: equal for equal numbers, else for names that
    fold to the same. Blank stays blank."""
    folded = fold(text)
    if folded.isascii() and folded.isdigit():
        folded = str(int(folded))
    return f"{HIDDEN}{hashlib.blake2b(folded.encode(), digest_size=12).hexdigest()}" if folded else ""


class Vocabulary:
    """The words, ready to be asked. Not changed after it is made, so threads share it.

    Args:
        said: the words; SiteDataWrong for a regular expression that is none.
    """

    def __init__(self, said: Words) -> None:
        self.rows = said.rows
        self._uses = {fold(word): use for use, word in _by_use(said.representations)}
        self._endings = {ending.lower(): use for use, ending in _by_use(said.endings)}
        self._roles = [(_pattern("roles", listed), _role(name)) for name, listed in said.roles.items()]
        self._evidence = _pattern("files.evidence", said.files["evidence"])
        self._markers = {fold(word) for word in said.files["markers"]}
        self.catalogue = frozenset(said.folders["catalogue"])
        """Folders of a delivery that hold its sheets, as they are usually written."""
        self._folders = {group: [fold(word) for word in listed] for group, listed in said.folders.items()}

    def use_of_folder(self, name: str) -> Use | None:
        """The representation that a folder of this name holds, None when it is none."""
        return self._uses.get(fold(name))

    def use_of_ending(self, name: str) -> Use | None:
        """What a twin with this extension is for, None when its extension says nothing."""
        return self._endings.get(extension(name))

    def role_of(self, name: str) -> Role:
        """What a file shows, by its stem: 000封面, FM, ML001, BK001; BODY when nothing else is known."""
        stem = fold(name.rpartition(".")[0] or name)
        if stem.isascii() and stem.isdigit() and stem.strip("0"):
            return Role.BODY
        return next((role for pattern, role in self._roles if pattern.fullmatch(stem)), Role.BODY)

    def is_evidence(self, name: str) -> bool:
        """Whether a file beside the records is evidence 证明性文件: digest lists, 说明文件, 移交清单. Never a superfluous file."""
        return evidence_kind(name) is not None or self._evidence.fullmatch(fold(name)) is not None

    def is_marker(self, name: str, more: tuple[str, ...] = ()) -> bool:
        """Whether a file or folder of this name says that the folder around it is finished."""
        folded = fold(name)
        return folded in self._markers or any(folded == fold(word) for word in more)

    def is_folder(self, group: str, name: str) -> bool:
        """Whether a folder's name is one of a group of data/layout.toml: sections, objects, plain, catalogue, done."""
        return fold(name) in self._folders[group]

    def is_special(self, name: str) -> bool:
        """Whether a layout alone understands a folder of this name: an override, a section, an object, or one of several representations."""
        known = any(self.is_folder(group, name) for group in ("sections", "objects"))
        return known or self.override_rank(name) > 0 or self.use_of_folder(name) is not None

    def is_disc(self, name: str) -> bool:
        """光盘01, DISC 2, CD-3: one carrier of a batch that came on several."""
        folded = fold(name)
        found = _TAIL.search(folded)
        return found is not None and folded[: found.start()] in self._folders["discs"]

    def section_rank(self, name: str) -> int:
        """Place of a section 正卷, 副卷 within its record; 0 for what is none."""
        order, folded = self._folders["sections"], fold(name)
        return order.index(folded) + 1 if folded in order else 0

    def override_rank(self, name: str, more: tuple[str, ...] = ()) -> int:
        """How late an override folder is: 0 for a folder that is none, higher ones win (重扫 < 重扫2 < 退回整改 < 退回整改2)."""
        folded = fold(name)
        found = _TAIL.search(folded)
        stem, number = (folded[: found.start()], int(found[1])) if found else (folded, 1)
        order = [*self._folders["overrides"], *(fold(word) for word in more)]
        return (order.index(stem) + 1) * 10_000 + number if stem in order else 0


@functools.lru_cache(maxsize=8)
def vocabulary(site: SiteData = NO_SITE) -> Vocabulary:
    """The words that ship with the program, with a site's layout.toml laid over them; SiteDataWrong names what is wrong there."""
    content = table(FILE, shipped(FILE))
    for name, text in site.named("layout"):
        content = overlay(content, table(name, text))
        typed(name, content, Words)
    return Vocabulary(typed(FILE, content, Words))


def _by_use(listed: dict[str, tuple[str, ...]]) -> Iterator[tuple[Use, str]]:
    for name, entries in listed.items():
        if name.upper() not in Use.__members__:
            raise SiteDataWrong(f"{FILE} 中没有版本用途 {name}；可用：{'、'.join(use.name.lower() for use in Use)}")
        yield from ((Use[name.upper()], entry) for entry in entries)


def _role(name: str) -> Role:
    if name.upper() not in Role.__members__:
        raise SiteDataWrong(f"{FILE} 中没有 roles.{name}；可用：{'、'.join(role.name.lower() for role in Role)}")
    return Role[name.upper()]


def _pattern(where: str, listed: tuple[str, ...]) -> re.Pattern[str]:
    try:
        return re.compile("|".join(f"(?:{p})" for p in listed) or r"(?!)")
    except re.error as fault:
        raise SiteDataWrong(f"{FILE} 的 {where} 有误：{fault}") from fault
