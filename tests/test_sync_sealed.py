"""What a node has sealed, and what a hub's front waits for: both tables of objects."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sync_material import delta_body, digest, item, part, parts

from sync import limits, named, sealed
from sync.database import Database, open_database
from sync.manifest import Part, Transform

ONE, TWO, THREE = (digest(bytes([number])) for number in range(3))
LOG, OTHER = digest(b"log"), digest(b"other log")
ITEM = bytes([1]) * 16


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Yield an encrypted database with both tables."""
    opened = open_database(tmp_path / "node.db", bytes(32), ("sync", "sync:sealed", "sync:named"))
    yield opened
    opened.close()


def test_sealed_parts_wait_and_become_current(database: Database) -> None:
    """Parts of a durable pack wait for their delta; with it they are the item's current ones, in order, and wait no more."""
    first, second = part("b.jpg", 5, ONE), part("a.jpg", 6, TWO)
    with database.transaction() as connection:
        sealed.remember(connection, [(ONE, 100)], [(ITEM, first)])
        sealed.remember(connection, [(TWO, 200)], [(ITEM, second)])
    reading = database.read()
    assert sorted(sealed.pending(reading, ITEM), key=lambda one: one.name) == [second, first]
    assert sorted(sealed.unclaimed(reading)) == sorted([(ONE, 100), (TWO, 200)])
    assert sealed.current(reading, ITEM) == []
    with database.transaction() as connection:
        sealed.claim(connection, 3, [(ONE, 100), (TWO, 200)], [item(1, parts=[first, second])])
    assert sealed.current(reading, ITEM) == [first, second]
    assert sealed.pending(reading, ITEM) == []
    assert sealed.unclaimed(reading) == []
    assert sealed.seqs_of(reading, [ONE, TWO, THREE]) == {3}


def test_a_pack_may_precede_its_manifest(database: Database) -> None:
    """A delta may claim packs without items: their parts wait on, and the packs are claimed once."""
    with database.transaction() as connection:
        sealed.remember(connection, [(ONE, 100)], [(ITEM, part("a", 5, ONE))])
        sealed.claim(connection, 1, [(ONE, 100)], [])
        sealed.remember(connection, [(TWO, 200)], [])
    reading = database.read()
    assert [one.name for one in sealed.pending(reading, ITEM)] == ["a"]
    assert sealed.unclaimed(reading) == [(TWO, 200)]
    assert sealed.seqs_of(reading, [ONE, TWO]) == {1}


def test_recording_a_pack_again_changes_nothing(database: Database) -> None:
    """Recovery may record the same pack and parts twice; a claimed pack stays claimed."""
    rows = [(ITEM, part("a", 5, ONE))]
    with database.transaction() as connection:
        sealed.remember(connection, [(ONE, 100)], rows)
        sealed.remember(connection, [(ONE, 100)], rows)
        assert len(sealed.pending(connection, ITEM)) == 1
        sealed.claim(connection, 1, [(ONE, 100)], [])
        sealed.remember(connection, [(ONE, 100)], rows)
        assert sealed.unclaimed(connection) == []
    assert sealed.has_pack(database.read(), ONE)
    assert not sealed.has_pack(database.read(), TWO)
    assert list(sealed.pack_names(database.read())) == [(ONE, 100)]


def test_a_delta_writes_down_packs_that_nobody_remembered(database: Database) -> None:
    """A pack may come with its delta for the first time; remembered later, by whoever was late, it stays claimed."""
    with database.transaction() as connection:
        sealed.claim(connection, 2, [(ONE, 100), (TWO, 200)], [item(1, parts=[part("a", 5, ONE)])])
        sealed.remember(connection, [(TWO, 200)], [])
    reading = database.read()
    assert sorted(sealed.pack_names(reading)) == sorted([(ONE, 100), (TWO, 200)])
    assert sealed.unclaimed(reading) == []
    assert sealed.seqs_of(reading, [ONE, TWO]) == {2}


def test_a_new_version_takes_the_place_of_the_old(database: Database) -> None:
    """The current parts are those of the last claimed version alone; other items keep theirs."""
    with database.transaction() as connection:
        sealed.claim(connection, 1, [], [item(1, parts=[part("a"), part("b"), part("c")]), item(2, parts=[part("z")])])
        sealed.claim(connection, 2, [], [item(1, 2, parts=[part("c"), part("a")])])
    reading = database.read()
    assert [one.name for one in sealed.current(reading, ITEM)] == ["c", "a"]
    assert [one.name for one in sealed.current(reading, bytes([2]) * 16)] == ["z"]


def test_a_rolled_back_pack_was_never_there(database: Database) -> None:
    """A crash before the commit leaves no row: the pack's file is an orphan that recovery removes."""
    rows = [(ITEM, part())]
    broken = ((rows[0], 1 // 0)[0] for _ in range(2))
    with pytest.raises(ZeroDivisionError), database.transaction() as connection:
        sealed.remember(connection, [(ONE, 100)], broken)
    assert not sealed.has_pack(database.read(), ONE)
    assert sealed.pending(database.read(), ITEM) == []


@settings(max_examples=50)
@given(st.lists(parts([ONE, TWO]), max_size=5))
def test_parts_come_back_as_they_were(given_parts: list[Part]) -> None:
    """Digests, segments, transform and engine of any part survive the database."""
    opened = open_database(Path(":memory:"), None, ("sync:sealed",))
    with opened.transaction() as connection:
        sealed.claim(connection, 1, [], [item(1, parts=given_parts)])
        assert sealed.current(connection, ITEM) == given_parts
    opened.close()


def test_the_largest_part_is_kept(database: Database) -> None:
    """A part of 1 TiB with its 131,072 segments goes in and comes out."""
    large = replace(part("tape", 0, ONE), size=limits.PART_BYTES, transform=Transform.STORE)
    large = replace(large, segments=part("x", 8, ONE).segments * 131_072)
    with database.transaction() as connection:
        sealed.remember(connection, [(ONE, 100)], [(ITEM, large)])
    assert sealed.pending(database.read(), ITEM) == [large]


def test_the_front_waits_for_what_a_delta_names(database: Database) -> None:
    """Objects of a delta are taken from its log alone, are missing until stored, and complete it when the last is stored."""
    body = delta_body()
    names = [name for name, _ in body.objects()]
    with database.transaction() as connection:
        for _ in range(2):
            named.expect(connection, LOG, 1, body)
    reading = database.read()
    assert named.of_delta(reading, LOG, 1) == [(name, length, False) for name, length in body.objects()]
    assert sorted(named.missing(reading, LOG)) == sorted(names)
    assert named.length_of(reading, LOG, names[1]) == 1001
    assert named.length_of(reading, OTHER, names[1]) is None
    assert named.length_of(reading, LOG, bytes(32)) is None
    assert named.is_named(reading, names[0])
    assert not named.is_named(reading, bytes(32))
    for stored, name in enumerate(names, 1):
        assert not named.complete(reading, LOG, 1)
        assert not named.is_stored(reading, LOG, name)
        with database.transaction() as connection:
            assert named.mark_stored(connection, LOG, name) == [1]
        assert named.is_stored(reading, LOG, name)
        assert len(named.missing(reading, LOG)) == len(names) - stored
    assert named.complete(reading, LOG, 1)
    assert not named.complete(reading, LOG, 2)
    assert sorted(named.all_stored(reading)) == sorted(body.objects())


def test_an_object_that_two_deltas_name_serves_both(database: Database) -> None:
    """Storing it once completes both; another log must bring its own; a lost one is wanted again everywhere."""
    body = delta_body()
    shared = replace(delta_body(1), packs=body.packs)
    with database.transaction() as connection:
        named.expect(connection, LOG, 1, body)
        named.expect(connection, LOG, 2, shared)
        named.expect(connection, OTHER, 1, body)
        assert sorted(named.mark_stored(connection, LOG, body.packs[0][0])) == [1, 2]
        assert sorted(named.naming(connection, LOG, body.packs[0][0])) == [1, 2]
        named.mark_delta_stored(connection, LOG, 1)
    reading = database.read()
    assert named.complete(reading, LOG, 1)
    assert not named.complete(reading, LOG, 2)
    assert named.missing(reading, LOG) == [shared.manifest[0]]
    assert len(named.missing(reading, OTHER)) == 3
    assert [stored for _, _, stored in named.in_range(reading, LOG, 1, 2)] == [True, True, True, False, True, True]
    assert named.in_range(reading, LOG, 3, 9) == []
    with database.transaction() as connection:
        named.mark_lost(connection, body.packs[0][0])
    assert not named.complete(reading, LOG, 1)
    assert named.missing(reading, LOG).count(body.packs[0][0]) == 2


def test_stored_objects_are_listed_in_pieces(database: Database) -> None:
    """Walking by name in small steps meets every stored object once."""
    bodies = [delta_body(mark) for mark in range(5)]
    with database.transaction() as connection:
        for seq, body in enumerate(bodies):
            named.expect(connection, LOG, seq, body)
            named.expect(connection, OTHER, seq, body)
            named.mark_delta_stored(connection, LOG, seq)
        named.mark_delta_stored(connection, OTHER, 3)
    found, at = [], b""
    while step := named.stored_after(database.read(), at, 4):
        found += step
        at = step[-1][0]
    assert found == sorted(one for body in bodies for one in body.objects())
