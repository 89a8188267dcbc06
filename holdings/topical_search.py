"""Topical forms of search 民生专题: what a window asks for (who, when, where), made from the categories of a site, as a query of the search language; pure.

A field is on the form where the index knows it: names of persons are found by sound, what the category's title is made of or what stands for an element of
every record is found as a word, the date as a range of years.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from enum import Enum
from typing import Final

from msgspec import Struct

from holdings.category import Category, ValueType, categories
from holdings.errors import NotFound
from holdings.expression import expression
from holdings.site_data import NO_SITE, SiteData

FAMILY: Final = "民生"
VALUE_MAX: Final = 60
"""Characters of one value: a name, an address."""
FIRST, LAST = "from", "to"
"""Parameters of the years."""
_DATES: Final = frozenset({ValueType.DATE, ValueType.DATES, ValueType.YEAR})
_FOUND: Final = frozenset({"题名", "责任者", "文号", "成文日期"})
_YEAR: Final = expression(r"\d{4}")


class How(Enum):
    """How names are taken."""

    SOUND = "sound"
    FUZZY = "fuzzy"
    WORDS = "words"


class Kind(Enum):
    """What a field of a form takes."""

    NAME = "name"
    TEXT = "text"
    CHOICE = "choice"


class TopicalField(Struct, frozen=True):
    """One field: its parameter (f1, f2 …), its name, what it takes; `choices` of a CHOICE."""

    id: str
    name: str
    kind: Kind
    choices: tuple[str, ...] = ()


class TopicalForm(Struct, frozen=True):
    """A form: id and name of its category, its fields in the category's order; `dated`: whether it asks for years."""

    id: str
    name: str
    fields: tuple[TopicalField, ...]
    dated: bool


@functools.lru_cache(maxsize=8)
def forms(site: SiteData = NO_SITE) -> tuple[TopicalForm, ...]:
    """A form for each category of the family 民生, in the order of the data files; a site's own among them."""
    return tuple(_form(key, one) for key, one in categories(site).items() if one.family == FAMILY)


def form(id_: str, site: SiteData = NO_SITE) -> TopicalForm:
    """A form by its id; NotFound."""
    found = next((one for one in forms(site) if one.id == id_), None)
    if found is None:
        raise NotFound(f"没有“{id_[:40]}”这个专题；可用：{'、'.join(one.name for one in forms(site))}")
    return found


def _form(key: str, category: Category) -> TopicalForm:
    made, dated = list[TopicalField](), False
    for name, field in category.fields.items():
        found = f"{{{name}}}" in category.title or field.stands_for in _FOUND
        if field.type in _DATES:
            dated |= found
        elif field.names_of is not None:
            made.append(TopicalField(f"f{len(made) + 1}", name, Kind.NAME))
        elif found and field.domain:
            made.append(TopicalField(f"f{len(made) + 1}", name, Kind.CHOICE, field.domain))
        elif found and field.type in (None, ValueType.TEXT):
            made.append(TopicalField(f"f{len(made) + 1}", name, Kind.TEXT))
    return TopicalForm(key, category.name, tuple(made), dated)


def query_of(form: TopicalForm, values: Mapping[str, str], how: How = How.SOUND) -> tuple[str, str]:
    """(query, range of years for the filter 年度 or blank) of what was filled in; blank fields say nothing.

    >>> query_of(form("marriage"), {"f2": "张建国", "f3": "王书贞", "from": "1975"})
    ('同音:"张建国" 同音:"王书贞"', '1975..9999')
    """
    said = []
    for field in form.fields:
        value = values.get(field.id, "")[:VALUE_MAX].replace('"', " ").strip()
        if value:
            said.append(f'{_PREFIX[how]}"{value}"' if field.kind is Kind.NAME else f'"{value}"')
    first, last = (text if _YEAR.fullmatch(text := values.get(name, "").strip()) else "" for name in (FIRST, LAST))
    return " ".join(said), f"{first or '1000'}..{last or '9999'}" if form.dated and (first or last) else ""


_PREFIX: Final = {How.SOUND: "同音:", How.FUZZY: "近音:", How.WORDS: ""}
