"""Metadata schemes: the 88 elements of DA/T 46-2009, what DA/T 18 asks for at each level by edition, and a category's own
fields, compiled from data (data/da_t46.toml, data/da_t18.toml, a site's metadata.toml and metadata-*.toml); pure.

The edition by which a record was described is kept with it: most holdings of 2009 to 2013 were described by editions
that have been replaced since.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from holdings.category import Category, ValueType, get
from holdings.record import Level
from holdings.site_data import NO_SITE, SiteData, overlay, shipped, table, typed

CURRENT: Final = "DA/T 18-2022"
EDITION: Final = "著录规则"  # the element that keeps the edition with the record; absent: DA/T 18-2022 (format.md §6.3)
LENGTH_MAX: Final = 32_767  # format.md §14: characters a cell; what holds where no length is said
_LEVELS: Final = {
    Level.FONDS: "fonds",
    Level.SERIES: "series",
    Level.VOLUME: "volume",
    Level.ITEM: "item",
    Level.PART: "part",
}
_ENTITY_LAST: Final = 75  # M1 to M75 describe the record, M76 to M88 persons, business and relations


class Need(StrEnum):
    """约束性 of DA/T 46-2009, of records that were born electronic."""

    REQUIRED = "required"
    CONDITIONAL = "conditional"
    OPTIONAL = "optional"


class Obligation(StrEnum):
    """Obligation at a level by DA/T 18: 必著, 有则必著, 选著."""

    REQUIRED = "required"
    IF_ANY = "if_any"
    OPTIONAL = "optional"

    @property
    def label(self) -> str:
        """The standard's own word."""
        return {"required": "必著", "if_any": "有则必著", "optional": "选著"}[self.value]


class ValueRule(StrEnum):
    """Rules for values that are more than a list of words."""

    NONE = ""
    RETENTION = "retention"
    """保管期限: words and terms of [retention]."""
    MARK = "mark"
    """密级: what holdings/security.py reads."""


class Element(Struct, frozen=True, forbid_unknown_fields=True):
    """One element. `id` is M1 to M88 of DA/T 46-2009 or blank; `container` the id it stands in; `names` what our records
    and sheets call it; `most` bounds a number; `with_` names an element that must be there when this one is.
    """

    name: str
    id: str = ""
    standard: str = ""
    container: str = msgspec.field(default="", name="in")
    need: Need | None = None
    type: ValueType = ValueType.TEXT
    length: int = LENGTH_MAX
    most: int = 0
    domain: tuple[str, ...] = ()
    rule: ValueRule = ValueRule.NONE
    with_: str = msgspec.field(default="", name="with")
    repeat: bool = False
    supplied: bool = False
    personal: bool = False
    names: tuple[str, ...] = ()

    @property
    def clause(self) -> str:
        """Where it is defined, for the rule of a finding."""
        return f"{self.standard} {self.id}".strip()


class LevelRules(Struct, frozen=True, forbid_unknown_fields=True):
    """Element names by obligation."""

    required: tuple[str, ...]
    if_any: tuple[str, ...]
    optional: tuple[str, ...]


class Edition(Struct, frozen=True, forbid_unknown_fields=True):
    """An edition of DA/T 18: in force since, what it replaced, rules by level (fonds, series, volume, item)."""

    since: dt.date
    replaces: str
    levels: dict[str, LevelRules]


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    """What 保管期限 may say: words, or the pattern."""

    words: tuple[str, ...]
    pattern: str

    def __post_init__(self) -> None:
        """ValueError when the pattern is none."""
        try:
            re.compile(self.pattern)
        except re.error as fault:
            raise ValueError(f"retention.pattern 不是正确的表达式：{fault}") from fault


class Scheme(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that is said of elements, by their standard's name."""

    elements: dict[str, Element]
    editions: dict[str, Edition]
    retention: Retention
    earliest_year: int
    forbidden: str

    def edition(self, version: str) -> Edition:
        """The edition of that name; the current one for a name that is not known (a newer program wrote it)."""
        return self.editions.get(version) or self.editions[CURRENT]


@functools.lru_cache(maxsize=8)
def scheme(site: SiteData = NO_SITE) -> Scheme:
    """The shipped tables with a site's metadata*.toml laid over them; SiteDataWrong names the file and the key.

    A site may name an element by its id (M22) or by its name.
    """
    first = table("da_t46.toml", shipped("da_t46.toml"))
    ids = {number: one["name"] for number, one in first["elements"].items()}
    elements = {
        one["name"]: {**one, "id": number, "standard": first["standard"]} for number, one in first["elements"].items()
    }
    raw = table("da_t18.toml", shipped("da_t18.toml"))
    raw["elements"] = overlay(elements, raw["elements"])
    known = _scheme("da_t18.toml", raw)
    for name, text in site.named("metadata"):
        over = table(name, text)
        if isinstance(said := over.get("elements"), dict):
            over["elements"] = {ids.get(key, key): one for key, one in said.items()}
        raw = overlay(raw, over)
        known = _scheme(name, raw)
    return known


def _scheme(name: str, raw: Mapping[str, Any]) -> Scheme:
    """The plain tables as a scheme; an element that DA/T 46 does not have is DA/T 18's."""
    elements = {
        key: {"standard": "DA/T 18", **one, "name": key} if isinstance(one, dict) else one
        for key, one in raw["elements"].items()
    }
    return typed(name, {**raw, "elements": elements}, Scheme)


@functools.lru_cache(maxsize=8)
def _by_any_name(site: SiteData) -> Mapping[str, Element]:
    """Elements by their own names, and by their other names where nothing has that name for its own."""
    known = scheme(site)
    found = {element.name: element for element in known.elements.values()}
    for element in known.elements.values():
        for name in element.names:
            found.setdefault(name, element)
    return found


def element(name: str, category: str = "", site: SiteData = NO_SITE) -> Element | None:
    """The element that a name of our records stands for, as the category (id or Chinese name) has it; None for a column
    of a site's own.
    """
    known = _by_any_name(site).get(name)
    field = get(category, site).fields.get(name) if category else None
    if field is None:
        return known
    base = known or Element(name)
    return replace(
        base,
        name=name,
        standard=base.standard or get(category, site).standard,
        type=field.type or base.type,
        length=field.length or base.length,
        domain=field.domain or base.domain,
        rule=ValueRule.NONE if field.domain else base.rule,
        personal=field.personal or base.personal,
    )


class Required(Struct, frozen=True):
    """An element that must be there: any of `names` will do. `clause` is the rule that asks for it."""

    name: str
    names: tuple[str, ...]
    clause: str


def required(level: Level, category: str, version: str, site: SiteData = NO_SITE) -> tuple[Required, ...]:
    """What a description must have at a level: by DA/T 18 in that edition, then by the category's own fields.

    What the program supplies itself (著录层级, 档号, 开放标识) is not asked for. Where a category's sheets describe
    nothing (缩微: reels and frames), only its own fields are.
    """
    known, one = scheme(site), get(category, site)
    by_name = _by_any_name(site)
    rules = known.edition(version).levels.get(_LEVELS.get(level, ""))
    found = []
    for name in rules.required if rules and one.describes else ():
        meant = by_name.get(name)
        if meant is None or not meant.supplied:
            found.append(Required(name, _ways(name, meant, one), f"{version} 必著"))
    asked = {name for each in found for name in each.names}
    for name, field in one.fields.items():
        if _LEVELS.get(level) in field.required and name not in asked:
            found.append(Required(name, (name,), f"{one.standard} 必填"))
    return tuple(found)


def required_born_electronic(category: str, site: SiteData = NO_SITE) -> tuple[Required, ...]:
    """What DA/T 46-2009 requires beside, of a record that was born electronic: required elements (必选) of its own entity
    that stand in no container or in required ones, but for what the program supplies itself.
    """
    known, one = scheme(site), get(category, site)
    by_id = {each.id: each for each in known.elements.values() if each.id}
    return tuple(
        Required(each.name, _ways(each.name, each, one), f"{each.clause} 必选")
        for number, each in by_id.items()
        if int(number[1:]) <= _ENTITY_LAST
        and each.type is not ValueType.GROUP
        and not each.supplied
        and _is_required(each, by_id)
        and number != "M1"  # 聚合层次 is the level, which every description has
    )


def _is_required(one: Element, by_id: Mapping[str, Element]) -> bool:
    """Whether an element and what contains it are required."""
    while one.need is Need.REQUIRED and one.container:
        one = by_id[one.container]
    return one.need is Need.REQUIRED


def _ways(name: str, meant: Element | None, category: Category) -> tuple[str, ...]:
    """Every name under which a required element may stand: its own, its others, and fields that stand for it."""
    names = (name, *(meant.names if meant else ()))
    return (*names, *(field for field, said in category.fields.items() if said.stands_for in names))


def obligation(name: str, level: Level, version: str = CURRENT, site: SiteData = NO_SITE) -> Obligation | None:
    """What DA/T 18 says of an element (by any of its names) at a level; None where the edition does not list it."""
    meant = _by_any_name(site).get(name)
    rules = scheme(site).edition(version).levels.get(_LEVELS.get(level, ""))
    for kind in Obligation if rules else ():
        listed = getattr(rules, kind.value)
        if name in listed or (meant and (meant.name in listed or any(other in listed for other in meant.names))):
            return kind
    return None


def edition_at(day: dt.date, site: SiteData = NO_SITE) -> str:
    """The edition of DA/T 18 that was in force on a day; the oldest one known for any day before."""
    editions = sorted(scheme(site).editions.items(), key=lambda one: one[1].since)
    return next((name for name, one in reversed(editions) if one.since <= day), editions[0][0])
