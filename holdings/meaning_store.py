"""Vectors of titles and passages in the encrypted database: tables `meaning_…`. Plain tables of the caller's own file and
transaction: what is deleted from the catalogue leaves no vector, with or without the packages that make them.

Functions run inside the caller's transaction, and cost nothing where no vectors are.
"""

from __future__ import annotations

import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import apsw

from holdings import tally
from holdings.meaning_embedder import Model, Stage
from holdings.tally import Count

SHIFT: Final = 12  # bits of a vector's number below its subject's: title and passages
PIECES: Final = 1 << SHIFT
GROUP_SHIFT: Final = 13  # bits of a subject's number within its group: what one change makes a scan read again
SUBJECT_MAX: Final = (1 << 50) - 1


class Sketched(NamedTuple):
    """A vector to store: number of its piece (0: the title), sketch, eight bits a dimension."""

    subject: int
    piece: int
    bits: bytes
    vector: bytes


class Range(NamedTuple):
    """Subjects that want vectors."""

    stage: Stage
    first: int
    last: int


class Rows(NamedTuple):
    """Sketches of a group as they are scanned: numbers of 8 bytes, and sketches in the same order."""

    numbers: bytes
    sketched: bytes


def adopt(connection: apsw.Connection, stage: Stage, model: Model) -> int:
    """The number of the model in use at a stage; when it is another than before, every vector of the stage is wanted anew."""
    if (known := number_of(connection, stage, model)) is not None:
        return known
    had = connection.execute("SELECT count(*) FROM meaning_model WHERE stage = ?", (stage.value,)).fetchone()
    connection.execute("UPDATE meaning_model SET current = 0 WHERE stage = ?", (stage.value,))
    connection.execute(
        "INSERT INTO meaning_model(stage, name, version, dims, current) VALUES (?, ?, ?, ?, 1)"
        " ON CONFLICT(name, version) DO UPDATE SET current = 1",
        (stage.value, model.name, model.version, model.dims),
    )
    if had and had[0]:
        # Old vectors stay until they are written over; a scan passes over them. A crash here leaves nothing: one transaction.
        want(connection, stage, 1, SUBJECT_MAX)
        _forget_counts(connection, stage)
    number = current(connection, stage)
    assert number is not None
    return number


def number_of(connection: apsw.Connection, stage: Stage, model: Model) -> int | None:
    """The number of a model if it is the one in use."""
    row = connection.execute(
        "SELECT id FROM meaning_model WHERE stage = ? AND name = ? AND version = ? AND current = 1",
        (stage.value, model.name, model.version),
    ).fetchone()
    return int(row[0]) if row else None


def current(connection: apsw.Connection, stage: Stage) -> int | None:
    """The number of the model in use; None before there was one."""
    row = connection.execute("SELECT id FROM meaning_model WHERE stage = ? AND current = 1", (stage.value,)).fetchone()
    return int(row[0]) if row else None


# ---------------------------------------------------------------------- what is to be done


def want(connection: apsw.Connection, stage: Stage, first: int, last: int) -> None:
    """Subjects from first to last want vectors. A run that goes on where one ends lengthens it."""
    if last < first:
        return
    before = connection.execute(
        "SELECT first, last FROM meaning_wanted WHERE stage = ? AND first <= ? ORDER BY first DESC LIMIT 1",
        (stage.value, first),
    ).fetchone()
    if before is not None and int(before[1]) >= first - 1:
        if int(before[1]) < last:
            connection.execute(
                "UPDATE meaning_wanted SET last = ? WHERE stage = ? AND first = ?", (last, stage.value, before[0])
            )
        return
    connection.execute("INSERT INTO meaning_wanted(stage, first, last) VALUES (?, ?, ?)", (stage.value, first, last))


def next_wanted(connection: apsw.Connection, stage: Stage) -> Range | None:
    """What to do next at a stage; None: nothing."""
    row = connection.execute(
        "SELECT first, last FROM meaning_wanted WHERE stage = ? ORDER BY first LIMIT 1", (stage.value,)
    ).fetchone()
    return Range(stage, int(row[0]), int(row[1])) if row else None


def did(connection: apsw.Connection, done: Range, through: int) -> None:
    """Of a range, the subjects up to `through` have their vectors; in the transaction that stores them. What was lengthened
    meanwhile keeps its end."""
    row = connection.execute(
        "SELECT last FROM meaning_wanted WHERE stage = ? AND first = ?", (done.stage.value, done.first)
    ).fetchone()
    if row is None:
        return
    connection.execute("DELETE FROM meaning_wanted WHERE stage = ? AND first = ?", (done.stage.value, done.first))
    want(connection, done.stage, through + 1, int(row[0]))


# ---------------------------------------------------------------------- following the catalogue


def came(connection: apsw.Connection, subjects: Iterable[int]) -> None:
    """These are new."""
    first = last = -1
    for number in sorted(subjects):
        if number != last + 1 or first < 0:
            if first >= 0:
                want(connection, Stage.CANDIDATES, first, last)
            first = number
        last = number
    if first >= 0:
        want(connection, Stage.CANDIDATES, first, last)


def changed(connection: apsw.Connection, subjects: Iterable[int]) -> None:
    """Titles or texts of these are others now: their vectors go at once, new ones are wanted."""
    numbers = set(subjects)
    removed(connection, numbers)
    came(connection, numbers)


def removed(connection: apsw.Connection, subjects: Iterable[int]) -> None:
    """These are no more: nothing of their vectors stays."""
    groups: Counter[int] = Counter()
    titles = pieces = orders = 0
    for number in subjects:
        span = (number << SHIFT, (number << SHIFT) | (PIECES - 1))
        gone: list[Any] = connection.execute(
            "DELETE FROM meaning_vector WHERE id BETWEEN ? AND ? RETURNING id", span
        ).fetchall()
        if not gone:
            continue
        titles += sum(int(one[0]) == span[0] for one in gone)
        pieces += len(gone)
        connection.execute("DELETE FROM meaning_sketch WHERE id BETWEEN ? AND ?", span)
        orders += len(
            connection.execute("DELETE FROM meaning_order WHERE id BETWEEN ? AND ? RETURNING id", span).fetchall()
        )
        groups[number >> GROUP_SHIFT] -= len(gone)
    _revise(connection, groups)
    tally.add(connection, Count.MEANING_TITLES, -titles)
    tally.add(connection, Count.MEANING_PASSAGES, titles - pieces)
    tally.add(connection, Count.MEANING_ORDERED, -orders)


def renew(connection: apsw.Connection) -> None:
    """Want every vector again, in place of those there are, which serve until then: what `reindex` does."""
    for stage in Stage:
        want(connection, stage, 1, SUBJECT_MAX)


def _forget_counts(connection: apsw.Connection, stage: Stage) -> None:
    counts = (Count.MEANING_ORDERED,) if stage is Stage.ORDER else (Count.MEANING_TITLES, Count.MEANING_PASSAGES)
    for count in counts:
        tally.add(connection, count, -tally.read(connection, count))


def _revise(connection: apsw.Connection, groups: Mapping[int, int]) -> None:
    """Sketches of these groups are others now, and by so many more."""
    connection.executemany(
        "INSERT INTO meaning_group(id, revision, sketches) VALUES (?1, 1, ?2)"
        " ON CONFLICT(id) DO UPDATE SET revision = revision + 1, sketches = sketches + ?2",
        sorted(groups.items()),
    )


# ---------------------------------------------------------------------- vectors


def put(connection: apsw.Connection, model: int, subjects: Sequence[int], made: Sequence[Sketched]) -> None:
    """Store the vectors of these subjects in place of what they had."""
    _replaced(connection, model, subjects)
    numbered = [((one.subject << SHIFT) | one.piece, one) for one in made]
    connection.executemany(
        "INSERT INTO meaning_sketch(id, model, bits) VALUES (?, ?, ?)",
        ((number, model, one.bits) for number, one in numbered),
    )
    connection.executemany(
        "INSERT INTO meaning_vector(id, model, vector) VALUES (?, ?, ?)",
        ((number, model, one.vector) for number, one in numbered),
    )
    _revise(connection, Counter(one.subject >> GROUP_SHIFT for one in made))
    titles = sum(one.piece == 0 for one in made)
    tally.add(connection, Count.MEANING_TITLES, titles)
    tally.add(connection, Count.MEANING_PASSAGES, len(made) - titles)


def _replaced(connection: apsw.Connection, model: int, subjects: Sequence[int]) -> None:
    """Vectors that subjects had, of this model (they are counted) or of one before (they were taken off its count)."""
    groups: Counter[int] = Counter()
    titles = pieces = 0
    for number in subjects:
        span = (number << SHIFT, (number << SHIFT) | (PIECES - 1))
        gone: list[Any] = connection.execute(
            "DELETE FROM meaning_vector WHERE id BETWEEN ? AND ? RETURNING id, model", span
        ).fetchall()
        if gone:
            connection.execute("DELETE FROM meaning_sketch WHERE id BETWEEN ? AND ?", span)
            groups[number >> GROUP_SHIFT] -= len(gone)
            titles += sum(int(one[0]) == span[0] and one[1] == model for one in gone)
            pieces += sum(one[1] == model for one in gone)
    _revise(connection, groups)
    tally.add(connection, Count.MEANING_TITLES, -titles)
    tally.add(connection, Count.MEANING_PASSAGES, titles - pieces)


def put_order(connection: apsw.Connection, model: int, made: Sequence[tuple[int, bytes]]) -> None:
    """Store vectors of the model that puts in order: (subject, vector), of titles that have a candidates' vector still."""
    count = 0
    for subject, vector in made:
        number = subject << SHIFT
        old = connection.execute("SELECT model FROM meaning_order WHERE id = ?", (number,)).fetchone()
        count += old is None or old[0] != model
        connection.execute(
            "INSERT INTO meaning_order(id, model, vector) VALUES (?1, ?2, ?3)"
            " ON CONFLICT(id) DO UPDATE SET model = ?2, vector = ?3",
            (number, model, vector),
        )
    tally.add(connection, Count.MEANING_ORDERED, count)


def titled(connection: apsw.Connection, model: int, first: int, last: int, limit: int) -> list[int]:
    """Subjects whose title has a candidates' vector, in order: those that may have one for the order as well."""
    rows: Iterator[Any] = connection.execute(
        "SELECT id FROM meaning_vector WHERE id BETWEEN ? AND ? AND id & 4095 = 0 AND model = ? ORDER BY id LIMIT ?",
        (first << SHIFT, last << SHIFT, model, limit),
    )
    return [int(number) >> SHIFT for (number,) in rows]


def subjects(connection: apsw.Connection, first: int, last: int) -> list[int]:
    """Subjects that have any vector, of whatever model, in order."""
    rows: Iterator[Any] = connection.execute(
        "SELECT DISTINCT id >> 12 FROM meaning_vector WHERE id BETWEEN ? AND ? ORDER BY 1",
        (first << SHIFT, (last << SHIFT) | (PIECES - 1)),
    )
    return [int(number) for (number,) in rows]


def is_wanted(connection: apsw.Connection, stage: Stage, subject: int) -> bool:
    """Whether a subject's vectors are to be made."""
    row = connection.execute(
        "SELECT last FROM meaning_wanted WHERE stage = ? AND first <= ? ORDER BY first DESC LIMIT 1",
        (stage.value, subject),
    ).fetchone()
    return row is not None and int(str(row[0])) >= subject


# ---------------------------------------------------------------------- for a search


def groups(connection: apsw.Connection) -> list[tuple[int, int, int]]:
    """(group, revision, sketches) of every group that has any."""
    rows: Iterator[Any] = connection.execute(
        "SELECT id, revision, sketches FROM meaning_group WHERE sketches > 0 ORDER BY id"
    )
    return [(int(number), int(revision), int(size)) for number, revision, size in rows]


def rows_of(connection: apsw.Connection, model: int, group: int) -> Rows:
    """The sketches of a group by this model."""
    low = group << (GROUP_SHIFT + SHIFT)
    numbers, bits = array.array("q"), bytearray()
    rows: Iterator[Any] = connection.execute(
        "SELECT id, bits FROM meaning_sketch WHERE id >= ? AND id < ? AND model = ?",
        (low, low + (1 << (GROUP_SHIFT + SHIFT)), model),
    )
    for number, one in rows:
        numbers.append(number)
        bits += one
    return Rows(numbers.tobytes(), bytes(bits))


def vectors(connection: apsw.Connection, model: int, numbers: Iterable[int]) -> list[tuple[int, bytes]]:
    """(number, vector) of candidates."""
    return _fetched(connection, "SELECT v.id, v.vector FROM carray(?) k CROSS JOIN meaning_vector v", model, numbers)


def orders(connection: apsw.Connection, model: int, numbers: Iterable[int]) -> list[tuple[int, bytes]]:
    """(number, vector) of those that have one for the order."""
    return _fetched(connection, "SELECT v.id, v.vector FROM carray(?) k CROSS JOIN meaning_order v", model, numbers)


def _fetched(connection: apsw.Connection, select: str, model: int, numbers: Iterable[int]) -> list[tuple[int, bytes]]:
    wanted = array.array("q", numbers)
    if not wanted:
        return []
    given = apsw.carray(wanted, flags=apsw.SQLITE_CARRAY_INT64)
    rows: Iterator[Any] = connection.execute(f"{select} ON v.id = k.value WHERE v.model = ?", (given, model))
    return [(int(number), bytes(vector)) for number, vector in rows]
