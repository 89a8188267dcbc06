"""The reading room 查档大厅: what people of the hub find, each with an access of their own. Usable from several threads.

Everything that is found, counted, suggested or shown goes through `holdings/access.py` with the rights of who asks; nothing here knows another way.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from msgspec.structs import replace

from holdings.errors import NotFound
from hub.account import Account, Role, access
from hub.home import Home
from hub.lookup import Lookup
from hub.vault import Vault
from sync.sandbox import Sandbox

if TYPE_CHECKING:
    from holdings.search_answer import Hit
    from holdings.search_request import SearchRequest
    from holdings.text_store import StoredText
    from hub.opened import Page
    from hub.page_images import PageImages
    from hub.record_shown import Leaf, Line, Said

HITS: Final = 20
"""Hits of one page."""
SUGGESTED: Final = 8
MATCHED_MAX: Final = 1_000
EXPORT_MAX, PORTION = 5_000, 1_000
"""Hits of a table to take along, and of one question asked for it: more is a matter for the archive, not for a reader."""
Told = dict[str, Any]


class Wish(Struct, frozen=True):
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
        self._home, self._lock = home, threading.Lock()
        self._sandbox = Sandbox(workers=2)
        self._vault = Vault(home.secrets.identity, home.objects, home.holdings, self._sandbox, home.clock)
        self._lookup = Lookup(home.front, home.holdings, self._vault, home.genesis, home.clock, home.site)
        self._images: PageImages | None = None

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
        """All hits of a question, page after page, at most EXPORT_MAX, each with who keeps it now (blank: this hub); SearchRefused as `search`."""
        from holdings import custody_store
        from hub.keeper import keeper

        wish, found = replace(wish, limit=PORTION, cursor=""), 0
        moved = custody_store.anything(self._home.front.read())
        while found < EXPORT_MAX:
            told = self.search(account, wish)
            for hit in told["hits"]:
                yield {**hit, "holder": keeper(self._home, hit["ref"], hit["id"])} if moved else hit
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
        """A row or record by its id in the index, by the account's rights or by a reading request of its own that was approved; None where there is
        none, or none that it may see."""
        from holdings import reading_request_store as requests
        from holdings.access import by_request
        from holdings.search import fetch

        reading = self._home.holdings.read()
        if found := fetch(reading, access(account), [number]):
            return found[0]
        allowed = requests.allowed(reading, account.name, self._home.clock.wall())
        found = fetch(reading, by_request(allowed, number, account.rights.level), [number])
        return found[0] if found else None

    # ------------------------------------------------------------------ one record; `hit` is what the caller was allowed

    def shown(self, account: Account, hit: Hit) -> tuple[Told, list[Said], list[Leaf]]:
        """(all that is told of it, its description, its pages); a row without a record has no pages. NotFound when it went meanwhile."""
        from holdings import catalogue_shown
        from hub import record_shown

        if hit.record is None:
            row = catalogue_shown.shown_row(self._home.holdings.read(), hit.ref)
            if row is None:
                raise NotFound(f"没有“{hit.ref}”这条档案")
            told, found = record_shown.told_row(row), list[record_shown.Leaf]()
        else:
            told, found = self._lookup.described(hit.record), self.leaves(hit)
        mask = account.role is Role.AGENCY
        return told, record_shown.described(told["elements"], self._home.site, mask=mask), found

    def leaves(self, hit: Hit) -> list[Leaf]:
        """The pages of a record that can be looked at."""
        from holdings import records
        from hub import record_shown

        if hit.record is None:
            return []
        reading = self._home.holdings.read()
        uses = records.body(reading, records.by_number(reading, hit.record)).uses
        return record_shown.leaves(self._lookup.files(hit.record), uses)

    def text(self, hit: Hit, leaf: Leaf, query: str) -> tuple[StoredText | None, list[Line]]:
        """Who read a page and how surely, and its lines with what a query matches in them; (None, []) where it has no text."""
        from holdings import page_reading, text_store
        from hub import record_shown

        assert hit.record is not None
        found = text_store.of_part(self._home.holdings.read(), hit.record, leaf.part.sha256)
        read = next((one for one in found if one.page == leaf.page), None)
        return (read, record_shown.lines(read.content, page_reading.marking(query))) if read else (None, [])

    def matching(self, hit: Hit, found: Sequence[Leaf], query: str) -> list[int]:
        """The numbers of the pages whose text has what a query asks for, among the first thousand of them that were read."""
        from holdings import page_reading, text_store

        if hit.record is None or not query.strip():
            return []
        marking, numbers = page_reading.marking(query), {(leaf.part.sha256, leaf.page): leaf.number for leaf in found}
        read = itertools.islice(text_store.of_record(self._home.holdings.read(), hit.record), MATCHED_MAX)
        return sorted(number for one in read if (number := numbers.get((one.sha256, one.page))) and marking(one.text))

    def file(self, hit: Hit, position: int) -> tuple[Page, Iterator[bytes]] | None:
        """A file of a record as it came, by its position from 0; None where it has none. DamageFound on the way when its bytes are not the file."""
        found = self._lookup.files(hit.record) if hit.record is not None else []
        if position >= len(found) or (part := found[position].part) is None:
            return None
        return found[position], self._vault.read(part)

    @property
    def images(self) -> PageImages:
        """Pictures of pages; made when first asked for."""
        with self._lock:
            if self._images is None:
                from hub.page_images import PageImages
                from hub.tile_cache import TileCache

                self._images = PageImages(self._vault, TileCache(self._home.path, self._home.secrets.database_key))
            return self._images

    def close(self) -> None:
        """End the workers."""
        with self._lock:
            if self._images is not None:
                self._images.close()
        self._sandbox.close()
