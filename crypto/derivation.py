"""Keys from keys: HKDF-SHA-256 (RFC 5869). Apart from the digests, which are asked for by programs that derive nothing."""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crypto.digest import Octets


def hkdf_sha256(key: Octets, salt: bytes, info: bytes) -> bytes:
    """HKDF-SHA-256 (RFC 5869) with 32 bytes of output; an empty salt means 32 zero bytes."""
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(key)
