"""How often an address may ask: buckets of tokens, in memory, bounded. Not thread-safe: one event loop asks it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from msgspec import Struct

ADDRESSES_MAX: Final = 20_000
"""Buckets kept; beyond, the one unused for longest is forgotten."""


class _Bucket(Struct):
    tokens: float
    at: float


class Rate:
    """`burst` requests at once, `per_minute` in the long run."""

    def __init__(self, per_minute: int, burst: int) -> None:
        self._per_second, self._burst = per_minute / 60, float(burst)
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def allows(self, address: str, now: float) -> bool:
        """May this address ask once more? `now`: monotonic seconds."""
        bucket = self._buckets.pop(address, None) or _Bucket(self._burst, now)
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self._per_second)
        bucket.at = now
        self._buckets[address] = bucket
        if len(self._buckets) > ADDRESSES_MAX:
            self._buckets.popitem(last=False)
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True
