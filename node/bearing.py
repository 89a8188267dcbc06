"""Which record a folder on disk belongs to after codes changed: it keeps its old name, or the contractor renames it; both are the same record.

A folder is known by what lies in it (names, sizes, times, inodes), then by its name. No file is read here.
"""

from __future__ import annotations

from collections.abc import Sequence

import apsw
from msgspec import Struct

from holdings import catalogue, lineage, records
from holdings.stored_record import StoredRecord
from node import folders
from node.folders import Known
from node.walk import FileStat
from sync import sealed


class Bearing(Struct, frozen=True):
    """What a folder stands for.

    `key` is the match key that its record bears now. `rests`: its volume was merged or split and the folder is as it was: there is nothing to do.
    `reshaped`: the same, but the folder has changed and does not hold all pages of the volume.
    """

    key: str
    rests: bool = False
    reshaped: bool = False


def bearing(
    connection: apsw.Connection, name: str, known: Known | None, signature: bytes, files: Sequence[FileStat]
) -> Bearing | None:
    """What a folder stands for whose name has this match key; None when its name says it.

    Args:
        known: what the tables say of its path.
    """
    heirs = [records.by_number(connection, number) for number in lineage.once_bore(connection, name)]
    became = lineage.row_became(connection, name)
    keys = [*([known.subject] if known is not None and known.subject else []), name]
    keys += [record.match_key for record in heirs if not record.ended] + ([became] if became else [])
    keys = list(dict.fromkeys(keys))
    same = known is not None and known.signature == signature
    if len(keys) == 1 or same:
        key = keys[0]
    else:
        stored = {key: folders.of_subject(connection, key) for key in keys}
        moved = next((key for key in keys if any(seen == signature for _, seen in stored[key])), None)
        same, key = moved is not None, moved or _likeliest(connection, keys, stored, known, files)
    record = records.record_for(connection, key)
    reshaped = _reshaped(connection, record, heirs if key == name else [])
    if reshaped:
        whole = record is not None and len(files) >= len(sealed.current(connection, bytes(record.id)))
        same = same or (known is not None and _as_sealed(connection, known, files))
        return Bearing(key, rests=same, reshaped=not same and not whole)
    plain = key == name and (known is None or known.subject in ("", name))
    return None if plain else Bearing(key)


def _reshaped(connection: apsw.Connection, record: StoredRecord | None, heirs: Sequence[StoredRecord]) -> bool:
    """Was the volume merged or split; or did the one that bore this name end, its pages being its heirs'?"""
    concerned = [record] if record is not None else heirs
    return any(lineage.reshaped(connection, one.number) for one in concerned)


def _as_sealed(connection: apsw.Connection, known: Known, files: Sequence[FileStat]) -> bool:
    """Is a folder that was changed as it was again?"""
    facts = {(name, *fact[:3]) for name, fact in folders.sources(connection, known.id).items()}
    return bool(facts) and facts == {(f.name, f.size, f.mtime_ns, f.inode) for f in files}


def _likeliest(
    connection: apsw.Connection,
    keys: Sequence[str],
    stored: dict[str, list[tuple[int, bytes]]],
    known: Known | None,
    files: Sequence[FileStat],
) -> str:
    """The code most of whose files lie here; of equals the one this folder had, then its name when something bears it, then the only heir's.

    Folders of a whole set may have been renamed at once, so that what the tables know of each is of another by now: names and sizes of the sealed pages
    are the second witness. A wrong choice loses nothing: pages that are missing then are asked about.
    """
    here, named = {(f.size, f.mtime_ns, f.inode) for f in files}, {(f.name, f.size) for f in files}
    alike: dict[str, tuple[int, int]] = {}
    for key in keys:
        facts = {fact[:3] for number, _ in stored[key] for fact in folders.sources(connection, number).values()}
        record = records.record_for(connection, key)
        parts = (
            {(p.name, p.size) for p in sealed.current(connection, bytes(record.id))} if record is not None else set()
        )
        alike[key] = len(here & facts), len(named & parts) and len(named & parts) - len(named ^ parts)
    best = max(alike.values())
    if best > (0, 0) or (known is not None and known.subject):
        return next(key for key in keys if alike[key] == best)
    borne = [key for key in keys if records.record_for(connection, key) or catalogue.row_for(connection, key)]
    name = keys[0]
    return name if name in borne or len(borne) != 1 else borne[0]
