"""Do vectors and catalogue agree? What lacks a vector and is not wanted is wanted from now on, what has lost its subject goes."""

from __future__ import annotations

from typing import Final, NamedTuple

import apsw

from holdings import meaning_sources as sources
from holdings import meaning_store as store
from holdings.meaning_embedder import Stage

PORTION: Final = 5_000  # subjects of one transaction: a tenth of a second


class Agreement(NamedTuple):
    """What was found from one subject up to `through` (None: to the end): subjects looked at, without a vector, vectors without a subject."""

    subjects: int
    lacking: int
    stray: int
    through: int | None


def agree(connection: apsw.Connection, after: int) -> Agreement:
    """Compare the next subjects behind one, and mend what differs; in the caller's transaction."""
    model = store.current(connection, Stage.CANDIDATES)
    if model is None:
        return Agreement(0, 0, 0, None)
    titled = sources.titled(connection, after + 1, store.SUBJECT_MAX, PORTION)
    whole = len(titled.subjects) < PORTION
    through = store.SUBJECT_MAX if whole else titled.subjects[-1]
    have = set(store.subjects(connection, after + 1, through))
    current = set(store.titled(connection, model, after + 1, through, PORTION * 2))
    lacking = [
        one for one in titled.named if one not in current and not store.is_wanted(connection, Stage.CANDIDATES, one)
    ]
    stray = have - set(titled.subjects)
    store.removed(connection, stray)
    store.came(connection, lacking)
    return Agreement(len(titled.subjects), len(lacking), len(stray), None if whole else through)
