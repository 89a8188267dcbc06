"""A hub and a node with three records, and the two ends of what the hub tells it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from city import City
from scan_tree import page

from holdings import custody_store, records
from holdings.custody import Party
from holdings.directive import Body, HandOver
from holdings.directive_entry import Subject
from holdings.directive_text import Word
from holdings.directive_verdict import Returned, ReturnedRecord, ReturnFault
from hub import directive_store
from hub.directive_store import Issued, Stage
from hub.directives import Directives
from node.engine import Engine
from node.service import Service
from sync import log
from sync.entry import EntryKind

A, B, C = (f"J001-WS·2011·Y·BGS-{n:04d}" for n in range(1, 4))
WORD = Word("王敏", 1_795_000_000)


class Told:
    """A city with three records at its hub, and the two ends of what it says."""

    def __init__(self, city: City) -> None:
        self.city = city

    @property
    def directives(self) -> Directives:
        return self.city.hub.hub.home.directives()

    @property
    def node(self) -> bytes:
        [one] = log.logs(self.city.hub.hub.home.front.read(), log.Role.NODE)
        return one.log_id

    def issue(self, body: Body, mark: bytes = b"") -> Issued:
        return self.directives.issue(self.node, body, mark)

    def stage(self, one: Issued) -> Stage:
        now = directive_store.get(self.city.hub.hub.home.front.read(), one.log_id, one.dseq)
        assert now is not None
        return now.stage

    def sync(self) -> None:
        self.city.run(intake=False)

    def ask(self, verb: str, **given: Any) -> dict[str, Any]:
        with self.city.work.opened() as engine:
            return dict(getattr(Service(engine), verb)(**given))

    def looked(self, look: Callable[[Engine], Any]) -> Any:
        with self.city.work.opened() as engine:
            return look(engine)

    def subject(self, code: str, turn: int = 0) -> Subject:
        def found(engine: Engine) -> Subject:
            record = records.resolve(engine.home.database.read(), code)
            return Subject(bytes(record.id), record.version, turn)

        return self.looked(found)

    def holder(self, code: str) -> tuple[str, str]:
        """Who holds a record, by the node's word and by the hub's."""
        home = self.city.hub.hub.home
        record = self.subject(code).record
        at_hub = custody_store.holding(home.front.read(), self.node, record).label(
            Party(home.hub_id), Party(home.hub_id)
        )
        return self.ask("custody", ref=code)["custody"], at_hub

    def returned(self, code: str, turn: int = 0, handover: HandOver = HandOver.REPORT) -> Returned:
        one = ReturnedRecord(self.subject(code, turn), (ReturnFault("W02", ((1, 2),), "重复"),))
        return Returned(handover, "批次", 1, "2027-01-15", WORD, (one,), "请重扫")

    def acks(self) -> list[tuple[int, int]]:
        """(dseq, result) of every acknowledgement in the node's log."""
        return self.looked(
            lambda e: [
                (x.body[1], x.body[3])
                for x in log.of_kind(e.home.database.read(), e.home.identity.log.log_id, EntryKind.ACK)
            ]
        )


def report_three(city: City) -> Told:
    """Three records of two pages, reported by a node that just joined."""
    city.work.scans.rows({code: {"页数": "2"} for code in (A, B, C)})
    for number, code in enumerate((A, B, C)):
        city.work.scans.put(code, {f"{n:04d}.jpg": page(10 * number + n) for n in (1, 2)})
    assert city.run().records == 3
    return Told(city)
