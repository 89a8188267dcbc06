"""Verbs about findings that wait for a person 待处理."""

from __future__ import annotations

from holdings import finding_acts, quarantine, quarantine_desk
from holdings.quarantine import Listed
from holdings.quarantine_desk import Operator
from node.verbs import Answer, Verbs


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

    def quarantine_set_aside(self, number: int, by: str, seen: int | None = None, take_over: bool = False) -> Answer:
        """搁置."""
        with self._home.database.transaction() as connection:
            quarantine_desk.set_aside(connection, number, self._operator(by, seen, take_over))
        return self.quarantine_show(number)

    def _operator(self, by: str, seen: int | None, take_over: bool) -> Operator:
        return Operator(by, self._seconds(), seen, take_over)
