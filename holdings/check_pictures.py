"""The methods behind the codes TX-…: what the limits of data/image_rules.toml make of the measures of a record's pages; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from holdings.check import Verdict
from holdings.check_facts import Material
from holdings.image_checks import Fault, ImageRules, Measures, judge

Picture = Callable[[Material, ImageRules], Iterator[tuple[Verdict, str, str]]]

TEXT_ONLY: Final = frozenset({Fault.BLANK, Fault.UPSIDE_DOWN, Fault.SKEWED, Fault.TOO_DARK, Fault.BLACK_BORDER, Fault.TEXT_CUT})
"""A photograph may be dark, tilted and black to its edge: these are rules of paper (DA/T 31-2017 1)."""


def pages_of(material: Material) -> Iterator[tuple[str, Measures]]:
    """(文件[#页], measures) of every page that was measured."""
    for file in material.files:
        for number, page in enumerate(file.measures, 1):
            if page is not None:
                yield (f"{file.name}#{number}" if len(file.measures) > 1 else file.name), page


def _fault(fault: Fault) -> Picture:
    """What looks at every measured page of a record for one fault; a page that gives nothing to judge by is 未能检测."""

    def look(material: Material, rules: ImageRules) -> Iterator[tuple[Verdict, str, str]]:
        if material.category == "photo" and fault in TEXT_ONLY:
            yield Verdict.UNTESTED, "", "照片不按纸质文件的图像要求检测"
            return
        seen = unsure = faulty = 0
        for where, page in pages_of(material):
            said = next(one for one in judge(page, rules) if one.fault is fault)
            seen += 1
            if said.verdict is Verdict.UNTESTED:
                unsure += 1
            elif said.verdict is not Verdict.PASSED:
                faulty += 1
                yield said.verdict, where, said.detail
        yield from _unmeasured(material)
        if unsure:
            yield Verdict.UNTESTED, "", f"{unsure} 页没有可供判断的内容"
        elif seen and not faulty:
            yield Verdict.PASSED, "", f"{seen} 页"

    return look


def _unmeasured(material: Material) -> Iterator[tuple[Verdict, str, str]]:
    """Files whose pages could not be looked at, and pages that are no pictures."""
    for file in material.files:
        if file.unmeasured:
            yield Verdict.UNTESTED, file.name, file.unmeasured
        elif lacking := sum(page is None for page in file.measures):
            yield Verdict.UNTESTED, file.name, f"{lacking} 页不是扫描图像"


def _repeated(material: Material, rules: ImageRules) -> Iterator[tuple[Verdict, str, str]]:
    """Pairs of pages that look the same, by the limits of likeness; never pages of two representations."""
    if material.repeated is None:
        yield Verdict.UNTESTED, "", "本次未检测此项"
        return
    found = 0
    for pair in material.repeated:
        limit = rules.repeated
        verdict = Verdict.FAILED if pair.likeness >= limit.fail else Verdict.PERSON if pair.likeness >= limit.doubt else Verdict.PASSED
        if verdict is not Verdict.PASSED:
            found += 1
            yield verdict, pair.other, f"与 {pair.one} 为同一页（最不相似处 {pair.likeness:.2f}）"
    seen = sum(1 for _ in pages_of(material))
    yield from _unmeasured(material)
    if seen and not found:
        yield Verdict.PASSED, "", f"{seen} 页互不相同" if seen > 1 else "只有一页"


PICTURES: Final[dict[str, Picture]] = {**{fault.value: _fault(fault) for fault in Fault}, "repeated": _repeated}
"""By the key `method` of data/checks.toml."""
