"""The hot path: read once, digest, transform, seal into a pack, write the pack durably (DESIGN §5). One thread that seals into one pack while the one
before goes to the device (decision 0030).

No bytes object stands between file and pack: `readv` fills one buffer, SHA-256 and the AEAD work on views of it and release the interpreter lock.
A pack is durable before anybody is told of it; it is written down with the delta that names it (node/deltas.py). A crash before that leaves a pack
file without a row, which recovery removes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future

from msgspec import Struct, field

from crypto.digest import Algorithm, Sm3Policy, digests_of, hasher
from holdings.findings import Finding, FindingCode
from node.folders import FolderState
from node.job import Job, Outcome, Sealed, Source, Stayed, Unsettled
from node.record_files import RecordFiles
from node.walk import FileStat
from sync import durable, limits, transform
from sync.manifest import Part, Segment, Transform
from sync.objects import ObjectStore
from sync.pack import PackBuffer, Placed
from sync.sandbox import Sandbox
from sync.transform import Transformed

SLOW_FIRST_BYTES, SLOW_REPEAT = (256 << 10, 512 << 10, 1 << 20), 4

WAITING_RECORDS = 256
"""Records that wait for one pack at most, about 10 KB each: small files alone would fill it with tens of thousands."""


class SourceChanged(Exception):
    """The file is not what was judged: other size, time or inode, or gone."""


class SourceUnreadable(Exception):
    """The file cannot be read (permission, device)."""


class _Draft(Struct):
    """A part whose segments may still lie in the pack that is being filled."""

    name: str
    size: int
    digests: dict[Algorithm, bytes]
    transform: Transform
    engine: str
    places: list[Placed | Segment] = field(default_factory=list)
    whole: bool = False
    packs: int = 0
    """Packs with segments of it that are not durable yet."""

    @property
    def durable(self) -> bool:
        return self.whole and not self.packs

    def part(self) -> Part:
        segments = tuple(p for p in self.places if isinstance(p, Segment))
        return Part(self.name, self.size, self.digests, self.transform, segments, self.engine)


class _Waiting(Struct):
    """A record that is read but whose last pack is not durable."""

    job: Job
    drafts: list[_Draft | Part]
    sources: tuple[Source, ...]
    pages: int
    findings: tuple[Finding, ...]


class _UnderWay(Struct):
    """A full pack on its way to the device, and what lies in it: (item id, part)."""

    pack: PackBuffer
    name: bytes
    drafts: list[tuple[bytes, _Draft]]
    stored: Future[None]


class Sealer:
    """Seals the records of one thread.

    Args:
        storing: where packs are written to the device.
        emit: told of every outcome; Sealed only when durable.
        claim: told of every durable pack (name, length) and the parts (item id, part) that are complete with it, before the records in it.
        jpeg_xl: sandbox for transcoding, or None to leave JPEG alone.
    """

    def __init__(
        self, objects: ObjectStore, storing: Executor, target: int, sm3: Sm3Policy, jpeg_xl: Sandbox | None,
        emit: Callable[[Outcome], None], claim: Callable[[bytes, int, list[tuple[bytes, Part]]], None], read: Callable[[int], None],
    ) -> None:  # fmt: skip
        self._objects, self._storing, self._sm3, self._jpeg_xl = objects, storing, sm3, jpeg_xl
        self._emit, self._claim, self._progress = emit, claim, read
        self._pack, self._next = (PackBuffer(durable.aligned_buffer(PackBuffer.capacity(target)), target) for _ in range(2))
        self._under_way: _UnderWay | None = None
        self._beside = target >= limits.PACK_TARGET_BYTES
        self._targets = targets(target)
        self._pack.target = next(self._targets)
        self._buffer = durable.aligned_buffer(limits.SEGMENT_BYTES)
        self._in_pack: list[tuple[bytes, _Draft]] = []
        self._waiting: list[_Waiting] = []
        self._records = 0
        """Records since the last pack was handed over."""

    def seal(self, job: Job, files: RecordFiles, pages: int, findings: tuple[Finding, ...]) -> None:
        """Seal what the record lacks and remember it until its packs are durable."""
        drafts: list[_Draft | Part] = []
        sources: list[Source] = []
        try:
            for file in job.files:
                part = job.known.get(file.name) or self._part(job, files, file)
                drafts.append(part)
                digest = part.sha256 if isinstance(part, Part) else part.digests[Algorithm.SHA256]
                sources.append(Source(file.name, file.size, file.mtime_ns, file.inode, digest))
        except SourceChanged:
            self._emit(Unsettled(job))
            return
        except SourceUnreadable as fault:
            named = next((f for f in job.files if f.name == fault.args[0]), None)
            where = job.path_of(named) if named else f"{job.path}/{fault.args[0]}"
            finding = Finding(FindingCode.UNREADABLE, job.path, where, job.cleared.description.reference_code)
            self._emit(Stayed(job, FolderState.QUARANTINED, (*findings, finding)))
            return
        if (
            job.body_unchanged
            and all(isinstance(d, Part) for d in drafts)
            and [_face(d) for d in drafts] == [_face(p) for p in job.parts]
        ):
            self._emit(Stayed(job, FolderState.SEALED, (*findings, *_repeated(job, sources)), tuple(sources)))
            return
        self._waiting.append(_Waiting(job, drafts, tuple(sources), pages, (*findings, *_repeated(job, sources))))
        self._records += 1
        if self._pack.full or self._records >= WAITING_RECORDS:
            self._hand_over()
        elif self._under_way is not None and self._under_way.stored.done():
            self.land()
        else:
            self._release()

    def flush(self) -> None:
        """Close the pack that is being filled, and let go of the records when it is durable."""
        self._hand_over()
        self.land()
        self._release()

    def _hand_over(self) -> None:
        """Send the pack that is being filled to the device, once the one before is there, and fill the other one."""
        self.land()
        self._records = 0
        if not self._pack.length:
            return
        pack, name = self._pack, self._pack.name()
        for _, draft in self._in_pack:
            draft.places = [p.in_pack(name) if isinstance(p, Placed) else p for p in draft.places]
        self._under_way = _UnderWay(pack, name, self._in_pack, self._storing.submit(self._objects.put, name, pack.view()))
        self._pack, self._in_pack = self._next, []
        self._pack.target = next(self._targets)
        if not self._beside:
            # On a slow line packs are small and the line waits for them: each is told of before the next page is transcoded.
            self.land()

    def land(self) -> None:
        """Wait until the pack that is under way is durable, if one is, and let go of the records that waited for it.

        Raises:
            StoreError: it could not be stored; it is under way no more.
        """
        done, self._under_way = self._under_way, None
        if done is None:
            return
        done.stored.result()
        # A crash here, and until the pack is written down, leaves it without a row: the next start removes it, the sources are sealed again.
        for _, draft in done.drafts:
            draft.packs -= 1
        self._claim(done.name, done.pack.length, [(item_id, draft.part()) for item_id, draft in done.drafts if draft.durable])
        done.pack.clear()
        self._next = done.pack
        self._release()

    def _release(self) -> None:
        kept = []
        for waiting in self._waiting:
            if all(isinstance(d, Part) or d.durable for d in waiting.drafts):
                parts = tuple(d if isinstance(d, Part) else d.part() for d in waiting.drafts)
                self._emit(Sealed(waiting.job, parts, waiting.sources, waiting.pages, waiting.findings))
            else:
                kept.append(waiting)
        self._waiting = kept

    def _part(self, job: Job, files: RecordFiles, file: FileStat) -> _Draft | Part:
        try:
            descriptor = files.open(file)
        except FileNotFoundError as fault:
            raise SourceChanged(file.name) from fault
        except OSError as fault:
            raise SourceUnreadable(file.name) from fault
        try:
            if file.size <= limits.SEGMENT_BYTES:
                part = self._small(job, file, descriptor)
            elif _unchanged(descriptor, file):
                part = self._large(job, file, descriptor)
            else:
                raise SourceChanged(file.name)
            if not _unchanged(descriptor, file):
                raise SourceChanged(file.name)
            return part
        except OSError as fault:
            raise SourceUnreadable(file.name) from fault
        finally:
            os.close(descriptor)

    def _small(self, job: Job, file: FileStat, descriptor: int) -> _Draft | Part:
        view = self._fill(descriptor, file.size, file.name)
        digests = digests_of(view, self._sm3)
        self._progress(file.size)
        if same := _again(job, file, digests[Algorithm.SHA256]):
            return same
        draft = _Draft(file.name, file.size, digests, Transform.STORE, "")
        if file.size:
            done = self._transformed(view)
            draft.transform, draft.engine = done.transform, done.engine
            self._place(job, draft, done.data)
        draft.whole = True
        return draft

    def _large(self, job: Job, file: FileStat, descriptor: int) -> _Draft | Part:
        digest = hasher(self._sm3)
        head = self._fill(descriptor, limits.SEGMENT_BYTES, file.name)
        chosen = transform.choose(head)
        draft = _Draft(file.name, file.size, {}, chosen, "")
        known = [p for p in (*job.parts, *job.pending) if p.size == file.size]
        if known and (same := _again(job, file, self._digest_alone(descriptor, file))):
            return same
        os.lseek(descriptor, 0, os.SEEK_SET)
        left = file.size
        while left:
            view = self._fill(descriptor, min(left, limits.SEGMENT_BYTES), file.name)
            digest.update(view)
            # One transform holds for the whole part: a segment that gains nothing is a zstd frame all the same.
            self._place(job, draft, transform.compress_always(view) if chosen is Transform.ZSTD else view)
            left -= len(view)
            self._progress(len(view))
        draft.digests = dict(digest.digests())
        draft.whole = True
        return draft

    def _digest_alone(self, descriptor: int, file: FileStat) -> bytes:
        os.lseek(descriptor, 0, os.SEEK_SET)
        digest, left = hasher(Sm3Policy.OFF), file.size
        while left:
            view = self._fill(descriptor, min(left, limits.SEGMENT_BYTES), file.name)
            digest.update(view)
            left -= len(view)
        return digest.digests().sha256

    def _transformed(self, view: memoryview) -> Transformed:
        if transform.is_jpeg(view):
            return (
                transform.transcode(view, self._jpeg_xl)
                if self._jpeg_xl is not None
                else Transformed(view, Transform.STORE)
            )
        if transform.choose(view) is Transform.ZSTD:
            return transform.compress(view)
        return Transformed(view, Transform.STORE)

    def _place(self, job: Job, draft: _Draft, data: bytes | memoryview) -> None:
        if not self._pack.room_for(len(data)):
            self._hand_over()
        draft.places.append(self._pack.append(data))
        if not self._in_pack or self._in_pack[-1][1] is not draft:
            self._in_pack.append((job.item_id, draft))
            draft.packs += 1

    def _fill(self, descriptor: int, size: int, name: str) -> memoryview:
        filled = 0
        while filled < size:
            got = os.readv(descriptor, [self._buffer[filled:size]])
            if not got:
                raise SourceChanged(name)
            filled += got
        return self._buffer[:size]


def targets(target: int) -> Iterator[int]:
    """Bytes of each pack in turn: on a slow line they begin small, so that even a little work fills every connection (decision 0004)."""
    if target < limits.PACK_TARGET_BYTES:
        for size in SLOW_FIRST_BYTES:
            for _ in range(SLOW_REPEAT):
                yield min(size, target)
    while True:
        yield target


def _repeated(job: Job, sources: list[Source]) -> Iterator[Finding]:
    """Two pages of one record with the same bytes (重页): said, not stopped; never between representations of one page."""
    first: dict[tuple[int, bytes], str] = {}
    if job.whole:
        return
    for index, source in enumerate(sources):
        image = (job.use_of(index), source.sha256)
        if image in first and source.size:
            ref = job.cleared.description.reference_code
            path = job.path_of(job.files[index])
            if (FindingCode.DUPLICATE_PAGE, path) not in job.waived:
                yield Finding(FindingCode.DUPLICATE_PAGE, job.subject, path, ref, first[image])
        first.setdefault(image, source.name)


def _unchanged(descriptor: int, file: FileStat) -> bool:
    facts = os.fstat(descriptor)
    return (facts.st_size, facts.st_mtime_ns, facts.st_ino) == (file.size, file.mtime_ns, file.inode)


def _face(part: Part | _Draft) -> tuple[str, bytes]:
    return part.name, part.digests[Algorithm.SHA256]


def _again(job: Job, file: FileStat, sha256: bytes) -> Part | None:
    """The part of this record that holds these very bytes already (touched, renamed or moved pages; work before a restart)."""
    for part in (*job.parts, *job.pending):
        if part.sha256 == sha256 and part.size == file.size:
            return Part(file.name, part.size, part.digests, part.transform, part.segments, part.engine)
    return None
