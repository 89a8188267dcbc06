"""Validation of descriptions: length, type, domain, plausibility, characters and obligations (DA/T 70-2018 GD-1-2 to
GD-1-6 and GD-2-4), by the tables of holdings/metadata_scheme.py; pure.

A violation says which element and which rule, never a value: what stands in a catalogue may be anybody's identity number.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from holdings.category import DEFAULT, ValueType, categories, category_of, get
from holdings.findings import Finding, FindingCode, Severity
from holdings.metadata_scheme import (
    CURRENT,
    EDITION,
    Element,
    Required,
    ValueRule,
    element,
    required,
    required_born_electronic,
    scheme,
)
from holdings.metadata_value import Wrong, read
from holdings.record import MARK, Level
from holdings.reference_code import ReferenceCode
from holdings.row_shape import RowShape
from holdings.security import parse_mark
from holdings.site_data import NO_SITE, SiteData

_DATE, _DATE_ID, _BORN, _ELECTRONIC = "日期", "M33", "生成方式", "原生"
_REMEMBERED: Final = 1 << 15  # values of a column: as many dates as a century has
_CHARACTERS: Final = (
    # Control characters, unpaired halves, characters that were lost, unassigned on purpose, or that turn the writing
    # direction; private ones are 自造字, which no other machine can show.
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffd\ud800-\udfff"
    "\ue000-\uf8ff\U000f0000-\U0010ffff"
)


class Violation(Struct, frozen=True):
    """One rule that a description breaks. `detail` is a Chinese remark with numbers and words of the rule, no value."""

    element: str
    code: FindingCode
    detail: str

    @property
    def rule(self) -> str:
        """The rule with its clause and this violation's particulars."""
        return f"{self.code.rule}（{self.detail}）"

    @property
    def remedy(self) -> str:
        """What a person has to do."""
        return self.code.remedy

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return self.code.severity

    def finding(self, subject: str, path: str, ref: str = "") -> Finding:
        """The same as a finding about a record (by match key) or a sheet."""
        return Finding(self.code, subject, f"{path}:{self.element}", ref, self.detail)


class _Check(Struct, frozen=True):
    """What is looked at in the values of one element."""

    element: Element
    words: frozenset[str]
    pattern: re.Pattern[str] | None

    @property
    def label(self) -> str:
        """The element with its clause, for a detail."""
        return f"“{self.element.name}”{f'，{self.element.clause}' if self.element.clause else ''}"


_PlanKey = tuple[frozenset[str], RowShape | tuple[tuple[str, ...], tuple[bool, ...]]]


class _Plan(NamedTuple):
    """Rows that have the same elements, the same ones blank: is all there that must be, how long may each free text be (the shortest first), what
    was found of values from closed sets (None: nothing wrong)."""

    asked: bool
    free: tuple[tuple[int, str], ...]
    closed: tuple[tuple[str, dict[str, Violation | None]], ...]


class Checker:
    """Checks descriptions of one level, category and edition; made once and used for every row of a sheet.

    `year` is the year now: nothing is dated later.
    """

    def __init__(self, level: Level, category: str, version: str, year: int, site: SiteData = NO_SITE) -> None:
        self.required: tuple[Required, ...] = required(level, category, version, site)
        self._category, self._site = category, site
        self._born = required_born_electronic(category, site)
        self._title = bool(get(category, site).title)
        known = scheme(site)
        self._years = range(known.earliest_year, year + 1)
        self._forbidden = known.forbidden
        self._bad = re.compile(f"[{_CHARACTERS}{re.escape(known.forbidden)}]")
        self._checks: dict[str, _Check | None] = {}
        self._seen: dict[str, tuple[int, dict[str, Violation | None] | None, str]] = {}
        self._asked: dict[Collection[str], tuple[tuple[str, ...], ...]] = {}
        self._plans: dict[_PlanKey, _Plan] = {}

    def remembered(
        self,
        values: Mapping[str, str],
        known_otherwise: frozenset[str],
        printable: str = "",
        shape: RowShape | None = None,
    ) -> Sequence[Violation] | None:
        """What `check` finds, in a tenth of its time, for the rows of large sheets: of values of closed columns it is remembered.
        None where it is not sure: then `check` has to look.

        `printable`: printable text that holds the characters of all values and is as long as the longest, if there is any.
        `shape`: that of the values, where it is known.
        """
        text = printable or "".join(values.values())
        key = (known_otherwise, shape or (tuple(values), tuple(map(bool, values.values()))))
        plan = self._plans.get(key) or self._planned(key, values)
        if not plan.asked or not self._clean(text, bool(printable)) or values.get(_BORN) == _ELECTRONIC:
            return None
        size = len(text)
        for length, name in plan.free:
            if length >= size:
                break
            if len(values[name]) > length:
                return None
        found: Sequence[Violation] = ()
        for name, known in plan.closed:
            value = values[name]
            wrong = known[value] if value in known else self._learn(name, value, known)
            if wrong is not None:
                found = (*found, wrong)
        return found

    def _planned(self, key: _PlanKey, values: Mapping[str, str]) -> _Plan:
        """What is left to look at in rows that have these elements, the same ones of them blank."""
        known, here = key[0], {name: bool(value) for name, value in values.items()}
        found = {name: self._seen.get(name) or self._closed(name) for name, one in here.items() if one}
        asked = self._asked.get(known) or self._asked_beyond(known)
        plan = _Plan(
            all(any(name in found or (name == MARK and name in here) for name in names) for names in asked)
            and all(not beside or beside in found for _, _, beside in found.values()),
            tuple(sorted((length, name) for name, (length, known, _) in found.items() if known is None)),
            tuple((name, known) for name, (_, known, _) in found.items() if known is not None),
        )
        if len(self._plans) >= _REMEMBERED:
            self._plans.clear()
        self._plans[key] = plan
        return plan

    def _closed(self, name: str) -> tuple[int, dict[str, Violation | None] | None, str]:
        """(length, what was found of values or None where all are right, element that must be there beside)."""
        check = self._checks[name] if name in self._checks else self._check(name)
        one = check.element if check is not None else None
        free = one is None or (
            one.type is ValueType.TEXT and one.rule is not ValueRule.MARK and not (check and check.words)
        )
        length, beside = (one.length, one.with_) if one is not None else (sys.maxsize, "")
        self._seen[name] = (length, None if free else {}, beside)
        return self._seen[name]

    def _learn(self, name: str, value: str, known: dict[str, Violation | None]) -> Violation | None:
        check = self._checks[name]
        assert check is not None, "a column without a check is free"
        wrong = self._wrong(check, name, value, {check.element.with_: value})
        if len(known) >= _REMEMBERED:
            known.clear()
        if len(value) <= check.element.length:
            known[value] = wrong
        return wrong

    def _asked_beyond(self, known_otherwise: frozenset[str]) -> tuple[tuple[str, ...], ...]:
        """Names of what must be there beyond what is known otherwise."""
        asked = tuple(
            one.names
            for one in self.required
            if known_otherwise.isdisjoint(one.names) and not (self._title and one.name == "题名")
        )
        self._asked[known_otherwise] = asked
        return asked

    def check(self, values: Mapping[str, str], known_otherwise: Collection[str] = ()) -> list[Violation]:
        """What is wrong with a description, in the order of its elements; blank values are looked at as absent.

        `known_otherwise` are required elements that are known from elsewhere: 保管期限 and 年度 from the reference code,
        or columns that the sheet lacks as a whole and that were told once (`missing_columns`).
        """
        found: list[Violation] = []
        suspect = not self._clean(" ".join(values.values()))
        for name, value in values.items():
            if value:
                if suspect and self._bad.search(value):
                    found.append(self._characters(name, value))
                check = self._checks[name] if name in self._checks else self._check(name)
                if check is not None and (wrong := self._wrong(check, name, value, values)) is not None:
                    found.append(wrong)
        asked = (*self.required, *self._born) if values.get(_BORN) == _ELECTRONIC else self.required
        absent = {
            one.name: self._missing(one)
            for one in asked
            # A blank 密级 says that it is no secret, where the sheet has the column.
            if not any(values.get(name) or (name == MARK and name in values) for name in one.names)
            and not any(name in known_otherwise for name in one.names)
            and not (self._title and one.name == "题名")
        }
        found += absent.values()
        return found

    def missing_columns(self, columns: Collection[str]) -> list[Violation]:
        """Required elements for which a sheet has no column at all: told once for the sheet, not for each of its rows."""
        return [
            self._missing(asked)
            for asked in self.required
            if not any(name in columns for name in asked.names) and not (self._title and asked.name == "题名")
        ]

    def _clean(self, text: str, printable: bool = False) -> bool:
        """Whether a text surely holds no bad character: what `isprintable` knows costs a tenth of the expression."""
        return (printable or text.isprintable()) and "\ufffd" not in text and not self._forbidden

    def _check(self, name: str) -> _Check | None:
        """Make the check of an element when it is first met; None for a site's own columns."""
        found = element(name, self._category, self._site)
        if found is None or found.type is ValueType.GROUP:
            self._checks[name] = None
            return None
        words, pattern = frozenset(found.domain), None
        if found.rule is ValueRule.RETENTION:
            retention = scheme(self._site).retention
            words, pattern = frozenset(retention.words), re.compile(retention.pattern)
        self._checks[name] = made = _Check(found, words, pattern)
        return made

    def _wrong(self, check: _Check, name: str, value: str, values: Mapping[str, str]) -> Violation | None:
        """The first rule that a value breaks: length, type, domain, plausibility."""
        said = check.element
        if len(value) > said.length:
            return Violation(
                name, FindingCode.METADATA_LENGTH, f"{check.label}：{len(value):,} 个字符，至多 {said.length:,}"
            )
        if said.type is not ValueType.TEXT:
            wrong = read(said.type, value, self._years, said.most)
            return None if wrong is None else self._of_type(check, name, wrong)
        if said.rule is ValueRule.MARK:
            if parse_mark(value).counts_as_classified and not parse_mark(value).level:
                return Violation(
                    name, FindingCode.METADATA_DOMAIN, f"{check.label}：应为公开、内部、秘密、机密、绝密之一"
                )
        elif check.words and not _within(check, value):
            listed = "、".join(said.domain[:8]) or "永久、长期、短期、定期30年、定期10年、Y、D30、D10"
            return Violation(name, FindingCode.METADATA_DOMAIN, f"{check.label}：值域为 {listed}")
        if said.with_ and not values.get(said.with_):
            return Violation(name, FindingCode.METADATA_MISSING, f"{check.label}：有此项时“{said.with_}”不能为空")
        return None

    def _of_type(self, check: _Check, name: str, wrong: Wrong) -> Violation:
        """What is wrong with a number, a date, a time code: not of the form, or not believable."""
        if not wrong.doubtful:
            return Violation(name, FindingCode.METADATA_TYPE, f"{check.label}：{wrong.text}")
        code = FindingCode.DATE_DOUBTFUL if check.element.id == _DATE_ID else FindingCode.METADATA_DOUBTFUL
        return Violation(name, code, f"{check.label}：{wrong.text}")

    def _characters(self, name: str, value: str) -> Violation:
        """Name the code points, which are no content."""
        points = sorted({f"U+{ord(character):04X}" for character in self._bad.findall(value)})
        return Violation(name, FindingCode.METADATA_CHARACTERS, f"“{name}”：{'、'.join(points[:8])}")

    def _missing(self, asked: Required) -> Violation:
        """A required element that is not there; a missing date has a code of its own, which is milder."""
        code = FindingCode.DATE_MISSING if asked.name == _DATE else FindingCode.METADATA_MISSING
        return Violation(asked.name, code, f"“{asked.name}”，{asked.clause}")


@functools.lru_cache(maxsize=64)
def checker(level: Level, category: str, version: str, year: int, site: SiteData = NO_SITE) -> Checker:
    """The checker of a level, category (id or Chinese name), edition and year."""
    return Checker(level, category, version, year, site)


def violations(
    values: Mapping[str, str],
    level: Level,
    category: str = DEFAULT,
    version: str = CURRENT,
    *,
    year: int,
    known_otherwise: Collection[str] = (),
    site: SiteData = NO_SITE,
) -> list[Violation]:
    """What is wrong with a description, by its elements' names; empty when nothing is. See `Checker.check`.

    SiteDataWrong for a category that does not exist; a `version` not known is judged by the current edition.
    """
    return checker(level, category, version, year, site).check(values, known_otherwise)


def edition_of(values: Mapping[str, str]) -> str:
    """The edition of DA/T 18 by which a record was described: what its element 著录规则 says, else DA/T 18-2022."""
    return values.get(EDITION) or CURRENT


def category_for(code: ReferenceCode, values: Mapping[str, str], site: SiteData = NO_SITE) -> str:
    """The category of a record: by its code's 类别号, else by its element 门类 (a name, an id or a 门类代码), else 文书."""
    if found := category_of(code, site):
        return found
    said = values.get("门类", "").strip()
    for key, one in categories(site).items() if said else ():
        if said in (key, one.name) or said.upper() in one.codes:
            return key
    return DEFAULT


def known_from(code: ReferenceCode) -> frozenset[str]:
    """Elements that a reference code itself says (DA/T 13-2022): nobody needs to say them again in a column."""
    said = {"保管期限": code.retention, "年度": code.year, "全宗号": code.fonds}
    return frozenset(name for name, value in said.items() if value)


def _within(check: _Check, value: str) -> bool:
    """Whether a value is one of the words, or of the pattern. Several in one cell may be joined by 、 or ;."""
    if value in check.words or (check.pattern is not None and check.pattern.fullmatch(value)):
        return True
    if not check.element.repeat:
        return False
    return all(piece.strip() in check.words for piece in re.split(r"[、;；]", value))
