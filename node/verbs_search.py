"""Verbs about finding: search, suggestions while typing, the state of the index and its rebuilding."""

from __future__ import annotations

from holdings.access import Access
from holdings.search_request import Mode
from holdings.search_wish import request_of
from node.verbs import Answer, Verbs


class SearchVerbs(Verbs):
    """Finding on a node: whoever may ask the node at all is its operator and sees everything it holds."""

    def search(
        self,
        query: str,
        limit: int = 20,
        mode: str = "words",
        by: str = "words",
        filters: list[str] | None = None,
        sort: str = "relevance",
        cursor: str = "",
        facets: list[str] | None = None,
        explain: bool = False,
    ) -> Answer:
        """Find records and rows; fields of DESIGN §7, with facets, `cursor` of the next page, notes, `explain`.

        `by`: the words are words, or names of persons by sound or fuzzily. `filters`: `全宗=J023`, `年度=1958..1962`, `姓名~音=王淑贞`.
        """
        # Here: what searches need is slow to load, and a sync needs none of it.
        from holdings import search_desk

        request = request_of(
            query, mode=mode, by=by, filters=filters or (), sort=sort, limit=limit, cursor=cursor, facets=facets or ()
        )
        meaning = self._engine.meaning.answers if request.mode is not Mode.WORDS else None
        return search_desk.answer(self._home.database.read(), Access.whole(), request, explain=explain, meaning=meaning)

    def suggest(self, typed: str, limit: int = 10) -> Answer:
        """How the word being typed may go on: `suggestions` of names, codes, bodies, phrases of titles."""
        from holdings import search_desk

        return search_desk.suggest(self._home.database.read(), Access.whole(), typed, limit)

    def search_state(self) -> Answer:
        """The index: entries, bytes, how many are behind, whether it is being built, when it was looked at last and what was wrong."""
        from holdings import search_upkeep

        return search_upkeep.state(self._home.database.read())

    def reindex(self, begin: bool = True, seconds: float = 5.0) -> Answer:
        """Build the index anew, for so many seconds: `done` of `total` entries, `finished`; the old one serves until then.

        `begin` false only goes on with what was begun; what was left off is taken up either way.
        """
        from holdings import search_upkeep

        now = self._seconds()
        return search_upkeep.rebuild(
            self._home.database, begin=begin, seconds=seconds, stopped=self._engine.cancel.is_set, now=now
        )
