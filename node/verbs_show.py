"""The verb that shows one record: what it says, where its bytes are receipted, what waits for a person, and the texts of its pages."""

from __future__ import annotations

from collections.abc import Callable

import apsw
from msgspec.structs import asdict

from holdings import catalogue_shown, lineage, page_reading, photo_set, quarantine, records
from holdings.access import Access
from holdings.custody import HELD_HERE
from holdings.errors import NotFound
from holdings.layout_words import Role, Use
from holdings.record import Description
from holdings.reference_code import match_key
from holdings.stored_record import StoredRecord
from node import page_changes, settings
from node.settings import Setting
from node.verbs import Answer, Verbs
from node.verbs_quarantine import told
from sync import log, sealed
from sync.receipt import Grade
from sync.receipt import read as read_receipt

_USES, _ROLES = frozenset(Use), frozenset(Role)
_WAITING = (quarantine.FindingState.OPEN, quarantine.FindingState.SET_ASIDE)


class ShowVerbs(Verbs):
    """Showing what is held."""

    def show(self, ref: str, query: str = "") -> Answer:
        """One record: versions, pages with their texts, receipts, findings; `marks` of a query in each text. A row of the catalogue
        without a record is shown as what it is. A code that only begins so is taken where one record alone does.

        NotFound names codes that begin alike.
        """
        reading = self._home.database.read()
        try:
            record = records.resolve(reading, ref)
        except NotFound as fault:
            if (row := catalogue_shown.shown_row(reading, ref)) is not None:
                return row
            from holdings import search_desk

            record = records.by_number(reading, search_desk.only_begun(reading, Access.whole(), ref, fault))
        return self._shown(reading, record, query)

    def _shown(self, reading: apsw.Connection, record: StoredRecord, query: str) -> Answer:
        parts = sealed.current(reading, bytes(record.id))
        body = records.body(reading, record)
        listed = quarantine.for_subject(reading, match_key(record.reference_code))
        marking = page_reading.marking(query)
        return {
            "ref": record.reference_code, "id": record.id.hex(), "title": record.title, "level": record.level.label, **self._custody(reading, bytes(record.id)),
            "version": record.version,
            "elements": dict(body.elements),
            "set": asdict(found) if (found := photo_set.of_record(reading, record.reference_code, body.elements, self._home.site)) else None,
            "void": {"reason": body.void.reason, "by": body.void.person, "time": body.void.time} if body.void else None,
            "explanation": asdict(body.explanation) if body.explanation else None,
            "versions": [asdict(v) for v in records.versions(reading, record)],
            "former_codes": lineage.former_codes(reading, record.number),
            "relations": [{"kind": r.kind.label, "id": r.record.hex(), "ref": r.reference_code, "note": r.note} for r in lineage.relations(reading, record.number)],
            "page_changes": [asdict(c) for c in page_changes.of_record(reading, bytes(record.id))],
            "receipts": self._receipts_of({s.pack for p in parts for s in p.segments}),
            "findings": [told(item) for item in listed if item.state in _WAITING],
            "pages": [
                {
                    "name": p.name, "media_type": "", "bytes": p.size, "sha256": p.sha256.hex(),
                    **page_reading.told(reading, record.number, p.sha256, marking), **_meant(body, position),
                }
                for position, p in enumerate(parts)
            ],
        }  # fmt: skip

    def _custody(self, reading: apsw.Connection, identity: bytes) -> Answer:
        """Holder, acts and verdicts; a node to which the city never said anything of a record loads nothing for it."""
        if not settings.number(reading, Setting.TOLD):
            return {"custody": HELD_HERE, "turn": 0, "custody_acts": [], "verdicts": []}
        from node import custody_shown

        return custody_shown.custody(self._home, reading, identity)

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


def meant_of(reading: apsw.Connection, record: StoredRecord) -> Callable[[int], Answer]:
    """What each file of a record is for and what it shows, by its position."""
    body = records.body(reading, record)
    return lambda position: _meant(body, position)


def _meant(body: Description, position: int) -> Answer:
    """What a part is for and what it shows; a value of a later program is passed over."""
    use = body.uses[position] if position < len(body.uses) else Use.MASTER
    role = body.roles[position] if position < len(body.roles) else Role.BODY
    return {"use": Use(use).label if use in _USES else "", "role": Role(role).label if role in _ROLES else ""}
