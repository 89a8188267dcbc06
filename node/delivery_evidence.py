"""Verifies the evidence that came with a delivery against its files on disk.

On an open node a file is hashed only where the gate has let its record pass (it is sealed) or where it is a sheet or evidence
itself; every other one is counted as withheld and named nowhere.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
from msgspec import Struct, field
from msgspec.structs import replace

from holdings import (
    catalogue,
    declared_totals,
    delivery,
    evidence,
    evidence_digests,
    evidence_note,
    evidence_store,
    quarantine,
    records,
)
from holdings.delivery import Delivery
from holdings.evidence import EvidenceFile, EvidenceReport, Ledger, Outcome, Tree
from holdings.evidence_digests import DigestKind, DigestList, ListedFile
from holdings.evidence_name import EvidenceKind, evidence_kind
from holdings.evidence_note import Declared, Total
from holdings.file_name import NameKind, name_kind
from holdings.record import Level
from holdings.reference_code import CodeProblem, match_key, parse, volume_key
from holdings.security import MarkKind, SiteClass
from node import deliveries, evidence_seen, folders
from node.engine import Engine
from node.errors import ConfigurationWrong
from node.home import Home
from node.walk import FileStat, walk
from sync.errors import SandboxError
from sync.sandbox import Sandbox

CATALOGUE_FOLDERS = frozenset({"目录", "目录表", "目录数据", "条目", "著录"})
"""A delivery whose sheets lie in such a folder is the folder around it (第03批/目录, 第03批/数据)."""
PAPERS = frozenset({"pdf", "ofd", "doc", "docx", "wps", "jpg", "jpeg", "tif", "tiff", "png", "xml", "html", "htm"})
"""What no program can read totals from: noted, left to a person."""
NOTED = 100
"""Files between two notes of how far a verification is."""


class _Files(Struct):
    """Files of a delivery by their path below its root, and the folder key they lie in."""

    root: Path
    prefix: str
    by_path: dict[str, FileStat] = field(default_factory=dict)
    evidence: list[tuple[str, EvidenceKind]] = field(default_factory=list)
    sheets: set[str] = field(default_factory=set)
    odd: int = 0


def root_of(home: Home, held: Delivery, folder: str | None) -> tuple[Path, str]:
    """(the delivery's folder on disk, its path in the tables); `folder` overrides what is known.

    Raises:
        ConfigurationWrong: no folder is known, it is away, or it lies outside the scan folders.
    """
    path = Path(folder or held.folder or "")
    if not (folder or held.folder):
        raise ConfigurationWrong(f"批次“{held.name}”没有文件夹；请指明（--folder）")
    if not folder and path.name in CATALOGUE_FOLDERS:
        path = path.parent
    if not path.is_dir():
        raise ConfigurationWrong(f"批次文件夹 {path} 不在；请接上存储，或指明它现在在哪里（--folder）")
    for watch in map(Path, home.config.watch):
        if path.is_relative_to(watch):
            return path, "/".join((watch.name, *path.relative_to(watch).parts))
    raise ConfigurationWrong(f"{path} 不在本机的扫描文件夹内：只核对收入的批次")


class Interrupted(Exception):
    """The node stops: nothing of the verification is kept."""


def verify(
    engine: Engine,
    name: str,
    folder: str | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int], None] = lambda _: None,
) -> EvidenceReport:
    """Verify, keep the report, and put its findings in the quarantine list in place of the last verification's.

    Args:
        progress: told how many files were checked, now and then.

    Raises:
        Interrupted: `should_stop` said so.
        ConfigurationWrong: the folder is away.
    """
    home = engine.home
    held = delivery.fetch(home.database.read(), name)
    basis = evidence_seen.basis(home.database.read(), held)
    files = _look(home, *root_of(home, held, folder))
    now = int(engine.clock.now())
    work = _Verification(home, engine.sandbox, held, files, should_stop, progress)
    report = work.run(now)
    subjects = {mark.path: work.subject(mark.path) for mark in report.marks}
    with home.database.transaction() as connection:
        evidence_store.keep(connection, held, report)
        found = list(evidence.findings(_not_told(connection, report), subjects))
        quarantine.settle(connection, f"{name}#证据", found, now)
        evidence_seen.mark(connection, name, basis)
    return report


def _not_told(connection: apsw.Connection, report: EvidenceReport) -> EvidenceReport:
    """The report without the totals of a 移交清册 that the catalogue compares already (holdings/declared_totals.py)."""
    sheets = declared_totals.compared(connection, report.delivery)
    told = [one for one in report.totals if one.total in (Total.RECORDS, Total.VOLUMES) and one.source.rpartition("/")[2] in sheets]
    return replace(report, totals=tuple(one for one in report.totals if one not in told)) if told else report


def _look(home: Home, root: Path, prefix: str) -> _Files:
    """Walk a delivery; evidence is looked for outside record folders alone."""
    files, reading = _Files(root, prefix), home.database.read()
    for relative, seen in walk(root):
        key = f"{prefix}/{relative}" if relative else prefix
        known = folders.find(reading, key)
        for file in seen.files:
            path = f"{relative}/{file.name}" if relative else file.name
            kind = None if known is not None and known.item_id else evidence_kind(file.name)
            if kind is not None:
                files.evidence.append((path, kind))
            elif name_kind(file.name) is NameKind.SHEET and known is None:
                files.sheets.add(path)
            files.by_path[path] = file
        files.odd += len(seen.odd)
    return files


class _Verification:
    """One verification under way."""

    def __init__(
        self, home: Home, sandbox: Sandbox, held: Delivery, files: _Files, should_stop: Callable[[], bool], progress: Callable[[int], None]
    ) -> None:
        self._should_stop, self._progress, self._checked = should_stop, progress, 0
        self._home, self._sandbox, self._held, self._files = home, sandbox, held, files
        self._reading: apsw.Connection = home.database.read()
        self._open_site = home.identity.log.site_class is SiteClass.OPEN
        self._tree = Tree(files.by_path)
        self._ledger, self._said = Ledger(), list[EvidenceFile]()
        # By size, time and inode: whatever layout gathered a file, these bytes passed the gate and were sealed.
        self._sealed = {facts[:3]: facts[3] for facts in folders.sealed_sources(self._reading, files.prefix)}

    def run(self, now: int) -> EvidenceReport:
        """Read every file of evidence, then compare."""
        fields: dict[str, str] = {}
        declared: list[tuple[str, Declared]] = []
        listed: set[str] = set()
        lists = 0
        for path, kind in self._files.evidence:
            if kind is EvidenceKind.CHECKSUMS:
                found = self._digests(path)
                if found is not None:
                    lists += 1
                    listed |= self._compare(path, found)
                continue
            note = self._note(path, kind)
            if note is not None:
                fields = {**note.fields, **fields}
                declared += [(path, one) for one in note.totals]
        if lists:
            self._unlisted(listed)
        totals = evidence.check_totals(declared, self._found() if declared else {})
        return EvidenceReport(
            self._held.name, now, tuple(self._said), fields, self._ledger.counts, tuple(self._ledger.marks), totals
        )

    def subject(self, path: str) -> str:
        """Match key of the record that a path lies in; the delivery where it lies in none."""
        folder = path.rpartition("/")[0]
        return match_key(folder.rpartition("/")[2]) if folder else self._held.name

    def _digests(self, path: str) -> DigestList | None:
        data = self._read(path, EvidenceKind.CHECKSUMS, evidence_digests.LIST_MAX)
        if data is None:
            return None
        try:
            found = evidence_digests.decode(self._sandbox.call("holdings.evidence_digests:read_in_sandbox", data, path))
        except SandboxError as fault:
            self._said.append(EvidenceFile(path, EvidenceKind.CHECKSUMS, fault=str(fault)))
            return None
        self._said.append(EvidenceFile(path, EvidenceKind.CHECKSUMS, found.encoding, len(found.files), found.bad_count))
        return found

    def _note(self, path: str, kind: EvidenceKind) -> evidence_note.Note | None:
        if path.rpartition(".")[2].lower() in PAPERS:
            self._said.append(EvidenceFile(path, kind, fault="纸质或版式文件，程序不能核对；请人工核对"))
            return None
        data = self._read(path, kind, evidence_note.NOTE_MAX)
        if data is None:
            return None
        try:
            note = evidence_note.decode(self._sandbox.call("holdings.evidence_note:read_in_sandbox", data, path))
        except SandboxError as fault:
            self._said.append(EvidenceFile(path, kind, fault=str(fault)))
            return None
        self._said.append(EvidenceFile(path, kind, lines=len(note.fields)))
        return note

    def _read(self, path: str, kind: EvidenceKind, most: int) -> bytes | None:
        try:
            with open(self._files.root / path, "rb", opener=_careful) as source:
                data = source.read(most + 1)
        except OSError as fault:
            self._said.append(EvidenceFile(path, kind, fault=f"读不出：{fault.strerror}"))
            return None
        if len(data) > most:
            self._said.append(EvidenceFile(path, kind, fault=f"超过 {most >> 20} MiB"))
            return None
        return data

    def _compare(self, source: str, found: DigestList) -> set[str]:
        """Every line of a list; returns the paths on disk that it names."""
        base, named = source.rpartition("/")[0], set[str]()
        for line in found.files:
            path = self._tree.find(line.path, base)
            if path is None:
                outcome = Outcome.MISSING if self._may_name(line.path) else Outcome.WITHHELD
                self._ledger.note(outcome, line.path if outcome is Outcome.MISSING else "", source, line.line)
                continue
            named.add(path)
            outcome = self._check(path, line)
            self._ledger.note(outcome, path if outcome is Outcome.DIFFERS else "", source, line.line)
        return named

    def _check(self, path: str, line: ListedFile) -> Outcome:
        """One file against its digest: what was sealed knows its SHA-256, everything else is read once."""
        if self._should_stop():
            raise Interrupted
        self._checked += 1
        if self._checked % NOTED == 0:
            self._progress(self._checked)
        if not self._may_read(path):
            return Outcome.WITHHELD
        known = self._sealed.get(_facts(self._files.by_path[path]))
        if known is not None and known.hex() == line.digest and line.kind in (DigestKind.SHA256, DigestKind.EITHER):
            return Outcome.MATCHED
        kinds = (DigestKind.SHA256, DigestKind.SM3) if line.kind is DigestKind.EITHER else (line.kind,)
        try:
            found = _digests_of(self._files.root / path, kinds)
        except OSError:
            return Outcome.DIFFERS
        return Outcome.MATCHED if line.digest in found else Outcome.DIFFERS

    def _unlisted(self, listed: set[str]) -> None:
        """Files that no list names: pages and sheets alike, evidence not."""
        own = {path for path, _ in self._files.evidence}
        for path in self._files.by_path.keys() - listed - own:
            may = self._may_read(path)
            self._ledger.note(Outcome.UNLISTED if may else Outcome.WITHHELD, path if may else "")

    def _may_read(self, path: str) -> bool:
        """Whether the gate let these bytes pass, or they are no page."""
        passed = _facts(self._files.by_path[path]) in self._sealed
        return passed or not self._open_site or path in self._files.sheets

    def _may_name(self, listed: str) -> bool:
        """Whether a path that is not here may be named: none of its parts is the code of a classified row."""
        if not self._open_site:
            return True
        for part in listed.split("/"):
            row = catalogue.row_for(self._reading, match_key(part.rpartition(".")[0] or part))
            row = row or catalogue.row_for(self._reading, match_key(part))
            if row is not None and row.mark is not MarkKind.OPEN:
                return False
        return True

    def _found(self) -> dict[Total, dict[str, int]]:
        """What is there, counted in each way that a paper may mean."""
        own = {path for path, _ in self._files.evidence}
        content = [f.size for path, f in self._files.by_path.items() if path not in own | self._files.sheets]
        all_but = [f.size for path, f in self._files.by_path.items() if path not in own]
        whole = [f.size for f in self._files.by_path.values()]
        rows, _, _ = catalogue.delivery_rows(self._reading, self._held.name)
        sealed, pages, _ = records.delivery_totals(self._reading, self._held.name)
        levels = Counter(one.level for one in deliveries.sealed_records(self._reading, self._held.name))
        volumes = {key for one in deliveries.sealed_records(self._reading, self._held.name) if (key := _volume(one.reference_code))}
        return {
            Total.RECORDS: {"目录": rows, "已加封": sealed},
            Total.VOLUMES: {"已加封": levels[Level.VOLUME] or len(volumes)},
            Total.PAGES: {"已加封": pages, "图像等文件": len(content)},
            Total.FILES: {"图像等文件": len(content), "连同目录表": len(all_but), "全部文件": len(whole)},
            Total.BYTES: {"图像等文件": sum(content), "连同目录表": sum(all_but), "全部文件": sum(whole)},
        }


def _facts(file: FileStat) -> tuple[int, int, int]:
    """What tells a file from what it was."""
    return file.size, file.mtime_ns, file.inode


def _volume(code: str) -> str | None:
    """Match key of the volume that a code lies in."""
    parsed = parse(code)
    return None if isinstance(parsed, CodeProblem) else volume_key(parsed)


def _careful(path: str, flags: int) -> int:
    """Open a file of a contractor's disk: no link is followed, no pipe waited for."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _digests_of(path: Path, kinds: tuple[DigestKind, ...]) -> set[str]:
    """Digests of a file, read once."""
    running = [hashlib.new(str(kind), usedforsecurity=False) for kind in kinds]
    with open(path, "rb", opener=_careful) as source:
        while piece := source.read(1 << 20):
            for one in running:
                one.update(piece)
    return {one.hexdigest() for one in running}


def shown(report: EvidenceReport) -> Iterator[str]:
    """A report in a few lines for the terminal."""
    counted = "，".join(f"{kind.label} {report.counts[kind]}" for kind in Outcome if report.counts.get(kind))
    yield f"证据文件 {len(report.files)} 个" + (f"：{counted}" if counted else "")
    yield from (f"  {file.path}：{file.fault or f'{file.lines} 行'}" for file in report.files)
    yield from (f"  {'相符' if check.agrees else '不符'}  {check.sentence}" for check in report.totals)
    yield from (f"  {mark.outcome.label}  {mark.path}" for mark in report.marks[:20])
