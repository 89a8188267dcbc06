"""What picture of a page is wanted; pure, so that who asks need not load what draws (holdings/page_picture.py, in the sandbox)."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Wish(Struct, frozen=True):
    """What picture is wanted: `page` from 0, at most `width` × `height` pixels after it was turned by `turn` degrees clockwise."""

    media_type: str
    page: int = 0
    width: int = 1_600
    height: int = 1_600
    turn: Literal[0, 90, 180, 270] = 0
    form: Literal["jpeg", "png"] = "jpeg"
