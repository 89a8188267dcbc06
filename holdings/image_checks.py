"""Image checks: what is measured on a page, and what the limits in data/image_rules.toml make of it; pure.

Measuring (holdings/image_measure.py) runs in the sandbox on decoded pages; judging needs no picture, so that limits can change without another look.
"""

from __future__ import annotations

import functools
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

from holdings.check import Verdict
from holdings.site_data import NO_SITE, SiteData, overlay, shipped, table, typed

PAGES_AT_ONCE: Final = 200  # pages of one file measured in one call


class Fault(StrEnum):
    """What can be wrong with a picture; the value is its table in data/image_rules.toml."""

    BLANK = "blank"
    UPSIDE_DOWN = "upside_down"
    SKEWED = "skewed"
    TOO_DARK = "too_dark"
    BLACK_BORDER = "black_border"
    TEXT_CUT = "text_cut"
    RESOLUTION = "resolution"


class Measures(Struct, frozen=True, omit_defaults=True):
    """What was measured on one page: pixels as stored, `dpi` 0 when untold, lengths in millimetres, `paper` grey level 0–255.

    `ink_map` is for finding repeated pages (holdings/image_twins.py).
    """

    width: int
    height: int
    bits: int = 24
    dpi: float = 0.0
    paper: int = 255
    ink: float = 0.0
    marks: int = 0
    share: float = 0.0
    skew: float = 0.0
    sharpness: float = 1.0
    border: float = 0.0
    cut: int = 0
    near: int = 0
    crossing: int = 0
    low: int = 0
    high: int = 0
    lean: int = 0
    lying: tuple[int, int, int, int, int, int] = (0, 0, 0, 0, 0, 0)
    """Of a page whose lines may run from top to bottom: holdings.image_lying.Lying; zeros of any other."""
    ink_map: bytes = b""


class _Blank(Struct, frozen=True, forbid_unknown_fields=True):
    marks: int
    share: float
    verdict: str


class _UpsideDown(Struct, frozen=True, forbid_unknown_fields=True):
    marks: int
    fail: float
    doubt: float
    lean: int
    lying_marks: int
    lying_fail: float
    lying_gap: float
    lying_ahead: float


class _Limit(Struct, frozen=True, forbid_unknown_fields=True):
    fail: float
    doubt: float = 0.0
    sharpness: float = 0.0
    black: float = 1.0
    long_side: int = 0
    near: int = 0
    crossing: int = 0
    marks: int = 0


class _Repeated(Struct, frozen=True, forbid_unknown_fields=True):
    alike: float
    fail: float
    doubt: float


class ImageRules(Struct, frozen=True, forbid_unknown_fields=True):
    """The limits of data/image_rules.toml."""

    blank: _Blank
    upside_down: _UpsideDown
    skewed: _Limit
    too_dark: _Limit
    black_border: _Limit
    text_cut: _Limit
    resolution: _Limit
    repeated: _Repeated


class Judged(Struct, frozen=True):
    """What a limit makes of one page."""

    fault: Fault
    verdict: Verdict
    detail: str = ""


@functools.lru_cache(maxsize=8)
def rules_of(site: SiteData = NO_SITE) -> ImageRules:
    """The limits that ship with the program, with a site's image_rules.toml over them; SiteDataWrong names what is wrong there."""
    content = table("image_rules.toml", shipped("image_rules.toml"))
    for name, text in site.named("image_rules"):
        content = overlay(content, table(name, text))
    return typed("image_rules.toml", content, ImageRules)


def read_measures(data: bytes) -> list[Measures | None]:
    """What `holdings.image_measure:measure_file` gave."""
    return msgspec.json.decode(data, type=list[Measures | None])


def judge(page: Measures, rules: ImageRules) -> list[Judged]:
    """What the limits make of a page, one verdict for every fault of `Fault`."""
    if _is_blank(page, rules):
        said = Verdict.FAILED if rules.blank.verdict == "fail" else Verdict.PERSON
        nothing = [Judged(f, Verdict.UNTESTED, "空白页，无可测内容") for f in (Fault.UPSIDE_DOWN, Fault.SKEWED, Fault.TEXT_CUT)]
        return [
            Judged(Fault.BLANK, said, f"墨迹 {page.share:.2%}"), *nothing,
            _dark(page, rules.too_dark), _border(page, rules.black_border), _resolution(page, rules.resolution),
        ]  # fmt: skip
    if (dark := _dark(page, rules.too_dark)).verdict is Verdict.FAILED:
        hidden = [Judged(f, Verdict.UNTESTED, "过暗，不能判断") for f in Fault if f not in (Fault.TOO_DARK, Fault.RESOLUTION)]
        return [dark, *hidden, _resolution(page, rules.resolution)]
    return [
        Judged(Fault.BLANK, Verdict.PASSED), _upside_down(page, rules), _skewed(page, rules.skewed), dark,
        _border(page, rules.black_border), _cut(page, rules.text_cut), _resolution(page, rules.resolution),
    ]  # fmt: skip


def _is_blank(page: Measures, rules: ImageRules) -> bool:
    return page.marks <= rules.blank.marks and page.share < rules.blank.share


def _upside_down(page: Measures, rules: ImageRules) -> Judged:
    limit, marks = rules.upside_down, page.low + page.high
    if (lying := _lying(page, limit)) is not None:
        return lying
    if marks >= limit.marks:
        balance = (page.low - page.high) / marks
        detail = f"行内低位点 {page.low}，高位点 {page.high}"
        if balance <= limit.fail:
            return Judged(Fault.UPSIDE_DOWN, Verdict.FAILED, detail)
        return Judged(Fault.UPSIDE_DOWN, Verdict.PERSON if balance <= limit.doubt else Verdict.PASSED, detail)
    if page.lean <= -limit.lean and page.high >= page.low:
        return Judged(Fault.UPSIDE_DOWN, Verdict.PERSON, f"左边参差的行比右边多 {-page.lean}")
    return Judged(Fault.UPSIDE_DOWN, Verdict.UNTESTED, "标点太少，不能判断正倒")


def _lying(page: Measures, limit: _UpsideDown) -> Judged | None:
    """Of a page whose lines run from top to bottom: turned by 90°, upright writing 竖排, or not to be told; None of any other page."""
    turn, low, high, ahead, rows, columns = page.lying
    if not columns or (rows and columns > limit.lying_gap * rows):
        return None
    if low + high < limit.lying_marks or (low - high) / (low + high) < limit.lying_fail:
        return Judged(Fault.UPSIDE_DOWN, Verdict.UNTESTED, "文字自上而下，标点太少，不能判断正倒")
    if turn == UPRIGHT_WRITING and ahead >= limit.lying_ahead * low:
        return Judged(Fault.UPSIDE_DOWN, Verdict.PASSED, "竖排")
    return Judged(Fault.UPSIDE_DOWN, Verdict.FAILED, f"横置：应顺时针转 {turn}°（行内低位点 {low}，高位点 {high}）")


def _skewed(page: Measures, limit: _Limit) -> Judged:
    if page.sharpness < limit.sharpness or page.marks < limit.marks:
        return Judged(Fault.SKEWED, Verdict.UNTESTED, "没有可测的文字行")
    return _above(Fault.SKEWED, abs(page.skew), limit, f"歪斜 {page.skew:+.1f}°")


def _dark(page: Measures, limit: _Limit) -> Judged:
    if page.bits == 1:
        verdict = Verdict.FAILED if page.ink > limit.black else Verdict.PASSED
        return Judged(Fault.TOO_DARK, verdict, f"黑色占 {page.ink:.0%}")
    verdict = Verdict.FAILED if page.paper < limit.fail else Verdict.PERSON if page.paper < limit.doubt else Verdict.PASSED
    return Judged(Fault.TOO_DARK, verdict, f"纸面亮度 {page.paper}（0–255）")


def _border(page: Measures, limit: _Limit) -> Judged:
    return _above(Fault.BLACK_BORDER, page.border, limit, f"黑边宽 {page.border:.1f} mm")


def _cut(page: Measures, limit: _Limit) -> Judged:
    found = _above(Fault.TEXT_CUT, page.cut, limit, f"一侧有 {page.cut} 个字触及图像边缘")
    if found.verdict is Verdict.PASSED and page.near >= limit.near:
        return Judged(Fault.TEXT_CUT, Verdict.PERSON, f"一侧有 {page.near} 个字距图像边缘不足 1.5 mm")
    if found.verdict is Verdict.PASSED and page.crossing >= limit.crossing:
        return Judged(Fault.TEXT_CUT, Verdict.PERSON, f"一侧有 {page.crossing} 条线通到图像边缘")
    return found


def _above(fault: Fault, value: float, limit: _Limit, detail: str) -> Judged:
    verdict = Verdict.FAILED if value >= limit.fail else Verdict.PERSON if value >= limit.doubt else Verdict.PASSED
    return Judged(fault, verdict, detail)


def _resolution(page: Measures, limit: _Limit) -> Judged:
    longest = max(page.width, page.height)
    size = f"{page.width}×{page.height} 像素"
    if page.dpi >= limit.fail:
        return Judged(Fault.RESOLUTION, Verdict.PASSED, f"{page.dpi:.0f} dpi")
    if page.dpi:
        # Programs that know no resolution write 72 or 96; the pixels then say otherwise.
        doubtful = page.dpi < DEFAULT_DPI and longest >= limit.long_side
        return Judged(Fault.RESOLUTION, Verdict.PERSON if doubtful else Verdict.FAILED, f"标注 {page.dpi:.0f} dpi，{size}")
    if longest >= limit.long_side:
        return Judged(Fault.RESOLUTION, Verdict.PASSED, f"未标注分辨率，{size}，按 A4 足够")
    return Judged(Fault.RESOLUTION, Verdict.PERSON, f"未标注分辨率，{size}，按 A4 不足")


DEFAULT_DPI: Final = 97
UPRIGHT_WRITING: Final = 90
"""The turn that brings the marks of upright writing 竖排 low in their lines; by the other they hang high."""
