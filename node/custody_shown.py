"""Who holds a record, and what the city said of it, as JSON for console and commands."""

from __future__ import annotations

from typing import Any

import apsw

from holdings import custody_store, records
from holdings.custody import Party
from holdings.directive_verdict import ReturnFault
from holdings.record import RecordId
from node import city_verdicts, part_pages
from node.city_verdicts import CityVerdict
from node.home import Home
from sync import sealed

Answer = dict[str, Any]


def custody(home: Home, reading: apsw.Connection, identity: bytes) -> Answer:
    """The holder, the acts that led there, and the city's verdicts, of a record by its id."""
    own, hub = Party(home.identity.log.log_id), Party(home.identity.hub.log_id)
    held = custody_store.holding(reading, own, identity)
    return {
        "custody": held.label(own, hub),
        "turn": held.turn,
        "custody_acts": [
            {
                "act": kept.act.kind.label,
                "by": "本机" if kept.act.by == own else "市级中心",
                "version": kept.act.version,
                "turn": kept.act.turn,
                "wall": kept.wall,
            }
            for kept in custody_store.history(reading, own, identity)
        ],
        "verdicts": [verdict(reading, one) for one in city_verdicts.of_record(reading, identity)],
    }


def verdict(reading: apsw.Connection, one: CityVerdict) -> Answer:
    """One word of the hub about a version; pages by file where that version is the one held, as far as the pages of its files were counted."""
    held = records.by_id(reading, RecordId(one.record))
    names = part_pages.in_order(reading, sealed.current(reading, one.record)) if held and held.version == one.version else []
    return {
        **record(reading, one.record), "number": one.dseq, "version": one.version, "current": held.version if held else 0,
        "accepted": one.accepted, "handover": one.handover.name.lower(), "round": one.round, "due": one.due, "delivery": one.delivery,
        "note": one.note, "by": one.person, "time": one.time, "faults": faults(one.faults, names), "cursor": f"{one.dseq}/{one.record.hex()}",
    }  # fmt: skip


def record(reading: apsw.Connection, identity: bytes) -> Answer:
    """What a directive's record is here; blank code and title when it is not."""
    held = records.by_id(reading, RecordId(identity))
    return {"id": identity.hex(), "ref": held.reference_code if held else "", "title": held.title if held else ""}


def faults(given: tuple[ReturnFault, ...], names: list[str]) -> list[Answer]:
    """Reasons with pages as numbers, and as file names as far as they are known."""
    return [
        {
            "code": one.code,
            "note": one.note,
            "pages": [list(stretch) for stretch in one.pages],
            "files": [
                names[page - 1] for first, last in one.pages for page in range(first, last + 1) if page <= len(names)
            ],
        }
        for one in given
    ]
