"""What is looked at before a record is sealed: its files' headers, page counts, names; full decoding is the vault's (R4), at low priority.

Errors hold the record, warnings and hints are said beside it; what a person waived is passed over.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import unicodedata
from collections.abc import Iterator

from msgspec import Struct

from holdings import media
from holdings.file_name import extension
from holdings.findings import Finding, FindingCode, Severity
from holdings.layout_words import Role, Use, vocabulary
from holdings.media import Probe
from holdings.page_rule import Image, count
from holdings.profile import PLAIN
from holdings.readiness import Scanning, finished, order_pages, readiness
from holdings.record import page_count
from node.folders import FolderState
from node.job import Job, vanished
from node.record_files import RecordFiles
from node.walk import FileStat
from sync.errors import SandboxError, SourceEnded
from sync.sandbox import InFile, Sandbox

COUNT_BYTES_MAX = 256 << 20
"""Documents above this are sealed without counting their pages."""
_COUNTED = (media.PDF, media.OFD, media.DOCX)


class Checked(Struct, frozen=True):
    """What the look at a record's files says: pages by the page-count rule, findings, and the state it must wait in (None: seal)."""

    pages: int
    findings: tuple[Finding, ...]
    wait: FolderState | None


class FileGone(Exception):
    """A file vanished or changed between scan and check: the folder settles anew."""


def check(job: Job, files: RecordFiles, sandbox: Sandbox, now_s: float) -> Checked:
    """Check the files of a job, and keep them open for sealing.

    Raises:
        FileGone: settle anew.
    """
    rule = job.profile.ready
    newest = max(f.mtime_ns for f in job.files) / 1e9
    done = finished(rule, age_s=now_s - newest, marked=job.marked, submitted=job.submitted)
    if done is False:
        # Somebody will say when it is finished: until then nothing of it is opened (扫描中).
        return Checked(0, job.odd, FolderState.SCANNING)
    findings = [*job.odd, *_twins(job)]
    images: list[Image] = []
    for index, file in enumerate(job.files):
        image, found = _image(job, files, index, file, sandbox)
        images.append(image)
        findings += found
    findings += _vanished(job)
    findings += _order(job)
    findings += _representations(job, images)
    pages, counts = _counted(job, images)
    standing = [f for f in findings if (f.code, f.path) not in job.waived]
    stops = [f for f in standing if (f.code.severity is Severity.ERROR and f.code not in _SAID) or f.code in _ASKS]
    if stops:
        return Checked(pages, tuple(standing), FolderState.QUARANTINED)
    declared = page_count(job.cleared.description)
    if declared is None and job.expected is not None:
        declared, counts = job.expected, [image.pages for i in _primary(job) if (image := images[i]).role is Role.BODY]
    state = readiness(declared, counts, quiet=bool(done))
    if isinstance(state, Scanning) and (FindingCode.PAGE_COUNT_DIFFERS, job.path) not in job.waived:
        if done:
            ref = job.cleared.description.reference_code
            detail = f"目录 {state.declared} 页，实有 {state.found} 页"
            standing.append(Finding(FindingCode.PAGE_COUNT_DIFFERS, job.subject, job.path, ref, detail))
        return Checked(pages, tuple(standing), FolderState.SCANNING)
    return Checked(pages, tuple(standing), None)


def _primary(job: Job) -> list[int]:
    """Positions of the files of the one representation that pages are counted by: 存档件, else the next."""
    if not job.uses:
        return list(range(len(job.files)))
    first = min(job.uses)
    return [index for index, use in enumerate(job.uses) if use == first]


def _counted(job: Job, images: list[Image]) -> tuple[int, list[int | None]]:
    """(pages for the tallies, counts for readiness) by the profile's page-count rule 页数口径."""
    chosen = [images[index] for index in _primary(job)]
    if job.whole:
        return 1, [None]
    if job.profile.pages == PLAIN.pages and not job.roles:
        counts = [image.pages for image in chosen]
        return sum(c if c is not None else 1 for c in counts), counts
    found = count(chosen, job.profile.pages)
    return found if found is not None else len(chosen), [found]


def _representations(job: Job, images: list[Image]) -> Iterator[Finding]:
    """Counts of the representations of one record are compared with each other; thumbnails are not."""
    if not job.uses or not job.profile.representations.equal:
        return
    sums: dict[Use, int | None] = {}
    for index, image in enumerate(images):
        use = Use(job.uses[index])
        if use is not Use.THUMBNAIL and image.role is not Role.CAPTION:
            known = sums.get(use, 0)
            sums[use] = None if known is None or image.pages is None else known + image.pages
    if len({n for n in sums.values() if n is not None}) > 1:
        detail = "，".join(f"{use.label} {n} 页" for use, n in sorted(sums.items()) if n is not None)
        ref = job.cleared.description.reference_code
        yield Finding(FindingCode.REPRESENTATION_DIFFERS, job.subject, job.path, ref, detail)


def _image(job: Job, files: RecordFiles, index: int, file: FileStat, sandbox: Sandbox) -> tuple[Image, list[Finding]]:
    """One file as the page-count rule sees it, and what is wrong with it."""
    role = Role(job.roles[index]) if job.roles else Role.BODY
    label = job.labels[index] if job.labels else file.name
    if not file.inode and file.name in job.known:
        # A part that stays where only an override came: it was looked at when it was sealed.
        single = vocabulary().use_of_ending(file.name) in (Use.MASTER, Use.ACCESS)
        return Image(label, role, 1 if single else None), []
    pages, found, area = _file(job, files, file, sandbox)
    if extension(file.name) in RAW:
        pages = 1
    if job.whole:
        found = [f for f in found if f.code is not FindingCode.TYPE_UNKNOWN]
    return Image(label, role, pages, area), found


_SAID = {FindingCode.SYMLINK, FindingCode.NOT_A_FILE}
"""Errors of things that are not pages: they are refused and said, and hold nothing else up."""
_ASKS = {FindingCode.PAGE_VANISHED}


RAW = frozenset({"cr2", "cr3", "nef", "arw", "dng", "raf", "orf", "rw2"})
"""Cameras' own formats: one picture, whatever directories of previews they hold."""


def _file(job: Job, files: RecordFiles, file: FileStat, sandbox: Sandbox) -> tuple[int | None, list[Finding], int]:
    path, ref = job.path_of(file), job.cleared.description.reference_code

    def found(code: FindingCode, detail: str = "") -> Finding:
        return Finding(code, job.subject, path, ref, detail)

    if len(file.name.encode()) > 1024:
        return 1, [found(FindingCode.NAME_TOO_LONG)], 0
    try:
        descriptor = files.open(file)
    except FileNotFoundError as fault:
        raise FileGone(file.name) from fault
    except OSError:
        return 1, [found(FindingCode.UNREADABLE)], 0
    try:
        seen = media.probe(file.name, file.size, lambda offset, length: os.pread(descriptor, length, offset))
        if seen.problem is not None:
            return seen.pages or 1, [found(seen.problem)], 0
        findings = [found(FindingCode.EXTENSION_DIFFERS, seen.media_type)] if seen.extension_differs else []
        count, faults = _count(descriptor, file, seen, sandbox)
        area = (seen.width or 0) * (seen.height or 0)
        return count, findings + [found(code, detail) for code, detail in faults], area
    except OSError:
        return 1, [found(FindingCode.UNREADABLE)], 0
    finally:
        files.keep(file, descriptor)


def _count(
    descriptor: int, file: FileStat, seen: Probe, sandbox: Sandbox
) -> tuple[int | None, list[tuple[FindingCode, str]]]:
    if seen.media_type not in _COUNTED:
        return seen.pages, []
    if file.size > COUNT_BYTES_MAX:
        return None, []
    try:
        text = sandbox.call("holdings.media_pages:count_pages", InFile(descriptor, file.size), seen.media_type)
    except SourceEnded as fault:
        raise FileGone(file.name) from fault
    except SandboxError as fault:
        code = FindingCode.BOMB if "炸弹" in str(fault) or "体积" in str(fault) else FindingCode.UNREADABLE
        return 1, [(code, str(fault))]
    return (int(text), []) if text.isdigit() else (None, [])


def _twins(job: Job) -> Iterator[Finding]:
    """Names that fall together on other systems (NFC/NFD, letter case): one of the two would be lost there."""
    seen: dict[str, str] = {}
    for file in job.files:
        folded = unicodedata.normalize("NFC", file.name).casefold()
        if folded in seen:
            ref = job.cleared.description.reference_code
            yield Finding(FindingCode.NAME_TWIN, job.subject, job.path_of(file), ref, seen[folded])
        seen.setdefault(folded, file.name)


def _order(job: Job) -> Iterator[Finding]:
    """Missing and repeated page numbers of one representation; of one object and of photographs nothing is asked."""
    if job.whole:
        return
    pages = [i for i in _primary(job) if not job.roles or not job.roles[i]]
    kind = job.profile.layout.kind
    # Where the name is the code, its numbers are no page numbers.
    named = (
        job.labels[i] if job.labels else job.files[i].name
        for i in pages
        if kind != "files" or (job.labels and job.labels[i] != posixpath.basename(job.files[i].place))
    )
    # Two spellings of one name are told of as twins already.
    names = {unicodedata.normalize("NFC", name).casefold(): name for name in named}.values()
    order = order_pages(names, leading=kind not in ("volumes", "rows"))
    for code, numbers, word in (
        (FindingCode.PAGE_MISSING, order.gaps, "缺"),
        (FindingCode.PAGE_REPEATED, order.repeats, "重"),
    ):
        if numbers:
            detail = f"{word} " + "、".join(str(n) for n in numbers[:20])
            yield Finding(code, job.subject, job.path, job.cleared.description.reference_code, detail)


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
                vanished(job.version - 1),
            )


def _digest(job: Job, file: FileStat) -> bytes:
    try:
        with open(os.path.join(job.root, file.place or file.name), "rb") as source:
            return hashlib.file_digest(source, "sha256").digest()
    except OSError as fault:
        raise FileGone(file.name) from fault
