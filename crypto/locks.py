"""The three locks of a key file (format.md §12) and the key-encryption keys they give: passphrase, key file, systemd
credential.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, TypeAlias

import nacl.exceptions
from nacl.pwhash import argon2id

from crypto import cbor
from crypto.derivation import hkdf_sha256
from crypto.errors import BadFormat, LockedOut, WrongKey

SALT_SIZE: Final = 16  # bytes
SECRET_MIN: Final = 32  # bytes of a key file or credential: what a random key has
SECRET_MAX: Final = 64 * 1024  # bytes; more is some other file
PASSPHRASE_MIN: Final = 8  # characters: what 等保 (GB/T 22239) assessors commonly ask for at least
OPSLIMIT_MAX: Final = 16  # bounds on what a foreign key file may make us compute: some ten seconds …
MEMLIMIT_MAX: Final = 1 << 30  # … and libsodium's SENSITIVE, 1 GiB

_INFO: Final = b"jindang/1/key"
_CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"  # systemd.exec(5)


class LockKind(IntEnum):
    """The kind of a lock on disk (format.md §12)."""

    PASSPHRASE = 1
    KEY_FILE = 2
    CREDENTIAL = 3


@dataclass(frozen=True, repr=False)
class Passphrase:
    """Lock by a passphrase through argon2id; costs are used at creation, afterwards the key file's own count.

    The defaults are libsodium's MODERATE (256 MiB, about half a second); tests pass INTERACTIVE.
    """

    text: str
    opslimit: int = argon2id.OPSLIMIT_MODERATE
    memlimit: int = argon2id.MEMLIMIT_MODERATE  # bytes

    def __repr__(self) -> str:
        """Shows no secret."""
        return "Passphrase(…)"


@dataclass(frozen=True)
class KeyFile:
    """Lock by 32 bytes and more of a file that its owner alone may read."""

    path: Path


@dataclass(frozen=True)
class Credential:
    """Lock by a systemd credential, the file `$CREDENTIALS_DIRECTORY/<name>`."""

    name: str


Lock: TypeAlias = Passphrase | KeyFile | Credential

_KINDS: Final[dict[type, LockKind]] = {
    Passphrase: LockKind.PASSPHRASE,
    KeyFile: LockKind.KEY_FILE,
    Credential: LockKind.CREDENTIAL,
}
_NAMES: Final = {LockKind.PASSPHRASE: "口令", LockKind.KEY_FILE: "密钥文件", LockKind.CREDENTIAL: "systemd 凭据"}


def lock_map(lock: Lock, salt: bytes) -> dict[int, Any]:
    """The `lock` map of format.md §12 for a new key file."""
    if isinstance(lock, Passphrase):
        if len(lock.text) < PASSPHRASE_MIN:
            raise LockedOut("口令过短", f"请设至少 {PASSPHRASE_MIN} 个字符的口令")
        return {1: int(LockKind.PASSPHRASE), 2: salt, 3: lock.opslimit, 4: lock.memlimit}
    if isinstance(lock, KeyFile):
        return {1: int(LockKind.KEY_FILE), 2: salt}
    return {1: int(LockKind.CREDENTIAL), 2: salt, 3: lock.name}


def read_lock_map(obj: Any) -> tuple[LockKind, dict[int, Any]]:
    """Check a `lock` map from a key file, its costs within bounds; BadFormat."""
    where = "key file (format.md §12): lock"
    kind = cbor.take_map(obj, {1: int}, {2: bytes, 3: (int, str), 4: int}, name=where)[1]
    fields: dict[int, cbor.Field] = {1: int, 2: cbor.Size(SALT_SIZE)}
    if kind == LockKind.PASSPHRASE:
        taken = cbor.take_map(obj, {**fields, 3: int, 4: int}, name=where)
        cheap = taken[3] < argon2id.OPSLIMIT_MIN or taken[4] < argon2id.MEMLIMIT_INTERACTIVE
        if cheap or taken[3] > OPSLIMIT_MAX or taken[4] > MEMLIMIT_MAX:
            raise BadFormat(f"{where}: the costs of argon2id are out of bounds")
        return LockKind.PASSPHRASE, taken
    if kind == LockKind.KEY_FILE:
        return LockKind.KEY_FILE, cbor.take_map(obj, fields, name=where)
    if kind == LockKind.CREDENTIAL:
        return LockKind.CREDENTIAL, cbor.take_map(obj, {**fields, 3: str}, name=where)
    raise BadFormat(f"{where}: kind {kind} is unknown")


def key_encryption_key(lock: Lock, fields: dict[int, Any]) -> bytes:
    """The 32-byte KEK of a checked lock map; LockedOut when the lock's secret cannot be had, WrongKey when the lock is
    of another kind.
    """
    wanted = LockKind(fields[1])
    given = _KINDS[type(lock)]
    if given is not wanted:
        raise WrongKey(f"密钥以{_NAMES[wanted]}锁定，给出的却是{_NAMES[given]}", f"请用{_NAMES[wanted]}解锁")
    if isinstance(lock, Passphrase):
        return _argon2id(lock.text, fields[2], fields[3], fields[4])
    if isinstance(lock, KeyFile):
        return hkdf_sha256(_read_secret(lock.path, 0o077, "密钥文件"), fields[2], _INFO)
    if lock.name != fields[3]:
        raise WrongKey(
            f"密钥以 systemd 凭据 {fields[3]} 锁定，给出的却是 {lock.name}", "请在 unit 中核对 LoadCredential="
        )
    return hkdf_sha256(_read_secret(_credential_path(lock.name), 0o007, "systemd 凭据"), fields[2], _INFO)


def _argon2id(passphrase: str, salt: bytes, opslimit: int, memlimit: int) -> bytes:
    """argon2id over the UTF-8 of the passphrase in NFC: two keyboards may spell one character in two ways."""
    secret = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
    try:
        return argon2id.kdf(32, secret, salt, opslimit, memlimit)
    except nacl.exceptions.RuntimeError:
        raise LockedOut(f"口令解锁需 {memlimit >> 20} MiB 内存，本机不足", "请腾出内存后重试") from None


def _credential_path(name: str) -> Path:
    """Where systemd puts a credential of this name; LockedOut outside a service or for a name that is a path."""
    folder = os.environ.get(_CREDENTIALS)
    if not folder:
        raise LockedOut(
            "没有 systemd 凭据（未设 CREDENTIALS_DIRECTORY）", "请由 systemd 启动，并在 unit 中写 LoadCredential="
        )
    if not name or "/" in name or name in (".", "..") or "\0" in name:
        raise LockedOut("systemd 凭据的名称不合规", "名称中不得有斜杠")
    return Path(folder) / name


def _read_secret(path: Path, forbidden_mode: int, what: str) -> bytes:
    """Read a lock's secret, refusing what others may touch (checked on the open file), what is too short and what is no
    plain file.

    systemd shows a credential's access list as group bits, so credentials are checked for the world's bits only.
    """
    try:
        # O_NONBLOCK: a fifo in the key file's place must not hang the start.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                raise LockedOut(f"{what} {path} 不是普通文件", "请换成普通文件")
            if state.st_mode & forbidden_mode:
                raise LockedOut(f"{what} {path} 可被他人读写", f"请执行 chmod 600 {path}")
            secret = os.read(descriptor, SECRET_MAX + 1)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "路径不合规"
        raise LockedOut(f"无法读取{what} {path}：{reason}", "请核对路径与权限") from error
    if not SECRET_MIN <= len(secret) <= SECRET_MAX:
        raise LockedOut(
            f"{what} {path} 须有 {SECRET_MIN} 字节以上、{SECRET_MAX} 字节以下", f"请用 {SECRET_MIN} 个随机字节重新生成"
        )
    return secret
