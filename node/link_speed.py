"""How fast the link to the hub is, as last measured or guessed, and what follows from it."""

from __future__ import annotations

from node import settings
from node.home import Home
from node.settings import Setting
from sync import limits

SLOW_HANDSHAKE_S = 0.06
"""TCP and TLS take two to three round trips: one slower than this is no city LAN, and packs stay small until a rate was measured."""
SLOW_LINK_GUESS_BIT_S = 10_000_000


def link_rate(home: Home) -> int:
    """bit/s of the link as last measured, or guessed from the handshake: a slow one is taken for 10 Mbit/s; 0 = unknown."""
    reading = home.database.read()
    handshake = settings.read(reading, Setting.HANDSHAKE_S)
    guess = SLOW_LINK_GUESS_BIT_S if isinstance(handshake, float) and handshake > SLOW_HANDSHAKE_S else 0
    return settings.number(reading, Setting.RATE_BIT_S) or guess


def pack_target(home: Home) -> int:
    """Bytes a pack should have on the link as last measured (format.md §5), never above what the hub asks for."""
    announced = settings.number(home.database.read(), Setting.PACK_TARGET) or limits.PACK_TARGET_BYTES
    return min(limits.PACK_TARGET_SLOW_BYTES if is_slow(home) else limits.PACK_TARGET_BYTES, announced)


def is_slow(home: Home) -> bool:
    """Is the link below 20 Mbit/s (format.md §5)?"""
    return 0 < link_rate(home) < limits.SLOW_LINK_BIT_S
