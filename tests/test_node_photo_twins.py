"""A photograph that came as RAW and JPG in a plain folder is one page in two representations."""

from __future__ import annotations

from pathlib import Path

import pytest
from node_at_work import make
from scan_tree import page

from holdings import records
from holdings.layout_words import Use
from node.service import Service
from sync.sandbox import Sandbox

PHOTO, PAPER = "K021-ZP·2019·D30-025-001", "J001-WS·2011·Y·BGS-0001"
RAW, JPG, TIF = page(4, "tiff"), page(3), page(5, "tiff")


@pytest.mark.parametrize(
    ("code", "files", "count", "uses"),
    [
        (PHOTO, {"001.CR2": RAW, "001.jpg": JPG}, 1, [Use.MASTER, Use.ACCESS]),
        (PHOTO, {"001.tif": TIF, "001.jpg": JPG}, 1, [Use.MASTER, Use.ACCESS]),
        (PHOTO, {"001.jpg": JPG, "001.cr2": RAW, "002.jpg": page(6)}, 2, [Use.MASTER, Use.MASTER, Use.ACCESS]),
        (PAPER, {"0001.nef": RAW, "0001.JPG": JPG}, 1, [Use.MASTER, Use.ACCESS]),
        (PAPER, {"0001.tif": TIF, "0002.jpg": JPG}, 2, []),
        (PHOTO, {"001.tif": TIF, "002.jpg": JPG}, 2, []),
    ],
    ids=["raw", "tiff of a photo", "one without a twin", "raw of a paper", "pages of two kinds", "photos of two kinds"],
)
def test_twins_in_a_plain_folder(
    tmp_path: Path, sandbox: Sandbox, code: str, files: dict[str, bytes], count: int, uses: list[Use]
) -> None:
    """Twins of one stem are counted once, nothing is said of a repeated page, every byte is kept; a second run makes no version."""
    work = make(tmp_path, sandbox)
    work.scans.put(code, files)
    work.scans.rows({code: {"页数": str(count)}})
    assert work.intake().pages == count
    assert work.intake().deltas == 0
    assert {name for name, _ in work.findings()} <= {"representation-differs", "extension-differs", "type-unknown"}
    assert work.current()[code] == files
    with work.opened() as engine:
        reading = engine.home.database.read()
        record = records.resolve(reading, code)
        assert list(records.body(reading, record).uses) == uses
        shown = {one["name"]: one.get("use") for one in Service(engine).show(ref=code)["pages"]}
        assert set(shown) == set(files)
