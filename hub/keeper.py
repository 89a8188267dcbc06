"""Who keeps what the index of search knows, and so decides about its use: by custody, else who brought it."""

from __future__ import annotations

from holdings import custody_store, records
from holdings.search_index import RECORDS
from hub import opened
from hub.home import Home


def keeper(home: Home, ref: str, number: int) -> str:
    """Name of the node that keeps a row or record, blank for this hub: `ref` as a hit spells it (NODE/档号), `number` its id in the index of search.

    A record that was taken over is the hub's, whoever brought it; one in transit is still the giver's.
    """
    node, slash, _ = ref.partition("/")
    if not slash:
        return ""
    if number <= RECORDS:
        return node
    reading = home.holdings.read()
    record = records.by_number(reading, number - RECORDS)
    log_id = next((log for log, writer in opened.writers(reading).items() if writer == record.writer), b"")
    held = custody_store.holding(home.front.read(), log_id, bytes(record.id)) if log_id else None
    return "" if held is not None and held.holder == home.hub_id else node
