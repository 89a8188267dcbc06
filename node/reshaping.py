"""Merge 并卷 and split 拆卷 of volumes on this node, in one transaction and as few deltas as may be (holdings.reshape).

A volume is one record with all its pages, or the items that bear its code before theirs; or both. No image is read or sent.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby, pairwise

import apsw
from msgspec import Struct
from msgspec.structs import replace

from holdings import catalogue, gate, lineage, records
from holdings.expression import expression
from holdings.gate import Held
from holdings.record import PAGES, TITLE, Description, RecordId, Relation, RelationKind
from holdings.reference_code import CodeProblem, ReferenceCode, match_key, parse, volume_key
from holdings.renumber import Refused, Wish, Wrong, follow, inside
from holdings.renumber_sheet import CodeRow
from holdings.reshape import Piece, ended, may_merge, merged, names_behind, piece_of, split_fault
from holdings.security import SiteClass
from holdings.stored_record import StoredRecord
from node import folders
from node.amending import Amended, Amendment, amend
from node.clock import Clock
from node.home import Home
from node.renumbering import Moved, Outcome, Renumbering, Undone
from sync import sealed
from sync.manifest import Part

_LAST = expression(r"[0-9]+$")
NOTHING = Outcome((), (), 0, Amended())


class Volume(Struct, frozen=True):
    """A volume as it is now: code, pages, the codes its pages came from, and whether it ended."""

    code: str
    pages: int
    sources: tuple[str, ...] = ()
    ended: bool = False


class Reshaped(Struct, frozen=True):
    """What a merge or split came to; `items` were renumbered with it. `refused` not empty: nothing was done."""

    volumes: tuple[Volume, ...]
    items: Outcome
    refused: tuple[Refused, ...]
    signed: Amended

    @property
    def records(self) -> int:
        """Records that got a new version."""
        return self.signed.records


class _Held(Struct, frozen=True):
    """A volume's record with what it says and its parts."""

    record: StoredRecord
    said: Description
    parts: tuple[Part, ...]


class Reshaping:
    """Merges and splits; call inside Engine.alone, so that nothing is being sealed meanwhile."""

    def __init__(self, home: Home, clock: Clock) -> None:
        self._home, self._clock = home, clock
        self._codes = Renumbering(home, clock)

    # ------------------------------------------------------------------ merge

    def merge(self, into: str, volumes: Sequence[str], *, dry_run: bool) -> Reshaped:
        """Merge volumes into another; lines of refusals count the volumes from 1, 0 is the one they go into."""
        reading = self._home.database.read()
        refused, wishes = self._judge_merge(reading, into, volumes)
        judged = self._codes.judge(reading, wishes)
        if refused := [*refused, *judged.refused]:
            return Reshaped((), NOTHING, tuple(refused), Amended())
        heirs = {match_key(volume): match_key(into) for volume in volumes}

        def work(connection: apsw.Connection) -> Iterator[tuple[Volume, Amendment]]:
            return self._merge(connection, into, volumes)

        return self._carry_out(work, wishes, heirs, dry_run=dry_run)

    def _judge_merge(
        self, reading: apsw.Connection, into: str, volumes: Sequence[str]
    ) -> tuple[list[Refused], list[Wish]]:
        target, refused, wishes = match_key(into), list[Refused](), list[Wish]()
        held, seen, number = self._of(reading, target), {target}, 0
        items = list(self._items(reading, target))
        number, width = max(map(_number, items), default=0), max((len(_digits(code)) for code in items), default=3)
        base = parse(held.record.reference_code if held is not None else target)
        if isinstance(base, CodeProblem) or (held is None and not items):
            return [Refused(0, Wrong.OLD_UNKNOWN)], []
        for row, volume in enumerate(volumes, 1):
            key = match_key(volume)
            source, inner = self._of(reading, key), list(self._items(reading, key))
            if key in seen:
                refused.append(Refused(row, Wrong.OLD_TWICE))
            elif source is None and not inner:
                refused.append(Refused(row, Wrong.OLD_UNKNOWN))
            elif source is not None and held is None:
                refused.append(Refused(0, Wrong.OLD_UNKNOWN, reason="并入的案卷没有图像"))
            elif source is not None and held is not None and (fault := may_merge(held.said, source.said)):
                refused.append(Refused(row, Wrong.MARKS, reason=fault))
            seen.add(key)
            for code in inner:
                number += 1
                wishes.append(Wish(row, code, inside(base, number, max(width, len(_digits(code))))))
        return refused, wishes

    def _merge(
        self, connection: apsw.Connection, into: str, volumes: Sequence[str]
    ) -> Iterator[tuple[Volume, Amendment]]:
        held = self._of(connection, match_key(into))
        sources = [source for volume in volumes if (source := self._of(connection, match_key(volume)))]
        for volume in volumes:
            catalogue.lift(connection, match_key(volume))
        if held is None or not sources:
            return
        parts = list(held.parts)
        for source in sources:
            names = names_behind([p.name for p in parts], [p.name for p in source.parts], source.record.reference_code)
            parts += [_named(part, name) for part, name in zip(source.parts, names, strict=True)]
        given = [
            (s.record.id, s.said, len(s.parts), lineage.former_codes(connection, s.record.number)) for s in sources
        ]
        whole, gone = merged(held.said, held.record.id, len(held.parts), given)
        pages = held.record.pages + sum(source.record.pages for source in sources)
        self._say(connection, held.record.reference_code, {PAGES: whole.elements.get(PAGES, "")})
        for source, said in zip(sources, gone, strict=True):
            ending = Amendment(source.record.id, source.record.version + 1, said, (), 0, moved=True)
            yield Volume(source.record.reference_code, 0, ended=True), ending
        codes = tuple(source.record.reference_code for source in sources)
        made = Amendment(held.record.id, held.record.version + 1, whole, tuple(parts), pages, moved=True)
        yield Volume(held.record.reference_code, pages, codes), made

    # ------------------------------------------------------------------ split

    def split(self, rows: Sequence[CodeRow], *, dry_run: bool) -> Reshaped:
        """Split volumes as a sheet says: every page of a volume goes to exactly one line."""
        reading = self._home.database.read()
        ordered = sorted(rows, key=lambda row: match_key(row.old))
        groups = [(old, list(lines)) for old, lines in groupby(ordered, key=lambda row: match_key(row.old))]
        refused, planned = list[Refused](), list[tuple[str, list[Piece]]]()
        for old, lines in groups:
            held = self._of(reading, old)
            if held is None:
                refused.append(Refused(lines[0].row, Wrong.OLD_UNKNOWN))
                continue
            pieces = _pieces(lines, len(held.parts))
            refused += self._judge_split(reading, held, pieces)
            planned.append((old, pieces))
        codes = [match_key(piece.code) for _, pieces in planned for piece in pieces]
        if len(set(codes)) != len(codes) and not refused:
            refused.append(Refused(rows[-1].row, Wrong.NEW_TWICE))
        if refused:
            return Reshaped((), NOTHING, tuple(refused), Amended())

        def work(connection: apsw.Connection) -> Iterator[tuple[Volume, Amendment]]:
            for old, pieces in planned:
                yield from self._split(connection, old, pieces)

        heirs = {old: match_key(p[0].code) for old, p in planned if old not in {match_key(one.code) for one in p}}
        return self._carry_out(work, [], heirs, dry_run=dry_run)

    def _judge_split(self, reading: apsw.Connection, held: _Held, pieces: list[Piece]) -> Iterator[Refused]:
        if held.record.pages != len(held.parts) or len(set(held.said.uses)) > 1:
            yield Refused(pieces[0].row, Wrong.WHOLE, reason="含多页文件或多种版本")
            return
        for piece in pieces:
            code = parse(piece.code)
            if isinstance(code, CodeProblem):
                yield Refused(piece.row, Wrong.MALFORMED, code)
            elif code.key != held.record.match_key and (
                records.record_for(reading, code.key) or catalogue.row_for(reading, code.key)
            ):
                yield Refused(piece.row, Wrong.NEW_TAKEN)
        if fault := split_fault(pieces, len(held.parts)):
            yield Refused(fault[0], Wrong.SPLIT, reason=fault[1])

    def _split(self, connection: apsw.Connection, old: str, pieces: list[Piece]) -> Iterator[tuple[Volume, Amendment]]:
        held = self._of(connection, old)
        assert held is not None
        row, code, relations = catalogue.lift(connection, old), held.record.reference_code, list[Relation]()
        keeper: Piece | None = None
        first = next((piece for piece in pieces if match_key(piece.code) == old), pieces[0])
        for piece in pieces:
            if row is not None:
                said = {
                    **follow(row.elements, code, piece.code, self._codes.schemes),
                    PAGES: str(piece.last - piece.first + 1),
                }
                said |= {TITLE: piece.title} if piece.title else {}
                named = replace(row, reference_code=piece.code, title=said.get(TITLE, ""), elements=said)
                # One of them is the row that the sheet speaks of; the others are new.
                catalogue.lay(
                    connection, named if piece == first else replace(named, id=0, key=""), self._codes.schemes
                )
            if match_key(piece.code) == old:
                keeper = piece
                continue
            own = RecordId(os.urandom(16))
            parts = held.parts[piece.first - 1 : piece.last]
            relations.append(Relation(RelationKind.SPLIT_INTO, own, piece.code))
            made = Amendment(
                own, 1, piece_of(held.said, piece, held.record.id, self._codes.schemes), parts, len(parts), moved=True
            )
            yield Volume(piece.code, len(parts), (code,)), made
        version = held.record.version + 1
        if keeper is None:
            yield (
                Volume(code, 0, ended=True),
                Amendment(held.record.id, version, ended(held.said, relations), (), 0, moved=True),
            )
        else:
            said_now = replace(piece_of(held.said, keeper, None, self._codes.schemes), relations=tuple(relations))
            parts = held.parts[keeper.first - 1 : keeper.last]
            yield Volume(code, len(parts)), Amendment(held.record.id, version, said_now, parts, len(parts), moved=True)

    # ------------------------------------------------------------------ both

    def _carry_out(
        self,
        work: Callable[[apsw.Connection], Iterable[tuple[Volume, Amendment]]],
        wishes: Sequence[Wish],
        heirs: Mapping[str, str],
        *,
        dry_run: bool,
    ) -> Reshaped:
        """Everything in one transaction; rolled back when it is only tried, or when the gate refuses.

        `heirs`: {code that ends: one that has its pages}, as match keys: its folder must not be taken for a later bearer's.
        """
        refused, volumes = list[Refused](), list[Volume]()
        moved: tuple[Moved, ...] = ()
        signed = Amended()
        try:
            with self._home.database.transaction() as connection:
                changes = self._codes.judge(connection, wishes).changes
                moved = self._codes.move(connection, changes)
                refused += self._codes.held(connection, moved)
                made = list(work(connection))
                refused += self._held(connection, [one for _, one in made])
                volumes = [volume for volume, _ in made]
                if refused or dry_run:
                    raise Undone
                every = chain(self._codes.amendments(connection, moved), (one for _, one in made))
                signed = amend(connection, self._home, self._clock, every)
                self._codes.settle(connection, changes)
                folders.rename_subjects(connection, heirs)
                folders.rename_subjects(connection, heirs)
        except Undone:
            pass
        if refused:
            return Reshaped((), NOTHING, tuple(refused), signed)
        return Reshaped(tuple(volumes), Outcome(moved, (), 0, signed), (), signed)

    def _held(self, connection: apsw.Connection, made: Iterable[Amendment]) -> Iterator[Refused]:
        """What the gate holds of the volumes as they would be."""
        volumes, site = catalogue.classified_volumes(connection), self._home.identity.log.site_class
        for one in made:
            code = parse(one.description.reference_code, self._codes.schemes)
            verdict = gate.judge_description(one.description, site)
            assert isinstance(code, ReferenceCode)
            if isinstance(verdict, Held):
                yield Refused(0, Wrong.HELD, reason=verdict.reason.rule)
            elif site is SiteClass.OPEN and volume_key(code) in volumes:
                yield Refused(0, Wrong.HELD, reason=gate.HeldReason.VOLUME_CLASSIFIED.rule)

    def _of(self, connection: apsw.Connection, key: str) -> _Held | None:
        """The record that bears a volume's code, None when none does."""
        record = records.record_for(connection, key)
        if record is None:
            return None
        parts = tuple(sealed.current(connection, bytes(record.id)))
        return _Held(record, records.body(connection, record), parts)

    def _items(self, connection: apsw.Connection, key: str) -> Iterator[str]:
        """Codes of the rows of a volume, without the volume's own, in order."""
        return (row.reference_code for row in catalogue.of_volume(connection, key) if row.match_key != key)

    def _say(self, connection: apsw.Connection, code: str, elements: dict[str, str]) -> None:
        """Let the catalogue's row say what the record says now."""
        if (row := catalogue.lift(connection, match_key(code))) is not None:
            said = {**row.elements, **{name: value for name, value in elements.items() if value}}
            catalogue.lay(connection, replace(row, elements=said), self._codes.schemes)


def _pieces(lines: Sequence[CodeRow], parts: int) -> list[Piece]:
    """The lines of one volume; where 止页 is blank a piece goes up to the next one, the last to the end."""
    starts = sorted(line.first for line in lines)
    following = dict(pairwise(starts))
    return [
        Piece(line.row, line.new.strip(), line.first, line.last or following.get(line.first, parts + 1) - 1, line.title)
        for line in lines
    ]


def _named(part: Part, name: str) -> Part:
    """The same bytes under another name."""
    return Part(name, part.size, part.digests, part.transform, part.segments, part.engine)


def _digits(code: str) -> str:
    """The number a code ends in, as written; empty when it ends otherwise."""
    found = _LAST.search(match_key(code))
    return found[0] if found else ""


def _number(code: str) -> int:
    return int(_digits(code) or 0)
