"""In which encoding a text file is written: found from its bytes, never asked; pure."""

from __future__ import annotations

import codecs
import io
from typing import Final

from holdings.errors import SheetUnreadable

ENCODINGS: Final = ("utf-8", "gb18030")
VOTES_MAX: Final = 20_000  # lines that are not ASCII; they decide, and the others are judged one by one
_PIECE: Final = 1 << 20
_UTF16: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_HEAD: Final = 64 << 10  # bytes, even, by which text without a mark is known
_CLEAR: Final = 3  # times as many zero bytes in one half of the pairs as in the other; 一 (4E00) has one in the wrong half
_PRINTED: Final = 0.95  # share of printable characters below which it is no text


def plain_text(data: bytes) -> tuple[bytes, str, str]:
    """Bytes without a mark at their beginning, their encoding (utf-8 or gb18030), and the one to be shown.

    UTF-16 ("Unicode text" of spreadsheet programs) comes back as UTF-8 and is shown as it was. SheetUnreadable when it
    is no text.
    """
    if encoding := utf16_of(data):
        marked = data[:2] in _UTF16
        try:
            return _recode(data[2:] if marked else data, encoding), "utf-8", "utf-16" if marked else encoding
        except UnicodeError as fault:
            raise SheetUnreadable("UTF-16 文本已损坏；请另存为 UTF-8 的 csv") from fault
    data = data.removeprefix(codecs.BOM_UTF8)
    if not data.strip():
        raise SheetUnreadable("目录表是空文件；请重新导出")
    encoding = detect(data)
    return data, encoding, encoding


def utf16_of(data: bytes) -> str:
    """`utf-16-le` or `utf-16-be` when a file, of which the beginning is enough, is written so; else blank.

    Without a mark at its beginning, text shows itself by the zero bytes of its digits, delimiters and line ends.
    """
    if known := _UTF16.get(data[:2]):
        return known
    head = data[: min(_HEAD, len(data) & ~1)]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) < 2 or max(even, odd) < _CLEAR * min(even, odd):
        return ""
    encoding = "utf-16-le" if odd > even else "utf-16-be"
    # The last character of a head may be half of a pair of surrogates.
    text = head.decode(encoding, "replace")
    good = sum(c.isprintable() or c in "\t\r\n\f\x1a" for c in text) - text.count("\ufffd")
    return encoding if "\n" in text and good >= _PRINTED * len(text) else ""


def detect(data: bytes) -> str:
    """Strict detection: UTF-8 when the whole decodes, else by vote of the lines, so that one damaged line does not turn
    the others into nonsense.
    """
    if decodes(data, "utf-8"):
        return "utf-8"
    votes, voters = dict.fromkeys(ENCODINGS, 0), 0
    for line in io.BytesIO(data):
        if line.isascii():
            continue
        voters += 1
        for encoding in ENCODINGS:
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                continue
            votes[encoding] += 1
            break
        if voters == VOTES_MAX:
            break
    best = max(votes, key=lambda encoding: votes[encoding])
    if 2 * votes[best] < voters or b"\0" * 8 in data[:4096]:
        raise SheetUnreadable("不是文本，或既非 UTF-8 也非 GB18030 编码；请另存为 .xlsx 或 UTF-8 的 csv")
    return best


def is_utf8_chinese(raw: bytes) -> bool:
    """Whether bytes in a GB18030 file are UTF-8 instead: valid UTF-8 with four or more Chinese characters does not
    happen by chance.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return sum("\u4e00" <= c <= "\u9fff" for c in text) >= 4


def decodes(data: bytes, encoding: str) -> bool:
    """Whether all bytes decode, in pieces, so that no second copy of a large file is made."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for start in range(0, len(data), _PIECE):
            decoder.decode(data[start : start + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _recode(data: bytes, encoding: str) -> bytes:
    """As UTF-8, in pieces."""
    decoder = codecs.getincrementaldecoder(encoding)()
    out = bytearray()
    for start in range(0, len(data), _PIECE):
        out += decoder.decode(data[start : start + _PIECE]).encode("utf-8")
    return bytes(out + decoder.decode(b"", final=True).encode("utf-8"))
