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
        f"模型 {state['model']}，向量共 {state['bytes'] / 1e6:,.1f} MB",
    ]
    return "\n".join(lines)


def agreed(found: Mapping[str, Any]) -> str:
    """What a check found and mended."""
    if not found["lacking"] and not found["stray"]:
        return f"核对 {found['checked']:,} 条，向量与目录一致"
    return f"核对 {found['checked']:,} 条：缺 {found['lacking']:,} 条，已排队补做；多余 {found['stray']:,} 条，已删除"
