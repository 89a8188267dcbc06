"""The judgement of a settled place: the gate, then what of the record is new. Runs inside the caller's transaction and reads no file."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

import apsw
from msgspec import Struct, field
from msgspec.structs import replace

from holdings import catalogue, delivery, delivery_brake, gate, lineage, quarantine, records
from holdings.delivery import DeliveryState
from holdings.expression import expression
from holdings.findings import Finding, FindingCode
from holdings.gate import Cleared, Held
from holdings.layout import Page
from holdings.layout_words import Vocabulary, vocabulary
from holdings.profile import PLAIN
from holdings.profile_store import Profiles, assigned
from holdings.readiness import order_pages
from holdings.record import Clearance, Description
from holdings.reference_code import match_key
from holdings.stored_record import StoredRecord
from node import folders, overriding, settings
from node.bearing import Bearing, bearing
from node.folders import FolderState
from node.home import Home
from node.job import Job, vanished
from node.places import GATHERED, Place, Seen
from node.sameness import same_body, unchanged_parts
from node.settings import Setting
from node.walk import FileStat, look
from sync import sealed


class Standing(Struct):
    """What holds for a whole walk until the catalogue changes: the epoch, deliveries and who cleared them, volumes that are held, profiles."""

    epoch: int = 0
    clearances: dict[str, Clearance | None] = field(default_factory=dict)
    volumes: frozenset[str] = frozenset()
    profiles: Profiles = field(default_factory=Profiles)
    submitted: frozenset[str] = frozenset()
    withdrawn: frozenset[str] = frozenset()
    renumbered: bool = False
    released: bool = False

    @classmethod
    def read(cls, connection: apsw.Connection) -> Standing:
        """As the database has it now."""
        known = delivery.list_all(connection)
        return cls(
            settings.number(connection, Setting.EPOCH),
            {d.name: d.clearance for d in known},
            catalogue.classified_volumes(connection),
            assigned(connection),
            frozenset(d.name for d in known if d.state in (DeliveryState.SUBMITTED, DeliveryState.ACCEPTED)),
            frozenset(d.name for d in known if d.state is DeliveryState.WITHDRAWN),
            lineage.any_kept(connection),
            settings.number(connection, Setting.TOLD) > 0,
        )


class Judging:
    """Judges places for one run.

    Args:
        now: wall clock, seconds.
    """

    def __init__(self, home: Home, now: Callable[[], float]) -> None:
        self._home, self._now = home, now
        self._site = home.identity.log.site_class
        self.standing = Standing()

    def refresh(self) -> None:
        """Take notice of a changed catalogue, clearance or profile."""
        self.standing = Standing.read(self._home.database.read())

    def judge(self, connection: apsw.Connection, seen: Seen) -> tuple[int, Job] | None:
        """The gate, then what is new: (folder id, job), or None when the place waits or stands."""
        place, key, standing = seen.place, seen.place.subject, self.standing
        stands = self._bearing(connection, seen)
        if stands is not None and (stands.rests or stands.reshaped):
            found = [Finding(FindingCode.FOLDER_RESHAPED, key, place.key, place.name)] if stands.reshaped else []
            self.leave(connection, replace(seen, stands=stands.key), FolderState.HELD if found else FolderState.SEALED, found)
            return None
        if stands is not None:
            key, seen = stands.key, replace(seen, stands=stands.key)
            folders.set_subject(connection, place.key, key)
        if seen.folder.unreadable:
            self.leave(
                connection, seen, FolderState.QUARANTINED, [Finding(FindingCode.UNREADABLE, key, place.key, place.name)]
            )
            return None
        row = catalogue.for_images(connection, key)
        if place.delivery in standing.withdrawn or (row is not None and row.delivery in standing.withdrawn):
            self.leave(connection, seen, FolderState.HELD, [])
            return None
        verdict = gate.judge(row, standing.clearances.get(row.delivery) if row else None, standing.volumes, self._site)
        bare = row is None and not seen.folder.files and not seen.folder.odd
        if isinstance(verdict, Held) and not bare:
            where = f"{row.sheet} 第 {row.number} 行" if row else _meant(connection, place.name) or self._special(place)
            code = row.reference_code if row and not verdict.reason.secret else place.name
            found = [Finding(verdict.reason.finding, key, place.key, code, where)]
            if verdict.reason.secret and seen.known and seen.known.state is FolderState.SEALED:
                found.append(Finding(FindingCode.CLASSIFIED_SEALED, key, place.key, code, where))
            self.leave(connection, seen, FolderState.HELD, found)
            return None
        odd = [Finding(code, key, f"{place.shown}/{file}", place.name) for file, code in seen.folder.odd]
        if not seen.folder.files or isinstance(verdict, Held):
            found = [*odd, Finding(FindingCode.EMPTY_FOLDER, key, place.key, place.name)]
            self.leave(connection, seen, FolderState.QUARANTINED, found)
            return None
        if other := self._twin(connection, place, key):
            self.leave(
                connection, seen, FolderState.HELD,
                [Finding(FindingCode.FOLDER_TWICE, key, place.key, place.name, "；".join(filter(None, (other, self._special(place)))))],
            )  # fmt: skip
            return None
        return self._job(connection, seen, verdict, records.record_for(connection, key), odd)

    def _bearing(self, connection: apsw.Connection, seen: Seen) -> Bearing | None:
        """What the place stands for where codes were changed; None: what its name says."""
        if not self.standing.renumbered:
            return None
        return bearing(connection, seen.place.subject, seen.known, seen.signature, seen.folder.files)

    def _twin(self, connection: apsw.Connection, place: Place, key: str) -> str | None:
        """Another place of the same code that is still there; one that the same delivery was read by before its profile changed is none."""
        former = f"{place.delivery}/" if place.gathering else f"{place.delivery}{GATHERED}"
        for path in folders.twins(connection, key, place.key):
            stale = path.startswith(former) and (GATHERED in path) is not bool(place.gathering)
            if not stale and self.is_there(path) and not self._moved_on(connection, path, key):
                return path
        return None

    def _moved_on(self, connection: apsw.Connection, path: str, key: str) -> bool:
        """Where codes were changed: does a folder that the tables know under this code hold another record's files by now?

        Contractors rename folders after codes are changed; the tables learn of it one folder at a time.
        """
        known = folders.find(connection, path) if self.standing.renumbered else None
        name, _, relative = path.partition("/")
        root = next((w for w in self._home.config.watch if Path(w).name == name), None)
        folder = look(str(Path(root, relative))) if known is not None and root is not None else None
        if folder is None:
            return False
        stands = bearing(connection, match_key(relative.rpartition("/")[2]), known, folder.signature(), folder.files)
        return (stands.key if stands is not None else match_key(relative.rpartition("/")[2])) != key

    def is_there(self, path: str) -> bool:
        """Does what the tables call by this path still lie on disk? A folder moved in this very walk is not noted as gone yet."""
        name, _, relative = path.partition("/")
        for watch in self._home.config.watch:
            if Path(watch).name == name.partition(GATHERED)[0]:
                for candidate in (relative, relative.partition(GATHERED)[0]):
                    try:
                        Path(watch, candidate).lstat()
                    except (FileNotFoundError, NotADirectoryError):
                        continue
                    except OSError:
                        return True
                    return True
        return False

    def _job(
        self, connection: apsw.Connection, seen: Seen, cleared: Cleared, record: StoredRecord | None, odd: list[Finding]
    ) -> tuple[int, Job] | None:
        """What must be read and sealed; None when nothing of a known record is new."""
        place, folder, known = seen.place, seen.folder, seen.known
        item_id = bytes(record.id) if record else known.item_id if known and known.item_id else os.urandom(16)
        # LOOKED until the outcome is written: a crash before that leaves a folder that is judged again, whatever it was before.
        number = folders.put(
            connection, place.key, seen.subject, place.delivery, FolderState.LOOKED, seen.signature, self._now(),
            self.standing.epoch, item_id,
        )  # fmt: skip
        parts = tuple(sealed.current(connection, item_id)) if record else ()
        same = unchanged_parts(folders.sources(connection, number), parts, folder.files) if record else {}
        body = records.body(connection, record, record.version) if record else None
        uses, roles, files, labels = _order(place, folder.files, vocabulary(self._home.site))
        if place.gathering is None and len({file.name.rpartition(".")[2] for file in files}) > 1:
            uses, roles, files = self._with_twins(uses, roles, files, cleared.description)
        folders.put_superseded(connection, number, [(f.place, f.size, f.mtime_ns, f.inode) for f in place.superseded])
        if place.gathering and body is not None:
            files, same = overriding.keep(files, same, parts, folders.superseded(connection, number))
        if place.gathering and place.gathering.override and body is not None:
            files, uses, roles, same = overriding.complete(files, uses, roles, same, parts, body)
            labels = tuple(file.name for file in files)
        described = replace(cleared.description, uses=uses, roles=roles)
        equal_body = body is not None and same_body(body, described)
        key = match_key(cleared.description.reference_code)
        if equal_body and len(same) == len(files) == len(parts):
            self.leave(connection, seen, FolderState.SEALED, odd + _beside(connection, key, place.key))
            return None
        if self._gone_over(connection, seen, record):
            return None
        if record is not None and delivery_brake.holds(connection, cleared.description.delivery, int(self._now())):
            self.leave(connection, seen, FolderState.HELD, odd)
            return None
        submitted = any(name in self.standing.submitted for name in (place.delivery, cleared.description.delivery))
        return number, Job(
            path=place.key, root=place.root, delivery=place.delivery, signature=seen.signature, epoch=self.standing.epoch,
            subject=key, item_id=item_id, version=record.version + 1 if record else 1, cleared=cleared,
            files=files, known=same, parts=parts, pending=tuple(sealed.pending(connection, item_id)), body_unchanged=equal_body,
            waived=_waived(connection, key, record), odd=tuple(odd), shown=place.shown, uses=uses, roles=roles, labels=labels,
            profile=place.profile, marked=place.marked, submitted=submitted,
            whole=bool(place.gathering and place.gathering.whole), expected=place.gathering.expected if place.gathering else None,
        )  # fmt: skip

    def _gone_over(self, connection: apsw.Connection, seen: Seen, record: StoredRecord | None) -> bool:
        """Is the record not this node's to write (format.md §18)? Then the place waits, and is told."""
        if record is None or not self.standing.released:
            return False
        from holdings import custody_store  # where the city never said anything, nothing was let go
        from holdings.custody import Party

        own, hub = Party(self._home.identity.log.log_id), Party(self._home.identity.hub.log_id)
        held = custody_store.holding(connection, own, bytes(record.id))
        if held.may_write(own):
            return False
        found = Finding(FindingCode.NOT_HELD, seen.subject, seen.place.key, record.reference_code, held.label(own, hub))
        self.leave(connection, seen, FolderState.HELD, [found])
        return True

    def _with_twins(
        self, uses: bytes, roles: bytes, files: tuple[FileStat, ...], described: Description
    ) -> tuple[bytes, bytes, tuple[FileStat, ...]]:
        """(uses, roles, files) of a plain folder in which a photograph may lie twice: those for keeping come first."""
        from node import photo_twins  # it loads the categories, which folders of one kind of file do not need

        found = photo_twins.uses_of([file.name for file in files], described, self._home.site)
        if not found:
            return uses, roles, files
        order = sorted(range(len(files)), key=found.__getitem__)
        return bytes(found[i] for i in order), bytes(roles[i] for i in order) if roles else b"", tuple(files[i] for i in order)

    def _special(self, place: Place) -> str:
        """What to do about a folder 重扫, 正卷, TIFF, VIDEO_TS … that no layout reads; empty for a place without such a name."""
        words = vocabulary(self._home.site)
        parts = () if place.gathering else place.key.removeprefix(f"{place.delivery}/").split("/")
        found = next((part for part in parts if words.is_special(part)), "")
        return f"“{found}”要按接收方案归拢：用 node profile propose 给批次定一个方案" if found else ""

    def leave(self, connection: apsw.Connection, seen: Seen, state: FolderState, found: list[Finding]) -> None:
        """Note that a place waits or stands, and what is said of it."""
        place, item_id = seen.place, seen.known.item_id if seen.known else None
        folders.put(
            connection, place.key, seen.subject, place.delivery, state, seen.signature, self._now(),
            self.standing.epoch, item_id,
        )  # fmt: skip
        quarantine.settle(connection, place.key, found, int(self._now()))


_CODE_RUN = expression(r"[0-9A-Za-z][0-9A-Za-z·\u4e00-\u9fff-]{3,}[0-9]")


def _meant(connection: apsw.Connection, name: str) -> str:
    """The code that a folder's name seems to hold beside other words (“0145-003 补扫”), when the catalogue knows it; else empty."""
    runs = _CODE_RUN.findall(unicodedata.normalize("NFKC", name))
    known = (run for run in sorted(runs, key=len, reverse=True)[:8] if catalogue.row_for(connection, match_key(run)))
    return next((f"名称中似有档号 {run}" for run in known), "")


def _order(
    place: Place, found: list[FileStat], words: Vocabulary
) -> tuple[bytes, bytes, tuple[FileStat, ...], tuple[str, ...]]:
    """(uses, roles, files in page order, labels): of a plain folder pages of one representation, by their names; all of them text
    pages, unless its profile says otherwise what counts."""
    if place.gathering is None:
        order = {file: n for n, file in enumerate(order_pages([f.name for f in found]).names)}
        if place.profile.pages == PLAIN.pages:
            return b"", b"", tuple(sorted(found, key=lambda f: order[f.name])), ()
        role = {f.name: words.role_of(f.name) for f in found}
        listed = sorted(found, key=lambda f: (overriding.rank(role[f.name]), order[f.name]))
        shown = bytes(role[f.name] for f in listed)
        return b"", shown if any(shown) else b"", tuple(listed), ()
    by_part = {page.part: page for page in place.gathering.pages}
    # A page that a person moved in was gathered elsewhere.
    pages = [by_part.get(file.name) or Page("", file.name, file.name, file.name) for file in found]
    uses, roles = bytes(page.use for page in pages), bytes(page.role for page in pages)
    one = len(set(uses)) <= 1
    return b"" if one else uses, roles if any(roles) else b"", tuple(found), tuple(page.label for page in pages)


def _beside(connection: apsw.Connection, subject: str, path: str) -> list[Finding]:
    """What was said beside a record when it was sealed, and still stands while its files are what they were."""
    return [
        listed.finding
        for listed in quarantine.for_subject(connection, subject)
        if listed.scope == path and listed.finding.code in _SAID_BESIDE and listed.state in _WAITS
    ]


_SAID_BESIDE = {
    FindingCode.EXTENSION_DIFFERS, FindingCode.PAGE_MISSING, FindingCode.DUPLICATE_PAGE, FindingCode.TYPE_UNKNOWN,
    FindingCode.PAGE_REPEATED, FindingCode.REPRESENTATION_DIFFERS,
}  # fmt: skip
_WAITS = (quarantine.FindingState.OPEN, quarantine.FindingState.SET_ASIDE)


def _waived(
    connection: apsw.Connection, subject: str, record: StoredRecord | None
) -> frozenset[tuple[FindingCode, str]]:
    """What a person waived about the record. The answer about a vanished page holds for the version that it was given for: a page
    that came back and vanished again is asked about again."""
    return frozenset(
        (listed.finding.code, listed.finding.path)
        for listed in quarantine.for_subject(connection, subject)
        if listed.state is quarantine.FindingState.WAIVED
        and (
            listed.finding.code is not FindingCode.PAGE_VANISHED
            or (record is not None and listed.finding.detail == vanished(record.version))
        )
    )
