"""Manifests: round trips, bounds, leaves, names of parts (format.md §6)."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from msgspec.structs import replace
from sync_material import SALT, digest, item, items, manifests, part

from crypto import cbor, merkle
from crypto.digest import Algorithm
from sync import errors, limits, manifest
from sync.errors import BadObject
from sync.manifest import Item, Manifest, Segment, Transform

VECTORS = json.loads((Path(__file__).parent / "vectors" / "sync_manifest.json").read_text("utf-8"))
GOOD = VECTORS["good"]


def frozen() -> Manifest:
    """Return the manifest of the vectors."""
    return manifest.decode(bytes.fromhex(GOOD["frame"]))


def test_the_frozen_manifest_reads_and_writes_its_bytes() -> None:
    """The vector decodes to its items, and encoding them gives the same CBOR."""
    found = frozen()
    assert [(one.version, one.supersedes, one.body) for one in found.items] == [
        (1, None, b"row one"), (2, 1, b"row two"), (1, None, b"")
    ]  # fmt: skip
    names = [[(p.name, p.size, p.transform.name, len(p.segments), p.engine) for p in one.parts] for one in found.items]
    assert names == [
        [("0001.jpg", 10, "STORE", 1, ""), ("封面.tif", 8_388_609, "ZSTD", 2, ""), ("empty", 0, "STORE", 0, "")],
        [("0001.jpg", 20, "JXL_JPEG", 1, "libjxl 0.11")],
        [],
    ]
    assert found.items[0].parts[1].segments[1] == Segment(bytes([3]) * 16, digest(b"p2"), 16, 33)
    plain = zstandard.ZstdDecompressor().decompress(manifest.encode(found))
    assert plain.hex() == GOOD["plain"]


def test_leaves_of_the_frozen_manifest() -> None:
    """Leaves and root, computed apart with hashlib and hmac, are reproduced; no items have the root of nothing."""
    found = frozen()
    assert [manifest.leaf(found.salt, one).hex() for one in found.items] == GOOD["leaves"]
    assert manifest.leaf_root(found).hex() == GOOD["leaf_root"]
    assert manifest.leaf_root(Manifest(SALT, ())).hex() == GOOD["empty_root"]


@pytest.mark.parametrize("vector", VECTORS["faults"], ids=lambda vector: str(vector["what"]))
def test_faults_of_the_vectors(vector: dict[str, str]) -> None:
    """Every frozen fault has its named error."""
    with pytest.raises(getattr(errors, vector["outcome"])):
        manifest.decode(bytes.fromhex(vector["frame"]))


@given(manifests())
def test_round_trip(content: Manifest) -> None:
    """What is encoded comes back equal, and encodes to the same bytes."""
    frame = manifest.encode(content)
    assert manifest.decode(frame) == content
    assert manifest.encode(manifest.decode(frame)) == frame


@given(items([digest(b"a"), digest(b"b")]))
def test_a_leaf_hides_keys_and_places(one: Item) -> None:
    """A leaf does not change with file keys, places or engine, and changes with everything else."""
    leaf = manifest.leaf(SALT, one)
    moved = [replace(p, engine=p.engine + "x", segments=()) for p in one.parts]
    assert manifest.leaf(SALT, replace(one, parts=tuple(moved))) == leaf
    others = [replace(one, body=one.body + b"x"), replace(one, id=digest(one.id)[:16]), replace(one, version=one.version % 7 + 6)]
    others += [replace(one, parts=(*one.parts, part("one more"))), replace(one, parts=one.parts[1:])]
    for other in others:
        assert (manifest.leaf(SALT, other) == leaf) == (other == one)
    assert manifest.leaf(digest(SALT), one)[:32] != leaf[:32]
    assert manifest.leaf(digest(SALT), one)[32:] == leaf[32:]


@given(manifests())
def test_any_item_is_provable(content: Manifest) -> None:
    """The leaf of each item has an inclusion proof under the delta's root."""
    leaves = [manifest.leaf(content.salt, one) for one in content.items]
    for index, leaf in enumerate(leaves):
        proof = merkle.inclusion_proof(leaves, index)
        merkle.verify_inclusion(leaf, index, len(leaves), proof, manifest.leaf_root(content))


BOUNDS: list[tuple[str, Item, Item]] = [
    ("body", item(body=bytes(limits.ITEM_BODY_BYTES)), item(body=bytes(limits.ITEM_BODY_BYTES + 1))),
    ("name", item(parts=[part("馆" * 341 + "a")]), item(parts=[part("馆" * 342)])),
    ("size", item(parts=[replace(part(), size=0, segments=())]), item(parts=[replace(part(), size=-1, segments=())])),
    ("version", item(version=(1 << 32) - 1), item(version=1 << 32)),
    ("first version", item(version=1), item(version=0)),
    ("offset", item(parts=[replace(part(), segments=(Segment(bytes(16), SALT, limits.PACK_BYTES - 48, 48),))]),
     item(parts=[replace(part(), segments=(Segment(bytes(16), SALT, limits.PACK_BYTES - 47, 48),))])),
    ("segments", item(parts=[part(size=limits.SEGMENT_BYTES + 1)]),
     item(parts=[replace(part(size=limits.SEGMENT_BYTES), size=limits.SEGMENT_BYTES + 1)])),
    ("jpeg", item(parts=[part(size=limits.SEGMENT_BYTES, transform=Transform.JXL_JPEG)]),
     item(parts=[part(size=limits.SEGMENT_BYTES + 1, transform=Transform.JXL_JPEG)])),
    ("digest", item(parts=[part()]), item(parts=[replace(part(), digests={Algorithm.SM3: SALT})])),
]  # fmt: skip


@pytest.mark.parametrize(("what", "good", "bad"), BOUNDS, ids=[row[0] for row in BOUNDS])
def test_a_writer_makes_nothing_that_a_reader_refuses(what: str, good: Item, bad: Item) -> None:
    """At a bound of format.md §14 an item is written and read; one step beyond it is not even written."""
    assert manifest.decode(manifest.encode(Manifest(SALT, (good,)))).items == (good,)
    with pytest.raises(BadObject):
        manifest.encode(Manifest(SALT, (bad,)))


def test_counts_are_bounded() -> None:
    """10,000 items and 20,000 parts are taken, one more is refused when written and when read."""
    one = item()
    assert len(manifest.decode(manifest.encode(Manifest(SALT, (one,) * limits.MANIFEST_ITEMS))).items) == 10_000
    with pytest.raises(BadObject):
        manifest.encode(Manifest(SALT, (one,) * (limits.MANIFEST_ITEMS + 1)))
    many = item(parts=[part(f"{number}.jpg") for number in range(limits.ITEM_PARTS)])
    assert len(manifest.decode(manifest.encode(Manifest(SALT, (many,)))).items[0].parts) == 20_000
    with pytest.raises(BadObject):
        manifest.encode(Manifest(SALT, (replace(many, parts=(*many.parts, part())),)))


def test_two_parts_of_one_name_are_refused() -> None:
    """Part names differ within an item, or an export would lose one; two items may use the same names."""
    with pytest.raises(BadObject, match="同名"):
        manifest.encode(Manifest(SALT, (item(parts=[part("a.jpg"), part("b.jpg"), part("a.jpg")]),)))
    assert manifest.encode(Manifest(SALT, (item(parts=[part("a.jpg")]), item(parts=[part("a.jpg")]))))


def test_the_largest_part_has_its_segments() -> None:
    """A part of 1 TiB has 131,072 segments of which the last is full; the arithmetic of §6.2 holds at every edge."""
    edge = limits.SEGMENT_BYTES
    table = [(0, 0), (1, 1), (edge - 1, 1), (edge, 1), (edge + 1, 2), (limits.PART_BYTES, 131_072)]
    for size, count in table:
        assert manifest.segments_of(size) == count
        assert sum(manifest.segment_size(size, index) for index in range(count)) == size
        assert all(0 < manifest.segment_size(size, index) <= edge for index in range(count))


@pytest.mark.parametrize("name", ["a", "档案 0001.jpg", "e\u0301", "\u00e9", "\U0001f4c4", ".hidden", "...", "a\\b", "x" * 1024])
def test_names_that_pass(name: str) -> None:
    """A part may have any single file name of up to 1,024 bytes, and keeps it letter for letter."""
    manifest.check_part_name(name)
    content = Manifest(SALT, (item(parts=[part(name)]),))
    assert manifest.decode(manifest.encode(content)).items[0].parts[0].name == name


@pytest.mark.parametrize("name", ["", ".", "..", "/", "a/b", "/etc/passwd", "../a", "a\0", "\ud800", "x" * 1025, "馆" * 342])
def test_names_that_lead_elsewhere(name: str) -> None:
    """A name that is no single file name, not UTF-8 or too long is refused."""
    with pytest.raises(BadObject):
        manifest.check_part_name(name)


def test_file_keys_are_not_shown() -> None:
    """No repr of an item holds a file key."""
    key = b"\xc0\xff\xee" * 5 + b"!"
    shown = repr(item(parts=[replace(part(), segments=(Segment(key, SALT, 16, 48),))]))
    assert repr(key) not in shown
    assert key.hex() not in shown


GOOD_DELTA: dict[int, Any] = {1: [digest(b"m"), 100], 2: [[digest(b"p"), 200]], 3: [1, 2, 3], 4: digest(b"r")}
BAD_DELTAS: list[dict[int, Any]] = [
    {1: []}, {1: [digest(b"m")]}, {1: [bytes(31), 1]}, {1: [digest(b"m"), 0]}, {1: [digest(b"m"), -1]}, {1: [digest(b"m"), True]},
    {1: [digest(b"m"), "1"]}, {1: [digest(b"m"), limits.MANIFEST_SEALED_BYTES + 1]}, {2: [[digest(b"p"), limits.PACK_BYTES + 1]]},
    {2: [[digest(b"p"), 0]]}, {2: [1]}, {2: [[digest(b"p"), 1], [digest(b"p"), 2]]}, {2: [[digest(b"m"), 100]]},
    {2: [[digest(bytes([n // 256, n % 256])), 1] for n in range(257)]}, {3: [1, 2]}, {3: [1, 2, -3]}, {3: [1, 2, "3"]}, {3: [1, 2, True]},
    {4: bytes(31)}, {4: "x" * 32}, {64: 1},
]  # fmt: skip


@pytest.mark.parametrize("change", BAD_DELTAS, ids=range(len(BAD_DELTAS)))
def test_bodies_of_deltas_are_bounded(change: dict[int, Any]) -> None:
    """A delta's body outside its types and bounds is refused (format.md §8)."""
    with pytest.raises(BadObject):
        manifest.read_delta({**GOOD_DELTA, **change})


def test_bodies_of_deltas_round_trip() -> None:
    """A good body is read and written back; 256 packs are the most; its objects are the manifest, then the packs."""
    body = manifest.read_delta(copy.deepcopy(GOOD_DELTA))
    assert body.to_map() == GOOD_DELTA
    assert list(body.objects()) == [(digest(b"m"), 100), (digest(b"p"), 200)]
    full = {**GOOD_DELTA, 2: [[digest(b"pack" + bytes([n])), limits.PACK_BYTES] for n in range(256)]}
    assert manifest.read_delta(cbor.decode(cbor.encode(full), limit=1 << 20)).to_map() == full
    for key in GOOD_DELTA:
        with pytest.raises(BadObject):
            manifest.read_delta({k: value for k, value in GOOD_DELTA.items() if k != key})
