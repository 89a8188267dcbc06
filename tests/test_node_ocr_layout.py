"""Boxes become lines in reading order, whichever way a page lies: pure, on boxes alone."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdings.page_text import Orientation
from node import ocr_layout
from node.ocr_layout import Placed, Point, Quad, Seen, in_order, reading_quad, skew_of

WIDE, HIGH, EM = 1654.0, 2339.0, 32.0


def rectangle(left: float, top: float, wide: float, high: float = EM) -> Quad:
    """An upright box."""
    return (left, top), (left + wide, top), (left + wide, top + high), (left, top + high)


def laid(quad: Quad, orientation: Orientation, skew: float) -> Quad:
    """Where a box of the upright page lies on a page that must be turned by `orientation`, its lines sinking by `skew`; corners clockwise from the
    upper left as it lies.
    """
    turn = math.radians(skew - orientation.value)
    cosine, sine = math.cos(turn), math.sin(turn)

    def moved(point: Point) -> Point:
        x, y = point[0] - WIDE / 2, point[1] - HIGH / 2
        return x * cosine - y * sine + 2000, x * sine + y * cosine + 2000

    a, b, c, d = map(moved, quad)
    first = {0: 0, 90: 1, 180: 2, 270: 3}[orientation.value]
    corners = (a, b, c, d)
    p, q, r, s = (corners[(first + k) % 4] for k in range(4))
    return p, q, r, s


Page = list[tuple[Quad, str, bool]]


def paragraphs(r: random.Random) -> Page:
    """Lines one below the other, the last of a paragraph short."""
    return [
        (rectangle(200, 200 + 60 * row, r.choice((1200, 1200, 500)) + r.randint(-20, 20)), f"行{row}", False)
        for row in range(r.randint(5, 30))
    ]


def two_columns(r: random.Random) -> Page:
    """A title over two columns, a note below."""
    made: Page = [(rectangle(500, 100, 700, 60), "题", False)]
    rows = r.randint(6, 20)
    for column in range(2):
        made += [
            (rectangle(150 + 720 * column, 220 + 50 * row, 640 if row % 4 else 500), f"{column}栏{row}", False)
            for row in range(rows)
        ]
    return [*made, (rectangle(200, 300 + 50 * rows, 1200), "注", False)]


def table(r: random.Random) -> Page:
    """Cells of five columns, of different lengths."""
    return [
        (rectangle(left, 200 + 62 * row + r.randint(-3, 3), r.randint(40, most)), f"{row}格{left}", False)
        for row in range(r.randint(6, 20))
        for left, most in ((150, 60), (300, 120), (500, 380), (1000, 150), (1250, 200))
    ]


def upright_columns(r: random.Random) -> Page:
    """Columns from right to left."""
    return [
        (rectangle(1400 - 70 * column, 200, EM, r.choice((1500, 1500, 700))), f"列{column}文字", True)
        for column in range(r.randint(5, 18))
    ]


@pytest.mark.parametrize("make", [paragraphs, two_columns, table, upright_columns])
@given(
    seed=st.integers(0, 10_000), orientation=st.sampled_from(Orientation), skew=st.floats(-10, 10), shuffle=st.randoms()
)
def test_reading_order(make: object, seed: int, orientation: Orientation, skew: float, shuffle: random.Random) -> None:
    """However a page lies and is skewed, and in whatever order boxes come, its lines come in reading order, and its skew is found."""
    page: Page = make(random.Random(seed))  # type: ignore[operator]
    lines = []
    for quad, text, vertical in page:
        seen = Seen(laid(quad, orientation, skew))
        columns = make is upright_columns
        assert ocr_layout.is_vertical(seen, orientation, EM, columns=columns) is vertical
        lines.append(Placed(reading_quad(seen.quad, orientation, vertical=vertical), text, 1.0, vertical))
    shuffle.shuffle(lines)
    assert make is table or abs(skew_of(lines, orientation) - skew) < 0.1
    ordered = in_order(lines, orientation, skew)
    assert [line.text for line in ordered] == [text for _, text, _ in page]


@given(orientation=st.sampled_from(Orientation), vertical=st.booleans())
def test_lines_lie_from_left_to_right(orientation: Orientation, vertical: bool) -> None:
    """Cut out by its corners, every line reads from left to right: upright writing on its left side, its first character first."""
    upright = rectangle(800, 300, EM, 900) if vertical else rectangle(300, 300, 900)
    a, b, c, d = reading_quad(laid(upright, orientation, 0), orientation, vertical=vertical)
    first = (800 + EM, 300) if vertical else (300, 300)
    begin = laid((first, first, first, first), orientation, 0)[0]
    assert math.dist(a, begin) < 1e-6
    assert math.dist(a, b) == pytest.approx(900)
    assert math.dist(a, d) == pytest.approx(EM)
    # Clockwise on the screen: no line is mirrored.
    assert (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]) > 0


def test_pieces_of_a_line_are_joined() -> None:
    """Pieces closer than a character are one line, with a blank between Latin words; cells further apart stay cells."""

    def at(left: float, wide: float, text: str, sure: float = 1.0) -> Placed:
        return Placed(rectangle(left, 100, wide), text, sure)

    lines = [at(100, 200, "Import & Export"), at(310, 100, "Corp."), at(500, 200, "一九八三"), at(705, 60, "年", 0.4)]
    first, second = in_order(lines, Orientation.UPRIGHT, 0.0)
    assert (first.text, second.text) == ("Import & Export Corp.", "一九八三年")
    assert (second.quad[0], second.quad[2]) == ((500, 100), (765, 100 + EM))
    assert second.confidence == pytest.approx(0.88)


@given(st.lists(st.tuples(*[st.floats(-1e4, 1e4)] * 4, st.booleans()), max_size=30), st.sampled_from(Orientation))
def test_any_boxes(found: list[tuple[float, float, float, float, bool]], orientation: Orientation) -> None:
    """Whatever a detector says, no character is lost and nothing fails."""
    lines = [Placed(((x, y), (x + w, y), (x + w, y + h), (x, y + h)), "字", 0.9, down) for x, y, w, h, down in found]
    ordered = in_order(lines, orientation, skew_of(lines, orientation))
    assert sum(line.text.count("字") for line in ordered) == len(found)
    boxes = [Seen(line.quad) for line in lines]
    assert ocr_layout.thickness(boxes) >= 0
    assert ocr_layout.runs_down(boxes) in (True, False)
