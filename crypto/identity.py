"""X25519 identities and recipients of age, and their text forms `AGE-SECRET-KEY-1…` and `age1…` (C2SP age.md; Bech32 of
BIP 173).
"""

from __future__ import annotations

import os
from typing import Final

import nacl.bindings
import nacl.exceptions

from crypto.errors import BadFormat

SIZE: Final = 32  # bytes of an identity and of a recipient
RECIPIENT_PREFIX: Final = "age"
IDENTITY_PREFIX: Final = "age-secret-key-"
TEXT_MAX: Final = 90  # BIP 173; our two forms have 62 and 74 characters

_ALPHABET: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECK_LENGTH: Final = 6


def new_identity() -> bytes:
    """A fresh X25519 identity (secret), 32 random bytes."""
    return os.urandom(SIZE)


def recipient_of(identity: bytes) -> bytes:
    """The recipient (public key, 32 bytes) of an identity: X25519(identity, base point)."""
    if len(identity) != SIZE:
        raise BadFormat("X25519 identity: 32 bytes are expected")
    return nacl.bindings.crypto_scalarmult_base(identity)


def shared_secret(secret: bytes, share: bytes) -> bytes:
    """X25519(secret, share), 32 bytes; BadFormat for a share of small order (age.md; RFC 7748 §6.1)."""
    if len(secret) != SIZE or len(share) != SIZE:
        raise BadFormat("X25519: 32 bytes are expected")
    try:
        shared = nacl.bindings.crypto_scalarmult(secret, share)
    except nacl.exceptions.RuntimeError:
        raise BadFormat("X25519 (RFC 7748 §6.1): a public key of small order") from None
    if not any(shared):
        raise BadFormat("X25519 (RFC 7748 §6.1): a public key of small order")
    return shared


def recipient_text(recipient: bytes) -> str:
    """`age1…` for a recipient of 32 bytes."""
    return _encode(RECIPIENT_PREFIX, recipient)


def recipient_from_text(value: str) -> bytes:
    """The 32 bytes behind `age1…`; BadFormat."""
    return _decode(RECIPIENT_PREFIX, value)


def identity_text(identity: bytes) -> str:
    """`AGE-SECRET-KEY-1…` for an identity of 32 bytes. A secret: never to be logged."""
    return _encode(IDENTITY_PREFIX, identity).upper()


def identity_from_text(value: str) -> bytes:
    """The 32 bytes behind `AGE-SECRET-KEY-1…`; BadFormat, whose text never repeats the value."""
    return _decode(IDENTITY_PREFIX, value)


def bech32_encode(prefix: str, data: bytes) -> str:
    """Bech32 (BIP 173) of the data under a lower-case prefix."""
    words = _regroup(data, 8, 5, pad=True)
    check = _polymod([*_expand(prefix), *words, *[0] * _CHECK_LENGTH]) ^ 1
    words += [check >> 5 * (_CHECK_LENGTH - 1 - place) & 31 for place in range(_CHECK_LENGTH)]
    return f"{prefix}1{''.join(_ALPHABET[word] for word in words)}"


def bech32_decode(value: str) -> tuple[str, bytes]:
    """(lower-case prefix, data) of a Bech32 text of at most 90 characters (BIP 173); BadFormat."""
    if len(value) > TEXT_MAX or not value.isascii() or value not in (value.lower(), value.upper()):
        raise BadFormat("Bech32 (BIP 173): too long, mixed case or not ASCII")
    prefix, one, tail = value.lower().rpartition("1")
    if not one or not prefix or len(tail) < _CHECK_LENGTH or not all(33 <= ord(letter) <= 126 for letter in prefix):
        raise BadFormat("Bech32 (BIP 173): no prefix or no checksum")
    words = [_ALPHABET.find(letter) for letter in tail]
    if -1 in words or _polymod([*_expand(prefix), *words]) != 1:
        raise BadFormat("Bech32 (BIP 173): the checksum does not fit", "check the text for typing errors")
    return prefix, bytes(_regroup(bytes(words[:-_CHECK_LENGTH]), 5, 8, pad=False))


def _encode(prefix: str, data: bytes) -> str:
    """Bech32 of exactly 32 bytes."""
    if len(data) != SIZE:
        raise BadFormat(f"{prefix}1…: 32 bytes are expected")
    return bech32_encode(prefix, data)


def _decode(prefix: str, value: str) -> bytes:
    """The 32 bytes of a Bech32 text with this prefix."""
    found, data = bech32_decode(value)
    if found != prefix or len(data) != SIZE:
        raise BadFormat(f"age key (age.md): {prefix}1… with 32 bytes is expected, another prefix or length found")
    return data


def _expand(prefix: str) -> list[int]:
    """The prefix as the checksum sees it."""
    return [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]


def _polymod(words: list[int]) -> int:
    """The checksum of BIP 173."""
    check = 1
    for word in words:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ word
        for place, generator in enumerate(_GENERATOR):
            check ^= generator if top >> place & 1 else 0
    return check


def _regroup(data: bytes, source: int, target: int, *, pad: bool) -> list[int]:
    """Cut groups of `source` bits into groups of `target`; without padding the rest must be zero and shorter than a
    source group.
    """
    bits = value = 0
    out: list[int] = []
    for group in data:
        value = value << source | group
        bits += source
        while bits >= target:
            bits -= target
            out.append(value >> bits & (1 << target) - 1)
        value &= (1 << bits) - 1
    if pad and bits:
        out.append(value << target - bits & (1 << target) - 1)
    if not pad and (bits >= source or value):
        raise BadFormat("Bech32 (BIP 173): padding that is not zero")
    return out
