"""What a backup says of itself: `backup.json`, signed by the hub, so that a restore knows whether it has what the hub wrote, all of it and nothing else.

The signature is made with the hub's own key over `CONTEXT ‖ SHA-256 of the body's bytes`; the key to check it with lies in the backup's sealed key file.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Struct

from crypto.errors import CryptoError
from crypto.signing import SigningKey, check_signature
from hub.errors import DamageFound
from sync import durable

FILE: Final = "backup.json"
CONTEXT: Final = b"jindang/1/backup"
SUMMARY_MAX: Final = 1 << 20
FILES_MAX: Final = 2_000
Hex: Final = r"^[0-9a-f]{64}$"
Digest = Annotated[str, msgspec.Meta(pattern=Hex)]


class Summary(Struct, frozen=True, forbid_unknown_fields=True):
    """`files`: name → digests that the file may have: one as a rule; while a backup is being renewed the former one and the new one. `wall`: seconds UTC."""

    hub_id: Digest
    name: str
    wall: int
    objects: int
    bytes: int
    files: dict[str, list[Digest]]


class _Signed(Struct, frozen=True, forbid_unknown_fields=True):
    body: str
    signature: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{128}$")]


def encode(summary: Summary) -> bytes:
    """The body that is signed."""
    return msgspec.json.encode(summary)


def sign(key: SigningKey, digest: bytes) -> bytes:
    """The hub's word for a body of that digest (32 bytes)."""
    assert len(digest) == 32
    return key.sign(CONTEXT + digest)


def write(folder: Path, body: bytes, signature: bytes) -> None:
    """Put the summary beside what it speaks of."""
    durable.write_file(folder / FILE, msgspec.json.encode(_Signed(body.decode(), signature.hex())))


def read(folder: Path) -> tuple[Summary, bytes, bytes]:
    """(summary, body, signature) of a backup, the signature not looked at yet; DamageFound when there is none or it cannot be read."""
    try:
        with open(folder / FILE, "rb") as file:
            signed = msgspec.json.decode(file.read(SUMMARY_MAX), type=_Signed)
        summary = msgspec.json.decode(signed.body, type=Summary)
    except FileNotFoundError as fault:
        raise DamageFound(
            f"{folder} 中没有 {FILE}：不是备份，或备份没有做完。请再执行一次 jindang hub backup，或换一份备份。"
        ) from fault
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise DamageFound(f"{folder / FILE} 读不出：{fault}") from fault
    if len(summary.files) > FILES_MAX or any(
        "/" in name.removeprefix("site/") or name.startswith(".") for name in summary.files
    ):
        raise DamageFound(f"{folder / FILE} 列出的文件不合规。")
    return summary, signed.body.encode(), bytes.fromhex(signed.signature)


def check(public_key: bytes, body: bytes, signature: bytes) -> None:
    """DamageFound unless the hub of that key signed the body."""
    try:
        check_signature(public_key, CONTEXT + hashlib.sha256(body).digest(), signature)
    except CryptoError as fault:
        raise DamageFound("备份的签名不对：它不是这把 key.jdk 的中心写的，或被改动过。请换一份备份。") from fault
