"""The seam of ChaCha20-Poly1305: both implementations give the same bytes and the same refusals."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import errors
from crypto.aead import Aead, OpensslAead, SodiumAead, open_aead

VECTORS = json.loads((Path(__file__).parent / "vectors" / "aead.json").read_text("utf-8"))
IMPLEMENTATIONS: list[Callable[[bytes], Aead]] = [OpensslAead, SodiumAead]


@pytest.mark.parametrize("make", IMPLEMENTATIONS)
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["source"]))
def test_vectors(make: Callable[[bytes], Aead], vector: dict[str, Any]) -> None:
    """RFC 8439's vectors hold in both directions; changed ones are refused."""
    cipher = make(bytes.fromhex(vector["key"]))
    nonce, aad, sealed = (bytes.fromhex(vector[part]) for part in ("nonce", "aad", "sealed"))
    plain = bytearray(max(0, len(sealed) - 16))
    if vector["outcome"] != "ok":
        with pytest.raises(getattr(errors, vector["outcome"])):
            cipher.decrypt_into(nonce, sealed, plain, aad)
        return
    assert cipher.decrypt_into(nonce, sealed, plain, aad) == len(plain)
    assert plain == bytes.fromhex(vector["plain"])
    again = bytearray(len(sealed))
    assert cipher.encrypt_into(nonce, plain, again, aad) == len(sealed)
    assert again == sealed


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=12, max_size=12), st.binary(max_size=300),
       st.none() | st.binary(max_size=50))  # fmt: skip
def test_implementations_agree(key: bytes, nonce: bytes, plain: bytes, aad: bytes | None) -> None:
    """OpenSSL and libsodium seal to the same bytes and open each other's."""
    outputs = [bytearray(len(plain) + 16) for _ in IMPLEMENTATIONS]
    for make, out in zip(IMPLEMENTATIONS, outputs, strict=True):
        make(key).encrypt_into(nonce, memoryview(plain), memoryview(out), aad)
    assert outputs[0] == outputs[1]
    for make in IMPLEMENTATIONS:
        back = bytearray(len(plain))
        make(key).decrypt_into(nonce, outputs[0], memoryview(back), aad)
        assert back == plain


@pytest.mark.parametrize("make", IMPLEMENTATIONS)
def test_wrong_sizes_are_mistakes_of_the_caller(make: Callable[[bytes], Aead]) -> None:
    """A key or buffer of another size is a ValueError in both."""
    with pytest.raises(ValueError, match="32"):
        make(b"short")
    with pytest.raises(ValueError, match="buffer"):
        make(bytes(32)).encrypt_into(bytes(12), b"plain", bytearray(3))


def test_openssl_comes_first() -> None:
    """The seam picks the faster implementation."""
    assert isinstance(open_aead(bytes(32)), OpensslAead)
