"""Merkle trees and proofs of RFC 6962."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import errors, merkle
from crypto.errors import BadProof

VECTORS = json.loads((Path(__file__).parent / "vectors" / "merkle.json").read_text("utf-8"))
LEAVES = [bytes.fromhex(leaf) for leaf in VECTORS["leaves"]]
ROOTS = [bytes.fromhex(root) for root in VECTORS["roots"]]


def reference_root(leaves: list[bytes]) -> bytes:
    """MTH(D[n]) as RFC 6962 §2.1 writes it."""
    if not leaves:
        return merkle.EMPTY_ROOT
    if len(leaves) == 1:
        return merkle.leaf_hash(leaves[0])
    cut = 1
    while cut * 2 < len(leaves):
        cut *= 2
    return merkle.node_hash(reference_root(leaves[:cut]), reference_root(leaves[cut:]))


def test_published_roots() -> None:
    """The reference leaves give the published root at every size."""
    assert [merkle.root(LEAVES[:size]) for size in range(len(ROOTS))] == ROOTS


@pytest.mark.parametrize("vector", VECTORS["inclusion"], ids=str)
def test_published_inclusion_proofs(vector: dict[str, Any]) -> None:
    """The published audit paths are made and verified; one for another leaf is refused."""
    index, size = vector["index"], vector["size"]
    proof = [bytes.fromhex(one) for one in vector["proof"]]
    if vector["outcome"] == "ok":
        assert merkle.inclusion_proof(LEAVES[:size], index) == proof
        merkle.verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])
    else:
        with pytest.raises(getattr(errors, vector["outcome"])):
            merkle.verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])


@pytest.mark.parametrize("vector", VECTORS["consistency"], ids=str)
def test_published_consistency_proofs(vector: dict[str, Any]) -> None:
    """The published consistency proofs are made and verified; one for another size is refused."""
    size, new_size = vector["size"], vector["new_size"]
    proof = [bytes.fromhex(one) for one in vector["proof"]]
    if vector["outcome"] == "ok":
        assert merkle.consistency_proof(LEAVES[:new_size], size) == proof
        merkle.verify_consistency(size, ROOTS[size], new_size, ROOTS[new_size], proof)
    else:
        with pytest.raises(getattr(errors, vector["outcome"])):
            merkle.verify_consistency(size, ROOTS[size], new_size, ROOTS[new_size], proof)


@given(st.lists(st.binary(max_size=40), max_size=70))
def test_streaming_root_is_the_recursive_one(leaves: list[bytes]) -> None:
    """The root from a stream equals the definition of RFC 6962."""
    assert merkle.root(iter(leaves)) == reference_root(leaves)


def test_every_inclusion_proof_of_small_trees() -> None:
    """Every leaf of every tree of up to 20 leaves is provable, and at no other index."""
    leaves = [bytes([number]) for number in range(20)]
    for size in range(1, 21):
        root = merkle.root(leaves[:size])
        for index in range(size):
            proof = merkle.inclusion_proof(leaves[:size], index)
            merkle.verify_inclusion(leaves[index], index, size, proof, root)
            for other in range(-1, size + 1):
                if other != index:
                    with pytest.raises(BadProof):
                        merkle.verify_inclusion(leaves[index], other, size, proof, root)


def test_every_consistency_proof_of_small_trees() -> None:
    """Every prefix of every tree of up to 20 leaves is provable; a changed leaf is not."""
    leaves = [bytes([number]) for number in range(20)]
    for size, new_size in itertools.combinations_with_replacement(range(1, 21), 2):
        proof = merkle.consistency_proof(leaves[:new_size], size)
        old, new = merkle.root(leaves[:size]), merkle.root(leaves[:new_size])
        merkle.verify_consistency(size, old, new_size, new, proof)
        forged = merkle.root([b"forged", *leaves[1:size]])
        with pytest.raises(BadProof):
            merkle.verify_consistency(size, forged, new_size, new, proof)


@pytest.mark.fuzz
@given(st.integers(0, 40), st.integers(0, 40), st.lists(st.binary(min_size=32, max_size=32), max_size=8),
       st.binary(min_size=32, max_size=32))  # fmt: skip
def test_proofs_of_strangers_are_refused(index: int, size: int, proof: list[bytes], root: bytes) -> None:
    """Invented proofs raise BadProof alone."""
    with pytest.raises(BadProof):
        merkle.verify_inclusion(b"leaf", index, size, proof, root)
    if index != size or proof:
        with pytest.raises(BadProof):
            merkle.verify_consistency(index, root, size, merkle.EMPTY_ROOT, proof)


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=30), st.data())
def test_longer_and_shorter_proofs_are_refused(leaves: list[bytes], draw: st.DataObject) -> None:
    """A hash too many or too few breaks a proof."""
    index = draw.draw(st.integers(0, len(leaves) - 1))
    proof, root = merkle.inclusion_proof(leaves, index), merkle.root(leaves)
    for changed in ([*proof, root], proof[:-1] if proof else [root]):
        with pytest.raises(BadProof):
            merkle.verify_inclusion(leaves[index], index, len(leaves), changed, root)


def test_places_outside_a_tree_are_mistakes_of_the_caller() -> None:
    """Asking for a proof of what is not there is an IndexError."""
    for index in (-1, 3):
        with pytest.raises(IndexError):
            merkle.inclusion_proof([b""] * 3, index)
    for size in (0, 4):
        with pytest.raises(IndexError):
            merkle.consistency_proof([b""] * 3, size)
