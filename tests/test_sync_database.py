"""Databases: encrypted, versioned, one writer, all or nothing."""

import secrets
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from contract_objects import bytes_of
from faulty import full_disk

from sync import log
from sync.database import Cipher, Database, open_database
from sync.entry import Role
from sync.errors import NewerSchema, StoreDamaged, StoreError, StoreFull

KEY = bytes(range(32))
ROOMS = ("sync", "sync:sealed", "sync:named")
SECRET = "机密题名 confidential title"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Yield an encrypted database of the sync room."""
    opened = open_database(tmp_path / "node.db", KEY, ROOMS)
    yield opened
    opened.close()


@pytest.fixture
def table(database: Database) -> Database:
    """Return the database with a table of its own."""
    with database.transaction() as connection:
        connection.execute("CREATE TABLE thing(id INTEGER PRIMARY KEY, text TEXT)")
    return database


def texts(database: Database) -> list[str]:
    """Return what is committed."""
    return [row[0] for row in database.read().execute("SELECT text FROM thing ORDER BY id")]


def add(connection: apsw.Connection, text: str) -> None:
    """Insert one row."""
    connection.execute("INSERT INTO thing(text) VALUES (?)", (text,))


def fail_halfway(database: Database, fault: type[BaseException]) -> None:
    """Insert a row and raise before the commit."""
    with database.transaction() as connection:
        add(connection, "half")
        raise fault


def fill(database: Database, pages: int | None = None) -> None:
    """Insert 4 MB in one transaction, into a file of so many pages at most."""
    with database.transaction() as connection:
        if pages:
            connection.pragma("max_page_count", pages)
        for _ in range(500):
            add(connection, secrets.token_hex(4000))


def test_nothing_readable_lies_on_the_disk(table: Database) -> None:
    """Neither rows nor table names nor SQLite's own mark stand in the database or its journal."""
    with table.transaction() as connection:
        for _ in range(50):
            add(connection, SECRET)
    files = list(table.path.parent.iterdir())
    assert {path.name for path in files} >= {"node.db", "node.db-wal"}
    table.close()
    for path in table.path.parent.iterdir():
        data = path.read_bytes()
        for trace in (SECRET.encode(), b"confidential", b"CREATE TABLE", b"SQLite format", KEY, KEY.hex().encode()):
            assert trace not in data, path.name


def test_a_wrong_key_is_refused(database: Database) -> None:
    """Another key, or none, does not open the file, and leaves it openable."""
    database.close()
    for key in (bytes(32), KEY[::-1], None):
        with pytest.raises(StoreDamaged, match="密钥"):
            open_database(database.path, key, ROOMS)
    open_database(database.path, KEY, ROOMS).close()


def test_without_a_key_it_is_a_plain_database(tmp_path: Path) -> None:
    """The hub's front is not encrypted, and a key does not open it."""
    open_database(tmp_path / "front.db", None, ("sync",)).close()
    assert (tmp_path / "front.db").read_bytes().startswith(b"SQLite format 3")
    with pytest.raises(StoreDamaged):
        open_database(tmp_path / "front.db", KEY, ("sync",))


def test_every_commit_waits_for_the_disk(database: Database) -> None:
    """WAL, synchronous FULL, foreign keys and the cipher hold on both kinds of connection."""
    with database.transaction() as writer:
        for connection in (writer, database.read()):
            found = [connection.pragma(name) for name in ("journal_mode", "synchronous", "foreign_keys", "cipher")]
            assert found == ["wal", 2, 1, "aegis"]


def test_a_transaction_is_all_or_nothing(table: Database) -> None:
    """What raises inside leaves nothing of the transaction, and the error passes through."""
    with pytest.raises(ZeroDivisionError):
        fail_halfway(table, ZeroDivisionError)
    assert texts(table) == []
    with table.transaction() as connection:
        add(connection, "whole")
    assert texts(table) == ["whole"]


def test_an_interrupt_rolls_back(table: Database) -> None:
    """Even KeyboardInterrupt leaves nothing half-done and the writer usable."""
    with pytest.raises(KeyboardInterrupt):
        fail_halfway(table, KeyboardInterrupt)
    with table.transaction() as connection:
        add(connection, "whole")
    assert texts(table) == ["whole"]


def test_readers_see_what_is_committed(table: Database) -> None:
    """A reader sees the state before the open transaction, and after the commit the new one."""
    with table.transaction() as connection:
        add(connection, "one")
        assert texts(table) == []
    assert texts(table) == ["one"]


def test_readers_do_not_write(table: Database) -> None:
    """The reading connection refuses every change."""
    with pytest.raises(apsw.ReadOnlyError):
        table.read().execute("DELETE FROM thing")


def test_many_threads_write_one_after_the_other(table: Database) -> None:
    """Counting up in several threads loses nothing, while others read only what is whole."""
    with table.transaction() as connection:
        add(connection, "0")
        add(connection, "0")
    odd: list[list[str]] = []

    def count() -> None:
        for _ in range(25):
            with table.transaction() as connection:
                for row in (1, 2):
                    connection.execute("UPDATE thing SET text = CAST(text AS INTEGER) + 1 WHERE id = ?", (row,))

    def look() -> None:
        for _ in range(100):
            one, two = texts(table)
            if one != two:
                odd.append([one, two])
        table.read().close()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=count) for _ in range(4)] + [threading.Thread(target=look) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert texts(table) == ["100", "100"]
    assert not odd


def test_a_second_writer_waits(table: Database) -> None:
    """While one thread is inside a transaction another does not get in; it gets in afterwards."""
    trying, inside = threading.Event(), threading.Event()

    def write() -> None:
        trying.set()
        with table.transaction() as connection:
            inside.set()
            add(connection, "second")

    thread = threading.Thread(target=write)
    with table.transaction() as connection:
        thread.start()
        assert trying.wait(10)
        assert not inside.wait(0.1)
        add(connection, "first")
    thread.join()
    assert texts(table) == ["first", "second"]


def test_reading_before_writing_does_not_collide(table: Database) -> None:
    """Two programs that read and then write in one transaction take turns: nobody is refused for a stale reading."""
    other = Database(table.path, KEY)
    with table.transaction() as connection:
        add(connection, "0")
    faults: list[Exception] = []

    def count(database: Database) -> None:
        try:
            for _ in range(60):
                with database.transaction() as connection:
                    [(number,)] = connection.execute("SELECT text FROM thing")
                    connection.execute("UPDATE thing SET text = ?", (str(int(number) + 1),))
        except apsw.Error as fault:
            faults.append(fault)

    threads = [threading.Thread(target=count, args=(database,)) for database in (table, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert texts(table) == ["120"]
    other.close()


def test_two_processes_do_not_share_a_snapshot(table: Database) -> None:
    """A second opening of the same file sees commits and waits for the writer."""
    other = Database(table.path, KEY)
    with table.transaction() as connection:
        add(connection, "one")
    assert texts(other) == ["one"]
    with other.transaction() as connection:
        add(connection, "two")
    assert texts(table) == ["one", "two"]
    other.close()


def test_a_full_database_rolls_back(table: Database) -> None:
    """When there is no room the transaction leaves nothing, the error says so, and with room again it succeeds."""
    with table.transaction() as connection:
        add(connection, "before")
    with pytest.raises(StoreFull, match="空间不足"):
        fill(table, 60)
    assert texts(table) == ["before"]
    with table.transaction() as connection:
        connection.pragma("max_page_count", 1 << 30)
        add(connection, "after")
    assert texts(table) == ["before", "after"]


def test_a_disk_that_takes_no_more(table: Database) -> None:
    """When the operating system refuses to write, the commit fails as an error of the room and nothing of it stays."""
    with table.transaction() as connection:
        add(connection, "before")
    with full_disk(64 << 10), pytest.raises(StoreError):
        fill(table)
    assert texts(table) == ["before"]
    with table.transaction() as connection:
        add(connection, "after")
    assert texts(table) == ["before", "after"]


@pytest.mark.parametrize("place", [*range(16, 32), 4096 + 100, -50])
def test_a_damaged_file_is_an_error_of_the_room(table: Database, place: int) -> None:
    """A flipped byte anywhere in an encrypted file, but for a salt that no raw key needs, is found when its page is read, as damage and not as an answer."""
    with table.transaction() as connection:
        for number in range(300):
            add(connection, bytes_of(300, number)[1].hex())
    table.close()
    data = bytearray(table.path.read_bytes())
    data[place] ^= 1
    table.path.write_bytes(data)
    try:
        again = open_database(table.path, KEY, ROOMS)
    except StoreDamaged:
        return
    assert again.check()
    again.close()


def test_a_database_of_before_keeps_its_cipher(tmp_path: Path) -> None:
    """A file under ChaCha20-Poly1305 is told by its header, opened, written and copied as such, and never by another key."""
    made = Database(tmp_path / "old.db", KEY, Cipher.CHACHA20)
    with made.transaction() as connection:
        connection.execute("CREATE TABLE thing(text)")
        connection.execute("INSERT INTO thing VALUES ('before')")
    made.close()
    again = Database(tmp_path / "old.db", KEY)
    with again.transaction() as connection:
        connection.execute("INSERT INTO thing VALUES ('after')")
    again.backup(tmp_path / "copy.db")
    again.close()
    for name in ("old.db", "copy.db"):
        found = Database(tmp_path / name, KEY)
        assert found.read().pragma("cipher") == "chacha20"
        assert [text for (text,) in found.read().execute("SELECT text FROM thing")] == ["before", "after"]
        assert found.check() == []
        found.close()
        with pytest.raises(StoreDamaged):
            Database(tmp_path / name, bytes(32))


def test_a_sound_database_checks_clean(table: Database) -> None:
    """The integrity check finds nothing in a sound file."""
    assert table.check() == []


def test_a_newer_schema_is_refused(database: Database) -> None:
    """A database that a newer program wrote is refused by name, and is not touched."""
    with database.transaction() as connection:
        connection.execute("UPDATE schema_version SET version = version + 1 WHERE room = 'sync:sealed'")
    database.close()
    with pytest.raises(NewerSchema, match=r"sync:sealed.*升级"):
        open_database(database.path, KEY, ROOMS)
    opened = open_database(database.path, KEY, ("sync",))
    assert dict(opened.read().execute("SELECT room, version FROM schema_version"))["sync:sealed"] == 2
    opened.close()


def test_opening_again_changes_nothing(database: Database) -> None:
    """Each schema is applied once; another room may be added later."""
    versions = "SELECT room, version FROM schema_version ORDER BY room"
    before = list(database.read().execute(versions))
    assert before == [("sync", 1), ("sync:named", 1), ("sync:sealed", 1)]
    database.close()
    again = open_database(database.path, KEY, (*ROOMS, "holdings"))
    after = list(again.read().execute(versions))
    assert [row for row in after if row[0] != "holdings"] == before
    assert len(after) == 4
    again.close()


def test_an_upgrade_and_its_record_commit_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A schema step that fails leaves neither its tables nor its number; mended, it is applied from where it stood."""
    schema = tmp_path / "lateroom" / "schema"
    schema.mkdir(parents=True)
    (schema.parent / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    (schema / "001_first.sql").write_text("CREATE TABLE first(a);")
    path = tmp_path / "late.db"
    open_database(path, KEY, ("sync", "lateroom")).close()
    (schema / "002_second.sql").write_text("CREATE TABLE second(a); INSERT INTO second VALUES (1); CREATE TABLE first(a);")
    with pytest.raises(apsw.SQLError):
        open_database(path, KEY, ("sync", "lateroom"))
    (schema / "002_second.sql").rename(tmp_path / "aside")
    opened = open_database(path, KEY, ("sync", "lateroom"))
    tables = [row[0] for row in opened.read().execute("SELECT name FROM sqlite_schema WHERE name IN ('first', 'second')")]
    assert tables == ["first"]
    opened.close()
    (schema / "002_second.sql").write_text("CREATE TABLE second(a); INSERT INTO second VALUES (2);")
    opened = open_database(path, KEY, ("sync", "lateroom"))
    assert list(opened.read().execute("SELECT a FROM second")) == [(2,)]
    assert dict(opened.read().execute("SELECT room, version FROM schema_version"))["lateroom"] == 2
    opened.close()


def test_a_backup_is_whole_while_others_write(table: Database, tmp_path: Path) -> None:
    """A backup opens under the same key alone, holds what was committed, and is encrypted too."""
    with table.transaction() as connection:
        for _ in range(500):
            add(connection, SECRET * 20)
    with table.transaction() as connection:
        add(connection, "not committed yet")
        table.backup(tmp_path / "copy.db")
    copy = open_database(tmp_path / "copy.db", KEY, ROOMS)
    assert texts(copy) == [SECRET * 20] * 500
    assert copy.check() == []
    assert log.logs(copy.read(), Role.NODE) == []
    copy.close()
    assert b"confidential" not in (tmp_path / "copy.db").read_bytes()
    with pytest.raises(StoreDamaged):
        open_database(tmp_path / "copy.db", bytes(32), ROOMS)


def test_a_question_half_answered_ends_with_who_asked(table: Database) -> None:
    """A cursor that is let go is gone, whatever was asked meanwhile: else its read would hold the write-ahead log and its memory for ever
    (apsw 3.54.0.0 keeps such cursors)."""
    with table.transaction() as connection:
        for text in ("one", "two", "three"):
            add(connection, text)
    half = table.read().execute("SELECT text FROM thing")
    assert next(half) == ("one",)
    assert texts(table) == ["one", "two", "three"]
    left = weakref.ref(half)
    del half
    assert left() is None


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """A database that cannot be made is an error of the room."""
    with pytest.raises(StoreDamaged, match=r"node\.db"):
        open_database(tmp_path / "none" / "node.db", KEY, ROOMS)
