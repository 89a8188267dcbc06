"""The header of a table: found below banners, joined from two lines, mapped to elements; doubts become questions; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from holdings.columns import COLUMN_NAME_MAX, Columns, fold, is_header, plain, unshortened
from holdings.record import DATE, MARK, PAGES, TITLE
from holdings.sheet_profile import KEEP, SKIP, Question, QuestionKind, SheetProfile
from holdings.table import Merged, RawRow

_WEIGHTY: Final = frozenset({TITLE, MARK, DATE, PAGES})
"""Elements for which two columns must not be confused: which one counts is asked before a row is imported."""


class FoundHeader(Struct, frozen=True):
    """Where the header stands: window[first:last + 1]; `names` are the columns as printed, blank where there is none.

    `groups` are the names of merged group cells above, by column.
    """

    first: int
    last: int
    names: tuple[str, ...]
    groups: tuple[str, ...]


class Header(Struct, frozen=True):
    """What the columns mean. `names[i]` is the element (or own name) of column i, None when it is left out.

    `ids` name a column for questions; `joined` are columns that continue another one; `marks` are all columns that may
    hold a security mark, whatever their name became; `known` says which columns are certain or stand in the table.
    """

    names: tuple[str | None, ...]
    ids: tuple[str, ...]
    joined: Mapping[int, int]
    marks: tuple[int, ...]
    unknown: tuple[str, ...]
    questions: tuple[Question, ...]

    def index(self, name: str) -> int | None:
        """The column of an element or id, None when there is none."""
        if name in self.names:
            return self.names.index(name)
        return self.ids.index(name) if name in self.ids else None


def find_header(window: Sequence[RawRow], merged: Iterable[Merged], table: Columns) -> FoundHeader | None:
    """Look for the header in the first rows of a table; None when they hold none.

    Two lines are one header when the second holds nothing but names too (merged cells leave blanks in either).
    """
    ranges = list(merged)
    for at, row in enumerate(window):
        if row.bad or row.fault:
            continue
        below = window[at + 1] if at + 1 < len(window) else None
        single = is_header(row.cells, table)
        double = below is not None and not below.fault and _continues(row.cells, below.cells, table, alone=single)
        if double and below is not None:
            names = _stacked(row.cells, below.cells)
            return FoundHeader(at, at + 1, names, _groups(row, ranges, len(names)))
        if single:
            names = tuple(plain(cell) for cell in row.cells)
            above = window[at - 1] if at else None
            return FoundHeader(at, at, names, _groups(above, ranges, len(names)))
    return None


def map_columns(found: FoundHeader, table: Columns, profile: SheetProfile, *, from_dbf: bool = False) -> Header:
    """Give every column its meaning: answers first, then exact names, then synonyms; what is ambiguous is asked.

    A DBF cuts its names off, they are completed where only one is possible.
    """
    printed = _told_apart(found, table)
    if from_dbf:
        printed = tuple(unshortened(name, table) for name in printed)
    ids = _ids(printed)
    answers = profile.answers
    wanted: list[str | None] = [_meaning(name, key, table, answers) for name, key in zip(printed, ids, strict=True)]
    questions: list[Question] = []
    _settle(wanted, printed, ids, table, answers, questions)
    for index, (name, key) in enumerate(zip(printed, ids, strict=True)):
        if name and fold(name) in table.ambiguous and key not in answers:
            questions.append(_ask_meaning(index, key, table.ambiguous[fold(name)]))
    return Header(
        names=tuple(wanted),
        ids=ids,
        joined=_continuations(printed, wanted, table),
        marks=tuple(i for i, name in enumerate(printed) if table.element(name) == MARK or wanted[i] == MARK),
        unknown=tuple(
            name for name, key in zip(printed, ids, strict=True)
            if name and fold(name) not in table.known and key not in answers
        ),
        questions=tuple(questions),
    )  # fmt: skip


def link_header(names: Sequence[str], table: Columns) -> Header:
    """The header of a link sheet: its columns are read by their own names, but a mark is a mark there too."""
    elements = tuple(table.element(name) or name or None for name in names)
    marks = tuple(i for i, element in enumerate(elements) if element == MARK)
    return Header(elements, tuple(names), {}, marks, (), ())


def silent_columns(header: Header, table: Columns) -> frozenset[str]:
    """Columns that hold personal information, by their element and by their name as printed."""
    if not table.personal:
        return frozenset()
    pairs = zip(header.names, header.ids, strict=True)
    found = [(name, key) for name, key in pairs if fold(name or "") in table.personal or fold(key) in table.personal]
    return frozenset(word for pair in found for word in pair if word)


def _continues(upper: Sequence[str], lower: Sequence[str], table: Columns, *, alone: bool) -> bool:
    """Whether `lower` is the second line of a header: known names only, two at least, none of them below a name of its own."""
    names = [cell for cell in lower if cell and not cell.isspace()]
    if len(names) < 2 or any(len(name) > COLUMN_NAME_MAX or fold(name) not in table.known for name in names):
        return False
    if alone:
        both = [fold(up) for up, low in zip(upper, lower, strict=False) if plain(up) and plain(low)]
        return not any(name in table.known for name in both)
    # Otherwise the lower line must need the upper one: it is no header by itself, both together are.
    return not is_header(lower, table) and is_header(_stacked(upper, lower), table)


def _stacked(upper: Sequence[str], lower: Sequence[str]) -> tuple[str, ...]:
    """Two header lines as one: the lower name, where it is blank the upper."""
    width = max(len(upper), len(lower))
    padded = [[*map(plain, line), *[""] * (width - len(line))] for line in (upper, lower)]
    return tuple(low or up for up, low in zip(*padded, strict=True))


def _groups(row: RawRow | None, merged: Sequence[Merged], width: int) -> tuple[str, ...]:
    """Names of the groups above the columns: a merged cell, or a name with blanks after it, spans what follows."""
    if row is None or row.fault:
        return ("",) * width
    groups = [plain(cell) for cell in row.cells[:width]] + [""] * (width - len(row.cells))
    spans = {m.first_column: m.last_column for m in merged if m.first_row <= row.number <= m.last_row}
    name, until = "", -1
    for index in range(width):
        if groups[index]:
            name, until = groups[index], spans.get(index, width if not spans else index)
        elif index <= until:
            groups[index] = name
    return tuple(groups)


def _told_apart(found: FoundHeader, table: Columns) -> tuple[str, ...]:
    """Equal names under different groups get the group's noun in front where that is a known name: 案卷题名, 文件题名."""
    count = Counter(name for name in found.names if name)
    names = []
    for name, group in zip(found.names, found.groups, strict=True):
        if name and count[name] > 1:
            for noun, words in (("案卷", ("案卷", "卷")), ("文件", ("文件", "件"))):
                if any(word in group for word in words) and fold(noun + name) in table.known:
                    name = noun + name
                    break
        names.append(name)
    return tuple(names)


def _ids(printed: Sequence[str]) -> tuple[str, ...]:
    """What a column is called in questions: its name, with its number behind where the name stands twice."""
    count = Counter(printed)
    return tuple(f"{name}@{at}" if name and count[name] > 1 else name for at, name in enumerate(printed, 1))


def _meaning(name: str, key: str, table: Columns, answers: Mapping[str, str]) -> str | None:
    """What a column is on its own: the answer, the element, or its own name."""
    answer = answers.get(key)
    if answer == SKIP or not name:
        return None
    if answer == KEEP:
        return key
    if answer is not None:
        return table.element(answer) or plain(answer)
    if fold(name) in table.ambiguous:
        return key
    return table.element(name) or key


def _settle(
    wanted: list[str | None], printed: Sequence[str], ids: Sequence[str],
    table: Columns, answers: Mapping[str, str], questions: list[Question],
) -> None:  # fmt: skip
    """Leave one column for every element; the others keep their own names, and which one counts is asked."""
    for element in dict.fromkeys(name for name in wanted if name is not None):
        rivals = [i for i, name in enumerate(wanted) if name == element]
        if len(rivals) > 1:
            aside = [i for i in rivals if element in table.beside.get(fold(printed[i]), ())]
            if len(aside) < len(rivals):
                rivals = _set_aside(wanted, ids, rivals, aside)
        if len(rivals) < 2:
            continue
        exact = [i for i in rivals if printed[i] == element or answers.get(ids[i])]
        chosen = next((i for i in rivals if ids[i] == answers.get(element)), exact[0] if len(exact) == 1 else None)
        for i in rivals:
            if i != chosen:
                wanted[i] = ids[i] if ids[i] != element else f"{element}@{i + 1}"
        if answers.get(element) not in {ids[i] for i in rivals} and not any(ids[i] in answers for i in rivals):
            questions.append(_ask_which(element, [ids[i] for i in rivals], certain=chosen is not None))


def _set_aside(wanted: list[str | None], ids: Sequence[str], rivals: list[int], aside: list[int]) -> list[int]:
    """Columns that describe the volume keep their own name beside those that describe its items."""
    for i in aside:
        wanted[i] = ids[i]
    return [i for i in rivals if i not in aside]


def _continuations(printed: Sequence[str], wanted: list[str | None], table: Columns) -> dict[int, int]:
    """Columns that continue another one (TM2 after TM1); they lose their own name."""
    joined: dict[int, int] = {}
    for index, name in enumerate(printed):
        element = table.continuations.get(fold(name))
        if element is not None and element in wanted[:index]:
            joined[index] = wanted.index(element)
            wanted[index] = None
    return joined


def _ask_meaning(index: int, key: str, candidates: tuple[str, ...]) -> Question:
    """Ask what a column means."""
    choice = "、".join((*candidates, KEEP, SKIP))
    text = f"第 {index + 1} 列“{key}”含义不明：是 {choice} 中的哪一个？"
    return Question(key, QuestionKind.MEANING, text, (*candidates, KEEP, SKIP), column=index + 1)


def _ask_which(element: str, candidates: list[str], *, certain: bool) -> Question:
    """Ask which of several columns counts."""
    listed = "、".join(f"“{name}”" for name in candidates)
    text = f"有 {len(candidates)} 列都像是“{element}”（{listed}）：以哪一列为准？"
    return Question(element, QuestionKind.WHICH, text, tuple(candidates), blocking=element in _WEIGHTY and not certain)
