"""What a node can be asked, one method a verb: the same for a command that opened the home itself and for the daemon's local API."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec.structs import asdict

from holdings import quarantine
from node import copies, evidence_seen, report, settings, verification
from node.errors import ConfigurationWrong
from node.settings import Setting
from node.verb_groups import LazyGroups, every_verb
from node.verbs import Answer
from sync.errors import LinkLost, PeerRefused
from sync.receipt import Grade

if TYPE_CHECKING:
    from node.verbs_catalogue import CatalogueVerbs
    from node.verbs_cataloguing import CataloguingVerbs
    from node.verbs_check import CheckVerbs
    from node.verbs_console import ConsoleVerbs
    from node.verbs_counter import CounterVerbs
    from node.verbs_delivery import DeliveryVerbs
    from node.verbs_directive import DirectiveVerbs
    from node.verbs_directory import DirectoryVerbs
    from node.verbs_fonds import FondsVerbs
    from node.verbs_machine import MachineVerbs
    from node.verbs_meaning import MeaningVerbs
    from node.verbs_operator import OperatorVerbs
    from node.verbs_pages import PageVerbs
    from node.verbs_profile import ProfileVerbs
    from node.verbs_reading import ReadingVerbs
    from node.verbs_record import RecordVerbs
    from node.verbs_renumber import RenumberVerbs
    from node.verbs_sample import SampleVerbs
    from node.verbs_search import SearchVerbs
    from node.verbs_show import ShowVerbs

    class Groups(
        CatalogueVerbs, DirectiveVerbs, FondsVerbs, PageVerbs, DeliveryVerbs, SampleVerbs, ProfileVerbs, RenumberVerbs, CheckVerbs, ConsoleVerbs, MachineVerbs,
        SearchVerbs, ShowVerbs, ReadingVerbs, MeaningVerbs, OperatorVerbs, RecordVerbs, DirectoryVerbs, CataloguingVerbs,
        CounterVerbs,
    ):
        """What the service answers to as a whole."""
else:
    Groups = LazyGroups

Wait = Literal["", "R1", "R4"]
"""Which receipts a run waits for."""


class Service(Groups):
    """The verbs of a node: those of its groups, and the few about the node as a whole."""

    def capabilities(self) -> Answer:
        """Verbs that this node knows."""
        return {"verbs": sorted(verbs()), "program": report.program()}

    def status(self) -> Answer:
        """How the node is."""
        progress = self._engine.progress
        return {
            **report.status(self._home, self._clock),
            "read_bytes": progress.read_bytes,
            "sent_bytes": progress.sent_bytes,
            "note": progress.note,
            "reading": self._reading(),
        }

    def _reading(self) -> Answer:
        """Pages read 识读, waiting, failed."""
        from node import reading_queue as queue

        reading, figures = self._home.database.read(), queue.Figure
        counted = {name.value: queue.figure(reading, name) for name in (figures.READ, figures.WAITING, figures.FAILED)}
        return {**counted, "paused": bool(queue.figure(reading, figures.PAUSED))}

    def run(self, settle: float | None = None, intake: bool = True, send: bool = True, wait: Wait = "") -> Answer:
        """Take in, send, wait for receipts of a grade (R1, R4 or empty); evidence that is new is verified at the end, hub or no hub."""
        grade = Grade[wait] if wait else None
        try:
            result = asdict(self._engine.run(settle_s=settle, intake=intake, send=send, wait_grade=grade))
        except (LinkLost, PeerRefused):
            self._verify_evidence(intake=intake)
            raise
        if self._verify_evidence(intake=intake):
            result["quarantined"] = quarantine.count_subjects(self._home.database.read())
        return result

    def _verify_evidence(self, *, intake: bool) -> int:
        if not intake or not evidence_seen.every(self._home.database.read()):
            return 0
        # Here: most deliveries bring none.
        from node.evidence_work import EvidenceWork

        return EvidenceWork(self._engine).pending(self._engine.cancel.is_set)

    def verify(self) -> Answer:
        """Re-hash every sealed object."""
        return _findings(verification.verify(self._home))

    def doctor(self, repair: bool = False) -> Answer:
        """Examine database, log, receipts, objects."""
        return _findings(verification.doctor(self._home, self._clock, repair=repair, resting=self._engine.resting))

    def backup(self, destination: str) -> Answer:
        """Copy the home's state to a folder."""
        with _writing_to(destination):
            return dict(copies.backup(self._home, Path(destination)))

    def export(self, destination: str, ref: str | None = None) -> Answer:
        """Plain files for people."""
        with _writing_to(destination):
            return dict(copies.export(self._home, Path(destination), ref, self._engine.sandbox))

    def pause(self, paused: bool = True) -> Answer:
        """Pause or resume sending."""
        with self._home.database.transaction() as connection:
            settings.write(connection, Setting.PAUSED, int(paused) or None)
        if paused:
            self._engine.cancel_link()
        self._wake()
        return {"paused": paused}


@contextmanager
def _writing_to(destination: str) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        raise ConfigurationWrong(
            f"{destination} 写不进去：{fault.strerror or fault}。请换一个目标，或检查权限与空间。"
        ) from fault


def _findings(found: list[verification.Trouble]) -> Answer:
    return {"ok": not found, "damage": any(t.damage for t in found), "findings": [t.to_json() for t in found]}


@functools.cache
def verbs() -> frozenset[str]:
    """Everything the local API may be asked; nothing else is reachable through it."""
    return every_verb() | {name for name in dir(Service) if not name.startswith("_")}
