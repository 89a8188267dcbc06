"""A bomb of each format of pages ends as a problem of the probe or a refusal in the sandbox; the next file is read as if nothing had been."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

import pytest
from PIL import Image

from holdings import media, media_magic
from holdings.av_probe import sample
from holdings.findings import FindingCode
from sync.errors import SandboxDied, SandboxRefused
from sync.sandbox import Sandbox

DECODE = "holdings.media_pages:decode_image"
FUNCTIONS = [(DECODE, "{}"), ("holdings.media_pages:count_pages", "{}"), ("holdings.page_size:measure_in_sandbox", ""),
             ("holdings.check_files:look_inside", "{}"), ("holdings.image_measure:measure_file", "{};0;8")]  # fmt: skip
"""Everything that foreign bytes of a page meet, and what it is told beside them."""


@pytest.fixture(scope="module")
def limited() -> Iterator[Sandbox]:
    """One worker with less time and memory than the programs', so that a bomb goes off early."""
    made = Sandbox(workers=1, memory_mb=700, seconds=2)
    yield made
    made.close()


def answer(limited: Sandbox, function: str, data: bytes, extra: str) -> bytes:
    """What the sandbox says, be it a refusal; any other error is a failure of the test."""
    try:
        return limited.call(function, data, extra)
    except (SandboxRefused, SandboxDied) as refused:
        return str(refused).encode()


def picture(form: str, size: tuple[int, int] = (60, 40), **options: object) -> bytes:
    """A small image with some texture."""
    out = io.BytesIO()
    Image.effect_noise(size, 60).save(out, form, **options)
    return out.getvalue()


def at(data: bytes, place: int, form: str, *values: int) -> bytes:
    """Bytes with numbers overwritten."""
    raw = bytearray(data)
    struct.pack_into(form, raw, place, *values)
    return bytes(raw)


def chunk(kind: bytes, body: bytes) -> bytes:
    """One PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(side: int, *extra: bytes, depth: int = 1, colour: int = 0) -> bytes:
    """A PNG that declares side × side pixels."""
    head = struct.pack(">IIBBBBB", side, side, depth, colour, 0, 0, 0)
    data = zlib.compress(bytes(1 << 20))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(extra) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def tiff(tags: list[tuple[int, int, int, int]], following: int = 0) -> bytes:
    """A TIFF of one directory and 64 bytes of data at 8; `following` is the offset of the next directory."""
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + struct.pack("<I", following)
    return b"II*\0" + struct.pack("<I", 72) + b"\xff" * 64 + directory


def g4(side: int, rows: int = 0) -> list[tuple[int, int, int, int]]:
    """Tags of a Group 4 page."""
    size = [(256, 4, 1, side), (257, 4, 1, side), (258, 3, 1, 1), (259, 3, 1, 4), (262, 3, 1, 0)]
    return [*size, (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, rows or side), (279, 4, 1, 64)]


def jpeg_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan is repeated: each costs a walk over all coefficients."""
    out = io.BytesIO()
    Image.new("L", (8_000, 8_000), 90).save(out, "JPEG", progressive=True)
    whole = out.getvalue()
    last = whole.rfind(b"\xff\xda")
    return whole[:last] + whole[last:-2] * count + b"\xff\xd9"


def pdf(objects: dict[int, str], stream: bytes = b"") -> bytes:
    """A PDF of objects with a plain cross-reference table; object 9, when a stream is given, is Flate data."""
    out = bytearray(b"%PDF-1.7\n")
    places = {}
    for number, text in objects.items():
        places[number] = len(out)
        out += f"{number} 0 obj\n{text}\nendobj\n".encode()
    if stream:
        places[9] = len(out)
        out += f"9 0 obj\n<</Length {len(stream)}/Filter/FlateDecode/Type/ObjStm/N 1/First 5>>\nstream\n".encode() + stream + b"\nendstream\nendobj\n"
    start = len(out)
    out += b"xref\n" + b"".join(f"{n} 1\n{place:010d} 00000 n \n".encode() for n, place in places.items())
    return bytes(out) + f"trailer\n<</Size 99999/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n".encode()


def deep_pages(depth: int) -> bytes:
    """A page tree as deep as a well."""
    tree = {n: f"<</Type/Pages/Count 1/Kids[{n + 1} 0 R]>>" for n in range(2, depth)}
    return pdf({1: "<</Type/Catalog/Pages 2 0 R>>", **tree, depth: "<</Type/Page/MediaBox[0 0 9 9]>>"})


def zipped(members: dict[str, bytes], copies: int = 1) -> bytes:
    """A container of deflated members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for number in range(copies):
            for name, data in members.items():
                z.writestr(name if not number else f"{name}{number}", data)
    return out.getvalue()


def lying_zip() -> bytes:
    """A member that expands a thousandfold and declares ten bytes."""
    whole = zipped({"OFD.xml": bytes(64 << 20)})
    return whole.replace(struct.pack("<I", 64 << 20), struct.pack("<I", 10))


def gif_frames(count: int) -> bytes:
    """A moving picture of so many frames."""
    out = io.BytesIO()
    frames = [Image.new("L", (300, 300), n % 250) for n in range(count)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def boxes(depth: int) -> bytes:
    """An MP4 of boxes within boxes."""
    inner = b""
    for _ in range(depth):
        inner = struct.pack(">I4s", 8 + len(inner), b"moov") + inner
    return struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0) + inner


JP2_FILE = picture("JPEG2000")
IHDR = JP2_FILE.find(b"ihdr") + 4
NAMES = {media.JPEG: "a.jpg", media.TIFF: "a.tif", media.PNG: "a.png", media.PDF: "a.pdf", media.OFD: "a.ofd", media.DOCX: "a.docx", media.JP2: "a.jp2",
         media.GIF: "a.gif", media.BMP: "a.bmp", media.WEBP: "a.webp"}  # fmt: skip
P = FindingCode

BOMBS: list[tuple[str, str, Callable[[], bytes], FindingCode | None]] = [
    # name, type, bytes, problem that the probe tells without decoding (None: the sandbox decides)
    ("jpeg: declares 65,535 squared", media.JPEG, lambda: at(picture("JPEG"), picture("JPEG").find(b"\xff\xc0") + 5, ">HH", 65_535, 65_535), P.TOO_LARGE),
    ("jpeg: segments without end", media.JPEG, lambda: b"\xff\xd8" + b"\xff\xe1\0\2" * 500_000 + b"\xff\xd9", P.UNREADABLE),
    ("jpeg: hundreds of scans", media.JPEG, lambda: jpeg_scans(400), None),
    ("tiff: declares too many pixels", media.TIFF, lambda: tiff(g4(200_000)), P.TOO_LARGE),
    ("tiff: below the bound, above the memory", media.TIFF, lambda: tiff([(258, 3, 1, 8) if t[0] == 258 else t for t in g4(22_000)]), None),
    ("tiff: directories in a ring", media.TIFF, lambda: tiff(g4(60), following=72), P.UNREADABLE),
    ("tiff: millions of strips", media.TIFF, lambda: tiff([(273, 4, 400_000_000, 8) if t[0] == 273 else t for t in g4(60)]), P.BOMB),
    ("tiff: entries", media.TIFF, lambda: tiff(g4(60))[:72] + struct.pack("<H", 65_535) + bytes(800_000), P.UNREADABLE),
    ("png: declares too many pixels", media.PNG, lambda: png(30_000), P.TOO_LARGE),
    ("png: below the bound, above the memory", media.PNG, lambda: png(22_000, depth=8, colour=6), None),
    ("png: text that expands", media.PNG, lambda: png(60, *[chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(60 << 20)))] * 20), None),
    ("jp2: declares too many pixels", media.JP2, lambda: at(JP2_FILE, IHDR, ">II", 1 << 31, 1 << 31), P.TOO_LARGE),
    ("jp2: its stream says otherwise", media.JP2, lambda: at(JP2_FILE, JP2_FILE.find(b"\xff\x4f\xff\x51") + 8, ">II", 60_000, 60_000), None),
    ("gif: declares too many pixels", media.GIF, lambda: at(picture("GIF"), 6, "<HH", 65_535, 65_535), P.TOO_LARGE),
    ("gif: frames", media.GIF, lambda: gif_frames(400), None),
    ("bmp: declares too many pixels", media.BMP, lambda: at(picture("BMP"), 18, "<ii", 100_000, -100_000), P.TOO_LARGE),
    ("bmp: cut", media.BMP, lambda: at(picture("BMP"), 18, "<ii", 20_000, 20_000), None),
    ("webp: says no size", media.WEBP, lambda: b"RIFF\x20\0\0\0WEBPVP8?" + bytes(40), P.UNREADABLE),
    ("webp: cut", media.WEBP, lambda: picture("WEBP", (600, 600))[:60], None),
    ("pdf: a ring of pages", media.PDF, lambda: pdf({1: "<</Type/Catalog/Pages 2 0 R>>", 2: "<</Type/Pages/Count 3/Kids[2 0 R 2 0 R]>>"}), None),
    ("pdf: pages nested 5,000 deep", media.PDF, lambda: deep_pages(5_000), None),
    ("pdf: pages repeated", media.PDF,
     lambda: pdf({1: "<</Type/Catalog/Pages 2 0 R>>", 2: f"<</Type/Pages/Kids[{'3 0 R ' * 2_000_000}]>>", 3: "<</Type/Page>>"}), None),
    ("pdf: brackets nested", media.PDF, lambda: pdf({1: "<</Type/Catalog/Pages 2 0 R>>", 2: "[" * 1_000_000}), None),
    ("pdf: a stream that expands", media.PDF, lambda: pdf({1: "<</Type/Catalog/Pages 9 0 R>>"}, zlib.compress(bytes(600 << 20), 9)), None),
    ("ofd: expands too far", media.OFD, lambda: zipped({"OFD.xml": bytes(80 << 20)}), P.BOMB),
    ("ofd: members", media.OFD, lambda: zipped({"OFD.xml": b""}, 20_001), P.BOMB),
    ("ofd: members that lie", media.OFD, lying_zip, None),
    ("docx: expands too far", media.DOCX, lambda: zipped({"word/document.xml": bytes(80 << 20)}), P.BOMB),
    ("docx: entities", media.DOCX, lambda: zipped({"word/document.xml": b"<!DOCTYPE w [<!ENTITY a 'aaaa'>]>" + b"&a;" * 100_000}), None),
]  # fmt: skip


@pytest.mark.parametrize(("_name", "media_type", "bomb", "problem"), BOMBS, ids=lambda v: v if isinstance(v, str) and ":" in v else "")
def test_a_bomb_is_an_answer(limited: Sandbox, _name: str, media_type: str, bomb: Callable[[], bytes], problem: FindingCode | None) -> None:
    """The probe says what it can without decoding; every function of the sandbox answers, refuses or ends within its limits, and then reads on."""
    data = bomb()
    seen = media.probe(NAMES[media_type], len(data), lambda offset, length: data[offset : offset + length])
    assert (seen.problem, problem or seen.media_type) == (problem, problem or media_type)
    for function, extra in FUNCTIONS:
        assert len(answer(limited, function, data, extra.format(media_type))) < 1 << 20
    assert limited.call(DECODE, picture("PNG"), media.PNG) == b"1"


@pytest.mark.parametrize(
    "data",
    [boxes(20_000), b"RIFF\xff\xff\xff\xffAVI LIST\xff\xff\xff\xffhdrl" * 5_000, b"\x1aE\xdf\xa3" + b"\x01\xff\xff\xff\xff\xff\xff\xff" * 5_000,
     b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + b"TIT2\x7f\x7f\x7f\x7f\0\0" * 50_000, b"OggS" + bytes(27) + b"\xff" * 100_000],
    ids=["mp4", "avi", "mkv", "mp3", "ogg"],
)  # fmt: skip
def test_sound_and_moving_pictures_that_lie_are_answered(limited: Sandbox, data: bytes) -> None:
    """Boxes nested without end and lengths beyond the file cost one call at most."""
    magic = media_magic.read_magic(data[:4096])
    assert magic is not None
    assert magic.pages is None
    piece, extra = sample(len(data), lambda offset, length: data[offset : offset + length])
    assert len(answer(limited, "holdings.av_probe:properties_in_sandbox", piece, extra)) < 1 << 20
    assert limited.call(DECODE, picture("PNG"), media.PNG) == b"1"


@pytest.mark.parametrize(("form", "media_type"), [("GIF", media.GIF), ("BMP", media.BMP), ("WEBP", media.WEBP), ("JPEG2000", media.JP2)])
def test_the_size_of_a_picture_is_told_by_its_first_bytes(form: str, media_type: str) -> None:
    """Width and height without decoding, so that the bound in pixels holds before a decoder runs."""
    for options in ({}, {"lossless": True}) if form == "WEBP" else ({},):
        data = picture(form, (60, 40), **options)
        seen = media.probe(f"a.{form.lower()}", len(data), lambda offset, length, d=data: d[offset : offset + length])  # type: ignore[misc]
        assert (seen.media_type, seen.width, seen.height, seen.problem) == (media_type, 60, 40, None)
