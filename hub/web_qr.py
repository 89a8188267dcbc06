"""A QR code as the path of an SVG: reportlab computes the modules, the template draws them; no picture leaves this machine."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

QUIET: Final = 4
"""Blank modules around (ISO/IEC 18004)."""


class Qr(Struct, frozen=True):
    """`side` in modules, the quiet zone included; `path` the dark ones."""

    side: int
    path: str


def picture(text: str) -> Qr:
    """The code of a text of at most some 200 bytes, error correction M."""
    from reportlab.graphics.barcode import qr

    widget = qr.QrCodeWidget(text, barLevel="M")
    code = widget.qr
    code.make()
    count = code.getModuleCount()
    runs = [
        f"M{column + QUIET} {row + QUIET}h1v1h-1z"
        for row in range(count)
        for column in range(count)
        if code.isDark(row, column)
    ]
    return Qr(count + 2 * QUIET, "".join(runs))
