"""What vectors are made of: titles of catalogue rows and records, and the texts of records' pages, as the search index knows them.

A subject's number is its id in the search index (holdings/search_index.py): a row's own, or RECORDS + a record's number.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import apsw

from holdings import catalogue_rows as rows
from holdings import search_records, tally, text_store
from holdings.meaning_text import Passage, core, passages
from holdings.search_index import RECORDS
from holdings.tally import Count


class Piece(NamedTuple):
    """A text to embed: piece 0 is the title of its subject, 1 … the passages of its pages."""

    subject: int
    piece: int
    text: str


class Portion(NamedTuple):
    """Pieces of the subjects from the first of a range up to `through`."""

    subjects: list[int]
    pieces: list[Piece]
    through: int


def portion(connection: apsw.Connection, first: int, last: int, subjects: int, pieces: int) -> Portion:
    """The next subjects of a range with their pieces: at most so many of either, but one subject at least."""
    made: list[Piece] = []
    numbers: list[int] = []
    for number, of_it in _after(connection, first, last, subjects):
        if numbers and len(made) + len(of_it) > pieces:
            return Portion(numbers, made, numbers[-1])
        numbers.append(number)
        made += of_it
    return Portion(numbers, made, numbers[-1] if len(numbers) == subjects else last)


class Titled(NamedTuple):
    """Subjects in order, and those of them whose title says something."""

    subjects: list[int]
    named: list[int]


def titled(connection: apsw.Connection, first: int, last: int, limit: int) -> Titled:
    """The next subjects of a range, at most `limit`; without their passages."""
    found = Titled([], [])
    for row in rows.select(connection, _BETWEEN, (first, min(last, RECORDS), limit)) if first < RECORDS else ():
        found.subjects.append(row.id)
        if core(row.title):
            found.named.append(row.id)
    at = max(first - RECORDS, 1) - 1
    while len(found.subjects) < limit:
        batch = search_records.after(connection, at, min(_READ, limit - len(found.subjects)))
        for number, document, _ in batch:
            if RECORDS + number > last:
                return found
            found.subjects.append(RECORDS + number)
            if core(document.title):
                found.named.append(RECORDS + number)
        if not batch:
            break
        at = batch[-1][0]
    return found


def again(connection: apsw.Connection, subjects: Iterable[int]) -> set[Piece]:
    """The pieces that these subjects have now."""
    found: set[Piece] = set()
    for number in subjects:
        for _, pieces in _after(connection, number, number, 1):
            found.update(pieces)
    return found


def titles(connection: apsw.Connection, subjects: Iterable[int]) -> list[Piece]:
    """The titles of these subjects, of those that there are."""
    plain: list[int] = []
    of_records: list[int] = []
    for number in subjects:
        (of_records if number > RECORDS else plain).append(number)
    found = [Piece(one.id, 0, core(one.title)) for one in rows.full_of(connection, plain)] if plain else []
    known = search_records.documents(connection, [number - RECORDS for number in of_records]) if of_records else {}
    found += [Piece(RECORDS + number, 0, core(document.title)) for number, document in known.items()]
    return [one for one in found if one.text]


def passage(connection: apsw.Connection, subject: int, piece: int) -> Passage | None:
    """A passage by its number; None when the record has no longer so many."""
    found = _passages(connection, subject - RECORDS) if subject > RECORDS else iter(())
    return next(itertools.islice(found, piece - 1, None), None)


def _passages(connection: apsw.Connection, record: int) -> Iterator[Passage]:
    """`page` is the place among the record's texts (text_store.of_record)."""
    return passages(enumerate(text_store.texts(connection, record)))


def count(connection: apsw.Connection) -> int:
    """How many titles there are to embed."""
    return tally.read(connection, Count.CATALOGUE_ROWS) + tally.read(connection, Count.RECORDS)


def _after(connection: apsw.Connection, first: int, last: int, limit: int) -> Iterator[tuple[int, list[Piece]]]:
    """(subject, its pieces) from first to last, at most `limit` subjects."""
    done = 0
    if first < RECORDS:
        for row in rows.select(connection, _BETWEEN, (first, min(last, RECORDS), limit)):
            yield row.id, _title(row.id, row.title)
            done += 1
    if last <= RECORDS or done >= limit:
        return
    at = max(first - RECORDS, 1) - 1
    while done < limit:
        found = search_records.after(connection, at, min(_READ, limit - done))
        for number, document, _ in found:
            if RECORDS + number > last:
                return
            subject = RECORDS + number
            spoken = enumerate(_passages(connection, number), 1)
            yield (
                subject,
                [*_title(subject, document.title), *(Piece(subject, place, one.text) for place, one in spoken)],
            )
            done += 1
            at = number
        if not found:
            return


_BETWEEN: Final = "c.id BETWEEN ? AND ? ORDER BY c.id LIMIT ?"
_READ: Final = 16  # records whose texts are read at a time: each may be of megabytes


def _title(subject: int, title: str) -> list[Piece]:
    text = core(title)
    return [Piece(subject, 0, text)] if text else []
