"""Signatures: Ed25519 (RFC 8032) in the frozen COSE_Sign1 profile of format.md §3. Bytes are verified first and parsed
after.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

import cbor2
import nacl.exceptions
import nacl.signing

from crypto import cbor
from crypto.digest import Octets, sha256
from crypto.errors import BadFormat, BadSignature

SEED_SIZE: Final = 32  # bytes
PUBLIC_SIZE: Final = 32  # bytes
SIGNATURE_SIZE: Final = 64  # bytes
KEY_ID_SIZE: Final = 8  # bytes

KIND_LIMITS: Final = {"entry": 16 * 1024, "receipt": 1024 * 1024, "hello": 64 * 1024}
"""Kinds of format.md §3 and the bytes a signed object of each may have (format.md §14)."""

_ALGORITHM: Final = -19  # Ed25519, RFC 9864
_CONTEXT: Final = "Signature1"  # RFC 9052 §4.4
_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_FIELD: Final = 2**255 - 19
_SIGN_BIT: Final = 1 << 255
# The y coordinates of the eight points of small order, and those that are only other spellings of them (y ≥ p).
_SMALL_ORDER_Y: Final = frozenset(
    (
        0,
        1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
        _FIELD - 1,
        _FIELD,
        _FIELD + 1,
    )
)


class SigningKey:
    """An Ed25519 key made of a 32-byte seed. Its repr shows the key id alone."""

    def __init__(self, seed: bytes) -> None:
        """Derive the key pair; BadFormat when the seed is not 32 bytes."""
        if len(seed) != SEED_SIZE:
            raise BadFormat("Ed25519 seed (RFC 8032): 32 bytes are expected")
        self._key = nacl.signing.SigningKey(seed)
        self.public: bytes = bytes(self._key.verify_key)
        self.key_id: bytes = key_id(self.public)

    @classmethod
    def generate(cls) -> SigningKey:
        """A key with a fresh random seed."""
        return cls(os.urandom(SEED_SIZE))

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of RFC 8032 over a message."""
        return self._key.sign(message).signature

    def __repr__(self) -> str:
        """Shows no secret."""
        return f"SigningKey({self.key_id.hex()})"


@dataclass(frozen=True)
class Parsed:
    """The parts of a well-formed signed object whose signature has not been looked at: believe nothing of it."""

    protected: bytes
    payload: bytes
    kid: bytes
    signature: bytes


@dataclass(frozen=True)
class Verified:
    """Payload and protected header of an object whose signature holds."""

    payload: bytes
    protected: bytes


def key_id(public: bytes) -> bytes:
    """`kid`: the first 8 bytes of SHA-256(public key) (format.md §3)."""
    return sha256(public)[:KEY_ID_SIZE]


def sign(key: SigningKey, kind: str, payload: bytes) -> bytes:
    """The signed object over `payload` (itself CBOR of this kind); BadFormat for an unknown kind or an object beyond
    its kind's bound.
    """
    limit = _limit_of(kind)
    protected = _protected(kind, key.key_id)
    signature = key.sign(_to_sign(kind, protected, payload))
    signed = cbor.encode(cbor2.CBORTag(cbor.TAG_SIGN1, [protected, {}, payload, signature]))
    if len(signed) > limit:
        raise BadFormat(f"signed {kind} (format.md §14): {len(signed)} bytes, the limit is {limit}")
    return signed


def parse_unverified(kind: str, signed: Octets) -> Parsed:
    """Take a signed object apart without its key: needed to learn who claims to have signed. BadFormat for any
    deviation from §3.
    """
    tag = cbor.decode(signed, limit=_limit_of(kind))
    if type(tag) is not cbor2.CBORTag:
        raise BadFormat(f"signed {kind} (format.md §3): not a COSE_Sign1 object (tag 18)")
    fields = (bytes, dict, bytes, cbor.Size(SIGNATURE_SIZE))
    protected, unprotected, payload, signature = cbor.take_list(tag.value, fields, name=f"signed {kind} (format.md §3)")
    if unprotected:
        raise BadFormat(f"signed {kind} (format.md §3): the unprotected header is not empty")
    types: dict[int, cbor.Field] = {1: int, 3: str, 4: cbor.Size(KEY_ID_SIZE)}
    header = cbor.decode(protected, limit=256)
    if not isinstance(header, dict) or set(header) != set(types) or type(header[4]) is not bytes:
        raise BadFormat(f"signed {kind} (format.md §3): the protected header is not the profile's")
    kid: bytes = header[4]
    if len(kid) != KEY_ID_SIZE or protected != _protected(kind, kid):
        raise BadFormat(f"signed {kind} (format.md §3): the protected header is not the profile's")
    return Parsed(protected, payload, kid, signature)


def verify(public: bytes, kind: str, signed: Octets) -> Verified:
    """Check a signed object of this kind against a public key (32 bytes) and return what it says.

    BadFormat for bytes outside the profile; BadSignature for another key id, a wrong signature, S not below the group
    order, R or key of small order.
    """
    parsed = parse_unverified(kind, signed)
    if parsed.kid != key_id(public):
        raise BadSignature(
            f"signed {kind} (format.md §3): signed by key {parsed.kid.hex()}, not by {key_id(public).hex()}"
        )
    check_signature(public, _to_sign(kind, parsed.protected, parsed.payload), parsed.signature)
    return Verified(parsed.payload, parsed.protected)


def check_signature(public: bytes, message: bytes, signature: bytes) -> None:
    """Check a bare Ed25519 signature (RFC 8032 §5.1.7) with the refusals of format.md §3; BadSignature."""
    if len(signature) != SIGNATURE_SIZE:
        raise BadSignature("Ed25519 (RFC 8032): a signature is 64 bytes")
    check_public(public)
    if int.from_bytes(signature[32:], "little") >= _ORDER:
        raise BadSignature("Ed25519 (format.md §3): S is not below the group order")
    if _coordinate(signature[:32]) in _SMALL_ORDER_Y:
        raise BadSignature("Ed25519 (format.md §3): R is of small order")
    try:
        nacl.signing.VerifyKey(public).verify(message, signature)
    except nacl.exceptions.BadSignatureError:
        raise BadSignature("Ed25519 (RFC 8032): the signature does not hold") from None


def check_public(public: bytes) -> None:
    """Refuse a public key that is not 32 bytes, not canonical or of small order (format.md §3); BadSignature."""
    if len(public) != PUBLIC_SIZE:
        raise BadSignature("Ed25519 (RFC 8032): a public key is 32 bytes")
    coordinate = _coordinate(public)
    if coordinate >= _FIELD or coordinate in _SMALL_ORDER_Y:
        raise BadSignature("Ed25519 (format.md §3): the public key is not canonical or of small order")


def _coordinate(point: bytes) -> int:
    """The y coordinate of an encoded point, sign bit masked."""
    return int.from_bytes(point, "little") & ~_SIGN_BIT


def _protected(kind: str, kid: bytes) -> bytes:
    """The protected header of format.md §3."""
    return cbor.encode({1: _ALGORITHM, 3: f"application/jindang.{kind}+cbor", 4: kid})


def _to_sign(kind: str, protected: bytes, payload: bytes) -> bytes:
    """The Sig_structure of RFC 9052 §4.4 with the kind as external data."""
    return cbor.encode([_CONTEXT, protected, f"jindang/1/{kind}".encode(), payload])


def _limit_of(kind: str) -> int:
    """Bound of a kind's signed objects; BadFormat for a kind that format.md §3 does not name."""
    limit = KIND_LIMITS.get(kind)
    if limit is None:
        raise BadFormat(f"signed {kind} (format.md §3): unknown kind, known are {', '.join(KIND_LIMITS)}")
    return limit
