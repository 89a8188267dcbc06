"""Records in their versions: chains, folding, references, counters, search."""

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from msgspec.structs import replace

from holdings import catalogue, delivery, lineage, records, tally
from holdings.access import Access
from holdings.errors import AmbiguousReference, NotFound, VersionUnexpected
from holdings.record import Basis, Clearance, Description, Level, RecordId, Relation, RelationKind
from holdings.search import COUNT_CAP, search
from holdings.search_answer import SearchAnswer
from holdings.search_request import SearchRequest
from holdings.security import SiteClass
from holdings.sheet import decode_parsed, parse_in_sandbox
from sync.database import Database, open_database

ONE, TWO = RecordId(b"\x01" * 16), RecordId(b"\x02" * 16)
CODE = "J001-WS·2003·Y-BGS-00003"
ABOUT = Description(CODE, Level.ITEM, {"题名": "临江市财政局关于防汛抗旱工作的通知", "密级": "", "成文日期": "20030612"}, "第03批",
                    Clearance(Basis.REVIEW, ("张三", "李四"), 1))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database of this room alone."""
    opened = open_database(tmp_path / "holdings.db", bytes(32), ["holdings"])
    yield opened
    opened.close()


def searched(connection: apsw.Connection, text: str, limit: int) -> SearchAnswer:
    """Everything that stands, asked for some words."""
    return search(connection, Access.whole(), SearchRequest(text, limit=limit))


def counters(database: Database, writer: str | None = None) -> tuple[int, int, int, int]:
    """Records, versions, pages, source bytes."""
    kinds = (tally.Count.RECORDS, tally.Count.VERSIONS, tally.Count.PAGES, tally.Count.BYTES_SOURCE)
    records_, versions, pages, size = (tally.read(database.read(), kind, writer) for kind in kinds)
    return records_, versions, pages, size


def test_versions_follow_each_other(database: Database) -> None:
    """Versions are 1, 2, 3 …; a gap, a repetition or an unknown id is refused; every body stays readable; counters follow the current version."""
    with database.transaction() as connection:
        first = records.create_record(connection, ONE, ABOUT, pages=3, size=300, now=10)
        with pytest.raises(VersionUnexpected):
            records.create_record(connection, ONE, ABOUT, pages=3, size=300, now=10)
        for version in (1, 3):
            with pytest.raises(VersionUnexpected):
                records.new_version(connection, ONE, version, ABOUT, pages=3, size=300, now=11)
        with pytest.raises(VersionUnexpected):
            records.new_version(connection, TWO, 2, ABOUT, pages=3, size=300, now=11)
        changed = replace(ABOUT, elements={**ABOUT.elements, "题名": "改过的题名"})
        second = records.new_version(connection, ONE, 2, changed, pages=4, size=390, now=12)
    assert (first.version, first.title, second.version, second.title) == (1, ABOUT.elements["题名"], 2, "改过的题名")
    connection = database.read()
    assert records.body(connection, second, 1) == ABOUT
    assert records.body(connection, second) == changed
    assert [(v.version, v.pages, v.bytes, v.time) for v in records.versions(connection, second)] == [(1, 3, 300, 10), (2, 4, 390, 12)]
    with pytest.raises(NotFound):
        records.body(connection, second, 9)
    assert counters(database) == counters(database, "") == (1, 2, 4, 390)


def test_folding_twice_is_folding_once(database: Database) -> None:
    """A delta folded again after a crash changes nothing; another body under a held version is refused."""
    with database.transaction() as connection:
        assert records.fold_record(connection, "和平区", ONE, 1, ABOUT, pages=3, size=300, now=10)
        assert records.fold_record(connection, "和平区", ONE, 2, ABOUT, pages=4, size=400, now=11)
        for version in (1, 2):
            assert not records.fold_record(connection, "和平区", ONE, version, ABOUT, pages=3, size=300, now=12)
        with pytest.raises(VersionUnexpected):
            records.fold_record(connection, "和平区", ONE, 2, replace(ABOUT, delivery="另一批"), pages=3, size=300, now=12)
        with pytest.raises(VersionUnexpected):
            records.fold_record(connection, "和平区", ONE, 4, ABOUT, pages=3, size=300, now=12)
        with pytest.raises(VersionUnexpected):
            records.fold_record(connection, "和平区", TWO, 2, ABOUT, pages=3, size=300, now=12)
    assert counters(database, "和平区") == (1, 2, 4, 400)


def test_records_of_several_writers_stand_side_by_side(database: Database) -> None:
    """The same id and code from two nodes are two records; a bare code is ambiguous, NODE/档号 is not."""
    with database.transaction() as connection:
        for writer in ("和平区", "河西区"):
            records.fold_record(connection, writer, ONE, 1, ABOUT, pages=3, size=300, now=10)
    connection = database.read()
    for ref in (CODE, f"id:{ONE.hex()}"):
        with pytest.raises(AmbiguousReference) as refused:
            records.resolve(connection, ref)
        assert refused.value.candidates == (f"和平区/{CODE}", f"河西区/{CODE}")
    assert records.resolve(connection, f"河西区/{CODE}").writer == "河西区"
    assert records.resolve(connection, "河西区/j001—ws．2003．y-bgs-00003").ref == f"河西区/{CODE}"
    with pytest.raises(NotFound):
        records.resolve(connection, f"南开区/{CODE}")
    assert counters(database) == (2, 2, 6, 600)
    assert [record.number for record in records.walk(connection, limit=1)] == [1]
    assert [record.number for record in records.walk(connection, after=1)] == [2]


def test_a_swap_of_codes_leads_to_the_current_bearers(database: Database) -> None:
    """After two records have changed codes, a code names the record that bears it now; both remember what they were."""
    other = replace(ABOUT, reference_code="J001-WS·2003·Y-BGS-00004")
    with database.transaction() as connection:
        records.create_record(connection, ONE, ABOUT, pages=1, size=1, now=1)
        records.create_record(connection, TWO, other, pages=1, size=1, now=1)
        for identity, said, was in ((ONE, other, ABOUT), (TWO, ABOUT, other)):
            swapped = replace(said, former_codes=(was.reference_code,))
            records.new_version(connection, identity, 2, swapped, pages=1, size=1, now=2)
    reading = database.read()
    assert records.resolve(reading, CODE).id == TWO
    assert records.resolve(reading, other.reference_code).id == ONE
    assert [lineage.former_codes(reading, n) for n in (1, 2)] == [[CODE], [other.reference_code]]
    assert {h.ref for h in searched(reading, CODE, 9).hits} == {CODE, other.reference_code}


def test_what_ended_leads_to_what_it_became(database: Database) -> None:
    """A volume that was merged away is counted no more, and its code leads to the volume that has its pages."""
    gone = replace(ABOUT, reference_code="A002-RS-002")
    into = Relation(RelationKind.MERGED_INTO, TWO, "A002-RS-001", "并卷")
    with database.transaction() as connection:
        records.create_record(connection, ONE, gone, pages=2, size=2, now=1)
        records.create_record(connection, TWO, replace(ABOUT, reference_code="A002-RS-001"), pages=3, size=3, now=1)
        records.new_version(connection, ONE, 2, replace(gone, relations=(into,), ended=True), pages=0, size=0, now=2)
        took = replace(ABOUT, reference_code="A002-RS-001", former_codes=("A002-RS-002",))
        records.new_version(connection, TWO, 2, took, pages=5, size=5, now=2)
    reading = database.read()
    assert records.resolve(reading, "A002-RS-002").id == TWO
    assert records.resolve(reading, f"id:{ONE.hex()}").ended
    assert lineage.relations(reading, 1) == [into]
    assert lineage.reshaped(reading, 1)
    assert records.record_for(reading, "A002-RS-002") is None
    assert [r.id for r in records.walk(reading)] == [TWO]
    assert [h.ref for h in searched(reading, "A002-RS-002", 9).hits] == ["A002-RS-001"]
    assert counters(database) == (1, 4, 5, 5)


def test_a_former_code_still_finds_its_record(database: Database) -> None:
    """曾用档号: found by the code it had and by those its body names, unless another record bears that code now."""
    renamed = replace(ABOUT, reference_code="J001-WS·2003·Y-BGS-00099", former_codes=("J001-003-0001-00003",))
    with database.transaction() as connection:
        records.create_record(connection, ONE, ABOUT, pages=1, size=1, now=1)
        record = records.new_version(connection, ONE, 2, renamed, pages=1, size=1, now=2)
    connection = database.read()
    for ref in (CODE, "J001-003-0001-00003", renamed.reference_code, f"id:{ONE.hex()}", f"ID:{ONE.hex().upper()}"):
        assert records.resolve(connection, ref).id == ONE
    assert lineage.former_codes(connection, record.number) == ["J001-003-0001-00003", CODE]
    with database.transaction() as connection:
        records.create_record(connection, TWO, ABOUT, pages=1, size=1, now=3)
    assert records.resolve(database.read(), CODE).id == TWO
    found = records.record_for(database.read(), CODE)
    assert found is not None
    assert found.id == TWO


@pytest.mark.parametrize("ref", ["", "没有", "id:", "id:zz", "id:00", "a/b/c", "/", "id:" + "00" * 16, "'; DROP TABLE x --", "x" * 5000])
def test_a_reference_to_nothing_is_answered(database: Database, ref: str) -> None:
    """Whatever is typed, the answer is that it is not there."""
    with pytest.raises(NotFound):
        records.resolve(database.read(), ref)
    assert records.by_id(database.read(), ONE) is None
    assert records.record_for(database.read(), ref) is None


def test_two_records_of_one_key_are_told_apart_by_print(database: Database) -> None:
    """When two codes fold to one key, the one printed exactly so is meant, else the ids are named."""
    other = replace(ABOUT, reference_code=CODE.replace("·", "."))
    with database.transaction() as connection:
        records.create_record(connection, ONE, ABOUT, pages=1, size=1, now=1)
        records.create_record(connection, TWO, other, pages=1, size=1, now=1)
    assert records.resolve(database.read(), CODE).id == ONE
    assert records.resolve(database.read(), other.reference_code).id == TWO
    with pytest.raises(AmbiguousReference):
        records.resolve(database.read(), CODE.lower())
    with pytest.raises(AmbiguousReference):
        records.record_for(database.read(), CODE)


def test_search_finds_records_and_rows(database: Database) -> None:
    """Every word in title or code, records and rows without images, each once; the code itself first; wildcards are text."""
    sheet = "档号,题名,密级\n" + CODE + ",临江市财政局关于防汛抗旱工作的通知,\nJ001-WS·2003·Y-BGS-00004,100%完成防汛任务的报告,\n"
    with database.transaction() as connection:
        batch = delivery.upsert(connection, "第03批", None, 1)
        catalogue.import_sheet(connection, batch, decode_parsed(parse_in_sandbox(sheet.encode(), "a.csv")), 1, SiteClass.OPEN)
        records.create_record(connection, ONE, ABOUT, pages=1, size=1, now=1)
    connection = database.read()
    both = searched(connection, "防汛", 10)
    assert {(hit.ref, hit.date) for hit in both.hits} == {(CODE, "20030612"), (CODE[:-1] + "4", "")}
    assert (both.count.value, both.count.capped, both.hits[0].level) == (2, False, Level.ITEM)
    assert [hit.ref for hit in searched(connection, "防汛 财政局", 10).hits] == [CODE]
    assert [hit.ref for hit in searched(connection, "100%", 10).hits] == [CODE[:-1] + "4"]
    assert searched(connection, CODE.replace("·", "．"), 10).hits[0].score == 1.0
    assert searched(connection, "防汛", 1).count.value == 2
    for nothing in ("", "  ", "防汛 水库", "_%_", "\\"):
        assert searched(connection, nothing, 10).hits == ()


def test_search_counts_up_to_its_cap(database: Database) -> None:
    """Beyond the cap the total is a lower bound and says so; long titles are cut around the match."""
    long = replace(ABOUT, elements={"题名": "序" * 200 + "防汛" + "尾" * 200, "密级": ""})
    with database.transaction() as connection:
        for n in range(COUNT_CAP + 5):
            records.create_record(connection, RecordId(n.to_bytes(16, "big")), long, pages=0, size=0, now=1)
    found = searched(database.read(), "防汛", 3)
    assert (len(found.hits), found.count.value, found.count.capped) == (3, COUNT_CAP, True)
    assert "防汛" in found.hits[0].snippet.text
    assert found.hits[0].snippet.text.startswith("…")
    assert len(found.hits[0].snippet.text) < 80


def held_of(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all plain tables."""
    reading = database.read()
    names = reading.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE TABLE%' AND name NOT LIKE 'search_index%'")
    return {str(name): sorted(reading.execute(f"SELECT * FROM {name}"), key=repr) for (name,) in names.fetchall()}


@pytest.mark.parametrize("writer", ["", "和平区"])
def test_many_new_records_are_kept_as_one_by_one(tmp_path: Path, writer: str) -> None:
    """Records that come together leave what they leave one after the other: rows, counters, figures, and what the search finds."""
    said = [
        ABOUT,
        replace(ABOUT, reference_code="J001-WS·2003·Y-BGS-00004", elements={**ABOUT.elements, "开放状态": "开放", "责任者": "张三"}),
        replace(ABOUT, reference_code="J002-RS·1999·D30-00001", former_codes=("2-1-5",), elements={"题名": "防汛名册", "载体": "电子"}),
        replace(ABOUT, reference_code="A009-001", level=Level.VOLUME),
        replace(ABOUT, reference_code="J001-WS·2003·Y-BGS-00009", ended=True, elements={"题名": "并入他件"}),
    ]
    fresh = [records.Fresh(RecordId(bytes([n]) * 16), one, n, 100 * n) for n, one in enumerate(said, 1)]
    together, apart = (open_database(tmp_path / f"{name}.db", bytes(32), ["holdings"]) for name in ("together", "apart"))
    with together.transaction() as connection:
        made = records.create_records(connection, fresh, now=1_700_000_000, writer=writer)
        assert records.create_records(connection, [], now=1_700_000_000, writer=writer) == []
    with apart.transaction() as connection:
        one_by_one = [
            records.create_record(connection, one.identity, one.description, pages=one.pages, size=one.size, now=1_700_000_000, writer=writer)
            for one in fresh
        ]
    assert made == one_by_one == [records.by_number(together.read(), one.number) for one in made]
    assert held_of(together) == held_of(apart)
    found = [[hit.ref for hit in searched(database.read(), "防汛", 10).hits] for database in (together, apart)]
    assert found[0] == found[1]
    assert len(found[0]) == 4
    assert counters(together, writer) == (4, 5, 15, 1_500)
    together.close()
    apart.close()


def test_new_records_come_all_or_none(database: Database) -> None:
    """One id that is known refuses them all, and its transaction leaves nothing."""
    fresh = [records.Fresh(identity, ABOUT, 1, 1) for identity in (ONE, TWO, ONE)]
    with pytest.raises(VersionUnexpected), database.transaction() as connection:
        records.create_records(connection, fresh, now=1)
    assert counters(database) == (0, 0, 0, 0)
    assert records.walk(database.read()) == []
