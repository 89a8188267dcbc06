"""Verifies by itself the evidence of deliveries that were submitted or have been quiet: derived work, when there is nothing better to do.

What it was made of is kept with what it found, in one transaction: a crash repeats it, and equal evidence of an equal delivery is read once.
"""

from __future__ import annotations

from collections.abc import Callable

import apsw

from holdings import delivery, profile_store
from holdings.delivery import DeliveryState
from holdings.errors import NotFound
from holdings.profile_store import Profiles
from node import delivery_evidence, evidence_seen, settings
from node.delivery_evidence import Interrupted
from node.engine import Engine
from node.errors import ConfigurationWrong
from node.evidence_seen import Known
from node.settings import Setting
from sync import log


class EvidenceWork:
    """One thread. What was looked at is remembered, so that nothing is counted twice while nothing changes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._looked: dict[str, object] = {}

    def pending(self, should_stop: Callable[[], bool]) -> int:
        """Verify what is due; how many deliveries that were. A folder that is away, or a node that stops, leaves the rest to the next time."""
        reading, done = self._engine.home.database.read(), 0
        met = evidence_seen.every(reading)
        profiles = profile_store.assigned(reading) if met else Profiles()
        for one in met:
            if should_stop():
                break
            if not self._due(reading, one, profiles):
                continue
            try:
                self._verify(one.delivery, should_stop)
            except ConfigurationWrong:
                continue
            except Interrupted:
                break
            done += 1
        return done

    def _due(self, reading: apsw.Connection, one: Known, profiles: Profiles) -> bool:
        try:
            held = delivery.fetch(reading, one.delivery)
        except NotFound:
            return False  # nothing was imported of it yet
        quiet = abs(self._engine.clock.now() - one.newest) >= profiles.of(one.delivery).ready.quiet_s()
        if held.state is DeliveryState.WITHDRAWN or not (held.state in evidence_seen.SUBMITTED or quiet):
            return False
        own = log.find(reading, self._engine.home.identity.log.log_id)
        stands = (one.signature, held.state, held.round, settings.number(reading, Setting.EPOCH), own.head if own else 0)
        if self._looked.get(one.delivery) == stands:
            return False
        self._looked[one.delivery] = stands
        if not one.signature and not one.verified:
            return False  # taken away before it was ever verified
        return evidence_seen.basis(reading, held) != one.verified

    def _verify(self, name: str, should_stop: Callable[[], bool]) -> None:
        root = evidence_seen.folder_of(self._engine.home, name)
        progress = self._engine.progress

        def note(checked: int) -> None:
            progress.note = f"正在核对批次“{name}”的随批次清单：已核对 {checked:,} 个文件"

        note(0)
        before = self._looked.pop(name, None)
        try:
            delivery_evidence.verify(self._engine, name, str(root) if root else None, should_stop, note)
        finally:
            progress.note = ""
        self._looked[name] = before
