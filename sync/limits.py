"""The bounds of format.md §14, each beside its reason there, and the limits a hub announces (§11.6)."""

from __future__ import annotations

from msgspec import Struct

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

ENTRY_BYTES = 16 * KIB
ENTRY_PACKS = 256
ENTRIES_PER_REQUEST = 64
ENTRIES_REQUEST_BYTES = 1 * MIB
REQUEST_BYTES = 64 * KIB
RECEIPT_BYTES = 1 * MIB
REPLY_BYTES = 8 * MIB
"""A hello answer: at most 256 receipts and 256 entries; the hub stops adding at half of this."""
MANIFEST_SEALED_BYTES = 32 * MIB
MANIFEST_PLAIN_BYTES = 128 * MIB
MANIFEST_ITEMS = 10_000
ITEM_BODY_BYTES = 256 * KIB
ITEM_PARTS = 20_000
PART_NAME_BYTES = 1024
PART_BYTES = 1 << 40
SEGMENT_BYTES = 8 * MIB
PACK_BYTES = 32 * MIB
PACK_TARGET_BYTES = 8 * MIB
PACK_TARGET_SLOW_BYTES = 2 * MIB
SLOW_LINK_BIT_S = 20_000_000
DELTA_ITEMS = 2_000
DELTA_PACKS = 64
DELTA_BYTES = 256 * MIB
DELTA_QUIET_S = 30.0
RECEIPTS_PER_HELLO = 256
TOKEN_DAYS = 7


class Limits(Struct, frozen=True):
    """What a hub asks of its nodes (format.md §11.6): bytes, counts and seconds as the names say."""

    inflight_bytes: int = 256 * MIB
    connections: int = 8
    pack_target_bytes: int = PACK_TARGET_BYTES
    retry_after_s: int = 30
    free_bytes_min: int = 2 * GIB
    entries_per_request: int = ENTRIES_PER_REQUEST

    def to_map(self) -> dict[int, int]:
        """The map of format.md §11.6."""
        return {
            1: self.inflight_bytes,
            2: self.connections,
            3: self.pack_target_bytes,
            4: self.retry_after_s,
            5: self.free_bytes_min,
            6: self.entries_per_request,
        }
