"""The search index built anew: beside searches and changes, cut off and taken up again, compared with what it tells of; suggestions by rights."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdings import (
    catalogue_rows,
    catalogue_sheets,
    delivery,
    records,
    search_index,
    search_rebuild,
    search_upkeep,
    tally,
)
from holdings.access import Access, Caller, Role, access_of
from holdings.catalogue_line import LineMaker
from holdings.record import Basis, Clearance, Description, Level, RecordId
from holdings.search import search
from holdings.search_desk import answer, suggest
from holdings.search_request import SearchRequest, Sort
from holdings.security import MarkKind
from holdings.sheet_notes import SheetRow
from sync.database import Database, open_database

WHOLE = Access.whole()
TITLES = ("修缮校舍的批复", "防汛抗旱通知", "WTO规则", "干部任免")
KEY = bytes(32)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database of this room alone."""
    opened = open_database(tmp_path / "holdings.db", KEY, ["holdings"])
    yield opened
    opened.close()


def lay(database: Database, first: int, titles: Sequence[str], **elements: str) -> list[int]:
    """Rows of a sheet, as an import stores and counts them; their ids."""
    with database.transaction() as connection:
        delivery.upsert(connection, "批", None, 1)
        sheet = catalogue_sheets.make_known(connection, 0, "批", "表.csv", 1).id
        lines = []
        for at, title in enumerate(titles, first):
            values = {"档号": f"J001-3-{at:04d}", "题名": title, **elements}
            maker = LineMaker(values)
            lines.append(
                maker.make(SheetRow(at + 2, values["档号"], None, MarkKind.OPEN, values["档号"], values, tab=""))
            )
        columns = catalogue_rows.columns(connection, maker.columns)
        tally.add(connection, tally.Count.CATALOGUE_ROWS, len(lines))
        return list(catalogue_rows.insert(connection, 0, sheet, columns, lines, 1))


def erase(database: Database, number: int) -> None:
    """A row goes, as a mark that came late takes it."""
    with database.transaction() as connection:
        gone = catalogue_rows.erase(connection, 0, [f"J001-3-{number:04d}"])
        tally.add(connection, tally.Count.CATALOGUE_ROWS, -len(gone))


def record(database: Database, number: int, title: str) -> None:
    """A record comes, or its title changes."""
    identity = RecordId(number.to_bytes(16))
    with database.transaction() as connection:
        held = records.by_id(connection, identity)
        said = Description(
            reference_code=f"J009-1-{number:04d}", level=Level.ITEM, elements={"题名": title}, delivery="批",
            clearance=Clearance(Basis.STANDING, ("张三",), 1),
        )  # fmt: skip
        if held is None:
            records.create_record(connection, identity, said, pages=1, size=1, now=1)
        else:
            records.new_version(connection, identity, held.version + 1, said, pages=1, size=1, now=1)


def refs(database: Database, text: str) -> list[str]:
    """Codes of all hits."""
    found = search(database.read(), WHOLE, SearchRequest(text, sort=Sort.NEWEST, limit=1_000)).hits
    return sorted(hit.ref for hit in found)


def everything(database: Database) -> dict[str, list[str]]:
    """What each word finds."""
    return {word: refs(database, word) for word in ("修缮", "汛", "WTO", "干部任免", "J001*", "J009*", "第7号")}


def killed(database: Database) -> None:
    """A portion that is not committed."""
    with database.transaction() as connection:
        search_rebuild.portion(connection, 2)
        _ = 1 / 0


ACTS = st.lists(
    st.tuples(st.sampled_from(["lay", "erase", "record", "begin", "portion", "kill"]), st.integers(0, 5)), max_size=24
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ACTS)
def test_whatever_happens_meanwhile_the_new_index_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, int]]
) -> None:
    """Rows and records that come, change and go while an index is built, and portions that are rolled back: in the end both are equal."""
    database = open_database(tmp_path_factory.mktemp("index") / "holdings.db", KEY, ["holdings"])
    laid = 0
    for act, number in acts:
        if act == "lay":
            lay(database, laid, [f"{TITLES[number % 4]}第{laid + n}号" for n in range(number + 1)])
            laid += number + 1
        elif act == "erase":
            erase(database, number)
        elif act == "record":
            record(database, number, f"{TITLES[(number + laid) % 4]}第{number}号")
        elif act == "begin":
            with database.transaction() as connection:
                search_rebuild.begin(connection)
        elif act == "portion":
            with database.transaction() as connection:
                search_rebuild.portion(connection, 2)
        else:
            with pytest.raises(ZeroDivisionError):
                killed(database)
    before = everything(database)
    done = search_upkeep.rebuild(database, now=7)
    assert done["finished"]
    assert done["faults"] == []
    assert search_upkeep.check(database, 8, deep=True) == []
    assert everything(database) == before
    state = search_upkeep.state(database.read())
    assert (state["behind"], state["building"], state["checked"]) == (0, False, 8)
    database.close()


def test_a_killed_rebuild_goes_on(database: Database) -> None:
    """What is committed stays: another process goes on where it stood, and until the end the old index answers."""
    lay(database, 0, [f"{TITLES[n % 4]}第{n}号" for n in range(30)])
    record(database, 1, "修缮校舍")
    with database.transaction() as connection:
        search_rebuild.begin(connection)
        search_rebuild.portion(connection, 10)
    again = open_database(database.path, KEY, ["holdings"])
    assert search_upkeep.state(again.read())["building"]
    with again.transaction() as connection:
        assert search_rebuild.begin(connection).done == 10
    assert len(refs(again, "修缮")) == 9
    stopped = search_upkeep.rebuild(again, now=1, stopped=lambda: True)
    assert (stopped["finished"], stopped["done"]) == (False, 10)
    assert search_upkeep.rebuild(again, now=1, begin=False)["entries"] == 31
    assert search_upkeep.rebuild(again, now=1, begin=False)["finished"]
    assert len(refs(again, "修缮")) == 9
    again.close()


@pytest.mark.parametrize("laid", [0, 40])
def test_what_a_program_of_before_indexed_is_forgotten_and_built_anew(database: Database, tmp_path: Path, laid: int) -> None:
    """A database from before step 25 of its tables: nothing of its index is trusted, all of it is built again, and rows leave it as they came."""
    lay(database, 1, [f"{TITLES[at % 4]}第{at}号" for at in range(laid)]) if laid else None
    before = everything(database)
    with database.transaction() as connection:
        connection.execute("UPDATE schema_version SET version = 24 WHERE room = 'holdings'")
    database.close()
    again = open_database(tmp_path / "holdings.db", KEY, ["holdings"])
    assert bool(search_upkeep.state(again.read())["building"]) == bool(laid)
    assert everything(again) == before, "found one by one until then"
    search_upkeep.go_on(again, now=1, stopped=lambda: False)
    assert search_upkeep.check(again, 2, deep=True) == []
    assert everything(again) == before
    for number in range(1, laid + 1):
        erase(again, number)
    assert search_upkeep.check(again, 3, deep=True) == []
    again.close()


def test_a_record_that_search_never_met_is_found_after_it(database: Database) -> None:
    """A database of an older program: no index serves, words are compared one by one; rebuilding makes all known."""
    lay(database, 0, ["修缮校舍"])
    record(database, 1, "修缮礼堂")
    with database.transaction() as connection:
        connection.execute("DELETE FROM search_record")
        search_index.empty(connection, "a")
        search_index.keep_state(connection, search_index.State("", "", "a", "", 0, 0))
    assert "还没有建好" in " ".join(answer(database.read(), WHOLE, SearchRequest("修缮"))["notes"])
    assert search_upkeep.check(database, 1) == ["检索索引还没有建好，查找要逐条比对"]
    assert search_upkeep.rebuild(database, now=2)["entries"] == 2
    assert refs(database, "修缮") == ["J001-3-0000", "J009-1-0001"]


@pytest.mark.parametrize("planted", ["lost", "moved", "torn"])
def test_a_damaged_index_is_noticed_and_mended(database: Database, planted: str) -> None:
    """An entry that is not there, one that stands for another, a block that is no block: the check says so, rebuilding mends it."""
    ids = lay(database, 0, [f"{TITLES[n % 4]}第{n}号" for n in range(20)])
    with database.transaction() as connection:
        row = catalogue_rows.full_of(connection, [ids[4]])[0]
        said = search_index.tokens([catalogue_rows.document(row)])[0]
        if planted == "torn":
            connection.execute("UPDATE search_index_a_0_data SET block = zeroblob(9) WHERE id > 10")
        else:
            connection.execute(
                "INSERT INTO search_index_a_0(search_index_a_0, rowid, tokens) VALUES ('delete', ?, ?)", (ids[4], said)
            )
        if planted == "moved":
            connection.execute("INSERT INTO search_index_a_0(rowid, tokens) VALUES (?, ?)", (9_999, said))
    assert search_upkeep.check(database, 1, deep=True)
    search_upkeep.rebuild(database, now=2)
    assert search_upkeep.check(database, 3, deep=True) == []
    assert refs(database, "第4号") == ["J001-3-0004"]


def test_suggestions_keep_to_what_the_caller_may_see(database: Database) -> None:
    """Planted secrets are in no suggestion, advice or name heard of those who may not see them, by whatever is typed; erased rows at once in nobody's."""
    lay(database, 0, ["修缮礼堂的批复"] * 3, 开放状态="开放", 责任者="教育局", 人名="王淑珍")
    lay(database, 3, ["修缮密室的批复"] * 3, 开放状态="控制", 责任者="教育秘书处", 人名="王书贞")
    lay(database, 6, ["修缮地库的批复"], 开放状态="开放", 责任者="教育地库处", 人名="王树珍")
    public = access_of(Caller(Role.PUBLIC))
    erase(database, 6)
    for typed in ("修", "修缮", "教育", "王淑", "wsz", "王淑贞", "J001-3", "批", "处", "密", "地库", "wang"):
        said = str(suggest(database.read(), public, typed)["suggestions"])
        assert not any(word in said for word in ("密室", "秘书", "王书贞", "0003", "地库", "王树珍"))
        assert not any(
            word in str(suggest(database.read(), WHOLE, typed)["suggestions"]) for word in ("地库", "王树珍")
        )
        assert suggest(database.read(), Access.none(), typed)["suggestions"] == []
    assert "密室" in str(suggest(database.read(), WHOLE, "修缮"))
    assert "王书贞" in str(suggest(database.read(), WHOLE, "wsz"))
    for query in ("密室", "密室 礼堂", "王书珍", "同音:王叔真 密室"):
        told = answer(database.read(), public, SearchRequest(query), explain=True)
        assert told["total"] == 0
        assert "王书贞" not in str(told)
    assert "只查 密室：没有" in answer(database.read(), public, SearchRequest("密室 礼堂"))["instead"]


def test_a_row_whose_date_changes_goes_to_another_part(database: Database) -> None:
    """It is found once, by its words, by date and among years, and leaves nothing where it was."""
    (number,) = lay(database, 0, ["修缮校舍"], 成文日期="19880312")
    for date, year, others in (
        ("20190101", 2019, (1950, 2018)),
        ("", 0, (1950, 2030)),
        ("19490101", 1949, (1950, 2030)),
    ):
        maker = LineMaker(("档号", "题名", "成文日期"))
        values = {"档号": "J001-3-0000", "题名": "修缮校舍", **({"成文日期": date} if date else {})}
        line = maker.make(SheetRow(2, "J001-3-0000", None, MarkKind.OPEN, "J001-3-0000", values, tab=""))
        with database.transaction() as connection:
            columns = catalogue_rows.columns(connection, maker.columns)
            catalogue_rows.update(connection, 1, columns, [(number, line)], 2)
        for sort in Sort:
            found = search(database.read(), WHOLE, SearchRequest("修缮", sort=sort)).hits
            assert [(hit.id, hit.year) for hit in found] == [(number, year)]
        assert search(database.read(), WHOLE, SearchRequest("修缮", years=others)).hits == ()
        assert len(search(database.read(), WHOLE, SearchRequest("修缮", years=(year, year))).hits) == 1
        assert search_upkeep.check(database, 1, deep=True) == []


def test_pieces_are_brought_together_when_nothing_else_is_done(database: Database) -> None:
    """Many imports leave many pieces; afterwards there are few, and all is found still."""
    for first in range(0, 80, 4):
        lay(database, first, [f"{TITLES[n % 4]}第{n}号" for n in range(first, first + 4)])
        if search_index.wants_work(database.read()):
            break
    before = everything(database)
    assert search_index.wants_work(database.read())
    search_upkeep.go_on(database, now=1, stopped=lambda: True)
    assert search_index.wants_work(database.read()), "who is stopped does nothing"
    search_upkeep.go_on(database, now=1, stopped=lambda: False)
    assert not search_index.wants_work(database.read())
    assert (everything(database), search_upkeep.check(database, 2, deep=True)) == (before, [])
