"""OFD (GB/T 33190-2016): its text with the place of every line; a page that is a picture is read by the OCR engine; runs in the sandbox."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from typing import Any, Final

import cv2
import numpy as np
from lxml import etree

from holdings import media
from holdings.errors import MediaUnreadable
from holdings.expression import expression
from holdings.page_facts import PageFacts
from holdings.page_text import LINES_MAX, PLAIN_MAX, PageText, TextLine, clamp, one_line
from holdings.zipped import BROKEN, DOCUMENT_BOUNDS, check_zip
from node.text_document import IMAGES, PAGE_DPI

XML_MAX: Final = 64 << 20  # bytes of XML of one member (format.md §14)
PAGES_MAX: Final = 100_000
DOCUMENTS_MAX: Final = 64  # format.md §14
PIXELS_MM: Final = PAGE_DPI / 25.4
A4_MM: Final = (210.0, 297.0)
SIDE_MM_MAX: Final = 5_000.0
PICTURE: Final = 0.3  # as node.text_pdf
UNCOVERED: Final = 0.2
TOP: Final = 0.4
_RISE: Final = 0.9  # of the size: letters above their base line
_NUMBER: Final = expression(r"-?\d{1,7}(?:\.\d{1,12})?(?:[eE]-?\d)?")


class OfdDocument:
    """An opened OFD.

    Raises:
        MediaUnreadable: it is damaged, a bomb, or has no pages.
    """

    def __init__(self, data: bytes) -> None:
        self._zip = check_zip(data, DOCUMENT_BOUNDS)
        self._names = {name.lstrip("/"): name for name in self._zip.namelist()}
        self._pages: list[tuple[str, tuple[float, float]]] = []
        self._templates: dict[str, str] = {}
        self._media: dict[str, str] = {}
        root = self._xml("OFD.xml")
        for where in root.findall(".//{*}DocRoot")[:DOCUMENTS_MAX]:
            self._document(_joined("", where.text))
        self.count = len(self._pages)
        if not 0 < self.count <= PAGES_MAX:
            raise MediaUnreadable(f"未能读取：OFD 没有页，或多于 {PAGES_MAX} 页")

    def page(self, index: int) -> tuple[PageText, PageFacts]:
        """As the contract says."""
        layer, facts, pictures = self._look(index)
        if not pictures:
            return layer, facts
        from node.ocr_image import Raster
        from node.ocr_page import read_image, uncovered

        drawn = Raster(self._drawn(facts, pictures), facts)
        boxes = [line.box for line in layer.lines]
        if boxes and uncovered(drawn, boxes, layer.width, layer.height) <= UNCOVERED:
            return layer, facts
        found = read_image(drawn)
        # What stands in type beside the picture is not on it.
        beside = tuple(line for line in layer.lines if not any(_overlap(line.box, one.box) for one in found.lines))
        return PageText(
            found.engine,
            found.engine_version,
            found.width,
            found.height,
            found.orientation,
            found.skew,
            (found.lines + beside)[:LINES_MAX],
        ), facts

    def top(self, index: int) -> str:
        """As the contract says: of type and of pictures."""
        layer, facts, pictures = self._look(index)
        said = "\n".join(line.text for line in layer.lines if min(line.box[1::2]) <= TOP * max(1, layer.height))
        if not pictures:
            return said
        from node.ocr_image import Raster
        from node.ocr_page import read_image

        return f"{read_image(Raster(self._drawn(facts, pictures), facts), top_only=True).text}\n{said}"

    def _document(self, path: str) -> None:
        """Pages, templates and resources of one document."""
        root, folder = self._xml(path), posixpath.dirname(path)
        size = _size(root.find("{*}CommonData/{*}PageArea"), A4_MM)
        for template in root.iterfind("{*}CommonData/{*}TemplatePage"):
            self._templates[template.get("ID", "")] = _joined(folder, template.get("BaseLoc"))
        for kind in ("PublicRes", "DocumentRes"):
            for listed in root.iterfind(f"{{*}}CommonData/{{*}}{kind}"):
                self._resources(_joined(folder, listed.text))
        for page in root.iterfind("{*}Pages/{*}Page"):
            self._pages.append((_joined(folder, page.get("BaseLoc")), size))
            if len(self._pages) > PAGES_MAX:
                return

    def _resources(self, path: str) -> None:
        if path not in self._names:
            return
        root = self._xml(path)
        folder = _joined(posixpath.dirname(path), root.get("BaseLoc") or ".")
        for one in root.iterfind(".//{*}MultiMedia"):
            self._media[one.get("ID", "")] = _joined(folder, one.findtext("{*}MediaFile"))

    def _look(self, index: int) -> tuple[PageText, PageFacts, list[tuple[str, list[float]]]]:
        """Type, facts, and pictures of some size (name, boundary in mm) of a page."""
        path, size = self._pages[index]
        root = self._xml(path)
        size = _size(root.find("{*}Area"), size)
        width, height = (min(65_535, max(1, round(side * PIXELS_MM))) for side in size)
        content = [
            root,
            *(
                self._xml(self._templates[one.get("TemplateID", "")])
                for one in root.iterfind("{*}Template")
                if one.get("TemplateID") in self._templates
            ),
        ]
        lines: list[TextLine] = []
        pictures: list[tuple[str, list[float]]] = []
        length = 0
        for part in content:
            for element in part.iter("{*}TextObject", "{*}ImageObject"):
                edge = _numbers(element.get("Boundary"))
                if len(edge) != 4:
                    continue
                if etree.QName(element).localname == "ImageObject":
                    name = self._media.get(element.get("ResourceID", ""), "")
                    if name in self._names and edge[2] * edge[3] >= PICTURE * size[0] * size[1]:
                        pictures.append((name, edge))
                    continue
                for line in _text(element, edge, width, height):
                    length += len(line.text.encode()) + 32
                    if len(lines) < LINES_MAX and length <= PLAIN_MAX // 2:
                        lines.append(line)
        return (
            PageText("ofd", f"lxml {etree.__version__}", width, height, lines=tuple(lines)),
            PageFacts(media.OFD, index, self.count, width, height),
            pictures,
        )

    def _drawn(self, facts: PageFacts, pictures: list[tuple[str, list[float]]]) -> Any:
        """The page's pictures where they stand, on white."""
        from node.ocr_image import open_image

        made = np.full((facts.height, facts.width, 3), 255, np.uint8)
        for name, (x, y, wide, high) in pictures[:4]:
            data = self._member(name)
            seen = media.probe(name, len(data), _reader(data))
            if seen.media_type not in IMAGES:
                raise MediaUnreadable(f"未能读取：OFD 第 {facts.page + 1} 页的图像格式（{seen.media_type}）不能识别")
            pixels = open_image(data, seen.media_type).pixels
            left, top = clamp(x * PIXELS_MM, facts.width - 1), clamp(y * PIXELS_MM, facts.height - 1)
            right, bottom = clamp((x + wide) * PIXELS_MM, facts.width), clamp((y + high) * PIXELS_MM, facts.height)
            if right > left and bottom > top:
                fitted = cv2.resize(pixels, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
                made[top:bottom, left:right] = fitted if fitted.ndim == 3 else fitted[:, :, None]
        return made

    def _member(self, path: str) -> bytes:
        try:
            return self._zip.read(self._names[path])
        except (*BROKEN, KeyError, zipfile.LargeZipFile) as fault:
            raise MediaUnreadable("未能读取：OFD 缺少其中一个文件，或已损坏。请重新导出") from fault

    def _xml(self, path: str) -> Any:
        """A member as a tree: no entities, no network, bounded."""
        data = self._member(path)
        if len(data) > XML_MAX:
            raise MediaUnreadable("未能读取：OFD 中的 XML 超过 64 MiB")
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
        )
        try:
            return etree.fromstring(data, parser)
        except (etree.LxmlError, ValueError) as fault:
            raise MediaUnreadable("未能读取：OFD 中的 XML 不合格式。请重新导出") from fault


def _text(element: Any, edge: list[float], width: int, height: int) -> Iterator[TextLine]:
    """The lines of a text object: every TextCode with a place of its own."""
    size = next(iter(_numbers(element.get("Size"))), 3.5)
    matrix = _numbers(element.get("CTM"))
    a, b, c, d, e, f = matrix if len(matrix) == 6 else (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    x = y = 0.0
    for code in element.iterfind("{*}TextCode"):
        text = one_line("".join(code.itertext()))
        x, y = (next(iter(_numbers(code.get(key))), old) for key, old in (("X", x), ("Y", y)))
        across, down = _run(code.get("DeltaX")), _run(code.get("DeltaY"))
        if not text:
            continue
        vertical = sum(down) > sum(across)
        placed = code.get("Y") is not None
        left, top = x, (y - _RISE * size if placed else 0.0)
        right = x + (sum(across) if across else 0.0 if vertical else size * len(text)) + size
        bottom = (y if placed else size) + (sum(down) if vertical else 0.0) + (1 - _RISE) * size
        points = [
            (a * px + c * py + e, b * px + d * py + f)
            for px, py in ((left, top), (right, top), (right, bottom), (left, bottom))
        ]
        if vertical:
            points = [*points[1:], points[0]]
        ends = [
            (
                clamp(min(max(px, 0), edge[2]) * PIXELS_MM + edge[0] * PIXELS_MM, width),
                clamp(min(max(py, 0), edge[3]) * PIXELS_MM + edge[1] * PIXELS_MM, height),
            )
            for px, py in points
        ]
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = ends
        yield TextLine(text, (x0, y0, x1, y1, x2, y2, x3, y3), 1.0, vertical)


def _run(said: str | None) -> list[float]:
    """The distances of DeltaX and DeltaY, of which `g n v` repeats v n times; 32,768 at most."""
    words = (said or "").split()[:65_536]
    found: list[float] = []
    at = 0
    while at < len(words) and len(found) < 32_768:
        if words[at] == "g" and at + 2 < len(words):
            count, value = _numbers(words[at + 1]), _numbers(words[at + 2])
            if count and value:
                found += value[:1] * max(0, min(32_768 - len(found), int(count[0])))
            at += 3
        else:
            found += _numbers(words[at])[:1]
            at += 1
    return found


def _reader(data: bytes) -> media.ReadAt:
    """Reads a member at an offset."""
    return lambda offset, length: data[offset : offset + length]


def _numbers(said: str | None) -> list[float]:
    """The numbers in an attribute."""
    return [float(word) for word in _NUMBER.findall((said or "")[:4_096])]


def _size(area: Any, default: tuple[float, float]) -> tuple[float, float]:
    """Width and height of a PhysicalBox, mm."""
    box = _numbers(area.findtext("{*}PhysicalBox")) if area is not None else []
    return (box[2], box[3]) if len(box) == 4 and all(1 <= side <= SIDE_MM_MAX for side in box[2:]) else default


def _joined(folder: str, said: str | None) -> str:
    """A path inside the container; one with a leading stroke begins at its root."""
    path = (said or "").strip()
    return posixpath.normpath(path.lstrip("/") if path.startswith("/") else posixpath.join(folder, path))


def _overlap(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two boxes share a place."""
    return max(min(one[::2]), min(other[::2])) < min(max(one[::2]), max(other[::2])) and max(
        min(one[1::2]), min(other[1::2])
    ) < min(max(one[1::2]), max(other[1::2]))
