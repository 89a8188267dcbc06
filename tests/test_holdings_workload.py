"""Workload statistics: paper sizes, folding to A4, sums, and the workbook."""

import contextlib
import io
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfWriter
from python_calamine import CalamineWorkbook

from holdings import page_size, workload, workload_sheet
from holdings.errors import MediaUnreadable, SiteDataWrong
from holdings.site_data import SiteData
from holdings.workload import Work, day_of, measure, statistics

RULE = workload.rule()


def image(width: int, height: int, dpi: float, kind: str = "JPEG", more: int = 0) -> bytes:
    """A page of so many pixels; `more` frames behind it."""
    out = io.BytesIO()
    page = Image.new("L", (width, height), 255)
    extra = {"save_all": True, "append_images": [page] * more} if kind == "TIFF" else {}
    page.save(out, kind, **({"dpi": (dpi, dpi)} if dpi else {}), **extra)  # type: ignore[arg-type]
    return out.getvalue()


@pytest.mark.parametrize(
    ("width", "height", "dpi", "size", "a4"),
    [
        (1654, 2339, 200, "A4", 1), (2339, 1654, 200, "A4", 1), (2480, 3508, 300, "A4", 1), (1240, 1748, 200, "A4", 1), (2150, 3035, 260, "A4", 1),
        (2339, 3307, 200, "A3", 2), (3307, 4677, 200, "A2", 4), (1400, 3000, 200, "A3", 2), (1654, 2339, 0, "未知", 1), (1654, 2339, 1, "未知", 1),
        (700, 6000, 50, "大于A0", 18),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "PNG"])
def test_a_page_is_as_large_as_its_paper(width: int, height: int, dpi: float, size: str, a4: int, kind: str) -> None:
    """Pixels and resolution give millimetres, either way up; a page belongs to the class that holds it."""
    ((short, long),) = page_size.decode(page_size.measure_in_sandbox(image(width, height, dpi, kind)))
    assert RULE.classify(short, long) == (size, Fraction(a4))


def test_every_page_of_a_file_is_measured() -> None:
    """Frames of a TIFF, pages of a PDF by their boxes; what is no image is refused with a sentence."""
    assert len(page_size.decode(page_size.measure_in_sandbox(image(827, 1169, 100, "TIFF", 4)))) == 5
    writer, out = PdfWriter(), io.BytesIO()
    for width, height in ((595, 842), (842, 1191)):
        writer.add_blank_page(width, height)
    writer.write(out)
    sizes = page_size.decode(page_size.measure_in_sandbox(out.getvalue()))
    assert [RULE.classify(*pair)[0] for pair in sizes] == ["A4", "A3"]


@given(st.binary(max_size=300))
def test_no_bytes_break_the_measuring(data: bytes) -> None:
    """A file that is none is a sentence."""
    with contextlib.suppress(MediaUnreadable):
        assert isinstance(page_size.decode(page_size.measure_in_sandbox(data)), list)


@pytest.mark.parametrize(
    ("name", "back"),
    [
        ("0012反.jpg", True),
        ("0012-背面.tif", True),
        ("12背.jpg", True),
        ("0012正.jpg", False),
        ("0012B.jpg", False),
        ("反对意见.jpg", False),
        ("0012.jpg", False),
    ],
)
def test_back_sides_are_known_by_their_names(name: str, back: bool) -> None:
    """Only a mark behind a number is one; 0012B is an inserted page and no back."""
    assert RULE.is_back(name) is back


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2023-10-18", "2023-10-18"),
        ("2023.1.8", "2023-01-08"),
        ("2023年10月8日", "2023-10-08"),
        ("20231018", "2023-10-18"),
        ("2023-13-01", ""),
        ("前天", ""),
        ("", ""),
    ],
)
def test_days_of_link_sheets(text: str, day: str) -> None:
    """Every notation of a day; what is none is blank and the day of sealing stands instead."""
    assert day_of(text) == day


def work(
    operator: str, sizes: dict[str, tuple[int, str]], declared: int | None = None, delivery: str = "第03批"
) -> Work:
    """The work on one record."""
    said = None if declared is None else Fraction(declared)
    return Work("恒信", delivery, "站1", operator, "2023-10-18", {"扫描员": operator, "质检员": "孙"}, sizes, 1, said)


def test_sums_by_every_key() -> None:
    """Lines, persons and sums come to the same pages; the declared A4 stands beside ours."""
    found = statistics(
        [
            work("赵", {"A4": (10, "10"), "A3": (2, "4")}, 15),
            work("钱", {"A4": (3, "3")}),
            work("赵", {"A4": (1, "1")}, 1),
        ]
    )
    lines = [(one.operator, one.size_class, one.pages, one.a4) for one in found.lines]
    assert lines == [("赵", "A3", 2, 4), ("赵", "A4", 11, 11), ("钱", "A4", 3, 3)]
    persons = [(p.role, p.person, p.records, p.pages, p.a4) for p in found.persons]
    assert persons == [("扫描员", "赵", 2, 13, 15), ("扫描员", "钱", 1, 3, 3), ("质检员", "孙", 3, 16, 18)]
    (total,) = found.sums
    assert (total.records, total.pages, total.backs, total.a4, total.declared_a4) == (3, 16, 3, 18, 16)


SIZES = st.dictionaries(st.sampled_from(["A4", "A3", "未知"]), st.tuples(st.integers(1, 99), st.integers(1, 999).map(str)))
WORK = st.builds(work, st.sampled_from("赵钱孙"), SIZES, st.none() | st.integers(0, 99), st.sampled_from(["第03批", "第04批"]))


@given(st.lists(WORK))
def test_nothing_is_counted_twice_or_lost(works: list[Work]) -> None:
    """Pages and A4 of the lines, and of the sums, are those of the records."""
    found = statistics(works)
    pages = sum(n for one in works for n, _ in one.sizes.values())
    a4 = sum(float(x) for one in works for _, x in one.sizes.values())
    assert sum(one.pages for one in found.lines) == sum(one.pages for one in found.sums) == pages
    assert sum(one.a4 for one in found.lines) == pytest.approx(a4)
    assert sum(one.records for one in found.sums) == len(works)


def test_the_workbook_holds_the_figures_and_their_totals() -> None:
    """Three tabs with a line 合计 each; names that look like formulas stay names."""
    found = statistics([work("=1+1", {"A4": (10, "10")}, 12), work("钱", {"A3": (2, "4")}, delivery="第04批")])
    book = CalamineWorkbook.from_filelike(io.BytesIO(workload_sheet.write(found, "工作量统计  和平区档案馆")))
    assert book.sheet_names == ["批次合计", "明细", "人员"]
    tabs = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    assert tabs[0][-1] == ["合计", "", 2.0, 12.0, 2.0, 0.0, 14.0, 12.0]
    assert tabs[1][2][3] == "=1+1"
    assert tabs[2][-1][-1] == 28.0


def test_pages_are_measured_once_and_folded() -> None:
    """A record's pages by class with their A4 as exact numbers, and its back sides."""
    pages = [
        ("0001.jpg", 210.0, 297.0),
        ("0001反.jpg", 210.0, 297.0),
        ("0002.jpg", 297.0, 420.0),
        ("0003.jpg", 0.0, 0.0),
    ]
    assert measure(pages, RULE) == ({"A4": (2, "2"), "A3": (1, "2"), "未知": (1, "1")}, 1)


@pytest.mark.parametrize("text", ['unknown_a4 = "x"', "sizes = []", 'tolerance = "0"', "tolerence = 1"])
def test_a_site_may_change_sizes_within_sense(text: str) -> None:
    """What is wrong names the file."""
    with pytest.raises(SiteDataWrong, match="workload"):
        workload.rule(SiteData((("workload.toml", text),)))
