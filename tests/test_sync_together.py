"""Short transactions that become durable with one commit: all or nothing each, one commit for many, nobody returns before it."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest
from faulty import full_disk

from sync.database import Database, open_database
from sync.errors import StoreError

MANY = 8


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database with a table."""
    opened = open_database(tmp_path / "front.db", None, ("sync",))
    with opened.transaction() as connection:
        connection.execute("CREATE TABLE thing(id INTEGER PRIMARY KEY, text TEXT)")
    yield opened
    opened.close()


def texts(database: Database) -> list[str]:
    """What is committed."""
    return sorted(row[0] for row in database.read().execute("SELECT text FROM thing"))


def at_once(database: Database, bodies: list[Callable[[apsw.Connection], None]]) -> tuple[int, list[Exception | None]]:
    """(commits, what each was told) of short transactions that all waited for the same turn."""
    commits, told = 0, list[Exception | None]([None] * len(bodies))

    def count() -> bool:
        nonlocal commits
        commits += 1
        return False

    def one(place: int) -> None:
        try:
            with database.together() as connection:
                bodies[place](connection)
        except (StoreError, KeyError) as fault:
            told[place] = fault

    threads = [threading.Thread(target=one, args=(place,)) for place in range(len(bodies))]
    with database.transaction():
        for thread in threads:
            thread.start()
        while database._waiting < len(bodies):
            threading.Event().wait(0.001)
    database._writer.set_commit_hook(count)
    for thread in threads:
        thread.join()
    database._writer.set_commit_hook(None)
    return commits, told


def adding(text: str) -> Callable[[apsw.Connection], None]:
    """Insert one row."""

    def add(connection: apsw.Connection) -> None:
        connection.execute("INSERT INTO thing(text) VALUES (?)", (text,))

    return add


def failing(connection: apsw.Connection) -> None:
    """Insert one row, then think better of it."""
    connection.execute("INSERT INTO thing(text) VALUES ('half')")
    raise KeyError


def test_who_waits_becomes_durable_together(database: Database) -> None:
    """What waited for one turn takes few commits, and one that fails takes nothing of the others with it."""
    commits, told = at_once(database, [*(adding(f"row {number}") for number in range(MANY)), failing])
    assert texts(database) == [f"row {number}" for number in range(MANY)]
    assert commits <= 3, "the first may have been alone"
    assert [type(one) for one in told] == [type(None)] * MANY + [KeyError]


def test_nobody_is_told_of_what_did_not_become_durable(database: Database) -> None:
    """On a full disk everyone whose part is lost hears of it, and the next one goes on as if they had never been."""
    with full_disk(16 << 10):
        _, told = at_once(database, [adding("x" * 40_000) for _ in range(MANY)])
    assert all(isinstance(one, StoreError) for one in told)
    assert texts(database) == []
    with database.together() as connection:
        adding("after")(connection)
    assert texts(database) == ["after"]


def test_a_plain_transaction_never_waits_in_a_group(database: Database) -> None:
    """A transaction of its own ends the group that is open, and is none of its parts; inside a part it is refused, as inside any other."""
    with database.together() as connection:
        adding("first")(connection)
        with pytest.raises(apsw.SQLError), database.transaction():
            pass
    with database.transaction() as connection:
        adding("second")(connection)
    assert texts(database) == ["first", "second"]
