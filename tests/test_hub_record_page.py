"""One record in the reading room: what each reader sees of it, its pages as tiles, the cache of tiles (hub/web_record.py, page_images.py, tile_cache.py)."""

import io
import os
from pathlib import Path

import pytest
from people_door import Browser, Door
from PIL import Image
from reading_room_at_hub import SHUT, colour, numbers, reader

from holdings import journal, media
from holdings.errors import MediaUnreadable
from holdings.journal import Filter, Outcome
from holdings.layout_words import Use
from holdings.page_tiles import Pyramid, Shape, packed, places, zooms
from holdings.watermark import marked
from hub.account import Role
from hub.opened import OpenedPart, Page
from hub.record_shown import described, leaves
from hub.tile_cache import TileCache
from sync.manifest import Segment, Transform

OPEN, PDF, MARRIED = "关于修缮校舍的请示", "校舍图纸目录", "张建国、王淑珍结婚"


@pytest.fixture(scope="module")
def door(reading_room: Door) -> Door:
    """A hub with a district's records."""
    return reading_room


@pytest.fixture(scope="module")
def archivist(door: Door) -> Browser:
    """Who works with the district's records."""
    return reader(door, "arch", Role.ARCHIVIST, holders=("和平区",))


@pytest.fixture(scope="module")
def agency(door: Door) -> Browser:
    """Who finds what is open alone."""
    return reader(door, "agency")


def test_a_record_tells_where_it_has_been(door: Door, archivist: Browser) -> None:
    """Description by the standard's numbers, versions, receipts, findings; what a query matched leads back to its results."""
    page = archivist.get(f"/records/{numbers(door)[OPEN]}?q=a")
    assert page.says(
        "M22",
        "和教〔2011〕3号",
        "第 1 版（现行）",
        "R1",
        "已收存",
        "R4",
        "没有发现问题",
        "共 2 页",
        "/search?q=a",
        "不代表业务验收",
    )


def test_files_come_out_as_they_came(door: Door, archivist: Browser, agency: Browser) -> None:
    """Byte for byte, as an attachment of no type, to who works with the record alone; where there is none, 404."""
    number = numbers(door)[OPEN]
    page = archivist.ask("GET", f"/records/{number}/files/2")
    assert (page.status, page.body) == (200, colour(2))
    assert page.headers["content-disposition"] == "attachment; filename*=UTF-8''0002.jpg"
    assert page.headers["content-type"].startswith("application/octet-stream")
    assert archivist.ask("GET", f"/records/{number}/files/3").status == 404
    assert agency.ask("GET", f"/records/{number}/files/1").status == 403


def test_pages_with_the_words_are_named(door: Door, archivist: Browser) -> None:
    """A query that stands in the text of some pages leads to them from the record."""
    number = numbers(door)[OPEN]
    assert archivist.get(f"/records/{number}?q=%E7%AC%AC2%E9%A1%B5").says(
        "这些页上有所查的词", f"/records/{number}/pages/2?q="
    )
    assert not archivist.get(f"/records/{number}?q=%E6%B2%A1%E6%9C%89").says("这些页上有")


def test_a_record_that_may_not_be_seen_is_not_there(door: Door, agency: Browser) -> None:
    """To who may not see it, its page, its pictures and its tiles answer exactly as those of a record that there is not."""
    hidden = numbers(door)[SHUT]
    for tail in ("", "/pages/1", "/pages/1/image", "/pages/1/tiles/0/0/0"):
        seen, missing = agency.ask("GET", f"/records/{hidden}{tail}"), agency.ask("GET", f"/records/999999{tail}")
        assert (seen.status, missing.status) == (404, 404)
        assert seen.text.replace(str(hidden), "") == missing.text.replace("999999", "")
    for number in ("-1", "0", "x", "9" * 40, "1%00", "1.5"):
        assert agency.ask("GET", f"/records/{number}").status == 404


def test_pages_of_every_kind_have_tiles(door: Door, archivist: Browser) -> None:
    """24 bits, G4 and PDF: the viewer knows the page's size, each tile is a picture, a page or tile that there is not is 404."""
    for title, pages in ((OPEN, 2), (SHUT, 1), (PDF, 2)):
        address = f"/records/{numbers(door)[title]}/pages/{pages}"
        shown = archivist.get(address)
        assert shown.says(f"共 {pages} 页", 'data-zooms="[[1,1],', "viewer.js", f'src="{address}/image"'), title
        tile = archivist.ask("GET", f"{address}/tiles/1/0/0")
        assert (tile.status, tile.headers["content-type"].split(";")[0]) == (200, "image/jpeg")
        assert Image.open(io.BytesIO(tile.body)).size == (512, 512)
        assert "no-store" in tile.headers["cache-control"]
        assert Image.open(io.BytesIO(archivist.ask("GET", f"{address}/image").body)).height > 800
        assert archivist.ask("GET", f"{address}/tiles/1/9/0").status == 404
        assert archivist.ask("GET", f"/records/{numbers(door)[title]}/pages/{pages + 1}").status == 404


def test_the_text_stands_beside_the_page(door: Door, archivist: Browser) -> None:
    """Lines with their places in thousandths of the page; the one that the query matches is marked."""
    page = archivist.get(f"/records/{numbers(door)[OPEN]}/pages/2?q=%E6%A0%A1%E8%88%8D")
    assert page.says('data-box="316,389,362,52" class="hit"', "<mark>校舍</mark>", "可信度 95%", "和平区教育局文件")
    assert archivist.get(f"/records/{numbers(door)[PDF]}/pages/1").says("尚未识读")


def test_readers_get_a_watermark(door: Door, archivist: Browser, agency: Browser) -> None:
    """The same tile differs for who only reads; identity numbers are masked for him alone; every page that was looked at stands in the journal once."""
    number = numbers(door)[MARRIED]
    for path in (f"/records/{number}/pages/1/tiles/1/0/0", f"/records/{number}/pages/1/image"):
        plain, marked_one = archivist.ask("GET", path), agency.ask("GET", path)
        assert plain.status == marked_one.status == 200
        assert plain.body != marked_one.body
    assert archivist.get(f"/records/{number}").says("120103195803071234")
    shown = agency.get(f"/records/{number}")
    assert shown.says("120***********1234")
    assert not shown.says("19580307")
    found = list(
        journal.walk(
            door.team.people.parts().database.read(), Filter(person="agency", verb="page-read", outcome=Outcome.DONE)
        )
    )
    assert [act.deed.subject for act in found] == ["和平区/J024-ZY·HY-0004#1"]


def test_what_is_cached_is_sealed(door: Door, archivist: Browser) -> None:
    """No file of the cache holds a picture in clear, nor tells by its name what it is of."""
    path = f"/records/{numbers(door)[OPEN]}/pages/1"
    archivist.get(path)
    head = archivist.ask("GET", f"{path}/tiles/0/0/0").body[:12]  # three bytes alone stand in sealed ones by chance, once in a hundred runs
    assert head.startswith(b"\xff\xd8\xff")
    files = [path for path in (door.hub.path / "tiles").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if head in path.read_bytes() or b"zooms" in path.read_bytes()]


# ---------------------------------------------------------------- parts


def test_a_cache_forgets_the_oldest(tmp_path: Path) -> None:
    """What was put comes back under its own key alone; above the bound what was made longest ago goes; a damaged file is no blob."""
    cache = TileCache(tmp_path, bytes(32), most=3_000)
    for page in range(4):
        cache.put(b"s" * 32, page, b"k" * 16, bytes([page]) * 1_000)
        os.utime(cache._path(b"s" * 32, page), ns=(page, page))
    assert cache.get(b"s" * 32, 1, b"k" * 16) == b"\1" * 1_000
    assert cache.get(b"s" * 32, 1, b"x" * 16) is None
    assert cache.sweep() == 2
    assert [cache.get(b"s" * 32, page, b"k" * 16) is None for page in range(4)] == [True, True, False, False]
    cache._path(b"s" * 32, 3).write_bytes(b"short")
    assert cache.get(b"s" * 32, 3, b"k" * 16) is None


@pytest.mark.parametrize(("width", "height"), [(1, 1), (512, 512), (513, 1), (2480, 3508), (9933, 14043)])
def test_zooms_end_in_one_tile(width: int, height: int) -> None:
    """Each level halves the one above; the first is one tile, the last has all pixels; what was packed is read tile by tile."""
    found = zooms(width, height)
    assert found[0] == (1, 1)
    assert found[-1] == (-(-width // 512), -(-height // 512))
    shape = Shape(width, height, 512, found)
    tiles = [repr(place).encode() for place in places(shape)]
    read = Pyramid.read(packed(shape, b"whole", tiles))
    assert (read.shape, read.preview) == (shape, b"whole")
    assert all(read.tile(*place) == repr(place).encode() for place in places(shape))
    assert read.tile(0, 1, 0) is None
    with pytest.raises(ValueError, match="length"):
        Pyramid.read(packed(shape, b"whole", tiles) + b"x")


@pytest.mark.parametrize("kind", [media.JPEG, media.TIFF, media.PNG, media.PDF, media.WEBP, media.GIF])
@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xd8\xff\xe0" + b"\0" * 64, b"II*\0" + b"\xff" * 64, b"%PDF-1.7\n" + b"0" * 64],
    ids=("none", "jpeg", "tiff", "pdf"),
)
def test_what_does_not_decode_is_said(kind: str, data: bytes) -> None:
    """Whatever the bytes are and whatever they are called: a sentence, never another fault."""
    import msgspec

    from holdings.page_pyramid import pyramid

    with pytest.raises(MediaUnreadable):
        pyramid(data, msgspec.json.encode({"media_type": kind, "page": 0}).decode())


def test_one_representation_is_shown() -> None:
    """Of the same pages kept as master and for use the latter is looked at; damaged files and texts have no pages; PDFs have as many as they have."""

    def file(name: str, kind: str, pages: int = 1) -> Page:
        return Page(
            0,
            name,
            b"s" * 32,
            OpenedPart(b"s" * 32, 1, Transform.STORE, (Segment(b"k" * 16, b"p" * 32, 0, 1),), kind, pages, None),
        )

    both = [file("1.tif", media.TIFF), file("1.jpg", media.JPEG), file("n.txt", media.TEXT)]
    assert [leaf.name for leaf in leaves(both, bytes([Use.MASTER, Use.ACCESS, Use.MASTER]))] == ["1.jpg"]
    assert [leaf.name for leaf in leaves(both)] == ["1.tif", "1.jpg"]
    assert [(leaf.number, leaf.page) for leaf in leaves([file("v.pdf", media.PDF, 3)])] == [(1, 0), (2, 1), (3, 2)]
    assert leaves([Page(0, "gone.jpg", b"s" * 32, None)]) == []


def test_a_description_follows_the_standard() -> None:
    """In the order of DA/T 46, a site's own elements behind; blanks are left out."""
    told = described({"自定": "x", "题名": "t", "档号": "c", "密级": ""})
    assert [(one.name, one.number) for one in told] == [("档号", "M8"), ("题名", "M22"), ("自定", "")]


def test_a_watermark_changes_what_it_marks() -> None:
    """The marked picture is another picture of the same size, darker here and there, and legible under it."""
    out = io.BytesIO()
    Image.new("L", (512, 512), 255).save(out, "JPEG")
    with Image.open(io.BytesIO(marked(out.getvalue(), "市民政局 2026-11-22"))) as image:
        darkest, lightest = image.getextrema()
        assert image.size == (512, 512)
        assert 150 < darkest < 240 < lightest
