"""Hostile bytes for the parsers of entries, deltas and manifests: errors of the room alone, and one spelling of what parses.

The fuzz tests of tokens, packs, receipts, messages and transforms stand beside their other tests.
"""

from __future__ import annotations

from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from sync_material import (
    HUB_KEY,
    NODE,
    NODE_IDENTITY,
    NODE_KEY,
    SALT,
    STRANGER,
    chain,
    delta_body,
    digest,
    hub_genesis,
    item,
    manifests,
    mutated,
    node_genesis,
    part,
)

from crypto import cbor, signing
from crypto.errors import BadFormat
from sync import delta, entry, manifest
from sync.entry import Entry
from sync.errors import BadEntry, BadObject, StoreDamaged

ENTRIES = [node_genesis(), hub_genesis(), *chain(3)[1:]]
SEALED = delta.seal([item(1, parts=[part()])], [], SALT, [NODE]).sealed

values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 1 << 34) | st.binary(max_size=20) | st.just(bytes(32)) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 70), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


def respelt(found: Entry) -> bytes:
    """Return the payload of an entry as its fields spell it."""
    zero = found.seq == 0
    fields: dict[int, Any] = {
        1: 1, 2: 1, 3: entry.ZERO if zero else found.log_id, 4: found.seq, 5: found.prev, 6: int(found.kind), 7: [], 8: found.wall,
        9: int(found.clock_state), 11: found.body,
    }  # fmt: skip
    if found.hub_seen is not None:
        fields[10] = found.hub_seen.to_list()
    return cbor.encode(fields)


def payload(signed: bytes) -> bytes:
    """Return what was signed."""
    return signing.parse_unverified(entry.KIND, signed).payload


@pytest.mark.fuzz
@given(st.binary(max_size=300) | st.sampled_from(ENTRIES).flatmap(lambda one: mutated(one.signed)))
def test_strange_entries(signed: bytes) -> None:
    """Arbitrary and changed entries raise BadEntry alone; one that still verifies is the entry it was."""
    try:
        found = entry.parse(signed)
        assert found.signed == signed
        for key in (NODE_KEY, HUB_KEY, STRANGER):
            try:
                entry.verify(found, key.public)
            except BadEntry:
                continue
            assert found in ENTRIES
    except BadEntry:
        return


@pytest.mark.fuzz
@given(st.sampled_from(ENTRIES), st.dictionaries(st.integers(1, 11), values, max_size=2))
def test_well_signed_nonsense(good: Entry, change: dict[int, Any]) -> None:
    """Whatever a peer signs, parsing raises BadEntry alone, and what parses has one spelling."""
    fields = {**cbor.decode(payload(good.signed), limit=1 << 20), **change}
    try:
        signed = signing.sign(NODE_KEY, entry.KIND, cbor.encode(fields))
        found = entry.parse(signed)
    except BadEntry:
        return
    assert payload(signed) == respelt(found)
    try:
        genesis = entry.genesis_of(found)
    except BadEntry:
        return
    assert genesis.log_id == found.hash


@pytest.mark.fuzz
@given(st.sampled_from(ENTRIES[:2]), st.dictionaries(st.integers(1, 9), values, max_size=2))
def test_strange_geneses(good: Entry, change: dict[int, Any]) -> None:
    """Whatever stands in a genesis, reading it raises BadEntry alone."""
    key = NODE_KEY if good is ENTRIES[0] else HUB_KEY
    fields = cbor.decode(payload(good.signed), limit=1 << 20)
    fields[11] = {**fields[11], **change}
    try:
        found = entry.genesis_of(entry.parse(signing.sign(key, entry.KIND, cbor.encode(fields))))
    except BadEntry:
        return
    assert found.signing_key == key.public
    assert all(len(one) == 32 for one in (found.recipient, *found.tls_digests))


@pytest.mark.fuzz
@given(values | st.dictionaries(st.integers(1, 4), values).map(lambda change: {**delta_body().to_map(), **change}))
def test_strange_deltas(body: Any) -> None:
    """Any value raises BadObject alone, and what reads as a delta is spelt in one way."""
    try:
        found = manifest.read_delta(body)
    except BadObject:
        return
    assert found.to_map() == {key: body[key] for key in (1, 2, 3, 4)}


@pytest.mark.fuzz
@given(st.binary(max_size=200) | manifests().map(manifest.encode).flatmap(mutated))
def test_strange_frames(frame: bytes) -> None:
    """Arbitrary and changed frames raise BadObject alone; what decodes encodes to a manifest that is equal."""
    try:
        found = manifest.decode(frame)
    except BadObject:
        return
    assert manifest.decode(manifest.encode(found)) == found


@pytest.mark.fuzz
@given(manifests(), st.data())
def test_strange_manifests(content: manifest.Manifest, data: st.DataObject) -> None:
    """A sound frame over a map with any value anywhere raises BadObject alone; what decodes is spelt in one way."""
    plain = cbor.decode(zstandard.decompress(manifest.encode(content)), limit=1 << 24)
    place: Any = plain
    for _ in range(data.draw(st.integers(0, 5))):
        inner = [key for key in (place if isinstance(place, dict) else range(len(place))) if isinstance(place[key], dict | list) and place[key]]
        if not inner:
            break
        place = place[data.draw(st.sampled_from(inner))]
    key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
    place[key] = data.draw(values)
    try:
        changed = cbor.encode(plain)
    except BadFormat:
        return  # deeper than 8: crypto's own tests say that this is refused when read, too
    try:
        found = manifest.decode(zstandard.ZstdCompressor(write_content_size=True).compress(changed))
    except BadObject:
        return
    again = cbor.decode(zstandard.decompress(manifest.encode(found)), limit=1 << 24)
    assert manifest.leaf_root(found)
    assert [one[1] for one in again[5]] == [one[1] for one in plain[5]]
    assert manifest.decode(manifest.encode(found)) == found


@pytest.mark.fuzz
@given(st.binary(max_size=300) | mutated(SEALED))
def test_strange_sealed_manifests(sealed: bytes) -> None:
    """Arbitrary and changed age files raise errors of the room alone, or are the manifest that was sealed."""
    try:
        found = delta.open_manifest(sealed, NODE_IDENTITY)
    except (BadObject, StoreDamaged):
        return
    assert found.items == (item(1, parts=[part()]),)
    assert digest(sealed) == digest(SEALED)
