"""A sheet that is read by a category 门类: its column names over the general ones, its code and fill rules, and whether a
header looks like a category's. Pure.

No category is guessed: a person names it, in the profile, at the import or as an answer; what only looks like one is asked.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from holdings.category import DEFAULT, Category, ValueType, categories, get
from holdings.columns import CODE, FONDS, ITEM, VOLUME, VOLUME_CODE, Columns, columns, fold
from holdings.record import DATE, MARK
from holdings.sheet_code import CodeSource
from holdings.sheet_header import Header
from holdings.sheet_profile import BY_CATEGORY, GENERAL, Question, QuestionKind, Repair, RepairKind, SheetProfile
from holdings.site_data import NO_SITE, SiteData, received
from holdings.table import RawRow

KIND: Final = "门类"
"""The element that keeps by which category a row was read: the checks of DA/T 70-2018 take its obligations from there."""
_BY_PARTS: Final = frozenset(
    {CODE, FONDS, "目录号", VOLUME, VOLUME_CODE, ITEM, KIND, "年度", "保管期限", "机构", MARK, DATE}
)
"""Elements that codes are made of, and that hold a row or are rewritten: no category gives their columns another meaning."""
_FIT_MIN: Final = 4  # columns of its own that a header must share with a category before it looks like one


def category_named(profile: SheetProfile, site: str) -> Category | None:
    """The category that a profile names, None when it names none; SiteDataWrong lists those there are.

    `site` is what SiteData.only gives of columns, codes and category.
    """
    name = profile.answers.get(BY_CATEGORY, profile.category)
    return None if name in ("", GENERAL) else get(name, _site(site))


def answer(name: str, site: SiteData = NO_SITE) -> dict[str, str]:
    """What naming a category (by id or name; GENERAL for none) answers, to be remembered; nothing for a blank name.
    SiteDataWrong lists those there are."""
    return {BY_CATEGORY: name if name == GENERAL else get(name, site).name} if name else {}


@functools.lru_cache(maxsize=16)
def columns_of(site: str, name: str) -> Columns:
    """The general table of column names with a category's laid over it: its names come first, what it understands is not
    asked, its ambiguous ones are, its code rules come before the general schemes."""
    base, one = columns(site), get(name, _site(site))
    own = {
        fold(word): field.stands_for if field.stands_for in _BY_PARTS else element
        for element, field in one.fields.items()
        for word in (element, *field.names)
        if base.elements.get(fold(word)) not in _BY_PARTS
    }
    asked = {word: meant for word, meant in base.ambiguous.items() if word not in own}
    for word in map(fold, one.ambiguous):
        if word not in base.elements and word not in own:
            asked.setdefault(word, (CODE, ITEM))
    singles = [fields[0] for fields in one.code_from if len(fields) == 1 and fields[0] != CODE]
    numbers = [element for element, field in one.fields.items() if field.type is ValueType.IDENTITY] + singles
    personal = [element for element, field in one.fields.items() if field.personal]
    found = replace(
        base,
        elements={**base.elements, **own},
        ambiguous=asked,
        known=base.known | frozenset(own) | frozenset(map(fold, one.ambiguous)),
        long_numbers=(*base.long_numbers, *_names(one, numbers)),
        schemes=(*_schemes(one), *base.schemes),
        personal=frozenset(map(fold, _names(one, personal))),
    )
    return _with_reels(_with_groups(found, one), one)


def with_fill_rules(profile: SheetProfile, one: Category) -> SheetProfile:
    """The profile with the repairs that the category itself agrees to: one text for all pictures of a set (DA/T 50-2014)."""
    if one.group is None:
        return profile
    return profile.with_repairs(Repair(name, RepairKind.FILL_GROUP) for name in one.group.shared)


def stamp(one: Category, names: Iterable[str | None]) -> dict[str, str]:
    """What every row of such a sheet says of its category, where no column does; nothing for 文书, which is the default."""
    return {} if KIND in names or one.name == get(DEFAULT).name else {KIND: one.name}


def question(names: Iterable[str], table: Columns, site: str, *, blocking: bool) -> Question | None:
    """The one question that a sheet without a category is asked when its header looks like a category's; else None."""
    found = fitting(names, table, site)
    if not found:
        return None
    text = f"这张表像“{'”或“'.join(found)}”，是否按此门类读？（不是的回答“{GENERAL}”）"
    return Question(BY_CATEGORY, QuestionKind.CATEGORY, text, (*found, GENERAL), blocking=blocking)


def several_on_a_side(
    one: Category | None, source: CodeSource, header: Header, rows: Iterable[RawRow], answers: Mapping[str, str]
) -> Question | None:
    """What must be asked where one side of a tape holds several items and the code names the side alone; None otherwise.

    `rows` are the first ones of the table: a repeat further down is refused as one 重号.
    """
    start = header.index(one.tape.start) if one is not None and one.tape is not None else None
    if (
        one is None
        or one.tape is None
        or start is None
        or start in source.parts
        or CODE in answers
        or source.column is not None
    ):
        return None
    begun: dict[tuple[str, ...], str] = {}
    parts = sorted(source.parts)
    for row in rows:
        cells = [cell.strip() for cell in row.cells] + [""] * (len(header.names) - len(row.cells))
        place = tuple(cells[index] for index in parts)
        if cells[start] and any(place) and begun.setdefault(place, cells[start]) != cells[start]:
            made = "-".join(part.name for part in source.segments if part.column is not None or part.value)
            text = f"一面有几件，没有件号：档号由什么组成（{made} 在几行里相同）？"
            return Question(CODE, QuestionKind.CODE, text, (f"{made}-{one.tape.start}", made), blocking=True)
    return None


def fitting(names: Iterable[str], table: Columns, site: str) -> tuple[str, ...]:
    """Names of the categories that a header fits: one, or several that share these very fields (录音 and 录像).

    It fits when at least four columns of which the general table knows no meaning at all, and half of all such, are one
    category's, and twice as many as any other's.
    """
    strange = {fold(name) for name in names if name and not table.element(name)}
    strange -= table.continuations.keys() | table.ambiguous.keys()
    met = [(one.name, _met(one, strange)) for one in _candidates(_site(site))]
    best = max((fields for _, fields in met), key=len, default=frozenset())
    if len(best) < _FIT_MIN or 2 * len(best) < len(strange):
        return ()
    if any(fields != best and 2 * len(fields) > len(best) for _, fields in met):
        return ()
    return tuple(name for name, fields in met if fields == best)


@functools.lru_cache(maxsize=4)
def all_names(site: str) -> Columns:
    """The general table that also knows every category's column names: to find a header that it would not recognise."""
    base = columns(site)
    words = {fold(word) for one in _candidates(_site(site)) for word in _names(one, one.fields)}
    return replace(base, known=base.known | words)


def _candidates(site: SiteData) -> Iterator[Category]:
    """Categories whose sheets look like no other's: 文书 is what any sheet is, and reels describe no records."""
    return (one for key, one in categories(site).items() if key != DEFAULT and one.describes)


def _met(one: Category, strange: set[str]) -> frozenset[str]:
    """Fields of a category that some of these folded names mean."""
    return frozenset(element for element in one.fields if any(fold(word) in strange for word in _names(one, [element])))


def _names(one: Category, elements: Iterable[str]) -> tuple[str, ...]:
    """Every column name of some elements."""
    return tuple(
        word
        for element in elements
        for word in (element, *(one.fields[element].names if element in one.fields else ()))
    )


def _schemes(one: Category) -> Iterator[str]:
    """Its code rules as schemes: `带号[-面]`; 档号 alone needs none."""
    for fields in one.code_from:
        if fields != (CODE,):
            made = "".join(f"[-{name[1:-1]}]" if name.startswith("[") else f"-{name}" for name in fields)
            yield made.removeprefix("-")


def _with_groups(table: Columns, one: Category) -> Columns:
    """The columns that tell its sets 组照, and those that a set has in common."""
    if one.group is None:
        return table
    by = tuple(dict.fromkeys((*_names(one, one.group.by), *table.groups.by)))
    return replace(table, groups=type(table.groups)(by, one.group.shared))


def _with_reels(table: Columns, one: Category) -> Columns:
    """The columns by which a sheet of its reels is known and read."""
    if one.reel is None:
        return table
    rule = one.reel
    places = {"folder": rule.reel, "first": rule.first, "last": rule.last, "count": rule.count}
    links = {
        key: tuple(dict.fromkeys((*known, *(_names(one, [places[key]]) if key in places else ()))))
        for key, known in table.links.items()
    }
    reels = tuple(
        group | frozenset(map(fold, _names(one, [name])))
        for group, name in zip(table.kinds["reels"], (rule.reel, rule.first), strict=True)
    )
    return replace(table, links=links, kinds={**table.kinds, "reels": reels})


def _site(text: str) -> SiteData:
    return received(text) if text else NO_SITE
