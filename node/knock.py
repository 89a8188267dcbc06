"""Tells the hub that this machine is up but locked (format.md §11.7): nobody has unlocked its key, so that it can sign nothing.

Best effort: the line may be down as well, and nothing waits for it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from crypto.errors import LockedOut, WrongKey
from sync import messages
from sync.errors import LinkLost, PeerRefused, WrongPeer

FILE: Final = "knock.json"
FILE_MAX: Final = 4_096


class Where(Struct, frozen=True, forbid_unknown_fields=True):
    """Where to knock and as whom; nothing of it is secret."""

    host: str
    port: int
    tls_digest: str
    log_id: str


def remember(home: Path, address: tuple[str, int], tls_digest: bytes, log_id: bytes) -> None:
    """Keep in the clear what a locked node needs to say who it is; written again only when it changed. A crash leaves the old one."""
    from sync import durable

    text = json.dumps({"host": address[0], "port": address[1], "tls_digest": tls_digest.hex(), "log_id": log_id.hex()})
    with contextlib.suppress(OSError):
        if (home / FILE).read_text("utf-8") == text:
            return
    durable.write_file(home / FILE, text.encode())


def knock(home: Path) -> bool:
    """Say it once; whether the hub took it."""
    from node.transport import HubLink

    try:
        where = msgspec.json.decode((home / FILE).read_bytes()[:FILE_MAX], type=Where)
        link = HubLink((where.host, where.port), bytes.fromhex(where.tls_digest))
        body = messages.encode_knock(bytes.fromhex(where.log_id))
    except (OSError, ValueError):
        return False
    try:
        link.call("POST", messages.KNOCK, body)
    except (LinkLost, PeerRefused, WrongPeer):
        return False
    finally:
        link.close()
    return True


def asking(home: Path, ask: Callable[[], str]) -> Callable[[], str]:
    """Asks for the passphrase, having knocked: until somebody types it, the node is locked."""

    def asked() -> str:
        import threading

        threading.Thread(target=knock, args=(home,), name="knock", daemon=True).start()
        return ask()

    return asked


@contextlib.contextmanager
def knocking(home: Path) -> Iterator[None]:
    """Knocks when what is done inside finds the key locked; the error goes on."""
    try:
        yield
    except (LockedOut, WrongKey):
        knock(home)
        raise
