"""Times on this machine's clock, as people read and type them."""

from __future__ import annotations

from datetime import UTC, datetime


def local_day(seconds: float) -> str:
    """YYYY-MM-DD of a time in seconds UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone():%Y-%m-%d}"


def local_minute(seconds: float) -> str:
    """YYYY-MM-DD HH:MM of a time in seconds UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone():%Y-%m-%d %H:%M}"
