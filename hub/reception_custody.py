"""What reception asks of custody and directives: how a node hands over, whether a record was let go, and bringing a verdict into the hub's log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from holdings import custody_store
from holdings.custody import ActKind, CustodyState
from holdings.directive import Body
from holdings.directive_entry import Said
from holdings.directive_verdict import HandOver
from hub import directive_store
from hub.directive_store import Issued
from hub.home import Home
from hub.reception_store import Item


class ReceptionCustody:
    """Of one hub. Usable from several threads."""

    def __init__(self, home: Home) -> None:
        self._front, self._hub_id = home.front, home.hub_id
        self._directives = home.directives()

    def handover(self, log_id: bytes) -> HandOver:
        """Whether this node reports or transfers."""
        return directive_store.handover(self._front.read(), log_id)

    def released(self, log_id: bytes, item: Item) -> bool:
        """Did the holder let go of exactly this version, to this hub?"""
        held = self._directives.holding(self._front.read(), log_id, item.record)
        return held.state is CustodyState.IN_TRANSIT and held.taker == self._hub_id and held.version == item.version

    def releases(self, log_id: bytes, after: int) -> list[tuple[int, bytes]]:
        """(seq in the log, record id) of what a node let go behind a seq."""
        return custody_store.released(self._front.read(), log_id, after)

    def let_go(self, log_id: bytes, records: Iterable[tuple[bytes, int]]) -> list[tuple[Said | None, int]]:
        """What the releases say by which these (record id, version) are in transit, in the log's order, and how many of the records each is of."""
        reading, counts = self._front.read(), Counter[int]()
        for record, version in records:
            acts = custody_store.history(reading, log_id, record)
            if acts and acts[-1].act.kind is ActKind.RELEASE and acts[-1].act.version == version:
                counts[acts[-1].seq] += 1
        return [(self._directives.release(reading, log_id, seq), count) for seq, count in sorted(counts.items())]

    def turn(self, log_id: bytes, item: Item) -> int:
        """The turn of a record's custody, from which a verdict starts."""
        return self._directives.holding(self._front.read(), log_id, item.record).turn

    def issue(self, log_id: bytes, body: Body, mark: bytes) -> Issued:
        """Bring a directive into the hub's log; the same mark again is the same directive. NotAllowed or CustodyRefused when it may not be now."""
        return self._directives.issue(log_id, body, mark)

    def told(self, log_id: bytes, dseq: int) -> tuple[Issued | None, str]:
        """How far a directive is, and what the node said of it in words."""
        reading = self._front.read()
        issued = directive_store.get(reading, log_id, dseq)
        said = self._directives.answer(reading, issued) if issued is not None else None
        return issued, said.text if said else ""
