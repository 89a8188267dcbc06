"""The seam of the bulk cipher ChaCha20-Poly1305 (RFC 8439): one interface, two implementations that pass the same
vectors.
"""

from __future__ import annotations

from typing import Final, Protocol

import nacl.bindings
import nacl.exceptions
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from crypto.digest import Octets
from crypto.errors import Damaged

KEY_SIZE: Final = 32  # bytes
NONCE_SIZE: Final = 12  # bytes
TAG_SIZE: Final = 16  # bytes that sealing adds


class Aead(Protocol):
    """A keyed cipher. `out` is exactly len(data) + 16 bytes for sealing, len(data) − 16 for opening; both return its
    length.

    May be used from several threads; a nonce must never be used twice for sealing under one key (the caller's duty).
    """

    def encrypt_into(self, nonce: bytes, data: Octets, out: memoryview | bytearray, aad: bytes | None = None) -> int:
        """Write ciphertext and tag into `out`."""
        ...

    def decrypt_into(self, nonce: bytes, data: Octets, out: memoryview | bytearray, aad: bytes | None = None) -> int:
        """Write plaintext into `out`; Damaged when the tag does not fit, `out` then holds nothing to be used."""
        ...


class OpensslAead:
    """OpenSSL through `cryptography`: no intermediate bytes, releases the interpreter lock. The one for bulk."""

    def __init__(self, key: bytes) -> None:
        """`key` is 32 bytes."""
        self._cipher = ChaCha20Poly1305(key)

    def encrypt_into(self, nonce: bytes, data: Octets, out: memoryview | bytearray, aad: bytes | None = None) -> int:
        """See Aead."""
        return self._cipher.encrypt_into(nonce, data, aad, out)

    def decrypt_into(self, nonce: bytes, data: Octets, out: memoryview | bytearray, aad: bytes | None = None) -> int:
        """See Aead."""
        try:
            return self._cipher.decrypt_into(nonce, data, aad, out)
        except InvalidTag:
            raise Damaged("ChaCha20-Poly1305: the tag does not fit (changed bytes or another key)") from None


class SodiumAead:
    """libsodium through PyNaCl: the second implementation, for machines whose OpenSSL lacks the cipher and for
    cross-checks. Copies.
    """

    def __init__(self, key: bytes) -> None:
        """`key` is 32 bytes."""
        if len(key) != KEY_SIZE:
            raise ValueError("ChaCha20-Poly1305 key must be 32 bytes")
        self._key = key

    def encrypt_into(self, nonce: bytes, data: Octets, out: memoryview | bytearray, aad: bytes | None = None) -> int:
        """See Aead."""
        sealed = nacl.bindings.crypto_aead_chacha20poly1305_ietf_encrypt(bytes(data), aad, nonce, self._key)
        return _put(sealed, out)

    def decrypt_into(self, nonce: bytes, data: Octets, out: memoryview | bytearray, aad: bytes | None = None) -> int:
        """See Aead."""
        if len(data) < TAG_SIZE:
            raise Damaged("ChaCha20-Poly1305: shorter than its tag")
        try:
            plain = nacl.bindings.crypto_aead_chacha20poly1305_ietf_decrypt(bytes(data), aad, nonce, self._key)
        except nacl.exceptions.CryptoError:
            raise Damaged("ChaCha20-Poly1305: the tag does not fit (changed bytes or another key)") from None
        return _put(plain, out)


def open_aead(key: bytes) -> Aead:
    """A cipher for this 32-byte key: OpenSSL, or libsodium where OpenSSL refuses the cipher (FIPS builds)."""
    try:
        return OpensslAead(key)
    except UnsupportedAlgorithm:
        return SodiumAead(key)


def _put(data: bytes, out: memoryview | bytearray) -> int:
    """Copy into `out`, which must be exactly as long (ValueError, as `cryptography` does)."""
    if len(out) != len(data):
        raise ValueError(f"buffer must be {len(data)} bytes")
    memoryview(out)[:] = data
    return len(data)
