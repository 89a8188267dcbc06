"""What a node knows of a record that it sealed, gathered for the checks: its own packs, its signed log, its catalogue."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import apsw

from holdings import catalogue, profile_store, records
from holdings.check import Verdict
from holdings.check_facts import FileFacts, Material, Repeated, Service
from holdings.errors import HoldingsError
from holdings.file_name import NameKind, name_kind
from holdings.findings import display_path
from holdings.layout_words import vocabulary
from holdings.metadata import category_for
from holdings.record import Description
from holdings.reference_code import ReferenceCode, parse
from holdings.site_data import SiteData
from holdings.stored_record import StoredRecord
from node import folders
from node.home import Home
from node.places import GATHERED
from sync import entry as entries
from sync import manifest
from sync.entry import Entry
from sync.errors import SyncError
from sync.manifest import Manifest

SUPERFLUOUS_MAX: Final = 1_000


def signature(home: Home, entry: Entry, content: Manifest) -> Service:
    """Whether the log entry that brought these items is signed by this node and its manifest is the one that was signed."""
    try:
        entries.verify(entry, home.identity.log.signing_key)
        body = manifest.read_delta(entry.body)
        if manifest.leaf_root(content) != body.leaf_root:
            return Service(Verdict.FAILED, f"第 {entry.seq} 条日志的清单摘要不符")
    except SyncError as fault:
        return Service(Verdict.FAILED, f"第 {entry.seq} 条日志的签名不成立：{fault}")
    return Service(Verdict.PASSED, f"第 {entry.seq} 条日志的签名和清单摘要有效")


def material(
    home: Home, record: StoredRecord, described: Description, files: tuple[FileFacts, ...], signed: Service, repeated: tuple[Repeated, ...] | None,
    site: SiteData, now: float,
) -> Material:  # fmt: skip
    """Facts of a record in its current version."""
    reading = home.database.read()
    code = parse(record.reference_code)
    category = category_for(code, described.elements, site) if isinstance(code, ReferenceCode) else "document"
    row = catalogue.row_for(reading, record.match_key)
    sealed = next((v.time for v in records.versions(reading, record) if v.version == record.version), 0)
    return Material(
        record.match_key, record.reference_code, described, category, datetime.fromtimestamp(now, UTC).year, record.version, record.pages, sealed, files,
        signed, _reachable(reading, record), Service(Verdict.PASSED, f"{len(described.elements)} 项"), records.bearers(reading, record.match_key),
        row.elements if row is not None else None, None, _superfluous(home, record), repeated,
    )  # fmt: skip


def _reachable(reading: apsw.Connection, record: StoredRecord) -> Service:
    try:
        found = records.resolve(reading, record.reference_code)
    except HoldingsError as fault:
        return Service(Verdict.FAILED, str(fault))
    return Service(Verdict.PASSED) if found.id == record.id else Service(Verdict.FAILED, "按档号找到的是另一条档案")


def _superfluous(home: Home, record: StoredRecord) -> tuple[str, ...] | None:
    """Files that lie in a sealed record's folder and are none of its pages; None when the folder is gone, or holds more than this record."""
    reading = home.database.read()
    places = folders.sealed_at(reading, record.match_key)
    roots = {Path(watch).name: Path(watch) for watch in home.config.watch}
    words, profiles, found = vocabulary(home.site), profile_store.assigned(reading), list[str]()
    for path, number in places:
        top, _, rest = path.partition("/")
        if not rest or GATHERED in path or top not in roots:
            return None
        sealed, markers = folders.sources(reading, number), profiles.of(path).ready.markers
        try:
            names = sorted(entry.name for entry in (roots[top] / rest).iterdir() if not words.is_marker(entry.name, markers))
        except OSError:
            return None
        found += [display_path(f"{path}/{name}") for name in names if name not in sealed and name_kind(name) is not NameKind.PARTIAL]
    return tuple(found[:SUPERFLUOUS_MAX]) if places else None
