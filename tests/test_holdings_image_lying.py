"""Pages turned by 90°, upright writing that is not, and scans inside OFD documents."""

from __future__ import annotations

import io
import random
import zipfile

import drawn_pages
import pytest
from PIL import Image, ImageDraw

from holdings import media
from holdings.check import Verdict
from holdings.errors import MediaUnreadable
from holdings.image_checks import Fault, judge, read_measures, rules_of
from holdings.image_measure import measure_file

RULES = rules_of()
EM = drawn_pages.EM


def said(image: Image.Image, kind: str = "JPEG", media_type: str = media.JPEG) -> tuple[Verdict, str]:
    """What is said of which way up the page lies."""
    page = read_measures(measure_file(drawn_pages.encoded(image, kind), f"{media_type};0;1"))[0]
    assert page is not None
    return next((one.verdict, one.detail) for one in judge(page, RULES) if one.fault is Fault.UPSIDE_DOWN)


def upright_writing(seed: int) -> Image.Image:
    """Columns from right to left, commas in the upper right of their cells."""
    r, image = random.Random(seed), Image.new("L", drawn_pages.A4, 235)
    draw = ImageDraw.Draw(image)
    for x in range(drawn_pages.A4[0] - 200 - EM, 200, -int(1.7 * EM)):
        for cell in range(r.randint(25, 42)):
            y = 200 + cell * (EM + 2)
            if cell and r.random() < 0.1:
                draw.ellipse([x + EM - 12, y + 4, x + EM - 4, y + 14], fill=40)
            else:
                drawn_pages.glyph(draw, r, x, y, 40)
    return image


@pytest.mark.parametrize("kind", ["JPEG", "G4"])
@pytest.mark.parametrize("turn", [90, 270])
@pytest.mark.parametrize("seed", [3, 4])
def test_a_turned_page_is_found_and_says_how_to_turn_it_back(seed: int, turn: int, kind: str) -> None:
    """Turned clockwise by 90° it must be turned by 270° more, and the other way round."""
    page = drawn_pages.page(seed).rotate(-turn, expand=True, fillcolor=232)
    verdict, detail = said(page, kind, media.TIFF if kind == "G4" else media.JPEG)
    assert (verdict, f"顺时针转 {360 - turn}°" in detail) == (Verdict.FAILED, True), detail


@pytest.mark.parametrize("seed", range(4))
def test_upright_writing_is_neither_turned_nor_upside_down(seed: int) -> None:
    """竖排 is left alone; a page of a few lines, and one that lies right, too."""
    assert said(upright_writing(seed)) == (Verdict.PASSED, "竖排")
    assert said(drawn_pages.page(seed, lines=6))[0] in (Verdict.PASSED, Verdict.UNTESTED)
    assert said(drawn_pages.page(seed).rotate(180))[1].startswith("行内")


def ofd(*pictures: bytes, boundary: str = "0 0 210 297") -> bytes:
    """An OFD document, a picture a page."""
    out, space = io.BytesIO(), 'xmlns:ofd="http://www.ofdspec.org/2016"'
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("OFD.xml", f"<ofd:OFD {space}><ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>")
        listed = "".join(f'<ofd:Page ID="{n}" BaseLoc="Pages/Page_{n}/Content.xml"/>' for n in range(len(pictures)))
        common = "<ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea><ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes>"
        made.writestr("Doc_0/Document.xml", f"<ofd:Document {space}><ofd:CommonData>{common}</ofd:CommonData><ofd:Pages>{listed}</ofd:Pages></ofd:Document>")
        medias = "".join(f'<ofd:MultiMedia ID="1{n}" Type="Image"><ofd:MediaFile>p{n}.jpg</ofd:MediaFile></ofd:MultiMedia>' for n in range(len(pictures)))
        made.writestr("Doc_0/DocumentRes.xml", f'<ofd:Res {space} BaseLoc="Res"><ofd:MultiMedias>{medias}</ofd:MultiMedias></ofd:Res>')
        for n, data in enumerate(pictures):
            drawn = f'<ofd:Content><ofd:Layer><ofd:ImageObject ID="2{n}" ResourceID="1{n}" Boundary="{boundary}"/></ofd:Layer></ofd:Content>'
            made.writestr(f"Doc_0/Pages/Page_{n}/Content.xml", f"<ofd:Page {space}>{drawn}</ofd:Page>")
            made.writestr(f"Doc_0/Res/p{n}.jpg", data)
    return out.getvalue()


def test_pictures_inside_an_ofd_are_looked_at() -> None:
    """Each page by itself, at the resolution that it has on the page; a figure in a text is no scan."""
    good, bad = drawn_pages.page(5), drawn_pages.page(6).rotate(180)
    data = ofd(drawn_pages.encoded(good), drawn_pages.encoded(bad))
    first, second = read_measures(measure_file(data, f"{media.OFD};0;10"))
    assert first is not None
    assert second is not None
    assert abs(first.dpi - 200) < 2
    found = [next(one.verdict for one in judge(page, RULES) if one.fault is Fault.UPSIDE_DOWN) for page in (first, second)]
    assert found == [Verdict.PASSED, Verdict.FAILED]
    assert read_measures(measure_file(ofd(drawn_pages.encoded(good), boundary="20 20 80 60"), f"{media.OFD};0;10")) == [None]
    assert len(read_measures(measure_file(data, f"{media.OFD};1;1"))) == 1


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", ofd(b"no picture"), ofd()[:-30]])
def test_a_broken_ofd_is_said(data: bytes) -> None:
    """Whatever is wrong inside ends as one sentence."""
    with pytest.raises(MediaUnreadable):
        read_measures(measure_file(data, f"{media.OFD};0;10"))
