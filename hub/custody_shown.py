"""Who holds a record, as the hub's commands and pages tell it."""

from __future__ import annotations

from typing import Any

import apsw

from holdings import custody_store
from holdings.custody import Party
from holdings.records import StoredRecord
from hub import directive_store


def custody(front: apsw.Connection, log_id: bytes, hub_id: bytes, record: StoredRecord) -> dict[str, Any]:
    """`custody` in words, `turn`, and `custody_acts`: what was done, by whom, of which version, when (seconds UTC)."""
    held = custody_store.holding(front, log_id, bytes(record.id))
    kind = directive_store.handover(front, log_id)
    if held.holder is None:
        text = (
            f"移交中（{record.writer} 已移出，待本馆接收）"
            if held.taker == hub_id
            else f"移交中（待 {record.writer} 接回）"
        )
    else:
        text = "市馆保管" if held.holder == hub_id else f"{record.writer}保管（{kind.label}）"
    acts = [
        {
            "act": kept.act.kind.label,
            "by": "市级中心" if kept.act.by == Party(hub_id) else record.writer,
            "version": kept.act.version,
            "turn": kept.act.turn,
            "wall": kept.wall,
        }
        for kept in custody_store.history(front, log_id, bytes(record.id))
    ]
    return {"custody": text, "turn": held.turn, "custody_acts": acts}
