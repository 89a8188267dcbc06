"""When a record is finished, and what page names and file names say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdings.file_name import NameKind, extension, name_kind
from holdings.readiness import GAPS_MAX, Ready, Scanning, order_pages, readiness


@pytest.mark.parametrize(
    ("declared", "counts", "quiet", "verdict"),
    [
        (3, [1, 1, 1], False, Ready(3)),
        (3, [3], False, Ready(3)),
        (3, [1, 1], True, Scanning(2, 3)),
        (3, [1, 1, 1, 1], True, Scanning(4, 3)),
        (3, [], True, Scanning(0, 3)),
        (None, [], True, Scanning(0, None)),
        (None, [1, 1], False, Scanning(2, None)),
        (None, [1, 1], True, Ready(2)),
        (None, [1, None], True, Ready(None)),
        (3, [None], False, Ready(None)),
        (0, [1], True, Scanning(1, 0)),
    ],
)
def test_the_page_count_rule(declared: int | None, counts: list[int | None], quiet: bool, verdict: Ready | Scanning) -> None:
    """Found equals declared; what cannot be counted is satisfied by the row; without 页数 only quiet tells; nothing found is never ready."""
    assert readiness(declared, counts, quiet=quiet) == verdict


ORDERS = [
    (["0010.jpg", "0002.jpg", "0001.jpg"], ["0001.jpg", "0002.jpg", "0010.jpg"], (3, 4, 5, 6, 7, 8, 9), ()),
    (["10.jpg", "9.jpg", "1.jpg"], ["1.jpg", "9.jpg", "10.jpg"], (2, 3, 4, 5, 6, 7, 8), ()),
    (["0012A.jpg", "0013.jpg", "0012.jpg", "0012-1.jpg", "0011.jpg"], ["0011.jpg", "0012.jpg", "0012-1.jpg", "0012A.jpg", "0013.jpg"], (), ()),
    (["12补1.jpg", "12.jpg", "13.jpg"], ["12.jpg", "12补1.jpg", "13.jpg"], (), ()),
    (["0001.jpg", "0003.jpg"], ["0001.jpg", "0003.jpg"], (2,), ()),
    (["0003.jpg", "0004.jpg"], ["0003.jpg", "0004.jpg"], (1, 2), ()),
    (["0057.jpg", "0058.jpg"], ["0057.jpg", "0058.jpg"], (), ()),
    (["0000.jpg", "0001.jpg"], ["0000.jpg", "0001.jpg"], (), ()),
    (["0001.jpg", "扫描 0002 (1) 📄.jpg", "0003.JPG"], ["0001.jpg", "扫描 0002 (1) 📄.jpg", "0003.JPG"], (), ()),
    (["J023-WS.2011.Y.BGS-0012-002.jpg", "J023-WS.2011.Y.BGS-0012-001.jpg"],
     ["J023-WS.2011.Y.BGS-0012-001.jpg", "J023-WS.2011.Y.BGS-0012-002.jpg"], (), ()),
    (["0001.jpg", "0001.tif"], ["0001.jpg", "0001.tif"], (), (1,)),
    (["0012反.jpg", "0012正.jpg"], ["0012正.jpg", "0012反.jpg"], (), ()),
    (["20180101.jpg", "20191231.jpg"], ["20180101.jpg", "20191231.jpg"], (), ()),
    (["封面.jpg", "0001.jpg"], ["0001.jpg", "封面.jpg"], (), ()),
    ([], [], (), ()),
]  # fmt: skip


@pytest.mark.parametrize(("names", "ordered", "gaps", "repeats"), ORDERS, ids=lambda v: str(v)[:40])
def test_pages_are_ordered_as_people_count(names: list[str], ordered: list[str], gaps: tuple[int, ...], repeats: tuple[int, ...]) -> None:
    """Insert marks follow their page, missing and repeated numbers are found, names that count nothing have no gaps."""
    found = order_pages(names)
    assert (list(found.names), found.gaps, found.repeats) == (ordered, gaps, repeats)


def test_a_name_without_a_number_is_told() -> None:
    """封面 has no number and stands last."""
    assert order_pages(["封面.jpg", "1.jpg"]).unnumbered == ("封面.jpg",)


@given(st.lists(st.text(max_size=30), unique=True, max_size=30))
def test_any_names_are_ordered(names: list[str]) -> None:
    """No name is lost or raises, the order does not depend on the order given, gaps are bounded."""
    found = order_pages(names)
    assert sorted(found.names) == sorted(names)
    assert order_pages(reversed(names)).names == found.names
    assert len(found.gaps) <= GAPS_MAX


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("0001.jpg", NameKind.CONTENT), ("扫描 0002 (1) 📄.jpg", NameKind.CONTENT), ("~1.jpg", NameKind.CONTENT), ("无扩展名", NameKind.CONTENT),
        ("0001.jpg.part", NameKind.PARTIAL), ("0002.jpg.crdownload", NameKind.PARTIAL), ("a.FILEPART", NameKind.PARTIAL),
        ("~WRL0001.tmp", NameKind.PARTIAL), ("~$案卷目录.xlsx", NameKind.PARTIAL), (".~lock.a.ods#", NameKind.PARTIAL),
        ("Thumbs.db", NameKind.LITTER), ("desktop.ini", NameKind.LITTER), (".DS_Store", NameKind.LITTER), ("._0001.jpg", NameKind.LITTER),
        ("案卷目录.xlsx", NameKind.SHEET), ("目录.CSV", NameKind.SHEET),
    ],
)  # fmt: skip
def test_names_tell_content_from_litter(name: str, kind: NameKind) -> None:
    """Half-written files wait, systems' litter is passed over, sheets are known."""
    assert name_kind(name) is kind
    assert extension("A.JPG") == "jpg"
