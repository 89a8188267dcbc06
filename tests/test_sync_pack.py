"""Packs: blobs behind clear headers (format.md §5)."""

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sync_material import SALT, filled_pack

from crypto.sealing import sealed_length
from sync import errors, limits, pack
from sync.errors import StoreDamaged
from sync.manifest import Segment
from sync.pack import HEADER, PackBuffer

VECTORS = json.loads((Path(__file__).parent / "vectors" / "sync_pack.json").read_text("utf-8"))


def reader(data: bytes) -> Callable[[int, int], bytes]:
    """Return what reads a pack in memory."""
    return lambda offset, size: data[offset : offset + size]


def test_the_frozen_pack_opens() -> None:
    """The vector has its name, walks to its blobs without keys, and each opens with its key."""
    data, good = base64.b64decode(VECTORS["good"]["pack"]), VECTORS["good"]
    assert hashlib.sha256(data).hexdigest() == good["name"]
    assert list(pack.walk(reader(data), len(data))) == [(blob["offset"], blob["length"]) for blob in good["blobs"]]
    for blob in good["blobs"]:
        segment = Segment(bytes.fromhex(blob["file_key"]), hashlib.sha256(data).digest(), blob["offset"], blob["length"])
        plain = pack.open_segment(segment, data[segment.offset : segment.offset + segment.length])
        assert hashlib.sha256(plain).hexdigest() == blob["plain_sha256"]


@pytest.mark.parametrize("vector", VECTORS["faults"], ids=lambda vector: str(vector["what"]))
def test_faulty_headers_are_refused(vector: dict[str, Any]) -> None:
    """Every frozen fault of a header has its named error."""
    data = bytes.fromhex(vector["pack"])
    with pytest.raises(getattr(errors, vector["outcome"])):
        list(pack.walk(reader(data), len(data)))


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=6))
def test_what_was_packed_is_unpacked(sources: list[bytes]) -> None:
    """A pack leads to each of its blobs by place and by walking; headers are the format's 16 bytes."""
    data, places = filled_pack(*sources)
    assert [(place.offset, place.length) for place in places] == list(pack.walk(reader(data), len(data)))
    assert {place.pack for place in places} == {hashlib.sha256(data).digest()}
    assert len(data) == sum(16 + sealed_length(len(source)) for source in sources)
    for source, place in zip(sources, places, strict=True):
        assert data[place.offset - 16 : place.offset] == b"JDB1\x01\0\0\0" + place.length.to_bytes(8, "big")
        assert pack.open_segment(place, data[place.offset : place.offset + place.length]) == source


def test_equal_blobs_do_not_look_equal() -> None:
    """Each blob has a file key of its own: equal pages cannot be told from outside."""
    data, (one, two) = filled_pack(b"same page", b"same page")
    assert one.file_key != two.file_key
    assert data[one.offset : one.offset + one.length] != data[two.offset : two.offset + two.length]


def test_damage_of_a_blob_is_seen() -> None:
    """A changed or cut blob, or another key, does not open, and the error shows no key."""
    data, (place,) = filled_pack(b"page")
    blob = data[place.offset :]
    other = Segment(bytes(16), place.pack, place.offset, place.length)
    for segment, bad in ((place, blob[:-1] + bytes([blob[-1] ^ 1])), (place, blob[:-1]), (place, b""), (other, blob)):
        with pytest.raises(StoreDamaged) as caught:
            pack.open_segment(segment, bad)
        assert place.file_key.hex() not in str(caught.value)


def test_a_reader_that_gives_too_little_is_damage_of_the_pack() -> None:
    """A pack shorter than its length said is an error of the room."""
    data, _ = filled_pack(b"page")
    with pytest.raises(errors.BadObject):
        list(pack.walk(reader(data[:10]), len(data)))


def test_a_buffer_fills_up_to_its_target() -> None:
    """Segments that fit stay within the target, the first always fits, and a cleared buffer begins anew."""
    target = 4096
    buffer = PackBuffer(memoryview(bytearray(PackBuffer.capacity(target))), target)
    fits = target - 2 * HEADER.size - sealed_length(1000) - 32
    assert buffer.room_for(limits.SEGMENT_BYTES)
    first = buffer.append(bytes(1000))
    assert not buffer.full
    assert buffer.room_for(fits)
    assert not buffer.room_for(fits + 1)
    buffer.append(bytes(fits))
    assert buffer.length == target
    assert buffer.full
    name, length = buffer.name(), buffer.length
    assert name == hashlib.sha256(buffer.view()).digest()
    assert first.in_pack(name) == Segment(first.file_key, name, first.offset, first.length)
    buffer.clear()
    assert (buffer.length, buffer.full) == (0, False)
    buffer.append(bytes(1000))
    assert buffer.name() != name
    assert buffer.length < length


def test_the_largest_segment_fits_a_pack_nearly_full() -> None:
    """The capacity holds a full target and the largest segment on top, within the bound of a pack."""
    target = limits.PACK_TARGET_BYTES
    assert PackBuffer.capacity(target) <= limits.PACK_BYTES
    buffer = PackBuffer(memoryview(bytearray(PackBuffer.capacity(1000))), 1000)
    buffer.append(bytes(1000 - 16 - 32 - 1))
    assert not buffer.full
    place = buffer.append(bytes(limits.SEGMENT_BYTES))
    assert buffer.full
    assert place.offset + place.length == buffer.length <= PackBuffer.capacity(1000)


@pytest.mark.fuzz
@given(st.binary(max_size=200) | st.lists(
    st.tuples(st.sampled_from([b"JDB1\x01\0\0\0", b"JDB1\x02\0\0\0", b"JDB1"]), st.integers(0, 9), st.binary(max_size=9)), max_size=4
).map(lambda blobs: b"".join(magic + size.to_bytes(8, "big") + blob for magic, size, blob in blobs)))  # fmt: skip
def test_any_bytes_walk_to_their_end_or_are_refused(data: bytes) -> None:
    """Arbitrary bytes raise BadObject alone; blobs of what walks, with their headers, are the whole pack."""
    try:
        blobs = list(pack.walk(reader(data), len(data)))
    except errors.BadObject:
        return
    assert blobs
    again = b"".join(HEADER.pack(b"JDB1", 1, 0, 0, size) + data[offset : offset + size] for offset, size in blobs)
    assert again == data


@pytest.mark.fuzz
@given(st.binary(max_size=300), st.binary(min_size=16, max_size=16))
def test_any_blob_opens_or_is_damage(blob: bytes, key: bytes) -> None:
    """Bytes of strangers never open, and raise StoreDamaged alone."""
    with pytest.raises(StoreDamaged):
        pack.open_segment(Segment(key, SALT, 16, len(blob)), blob)
