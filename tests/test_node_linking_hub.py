"""Deliveries read by a layout arrive at the hub as what they are: every byte once, opened, exported under the names they came with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from city import City
from scan_tree import COLUMNS, page, pages, sheet
from test_node_linking import VOLUME, A, B, pdf, read_by

from sync.receipt import Grade
from sync.sandbox import Sandbox


@pytest.fixture
def city(tmp_path: Path, sandbox: Sandbox) -> Iterator[City]:
    """A hub and an enrolled node."""
    made = City(tmp_path, sandbox).open_hub().join()
    yield made
    made.close()


def test_layouts_arrive_at_the_hub(city: City) -> None:
    """Items of a volume, representations, and an override of a sealed page: the hub's export holds each record's files as named."""
    work = city.work
    read_by(work, '[layout]\nkind = "volumes"', "扫描/案卷")
    volume = pages(4)
    work.scans.put(f"案卷/{VOLUME}", volume)
    values = {f"{VOLUME}-001": {"页号": "1"}, f"{VOLUME}-002": {"页号": "2", "页数": "3"}}
    work.scans.put("案卷", {"目录.csv": sheet({code: {"页数": "1", **row} for code, row in values.items()}, (*COLUMNS, "页号"))})
    tiffs, jpegs = {"0001.tif": page(21, "tiff")}, {"0001.jpg": page(21)}
    with_plain = {A: {"页数": "1"}, B: {"页数": "1"}}
    work.scans.put("", {"目录.csv": sheet(with_plain)})
    work.scans.put(B, {"0001.jpg": page(40)})
    city.run()
    read_by(work, '[layout]\nkind = "folders"', name="多套版本")
    work.scans.put(f"TIFF/{A}", tiffs)
    work.scans.put(f"JPG/{A}", jpegs)
    work.scans.put("PDF", {f"{A}.pdf": pdf(1)})
    work.scans.put(f"重扫/{B}", {"0001.jpg": page(41)})
    city.run()
    expected = {f"{VOLUME}-001/0001.jpg": volume["0001.jpg"], f"{B}/0001.jpg": page(41)}
    expected |= {f"{VOLUME}-002/000{n}.jpg": volume[f"000{n}.jpg"] for n in (2, 3, 4)}
    expected |= {f"{A}/{name}": data for name, data in {**tiffs, **jpegs}.items()}
    found = city.at_hub()
    assert {path for path in found if path.endswith(".pdf")} == {f"{A}/{A}.pdf"}
    assert {path: data for path, data in found.items() if not path.endswith(".pdf")} == expected
    assert city.complaints() == []
    assert city.receipted(Grade.R1) == list(range(1, city.head() + 1))
