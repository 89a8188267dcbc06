"""Rows above volumes, and items whose code reads as a volume: which they are."""

from __future__ import annotations

import pytest

from holdings.record import Level
from holdings.row_level import level_above, volume_of


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


@pytest.mark.parametrize(
    ("values", "item"),
    [
        ({}, False),
        ({"照片号": "2009-12-003"}, True),
        ({"组号": "12", "张号": "3"}, True),
        ({"组号": "12"}, False),
        ({"起始时码": "00:00:00"}, True),
        ({"著录层级": "文件级"}, True),
        ({"聚合层次": "文件"}, True),
        ({"著录层级": "案卷级", "张号": "30"}, False),
    ],
)
def test_an_item_whose_code_reads_as_a_volume(values: dict[str, str], item: bool) -> None:
    """A photo, a clip, and a row that says 文件级 are items although DA/T 13-1994 reads their code as a volume's."""
    assert volume_of("2009-12-003", "2009-12-003", values) == (None if item else "2009-12-003")
    assert volume_of("2009-12-003-1", "2009-12-003", values) == "2009-12-003"
    assert volume_of("A1", None, values) is None
