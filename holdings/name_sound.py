"""How names of persons sound 同音: keys by which 王淑珍 and 王淑贞 are found by one another, and how alike two names are; pure.

A key is what a name sounds like without tones, syllable by syllable. A name has several when a character of it is read in
several ways; two names sound alike when they share a key. What a key cannot say (tones, variant characters) orders the
found ones. `holdings/name_table.py` knows surnames and readings.
"""

from __future__ import annotations

import functools
import itertools
import unicodedata
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Final, NamedTuple

from holdings.expression import expression
from holdings.name_table import NameTable, name_table
from holdings.site_data import NO_SITE, SiteData

SYLLABLES_MAX: Final = 12  # characters of a name that are read; names of other languages may be longer
READINGS_MAX: Final = 4  # ways to read one name
KEYS_ASKED_MAX: Final = 64  # keys that one query asks for: fuzzy ones multiply
JOIN: Final = "·"
"""Between the syllables of a key, so that 西安 and 先 do not sound alike; no tokenizer parts it."""

_HAN: Final = expression("[\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\ue000-\uf8ff]+")
_LATIN: Final = expression("[a-z]+")
_TONE: Final = expression("[1-5]$")


class Likeness(IntEnum):
    """How alike a name is to what was asked, best first."""

    SAME = 0
    """The characters themselves."""
    VARIANT = 1
    """The same characters, written otherwise (仙, 僊)."""
    TONE = 2
    """The same sound, tones too."""
    SOUND = 3
    """The same sound but for tones."""
    FUZZY = 4
    """The same but for what ears confuse."""
    INITIALS = 5
    """The first letters of its syllables."""

    @property
    def label(self) -> str:
        """What a person is told of it."""
        return ("同名", "异体字", "同音同调", "同音", "近音", "拼音首字母")[self.value]


class SoundKeys(NamedTuple):
    """Keys of a name, best reading first. `given`: without its surname; empty for a name without a known surname, or with
    a given name of one syllable. `letters`: first letters of its syllables, `wsz`."""

    whole: tuple[str, ...]
    given: tuple[str, ...]
    letters: tuple[str, ...]


def han(text: str) -> str:
    """The Chinese characters of a name, without blanks and signs between them (阿不都·买买提); at most 12."""
    return "".join(_HAN.findall(unicodedata.normalize("NFKC", text)))[:SYLLABLES_MAX]


def surname_of(name: str, site: SiteData = NO_SITE) -> str:
    """The surname that a name of Chinese characters begins with, a compound one before a single one; blank when none is
    known or nothing is left for a given name."""
    known = name_table(site)
    for length in range(min(known.compound_longest, len(name) - 1), 1, -1):
        if name[:length] in known.compound:
            return name[:length]
    return name[0] if len(name) > 1 and name[0] in known.surnames else ""


def readings(name: str, site: SiteData = NO_SITE) -> tuple[tuple[str, ...], ...]:
    """Ways to read a name of Chinese characters: at most four, each a syllable with its tone for a character."""
    return _readings(name[:SYLLABLES_MAX], site)


@functools.lru_cache(maxsize=8_192)
def _readings(name: str, site: SiteData) -> tuple[tuple[str, ...], ...]:
    known, surname = name_table(site), surname_of(name, site)
    first: tuple[tuple[str, ...], ...] = known.surname_readings(surname) if surname else ((),)
    rest = itertools.product(*(known.given_readings(char) for char in name[len(surname) :]))
    ways = itertools.product(first, itertools.islice(rest, READINGS_MAX))
    return tuple((*one, *other) for one, other in itertools.islice(ways, READINGS_MAX))


def keys_of(name: str, site: SiteData = NO_SITE) -> SoundKeys:
    """The keys under which a name is found; empty ones when it has fewer than two Chinese characters."""
    text = han(name)
    return _keys(text, site) if len(text) > 1 else SoundKeys((), (), ())


@functools.lru_cache(maxsize=8_192)
def _keys(name: str, site: SiteData) -> SoundKeys:
    ways, skip = [toneless(way) for way in readings(name, site)], len(surname_of(name, site))
    given = [JOIN.join(way[skip:]) for way in ways if skip and len(way) - skip > 1]
    return SoundKeys(_once(map(JOIN.join, ways)), _once(given), _once(map(letters, ways)))


def toneless(way: Iterable[str]) -> tuple[str, ...]:
    """Syllables without their tones."""
    return tuple(_TONE.sub("", syllable) for syllable in way)


def letters(way: Iterable[str]) -> str:
    """First letters of syllables; a character that nobody can read stands for itself."""
    return "".join(syllable[0] for syllable in way)


def _once(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(keys))


# ---------------------------------------------------------------------- asking


class Asked(NamedTuple):
    """What somebody asked for by sound, as keys to look up: of whole or given names, more of them for what ears confuse
    (unless not wanted), of first letters."""

    sounds: tuple[str, ...]
    fuzzy: tuple[str, ...]
    letters: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether there is anything to look up."""
        return any(self)


def asked(text: str, *, fuzzy: bool = False, site: SiteData = NO_SITE) -> Asked:
    """How to look up what somebody typed: a name, or pinyin (`wang shu zhen`, `wangshuzhen`, `Wáng Shūzhēn`), or first
    letters (`wsz`). At most 64 keys.
    """
    return _asked(text, fuzzy, site)


@functools.lru_cache(maxsize=256)
def _asked(text: str, fuzzy: bool, site: SiteData) -> Asked:
    ways = list(_ways(text, site))
    sounds = _once(JOIN.join(way) for way in ways)
    more: list[str] = []
    if fuzzy:
        known = name_table(site)
        spread = (JOIN.join(other) for way in ways for other in itertools.product(*(confused(s, known) for s in way)))
        more = [key for key in _once(itertools.islice(spread, 4 * KEYS_ASKED_MAX)) if key not in sounds]
    first = _spelled(text)
    initials = (first,) if 2 <= len(first) <= SYLLABLES_MAX and " " not in first else ()
    return Asked(sounds, tuple(more[: KEYS_ASKED_MAX - len(sounds)]), initials)


def _ways(text: str, site: SiteData) -> Iterator[tuple[str, ...]]:
    """Toneless readings of a typed name; as a whole name and, read as words, as a given name."""
    name = han(text)
    if len(name) > 1:
        known = name_table(site)
        yield from map(toneless, readings(name, site))
        plain = itertools.product(*(known.given_readings(char) for char in name))
        yield from map(toneless, itertools.islice(plain, READINGS_MAX))
    elif not name and (spelled := _spelled(text)):
        yield from (way for way in itertools.islice(parted(spelled), READINGS_MAX) if len(way) > 1)


def _spelled(text: str) -> str:
    """What was typed in letters, without tones; blanks between syllables stay. Blank when there is anything else."""
    marks = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).lower().replace("ü", "v"))
    plain = " ".join("".join(c for c in marks if not unicodedata.combining(c) and c not in "12345'’").split())
    return plain if plain and all(map(_LATIN.fullmatch, plain.split())) else ""


def parted(spelled: str) -> Iterator[tuple[str, ...]]:
    """Every way to part letters into the syllables of Chinese, long syllables first; blanks part what they part."""
    if " " in spelled:
        words = [list(itertools.islice(parted(word), READINGS_MAX)) for word in spelled.split()[:SYLLABLES_MAX]]
        yield from (tuple(itertools.chain(*way)) for way in itertools.product(*words))
        return
    yield from _parted(spelled[: 6 * SYLLABLES_MAX])


def _parted(spelled: str) -> Iterator[tuple[str, ...]]:
    """As `parted`, for one run of letters; no way is begun that cannot end, so that hostile letters cost nothing."""
    end = len(spelled)
    fewest = {end: 0}  # syllables from a place to the end, at least; no place from which the end is not reached
    for at in range(end - 1, -1, -1):
        counts = [fewest[at + length] for length in _lengths(spelled, at) if at + length in fewest]
        if counts:
            fewest[at] = min(counts) + 1

    def rest(at: int, left: int) -> Iterator[tuple[str, ...]]:
        if at == end:
            yield ()
            return
        for length in _lengths(spelled, at):
            if fewest.get(at + length, left) < left:
                yield from ((spelled[at : at + length], *more) for more in rest(at + length, left - 1))

    yield from rest(0, SYLLABLES_MAX)


def _lengths(spelled: str, at: int) -> Iterator[int]:
    """Lengths of the syllables that begin at a place, long ones first."""
    return (n for n in range(min(6, len(spelled) - at), 0, -1) if spelled[at : at + n] in syllables())


@functools.cache
def syllables() -> frozenset[str]:
    """The syllables of standard Chinese, without tones: every initial with the finals that it goes with."""
    rows = {
        "": "a ai an ang ao e ei en eng er o ou",
        "b": "a ai an ang ao ei en eng i ian iao ie in ing o u", "p": "a ai an ang ao ei en eng i ian iao ie in ing o ou u",
        "m": "a ai an ang ao e ei en eng i ian iao ie in ing iu o ou u", "f": "a an ang ei en eng o ou u",
        "d": "a ai an ang ao e ei en eng i ia ian iao ie ing iu ong ou u uan ui un uo",
        "t": "a ai an ang ao e eng i ian iao ie ing ong ou u uan ui un uo",
        "n": "a ai an ang ao e ei en eng i ian iang iao ie in ing iu ong ou u uan uo v ve",
        "l": "a ai an ang ao e ei eng i ia ian iang iao ie in ing iu o ong ou u uan un uo v ve",
        "g": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
        "k": "a ai an ang ao e en eng ong ou u ua uai uan uang ui un uo",
        "h": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
        "j": "i ia ian iang iao ie in ing iong iu u uan ue un", "q": "i ia ian iang iao ie in ing iong iu u uan ue un",
        "x": "i ia ian iang iao ie in ing iong iu u uan ue un",
        "zh": "a ai an ang ao e ei en eng i ong ou u ua uai uan uang ui un uo",
        "ch": "a ai an ang ao e en eng i ong ou u ua uai uan uang ui un uo",
        "sh": "a ai an ang ao e ei en eng i ou u ua uai uan uang ui un uo",
        "r": "an ang ao e en eng i ong ou u uan ui un uo",
        "z": "a ai an ang ao e ei en eng i ong ou u uan ui un uo", "c": "a ai an ang ao e en eng i ong ou u uan ui un uo",
        "s": "a ai an ang ao e en eng i ong ou u uan ui un uo",
        "y": "a an ang ao e i in ing o ong ou u uan ue un", "w": "a ai an ang ei en eng o u",
    }  # fmt: skip
    return frozenset(initial + final for initial, finals in rows.items() for final in finals.split())


def confused(syllable: str, known: NameTable) -> tuple[str, ...]:
    """A syllable and those that ears and dialects take for it (zh/z, n/l, ing/in …), itself first."""
    starts, ends = [syllable], []
    for pair in known.initials:
        long, short = sorted(pair, key=len, reverse=True)
        if syllable.startswith(long):
            starts.append(short + syllable[len(long) :])
        elif syllable.startswith(short) and syllable[1:2] != "h":
            starts.append(long + syllable[len(short) :])
    for start in starts:
        for pair in known.finals:
            long, short = sorted(pair, key=len, reverse=True)
            if start.endswith(long):
                ends.append(start[: -len(long)] + short)
            elif start.endswith(short):
                ends.append(start[: -len(short)] + long)
    return tuple(one for one in dict.fromkeys((*starts, *ends)) if one == syllable or one in syllables())


# ---------------------------------------------------------------------- comparing


def likeness(text: str, name: str, *, fuzzy: bool = False, site: SiteData = NO_SITE) -> Likeness | None:
    """How alike a name is to what somebody typed, as a whole or by its given name; None when it is not.

    It is not None exactly when the keys of the name and those asked for have one in common.
    """
    want, keys = asked(text, fuzzy=fuzzy, site=site), keys_of(name, site)
    held = {*keys.whole, *keys.given}
    if held.intersection(want.sounds):
        return _closely(han(text), han(name), site)
    if held.intersection(want.fuzzy):
        return Likeness.FUZZY
    return Likeness.INITIALS if set(keys.letters).intersection(want.letters) else None


def _closely(text: str, name: str, site: SiteData) -> Likeness:
    """Of two that sound alike: by characters, variants, tones. The given name alone is compared where that was asked."""
    if not text:
        return Likeness.SOUND
    known, tail = name_table(site), name[-len(text) :]
    if text == tail:
        return Likeness.SAME
    if known.plain(text) == known.plain(tail):
        return Likeness.VARIANT
    plainly = itertools.product(*map(known.given_readings, text))
    wanted = {*readings(text, site), *itertools.islice(plainly, READINGS_MAX)}
    said = {way[-len(text) :] for way in readings(name, site)}
    return Likeness.TONE if wanted & said else Likeness.SOUND
