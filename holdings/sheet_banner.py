"""Banners: the lines above a header that hold for every row below it, such as `全宗号：J023 年度：2011`; pure."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Final

from holdings.columns import CODE, VOLUME_CODE, Columns, fold, plain
from holdings.expression import expression
from holdings.record import NAME_MAX

LABEL_MAX: Final = 16  # characters of the name of a value, with blanks inside
BANNER_MAX: Final = 1_000  # characters of a line that is looked at; a longer one is no banner


def read_banner(cells: Sequence[str], table: Columns) -> dict[str, str]:
    """Values that a line gives for all rows below it, by element; empty when it gives none.

    `全宗号：J023` may stand in one cell with others, in one of its own, or as two cells beside each other. A 档号 in a
    banner is that of the volume (案卷档号).
    """
    filled = [cell.strip() for cell in cells if cell and not cell.isspace()]
    found: dict[str, str] = {}
    if sum(map(len, filled)) > BANNER_MAX:
        return found
    label = ""
    for cell in filled:
        if label:
            if fold(cell.rstrip("：:")) not in table.banner:
                found.setdefault(label, cell)
                label = ""
                continue
            label = ""
        bare = fold(cell.rstrip("：: "))
        if bare in table.banner:
            label = table.banner[bare]
            continue
        for name, value in _labelled(cell, table):
            found.setdefault(name, value)
    return {_element(name, table): value[:NAME_MAX] for name, value in found.items() if value}


def begins_banner(cell: str, table: Columns) -> bool:
    """Whether a cell begins with the name of a value: `全宗号：J023`, or the name alone. A title that has such a name
    inside is no banner."""
    if "：" in cell or ":" in cell:
        return bool(_pattern(tuple(dict.fromkeys(table.banner.values()))).match(cell[:BANNER_MAX]))
    return len(cell) <= LABEL_MAX and fold(cell) in table.banner


def tab_volume(tab: str) -> dict[str, str]:
    """What the name of a tab says: `23-2-145` is a volume's code, `145`, `第145卷` its number; else nothing.

    Names that a spreadsheet program gives (Sheet1) say nothing.
    """
    name = plain(tab)
    if found := _VOLUME_NUMBER.fullmatch(name):
        return {"案卷号": found[1]}
    return {VOLUME_CODE: name} if _VOLUME_CODE.fullmatch(name) else {}


_VOLUME_NUMBER: Final = expression(r"第?([0-9]{1,5})[卷号]?")
_VOLUME_CODE: Final = expression(r"[A-Za-z]?[0-9]{1,4}-[0-9A-Za-z·.\u4e00-\u9fff]{1,40}-[0-9]{1,5}")


@functools.lru_cache(maxsize=4)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """A label, a colon, and what follows up to the next label."""
    wide = {"(": "[(（]", ")": "[)）]"}
    spaced = sorted(("\\s*".join(wide.get(c, re.escape(c)) for c in name) for name in names), key=len, reverse=True)
    label = f"(?P<name>{'|'.join(spaced)})\\s*[：:]"
    after = label.replace("?P<name>", "?:")
    return re.compile(rf"{label}\s*(?P<value>.*?)(?=\s*(?:{after})|$)")


def _labelled(cell: str, table: Columns) -> list[tuple[str, str]]:
    """Labels and values of one cell."""
    if "：" not in cell and ":" not in cell:
        return []
    names = tuple(dict.fromkeys(table.banner.values()))
    found = _pattern(names).finditer(cell)
    return [(table.banner[fold(m["name"])], m["value"].strip(" \t\u3000，,；;。")) for m in found]


def _element(name: str, table: Columns) -> str:
    """The element that a label of a banner gives."""
    element = table.elements.get(fold(name), name)
    return VOLUME_CODE if element == CODE else element


def merged_banner(lines: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """What holds after another banner: a new volume's code makes the number of the former volume void."""
    kept = {k: v for k, v in lines.items() if not (VOLUME_CODE in more and k in {"案卷号", "案卷题名", "盒号"})}
    return {**kept, **more}
