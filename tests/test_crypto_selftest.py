"""The self-test at every start."""

import time

import pytest

from crypto import selftest
from crypto.aead import OpensslAead
from crypto.digest import Octets, Sm3Policy
from crypto.errors import BadFormat, SelfTestFailed


class Flipped(OpensslAead):
    """A cipher as a broken processor would have it: one bit of what it seals is wrong."""

    def encrypt_into(self, nonce: bytes, data: Octets, out: memoryview | bytearray, aad: bytes | None = None) -> int:
        """Seal, then flip a bit."""
        size = super().encrypt_into(nonce, data, out, aad)
        out[0] ^= 1
        return size


class Trusting(OpensslAead):
    """A cipher that accepts any tag."""

    def decrypt_into(self, nonce: bytes, data: Octets, out: memoryview | bytearray, aad: bytes | None = None) -> int:
        """Decrypt without looking at the tag: ChaCha20 is its own inverse."""
        sealed = bytearray(len(data))
        super().encrypt_into(nonce, memoryview(data)[:-16], sealed, aad)
        memoryview(out)[:] = sealed[:-16]
        return len(out)


def test_it_passes_here_and_is_quick() -> None:
    """Every primitive is right on this machine, SM3 included, in less than 50 ms of processor time once loaded."""
    selftest.run(Sm3Policy.ALWAYS)
    start = time.process_time()
    selftest.run(Sm3Policy.ALWAYS)
    assert time.process_time() - start < 0.05


@pytest.mark.parametrize("broken", [Flipped, Trusting])
def test_a_broken_cipher_is_found(broken: type[OpensslAead]) -> None:
    """A cipher with a wrong bit, and one that trusts every tag, do not pass."""
    assert selftest._check_aead(OpensslAead)
    assert not selftest._check_aead(broken)


def test_a_wrong_primitive_is_named() -> None:
    """A check that answers wrongly, or raises, stops the program with its primitive's name."""

    def raising() -> bool:
        raise BadFormat("broken")

    for check in (raising, lambda: False):
        with pytest.raises(SelfTestFailed, match="Ed25519"):
            selftest._run_one("Ed25519", check)


def test_every_primitive_of_the_room_is_looked_at() -> None:
    """The list of checks names each primitive that format.md builds on."""
    assert set(selftest._CHECKS) == {
        "SHA-256", "HMAC-SHA-256", "HKDF-SHA-256", "ChaCha20-Poly1305 (OpenSSL)", "ChaCha20-Poly1305 (libsodium)",
        "X25519", "Ed25519", "age", "Merkle", "CBOR",
    }  # fmt: skip
