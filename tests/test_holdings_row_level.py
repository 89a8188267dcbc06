"""Rows above volumes: which they are."""

from __future__ import annotations

import pytest

from holdings.record import Level
from holdings.row_level import level_above


@pytest.mark.parametrize(
    ("key", "said", "level"),
    [
        ("J001-WS·2021·D10", "", Level.SERIES),
        ("J001-WS·2021", "", Level.SERIES),
        ("J001-WS", "", Level.SERIES),
        ("J001-WS·2021·D10·办公室", "", Level.SERIES),
        ("J001-WS·2021·Y-BGS", "", Level.SERIES),
        ("J001-WS·2021·D10-0001", "", None),
        ("J001-WS·2021·D10·0001", "", None),
        ("J001-ZP·2019·D30-025-001", "", None),
        ("J023-2-0145", "", None),
        ("J001-12", "", None),
        ("A001", "", None),
        ("J001", "全宗级", Level.FONDS),
        ("J001-2", "类别级", Level.SERIES),
        ("J001-2", "系 列", Level.SERIES),
        ("J001-WS·2021·D10", "案卷级", None),
        ("J023-2-0145-003", "文件级", None),
    ],
)
def test_by_code_and_by_column(key: str, said: str, level: Level | None) -> None:
    """A category without a number is a series; what a row says of its level goes before its code; whatever may be an item stays one."""
    assert level_above(key, {"著录层级": said} if said else {}) is level
    assert level_above(key, {"聚合层次": said} if said else {}) is level
