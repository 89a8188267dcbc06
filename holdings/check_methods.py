"""The methods behind the codes of data/checks.toml: each looks at the facts of one record and says what it found; pure.

A method yields one outcome for everything it looked at that is not 通过, or a single 通过 that says how much was looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec import Struct

from holdings import media
from holdings.av_attributes import differences
from holdings.av_folder import FolderObject, folder_objects
from holdings.category import categories
from holdings.check import CheckCode, CheckResult, Scope, Verdict
from holdings.check_facts import FileFacts, Material, Service
from holdings.check_pictures import PICTURES, Picture
from holdings.expression import expression
from holdings.findings import FindingCode, Severity
from holdings.format_id import FormatId, allowed, policy
from holdings.image_checks import ImageRules
from holdings.metadata import Violation, edition_of, known_from, violations
from holdings.readiness import order_pages
from holdings.record import page_count
from holdings.reference_code import CodeForm, ReferenceCode, parse
from holdings.site_data import NO_SITE, SiteData


class Looking(Struct, frozen=True):
    """A record under examination, the limits for its pictures, the site's tables, and what is wrong with its description."""

    material: Material
    site: SiteData
    rules: ImageRules
    wrong: tuple[Violation, ...]


def looking_at(material: Material, rules: ImageRules, site: SiteData = NO_SITE) -> Looking:
    """Put a record under examination; its description is validated once for all codes."""
    described = material.description
    code = parse(described.reference_code)
    known = known_from(code) if isinstance(code, ReferenceCode) else frozenset[str]()
    wrong = violations(
        described.elements, described.level, material.category, edition_of(described.elements), year=material.year, known_otherwise=known, site=site
    )
    return Looking(material, site, rules, tuple(wrong))


Outcome = tuple[Verdict, str, str]
"""Verdict, where, detail."""
Method = Callable[[Looking], Iterable[Outcome]]


def check(looking: Looking, codes: Iterable[CheckCode]) -> list[CheckResult]:
    """Run the checks of records among `codes`; every code gets at least one result, in their order."""
    results: list[CheckResult] = []
    subject = looking.material.subject
    for code in codes:
        if code.scope is not Scope.RECORD:
            continue
        if not code.method:
            results.append(CheckResult(code.code, Verdict.UNTESTED, subject, "", code.reason))
            continue
        method = METHODS.get(code.method)
        if method is None:
            results.append(CheckResult(code.code, Verdict.UNTESTED, subject, "", f"本程序没有名为 {code.method} 的检测"))
            continue
        found = list(method(looking)) or [(Verdict.UNTESTED, "", "没有可检测的内容")]
        results += [CheckResult(code.code, verdict, subject, where, detail) for verdict, where, detail in found]
    return results


# ------------------------------------------------------------ metadata (GD-1-2 … GD-1-6, GD-2-4)


def _metadata(*codes: FindingCode) -> Method:
    """Violations of these kinds; a hint needs a person, anything else fails."""

    def look(looking: Looking) -> Iterator[Outcome]:
        mine = [v for v in looking.wrong if v.code in codes]
        for violation in mine:
            yield Verdict.PERSON if violation.severity is Severity.HINT else Verdict.FAILED, violation.element, violation.detail
        if not mine:
            yield Verdict.PASSED, "", f"检测 {len(looking.material.description.elements)} 项"

    return look


def _code_rules(looking: Looking) -> Iterator[Outcome]:
    code = parse(looking.material.ref)
    if not isinstance(code, ReferenceCode):
        yield Verdict.FAILED, "档号", "不能作为档号"
    elif code.form is CodeForm.OTHER or not code.standard:
        # The code printed on the box stays the official one; only a person may have it changed.
        yield Verdict.PERSON, "档号", "不合 DA/T 13-2022 的按卷、按件和旧式写法"
    else:
        yield Verdict.PASSED, "", ""


def _code_unique(looking: Looking) -> Iterator[Outcome]:
    bearers = looking.material.bearers
    if bearers > 1:
        yield Verdict.FAILED, "档号", f"{bearers} 条档案用同一档号"
    else:
        yield Verdict.PASSED, "", ""


def _metadata_kept(looking: Looking) -> Iterator[Outcome]:
    row, held = looking.material.row, looking.material.description.elements
    if row is None:
        yield Verdict.UNTESTED, "", "目录中没有这条档案的目录行可比"
        return
    lost = [name for name, value in row.items() if value and not held.get(name)]
    changed = [name for name, value in row.items() if value and held.get(name) and held[name] != value]
    for name in lost:
        yield Verdict.FAILED, name, "目录行有值，档案的著录中没有"
    for name in changed:
        yield Verdict.PERSON, name, "目录行与加封的著录不同（目录已另行修改，新版本尚未加封）"
    if not lost and not changed:
        yield Verdict.PASSED, "", f"{sum(1 for v in row.values() if v)} 项与目录行一致"


def _process(looking: Looking) -> Iterator[Outcome]:
    one, clearance = looking.material, looking.material.description.clearance
    lacking = [
        name for name, there in (("批次", bool(one.description.delivery)), ("保密审查人", bool(clearance.persons)), ("保密审查时间", clearance.time > 0),
                                 ("加封时间", one.sealed > 0), ("版本", one.version > 0)) if not there
    ]  # fmt: skip
    for name in lacking:
        yield Verdict.FAILED, name, "过程信息缺失"
    if not lacking:
        yield Verdict.PASSED, "", f"第 {one.version} 版，审查 {len(clearance.persons)} 人"


def _reachable(looking: Looking) -> Iterator[Outcome]:
    yield looking.material.reachable.verdict, "", looking.material.reachable.detail


def _readable(looking: Looking) -> Iterator[Outcome]:
    yield looking.material.readable.verdict, "", looking.material.readable.detail


# ------------------------------------------------------------ files


def _each(word: Callable[[FileFacts], Service], passed: str) -> Method:
    """One service's word on every file: what is not 通过, or one 通过."""

    def look(looking: Looking) -> Iterator[Outcome]:
        files = looking.material.files
        wrong = [(f, said) for f in files if (said := word(f)).verdict is not Verdict.PASSED]
        for file, said in wrong:
            yield said.verdict, file.name, said.detail
        if files and not wrong:
            yield Verdict.PASSED, "", passed.format(len(files))

    return look


def _fixity(looking: Looking) -> Iterator[Outcome]:
    said = looking.material.signature
    yield said.verdict, "", said.detail
    for file in looking.material.files:
        if file.seals:
            yield Verdict.UNTESTED, file.name, "文件内有电子签章，本机没有验章服务"


def _attributes(file: FileFacts) -> Service:
    if file.media_type == media.UNKNOWN:
        return Service(Verdict.UNTESTED, "格式不识别，无从比较")
    if file.extension_differs:
        return Service(Verdict.FAILED, f"扩展名与实际格式（{file.media_type}）不符")
    return Service(Verdict.PASSED)


def _electronic_attributes(looking: Looking) -> Iterator[Outcome]:
    """Format and extension of every file; the length of a recording that is one file against the one described."""
    known = categories(looking.site).get(looking.material.category)
    recordings = [file for file in looking.material.files if file.av is not None]
    differing: list[Outcome] = []
    if known is not None and known.tape is not None and len(recordings) == 1 and recordings[0].av is not None:
        wrong = differences(looking.material.description.elements, recordings[0].av, known.tape)
        differing = [(Verdict.FAILED, v.element, v.detail) for v in wrong if v.code is not FindingCode.TRUNCATED]
    yield from differing
    said = _each(_attributes, "{} 个文件的格式与扩展名一致")(looking)
    yield from (one for one in said if not differing or one[0] is not Verdict.PASSED)


_FILE_NAMES: Final = ("计算机文件名", "电子文件路径", "正文文件")
_ATTACHED: Final = ("附件文件名", "附件")
_SPLIT: Final = expression(r"[;；,，、|\n]")
_NAME: Final = expression(r".+\.[A-Za-z0-9]{1,5}$")


def _named(looking: Looking, elements: Iterable[str]) -> list[tuple[str, str]]:
    """(element, file name) of what the description names as files; folders before the last part do not count."""
    held = looking.material.description.elements
    cells = ((name, cell.strip()) for name in elements for cell in _SPLIT.split(held.get(name, "")))
    return [(name, re.split(r"[\\/]", cell)[-1]) for name, cell in cells if _NAME.match(cell)]


def _linked(looking: Looking) -> Iterator[Outcome]:
    files = looking.material.files
    if not files:
        yield Verdict.FAILED, "", "没有内容文件"
        return
    there = {f.name.rsplit("/", 1)[-1].casefold() for f in files}
    lost = [(element, name) for element, name in _named(looking, _FILE_NAMES) if name.casefold() not in there]
    for element, name in lost:
        yield Verdict.FAILED, element, f"著录所指的文件 {name} 不在档案中"
    if not lost:
        yield Verdict.PASSED, "", f"{len(files)} 个文件"


def _attachments(looking: Looking) -> Iterator[Outcome]:
    there = {f.name.rsplit("/", 1)[-1].casefold() for f in looking.material.files}
    named = _named(looking, _ATTACHED)
    if not named:
        yield Verdict.UNTESTED, "", "著录没有列出附件文件"
        return
    lost = [(element, name) for element, name in named if name.casefold() not in there]
    for element, name in lost:
        yield Verdict.FAILED, element, f"附件 {name} 不在档案中"
    if not lost:
        yield Verdict.PASSED, "", f"{len(named)} 个附件都在"


def _continuity(looking: Looking) -> Iterator[Outcome]:
    one = looking.material
    # Every representation 版本用途 has the same page numbers: one of them is looked at. Pages of an item in a volume need not begin at 1.
    names = [f.name for f in one.files if f.use == min(f.use for f in one.files)]
    gaps = order_pages(names, leading=False).gaps if len(names) > 1 else ()
    if gaps:
        yield Verdict.FAILED, "页号", "缺 " + "、".join(str(n) for n in gaps[:20])
    for remark in one.series or ():
        yield Verdict.FAILED, "档号", remark
    if not gaps and not one.series:
        yield Verdict.PASSED, "", "页号连续" + ("，档号连续" if one.series is not None else "（档号的连续性见批次报告）")


def _objects_whole(objects: Iterable[FolderObject]) -> Iterator[Outcome]:
    """A folder that is one object has what its own lists ask for; what differs within it is for a person."""
    for one in objects:
        for name in one.missing:
            yield Verdict.FAILED, name, f"{one.kind.label}缺此文件"
        for doubt in one.doubts:
            yield Verdict.PERSON, one.root or one.kind.label, doubt
        if not one.missing and not one.doubts:
            yield Verdict.PASSED, "", f"{one.kind.label}的 {len(one.parts)} 个文件齐全"


def _page_completeness(looking: Looking) -> Iterator[Outcome]:
    # A folder that matters stands before the name of its file, joined by a wide stroke (format.md §6.3).
    if objects := folder_objects({file.name.replace("／", "/"): file.size for file in looking.material.files}):
        yield from _objects_whole(objects)
        return
    declared, found = page_count(looking.material.description), looking.material.pages
    uncounted = [f.name for f in looking.material.files if f.media_type not in _COUNTED]
    if uncounted and declared is not None:
        yield Verdict.UNTESTED, uncounted[0], f"此格式的页数只有排版软件能数；著录 {declared} 页"
    elif declared is None:
        yield Verdict.UNTESTED, "页数", f"著录没有页数，实有 {found} 页"
    elif declared != found:
        yield Verdict.FAILED, "页数", f"著录 {declared} 页，实有 {found} 页"
    else:
        yield Verdict.PASSED, "", f"{found} 页"


_COUNTED: Final = frozenset({media.JPEG, media.TIFF, media.PNG, media.JP2, media.PDF, media.OFD})


def _format_allowed(looking: Looking) -> Iterator[Outcome]:
    rules, names = policy(looking.site), set()
    wrong = 0
    for file in looking.material.files:
        told = file.format
        if not isinstance(told, FormatId):
            yield Verdict.UNTESTED, file.name, told.reason
        elif not told.id:
            yield Verdict.PERSON, file.name, "PRONOM 特征库不识别此格式"
        else:
            said = allowed(told.id, looking.material.category, rules)
            names.add(f"{told.id} {told.name}")
            if said is True:
                continue
            yield Verdict.PERSON if said is None else Verdict.FAILED, file.name, f"{told.name}（{told.id}）"
        wrong += 1
    if looking.material.files and not wrong:
        yield Verdict.PASSED, "", "；".join(sorted(names)[:6])


def _format_open(file: FileFacts) -> Service:
    if file.encrypted is None:
        return Service(Verdict.UNTESTED, "未能查看文件内部")
    return Service(Verdict.FAILED, "文件带有加密或打开密码") if file.encrypted else Service(Verdict.PASSED)


def _superfluous(looking: Looking) -> Iterator[Outcome]:
    said = looking.material.superfluous
    if said is None:
        yield Verdict.UNTESTED, "", "档案已离开扫描文件夹，无从查看"
        return
    for path in said:
        yield Verdict.PERSON, path, "不属于档案的文件，未加封"
    if not said:
        yield Verdict.PASSED, "", "没有多余文件"


def _picture(method: Picture) -> Method:
    return lambda looking: method(looking.material, looking.rules)


METHODS: Final[dict[str, Method]] = {
    "fixity": _fixity,
    "metadata_length": _metadata(FindingCode.METADATA_LENGTH),
    "metadata_type": _metadata(FindingCode.METADATA_TYPE),
    "metadata_domain": _metadata(FindingCode.METADATA_DOMAIN),
    "metadata_plausible": _metadata(FindingCode.METADATA_DOUBTFUL, FindingCode.DATE_DOUBTFUL),
    "metadata_characters": _metadata(FindingCode.METADATA_CHARACTERS),
    "required_elements": _metadata(FindingCode.METADATA_MISSING, FindingCode.DATE_MISSING),
    "code_rules": _code_rules,
    "code_unique": _code_unique,
    "metadata_kept": _metadata_kept,
    "metadata_linked": _linked,
    "metadata_readable": _readable,
    "metadata_reachable": _reachable,
    "process_information": _process,
    "electronic_attributes": _electronic_attributes,
    "bytes_same": _each(lambda f: f.same, "{} 个文件的摘要与签名清单一致"),
    "package_content": _each(lambda f: f.same if f.same.verdict is not Verdict.FAILED else Service(Verdict.PASSED), "{} 个文件都在加封对象中"),
    "attachments": _attachments,
    "continuity": _continuity,
    "page_completeness": _page_completeness,
    "format_allowed": _format_allowed,
    "format_open": _each(_format_open, "{} 个文件没有加密"),
    "decodes": _each(lambda f: f.decodes, "{} 个文件解码到最后一个字节"),
    "virus": _each(lambda f: f.virus, "{} 个文件未发现病毒"),
    "superfluous": _superfluous,
    **{name: _picture(method) for name, method in PICTURES.items()},
}
"""What runs, by the key `method` of data/checks.toml. Methods of deliveries stand in holdings/check_report.py."""
