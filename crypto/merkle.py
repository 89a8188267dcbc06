"""Merkle trees, inclusion and consistency proofs of RFC 6962 §2.1 (verification as in RFC 9162 §2.1.3 and §2.1.4), over
SHA-256.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import Final

from crypto.errors import BadProof

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""The root of a tree without leaves: SHA-256 of nothing."""


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Iterable[bytes]) -> bytes:
    """The tree head over leaves (their data, not their hashes) in order, 32 bytes; keeps O(log n) hashes in memory."""
    stack: list[tuple[int, bytes]] = []  # (height, hash) of the complete subtrees so far, heights falling
    for leaf in leaves:
        height, digest = 0, leaf_hash(leaf)
        while stack and stack[-1][0] == height:
            digest = node_hash(stack.pop()[1], digest)
            height += 1
        stack.append((height, digest))
    if not stack:
        return EMPTY_ROOT
    digest = stack.pop()[1]
    while stack:
        digest = node_hash(stack.pop()[1], digest)
    return digest


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of leaf `index`, from the leaf upwards (RFC 6962 §2.1.1); IndexError outside the tree."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} of {len(leaves)}")
    return _path(_Span(leaves), index)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], tree_root: bytes) -> None:
    """Check that `leaf` is number `index` of the tree of `size` leaves with this root (RFC 9162 §2.1.3.2); BadProof
    otherwise.
    """
    if not 0 <= index < size:
        raise BadProof(f"Merkle inclusion (RFC 6962 §2.1.1): leaf {index} lies outside a tree of {size}")
    place, last, digest = index, size - 1, leaf_hash(leaf)
    for sibling in proof:
        if last == 0:
            raise BadProof("Merkle inclusion (RFC 6962 §2.1.1): the proof is too long")
        if place & 1 or place == last:
            digest = node_hash(sibling, digest)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            digest = node_hash(digest, sibling)
        place, last = place >> 1, last >> 1
    if last != 0 or not hmac.compare_digest(digest, tree_root):
        raise BadProof("Merkle inclusion (RFC 6962 §2.1.1): the proof does not lead to the root")


def consistency_proof(leaves: Sequence[bytes], size: int) -> list[bytes]:
    """The proof that the tree of the first `size` leaves is a prefix of the whole one (RFC 6962 §2.1.2); empty when
    equal.

    IndexError unless 1 ≤ size ≤ len(leaves).
    """
    if not 1 <= size <= len(leaves):
        raise IndexError(f"tree size {size} of {len(leaves)}")
    return _subproof(_Span(leaves), size, whole=True)


def verify_consistency(size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of `new_size` leaves extends the one of `size` (RFC 9162 §2.1.4.2); BadProof otherwise."""
    if not 1 <= size <= new_size:
        raise BadProof(f"Merkle consistency (RFC 6962 §2.1.2): {size} is no prefix size of {new_size}")
    if size == new_size:
        if proof or not hmac.compare_digest(old_root, new_root):
            raise BadProof("Merkle consistency (RFC 6962 §2.1.2): two trees of one size differ")
        return
    path = [old_root, *proof] if size & (size - 1) == 0 else list(proof)
    if not path:
        raise BadProof("Merkle consistency (RFC 6962 §2.1.2): the proof is too short")
    place, last = size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for digest in path[1:]:
        if last == 0:
            raise BadProof("Merkle consistency (RFC 6962 §2.1.2): the proof is too long")
        if place & 1 or place == last:
            old, new = node_hash(digest, old), node_hash(digest, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, digest)
        place, last = place >> 1, last >> 1
    if last != 0 or not (hmac.compare_digest(old, old_root) and hmac.compare_digest(new, new_root)):
        raise BadProof("Merkle consistency (RFC 6962 §2.1.2): the proof does not lead to both roots")


class _Span:
    """A run of leaves without copying them."""

    def __init__(self, leaves: Sequence[bytes], start: int = 0, stop: int | None = None) -> None:
        self._leaves = leaves
        self._start = start
        self._stop = len(leaves) if stop is None else stop

    def __len__(self) -> int:
        return self._stop - self._start

    def root(self) -> bytes:
        """The tree head of this run."""
        return root(self._leaves[place] for place in range(self._start, self._stop))

    def halves(self) -> tuple[_Span, _Span]:
        """Split at the largest power of two below the length (RFC 6962 §2.1)."""
        cut = self._start + (1 << (len(self) - 1).bit_length() - 1)
        return _Span(self._leaves, self._start, cut), _Span(self._leaves, cut, self._stop)


def _path(span: _Span, index: int) -> list[bytes]:
    """PATH(m, D[n]) of RFC 6962 §2.1.1."""
    if len(span) == 1:
        return []
    left, right = span.halves()
    if index < len(left):
        return [*_path(left, index), right.root()]
    return [*_path(right, index - len(left)), left.root()]


def _subproof(span: _Span, size: int, *, whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b) of RFC 6962 §2.1.2; `whole` is b."""
    if size == len(span):
        return [] if whole else [span.root()]
    left, right = span.halves()
    if size <= len(left):
        return [*_subproof(left, size, whole=whole), right.root()]
    return [*_subproof(right, size - len(left), whole=False), left.root()]
