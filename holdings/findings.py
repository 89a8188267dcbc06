"""Findings 问题: the closed list of what can be wrong. Severity, rule and remedy for the technician stand in
data/findings.toml; pure.

A finding about a classified row names sheet and row number only, never a title or a file's content (DESIGN §3).
"""

from __future__ import annotations

import functools
import re
import tomllib
from enum import IntEnum, StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct

from holdings.expression import expression


class Severity(IntEnum):
    """错误 stops the record, 警告 asks to look, 提示 informs."""

    HINT = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        """The Chinese word of the glossary."""
        return ("提示", "警告", "错误")[self.value - 1]


class _Text(Struct, frozen=True, forbid_unknown_fields=True):
    """One table of data/findings.toml."""

    severity: str
    waivable: bool
    rule: str
    remedy: str


class FindingCode(StrEnum):
    """What can be wrong.

    The value is the slug that JSON and the database carry; a slug is never used again for something else.
    """

    RETURNED = "returned"
    NOT_HELD = "not-held-here"
    EMPTY_FILE = "empty-file"
    TRUNCATED = "truncated"
    UNREADABLE = "unreadable"
    GROWING = "growing"
    VANISHED_IN_READING = "vanished-in-reading"
    NAME_NOT_UTF8 = "name-not-utf8"
    NAME_TOO_LONG = "name-too-long"
    NAME_TWIN = "name-twin"
    SYMLINK = "symlink"
    NOT_A_FILE = "not-a-file"
    BOMB = "bomb"
    TOO_LARGE = "too-large"
    TYPE_UNKNOWN = "type-unknown"
    EXTENSION_DIFFERS = "extension-differs"
    SUPERFLUOUS = "superfluous"
    FOLDER_TWICE = "folder-twice"
    FOLDER_RESHAPED = "folder-reshaped"
    EMPTY_FOLDER = "empty-folder"
    NO_ROW = "no-row"
    NO_FOLDER = "no-folder"
    NO_MARK_COLUMN = "no-mark-column"
    NOT_CLEARED = "not-cleared"
    CLASSIFIED = "classified"
    VOLUME_CLASSIFIED = "volume-classified"
    MARK_UNREADABLE = "mark-unreadable"
    CLASSIFIED_SEALED = "classified-sealed"
    SECRECY_UNREAD = "secrecy-unread"
    PAGE_COUNT_DIFFERS = "page-count-differs"
    PAGE_MISSING = "page-missing"
    DUPLICATE_PAGE = "duplicate-page"
    PAGE_VANISHED = "page-vanished"
    PAGE_REPEATED = "page-repeated"
    PAGE_DISORDER = "page-disorder"
    PAGE_UNCOVERED = "page-uncovered"
    REPRESENTATION_DIFFERS = "representation-differs"
    ROW_UNPLACED = "row-unplaced"
    LINK_LOST = "link-lost"
    CODE_GAP = "code-gap"
    ROW_DUPLICATE = "row-duplicate"
    ROW_REPEATED = "row-repeated"
    ROW_REFUSED = "row-refused"
    ROW_GONE = "row-gone"
    ROW_REPAIRED = "row-repaired"
    FORMULA_TEXT = "formula-text"
    MOJIBAKE = "mojibake"
    DATE_DOUBTFUL = "date-doubtful"
    DATE_MISSING = "date-missing"
    CODE_NONSTANDARD = "code-nonstandard"
    METADATA_MISSING = "metadata-missing"
    METADATA_LENGTH = "metadata-length"
    METADATA_TYPE = "metadata-type"
    METADATA_DOMAIN = "metadata-domain"
    METADATA_DOUBTFUL = "metadata-doubtful"
    METADATA_CHARACTERS = "metadata-characters"
    DIGITS_LOST = "digits-lost"
    COLUMN_UNKNOWN = "column-unknown"
    COLUMN_AMBIGUOUS = "column-ambiguous"
    TAB_UNREAD = "tab-unread"
    SHEET_UNREADABLE = "sheet-unreadable"
    SHEET_QUESTIONS = "sheet-questions"
    REPAIR_OFFERED = "repair-offered"
    REPAIR_MADE = "repair-made"
    TOTAL_LINE_DIFFERS = "total-line-differs"
    CENTURY_GUESSED = "century-guessed"
    DELETED_ROWS = "deleted-rows"
    HALF_CHARACTER = "half-character"
    PRIVATE_CHARACTER = "private-character"
    ENCODING_ASSUMED = "encoding-assumed"
    COLUMNS_GUESSED = "columns-guessed"
    MEMO_MISSING = "memo-missing"
    MEMO_UNREADABLE = "memo-unreadable"
    ROW_COUNT_DIFFERS = "row-count-differs"
    MERGES_UNKNOWN = "merges-unknown"
    FIXITY_BROKEN = "fixity-broken"
    FORMAT_NOT_ALLOWED = "format-not-allowed"
    ENCRYPTED_FILE = "encrypted-file"
    VIRUS = "virus"
    BLANK_PAGE = "blank-page"
    UPSIDE_DOWN = "upside-down"
    SKEWED = "skewed"
    TOO_DARK = "too-dark"
    BLACK_BORDER = "black-border"
    TEXT_CUT = "text-cut"
    RESOLUTION_LOW = "resolution-low"
    EVIDENCE_DIFFERS = "evidence-differs"
    EVIDENCE_MISSING = "evidence-missing"
    EVIDENCE_UNLISTED = "evidence-unlisted"
    EVIDENCE_UNREADABLE = "evidence-unreadable"
    TOTAL_DIFFERS = "total-differs"
    BRAKE = "brake"
    FORK = "fork"

    @property
    def slug(self) -> str:
        """The code as JSON and the database carry it."""
        return self.value

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return Severity[_texts()[self.value].severity.upper()]

    @property
    def waivable(self) -> bool:
        """Whether a person may let it pass with a reason 说明后放行."""
        return _texts()[self.value].waivable

    @property
    def rule(self) -> str:
        """The rule that is broken, with its clause where there is one, in Chinese."""
        return _texts()[self.value].rule

    @property
    def remedy(self) -> str:
        """What a person has to do, in Chinese."""
        return _texts()[self.value].remedy


@functools.cache
def _texts() -> dict[str, _Text]:
    """The table that ships with the program."""
    table = tomllib.loads((Path(__file__).parent / "data" / "findings.toml").read_text("utf-8"))
    return msgspec.convert(table, dict[str, _Text])


class Finding(Struct, frozen=True):
    """One thing that is wrong.

    `subject` is what is stopped or meant (a match key, a folder, a sheet), `path` where it shows (file, or
    `sheet#row`), `ref` the code as printed or empty,
    `detail` a Chinese remark with numbers (found, declared, row), never content.
    """

    code: FindingCode
    subject: str
    path: str
    ref: str = ""
    detail: str = ""

    @property
    def rule(self) -> str:
        """The rule with this finding's particulars."""
        return f"{self.code.rule}（{self.detail}）" if self.detail else self.code.rule

    @property
    def remedy(self) -> str:
        """What a person has to do; which file must come again, when the page lies within one of many."""
        within = _WITHIN.search(self.path)
        return f"{self.code.remedy}；第 {within[2]} 页在“{within[1]}”内，换页须重交整份文件" if within else self.code.remedy


_WITHIN = expression(r"/([^/#]+\.(?:pdf|ofd|tiff?))#([0-9]+)$", re.IGNORECASE)


def display_path(name: bytes | str) -> str:
    """A path as text that any database and screen can hold: bytes that are not UTF-8 are shown as `\\xNN`."""
    raw = name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")
    return raw.decode("utf-8", "backslashreplace").replace("\0", "\\0")
