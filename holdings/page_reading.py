"""The text of a part as a reader of the record gets it: all its pages, who read them, how sure, and where a query stands in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import apsw

from holdings import facts_store, text_store
from holdings.search_hit import marks
from holdings.search_needle import looked_for, needles
from holdings.search_request import read_query

MARKS_MAX: Final = 1_000  # of one part; a word that stands everywhere needs no more
Told = dict[str, Any]
Marking = Callable[[str], list[tuple[int, int]]]
"""Places of what is looked for, (start, end) in characters of a text."""


def told(connection: apsw.Connection, record: int, sha256: bytes, marking: Marking) -> Told:
    """`text` of a part of a record (pages parted by form feeds, as a printed text file has them), `engine` (`person` for a
    correction), `confidence` of its least sure page in thousandths (None: not read), `marks` of a query, `facts`: technical metadata."""
    pages = text_store.of_part(connection, record, sha256)
    text = "\f".join(page.text for page in pages)
    return {
        "text": text,
        "engine": "、".join(dict.fromkeys("person" if page.revision else page.engine for page in pages)),
        "confidence": min((page.confidence for page in pages), default=None),
        "marks": [list(mark) for mark in marking(text)] if text else [],
        "facts": facts_store.told(connection, record, sha256),
    }


def marking(query: str) -> Marking:
    """Where a query's words stand in a text; of a blank one, nowhere."""
    wanted = tuple(needles(looked_for(read_query(query).query))) if query.strip() else ()
    return lambda text: sorted(set(marks(text, wanted)))[:MARKS_MAX] if wanted else []
