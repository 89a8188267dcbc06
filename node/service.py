"""What a node can be asked, one method a verb: the same for a command that opened the home itself and for the daemon's local API."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from holdings import lineage, quarantine, records
from holdings.layout_words import Role, Use
from holdings.record import Description
from holdings.reference_code import match_key
from node import copies, evidence_seen, page_changes, report, settings, verification
from node.errors import ConfigurationWrong
from node.settings import Setting
from node.verb_groups import LazyGroups, every_verb
from node.verbs import Answer
from node.verbs_quarantine import told
from sync import log, sealed
from sync.errors import LinkLost, PeerRefused
from sync.receipt import Grade
from sync.receipt import read as read_receipt

if TYPE_CHECKING:
    from node.verbs_catalogue import CatalogueVerbs
    from node.verbs_check import CheckVerbs
    from node.verbs_console import ConsoleVerbs
    from node.verbs_delivery import DeliveryVerbs
    from node.verbs_fonds import FondsVerbs
    from node.verbs_pages import PageVerbs
    from node.verbs_profile import ProfileVerbs
    from node.verbs_renumber import RenumberVerbs
    from node.verbs_sample import SampleVerbs

    class Groups(
        CatalogueVerbs, FondsVerbs, PageVerbs, DeliveryVerbs, SampleVerbs, ProfileVerbs, RenumberVerbs, CheckVerbs, ConsoleVerbs,
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
        }

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
        return _findings(verification.doctor(self._home, self._clock, repair=repair))

    def backup(self, destination: str) -> Answer:
        """Copy the home's state to a folder."""
        with _writing_to(destination):
            return dict(copies.backup(self._home, Path(destination)))

    def export(self, destination: str, ref: str | None = None) -> Answer:
        """Plain files for people."""
        with _writing_to(destination):
            return dict(copies.export(self._home, Path(destination), ref, self._engine.sandbox))

    def search(self, query: str, limit: int = 20) -> Answer:
        """Plain search in titles and codes."""
        began = time.monotonic()
        found = records.search_titles(self._home.database.read(), query, limit)
        hits = [
            {
                "ref": h.ref,
                "title": h.title,
                "level": h.level.label,
                "date": h.date,
                "score": h.score,
                "snippet": h.snippet,
            }
            for h in found.hits
        ]
        return {
            "hits": hits,
            "total": found.total,
            "capped": found.capped,
            "milliseconds": round((time.monotonic() - began) * 1000, 1),
        }

    def show(self, ref: str) -> Answer:
        """One record: versions, pages, receipts, findings."""
        reading = self._home.database.read()
        record = records.resolve(reading, ref)
        parts = sealed.current(reading, bytes(record.id))
        body = records.body(reading, record)
        listed = quarantine.for_subject(reading, match_key(record.reference_code))
        return {
            "ref": record.reference_code, "id": record.id.hex(), "title": record.title, "level": record.level.label, "custody": "本馆保管",
            "version": record.version,
            "void": {"reason": body.void.reason, "by": body.void.person, "time": body.void.time} if body.void else None,
            "versions": [asdict(v) for v in records.versions(reading, record)],
            "former_codes": lineage.former_codes(reading, record.number),
            "relations": [{"kind": r.kind.label, "id": r.record.hex(), "ref": r.reference_code, "note": r.note} for r in lineage.relations(reading, record.number)],
            "page_changes": [asdict(c) for c in page_changes.of_record(reading, bytes(record.id))],
            "receipts": self._receipts_of({s.pack for p in parts for s in p.segments}),
            "findings": [told(item) for item in listed if item.state in (quarantine.FindingState.OPEN, quarantine.FindingState.SET_ASIDE)],
            "pages": [
                {"name": p.name, "media_type": "", "bytes": p.size, "sha256": p.sha256.hex(), "text": "", **_meant(body, position)}
                for position, p in enumerate(parts)
            ],
        }  # fmt: skip

    def _receipts_of(self, packs: set[bytes]) -> list[Answer]:
        reading, own, hub = self._home.database.read(), self._home.identity.log.log_id, self._home.identity.hub
        found = []
        for seq in sorted(sealed.seqs_of(reading, packs)):
            for grade in Grade:
                if raw := log.receipt_at(reading, own, seq, grade):
                    receipt = read_receipt(hub.signing_key, raw, hub_id=hub.log_id, log_id=own)
                    label = {Grade.R1: "已收存", Grade.R4: "已验读"}[grade]
                    found.append(
                        {
                            "grade": grade.name,
                            "label": label,
                            "seq": seq,
                            "wall": receipt.wall,
                            "exceptions": len(receipt.exceptions),
                        }
                    )
        return found

    def pause(self, paused: bool = True) -> Answer:
        """Pause or resume sending."""
        with self._home.database.transaction() as connection:
            settings.write(connection, Setting.PAUSED, int(paused) or None)
        if paused:
            self._engine.cancel_link()
        self._wake()
        return {"paused": paused}


def _meant(body: Description, position: int) -> Answer:
    """What a part is for and what it shows; a value of a later program is passed over."""
    use = body.uses[position] if position < len(body.uses) else Use.MASTER
    role = body.roles[position] if position < len(body.roles) else Role.BODY
    return {"use": Use(use).label if use in _USES else "", "role": Role(role).label if role in _ROLES else ""}


_USES, _ROLES = frozenset(Use), frozenset(Role)


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
