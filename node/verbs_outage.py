"""Verbs about planned outages 停机报备: reported here, told to the hub with the next contact, so that silence does not alarm."""

from __future__ import annotations

import msgspec

from node import outages, settings
from node.outages import Outage
from node.settings import Setting
from node.verbs import Answer, Verbs


class OutageVerbs(Verbs):
    """Report, list, end."""

    def outage_add(self, begins: int, ends: int, reason: str, by: str) -> Answer:
        """Report one, seconds UTC; the hub knows it from the next contact on."""
        with self._home.database.transaction() as connection:
            made = outages.add(connection, begins, ends, reason, by, self._seconds())
        # A crash before the commit reported nothing; after it, the next hello tells it, whoever asks for that.
        self._wake()
        return {"outage": self._told(made)}

    def outage_list(self) -> Answer:
        """Those that stand and the last that are over, the newest first."""
        found = [self._told(one) for one in reversed(outages.every(self._home.database.read()))]
        return {"outages": found, "now": self._seconds()}

    def outage_end(self, number: int, by: str = "") -> Answer:
        """End one now: the machine is back."""
        with self._home.database.transaction() as connection:
            ended = outages.end(connection, number, self._seconds())
        self._wake()
        return {"outage": self._told(ended)}

    def _told(self, one: Outage) -> Answer:
        contact = settings.read(self._home.database.read(), Setting.LAST_CONTACT)
        known = isinstance(contact, int | float) and contact > (one.ended or one.made)
        return {**msgspec.to_builtins(one), "until": one.until, "over": one.until <= self._seconds(), "known": known}
