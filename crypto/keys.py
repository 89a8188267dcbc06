"""Key files (format.md §12): the secrets of a node or hub, sealed under one of three locks; the only files this room
touches.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

from crypto import cbor
from crypto.aead import NONCE_SIZE, TAG_SIZE, open_aead
from crypto.errors import BadFormat, Damaged, LockedOut, WrongKey
from crypto.identity import new_identity, recipient_of
from crypto.locks import (
    SALT_SIZE,
    Credential,
    KeyFile,
    Lock,
    LockKind,
    Passphrase,
    key_encryption_key,
    lock_map,
    read_lock_map,
)
from crypto.signing import SigningKey

__all__ = [
    "Credential",
    "KeyFile",
    "Lock",
    "LockKind",
    "Passphrase",
    "PublicParts",
    "Role",
    "Secrets",
    "create",
    "generate",
    "load",
    "public_parts",
    "relock",
]

FILE_MAX: Final = 16 * 1024  # bytes of a key file; an RSA-4096 key in PKCS #8 has 2.4 KB
TLS_KEY_MAX: Final = 8 * 1024  # bytes

_VERSION: Final = 1


class Role(IntEnum):
    """Whose key file it is (format.md §12)."""

    NODE = 1
    HUB = 2


@dataclass(frozen=True, repr=False)
class Secrets:
    """Everything secret that a node or hub owns; its repr shows nothing of it."""

    signing_seed: bytes  # 32 bytes, Ed25519
    identity: bytes  # 32 bytes, X25519 (age)
    database_key: bytes  # 32 bytes, used raw
    tls_key: bytes | None = None  # PKCS #8 DER, hub only

    def __post_init__(self) -> None:
        """Refuse secrets of another length (BadFormat)."""
        if any(len(secret) != 32 for secret in (self.signing_seed, self.identity, self.database_key)):
            raise BadFormat("secrets (format.md §12): 32 bytes each are expected")
        if self.tls_key is not None and not 0 < len(self.tls_key) <= TLS_KEY_MAX:
            raise BadFormat(f"secrets (format.md §12): a TLS key has 1 to {TLS_KEY_MAX} bytes")

    def __repr__(self) -> str:
        """Shows no secret."""
        return "Secrets(…)"

    def signing_key(self) -> SigningKey:
        """The Ed25519 key of the seed."""
        return SigningKey(self.signing_seed)

    def recipient(self) -> bytes:
        """The X25519 recipient (32 bytes) of the identity."""
        return recipient_of(self.identity)


class PublicParts(NamedTuple):
    """What a key file says without being unlocked. Not authenticated: only load() proves that it belongs together."""

    role: Role
    lock: LockKind
    signing_key: bytes  # 32 bytes, Ed25519 public key
    recipient: bytes  # 32 bytes, X25519


def generate(role: Role) -> Secrets:
    """Fresh random secrets; a hub gets a P-256 TLS key as well."""
    tls_key = None
    if role is Role.HUB:
        # Here: a hub makes it once, and every program that opens a key file would load them.
        from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        tls_key = generate_private_key(SECP256R1()).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return Secrets(os.urandom(32), new_identity(), os.urandom(32), tls_key)


def create(path: Path, role: Role, secrets_: Secrets, lock: Lock) -> None:
    """Seal the secrets under the lock into a new file, mode 0600, durable on return; never overwrites.

    LockedOut when the file exists, cannot be written, or the lock's secret is missing or too weak.
    """
    fields = lock_map(lock, os.urandom(SALT_SIZE))
    key = key_encryption_key(lock, read_lock_map(fields)[1])
    _write_new(path, seal(role, secrets_, fields, key, os.urandom(NONCE_SIZE)))


def load(path: Path, lock: Lock) -> Secrets:
    """Unlock a key file.

    WrongKey for a lock of another kind or another secret (a changed file looks the same); LockedOut when the file or
    the lock's secret cannot
    be read; BadFormat when it is no key file; Damaged when what it seals does not belong to the keys it names.
    """
    head, lock_fields, sealed = _parse(_read(path))
    key = key_encryption_key(lock, lock_fields)
    plain = bytearray(len(sealed) - TAG_SIZE)
    try:
        open_aead(key).decrypt_into(head[6], sealed, plain, cbor.encode(head))
    except Damaged:
        raise WrongKey(
            f"打不开密钥 {path.name}：口令或密钥不对，或文件已损坏", "请核对后重试，必要时从备份恢复密钥文件"
        ) from None
    taken = cbor.take_map(
        cbor.decode(plain, limit=FILE_MAX),
        {1: cbor.ID32, 2: cbor.ID32, 3: cbor.ID32},
        {4: bytes},
        name="key file (format.md §12): secrets",
    )
    secrets_ = Secrets(taken[1], taken[2], taken[3], taken.get(4))
    if secrets_.signing_key().public != head[4] or secrets_.recipient() != head[5]:
        raise Damaged("key file (format.md §12): the secrets do not belong to the public keys beside them")
    return secrets_


def relock(path: Path, old: Lock, new: Lock) -> None:
    """Seal the same secrets under another lock, with fresh salt and nonce; durable on return.

    The new bytes are opened once before they take the place of the old ones: whoever could unlock before or can afterwards, never nobody.

    Raises:
        WrongKey, LockedOut, BadFormat, Damaged: as load() with the old lock. LockedOut: the new one is too weak, or nothing can be written.
    """
    secrets_, role = load(path, old), public_parts(path).role
    fields = lock_map(new, os.urandom(SALT_SIZE))
    key = key_encryption_key(new, read_lock_map(fields)[1])
    data = seal(role, secrets_, fields, key, os.urandom(NONCE_SIZE))

    def place(name: str) -> None:
        if load(Path(name), new) != secrets_:
            raise Damaged("key file (format.md §12): what was just sealed does not open to the same secrets")
        # A crash before this leaves the old lock, after it the new one.
        Path(name).replace(path)

    _write(path, data, place)


def public_parts(path: Path) -> PublicParts:
    """Role, kind of lock, public signing key and recipient of a key file, not unlocked; LockedOut or BadFormat."""
    head, lock_fields, _ = _parse(_read(path))
    return PublicParts(Role(head[2]), LockKind(lock_fields[1]), head[4], head[5])


def seal(role: Role, secrets_: Secrets, lock_fields: dict[int, Any], key: bytes, nonce: bytes) -> bytes:
    """The bytes of a key file under a KEK and a nonce that was never used with it (pure; for create() and vectors)."""
    body: dict[int, Any] = {1: secrets_.signing_seed, 2: secrets_.identity, 3: secrets_.database_key}
    if secrets_.tls_key is not None:
        body[4] = secrets_.tls_key
    plain = cbor.encode(body)
    public, recipient = secrets_.signing_key().public, secrets_.recipient()
    head = {1: _VERSION, 2: int(role), 3: lock_fields, 4: public, 5: recipient, 6: nonce}
    sealed = bytearray(len(plain) + TAG_SIZE)
    open_aead(key).encrypt_into(nonce, plain, sealed, cbor.encode(head))
    return cbor.encode({**head, 7: bytes(sealed)})


def _parse(data: bytes) -> tuple[dict[int, Any], dict[int, Any], bytes]:
    """(keys 1 to 6 as they stand, checked lock map, sealed) of a key file's bytes; BadFormat."""
    obj = cbor.decode(data, limit=FILE_MAX)
    fields: dict[int, cbor.Field] = {
        1: int,
        2: int,
        3: dict,
        4: cbor.ID32,
        5: cbor.ID32,
        6: cbor.Size(NONCE_SIZE),
        7: bytes,
    }
    head = cbor.take_map(obj, fields, name="key file (format.md §12)")
    sealed: bytes = head.pop(7)
    if len(obj) != len(fields):
        # A key below 64 may be ignored (format.md §1), but here every key stands under the seal's aad.
        raise BadFormat("key file (format.md §12): keys beyond 1 to 7")
    if head[1] != _VERSION:
        raise BadFormat(f"key file (format.md §12): version {head[1]} is unknown", "upgrade this program")
    if head[2] not in (Role.NODE, Role.HUB):
        raise BadFormat(f"key file (format.md §12): role {head[2]} is unknown")
    if len(sealed) < TAG_SIZE:
        raise BadFormat("key file (format.md §12): the sealed part is cut off")
    return head, read_lock_map(head[3])[1], sealed


def _read(path: Path) -> bytes:
    """The bytes of a key file, bounded; LockedOut when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(FILE_MAX + 1)
    except OSError as error:
        raise LockedOut(f"无法读取密钥 {path}：{error.strerror}", "请核对 --home，或先执行 init") from error


def _write_new(path: Path, data: bytes) -> None:
    """Write a new file; it is linked, not renamed, into place: link refuses an existing name, so no key is overwritten by a new one."""
    _write(path, data, lambda name: os.link(name, path))


def _write(path: Path, data: bytes, place: Callable[[str], None]) -> None:
    """Write a file with mode 0600 so that it appears whole or not at all, and is durable before this returns."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=".key-", dir=path.parent)  # mkstemp makes it 0600
        # A crash from here to the unlink leaves a .key-… file: sealed, useless without the lock, and nobody reads it.
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            place(name)
        finally:
            Path(name).unlink(missing_ok=True)
        # A crash here may lose the name; init, which has shown nothing yet, is then simply run again.
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except FileExistsError as error:
        raise LockedOut(f"密钥 {path} 已存在，不会覆盖", "请另选目录，或先移走旧密钥") from error
    except OSError as error:
        raise LockedOut(f"无法写入密钥 {path}：{error.strerror}", "请检查目录权限与磁盘空间") from error
