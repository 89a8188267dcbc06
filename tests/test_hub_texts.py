"""Texts of pages on their way to a real hub: shown there, found again after every accident, gone with their record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from city import City
from msgspec.structs import replace
from page_readers import Desk, text_of
from test_faults import A, B, drop

from holdings import page_text, records, tally, text_store
from holdings.page_text import PageText, TextLine
from holdings.record import RecordId
from holdings.text_item import DerivedText
from hub import opened, texts
from node.reading import Reading
from node.service import Service
from sync import log
from sync.receipt import Grade
from sync.sandbox import Sandbox


@pytest.fixture
def city(tmp_path: Path, sandbox: Sandbox) -> Iterator[City]:
    """A hub and its node, with two receipted records of two pages."""
    made = City(tmp_path, sandbox).open_hub().join()
    drop(made, A, B)
    made.run()
    yield made
    made.close()


def read(city: City, desk: Desk | None = None) -> None:
    """Read everything at the node and send it."""
    with city.work.opened() as engine:
        Reading(engine, (desk or Desk()).make, lambda: "").run(lambda: False, always=True, ship_all=True)
        engine.run(settle_s=0.0, intake=False, wait_grade=Grade.R1)
    city.hub.folded()


def shown(city: City, code: str = A) -> list[str]:
    """Texts of a record's files as the hub shows them."""
    return [page["text"] for page in city.hub.hub.desk.call("show", ref=code)["pages"]]


def wanted(city: City, code: str = A) -> list[str]:
    """What stands on the pages in the scan folder."""
    return [text_of(path.read_bytes()) for path in sorted((city.work.scans.root / code).iterdir())]


def counted(city: City) -> int:
    """Pages with text, as the hub counts them."""
    return tally.read(city.hub.hub.home.holdings.read(), tally.Count.TEXT_PAGES, "和平区")


def test_texts_arrive_and_are_receipted(city: City) -> None:
    """What the node read is shown at the hub, without an exception; sending it again sends nothing."""
    read(city)
    assert shown(city) == wanted(city)
    assert shown(city, B) == wanted(city, B)
    assert counted(city) == city.hub.hub.desk.call("status")["text_pages"] == 4
    city.run(intake=False)
    assert city.receipted(Grade.R4) == city.receipted() == list(range(1, city.head() + 1))
    head = city.head()
    read(city)
    assert city.head() == head
    assert city.complaints() == []


def test_a_correction_arrives_and_outranks_every_engine(city: City) -> None:
    """A person's text goes before what engines read, before and after, at the node and at the hub, and keeps its history; who lags behind is refused."""
    read(city)
    with city.work.opened() as engine:
        service = Service(engine)
        assert service.reading_correct(A, "2", "更正后的\n第二页", "张三")["revision"] == 1
        assert service.reading_correct(A, "2", "再次更正", "李四", seen=1)["revision"] == 2
        with pytest.raises(Exception, match="已有第 2 次校对"):
            service.reading_correct(A, "2", "来晚了", "王五", seen=1)
        page = service.reading_show(A, "2")["page"]
        assert (page["text"], page["by"], [one["revision"] for one in page["history"]]) == (
            "再次更正",
            "李四",
            [2, 1, 0],
        )
        name = page["file"]
        assert service.show(A)["pages"][1]["text"] == "再次更正"
    read(city)
    assert shown(city) == [wanted(city)[0], "再次更正"]
    assert counted(city) == 4
    holdings = city.hub.hub.home.holdings.read()
    [record] = [one for one in records.walk(holdings) if one.reference_code == A]
    kept = [one for one in text_store.of_record(holdings, record.number) if one.revision]
    assert [(one.person, one.text) for one in kept] == [("李四", "再次更正")]
    assert name == sorted(path.name for path in (city.work.scans.root / A).iterdir())[1]


def test_a_new_version_hides_and_a_void_record_forgets(city: City) -> None:
    """Text of a page that was scanned again is found no more, nothing of a withdrawn delivery's text stays."""
    read(city)
    city.work.scans.put(A, {"0002.jpg": (city.work.scans.root / B / "0001.jpg").read_bytes()})
    city.run()
    read(city)
    assert shown(city) == wanted(city)
    holdings = city.hub.hub.home.holdings.read()
    [record] = [one for one in records.walk(holdings) if one.reference_code == A]
    assert sorted(text_store.texts(holdings, record.number)) == sorted(wanted(city))
    with city.work.opened() as engine:
        assert Service(engine).delivery_withdraw("扫描", "王秀英", "别馆的，误投")["voided"] == 2
        assert not text_store.any_kept(engine.home.database.read())
    city.run(intake=False)
    city.hub.folded()
    assert not text_store.any_kept(city.hub.hub.home.holdings.read())
    assert counted(city) == 0


def test_what_fits_no_version_is_refused_and_the_same_again_changes_nothing(city: City) -> None:
    """Text about parts that the version does not list is an exception; a text folded twice leaves the store as it was."""
    read(city)
    home = city.hub.hub.home
    [own] = log.logs(home.front.read(), log.Role.NODE)
    reading = home.holdings.read()
    [record] = [one for one in records.walk(reading) if one.reference_code == A]
    first = opened.pages(reading, own.log_id, record.id, 1)[0].sha256
    body = page_text.encode(PageText("later", "2", 0, 0, lines=(TextLine("后来识读"),)))
    good = DerivedText(RecordId(record.id), 1, "later/2", {}, {first: {0: body}}, 1 << 40)

    def state() -> list[Any]:
        return list(text_store.of_record(home.holdings.read(), record.number, every=True))

    with home.holdings.transaction() as connection:
        assert not texts.bring(connection, own.log_id, "和平区", replace(good, pages={bytes(32): {0: body}}))
        assert not texts.bring(connection, own.log_id, "和平区", replace(good, version=2))
        assert not texts.bring(connection, own.log_id, "和平区", replace(good, record=RecordId(bytes(16))))
        assert texts.bring(connection, own.log_id, "和平区", good)
    once = state()
    assert "后来识读" in shown(city)
    with home.holdings.transaction() as connection:
        assert texts.bring(connection, own.log_id, "和平区", good)
    assert state() == once


def test_destroyed_pages_keep_no_text(city: City) -> None:
    """Two persons who destroy a version's files destroy what was read of them."""
    read(city)
    home = city.hub.hub.home
    [own] = log.logs(home.front.read(), log.Role.NODE)
    [record] = [one for one in records.walk(home.holdings.read()) if one.reference_code == A]
    city.hub.hub.vault.destroy(own.log_id, bytes(record.id), 1, ("张三", "李四"), "到期")
    assert list(text_store.of_record(home.holdings.read(), record.number, every=True)) == []
    assert counted(city) == 2
