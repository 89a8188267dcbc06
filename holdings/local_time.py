"""Times in this machine's zone, as people read and type them; pure but for the zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

TYPED: Final = ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d")
"""How a time is typed."""


def local_day(seconds: float) -> str:
    """YYYY-MM-DD of a time in seconds UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone():%Y-%m-%d}"


def local_minute(seconds: float) -> str:
    """YYYY-MM-DD HH:MM of a time in seconds UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone():%Y-%m-%d %H:%M}"


def seconds_of(local: datetime) -> int:
    """Seconds UTC of a time as it was typed, without a zone; 0 before 1970."""
    return int(local.astimezone().timestamp()) if local.year >= 1971 else 0
