"""Evidence against files: every line of a list finds its file or does not, every declared total agrees or does not;
pure.

A report names no file that the gate has not let pass: those are counted as withheld.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from holdings.evidence_name import EvidenceKind
from holdings.evidence_note import Declared, Total
from holdings.findings import Finding, FindingCode

TOLD_MAX: Final = 1_000  # paths told of each kind; all are counted


class Outcome(StrEnum):
    """What became of a listed file, or of a file that no list names."""

    MATCHED = "matched"
    DIFFERS = "differs"
    MISSING = "missing"
    UNLISTED = "unlisted"
    WITHHELD = "withheld"

    @property
    def label(self) -> str:
        """The Chinese word."""
        return {
            "matched": "相符", "differs": "不符", "missing": "缺失", "unlisted": "未列入", "withheld": "未核对",
        }[self.value]  # fmt: skip


class EvidenceFile(Struct, frozen=True):
    """A file of evidence: `lines` it lists or declares, `bad` lines that say nothing, `fault` why it was not read."""

    path: str
    kind: EvidenceKind
    encoding: str = ""
    lines: int = 0
    bad: int = 0
    fault: str = ""


class Mark(Struct, frozen=True):
    """One path of a report; `line` of `source` where a list names it."""

    outcome: Outcome
    path: str
    source: str = ""
    line: int = 0


class TotalCheck(Struct, frozen=True):
    """A declared total beside what was found, counted in each of the ways that may have been meant."""

    total: Total
    declared: str
    source: str
    found: dict[str, int]
    agrees: bool
    number: int | None = None
    """The declared number, where it was written exactly."""

    @property
    def sentence(self) -> str:
        """For people: 总件数 … 声明 …，实有 …."""
        counted = "、".join(f"{name} {number:,}" for name, number in self.found.items()) or "无"
        return f"{self.total.label}：声明 {self.declared}，实有 {counted}"


class EvidenceReport(Struct, frozen=True):
    """What a verification of a delivery's evidence found; `verified` is whole seconds UTC.

    `counts` is by outcome, `marks` tells at most 1,000 paths of each outcome but matched.
    """

    delivery: str
    verified: int
    files: tuple[EvidenceFile, ...]
    fields: dict[str, str]
    counts: dict[Outcome, int]
    marks: tuple[Mark, ...]
    totals: tuple[TotalCheck, ...]

    @property
    def ok(self) -> bool:
        """Whether evidence was there, could be read, and agrees in everything that could be compared."""
        bad = self.counts.get(Outcome.DIFFERS, 0) + self.counts.get(Outcome.MISSING, 0)
        return (
            bool(self.files) and not bad and all(t.agrees for t in self.totals) and not any(f.fault for f in self.files)
        )


class Tree:
    """The files of a delivery by path, found again however a list writes them: with folders above that are not here,
    in other letter case, in NFC or NFD."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._exact: dict[str, str] = {}
        folded: defaultdict[str, list[str]] = defaultdict(list)
        for path in paths:
            self._exact[_normal(path)] = path
            folded[_normal(path).casefold()].append(path)
        # Two files that differ in letter case alone stand for themselves only.
        self._folded = {key: found[0] for key, found in folded.items() if len(found) == 1}

    def find(self, listed: str, base: str) -> str | None:
        """The path that a list in folder `base` ('' for the top) means by `listed`; None when there is no such file.

        The whole path first, below the list and below the top, then with leading folders left off, longest first.
        """
        parts = _normal(listed).split("/")
        for first in range(len(parts)):
            rest = "/".join(parts[first:])
            for path in dict.fromkeys((f"{base}/{rest}" if base else rest, rest)):
                found = self._exact.get(path) or self._folded.get(path.casefold())
                if found is not None:
                    return found
        return None


class Ledger:
    """Counts outcomes and keeps the paths that a person should see."""

    def __init__(self) -> None:
        self.counts: dict[Outcome, int] = {}
        self.marks: list[Mark] = []
        self._told: dict[Outcome, int] = {}

    def note(self, outcome: Outcome, path: str = "", source: str = "", line: int = 0) -> None:
        """Count one file; a path is told only where it is given and is no match."""
        self.counts[outcome] = self.counts.get(outcome, 0) + 1
        told = self._told.get(outcome, 0)
        if path and outcome is not Outcome.MATCHED and told < TOLD_MAX:
            self._told[outcome] = told + 1
            self.marks.append(Mark(outcome, path, source, line))


def check_totals(
    declared: Iterable[tuple[str, Declared]], found: Mapping[Total, Mapping[str, int]]
) -> tuple[TotalCheck, ...]:
    """Compare declared totals, each with the evidence file that says it, with what was found in each way of counting."""
    checks = []
    for source, one in declared:
        counted = dict(found.get(one.total, {}))
        exact = one.ranges[0][0] if len(one.ranges) == 1 and one.ranges[0][0] == one.ranges[0][1] else None
        agrees = any(one.agrees(number) for number in counted.values())
        checks.append(TotalCheck(one.total, one.text, source, counted, agrees, exact))
    return tuple(checks)


def findings(report: EvidenceReport, subject_of: Mapping[str, str]) -> Iterator[Finding]:
    """What of a report needs a person. `subject_of` gives the match key of a path's record; others are about the
    delivery."""
    codes = {
        Outcome.DIFFERS: FindingCode.EVIDENCE_DIFFERS,
        Outcome.MISSING: FindingCode.EVIDENCE_MISSING,
        Outcome.UNLISTED: FindingCode.EVIDENCE_UNLISTED,
    }
    for mark in report.marks:
        code = codes.get(mark.outcome)
        if code is not None:
            where = f"{mark.source} 第 {mark.line} 行" if mark.source else ""
            yield Finding(
                code, subject_of.get(mark.path, report.delivery), f"{report.delivery}/{mark.path}", detail=where
            )
    for file in report.files:
        if file.fault or file.bad:
            said = file.fault or f"{file.bad} 行不能识别"
            yield Finding(
                FindingCode.EVIDENCE_UNREADABLE, report.delivery, f"{report.delivery}/{file.path}", detail=said
            )
    for check in report.totals:
        if not check.agrees:
            path = f"{report.delivery}/{check.source}#{check.total.label}"
            yield Finding(FindingCode.TOTAL_DIFFERS, report.delivery, path, detail=check.sentence)


def _normal(path: str) -> str:
    """A path for comparing."""
    return unicodedata.normalize("NFC", path)
