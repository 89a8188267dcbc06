"""What is looked at before a record is sealed: its files' headers, page counts, names; full decoding is the vault's (R4), at low priority.

Errors hold the record, warnings and hints are said beside it; what a person waived is passed over.
"""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from holdings import media
from holdings.findings import Finding, FindingCode, Severity
from holdings.media import Probe
from holdings.readiness import Scanning, order_pages, readiness
from holdings.record import page_count
from node.folders import STALE_S, FolderState
from node.job import Job
from node.walk import FileStat
from sync.errors import SandboxError
from sync.sandbox import Sandbox, Streamed

COUNT_BYTES_MAX = 256 << 20
"""Documents above this are sealed without counting their pages."""
_COUNTED = (media.PDF, media.OFD, media.DOCX)


@dataclass(frozen=True, slots=True)
class Checked:
    """What the look at a record's files says: pages by the page-count rule, findings, and the state it must wait in (None: seal)."""

    pages: int
    findings: tuple[Finding, ...]
    wait: FolderState | None


class FileGone(Exception):
    """A file vanished or changed between scan and check: the folder settles anew."""


def check(job: Job, sandbox: Sandbox, now_s: float) -> Checked:
    """Check the files of a job.

    Raises:
        FileGone: settle anew.
    """
    findings = [*job.odd, *_twins(job)]
    counts: list[int | None] = []
    for file in job.files:
        count, found = _file(job, file, sandbox)
        counts.append(count)
        findings += found
    findings += _vanished(job)
    findings += _order(job)
    pages = sum(c if c is not None else 1 for c in counts)
    standing = [f for f in findings if (f.code, f.path) not in job.waived]
    stops = [f for f in standing if (f.code.severity is Severity.ERROR and f.code not in _SAID) or f.code in _ASKS]
    if stops:
        return Checked(pages, tuple(standing), FolderState.QUARANTINED)
    newest = max(f.mtime_ns for f in job.files) / 1e9
    # A station's clock may run ahead of ours; a change a day in the future is a clock gone wrong, and no sign of life.
    quiet = abs(now_s - newest) >= STALE_S
    state = readiness(page_count(job.cleared.description), counts, quiet=quiet)
    if isinstance(state, Scanning) and (FindingCode.PAGE_COUNT_DIFFERS, job.path) not in job.waived:
        if quiet:
            ref = job.cleared.description.reference_code
            detail = f"目录 {state.declared} 页，实有 {state.found} 页"
            standing.append(Finding(FindingCode.PAGE_COUNT_DIFFERS, job.subject, job.path, ref, detail))
        return Checked(pages, tuple(standing), FolderState.SCANNING)
    return Checked(pages, tuple(standing), None)


_SAID = {FindingCode.SYMLINK, FindingCode.NOT_A_FILE}
"""Errors of things that are not pages: they are refused and said, and hold nothing else up."""
_ASKS = {FindingCode.PAGE_VANISHED}


def _file(job: Job, file: FileStat, sandbox: Sandbox) -> tuple[int | None, list[Finding]]:
    path, ref = f"{job.path}/{file.name}", job.cleared.description.reference_code

    def found(code: FindingCode, detail: str = "") -> Finding:
        return Finding(code, job.subject, path, ref, detail)

    if len(file.name.encode()) > 1024:
        return 1, [found(FindingCode.NAME_TOO_LONG)]
    try:
        descriptor = os.open(
            os.path.join(job.root, file.name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        )
    except FileNotFoundError as fault:
        raise FileGone(file.name) from fault
    except OSError:
        return 1, [found(FindingCode.UNREADABLE)]
    try:
        seen = media.probe(file.name, file.size, lambda offset, length: os.pread(descriptor, length, offset))
        if seen.problem is not None:
            return seen.pages or 1, [found(seen.problem)]
        findings = [found(FindingCode.EXTENSION_DIFFERS, seen.media_type)] if seen.extension_differs else []
        count, faults = _count(descriptor, file, seen, sandbox)
        return count, findings + [found(code, detail) for code, detail in faults]
    except OSError:
        return 1, [found(FindingCode.UNREADABLE)]
    finally:
        os.close(descriptor)


def _count(
    descriptor: int, file: FileStat, seen: Probe, sandbox: Sandbox
) -> tuple[int | None, list[tuple[FindingCode, str]]]:
    if seen.media_type not in _COUNTED:
        return seen.pages, []
    if file.size > COUNT_BYTES_MAX:
        return None, []
    try:
        text = sandbox.call(
            "holdings.media_pages:count_pages", Streamed(file.size, _pieces(descriptor, file)), seen.media_type
        )
    except SandboxError as fault:
        code = FindingCode.BOMB if "炸弹" in str(fault) or "体积" in str(fault) else FindingCode.UNREADABLE
        return 1, [(code, str(fault))]
    return (int(text), []) if text.isdigit() else (None, [])


def _pieces(descriptor: int, file: FileStat) -> Iterator[bytes]:
    """The file in pieces of up to 1 MiB, so that a thick PDF never lies whole in this process; FileGone when it has become shorter."""
    offset = 0
    while offset < file.size:
        piece = os.pread(descriptor, min(1 << 20, file.size - offset), offset)
        if not piece:
            raise FileGone(file.name)
        yield piece
        offset += len(piece)


def _twins(job: Job) -> Iterator[Finding]:
    """Names that fall together on other systems (NFC/NFD, letter case): one of the two would be lost there."""
    seen: dict[str, str] = {}
    for file in job.files:
        folded = unicodedata.normalize("NFC", file.name).casefold()
        if folded in seen:
            ref = job.cleared.description.reference_code
            yield Finding(FindingCode.NAME_TWIN, job.subject, f"{job.path}/{file.name}", ref, seen[folded])
        seen.setdefault(folded, file.name)


def _order(job: Job) -> Iterator[Finding]:
    gaps = order_pages([f.name for f in job.files]).gaps
    if gaps:
        detail = "缺 " + "、".join(str(n) for n in gaps[:20])
        yield Finding(FindingCode.PAGE_MISSING, job.subject, job.path, job.cleared.description.reference_code, detail)


def _vanished(job: Job) -> Iterator[Finding]:
    """Pages of the current version that are there under no name any more; a renamed page is found by its digest."""
    names = {f.name for f in job.files}
    gone = [p for p in job.parts if p.name not in names]
    if not gone:
        return
    fresh = {_digest(job, f) for f in job.files if f.name not in job.known and any(f.size == p.size for p in gone)}
    for part in gone:
        if part.sha256 not in fresh:
            yield Finding(
                FindingCode.PAGE_VANISHED,
                job.subject,
                f"{job.path}/{part.name}",
                job.cleared.description.reference_code,
            )


def _digest(job: Job, file: FileStat) -> bytes:
    try:
        with open(os.path.join(job.root, file.name), "rb") as source:
            return hashlib.file_digest(source, "sha256").digest()
    except OSError as fault:
        raise FileGone(file.name) from fault
