"""Closing deltas: in the order in which they filled, beside the threads that seal, each with the packs that it or an earlier one names."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from node_at_work import NodeAtWork, make

from node import deltas
from node.deltas import DeltaCloser
from node.engine import Engine
from node.intake import Intake
from node.job import Job, Sealed
from node.sealing import Sealing
from sync import limits, log, sealed
from sync.delta import open_manifest
from sync.entry import EntryKind
from sync.manifest import Part, read_delta
from sync.sandbox import Sandbox

PACK = 4096
Pack: TypeAlias = "tuple[bytes, int, list[tuple[bytes, Part]]]"
CODES = [f"J001-WS·2011·Y·BGS-{n:04d}" for n in range(1, 121)]


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node whose deliveries count as cleared by its profile."""
    return make(tmp_path, sandbox)


@pytest.fixture(autouse=True, params=["waited for", "stored beside"])
def storing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packs of a slow line, each waited for; packs that go to the device while the next one fills."""
    if request.param == "stored beside":
        monkeypatch.setattr(limits, "PACK_TARGET_BYTES", PACK)


class Recording(DeltaCloser):
    """Takes what is sealed and closes nothing: durable packs as `add_pack` has them, and records, in their order."""

    said: list[Pack | Sealed]

    def add_pack(self, name: bytes, length: int, parts: Iterable[tuple[bytes, Part]] = ()) -> None:
        """Note it."""
        self.said.append((name, length, list(parts)))

    def add(self, record: Sealed) -> None:
        """Note it."""
        self.said.append(record)


def closer_of(engine: Engine, work: NodeAtWork, may_sign: Callable[[], object], kind: type[DeltaCloser] = DeltaCloser) -> DeltaCloser:
    """A closer of deltas of few and small packs."""
    return kind(engine.home, work.clock.now, work.clock.state, lambda: None, may_sign, PACK)


def seal(engine: Engine, work: NodeAtWork, closer: DeltaCloser) -> None:
    """One walk, all of it sealed."""
    jobs: list[Job] = []
    Intake(engine.home, engine.sheets(), jobs.append, work.clock.now).run(0)
    sealing = Sealing(engine.home, closer, engine.sandbox, PACK, jpeg_xl=False, now=work.clock.now, read=lambda _: None)
    for job in jobs:
        sealing.submit(job)
    sealing.finish()


def sealed_by(engine: Engine, work: NodeAtWork) -> list[Pack | Sealed]:
    """What one walk seals, for a closer of the test's."""
    recording = closer_of(engine, work, lambda: None, Recording)
    assert isinstance(recording, Recording)
    recording.said = []
    seal(engine, work, recording)
    return recording.said


def packs_are_named_in_time(engine: Engine) -> bool:
    """Does every item's delta, or an earlier one, name the packs in which its parts lie?"""
    home, named = engine.home, set[bytes]()
    for entry in log.walk(home.database.read(), home.identity.log.log_id):
        if entry.kind is EntryKind.DELTA:
            body = read_delta(entry.body)
            named |= {name for name, _ in body.packs}
            content = open_manifest(home.objects.read(*body.manifest[:1], 0, body.manifest[1]), home.secrets.identity)
            if not all(s.pack in named for item in content.items for part in item.parts for s in part.segments):
                return False
    return True


class Stumbling:
    """A word to sign that fails the next so many times."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self) -> None:
        if self.left:
            self.left -= 1
            raise ConnectionError


def feed(closer: DeltaCloser, said: list[Pack | Sealed]) -> None:
    """Hand on what was sealed, over failures of signing."""
    for one in said:
        if isinstance(one, Sealed):
            try:
                closer.add(one)
            except ConnectionError:
                continue
        else:
            closer.add_pack(*one)


@pytest.mark.parametrize("failures", [0, 1, 2, 5])
def test_deltas_are_signed_in_the_order_in_which_they_filled(work: NodeAtWork, failures: int) -> None:
    """A delta that could not be signed is signed before all that filled after it; every record once, every pack named in time."""
    files = work.scans.delivery(dict.fromkeys(CODES, 1))
    with work.opened() as engine:
        said = sealed_by(engine, work)
        word = Stumbling(failures)
        closer = closer_of(engine, work, word)
        feed(closer, said)
        word.left = 0
        closer.close()
        assert closer.records == len(CODES)
        assert closer.deltas > 2
        assert packs_are_named_in_time(engine)
    order = [one.job.cleared.description.reference_code for one in said if isinstance(one, Sealed)]
    assert [version.code for version in work.versions()] == order
    assert work.current() == files


@pytest.mark.parametrize("bound", [1 << 20, 3 * PACK])
def test_what_no_delta_took_up_is_written_down(work: NodeAtWork, bound: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end, and whenever there is much of it, packs without their records are kept with their parts; with the records they wait no more."""
    monkeypatch.setattr(deltas, "REMEMBERED_BYTES", bound)
    files = work.scans.delivery(dict.fromkeys(CODES, 1))
    with work.opened() as engine:
        said, reading = sealed_by(engine, work), engine.home.database.read()
        packs = [one for one in said if not isinstance(one, Sealed)]
        records = [one for one in said if isinstance(one, Sealed)]
        first = closer_of(engine, work, lambda: None)
        for one in packs:
            first.add_pack(*one)
        assert bool(sealed.unclaimed(reading)) == (bound == 3 * PACK)
        first.close()
        first.remember()
        assert engine.home.head().seq == 0
        assert sorted(sealed.unclaimed(reading)) == sorted((name, length) for name, length, _ in packs)
        assert all(sealed.pending(reading, record.job.item_id) == list(record.parts) for record in records)
        second = closer_of(engine, work, lambda: None)
        for record in records:
            second.add(record)
        second.close()
        second.remember()
        assert sealed.unclaimed(reading) == []
        assert not any(sealed.pending(reading, record.job.item_id) for record in records)
        assert packs_are_named_in_time(engine)
    assert work.current() == files


@pytest.mark.parametrize("failures", [1, 3, 99])
def test_records_whose_delta_could_not_be_signed_are_written_down(work: NodeAtWork, failures: int) -> None:
    """Their parts wait, each once, and go when the records are signed by a later run."""
    files = work.scans.delivery(dict.fromkeys(CODES, 1))
    with work.opened() as engine:
        said, reading = sealed_by(engine, work), engine.home.database.read()
        first = closer_of(engine, work, Stumbling(failures))
        feed(first, said)
        first.remember()
        records = [one for one in said if isinstance(one, Sealed)]
        signed = {record.job.item_id for record in records if sealed.current(reading, record.job.item_id)}
        for record in records:
            assert sealed.pending(reading, record.job.item_id) == ([] if record.job.item_id in signed else list(record.parts))
        second = closer_of(engine, work, lambda: None)
        feed(second, [record for record in records if record.job.item_id not in signed])
        second.close()
        assert not any(sealed.pending(reading, record.job.item_id) for record in records)
        assert packs_are_named_in_time(engine)
    assert work.current() == files


def test_what_is_left_of_a_delta_goes_with_the_next(work: NodeAtWork) -> None:
    """A mark comes while two deltas wait: the record of the first is signed nowhere, and the second names the packs of both."""
    files = work.scans.delivery(dict.fromkeys(CODES, 1))
    with work.opened() as engine:
        said = sealed_by(engine, work)
        word = Stumbling(len(said))
        closer = closer_of(engine, work, word)
        feed(closer, said)
        assert engine.home.head().seq == 0
        first = next(one for one in said if isinstance(one, Sealed)).job.cleared.description.reference_code
        work.scans.rows({code: {"密级": "机密"} if code == first else {"页数": "1"} for code in CODES})
        engine.sheets().import_file("扫描", work.scans.root / "目录.csv", None)
        word.left = 0
        closer.close()
        assert closer.records == len(CODES) - 1
        assert packs_are_named_in_time(engine)
    assert work.current() == {code: kept for code, kept in files.items() if code != first}


def test_sealing_goes_on_while_a_delta_is_closed(work: NodeAtWork) -> None:
    """While the first delta waits for its signature the packs of the next ones become durable."""
    work.scans.delivery(dict.fromkeys(CODES, 1))
    enough, waited = threading.Event(), list[bool]()

    class Counting:
        """The objects of the home; tells when so many are durable that others than the first delta's are among them."""

        count = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(objects, name)

        def put(self, name: bytes, data: bytes | memoryview) -> None:
            """Store, and count."""
            objects.put(name, data)
            self.count += 1
            if self.count >= 5:
                enough.set()

    with work.opened() as engine:
        objects = engine.home.objects
        engine.home.objects = Counting()  # type: ignore[assignment]
        seal(engine, work, closer_of(engine, work, lambda: waited.append(enough.wait(20))))
        engine.home.objects = objects
        assert waited
        assert all(waited)
        assert packs_are_named_in_time(engine)
    assert len(work.versions()) == len(CODES)
