"""The desk's words about hand-overs and directives (`jindang hub accept`, `return`, `directives` …); what carries them out is loaded when one is asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from holdings.access import Access
from holdings.directive_text import person_of
from holdings.errors import NotFound
from hub.desk import Answer, Number
from hub.home import Home
from hub.reception_verdicts import By

if TYPE_CHECKING:
    from hub.custody_desk import CustodyDesk
    from hub.opening_desk import OpeningDesk
    from hub.opening_review import Stage

OpeningName = Literal["open", "controlled", "deferred"]
HandOverName = Literal["report", "transfer"]


class CustodyWords:
    """See the module. Who is named in `by` stands on the papers and in the directives; the journal names who asked."""

    def __init__(self, home: Home) -> None:
        self._home = home

    @property
    def _desk(self) -> CustodyDesk:
        from hub.custody_desk import CustodyDesk

        return CustodyDesk(self._home)

    def accept(self, by: str, refs: list[str] = [], delivery: str = "", node: str = "", note: str = "") -> Answer:  # noqa: B006 - never changed
        """验收通过, or 接收 of a transfer."""
        return self._desk.accept(refs, by, delivery, node, note)

    def give_back(self, refs: list[str], reasons: list[str], by: str, note: str = "", due: str = "") -> Answer:
        """退回整改."""
        return self._desk.give_back(refs, reasons, by, note, due)

    def handover(self, name: str, kind: HandOverName, by: str) -> Answer:
        """Whether a node reports or transfers from now on."""
        return self._desk.handover(name, kind, by)

    def grant(self, refs: list[str], by: str, reason: str) -> Answer:
        """交回保管."""
        return self._desk.grant(refs, by, reason)

    def propose(self, ref: str, values: dict[str, str], by: str, reason: str) -> Answer:
        """修改建议."""
        return self._desk.propose(ref, values, by, reason)

    def opening(self, refs: list[str], result: OpeningName, ground: str, by: str, until: str = "") -> Answer:
        """开放审核结果, reviewed on paper: carried out at once, and among the reviews."""
        return self._openings().direct(refs, result, until, ground, By("local", person_of(by)))

    def openings(self, state: str = "", before: Number = 0, limit: Number = 100) -> Answer:
        """Opening reviews, the newest first; `state` waiting, approved, refused, withdrawn, revoked."""
        from hub.opening_desk import values

        desk = self._openings()
        found = desk.listed(self._stage(state), before, min(max(limit, 1), 1_000))
        return {"items": [values(desk, one) for one in found]}

    def openings_csv(self, state: str = "") -> Iterator[bytes]:
        """The same with their records, as CSV."""
        desk = self._openings()
        yield from desk.as_csv(desk.listed(self._stage(state), 0, 10_000))

    def opening_revoke(self, review: Number, reason: str, by: str) -> Answer:
        """停止开放 of what a review opened."""
        desk = self._openings()
        if (one := desk.find(review)) is None:
            raise NotFound(f"没有第 {review} 号开放审核；jindang hub openings 列出全部")
        return desk.revoke(one, By("local", person_of(by)), reason)

    def _openings(self) -> OpeningDesk:
        from hub.opening_desk import OpeningDesk

        return OpeningDesk(self._home, Access.whole())

    @staticmethod
    def _stage(state: str) -> Stage | None:
        from hub.opening_review import Stage

        if state and state.upper() not in Stage.__members__:
            raise NotFound(f"没有这种状态；可用：{'、'.join(one.name.lower() for one in Stage)}")
        return Stage[state.upper()] if state else None

    def notify(self, name: str, subject: str, text: str, by: str) -> Answer:
        """通知."""
        return self._desk.notify(name, subject, text, by)

    def releases(self, name: str) -> Answer:
        """What a node let go of."""
        return self._desk.releases(name)

    def directives(self, name: str = "", state: str = "", before: Number = 0, limit: Number = 100) -> Answer:
        """What was told to nodes, and what became of it."""
        return self._desk.directives(name, state, before, limit)
