"""The contract of every store of objects (sync/objects.py): a test class derives from `ObjectStoreContract` and gives `store`."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable

import pytest

from sync.durable import BLOCK, CHUNK, aligned_buffer
from sync.errors import BadObject, StoreDamaged
from sync.objects import ObjectStore

SIZES = (1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 17, CHUNK, CHUNK + 1, 2 * CHUNK + BLOCK + 5)


def bytes_of(size: int, seed: int = 0) -> tuple[bytes, bytes]:
    """Return (name, data) of an object of `size` bytes."""
    data = random.Random(f"{size}/{seed}").randbytes(size)
    return hashlib.sha256(data).digest(), data


def collected(views: Iterable[memoryview]) -> bytes:
    """Return what the chunks held, each copied before the next is taken."""
    return b"".join(bytes(view) for view in views)


class ObjectStoreContract:
    """What holds for every store; `store` is a fixture of the derived class."""

    @pytest.mark.parametrize("size", SIZES)
    @pytest.mark.parametrize("kind", [bytes, memoryview])
    def test_what_was_put_is_read_back(self, store: ObjectStore, size: int, kind: type) -> None:
        """An object that was put is there whole: length, digest, chunks, any range."""
        name, data = bytes_of(size)
        assert not store.has(name)
        store.put(name, kind(data))
        assert store.has(name)
        assert store.length(name) == size
        assert store.digest(name) == name
        assert collected(store.chunks(name)) == data
        assert store.read(name, 0, size) == data
        assert store.read(name, size // 2, size - size // 2) == data[size // 2 :]
        assert list(store.names()) == [name]

    def test_putting_again_changes_nothing(self, store: ObjectStore) -> None:
        """The same object put twice is there once."""
        name, data = bytes_of(5000)
        store.put(name, data)
        store.put(name, data)
        assert list(store.names()) == [name]
        assert store.read(name, 0, 5000) == data

    def test_chunks_begin_at_any_block(self, store: ObjectStore) -> None:
        """Chunks from a multiple of 4,096 on give the rest of the object, and nothing at its end."""
        name, data = bytes_of(2 * CHUNK + 100)
        store.put(name, data)
        for start in (0, BLOCK, CHUNK, CHUNK + BLOCK, 2 * CHUNK):
            assert collected(store.chunks(name, start)) == data[start:]
        whole, blocks = bytes_of(2 * BLOCK)
        store.put(whole, blocks)
        assert collected(store.chunks(whole, 2 * BLOCK)) == b""

    def test_two_objects_are_read_side_by_side(self, store: ObjectStore) -> None:
        """A view stays valid until the next of its own object is taken, whatever else is read or stored meanwhile."""
        (one, data), (two, other) = bytes_of(CHUNK + 7, 1), bytes_of(CHUNK + 7, 2)
        store.put(one, data)
        store.put(two, other)
        third, aside = bytes_of(BLOCK + 9, 3)
        at = 0
        for left, right in zip(store.chunks(one), store.chunks(two), strict=True):
            store.put(third, memoryview(aside))
            assert left == data[at : at + len(left)]
            assert right == other[at : at + len(right)]
            at += len(left)
        assert at == len(data)

    def test_what_is_not_there_is_an_error(self, store: ObjectStore) -> None:
        """Length, digest, chunks and reading of a missing object, or beyond the end, are errors of the room."""
        name, data = bytes_of(100)
        with pytest.raises(BadObject):
            store.length(name)
        for reading in (lambda: store.read(name, 0, 1), lambda: store.digest(name), lambda: list(store.chunks(name))):
            with pytest.raises(StoreDamaged):
                reading()
        store.put(name, data)
        for offset, length in ((0, 101), (99, 2), (100, 1), (5000, 1)):
            with pytest.raises(StoreDamaged):
                store.read(name, offset, length)

    @pytest.mark.parametrize("size", SIZES)
    @pytest.mark.parametrize("step", [1000, BLOCK, CHUNK + 3])
    def test_what_was_staged_is_an_object(self, store: ObjectStore, size: int, step: int) -> None:
        """An object written in pieces of any size is visible after finish, and not before."""
        name, data = bytes_of(size)
        staging = store.stage(name, size)
        assert staging.offset == 0
        for at in range(0, size, step):
            staging.write(memoryview(data)[at : at + step])
        assert not store.has(name)
        assert list(store.names()) == []
        staging.finish()
        staging.close()
        assert store.read(name, 0, size) == data
        assert store.staged(name) == 0

    @pytest.mark.parametrize("room", [BLOCK, CHUNK, 4 * CHUNK])
    def test_a_buffer_may_be_lent_for_the_last_look(self, store: ObjectStore, room: int) -> None:
        """What is re-read passes through the caller's buffer: the same object, and the same refusal of what is none."""
        name, data = bytes_of(2 * CHUNK + 99)
        staging = store.stage(name, len(data))
        staging.write(data[:-1] + bytes([data[-1] ^ 1]))
        with pytest.raises(BadObject):
            staging.finish(aligned_buffer(room))
        staging = store.stage(name, len(data))
        staging.write(data)
        staging.finish(aligned_buffer(room))
        assert store.digest(name) == name

    @pytest.mark.parametrize("cut", [0, 1, BLOCK - 1, BLOCK, 3 * BLOCK + 50, CHUNK, CHUNK + BLOCK + 1])
    def test_a_cut_upload_goes_on_at_a_block(self, store: ObjectStore, cut: int) -> None:
        """After a close the durable offset is the last whole block; what is sent from there on completes the object."""
        name, data = bytes_of(2 * CHUNK + 99)
        first = store.stage(name, len(data))
        first.write(data[:cut])
        first.close()
        assert store.staged(name) == cut // BLOCK * BLOCK
        assert not store.has(name)
        second = store.stage(name, len(data))
        assert second.offset == cut // BLOCK * BLOCK
        second.write(data[second.offset :])
        second.finish()
        assert store.digest(name) == name
        assert store.staged(name) == 0

    def test_sync_says_what_is_durable(self, store: ObjectStore) -> None:
        """Sync returns whole blocks of what was written, and what it said is there for the next one."""
        name, data = bytes_of(5 * BLOCK)
        staging = store.stage(name, len(data))
        assert staging.sync() == 0
        staging.write(data[: 2 * BLOCK + 100])
        assert staging.sync() == staging.offset == 2 * BLOCK == store.staged(name)
        staging.write(data[2 * BLOCK + 100 : 3 * BLOCK])
        assert staging.sync() == staging.offset == 3 * BLOCK
        staging.write(data[3 * BLOCK :])
        staging.finish()
        assert store.digest(name) == name

    @pytest.mark.parametrize("place", [0, BLOCK + 1, CHUNK, -1])
    def test_other_bytes_are_discarded(self, store: ObjectStore, place: int) -> None:
        """Bytes that do not hash to the name are refused and forgotten: the next attempt begins at 0 and can succeed."""
        name, data = bytes_of(CHUNK + BLOCK + 9)
        wrong = bytearray(data)
        wrong[place] ^= 1
        staging = store.stage(name, len(data))
        staging.write(bytes(wrong))
        with pytest.raises(BadObject):
            staging.finish()
        assert staging.offset == 0
        staging.close()
        assert not store.has(name)
        assert store.staged(name) == 0
        again = store.stage(name, len(data))
        assert again.offset == 0
        again.write(data)
        again.finish()
        assert store.has(name)

    def test_more_than_declared_is_refused(self, store: ObjectStore) -> None:
        """A byte beyond the declared length is refused, and the bytes before it stay."""
        name, data = bytes_of(2 * BLOCK)
        staging = store.stage(name, len(data))
        staging.write(data[:BLOCK])
        with pytest.raises(BadObject):
            staging.write(data[BLOCK:] + b"x")
        staging.write(data[BLOCK:])
        with pytest.raises(BadObject):
            staging.write(b"x")
        staging.finish()
        assert store.digest(name) == name

    def test_less_than_declared_is_refused(self, store: ObjectStore) -> None:
        """An object that lacks bytes does not finish; the rest completes it."""
        name, data = bytes_of(BLOCK + 1)
        staging = store.stage(name, len(data))
        staging.write(data[:-1])
        with pytest.raises(BadObject):
            staging.finish()
        assert not store.has(name)
        staging.write(data[-1:])
        staging.finish()
        assert store.has(name)

    def test_a_shorter_claim_keeps_whole_blocks_of_it(self, store: ObjectStore) -> None:
        """Staging again with a smaller length keeps no more than fits, in whole blocks."""
        name, data = bytes_of(4 * BLOCK)
        first = store.stage(name, len(data))
        first.write(data[: 3 * BLOCK])
        first.close()
        second = store.stage(name, BLOCK + 50)
        assert second.offset == BLOCK
        second.close()
        assert store.staged(name) == BLOCK

    def test_receiving_again_what_is_there(self, store: ObjectStore) -> None:
        """A whole object may be received once more: it stays whole all the time."""
        name, data = bytes_of(3 * BLOCK)
        store.put(name, data)
        staging = store.stage(name, len(data))
        assert store.has(name)
        staging.write(data)
        staging.finish()
        assert store.digest(name) == name
        assert list(store.names()) == [name]

    def test_names_are_whole_objects_alone(self, store: ObjectStore) -> None:
        """Names lists every whole object once and nothing that is on its way."""
        whole = [bytes_of(size) for size in (10, 20, 30)]
        for name, data in whole:
            store.put(name, data)
        partial, data = bytes_of(2 * BLOCK)
        staging = store.stage(partial, len(data))
        staging.write(data[:BLOCK])
        staging.close()
        assert sorted(store.names()) == sorted(name for name, _ in whole)

    def test_removed_objects_are_gone(self, store: ObjectStore) -> None:
        """A removed object is not there, may be removed again, and may come back."""
        name, data = bytes_of(100)
        store.put(name, data)
        store.remove(name)
        assert not store.has(name)
        assert list(store.names()) == []
        store.remove(name)
        store.put(name, data)
        assert store.digest(name) == name
