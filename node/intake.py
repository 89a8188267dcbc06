"""Intake: walk the scan folders, import their sheets, judge settled folders, hand cleared records to sealing.

A walk holds one folder at a time and asks the database once per folder, so memory stays flat in the number of files. Everything it decides is written in batches; a
crash loses at most a batch of looks, and the next walk makes them again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import apsw

from holdings import catalogue, delivery, gate, quarantine, records
from holdings.file_name import NameKind, name_kind
from holdings.findings import Finding, FindingCode
from holdings.gate import Cleared, Held
from holdings.readiness import order_pages
from holdings.record import Clearance
from holdings.records import StoredRecord
from holdings.reference_code import CodeForm, CodeProblem, match_key, parse
from node import folders, settings
from node.folders import FolderState, Known, Verdict, decide
from node.home import Home
from node.job import Job
from node.sameness import same_body, unchanged_parts
from node.settings import Setting
from node.sheets import SheetIntake
from node.walk import FileStat, Folder, walk
from sync import sealed

BATCH = 50


@dataclass(slots=True)
class PassCounts:
    """What one walk saw: folders and files, and what it led to."""

    folders: int = 0
    files: int = 0
    judged: int = 0
    jobs: int = 0
    waiting: int = 0
    sheets: int = 0


@dataclass(frozen=True, slots=True)
class _Place:
    """A record folder on disk: `key` its path in the tables, `root` its absolute path, `delivery` the batch it came with."""

    key: str
    root: str
    delivery: str


@dataclass(frozen=True, slots=True)
class _Seen:
    """A folder as it looked in this walk, beside what was known of it."""

    place: _Place
    folder: Folder
    signature: bytes
    known: Known | None


class _Ids:
    """A set of folder ids, one bit each: a walk over a million folders remembers them in 125 KB."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, number: int) -> None:
        if number // 8 >= len(self._bits):
            self._bits.extend(bytes(number // 8 + 1 - len(self._bits)))
        self._bits[number // 8] |= 1 << number % 8

    def discard(self, number: int) -> None:
        if number in self:
            self._bits[number // 8] &= ~(1 << number % 8)

    def __contains__(self, number: int) -> bool:
        return number // 8 < len(self._bits) and bool(self._bits[number // 8] & 1 << number % 8)


class Intake:
    """Walks and judges; one thread.

    Args:
        submit: takes a job for sealing; blocks when sealing is behind.
        now: wall clock, seconds.
    """

    def __init__(
        self, home: Home, sheets: SheetIntake, submit: Callable[[Job], None], now: Callable[[], float]
    ) -> None:
        self._home, self._sheets, self._submit, self._now = home, sheets, submit, now
        self._site = home.identity.log.site_class
        self._looked: list[_Seen] = []
        self._judged: list[_Seen] = []
        self._standing: list[int] = []
        self._clearances: dict[str, Clearance | None] = {}
        self._volumes: frozenset[str] = frozenset()
        self._epoch = 0
        self._seen, self._in_hand = _Ids(), _Ids()
        self._closed: list[str] = []

    def run(self, settle_s: float | None = None, should_stop: Callable[[], bool] = lambda: False) -> PassCounts:
        """One walk over every scan folder; `settle_s` overrides node.toml."""
        settle = self._home.config.settle_s if settle_s is None else settle_s
        counts = PassCounts()
        last = folders.last_id(self._home.database.read())
        self._seen, self._closed = _Ids(), []
        self._refresh()
        for watch in self._home.config.watch:
            self._watch(Path(watch), settle, counts, should_stop)
        self._flush(counts)
        if not should_stop():
            self._note_gone(last)
        counts.waiting += folders.sheets_waiting(self._home.database.read())
        return counts

    def _refresh(self) -> None:
        reading = self._home.database.read()
        self._epoch = settings.number(reading, Setting.EPOCH)
        self._clearances = {d.name: d.clearance for d in delivery.list_all(reading)}
        self._volumes = catalogue.classified_volumes(reading)

    def _watch(self, root: Path, settle: float, counts: PassCounts, should_stop: Callable[[], bool]) -> None:
        batches: dict[str, str] = {"": root.name}
        if not self._is_open(root):
            return
        for relative, folder in walk(root):
            if should_stop():
                return
            counts.folders += 1
            counts.files += len(folder.files)
            parent = relative.rpartition("/")[0] if relative else ""
            name = batches.get(relative) or batches.get(parent) or root.name
            sheets = [f for f in folder.files if name_kind(f.name) is NameKind.SHEET]
            if not relative or (sheets and not self._is_record(folder.path)):
                name = f"{root.name}/{relative}" if relative else root.name
                if sheets and self._sheets.take(name, folder.path, sheets, settle):
                    self._flush(counts)
                    self._refresh()
                    counts.sheets += 1
                self._loose(name, folder, sheets)
            elif folder.files or folder.odd or not folder.folders:
                self._folder(_Place(f"{root.name}/{relative}", folder.path, name), folder, settle, counts)
            batches[relative] = name
            # Only the ancestors of what comes next matter; siblings are forgotten so that memory stays flat.
            for old in [b for b in batches if b and relative != b and not relative.startswith(b + "/")]:
                del batches[old]

    def _is_open(self, root: Path) -> bool:
        """Can the scan folder be read at all? One that cannot (a share that is away) is said; nothing in it counts as gone."""
        found = []
        try:
            os.scandir(root).close()
        except OSError as fault:
            found.append(Finding(FindingCode.UNREADABLE, root.name, root.name, detail=fault.strerror or ""))
            self._closed.append(f"{root.name}/")
        with self._home.database.transaction() as connection:
            quarantine.settle(connection, root.name, found, int(self._now()))
        return not found

    def _is_record(self, path: str) -> bool:
        """Is a folder that holds a sheet a record all the same: by the form of its name, or because the catalogue knows it?"""
        code = parse(path.rpartition("/")[2])
        if isinstance(code, CodeProblem):
            return False
        return code.form is not CodeForm.OTHER or catalogue.row_for(self._home.database.read(), code.key) is not None

    def _loose(self, name: str, folder: Folder, sheets: list[FileStat]) -> None:
        stray = [f.name for f in folder.files if f not in sheets]
        known = folders.find(self._home.database.read(), f"{name}/")
        if known is not None:
            self._seen.add(known.id)
        signature = folder.signature() if stray else b""
        if (known.signature if known else b"") == signature:
            return
        with self._home.database.transaction() as connection:
            folders.put(connection, f"{name}/", "", name, FolderState.HELD, signature, self._now(), self._epoch, None)
            found = [Finding(FindingCode.SUPERFLUOUS, name, f"{name}/{file}") for file in stray[:1000]]
            quarantine.settle(connection, f"{name}/", found, int(self._now()))

    def _folder(self, place: _Place, folder: Folder, settle: float, counts: PassCounts) -> None:
        known, signature = folders.find(self._home.database.read(), place.key), folder.signature()
        if known is not None:
            self._seen.add(known.id)
            if known.id in self._in_hand and known.state is FolderState.LOOKED and known.signature == signature:
                # Judged in an earlier walk of this run and being sealed now: a second job would be a second version.
                return
            self._in_hand.discard(known.id)
        match decide(known, signature, folder.newest_s, self._now(), self._epoch, settle):
            case Verdict.SKIP:
                return
            case Verdict.WAIT:
                counts.waiting += 1
            case Verdict.LOOK_AGAIN:
                counts.waiting += 1
                self._looked.append(_Seen(place, folder, signature, known))
            case Verdict.JUDGE if known is not None and self._still_stands(place, signature, known):
                self._standing.append(known.id)
            case Verdict.JUDGE:
                counts.judged += 1
                self._judged.append(_Seen(place, folder, signature, known))
        if len(self._looked) + len(self._judged) + len(self._standing) // 10 >= BATCH:
            self._flush(counts)

    def _still_stands(self, place: _Place, signature: bytes, known: Known) -> bool:
        """Is a sealed folder as it was, its row older than its last judgement, and in no volume that is held?"""
        if known.state is not FolderState.SEALED or known.signature != signature:
            return False
        row = catalogue.glance(self._home.database.read(), match_key(place.root.rpartition("/")[2]))
        return row is not None and row[0] < int(known.looked_at) and row[1] not in self._volumes

    def _flush(self, counts: PassCounts) -> None:
        """Write the batch: looks, verdicts without a job, and the ids of new records, before any of their bytes is read."""
        if not self._looked and not self._judged and not self._standing:
            return
        jobs: list[Job] = []
        now = self._now()
        with self._home.database.transaction() as connection:
            for seen in self._looked:
                item_id = seen.known.item_id if seen.known and seen.known.item_id else os.urandom(16)
                folders.put(
                    connection,
                    seen.place.key,
                    match_key(seen.place.root.rpartition("/")[2]),
                    seen.place.delivery,
                    FolderState.LOOKED,
                    seen.signature,
                    now,
                    self._epoch,
                    item_id,
                )
            jobs += [job for seen in self._judged if (job := self._judge(connection, seen))]
            folders.set_epoch(connection, self._standing, self._epoch)
        self._looked, self._judged, self._standing = [], [], []
        counts.jobs += len(jobs)
        for job in jobs:
            self._submit(job)

    def _judge(self, connection: apsw.Connection, seen: _Seen) -> Job | None:
        """The gate, then what of the record is new. Runs inside the batch's transaction; reads no file."""
        place, name = seen.place, seen.place.root.rpartition("/")[2]
        key = match_key(name)
        if seen.folder.unreadable:
            self._leave(
                connection, seen, FolderState.QUARANTINED, [Finding(FindingCode.UNREADABLE, key, place.key, name)]
            )
            return None
        row = catalogue.row_for(connection, key)
        verdict = gate.judge(row, self._clearances.get(row.delivery) if row else None, self._volumes, self._site)
        bare = row is None and not seen.folder.files and not seen.folder.odd
        if isinstance(verdict, Held) and not bare:
            where = f"{row.sheet} 第 {row.number} 行" if row else ""
            code = row.reference_code if row and not verdict.reason.secret else name
            found = [Finding(verdict.reason.finding, key, place.key, code, where)]
            if verdict.reason.secret and seen.known and seen.known.state is FolderState.SEALED:
                found.append(Finding(FindingCode.CLASSIFIED_SEALED, key, place.key, code, where))
            self._leave(connection, seen, FolderState.HELD, found)
            return None
        odd = [Finding(code, key, f"{place.key}/{file}", name) for file, code in seen.folder.odd]
        if not seen.folder.files or isinstance(verdict, Held):
            found = [*odd, Finding(FindingCode.EMPTY_FOLDER, key, place.key, name)]
            self._leave(connection, seen, FolderState.QUARANTINED, found)
            return None
        record = records.record_for(connection, key)
        others = folders.twins(connection, key, place.key)
        if other := next((path for path in others if self._is_there(path)), None):
            found = [Finding(FindingCode.FOLDER_TWICE, key, place.key, name, other)]
            self._leave(connection, seen, FolderState.HELD, found)
            return None
        return self._job(connection, seen, verdict, record, odd)

    def _is_there(self, path: str) -> bool:
        """Does what the tables call by this path still lie on disk? A folder moved in this very walk is not noted as gone yet."""
        name, _, relative = path.partition("/")
        for watch in self._home.config.watch:
            if Path(watch).name == name:
                try:
                    Path(watch, relative).lstat()
                except (FileNotFoundError, NotADirectoryError):
                    return False
                except OSError:
                    return True
                return True
        return False

    def _job(
        self,
        connection: apsw.Connection,
        seen: _Seen,
        cleared: Cleared,
        record: StoredRecord | None,
        odd: list[Finding],
    ) -> Job | None:
        """What must be read and sealed; None when nothing of a known record is new."""
        place, folder, known = seen.place, seen.folder, seen.known
        item_id = bytes(record.id) if record else known.item_id if known and known.item_id else os.urandom(16)
        subject = match_key(place.root.rpartition("/")[2])
        # LOOKED until the outcome is written: a crash before that leaves a folder that is judged again, whatever it was before.
        number = folders.put(
            connection, place.key, subject, place.delivery, FolderState.LOOKED, seen.signature, self._now(),
            self._epoch, item_id,
        )  # fmt: skip
        parts = tuple(sealed.current(connection, item_id)) if record else ()
        same = unchanged_parts(folders.sources(connection, number), parts, folder.files) if record else {}
        equal_body = record is not None and same_body(
            records.body(connection, record, record.version), cleared.description
        )
        if equal_body and len(same) == len(folder.files) == len(parts):
            self._leave(connection, seen, FolderState.SEALED, odd + _beside(connection, subject, place.key))
            return None
        self._in_hand.add(number)
        order = {file: n for n, file in enumerate(order_pages([f.name for f in folder.files]).names)}
        key = match_key(cleared.description.reference_code)
        return Job(
            path=place.key, root=place.root, delivery=place.delivery, signature=seen.signature, epoch=self._epoch,
            subject=key, item_id=item_id, version=record.version + 1 if record else 1, cleared=cleared,
            files=tuple(sorted(folder.files, key=lambda f: order[f.name])), known=same, parts=parts,
            pending=tuple(sealed.pending(connection, item_id)), body_unchanged=equal_body,
            waived=_waived(connection, key), odd=tuple(odd),
        )  # fmt: skip

    def _leave(self, connection: apsw.Connection, seen: _Seen, state: FolderState, found: list[Finding]) -> None:
        place, item_id = seen.place, seen.known.item_id if seen.known else None
        subject = match_key(place.root.rpartition("/")[2])
        folders.put(
            connection, place.key, subject, place.delivery, state, seen.signature, self._now(), self._epoch, item_id
        )
        quarantine.settle(connection, place.key, found, int(self._now()))

    def _note_gone(self, last: int) -> None:
        """Whole folders that are gone are information, not a question: the contractor took his disk away (源已移走)."""
        after = 0
        while batch := folders.present(self._home.database.read(), after, 1_000):
            after = batch[-1][0]
            gone = [
                (number, path)
                for number, path in batch
                if number <= last and number not in self._seen and not path.startswith(tuple(self._closed))
            ]
            if gone:
                with self._home.database.transaction() as connection:
                    for number, path in gone:
                        folders.set_gone(connection, number)
                        quarantine.settle(connection, path, [], int(self._now()))
        self._note_gone_sheets()

    def _note_gone_sheets(self) -> None:
        """A sheet that could not be read and was taken away asks nothing more; what an imported one said stays."""
        paths = folders.sheet_paths(self._home.database.read())
        gone = [p for p in paths if not self._is_there(p) and not p.startswith(tuple(self._closed))]
        if gone:
            with self._home.database.transaction() as connection:
                for path in gone:
                    folders.forget_sheet(connection, path)
                    quarantine.resolve(connection, path, int(self._now()), FindingCode.SHEET_UNREADABLE)


def _beside(connection: apsw.Connection, subject: str, path: str) -> list[Finding]:
    """What was said beside a record when it was sealed, and still stands while its files are what they were."""
    return [
        listed.finding
        for listed in quarantine.for_subject(connection, subject)
        if listed.scope == path and listed.finding.code in _SAID_BESIDE and listed.state in _WAITS
    ]


_SAID_BESIDE = {
    FindingCode.EXTENSION_DIFFERS, FindingCode.PAGE_MISSING, FindingCode.DUPLICATE_PAGE, FindingCode.TYPE_UNKNOWN,
}  # fmt: skip
_WAITS = (quarantine.FindingState.OPEN, quarantine.FindingState.SET_ASIDE)


def _waived(connection: apsw.Connection, subject: str) -> frozenset[tuple[FindingCode, str]]:
    return frozenset(
        (listed.finding.code, listed.finding.path)
        for listed in quarantine.for_subject(connection, subject)
        if listed.state is quarantine.FindingState.WAIVED
    )
