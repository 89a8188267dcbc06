"""What the rules of categories have in common: a row as read, and a fault of one row; pure."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from holdings.findings import FindingCode
from holdings.metadata import Violation


class CategoryRow(Struct, frozen=True):
    """A row below the header of a sheet: its number in the sheet and its values by element."""

    number: int
    values: Mapping[str, str]


class RowFault(Struct, frozen=True):
    """A violation in one row of a sheet."""

    number: int
    violation: Violation


def fault(number: int, element: str, code: FindingCode, detail: str) -> RowFault:
    """A fault of an element in a row; `detail` has numbers and words of the rule, no value of the row."""
    return RowFault(number, Violation(element, code, f"“{element}”：{detail}"))
