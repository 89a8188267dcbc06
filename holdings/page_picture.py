"""One page of a file as a picture for people: turned, no larger than asked for, encoded anew; runs in the sandbox.

What leaves here is made of pixels alone: no tag, no script and no odd byte of the file comes along.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from typing import Any, Final

import msgspec
import numpy as np
from PIL import Image, ImageOps

from holdings import image_docx, image_ofd, media
from holdings.errors import MediaUnreadable
from holdings.picture_wish import Wish

SIDE_MAX: Final = 8_000  # pixels of a picture's longer side: A0 at 170 dpi
PDF_SIDE_MAX: Final = 14_400.0  # points of a page, as PDF readers have it
QUALITY: Final = 82
FORMATS: Final = {
    media.JPEG: ("JPEG", "MPO"), media.TIFF: ("TIFF",), media.PNG: ("PNG",), media.JP2: ("JPEG2000",), media.GIF: ("GIF",), media.BMP: ("BMP",),
    media.WEBP: ("WEBP",),
}  # fmt: skip
_EMBEDDED: Final = ("JPEG", "PNG", "TIFF", "BMP")
_TURNS: Final = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
# What a damaged or hostile file makes the decoders raise: none of them promises its own errors alone.
_BROKEN: Final = (
    *(OSError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, ZeroDivisionError),
    *(
        RuntimeError,
        RecursionError,
        AssertionError,
        SyntaxError,
        struct.error,
        zlib.error,
        Image.DecompressionBombError,
    ),
)
Image.MAX_IMAGE_PIXELS = media.PIXELS_MAX


def draw(data: bytes, extra: str) -> bytes:
    """The picture that a Wish (as JSON) asks for.

    Raises:
        MediaUnreadable: the file does not decode, has no such page, or its type has no pictures.
    """
    wish = msgspec.json.decode(extra, type=Wish)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd tags of scanners; what matters raises
            return _encoded(_fitted(_opened(data, wish), wish), wish)
    except MediaUnreadable:
        raise
    except _BROKEN as fault:
        raise MediaUnreadable("图像不能完整解码：文件损坏或不完整，请重新扫描或重新拷贝") from fault


def _opened(data: bytes, wish: Wish) -> Image.Image:
    if wish.media_type == media.PDF:
        return _pdf(data, wish)
    if wish.media_type in (media.OFD, media.DOCX):
        scans = image_ofd.scans if wish.media_type == media.OFD else image_docx.scans
        scan = next(iter(scans(data, wish.page, 1)), None)
        if scan is None:
            raise MediaUnreadable("这一页不是扫描图像，没有可看的画面；请看它的文字")
        return _image(scan.data, _EMBEDDED, 0, wish)
    if wish.media_type not in FORMATS:
        raise MediaUnreadable("此格式没有可直接查看的图像；请导出后用相应的软件打开")
    return _image(data, FORMATS[wish.media_type], wish.page, wish)


def _image(data: bytes, formats: tuple[str, ...], page: int, wish: Wish) -> Image.Image:
    image = Image.open(io.BytesIO(data), formats=formats)
    frames = int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1
    if not 0 <= page < frames:
        raise MediaUnreadable(f"文件只有 {frames} 页")
    if page:
        image.seek(page)
    if image.width * image.height > media.PIXELS_MAX:
        raise MediaUnreadable("图像超过 5 亿像素，不能查看")
    if image.format in ("JPEG", "MPO"):
        side = max(wish.width, wish.height)
        image.draft(image.mode, (side, side))
    image.load()
    return ImageOps.exif_transpose(image)


def _pdf(data: bytes, wish: Wish) -> Image.Image:
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(data)
        if not 0 <= wish.page < len(document):
            raise MediaUnreadable(f"文件只有 {len(document)} 页")
        page = document[wish.page]
        across, down = page.get_size()
        if not 0 < max(across, down) <= PDF_SIDE_MAX or min(across, down) <= 0:
            raise MediaUnreadable("PDF 页面尺寸不合理，画不出来；请重新导出这一页")
        wide, high = (wish.height, wish.width) if wish.turn % 180 else (wish.width, wish.height)
        found: Any = page.render(scale=min(wide / across, high / down), may_draw_forms=False).to_pil()
    except pdfium.PdfiumError as fault:
        raise MediaUnreadable("PDF 打不开或有打开密码；请重新导出") from fault
    assert isinstance(found, Image.Image)
    return found


def _fitted(image: Image.Image, wish: Wish) -> Image.Image:
    """Grey or colour of eight bits on white, turned, never larger than it was."""
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    elif image.mode.startswith(("I", "F")):
        image = Image.fromarray(np.clip(np.asarray(image).astype(np.float32) / 256, 0, 255).astype(np.uint8))
    elif image.mode not in ("L", "RGB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    wide, high = (min(SIDE_MAX, max(1, side)) for side in (wish.width, wish.height))
    if wish.turn % 180:
        wide, high = high, wide
    image.thumbnail((wide, high), Image.Resampling.BOX if image.width > 4 * wide else Image.Resampling.LANCZOS)
    return image.transpose(_TURNS[wish.turn]) if wish.turn else image


def _encoded(image: Image.Image, wish: Wish) -> bytes:
    bare, out = Image.frombytes(image.mode, image.size, image.tobytes()), io.BytesIO()
    if wish.form == "png":
        bare.save(out, "PNG", compress_level=1)
    else:
        bare.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
