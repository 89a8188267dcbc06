"""Full-text index of catalogue titles: pairs of neighbouring characters, so that any run of Chinese is found; virtual
table `catalogue_title`.

The index holds no text. It gives candidates, newest first, which the caller compares with the titles themselves. A change
gives the old title, whose pairs are taken out. Functions run inside the caller's transaction.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import apsw

PAIRS_ASKED: Final = 4  # pairs of a long word that are looked up; the title is compared in full anyway
MANY: Final = 1_000  # titles from which on they are worked on together
_END, _BLANK = ord("\n"), ord(" ")
_PUT: Final = "INSERT INTO catalogue_title(rowid, pairs) VALUES (?, ?)"
_TAKE: Final = "INSERT INTO catalogue_title(catalogue_title, rowid, pairs) VALUES ('delete', ?, ?)"


def pairs(title: str) -> str:
    """What is indexed of a title: its pairs of characters, or the one character it has."""
    return " ".join(map(operator.add, title, title[1:])) if len(title) > 1 else title


def pairs_of(titles: Sequence[str]) -> Iterable[str]:
    """`pairs` of many titles, six times as fast; blanks between pairs may be more."""
    if len(titles) < MANY:
        return map(pairs, titles)
    import numpy as np  # slow to load: only for a whole portion

    signs = np.frombuffer("\n".join(titles).encode("utf-16-le"), "<u2")
    ends = signs == _END
    surrogate = (signs & 0xF800) == 0xD800
    if surrogate.any() or np.count_nonzero(ends) != len(titles) - 1 or min(map(len, titles)) < 2:
        return map(pairs, titles)
    out = np.empty((len(signs) - 1, 3), "<u2")
    out[:, 0], out[:, 1], out[:, 2] = signs[:-1], signs[1:], _BLANK
    out[ends[1:]] = _BLANK
    out[ends[:-1]] = (_END, _BLANK, _BLANK)
    return out.tobytes().decode("utf-16-le").split("\n")


def put(connection: apsw.Connection, numbers: Iterable[int], titles: Sequence[str]) -> None:
    """Index new rows: their ids and titles."""
    connection.executemany(_PUT, zip(numbers, pairs_of(titles), strict=True))


def take_out(connection: apsw.Connection, titles: Sequence[tuple[int, str]]) -> None:
    """Take rows out: (id, title as it was indexed)."""
    connection.executemany(_TAKE, [(number, pairs(title)) for number, title in titles])


def asked(word: str) -> str:
    """The index query of one word of two or more characters; blank when nothing of it is indexed."""
    parts = list(dict.fromkeys(part for part in map(operator.add, word, word[1:]) if any(map(_indexed, part))))
    step = max(1, len(parts) // PAIRS_ASKED)
    return " AND ".join(f'"{part}"' for part in parts[::step][:PAIRS_ASKED])


def _indexed(char: str) -> bool:
    """Whether the tokenizer keeps a character: letters, digits, and everything beyond ASCII."""
    return char.isalnum() or not char.isascii()


def candidates(connection: apsw.Connection, words: Sequence[str]) -> Iterator[int] | None:
    """Ids of rows whose titles may hold every word, newest first; None when the words cannot be asked of the index."""
    queries = [query for word in words if (query := asked(word) if len(word) > 1 else _one(word))]
    if not queries:
        return None
    found = connection.execute(
        "SELECT rowid FROM catalogue_title WHERE catalogue_title MATCH ? ORDER BY rowid DESC", (" AND ".join(queries),)
    )
    return (int(number) for (number,) in found)


def _one(char: str) -> str:
    """A single character begins some pair, unless it is the last of the title only."""
    return f'"{char}" *' if _indexed(char) else ""
