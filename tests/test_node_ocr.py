"""Reading page images with the engine that ships: in the sandbox, without a network, page by page, whichever way up a page lies."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import written_pages
from PIL import Image

from holdings import media, page_facts, page_text
from holdings.errors import MediaUnreadable
from holdings.page_facts import Colour
from holdings.page_text import Orientation
from node import ocr_image
from node.reading_worker import CHILD, PageRead, decode
from sync.errors import SandboxDied, SandboxRefused
from sync.sandbox import Sandbox

NEEDS_FONT = pytest.mark.skipif(
    written_pages.font_path() is None, reason="no Chinese font on this machine (fonts-wqy-zenhei)"
)
ROOT = Path(__file__).resolve().parent.parent
MEMORY_MB = 2_048


@pytest.fixture(scope="module")
def reader() -> Iterator[Sandbox]:
    """One worker for all tests here: it loads the models once."""
    sandbox = Sandbox(workers=1, memory_mb=MEMORY_MB, seconds=100, nice=0)
    yield sandbox
    sandbox.close()


def read(reader: Sandbox, data: bytes, first: int = 0) -> list[PageRead]:
    """The pages of a file from `first` on."""
    return [decode(piece) for piece in reader.stream(CHILD, data, json.dumps({"name": "0001.jpg", "first": first}))]


def tiff(*images: Image.Image) -> bytes:
    """One TIFF of several pages, black and white."""
    out = io.BytesIO()
    first, *rest = (image.convert("L").point(lambda v: 255 if v > 140 else 0, "1") for image in images)
    first.save(out, "TIFF", compression="group4", dpi=(150, 150), save_all=True, append_images=rest)
    return out.getvalue()


@NEEDS_FONT
def test_scanned_pages_are_read(reader: Sandbox) -> None:
    """A skewed colour scan with a seal over its date: hardly a character is wrong, every line lies where it was drawn, the skew is known."""
    made = written_pages.page("simplified", 5, 200)
    (page,) = read(reader, written_pages.jpeg(written_pages.worn(made.image, "scan", turn=2.0), "scan", 200))
    found, facts = page_text.decode(page.text), page_facts.decode(page.facts)
    edits, signs = written_pages.errors(found.text, made.text)
    assert edits <= 0.01 * signs, found.text
    assert abs(found.skew - 2.0) < 0.15
    assert (facts.width, facts.height, facts.dpi, facts.colour, facts.codec) == (
        *made.image.size,
        2_000,
        Colour.COLOUR,
        "jpeg",
    )
    head = np.array(found.lines[0].box).reshape(4, 2)
    # The head is red, in the middle of the page, 95 pt from above and 30 pt high.
    assert abs(head[:, 0].mean() / facts.width - 0.5) < 0.05
    assert abs(head[:, 1].mean() / facts.height * 842 - 112) < 20
    assert found.confidence > 0.9


@NEEDS_FONT
def test_pages_that_lie_wrong_and_several_in_a_file(reader: Sandbox) -> None:
    """A TIFF in black and white: one page on its side, one written in columns. Both are read in order; a page alone is read by its number."""
    side, upright = written_pages.page("simplified", 6, 150), written_pages.page("vertical", 1, 150)
    data = tiff(side.image.rotate(90, expand=True), upright.image)
    first, second = read(reader, data)
    turned, columns = page_text.decode(first.text), page_text.decode(second.text)
    edits, signs = written_pages.errors(turned.text, side.text)
    assert edits <= 0.015 * signs, turned.text
    assert (turned.orientation, columns.orientation) == (Orientation.RIGHT, Orientation.UPRIGHT)
    assert {line.vertical for line in columns.lines} == {True}
    assert page_facts.decode(first.facts).colour is Colour.BILEVEL
    # Marks of punctuation look different in columns, and are not what counts: the characters and their order do.
    edits, signs = written_pages.errors(
        *("".join(sign for sign in text if sign.isalnum()) for text in (columns.text, upright.text))
    )
    assert edits <= 0.03 * signs, columns.text
    assert [page.page for page in read(reader, data, 1)] == [1]


def test_blank_and_broken_pages(reader: Sandbox) -> None:
    """A blank page has no lines and is no fault; noise is not made into words; a cut file is refused with a sentence, and the worker lives on."""
    noise = Image.fromarray(np.random.default_rng(3).integers(0, 255, (600, 400), np.uint8))
    data = tiff(Image.new("L", (800, 1100), 255), noise)
    blank, noisy = read(reader, data)
    assert page_text.decode(blank.text).lines == ()
    assert len(page_text.decode(noisy.text).text) < 20
    with pytest.raises(SandboxRefused, match="图像"):
        read(reader, data[: len(data) // 3])


def test_what_breaks_the_worker_costs_one_file(reader: Sandbox) -> None:
    """A page that takes more memory than a worker has is an error of that page alone: the next file is read."""
    out = io.BytesIO()
    Image.new("RGB", (15_000, 15_000), "white").save(out, "PNG", compress_level=1)
    with pytest.raises((SandboxDied, SandboxRefused)):
        read(reader, out.getvalue())
    assert [page.page for page in read(reader, tiff(Image.new("L", (300, 300), 255)))] == [0]


@NEEDS_FONT
def test_no_network_is_asked() -> None:
    """The engine loads and reads where any look at a network is an error: its models lie in the package."""
    program = (
        "import sys\n"
        "def watch(event, args):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo', 'socket.sendto', 'socket.gethostbyname'): raise AssertionError(event)\n"
        "sys.addaudithook(watch)\n"
        "from node.reading_child import read_tops, ready\n"
        "print(ready(b'').decode()); print(read_tops(sys.stdin.buffer.read()).decode())\n"
    )
    page = written_pages.jpeg(written_pages.marked("机密★10年", 150), "scan", 150)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, input=page, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert "机密★10年" in done.stdout.decode()


@pytest.mark.parametrize(
    ("mode", "kind", "colour", "bits"),
    [
        ("1", "TIFF", Colour.BILEVEL, 1),
        ("L", "JPEG", Colour.GREY, 8),
        ("RGB", "PNG", Colour.COLOUR, 8),
        ("RGBA", "PNG", Colour.COLOUR, 8),
        ("P", "GIF", Colour.GREY, 8),
        ("I;16", "PNG", Colour.GREY, 16),
    ],
)
def test_every_kind_of_pixel(mode: str, kind: str, colour: Colour, bits: int) -> None:
    """Black, grey, colour, palette, transparency and sixteen bits become dark writing on white, and the facts say what the file was."""
    image = Image.new("L", (400, 300), 255)
    image.paste(0, (100, 100, 200, 150))
    made = image.convert("I;16").point(lambda v: v * 256) if mode == "I;16" else image.convert(mode)
    out = io.BytesIO()
    made.save(out, kind, dpi=(300, 300))
    types = {"TIFF": media.TIFF, "JPEG": media.JPEG, "PNG": media.PNG, "GIF": media.GIF}
    found = ocr_image.open_image(out.getvalue(), types[kind])
    assert (found.facts.width, found.facts.height, found.facts.colour, found.facts.bits) == (400, 300, colour, bits)
    scale = found.grey.shape[1] / 400
    assert found.grey[round(125 * scale), round(150 * scale)] < 40
    assert found.grey[round(250 * scale), round(350 * scale)] > 200
    with pytest.raises(MediaUnreadable, match="1 页"):
        ocr_image.open_image(out.getvalue(), types[kind], 1)
