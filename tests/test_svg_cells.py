"""Pictures of a terminal: a Chinese text has the room of its cells."""

import io
import re

from rich.console import Console
from svg_cells import CELL, spread


def test_a_chinese_text_takes_two_cells_a_character() -> None:
    """The exporter counts characters; spread, each run stands where its cells begin and is as wide as they are."""
    console = Console(record=True, width=20, file=io.StringIO())
    console.print("待处理 <甲&1")
    drawn = console.export_svg()
    runs = re.findall(r'x="([\d.]+)" y="20" textLength="([\d.]+)"[^>]*>([^<\n]+)<', spread(drawn))
    cells = [(round(float(x) / CELL), round(float(length) / CELL), said) for x, length, said in runs]
    assert cells[:4] == [(0, 6, "待处理"), (6, 2, "&#160;&lt;"), (8, 2, "甲"), (10, 1, "&amp;")]
    assert spread(spread(drawn)) == spread(drawn) != drawn
