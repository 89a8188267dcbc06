"""The desk, and the journal beside it: what somebody does by a command on the machine itself stands there as what is done on the pages does, reading included."""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Generator
from typing import Any, Final

from holdings.journal import Deed, Outcome
from hub.account import LOCAL
from hub.account_words import ASKS_WHO, local_name
from hub.clock import Clock
from hub.desk import Answer, LocalDesk
from hub.errors import DamageFound, HubError
from hub.people import People

SILENT: Final = frozenset(
    (
        "status",
        "search_state",
        "meaning_status",
        "meaning_run",
        "meaning_check",
        "objects",
        "manifests",
        "paper",
        "object",
        "escrowed",
        "backup_told",
        "backup_signed",
    )
)
"""Words that leave nothing: figures that programs ask for every minute, upkeep of what is derived, and the pieces of a backup, which its databases stand for."""
CALLER: Final = "caller"
"""The wish in which the socket says who called; no command sends it."""
VERBS: Final = {
    "enrol": "node-enrol", "nodes": "node-list", "revoke": "node-revoke", "show": "record-read", "listed": "record-export", "file": "record-file",
    "database": "backup", "search": "search", "suggest": "suggest",
    "statistics_paper": "statistics-export", "openings": "opening-list", "openings_csv": "opening-export", "opening_revoke": "opening-step",
}  # fmt: skip
"""What the journal calls a word; the others by their own name, dashes for underscores."""
_SUBJECTS: Final = ("ref", "refs", "review", "name", "node", "query", "typed", "stage", "year", "path")
_NOTED: Final = ("reason", "by", "person", "delivery", "mode", "filters", "position", "after", "figure", "value")
_VERB: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
ONCE: Final = "file"
ONCE_MAX: Final = 4_096
"""The files of a record are one act of reading it, however many there are: the last so many (caller, record) are remembered."""


def witnessed(word: str) -> bool:
    """Does this word leave an act of its own? Those about accounts and the journal write theirs together with what they change."""
    return word not in SILENT and word not in ASKS_WHO


class WitnessedDesk:
    """See hub.desk.Desk. Usable from several threads."""

    def __init__(self, desk: LocalDesk, people: People, clock: Clock) -> None:
        self._desk, self._people, self._clock = desk, people, clock
        self._read: OrderedDict[tuple[str, str], None] = OrderedDict()

    def call(self, word: str, **wishes: Any) -> Answer:
        """See Desk: carried out, then written down, then answered."""
        caller = str(wishes.pop(CALLER, "")) or local_name(os.geteuid())
        if not witnessed(word) or (word == "reindex" and not wishes.get("begin", True)):
            return self._desk.call(word, **wishes)
        try:
            answer = self._desk.call(word, **wishes)
        except HubError as fault:
            self._note(caller, word, wishes, Outcome.FAILED if isinstance(fault, DamageFound) else Outcome.REFUSED)
            raise
        # A crash here: what was changed stands in the hub's own log or its table, and nobody has seen an answer.
        self._note(caller, word, wishes, Outcome.DONE)
        return answer

    def stream(self, word: str, **wishes: Any) -> Generator[bytes, None, None]:
        """See Desk: written down before the first byte is given."""
        caller = str(wishes.pop(CALLER, "")) or local_name(os.geteuid())
        if witnessed(word) and not self._known(caller, word, wishes):
            self._note(caller, word, wishes, Outcome.DONE)
        yield from self._desk.stream(word, **wishes)

    def _known(self, caller: str, word: str, wishes: dict[str, Any]) -> bool:
        if word != ONCE:
            return False
        key = (caller, str(wishes.get("ref", "")))
        known = key in self._read
        self._read[key] = None
        while len(self._read) > ONCE_MAX:
            self._read.popitem(last=False)
        return known

    def _note(self, caller: str, word: str, wishes: dict[str, Any], outcome: Outcome) -> None:
        subject = next((str(wishes[name]) for name in _SUBJECTS if wishes.get(name)), "")
        said = {name: value for name in _NOTED if (value := wishes.get(name)) not in (None, "", 0, "words", [])}
        note = "; ".join(f"{name}={value}" for name, value in said.items())
        verb = VERBS.get(word, word.replace("_", "-"))
        verb = verb if _VERB.fullmatch(verb) else "unknown"
        self._people.parts().journal.note(
            Deed(self._clock.wall(), caller, LOCAL, "hub.sock", verb, subject, outcome, note)
        )
