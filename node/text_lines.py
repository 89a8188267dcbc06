"""Texts without pages, cut into pieces that count as pages (format.md §6.5): office files, plain text, HTML; runs in the sandbox."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from holdings.errors import MediaUnreadable
from holdings.page_facts import PageFacts
from holdings.page_text import LINE_MAX, PageText, TextLine, one_line

PIECE_LINES: Final = 500
PIECE_BYTES: Final = 128 * 1024
TEXT_MAX: Final = 64 << 20  # bytes of text of one file
PIECES_MAX: Final = 10_000
TOP_LINES: Final = 20


class Pieces:
    """A file whose text stands in lines.

    Args:
        engine: `docx`, `sheet`, `pptx`, `text`, `html`.
        version: of what reads it.
        lines: in order; longer ones are cut, blank ones left out.

    Raises:
        MediaUnreadable: more text than a file can have.
    """

    def __init__(self, media_type: str, engine: str, version: str, lines: Iterable[str]) -> None:
        self._media_type, self._engine, self._version = media_type, engine, version
        self._pieces: list[tuple[TextLine, ...]] = []
        piece: list[TextLine] = []
        size = whole = 0
        for line in _cut(lines):
            length = len(line.encode()) + 32
            size, whole = size + length, whole + length
            if whole > TEXT_MAX or len(self._pieces) >= PIECES_MAX:
                raise MediaUnreadable("未能读取：文件中的文字超过 64 MiB。请拆分后重新放入")
            if piece and (len(piece) >= PIECE_LINES or size > PIECE_BYTES):
                self._pieces.append(tuple(piece))
                piece, size = [], length
            piece.append(TextLine(line))
        self._pieces.append(tuple(piece))
        self.count = len(self._pieces)

    def page(self, index: int) -> tuple[PageText, PageFacts]:
        """As the contract says; facts hold the type alone."""
        text = PageText(self._engine, self._version, 0, 0, lines=self._pieces[index])
        return text, PageFacts(self._media_type, index, self.count)

    def top(self, index: int) -> str:
        """Its first lines."""
        return "\n".join(line.text for line in self._pieces[index][:TOP_LINES])


def _cut(lines: Iterable[str]) -> Iterable[str]:
    for whole in lines:
        for at in range(0, len(whole), LINE_MAX):
            if line := one_line(whole[at : at + LINE_MAX]):
                yield line
