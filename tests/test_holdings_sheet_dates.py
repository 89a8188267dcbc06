"""Workbooks that count their days from 1904, and banners in the middle of text that is read in parts."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import xlsxwriter

from holdings import sheet_parts
from holdings.security import SiteClass
from holdings.sheet import read_sheet
from holdings.sheet_file import SheetFile
from sync.sandbox import Sandbox


def book(number: float, *, from_1904: bool) -> bytes:
    """A workbook whose 成文日期 is a bare day number."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"date_1904": from_1904}) as made:
        tab = made.add_worksheet()
        tab.write_row(0, 0, ["档号", "题名", "成文日期"])
        tab.write_row(1, 0, ["23-2-1-1", "甲", number])
    return out.getvalue()


@pytest.mark.parametrize("from_1904", [False, True])
def test_day_numbers_are_of_their_workbook(from_1904: bool) -> None:
    """One day is another number in a workbook of 1904; the repair that is offered knows it."""
    found = read_sheet("a.xlsx", book(29567 - 1462 * from_1904, from_1904=from_1904))
    assert [one.examples[0][2] for one in found.proposals if one.repair.column == "成文日期"] == ["19801212"]


def test_a_banner_holds_in_the_parts_behind_it(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Items below the banner of the second volume are of that volume, however far below the file is cut."""
    monkeypatch.setattr("holdings.sheet_file.LARGE", 1_000)
    small = sheet_parts.slices
    monkeypatch.setattr("holdings.sheet_file.slices", lambda source, fed: small(source, fed, 600))
    lines = ["档号：23-2-145", "顺序号,题名,成文日期,密级", *(f"{n},关于第{n}号的通知,19830512," for n in range(1, 21))]
    lines += ["档号：23-2-146", *(f"{n},关于第{n}号的批复,19840512," for n in range(1, 61))]
    path = tmp_path / "卷内.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    framed = SheetFile(path, SiteClass.OPEN).read(sandbox)
    keys = [line.key for portion in framed.portions(1_000) for line in portion.lines]
    assert keys == [f"23-2-145-{n}" for n in range(1, 21)] + [f"23-2-146-{n}" for n in range(1, 61)]
