"""What questions stand on is read once for each state of the database, and never outlives it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from test_holdings_search import found, lay

from holdings import catalogue_sheets, search_index
from holdings.search_ground import ground
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
