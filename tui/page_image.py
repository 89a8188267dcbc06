"""A page in the terminal: sixel, kitty's protocol or half blocks, whichever the terminal says it can (textual-image asks it)."""

from __future__ import annotations

import base64
import io
from functools import cache
from typing import Any, Final

from PIL import Image
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

PIXELS_MAX: Final = 32_000_000
"""Of a picture that the node answers: four screens of the largest terminal."""


@cache
def way() -> Any:
    """The widget that draws here. The terminal is asked when this is first called, which must be before the screens begin: they own its answers."""
    from textual_image import renderable, widget

    known = renderable.Image in (renderable.SixelImage, renderable.TGPImage)
    return widget.Image if known else widget.HalfcellImage


def cell() -> tuple[int, int]:
    """Pixels of a cell of this terminal, (width, height)."""
    from textual_image._terminal import get_cell_size

    size = get_cell_size()
    return max(1, size.width), max(1, size.height)


class PageImage(Container):
    """One page, as large as its place allows; while it has none, a line that says why."""

    DEFAULT_CSS = """
    PageImage { height: 1fr; align: center top; }
    PageImage .page { width: auto; height: auto; }
    """

    def compose(self) -> ComposeResult:
        """The picture, or a line."""
        picture = way()(classes="page")
        picture.display = False
        yield picture
        yield Static(classes="page-note")

    def wanted(self) -> tuple[int, int]:
        """Pixels (width, height) that a picture may have here."""
        wide, high = cell()
        return max(1, self.size.width) * wide, max(1, self.size.height) * high

    def show(self, encoded: str) -> None:
        """Show a PNG that the node has drawn, in base64; only such, and none beyond PIXELS_MAX."""
        with Image.open(io.BytesIO(base64.b64decode(encoded)), formats=("PNG",)) as image:
            if image.width * image.height > PIXELS_MAX:
                return
            image.load()
            picture: Any = self.query_one(".page")
            picture.image = image.copy()
        picture.display = True
        self.query_one(".page-note").display = False

    def tell(self, text: str) -> None:
        """No picture, but this line."""
        self.query_one(".page").display = False
        note = self.query_one(".page-note", Static)
        note.display = True
        note.update(Content(text))
