"""Pictures of a terminal as SVG: the exporter gives every text the room of as many cells as it has characters, but a Chinese one takes two."""

from __future__ import annotations

import html
import itertools
import re

from rich.cells import cell_len

CELL = 12.2
"""Width of a cell in the exporter's pictures: its 20 pixels of height by the aspect of its font."""
_TEXT = re.compile(r'<text ([^>]*)x="([\d.]+)" y="([\d.]+)" textLength="[\d.]+"([^>]*)>([^<]+)</text>')


def spread(svg: str) -> str:
    """The same picture with every run of wide and of narrow characters at its own place, as wide as its cells; spreading again changes
    nothing."""

    def apart(found: re.Match[str]) -> str:
        before, x, y, after, said = found.groups()
        pieces, at = [], float(x)
        for _, run in itertools.groupby(html.unescape(said), cell_len):
            text = "".join(run)
            length = CELL * cell_len(text)
            shown = html.escape(text).replace("\xa0", "&#160;")
            pieces.append(f'<text {before}x="{round(at, 1):g}" y="{y}" textLength="{round(length, 1):g}"{after}>{shown}</text>')
            at += length
        return "".join(pieces)

    return _TEXT.sub(apart, svg)
