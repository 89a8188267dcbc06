"""录音录像: one tape holds many items, each a stretch between two time codes, on one or two sides; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from holdings.av_time import read_time
from holdings.category import TapeRule
from holdings.category_rows import CategoryRow, RowFault, fault
from holdings.findings import FindingCode

SLACK_MS: Final = 1_500  # a length is rounded to seconds, and so are both codes
MINUTES_SLACK_MS: Final = 60_000  # a length in whole minutes is rounded to minutes
FAULTS_MAX: Final = 10_000  # told of one sheet
_NTSC_RATE: Final = 30
_PAL_RATE: Final = 25
_SYSTEM: Final = "制式"
_SIDES: Final = {"A": "A", "A面": "A", "1": "A", "正": "A", "B": "B", "B面": "B", "2": "B", "反": "B"}


class Clip(Struct, frozen=True):
    """An item on a tape: milliseconds from the beginning of its side; `end` None when neither code, length nor a next
    item tells it."""

    number: int
    tape: str
    side: str
    start: int
    end: int | None

    @property
    def length(self) -> int | None:
        """Milliseconds, None while the end is not known."""
        return None if self.end is None else self.end - self.start


class Tapes(Struct, frozen=True):
    """A tape sheet as read: clips by (tape, side) in the order of time, and faults by row."""

    by_side: dict[tuple[str, str], tuple[Clip, ...]]
    faults: tuple[RowFault, ...]

    def outside(self, tape: str, side: str, duration_ms: int) -> tuple[Clip, ...]:
        """Clips that reach beyond the digitised file of their side (electronic attributes, DA/T 70-2018 GD-1-10)."""
        clips = self.by_side.get((tape, side), ())
        return tuple(one for one in clips if max(one.start, one.end or 0) > duration_ms + SLACK_MS)


def read_tapes(rows: Iterable[CategoryRow], rule: TapeRule) -> Tapes:
    """Rows of a tape sheet into clips. A blank beginning is the beginning of the side; a blank end is the beginning plus
    the length, else the beginning of the next clip.

    Faults: a code that is none, an end before the beginning, a length that differs (both numbers), clips that overlap.
    """
    faults: list[RowFault] = []
    found: dict[tuple[str, str], list[Clip]] = {}
    for row in rows:
        clip = _read(row, rule, faults)
        if clip is not None:
            found.setdefault((clip.tape, clip.side), []).append(clip)
    sides = {place: _in_order(clips, rule, faults) for place, clips in found.items()}
    faults.sort(key=lambda one: one.number)
    return Tapes(sides, tuple(faults[:FAULTS_MAX]))


def _read(row: CategoryRow, rule: TapeRule, faults: list[RowFault]) -> Clip | None:
    """One row; None (and a fault) when its place cannot be told."""
    tape = row.values.get(rule.tape, "").strip()
    if not tape:
        faults.append(fault(row.number, rule.tape, FindingCode.METADATA_MISSING, "不知是哪一盘"))
        return None
    said = row.values.get(rule.side, "").strip().upper()
    side, rate = _SIDES.get(said, said), _rate(row, rule)
    codes: list[int | None] = []
    for name in (rule.start, rule.end, rule.length):
        text = row.values.get(name, "").strip()
        code = read_time(text, rate) if text else None
        if text and code is None:
            detail = f"应为 时:分:秒 或 时:分:秒:帧（每秒 {rate} 帧）"
            faults.append(fault(row.number, name, FindingCode.METADATA_TYPE, detail))
            return None
        codes.append(code.milliseconds(rate) if code else None)
    start, end, length = codes
    start = start or 0
    if end is None and length is not None:
        end = start + length
    if end is not None and end <= start:
        detail = f"终止 {_clock(end)} 不在起始 {_clock(start)} 之后"
        faults.append(fault(row.number, rule.end, FindingCode.METADATA_DOUBTFUL, detail))
        return None
    if end is not None and length is not None:
        slack = MINUTES_SLACK_MS if length % 60_000 == 0 else SLACK_MS
        if abs(end - start - length) > slack:
            detail = f"写 {_clock(length)}，起止时码之间是 {_clock(end - start)}"
            faults.append(fault(row.number, rule.length, FindingCode.METADATA_DOUBTFUL, detail))
    return Clip(row.number, tape, side, start, end)


def _in_order(clips: list[Clip], rule: TapeRule, faults: list[RowFault]) -> tuple[Clip, ...]:
    """Clips of one side by time; open ends closed by the next beginning, overlaps told."""
    clips.sort(key=lambda one: (one.start, one.number))
    done: list[Clip] = []
    reached = 0
    for place, clip in enumerate(clips):
        following = clips[place + 1].start if place + 1 < len(clips) else None
        if clip.end is None and following is not None and following > clip.start:
            clip = replace(clip, end=following)
        if clip.start + SLACK_MS < reached:
            detail = f"起始 {_clock(clip.start)} 在前一件终止 {_clock(reached)} 之前（重叠）"
            faults.append(fault(clip.number, rule.start, FindingCode.METADATA_DOUBTFUL, detail))
        reached = max(reached, clip.end or clip.start)
        done.append(clip)
    return tuple(done)


def _rate(row: CategoryRow, rule: TapeRule) -> int:
    """Frames a second: the rule's, but 30 for a PAL rule's tape that says NTSC."""
    return _NTSC_RATE if rule.rate == _PAL_RATE and row.values.get(_SYSTEM, "").upper() == "NTSC" else rule.rate


def _clock(milliseconds: int) -> str:
    """H:MM:SS."""
    seconds = milliseconds // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
