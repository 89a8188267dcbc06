"""What questions stand on is read once for each state of the database, and never outlives it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from test_holdings_search import found, lay

from holdings import catalogue_sheets, search_index, search_plan
from holdings.access import Access, Caller, Role, access_of
from holdings.search import search
from holdings.search_ground import ground
from holdings.search_request import Facet, SearchRequest, Sort
from sync.database import Database, open_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database of this room alone."""
    opened = open_database(tmp_path / "holdings.db", bytes(32), ["holdings"])
    yield opened
    opened.close()


def test_what_is_committed_is_found_at_once_by_who_asked_before(database: Database) -> None:
    """A year of which nothing was known, a holder and the end of an import are known to the next question of the same connection."""
    assert found(database, "防汛") == []
    first = lay(database, [{"题名": "防汛通知", "成文日期": "19910102"}])
    assert found(database, "防汛") == first
    second = lay(database, [{"题名": "防汛报告", "成文日期": "20240102"}], "河北", first=1)
    assert found(database, "防汛") == [*second, *first]
    assert set(ground(database.read()).filed) == {1991, 2024}
    assert "河北" in ground(database.read()).holders.values()
    with database.transaction() as connection:
        sheet = catalogue_sheets.find(connection, catalogue_sheets.holder(connection, "河北"), "批", "河北表.csv")
        assert sheet is not None
        catalogue_sheets.hold(connection, sheet.id, 1)
    assert found(database, "防汛") == first
    with database.transaction() as connection:
        catalogue_sheets.done(connection, sheet.id, b"", 2, has_mark_column=False)
    assert found(database, "防汛") == [*second, *first]


def test_what_is_not_committed_is_kept_by_nobody(database: Database) -> None:
    """A question within a writing that is rolled back leaves nothing known to the next one."""
    lay(database, [{"题名": "防汛通知", "成文日期": "19910102"}])

    def in_vain() -> None:
        with database.transaction() as connection:
            search_index.keep_state(connection, search_index.state(connection)._replace(serving=""))
            assert ground(connection).state.serving == ""
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_vain()
    with database.transaction() as connection:
        assert ground(connection).state.serving == "a"


def test_it_is_read_once_for_a_state_of_the_database(database: Database) -> None:
    """Questions one after the other stand on the same; a reader in the midst of one goes on as it began."""
    lay(database, [{"题名": "防汛通知", "成文日期": "19910102"}])
    reader = database.read()
    with reader:
        known = ground(reader)
        lay(database, [{"题名": "防汛报告", "成文日期": "20240102"}], first=1)
        assert ground(reader) is known
    with reader:
        assert ground(reader) is not known
        assert ground(reader) is ground(reader)


@pytest.mark.parametrize("worth", [1, search_plan.WORTH])
def test_what_the_index_is_not_asked_is_compared(database: Database, monkeypatch: pytest.MonkeyPatch, worth: int) -> None:
    """A frequent word or value beside a rare word is not asked of the index; hits, counts and facets are the same."""
    monkeypatch.setattr(search_plan, "WORTH", worth)
    rows = [{"题名": f"关于{'防洪' if at % 10 == 0 else '供水'}的通知", "开放状态": "开放" if at % 4 else "控制"} for at in range(80)]
    ids = lay(database, rows)
    wanted = [number for at, number in enumerate(ids) if at % 10 == 0 and at % 4][::-1]
    request = SearchRequest("防洪 通知", filters={Facet.OPENING: ("开放",)}, sort=Sort.NEWEST, facets=(Facet.OPENING,))
    for access in (Access.whole(), access_of(Caller(Role.PUBLIC))):
        answer = search(database.read(), access, request)
        assert [hit.id for hit in answer.hits] == wanted
        assert (answer.count.value, answer.count.capped, answer.facets[0].values) == (4, False, (("开放", 4),))
        assert ("通知" in answer.plan["索引"]) == (worth > 1)
    assert [hit.id for hit in search(database.read(), Access.whole(), replace(request, sort=Sort.DATE)).hits] == wanted
