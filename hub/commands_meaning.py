"""`jindang hub meaning …`: vectors by which records are found by meaning."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hub.commands_shell import HOME, JSON, at, exits, give, say


@click.group()
def meaning() -> None:
    """按意思检索：题名和全文的向量。"""


@meaning.command("status")
@HOME
@JSON
@exits
def meaning_status(home: Path, as_json: bool) -> None:
    """多少题名、多少段全文可按意思检索，用的什么模型。"""
    from holdings.meaning_prose import told

    with at(home) as desk:
        result = desk.call("meaning_status")
    give(as_json, result, told(result))


@meaning.command("run")
@HOME
@JSON
@click.option("--renew", is_flag=True, help="全部重新生成；原有的在此之前照用")
@exits
def meaning_run(home: Path, as_json: bool, renew: bool) -> None:
    """现在就生成向量；平时由中心服务在空闲时自动进行，中断后接着做。"""
    from holdings.meaning_prose import told

    with at(home) as desk:
        result = desk.call("meaning_run", renew=renew)
        while result["waiting"] and not result["off"]:
            say(f"{told(result)} …")
            result = desk.call("meaning_run")
    give(as_json, result, told(result))


@meaning.command("check")
@HOME
@JSON
@exits
def meaning_check(home: Path, as_json: bool) -> None:
    """与目录核对：缺向量的排队补做，多余的删除。"""
    from holdings.meaning_prose import agreed

    with at(home) as desk:
        result = desk.call("meaning_check")
    give(as_json, result, agreed(result))
    sys.exit(1 if result["lacking"] or result["stray"] else 0)
