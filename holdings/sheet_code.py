"""The reference code of a row: from its column, or made of parts by a scheme such as `全宗号-目录号-案卷号[-件号]`; pure.

The form of DA/T 13-1994 (全宗号-目录号-案卷号-件号) is taken when its parts are there; codes by item (DA/T 13-2022 5.3)
when the sheet or a person gives the category. Nothing is padded here: that is a repair to agree to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from holdings.columns import CODE, Columns, fold
from holdings.expression import expression
from holdings.reference_code import CodeForm, CodeProblem, ReferenceCode, parse, volume_key
from holdings.sheet_header import Header
from holdings.sheet_profile import Question, QuestionKind, SheetProfile

SCHEME_MAX: Final = 200  # characters
_SEPARATORS: Final = expression(r"([-·\[\]])")
_LETTERS: Final = expression(r"[A-Z][A-Z0-9]{1,7}")
_YEARS: Final = expression(r"(?:定期)?([0-9]{1,3})年")
_CACHE_MAX: Final = 4096  # volumes of a sheet that are remembered at a time
_PART_MAX: Final = 60  # characters; a longer part is a shifted column


class Segment(NamedTuple):
    """One part of a scheme: the separator before it, then a column, a value for all rows, or a literal."""

    separator: str
    name: str
    column: int | None
    value: str
    optional: bool


class CodeRead(Struct, frozen=True, gc=False):
    """What the catalogue needs of a row's code; `form` is empty when the code stands as its rule writes it."""

    printed: str
    key: str
    volume: str | None
    form: str


class CodeSource(Struct, frozen=True):
    """Where codes come from: `column`, or `segments`. `parts` are the columns that make it."""

    column: int | None = None
    segments: tuple[Segment, ...] = ()

    @property
    def parts(self) -> frozenset[int]:
        """Indices of the columns that go into a code."""
        made = {segment.column for segment in self.segments if segment.column is not None}
        return frozenset(made if self.column is None else {self.column})

    def with_defaults(self, defaults: Mapping[str, str]) -> CodeSource:
        """The same source after another banner."""
        if self.column is not None:
            return self
        known = (s._replace(value=defaults.get(s.name, s.value)) for s in self.segments)
        return CodeSource(segments=tuple(known))

    @property
    def scheme(self) -> str:
        """The scheme as a person writes it, empty when a column holds the code."""
        text = "".join(f"[{s.separator}{s.name}]" if s.optional else s.separator + s.name for s in self.segments)
        return text if self.column is None else ""


def choose_source(
    header: Header, defaults: Mapping[str, str], profile: SheetProfile, table: Columns
) -> CodeSource | tuple[Question, ...]:
    """Where the codes of a table come from, or what must be asked before that is known.

    A column 档号 comes first, then what a person answered, then the first scheme whose parts are all there.
    """
    if CODE in header.names:
        return CodeSource(column=header.names.index(CODE))
    answer = profile.answers.get(CODE, "")[:SCHEME_MAX]
    column = header.index(answer) if answer else None
    if column is not None:
        return CodeSource(column=column)
    if answer:
        return CodeSource(segments=_segments(answer, header, defaults, literals=True))
    lacking: list[tuple[str, list[str]]] = []
    for scheme in table.schemes:
        segments = _segments(scheme, header, defaults, literals=False)
        missing = [s.name for s in segments if s.column is None and not s.value and not s.optional]
        if not missing:
            asked = [q for q in header.questions if q.kind is QuestionKind.WHICH and q.id in _names_of(segments)]
            return _blocking(asked) if asked else CodeSource(segments=segments)
        lacking.append((scheme, missing))
    return _ask(header, lacking, table)


def _names_of(segments: Sequence[Segment]) -> set[str]:
    """Names of the parts of a scheme that no column stands for."""
    return {s.name for s in segments if s.column is None and not s.value}


def _segments(scheme: str, header: Header, defaults: Mapping[str, str], *, literals: bool) -> tuple[Segment, ...]:
    """Parts of a scheme with their columns and values; names that are neither are literals when a person wrote them."""
    segments: list[Segment] = []
    separator, optional = "", False
    for word in _SEPARATORS.split(scheme):
        if word == "[":
            optional = True
        elif word == "]":
            optional = False
        elif word in ("-", "·"):
            separator = word
        elif name := word.strip():
            index = header.index(name)
            value = defaults.get(name, "")
            literal = literals and index is None and not value
            segments.append(Segment(separator, name, index, name if literal else value, optional))
    return tuple(segments)


def _ask(header: Header, lacking: list[tuple[str, list[str]]], table: Columns) -> tuple[Question, ...]:
    """Questions that, once answered, give a code: the meaning of a column, a value for all rows, or the whole scheme."""
    asked = {q.id: q for q in header.questions}
    unclear = [q for q in header.questions if q.kind is QuestionKind.MEANING and CODE in q.candidates]
    instead = tuple(name for name in table.instead_of_code if name in header.names)
    best: tuple[Question, ...] = ()
    for _, missing in sorted(lacking, key=lambda pair: len(pair[1])):
        meant = [next((q for q in asked.values() if name in (q.id, *q.candidates)), None) for name in missing]
        given = [name for name, q in zip(missing, meant, strict=True) if q is None]
        if any(name in header.names or name in _BY_ROW for name in given):
            continue
        best = (*_blocking([q for q in meant if q is not None]), *map(_ask_value, given))
        break
    if instead or unclear or not best:
        schemes = tuple(scheme for scheme, _ in lacking)
        text = (
            "表中没有“档号”列：档号取自哪一列，或由哪些列组成（写法如 全宗号-目录号-案卷号-件号，表中没有的字照写）？"
        )
        code = Question(CODE, QuestionKind.CODE, text, (*instead, *schemes), blocking=True)
        return (*_blocking(unclear), code) if not unclear or instead else _blocking(unclear)
    return best


_BY_ROW: Final = frozenset({"件号", "案卷号", "组号", "案卷档号"})
"""Parts that differ from row to row: no one value can stand for all."""


def _ask_value(name: str) -> Question:
    """Ask for a value that is the same for all rows."""
    return Question(name, QuestionKind.VALUE, f"组成档号需要“{name}”，表中没有：整张表是哪一个？", blocking=True)


def _blocking(questions: Sequence[Question]) -> tuple[Question, ...]:
    """The questions as ones that must be answered first."""
    return tuple(
        Question(q.id, q.kind, q.text, q.candidates, q.samples, q.column, blocking=True, tab=q.tab) for q in questions
    )


class CodeReader:
    """Reads the code of one row after the other; codes of one volume are taken apart once."""

    def __init__(self, source: CodeSource, header: Header, table: Columns) -> None:
        self._column, self._source, self._header = source.column, source, header
        self._schemes = table.code_schemes
        self._plan = tuple(
            (part.separator, part.column, part.value, part.optional, part.name, table.part_codes.get(part.name))
            for part in source.segments
        )
        self._prefixes: dict[tuple[str, int], tuple[str, str | None, str]] = {}

    def text(self, cells: Sequence[str]) -> str:
        """The code as printed or made; blank when a part of it is missing. `cells` are as many as there are columns."""
        if self._column is not None:
            return cells[self._column]
        made = ""
        for separator, index, value, optional, name, codes in self._plan:
            if index is not None:
                value = cells[index] or value
            if not value or len(value) > _PART_MAX:
                if optional and not value:
                    continue
                return ""
            made += (separator if made else "") + (value if codes is None else part_code(name, value, codes))
        return made

    def missing(self, cells: Sequence[str]) -> str:
        """Name of the first part that is blank or too long, empty when none is."""
        for _, name, index, value, optional in self._source.segments:
            if index is not None:
                value = cells[index] or value
            if (not value and not optional) or len(value) > _PART_MAX:
                return name
        return ""

    def read(self, text: str) -> CodeRead | CodeProblem:
        """Take a code apart. Codes that differ in their last number only share what was found."""
        prefix, hyphen, number = text.rpartition("-")
        plain = bool(hyphen) and number.isascii() and number.isdigit()
        place = (prefix, len(number))
        if plain and (known := self._prefixes.get(place)) is not None:
            key, volume, form = known
            whole = f"{key}-{number}"
            return CodeRead(text, whole, whole if volume == _WHOLE else volume, form)
        code = parse(text, self._schemes)
        if isinstance(code, CodeProblem):
            return code
        found = CodeRead(code.printed, code.key, volume_key(code), "" if code.conforming else code.form.value)
        if plain:
            self._remember(place, code, found, number)
        return found

    def _remember(self, place: tuple[str, int], code: ReferenceCode, found: CodeRead, number: str) -> None:
        """Keep what holds for every number of the same length behind this prefix."""
        key, hyphen, last = found.key.rpartition("-")
        if not hyphen or last != number or found.printed != f"{place[0]}-{number}":
            return
        # No rule of ours asks more of a last number than its length; a site's scheme may.
        if (code.form is CodeForm.OTHER and self._schemes) or found.volume not in (None, key, found.key):
            return
        if len(self._prefixes) >= _CACHE_MAX:
            self._prefixes.clear()
        self._prefixes[place] = (key, _WHOLE if found.volume == found.key else found.volume, found.form)


_WHOLE: Final = "\0"
"""The code itself names a volume."""


def part_code(name: str, value: str, codes: Mapping[str, str]) -> str:
    """How a value is written in a code: 永久 is Y, 定期30年 D30, 文书 WS (DA/T 13-2022 5.2); others stay as they are."""
    if value in codes:
        return codes[value]
    if name == "保管期限" and (years := _YEARS.fullmatch(value)):
        return f"D{int(years[1])}"
    return fold(value) if _LETTERS.fullmatch(fold(value)) else value
