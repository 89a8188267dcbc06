"""Entries: genesis, chain, signatures, limits, unknown features (format.md §7)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sync_material import (
    HUB_KEY,
    NODE,
    NODE_KEY,
    STRANGER,
    VAULT,
    WALL,
    chain,
    digest,
    hub_genesis,
    identifiers,
    next_entry,
    node_genesis,
    numbers,
)

from crypto import cbor, signing
from sync import entry, errors, limits
from sync.entry import ZERO, ClockState, EntryKind, Head, Role
from sync.errors import BadEntry
from sync.site_class import SiteClass

VECTORS = json.loads((Path(__file__).parent / "vectors" / "sync_entry.json").read_text("utf-8"))
ID, PREV = digest(b"log"), digest(b"prev")
GOOD: dict[int, Any] = {1: 1, 2: 1, 3: ID, 4: 5, 5: PREV, 6: 1, 7: [], 8: WALL, 9: 2, 11: {}}
GENESIS: dict[int, Any] = {1: 1, 2: "和平区", 3: 0, 4: NODE_KEY.public, 5: NODE, 6: ID, 9: bytes(16)}
HUB: dict[int, Any] = {1: 2, 2: "市馆", 3: 0, 4: HUB_KEY.public, 5: VAULT, 7: [ID], 8: limits.Limits().to_map(), 9: bytes(16)}


def signed(payload: Any, key: signing.SigningKey = NODE_KEY) -> bytes:
    """Return a signed object of kind entry over any payload."""
    return signing.sign(key, entry.KIND, cbor.encode(payload))


def changed(good: dict[int, Any], change: dict[int, Any]) -> dict[int, Any]:
    """Return a copy with these values, and without the keys whose value is None."""
    return {key: value for key, value in {**good, **change}.items() if value is not None}


def genesis(body: dict[int, Any], key: signing.SigningKey = NODE_KEY, change: dict[int, Any] | None = None) -> bytes:
    """Return a signed genesis with this body."""
    return signed(changed(GOOD, {3: ZERO, 4: 0, 5: ZERO, 6: 0, 11: body, **(change or {})}), key)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["what"]))
def test_vectors(vector: dict[str, Any]) -> None:
    """Frozen entries parse to their hash and verify; every other one has its named error."""
    data, public = bytes.fromhex(vector["signed"]), bytes.fromhex(vector["public"])
    if vector["outcome"] == "ok":
        parsed = entry.parse(data)
        entry.verify(parsed, public)
        found = (parsed.seq, parsed.kind.name, parsed.log_id.hex(), parsed.hash.hex())
        assert found == (vector["seq"], vector["kind"], vector["log_id"], vector["entry_hash"])
        return
    with pytest.raises(getattr(errors, vector["outcome"])):
        entry.verify(entry.parse(data), public)


@given(
    st.sampled_from([kind for kind in EntryKind if kind is not EntryKind.GENESIS]), identifiers, identifiers,
    st.integers(1, 1 << 40), numbers, st.sampled_from(ClockState), st.none() | st.builds(Head, numbers, identifiers),
    st.dictionaries(st.integers(0, 63), st.binary(max_size=50), max_size=5),
)  # fmt: skip
def test_round_trip(
    kind: EntryKind, log_id: bytes, prev: bytes, seq: int, wall: int, clock: ClockState, seen: Head | None, body: dict[int, Any]
) -> None:  # fmt: skip
    """What was signed is what is parsed, and the same fields give the same bytes."""
    made = entry.make(
        NODE_KEY, log_id=log_id, seq=seq, prev=prev, kind=kind, body=body, wall=wall, clock_state=clock, hub_seen=seen
    )
    assert entry.parse(made.signed) == made
    entry.verify(made, NODE_KEY.public)
    assert (made.log_id, made.seq, made.prev, made.kind, made.wall) == (log_id, seq, prev, kind, wall)
    assert (made.clock_state, made.hub_seen, made.body) == (clock, seen, body)


def test_the_signature_is_not_hashed() -> None:
    """entry_hash covers protected header and payload: another key gives another hash, a broken signature the same."""
    good = signed(GOOD)
    broken = good[:-1] + bytes([good[-1] ^ 1])
    assert entry.parse(broken).hash == entry.parse(good).hash
    assert entry.parse(signed(GOOD, STRANGER)).hash != entry.parse(good).hash
    with pytest.raises(BadEntry):
        entry.verify(entry.parse(broken), NODE_KEY.public)


def test_another_key_is_refused() -> None:
    """An entry signed by another key than the log's is refused."""
    with pytest.raises(BadEntry, match="密钥"):
        entry.verify(entry.parse(signed(GOOD, STRANGER)), NODE_KEY.public)


REFUSED = [
    {1: 2}, {2: 2}, {3: bytes(31)}, {3: "x" * 32}, {4: -1}, {4: 0}, {4: "5"}, {5: bytes(33)},
    {6: 0}, {6: 11}, {6: 31}, {7: ["later"]}, {7: [1]}, {7: {}}, {8: -1}, {8: "x"}, {9: 3},
    {10: [1]}, {10: [1, bytes(31)]}, {10: ["1", ID]}, {10: [-1, ID]}, {10: [True, ID]}, {11: []}, {64: 0},
    *({key: None} for key in (1, 2, 3, 4, 5, 6, 7, 8, 9, 11)),
]  # fmt: skip


@pytest.mark.parametrize("change", REFUSED, ids=str)
def test_every_field_is_checked(change: dict[int, Any]) -> None:
    """A field that is missing, of another type or out of its table refuses the entry."""
    with pytest.raises(BadEntry):
        entry.parse(signed(changed(GOOD, change)))


def test_unknown_small_keys_are_ignored() -> None:
    """A later program may add keys below 64."""
    assert entry.parse(signed(changed(GOOD, {63: "later"}))).seq == 5


def test_bounds() -> None:
    """An entry of 16 KiB is good, one byte more is refused when made and when parsed."""
    def build(size: int) -> entry.Entry:
        return entry.make(
            NODE_KEY, log_id=ID, seq=1, prev=PREV, kind=EntryKind.ALARM, body={1: "x" * size}, wall=0, clock_state=ClockState.NTP
        )  # fmt: skip

    room = limits.ENTRY_BYTES - len(build(1000).signed) + 1000
    assert len(build(room).signed) == limits.ENTRY_BYTES
    with pytest.raises(BadEntry):
        build(room + 1)
    with pytest.raises(BadEntry):
        entry.parse(bytes(limits.ENTRY_BYTES + 1))


def test_genesis_is_read_back() -> None:
    """A genesis says who writes the log; its hash is the log's id."""
    found = entry.genesis_of(node_genesis())
    assert (found.role, found.name, found.site_class) == (Role.NODE, "和平区", SiteClass.OPEN)
    assert (found.signing_key, found.recipient, found.hub_id) == (NODE_KEY.public, NODE, hub_genesis().log_id)
    assert found.log_id == node_genesis().hash == node_genesis().log_id
    hub = entry.genesis_of(hub_genesis())
    assert (hub.role, hub.tls_digests, hub.limits) == (Role.HUB, (digest(b"certificate"),), limits.Limits())


BAD_GENESES: list[Callable[[], bytes]] = [
    lambda: genesis(GENESIS, STRANGER),
    lambda: genesis(GENESIS, change={3: ID}),
    lambda: genesis(GENESIS, change={5: PREV}),
    *(
        lambda change=change: genesis(changed(GENESIS, change))
        for change in (
            {1: 3}, {1: 0}, {2: ""}, {2: "馆" * 86}, {3: 2}, {4: bytes(31)}, {5: bytes(33)}, {6: bytes(31)},
            {6: None}, {9: None}, {9: bytes(15)}, {64: 1}, {4: STRANGER.public}, {7: [b"short"]},
        )
    ),
    *(
        lambda change=change: genesis(changed(HUB, change), HUB_KEY)
        for change in (
            {7: []}, {7: None}, {7: [bytes(31)]}, {7: ["x"]}, {8: None}, {8: {}}, {8: {**HUB[8], 2: 0}},
            {8: {**HUB[8], 3: 1 << 15}}, {8: {**HUB[8], 3: 1 << 26}}, {8: {**HUB[8], 1: 0}},
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize("make", BAD_GENESES)
def test_bad_geneses_are_refused(make: Callable[[], bytes]) -> None:
    """A genesis signed by another key than it names, not at the beginning, or lacking what its role must say is refused."""
    with pytest.raises(BadEntry):
        entry.genesis_of(entry.parse(make()))


def test_only_a_genesis_is_one() -> None:
    """Another kind of entry is no genesis, and a good pair of bodies passes the same reading."""
    with pytest.raises(BadEntry):
        entry.genesis_of(chain(2)[1])
    assert entry.genesis_of(entry.parse(genesis(GENESIS))).name == "和平区"
    assert entry.genesis_of(entry.parse(genesis(HUB, HUB_KEY))).role is Role.HUB


def test_what_follows_what() -> None:
    """An entry follows its predecessor alone; a log begins with seq 0."""
    first, second, third = chain(3)
    twin = next_entry(first, mark=99)
    assert entry.follows(first, None)
    assert entry.follows(second, first.head)
    assert entry.follows(twin, first.head)
    for odd, head in ((second, None), (third, first.head), (first, first.head), (second, second.head), (third, twin.head)):
        assert not entry.follows(odd, head)


@pytest.mark.parametrize("wanted", [0, 1, 64, 65, 1 << 40])
def test_requests_are_bounded_whatever_a_hub_says(wanted: int) -> None:
    """Entries per request are 1 to 64, whatever the limits announce."""
    assert 1 <= entry.read_limits({**limits.Limits().to_map(), 6: wanted}).entries_per_request <= 64
