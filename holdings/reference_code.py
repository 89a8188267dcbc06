"""Reference codes 档号: DA/T 13-2022 by item and by volume, the form of DA/T 13-1994, and local forms; pure.

The code as printed stays the official one. Repair of look-alikes only makes a match key (规范档号), so that a folder
and a row find each other.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum
from typing import Final

CODE_MAX: Final = 200  # characters; the longest real code seen has 40
FOLDS_MAX: Final = 8  # what a space held apart may compose once it is gone, so folding runs until nothing changes

_DASHES: Final = (
    "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u207b\u208b\u2212\u2500\u30fc\ufe58\ufe63\uff0d\uff70\u2e3a\u2e3b"
)
_DOTS: Final = ".\u0387\u2022\u2024\u2027\u2219\u22c5\u30fb\uff65\uff0e\u2e31\u2e33\u16eb\u25cf\u3002"
_FOLD: Final = {**{ord(c): "-" for c in _DASHES}, **{ord(c): "·" for c in _DOTS}}
_SPACES: Final = re.compile(r"[\s\u200b-\u200f\u2060\ufeff\u00ad]+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_DIGITS: Final = re.compile(r"[0-9]+")

_FONDS = r"(?P<fonds>[A-Z][0-9]{3})"
_CATEGORY = r"(?P<category>[A-Z]{2}(?:·[A-Z0-9\u4e00-\u9fff]{1,20}){0,6})"
_ORGAN = r"(?P<organ>[A-Z][A-Z0-9]{0,7}|[\u4e00-\u9fff]{1,20})"
_MODERN: Final = re.compile(
    rf"{_FONDS}-{_CATEGORY}(?:-{_ORGAN})?-(?P<first>[0-9]{{3,6}})(?:-(?P<second>[0-9]{{3,6}}))?"
)
_HYPHENED: Final = re.compile(  # the sample of DA/T 22 writes hyphens inside the category: not standard, still by item
    rf"{_FONDS}-(?P<kind>[A-Z]{{2}})·(?P<year>[0-9]{{4}})-(?P<retention>Y|D[0-9]{{1,3}})-{_ORGAN}"
    r"-(?P<item>[0-9]{3,6})"
)
_OLD: Final = re.compile(
    r"(?P<fonds>[A-Z]?[0-9]{1,4})-(?P<inventory>[0-9]{1,4})-(?P<volume>[0-9]{1,5})(?:-(?P<item>[0-9]{1,6}))?"
)
_YEAR: Final = re.compile(r"[0-9]{4}")
_RETENTION: Final = re.compile(r"Y|D[0-9]{1,3}")


class CodeForm(Enum):
    """Which rule a code follows."""

    BY_ITEM = "DA/T 13-2022 按件"
    BY_VOLUME = "DA/T 13-2022 按卷"
    OLD = "DA/T 13-1994"
    OTHER = "自定"


@dataclass(frozen=True, slots=True)
class ReferenceCode:
    """A code in its parts; parts that its form lacks are empty strings. `printed` is official, `key` the match key.

    `standard` says that the key, once look-alikes are repaired, is as a rule of DA/T 13 writes it.
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

    @property
    def conforming(self) -> bool:
        """Whether the code stands as its rule writes it, without any repair."""
        return self.standard and self.printed == self.key

    @property
    def is_volume(self) -> bool:
        """Whether the code names a volume 案卷 and no item in it."""
        return self.form in (CodeForm.BY_VOLUME, CodeForm.OLD) and not self.item


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
    for _ in range(FOLDS_MAX):
        folded = _SPACES.sub("", unicodedata.normalize("NFKC", text).upper().translate(_FOLD))
        if folded == text:
            break
        text = folded
    return text


def parse(text: str) -> ReferenceCode | CodeProblem:
    """Read a code. A local form is no problem (CodeForm.OTHER): what is printed on the box is official."""
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
    return _classify(printed, key)


def _classify(printed: str, key: str) -> ReferenceCode:
    """Match the key against the known rules, narrowest first."""
    if found := _MODERN.fullmatch(key):
        return _modern(printed, key, found)
    if found := _HYPHENED.fullmatch(key):
        category = "·".join((found["kind"], found["year"], found["retention"]))
        parts = {name: found[name] for name in ("fonds", "year", "retention", "organ", "item")}
        return ReferenceCode(printed, key, CodeForm.BY_ITEM, category=category, standard=False, **parts)
    if found := _OLD.fullmatch(key):
        return ReferenceCode(
            printed,
            key,
            CodeForm.OLD,
            fonds=found["fonds"],
            inventory=found["inventory"],
            volume=found["volume"],
            item=found["item"] or "",
        )
    return ReferenceCode(printed, key, CodeForm.OTHER, standard=False)


def _modern(printed: str, key: str, found: re.Match[str]) -> ReferenceCode:
    """Tell by item from by volume: one number after a category with year and retention period (in either order) counts
    items.
    """
    parts = found["category"].split("·")[1:]
    years = [p for p in parts if _YEAR.fullmatch(p)]
    retentions = [p for p in parts if _RETENTION.fullmatch(p)]
    by_item = bool(years and retentions) and found["second"] is None
    after = parts[max(parts.index(years[0]), parts.index(retentions[0])) + 1 :] if years and retentions else []
    organ = found["organ"] or (after[0] if after else "")
    return ReferenceCode(
        printed, key, CodeForm.BY_ITEM if by_item else CodeForm.BY_VOLUME,
        fonds=found["fonds"], category=found["category"], year=years[0] if years else "",
        retention=retentions[0] if retentions else "", organ=organ,
        volume="" if by_item else found["first"], item=found["first"] if by_item else found["second"] or "",
    )  # fmt: skip


def volume_key(code: ReferenceCode) -> str | None:
    """Match key of the volume the code belongs to or names; None where records are kept by item.

    For a local form everything before the last hyphen is taken as its volume when two hyphens or more stand in it:
    holding too much is the safe side.
    """
    if code.form is CodeForm.BY_ITEM:
        return None
    if code.is_volume:
        return code.key
    if code.form is CodeForm.OTHER and code.key.count("-") < 2:
        return None
    return code.key.rpartition("-")[0]


def ordering_key(text: str) -> str:
    """A string that sorts codes and page names as people count: runs of digits compare as numbers (up to 20 digits)."""
    return _DIGITS.sub(lambda run: run[0].lstrip("0").rjust(20, "0")[-20:], match_key(text))
