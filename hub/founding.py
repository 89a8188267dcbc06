"""`init`: from what the operator wishes to a new home."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

from crypto.errors import CryptoError
from crypto.identity import recipient_from_text
from crypto.locks import KeyFile
from hub import certificate, home
from hub.clock import Clock, Randomness
from hub.config import LISTEN, HubConfig
from hub.errors import ConfigurationWrong
from sync.entry import Genesis
from sync.site_class import SiteClass

ESCROW_MAX = 4096
"""Bytes of a recipient file: one line and some comments."""


class Wishes(Struct, frozen=True):
    """The options of `jindang hub init`."""

    name: str
    site_class: str
    unlock: str
    escrow: Path | None = None
    listen: str | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None


class Founded(Struct, frozen=True):
    """A new hub and what its operator should know."""

    genesis: Genesis
    advice: tuple[str, ...]


def found(path: Path, wishes: Wishes, ask: Callable[[], str], clock: Clock, random: Randomness) -> Founded:
    """Make the home; ConfigurationWrong names the option that is wrong."""
    if (wishes.tls_cert is None) != (wishes.tls_key is None):
        raise ConfigurationWrong("--tls-cert 与 --tls-key 须同时给出。")
    tls = certificate.given(wishes.tls_cert, wishes.tls_key) if wishes.tls_cert and wishes.tls_key else None
    escrow = read_recipient(wishes.escrow) if wishes.escrow else ""
    try:
        raw = {"name": wishes.name, "listen": wishes.listen or LISTEN, "unlock": wishes.unlock, "escrow": home.ESCROW if escrow else ""}
        config = msgspec.convert(raw, HubConfig)
    except (msgspec.ValidationError, ValueError) as fault:
        raise ConfigurationWrong(str(fault)) from fault
    lock = home.lock_of(wishes.unlock, path, ask)
    fresh = isinstance(lock, KeyFile) and not lock.path.exists()
    founding = home.Founding(SiteClass[wishes.site_class.upper()], tls, escrow)
    try:
        genesis = home.create(path, config, founding, lock, clock, random)
    except CryptoError as fault:
        raise ConfigurationWrong(str(fault)) from fault
    advice = [f"请立即备份 {path / home.KEY}，并与解锁它的口令或密钥文件分开保管：缺一不可恢复。"]
    if fresh and isinstance(lock, KeyFile):
        advice.append(f"已生成密钥文件 {lock.path}。它与数据同盘时防不了整机被盗，宜移到别处并改 hub.toml 的 unlock。")
    return Founded(genesis, tuple(advice))


def read_recipient(path: Path) -> str:
    """The one `age1…` line of a recipient file; ConfigurationWrong otherwise."""
    try:
        lines = [line.strip() for line in path.read_bytes()[:ESCROW_MAX].decode("ascii").splitlines()]
        found = [line for line in lines if line and not line.startswith("#")]
        if len(found) != 1:
            raise ConfigurationWrong(f"{path} 中应恰有一行 age1… 公钥。")
        recipient_from_text(found[0])
    except (OSError, UnicodeDecodeError, CryptoError) as fault:
        raise ConfigurationWrong(f"{path} 不是 age 公钥文件（一行 age1…）：{fault}") from fault
    return found[0]
