"""What every question of search stands on: how the index stands, of which years it tells, whose rows there are, which are held.
Read once for each state of the database, not for each question.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Mapping
from typing import Final

import apsw

from holdings import catalogue_held, catalogue_sheets, search_index, search_sample
from holdings.search_era import era_of
from holdings.search_sample import Sample


class Ground:
    """What is known of one state of the database. `state`: of the index; `filed`: by the year of a date, in which years what bears
    it was filed, without an index nothing; `holders`: names by their numbers; `held`: sheets of which nobody is told."""

    def __init__(self, connection: apsw.Connection, state: search_index.State) -> None:
        self._connection = weakref.ref(connection)
        self.state = state
        self.filed = search_index.spans(connection) if state.serving else {}
        self.holders = catalogue_sheets.holder_names(connection)
        self.held = catalogue_held.held(connection)

    @functools.cached_property
    def sample(self) -> Sample:
        """How common tokens are."""
        connection = self._connection()
        assert connection is not None
        return search_sample.sample(connection)

    @functools.cached_property
    def eras(self) -> Mapping[int, list[int]]:
        """Parts of the index that hold anything, latest first, with the years of dates in each, latest first."""
        return by_era(sorted(self.filed, reverse=True))


def by_era(years: list[int]) -> dict[int, list[int]]:
    """Years, latest first, by the part of the index they lead to."""
    found: dict[int, list[int]] = {}
    for year in years:
        found.setdefault(era_of(year * 10_000), []).append(year)
    return found


_known: Final = weakref.WeakKeyDictionary[apsw.Connection, tuple[int, Ground]]()


def ground(connection: apsw.Connection) -> Ground:
    """The ground of a connection inside its transaction, as it was read last when nothing was committed since, by whomever."""
    state = search_index.state(
        connection
    )  # the transaction begins with the first read: what follows is of the same state
    if connection.txn_state("main") == apsw.SQLITE_TXN_WRITE:  # what is not committed yet may never be
        return Ground(connection, state)
    version, last = connection.data_version(), _known.get(connection)
    if last is not None and last[0] == version:
        return last[1]
    _known[connection] = version, (found := Ground(connection, state))
    return found
