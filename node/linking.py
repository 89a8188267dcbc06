"""What is said of a delivery as a whole 挂接: files that belong to no record, rows without images 有目无图, folders that go on growing."""

from __future__ import annotations

import hashlib
import posixpath
from collections import Counter
from collections.abc import Iterator

import apsw

from holdings import catalogue, quarantine, tally
from holdings.code_series import SeriesFault, series
from holdings.findings import Finding, FindingCode
from holdings.layout import Left, LeftWhy
from holdings.record import Row
from holdings.security import MarkKind
from node import folders
from node.folders import MTIME_AGE_FACTOR, FolderState
from node.gathering import DeliveryTree, TreeRead
from node.home import Home
from node.judging import Standing
from node.places import GATHERED, Seen

TOLD_MAX = 1_000
"""Findings of one kind for one delivery; the last one says that there are more."""
GROWING_S = 3600.0
"""Seconds after which a half-written file is told of."""

_CODES = {
    LeftWhy.SUPERFLUOUS: FindingCode.SUPERFLUOUS,
    LeftWhy.UNCOVERED: FindingCode.PAGE_UNCOVERED,
    LeftWhy.TWICE: FindingCode.FOLDER_TWICE,
    LeftWhy.DISORDER: FindingCode.PAGE_DISORDER,
    LeftWhy.UNPLACED: FindingCode.ROW_UNPLACED,
    LeftWhy.LINK_FOLDER: FindingCode.LINK_LOST,
}


def tell_left(
    home: Home, standing: Standing, tree: DeliveryTree, read: TreeRead, settle_s: float, now: float
) -> int | None:
    """Say what a layout left unlinked, once the delivery has stood still; the id of the delivery's own row in table folder.

    What lies in a volume that is held says nothing: not even which of its pages has no row.
    """
    key = f"{tree.name}/"
    reading = home.database.read()
    left = [
        one
        for one in read.gathered.left
        if not one.path.startswith("../") and not (one.key and _is_held(reading, standing, one.key))
    ]
    text = repr([(one.why.value, one.path, one.key, one.detail) for one in left]) + repr(read.odd)
    signature = (
        hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).digest() if left or read.odd else b""
    )
    known = folders.find(reading, key)
    if (known.signature if known else b"") == signature:
        return known.id if known else None
    if settle_s and left and abs(now - tree.newest_s) < MTIME_AGE_FACTOR * settle_s:
        return known.id if known else None
    found = [Finding(code, tree.name, f"{tree.name}/{path}") for path, code in read.odd[:TOLD_MAX]]
    found += _found(tree.name, left)
    with home.database.transaction() as connection:
        number = folders.put(connection, key, "", tree.name, FolderState.SEALED, signature, now, standing.epoch, None)
        quarantine.settle(connection, key, found, int(now))
    return number


def _is_held(reading: apsw.Connection, standing: Standing, key: str) -> bool:
    """Is a code classified, or of a volume that is held? Then nothing of where its images lie is said."""
    row = catalogue.row_for(reading, key)
    return key in standing.volumes or (
        row is not None and (row.mark is not MarkKind.OPEN or row.volume in standing.volumes)
    )


def standing_places(reading: apsw.Connection, tree: DeliveryTree, signature: bytes) -> list[int] | None:
    """Ids of a delivery's places when nothing of it, and nothing it is judged by, has changed since they were all judged; else None."""
    known = folders.find(reading, f"{tree.name}{GATHERED}{GATHERED}")
    if known is None or known.signature != signature:
        return None
    places, waits = folders.gathered(reading, f"{tree.name}{GATHERED}")
    own = folders.find(reading, f"{tree.name}/")
    return None if waits else [*places, *([own.id] if own else [])]


def remember(home: Home, tree: DeliveryTree, signature: bytes, standing: Standing, settle_s: float, now: float) -> None:
    """Note how a delivery looked when it was read and all was told, so that the next walk need not read it again. A crash before
    this reads it again."""
    if settle_s and abs(now - tree.newest_s) < MTIME_AGE_FACTOR * settle_s:
        return
    key = f"{tree.name}{GATHERED}{GATHERED}"
    known = folders.find(home.database.read(), key)
    if known is None or known.signature != signature:
        with home.database.transaction() as connection:
            folders.put(connection, key, "", tree.name, FolderState.SEALED, signature, now, standing.epoch, None)


def _found(delivery: str, left: list[Left]) -> list[Finding]:
    told: dict[FindingCode, list[Finding]] = {}
    more: dict[FindingCode, int] = {}
    for one in left:
        code = _CODES[one.why]
        listed = told.setdefault(code, [])
        if len(listed) >= TOLD_MAX:
            more[code] = more.get(code, 0) + 1
            continue
        link = one.why is LeftWhy.LINK_FOLDER
        path = f"{delivery}{GATHERED}{one.path}" if link else posixpath.normpath(f"{delivery}/{one.path}")
        if one.why in (LeftWhy.DISORDER, LeftWhy.UNPLACED):
            path = f"{path}{GATHERED}{one.detail.partition(' ')[0]}"
        listed.append(Finding(code, one.key or delivery, path, one.path if link else "", one.detail))
    for code, count in more.items():
        told[code].append(Finding(code, delivery, f"{delivery}/…", detail=f"另有 {count} 处未列出"))
    return [finding for listed in told.values() for finding in listed]


def tell_growing(connection: apsw.Connection, seen: Seen, now: float) -> None:
    """A place that changed between two looks, or holds a half-written file for an hour, is still being written: a hint, which the judgement takes back."""
    known = seen.known
    stale = [name for name, changed in seen.folder.partial if now - changed >= GROWING_S]
    changed = known is not None and known.state is FolderState.LOOKED and known.signature not in (b"", seen.signature)
    if not stale and not changed:
        return
    place = seen.place
    found = [Finding(FindingCode.GROWING, place.subject, place.key, place.name, "、".join(stale[:5]))]
    quarantine.settle(connection, place.key, found, int(now))


def tell_unlinked(home: Home, standing: Standing, newest: dict[str, float], now: float) -> None:
    """有目无图: rows whose images are nowhere, of every delivery that was submitted or has been quiet.

    Asked again only when the catalogue, the records or that state changed, so that a walk over a quiet delivery costs one query.

    Args:
        newest: when a file of each delivery that lies on disk last changed, seconds.
    """
    reading = home.database.read()
    records = tally.read(reading, tally.Count.RECORDS)
    for name in standing.clearances:
        quiet_s = standing.profiles.of(name).ready.quiet_s()
        due = name in standing.submitted or (name in newest and abs(now - newest[name]) >= quiet_s)
        due = due and name not in standing.withdrawn
        key = f"{name}{GATHERED}"
        known = folders.find(reading, key)
        state = f"{standing.epoch} {records}" if due else ""
        signature = hashlib.blake2b(state.encode(), digest_size=16).digest() if due else b""
        if (known.signature if known else b"") == signature:
            continue
        found = _unlinked(reading, name) if due else []
        if due and name in standing.submitted:
            found += _gaps(reading, name)
        with home.database.transaction() as connection:
            folders.put(connection, key, "", name, FolderState.SEALED, signature, now, standing.epoch, None)
            quarantine.settle(connection, key, found, int(now))


def _gaps(reading: apsw.Connection, delivery: str) -> list[Finding]:
    """缺号 among the codes of a submitted delivery. A number that the catalogue knows otherwise is no gap: it may be in another
    delivery, or be held, and what is held is not named. Nor is one in a series that does not count: gaps longer than a
    quarter of the numbers before them are the contractor's choice of items, not loss."""
    seen: Counter[str] = Counter()

    def codes() -> Iterator[str]:
        for batch in _batches(reading, delivery, unlinked=False):
            for row in batch:
                group = row.match_key.rstrip("0123456789")
                if group not in seen and len(seen) > 1:
                    del seen[next(iter(seen))]
                seen[group] += 1
                yield row.match_key

    found: list[Finding] = []
    for one in series(codes(), start=None):
        length = one.last - one.first + 1
        if one.fault is not SeriesFault.GAP or length > min(TOLD_MAX, seen[one.group] // 4):
            continue
        named = [f"{one.group}{number:0{one.width}d}" for number in range(one.first, one.last + 1)]
        missing = [code for code in named if catalogue.row_for(reading, code) is None]
        if missing and len(found) < TOLD_MAX:
            detail = missing[0] if len(missing) == 1 else f"{missing[0]} 至 {missing[-1]}，共 {len(missing)} 个"
            found.append(
                Finding(FindingCode.CODE_GAP, delivery, f"{delivery}{GATHERED}{missing[0]}", missing[0], detail)
            )
    return found


def _batches(reading: apsw.Connection, delivery: str, *, unlinked: bool) -> Iterator[list[Row]]:
    after = ""
    while batch := catalogue.of_delivery(reading, delivery, after=after, unlinked=unlinked):
        yield batch
        after = batch[-1].match_key


def _elsewhere(reading: apsw.Connection, row: Row) -> bool:
    """Are the images of this row another level's? A volume lies in its items, or an item in its volume that was scanned as a whole."""
    if row.volume is None:
        return False
    if row.volume == row.match_key:
        return any(one.match_key != row.match_key for one in catalogue.of_volume(reading, row.volume, limit=2))
    return folders.has_subject(reading, row.volume)


def _unlinked(reading: apsw.Connection, delivery: str) -> list[Finding]:
    found: list[Finding] = []
    for batch in _batches(reading, delivery, unlinked=True):
        for row in batch:
            if folders.has_subject(reading, row.match_key) or _elsewhere(reading, row):
                continue
            if len(found) >= TOLD_MAX:
                return [
                    *found,
                    Finding(FindingCode.NO_FOLDER, delivery, f"{delivery}/…", detail=f"只列出前 {TOLD_MAX} 条"),
                ]
            where = f"{row.sheet} 第 {row.number} 行"
            found.append(
                Finding(
                    FindingCode.NO_FOLDER,
                    row.match_key,
                    f"{delivery}{GATHERED}{row.reference_code}",
                    row.reference_code,
                    where,
                )
            )
    return found
