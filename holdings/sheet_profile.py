"""What a person said once about a contractor's sheets, and what the reader asks: questions 询问 and repairs 修复; pure.

A sheet whose columns are ambiguous is asked about, never guessed; what a spreadsheet program has eaten is repaired only
when a person agreed to that repair for that column. Both are remembered as a SheetProfile under `profile_key`.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from crypto.digest import sha256
from holdings.errors import AnswerInvalid
from holdings.expression import expression

ANSWERS_MAX: Final = 256  # as many as a sheet has columns
WIDTH_MAX: Final = 12  # digits: no part of a code is longer
KEEP: Final = "保留原名"
"""Answer: the column stays under its own name."""
SKIP: Final = "不导入"
"""Answer: the column is left out."""
BY_CATEGORY: Final = "表的门类"
"""Id of the question by which category a sheet is read; answer: a category's name, or GENERAL."""
GENERAL: Final = "一般目录"
"""Answer: the sheet is of no category, its columns are read by the general table."""

_Short = Annotated[str, Meta(max_length=200)]


class RepairKind(StrEnum):
    """What may be done to a whole column, once agreed."""

    PAD = "pad"
    EXCEL_DATE = "excel-date"
    DITTO = "ditto"
    FILL = "fill"
    FILL_GROUP = "fill-group"

    @property
    def label(self) -> str:
        """What a person reads and writes."""
        return _LABELS[self]


_LABELS: Final = {
    RepairKind.PAD: "补零到{}位",
    RepairKind.EXCEL_DATE: "表格日期",
    RepairKind.DITTO: "展开同上",
    RepairKind.FILL: "向下填充",
    RepairKind.FILL_GROUP: "组内共用",
}
_PAD: Final = expression(r"补零(?:到)?([0-9]{1,2})位?")
_WORDS: Final = {"Excel日期": RepairKind.EXCEL_DATE, "同上": RepairKind.DITTO, "填充": RepairKind.FILL}


class Repair(Struct, frozen=True, array_like=True):
    """A repair of one column. `column` is the element (or own name) of the column; `width` counts digits, for PAD."""

    column: _Short
    kind: RepairKind
    width: Annotated[int, Meta(ge=0, le=WIDTH_MAX)] = 0

    @property
    def spec(self) -> str:
        """As it is agreed to on a command line: `件号=补零到4位`."""
        return f"{self.column}={self.kind.label.format(self.width)}"


class Proposal(Struct, frozen=True, array_like=True):
    """A repair offered once for a whole sheet: how many cells it would change, with examples (row, before, after).

    `agreed` says that this reading has applied it already. No example ever comes from a classified row.
    """

    repair: Repair
    count: int
    examples: tuple[tuple[int, str, str], ...]
    tab: str = ""
    agreed: bool = False

    @property
    def text(self) -> str:
        """One Chinese sentence."""
        shown = "，".join(f"第 {row} 行 {before or '（空）'}→{after}" for row, before, after in self.examples)
        did = "已按约定修复" if self.agreed else "可修复"
        return f"“{self.repair.column}”列{did}：{self.repair.kind.label.format(self.repair.width)}，共 {self.count} 格{f'（{shown}）' if shown else ''}"


class QuestionKind(StrEnum):
    """What is asked."""

    MEANING = "meaning"
    """What a column with an ambiguous name means; answer: an element, KEEP or SKIP."""
    WHICH = "which"
    """Which of several columns is the element `id`; answer: the id of a column."""
    CODE = "code"
    """What the reference code is made of; answer: a column or a scheme such as `全宗号-目录号-案卷号-件号`."""
    VALUE = "value"
    """A value that is the same for all rows and stands nowhere in the sheet, such as 全宗号."""
    CATEGORY = "category"
    """By which category the whole sheet is read; answer: a category's name or GENERAL."""


class Question(Struct, frozen=True, array_like=True):
    """One question. It is answered by `id=answer`; `column` counts from 1, 0 means the whole table.

    A `blocking` one must be answered before a row is imported. `samples` are the first different values of the column
    (of several: `name：values`), never one of a classified row.
    """

    id: str
    kind: QuestionKind
    text: str
    candidates: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    column: int = 0
    blocking: bool = False
    tab: str = ""


class SheetProfile(Struct, frozen=True, forbid_unknown_fields=True):
    """How sheets of one kind from one contractor are read.

    `answers` map the id of a question to its answer, `repairs` are those agreed to, written as they are typed
    (`件号=补零到4位`), `defaults` are values for all rows that the sheet does not hold, `century` is the first two-digit
    year that is 19xx, `secrecy_words` asks that a level's bare word in a title holds its row (marks such as 机密★10年
    always do). `category` names the 门类 whose columns and rules hold before the general ones; an answer to BY_CATEGORY goes
    before it. AnswerInvalid when a repair is not one.
    """

    contractor: _Short = ""
    answers: Annotated[dict[_Short, _Short], Meta(max_length=ANSWERS_MAX)] = {}
    repairs: Annotated[tuple[_Short, ...], Meta(max_length=ANSWERS_MAX)] = ()
    defaults: Annotated[dict[_Short, _Short], Meta(max_length=ANSWERS_MAX)] = {}
    century: Annotated[int, Meta(ge=0, le=100)] = 30
    secrecy_words: bool = False
    category: _Short = ""

    def __post_init__(self) -> None:
        """Every repair must be one."""
        for text in self.repairs:
            parse_repair(text)

    def agreed(self, column: str, kind: RepairKind) -> Repair | None:
        """The repair of that kind agreed for a column, None when there is none."""
        return next((r for r in map(parse_repair, self.repairs) if r.column == column and r.kind is kind), None)

    def with_answers(self, answers: Mapping[str, str]) -> SheetProfile:
        """The profile with these answers too; later ones win."""
        return replace(self, answers={**self.answers, **answers})

    def with_repairs(self, repairs: Iterable[Repair]) -> SheetProfile:
        """The profile with these repairs too; one of the same column and kind is replaced."""
        merged = {(r.column, r.kind): r.spec for r in (*map(parse_repair, self.repairs), *repairs)}
        return replace(self, repairs=tuple(merged.values()))


NO_PROFILE: Final = SheetProfile()


def encode_profile(profile: SheetProfile) -> bytes:
    """The profile as JSON, the same bytes for the same profile."""
    return msgspec.json.encode(profile, order="deterministic")


def decode_profile(data: bytes | str) -> SheetProfile:
    """The other direction; AnswerInvalid when it is none, or beyond its bounds."""
    try:
        return msgspec.json.decode(data, type=SheetProfile)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise AnswerInvalid(f"目录表的读法（列与修复的约定）不合格式：{fault}；请重新回答") from fault


def parse_answer(text: str) -> tuple[str, str]:
    """`序号=件号` as (id, answer). AnswerInvalid when there is no `=`, or a side is blank or longer than 200."""
    name, equals, answer = (part.strip() for part in unicodedata.normalize("NFC", text).partition("="))
    if not equals or not name or not answer or max(len(name), len(answer)) > 200:
        raise AnswerInvalid(f"“{text[:80]}”不是回答；请写成 列名=含义，例如 序号=件号、张数=页数、编号={KEEP}")
    return name, answer


@functools.lru_cache(maxsize=1024)
def parse_repair(text: str) -> Repair:
    """`件号=补零到4位`, `成文日期=表格日期`, `责任者=展开同上`, `案卷题名=向下填充` as a repair; else AnswerInvalid."""
    name, equals, words = (part.strip() for part in unicodedata.normalize("NFKC", text).partition("="))
    kind: RepairKind | None = None
    width = 0
    if found := _PAD.fullmatch(words):
        kind, width = RepairKind.PAD, int(found[1])
    else:
        labels = {kind.label: kind for kind in RepairKind} | _WORDS | {kind.value: kind for kind in RepairKind}
        kind = labels.get(words)
    if (
        not equals
        or not name
        or len(name) > 200
        or kind is None
        or not (kind is RepairKind.PAD) == (0 < width <= WIDTH_MAX)
    ):
        raise AnswerInvalid(
            f"“{text[:80]}”不是修复；请写成 列名=修复，修复是 补零到4位（至多 {WIDTH_MAX} 位）、表格日期、展开同上、向下填充、组内共用 之一"
        )
    return Repair(name, kind, width)


def profile_key(columns: Iterable[str], contractor: str) -> str:
    """Under what a profile is remembered: 32 hex digits of the contractor and the set of column names as printed.

    The order of the columns does not matter: the same export with a column moved is the same kind of sheet.
    """
    names = sorted({name for name in columns if name})
    return sha256(msgspec.json.encode([contractor, names]))[:16].hex()
