"""Regular expressions that are compiled when first asked: two hundred stand in the modules, a run needs a few, and one with a range of Chinese
characters costs 2 ms.
"""

from __future__ import annotations

import re
from typing import Any, cast


def expression(text: str, flags: int = 0) -> re.Pattern[str]:
    """What `re.compile` gives, to all who call its methods; whether `text` is an expression at all is only known then
    (tests/test_holdings_expression.py asks them all)."""
    return cast("re.Pattern[str]", Later(text, flags))


class Later:
    """An expression that nobody has asked yet."""

    def __init__(self, text: str, flags: int) -> None:
        """As re.compile."""
        self._said = text, flags

    def __getattr__(self, name: str) -> Any:
        """A method of the compiled expression, which from then on is found without coming here."""
        found = getattr(re.compile(*self._said), name)
        setattr(self, name, found)
        return found
