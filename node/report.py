"""How this node is, in numbers: for hello, `node status` and the console. Every figure is kept, none is counted over millions."""

from __future__ import annotations

import math
import shutil
from importlib import metadata
from typing import Any

import apsw

from holdings import quarantine, tally
from node import folders, settings
from node.backlog import backlog
from node.clock import Clock
from node.folders import FolderState
from node.home import Home
from node.settings import Setting
from sync import log
from sync.state_report import LastTalk, PlannedOutage, StateReport


def program() -> str:
    """Name and version of this program."""
    try:
        return f"jindang {metadata.version('jindang')}"
    except metadata.PackageNotFoundError:
        return "jindang (source)"


def state_report(home: Home, clock: Clock) -> StateReport:
    """The report of hello (format.md §11.2)."""
    reading, waits, disk = home.database.read(), backlog(home), shutil.disk_usage(home.path)
    cut = settings.number(reading, Setting.CUT)
    return StateReport(
        program=program(), records=tally.read(reading, tally.Count.RECORDS), pages=tally.read(reading, tally.Count.PAGES),
        bytes_stored=settings.number(reading, Setting.BYTES_STORED), pending_deltas=waits.deltas, pending_bytes=waits.bytes,
        quarantined=quarantine.count_subjects(reading), clock_state=clock.state(), wall=max(0, int(clock.now())), free_bytes=disk.free,
        pending_pages=waits.pages, pending_tenths=None if waits.nights is None else math.ceil(waits.nights * 10), last_talk=_last_talk(reading),
        cut=(cut, settings.number(reading, Setting.CUT_BACK)) if cut > 0 else None, paused=bool(settings.read(reading, Setting.PAUSED)),
        scanning=folders.count_state(reading, FolderState.SCANNING) + folders.count_state(reading, FolderState.LOOKED),
        held=folders.count_state(reading, FolderState.HELD), disk_bytes=disk.total, oldest_waiting=waits.oldest,
        outages=_outages(reading, int(clock.now())),
    )  # fmt: skip


def _outages(reading: apsw.Connection, now: int) -> tuple[PlannedOutage, ...]:
    """What is planned and not over; nothing is loaded where nothing ever was."""
    if settings.read(reading, Setting.OUTAGES) is None:
        return ()
    from node import outages

    return outages.to_tell(reading, now)


def _last_talk(reading: apsw.Connection) -> LastTalk | None:
    """The newest line of the log of nights; clocks that were set back give no negative number."""
    from node import nights  # which imports the engine, which imports this

    last = next(iter(nights.newest(reading, 1)), None)
    if last is None:
        return None
    return LastTalk(max(0, last.began), max(0, last.ended), last.tries, last.bytes, last.receipted, bool(last.fault))


def status(home: Home, clock: Clock) -> dict[str, Any]:
    """The JSON of `node status` (DESIGN §7) and what a person wants beside it."""
    from holdings import search_upkeep  # hello needs none of it

    reading, report = home.database.read(), state_report(home, clock)
    own = home.identity.log.log_id
    return {
        "name": home.config.name,
        "class": home.identity.log.site_class.name.lower(),
        "records": report.records,
        "pages": report.pages,
        "bytes_stored": report.bytes_stored,
        "pending_deltas": report.pending_deltas,
        "pending_bytes": report.pending_bytes,
        "quarantined": report.quarantined,
        "last_contact": settings.read(reading, Setting.LAST_CONTACT),
        "last_result": settings.read(reading, Setting.LAST_RESULT),
        "stopped": settings.read(reading, Setting.STOPPED),
        "hub_behind_since": settings.read(reading, Setting.HUB_BEHIND),
        "scanning": folders.count_state(reading, FolderState.SCANNING)
        + folders.count_state(reading, FolderState.LOOKED),
        "held": folders.count_state(reading, FolderState.HELD),
        "sources_gone": folders.count_gone(reading),
        "deltas": home.head().seq,
        "receipts": log.receipts_head(reading, own),
        "free_bytes": report.free_bytes,
        "clock": report.clock_state.name.lower(),
        "paused": bool(settings.read(reading, Setting.PAUSED)),
        "search": search_upkeep.state(reading),
        "city": _city(home, reading),
    }


def _city(home: Home, reading: apsw.Connection) -> dict[str, Any]:
    """What the hub's directives left to do; nothing is loaded where there never was one."""
    if not settings.number(reading, Setting.TOLD):
        return {"waiting": 0, "behind": 0, "stopped": "", "to_mend": 0, "mended": 0, "in_transit": 0, "handed_over": 0, "handover": "report"}
    from node import releasing

    return releasing.counts(home, reading)
