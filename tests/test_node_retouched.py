"""A page whose file changed beside its picture alone: a new version as ever, told as 仅元数据变化."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from node_at_work import make
from PIL import Image
from scan_tree import page, pages

from node.service import Service
from sync.sandbox import Sandbox, Streamed

CODE = "J001-WS·2011·Y·BGS-0001"


def retouched(data: bytes) -> bytes:
    """The same JPEG with a comment in front."""
    note = b"quality checked"
    return data[:2] + b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note + data[2:]


def test_a_change_beside_the_picture_is_told(tmp_path: Path, sandbox: Sandbox) -> None:
    """Two pages change, one of them beside its picture alone: one new version brings both, and its history says which is which; a
    third version changes a picture and says nothing of the kind."""
    work = make(tmp_path, sandbox)
    files = pages(3)
    work.scans.put(CODE, files)
    work.scans.rows({CODE: {"页数": "3"}})
    work.intake()
    work.scans.put(CODE, {"0001.jpg": retouched(files["0001.jpg"]), "0002.jpg": page(77)})
    work.intake()
    work.scans.put(CODE, {"0003.jpg": page(78)})
    work.intake()
    with work.opened() as engine:
        changes = Service(engine).show(ref=CODE)["page_changes"]
    assert [one["text"] for one in changes] == ["换 2 页（其中 1 页图像未变，仅元数据变化）", "换 1 页"]
    assert changes[0]["names"]["retouched"] == ["0001.jpg"]
    versions = work.versions()
    assert [v.version for v in versions] == [1, 2, 3]
    assert versions[1].files["0001.jpg"] == retouched(files["0001.jpg"])
    assert Image.open(io.BytesIO(versions[1].files["0001.jpg"])).info["comment"] == b"quality checked"


class Asked(Sandbox):
    """A sandbox that remembers which functions it was asked for."""

    def __init__(self) -> None:
        super().__init__(workers=1)
        self.functions: list[str] = []

    def call(self, function: str, data: bytes | memoryview | Streamed, extra: str = "") -> bytes:
        self.functions.append(function.rpartition(":")[2])
        return super().call(function, data, extra)


@pytest.fixture
def asked() -> Iterator[Asked]:
    """One of our own, closed at the end."""
    made = Asked()
    yield made
    made.close()


def test_pages_as_jpeg_xl_are_restored_only_when_their_pictures_may_be_the_same(tmp_path: Path, asked: Asked) -> None:
    """As JPEG XL the picture ends the file: another one is told apart as it was stored, the same one is compared as a JPEG."""
    work = make(tmp_path, asked)
    work.configure(transcode="always")
    files = {f"{n:04d}.jpg": page(n, edge=600) for n in range(1, 4)}
    work.scans.put(CODE, files)
    work.scans.rows({CODE: {"页数": "3"}})
    work.intake()
    changed = {"0001.jpg": retouched(files["0001.jpg"]), "0002.jpg": page(77, edge=600), "0003.jpg": files["0003.jpg"] + b"behind"}
    work.scans.put(CODE, changed)
    asked.functions.clear()
    work.intake()
    assert asked.functions.count("to_jpegxl") == 3
    assert asked.functions.count("from_jpegxl") == 4
    with work.opened() as engine:
        changes = Service(engine).show(ref=CODE)["page_changes"]
    assert [one["text"] for one in changes] == ["换 3 页（其中 1 页图像未变，仅元数据变化）"]
    assert changes[0]["names"]["retouched"] == ["0001.jpg"]
    assert work.versions()[1].files == changed
