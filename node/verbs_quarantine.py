"""Verbs about findings that wait for a person 待处理."""

from __future__ import annotations

from typing import Literal

from holdings import catalogue, correction, declared_totals, finding_acts, quarantine, quarantine_desk
from holdings.errors import HoldingsError
from holdings.finding_acts import ActKind
from holdings.findings import Severity
from holdings.quarantine import Listed
from holdings.quarantine_desk import Operator
from node import folders
from node.verbs import Answer, Verbs

NOTE_MAX = 2_000
"""Characters of what is written down of one act."""


def told(item: Listed) -> Answer:
    """A finding in the fields of DESIGN §7."""
    finding = item.finding
    return {
        "id": item.id, "path": finding.path, "ref": finding.ref, "code": finding.code.slug, "rule": finding.rule, "remedy": finding.remedy,
        "severity": finding.code.severity.label,
    }  # fmt: skip


class QuarantineVerbs(Verbs):
    """List, show, claim, waive, retry, set aside. `by` is the operator's name; `seen` the revision he has before his eyes."""

    def quarantine_list(
        self, limit: int = 1000, after: int = 0, code: str = "", place: str = "", claimed_by: str | None = None
    ) -> Answer:
        """What waits for a person, by id from after one on; narrowed to a code, to paths or 档号 that begin with `place`, to one person's claims."""
        reading, now = self._home.database.read(), self._seconds()
        items: list[Answer] = []
        while len(items) < limit:
            batch = quarantine.list_open(reading, limit=min(1000, limit), after=after, code=code, place=place)
            for listed in batch:
                desk = quarantine_desk.shown(reading, listed, now)
                if claimed_by is None or desk.claimed_by == claimed_by:
                    items.append(
                        {
                            **told(listed),
                            "state": listed.state.name.lower(),
                            "claimed_by": desk.claimed_by,
                            "revision": desk.revision,
                        }
                    )
            if not batch:
                break
            after = batch[-1].id
        return {"items": items[:limit]}

    def quarantine_numbers(
        self, code: str = "", place: str = "", severity: Literal["", "error", "warning", "hint"] = "", claimed_by: str | None = None
    ) -> Answer:
        """Ids of all that waits, errors first: what a long list scrolls over; `place` may stand anywhere in path or 档号."""
        reading, now = self._home.database.read(), self._seconds()
        numbers = quarantine.waiting_numbers(reading, code=code, place=place, severity=Severity[severity.upper()] if severity else None)
        if claimed_by is not None:
            numbers = [number for number in numbers if finding_acts.holder(reading, number, now) == claimed_by]
        kinds = [{"code": kind.slug, "severity": kind.severity.label, "rule": kind.rule, "count": count} for kind, count in quarantine.waiting_by_code(reading)]
        return {"numbers": numbers, "kinds": kinds}

    def quarantine_rows(self, numbers: list[int]) -> Answer:
        """Some findings as the list shows them, at most 1,000; those that there are not are left out."""
        reading, now = self._home.database.read(), self._seconds()
        items: list[Answer] = []
        for listed in quarantine.several(reading, numbers[:1000]):
            desk = quarantine_desk.shown(reading, listed, now)
            items.append({**told(listed), "state": listed.state.name.lower(), "claimed_by": desk.claimed_by, "revision": desk.revision})
        return {"items": items}

    def quarantine_row(self, number: int) -> Answer:
        """The catalogue row that a finding is about: its elements in the order of the sheet; empty when it is about none."""
        reading = self._home.database.read()
        row = catalogue.row_for(reading, quarantine.get(reading, number).finding.subject)
        return {"elements": [{"name": name, "value": value} for name, value in row.elements.items()] if row else []}

    def quarantine_refused(self, number: int) -> Answer:
        """What the refused row that a finding is about says in its sheet now, as {name, value}; empty where that cannot be said."""
        # Here: seldom asked, and the readers of sheets are slow to load.
        from node import refused_row

        return {"elements": [{"name": name, "value": value} for name, value in refused_row.values_of(self._engine, number).items()]}

    def quarantine_judge(self, number: int, values: dict[str, str]) -> Answer:
        """What quarantine_mend would refuse of these values; nothing is changed."""
        reading = self._home.database.read()
        return {"refused": correction.judge(reading, quarantine.get(reading, number).finding.subject, values, self._seconds())}

    def quarantine_many(
        self, act: Literal["claim", "unclaim", "waive", "retry", "set_aside"], numbers: list[int], by: str, reason: str = ""
    ) -> Answer:
        """One act on up to 1,000 findings in one transaction; those that refuse it say why and stop no other."""
        done, refused = 0, list[Answer]()
        with self._home.database.transaction() as connection:
            for number in numbers[:1000]:
                operator = self._operator(by, None, take_over=False)
                try:
                    if act == "waive":
                        quarantine_desk.waive(connection, number, operator, reason)
                    else:
                        getattr(quarantine_desk, act)(connection, number, operator)
                    done += 1
                except HoldingsError as fault:
                    refused.append({"id": number, "error": str(fault)})
            if act in ("waive", "retry") and done:
                self._look_again(connection)
        if act in ("waive", "retry") and done:
            self._wake()
        return {"done": done, "refused": refused}

    def quarantine_show(self, number: int) -> Answer:
        """One finding with its history."""
        reading = self._home.database.read()
        listed = quarantine.get(reading, number)
        desk = quarantine_desk.shown(reading, listed, self._seconds())
        return {
            **told(listed), "state": listed.state.name.lower(), "opened": listed.opened, "closed": listed.closed, "by": listed.person,
            "reason": listed.reason, "waivable": listed.finding.code.waivable, "claimed_by": desk.claimed_by, "revision": desk.revision,
            "history": [{"act": a.kind.label, "by": a.person, "time": a.time, "note": a.note} for a in finding_acts.history(reading, number)],
        }  # fmt: skip

    def quarantine_claim(self, number: int, by: str, seen: int | None = None, take_over: bool = False) -> Answer:
        """领取."""
        with self._home.database.transaction() as connection:
            quarantine_desk.claim(connection, number, self._operator(by, seen, take_over))
        return self.quarantine_show(number)

    def quarantine_unclaim(self, number: int, by: str, take_over: bool = False) -> Answer:
        """放回."""
        with self._home.database.transaction() as connection:
            quarantine_desk.unclaim(connection, number, self._operator(by, None, take_over))
        return self.quarantine_show(number)

    def quarantine_waive(
        self, number: int, reason: str, by: str, seen: int | None = None, take_over: bool = False
    ) -> Answer:
        """说明后放行."""
        with self._home.database.transaction() as connection:
            quarantine_desk.waive(connection, number, self._operator(by, seen, take_over), reason)
            self._look_again(connection)
        self._wake()
        return self.quarantine_show(number)

    def quarantine_retry(self, number: int, by: str, seen: int | None = None, take_over: bool = False) -> Answer:
        """重新检测."""
        with self._home.database.transaction() as connection:
            quarantine_desk.retry(connection, number, self._operator(by, seen, take_over))
            self._look_again(connection)
        self._wake()
        return self.quarantine_show(number)

    def quarantine_mend(
        self, number: int, values: dict[str, str], by: str, reason: str = "", seen: int | None = None, take_over: bool = False
    ) -> Answer:
        """修改著录: elements of the catalogue row that the finding is about get other values; answers with old and new."""
        with self._home.database.transaction() as connection:
            subject = quarantine.get(connection, number).finding.subject
            changes = correction.mend(connection, subject, values, by, reason, self._seconds())
            note = "；".join(f"{name}：{old or '（空）'} → {new or '（空）'}" for name, (old, new) in changes.items())
            quarantine_desk.done(connection, number, self._operator(by, seen, take_over), ActKind.MEND, note[:NOTE_MAX])
            for path, _ in folders.sealed_at(connection, subject):
                folders.forget_look(connection, path)
            declared_totals.settle_every(connection, self._seconds())
            self._look_again(connection)
        self._wake()
        changed = [{"field": name, "old": old, "new": new} for name, (old, new) in changes.items()]
        return {**self.quarantine_show(number), "changes": changed}

    def quarantine_set_aside(self, number: int, by: str, seen: int | None = None, take_over: bool = False) -> Answer:
        """搁置."""
        with self._home.database.transaction() as connection:
            quarantine_desk.set_aside(connection, number, self._operator(by, seen, take_over))
        return self.quarantine_show(number)

    def _operator(self, by: str, seen: int | None, take_over: bool) -> Operator:
        return Operator(by, self._seconds(), seen, take_over)
