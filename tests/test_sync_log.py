"""Logs and receipts in the database: append, gap, fork, repetition; numbering (format.md §7, §9)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sync_material import NODE_KEY, WALL, chain, hub_genesis, next_entry, node_genesis

from sync import entry, log
from sync.database import Database, open_database
from sync.entry import EntryKind, Head, Role
from sync.errors import BadEntry, Fork
from sync.log import LogState
from sync.receipt import Grade
from sync.site_class import SiteClass

LOG = chain(6)
LOG_ID = LOG[0].log_id


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Yield a database in which the node's log begins."""
    opened = open_database(tmp_path / "front.db", None, ("sync",))
    with opened.transaction() as connection:
        log.register(connection, entry.genesis_of(LOG[0]), LOG[0])
    yield opened
    opened.close()


def append(database: Database, *entries: entry.Entry) -> list[bool]:
    """Append each in a transaction of its own."""
    done = []
    for one in entries:
        with database.transaction() as connection:
            done.append(log.append(connection, one))
    return done


def head(database: Database) -> Head:
    """Return the log's head."""
    found = log.find(database.read(), LOG_ID)
    assert found is not None
    return found.head


def test_a_log_begins_with_its_genesis(database: Database) -> None:
    """Registering tells who writes it; registering again changes nothing, not even a head that has moved on."""
    append(database, *LOG[1:4])
    with database.transaction() as connection:
        log.register(connection, entry.genesis_of(LOG[0]), LOG[0])
        log.register(connection, entry.genesis_of(hub_genesis()), hub_genesis())
    found = log.find(database.read(), LOG_ID)
    assert found is not None
    assert (found.role, found.name, found.site_class, found.public_key) == (Role.NODE, "和平区", SiteClass.OPEN, NODE_KEY.public)
    assert (found.head, found.state) == (LOG[3].head, LogState.ACTIVE)
    assert [one.log_id for one in log.logs(database.read(), Role.HUB)] == [hub_genesis().log_id]
    assert [one.log_id for one in log.logs(database.read(), Role.NODE)] == [LOG_ID]
    assert log.find(database.read(), bytes(32)) is None


def test_entries_are_appended_in_order(database: Database) -> None:
    """Each entry after its predecessor moves the head; all come back byte for byte."""
    assert append(database, *LOG[1:]) == [True] * 5
    assert head(database) == LOG[-1].head
    assert list(log.walk(database.read(), LOG_ID)) == LOG
    assert log.since(database.read(), LOG_ID, 2, 3) == LOG[2:5]
    assert log.since(database.read(), LOG_ID, 6, 3) == []
    assert [log.hash_at(database.read(), LOG_ID, seq) for seq in (0, 5, 6)] == [LOG[0].hash, LOG[5].hash, None]


def test_the_same_entry_again_is_no_error(database: Database) -> None:
    """A repeated request changes nothing: False, whichever entry it is."""
    append(database, *LOG[1:4])
    assert append(database, *LOG[:4]) == [False] * 4
    assert head(database) == LOG[3].head
    assert list(log.walk(database.read(), LOG_ID)) == LOG[:4]


def test_a_gap_is_refused(database: Database) -> None:
    """An entry beyond the next one is refused and nothing is stored."""
    append(database, LOG[1])
    with pytest.raises(BadEntry, match="缺第 2 至 2 条"):
        append(database, LOG[3])
    assert head(database) == LOG[1].head
    assert append(database, LOG[2], LOG[3]) == [True, True]


def test_an_unknown_log_is_refused(database: Database) -> None:
    """An entry of a log that was never registered is refused."""
    with pytest.raises(BadEntry, match="未登记"):
        append(database, next_entry(hub_genesis()))


@pytest.mark.parametrize("at", [1, 3, 4])
def test_a_fork_is_refused_and_kept(database: Database, at: int) -> None:
    """Another entry at a seq that is taken is a fork: nothing moves; kept, both faces are there and the log is frozen."""
    append(database, *LOG[1:5])
    other = next_entry(LOG[at - 1], mark=99)
    with pytest.raises(Fork, match="分叉"):
        append(database, other)
    assert list(log.walk(database.read(), LOG_ID)) == LOG[:5]
    for _ in range(2):
        with database.transaction() as connection:
            log.keep_fork(connection, other, WALL)
    assert log.forks(database.read()) == [(LOG_ID, at)]
    found = log.find(database.read(), LOG_ID)
    assert found is not None
    assert (found.state, found.head) == (LogState.FROZEN, LOG[4].head)
    kept = database.read().execute("SELECT signed FROM fork_entry").fetchone()
    assert entry.parse(kept[0]) == other


def test_an_entry_on_another_chain_is_a_fork(database: Database) -> None:
    """The next seq with another predecessor proves that an earlier entry was signed twice."""
    append(database, LOG[1])
    stranger = next_entry(next_entry(LOG[0], mark=99), mark=100)
    with pytest.raises(Fork):
        append(database, stranger)
    with database.transaction() as connection:
        log.keep_fork(connection, stranger, WALL)
    assert log.forks(database.read()) == [(LOG_ID, 2)]


def test_states_are_kept(database: Database) -> None:
    """A revoked log stays revoked."""
    with database.transaction() as connection:
        log.set_state(connection, LOG_ID, LogState.REVOKED)
    found = log.find(database.read(), LOG_ID)
    assert found is not None
    assert found.state is LogState.REVOKED


def test_receipts_are_numbered_densely(database: Database) -> None:
    """The hub numbers from 1 without gaps, keeps one receipt of a grade for an entry, and gives them byte for byte."""
    append(database, *LOG[1:])
    said = [(Grade.R1, 1), (Grade.R1, 2), (Grade.R4, 1), (Grade.R1, 3)]
    with database.transaction() as connection:
        assert log.receipts_head(connection, LOG_ID) == 0
        for grade, seq in said:
            assert log.add_receipt(connection, LOG_ID, grade, seq, f"{grade} {seq}".encode())
        assert not log.add_receipt(connection, LOG_ID, Grade.R1, 2, b"said again")
    reading = database.read()
    found = log.receipts_after(reading, LOG_ID, 0, 10)
    assert found == [(number, f"{grade} {seq}".encode()) for number, (grade, seq) in enumerate(said, 1)]
    assert log.receipts_head(reading, LOG_ID) == 4
    assert log.receipts_after(reading, LOG_ID, 2, 1) == found[2:3]
    assert log.receipts_after(reading, LOG_ID, 4, 10) == []
    assert log.receipt_at(reading, LOG_ID, 1, Grade.R4) == b"4 1"
    assert log.receipt_at(reading, LOG_ID, 2, Grade.R4) is None


def test_a_node_keeps_the_number_it_was_given(database: Database) -> None:
    """A receipt is stored under the hub's number; a repetition of it changes nothing."""
    with database.transaction() as connection:
        assert log.add_receipt(connection, LOG_ID, Grade.R1, 1, b"one", 7)
        assert not log.add_receipt(connection, LOG_ID, Grade.R1, 1, b"one", 7)
        assert not log.add_receipt(connection, LOG_ID, Grade.R1, 1, b"issued anew", 9)
        assert log.add_receipt(connection, LOG_ID, Grade.R1, 2, b"two", 8)
    assert log.receipts_after(database.read(), LOG_ID, 0, 9) == [(7, b"one"), (8, b"two")]


def test_what_waits_for_a_receipt(database: Database) -> None:
    """Deltas without a receipt of the grade are listed; other kinds of entries need none."""
    alarm = next_entry(LOG[2], kind=EntryKind.ALARM)
    last = next_entry(alarm, mark=7)
    append(database, LOG[1], LOG[2], alarm, last)
    reading = database.read()
    assert log.unreceipted(reading, LOG_ID, Grade.R1) == [1, 2, 4]
    assert log.first_unreceipted(reading, LOG_ID, Grade.R1) == 1
    assert log.last_receipted(reading, LOG_ID) == -1
    with database.transaction() as connection:
        for seq in (1, 4):
            log.add_receipt(connection, LOG_ID, Grade.R1, seq, b"")
        log.add_receipt(connection, LOG_ID, Grade.R4, 5, b"")
    assert log.unreceipted(reading, LOG_ID, Grade.R1) == [2]
    assert log.first_unreceipted(reading, LOG_ID, Grade.R1) == 2
    assert log.last_receipted(reading, LOG_ID) == 4
    with database.transaction() as connection:
        log.add_receipt(connection, LOG_ID, Grade.R1, 2, b"")
    assert log.first_unreceipted(reading, LOG_ID, Grade.R1) is None
    assert log.unreceipted(reading, LOG_ID, Grade.R4) == [1, 2, 4]


def test_receipts_of_two_logs_do_not_meet(database: Database) -> None:
    """Numbers and receipts are each log's own."""
    with database.transaction() as connection:
        log.add_receipt(connection, LOG_ID, Grade.R1, 1, b"ours")
        log.add_receipt(connection, hub_genesis().log_id, Grade.R1, 1, b"theirs")
    assert log.receipts_after(database.read(), LOG_ID, 0, 9) == [(1, b"ours")]
    assert log.receipts_head(database.read(), hub_genesis().log_id) == 1


SECOND = [*LOG[:3], *(extended := [next_entry(LOG[2], mark=50)]), next_entry(extended[0], mark=51)]


@settings(max_examples=60)
@given(st.lists(st.sampled_from([*LOG, *SECOND[3:]]), max_size=14))
def test_any_order_of_delivery_keeps_one_chain(delivered: list[entry.Entry]) -> None:
    """However entries of two branches arrive, repeat or overtake, the log is a prefix of one branch, and each answer fits it."""
    opened = open_database(Path(":memory:"), None, ("sync",))
    with opened.transaction() as connection:
        log.register(connection, entry.genesis_of(node_genesis()), node_genesis())
        model = [node_genesis()]
        for one in delivered:
            if one.seq < len(model):
                expected: object = False if model[one.seq] == one else Fork
            elif one.seq == len(model):
                expected = True if one.prev == model[-1].hash else Fork
            else:
                expected = BadEntry
            if isinstance(expected, bool):
                assert log.append(connection, one) is expected
                model += [one] * expected
            else:
                with pytest.raises(BadEntry if expected is BadEntry else Fork):
                    log.append(connection, one)
        assert list(log.walk(connection, LOG_ID)) == model
        assert model in (LOG[: len(model)], SECOND[: len(model)])
    opened.close()
