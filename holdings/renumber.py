"""Renumbering 改号: new codes for records, judged as a set at its end state, so that swaps and shifts are no conflict; pure.

What a record is does not change: its id, pages and former codes stay, its code is an attribute of a version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Final

from msgspec import Struct

from holdings.code_scheme import Scheme
from holdings.columns import CODE
from holdings.reference_code import CodeProblem, ReferenceCode, match_key, parse

ROWS_MAX: Final = 100_000  # codes changed by one sheet: a fonds; 50 deltas of 2,000 records (format.md §8)
TOLD_MAX: Final = 10_000  # changes and refusals told; all are counted

_NAMED: Final = (  # elements of a catalogue row that repeat a part of its code (DA/T 46-2009 M9-M18)
    ("全宗号", "fonds"), ("目录号", "inventory"), ("案卷号", "volume"), ("件号", "item"), ("年度", "year"),
    ("机构或问题", "organ"), ("类别号", "category"),
)  # fmt: skip


class Wrong(Enum):
    """Why a line of the sheet cannot be carried out; `rule` and `remedy` are for the technician."""

    MALFORMED = ("新档号不能用作档号", "改正新档号")
    OLD_UNKNOWN = ("没有记录或目录行使用此原档号", "核对原档号；用 jindang node search 查找")
    OLD_TWICE = (
        "同一原档号出现两次（一个原档号只能有一个新档号）",
        "删去多余的一行；一卷拆成几卷请用 node volume split",
    )
    NEW_TWICE = ("两个原档号改成同一新档号（档号须唯一，DA/T 13-2022）", "改正其一；几卷并成一卷请用 node volume merge")
    NEW_TAKEN = (
        "新档号已由本表以外的记录使用（档号须唯一，DA/T 13-2022）",
        "换一个新档号，或把占用它的那条也列入本表",
    )
    HELD = ("改号后不能通过保密关口", "按原因处理：新案卷含涉密件的，不得改入")
    SPLIT = ("拆卷表的页没有分清", "改正起页、止页后重试：每一页都归到一卷，不多不少")
    WHOLE = ("此卷不能按页拆分", "先整理成单页图像、只留一种版本，重新收入后再拆")
    MARKS = ("不能合并", "先核定并统一密级；涉密的移交涉密机处理")
    TOO_MANY = (f"一张表至多改 {ROWS_MAX} 个档号", "分成几张表，逐张执行")

    def __init__(self, rule: str, remedy: str) -> None:
        self.rule, self.remedy = rule, remedy


class Wish(Struct, frozen=True):
    """One line of the sheet: row number as the spreadsheet counts, 原档号, 新档号."""

    row: int
    old: str
    new: str


class Change(Struct, frozen=True):
    """One code to be changed; keys are match keys, `new` is as it will be printed."""

    row: int
    old_key: str
    new: str
    new_key: str


class Refused(Struct, frozen=True):
    """A line that cannot be carried out, and why; `problem` says what is wrong with a malformed code."""

    row: int
    wrong: Wrong
    problem: CodeProblem | None = None
    reason: str = ""

    @property
    def rule(self) -> str:
        """The rule that is broken."""
        said = self.problem.rule if self.problem else self.reason
        return f"{self.wrong.rule}：{said}" if said else self.wrong.rule

    @property
    def remedy(self) -> str:
        """What a person has to do."""
        return self.problem.remedy if self.problem else self.wrong.remedy


class Plan(Struct, frozen=True):
    """What a sheet comes to. It is carried out whole, or not at all when anything is refused."""

    changes: tuple[Change, ...]
    refused: tuple[Refused, ...]
    unchanged: int


def plan(
    wishes: Iterable[Wish], printed: Callable[[str], str | None], done: Callable[[str, str], bool] = lambda *_: False
) -> Plan:
    """Judge a sheet as a set.

    Args:
        printed: match key → the code as printed of the record or catalogue row that bears it now; None: nobody; empty:
            one that may not be named here (a classified row), so that its code is taken and is not known.
        done: (old key, new key) → whether the bearer of the new code bore the old one before: a line already carried
            out. A sheet all of whose lines are done is one that was run before; it changes nothing.
    """
    lines = list(wishes)
    if len(lines) > ROWS_MAX:
        return Plan((), (Refused(lines[ROWS_MAX].row, Wrong.TOO_MANY),), 0)
    if lines and all(done(match_key(line.old), match_key(line.new)) for line in lines):
        return Plan((), (), len(lines))
    changes: list[Change] = []
    refused: list[Refused] = []
    olds, news = set[str](), set[str]()
    unchanged = 0
    for line in lines:
        code, old = parse(line.new), match_key(line.old)
        if isinstance(code, CodeProblem):
            refused.append(Refused(line.row, Wrong.MALFORMED, code))
            continue
        bears = printed(old)
        if not bears and done(old, code.key) and old not in olds:
            unchanged += 1
            olds.add(old)
        elif not bears:
            refused.append(Refused(line.row, Wrong.OLD_UNKNOWN))
        elif old in olds:
            refused.append(Refused(line.row, Wrong.OLD_TWICE))
        elif code.key in news:
            refused.append(Refused(line.row, Wrong.NEW_TWICE))
        else:
            olds.add(old)
            news.add(code.key)
            if bears == code.printed:
                unchanged += 1
            else:
                changes.append(Change(line.row, old, code.printed, code.key))
    refused += [
        Refused(change.row, Wrong.NEW_TAKEN)
        for change in changes
        if change.new_key not in olds and printed(change.new_key) is not None
    ]
    return Plan(tuple(changes), tuple(sorted(refused, key=lambda r: r.row)), unchanged)


def follow(elements: Mapping[str, str], old: str, new: str, schemes: Sequence[Scheme] = ()) -> dict[str, str]:
    """Elements that repeat a part of the old code (件号, 年度 …) say the same part of the new one; all others stay.

    Numbers keep the way they are written: 5 beside …-005 becomes 17 beside …-017.
    """
    before, after = parse(old, schemes), parse(new, schemes)
    followed = dict(elements)
    if followed.get(CODE) == old:
        followed[CODE] = new
    if isinstance(before, CodeProblem) or isinstance(after, CodeProblem):
        return followed
    for element, part in _NAMED:
        said, was, becomes = followed.get(element, ""), getattr(before, part), getattr(after, part)
        if said and was and becomes and was != becomes:
            if said == was:
                followed[element] = becomes
            elif said.isdecimal() and becomes.isdecimal() and said == was.lstrip("0"):
                followed[element] = becomes.lstrip("0")
    return followed


def inside(code: ReferenceCode, number: int, width: int) -> str:
    """The code of an item in a volume: DA/T 13-2022 and DA/T 13-1994 put a hyphen and the number behind it."""
    return f"{code.printed}-{number:0{width}d}"
