"""Which names of persons a description holds, and in which of its elements: of marriages, parcels, insured persons, photographers, authors; pure.

A category declares its fields (`names_of` in data/categories/*.toml); elements that any category may have stand in
data/name_sounds.toml. Names found so are what search by sound and suggestions of names know.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from holdings.category import Named, categories
from holdings.expression import expression
from holdings.name_sound import han, keys_of, surname_of
from holdings.name_table import name_table
from holdings.site_data import NO_SITE, SiteData

NAMES_MAX: Final = 64  # names of one description that are known by sound; a caption lists the front row
NAME_MAX: Final = 24  # characters of one name with its signs; longer is a sentence
_PARTS: Final = expression(r"[、，,;；/／|\n\t]+|\s{2,}| 和 ")
_BRACKETS: Final = expression(r"[(（\[【〔].*?[)）\]】〕]")
_SIGNS: Final = expression(r"[\s·•・.．]")
_SPACED: Final = expression(r"^(\S) +(\S)$")  # 王 芳: a blank that only fills


class PersonName(NamedTuple):
    """A name and the element that holds it."""

    element: str
    name: str


class NameKeys(NamedTuple):
    """Keys of every name of a description: of sounds (whole and given names) and of first letters."""

    sounds: tuple[str, ...]
    letters: tuple[str, ...]


@functools.lru_cache(maxsize=8)
def name_elements(site: SiteData = NO_SITE) -> Mapping[str, Named]:
    """Elements that hold names, of every category and of none."""
    known = name_table(site)
    found = dict.fromkeys(known.either, Named.EITHER) | dict.fromkeys(known.persons, Named.PERSON)
    for one in categories(site).values():
        for element, field in one.fields.items():
            if field.names_of is not None and found.get(element) is not Named.PERSON:
                found[element] = field.names_of
    return found


def person_names(elements: Mapping[str, str], site: SiteData = NO_SITE) -> list[PersonName]:
    """Names of persons in the elements of a description, each once for an element, in the order of its elements; at most 64."""
    known = name_elements(site)
    found: dict[PersonName, None] = {}
    for element, value in elements.items():
        if (kind := known.get(element)) is not None and value:
            found |= dict.fromkeys(PersonName(element, name) for name in _names(value, kind, site))
    return list(found)[:NAMES_MAX]


def _names(value: str, kind: Named, site: SiteData) -> Iterator[str]:
    for part in _PARTS.split(_BRACKETS.sub("", value)[: NAMES_MAX * NAME_MAX]):
        name = _SPACED.sub(r"\1\2", part.strip().removesuffix("等"))
        if len(name) <= NAME_MAX and (kind is Named.PERSON or is_person(name, site)) and len(han(name)) > 1:
            yield name


def is_person(text: str, site: SiteData = NO_SITE) -> bool:
    """Does a responsible body look like a person: two to four Chinese characters that begin with a surname, and no ending
    of bodies (局, 委, 公司)?"""
    name = han(text)
    if not 2 <= len(name) <= 4 or len(_SIGNS.sub("", text)) != len(name) or name[-1] in name_table(site).endings:
        return False
    surname = surname_of(name, site)
    return bool(surname) and 1 <= len(name) - len(surname) <= 2


def name_keys(names: Iterable[str], site: SiteData = NO_SITE) -> NameKeys:
    """The keys of names, each once."""
    sounds: dict[str, None] = {}
    first: dict[str, None] = {}
    for name in names:
        keys = keys_of(name, site)
        sounds |= dict.fromkeys((*keys.whole, *keys.given))
        first |= dict.fromkeys(keys.letters)
    return NameKeys(tuple(sounds), tuple(first))


@functools.lru_cache(maxsize=8_192)
def names_in(element: str, value: str) -> tuple[str, ...]:
    """Names of persons in one element as shipped categories know it: for those who look at millions of rows, many of whose
    values are alike."""
    kind = name_elements().get(element)
    return tuple(dict.fromkeys(_names(value, kind, NO_SITE))) if kind is not None and value else ()
