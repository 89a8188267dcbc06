"""Which rows of a catalogue describe something above volumes, a fonds 全宗级 or a series 类别级, and which an item (DA/T 18-2022 4.2); pure.

A series is told by its code (DA/T 13-2022: a 类别号 with no number behind it, `J001-WS·2021·D10`), or by what the row says in
its column 著录层级; a fonds by that column alone, for a bare 全宗号 may as well be the number of an item. What the row says goes
before its code.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Final

from holdings.columns import fold
from holdings.expression import expression
from holdings.record import Level

_LEVEL: Final = "著录层级"
_AGGREGATION: Final = "聚合层次"
COLUMNS: Final = (_LEVEL, _AGGREGATION)
"""Elements that say the level (DA/T 18-2022, DA/T 46-2009 M1)."""
_WORDS: Final = {
    **dict.fromkeys(("全宗", "全宗级"), Level.FONDS),
    **dict.fromkeys(("类别", "类别级", "类", "系列", "系列级", "类目", "目录", "目录级"), Level.SERIES),
}
_ITEM: Final = frozenset(("文件", "文件级", "件", "件级"))
_SINGLE: Final = ("照片号", "张号", "起始时码")
"""Elements that a photo of a set 组照 or a clip of a tape has of its own (DA/T 50-2014, DA/T 63-2017), and no volume."""
_PART: Final = "(?:(?:19|20)[0-9]{2}|Y|[A-Z]{1,8}[0-9]{0,3}|[\u4e00-\u9fff]{1,20})"
_SERIES: Final = expression(
    rf"[A-Z][0-9]{{3}}-[A-Z]{{2}}(?:·{_PART}){{0,6}}(?:-(?:[A-Z][A-Z0-9]{{0,7}}|[\u4e00-\u9fff]{{1,20}}))?"
)


@functools.lru_cache(256)
def _said(word: str) -> Level | None:
    return _WORDS.get(fold(word))


def volume_of(key: str, volume: str | None, values: Mapping[str, str]) -> str | None:
    """The volume that a row belongs to, `volume` by its code; None for an item in none. A code that names a volume
    (`2009-12-003`) is an item's all the same where the row says 文件级, or has what only a single photo or clip has."""
    if volume != key:
        return volume
    get = values.get
    said = get(_LEVEL) or get(_AGGREGATION)
    item = fold(said) in _ITEM if said else any(map(get, _SINGLE))
    return None if item else volume


def level_above(key: str, values: Mapping[str, str]) -> Level | None:
    """Level.FONDS or Level.SERIES for a row that describes one, by its match key and what it says; None for a volume or an item."""
    get = values.get
    if said := get(_LEVEL) or get(_AGGREGATION):
        return _said(said)
    return Level.SERIES if _SERIES.fullmatch(key) else None
