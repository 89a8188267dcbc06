"""The words of the desk and what each does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hub import backup, doctor, front, opened, status
from hub.desk import LocalDesk
from hub.enrolment import Enrolment
from hub.folding import Folding
from hub.home import Home
from hub.lookup import Lookup
from hub.vault import Vault


def desk_of(
    home: Home, enrolment: Enrolment, lookup: Lookup, vault: Vault, folding: Folding, cut_off: Sequence[Callable[[bytes], None]]
) -> LocalDesk:
    """The desk of an opened home.

    Args:
        cut_off: called with the log_id of a node that was revoked.
    """

    def how() -> dict[str, Any]:
        return {**status.status(home.front, home.holdings, opened.writers(home.holdings.read())), "opening": folding.working}

    def nodes() -> dict[str, Any]:
        tokens = front.open_tokens(home.front.read(), home.clock.wall())
        return {"nodes": how()["nodes"], "tokens": [{"name": name, "district": district, "expires": expires} for name, district, expires in tokens]}

    def revoke(name: str, reason: str) -> dict[str, Any]:
        log = enrolment.revoke(name, reason)
        for cut in cut_off:
            cut(log.log_id)
        return {"name": log.name, "log_id": log.log_id.hex(), "last_seq": log.head.seq}

    return LocalDesk(
        calls={
            "enrol": lambda name, district="": {"token": enrolment.make_token(name, district)},
            "nodes": nodes,
            "revoke": revoke,
            "status": how,
            "search": lookup.search,
            "show": lookup.show,
            "listed": lookup.listed,
            "objects": lambda after="": backup.objects(home, after),
            "manifests": lambda log_id, after=0: backup.manifests(home, bytes.fromhex(log_id), after),
            "doctor": lambda deep=False: doctor.examine(home, deep=deep),
        },
        streams={
            "file": lookup.file,
            "database": lambda name: backup.database(home, name),
            "paper": lambda name: backup.paper(home, name),
            "object": lambda name: backup.object_bytes(home, name),
            "escrowed": lambda name: backup.escrowed(home, vault, bytes.fromhex(name)),
        },
    )
