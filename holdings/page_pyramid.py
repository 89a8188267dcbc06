"""Makes the tiles of one page (holdings/page_tiles.py); runs in the sandbox, for it decodes what came from outside.

libvips reads and cuts; what it is not built to read (PDF, JPEG 2000, OFD …) is drawn by `holdings/page_picture.py` first. Loaders are named by what the
vault found the file to be, so that no other decoder is ever asked.
"""

from __future__ import annotations

import functools
import io
import os
import zipfile
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Struct

from holdings import media
from holdings.errors import MediaUnreadable
from holdings.page_tiles import TILE, Shape, packed, places, zooms

PREVIEW: Final = 1_400
"""Longest side of the picture of the whole page: what a browser without script gets, and the first sight of a viewer."""
QUALITY: Final = 80
DRAWN: Final = 3_000
"""Longest side of a page that is drawn (PDF): A4 at 250 dpi."""
_LOADERS: Final = {
    media.JPEG: "jpegload_buffer",
    media.PNG: "pngload_buffer",
    media.TIFF: "tiffload_buffer",
    media.WEBP: "webpload_buffer",
}
_SUFFIX: Final = f".jpg[Q={QUALITY},strip]"


class Wish(Struct, frozen=True):
    """Which page of a file, counting from 0, and what the file is."""

    media_type: str
    page: int = 0


@functools.cache
def _vips() -> Any:
    os.environ["VIPS_CONCURRENCY"] = "1"  # before it is loaded: the machine's cores belong to others
    import pyvips

    pyvips.block_untrusted_set(True)  # noqa: FBT003 (a name of the library)
    pyvips.cache_set_max(0)
    return pyvips


def pyramid(data: bytes, extra: str) -> bytes:
    """The packed pyramid of the page that a Wish (as JSON) names.

    Raises:
        MediaUnreadable: the file does not decode, has no such page, or more than 500 million pixels.
    """
    wish, vips = msgspec.json.decode(extra, type=Wish), _vips()
    try:
        opened = _opener(vips, data, wish)
        image = _plain(opened("sequential"))
        width, height = image.width, image.height
        if width * height > media.PIXELS_MAX:
            raise MediaUnreadable("图像超过 5 亿像素，不能查看")
        shape = Shape(width, height, TILE, zooms(width, height))
        cut = image.dzsave_buffer(
            basename="t",
            layout="dz",
            suffix=_SUFFIX,
            tile_size=TILE,
            overlap=0,
            container="zip",
            compression=0,
            skip_blanks=-1,
        )
        preview = _plain(opened("sequential")).thumbnail_image(PREVIEW, height=PREVIEW, size="down")
        small = preview.jpegsave_buffer(Q=QUALITY, strip=True)
    except vips.Error as fault:
        raise MediaUnreadable("图像不能完整解码：文件损坏或不完整，请重新扫描或重新拷贝") from fault
    return packed(shape, small, _tiles(cut, shape))


def _opener(vips: Any, data: bytes, wish: Wish) -> Callable[[str], Any]:
    """What opens the page anew each time: a sequential image is read once."""
    loader = _LOADERS.get(wish.media_type)
    if loader is not None:
        more = {"page": wish.page} if loader == "tiffload_buffer" else {}
        if wish.page and not more:
            raise MediaUnreadable("文件只有 1 页")
        return lambda access: getattr(vips.Image, loader)(data, access=access, fail_on="error", **more).autorot()
    from holdings import page_picture
    from holdings.picture_wish import Wish as Drawing

    drawn = page_picture.draw(
        data, msgspec.json.encode(Drawing(wish.media_type, wish.page, DRAWN, DRAWN, form="jpeg")).decode()
    )
    return lambda access: vips.Image.jpegload_buffer(drawn, access=access)


def _plain(image: Any) -> Any:
    """Eight bits, grey or colour, on white."""
    if image.interpretation not in ("b-w", "srgb"):
        image = image.colourspace("b-w" if image.interpretation == "grey16" else "srgb")
    if image.hasalpha():
        image = image.flatten(background=255)
    return image if image.format == "uchar" else image.cast("uchar")


def _tiles(cut: bytes, shape: Shape) -> list[bytes]:
    """The tiles that a viewer asks for, of all that libvips made: its levels go down to a single pixel."""
    with zipfile.ZipFile(io.BytesIO(cut)) as archive:
        names = [name for name in archive.namelist() if name.endswith(".jpg")]
        folder = names[0].rpartition("/")[0].rpartition("/")[0]
        first = max(int(name.split("/")[-2]) for name in names) - len(shape.zooms) + 1
        return [archive.read(f"{folder}/{first + zoom}/{x}_{y}.jpg") for zoom, x, y in places(shape)]
