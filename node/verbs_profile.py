"""Verbs about intake profiles 接收方案: kept, assigned to deliveries, proposed from a delivery's own figures."""

from __future__ import annotations

import msgspec

from holdings import profile_store
from holdings.profile import IntakeProfile, read_profile
from node.proposing import Proposed, propose_for
from node.verbs import Answer, Verbs


class ProfileVerbs(Verbs):
    """A changed profile or assignment has every folder judged anew; equal bytes make no new version."""

    def profile_add(self, text: str) -> Answer:
        """Keep a profile (TOML) under its name, in the place of an older one."""
        profile = read_profile(text)
        with self._home.database.transaction() as connection:
            changed = profile_store.put(connection, profile, self._seconds())
            if changed:
                self._look_again(connection)
        self._wake()
        return {**_told(profile), "changed": changed}

    def profile_list(self) -> Answer:
        """Every profile, and which deliveries it reads."""
        reading = self._home.database.read()
        used = profile_store.assigned(reading).by_delivery
        return {
            "profiles": [
                {
                    "name": p.name,
                    "contractor": p.contractor,
                    "layout": p.layout.kind,
                    "ready": p.ready.when,
                    "deliveries": sorted(delivery for delivery, profile in used.items() if profile.name == p.name),
                }
                for p in profile_store.list_all(reading)
            ]
        }

    def profile_show(self, name: str) -> Answer:
        """One profile in full."""
        return _told(profile_store.fetch(self._home.database.read(), name))

    def profile_assign(self, delivery_name: str, name: str = "") -> Answer:
        """Read a delivery (`扫描` or `扫描/第03批`) by a profile; no name takes its profile away."""
        with self._home.database.transaction() as connection:
            profile_store.assign(connection, delivery_name.strip("/"), name, self._seconds())
            self._look_again(connection)
        self._wake()
        return {"delivery": delivery_name.strip("/"), "profile": name}

    def profile_propose(self, delivery_name: str) -> Answer:
        """Which layout and page-count rule fit a delivery; nothing is kept."""
        name = delivery_name.strip("/")
        return told_proposal(name, propose_for(self._home, name))


def told_proposal(delivery: str, found: Proposed) -> Answer:
    """A proposal as commands and dry runs tell it."""
    pages = found.pages
    return {
        "delivery": delivery, "layout": found.layout.kind, "linked": found.linked, "unknown": found.unknown, "left": found.left,
        "records": pages.records, "agree": pages.agree, "agreed_before": pages.agreed_before, "text": pages.text,
        "pages": msgspec.to_builtins(pages.rule), "toml": found.toml(delivery.rpartition("/")[2]),
    }  # fmt: skip


def _told(profile: IntakeProfile) -> Answer:
    return {**msgspec.to_builtins(profile), "page_rule": profile.pages.text()}
