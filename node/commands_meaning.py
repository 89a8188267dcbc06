"""`jindang node meaning …`: vectors by which records are found by meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from node.commands_shell import HOME, JSON, exits, give, reach, say


@click.group()
def meaning() -> None:
    """按意思检索：题名和全文的向量。"""


@meaning.command("status")
@HOME
@JSON
@exits
def meaning_status(home: Path, as_json: bool) -> None:
    """多少题名、多少段全文可按意思检索，用的什么模型。"""
    with reach(home) as node:
        result = node.meaning_status()
    give(as_json, result, told(result))


@meaning.command("run")
@HOME
@JSON
@exits
def meaning_run(home: Path, as_json: bool) -> None:
    """现在就生成向量；平时由后台服务在空闲时自动进行，中断后接着做。"""
    with reach(home) as node:
        result = node.meaning_run()
        while result["waiting"] and not result["off"]:
            say(f"{told(result)} …")
            result = node.meaning_run()
    give(as_json, result, told(result))


def told(state: dict[str, Any]) -> str:
    """How far vectors are, for a person."""
    if state["off"]:
        return str(state["off"])
    rest = "，仍在生成" if state["waiting"] else ""
    rate = f"，每秒 {state['per_second']:g} 条" if state["per_second"] else ""
    lines = [
        f"题名 {state['titles']:,} / {state['subjects']:,} 条，全文 {state['passages']:,} 段可按意思检索{rest}{rate}",
        f"其中 {state['ordered']:,} 条题名已能精排（{state['order_model'] or '没有精排模型'}）",
        f"模型 {state['model'] or '尚未启用'}",
    ]
    return "\n".join(lines)
