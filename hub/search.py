"""The desk's operations of finding: search, suggestions while typing, the state of the index (DESIGN §7).

Whoever reaches the desk is this machine's operator and sees everything the hub holds; people come through the reading room
with an access of their own.
"""

from __future__ import annotations

from holdings.access import Access
from holdings.meaning_site import MeaningSite
from hub.clock import Clock
from hub.desk import Answer, Number
from hub.errors import ConfigurationWrong
from sync.database import Database

REINDEX_S = 60.0
"""Of one call at most: whoever asks goes on asking."""


class SearchDesk:
    """Finding in the vault's holdings. Usable from several threads."""

    def __init__(self, holdings: Database, clock: Clock, meaning: MeaningSite) -> None:
        self._holdings, self._clock, self._meaning = holdings, clock, meaning

    def search(
        self,
        query: str,
        limit: Number = 20,
        mode: str = "words",
        by: str = "words",
        filters: list[str] | None = None,
        sort: str = "relevance",
        cursor: str = "",
        facets: list[str] | None = None,
        explain: bool = False,
    ) -> Answer:
        """Find records and rows of every node; fields of DESIGN §7, with facets, `cursor` of the next page, notes, `explain`.

        ConfigurationWrong names a filter, order or mode that there is not.
        """
        # Here, as below: what finding needs is slow to load, and a hub must be up first.
        from holdings import search_desk
        from holdings.search_request import Mode
        from holdings.search_wish import request_of

        try:
            request = request_of(
                query,
                mode=mode,
                by=by,
                filters=filters or (),
                sort=sort,
                limit=limit,
                cursor=cursor,
                facets=facets or (),
            )
        except ValueError as fault:
            raise ConfigurationWrong(str(fault)) from fault
        near = self._meaning.answers if request.mode is not Mode.WORDS else None
        return search_desk.answer(
            self._holdings.read(), Access.whole(), request, explain=explain, meaning=near, clock=self._clock.monotonic
        )

    def suggest(self, typed: str, limit: Number = 10) -> Answer:
        """How the word being typed may go on: `suggestions` of names, codes, bodies, phrases of titles."""
        from holdings import search_desk

        return search_desk.suggest(self._holdings.read(), Access.whole(), typed, limit, clock=self._clock.monotonic)

    def search_state(self) -> Answer:
        """The index: entries, bytes, how many are behind, whether it is being built, when it was looked at last and what was wrong."""
        from holdings import search_upkeep

        return search_upkeep.state(self._holdings.read())

    def reindex(self, begin: bool = True, seconds: float = 5.0) -> Answer:
        """Build the index anew, for so many seconds: `done` of `total` entries, `finished`; the old one serves until then.

        `begin` false only goes on with what was begun; what was left off is taken up either way.
        """
        from holdings import search_upkeep

        return search_upkeep.rebuild(
            self._holdings, begin=begin, seconds=min(seconds, REINDEX_S), now=self._clock.wall()
        )
