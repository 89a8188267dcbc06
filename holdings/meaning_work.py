"""Makes vectors of what the search index knows, in the background: in portions, each one transaction, so that a crash costs
the portion at hand. Titles and passages for candidates come first, then the slow vectors that put titles in order.

A text that changed while its vector was being made is found by reading it again where the vector is stored: what differs is
left out, for the change itself asked for another.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import apsw
import msgspec
from msgspec import Struct

from holdings import meaning_sources as sources
from holdings import meaning_store as store
from holdings import tally
from holdings.meaning_embedder import Stage, absent, model_of
from holdings.meaning_sources import Piece
from holdings.meaning_store import Range, Sketched
from holdings.tally import Count
from sync.database import Database
from sync.sandbox import Sandbox

PORTION: Final = 512  # subjects of one transaction
PIECES: Final = 2_048  # texts of one transaction, unless a single record has more
BATCH: Final = 256  # texts of one call: a quarter of a second, eight for the order
ORDERED: Final = 128  # titles of one transaction of the slow model: three seconds
NICE: Final = 19
BYTES: Final = 680  # of a vector with its sketch, as they lie in the file
BYTES_ORDERED: Final = 400  # of one for the order
MEMORY_MIB: Final = 1_536
CALL_S: Final = 120


class Step(Struct, frozen=True):
    """What a portion did. `subjects` looked at, `texts` embedded, seconds of the wall; `stage` None: nothing was to be done."""

    stage: Stage | None
    subjects: int = 0
    texts: int = 0
    seconds: float = 0.0


class Standing(Struct, frozen=True):
    """How far vectors are. `bytes`: of all of them. `titles` of `subjects` have one for candidates, `ordered` one for the order; `waiting`: is there work?
    `off`: why meaning is switched off, blank when it is not."""

    subjects: int
    titles: int
    passages: int
    ordered: int
    bytes: int
    waiting: bool
    model: str
    order_model: str
    off: str


def standing(connection: apsw.Connection) -> Standing:
    """How far vectors are, from counters."""
    titles, passages, ordered = (
        tally.read(connection, one) for one in (Count.MEANING_TITLES, Count.MEANING_PASSAGES, Count.MEANING_ORDERED)
    )
    models = [model_of(stage) for stage in Stage]
    waits = any(store.next_wanted(connection, stage) for stage in Stage)
    names = [f"{model.name} {model.version}" if model else "" for model in models]
    size = (titles + passages) * BYTES + ordered * BYTES_ORDERED
    return Standing(sources.count(connection), titles, passages, ordered, size, waits, names[0], names[1], absent())


class Embedding:
    """Makes vectors of one database; one at a time.

    Args:
        nice: added niceness of the worker: embedding yields to everything else.
    """

    def __init__(self, database: Database, nice: int = NICE) -> None:
        self._database, self._nice = database, nice
        self._sandbox: Sandbox | None = None

    def close(self) -> None:
        """End the worker."""
        if self._sandbox is not None:
            self._sandbox.close()
            self._sandbox = None

    def portion(self) -> Step:
        """Do the next portion of what waits.

        Raises:
            SandboxDied: the worker could not do it; nothing was changed.
        """
        began = time.monotonic()
        for stage in Stage:
            model = model_of(stage)
            if model is None:
                break  # what is put in order was found first
            number = store.number_of(self._database.read(), stage, model)
            if number is None:
                with self._database.transaction() as connection:
                    number = store.adopt(connection, stage, model)
            wanted = store.next_wanted(self._database.read(), stage)
            if wanted is not None:
                work = self._candidates if stage is Stage.CANDIDATES else self._order
                return Step(stage, *work(number, wanted), time.monotonic() - began)
        return Step(None)

    def _candidates(self, model: int, wanted: Range) -> tuple[int, int]:
        found = sources.portion(self._database.read(), wanted.first, wanted.last, PORTION, PIECES)
        made = self._sketched(found.pieces)
        with self._database.transaction() as connection:
            now, read = sources.again(connection, found.subjects), set(found.pieces)
            others = {one.subject for one in now ^ read}
            store.put(connection, model, found.subjects, kept := [one for one in made if one.subject not in others])
            store.did(connection, wanted, found.through)
            # What was asked for while this range was at hand was within it.
            store.came(connection, {one.subject for one in now} & others)
            if titles := [one.subject for one in kept if one.piece == 0]:
                store.want(connection, Stage.ORDER, titles[0], titles[-1])
        # A crash before this line leaves the range as it was: the portion is made again.
        return len(found.subjects), len(found.pieces)

    def _sketched(self, pieces: Sequence[Piece]) -> list[Sketched]:
        model = model_of(Stage.CANDIDATES)
        assert model is not None
        sketch, vector, made = model.dims // 8, model.dims, []
        for at in range(0, len(pieces), BATCH):
            batch = pieces[at : at + BATCH]
            said = memoryview(self._embed(Stage.CANDIDATES, [one.text for one in batch]))
            bits, vectors = said[: sketch * len(batch)], said[sketch * len(batch) :]
            made += [
                Sketched(one.subject, one.piece, bytes(bits[n * sketch : (n + 1) * sketch]), bytes(vectors[n * vector : (n + 1) * vector]))
                for n, one in enumerate(batch)
            ]  # fmt: skip
        return made

    def _order(self, model: int, wanted: Range) -> tuple[int, int]:
        reading, known = self._database.read(), model_of(Stage.ORDER)
        candidates = store.current(reading, Stage.CANDIDATES)
        assert known is not None
        assert candidates is not None
        subjects = store.titled(reading, candidates, wanted.first, wanted.last, ORDERED)
        titles = sources.titles(reading, subjects)
        said = self._embed(Stage.ORDER, [one.text for one in titles]) if titles else b""
        size = known.dims
        made = {one: said[n * size : (n + 1) * size] for n, one in enumerate(titles)}
        with self._database.transaction() as connection:
            # Those that lost their first vector meanwhile, or have another title, get both anew.
            still = store.titled(connection, candidates, wanted.first, wanted.last, ORDERED)
            fresh = [one for one in sources.titles(connection, still) if one in made]
            store.put_order(connection, model, [(one.subject, made[one]) for one in fresh])
            store.did(connection, wanted, subjects[-1] if len(subjects) == ORDERED else wanted.last)
        return len(subjects), len(titles)

    def _embed(self, stage: Stage, texts: list[str]) -> bytes:
        if self._sandbox is None:
            self._sandbox = Sandbox(workers=1, memory_mb=MEMORY_MIB, seconds=CALL_S, nice=self._nice, recycle=1 << 30)
        return self._sandbox.call("holdings.meaning_child:embed", msgspec.msgpack.encode((stage.value, texts)))
