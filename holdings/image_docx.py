"""Scans inside a text document .docx (ECMA-376-1): pictures that cover a page, and how finely they were scanned; runs in the sandbox.

Such a document says nothing of where its pages end: every picture that stands in it is looked at in its order, and one that covers
half of the page counts as a scan, as in OFD (holdings/image_ofd.py).
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from typing import Final

from lxml import etree

from holdings.errors import MediaUnreadable
from holdings.image_ofd import COVERS, MM_PER_INCH, XML_MAX, Scan
from holdings.zipped import BROKEN, DOCUMENT_BOUNDS, check_zip

PICTURES_MAX: Final = 1_000  # pictures of one document that are looked at
PICTURE_BYTES_MAX: Final = 256 << 20
_EMU_PER_MM: Final = 914_400 / MM_PER_INCH
_TWIPS_PER_MM: Final = 1_440 / MM_PER_INCH
_A4: Final = (210.0, 297.0)
_LENGTH_MAX: Final = 10_000.0  # millimetres; what is longer is no picture on paper
_WORDS: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_EMBED: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}embed"
_MAIN: Final = "word/document.xml"
_LINKS: Final = "word/_rels/document.xml.rels"


def scans(data: bytes, first: int, count: int) -> Iterator[Scan | None]:
    """Pictures `first` … in their order; None for one that is a figure in a text. MediaUnreadable for what is no such document, or
    breaks off."""
    container = check_zip(data, DOCUMENT_BOUNDS)
    try:
        document, linked = _parsed(container, _MAIN), _linked(container)
        across, down = _page(document)
        for width, height, member in list(_drawn(document, linked))[:PICTURES_MAX][first : first + count]:
            if width * height < COVERS * across * down or container.getinfo(member).file_size > PICTURE_BYTES_MAX:
                yield None
            else:
                yield Scan(container.read(member), width, height)
    except (etree.XMLSyntaxError, *BROKEN) as fault:
        raise MediaUnreadable("DOCX 内的正文读不出") from fault


def _drawn(document: etree._Element, linked: dict[str, str]) -> Iterator[tuple[float, float, str]]:
    """(width, height in millimetres, member) of every embedded picture; one that is only linked to lies elsewhere and is none."""
    for drawing in document.iter(f"{_WORDS}drawing"):
        extent, picture = drawing.find(".//{*}extent"), drawing.find(".//{*}blip")
        member = linked.get(picture.get(_EMBED) or "") if picture is not None else None
        size = tuple(_number(extent.get(side)) / _EMU_PER_MM for side in ("cx", "cy")) if extent is not None else ()
        if member and len(size) == 2 and all(0 < one <= _LENGTH_MAX for one in size):
            yield size[0], size[1], member


def _linked(container: zipfile.ZipFile) -> dict[str, str]:
    """Members by the ids under which the text names them."""
    members = set(container.namelist())
    if _LINKS not in members:
        return {}
    found: dict[str, str] = {}
    for one in _parsed(container, _LINKS).iter("{*}Relationship"):
        target = one.get("Target") or ""
        member = posixpath.normpath(target.lstrip("/") if target.startswith("/") else posixpath.join("word", target))
        if one.get("TargetMode") != "External" and member in members:
            found[one.get("Id") or ""] = member
    return found


def _page(document: etree._Element) -> tuple[float, float]:
    """Width and height in millimetres of the last section's page; A4 where it says none."""
    size = document.find(f"{_WORDS}body/{_WORDS}sectPr/{_WORDS}pgSz")
    said = [_number(size.get(f"{_WORDS}{side}")) / _TWIPS_PER_MM for side in ("w", "h")] if size is not None else []
    return (said[0], said[1]) if said and all(0 < one <= _LENGTH_MAX for one in said) else _A4


def _number(text: str | None) -> float:
    """A whole number as these documents write lengths, 0 for anything else."""
    return float(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 12 else 0.0


def _parsed(container: zipfile.ZipFile, name: str) -> etree._Element:
    if name not in container.namelist() or container.getinfo(name).file_size > XML_MAX:
        raise MediaUnreadable("DOCX 内缺少正文，或正文过大")
    return etree.fromstring(container.read(name), etree.XMLParser(resolve_entities=False, no_network=True))
