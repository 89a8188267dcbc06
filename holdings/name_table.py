"""What the names of persons are known by: surnames, their readings, variant characters, what ears confuse; data/name_sounds.toml.

Pure but for the dictionary of readings, which is loaded when a name is first read aloud (a hundredth of a second).
"""

from __future__ import annotations

import functools
import hashlib
import unicodedata
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from holdings.site_data import NO_SITE, SiteData, overlay, shipped, table, typed

_FILE: Final = "name_sounds.toml"
_TONES: Final = {"\u0304": "1", "\u0301": "2", "\u030c": "3", "\u0300": "4"}


class _Surnames(Struct, frozen=True, forbid_unknown_fields=True):
    single: str
    compound: tuple[str, ...]
    readings: dict[str, tuple[str, ...]]


class _Variants(Struct, frozen=True, forbid_unknown_fields=True):
    groups: tuple[str, ...]


class _Fuzzy(Struct, frozen=True, forbid_unknown_fields=True):
    initials: tuple[tuple[str, str], ...]
    finals: tuple[tuple[str, str], ...]


class _Elements(Struct, frozen=True, forbid_unknown_fields=True):
    person: tuple[str, ...]
    either: tuple[str, ...]


class _Bodies(Struct, frozen=True, forbid_unknown_fields=True):
    endings: str


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    surnames: _Surnames
    given: dict[str, tuple[str, ...]]
    variants: _Variants
    fuzzy: _Fuzzy
    elements: _Elements
    bodies: _Bodies


class NameTable:
    """The table as it is asked. Readings are syllables with the tone as a digit, `ü` as `v`: `shan4`, `lv3`."""

    def __init__(self, file: _File) -> None:
        self.surnames = frozenset("".join(file.surnames.single.split()))
        self.compound = frozenset(file.surnames.compound)
        self.compound_longest = max(map(len, self.compound), default=0)
        self.endings = frozenset(file.bodies.endings)
        self.persons, self.either = file.elements.person, file.elements.either
        self.initials, self.finals = file.fuzzy.initials, file.fuzzy.finals
        self._surname_readings: Mapping[str, tuple[tuple[str, ...], ...]] = {
            name: tuple(tuple(reading.split()) for reading in readings)
            for name, readings in file.surnames.readings.items()
        }
        self._given = file.given
        self._variants = str.maketrans({other: group[0] for group in file.variants.groups for other in group[1:]})

    def plain(self, name: str) -> str:
        """A name with every variant character as the one it is compared by."""
        return name.translate(self._variants)

    def surname_readings(self, surname: str) -> tuple[tuple[str, ...], ...]:
        """Readings of a whole surname, each a syllable for a character; best first."""
        known = self._surname_readings.get(surname)
        if known is not None:
            return known
        alone = tuple(dictionary_reading(char) or char for char in surname)
        return (alone,) if len(surname) > 1 else tuple((one,) for one in (alone[0],))

    def given_readings(self, char: str) -> tuple[str, ...]:
        """Readings of a character of a given name, best first; the character itself when no dictionary has it."""
        return self._given.get(char) or (dictionary_reading(char) or char,)


@functools.lru_cache(maxsize=8)
def name_table(site: SiteData = NO_SITE) -> NameTable:
    """The table as shipped, with what a site's own name_sounds.toml says instead; SiteDataWrong names its fault."""
    raw = table(_FILE, shipped(_FILE))
    for name, text in site.named("name_sounds"):
        raw = overlay(raw, table(name, text))
    return NameTable(typed(_FILE, raw, _File))


@functools.cache
def version() -> str:
    """What the shipped table and the dictionary are known by: names that were read by others are to be read again."""
    from importlib import metadata  # of no use but here

    told = f"{metadata.version('pypinyin')} {shipped(_FILE)}"
    return hashlib.blake2b(told.encode(), digest_size=4).hexdigest()


@functools.lru_cache(maxsize=16_384)
def dictionary_reading(char: str) -> str:
    """The first reading of a character in the dictionary of single characters, blank when it is in none."""
    readings = _dictionary().get(ord(char))
    return _with_digit(readings.partition(",")[0]) if readings else ""


def _with_digit(syllable: str) -> str:
    """`shān` as `shan1`; the neutral tone is 5, `ü` is `v`."""
    letters, tone = [], "5"
    for char in unicodedata.normalize("NFD", syllable):
        if (digit := _TONES.get(char)) is None:
            letters.append(char)
        else:
            tone = digit
    return unicodedata.normalize("NFC", "".join(letters)).replace("ü", "v") + tone


@functools.cache
def _dictionary() -> dict[int, str]:
    """Readings of each code point, commas between them. The library's own table is read, and none of its program: that takes five times as long to
    load, and says the same (tests/test_holdings_name_sound.py)."""
    package = find_spec("pypinyin")
    assert package is not None and package.origin is not None
    return msgspec.json.decode(Path(package.origin).with_name("pinyin_dict.json").read_bytes(), type=dict[int, str])
