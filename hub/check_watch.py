"""Runs the hand-over checks YJ of what was folded, and the periodic round CQ, in the background of a running hub: when the vault rests, and at low priority."""

from __future__ import annotations

import logging
from contextlib import closing
from typing import TYPE_CHECKING, Final

from holdings.check import Stage, Verdict
from holdings.errors import HoldingsError
from hub.errors import HubError
from hub.folding import Folding
from hub.home import Home
from hub.vault import Vault
from hub.watch import Watch
from sync.errors import SyncError

if TYPE_CHECKING:
    from hub.check_run import HandoverChecks

LOG = logging.getLogger("jindang.hub")
PORTION: Final = 50


class HandoverWatch(Watch):
    """Checks what the vault has opened, a record at a time; opening for R4 goes before."""

    def __init__(self, home: Home, vault: Vault, folding: Folding) -> None:
        super().__init__("hub-check")
        self._home, self._vault, self._folding = home, vault, folding

    def turn(self) -> None:
        """See Watch."""
        self.receive()
        self.look()

    def receive(self) -> None:
        """Let what was folded come into reception, and verdicts that wait for the log go out."""
        from hub import reception_intake  # a hub starts without it
        from hub.reception_desk import ReceptionDesk

        try:
            while not reception_intake.take_in(self._home.holdings) and not self._stop.is_set():
                continue
            desk = ReceptionDesk(self._home)
            desk.send()
            desk.hear_releases()
        except (SyncError, HoldingsError, HubError) as fault:
            LOG.error("接收登记暂停：%s", fault)

    def _keep(self, checks: HandoverChecks) -> int:
        """The periodic round, while the vault rests and nothing newer waits; failures are named in the hub's log by their number."""
        counts = checks.round(PORTION)
        if failed := counts.verdicts[Verdict.FAILED]:
            LOG.error("长期保存检测：本次 %d 条中 %d 条不通过；逐条见 jindang hub check report --stage CQ", counts.records, failed)
        return counts.records

    def look(self) -> int:
        """Check what waits while the vault rests; how many records."""
        from hub.check_run import HandoverChecks  # a hub starts without it

        done = 0
        with closing(HandoverChecks(self._home, self._vault, images=False)) as checks:
            try:
                while self._folding.idle.is_set() and not self._stop.is_set():
                    counts = checks.pending(Stage.HANDOVER, PORTION)
                    done += counts.records
                    if not counts.waiting:
                        return done + self._keep(checks)
            except (SyncError, HoldingsError) as fault:
                # A full disk, say: what was not checked is tried again.
                LOG.error("移交环节检测暂停：%s", fault)
        return done
