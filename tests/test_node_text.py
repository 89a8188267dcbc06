"""Text straight from documents: PDF with and without a layer, OFD, office files, text, HTML; what cannot be read says so with a remedy."""

from __future__ import annotations

import io
import json
import struct
import zipfile

import docx
import pptx
import pypdfium2
import pytest
import written_pages
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from holdings import page_facts, page_text
from holdings.errors import MediaUnreadable
from holdings.page_text import PageText
from node import reading_child
from node.reading_worker import PageRead, decode
from node.text_document import open_document
from node.text_lines import PIECE_LINES

NEEDS_FONT = pytest.mark.skipif(
    written_pages.font_path() is None, reason="no Chinese font on this machine (fonts-wqy-zenhei)"
)
NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'
SAID = ["临江市人民政府文件", "津临政〔2009〕13号", "关于整理农村税费改革档案的通知"]


def read(data: bytes, name: str = "") -> list[PageRead]:
    """All pages, as the sandbox sends them."""
    return [decode(piece) for piece in reading_child.read_part(data, json.dumps({"name": name, "first": 0}))]


def texts(data: bytes) -> list[PageText]:
    """The texts of all pages."""
    return [page_text.decode(page.text) for page in read(data)]


def ofd(content: str, **more: bytes) -> bytes:
    """An OFD of one page."""
    out = io.BytesIO()
    members = {
        "OFD.xml": f"<ofd:OFD {NS}><ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>".encode(),
        "Doc_0/Document.xml": f'<ofd:Document {NS}><ofd:CommonData><ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea>'
        '<ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes></ofd:CommonData><ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/0.xml"/></ofd:Pages></ofd:Document>'.encode(),
        "Doc_0/Pages/0.xml": f"<ofd:Page {NS}><ofd:Content><ofd:Layer>{content}</ofd:Layer></ofd:Content></ofd:Page>".encode(),
        "Doc_0/DocumentRes.xml": f'<ofd:Res {NS} BaseLoc="Res"><ofd:MultiMedias><ofd:MultiMedia ID="9"><ofd:MediaFile>a.jpg</ofd:MediaFile></ofd:MultiMedia>'
        "</ofd:MultiMedias></ofd:Res>".encode(),
        **more,
    }  # fmt: skip
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as container:
        for name, data in members.items():
            container.writestr(name, data)
    return out.getvalue()


@NEEDS_FONT
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_pdf_that_was_born_digital(turn: int) -> None:
    """Its own text comes line by line with boxes where the letters stand, also where the page is turned; no engine is asked."""
    page = texts(written_pages.born_digital(SAID, turn=turn))[0]
    assert ([line.text for line in page.lines], page.engine) == (SAID, "pdf")
    assert (page.orientation.value + turn) % 360 == 0
    assert (page.width, page.height) == ((1654, 2339) if turn % 180 == 0 else (2339, 1654))
    x, y, x1, y1 = page.lines[0].box[:4]
    # 74 pt from the left and 90 pt from above, nine characters of 16 pt along.
    begin = {0: (205, 205), 90: (2339 - 205, 205), 180: (1654 - 205, 2339 - 205), 270: (205, 1654 - 205)}[turn]
    assert abs(x - begin[0]) < 30
    assert abs(y - begin[1]) < 30
    assert 380 < abs(x1 - x) + abs(y1 - y) < 460


@NEEDS_FONT
def test_a_layer_counts_where_it_covers_the_page() -> None:
    """双层PDF: a layer under the whole of the writing is taken as it is; one that says a word in a corner is not, and the picture is read."""
    made = written_pages.page("simplified", 3, 150)
    whole = texts(written_pages.born_digital(made.lines[3:], picture=_where_layers_stand(made.lines[3:])))[0]
    assert (whole.engine, [line.text for line in whole.lines]) == ("pdf", [line.strip("　") for line in made.lines[3:]])
    corner = read(written_pages.born_digital(["扫描软件"], picture=written_pages.worn(made.image, "scan")))[0]
    page = page_text.decode(corner.text)
    assert page.engine == "rapidocr"
    assert written_pages.errors(page.text, made.text)[0] <= 0.01 * len(made.text)
    facts = page_facts.decode(corner.facts)
    assert (facts.width, facts.height, facts.dpi // 10, facts.bits) == (page.width, page.height, 150, 8)


def _where_layers_stand(lines: list[str]) -> Image.Image:
    """The picture of what `born_digital` writes invisibly."""
    return pypdfium2.PdfDocument(written_pages.born_digital(lines))[0].render(scale=150 / 72).to_pil().convert("RGB")


def test_an_ofd_and_the_places_of_its_text() -> None:
    """TextCode and its advances give lines and boxes, `g n v` too; text from top to bottom is upright writing."""
    page = texts(
        ofd(
            '<ofd:TextObject ID="2" Boundary="20 30 170 10" Size="5"><ofd:TextCode X="0" Y="5" DeltaX="g 8 5">临江市人民政府文件</ofd:TextCode></ofd:TextObject>'
            '<ofd:TextObject ID="3" Boundary="180 40 10 200" Size="5"><ofd:TextCode X="0" Y="5" DeltaY="6 6 6">特別市政</ofd:TextCode></ofd:TextObject>'
        )
    )[0]
    assert [(line.text, line.vertical) for line in page.lines] == [("临江市人民政府文件", False), ("特別市政", True)]
    assert (page.engine, page.width, page.height) == ("ofd", 1654, 2339)
    left, top, right, _, _, bottom = page.lines[0].box[:6]
    assert (round(left / 1654 * 210), round(right / 1654 * 210)) == (20, 65)
    assert (round(top / 2339 * 297), round(bottom / 2339 * 297)) == (30, 36)
    assert page.lines[1].box[0] > page.lines[1].box[6]


@NEEDS_FONT
def test_an_ofd_whose_page_is_a_picture() -> None:
    """The picture is read where it stands on the page."""
    picture = written_pages.jpeg(written_pages.page("simplified", 1, 150).image, "clean", 150)
    page = texts(
        ofd('<ofd:ImageObject ID="4" ResourceID="9" Boundary="0 0 210 297"/>', **{"Doc_0/Res/a.jpg": picture})
    )[0]
    assert page.engine == "rapidocr"
    assert page.lines[0].text == written_pages.page("simplified", 1, 150).lines[0]


def office(kind: str) -> bytes:
    """A small file of an office program."""
    out = io.BytesIO()
    if kind == "docx":
        document = docx.Document()
        document.add_paragraph("关于税费的通知\n一、概况")
        table = document.add_table(1, 2)
        table.cell(0, 0).text, table.cell(0, 1).text = "甲", "乙"
        document.add_paragraph("二〇〇九年")
        document.save(out)
    elif kind == "xlsx":
        book = xlsxwriter.Workbook(out)
        sheet = book.add_worksheet("目录")
        sheet.write_row(0, 0, ["题名", "页数"])
        sheet.write_row(1, 0, ["关于税费", 12])
        book.close()
    else:
        show = pptx.Presentation()
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text, slide.placeholders[1].text = "汇报", "一、概况\n二、问题"
        show.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "engine", "said"),
    [
        (office("docx"), "docx", ["关于税费的通知", "一、概况", "甲\t乙", "二〇〇九年"]),
        (office("xlsx"), "sheet", ["目录", "题名\t页数", "关于税费\t12"]),
        (office("pptx"), "pptx", ["汇报", "一、概况", "二、问题"]),
        ("说明\r\n\r\n共 12 件\n".encode("gb18030"), "text", ["说明", "共 12 件"]),
        ("\ufeff说明".encode("utf-16-le"), "text", ["说明"]),
        ("<html><head><title>题</title><style>p{}</style></head><body><p>甲<b>乙</b></p><script>x</script>丙</body>".encode(), "html", ["题", "甲乙", "丙"]),
    ],
    ids=["docx", "xlsx", "pptx", "gb18030", "utf-16", "html"],
)  # fmt: skip
def test_what_programs_write(data: bytes, engine: str, said: list[str]) -> None:
    """Their text comes in the order of the file, without places."""
    page = texts(data)[0]
    assert (page.engine, [line.text for line in page.lines], page.width) == (engine, said, 0)


def test_long_texts_come_in_pieces() -> None:
    """Nothing is lost where a text is cut into pieces, and no piece is larger than a page may be."""
    lines = [f"第{n}行" + "字" * (n % 50 * 100) for n in range(1_300)]
    found = read("\n".join(lines).encode())
    assert [page.pages for page in found] == [len(found)] * len(found)
    pages = [page_text.decode(page.text) for page in found]
    assert "".join(page.text for page in pages).replace("\n", "") == "".join(lines)
    assert max(len(page.lines) for page in pages) <= PIECE_LINES


BOMB = ofd("", **{"Doc_0/Pages/0.xml": b"<x>" + b" " * (70 << 20) + b"</x>"})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "另存为 .docx"),
        (bytes(range(256)) * 4, "未能读取"),
        (b"%PDF-1.4\nrubbish\n%%EOF", "已损坏"),
        (b"", "未能读取"),
        (BOMB, "炸弹"),
        (ofd("", **{"OFD.xml": b"<ofd:OFD xmlns:ofd='x'/>"}), "没有页"),
        (ofd("", **{"Doc_0/Document.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}), "未能读取"),
        (office("docx")[:-200], "未能读取"),
        (b"\xff\xd8\xff\xe0" + bytes(300), "图像"),
    ],
    ids=["doc", "unknown", "pdf", "empty", "bomb", "no pages", "entities", "cut docx", "cut jpeg"],
)
def test_what_cannot_be_read_says_why(data: bytes, words: str) -> None:
    """A file that cannot be read is a plain sentence, never a trace and never silence."""
    with pytest.raises(MediaUnreadable) as refused:
        read(data)
    assert words in str(refused.value)


@pytest.mark.fuzz
@given(
    st.binary(max_size=200), st.sampled_from(["%PDF-1.7\n", "<html>", "<?xml version='1.0'?>", ""]), st.integers(0, 3)
)
def test_any_bytes(data: bytes, head: str, kind: int) -> None:
    """Whatever a file holds, it opens, or is refused with a sentence."""
    given_data = [
        head.encode() + data,
        struct.pack("<I", 0x04034B50) + data,
        ofd(f"<a>{data.hex()}</a>") + data,
        office("docx")[: len(data) * 50],
    ][kind]
    try:
        for page in range((document := open_document(given_data, "x")).count):
            document.page(page)
    except MediaUnreadable:
        return
