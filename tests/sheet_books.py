"""Workbooks and text tables of our own making, as contractors and offices deliver them."""

import csv
import io
from collections.abc import Mapping, Sequence

import xlsxwriter

Cell = str | int | float
Merge = tuple[int, int, int, int]
"""First row, first column, last row, last column, from 0."""


def book(tabs: Mapping[str, Sequence[Sequence[Cell]]], merged: Mapping[str, Sequence[Merge]] | None = None) -> bytes:
    """An xlsx; a merged range holds the value of its first cell."""
    out = io.BytesIO()
    workbook = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False})
    for name, rows in tabs.items():
        sheet = workbook.add_worksheet(name)
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if value != "":
                    (sheet.write_string if isinstance(value, str) else sheet.write_number)(number, column, value)
        for top, left, bottom, right in (merged or {}).get(name, ()):
            value = rows[top][left]
            sheet.merge_range(top, left, bottom, right, value)
    workbook.close()
    return out.getvalue()


def table(rows: Sequence[Sequence[Cell]], encoding: str = "utf-8") -> bytes:
    """A csv."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode(encoding)


def split(*lines: str) -> list[list[str]]:
    """Rows of cells written with bars between them."""
    return [line.split("|") for line in lines]
