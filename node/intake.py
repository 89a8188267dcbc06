"""Intake: walk the scan folders, import their sheets, judge settled places, hand cleared records to sealing.

A walk holds one folder at a time and asks the database once per folder, so memory stays flat in the number of files; a delivery whose profile has a
layout is held as names while it is read (node/gathering.py). Everything it decides is written in batches; a crash loses at most a batch of looks, and
the next walk makes them again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import apsw
from msgspec import Struct

from holdings import catalogue, delivery, quarantine
from holdings.file_name import NameKind, name_kind
from holdings.findings import Finding, FindingCode
from holdings.layout_words import vocabulary
from holdings.profile import PLAIN
from holdings.record import Basis
from holdings.reference_code import CodeForm, CodeProblem, parse
from holdings.table_pair import memo_names
from node import folders, linking
from node.evidence_seen import EvidenceMet
from node.folders import FolderState, Known, Verdict, decide
from node.gathering import DeliveryTree, gather_tree
from node.home import Home
from node.job import Job
from node.judging import Judging
from node.page_acts import Overlay
from node.places import GATHERED, Ids, Place, Seen, without_markers
from node.sheet_guess import SheetGuess
from node.sheets import SheetIntake
from node.walk import FileStat, Folder, look, walk

BATCH = 50
"""Places judged in one transaction. Fewer at first would let sealing begin a hundredth of a second earlier, and the walk and the sealing
threads then wait for one another's turn at the interpreter."""


class PassCounts(Struct):
    """What one walk saw: folders and files, and what it led to."""

    folders: int = 0
    files: int = 0
    judged: int = 0
    jobs: int = 0
    waiting: int = 0
    sheets: int = 0


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
        self._judging = Judging(home, now)
        self._words = vocabulary(home.site)
        self._guess = SheetGuess(sheets.sandbox, self._words, home.site)
        self._looked: list[Seen] = []
        self._judged: list[Seen] = []
        self._standing: list[int] = []
        self._seen, self._in_hand = Ids(), Ids()
        self._closed: list[str] = []
        self._newest: dict[str, float] = {}
        self._overlay = Overlay(home)
        self._evidence = EvidenceMet()

    def run(self, settle_s: float | None = None, should_stop: Callable[[], bool] = lambda: False) -> PassCounts:
        """One walk over every scan folder; `settle_s` overrides node.toml."""
        settle = self._home.config.settle_s if settle_s is None else settle_s
        counts = PassCounts()
        last = folders.last_id(self._home.database.read())
        self._seen, self._closed, self._newest, self._evidence = Ids(), [], {}, EvidenceMet()
        self._refresh()
        for watch in self._home.config.watch:
            self._watch(Path(watch), settle, counts, should_stop)
        self._flush(counts)
        if not should_stop():
            self._note_gone(last)
            linking.tell_unlinked(self._home, self._judging.standing, self._newest, self._now())
            self._evidence.keep(self._home, self._newest, self._closed)
        counts.waiting += folders.sheets_waiting(self._home.database.read())
        return counts

    def _refresh(self) -> None:
        self._judging.refresh()
        self._overlay = Overlay.read(self._home)
        standing = self._judging.standing
        due = [(name, who) for name, at in standing.clearances.items() if at is None and (who := standing.profiles.of(name).cleared_by)]
        if due:
            with self._home.database.transaction() as connection:
                for name, who in due:
                    delivery.clear(connection, name, [who], int(self._now()), Basis.STANDING)
            self._judging.refresh()

    def _watch(self, root: Path, settle: float, counts: PassCounts, should_stop: Callable[[], bool]) -> None:
        batches: dict[str, str] = {"": root.name}
        trees: list[DeliveryTree] = []
        profiles = self._judging.standing.profiles
        # Overrides lie beside the delivery that they belong to: they are read with it and not as records of their own.
        beside = {top.rpartition("/")[0] for top in profiles.tops() if profiles.of(top).gathers}
        if not self._is_open(root):
            return

        def is_new(relative: str) -> bool:
            # What is read by a layout comes in its own order, and none of it is known by these paths.
            return not trees and not folders.is_known(self._home.database.read(), f"{root.name}/{relative}")

        # New folders come first: they are sealed and sent while those that stand are looked through.
        for relative, folder in walk(root, is_new):
            if should_stop():
                return
            counts.folders += 1
            counts.files += len(folder.files)
            parent, _, last = relative.rpartition("/")
            here = f"{root.name}/{relative}" if relative else root.name
            while trees and not trees[-1].holds(relative):
                self._tree(trees.pop(), settle, counts)
            if tree := self._opened(trees, here, relative, folder):
                trees.append(tree)
            if trees:
                trees[-1].add(relative, folder)
                continue
            if beside and relative and self._words.override_rank(last) and here.rpartition("/")[0] in beside:
                batches[relative] = ""
            if relative and not batches.get(parent, root.name):
                batches[relative] = ""
                continue
            self._plain(root, relative, folder, batches, settle, counts)
            # Only the ancestors of what comes next matter; siblings are forgotten so that memory stays flat.
            for old in [b for b in batches if b and relative != b and not relative.startswith(b + "/")]:
                del batches[old]
        while trees:
            self._tree(trees.pop(), settle, counts)

    def _plain(
        self, root: Path, relative: str, folder: Folder, batches: dict[str, str], settle: float, counts: PassCounts
    ) -> None:
        """A folder outside every layout: a delivery when it holds sheets, else a record when it holds files."""
        parent = relative.rpartition("/")[0] if relative else ""
        if batches.get(relative, root.name) == "":
            return
        name = batches.get(relative) or batches.get(parent) or root.name
        sheets = self._sheets_in(folder, relative)
        here = f"{root.name}/{relative}" if relative else root.name
        if sheets and relative.rpartition("/")[2] in self._words.catalogue:
            # Read with the delivery around it, before its records were looked at.
            pass
        elif (
            not relative
            or not self._words.catalogue.isdisjoint(folder.folders)
            or ((sheets or self._is_known(here, folder)) and not self._is_record(folder.path))
        ):
            name = here
            self._take(name, folder.path, sheets, settle, counts)
            for below in self._words.catalogue.intersection(folder.folders):
                if inner := look(f"{folder.path}/{below}"):
                    listed = self._sheets_in(inner, below)
                    self._take(name, inner.path, listed, settle, counts, f"{here}/{below}")
                    self._evidence.look(name, f"{here}/{below}", inner.files)
            self._loose(name, folder, sheets)
            self._evidence.look(name, here, folder.files)
        elif folder.folders and folder.files and all(self._words.is_evidence(f.name) for f in folder.files):
            self._evidence.look(name, here, folder.files)
        elif folder.files or folder.odd or not folder.folders:
            profile, last = self._judging.standing.profiles.of(here), relative.rpartition("/")[2]
            bare, marked = without_markers(folder, relative, profile, self._words)
            # A marker may be a folder within the record that it finishes: it is no record of its own.
            if folder.files or profile is PLAIN or not self._words.is_marker(last, profile.ready.markers):
                self._folder(Place(here, folder.path, name, last, profile, done=marked), bare, settle, counts)
        batches[relative] = name
        if folder.files:
            self._newest[name] = max(self._newest.get(name, 0.0), folder.newest_s)

    def _is_known(self, here: str, folder: Folder) -> bool:
        """Is a folder of folders a delivery already, its sheet imported from elsewhere or taken away since?"""
        return bool(folder.folders) and here in self._judging.standing.clearances

    def _sheets_in(self, folder: Folder, relative: str) -> list[FileStat]:
        """Sheets by their names, and what lies at a delivery's level and is one by its content."""
        return [f for f in folder.files if name_kind(f.name) is NameKind.SHEET] + self._guess.among(folder, relative)

    def _take(self, name: str, path: str, sheets: list[FileStat], settle: float, counts: PassCounts, where: str = "") -> None:
        """Import the sheets of a delivery; `where` they lie when that is not its own folder."""
        if sheets and self._sheets.take(name, path, sheets, settle, where):
            self._flush(counts)
            self._refresh()
            counts.sheets += 1

    def _opened(self, trees: list[DeliveryTree], here: str, relative: str, folder: Folder) -> DeliveryTree | None:
        """Does a delivery that is read by a layout begin at this folder? One with a profile of its own, or one within such a delivery that has its own sheets."""
        profiles = self._judging.standing.profiles
        profile = profiles.of(here)
        if not profile.gathers:
            return None
        own = here in profiles.tops()
        if not own:
            last = relative.rpartition("/")[2]
            sheets = any(name_kind(f.name) is NameKind.SHEET for f in folder.files) or any(self._words.is_folder("catalogue", f) for f in folder.folders)
            sheets = sheets or bool(self._guess.among(folder, relative))
            if not sheets or self._words.is_folder("catalogue", last) or self._words.override_rank(last) or self._is_record(folder.path):
                return None
        tree = DeliveryTree(here, relative, folder.path, profile, self._words)
        if trees and not own:
            trees[-1].has_deliveries = True
        return tree

    def _tree(self, tree: DeliveryTree, settle: float, counts: PassCounts) -> None:
        """A delivery that a layout reads has been seen whole."""
        guessed = {
            f"{place}/{file.name}".lstrip("/")
            for place, folder in tree.folders.items() for file in self._guess.among(folder, place)
        }  # fmt: skip
        for below, sheets in tree.sheets(self._is_record, guessed):
            path = f"{tree.path}/{below}" if below else tree.path
            self._take(tree.name, path, sheets, settle, counts, f"{tree.name}/{below}" if below else "")
        self._newest[tree.name] = max(self._newest.get(tree.name, 0.0), tree.newest_s)
        tree.add_beside()
        signature = tree.signature(self._judging.standing.epoch)
        if (standing := linking.standing_places(self._home.database.read(), tree, signature)) is not None:
            for number in standing:
                self._seen.add(number)
            self._evidence.unchanged.add(tree.name)
            return
        self._evidence.look_through(tree)
        read = gather_tree(tree, self._home.database.read()).without(guessed)
        for place, folder in read.places:
            self._folder(place, folder, settle, counts)
        told = linking.tell_left(self._home, self._judging.standing, tree, read, settle, self._now())
        if told is not None:
            self._seen.add(told)
        linking.remember(self._home, tree, signature, self._judging.standing, settle, self._now())

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
        return code.form is not CodeForm.OTHER or catalogue.for_images(self._home.database.read(), code.key) is not None

    def _loose(self, name: str, folder: Folder, sheets: list[FileStat]) -> None:
        memos = {memo.lower() for sheet in sheets for memo in memo_names(sheet.name)}
        stray = [
            f.name for f in folder.files
            if f not in sheets and f.name.lower() not in memos and not self._words.is_evidence(f.name)
        ]  # fmt: skip
        known = folders.find(self._home.database.read(), f"{name}/")
        if known is not None:
            self._seen.add(known.id)
        signature = folder.signature() if stray else b""
        if (known.signature if known else b"") == signature:
            return
        with self._home.database.transaction() as connection:
            folders.put(connection, f"{name}/", "", name, FolderState.HELD, signature, self._now(), self._judging.standing.epoch, None)
            found = [Finding(FindingCode.SUPERFLUOUS, name, f"{name}/{file}") for file in stray[:1000]]
            quarantine.settle(connection, f"{name}/", found, int(self._now()))

    def _folder(self, place: Place, folder: Folder, settle: float, counts: PassCounts) -> None:
        folder = self._overlay.over(place, folder)
        known, signature = folders.find(self._home.database.read(), place.key), folder.signature()
        if known is not None:
            self._seen.add(known.id)
            if known.id in self._in_hand and known.state is FolderState.LOOKED and known.signature == signature:
                # Judged in an earlier walk of this run and being sealed now: a second job would be a second version.
                return
            self._in_hand.discard(known.id)
        quiet = place.profile.ready.quiet_s()
        match decide(known, signature, folder.newest_s, self._now(), self._judging.standing.epoch, settle, quiet):
            case Verdict.SKIP:
                return
            case Verdict.WAIT:
                counts.waiting += 1
            case Verdict.LOOK_AGAIN:
                counts.waiting += 1
                self._looked.append(Seen(place, folder, signature, known))
            case Verdict.JUDGE if known is not None and self._still_stands(place, signature, known):
                self._standing.append(known.id)
            case Verdict.JUDGE:
                counts.judged += 1
                self._judged.append(Seen(place, folder, signature, known))
        if len(self._looked) + len(self._judged) + len(self._standing) // 10 >= BATCH:
            self._flush(counts)

    def _still_stands(self, place: Place, signature: bytes, known: Known) -> bool:
        """Is a sealed folder as it was, its row older than its last judgement, and in no volume that is held?"""
        if known.state is not FolderState.SEALED or known.signature != signature:
            return False
        row = catalogue.glance(self._home.database.read(), known.subject or place.subject)
        return row is not None and row[0] < int(known.looked_at) and row[1] not in self._judging.standing.volumes

    def _flush(self, counts: PassCounts) -> None:
        """Write the batch: looks, verdicts without a job, and the ids of new records, before any of their bytes is read."""
        if not self._looked and not self._judged and not self._standing:
            return
        jobs: list[Job] = []
        now, epoch = self._now(), self._judging.standing.epoch
        with self._home.database.transaction() as connection:
            for seen in self._looked:
                place = seen.place
                item_id = seen.known.item_id if seen.known and seen.known.item_id else os.urandom(16)
                folders.put(
                    connection, place.key, place.subject, place.delivery, FolderState.LOOKED, seen.signature, now, epoch, item_id
                )  # fmt: skip
                linking.tell_growing(connection, seen, now)
            for seen in self._judged:
                if judged := self._judging.judge(connection, seen):
                    self._in_hand.add(judged[0])
                    jobs.append(judged[1])
            folders.set_epoch(connection, self._standing, epoch)
        self._looked, self._judged, self._standing = [], [], []
        counts.jobs += len(jobs)
        for job in jobs:
            self._submit(job)

    def _note_gone(self, last: int) -> None:
        """Whole folders that are gone are information, not a question: the contractor took his disk away (源已移走)."""
        after = 0
        while batch := folders.present(self._home.database.read(), after, 1_000):
            after = batch[-1][0]
            gone = [
                (number, path)
                for number, path in batch
                if number <= last
                and number not in self._seen
                and not path.endswith(GATHERED)
                and not path.startswith(tuple(self._closed))
            ]
            if gone:
                with self._home.database.transaction() as connection:
                    for number, path in gone:
                        self._read_otherwise(connection, number, path)
                        folders.set_gone(connection, number)
                        quarantine.settle(connection, path, [], int(self._now()))
        self._note_gone_sheets()

    def _read_otherwise(self, connection: apsw.Connection, number: int, path: str) -> None:
        """A place that is gone because its delivery got a profile, or lost it, is no record whose files were taken away. Should it be read so
        again, it is looked at from the beginning, so that what was to be said of its pages is said there."""
        others = folders.read_otherwise(connection, path)
        if any((GATHERED in other) is not (GATHERED in path) for other in others):
            folders.set_subject(connection, path, "")
            folders.put_sources(connection, number, ())

    def _note_gone_sheets(self) -> None:
        """A sheet that could not be read and was taken away asks nothing more; what an imported one said stays."""
        paths = folders.sheet_paths(self._home.database.read())
        gone = [p for p in paths if not self._judging.is_there(p) and not p.startswith(tuple(self._closed))]
        if gone:
            with self._home.database.transaction() as connection:
                for path in gone:
                    folders.forget_sheet(connection, path)
                    quarantine.resolve(connection, path, int(self._now()), FindingCode.SHEET_UNREADABLE)
