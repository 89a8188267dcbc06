"""Charts as shapes for a template to draw as SVG: classes and no style, so that strict CSP and both colour schemes hold; a table stands beside each. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

WIDTH, HEIGHT = 440, 180
LEFT, RIGHT, TOP, BOTTOM = 62, 6, 10, 24
GRID: Final = 4
LABELS: Final = 6


class Bar(Struct, frozen=True):
    """A column over one day: its place, and what stands in its tip."""

    x: float
    y: float
    width: float
    height: float
    label: str
    value: float


class Tick(Struct, frozen=True):
    """A line of the grid, or a day under the axis."""

    at: float
    label: str


class Chart(Struct, frozen=True):
    """What is drawn: bars or a line (`points` as SVG says it), the grid, days under it."""

    bars: tuple[Bar, ...]
    points: tuple[str, ...]
    grid: tuple[Tick, ...]
    days: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    base: int = HEIGHT - BOTTOM


def bars(values: Sequence[tuple[str, float]], unit: float = 1) -> Chart:
    """Columns, one a day; `unit`: what a label counts in."""
    top, grid = _grid(max((value for _, value in values), default=0), unit)
    step = (WIDTH - LEFT - RIGHT) / max(1, len(values))
    made = []
    for number, (day, value) in enumerate(values):
        height = value / top * (HEIGHT - TOP - BOTTOM)
        made.append(
            Bar(
                _round(LEFT + number * step + step * 0.1),
                _round(HEIGHT - BOTTOM - height),
                _round(step * 0.8),
                _round(height),
                day,
                value,
            )
        )
    return Chart(tuple(made), (), grid, _days([day for day, _ in values], step, step / 2))


def line(values: Sequence[tuple[str, float | None]], unit: float = 1) -> Chart:
    """A line through the days; where nothing is known it has a gap."""
    top, grid = _grid(max((value for _, value in values if value is not None), default=0), unit)
    step = (WIDTH - LEFT - RIGHT) / max(1, len(values) - 1)
    runs: list[list[str]] = [[]]
    for number, (_, value) in enumerate(values):
        if value is None:
            runs.append([])
            continue
        y = HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)
        runs[-1].append(f"{_round(LEFT + number * step)},{_round(y)}")
    # A single day is drawn as a short stroke: a point has no length.
    points = tuple(
        " ".join(run if len(run) > 1 else [run[0], f"{float(run[0].split(',')[0]) + 3},{run[0].split(',')[1]}"])
        for run in runs
        if run
    )
    return Chart((), points, grid, _days([day for day, _ in values], step, 0))


def _grid(most: float, unit: float) -> tuple[float, tuple[Tick, ...]]:
    """(value at the top, lines from 0 up) at round numbers of the unit."""
    shown = most / unit
    step = 1.0
    if shown > 0:
        step = 10.0 ** math.floor(math.log10(shown / GRID)) if shown / GRID > 0 else 1.0
        step = next(step * times for times in (1, 2, 5, 10) if step * times * GRID >= shown)
    top = step * GRID
    ticks = (
        Tick(_round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * number / GRID), _plain(step * number))
        for number in range(GRID + 1)
    )
    return top * unit, tuple(ticks)


def _days(days: Sequence[str], step: float, middle: float) -> tuple[Tick, ...]:
    every = max(1, math.ceil(len(days) / LABELS))
    return tuple(Tick(_round(LEFT + number * step + middle), days[number][5:]) for number in range(0, len(days), every))


def _plain(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 or number == int(number) else f"{number:.2g}"


def _round(number: float) -> float:
    return round(number, 1)
