"""Scans inside an OFD document (GB/T 33190-2016): which picture is the page, and how finely it was scanned; runs in the sandbox.

Of each page the largest picture counts when it covers half of the page, as in a PDF (holdings/image_page.py).
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from typing import Final

from lxml import etree
from msgspec import Struct

from holdings.errors import MediaUnreadable
from holdings.zipped import BROKEN, DOCUMENT_BOUNDS, check_zip

MM_PER_INCH: Final = 25.4
XML_MAX: Final = 16 << 20  # bytes of one part of the document that is read
COVERS: Final = 0.5  # share of the page that its picture must cover to be a scan of it
_DRAWN_MAX: Final = 1_000  # pictures looked at on one page


class Scan(Struct, frozen=True):
    """The picture of a page: its bytes as they lie there, and width and height in millimetres on the page."""

    data: bytes
    across: float
    down: float


def scans(data: bytes, first: int, count: int) -> Iterator[Scan | None]:
    """Pictures of pages `first` …; None for a page that is no scan. MediaUnreadable for what is no OFD, or breaks off."""
    container = check_zip(data, DOCUMENT_BOUNDS)
    members = {name.casefold(): name for name in container.namelist()}
    try:
        root = _parsed(container, members, "OFD.xml")
        for body in (one.text or "" for one in root.iter("{*}DocRoot")):
            yield from _document(container, members, _at("", body), first, count)
            return
    except (etree.XMLSyntaxError, *BROKEN) as fault:
        raise MediaUnreadable("OFD 内的页面描述读不出") from fault
    raise MediaUnreadable("OFD 内没有文档")


def _document(container: zipfile.ZipFile, members: dict[str, str], path: str, first: int, count: int) -> Iterator[Scan | None]:
    document = _parsed(container, members, path)
    pictures = _resources(container, members, path, document)
    box = _box(document.find("{*}CommonData/{*}PageArea/{*}PhysicalBox"))
    pages = [page.get("BaseLoc") or "" for page in document.findall("{*}Pages/{*}Page")]
    for place in pages[first : first + count]:
        page = _parsed(container, members, _at(path, place))
        across, down = _box(page.find("{*}Area/{*}PhysicalBox")) or box or (0.0, 0.0)
        best: tuple[float, float, str] | None = None
        for drawn in list(page.iter("{*}ImageObject"))[:_DRAWN_MAX]:
            size = _box_of(drawn.get("Boundary") or "")
            member = pictures.get(drawn.get("ResourceID") or "")
            if size and member and (best is None or size[0] * size[1] > best[0] * best[1]):
                best = (*size, member)
        if best is None or best[0] * best[1] < COVERS * across * down:
            yield None
        else:
            yield Scan(container.read(best[2]), best[0], best[1])


def _resources(container: zipfile.ZipFile, members: dict[str, str], path: str, document: etree._Element) -> dict[str, str]:
    """Members of pictures by their ids."""
    found: dict[str, str] = {}
    for kind in ("PublicRes", "DocumentRes"):
        for one in document.findall(f"{{*}}CommonData/{{*}}{kind}"):
            where = _at(path, one.text or "")
            if where.casefold() not in members:
                continue
            table = _parsed(container, members, where)
            base = posixpath.join(posixpath.dirname(where), table.get("BaseLoc") or "")
            for media in table.iter("{*}MultiMedia"):
                file = media.find("{*}MediaFile")
                member = members.get(_normal(posixpath.join(base, (file.text or "").strip() if file is not None else "")).casefold())
                if member and media.get("ID"):
                    found[str(media.get("ID"))] = member
    return found


def _parsed(container: zipfile.ZipFile, members: dict[str, str], path: str) -> etree._Element:
    name = members.get(path.casefold())
    if name is None or container.getinfo(name).file_size > XML_MAX:
        raise MediaUnreadable("OFD 内缺少页面描述，或描述过大")
    return etree.fromstring(container.read(name), etree.XMLParser(resolve_entities=False, no_network=True))


def _at(beside: str, place: str) -> str:
    """A location as the member beside which it is written means it; a leading slash means the root of the package."""
    place = place.strip()
    return _normal(place if place.startswith("/") else posixpath.join(posixpath.dirname(beside), place))


def _normal(path: str) -> str:
    return posixpath.normpath(path).lstrip("/")


def _box(element: etree._Element | None) -> tuple[float, float] | None:
    return _box_of(element.text or "") if element is not None else None


def _box_of(text: str) -> tuple[float, float] | None:
    """(width, height) in millimetres of `x y width height`."""
    try:
        _, _, across, down = (float(word) for word in text.split())
    except ValueError:
        return None
    return (across, down) if across > 0 and down > 0 else None
