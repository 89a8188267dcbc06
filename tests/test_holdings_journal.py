"""The journal 审计日志 (holdings/journal.py, format.md §16)."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdings import journal
from holdings.journal import Deed, Filter, Outcome
from sync.database import Database, open_database

WALL = 1_700_000_000


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty journal in an encrypted database."""
    opened = open_database(tmp_path / "people.db", bytes(32), [journal.ROOM])
    yield opened
    opened.close()


def filled(database: Database, count: int) -> dict[int, bytes]:
    """Append acts of three persons; (number → hash) of each."""
    hashes = {}
    for number in range(count):
        with database.transaction() as connection:
            outcome = Outcome.REFUSED if number % 5 == 0 else Outcome.DONE
            deed = Deed(WALL + number, f"u{number % 3}", "audit", "10.0.0.7", "read", f"record:{number % 4}", outcome)
            act = journal.add(connection, deed)
        hashes[act.number] = act.hash
    return hashes


def tamper(database: Database, statement: str) -> None:
    """Change a row as somebody would who has the key and the time: triggers gone first."""
    with database.transaction() as connection:
        connection.execute("DROP TRIGGER journal_is_not_changed; DROP TRIGGER journal_is_not_shortened")
        connection.execute(statement)


def test_acts_are_numbered_and_chained(database: Database) -> None:
    """Numbers are dense from 1, each hash covers the one before, and the whole verifies."""
    hashes = filled(database, 12)
    acts = list(journal.walk(database.read()))
    assert [act.number for act in acts] == list(range(1, 13))
    assert journal.head(database.read()) == (12, hashes[12])
    assert journal.hash_of(acts[4].hash, 6, acts[5].deed) == acts[5].hash
    assert journal.verify(database.read(), hashes) == []


def test_the_bytes_are_those_of_the_format() -> None:
    """The hash of a known act is the one of format.md §16, computed here from the bytes."""
    deed = Deed(5, "wang", "audit", "", "read")
    plain = bytes.fromhex("8a 01 01 05 64") + b"wang" + b"\x65audit" + b"\x60" + b"\x64read" + b"\x60\x01\x60"
    import hashlib

    assert journal.hash_of(journal.FIRST, 1, deed) == hashlib.sha256(b"jindang/1/journal" + bytes(32) + plain).digest()


@pytest.mark.parametrize("statement", ["UPDATE journal SET person = 'x' WHERE number = 3", "DELETE FROM journal WHERE number = 3", "DELETE FROM journal"])
def test_the_table_refuses_change(database: Database, statement: str) -> None:
    """No connection changes or removes an act."""
    filled(database, 4)
    with pytest.raises(apsw.ConstraintError, match="journal is not"), database.transaction() as connection:
        connection.execute(statement)
    assert journal.head(database.read())[0] == 4


@pytest.mark.parametrize(("statement", "number", "said"), [
    ("UPDATE journal SET person = 'other' WHERE number = 3", 3, "改动"),
    ("UPDATE journal SET wall = wall + 1 WHERE number = 1", 1, "改动"),
    ("UPDATE journal SET outcome = 1 WHERE number = 6", 6, "改动"),
    ("DELETE FROM journal WHERE number = 5", 5, "缺少"),
    ("DELETE FROM journal WHERE number = 1", 1, "缺少"),
    ("DELETE FROM journal WHERE number > 6", 8, "截短"),
])
def test_tampering_is_found(database: Database, statement: str, number: int, said: str) -> None:
    """A changed, removed or cut-off act is told, with its number."""
    anchors = {8: filled(database, 8)[8]}
    tamper(database, statement)
    assert [(f.number, said in f.what) for f in journal.verify(database.read(), anchors)][:1] == [(number, True)]


def test_a_rewritten_chain_disagrees_with_its_anchor(database: Database) -> None:
    """Who recomputes all hashes after a change still has the anchor against him."""
    anchors = {4: filled(database, 6)[4]}
    acts = list(journal.walk(database.read()))
    tamper(database, "DELETE FROM journal")
    with database.transaction() as connection:
        for act in acts:
            journal.add(connection, Deed(act.deed.wall, "nobody", "", "", act.deed.verb))
    assert journal.verify(database.read(), {}) == []
    assert [(f.number, "重写" in f.what) for f in journal.verify(database.read(), anchors)] == [(4, True)]


@pytest.mark.parametrize(("wanted", "numbers"), [
    (Filter(), list(range(20, 0, -1))),
    (Filter(person="u1"), [20, 17, 14, 11, 8, 5, 2]),
    (Filter(subject="record:3", outcome=Outcome.REFUSED), [16]),
    (Filter(since=WALL + 17), [20, 19, 18]),
    (Filter(until=WALL + 2), [2, 1]),
    (Filter(verb="write"), []),
    (Filter(person="' OR 1=1 --"), []),
])
def test_acts_are_filtered(database: Database, wanted: Filter, numbers: list[int]) -> None:
    """Each field narrows; newest first; oldest first when walked; a page ends where the next begins."""
    filled(database, 20)
    reading = database.read()
    assert [act.number for act in journal.find(reading, wanted)] == numbers
    assert [act.number for act in journal.walk(reading, wanted)] == numbers[::-1]
    assert [act.number for act in journal.find(reading, wanted, before=10, limit=2)] == [n for n in numbers if n < 10][:2]


def test_a_long_journal_is_read_in_portions(database: Database) -> None:
    """Walking more than a portion yields each act once, and verifies."""
    with database.transaction() as connection:
        for number in range(2 * journal.PORTION + 3):
            journal.add(connection, Deed(WALL + number, "u", "", "", "read"))
    assert len([*journal.walk(database.read())]) == 2 * journal.PORTION + 3
    assert journal.verify(database.read(), {}) == []


@given(st.text(max_size=600), st.text(max_size=600))
def test_any_text_is_kept_within_its_bounds(person: str, note: str) -> None:
    """Whatever a peer says fits its field, has one line, and can be hashed."""
    deed = Deed(WALL, person, "audit", "", "read", person, Outcome.DONE, note)
    assert len(deed.person) <= journal.PERSON_MAX
    assert len(deed.note) <= journal.NOTE_MAX
    assert deed.person.isprintable() or not deed.person
    assert len(journal.hash_of(journal.FIRST, 1, deed)) == 32


@pytest.mark.parametrize("verb", ["", "Read", "read it", "x" * 33, "-x", "读"])
def test_a_verb_is_a_word(verb: str) -> None:
    """A verb that is no plain word is a fault of ours and is not written."""
    with pytest.raises(ValueError, match="verb"):
        Deed(WALL, "u", "", "", verb)


def test_the_export_computes_nothing(database: Database) -> None:
    """The sheet opens as UTF-8, one line an act, and nothing in it is a formula."""
    with database.transaction() as connection:
        journal.add(connection, Deed(WALL, "=HYPERLINK(1)", "audit", "@x", "read", '+1,"2"', Outcome.FAILED, "-2"))
    text = b"".join(journal.sheet(journal.walk(database.read()))).decode("utf-8-sig")
    head, row = list(csv.reader(io.StringIO(text)))
    assert head == list(journal.HEADINGS)
    assert row[2:9] == ["'=HYPERLINK(1)", "audit", "'@x", "read", "'+1,\"2\"", "失败", "'-2"]
