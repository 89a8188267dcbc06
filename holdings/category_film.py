"""缩微: sheets of reels. A reel holds many volumes, a volume may span reels, and some frames show no record; pure.

Frames 画幅 are counted in 拍, never in pages: one frame may show two pages, told apart as sides.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct, field

from holdings.category import ReelRule
from holdings.category_rows import CategoryRow, RowFault, fault
from holdings.expression import expression
from holdings.findings import FindingCode
from holdings.reference_code import ordering_key

FRAMES_MAX: Final = 100_000  # frames a reel: 30 m of 16 mm film hold some 3,000, so this is a shifted column
FAULTS_MAX: Final = 10_000  # told of one sheet
_FRAME: Final = expression(r"0*([0-9]{1,6})(?:[-_ ]?(?P<side>[ABLR左右上下12]))?", re.IGNORECASE)
_SIDES: Final = {"A": 1, "L": 1, "左": 1, "上": 1, "1": 1, "B": 2, "R": 2, "右": 2, "下": 2, "2": 2}
_NUMBER: Final = "案卷号"
_WHERE: Final = ("题名", "附注", "备注")


class FrameKind(StrEnum):
    """What frames show: a record, or 片头, 靶标, 片尾, nothing."""

    RECORD = "record"
    LEADER = "leader"
    TARGET = "target"
    TRAILER = "trailer"
    BLANK = "blank"

    @property
    def label(self) -> str:
        """The Chinese word of the glossary."""
        return {"record": "档案", "leader": "片头", "target": "靶标", "trailer": "片尾", "blank": "空画幅"}[self.value]


class Stretch(Struct, frozen=True):
    """Frames `first` to `last` of a reel, both included. `volume` is what the caller names the volume by (blank for
    frames that show no record)."""

    number: int
    reel: str
    first: int
    last: int
    kind: FrameKind
    volume: str = ""

    @property
    def frames(self) -> int:
        """How many 拍."""
        return self.last - self.first + 1


class Reels(Struct, frozen=True):
    """A sheet of reels as read: stretches by reel in the order of frames, by volume in the order of reels, and faults."""

    by_reel: Mapping[str, tuple[Stretch, ...]]
    by_volume: Mapping[str, tuple[Stretch, ...]]
    faults: tuple[RowFault, ...] = field(default=())

    def at(self, reel: str, frame: int) -> Stretch | None:
        """The stretch that a frame belongs to; None for a frame that no row names."""
        return next((one for one in self.by_reel.get(reel, ()) if one.first <= frame <= one.last), None)

    def frames(self, volume: str) -> int:
        """拍 of a volume over all its reels."""
        return sum(one.frames for one in self.by_volume.get(volume, ()))


def kind_of(values: Mapping[str, str], volume: str, rule: ReelRule) -> FrameKind:
    """What a row's frames show, by the words of the rule: where its volume number is such a word, or where it names no
    volume and its title or remark has one. The title of a record may have any word in it.
    """
    places = (_NUMBER,) if volume else (_NUMBER, *_WHERE)
    said = " ".join(values.get(name, "") for name in places)
    for kind, words in rule.kinds.items():
        if any(word in said for word in words):
            return FrameKind(kind)
    return FrameKind.RECORD


def read_reels(rows: Iterable[tuple[CategoryRow, str]], rule: ReelRule) -> Reels:
    """Rows of a reel sheet, each with the code of its volume, into stretches.

    Faults: a number that is none, an end before the beginning, 拍数 that differs (both numbers), frames that two rows
    claim, frames between two rows that nobody claims, a volume that goes on in the middle of a reel.
    """
    faults: list[RowFault] = []
    stretches = [found for row, volume in rows if (found := _read(row, volume, rule, faults)) is not None]
    by_reel: dict[str, list[Stretch]] = {}
    by_volume: dict[str, list[Stretch]] = {}
    for one in stretches:
        by_reel.setdefault(one.reel, []).append(one)
        if one.kind is FrameKind.RECORD:
            by_volume.setdefault(one.volume, []).append(one)
    for parts in by_reel.values():
        parts.sort(key=lambda one: (one.first, one.last))
        _neighbours(parts, rule, faults)
    for parts in by_volume.values():
        parts.sort(key=lambda one: (ordering_key(one.reel), one.first))
        _continued(parts, by_reel, rule, faults)
    faults.sort(key=lambda one: one.number)
    return Reels(
        {reel: tuple(parts) for reel, parts in by_reel.items()},
        {volume: tuple(parts) for volume, parts in by_volume.items()},
        tuple(faults[:FAULTS_MAX]),
    )


def frame_and_side(name: str) -> tuple[int, int] | None:
    """Frame and side (0 whole frame, 1 left or upper, 2 right or lower) of a file's stem: `00012`, `00012A`, `12-2`,
    `0012右`; None for other names."""
    found = _FRAME.fullmatch(unicodedata.normalize("NFKC", name).strip())
    if found is None or not 1 <= int(found[1]) <= FRAMES_MAX:
        return None
    return int(found[1]), _SIDES[found["side"].upper()] if found["side"] else 0


def _read(row: CategoryRow, volume: str, rule: ReelRule, faults: list[RowFault]) -> Stretch | None:
    """One row; None (and a fault) when its frames cannot be told."""
    reel = row.values.get(rule.reel, "").strip()
    if not reel:
        faults.append(fault(row.number, rule.reel, FindingCode.METADATA_MISSING, "不知是哪一盘"))
        return None
    first, last = _number(row.values.get(rule.first)), _number(row.values.get(rule.last))
    count = _number(row.values.get(rule.count))
    if first is not None and last is None and count:
        last = first + count - 1
    if first is None or last is None:
        missing = rule.first if first is None else rule.last
        faults.append(fault(row.number, missing, FindingCode.METADATA_TYPE, f"应为 1 至 {FRAMES_MAX:,} 的画幅号"))
        return None
    if last < first or last > FRAMES_MAX:
        faults.append(
            fault(row.number, rule.last, FindingCode.METADATA_DOUBTFUL, f"起 {first}、止 {last}，止号应不小于起号")
        )
        return None
    if count is not None and count != last - first + 1:
        detail = f"写 {count} 拍，起止号之间是 {last - first + 1} 拍"
        faults.append(fault(row.number, rule.count, FindingCode.METADATA_DOUBTFUL, detail))
    kind = kind_of(row.values, volume, rule)
    if kind is FrameKind.RECORD and not volume:
        detail = "不知是哪一卷；片头、靶标、片尾请在备注中写明"
        faults.append(fault(row.number, _NUMBER, FindingCode.METADATA_MISSING, detail))
    return Stretch(row.number, reel, first, last, kind, volume if kind is FrameKind.RECORD else "")


def _neighbours(parts: list[Stretch], rule: ReelRule, faults: list[RowFault]) -> None:
    """Frames of one reel that two rows claim, or that nobody claims between two rows."""
    end = 0
    for one in parts:
        if end and one.first <= end:
            detail = f"第 {one.first} 至 {min(end, one.last)} 画幅已属另一行（重号）"
            faults.append(fault(one.number, rule.first, FindingCode.METADATA_DOUBTFUL, detail))
        elif end and one.first > end + 1:
            detail = f"第 {end + 1} 至 {one.first - 1} 画幅没有著录（缺号）"
            faults.append(fault(one.number, rule.first, FindingCode.METADATA_DOUBTFUL, detail))
        end = max(end, one.last)


def _continued(
    parts: list[Stretch], by_reel: Mapping[str, list[Stretch]], rule: ReelRule, faults: list[RowFault]
) -> None:
    """A volume that goes on with another reel ends one reel and begins the next, but for leaders, targets, trailers."""
    for before, after in itertools.pairwise(parts):
        if before.reel == after.reel:
            continue
        records_after = [one for one in by_reel[before.reel] if one.first > before.last and one.volume]
        records_before = [one for one in by_reel[after.reel] if one.last < after.first and one.volume]
        if records_after or records_before:
            detail = f"案卷分在两盘（第 {before.number} 行和本行），两盘相接处还有别的案卷，疑漏记或错盘"
            faults.append(fault(after.number, rule.reel, FindingCode.METADATA_DOUBTFUL, detail))


def _number(text: str | None) -> int | None:
    """A frame number or a count; None when it is none."""
    plain = unicodedata.normalize("NFKC", text or "").strip()
    found = re.fullmatch(r"([0-9]{1,6})(?:拍|画幅|幅)?", plain)
    return int(found[1]) if found and int(found[1]) >= 1 else None
