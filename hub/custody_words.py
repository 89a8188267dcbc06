"""The desk's words about hand-overs and directives (`jindang hub accept`, `return`, `directives` …); what carries them out is loaded when one is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from hub.desk import Answer, Number
from hub.home import Home

if TYPE_CHECKING:
    from hub.custody_desk import CustodyDesk

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
        """开放审核结果."""
        return self._desk.opening(refs, result, until, ground, by)

    def notify(self, name: str, subject: str, text: str, by: str) -> Answer:
        """通知."""
        return self._desk.notify(name, subject, text, by)

    def releases(self, name: str) -> Answer:
        """What a node let go of."""
        return self._desk.releases(name)

    def directives(self, name: str = "", state: str = "", before: Number = 0, limit: Number = 100) -> Answer:
        """What was told to nodes, and what became of it."""
        return self._desk.directives(name, state, before, limit)
