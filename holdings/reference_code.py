"""Reference codes 档号: DA/T 13-2022 by item and by volume, the form of DA/T 13-1994, a site's own schemes; pure.

The code as printed stays the official one. Repair of look-alikes only makes a match key (规范档号), so that a folder
and a row find each other. Every function here runs once for each row of a catalogue of millions.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from holdings.expression import expression

if TYPE_CHECKING:
    from holdings.code_scheme import Scheme

CODE_MAX: Final = 200  # characters; the longest real code seen has 40
FOLDS_MAX: Final = 8  # what a space held apart may compose once it is gone, so folding runs until nothing changes

_DASHES: Final = (
    "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u207b\u208b\u2212\u2500\u30fc\ufe58\ufe63\uff0d\uff70\u2e3a\u2e3b"
)
_DOTS: Final = ".\u0387\u2022\u2024\u2027\u2219\u22c5\u30fb\uff65\uff0e\u2e31\u2e33\ua78f\u16eb\u25cf\u3002"
_FOLD: Final = {**{ord(c): "-" for c in _DASHES}, **{ord(c): "·" for c in _DOTS}}
_SPACES: Final = expression(r"[\s\u200b-\u200f\u2060\ufeff\u00ad]+")
_CONTROL: Final = expression(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_FOLDED: Final = expression(r"[A-Z0-9·\u4e00-\u9fff-]+")  # folding changes nothing in it, and it harms no folder
_RUNS: Final = expression(r"([0-9]+)")

_CATEGORY = r"([A-Z]{2}(?:·[A-Z0-9\u4e00-\u9fff]{1,20}){0,6})"
_ORGAN = r"([A-Z][A-Z0-9]{0,7}|[\u4e00-\u9fff]{1,20})"
_MODERN: Final = expression(rf"([A-Z][0-9]{{3}})-{_CATEGORY}(?:-{_ORGAN})?-([0-9]{{3,6}})(?:-([0-9]{{3,6}}))?")
_HYPHENED: Final = expression(  # the sample of DA/T 22 writes hyphens inside the category: not standard, still by item
    rf"([A-Z][0-9]{{3}})-([A-Z]{{2}})·([0-9]{{4}})-(Y|D[0-9]{{1,3}})-{_ORGAN}-([0-9]{{3,6}})"
)
_OLD: Final = expression(r"([A-Z]?[0-9]{1,4})-([0-9]{1,4})-([0-9]{1,5})(?:-([0-9]{1,6}))?")
_YEAR: Final = expression(r"[0-9]{4}")
_RETENTION: Final = expression(r"Y|D[0-9]{1,3}")


class CodeForm(Enum):
    """Which rule a code follows."""

    BY_ITEM = "DA/T 13-2022 按件"
    BY_VOLUME = "DA/T 13-2022 按卷"
    OLD = "DA/T 13-1994"
    SITE = "本馆方案"
    OTHER = "自定"


class ReferenceCode(Struct, frozen=True, gc=False):
    """A code in its parts; parts that its form lacks are empty strings. `printed` is official, `key` the match key.

    `standard` says that the key, once look-alikes are repaired, is as a rule of DA/T 13 or the site's scheme writes it.
    `apart`: the organ stands between hyphens behind the category, not inside it. `scheme` and `within` (match key of
    the volume) belong to a site's scheme alone.
    """

    printed: str
    key: str
    form: CodeForm
    fonds: str = ""
    category: str = ""
    inventory: str = ""
    year: str = ""
    retention: str = ""
    organ: str = ""
    volume: str = ""
    item: str = ""
    standard: bool = True
    apart: bool = False
    scheme: str = ""
    within: str = ""
    others: tuple[tuple[str, str], ...] = ()

    @property
    def conforming(self) -> bool:
        """Whether the code stands as its rule writes it, without any repair."""
        return self.standard and self.printed == self.key

    @property
    def is_volume(self) -> bool:
        """Whether the code names a volume 案卷 and no item in it."""
        return bool(self.volume) and not self.item

    @property
    def kind(self) -> str:
        """门类代码, empty where the form has none."""
        return self.category.partition("·")[0]


class CodeProblem(Enum):
    """Why a text cannot serve as a reference code; `rule` and `remedy` are for the technician."""

    EMPTY = ("档号为空（DA/T 18-2022 必著项）", "补填档号后重新导入")
    TOO_LONG = (f"档号超过 {CODE_MAX} 个字符", "核对是否错列，改正档号")
    CONTROL = ("档号含控制字符", "删除档号中的换行、制表符等不可见字符")
    PATH = ("档号含路径分隔符（/ 或 \\）或以点号开头、结尾，不能作为文件夹名", "改正档号，档号各段用“-”和“·”连接")

    def __init__(self, rule: str, remedy: str) -> None:
        self.rule, self.remedy = rule, remedy


def match_key(text: str) -> str:
    """Fold a code to what folders and rows are compared by: NFKC, upper case, look-alike separators, no spaces.

    Folding a key again changes nothing.
    """
    if _FOLDED.fullmatch(text):
        return text
    for _ in range(FOLDS_MAX):
        folded = _SPACES.sub("", unicodedata.normalize("NFKC", text).upper().translate(_FOLD))
        if folded == text:
            break
        text = folded
    return text


def parse(text: str, schemes: Sequence[Scheme] = ()) -> ReferenceCode | CodeProblem:
    """Read a code, by a site's own schemes first. A local form is no problem (CodeForm.OTHER): what is printed on the
    box is official.
    """
    if _FOLDED.fullmatch(text) and len(text) <= CODE_MAX:
        return _classify(text, text, schemes)
    printed = text.strip()
    if not printed:
        return CodeProblem.EMPTY
    if len(printed) > CODE_MAX:
        return CodeProblem.TOO_LONG
    if _CONTROL.search(printed):
        return CodeProblem.CONTROL
    key = match_key(printed)
    if not key:
        return CodeProblem.EMPTY
    if any(c in "/\\" for c in printed + key) or ".." in printed or printed[0] == "." or printed[-1] == ".":
        return CodeProblem.PATH
    return _classify(printed, key, schemes)


def _classify(printed: str, key: str, schemes: Sequence[Scheme]) -> ReferenceCode:
    """Match the key against the known rules, narrowest first."""
    for scheme in schemes:
        if (read := scheme.read(printed, key)) is not None:
            return read
    if found := _MODERN.fullmatch(key):
        fonds, category, apart, first, second = found.groups()
        year, retention, within, dated = _facets(category)
        organ = apart or within
        if dated and second is None:
            return ReferenceCode(
                printed, key, CodeForm.BY_ITEM, fonds, category, "", year, retention, organ, "", first,
                apart=apart is not None,
            )  # fmt: skip
        return ReferenceCode(
            printed, key, CodeForm.BY_VOLUME, fonds, category, "", year, retention, organ, first, second or "",
            apart=apart is not None,
        )  # fmt: skip
    if found := _OLD.fullmatch(key):
        fonds, inventory, volume, item = found.groups()
        return ReferenceCode(printed, key, CodeForm.OLD, fonds, "", inventory, "", "", "", volume, item or "")
    if found := _HYPHENED.fullmatch(key):
        fonds, kind, year, retention, organ, item = found.groups()
        category = f"{kind}·{year}·{retention}"
        return ReferenceCode(
            printed, key, CodeForm.BY_ITEM, fonds, category, "", year, retention, organ, "", item,
            standard=False, apart=True,
        )  # fmt: skip
    return ReferenceCode(printed, key, CodeForm.OTHER, standard=False)


@lru_cache(8_192)
def _facets(category: str) -> tuple[str, str, str, bool]:
    """(year, retention, organ, dated) of a 类别号; dated: it has year and retention period, in either order, so that one
    number behind it counts items (DA/T 13-2022 by item).
    """
    parts = category.split("·")[1:]
    years = [p for p in parts if _YEAR.fullmatch(p)]
    retentions = [p for p in parts if _RETENTION.fullmatch(p)]
    dated = bool(years and retentions)
    after = parts[max(parts.index(years[0]), parts.index(retentions[0])) + 1 :] if dated else []
    return years[0] if years else "", retentions[0] if retentions else "", after[0] if after else "", dated


def format_code(code: ReferenceCode) -> str:
    """Write a code from its parts as its rule does; equals the key of every standard code that was parsed.

    A code without a rule (CodeForm.OTHER) has no parts: its key. A site's code is written by its scheme
    (code_scheme.Scheme.write).
    """
    if code.form is CodeForm.OLD:
        return "-".join(part for part in (code.fonds, code.inventory, code.volume, code.item) if part)
    if code.form in (CodeForm.OTHER, CodeForm.SITE):
        return code.key
    if not code.standard:  # hyphens inside the category: a proposal has dots there
        return f"{code.fonds}-{code.category}·{code.organ}-{code.item}"
    organ = code.organ if code.apart else ""
    return "-".join(part for part in (code.fonds, code.category, organ, code.volume, code.item) if part)


def volume_key(code: ReferenceCode) -> str | None:
    """Match key of the volume the code belongs to or names; None where records are kept by item.

    For a local form everything before the last hyphen is taken as its volume when two hyphens or more stand in it:
    holding too much is the safe side.
    """
    if code.form is CodeForm.BY_ITEM:
        return None
    if code.form is CodeForm.SITE:
        return code.within or None
    if code.is_volume:
        return code.key
    if code.form is CodeForm.OTHER and code.key.count("-") < 2:
        return None
    return code.key.rpartition("-")[0]


def ordering_key(text: str) -> str:
    """A string that sorts codes and page names as people count: runs of digits compare as numbers, whatever their length.

    Two texts have the same one only when they have the same match key, so that the order is total: of equal numbers
    the one with fewer leading zeros comes first.
    """
    pieces = _RUNS.split(match_key(text))
    counted = [_counted(run) for run in pieces[1::2]]
    pieces[1::2] = [number for number, _ in counted]
    return "".join(pieces) + "\x01" + "".join(zeros for _, zeros in counted)


def ordering_range(text: str) -> tuple[str, str]:
    """(low, high) so that low ≤ ordering_key(code) < high for the code itself and for every code inside it (its volume's
    items); an other code between them differs from it in leading zeros alone.
    """
    numbers = ordering_key(text).rpartition("\x01")[0]
    return numbers + "\x01", numbers + "."  # a full stop follows the hyphen, and stands in no match key


@lru_cache(16_384)
def _counted(run: str) -> tuple[str, str]:
    """A run of digits so that text order is number order (its length, then its digits), and its leading zeros as one
    character. From nine digits on the length takes five digits, so that the first of them stays a digit.
    """
    number = run.lstrip("0")
    length = len(number)
    return f"{length}{number}" if length < 9 else f"9{length:04d}{number}", chr(0x21 + min(len(run) - length, 9_999))
