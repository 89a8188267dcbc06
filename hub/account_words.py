"""The desk's words about accounts and the journal, for who works on the machine itself (`jindang hub account …`, `jindang hub journal …`)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec.structs import asdict

from holdings.journal import Deed, Filter
from hub.account import LOCAL, Account, Actor, Role, check_rights
from hub.account_desk import AccountDesk
from hub.desk import Answer, Number
from hub.home import Home
from hub.journal import Journal
from hub.people import People

RoleName = Literal["system", "security", "audit", "archivist", "agency"]
Level = Annotated[int, msgspec.Meta(ge=0, le=3)]
ASKS_WHO: Final = frozenset(
    (
        "account_add",
        "account_list",
        "account_lock",
        "account_unlock",
        "account_reset",
        "account_close",
        "journal_verify",
        "journal_export",
        "alarm_list",
        "alarm_ack",
        "alarm_silence",
        "outage_add",
        "outage_list",
        "outage_end",
    )
)
"""Words whose `by` the socket fills in from the caller's uid: nobody names himself."""


def local_name(uid: int) -> str:
    """Who works on the machine, as the journal names him."""
    return f"local:{uid}"


class AccountWords:
    """See the module. `by` blank: this process' own user, for a hub that is not running."""

    def __init__(self, home: Home, people: People) -> None:
        self._home, self._people = home, people

    @property
    def _desk(self) -> AccountDesk:
        return self._people.parts().desk

    @property
    def _journal(self) -> Journal:
        return self._people.parts().journal

    def account_add(
        self, name: str, person: str, role: RoleName, unit: str, holders: list[str] = [], fonds: list[str] = [], level: Level = 0, by: str = ""  # noqa: B006 - never changed
    ) -> Answer:  # fmt: skip
        """An account that may be used at once, and its one-time start password."""
        rights = check_rights(unit, holders, fonds, level)
        account, password = self._desk.add_ready(_actor(by), name, person, Role(role), rights)
        return {"account": _told(account), "start_password": password}

    def account_list(self, by: str = "") -> Answer:
        """All accounts."""
        actor = _actor(by)
        found = self._desk.accounts(actor)
        self._journal.note(self._deed(actor, "account-list"))
        return {"accounts": [_told(account) for account in found]}

    def account_lock(self, name: str, by: str = "") -> Answer:
        """Lock an account and end its sessions."""
        self._desk.lock(_actor(by), name)
        return {"account": _told(self._desk.get(name))}

    def account_unlock(self, name: str, by: str = "") -> Answer:
        """Unlock an account."""
        self._desk.unlock(_actor(by), name)
        return {"account": _told(self._desk.get(name))}

    def account_close(self, name: str, by: str = "") -> Answer:
        """End an account for good."""
        self._desk.close(_actor(by), name)
        return {"account": _told(self._desk.get(name))}

    def account_reset(self, name: str, by: str = "") -> Answer:
        """A new one-time start password."""
        password = self._desk.reset(_actor(by), name)
        return {"account": _told(self._desk.get(name)), "start_password": password}

    def journal_verify(self, by: str = "") -> Answer:
        """Is the journal whole, and does it agree with its anchors in the hub's log?"""
        self._journal.note(self._deed(_actor(by), "journal-verify"))
        faults = self._journal.verify()
        findings = [
            {"what": f.what, "where": f"审计日志第 {f.number} 条", "remedy": "保全现场，报保密部门；用备份比对"}
            for f in faults
        ]
        return {"ok": not faults, "findings": findings, "acts": self._journal.anchor()}

    def journal_export(
        self, person: str = "", verb: str = "", subject: str = "", since: Number = 0, until: Number = 0, by: str = ""
    ) -> Iterator[bytes]:
        """The acts that pass as CSV; times in seconds UTC, `until` not included, 0: no bound."""
        self._journal.note(self._deed(_actor(by), "journal-export"))
        return self._journal.export(Filter(person, verb, subject, None, since, until))

    def _deed(self, actor: Actor, verb: str) -> Deed:
        return Deed(self._home.clock.wall(), actor.name, actor.role, actor.address, verb)


def _actor(by: str) -> Actor:
    return Actor(by or local_name(os.geteuid()), LOCAL, "hub.sock")


def _told(account: Account) -> dict[str, Any]:
    told = asdict(account)
    del told["rights"]
    return {
        **told,
        "role": account.role.value,
        "state": account.state.value,
        **asdict(account.rights),
        "level": account.rights.level.label,
    }
