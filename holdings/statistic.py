"""The figures of the yearly statistics 统计年报: what is counted, in which unit, and where each comes from; pure.

A figure of stock is what stood at the end of 31 December, a figure of flow what happened in the year.
"""

from __future__ import annotations

import datetime as dt
from enum import Enum, StrEnum
from typing import Final

from msgspec import Struct

from holdings.access import Opening, Secrecy, opening_of, secrecy_of
from holdings.fonds_tally import OPENING, fonds_key
from holdings.language import mark
from holdings.record import MARK, Description, Level

ZONE: Final = dt.timezone(dt.timedelta(hours=8))
"""Where a year ends: all archives of the country keep one time."""
YEAR_FIRST, YEAR_LAST = 1949, 9998
VALUE_MAX: Final = 10**15
"""No archive holds more of anything, bytes included."""
PURPOSE_MAX: Final = 40
OTHER: Final = "其他"
_CARRIERS: Final = ("载体类型", "形成方式", "来源方式")


class Group(Enum):
    """A part of the report; the value is its heading, to be looked up."""

    KEPT = mark("馆藏")
    DIGITAL = mark("数字资源")
    CATALOGUED = mark("机读目录")
    OPEN = mark("开放")
    USE = mark("利用")
    COMPILED = mark("编研")


class Source(Enum):
    """Where a figure comes from; the value is how it is said, to be looked up."""

    COUNTED = mark("系统计数")
    REGISTER = mark("全宗名册")
    ENTERED = mark("人工填报")


class Figure(StrEnum):
    """One line of the report; the value stands in the database and in `--json`."""

    FONDS = "fonds"
    VOLUMES = "volumes"
    ITEMS = "items"
    TAPES = "tapes"
    PHOTOS = "photos"
    NEGATIVES = "negatives"
    FILMS = "films"
    FRAMES = "frames"
    OBJECTS = "objects"
    BOOKS = "books"
    BORN_DIGITAL = "born_digital"
    BORN_DIGITAL_BYTES = "born_digital_bytes"
    SCANNED_VOLUMES = "scanned_volumes"
    SCANNED_ITEMS = "scanned_items"
    SCANNED_PAGES = "scanned_pages"
    SCANNED_BYTES = "scanned_bytes"
    ROWS_VOLUME = "rows_volume"
    ROWS_ITEM = "rows_item"
    OPEN_VOLUMES = "open_volumes"
    OPEN_ITEMS = "open_items"
    OPEN_SCANNED = "open_scanned"
    VISITS = "visits"
    USED_VOLUMES = "used_volumes"
    USED_ITEMS = "used_items"
    COPIED_PAGES = "copied_pages"
    CERTIFICATES = "certificates"
    COMPILATIONS = "compilations"
    COMPILED_CHARACTERS = "compiled_characters"

    @property
    def about(self) -> About:
        """Its line."""
        return _ABOUT[self]


class About(Struct, frozen=True):
    """`label` and `unit` to be looked up; `scale`: what is stored divided by it is what people read, with three decimals."""

    group: Group
    label: str
    unit: str
    source: Source
    flow: bool = False
    scale: int = 1


_GB: Final = 10**9
_ABOUT: Final = {
    Figure.FONDS: About(Group.KEPT, mark("全宗"), mark("个"), Source.COUNTED),
    Figure.VOLUMES: About(Group.KEPT, mark("案卷"), mark("卷"), Source.REGISTER),
    Figure.ITEMS: About(Group.KEPT, mark("以件为保管单位的档案"), mark("件"), Source.REGISTER),
    Figure.TAPES: About(Group.KEPT, mark("录音、录像、影片档案"), mark("盘"), Source.ENTERED),
    Figure.PHOTOS: About(Group.KEPT, mark("照片档案"), mark("张"), Source.ENTERED),
    Figure.NEGATIVES: About(Group.KEPT, mark("底片"), mark("张"), Source.ENTERED),
    Figure.FILMS: About(Group.KEPT, mark("缩微胶片"), mark("盘"), Source.ENTERED),
    Figure.FRAMES: About(Group.KEPT, mark("缩微胶片画幅"), mark("幅"), Source.ENTERED),
    Figure.OBJECTS: About(Group.KEPT, mark("实物档案"), mark("件"), Source.ENTERED),
    Figure.BOOKS: About(Group.KEPT, mark("馆藏资料"), mark("册"), Source.ENTERED),
    Figure.BORN_DIGITAL: About(Group.DIGITAL, mark("电子档案"), mark("件"), Source.COUNTED),
    Figure.BORN_DIGITAL_BYTES: About(Group.DIGITAL, mark("电子档案数据量"), "GB", Source.COUNTED, scale=_GB),
    Figure.SCANNED_VOLUMES: About(Group.DIGITAL, mark("数字化副本（案卷）"), mark("卷"), Source.COUNTED),
    Figure.SCANNED_ITEMS: About(Group.DIGITAL, mark("数字化副本（件）"), mark("件"), Source.COUNTED),
    Figure.SCANNED_PAGES: About(Group.DIGITAL, mark("数字化副本画幅"), mark("幅"), Source.COUNTED),
    Figure.SCANNED_BYTES: About(Group.DIGITAL, mark("数字化副本数据量"), "GB", Source.COUNTED, scale=_GB),
    Figure.ROWS_VOLUME: About(Group.CATALOGUED, mark("案卷级目录"), mark("条"), Source.COUNTED),
    Figure.ROWS_ITEM: About(Group.CATALOGUED, mark("文件级目录"), mark("条"), Source.COUNTED),
    Figure.OPEN_VOLUMES: About(Group.OPEN, mark("开放案卷"), mark("卷"), Source.COUNTED),
    Figure.OPEN_ITEMS: About(Group.OPEN, mark("开放文件"), mark("件"), Source.COUNTED),
    Figure.OPEN_SCANNED: About(Group.OPEN, mark("开放的数字化副本"), mark("件"), Source.COUNTED),
    Figure.VISITS: About(Group.USE, mark("利用人次"), mark("人次"), Source.COUNTED, flow=True),
    Figure.USED_VOLUMES: About(Group.USE, mark("利用案卷"), mark("卷次"), Source.COUNTED, flow=True),
    Figure.USED_ITEMS: About(Group.USE, mark("利用文件"), mark("件次"), Source.COUNTED, flow=True),
    Figure.COPIED_PAGES: About(Group.USE, mark("复制"), mark("页"), Source.COUNTED, flow=True),
    Figure.CERTIFICATES: About(Group.USE, mark("出具查档证明"), mark("份"), Source.COUNTED, flow=True),
    Figure.COMPILATIONS: About(Group.COMPILED, mark("编研成果"), mark("种"), Source.ENTERED, flow=True),
    Figure.COMPILED_CHARACTERS: About(Group.COMPILED, mark("编研字数"), mark("万字"), Source.ENTERED, flow=True, scale=10_000),
}  # fmt: skip

BY_FONDS: Final = frozenset(
    figure for figure, about in _ABOUT.items() if not about.flow and about.source is not Source.ENTERED
)
"""Figures whose parts are told by fonds; those of use by purpose."""
BY_SHEET: Final = frozenset({Figure.ROWS_VOLUME, Figure.ROWS_ITEM, Figure.OPEN_VOLUMES, Figure.OPEN_ITEMS})
"""Figures counted from an archive's sheets: of one that has reported none they are not known, and not nothing."""
OF_ANY: Final = (
    Figure.VOLUMES,
    Figure.ITEMS,
    Figure.BORN_DIGITAL,
    Figure.SCANNED_VOLUMES,
    Figure.SCANNED_ITEMS,
    Figure.ROWS_VOLUME,
    Figure.ROWS_ITEM,
)
"""A fonds counts as held when one of these is above nothing, or the register has it."""


class Use(Struct, frozen=True):
    """利用: what one visit, request or copy adds. `purpose` as the request says it (工作查考, 学术研究 …); it is what drill-down parts by."""

    purpose: str
    persons: int = 0
    volumes: int = 0
    items: int = 0
    pages: int = 0
    certificates: int = 0

    def figures(self) -> dict[Figure, int]:
        """What it adds to each figure."""
        return {
            Figure.VISITS: self.persons, Figure.USED_VOLUMES: self.volumes, Figure.USED_ITEMS: self.items,
            Figure.COPIED_PAGES: self.pages, Figure.CERTIFICATES: self.certificates,
        }  # fmt: skip


class Counted(Struct, frozen=True):
    """As what a record is counted: the match key of its fonds, its 密级, and its share of each figure."""

    fonds: str = ""
    secrecy: Secrecy = Secrecy.NONE
    figures: tuple[tuple[Figure, int], ...] = ()


def month_of(wall: int) -> str:
    """The month of a time as `2026-11`."""
    return dt.datetime.fromtimestamp(wall, ZONE).strftime("%Y-%m")


def counted(description: Description | None, pages: int, size: int) -> Counted:
    """As what a version counts; one that ended counts for nothing. A record is 电子档案 where its description says so, else 数字化副本."""
    if description is None or description.ended:
        return Counted()
    said = description.elements
    volume = description.level is Level.VOLUME
    if any("电子" in said.get(name, "") for name in _CARRIERS):
        figures = [(Figure.BORN_DIGITAL, 1), (Figure.BORN_DIGITAL_BYTES, size)]
    else:
        one = Figure.SCANNED_VOLUMES if volume else Figure.SCANNED_ITEMS
        figures = [(one, 1), (Figure.SCANNED_PAGES, pages), (Figure.SCANNED_BYTES, size)]
    if opening_of(next((value for name in OPENING if (value := said.get(name))), None)) is Opening.OPEN:
        figures.append((Figure.OPEN_SCANNED, 1))
    return Counted(fonds_key(description.reference_code), secrecy_of(said.get(MARK)), tuple(figures))


def of_row(level: int, opening: Opening) -> tuple[Figure, ...]:
    """The figures that one row of the catalogue counts for; rows above the volume for none."""
    if level < Level.VOLUME:
        return ()
    volume = level == Level.VOLUME
    rows = Figure.ROWS_VOLUME if volume else Figure.ROWS_ITEM
    return (rows, Figure.OPEN_VOLUMES if volume else Figure.OPEN_ITEMS) if opening is Opening.OPEN else (rows,)
