"""The flow of reading at a node: every page once, page by page, at low priority, and away again when its record may not be shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from node_at_work import NodeAtWork, make
from page_readers import Desk, text_of
from scan_tree import page

from holdings import page_text, records, text_store
from holdings.text_item import decode_text
from node import reading_queue as queue
from node.engine import Engine
from node.reading import Reading, ReadingCounts
from node.reading_queue import Figure, PartState
from sync import log
from sync.delta import open_manifest
from sync.entry import EntryKind
from sync.manifest import ItemKind, read_delta
from sync.sandbox import Sandbox

A, B = "A001-WS-1983-Y-0001", "A001-WS-1983-Y-0002"


@pytest.fixture
def node(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A home without a hub."""
    made = make(tmp_path, sandbox)
    site = made.path / "site"
    site.mkdir()
    (site / "reading.toml").write_text("workers = 2\n", "utf-8")
    return made


def read(engine: Engine, desk: Desk, **more: object) -> ReadingCounts:
    """Read everything, and put it into a delta."""
    given = {"always": True, "ship_all": True, **more}
    return Reading(engine, desk.make, lambda: "").run(lambda: False, **given)  # type: ignore[arg-type]


def texts(engine: Engine, code: str) -> list[str]:
    """What readers see of a record, sorted."""
    reading = engine.home.database.read()
    return sorted(text_store.texts(reading, records.resolve(reading, code).number))


def travelled(engine: Engine) -> list[tuple[str, int, str]]:
    """(code of the record, page, text) of every page text in the log, in order."""
    reading, found = engine.home.database.read(), []
    for entry in log.walk(reading, engine.home.identity.log.log_id):
        if entry.kind is not EntryKind.DELTA:
            continue
        name, length = read_delta(entry.body).manifest
        for item in open_manifest(engine.home.objects.read(name, 0, length), engine.home.secrets.identity).items:
            if item.kind is ItemKind.TEXT:
                said = decode_text(item.body)
                record = records.by_id(reading, said.record)
                assert record is not None
                found += [
                    (record.reference_code, n, page_text.decode(data).text)
                    for pages in said.pages.values()
                    for n, data in pages.items()
                ]
    return found


def test_every_page_is_read_once_and_travels_once(node: NodeAtWork) -> None:
    """Pages of all records are read, stored, counted and put into one delta; a second run finds nothing to do; equal bytes are read once."""
    files = node.scans.delivery({A: 3, B: 2})
    node.scans.put(B, {"0003.jpg": files[A]["0001.jpg"]})
    node.scans.rows({A: {"页数": "3"}, B: {"页数": "3"}})
    node.intake()
    desk = Desk()
    with node.opened() as engine:
        counts = read(engine, desk)
        assert (counts.pages, counts.failed, counts.reused, counts.shipped, counts.waiting) == (5, 0, 1, 6, False)
        assert len(desk.read) == 5
        assert texts(engine, A) == sorted(text_of(data) for data in files[A].values())
        assert len(texts(engine, B)) == 3
        sent = travelled(engine)
        assert len(sent) == len(set(sent)) == 6
        reading = engine.home.database.read()
        assert [queue.figure(reading, one) for one in (Figure.WAITING, Figure.READ, Figure.FAILED, Figure.OUTBOX)] == [
            0,
            5,
            0,
            0,
        ]
        again = read(engine, desk)
        assert (again.pages, again.shipped, len(desk.read)) == (0, 0, 5)
        assert travelled(engine) == sent


def test_a_deadly_page_costs_itself_alone(node: NodeAtWork) -> None:
    """A page at which the engine dies twice is listed with its reason; all others, of the same file too, are read; one death alone costs nothing."""
    node.scans.delivery({A: 2})
    node.intake()
    desk = Desk(pages={"0001.jpg": 5}, deadly={("0001.jpg", 2): 2, ("0002.jpg", 0): 1})
    with node.opened() as engine:
        counts = read(engine, desk)
        assert (counts.pages, counts.failed) == (5, 1)
        assert sorted(desk.read) == [
            ("0001.jpg", 0),
            ("0001.jpg", 1),
            ("0001.jpg", 3),
            ("0001.jpg", 4),
            ("0002.jpg", 0),
        ]
        reading = engine.home.database.read()
        [fault] = queue.faults(reading, 10)
        assert (fault.page, fault.part.state, "意外退出" in fault.reason) == (2, PartState.READ, True)
        assert queue.figure(reading, Figure.FAILED) == 1
        with engine.home.database.transaction() as connection:
            assert queue.read_again(connection) == 1
        assert read(engine, desk).failed == 0
        assert len(texts(engine, A)) == 6


def test_a_file_that_cannot_be_opened_is_told(node: NodeAtWork) -> None:
    """A refused file is a failure with its reason; what kills the engine before anyone knows its pages is given up after a few."""
    node.scans.delivery({A: 2})
    node.intake()
    with node.opened() as engine:
        counts = read(
            engine, Desk(refused={"0001.jpg"}, deadly={("0002.jpg", n): 9 for n in range(9)}, pages={"0002.jpg": 9})
        )
        assert (counts.pages, counts.failed) == (0, 4)
        reading = engine.home.database.read()
        assert {one.state for one in queue.parts_of(reading, bytes(records.resolve(reading, A).id))} == {
            PartState.FAILED
        }
        assert {one.reason for one in queue.faults(reading, 9)} == {"文件打不开", "沙箱进程意外退出"}


@pytest.mark.parametrize("stop_after", [1, 3, 4])
def test_a_stop_at_any_page_loses_and_repeats_little(node: NodeAtWork, stop_after: int) -> None:
    """Stopped after any page, the next run goes on there: no page is lost, none is read twice but those that workers held."""
    node.scans.delivery({A: 3})
    node.intake()
    met: list[int] = []
    desk = Desk(pages={"0001.jpg": 4})
    with node.opened() as engine:
        stopped = Reading(engine, desk.make, lambda: "")
        desk.met = lambda name, number: met.append(number)
        stopped.run(lambda: len(met) >= stop_after, always=True)
    with node.opened() as engine:
        read(engine, desk)
        assert len(texts(engine, A)) == 6
        assert len(desk.read) <= 6 + 2
        assert len(travelled(engine)) == 6


def test_a_classified_record_leaves_no_text(node: NodeAtWork) -> None:
    """A row that turns out classified takes its text out of the store and the outbox at once, its pages are opened no more, and read again only when lifted."""
    node.scans.delivery({A: 2, B: 2})
    node.intake()
    desk = Desk()
    with node.opened() as engine:
        Reading(engine, desk.make, lambda: "").run(lambda: False, always=True, ship_all=False)
    said = {A: {"页数": "2", "密级": "机密"}, B: {"页数": "2"}}
    node.scans.rows(said)
    node.intake()
    with node.opened() as engine:
        assert texts(engine, A) == []
        read(engine, desk)
        assert texts(engine, A) == []
        reading = engine.home.database.read()
        assert {one.state for one in queue.parts_of(reading, bytes(records.resolve(reading, A).id))} == {PartState.HELD}
        assert queue.figure(reading, Figure.OUTBOX) == 0
    node.scans.rows({A: {"页数": "2"}, B: {"页数": "2"}})
    node.intake()
    with node.opened() as engine:
        read(engine, desk)
        assert len(texts(engine, A)) == 2


def test_a_page_scanned_again_is_read_and_the_old_one_is_found_no_more(node: NodeAtWork) -> None:
    """A new version reads its new page alone; text of the page that went is hidden."""
    node.scans.delivery({A: 2})
    node.intake()
    desk = Desk()
    with node.opened() as engine:
        read(engine, desk)
    fresh = page(77, "png")
    node.scans.put(A, {"0002.jpg": fresh})
    node.intake()
    with node.opened() as engine:
        counts = read(engine, desk)
        assert counts.pages == 1
        assert text_of(fresh) in texts(engine, A)
        assert len(texts(engine, A)) == 2


def test_nothing_is_begun_while_something_better_is_to_do(node: NodeAtWork, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paused, outside the hours, or while scans are taken in, nothing is read; the queue is filled all the same; an absent engine is a plain message."""
    node.scans.delivery({A: 1})
    node.intake()
    desk = Desk()
    with node.opened() as engine:
        work = Reading(engine, desk.make, lambda: "")
        with engine._intake_busy:
            assert work.run(lambda: False).pages == 0
        with engine._line_busy:
            assert not engine.is_busy, "a hub that does not answer keeps nobody waiting"
            engine.progress.sent(1)
            assert engine.is_busy
        with engine.home.database.transaction() as connection:
            queue.set_figure(connection, Figure.PAUSED, 1)
        assert read(engine, desk).pages == 0
        with engine.home.database.transaction() as connection:
            queue.set_figure(connection, Figure.PAUSED, 0)
        absent = Reading(engine, desk.make, lambda: "没有引擎").run(lambda: False)
        assert (absent.note, absent.waiting, desk.read) == ("没有引擎", False, [])
        assert queue.figure(engine.home.database.read(), Figure.WAITING) == 1
        assert read(engine, desk).pages == 1


def test_a_fault_of_ours_is_no_silence(node: NodeAtWork) -> None:
    """What nobody expected in a thread ends the run with that fault; what was read before is kept."""
    node.scans.delivery({A: 2})
    node.intake()

    def break_off(name: str, number: int) -> None:
        if number == 2:
            raise ZeroDivisionError

    with node.opened() as engine:
        with pytest.raises(ZeroDivisionError):
            read(engine, Desk(pages={"0001.jpg": 3, "0002.jpg": 2}, met=break_off))
        assert read(engine, Desk(pages={"0001.jpg": 3, "0002.jpg": 2})).failed == 0
        assert len(texts(engine, A)) == 5


HOURS = [("mon-sun 00:00-24:00", True), ("mon-sun 00:00-00:01", False)]


@pytest.mark.parametrize(("hours", "open_now"), HOURS)
def test_the_site_sets_the_hours(node: NodeAtWork, hours: str, open_now: bool) -> None:
    """Outside its hours the node reads only when a person asks."""
    (node.path / "site" / "reading.toml").write_text(f'hours = ["{hours}"]\n', "utf-8")
    node.clock.time = 1_700_050_000
    with node.opened() as engine:
        assert Reading(engine).in_hours() is open_now
