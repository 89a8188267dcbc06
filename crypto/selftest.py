"""The self-test of every primitive at every start: published vectors; nothing runs where one is wrong."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from typing import Final

from crypto import cbor, derivation, digest, identity, merkle
from crypto.aead import Aead, OpensslAead, SodiumAead
from crypto.digest import Sm3Policy
from crypto.errors import BadFormat, BadSignature, CryptoError, Damaged, SelfTestFailed
from crypto.sealing import open_file, seal_file
from crypto.signing import SigningKey, check_signature, sign, verify

_SHA256_ABC: Final = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4
_SM3_ABC: Final = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"  # GB/T 32905-2016 A.1
_HMAC_HI: Final = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"  # RFC 4231 §4.2
_HKDF: Final = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"  # RFC 5869 A.1, first 32 bytes

# RFC 8439 §2.8.2
_AEAD_NONCE: Final = bytes.fromhex("070000004041424344454647")
_AEAD_AAD: Final = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
_AEAD_PLAIN: Final = (
    b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip "
    b"for the future, sunscreen would be it."
)
_AEAD_SEALED: Final = bytes.fromhex(
    "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b"
    "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
    "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691"
)

# RFC 7748 §5.2
_X25519_SCALAR: Final = "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"
_X25519_POINT: Final = "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"
_X25519_OUT: Final = "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"

# RFC 8032 §7.1 TEST 3
_ED25519_SEED: Final = "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"
_ED25519_PUBLIC: Final = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"
_ED25519_SIGNATURE: Final = (
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
)

# The example keys of C2SP age.md; the file was sealed by the stock age tool 1.1.1 and holds "jindang".
_AGE_IDENTITY: Final = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
_AGE_RECIPIENT: Final = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
_AGE_FILE: Final = (
    "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBFSWN2MzRJcmpuQzlUaGxmZVVVSERBc1RLWUtiMC9vellnK2JBQTFIR0RF"
    "CnArYWhuTGxDTFZEZmk4VW9mUnFOd21jUXJQcVMrdWJTRWpnZlMxVVphSDQKLS0tIGJUZ1lmMmNwMUd0M0gzYUdxUE1LdW1QTHJG"
    "ek5MWmNrM21nMVU4MnZhYVUKgHFpHhntjjQBPej7LFxxO8SS1csAuDYO9oaUJt9xplt/bHHo34Lh"
)

# Certificate Transparency's reference tree of eight leaves (RFC 6962)
_LEAVES: Final = tuple(
    map(
        bytes.fromhex,
        ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"),
    )
)
_ROOT: Final = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def run(sm3: Sm3Policy = Sm3Policy.OFF) -> None:
    """Check every primitive that this installation uses; SelfTestFailed names the first wrong one.

    SM3 is checked when the policy needs it; Unsupported where OpenSSL then lacks it.
    """
    digest.require(sm3)
    for name, check in _CHECKS.items():
        _run_one(name, check)
    if sm3 is not Sm3Policy.OFF:
        _run_one("SM3", _check_sm3)


def _run_one(name: str, check: Callable[[], bool]) -> None:
    """Run one check; a wrong answer and an unexpected error are the same failure."""
    try:
        sound = check()
    except (CryptoError, ValueError, TypeError, RuntimeError, ArithmeticError) as error:
        raise _failure(name) from error
    if not sound:
        raise _failure(name)


def _failure(name: str) -> SelfTestFailed:
    """The error for one primitive."""
    return SelfTestFailed(f"密码自检未通过：{name} 在本机给出错误结果", "请勿使用本机；检查内存与处理器，重新安装程序")


def _check_sha256() -> bool:
    """FIPS 180-4, one-shot and streaming."""
    hasher = digest.hasher(Sm3Policy.OFF)
    hasher.update(b"a")
    hasher.update(memoryview(b"bc"))
    return digest.sha256(b"abc").hex() == _SHA256_ABC == hasher.digests().sha256.hex()


def _check_sm3() -> bool:
    """GB/T 32905-2016 A.1."""
    return digest.sm3(b"abc").hex() == _SM3_ABC


def _check_hmac() -> bool:
    """RFC 4231 §4.2."""
    return hmac.digest(b"\x0b" * 20, b"Hi There", "sha256").hex() == _HMAC_HI


def _check_hkdf() -> bool:
    """RFC 5869 A.1."""
    return derivation.hkdf_sha256(b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA))).hex() == _HKDF


def _check_aead(make: Callable[[bytes], Aead]) -> bool:
    """RFC 8439 §2.8.2 in both directions, and a changed tag is refused."""
    cipher = make(bytes(range(0x80, 0xA0)))
    sealed, plain = bytearray(len(_AEAD_SEALED)), bytearray(len(_AEAD_PLAIN))
    cipher.encrypt_into(_AEAD_NONCE, _AEAD_PLAIN, sealed, _AEAD_AAD)
    cipher.decrypt_into(_AEAD_NONCE, _AEAD_SEALED, plain, _AEAD_AAD)
    changed = _AEAD_SEALED[:-1] + bytes([_AEAD_SEALED[-1] ^ 1])
    refused = _refuses(Damaged, lambda: cipher.decrypt_into(_AEAD_NONCE, changed, bytearray(len(plain)), _AEAD_AAD))
    return sealed == _AEAD_SEALED and plain == _AEAD_PLAIN and refused


def _check_x25519() -> bool:
    """RFC 7748 §5.2, and a point of small order is refused."""
    shared = identity.shared_secret(bytes.fromhex(_X25519_SCALAR), bytes.fromhex(_X25519_POINT))
    refused = _refuses(BadFormat, lambda: identity.shared_secret(bytes.fromhex(_X25519_SCALAR), bytes(32)))
    return shared.hex() == _X25519_OUT and refused


def _check_ed25519() -> bool:
    """RFC 8032 §7.1 TEST 3, a changed message is refused, and the COSE profile holds together."""
    key = SigningKey(bytes.fromhex(_ED25519_SEED))
    signature = bytes.fromhex(_ED25519_SIGNATURE)
    if key.public.hex() != _ED25519_PUBLIC or key.sign(b"\xaf\x82") != signature:
        return False
    check_signature(key.public, b"\xaf\x82", signature)
    refused = _refuses(BadSignature, lambda: check_signature(key.public, b"\xaf\x83", signature))
    return refused and verify(key.public, "entry", sign(key, "entry", b"\xa0")).payload == b"\xa0"


def _check_age() -> bool:
    """A file of the stock age tool opens, a changed one does not, and what we seal we open."""
    secret, recipient = identity.identity_from_text(_AGE_IDENTITY), identity.recipient_from_text(_AGE_RECIPIENT)
    data = base64.b64decode(_AGE_FILE)
    changed = data[:-1] + bytes([data[-1] ^ 1])
    return (
        identity.recipient_of(secret) == recipient
        and open_file(data, secret, limit=64) == b"jindang"
        and _refuses(Damaged, lambda: open_file(changed, secret, limit=64))
        and open_file(seal_file(b"sealed here", [recipient]), secret, limit=64) == b"sealed here"
    )


def _check_merkle() -> bool:
    """The reference root, and proofs over it."""
    root = merkle.root(_LEAVES)
    merkle.verify_inclusion(_LEAVES[5], 5, 8, merkle.inclusion_proof(_LEAVES, 5), root)
    merkle.verify_consistency(3, merkle.root(_LEAVES[:3]), 8, root, merkle.consistency_proof(_LEAVES, 3))
    return root.hex() == _ROOT


def _check_cbor() -> bool:
    """Sorted keys and shortest heads (RFC 8949 §4.2.1); a longer head is refused."""
    value = {100: [1, "a", b"b", True, None], 10: 23}
    return (
        cbor.encode(value).hex() == "a20a1718648501616141" + "62f5f6"
        and cbor.decode(cbor.encode(value), limit=64) == value
        and _refuses(BadFormat, lambda: cbor.decode(b"\x18\x01", limit=64))
    )


def _refuses(expected: type[CryptoError], action: Callable[[], object]) -> bool:
    """Whether the action raises this error."""
    try:
        action()
    except expected:
        return True
    return False


_CHECKS: Final[dict[str, Callable[[], bool]]] = {
    "SHA-256": _check_sha256,
    "HMAC-SHA-256": _check_hmac,
    "HKDF-SHA-256": _check_hkdf,
    "ChaCha20-Poly1305 (OpenSSL)": lambda: _check_aead(OpensslAead),
    "ChaCha20-Poly1305 (libsodium)": lambda: _check_aead(SodiumAead),
    "X25519": _check_x25519,
    "Ed25519": _check_ed25519,
    "age": _check_age,
    "Merkle": _check_merkle,
    "CBOR": _check_cbor,
}
