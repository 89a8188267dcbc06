"""Verbs about the fonds register 全宗名册."""

from __future__ import annotations

from pathlib import Path

from holdings import fonds
from holdings.fonds import Registered
from node.fonds_sheets import read_register, take
from node.verbs import Answer, Verbs


class _Rehearsed(Exception):
    """Rolls a dry run back."""


def told(one: Registered) -> Answer:
    """A fonds without its history: what lists show. `held` is what this site holds, the other numbers are the register's."""
    said = one.fonds
    return {
        "code": said.code, "name": said.name, "years": said.years, "key_fonds": said.key_fonds, "volumes": said.volumes, "items": said.items,
        "metres": said.metres, "planned": said.planned, "catalogued": said.catalogued, "scanned": said.scanned, "open": said.open,
        "held": {kind.value: value for kind, value in one.held.items()},
    }  # fmt: skip


class FondsVerbs(Verbs):
    """Import, list, show."""

    def fonds_import(self, file: str, dry_run: bool = False) -> Answer:
        """Take a register over from a sheet; fonds that it does not name stay."""
        sheet = read_register(self._home, self._engine.sandbox, Path(file))
        done: fonds.Imported | None = None
        try:
            with self._home.database.transaction() as connection:
                done = take(connection, sheet, self._seconds())
                if dry_run:
                    raise _Rehearsed
        except _Rehearsed:
            assert done is not None
        return {
            "rows": len(sheet.rows) + sheet.refused, "added": done.added, "changed": done.changed, "unchanged": done.unchanged,
            "gone": list(done.gone), "refused": sheet.refused, "refusals": [
                {"row": r.row, "field": r.field, "rule": r.rule, "remedy": r.remedy} for r in sheet.refusals
            ],
        }  # fmt: skip

    def fonds_list(self, limit: int = 1000, after: str = "") -> Answer:
        """Fonds in the order of codes, and those that something is held of without being registered."""
        reading = self._home.database.read()
        listed = fonds.list_all(reading, limit=limit, after=after)
        return {"fonds": [told(one) for one in listed], "unregistered": fonds.unregistered(reading)}

    def fonds_show(self, code: str) -> Answer:
        """One fonds with its history and districts."""
        one = fonds.get(self._home.database.read(), code)
        districts = [{"code": d.code, "since": d.since.isoformat() if d.since else ""} for d in one.districts]
        said = one.fonds
        return {
            **told(one), "former": said.former, "history": said.history, "remark": said.remark, "districts": districts,
        }  # fmt: skip
