"""Upload bearers: in memory only, for at most one hour, gone at revocation (format.md §11.2)."""

from __future__ import annotations

import hashlib
import threading

from msgspec import Struct

from hub.clock import Clock, Randomness
from hub.errors import Refused

LIFE_S = 3600.0
PER_NODE = 16
"""A node that greets again keeps its running uploads; more bearers than this are dropped, oldest first."""


class _Bearer(Struct, frozen=True):
    log_id: bytes
    expires: float


class Bearers:
    """Who may upload now. Kept by digest, so that comparing takes the same time whatever is guessed; usable from several threads."""

    def __init__(self, clock: Clock, random: Randomness) -> None:
        self._clock, self._random = clock, random
        self._known: dict[bytes, _Bearer] = {}
        self._lock = threading.Lock()

    def issue(self, log_id: bytes) -> str:
        """A new bearer for this node."""
        text = self._random(32).hex()
        with self._lock:
            now = self._clock.monotonic()
            self._known = {key: one for key, one in self._known.items() if one.expires > now}
            mine = [key for key, one in self._known.items() if one.log_id == log_id]
            for key in mine[: max(0, len(mine) - PER_NODE + 1)]:
                del self._known[key]
            self._known[hashlib.sha256(text.encode()).digest()] = _Bearer(log_id, now + LIFE_S)
        return text

    def log_of(self, header: str) -> bytes:
        """log_id behind an `Authorization` header; Refused 401 when there is none."""
        scheme, _, text = header.partition(" ")
        with self._lock:
            found = self._known.get(hashlib.sha256(text.encode("utf-8", "replace")).digest()) if scheme.lower() == "bearer" else None
        if found is None or found.expires <= self._clock.monotonic():
            raise Refused(401, "bearer", "上传凭证无效或已过期", "请重新问候（hello）后再传")
        return found.log_id

    def drop(self, log_id: bytes) -> None:
        """The node is revoked or frozen: its bearers end now."""
        with self._lock:
            self._known = {key: one for key, one in self._known.items() if one.log_id != log_id}
