"""From judged folder to signed delta: sources that move while they are read, disks that refuse, clocks that jump, transforms that must come back."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from node_at_work import NodeAtWork, SetClock, findings, make
from scan_tree import page, pages

from crypto.digest import Algorithm, Sm3Policy
from node import settings, verification
from node.deltas import DeltaCloser
from node.engine import Engine
from node.errors import SealingFailed
from node.exit_code import of
from node.intake import Intake
from node.job import Job, Sealed
from node.record_files import RecordFiles
from node.sealer import WAITING_RECORDS, Sealer
from node.sealing import Sealing
from node.service import Service
from node.settings import Setting
from sync import limits, log, sealed
from sync.delta import open_manifest
from sync.errors import RolledBack, StoreFull
from sync.manifest import ItemKind, Transform, read_delta
from sync.sandbox import Sandbox

A, B = "J001-WS·2011·Y·BGS-0001", "J001-WS·2011·Y·BGS-0002"


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node whose deliveries count as cleared by its profile."""
    return make(tmp_path, sandbox)


class RunningClock(SetClock):
    """The real time, moved by so many seconds."""

    skip = 0.0

    def now(self) -> float:
        return time.time() + self.skip


def judged(engine: Engine, clock: SetClock) -> list[Job]:
    """One walk whose jobs are kept instead of sealed."""
    jobs: list[Job] = []
    Intake(engine.home, engine.sheets(), jobs.append, clock.now).run(0)
    return jobs


def seal(engine: Engine, jobs: list[Job], clock: SetClock, may_sign: Callable[[], object] = lambda: True) -> DeltaCloser:
    """Check and seal jobs as a run does."""
    closer = DeltaCloser(engine.home, clock.now, clock.state, lambda: None, may_sign)
    sealing = Sealing(engine.home, closer, engine.sandbox, 1 << 20, jpeg_xl=False, now=clock.now, read=lambda _: None)
    for job in jobs:
        sealing.submit(job)
    sealing.finish()
    return closer


def grow(path: Path) -> None:
    """The scanner goes on writing."""
    with open(path, "ab") as file:
        file.write(b"more\xff\xd9")


def rewrite(path: Path) -> None:
    """Other bytes of the same length."""
    path.write_bytes(bytes(reversed(path.read_bytes())))


@pytest.mark.parametrize("change", [Path.unlink, grow, rewrite, lambda p: os.truncate(p, 100)], ids=["vanishes", "grows", "is rewritten", "shrinks"])
def test_a_file_that_moves_between_look_and_reading_settles_anew(work: NodeAtWork, change: Callable[[Path], None]) -> None:
    """No version is made of a file that is not what was judged; once it stands still the record is sealed as it is then."""
    work.scans.delivery({A: 2, B: 1})
    moving = work.scans.root / A / "0002.jpg"
    with work.opened() as engine:
        jobs = judged(engine, work.clock)
        os.utime(moving, ns=(1, 1))
        change(moving)
        assert seal(engine, jobs, work.clock).records == 1
        assert engine.home.head().seq == 1
    good = {**pages(1, 1), "0002.jpg": page(88)}
    work.scans.put(A, {"0002.jpg": page(88)})
    work.intake()
    assert work.current()[A] == good
    assert work.findings() == []


def test_a_whole_folder_that_vanishes_in_between_is_no_error(work: NodeAtWork) -> None:
    """A folder taken away between look and reading holds nothing up and leaves no question."""
    work.scans.delivery({A: 2, B: 1})
    with work.opened() as engine:
        jobs = judged(engine, work.clock)
        (work.scans.root / A).rename(work.scans.root.with_name("away"))
        assert seal(engine, jobs, work.clock).records == 1
        engine.run(settle_s=0, send=False)
        assert findings(engine) == []
        assert not engine.unsettled()


def test_a_new_folder_waits_for_its_second_look(work: NodeAtWork) -> None:
    """Two equal looks too close together judge nothing; one a settle time later, when the change is old, does."""
    work.scans.rows({A: {"页数": "2"}})
    work.intake()
    work.scans.record(A, 2)
    for file in (work.scans.root / A).iterdir():
        os.utime(file, (work.clock.time, work.clock.time))
    jobs: list[Job] = []
    with work.opened() as engine:
        walk = Intake(engine.home, engine.sheets(), jobs.append, work.clock.now)
        for seconds, waiting in ((0.0, 1), (0.5, 1), (1.6, 1), (8.0, 0), (0.0, 0)):
            work.clock.time += seconds
            assert walk.run(2.0).waiting == waiting
    assert [job.subject for job in jobs] == [A]


def test_folders_of_all_ages_settle_in_one_run(work: NodeAtWork) -> None:
    """A record that settles later than another is sealed in the same run, and the first one is not sealed again meanwhile."""
    work.clock = RunningClock()
    work.scans.rows({A: {"页数": "2"}, B: {"页数": "1"}})
    work.intake()
    files = {A: work.scans.record(A, 2)}
    work.scans.set_age(time.time(), 3600)
    files[B] = work.scans.record(B, 1, 5)
    with work.opened() as engine:
        result = engine.run(settle_s=0.1, send=False)
    assert result.records == 2
    assert sorted((v.code, v.version) for v in work.versions()) == [(A, 1), (B, 1)]
    assert work.current() == files


def test_a_file_still_being_written_is_waited_for(work: NodeAtWork) -> None:
    """While a station writes, the run ends without a version; the record holds the last byte once it has stopped."""
    work.clock = RunningClock()
    work.scans.delivery({A: 1})
    growing, ended = work.scans.root / A / "0001.jpg", threading.Event()

    def write() -> None:
        while not ended.wait(0.02):
            grow(growing)

    station = threading.Thread(target=write)
    station.start()
    with work.opened() as engine:
        assert engine.run(settle_s=0.1, send=False).deltas == 0
        ended.set()
        station.join()
        engine.run(settle_s=0.1, send=False)
    assert work.current() == {A: {"0001.jpg": growing.read_bytes()}}
    assert len(work.versions()) == 1


@pytest.mark.parametrize("jump", [-20 * 365 * 86400.0, 20 * 365 * 86400.0], ids=["20 years back", "20 years ahead"])
def test_a_clock_that_jumps_loses_no_change(work: NodeAtWork, jump: float) -> None:
    """With the clock decades off, new pages and corrected rows still make versions, and jumping back changes nothing."""
    work.scans.delivery({A: 1})
    work.intake()
    work.clock.time += jump
    work.scans.put(A, {"0001.jpg": page(50)})
    work.intake()
    work.scans.rows({A: {"页数": "1", "题名": "更正"}})
    work.intake()
    work.clock.time -= jump
    work.scans.rows({A: {"页数": "1", "题名": "再更正"}})
    work.intake()
    assert [(v.version, v.elements["题名"]) for v in work.versions()] == [(1, f"关于{A}的通知"), (2, f"关于{A}的通知"), (3, "更正"), (4, "再更正")]
    assert work.intake().deltas == 0


class Refusing:
    """Objects whose disk is full for so many objects, after the first so many."""

    def __init__(self, objects: Any, times: int, after: int = 0) -> None:
        self._objects, self._left, self._after = objects, times, after

    def __getattr__(self, name: str) -> object:
        return getattr(self._objects, name)

    def put(self, name: bytes, data: bytes | memoryview) -> None:
        """Refuse, or store."""
        self._after -= 1
        if self._left and self._after < 0:
            self._left -= 1
            raise StoreFull("磁盘空间不足") from OSError(errno.ENOSPC, "No space left on device")
        self._objects.put(name, data)


def fail_by_full_disk(engine: Engine, times: int, after: int = 0) -> SealingFailed:
    """Run with small packs until the disk refuses so many objects, after the first so many; there is room again afterwards."""
    with engine.home.database.transaction() as connection:
        settings.write(connection, Setting.PACK_TARGET, 4096)
    objects = engine.home.objects
    engine.home.objects = Refusing(objects, times, after)  # type: ignore[assignment]
    with pytest.raises(SealingFailed) as caught:
        engine.run(settle_s=0, send=False)
    engine.home.objects = objects
    return caught.value


def test_a_full_disk_fails_the_run_and_leaves_nothing_half_done(work: NodeAtWork) -> None:
    """When a pack cannot be stored the run says so, no thread stays behind, and with room everything is sealed."""
    codes = {f"J001-WS·2011·Y·BGS-{n:04d}": 1 for n in range(1, 120)}
    files = work.scans.delivery(codes)
    with work.opened() as engine:
        fault = fail_by_full_disk(engine, 2)
        assert isinstance(fault.__cause__, StoreFull)
        assert of(fault) in (1, 3)
        assert not [t.name for t in threading.enumerate() if t.name.startswith(("seal", "store", "uplink", "send"))]
        engine.run(settle_s=0, send=False)
    assert work.current() == files


@pytest.mark.parametrize("beside", [False, True])
def test_what_was_sealed_before_the_disk_was_full_is_used(work: NodeAtWork, monkeypatch: pytest.MonkeyPatch, beside: bool) -> None:
    """Packs that no delta took up are written down when a run fails: none is called an orphan, and the next run seals no byte of them again."""
    monkeypatch.setattr(limits, "PACK_TARGET_BYTES", 4096 if beside else limits.PACK_TARGET_BYTES)
    codes = {f"J001-WS·2011·Y·BGS-{n:04d}": 1 for n in range(1, 120)}
    files = work.scans.delivery(codes)
    with work.opened() as engine:
        fail_by_full_disk(engine, 3, after=6)
        reading = engine.home.database.read()
        kept = dict(sealed.pack_names(reading))
        assert len(kept) >= 3
        assert set(kept) <= set(engine.home.objects.names())
        assert verification.doctor(engine.home, work.clock) == []
        engine.run(settle_s=0, send=False)
        packs = dict(sealed.pack_names(reading))
        assert kept.items() <= packs.items()
        plain = sum(len(data) for pages in files.values() for data in pages.values())
        assert plain < sum(packs.values()) < plain + 120 * 64
    assert work.current() == files


def test_no_more_than_so_many_records_wait_for_a_pack(work: NodeAtWork) -> None:
    """Small files do not pile up until they fill a pack: memory is flat in their number."""
    count = 2 * WAITING_RECORDS + 50
    files = work.scans.delivery({f"J001-WS·2011·Y·BGS-{n:04d}": 1 for n in range(1, count + 1)})
    waiting: Counter[bytes] = Counter()
    with work.opened() as engine, ThreadPoolExecutor(1) as storing:
        recorded: list[Sealed] = []
        sealer = Sealer(
            engine.home.objects, storing, 8 << 20, Sm3Policy.OFF, None,
            lambda outcome: recorded.append(outcome) if isinstance(outcome, Sealed) else None, lambda *_: None, lambda _: None,
        )  # fmt: skip
        for job in judged(engine, work.clock):
            sealer.seal(job, RecordFiles(job), 1, ())
        sealer.flush()
        for record in recorded:
            waiting.update({segment.pack for part in record.parts for segment in part.segments})
    assert len(recorded) == len(files)
    assert sorted(waiting.values()) == [50, WAITING_RECORDS, WAITING_RECORDS]


def test_a_stopped_node_signs_nothing(work: NodeAtWork) -> None:
    """Once the hub has said that this log is not the newest, intake ends with exit code 4 and the log stays as it is."""
    work.scans.delivery({A: 1})
    with work.opened() as engine:
        with engine.home.database.transaction() as connection:
            settings.write(connection, Setting.STOPPED, "ROLLED_BACK")
        before = engine.home.head()
        with pytest.raises((RolledBack, SealingFailed)) as caught:
            seal(engine, judged(engine, work.clock), work.clock)
        assert of(caught.value) == 4
        assert engine.home.head() == before


def test_signing_waits_for_the_word(work: NodeAtWork) -> None:
    """Not before `may_sign` returns is a delta signed: what the hub knows of our log comes first."""
    work.scans.delivery({A: 1})
    seen: list[int] = []
    with work.opened() as engine:
        seal(engine, judged(engine, work.clock), work.clock, lambda: seen.append(engine.home.head().seq))
        assert seen == [0]
        assert engine.home.head().seq == 1


def test_repeated_pages_and_empty_segments_come_back(work: NodeAtWork) -> None:
    """Equal pages under two names, a file of exactly one and of two segments, all come out as they are."""
    head, tail = page(1), b"\xff\xd9"
    one = head + bytes((8 << 20) - len(head) - 2) + tail
    files = {"0001.jpg": page(3), "0002.jpg": page(3), "0003.jpg": one, "0004.jpg": one[:-2] + bytes(8 << 20) + tail, "0005.txt": b"a" * (9 << 20)}
    work.scans.put(A, files)
    work.scans.rows({A: {"页数": "5"}})
    work.intake()
    assert work.current() == {A: files}


def test_jpeg_travels_as_jpeg_xl_and_comes_back_bit_for_bit(work: NodeAtWork) -> None:
    """With `transcode = always` JPEG pages are sealed as JPEG XL with their engine named, and restored exactly; others are left alone."""
    work.configure(transcode="always")
    files = {"0001.jpg": page(3, edge=600), "0002.png": page(4, "png")}
    work.scans.put(A, files)
    work.scans.rows({A: {"页数": "2"}})
    work.intake()
    assert work.current() == {A: files}
    with work.opened() as engine:
        record = engine.home.database.read().execute("SELECT id FROM record").fetchone()[0]
        parts = {p.name: p for p in sealed.current(engine.home.database.read(), record)}
    assert parts["0001.jpg"].transform is Transform.JXL_JPEG
    assert parts["0001.jpg"].engine
    assert parts["0002.png"].transform is Transform.STORE


@pytest.mark.parametrize("policy", ["always", "idle", "off"])
def test_sm3_by_policy(work: NodeAtWork, policy: str) -> None:
    """`always` puts SM3 beside SHA-256 in the part, `idle` adds it as a text item that names the part, `off` does neither."""
    work.configure(sm3=policy)
    data = work.scans.delivery({A: 1})[A]["0001.jpg"]
    work.intake()
    expected = hashlib.new("sm3", data).digest()
    with work.opened() as engine:
        deltas = [read_delta(e.body) for e in log.walk(engine.home.database.read(), engine.home.identity.log.log_id) if e.seq]
        sealed_manifests = [engine.home.objects.read(d.manifest[0], 0, d.manifest[1]) for d in deltas]
        items = [item for data in sealed_manifests for item in open_manifest(data, work.vault).items]
        assert engine.run(settle_s=0, send=False).deltas == 0
    [record] = [i for i in items if i.kind is ItemKind.RECORD]
    text = [i for i in items if i.kind is ItemKind.TEXT]
    assert record.parts[0].digests.get(Algorithm.SM3) == (expected if policy == "always" else None)
    assert [f"sm3:{expected.hex()}".encode() in i.body for i in text] == ([True] if policy == "idle" else [])


def test_the_summary_of_a_node_counts_what_was_sealed(work: NodeAtWork) -> None:
    """Status, search and show agree with what was dropped."""
    work.scans.delivery({A: 2, B: 3})
    work.intake()
    with work.opened() as engine:
        service = Service(engine)
        status, hits, shown = service.status(), service.search("通知"), service.show(A)
    assert (status["records"], status["pages"], status["pending_deltas"], status["deltas"]) == (2, 5, 1, 1)
    assert status["pending_bytes"] == status["bytes_stored"] > 0
    assert sorted(h["ref"] for h in hits["hits"]) == [A, B]
    assert [p["sha256"] for p in shown["pages"]] == [hashlib.sha256(d).hexdigest() for d in pages(2, 1).values()]
    assert [v["version"] for v in shown["versions"]] == [1]
