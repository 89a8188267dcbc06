"""Renumbering on this node: the sheet read, judged at its end state, and carried out in one transaction (holdings.renumber).

Catalogue rows, records, waivers and the log change together; folders on disk are not touched (node.bearing finds their records).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import apsw
from msgspec import Struct
from msgspec.structs import replace

from holdings import catalogue, correction, declared_totals, delivery, gate, lineage, quarantine, records
from holdings.catalogue import LiftedRow
from holdings.code_scheme import Scheme, codes_of
from holdings.gate import Held
from holdings.record import Clearance, Description, RowState, level_of
from holdings.reference_code import CodeProblem, parse
from holdings.renumber import Change, Plan, Refused, Wish, Wrong, follow, plan
from holdings.renumber_sheet import CodeRow, decode_codes
from holdings.security import MarkKind, SiteClass
from holdings.stored_record import StoredRecord
from node import folders, settings
from node.amending import Amended, Amendment, amend
from node.clock import Clock
from node.errors import ConfigurationWrong
from node.home import Home
from node.settings import Setting
from sync import sealed
from sync.sandbox import Sandbox

SHEET_BYTES_MAX = 64 << 20
"""A sheet of 100,000 codes takes a tenth of it."""


class Undone(Exception):
    """Rolls a dry run, or a sheet that the gate refuses, back."""


class Moved(Struct, frozen=True):
    """A change as carried out: codes as printed, title, and the record if there is one."""

    row: int
    old: str
    new: str
    title: str
    record: StoredRecord | None


class Outcome(Struct, frozen=True):
    """What a sheet came to. `refused` not empty: nothing was done."""

    moved: tuple[Moved, ...]
    refused: tuple[Refused, ...]
    unchanged: int
    signed: Amended


def read_sheet(sandbox: Sandbox, file: Path) -> list[CodeRow]:
    """Read a sheet of new codes in the sandbox; SandboxRefused says in Chinese why it cannot be read."""
    try:
        data = file.read_bytes() if file.stat().st_size <= SHEET_BYTES_MAX else b""
    except OSError as fault:
        raise ConfigurationWrong(f"改号表 {file.name} 读不出：{fault.strerror or fault}") from fault
    if not data:
        raise ConfigurationWrong(f"改号表 {file.name} 是空的，或超过 {SHEET_BYTES_MAX >> 20} MiB")
    return decode_codes(sandbox.call("holdings.renumber_sheet:read_codes", data, file.name))


class Renumbering:
    """Carries sheets of new codes out; call inside Engine.alone, so that nothing is being sealed meanwhile."""

    def __init__(self, home: Home, clock: Clock) -> None:
        self._home, self._clock, self.schemes = home, clock, codes_of(home.site).schemes

    def run(self, wishes: Sequence[Wish], *, dry_run: bool) -> Outcome:
        """Judge the set, and carry it out when nothing is refused and it is no dry run.

        Raises:
            RolledBack: nothing may be signed until a person has acted.
        """
        judged = self.judge(self._home.database.read(), wishes)
        moved: tuple[Moved, ...] = ()
        refused, signed = list(judged.refused), Amended()
        if refused or not judged.changes:
            return Outcome((), tuple(refused), judged.unchanged, signed)
        try:
            with self._home.database.transaction() as connection:
                moved = self.move(connection, judged.changes)
                refused += self.held(connection, moved)
                if refused or dry_run:
                    raise Undone
                signed = amend(connection, self._home, self._clock, self.amendments(connection, moved))
                self.settle(connection, judged.changes)
        except Undone:
            pass
        return Outcome(() if refused else moved, tuple(refused), judged.unchanged, signed)

    def judge(self, connection: apsw.Connection, wishes: Iterable[Wish]) -> Plan:
        """The set against what stands here."""

        def printed(key: str) -> str | None:
            if (record := records.record_for(connection, key)) is not None:
                return record.reference_code
            row = catalogue.row_for(connection, key)
            # A classified row has no code here: it cannot be renumbered, and its code cannot be taken.
            return row.reference_code if row is not None and row.state is not RowState.GONE else None

        def done(old: str, new: str) -> bool:
            record = records.record_for(connection, new)
            if record is None:
                return lineage.row_became(connection, old) == new
            return old != new and old in lineage.former_keys(connection, record.number)

        return plan(wishes, printed, done)

    def move(self, connection: apsw.Connection, changes: Sequence[Change]) -> tuple[Moved, ...]:
        """Move the catalogue's rows, all out before the first is laid back: codes may be swapped."""
        lifted = [catalogue.lift(connection, change.old_key) for change in changes]
        held = [records.record_for(connection, change.old_key) for change in changes]
        moved, bare = list[Moved](), dict[str, str]()
        for change, row, record in zip(changes, lifted, held, strict=True):
            if row is not None:
                catalogue.lift(connection, change.new_key)  # a row that its sheet gave up: nothing else can stand there
                elements = follow(row.elements, row.reference_code, change.new, self.schemes)
                catalogue.lay(connection, replace(row, reference_code=change.new, elements=elements), self.schemes)
            if record is None:
                bare[change.old_key] = change.new_key
            moved.append(
                Moved(
                    change.row,
                    _old(row, record),
                    change.new,
                    row.title if row else record.title if record else "",
                    record,
                )
            )
        lineage.rename_rows(connection, bare)
        return tuple(moved)

    def held(self, connection: apsw.Connection, moved: Iterable[Moved]) -> Iterator[Refused]:
        """What the gate holds under its new code: an item must not enter a volume with a classified one."""
        volumes, site = catalogue.classified_volumes(connection), self._home.identity.log.site_class
        clearances: dict[str, Clearance | None] = {d.name: d.clearance for d in delivery.list_all(connection)}
        for one in moved:
            code = parse(one.new)
            assert not isinstance(code, CodeProblem)
            row = catalogue.row_for(connection, code.key)
            if row is None or (row.mark is not MarkKind.OPEN and site is SiteClass.OPEN):
                if row is not None:
                    yield Refused(one.row, Wrong.NEW_TAKEN)
                continue
            verdict = gate.judge(row, clearances.get(row.delivery), volumes, site)
            if isinstance(verdict, Held) and (one.record is not None or verdict.reason.secret):
                yield Refused(one.row, Wrong.HELD, reason=verdict.reason.rule)

    def amendments(self, connection: apsw.Connection, moved: Iterable[Moved]) -> Iterator[Amendment]:
        """The records' new versions: equal parts, another code."""
        for one in moved:
            if one.record is not None:
                described = renamed(records.body(connection, one.record), one.new, self.schemes)
                parts = tuple(sealed.current(connection, bytes(one.record.id)))
                yield Amendment(one.record.id, one.record.version + 1, described, parts, one.record.pages)

    def settle(self, connection: apsw.Connection, changes: Iterable[Change]) -> None:
        """Waivers follow, and every folder is judged anew: one may have borne the new code already."""
        renamed = {change.old_key: change.new_key for change in changes}
        quarantine.carry_waivers(connection, renamed)
        correction.rename(connection, renamed)
        folders.rename_subjects(connection, renamed)
        declared_totals.settle_every(connection, int(self._clock.now()))
        settings.add(connection, Setting.EPOCH, 1)


def renamed(said: Description, code: str, schemes: Sequence[Scheme] = ()) -> Description:
    """A description under another code; the one it had becomes a former code."""
    read = parse(code, schemes)
    assert not isinstance(read, CodeProblem)
    return replace(
        said, reference_code=code, level=level_of(read), elements=follow(said.elements, said.reference_code, code, schemes),
        former_codes=(said.reference_code,),
    )  # fmt: skip


def _old(row: LiftedRow | None, record: StoredRecord | None) -> str:
    return record.reference_code if record is not None else row.reference_code if row is not None else ""
