"""Deltas: when they close, and what opens them (format.md §4, §8)."""

import base64
import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from msgspec.structs import replace
from sync_material import (
    NODE,
    NODE_IDENTITY,
    OTHER_IDENTITY,
    SALT,
    VAULT,
    VAULT_IDENTITY,
    digest,
    filled_pack,
    item,
    part,
)

from crypto import identity, sealing
from sync import delta, limits, manifest
from sync.delta import OpenDelta
from sync.errors import BadObject, StoreDamaged
from sync.pack import open_segment

GOOD = json.loads((Path(__file__).parent / "vectors" / "sync_manifest.json").read_text("utf-8"))["good"]


def packs(count: int, length: int = 1000) -> list[tuple[bytes, int]]:
    """Return (name, length) of so many packs."""
    return [(digest(f"pack {number}".encode()), length) for number in range(count)]


def gathered(items: int = 0, pack_count: int = 0, length: int = 1000, bytes_max: int = limits.DELTA_BYTES) -> OpenDelta:
    """Return a delta in the making."""
    opened = OpenDelta(bytes_max)
    for number in range(items):
        opened.add_item(item(number % 256), 100.0)
    for name, size in packs(pack_count, length):
        opened.add_pack(name, size)
    return opened


CLOSING = [
    ("items", gathered(items=1999), gathered(items=2000)),
    ("packs", gathered(items=1, pack_count=63), gathered(items=1, pack_count=64)),
    ("packs alone", gathered(pack_count=63), gathered(pack_count=64)),
    ("bytes", gathered(pack_count=7, length=32 << 20), gathered(pack_count=8, length=32 << 20)),
    ("bytes asked", gathered(pack_count=1, length=999, bytes_max=1000), gathered(pack_count=1, bytes_max=1000)),
]


@pytest.mark.parametrize(("what", "open_still", "full"), CLOSING, ids=[row[0] for row in CLOSING])
def test_a_delta_closes_at_each_bound_and_not_before(what: str, open_still: OpenDelta, full: OpenDelta) -> None:
    """One below a bound of format.md §8 a delta stays open, at the bound it closes."""
    assert not open_still.must_close(100.0)
    assert full.must_close(100.0)


def test_a_delta_closes_after_quiet() -> None:
    """30 s after the last item a delta closes; a new item begins the wait anew; packs alone do not wait."""
    opened = gathered(items=1, pack_count=1)
    assert not opened.must_close(129.9)
    opened.add_item(item(2), 120.0)
    assert not opened.must_close(149.9)
    assert opened.must_close(150.0)
    assert not gathered(pack_count=1).must_close(1e9)
    assert gathered().empty
    assert not gathered().must_close(1e9)
    assert not gathered(items=1).empty
    assert not gathered(pack_count=1).empty


def test_large_bodies_close_a_delta_before_the_manifest_is_too_large() -> None:
    """A delta of the largest rows closes in time for its sealed manifest to stay within 32 MiB."""
    opened, count = OpenDelta(), 0
    while not opened.must_close(0.0):
        opened.add_item(item(count % 256, body=bytes(limits.ITEM_BODY_BYTES)), 0.0)
        count += 1
    assert count * limits.ITEM_BODY_BYTES <= limits.MANIFEST_SEALED_BYTES
    assert count == 64


def test_a_pack_named_twice_counts_once() -> None:
    """Adding the same pack again, as recovery may, changes nothing."""
    opened = gathered(pack_count=2)
    opened.add_pack(*packs(1)[0])
    assert len(opened.packs) == 2


def test_a_delta_opens_for_node_and_vault_alone() -> None:
    """Both recipients open the manifest, nobody else does, and the body says what it holds."""
    content = (item(1, parts=[part("a", 10), part("b", limits.SEGMENT_BYTES + 1)]), item(2, parts=[part("c", 5)]), item(3))
    sealed = delta.seal(content, packs(2), SALT, [VAULT, NODE])
    assert sealed.name == hashlib.sha256(sealed.sealed).digest()
    assert sealed.body.manifest == (sealed.name, len(sealed.sealed))
    assert sealed.body.packs == tuple(packs(2))
    assert (sealed.body.items, sealed.body.parts, sealed.body.source_bytes) == (3, 3, 15 + limits.SEGMENT_BYTES + 1)
    for secret in (VAULT_IDENTITY, NODE_IDENTITY):
        opened = delta.open_manifest(sealed.sealed, secret)
        assert opened.items == content
        assert manifest.leaf_root(opened) == sealed.body.leaf_root
    with pytest.raises(StoreDamaged):
        delta.open_manifest(sealed.sealed, OTHER_IDENTITY)


def test_a_delta_of_no_items_is_legal() -> None:
    """Packs may precede their manifest."""
    sealed = delta.seal((), packs(3), SALT, [VAULT])
    assert delta.open_manifest(sealed.sealed, VAULT_IDENTITY).items == ()
    assert sealed.body.leaf_root == hashlib.sha256(b"").digest()
    assert manifest.read_delta(sealed.body.to_map()) == sealed.body


def test_sealing_shows_nothing() -> None:
    """Neither body nor part name stands in the sealed manifest, and sealing twice gives other bytes."""
    content = (item(1, body="机密题名".encode() * 100, parts=[part("confidential-name.jpg")]),)
    one, two = (delta.seal(content, (), SALT, [VAULT]) for _ in range(2))
    assert b"confidential" not in one.sealed
    assert "机密".encode() not in one.sealed
    assert one.name != two.name
    assert one.body.leaf_root == two.body.leaf_root


def test_every_changed_byte_is_seen() -> None:
    """A manifest with any byte changed or cut does not open."""
    sealed = delta.seal((item(1),), (), SALT, [VAULT]).sealed
    for at in range(0, len(sealed), 3):
        with pytest.raises((StoreDamaged, BadObject)):
            delta.open_manifest(sealed[:at] + bytes([sealed[at] ^ 4]) + sealed[at + 1 :], VAULT_IDENTITY)
        with pytest.raises((StoreDamaged, BadObject)):
            delta.open_manifest(sealed[:at], VAULT_IDENTITY)


def test_something_else_inside_a_seal_is_no_manifest() -> None:
    """A sound age file that holds no manifest is the writer's fault, not damage."""
    for inside in (b"", b"jindang", zstandard.ZstdCompressor().compress(b"jindang")):
        with pytest.raises(BadObject):
            delta.open_manifest(sealing.seal_file(inside, [VAULT]), VAULT_IDENTITY)


def test_a_bad_item_is_never_sealed() -> None:
    """An item beyond the format's bounds is refused before anything is sealed."""
    with pytest.raises(BadObject):
        delta.seal((item(1, parts=[part("../a")]),), (), SALT, [VAULT])


def test_the_frozen_sealed_manifest_opens() -> None:
    """The vector opens with either identity to its leaf root, and has its name."""
    sealed = base64.b64decode(GOOD["sealed"])
    assert hashlib.sha256(sealed).hexdigest() == GOOD["name"]
    for who in ("vault_identity", "node_identity"):
        opened = delta.open_manifest(sealed, bytes.fromhex(GOOD[who]))
        assert manifest.leaf_root(opened).hex() == GOOD["leaf_root"]


def test_a_delta_leads_to_the_bytes() -> None:
    """From a sealed manifest and its pack alone the recipient comes to the source bytes."""
    data, places = filled_pack(b"page one", b"page two" * 1000)
    content = item(1, parts=[replace(part("1", 8), segments=(places[0],)), replace(part("2", 8000), segments=(places[1],))])
    sealed = delta.seal([content], [(places[0].pack, len(data))], SALT, [VAULT])
    found = [
        open_segment(place, data[place.offset : place.offset + place.length])
        for one in delta.open_manifest(sealed.sealed, VAULT_IDENTITY).items for leaf in one.parts for place in leaf.segments
    ]  # fmt: skip
    assert found == [b"page one", b"page two" * 1000]


@pytest.mark.parametrize("secret", [VAULT_IDENTITY, NODE_IDENTITY])
def test_the_stock_tool_opens_a_manifest(secret: bytes, tmp_path: Path, real_tool: Callable[[str], str]) -> None:
    """`age -d` of the distribution with either identity gives the zstd frame of the manifest."""
    age, key = real_tool("age"), tmp_path / "identity.txt"
    key.write_text(identity.identity_text(secret) + "\n")
    sealed = delta.seal((item(1, parts=[part()]),), (), SALT, [VAULT, NODE])
    opened = subprocess.run([age, "-d", "-i", str(key)], input=sealed.sealed, capture_output=True, check=True)
    assert manifest.decode(opened.stdout).items == (item(1, parts=[part()]),)
