"""How far vectors are, for a person: what `node meaning` and `hub meaning` say; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def told(state: Mapping[str, Any]) -> str:
    """The state of a site (meaning_site.MeaningSite.state) in lines."""
    if state["off"]:
        return str(state["off"])
    rest = "，仍在生成" if state["waiting"] else ""
    rate = f"，每秒 {state['per_second']:g} 条" if state["per_second"] and state["waiting"] else ""
    lines = [
        f"题名 {state['titles']:,} / {state['subjects']:,} 条，全文 {state['passages']:,} 段可按意思检索{rest}{rate}",
        f"其中 {state['ordered']:,} 条题名已能精排（{state['order_model'] or '没有精排模型'}）",
        f"模型 {state['model']}",
    ]
    return "\n".join(lines)
