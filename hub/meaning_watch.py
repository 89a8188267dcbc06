"""Makes the vectors of search by meaning in the background of a running hub, and goes on with a search index that was begun: when the
vault rests, and at low priority."""

from __future__ import annotations

import logging

from holdings.errors import HoldingsError
from hub.folding import Folding
from hub.home import Home
from hub.watch import EVERY_S, Watch
from sync.errors import SyncError

LOG = logging.getLogger("jindang.hub")


class MeaningWatch(Watch):
    """Makes vectors, a portion at a time."""

    def __init__(self, home: Home, folding: Folding, every_s: float = EVERY_S) -> None:
        super().__init__("hub-meaning", every_s)
        self._home, self._meaning, self._folding = home, home.meaning, folding

    def turn(self) -> None:
        """See Watch."""
        self._meaning.rest()
        self.look()

    def look(self) -> int:
        """Make what is wanted while the vault rests; how many texts."""
        try:
            self._go_on_with_the_index()
            return self._meaning.run(self._is_stopped).texts
        except (SyncError, HoldingsError) as fault:
            # A full disk, say: what was not made is wanted still.
            LOG.error("检索索引、按意思检索的向量暂停生成：%s", fault)
            return 0

    def _is_stopped(self) -> bool:
        return self._stop.is_set() or not self._folding.idle.is_set()

    def _go_on_with_the_index(self) -> None:
        from holdings import search_index  # a hub starts without it

        if search_index.wants_work(self._home.holdings.read()):
            from holdings import search_upkeep

            search_upkeep.go_on(self._home.holdings, now=self._home.clock.wall(), stopped=self._is_stopped)
