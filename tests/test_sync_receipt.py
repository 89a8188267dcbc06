"""Receipts R1 and R4 (format.md §9)."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sync_material import HUB_KEY, STRANGER, hub_genesis, identifiers, mutated, node_genesis, numbers
from sync_material import receipt as material

from crypto import cbor, signing
from sync import errors, limits, receipt
from sync.entry import Head
from sync.errors import BadObject
from sync.receipt import ExceptionCode, Grade, ItemException, Receipt

VECTORS = json.loads((Path(__file__).parent / "vectors" / "sync_receipt.json").read_text("utf-8"))
HUB_ID, LOG_ID = hub_genesis().log_id, node_genesis().log_id


def read(signed: bytes) -> Receipt:
    """Read a receipt as this node of this hub does."""
    return receipt.read(HUB_KEY.public, signed, hub_id=HUB_ID, log_id=LOG_ID)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["what"]))
def test_vectors(vector: dict[str, Any]) -> None:
    """Frozen receipts say what they said; every other one has its named error."""
    public, hub_id, log_id, signed = (bytes.fromhex(vector[key]) for key in ("public", "hub_id", "log_id", "signed"))
    if vector["outcome"] != "ok":
        with pytest.raises(getattr(errors, vector["outcome"])):
            receipt.read(public, signed, hub_id=hub_id, log_id=log_id)
        return
    found = receipt.read(public, signed, hub_id=hub_id, log_id=log_id)
    assert (found.grade, found.entry.seq, found.entry.hash.hex()) == (vector["grade"], vector["seq"], vector["entry_hash"])
    if found.grade is Grade.R1:
        assert (found.objects, found.bytes, found.stores) == (vector["objects"], vector["bytes"], vector["stores"])
    else:
        assert (found.opened, found.leaf_root_ok) == (vector["opened"], vector["leaf_root_ok"])
        assert [[gone.item.hex(), gone.version, gone.code] for gone in found.exceptions] == vector["exceptions"]


exceptions = st.builds(
    ItemException, st.binary(min_size=16, max_size=16), st.integers(1, (1 << 32) - 1), st.sampled_from(ExceptionCode)
)
heads = st.builds(Head, numbers, identifiers)
r1 = st.builds(
    Receipt, st.just(Grade.R1), st.just(HUB_ID), st.just(LOG_ID), heads, numbers, objects=numbers, bytes=numbers, stores=numbers
)  # fmt: skip
r4 = st.builds(
    Receipt, st.just(Grade.R4), st.just(HUB_ID), st.just(LOG_ID), heads, numbers, opened=numbers,
    exceptions=st.lists(exceptions, max_size=5).map(tuple), leaf_root_ok=st.booleans(),
)  # fmt: skip


@given(r1 | r4)
def test_round_trip(said: Receipt) -> None:
    """What the hub signed is what the node reads, and the same receipt has the same bytes."""
    signed = receipt.make(HUB_KEY, said)
    assert read(signed) == said
    assert receipt.make(HUB_KEY, read(signed)) == signed


@pytest.mark.parametrize("grade", Grade)
def test_every_receipt_says_what_it_does_not_prove(grade: Grade) -> None:
    """The statement stands in the signed bytes of every grade."""
    parsed = signing.parse_unverified(receipt.KIND, receipt.make(HUB_KEY, material(grade)))
    assert cbor.decode(parsed.payload, limit=1 << 16)[13] == receipt.STATEMENT
    assert "不代表业务验收" in receipt.STATEMENT


def test_receipts_of_others_are_refused() -> None:
    """A receipt by another key, by another hub or for another log proves nothing here."""
    with pytest.raises(BadObject):
        read(receipt.make(STRANGER, material()))
    with pytest.raises(BadObject):
        read(receipt.make(HUB_KEY, replace(material(), hub_id=LOG_ID)))
    with pytest.raises(BadObject):
        read(receipt.make(HUB_KEY, replace(material(), log_id=HUB_ID)))


def test_the_largest_receipt() -> None:
    """10,000 exceptions fit into a receipt; more than 1 MiB is refused unread."""
    gone = tuple(ItemException(number.to_bytes(16, "big"), (1 << 32) - 1, ExceptionCode.VERSION_UNEXPECTED) for number in range(10_000))
    signed = receipt.make(HUB_KEY, replace(material(Grade.R4), exceptions=gone))
    assert len(signed) <= limits.RECEIPT_BYTES
    assert read(signed).exceptions == gone
    with pytest.raises(BadObject):
        read(bytes(limits.RECEIPT_BYTES + 1))


@pytest.mark.fuzz
@given(st.binary(max_size=300) | st.sampled_from(Grade).flatmap(lambda grade: mutated(receipt.make(HUB_KEY, material(grade)))))
def test_changed_receipts_are_refused(signed: bytes) -> None:
    """Arbitrary bytes and changed receipts raise BadObject alone: nobody can alter what a hub signed."""
    try:
        found = read(signed)
    except BadObject:
        return
    assert signed == receipt.make(HUB_KEY, found)
    assert found in (material(Grade.R1), material(Grade.R4))


values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 1 << 40) | st.binary(max_size=33) | st.text(max_size=17) | st.sampled_from(ExceptionCode),
    lambda inner: st.lists(inner, max_size=3), max_leaves=5,
)  # fmt: skip


@pytest.mark.fuzz
@given(st.sampled_from(Grade), st.dictionaries(st.integers(1, 13), values, max_size=3))
def test_whatever_a_hub_signs_is_read_or_refused(grade: Grade, change: dict[int, Any]) -> None:
    """Well signed maps with any values inside raise BadObject alone, and what is read is typed as it should be."""
    parsed = signing.parse_unverified(receipt.KIND, receipt.make(HUB_KEY, material(grade)))
    payload = {**cbor.decode(parsed.payload, limit=1 << 16), **change}
    try:
        found = read(signing.sign(HUB_KEY, receipt.KIND, cbor.encode(payload)))
    except BadObject:
        return
    assert all(type(gone.item) is bytes and type(gone.version) is int for gone in found.exceptions)
    assert min(found.objects, found.bytes, found.stores, found.opened, found.wall, found.entry.seq) >= 0
