"""Scans inside text documents .docx are looked at like scans inside OFD."""

from __future__ import annotations

import io
import zipfile

import docx
import drawn_pages
import pytest
from docx.shared import Mm
from test_holdings_image_lying import RULES

from holdings import check_files, media
from holdings.check import Verdict
from holdings.check_files import Workshop
from holdings.errors import MediaUnreadable
from holdings.image_checks import Fault, judge, read_measures
from holdings.image_measure import measure_file
from sync.sandbox import Sandbox


def document(*pictures: bytes, across: int = 210, words: str = "关于修路的通知") -> bytes:
    """A docx of A4 with words and pictures so many millimetres wide."""
    made = docx.Document()
    section = made.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    made.add_paragraph(words)
    for data in pictures:
        made.add_picture(io.BytesIO(data), width=Mm(across))
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def changed(data: bytes, member: str, old: bytes, new: bytes) -> bytes:
    """The same document with something else in a member."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            body = source.read(name)
            target.writestr(name, body.replace(old, new) if name == member else body)
    return out.getvalue()


GOOD, BAD = drawn_pages.encoded(drawn_pages.page(5)), drawn_pages.encoded(drawn_pages.page(6).rotate(180))


def test_pictures_inside_a_docx_are_looked_at() -> None:
    """Each by itself at the resolution it has on the page; a figure in a text is no scan, and words alone have none."""
    data = document(GOOD, BAD)
    first, second = read_measures(measure_file(data, f"{media.DOCX};0;10"))
    assert first is not None
    assert second is not None
    assert abs(first.dpi - 200) < 3
    found = [
        next(one.verdict for one in judge(page, RULES) if one.fault is Fault.UPSIDE_DOWN) for page in (first, second)
    ]
    assert found == [Verdict.PASSED, Verdict.FAILED]
    assert read_measures(measure_file(document(GOOD, across=60), f"{media.DOCX};0;10")) == [None]
    assert read_measures(measure_file(document(), f"{media.DOCX};0;10")) == []
    assert len(read_measures(measure_file(data, f"{media.DOCX};1;1"))) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04",
        document(GOOD)[:-30],
        changed(document(GOOD), "word/document.xml", b"<w:body>", b"<w:bod>"),
        changed(document(GOOD), "word/media/image1.jpg", GOOD[:200], b"no picture"),
    ],
    ids=["empty", "begin", "cut", "broken text", "no picture"],
)
def test_a_broken_docx_is_said(data: bytes) -> None:
    """Whatever is wrong inside ends as one sentence."""
    with pytest.raises(MediaUnreadable):
        read_measures(measure_file(data, f"{media.DOCX};0;10"))


def test_a_document_of_words_is_not_passed(sandbox: Sandbox) -> None:
    """Without any picture nothing was looked at, and that is said; with one it is measured."""
    shop = Workshop(sandbox, sandbox)
    assert check_files._measure(document(), media.DOCX, shop) == ((), "此格式没有可直接查看的图像")
    measured, why = check_files._measure(document(GOOD), media.DOCX, shop)
    assert (len(measured), why) == (1, "")


def test_a_picture_elsewhere_is_none() -> None:
    """A picture that is only linked to is never fetched, and an extent that is none is passed over."""
    data = changed(
        document(GOOD),
        "word/_rels/document.xml.rels",
        b'Target="media/image1.jpg"',
        b'Target="http://127.0.0.1:9/x.jpg" TargetMode="External"',
    )
    assert read_measures(measure_file(data, f"{media.DOCX};0;10")) == []
    data = changed(document(GOOD), "word/document.xml", b'cx="', b'cx="-')
    assert read_measures(measure_file(data, f"{media.DOCX};0;10")) == []
