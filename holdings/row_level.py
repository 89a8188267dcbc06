"""Which rows of a catalogue describe something above volumes: a fonds 全宗级 or a series 类别级 (DA/T 18-2022 4.2); pure.

A series is told by its code (DA/T 13-2022: a 类别号 with no number behind it, `J001-WS·2021·D10`), or by what the row says in
its column 著录层级; a fonds by that column alone, for a bare 全宗号 may as well be the number of an item. What the row says goes
before its code.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Final

from holdings.columns import fold
from holdings.record import Level

_LEVEL: Final = "著录层级"
_AGGREGATION: Final = "聚合层次"
COLUMNS: Final = (_LEVEL, _AGGREGATION)
"""Elements that say the level (DA/T 18-2022, DA/T 46-2009 M1)."""
_WORDS: Final = {
    **dict.fromkeys(("全宗", "全宗级"), Level.FONDS),
    **dict.fromkeys(("类别", "类别级", "类", "系列", "系列级", "类目", "目录", "目录级"), Level.SERIES),
}
_PART: Final = "(?:(?:19|20)[0-9]{2}|Y|[A-Z]{1,8}[0-9]{0,3}|[\u4e00-\u9fff]{1,20})"
_SERIES: Final = re.compile(
    rf"[A-Z][0-9]{{3}}-[A-Z]{{2}}(?:·{_PART}){{0,6}}(?:-(?:[A-Z][A-Z0-9]{{0,7}}|[\u4e00-\u9fff]{{1,20}}))?"
)


@functools.lru_cache(256)
def _said(word: str) -> Level | None:
    return _WORDS.get(fold(word))


def level_above(key: str, values: Mapping[str, str]) -> Level | None:
    """Level.FONDS or Level.SERIES for a row that describes one, by its match key and what it says; None for a volume or an item."""
    get = values.get
    if said := get(_LEVEL) or get(_AGGREGATION):
        return _said(said)
    return Level.SERIES if _SERIES.fullmatch(key) else None
