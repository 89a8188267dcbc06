"""Workload statistics 工作量统计 of accepted deliveries: pages are measured once, from the source while it lies there unchanged, else
from what was sealed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import apsw

from holdings import delivery, page_size, records, workload, workload_store
from holdings.delivery import Delivery, DeliveryState
from holdings.record import Description
from holdings.stored_record import StoredRecord
from holdings.workload import Work, Workload
from holdings.workload_store import Measured, Said
from node import deliveries, folders
from node.engine import Engine
from sync import durable, transform
from sync.errors import SandboxError
from sync.manifest import Part, segment_size
from sync.pack import open_segment

PART_MAX = 256 << 20
"""Files above this are not measured: tapes and films have no paper."""
_ROLES = ("扫描员", "图像处理员", "质检员", "著录员")


def statistics(engine: Engine, name: str = "", contractor: str = "") -> Workload:
    """The statistics of the accepted deliveries, of one of them, or of one contractor."""
    return workload.statistics(_works(engine, name, contractor))


def write(destination: Path, found: Workload, heading: str) -> None:
    """Write the statistics as xlsx."""
    from holdings import workload_sheet

    durable.write_file(destination, workload_sheet.write(found, heading))
    destination.chmod(0o644)


def _works(engine: Engine, name: str, contractor: str) -> Iterator[Work]:
    reading = engine.home.database.read()
    chosen = [delivery.fetch(reading, name)] if name else delivery.list_all(reading)
    for held in chosen:
        if held.state is DeliveryState.ACCEPTED and contractor in ("", held.contractor):
            for record in deliveries.sealed_records(reading, held.name):
                yield _work(engine, reading, held, record)


def _work(engine: Engine, reading: apsw.Connection, held: Delivery, record: StoredRecord) -> Work:
    """One record's: measured pages, and what link sheet or catalogue say of persons, station, day."""
    said = workload_store.said_of(reading, record.match_key) or [_in_catalogue(records.body(reading, record))]
    measured = _measured(engine, reading, record)
    sizes = dict(measured.sizes)
    declared = next((one.size_class for one in said if one.size_class), "").upper()
    known = {size.name: size.a4 for size in workload.rule(engine.home.site).sizes}
    if workload.UNKNOWN in sizes and declared in known:
        # What the file does not tell, the link sheet may.
        pages, _ = sizes.pop(workload.UNKNOWN)
        more, a4 = sizes.get(declared, (0, "0"))
        sizes[declared] = (pages + more, str(pages * known[declared] + Fraction(a4)))
    amounts = [amount for one in said if (amount := workload.amount(one.a4)) is not None]
    persons = {role: "、".join(dict.fromkeys(one.persons[role] for one in said if role in one.persons)) for role in _roles(said)}
    first = records.versions(reading, record)[0].time
    day = next((day for one in said if (day := workload.day_of(one.date))), "")
    station = next((one.station for one in said if one.station), held.stations[0] if len(held.stations) == 1 else "")
    return Work(
        held.contractor, held.name, station, persons.get("扫描员", ""),
        day or f"{datetime.fromtimestamp(first, UTC).astimezone():%Y-%m-%d}", persons, sizes, measured.backs,
        sum(amounts, Fraction(0)) if amounts else None,
    )  # fmt: skip


def _roles(said: list[Said]) -> list[str]:
    return list(dict.fromkeys(role for one in said for role in one.persons))


def _in_catalogue(body: Description) -> Said:
    """The same from columns of the catalogue sheet that bear these names."""
    value = body.elements
    persons = {role: value[role] for role in _ROLES if value.get(role)}
    return Said(value.get("扫描站", ""), persons, value.get("扫描日期", ""), value.get("幅面", ""), value.get("折合A4", ""))


def _measured(engine: Engine, reading: apsw.Connection, record: StoredRecord) -> Measured:
    """Page sizes of the record's version, kept after the first time."""
    known = workload_store.sizes_of(reading, bytes(record.id), record.version)
    if known is not None:
        return known
    pages: list[tuple[str, float, float]] = []
    places = _sources(engine, reading, record)
    for part in deliveries.shown_parts(reading, record):
        try:
            data = _source(places.get(part.sha256), part) or _sealed(engine, part)
            sizes = page_size.decode(engine.sandbox.call("holdings.page_size:measure_in_sandbox", data)) if data else []
        except SandboxError:
            sizes = []
        pages += [(part.name, short, long) for short, long in sizes or [(0.0, 0.0)]]
    sizes_by_class, backs = workload.measure(pages, workload.rule(engine.home.site))
    measured = Measured(sizes_by_class, backs)
    with engine.home.database.transaction() as connection:
        workload_store.keep_sizes(connection, bytes(record.id), record.version, measured)
    return measured


def _sources(engine: Engine, reading: apsw.Connection, record: StoredRecord) -> dict[bytes, tuple[Path, tuple[int, int, int]]]:
    """Where the files of a record lay when they were sealed: {sha256: (path, size, mtime, inode)}; gathered places are left to
    the sealed copy."""
    found: dict[bytes, tuple[Path, tuple[int, int, int]]] = {}
    for place, number in folders.sealed_at(reading, record.match_key):
        watch, _, relative = place.partition("/")
        for root in map(Path, engine.home.config.watch):
            if root.name == watch:
                for name, facts in folders.sources(reading, number).items():
                    found[facts[3]] = (root / relative / name, facts[:3])
    return found


def _source(place: tuple[Path, tuple[int, int, int]] | None, part: Part) -> bytes:
    """The source's bytes, when it lies there as it was sealed; empty otherwise."""
    if place is None or part.size > PART_MAX:
        return b""
    path, facts = place
    try:
        with open(path, "rb", opener=lambda p, f: os.open(p, f | os.O_NOFOLLOW | os.O_NONBLOCK)) as source:
            now = os.fstat(source.fileno())
            return source.read(part.size) if (now.st_size, now.st_mtime_ns, now.st_ino) == facts else b""
    except OSError:
        return b""


def _sealed(engine: Engine, part: Part) -> bytes:
    """The part as it was sealed; empty for one that is too large to be paper."""
    if part.size > PART_MAX:
        return b""
    home = engine.home
    return b"".join(
        transform.restore(
            open_segment(segment, home.objects.read(segment.pack, segment.offset, segment.length)), part.transform,
            segment_size(part.size, index), engine.sandbox,
        )
        for index, segment in enumerate(part.segments)
    )  # fmt: skip
