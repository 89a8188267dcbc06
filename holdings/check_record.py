"""From facts to results to findings: one record through every check of a stage; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from holdings.check import CheckResult, Stage, Verdict, registry, worst
from holdings.check_facts import Material
from holdings.check_methods import check, looking_at
from holdings.findings import Finding, FindingCode
from holdings.image_checks import ImageRules, rules_of
from holdings.site_data import NO_SITE, SiteData

RAISED: Final = frozenset(
    {"fixity", "bytes_same", "package_content", "decodes", "format_allowed", "format_open", "virus", "metadata_length", "metadata_domain"}
)
"""Methods besides those of pictures whose failures become findings here; import and intake have told the rest already."""

PAGES_TOLD: Final = 20
"""Pages of one record with the same fault that are told each by itself."""


def examine(material: Material, stage: Stage, site: SiteData = NO_SITE, rules: ImageRules | None = None) -> list[CheckResult]:
    """Every check of records at a stage, in the order of the codes."""
    return check(looking_at(material, rules or rules_of(site), site), registry(stage, site))


def by_code(results: Iterable[CheckResult]) -> dict[str, list[CheckResult]]:
    """Results of each code, in their order."""
    found: dict[str, list[CheckResult]] = {}
    for one in results:
        found.setdefault(one.code, []).append(one)
    return found


def verdict_of(results: Sequence[CheckResult]) -> Verdict:
    """The verdict on one code: the worst of what it looked at."""
    return worst(one.verdict for one in results)


def findings(results: Iterable[CheckResult], material: Material, stage: Stage, site: SiteData = NO_SITE) -> list[Finding]:
    """What of the results needs a person, as findings by `档号/文件`; equal pages by digest were told when they were sealed."""
    raised = {code.code: code for code in registry(stage, site) if code.finding is not None and (code.of_image or code.method in RAISED)}
    found: dict[tuple[str, str], Finding] = {}
    copies = _copies(material)
    for one in results:
        code = raised.get(one.code)
        if code is None or code.finding is None or one.verdict not in (Verdict.FAILED, Verdict.PERSON):
            continue
        if code.finding is FindingCode.DUPLICATE_PAGE and not copies.isdisjoint((one.where, one.where.rpartition("#")[0])):
            continue
        path = f"{material.ref}/{one.where}" if one.where else material.ref
        detail = one.detail if one.verdict is Verdict.FAILED else f"{one.detail}；{one.verdict.label}"
        found.setdefault((path, code.finding.slug), Finding(code.finding, material.subject, path, material.ref, detail))
    return [finding for some in _by_kind(found.values()).values() for finding in _gathered(some, material)]


def _copies(material: Material) -> frozenset[str]:
    """Files that hold the very bytes of one before them in the same representation."""
    seen: set[tuple[int, bytes]] = set()
    found = []
    for file in material.files:
        if file.size and (file.use, file.sha256) in seen:
            found.append(file.name)
        seen.add((file.use, file.sha256))
    return frozenset(found)


def _by_kind(found: Iterable[Finding]) -> dict[FindingCode, list[Finding]]:
    kinds: dict[FindingCode, list[Finding]] = {}
    for one in found:
        kinds.setdefault(one.code, []).append(one)
    return kinds


def _gathered(some: list[Finding], material: Material) -> list[Finding]:
    """One finding for a fault of the whole record: a scanner set to 150 dpi is one thing to tell, not a thousand."""
    first = some[0]
    if len(some) <= (1 if first.code is FindingCode.RESOLUTION_LOW else PAGES_TOLD):
        return some
    where = first.path.removeprefix(f"{material.ref}/")
    return [Finding(first.code, first.subject, material.ref, material.ref, f"{len(some)} 页，如 {where}：{first.detail}")]
