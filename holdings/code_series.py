"""Gaps 缺号, repeats 重号 and disorder 错序 in a series of reference codes (DA/T 70-2018 GD-2-6, DA/T 31-2017 10.5.2–10.5.3).

Codes that share everything before their last number are a group; numbers of a group are kept as ranges, so memory grows
with the gaps and not with the codes. Pure.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final

from msgspec import Struct, field

from holdings.expression import expression
from holdings.reference_code import match_key

GROUPS_MAX: Final = 10_000  # groups held open; one that comes back after so many others is counted anew
TOLD_MAX: Final = 1_000  # ranges of one kind told of one group; all are counted
NUMBER_MAX: Final = 18  # digits; a longer run is no count
_LAST: Final = expression(r"([0-9]+)$")


class SeriesFault(Enum):
    """What can be wrong with a series."""

    GAP = "缺号"
    REPEAT = "重号"
    DISORDER = "错序"


class SeriesFinding(Struct, frozen=True):
    """Numbers `first` to `last` of a group are missing or occur again; or (disorder) `first` came right after `last`.

    `group` is the match key up to the number; `width` the digits its numbers are written with at least.
    """

    fault: SeriesFault
    group: str
    first: int
    last: int
    width: int = 1

    @property
    def detail(self) -> str:
        """In Chinese, with codes a person can look up."""
        first, last = f"{self.group}{self.first:0{self.width}d}", f"{self.last:0{self.width}d}"
        if self.fault is SeriesFault.DISORDER:
            return f"{first} 排在 {last} 之后"
        return f"{self.fault.value} {first}" + ("" if self.first == self.last else f"…{last}")


class Ranges(Struct):
    """A set of whole numbers as ranges that neither touch nor overlap."""

    lows: list[int] = field(default_factory=list)
    highs: list[int] = field(default_factory=list)

    def add(self, number: int) -> bool:
        """Put a number in; False when it was there."""
        at = bisect_right(self.lows, number) - 1
        if at >= 0 and number <= self.highs[at]:
            return False
        before, after = at >= 0 and self.highs[at] == number - 1, self.lows[at + 1 : at + 2] == [number + 1]
        if before and after:
            self.highs[at] = self.highs.pop(at + 1)
            del self.lows[at + 1]
        elif before:
            self.highs[at] = number
        elif after:
            self.lows[at + 1] = number
        else:
            self.lows.insert(at + 1, number)
            self.highs.insert(at + 1, number)
        return True

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """(first, last) in rising order."""
        return zip(self.lows, self.highs, strict=True)


class _Group(Struct):
    """Numbers of one group so far."""

    width: int
    seen: Ranges = field(default_factory=Ranges)
    again: Ranges = field(default_factory=Ranges)
    disorder: list[tuple[int, int]] = field(default_factory=list)
    disorders: int = 0
    latest: int | None = None


class Series:
    """Takes codes one by one, in the order of a sheet or of a shelf; findings come with `findings` at the end, those of
    groups that were let go before with `add`.

    Args:
        start: the number a group begins with; None: its smallest.
    """

    def __init__(self, start: int | None = 1) -> None:
        self._start = start
        self._groups: OrderedDict[str, _Group] = OrderedDict()
        self.counted = 0
        """Codes that end in a number."""
        self.uncounted = 0
        """Codes that do not: they are in no series."""
        self.faults = dict.fromkeys(SeriesFault, 0)
        """Numbers missing, numbers repeated, places out of order: all of them, told or not; complete after `findings`."""

    def add(self, code: str) -> Iterable[SeriesFinding]:
        """Take a code, as printed or as a match key."""
        key = match_key(code)
        found = _LAST.search(key)
        if found is None or len(found[1]) > NUMBER_MAX:
            self.uncounted += 1
            return ()
        self.counted += 1
        digits = found[1]
        name, number = key[: found.start()], int(digits)
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = _Group(len(digits))
        else:
            group.width = min(group.width, len(digits))
        if not group.seen.add(number):
            group.again.add(number)
            self.faults[SeriesFault.REPEAT] += 1
        elif group.latest is not None and number < group.latest:
            group.disorders += 1
            if len(group.disorder) < TOLD_MAX:
                group.disorder.append((number, group.latest))
        group.latest = number
        if len(self._groups) <= GROUPS_MAX:
            return ()
        return list(self._close(*self._groups.popitem(last=False)))

    def findings(self) -> Iterator[SeriesFinding]:
        """What is wrong with the groups still held; afterwards nothing is held."""
        while self._groups:
            yield from self._close(*self._groups.popitem(last=False))

    def _close(self, name: str, group: _Group) -> Iterator[SeriesFinding]:
        """Gaps, then repeats, then disorder, each at most TOLD_MAX ranges."""
        gaps, expected = 0, self._start
        for first, last in group.seen:
            if expected is not None and first > expected:
                self.faults[SeriesFault.GAP] += first - expected
                gaps += 1
                if gaps <= TOLD_MAX:
                    yield SeriesFinding(SeriesFault.GAP, name, expected, first - 1, group.width)
            expected = last + 1
        for told, (first, last) in enumerate(group.again):
            if told < TOLD_MAX:
                yield SeriesFinding(SeriesFault.REPEAT, name, first, last, group.width)
        self.faults[SeriesFault.DISORDER] += group.disorders
        for number, before in group.disorder:
            yield SeriesFinding(SeriesFault.DISORDER, name, number, before, group.width)


def series(codes: Iterable[str], start: int | None = 1) -> Iterator[SeriesFinding]:
    """Gaps, repeats and disorder of codes in the order they come; one group's findings stand together."""
    taken = Series(start)
    for code in codes:
        yield from taken.add(code)
    yield from taken.findings()
