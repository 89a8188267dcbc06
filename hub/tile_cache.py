"""Tiles that were made, kept sealed in HOME/tiles until there are too many. What lies here can be made again: no backup takes it.

A file is sealed under a key that follows from the page's own file key, so that destroying that key destroys this too; its name tells nothing of the page.
"""

from __future__ import annotations

import hmac
import itertools
import os
import threading
from pathlib import Path
from typing import Final

from crypto import sealing
from crypto.derivation import hkdf_sha256
from crypto.errors import CryptoError
from sync import durable
from sync.errors import StoreError
from sync.limits import GIB

FOLDER: Final = "tiles"
BYTES_MAX: Final = 4 * GIB
"""Of the folder: some two thousand pages in colour; beyond, those made longest ago go."""
SWEEP_EVERY: Final = 64
_SALT: Final = 16
_CONTEXT: Final = b"jindang/1/tiles"


class TileCache:
    """Sealed blobs by (digest of the file, page). Usable from several threads; losing one costs making it again."""

    def __init__(self, home: Path, secret: bytes, most: int = BYTES_MAX) -> None:
        self._folder, self._most = home / FOLDER, most
        self._names = hkdf_sha256(secret, b"", _CONTEXT)
        self._puts, self._lock = itertools.count(1), threading.Lock()

    def get(self, sha256: bytes, page: int, file_key: bytes) -> bytes | None:
        """The blob of a page, opened; None when it is not here, or is not what was put."""
        try:
            data = self._path(sha256, page).read_bytes()
            return bytes(sealing.open_blob(_key(file_key, data[:_SALT]), data[_SALT:]))
        except (OSError, CryptoError, ValueError):
            return None

    def put(self, sha256: bytes, page: int, file_key: bytes, blob: bytes) -> None:
        """Keep a page's blob; where there is no room for it, it is not kept."""
        salt = os.urandom(_SALT)
        out = bytearray(_SALT + sealing.sealed_length(len(blob)))
        out[:_SALT] = salt
        sealing.seal_blob_into(_key(file_key, salt), blob, memoryview(out)[_SALT:])
        path = self._path(sha256, page)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # A crash here leaves a file beside it, which the next sweep counts and in the end removes.
            durable.write_file(path, bytes(out))
        except (OSError, StoreError):
            return
        if next(self._puts) % SWEEP_EVERY == 0:
            self.sweep()

    def sweep(self) -> int:
        """Remove what was made longest ago until the rest is within bounds; how many files went."""
        with self._lock:
            files = [(path.stat(), path) for path in self._folder.glob("*/*")]
            found = sorted((state.st_mtime_ns, state.st_size, path) for state, path in files)
            over, gone = sum(size for _, size, _ in found) - self._most, 0
            for _, size, path in found:
                if over <= 0:
                    break
                path.unlink(missing_ok=True)
                over, gone = over - size, gone + 1
        return gone

    def _path(self, sha256: bytes, page: int) -> Path:
        name = hmac.digest(self._names, sha256 + page.to_bytes(8, "big"), "sha256").hex()[:40]
        return self._folder / name[:2] / name


def _key(file_key: bytes, salt: bytes) -> bytes:
    return hkdf_sha256(file_key, salt, _CONTEXT)[:16]
