"""The words of folder and file names that layouts know: representations 版本用途, roles of pages, overrides, evidence;
data/layout.toml, to which an intake profile may add. Pure.
"""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from enum import IntEnum
from importlib import resources
from typing import Final

import msgspec

from holdings.evidence_name import evidence_kind
from holdings.file_name import extension

WORDS_MAX: Final = 64  # words of one list of a profile
WORD_MAX: Final = 100  # characters of one

_BLANK: Final = re.compile(r"\s+")
_TAIL: Final = re.compile(r"[\s_-]*(?:第)?([0-9]{1,4})(?:次|号|盘|张)?$")


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


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """data/layout.toml as it stands."""

    representations: dict[str, tuple[str, ...]]
    endings: dict[str, tuple[str, ...]]
    roles: dict[str, tuple[str, ...]]
    folders: dict[str, tuple[str, ...]]
    files: dict[str, tuple[str, ...]]
    rows: dict[str, tuple[str, ...]]


@functools.cache
def words() -> Words:
    """The table that ships with the program."""
    text = (resources.files("holdings") / "data" / "layout.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Words)


def fold(text: str) -> str:
    """A name as words are compared: half-width, capitals, no blanks."""
    return _BLANK.sub("", unicodedata.normalize("NFKC", text)).upper()


@functools.cache
def _uses() -> dict[str, Use]:
    return {fold(word): Use[use.upper()] for use, listed in words().representations.items() for word in listed}


@functools.cache
def _endings() -> dict[str, Use]:
    return {ending: Use[use.upper()] for use, listed in words().endings.items() for ending in listed}


@functools.cache
def _roles() -> tuple[tuple[re.Pattern[str], Role], ...]:
    return tuple(
        (re.compile("|".join(f"(?:{p})" for p in listed)), Role[role.upper()]) for role, listed in words().roles.items()
    )


@functools.cache
def _evidence() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{p})" for p in words().files["evidence"]))


@functools.cache
def _set(group: str) -> frozenset[str]:
    return frozenset(fold(word) for word in words().folders[group])


@functools.cache
def _markers() -> frozenset[str]:
    return frozenset(fold(word) for word in words().files["markers"])


def use_of_folder(name: str) -> Use | None:
    """The representation that a folder of this name holds, None when it is none."""
    return _uses().get(fold(name))


def use_of_ending(name: str) -> Use | None:
    """What a twin with this extension is for, None when its extension says nothing."""
    return _endings().get(extension(name))


def role_of(name: str) -> Role:
    """What a file shows, by its stem: 000封面, FM, ML001, BK001; BODY when nothing else is known."""
    stem = fold(name.rpartition(".")[0] or name)
    if stem.isascii() and stem.isdigit() and stem.strip("0"):
        return Role.BODY
    return next((role for pattern, role in _roles() if pattern.fullmatch(stem)), Role.BODY)


def is_evidence(name: str) -> bool:
    """Whether a file beside the records is evidence 证明性文件: digest lists, 说明文件, 移交清单. Never a superfluous file."""
    return evidence_kind(name) is not None or _evidence().fullmatch(fold(name)) is not None


def is_marker(name: str, more: tuple[str, ...] = ()) -> bool:
    """Whether a file or folder of this name says that the folder around it is finished."""
    folded = fold(name)
    return folded in _markers() or any(folded == fold(word) for word in more)


def is_folder(group: str, name: str) -> bool:
    """Whether a folder's name is one of a group of data/layout.toml: sections, objects, plain, catalogue, done."""
    return fold(name) in _set(group)


def is_disc(name: str) -> bool:
    """光盘01, DISC 2, CD-3: one carrier of a batch that came on several."""
    folded = fold(name)
    found = _TAIL.search(folded)
    return found is not None and folded[: found.start()] in _set("discs")


def section_rank(name: str) -> int:
    """Place of a section 正卷, 副卷 within its record; 0 for what is none."""
    order = [fold(word) for word in words().folders["sections"]]
    return order.index(fold(name)) + 1 if fold(name) in order else 0


def override_rank(name: str, more: tuple[str, ...] = ()) -> int:
    """How late an override folder is: 0 for a folder that is none, higher ones win (重扫 < 重扫2 < 退回整改 < 退回整改2)."""
    folded = fold(name)
    found = _TAIL.search(folded)
    stem, number = (folded[: found.start()], int(found[1])) if found else (folded, 1)
    order = [fold(word) for word in (*words().folders["overrides"], *more)]
    return (order.index(stem) + 1) * 10_000 + number if stem in order else 0
