"""Text for a cell of a table that people open in a spreadsheet program: never a formula (CWE-1236); pure."""

from __future__ import annotations

from typing import Final

_BEGINS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")
"""What a spreadsheet program may take for the beginning of a formula or of a command; it strips blanks before it looks."""


def harmless(text: str) -> str:
    """The text, behind an apostrophe where a spreadsheet program would compute it.

    >>> harmless("=1+1"), harmless(" @SUM(A1)"), harmless("关于修缮的请示")
    ("'=1+1", "' @SUM(A1)", '关于修缮的请示')
    """
    return f"'{text}" if text[:1] in _BEGINS or text.lstrip()[:1] in _BEGINS else text
