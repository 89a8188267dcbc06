"""The catalogue: imports that may be repeated, marks that stay, rows that vanish; deliveries and their clearance."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdings import catalogue, delivery, quarantine, tally
from holdings.catalogue import ImportReport
from holdings.delivery import Delivery
from holdings.errors import ClearanceInvalid, NotFound
from holdings.findings import FindingCode
from holdings.gate import Cleared, Held, HeldReason, judge
from holdings.record import Basis, Level, RowState
from holdings.security import MarkKind, SiteClass
from holdings.sheet import decode_parsed, parse_in_sandbox, parse_in_sandbox_classified
from sync.database import Database, open_database

HEAD = "档号,题名,成文日期,密级,页数"
A, B, C = "J001-003-0001-00001,甲,20190101,,3", "J001-003-0001-00002,乙,20190102,内部,2", "J001-003-0002-00001,丙,20190103,,1"
KEY_A, KEY_B, KEY_C = (row.partition(",")[0] for row in (A, B, C))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database of this room alone."""
    opened = open_database(tmp_path / "holdings.db", bytes(32), ["holdings"])
    yield opened
    opened.close()


@pytest.fixture
def batch(database: Database) -> Delivery:
    """A delivery that waits for its clearance."""
    with database.transaction() as connection:
        return delivery.upsert(connection, "第03批", "扫描", 1)


def load(
    database: Database, batch: Delivery, *rows: str, name: str = "目录.csv", head: str = HEAD, site: SiteClass = SiteClass.OPEN
) -> ImportReport:
    """Import a sheet of these lines and put its findings in order."""
    parse = parse_in_sandbox if site is SiteClass.OPEN else parse_in_sandbox_classified
    parsed = decode_parsed(parse("\n".join([head, *rows]).encode(), name))
    with database.transaction() as connection:
        report = catalogue.import_sheet(connection, batch, parsed, 2, site)
        quarantine.settle(connection, report.scope, report.findings, 2)
    return report


def figures(report: ImportReport) -> tuple[int, int, int, int, int, int]:
    """Rows, added, changed, unchanged, gone, refused."""
    return report.rows, report.added, report.changed, report.unchanged, report.gone, report.refused


def open_codes(database: Database) -> list[tuple[FindingCode, str]]:
    """Findings that wait: (code, subject)."""
    return [(one.finding.code, one.finding.subject) for one in quarantine.list_open(database.read())]


def content(database: Database) -> list[tuple[object, ...]]:
    """Every row of the tables that hold what sheets said."""
    tables = ("catalogue_sheet", "catalogue_said", "catalogue_row", "catalogue_mark", "catalogue_run", "catalogue_seen", "tally", "finding")
    return [row for table in tables for row in database.read().execute(f"SELECT * FROM {table} ORDER BY 1, 2")]


def test_an_import_may_be_repeated(database: Database, batch: Delivery) -> None:
    """The same sheet again writes nothing at all, and the counters follow the rows."""
    assert figures(load(database, batch, A, B)) == (2, 2, 0, 0, 0, 0)
    before = content(database)
    changes = database.read().execute("PRAGMA data_version").fetchone()
    assert figures(load(database, batch, A, B)) == (2, 0, 0, 2, 0, 0)
    assert content(database) == before
    assert database.read().execute("PRAGMA data_version").fetchone() == changes
    assert tally.read(database.read(), tally.Count.CATALOGUE_ROWS) == 2


def test_a_row_is_what_the_last_differing_sheet_says(database: Database, batch: Delivery) -> None:
    """Changed cells change the row; the same catalogue in another file changes nothing; an old sheet imported again does not win it back."""
    load(database, batch, A, B)
    assert figures(load(database, batch, A, B, C, name="目录2.csv")) == (3, 1, 0, 2, 0, 0)
    assert figures(load(database, batch, A.replace("甲", "甲改"), B, name="目录2.csv")) == (2, 0, 1, 1, 1, 0)
    assert figures(load(database, batch, A, B)) == (2, 0, 0, 2, 0, 0)
    row = catalogue.row_for(database.read(), KEY_A)
    assert row is not None
    assert (row.elements["题名"], row.sheet, row.number, row.pages, row.delivery) == ("甲改", "目录2.csv", 2, 3, "第03批")
    assert (row.level, row.volume, row.mark, row.has_mark_column) == (Level.ITEM, "J001-003-0001", MarkKind.OPEN, True)


def test_a_row_that_moves_is_no_change(database: Database, batch: Delivery) -> None:
    """Row numbers follow the sheet without counting as changes."""
    load(database, batch, A, B)
    assert figures(load(database, batch, C, A, B)) == (3, 1, 0, 2, 0, 0)
    row = catalogue.row_for(database.read(), KEY_B)
    assert row is not None
    assert row.number == 4


def test_a_vanished_row_is_a_question_until_it_is_answered(database: Database, batch: Delivery) -> None:
    """A row dropped from its sheet holds its record and asks; asking does not stop at the next import; the row's return answers."""
    load(database, batch, A, B)
    for _ in range(2):
        assert load(database, batch, A).refused == 0
        assert open_codes(database) == [(FindingCode.ROW_GONE, KEY_B)]
    row = catalogue.row_for(database.read(), KEY_B)
    assert row is not None
    assert row.state is RowState.GONE
    assert judge(row, None, frozenset(), SiteClass.OPEN) == Held(HeldReason.NO_ROW)
    assert figures(load(database, batch, A, B)) == (2, 0, 1, 1, 0, 0)
    assert open_codes(database) == []


def test_a_row_that_another_sheet_still_has_is_not_gone(database: Database, batch: Delivery) -> None:
    """Only the last sheet to drop a row raises the question."""
    load(database, batch, A, B)
    load(database, batch, A, B, name="副本.csv")
    assert load(database, batch, A).gone == 1
    row = catalogue.row_for(database.read(), KEY_B)
    assert row is not None
    assert row.state is RowState.STANDS
    assert open_codes(database) == []


def test_nothing_of_a_classified_row_is_stored(database: Database, batch: Delivery, tmp_path: Path) -> None:
    """An open site keeps key, sheet, row number and volume; the row, even when it was known before, is erased, and its volume held."""
    load(database, batch, A, B)
    report = load(database, batch, A, B.replace("内部", "机密").replace("乙", "隐去的题名"), C)
    assert figures(report) == (3, 1, 0, 1, 0, 1)
    assert [(refusal.row, refusal.field) for refusal in report.refusals] == [(3, "密级")]
    assert "隐去" not in repr(report)
    assert "隐去" not in repr(content(database))
    assert "乙" not in repr(content(database))
    row = catalogue.row_for(database.read(), KEY_B)
    assert row is not None
    assert (row.reference_code, row.elements, row.number, row.mark) == ("", {}, 3, MarkKind.CLASSIFIED)
    volumes = catalogue.classified_volumes(database.read())
    assert volumes == {"J001-003-0001"}
    reasons = {}
    for key in (KEY_A, KEY_B, KEY_C):
        verdict = judge(catalogue.row_for(database.read(), key), None, volumes, SiteClass.OPEN)
        assert isinstance(verdict, Held)
        reasons[key] = verdict.reason
    assert reasons == {KEY_A: HeldReason.VOLUME_CLASSIFIED, KEY_B: HeldReason.CLASSIFIED, KEY_C: HeldReason.NO_CLEARANCE}
    assert tally.read(database.read(), tally.Count.CATALOGUE_ROWS) == 2
    assert (FindingCode.CLASSIFIED, KEY_B) in open_codes(database)


def test_a_mark_outlives_what_hides_it(database: Database, batch: Delivery) -> None:
    """Another sheet without the mark, or the row's removal, lifts nothing; the marking sheet itself does by saying otherwise."""
    secret = B.replace("内部", "秘密★10年")
    load(database, batch, A, secret)
    report = load(database, batch, A, B, name="旧目录.csv")
    assert (report.added, report.refused) == (0, 1)
    assert "乙" not in repr(content(database))
    load(database, batch, A)
    row = catalogue.row_for(database.read(), KEY_B)
    assert row is not None
    assert row.mark is MarkKind.CLASSIFIED
    assert figures(load(database, batch, A, B)) == (2, 1, 0, 1, 0, 0)
    row = catalogue.row_for(database.read(), KEY_B)
    assert row is not None
    assert row.mark is MarkKind.OPEN
    assert catalogue.classified_volumes(database.read()) == frozenset()


def test_a_refused_row_leaves_what_was_known(database: Database, batch: Delivery) -> None:
    """A row that becomes faulty is told and does not count as gone; a classified row with a faulty date still marks its volume."""
    load(database, batch, A, B)
    report = load(database, batch, A.replace("20190101", "20190231"), B.replace("20190102", "昨天").replace("内部", "绝密"))
    assert figures(report) == (2, 0, 0, 0, 0, 2)
    row = catalogue.row_for(database.read(), KEY_A)
    assert row is not None
    assert row.elements["成文日期"] == "20190101"
    assert catalogue.classified_volumes(database.read()) == {"J001-003-0001"}
    assert set(open_codes(database)) == {(FindingCode.ROW_REFUSED, KEY_A), (FindingCode.CLASSIFIED, KEY_B)}


def test_contradicting_rows_hold_their_record(database: Database, batch: Delivery) -> None:
    """重号: neither row is believed until the sheet says one thing."""
    load(database, batch, A, A.replace("甲", "另一个"))
    row = catalogue.row_for(database.read(), KEY_A)
    assert row is not None
    assert row.state is RowState.DUPLICATE
    assert open_codes(database) == [(FindingCode.ROW_DUPLICATE, KEY_A)]
    assert figures(load(database, batch, A, B)) == (2, 1, 1, 0, 0, 0)
    assert open_codes(database) == []


def test_a_sheet_without_the_mark_column_says_so(database: Database, batch: Delivery) -> None:
    """Its rows are kept and held, and one finding asks for the column."""
    load(database, batch, "J001-003-0001-00001,甲", head="档号,题名")
    row = catalogue.row_for(database.read(), KEY_A)
    assert row is not None
    assert not row.has_mark_column
    assert open_codes(database) == [(FindingCode.NO_MARK_COLUMN, "第03批/目录.csv")]


def test_a_classified_site_keeps_its_rows(database: Database, batch: Delivery) -> None:
    """There the mark is an element like others."""
    load(database, batch, B.replace("内部", "机密"), site=SiteClass.CLASSIFIED)
    row = catalogue.row_for(database.read(), KEY_B)
    assert row is not None
    assert (row.elements["题名"], row.elements["密级"]) == ("乙", "机密")
    assert catalogue.classified_volumes(database.read()) == frozenset()


def test_rows_without_images_are_listed_in_order(database: Database, batch: Delivery) -> None:
    """有目无图: what no record stands for, until it is linked."""
    load(database, batch, C, B, A)
    assert [row.match_key for row in catalogue.of_delivery(database.read(), batch.name, unlinked=True)] == [KEY_A, KEY_B, KEY_C]
    with database.transaction() as connection:
        catalogue.link(connection, KEY_A)
    assert [row.match_key for row in catalogue.of_delivery(database.read(), batch.name, unlinked=True, limit=1)] == [KEY_B]


@settings(max_examples=20)
@given(st.lists(st.dictionaries(st.integers(1, 6), st.sampled_from(["甲", "乙", "=1"]), max_size=6), min_size=1, max_size=5))
def test_imports_in_any_order_end_at_the_last_sheet(tmp_path_factory: pytest.TempPathFactory, sheets: list[dict[int, str]]) -> None:
    """Whatever was imported before under a name, the rows that stand are those of the last sheet, and the figures add up."""
    database = open_database(tmp_path_factory.mktemp("any") / "h.db", None, ["holdings"])
    with database.transaction() as connection:
        batch = delivery.upsert(connection, "批", None, 1)
    for sheet in sheets:
        rows = [f"J001-003-0001-{n:05d},{title},20190101,,1" for n, title in sheet.items()]
        report = load(database, batch, *rows)
        assert report.rows == report.added + report.changed + report.unchanged + report.refused == len(sheet)
    rows_now = {row.number: row for row in catalogue.of_delivery(database.read(), batch.name, unlinked=True)}
    assert {int(row.match_key[-5:]): row.elements["题名"] for row in rows_now.values()} == sheets[-1]
    known = {n for sheet in sheets for n in sheet}
    assert tally.read(database.read(), tally.Count.CATALOGUE_ROWS) == len(known)
    database.close()


def test_a_delivery_is_cleared_by_two_persons(database: Database, batch: Delivery) -> None:
    """A review takes two different names, a standing default one; the same signature again writes nothing; the newest counts."""
    assert batch.clearance is None
    with database.transaction() as connection:
        for persons in ([], ["张三"], ["张三", " 张三 "], ["张三", "张　三"], ["Ｌi", "LI"], ["张三", ""]):
            with pytest.raises(ClearanceInvalid):
                delivery.clear(connection, "第03批", persons, 5)
        standing = delivery.clear(connection, "第03批", ["王五"], 5, Basis.STANDING)
        signed = delivery.clear(connection, "第03批", ["张三", "李四"], 6)
        again = delivery.clear(connection, "第03批", ["张三", "李四"], 7)
    assert standing.clearance is not None
    assert signed.clearance is not None
    assert (standing.clearance.basis, standing.clearance.persons) == (Basis.STANDING, ("王五",))
    assert (signed.clearance.basis, signed.clearance.persons, signed.clearance.time) == (Basis.REVIEW, ("张三", "李四"), 6)
    assert again == signed == delivery.fetch(database.read(), "第03批") == delivery.list_all(database.read())[0]
    load(database, batch, A)
    assert isinstance(judge(catalogue.row_for(database.read(), KEY_A), again.clearance, frozenset(), SiteClass.OPEN), Cleared)


def test_an_unknown_delivery_is_named_with_those_that_exist(database: Database, batch: Delivery) -> None:
    """A mistyped name is answered with the right ones; a delivery may move to another folder and keeps its clearance."""
    with pytest.raises(NotFound, match="第03批"):
        delivery.fetch(database.read(), "第3批")
    with database.transaction() as connection:
        delivery.clear(connection, batch.name, ["张三", "李四"], 2)
        moved = delivery.upsert(connection, batch.name, "新文件夹", 3)
        with pytest.raises(ClearanceInvalid):
            delivery.upsert(connection, " ", None, 3)
    assert (moved.id, moved.folder, moved.clearance is None) == (batch.id, "新文件夹", False)
