"""The reading room 查档大厅: what people of the hub find, each with an access of their own. Usable from several threads.

Everything that is found, counted, suggested or shown goes through `holdings/access.py` with the rights of who asks; nothing here knows another way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from hub.account import Account, access
from hub.home import Home

if TYPE_CHECKING:
    from holdings.search_answer import Hit
    from holdings.search_request import SearchRequest

HITS: Final = 20
"""Hits of one page."""
SUGGESTED: Final = 8
EXPORT_MAX, PORTION = 5_000, 1_000
"""Hits of a table to take along, and of one question asked for it: more is a matter for the archive, not for a reader."""
Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks of search, as text from outside: `filters` are `FIELD=VALUE` (holdings/search_wish.py)."""

    query: str = ""
    by: str = "words"
    mode: str = "words"
    sort: str = "relevance"
    cursor: str = ""
    filters: tuple[str, ...] = ()
    limit: int = HITS


class ReadingRoom:
    """Finds and shows what an account may see."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def search(self, account: Account, wish: Wish, facets: tuple[str, ...] = ()) -> Told:
        """The answer as `holdings.search_desk.answer` tells it, explained; SearchRefused says what was not understood."""
        # Here, as below: what finding needs is slow to load, and a hub must be up first.
        from holdings import search_desk
        from holdings.search_request import Mode

        home, request = self._home, self.request(wish, facets)
        near = home.meaning.answers if request.mode is not Mode.WORDS else None
        return search_desk.answer(
            home.holdings.read(), access(account), request, explain=True, meaning=near, clock=home.clock.monotonic
        )

    def every(self, account: Account, wish: Wish) -> Iterator[Told]:
        """All hits of a question, page after page, at most EXPORT_MAX; SearchRefused as `search`."""
        wish, found = replace(wish, limit=PORTION, cursor=""), 0
        while found < EXPORT_MAX:
            told = self.search(account, wish)
            yield from told["hits"]
            found += len(told["hits"])
            if not told["cursor"]:
                return
            wish = replace(wish, cursor=told["cursor"])

    @staticmethod
    def request(wish: Wish, facets: tuple[str, ...] = ()) -> SearchRequest:
        """A wish as a request; SearchRefused says what was not understood."""
        from holdings.search_wish import request_of

        return request_of(
            wish.query, mode=wish.mode, by=wish.by, filters=wish.filters, sort=wish.sort, limit=wish.limit,
            cursor=wish.cursor, facets=facets,
        )  # fmt: skip

    def suggest(self, account: Account, typed: str) -> Told:
        """How what is being typed may go on, from what this account may see."""
        from holdings import search_desk

        home = self._home
        return search_desk.suggest(home.holdings.read(), access(account), typed, SUGGESTED, clock=home.clock.monotonic)

    def hit(self, account: Account, number: int) -> Hit | None:
        """A row or record by its id in the index; None where there is none, or none that this account may see."""
        from holdings.search import fetch

        found = fetch(self._home.holdings.read(), access(account), [number])
        return found[0] if found else None
