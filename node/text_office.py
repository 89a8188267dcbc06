"""Word, spreadsheet and presentation files: their text in the order of the file, without geometry; runs in the sandbox."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from importlib import metadata
from typing import Any, Final

from lxml import etree

from holdings import media
from holdings.errors import MediaUnreadable
from holdings.zipped import BROKEN, DOCUMENT_BOUNDS, check_zip
from node.text_document import PPTX
from node.text_lines import Pieces

ROWS_MAX: Final = 1_048_576  # format.md §14
CELLS_MAX: Final = 32 << 20
DEPTH_MAX: Final = 16  # tables in tables, groups in groups
_FAULTS: Final = (
    *BROKEN, KeyError, IndexError, AttributeError, TypeError, AssertionError, RecursionError, etree.LxmlError, zipfile.LargeZipFile,
)  # fmt: skip


def open_office(data: bytes, kind: str) -> Pieces:
    """Read a docx, xlsx or pptx file.

    Raises:
        MediaUnreadable: it is damaged, closed by a password, or a bomb.
    """
    check_zip(data, DOCUMENT_BOUNDS)
    package, read = {
        media.DOCX: ("python-docx", _docx),
        media.XLSX: ("python-calamine", _sheets),
        PPTX: ("python-pptx", _slides),
    }[kind]
    try:
        return Pieces(
            kind,
            {media.DOCX: "docx", media.XLSX: "sheet"}.get(kind, "pptx"),
            f"{package} {metadata.version(package)}",
            read(data),
        )
    except MediaUnreadable:
        raise
    except _FAULTS as fault:
        raise MediaUnreadable("未能读取：文件内部已损坏或不合格式。请在原程序中打开后另存，再重新放入") from fault


def _docx(data: bytes) -> Iterator[str]:
    """Headers, then paragraphs and tables in order, then footers."""
    import docx

    document = docx.Document(io.BytesIO(data))
    heads: dict[str, None] = {}
    feet: dict[str, None] = {}
    for section in document.sections:
        heads.update(dict.fromkeys(paragraph.text for paragraph in section.header.paragraphs))
        feet.update(dict.fromkeys(paragraph.text for paragraph in section.footer.paragraphs))
    yield from heads
    yield from _blocks(document, 0)
    yield from feet


def _blocks(container: Any, depth: int) -> Iterator[str]:
    for block in container.iter_inner_content():
        if hasattr(block, "rows"):
            if depth < DEPTH_MAX:
                yield from _table(block, depth)
        else:
            yield from block.text.split("\n")


def _table(table: Any, depth: int) -> Iterator[str]:
    """One line a row, cells side by side; a merged cell once."""
    for row in table.rows:
        seen: dict[int, str] = {}
        for cell in row.cells:
            if id(cell._tc) not in seen:
                seen[id(cell._tc)] = " ".join(_blocks(cell, depth + 1))
        yield "\t".join(seen.values())


def _sheets(data: bytes) -> Iterator[str]:
    """One line a row, sheet after sheet, each under its name."""
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        cells = 0
        for name in book.sheet_names:
            yield name
            for row in book.get_sheet_by_name(name).iter_rows():
                cells += len(row)
                if cells > CELLS_MAX:
                    raise MediaUnreadable("未能读取：表格超过 3200 万个单元格。请拆分后重新放入")
                yield "\t".join(map(_cell, (value for value in row if value != "")))
    except (python_calamine.CalamineError, python_calamine.PasswordError) as fault:
        raise MediaUnreadable("未能读取：表格已损坏或有打开密码。请另存为无密码的 .xlsx 后重新放入") from fault


def _cell(value: object) -> str:
    """A cell as it shows: whole numbers without a point."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else str(value)


def _slides(data: bytes) -> Iterator[str]:
    """Shapes and notes, slide after slide."""
    import pptx

    for slide in pptx.Presentation(io.BytesIO(data)).slides:
        yield from _shapes(slide.shapes, 0)
        if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame) is not None:
            yield from notes.text.split("\n")


def _shapes(shapes: Any, depth: int) -> Iterator[str]:
    for shape in shapes:
        if shape.has_text_frame:
            yield from shape.text_frame.text.split("\n")
        elif getattr(shape, "has_table", False):
            yield from ("\t".join(cell.text for cell in row.cells) for row in shape.table.rows)
        elif hasattr(shape, "shapes") and depth < DEPTH_MAX:
            yield from _shapes(shape.shapes, depth + 1)
