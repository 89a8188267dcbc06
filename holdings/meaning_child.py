"""What worker processes of meaning do (sync/sandbox.py): embed texts, hold sketches in memory, scan them, compare vectors.

A worker knows texts, numbers and vectors; it has no database and no key. It may be replaced between any two calls: what it
holds is named in every question, and it says what it lacks.
"""

from __future__ import annotations

import functools
import threading
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from holdings.meaning_embedder import Kind, Stage, load, model_of
from holdings.meaning_quantise import Floats, Question, Words, best, cosines, sketches, small, words

Numbers = NDArray[np.int64]


class Embed(Struct, array_like=True):
    """Texts to make vectors of."""

    stage: int
    texts: list[str]


class Hold(Struct, array_like=True):
    """Sketches of one group of a site (whoever asks) to keep: numbers (8 bytes each) and sketches, in the same order."""

    site: bytes
    group: int
    revision: int
    numbers: bytes
    sketched: bytes


class Scan(Struct, array_like=True):
    """A question to scan with. `groups`: (group, revision) that count; `among`: numbers of subjects, None: any; `shift`: bits
    of a number below its subject's; `passing`: rows that are not held."""

    site: bytes
    text: str
    count: int
    groups: list[tuple[int, int]]
    among: bytes | None
    shift: int
    passing: Hold | None


class Scanned(Struct, array_like=True):
    """The likest rows: numbers (8 bytes each) and likeness (2 bytes each), in no order; or the groups that must be held first."""

    lacking: list[int]
    numbers: bytes
    likeness: bytes


class Compare(Struct, array_like=True):
    """A question, and stored vectors of eight bits to compare it with; then texts whose vectors are not stored."""

    stage: int
    text: str
    vectors: bytes
    texts: list[str]


_held: Final[dict[tuple[bytes, int], tuple[int, Numbers, Words]]] = {}


def embed(data: bytes) -> bytes:
    """Of `Embed`: for candidates all sketches, then all vectors of eight bits; for order the latter alone."""
    wanted = msgspec.msgpack.decode(data, type=Embed)
    vectors = load(Stage(wanted.stage)).embed(wanted.texts, Kind.PASSAGE)
    return (sketches(vectors) if wanted.stage == Stage.CANDIDATES else b"") + small(vectors)


def hold(data: bytes) -> bytes:
    """Of `Hold`: keep a group's sketches in place of what was held of it."""
    given = msgspec.msgpack.decode(data, type=Hold)
    _held[given.site, given.group] = (given.revision, *_rows(given))
    return b""


def scan(data: bytes) -> bytes:
    """Of `Scan`, a `Scanned`."""
    wanted = msgspec.msgpack.decode(data, type=Scan)
    if wanted.passing is not None:
        sought = [_rows(wanted.passing)]
    else:
        _drop(wanted.site, {group for group, _ in wanted.groups})
        lacking = [one for one, revision in wanted.groups if _held.get((wanted.site, one), (-1,))[0] != revision]
        if lacking:
            return msgspec.msgpack.encode(Scanned(lacking, b"", b""))
        sought = [_held[wanted.site, group][1:] for group, _ in wanted.groups]
    # The other model's vector of the question is wanted next; neither holds the interpreter, and there are two cores.
    ahead = threading.Thread(target=_ahead, args=(wanted.text,))
    ahead.start()
    question = Question(asked(Stage.CANDIDATES, wanted.text))
    among = None if wanted.among is None else np.sort(np.frombuffer(wanted.among, np.int64))
    numbers, likeness = [np.empty(0, np.int64)], [np.empty(0, np.uint16)]
    for group_numbers, rows in sought:
        if among is not None:
            kept = _of(group_numbers >> wanted.shift, among)
            group_numbers, rows = group_numbers[kept], rows[kept]
        numbers.append(group_numbers)
        likeness.append(question.likeness(rows))
    every, like = np.concatenate(numbers), np.concatenate(likeness)
    top = best(like, wanted.count)
    ahead.join()
    return msgspec.msgpack.encode(Scanned([], every[top].tobytes(), like[top].tobytes()))


def compare(data: bytes) -> bytes:
    """Of `Compare`: cosines, float32, of the stored vectors and then of the texts."""
    wanted = msgspec.msgpack.decode(data, type=Compare)
    stage = Stage(wanted.stage)
    vector = asked(stage, wanted.text)
    found = [cosines(vector, wanted.vectors)]
    if wanted.texts:
        found.append(load(stage).embed(wanted.texts, Kind.PASSAGE) @ vector)
    return np.concatenate(found).astype("<f4").tobytes()


@functools.lru_cache(16)
def asked(stage: Stage, text: str) -> Floats:
    """The vector of a question."""
    vector: Floats = load(stage).embed([text], Kind.QUERY)[0]
    return vector


def _ahead(text: str) -> None:
    if model_of(Stage.ORDER) is not None:
        asked(Stage.ORDER, text)


def _rows(given: Hold) -> tuple[Numbers, Words]:
    numbers = np.frombuffer(given.numbers, np.int64)
    return numbers, words(given.sketched, 512)


def _drop(site: bytes, kept: set[int]) -> None:
    for key in [key for key in _held if key[0] == site and key[1] not in kept]:
        del _held[key]


def _of(subjects: Numbers, among: Numbers) -> NDArray[np.bool_]:
    """Which of them stand among sorted ones."""
    places = np.searchsorted(among, subjects)
    places[places == len(among)] = 0
    return among[places] == subjects if len(among) else np.zeros(len(subjects), np.bool_)
