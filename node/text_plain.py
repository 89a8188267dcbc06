"""Plain text and HTML, by the encoding their bytes show; runs in the sandbox."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import lxml.html
from lxml import etree

from holdings import media
from holdings.errors import MediaUnreadable, SheetUnreadable
from holdings.table_encoding import plain_text
from node.text_lines import Pieces

HTML: Final = "text/html"
HTML_MAX: Final = 32 << 20  # bytes; its tree takes some ten times as much
_HEAD: Final = re.compile(
    rb"^\s*(?:<\?xml[^>]{0,200}>\s*)?<(?:!doctype\s+html|html|head|body|meta|title)\b", re.IGNORECASE
)
_UNSAID: Final = frozenset({"script", "style", "template", "noscript"})
_BLOCKS: Final = frozenset(
    (
        *(
            "address",
            "article",
            "aside",
            "blockquote",
            "br",
            "caption",
            "dd",
            "div",
            "dl",
            "dt",
            "footer",
            "form",
            "h1",
            "h2",
            "h3",
            "h4",
        ),
        *(
            "h5",
            "h6",
            "header",
            "hr",
            "li",
            "main",
            "ol",
            "p",
            "pre",
            "section",
            "table",
            "td",
            "th",
            "title",
            "tr",
            "ul",
        ),
    )
)


def open_text(data: bytes) -> Pieces:
    """Read a text file, or a page of HTML.

    Raises:
        MediaUnreadable: it is no text.
    """
    try:
        plain, encoding, shown = plain_text(data)
    except SheetUnreadable as fault:
        raise MediaUnreadable(
            "未能读取：不是 UTF-8、UTF-16 或 GB18030 编码的文本。请另存为 UTF-8 文本后重新放入"
        ) from fault
    said = plain.decode(encoding, "replace")
    if _HEAD.match(plain[:1024]):
        if len(plain) > HTML_MAX:
            raise MediaUnreadable("未能读取：网页超过 32 MiB。请拆分后重新放入")
        return Pieces(HTML, "html", f"lxml {etree.__version__} {shown}", _html(said))
    return Pieces(media.TEXT, "text", shown, said.splitlines())


def _html(said: str) -> Iterator[str]:
    """The words of a page of HTML, a line for every block."""
    try:
        # As bytes: a text with a declaration of its encoding is refused.
        parser = lxml.html.HTMLParser(
            encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False
        )
        root = lxml.html.document_fromstring(said.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError) as fault:
        raise MediaUnreadable("未能读取：网页不合格式。请另存为文本或 PDF 后重新放入") from fault
    line: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        name = element.tag if isinstance(element.tag, str) else ""
        if name in _BLOCKS:
            yield " ".join("".join(line).split())
            line = []
        said_here = element.text if event == "start" else element.tail
        parent = element if event == "start" else element.getparent()
        if said_here and (parent is None or parent.tag not in _UNSAID):
            line.append(said_here)
    yield " ".join("".join(line).split())
