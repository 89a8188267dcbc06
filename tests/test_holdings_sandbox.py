"""The readers of hostile bytes run in the real sandbox: answers cross, refusals come with their sentence, a bomb costs one call."""

import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from holdings import media
from holdings.sheet import decode_parsed
from sync.errors import SandboxDied, SandboxRefused
from sync.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One worker with the limits of the programs."""
    opened = Sandbox(workers=1)
    yield opened
    opened.close()


def test_a_sheet_crosses(sandbox: Sandbox) -> None:
    """Rows and refusals of a sheet read in another process; a classified title stays there."""
    data = "档号,题名,密级\nJ001-003-0001-00001,甲,\nJ001-003-0001-00002,不可见,机密\n".encode("gb18030")
    carried = sandbox.call("holdings.sheet:parse_in_sandbox", data, "目录.csv")
    sheet = decode_parsed(carried)
    assert (sheet.name, sheet.row_count, sheet.refused_count, sheet.encoding) == ("目录.csv", 2, 1, "gb18030")
    assert "不可见" not in carried.decode()
    kept = decode_parsed(sandbox.call("holdings.sheet:parse_in_sandbox_classified", data, "目录.csv"))
    assert [row.values.get("题名") for row in kept.rows] == ["甲", "不可见"]


def test_a_broken_sheet_comes_back_as_a_sentence(sandbox: Sandbox) -> None:
    """The Chinese reason crosses the process."""
    with pytest.raises(SandboxRefused, match="空文件"):
        sandbox.call("holdings.sheet:parse_in_sandbox", b"", "目录.csv")


def test_images_are_decoded_there(sandbox: Sandbox) -> None:
    """A whole JPEG is read through, a cut one refused, and a large image that decodes beyond the memory kills nothing but its call."""
    out = io.BytesIO()
    Image.effect_noise((600, 400), 60).save(out, "JPEG")
    whole = out.getvalue()
    assert sandbox.call("holdings.media_pages:decode_image", whole, media.JPEG) == b"1"
    with pytest.raises(SandboxRefused, match="不完整"):
        sandbox.call("holdings.media_pages:decode_image", whole[:-300], media.JPEG)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    side = 22_000  # below the bound in pixels, in RGBA above the worker's memory
    wide = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
    with pytest.raises((SandboxRefused, SandboxDied)):
        sandbox.call("holdings.media_pages:decode_image", wide + chunk(b"IEND", b""), media.PNG)
    assert sandbox.call("holdings.media_pages:count_pages", whole, media.JPEG) == b"unknown"


def test_who_reads_sheets_loads_nothing_that_signs() -> None:
    """A worker's start stands before the first sheet of every run: what signs, derives keys or finds packages is not loaded with it."""
    root = Path(__file__).resolve().parent.parent
    program = (
        f"import sys; sys.path.insert(0, {str(root)!r}); import sync.sandbox_child, holdings.sheet_stream as s; s.ready(b''); "
        "print(*sorted({name.partition('.')[0] for name in sys.modules} | {name for name in sys.modules if name.startswith('importlib')}))"
    )
    loaded = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert {"msgspec", "holdings"} <= set(loaded)
    assert {"nacl", "cryptography", "importlib.resources"}.isdisjoint(loaded)
