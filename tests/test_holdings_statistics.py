"""Statistics 统计年报: figures kept with what they count, years that stand still, entries, parts, who may know what (holdings/statistic*.py)."""

import contextlib
import datetime as dt
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from holdings import catalogue, catalogue_moves, delivery, fonds, records, statistics_report, statistics_tally
from holdings import reading_request_store as requests
from holdings.access import Opening, Secrecy
from holdings.errors import StatisticRefused
from holdings.fonds import Fonds
from holdings.reading_request import Applicant, Asked, Document, approve, close, copied, register, rules
from holdings.record import Basis, Clearance, Description, Level, Void, record_id
from holdings.security import SiteClass
from holdings.sheet import decode_parsed, parse_in_sandbox_classified
from holdings.statistic import ZONE, Figure, Source, Use, month_of, of_row
from holdings.statistics_report import Scope, check, enter, freeze, parts, report
from holdings.statistics_tally import Entry
from sync.database import Database, open_database


def at(text: str) -> int:
    """A time where the archives are, in seconds UTC."""
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp())


BEFORE, AFTER = at("2025-12-31 23:59:59"), at("2026-01-01 00:00:00")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database of this room alone."""
    opened = open_database(tmp_path / "holdings.db", bytes(32), ["holdings"])
    yield opened
    opened.close()


def said(code: str = "J001-WS·2011·Y-0001", level: Level = Level.ITEM, **elements: str) -> Description:
    """A description of a record."""
    return Description(code, level, {"题名": "修缮校舍", **elements}, "第1批", Clearance(Basis.REVIEW, ("甲", "乙"), 1))


def figures(database: Database, year: int, wall: int = AFTER, scope: Scope = statistics_report.WHOLE) -> dict[Figure, int]:
    """The totals of a year that are not nothing."""
    return {line.figure: line.total for line in report(database.read(), year, wall, scope).lines if line.total}


def put(database: Database, number: int, description: Description, wall: int, *, version: int = 1, pages: int = 3, writer: str = "") -> None:
    """A version of a record, folded."""
    with database.transaction() as connection:
        records.fold_record(connection, writer, record_id(bytes([number]) * 16), version, description, pages=pages, size=pages * 10**6, now=wall)


def test_a_year_ends_at_midnight_of_the_archives(database: Database) -> None:
    """What came at 23:59:59 of 31 December stands in that year, what came a second later in the next, whenever it is asked for."""
    assert (month_of(BEFORE), month_of(AFTER)) == ("2025-12", "2026-01")
    put(database, 1, said(), BEFORE)
    put(database, 2, said("J002-WS·2011·Y-0002"), AFTER, pages=5)
    old, new = figures(database, 2025), figures(database, 2026)
    assert (old[Figure.SCANNED_ITEMS], old[Figure.SCANNED_PAGES], old[Figure.FONDS]) == (1, 3, 1)
    assert (new[Figure.SCANNED_ITEMS], new[Figure.SCANNED_PAGES], new[Figure.FONDS]) == (2, 8, 2)
    assert figures(database, 2024) == {}
    lines = {line.figure: line for line in report(database.read(), 2026, AFTER).lines}
    assert (lines[Figure.SCANNED_PAGES].total, lines[Figure.SCANNED_PAGES].before) == (8, 3)


VERSIONS = st.lists(
    st.tuples(
        st.integers(1, 3), st.sampled_from(["J001-WS·2011·Y-0001", "J002-0001-0002", "旧卷3"]), st.sampled_from([Level.VOLUME, Level.ITEM]),
        st.sampled_from(["", "开放", "控制"]), st.sampled_from(["", "秘密"]), st.integers(0, 9), st.booleans(), st.sampled_from(["", "和平区"]),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(VERSIONS)
def test_figures_are_those_of_counting_again(made: list[tuple[int, str, Level, str, str, int, bool, str]]) -> None:
    """After any versions, voids and renumberings the figures kept along the way equal those of counting what stands."""
    with TemporaryDirectory() as folder, contextlib.closing(open_database(Path(folder) / "holdings.db", bytes(32), ["holdings"])) as database:
        _counting_again(database, made)


def _counting_again(database: Database, made: list[tuple[int, str, Level, str, str, int, bool, str]]) -> None:
    stands: dict[tuple[str, int], tuple[int, Description, int]] = {}
    for number, code, level, opening, mark, pages, void, writer in made:
        version = stands.get((writer, number), (0,))[0] + 1
        description = said(code, level, 开放状态=opening, 密级=mark)
        if void:
            description = replace(description, ended=True, void=Void("误投", "甲", 1))
        put(database, number, description, BEFORE, version=version, pages=pages, writer=writer)
        stands[writer, number] = (version, description, pages)
    expected = Counter[Figure]()
    for _, description, pages in stands.values():
        if not description.ended:
            expected[Figure.SCANNED_VOLUMES if description.level is Level.VOLUME else Figure.SCANNED_ITEMS] += 1
            expected[Figure.SCANNED_PAGES] += pages
            expected[Figure.SCANNED_BYTES] += pages * 10**6
            expected[Figure.OPEN_SCANNED] += description.elements["开放状态"] == "开放"
    counted = {one: value for one, value in figures(database, 2025).items() if one is not Figure.FONDS}
    assert counted == {one: value for one, value in expected.items() if value}


def test_use_is_counted_with_the_request(database: Database) -> None:
    """A request counts once it is allowed, by its purpose: persons, volumes and items, copies as they are made, its certificate once."""
    law = rules()
    asked = [Asked("J001-2-0145", opening=Opening.CONTROLLED), Asked("J001-2-0145-003", opening=Opening.CONTROLLED)]
    applicant = Applicant("王淑珍", Document.IDENTITY, "120***********1234", persons=2)
    made = register(applicant, next(iter(law.purposes)), "房产", asked, by="甲", now=BEFORE - 9, law=law)
    with database.transaction() as connection:
        number = requests.add(connection, made).number
        assert figures(database, 2025) == {}
        requests.change(connection, number, lambda one: approve(one, by="乙", now=BEFORE, law=law), BEFORE)
        requests.certify(connection, number, law, AFTER)
        requests.certify(connection, number, law, AFTER)
        requests.change(connection, number, lambda one: copied(one, 4), AFTER)
        requests.change(connection, number, lambda one: close(one, now=AFTER, copies=3), AFTER)
    assert figures(database, 2025) == {Figure.VISITS: 2, Figure.USED_VOLUMES: 1, Figure.USED_ITEMS: 1}
    assert figures(database, 2026) == {Figure.COPIED_PAGES: 7, Figure.CERTIFICATES: 1}
    assert [(one.detail, one.value) for one in parts(database.read(), 2026, of=Figure.COPIED_PAGES)] == [(made.purpose, 7)]
    assert statistics_report.months(database.read(), 2025, Figure.VISITS) == {"2025-12": 2}


def test_the_register_of_fonds_is_counted(database: Database) -> None:
    """What the register declares of a fonds, and what it says later, comes to the sums; a fonds is counted once however it is known."""
    put(database, 1, said(), BEFORE)
    with database.transaction() as connection:
        fonds.put(connection, Fonds(code="J001", name="区政府", volumes=100, items=7), BEFORE)
        fonds.put(connection, Fonds(code="J009", name="区民政局"), BEFORE)
        fonds.put(connection, Fonds(code="J001", name="区政府", volumes=120), AFTER)
    old, new = figures(database, 2025), figures(database, 2026)
    assert [old[one] for one in (Figure.FONDS, Figure.VOLUMES, Figure.ITEMS)] == [2, 100, 7]
    assert (new[Figure.VOLUMES], new.get(Figure.ITEMS)) == (120, None)


def test_a_frozen_year_stands(database: Database) -> None:
    """Frozen, a year takes no entry and no movement, though the clock goes back; asked again it comes out the same, and a tampered figure is found."""
    put(database, 1, said(), BEFORE)
    with database.transaction() as connection:
        enter(connection, Entry("", 2025, Figure.PHOTOS, 39, "王秀英", BEFORE))
        with pytest.raises(StatisticRefused, match="还没有结束"):
            freeze(connection, 2026, "王秀英", AFTER)
        made = freeze(connection, 2025, "王秀英", AFTER)
    shown = figures(database, 2025)
    put(database, 2, said("J002-WS·2011·Y-0002"), BEFORE)
    with database.transaction() as connection:
        for refused in (lambda: freeze(connection, 2025, "甲", AFTER), lambda: enter(connection, Entry("", 2025, Figure.PHOTOS, 1, "甲", AFTER))):
            with pytest.raises(StatisticRefused, match="定稿"):
                refused()
    assert figures(database, 2025) == shown
    assert shown[Figure.PHOTOS] == 39
    assert figures(database, 2026)[Figure.SCANNED_ITEMS] == 2
    assert check(database.read(), 2025) == []
    lines = statistics_tally.frozen_lines(database.read(), 2025)
    assert statistics_report.digest(2025, [(one, name, value) for (one, name), value in lines.items()]) == made.digest
    with database.transaction() as connection:
        connection.execute("UPDATE statistic SET value = 9 WHERE figure = 'scanned_items' AND month = '2025-12'")
    assert [(one.figure, one.frozen, one.now) for one in check(database.read(), 2025)] == [(Figure.SCANNED_ITEMS, 1, 9)]


def test_an_entry_stands_in_place_of_the_count(database: Database) -> None:
    """The newest entry counts, both numbers are shown, taken back the count stands again; what nobody knows is no nought."""
    with database.transaction() as connection:
        statistics_tally.used(connection, "", AFTER, Use("学术研究", persons=5))
        for value in (900, 950):
            enter(connection, Entry("", 2026, Figure.VISITS, value, "甲", AFTER, "含纸质登记"))
    (cell,) = next(line for line in report(database.read(), 2026, AFTER).lines if line.figure is Figure.VISITS).cells.values()
    assert (cell.value, cell.counted, cell.entered) == (950, 5, 950)
    with database.transaction() as connection:
        enter(connection, Entry("", 2026, Figure.VISITS, None, "甲", AFTER))
    lines = {line.figure: line.total for line in report(database.read(), 2026, AFTER).lines}
    assert (lines[Figure.VISITS], lines[Figure.BOOKS], lines[Figure.OPEN_SCANNED], lines[Figure.OPEN_ITEMS]) == (5, None, 0, None)


@pytest.mark.parametrize(("scope", "expected"), [
    (Scope(), {"": 1, "和平区": 1, "河东区": 1}), (Scope(frozenset({"和平区"})), {"和平区": 1}), (Scope(fonds=frozenset({"J002"})), {"河东区": 1}),
    (Scope(ceiling=Secrecy.NONE), {"": 1, "河东区": 1}), (Scope(frozenset()), {}),
])  # fmt: skip
def test_nobody_counts_what_he_may_not_know(database: Database, scope: Scope, expected: dict[str, int]) -> None:
    """By archive, by fonds, by 密级: in the report and in its parts alike."""
    put(database, 1, said(), BEFORE)
    put(database, 1, said(密级="秘密"), BEFORE, writer="和平区")
    put(database, 1, said("J002-WS·2011·Y-0002"), BEFORE, writer="河东区")
    line = next(one for one in report(database.read(), 2025, AFTER, scope).lines if one.figure is Figure.SCANNED_ITEMS)
    if scope.ceiling is Secrecy.TOP and scope.archives == frozenset({"和平区"}):
        assert {name: cell.value for name, cell in line.cells.items()} == expected
    assert {one.archive: one.value for one in parts(database.read(), 2025, scope, Figure.SCANNED_ITEMS)} == expected
    assert (line.total or 0) == sum(expected.values())


def test_rows_of_the_catalogue_are_counted(database: Database) -> None:
    """Rows by level, opening and 密级 as they come, change, go to another code and are withdrawn."""
    with database.transaction() as connection:
        batch = delivery.upsert(connection, "第03批", "扫描", 1)

    def load(*rows: str) -> dict[Figure, int]:
        text = "\n".join(["档号,题名,密级,开放状态", *rows]).encode()
        parsed = decode_parsed(parse_in_sandbox_classified(text, "目录.csv"))
        with database.transaction() as connection:
            catalogue.import_sheet(connection, batch, parsed, BEFORE, SiteClass.CLASSIFIED)
        return figures(database, 2025)

    volume, item, secret = "J001-003-0001,卷,,开放", "J001-003-0001-00001,件,,开放", "J002-003-0001-00001,件,秘密,"
    first = load(volume, item, secret)
    expected = {Figure.FONDS: 2, Figure.ROWS_VOLUME: 1, Figure.ROWS_ITEM: 2, Figure.OPEN_VOLUMES: 1, Figure.OPEN_ITEMS: 1}
    assert first == expected == load(volume, item, secret)
    assert load(volume, item.replace("开放", "控制"), secret) == {one: n for one, n in expected.items() if one is not Figure.OPEN_ITEMS}
    assert figures(database, 2025, scope=Scope(ceiling=Secrecy.NONE))[Figure.ROWS_ITEM] == 1
    with database.transaction() as connection:
        row = catalogue_moves.lift(connection, "J002-003-0001-00001")
        assert row is not None
        catalogue_moves.lay(connection, row)
        assert figures(database, 2025)[Figure.ROWS_ITEM] == 2
        catalogue_moves.withdraw(connection, "第03批")
    assert figures(database, 2025) == {}


@pytest.mark.parametrize(("entry", "words"), [
    (Entry("", 1900, Figure.PHOTOS, 1, "甲", 1), "年度"), (Entry("", 2026, Figure.PHOTOS, -1, "甲", 1), "不小于"),
    (Entry("", 2026, Figure.PHOTOS, 10**16, "甲", 1), "不小于"), (Entry("", 2026, Figure.PHOTOS, 1, " ", 1), "填报人"),
    (Entry("", 2026, Figure.PHOTOS, 1, "甲", 1, "字" * 201), "200"),
])  # fmt: skip
def test_entries_have_bounds(database: Database, entry: Entry, words: str) -> None:
    """A year, a number, a person, a note: each refused with its rule."""
    with database.transaction() as connection, pytest.raises(StatisticRefused, match=words):
        enter(connection, entry)


def test_every_figure_has_its_line() -> None:
    """Each figure says group, name, unit and source; rows above the volume count for nothing."""
    assert all(figure.about.label and figure.about.unit for figure in Figure)
    assert {figure.about.source for figure in Figure} == set(Source)
    assert of_row(Level.SERIES, Opening.OPEN) == ()
    assert of_row(Level.VOLUME, Opening.OPEN) == (Figure.ROWS_VOLUME, Figure.OPEN_VOLUMES)
