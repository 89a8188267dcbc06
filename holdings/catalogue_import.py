"""Imports of catalogue sheets in portions: what a sheet says is compared with what is stored, and the difference is written.

Each `take` and the `finish` belong into a transaction of the caller. A portion is one transaction: a crash leaves an
import that goes on behind the last committed portion, and rows that are held until it has ended (`catalogue.row_for`).
On an open site a row with a classified or unreadable mark is erased and leaves only where it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import apsw
from msgspec import Struct, field

from holdings import catalogue_marks as marks
from holdings import catalogue_moves as moves
from holdings import catalogue_rows as rows
from holdings import catalogue_runs as runs
from holdings import catalogue_sheets as sheets
from holdings import catalogue_withhold, tally
from holdings.catalogue_line import Line
from holdings.catalogue_origin import Origin
from holdings.catalogue_rows import Full, Known
from holdings.catalogue_runs import Progress
from holdings.columns import CODE
from holdings.findings import Finding, FindingCode
from holdings.record import MARK, RowState
from holdings.security import MarkKind, SiteClass
from holdings.sheet_lines import End
from holdings.sheet_notes import TOLD_MAX, Note, Refusal

PORTION: Final = 20_000  # rows of one transaction: some 30 MiB while it is made, half a second of work
GONE_TOLD_MAX: Final = 1_000  # findings of rows that disappeared, for each sheet; all are counted
_GONE, _DUPLICATE = RowState.GONE.value, RowState.DUPLICATE.value


_EITHER: Final = (
    "此档号改过号，分不清表中写的是改号前还是改号后的档号",
    "先把表中档号都改为新档号、其余不动，导入一次；再改其他内容",
)


class _Portion(Struct):
    """What a portion changes. `met` are the stored rows it speaks of, `word` what this sheet said of others' rows."""

    fresh: dict[str, Line] = field(default_factory=dict)
    met: dict[int, Line] = field(default_factory=dict)
    word: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    changed: dict[int, Line] = field(default_factory=dict)
    moved: list[tuple[int, str, int]] = field(default_factory=list)
    say: list[tuple[int, int, int, bytes]] = field(default_factory=list)
    unsay: list[tuple[int, int]] = field(default_factory=list)
    contradicted: list[int] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)


Watch = Callable[[Full, Line, tuple[str, ...]], None]
"""Takes a stored row, what it will say, and the columns beside which that stands."""


class Import:
    """One import under way. Begin it, give it portions, finish it."""

    def __init__(
        self, connection: apsw.Connection, origin: Origin, now: int, site: SiteClass, watch: Watch | None = None
    ) -> None:
        """Begin in a transaction, or go on where the same bytes were cut off; writes nothing for a sheet that is known.

        `watch` is told of each row that changes, before it does.
        """
        self._watch = watch
        self.origin, self.site, self._now = origin, site, now
        self.sheet = sheets.make_known(connection, origin.holder, origin.delivery, origin.name, now).id
        going_on = runs.load(connection, self.sheet, origin.source)
        self.progress = going_on or Progress(origin.source, now, rows.next_id(connection))
        self._refusals: list[Refusal] = runs.told(connection, self.sheet) if going_on else []
        self._notes: list[Note] = []
        self._findings: list[Finding] = []
        self._has_said = sheets.has_said(connection, self.sheet)
        self._renumbered = moves.any_former(connection)
        self._columns: dict[tuple[str, ...], int] = {}
        self._unkept = 0
        self._withheld: set[str] = set()

    @property
    def figures(self) -> runs.Figures:
        """What it did so far."""
        return self.progress.figures

    def take(self, connection: apsw.Connection, columns: tuple[str, ...], lines: Sequence[Line]) -> None:
        """Compare a portion of the sheet's rows, of at most PORTION, with what is stored, and write the difference.

        `columns` are those that the values of these lines stand beside.
        """
        self.progress.taken += len(lines)
        lines = self._without_marked(connection, lines)
        known = rows.known(connection, self.origin.holder, [one.key for one in lines])
        portion, seen = _Portion(), self.progress.seen
        if self._has_said:
            portion.word = sheets.said(connection, self.sheet, [one.id for one in known.values()])
        if self._renumbered:
            lines = self._without_renumbered(connection, portion, lines, known)
        fresh = {} if known else {one.key: one for one in lines if not one.refused}
        if fresh and len(fresh) == len(lines):  # a first import: nothing here was ever heard of
            portion.fresh, lines = fresh, ()
        for one in lines:
            stored = known.get(one.key)
            if one.refused:
                self._is_there(portion, stored, one)
            elif stored is None:
                first = portion.fresh.setdefault(one.key, one)
                if first is not one:
                    self._twice_here(first, one)
            elif stored.id in portion.met or stored.id in seen:
                self._twice(portion, stored, one)
            else:
                self._compare(portion, stored, one)
        self._write(connection, columns, portion)

    def pass_over(self, lines: Sequence[Line]) -> None:
        """Rows that an earlier part of this import has taken; what it withheld is withheld again."""
        if self.site is SiteClass.OPEN:
            self._withheld.update(one.key for one in lines if one.mark is not MarkKind.OPEN)

    def _without_renumbered(
        self, connection: apsw.Connection, portion: _Portion, lines: Sequence[Line], known: dict[str, Known]
    ) -> Sequence[Line]:
        """A sheet that says of an old code what it said before speaks of the row that has another code now: nothing new.

        What was edited is of the numbering that the other lines of the sheet show; where none shows it, nothing is guessed.
        """
        former = moves.former(connection, self.origin.holder, [one.key for one in lines])
        if not former:
            return lines
        word = sheets.said(connection, self.sheet, list(former.values()))
        old = {key: row for key, row in former.items() if row in word}
        same = {one.key for one in lines if one.key in old and (one.refused or word[old[one.key]][1] == one.digest)}
        portion.seen += [old[key] for key in same]
        rest = [one for one in lines if one.key not in same]
        edited = [one for one in rest if one.key in old and not one.refused and not _says_so(known.get(one.key), one)]
        shown = sum(_says_so(known.get(one.key), one) for one in rest if one.key in old)
        if not edited or shown > len(same):
            return rest
        now = moves.under_new_codes(connection, {one.key: old[one.key] for one in edited}, edited)
        for one in edited:
            portion.seen.append(old[one.key])
            if one.key in known and not same:
                self._refuse(Refusal(one.number, CODE, _EITHER[0], _EITHER[1], one.key))
                portion.seen.append(known[one.key].id)
            else:
                portion.changed[old[one.key]] = now[one.key]
                portion.say.append((self.sheet, old[one.key], one.number, one.digest))
        told = {one.key for one in edited}
        return [one for one in rest if one.key not in told]

    # ------------------------------------------------------------------ one row

    def _compare(self, portion: _Portion, stored: Known, one: Line) -> None:
        """A row that is stored, met for the first time by this import."""
        own, word = stored.sheet == self.sheet, portion.word.get(stored.id)
        before = word[1] if word else stored.digest if own else None
        portion.met[stored.id] = one
        state = _DUPLICATE if one.duplicate or stored.state == _DUPLICATE else 0
        if one.duplicate:
            self.progress.doubtful.update((stored.id,))
        if before == one.digest and stored.state != _GONE and (state == stored.state or not own):
            if word and word[0] != one.number:
                portion.say.append((self.sheet, stored.id, one.number, one.digest))
            elif own and not word and (stored.tab, stored.number) != (one.tab, one.number):
                portion.moved.append((stored.id, one.tab, one.number))
            return
        if not own and stored.digest == one.digest and state == stored.state:
            # Another sheet has said exactly this: one catalogue often comes in three formats.
            portion.say.append((self.sheet, stored.id, one.number, one.digest))
            return
        self._take_over(portion, stored, one)

    def _take_over(self, portion: _Portion, stored: Known, one: Line) -> None:
        """The row says from now on what this sheet says; what its owner said is kept beside it."""
        if stored.sheet != self.sheet and stored.state != _GONE:
            portion.say.append((stored.sheet, stored.id, stored.number, stored.digest))
        if stored.id in portion.word:
            portion.unsay.append((self.sheet, stored.id))
        portion.changed[stored.id] = one

    def _is_there(self, portion: _Portion, stored: Known | None, one: Line) -> None:
        """A row that was refused: what is stored of its code stays; a contradiction, which the reader has told, is noted."""
        if stored is not None:
            portion.seen.append(stored.id)
        if not one.duplicate:
            return
        if one.key in portion.fresh:
            portion.fresh[one.key].duplicate = True
        elif stored is not None:
            self._doubt(portion, stored, one)

    def _twice_here(self, first: Line, one: Line) -> None:
        """A code twice in one portion."""
        if first.digest == one.digest:
            self._repeated(one, first.number)
        else:
            first.duplicate = True
            self._contradicted(one, first.number)

    def _twice(self, portion: _Portion, stored: Known, one: Line) -> None:
        """A code again that this import has met already."""
        first, word = portion.met.get(stored.id), portion.word.get(stored.id)
        number, digest = (first.number, first.digest) if first else word or (stored.number, stored.digest)
        if digest == one.digest:
            self._repeated(one, number)
            return
        self._contradicted(one, number)
        self._doubt(portion, stored, one)

    def _doubt(self, portion: _Portion, stored: Known, one: Line) -> None:
        """A stored row is contradicted: neither is believed."""
        if stored.id in self.progress.doubtful:
            return
        self.progress.doubtful.update((stored.id,))
        if stored.id in portion.changed:
            portion.changed[stored.id].duplicate = True
        elif stored.sheet != self.sheet and one.code:
            one.duplicate = True
            self._take_over(portion, stored, one)
        elif stored.state != _DUPLICATE:
            portion.contradicted.append(stored.id)
            self.figures.changed += stored.id < self.progress.first_row

    def _repeated(self, one: Line, first: int) -> None:
        if len(self._notes) < TOLD_MAX:
            self._notes.append(Note(one.number, CODE, FindingCode.ROW_REPEATED.slug, f"同第 {first} 行", one.key))

    def _contradicted(self, one: Line, first: int) -> None:
        code = FindingCode.ROW_DUPLICATE
        self._refuse(Refusal(one.number, CODE, f"{code.rule}：另一行是第 {first} 行", code.remedy, one.key, code.value))

    def _refuse(self, refusal: Refusal) -> None:
        self.figures.refused += 1
        if len(self._refusals) < TOLD_MAX:
            self._refusals.append(refusal)
            self._unkept += 1

    # ------------------------------------------------------------------ marks

    def _without_marked(self, connection: apsw.Connection, lines: Sequence[Line]) -> Sequence[Line]:
        """Withhold what an open site may not have, bar what another sheet has marked, lift what this sheet says otherwise."""
        if self.site is not SiteClass.OPEN:
            return lines
        withheld = [one for one in lines if one.mark is not MarkKind.OPEN]
        if withheld:
            self._withhold(connection, withheld)
            self._withheld.update(one.key for one in withheld)
        if self._withheld:
            lines = [one for one in lines if one.key not in self._withheld]
        if not marks.any_for(connection, self.origin.holder):
            return lines
        found = marks.among(connection, self.origin.holder, [one.key for one in lines])
        if not found:
            return lines
        elsewhere = {key for key, sheet in found if sheet != self.sheet}
        for one in lines:
            if one.key in elsewhere and not one.refused:
                self._bar(one)
        # The sheet that set a mark may lift it, by saying otherwise; one that merely drops the row does not.
        said = {one.key for one in lines if not one.refused}
        marks.lift(connection, self.sheet, ({key for key, sheet in found if sheet == self.sheet} & said) - elsewhere)
        return [one for one in lines if one.key not in elsewhere]

    def _bar(self, one: Line) -> None:
        """Refuse a row that another sheet has marked: nothing of it is stored while that mark stands."""
        code = FindingCode.CLASSIFIED
        self._refuse(Refusal(one.number, MARK, f"{code.rule}（见另一张目录表）", code.remedy, one.key, code.value))

    def _withhold(self, connection: apsw.Connection, lines: Sequence[Line]) -> None:
        """Erase rows that turned out classified, and keep where they stand."""
        place = {one.key: one for one in lines}
        erased = catalogue_withhold.erase(connection, self.sheet, self.origin.holder, lines)
        self.figures.added -= sum(number >= self.progress.first_row for number, _, _ in erased)
        for _, key, linked in erased:
            if linked and len(self._findings) < TOLD_MAX:
                number = place[key].number
                where = f"{self.origin.scope}#{number}"
                self._findings.append(Finding(FindingCode.CLASSIFIED_SEALED, key, where, detail=f"第 {number} 行"))

    # ------------------------------------------------------------------ writing

    def _write(self, connection: apsw.Connection, columns: tuple[str, ...], portion: _Portion) -> None:
        if portion.fresh or portion.changed:
            if columns not in self._columns:
                self._columns[columns] = rows.columns(connection, columns)
            number = self._columns[columns]
            fresh = rows.insert(
                connection, self.origin.holder, self.sheet, number, list(portion.fresh.values()), self._now
            )
            self.progress.seen.update(fresh)
            doubled = sorted(one.key for one in portion.fresh.values() if one.duplicate)
            if doubled:
                known = rows.known(connection, self.origin.holder, doubled)
                self.progress.doubtful.update(one.id for one in known.values())
            if self._watch is not None and portion.changed:
                for stored in rows.full_of(connection, portion.changed):
                    self._watch(stored, portion.changed[stored.id], columns)
            rows.update(connection, self.sheet, number, list(portion.changed.items()), self._now)
        rows.move(connection, portion.moved)
        rows.set_state(connection, portion.contradicted, RowState.DUPLICATE, self._now)
        sheets.unsay(connection, portion.unsay)
        sheets.say(connection, portion.say)
        self._has_said = self._has_said or bool(portion.say)
        self.progress.seen.update(portion.seen)
        self.progress.seen.update(portion.met)
        self.figures.added += len(portion.fresh)
        self.figures.changed += len(portion.changed)
        tally.add(connection, tally.Count.CATALOGUE_ROWS, len(portion.fresh))

    def keep(self, connection: apsw.Connection) -> None:
        """More portions follow this one: keep where the import stands, in the transaction of its portion."""
        sheets.hold(connection, self.sheet, self._now)
        runs.keep(connection, self.sheet, self.progress)
        if self._unkept:
            runs.tell(connection, self.sheet, self._refusals[-self._unkept :])
            self._unkept = 0

    # ------------------------------------------------------------------ the end

    def finish(
        self, connection: apsw.Connection, digest: bytes, end: End
    ) -> tuple[list[Refusal], list[Note], list[Finding]]:
        """All rows were taken: look for those that disappeared; what the import itself has to tell.

        Of a sheet with open questions rows are missing that are not gone. `digest` is of the file.
        """
        if not end.blocked:
            self._settle_doubtful(connection)
            self._drop_gone(connection)
        findings = [*self._findings, *self._of_gone(connection)]
        sheets.done(connection, self.sheet, digest, self._now, has_mark_column=end.has_mark_column)
        if self.progress.kept:
            runs.forget(connection, self.sheet)
        return self._refusals, self._notes, findings

    def _settle_doubtful(self, connection: apsw.Connection) -> None:
        """Rows that contradicted each other, and no longer do."""
        seen, doubtful = self.progress.seen, self.progress.doubtful
        found = rows.in_state(connection, self.sheet, RowState.DUPLICATE)
        settled = [row for row in found if row in seen and row not in doubtful]
        rows.set_state(connection, settled, RowState.STANDS, self._now)
        self.figures.changed += len(settled)

    def _drop_gone(self, connection: apsw.Connection) -> None:
        """Rows this sheet had and has no more: a question for a person when no other sheet has them.

        The row's content stays until it is answered.
        """
        seen, lost = self.progress.seen, list[int]()
        if self.progress.first_row > 1:
            lost = [
                number
                for number, state in rows.of_sheet(connection, self.sheet, self.progress.first_row)
                if state != _GONE and number not in seen
            ]
        unsaid = [row for row in sheets.said_by(connection, self.sheet) if row not in seen] if self._has_said else []
        sheets.unsay(connection, [(self.sheet, row) for row in unsaid])
        gone = []
        for row in lost:
            other = sheets.another(connection, row, self.sheet)
            if other is None:
                gone.append(row)
            else:
                rows.hand_over(connection, row, *other)
        rows.set_state(connection, gone, RowState.GONE, self._now)
        self.figures.gone += len({*lost, *unsaid})

    def _of_gone(self, connection: apsw.Connection) -> Iterable[Finding]:
        """Asked anew at every import, so that the question waits until it is answered, not until the next identical one."""
        for one in rows.gone(connection, self.sheet, GONE_TOLD_MAX):
            where = f"{self.origin.scope}#{one.key}"
            yield Finding(FindingCode.ROW_GONE, one.key, where, one.code, f"原第 {one.number} 行")


def _says_so(stored: Known | None, one: Line) -> bool:
    """Does the row that bears this code say exactly this?"""
    return stored is not None and stored.digest == one.digest
