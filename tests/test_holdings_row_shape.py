"""Shapes of rows: which cells are filled."""

from __future__ import annotations

import random

from holdings.row_shape import SHAPES_MAX, RowShapes

NAMES = ("档号", "题名", "", "年度", "密级", "题名")


def plainly(cells: list[str], always: int | None) -> dict[str, str]:
    """The values of a row as one would write it down."""
    found: dict[str, str] = {}
    for at, (name, cell) in enumerate(zip(NAMES, cells, strict=True)):
        if name and (cell or at == always):
            found[name] = cell
    return found


def test_values_are_those_of_the_filled_cells() -> None:
    """Whatever is blank, a row's values are those of its named, filled cells; 密级 is there even where it is blank; the shape says so."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    draw = random.Random(seed)
    for always in (None, 4):
        shapes = RowShapes(NAMES, always)
        for _ in range(500):
            cells = [draw.choice(("", "x", "长")) for _ in NAMES]
            shape, values = shapes.of(cells), plainly(cells, always)
            assert shape.values(cells) == values
            assert dict(zip(shape.names, shape.filled, strict=True)) == {name: bool(value) for name, value in values.items()}


def test_equal_shapes_are_one() -> None:
    """Rows of one shape share it, whatever came between; a hostile table does not make the memory grow."""
    shapes = RowShapes([str(number) for number in range(40)], None)
    rows = [["x" if number >> bit & 1 else "" for bit in range(40)] for number in range(SHAPES_MAX + 10)]
    first, second = shapes.of(rows[1]), shapes.of(rows[2])
    assert first is not second
    assert shapes.of(rows[1]) is first
    for row in rows:
        shapes.of(row)
    assert len(shapes._known) <= SHAPES_MAX
