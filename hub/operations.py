"""The words of the desk and what each does; the annotations are what a word may be asked with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from crypto.fingerprint import read_out
from crypto.fingerprint_words import spoken
from holdings.district import districts
from holdings.errors import NotFound
from hub import backup, doctor, front, opened, restored, status
from hub.desk import Answer, Desk, Later, LocalDesk, Number
from hub.desk_witness import WitnessedDesk
from hub.enrolment import Enrolment
from hub.errors import NotAllowed
from hub.folding import Folding
from hub.home import Home
from hub.people import People
from hub.reload import Reload
from hub.vault import Vault


class Operations:
    """The operations of an opened home.

    Args:
        cut_off: called with the log_id of a node that was revoked.
    """

    def __init__(
        self, home: Home, enrolment: Enrolment, vault: Vault, folding: Folding, cut_off: Sequence[Callable[[bytes], None]], people: People
    ) -> None:
        self._people = people
        self._home, self._enrolment, self._vault, self._folding, self._cut_off = home, enrolment, vault, folding, cut_off

    def enrol(self, name: str, district: str = "") -> Answer:
        """A token for a new node; `note` is what is odd about its district, blank when nothing is."""
        own = {"hub_id": self._home.hub_id.hex(), **_said(self._home.hub_id)}
        return {"token": self._enrolment.make_token(name, district), **own, "note": self._about(district) if district else ""}

    def _about(self, code: str) -> str:
        """A district that the table does not know, or that has a successor, is taken as it is said, and told."""
        known = districts(self._home.site)
        today = dt.datetime.fromtimestamp(self._home.clock.wall(), dt.UTC).date()
        try:
            now = known.current(code, today)
        except NotFound as fault:
            return f"{fault}；已按所填登记"
        return "" if now.code == code else f"{code} {known.get(code).name}已由 {now.code} {now.name}接续；已按所填登记"

    def status(self) -> Answer:
        """Sums and nodes (DESIGN §7); `opening`: does the vault work?"""
        home = self._home
        return {**status.status(home.front, home.holdings, opened.writers(home.holdings.read())), "opening": self._folding.working}

    def nodes(self) -> Answer:
        """Nodes, tokens that wait for theirs, and the fingerprints to compare by telephone."""
        tokens = front.open_tokens(self._home.front.read(), self._home.clock.wall())
        waiting = [{"name": name, "district": district, "expires": expires} for name, district, expires in tokens]
        nodes = [{**one, **_said(bytes.fromhex(one["log_id"]))} for one in self.status()["nodes"]]
        own = {name: {"hex": value.hex(), **_said(value)} for name, value in (("hub", self._home.hub_id), ("tls", self._home.tls_digest))}
        return {"nodes": nodes, "tokens": waiting, "fingerprints": own}

    def revoke(self, name: str, reason: str) -> Answer:
        """Put a node out, at once."""
        log = self._enrolment.revoke(name, reason)
        for cut in self._cut_off:
            cut(log.log_id)
        return {"name": log.name, "log_id": log.log_id.hex(), "last_seq": log.head.seq}

    def doctor(self, deep: bool = False) -> Answer:
        """Is everything whole?"""
        return doctor.examine(self._home, self._people, deep=deep)

    def audit(self) -> Answer:
        """Can we prove what we did?"""
        from hub import audit  # seldom asked

        return audit.audit(self._home, self._people)

    def scrub(self, bytes_most: Number = 0, mend_from: str = "") -> Answer:
        """Read a portion of the objects from the device; `finished`: the round is done."""
        from hub import scrub  # seldom asked

        return scrub.scrub(self._home, bytes_most, Path(mend_from) if mend_from else None)

    def wait_no_more(self) -> Answer:
        """A person says that nodes which have not spoken since a restore hold nothing that we lack; who they are."""
        with self._home.front.transaction() as connection:
            names = restored.names(connection)
            restored.wait_no_more(connection)
        return {"nodes": names}

    def objects(self, after: str = "") -> Answer:
        """Names of stored objects, a page at a time."""
        return backup.objects(self._home, _bytes(after))

    def manifests(self, log_id: str, after: Number = 0) -> Answer:
        """Manifests of a log's receipted deltas, a page at a time."""
        return backup.manifests(self._home, _bytes(log_id), after)

    def backup_told(self) -> Answer:
        """Whose backup it is."""
        return backup.told(self._home)

    def backup_signed(self, digest: str) -> Answer:
        """The hub's signature for the summary of a backup."""
        return backup.signed(self._home, _bytes(digest))

    def database(self, name: str) -> Iterator[bytes]:
        """A copy of a database."""
        return backup.database(self._home, self._people, name)

    def paper(self, name: str) -> Iterator[bytes]:
        """A small file of the home."""
        return backup.paper(self._home, name)

    def object(self, name: str) -> Iterator[bytes]:
        """The bytes of a stored object."""
        return backup.object_bytes(self._home, self._stored(name))

    def escrowed(self, name: str) -> Iterator[bytes]:
        """A manifest sealed to the escrow recipient as well."""
        return backup.escrowed(self._home, self._vault, self._stored(name))

    def _stored(self, name: str) -> bytes:
        if len(digest := _bytes(name)) != 32 or not self._home.objects.has(digest):
            raise NotAllowed(f"没有名为 {name[:64]} 的对象")
        return digest


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as fault:
        raise NotAllowed("名称应为十六进制") from fault


def desk_of(
    home: Home, enrolment: Enrolment, vault: Vault, folding: Folding, cut_off: Sequence[Callable[[bytes], None]], people: People, reloading: Reload
) -> Desk:
    """The desk of an opened home."""
    do, later = Later(lambda: Operations(home, enrolment, vault, folding, cut_off, people)), _Parts(home, vault, people)
    records, figures, accounts = Later(later.lookup), Later(later.statistics), Later(later.accounts)
    calls = {
        **do.words("enrol", "status", "nodes", "revoke", "doctor", "audit", "scrub", "wait_no_more", "objects", "manifests", "backup_told", "backup_signed"),
        **Later(lambda: reloading).words("reload"),
        **figures.words("statistics", "statistics_enter", "statistics_freeze"),
        **records.words("show", "listed"),
        **Later(later.search).words("search", "suggest", "search_state", "reindex"),
        **Later(later.checks).words("check_run", "check_restart", "check_report"),
        **accounts.words("account_add", "account_list", "account_lock", "account_unlock", "account_close", "account_reset", "journal_verify"),
        **Later(later.meaning).words("meaning_status", "meaning_run", "meaning_check"),
        **Later(later.custody).words("accept", "give_back", "handover", "grant", "propose", "notify", "releases", "directives"),
        **Later(later.custody).words("opening", "openings", "opening_revoke"),
        **Later(later.alarms).words("alarm_list", "alarm_ack", "alarm_silence", "outage_add", "outage_list", "outage_end"),
    }
    streams = {
        **do.words("database", "paper", "object", "escrowed"),
        **records.words("file"),
        **Later(later.catalogue).words("catalogue_import"),
        **accounts.words("journal_export"),
        **figures.words("statistics_paper"),
        **Later(later.custody).words("openings_csv"),
    }
    return WitnessedDesk(LocalDesk(calls, streams), people, home.clock)


class _Parts:
    """Makes the parts of the desk, each imported by who asks for it: a command needs one of them."""

    def __init__(self, home: Home, vault: Vault, people: People) -> None:
        self._home, self._vault, self._people = home, vault, people

    def lookup(self) -> object:
        from hub.lookup import Lookup

        home = self._home
        return Lookup(home.front, home.holdings, self._vault, home.genesis, home.clock, home.site)

    def statistics(self) -> object:
        from hub.statistics_desk import StatisticsWords

        return StatisticsWords(self._home)

    def accounts(self) -> object:
        from hub.account_words import AccountWords

        return AccountWords(self._home, self._people)

    def search(self) -> object:
        from hub.search import SearchDesk

        return SearchDesk(self._home.holdings, self._home.clock, self._home.meaning)

    def checks(self) -> object:
        from hub.check_desk import CheckDesk

        return CheckDesk(self._home, self._vault)

    def meaning(self) -> object:
        from hub.meaning_desk import MeaningDesk

        return MeaningDesk(self._home)

    def custody(self) -> object:
        from hub.custody_words import CustodyWords

        return CustodyWords(self._home)

    def alarms(self) -> object:
        from hub.alarm_words import AlarmWords

        return AlarmWords(self._home, self._people)

    def catalogue(self) -> object:
        from hub.catalogue import CatalogueDesk

        return CatalogueDesk(self._home)


def _said(value: bytes) -> dict[str, str]:
    return {"words": spoken(value), "figures": read_out(value)}
