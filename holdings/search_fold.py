"""How text is folded for finding: full width and half width, upper and lower case, traditional and variant characters,
accents; punctuation and blanks fall away. Pure but for the tables of OpenCC, which are loaded when first needed.

A folded text consists of *signs* (ideographs, kana, and all else from U+2E80 on, each found by itself) and of *runs* of
letters and digits, found whole. One blank parts runs that punctuation or blanks parted; there is no other blank.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, Final

from holdings import name_table

FIRST_SIGN: Final = "\u2e80"
"""From here on characters are signs; below, they belong to runs."""
BREAK: Final = "\x1f"
"""Stands between fields; nothing matches across it."""
MARKER: Final = "\uf8ff"
"""Begins tokens that no text has: those of filters. A private-use character that folding takes away."""
_KEPT: Final = {"\x1f": BREAK, "\n": "\n", MARKER: " ", "○": "〇", "◯": "〇"}
FREQUENT: Final = frozenset(
    "市津天关于的局区年通知工会公业批作员请委办生计复示发等报题问转第学理北表东厂县人产河告化管划好政建南做民志议事记印卫总登西社定案法部要机设"
    "合统大育纪地文电同动室结安国务意一城商物任乡函见职书术方丽规技外街二价教司"
)
"""Signs of which the titles of an office are full: by themselves they are no tokens, for hits are met soon enough without. Whoever
changes them makes an index old (`version`)."""
_RANGES: Final = (range(0x2E80, 0xA000), range(0xF900, 0xFB00), range(0x20000, 0x31350))


@functools.cache
def _converter() -> Any:
    """OpenCC from traditional to simplified; None where it is not installed."""
    try:
        import opencc  # loaded when somebody searches or imports, not when a program starts
    except ImportError:
        return None
    return opencc.OpenCC("t2s")


@functools.cache
def version() -> str:
    """What the folding of this program, and its reading of names, is known by: an index that was made by another one is to be
    rebuilt."""
    from importlib import metadata  # of no use but here

    try:
        simplified = metadata.version("opencc")
    except metadata.PackageNotFoundError:
        simplified = ""
    told = f"4 {''.join(sorted(FREQUENT))} {unicodedata.unidata_version} {name_table.version()} {simplified}"
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


class _Table(dict[int, str]):
    """What each character becomes, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = found = _folded(chr(code))
        return found


def _folded(char: str) -> str:
    """One character: what is looked for, a blank where something ends, or nothing (an accent by itself)."""
    if char in _KEPT:
        return _KEPT[char]
    if "\ud800" <= char <= "\udfff":
        return " "
    out = []
    for one in unicodedata.normalize("NFKC", char).lower():
        plain = unicodedata.normalize("NFKD", one) if one < FIRST_SIGN else one
        if len(plain) > 1 and plain[0].isascii() and plain[0].isalnum():
            one = plain[0]
        kind = unicodedata.category(one)
        if kind[0] == "M":
            continue
        if one in _KEPT:
            one = _KEPT[one]
        elif kind[0] not in "LN" and kind != "Co":
            one = " "
        out.append(_simple(one))
    return "".join(out)


def _simple(char: str) -> str:
    """The simplified form, and what that becomes in turn."""
    for _ in range(4):
        following = unicodedata.normalize("NFKC", _variant(char)).lower()
        if following == char or len(following) != 1:
            break
        char = following
    return char


def _variant(char: str) -> str:
    """What OpenCC calls the simplified form of a single sign; itself when it is none, or would become several."""
    converter = _converter()
    if converter is None or not any(ord(char) in signs for signs in _RANGES):
        return char
    simple = str(converter.convert(char))
    return simple if len(simple) == 1 else char


_TABLE: Final = _Table()
MANY: Final = 20_000
"""Texts from which on it pays to work out what changes no character at all: that takes a twelfth of a second, and saves some microseconds a text."""
_MET: Final = itertools.count()


@functools.cache
def _odd() -> tuple[Callable[[str], object], Callable[[str], object]]:
    """(what finds a character that folding may change, the same but for those of ASCII), by the 6,763 ideographs of GB 2312."""
    known = bytes(one for row in range(0xB0, 0xF8) for at in range(0xA1, 0xFF) for one in (row, at)).decode(
        "gb2312", "ignore"
    )
    same = "".join(char for char in known if _TABLE[ord(char)] == char)
    return re.compile(f"[^0-9a-z{same}]").search, re.compile(f"[^ -~{BREAK}{same}]").search


def fold(text: str) -> str:
    """Fold a text; folding again changes nothing."""
    if next(_MET) >= MANY and _odd()[0](text) is None:
        return text
    said = text.translate(_TABLE)
    if " " not in said:
        return said
    out: list[str] = []
    last = FIRST_SIGN
    for part in said.split(" "):
        if part:
            out.append(" " + part if last < FIRST_SIGN and part[0] < FIRST_SIGN and min(last, part[0]) > " " else part)
            last = part[-1]
    return "".join(out)


def lacks(text: str, folded: str) -> bool:
    """Whether it is plain that a text, not folded, has not all signs of a folded word; False: who knows."""
    return any(sign >= FIRST_SIGN and sign not in text for sign in folded) and _odd()[1](text) is None


def fold_together(text: str) -> str:
    """Fold a text with nothing between its runs: in a third of the time, for telling what it plainly does not have."""
    return text.translate(_TABLE).replace(" ", "")


def fold_with_places(text: str) -> tuple[str, list[int]]:
    """A text folded, and for each character of that where it stands in the text: for showing what matched."""
    if text.translate(_TABLE) == text and " " not in text:
        return text, list(range(len(text)))
    said: list[str] = []
    places: list[int] = []
    gap, last = False, FIRST_SIGN
    for at, char in enumerate(text):
        for one in _TABLE[ord(char)]:
            if one == " ":
                gap = True
                continue
            if gap and " " < one < FIRST_SIGN and " " < last < FIRST_SIGN:
                said.append(" ")
                places.append(at)
            said.append(one)
            places.append(at)
            gap, last = False, one
    return "".join(said), places


def tokens(folded: str) -> list[str]:
    """What is indexed of a folded text: each run; of signs that follow each other each pair, and so a run of one character with the
    sign before and behind it; each sign that is not FREQUENT, and the last one before a run or the end whichever it is."""
    found: list[str] = []
    for token, goes_on in _pieces(folded):
        if goes_on and (token[0] not in FREQUENT or token[1] < FIRST_SIGN):
            found.append(token[0])
        found.append(token)
    return found


def sought(folded: str, *, begun: bool = False) -> list[str]:
    """What is asked of the index for a folded word: each run, each pair, each sign that stands alone; `begun`: its last run may go on."""
    found: list[str] = []
    paired = False
    for token, goes_on in _pieces(folded, begun=begun):
        if not paired or goes_on:
            found.append(token)
        paired = goes_on
    return found


def _pieces(folded: str, *, begun: bool = False) -> Iterator[tuple[str, bool]]:
    """Runs, pairs (and that they are pairs), the last sign of those that follow each other."""
    start, size = 0, len(folded)
    for at, char in enumerate(folded):
        following = folded[at + 1] if at + 1 < size else " "
        if char >= FIRST_SIGN:
            paired = following >= FIRST_SIGN or (following > " " and _ends(folded, at + 1, begun=begun))
            yield (char + following, True) if paired else (char, False)
            start = at + 1
        elif char <= " ":
            start = at + 1
        elif following <= " " or following >= FIRST_SIGN:
            paired = start == at and following >= FIRST_SIGN
            yield (char + following, True) if paired else (folded[start : at + 1], False)
            start = at + 1


def _ends(folded: str, at: int, *, begun: bool) -> bool:
    """Whether a run has no character behind this one; `begun`: at the end who knows."""
    return not begun if at + 1 == len(folded) else not " " < folded[at + 1] < FIRST_SIGN


@functools.cache
def _lookup() -> tuple[Any, Any]:
    """(what each character up to U+FFFF becomes, its kind): 0 falls away, 1 of a run, 2 a sign, 3 break, 4 end of line,
    5 to be folded by itself, 6 not met yet, 7 a frequent sign."""
    import numpy as np  # slow to load: only for thousands of rows

    signs, kinds = np.zeros(65536, "<u2"), np.full(65536, 6, np.uint8)
    kinds[0xD800:0xE000] = 5
    return signs, kinds


def _meet(codes: list[int]) -> None:
    """Work out what some characters become."""
    signs, kinds = _lookup()
    for code in codes:
        one = _folded(chr(code))
        if one == " ":
            kinds[code] = 0
        elif len(one) != 1 or ord(one) > 0xFFFF:
            kinds[code] = 5
        else:
            signs[code] = ord(one)
            kinds[code] = 3 if one == BREAK else 4 if one == "\n" else _kind(one)


def _kind(char: str) -> int:
    return 7 if char in FREQUENT else 2 if char >= FIRST_SIGN else 1


def tokens_of(texts: list[str]) -> list[str]:
    """The tokens of each text, not folded yet, blanks between them: what `tokens` of `fold` says, for thousands of texts
    that hold no line ends."""
    import numpy as np

    lut, lut_kind = _lookup()
    signs = np.frombuffer("\n".join(texts).encode("utf-16-le", "surrogatepass"), "<u2")
    kinds = lut_kind[signs]
    if (fresh := kinds == 6).any():
        _meet(sorted(set(signs[fresh].tolist())))
        kinds = lut_kind[signs]
    places = np.flatnonzero(kinds)
    kind, sign = kinds[places], lut[signs[places]]
    following = np.append(kind[1:], 4)
    beside = np.append(np.diff(places) == 1, False)
    rare = kind == 2
    signs_here = rare | (kind == 7)
    pair = signs_here & np.append(signs_here[1:], False)
    run = kind == 1
    within = run & (following == 1) & beside
    lone = run & ~within & ~np.append(False, within[:-1])
    joint = (signs_here & np.append(lone[1:], False)) | (lone & np.append(signs_here[1:], False))
    single = (rare & pair) | joint
    pair |= joint
    out = np.full((len(places), 5), ord(" "), "<u2")
    out[:, 2] = out[:, 0] = sign
    out[:-1, 3][pair[:-1]] = sign[1:][pair[:-1]]
    odd = kind == 5
    mask = np.empty(out.shape, bool)
    mask[:, 0] = mask[:, 1] = single  # by itself, and a blank
    mask[:, 2] = (kind != 3) & ~odd
    mask[:, 3] = (run | signs_here) & ~within
    mask[:, 4] = pair
    found = out[mask].tobytes().decode("utf-16-le").split("\n")
    if odd.any():
        line = np.cumsum(kind == 4)
        for number in np.unique(line[odd]).tolist():
            found[number] = " ".join(tokens(fold(texts[number])))
    return found
