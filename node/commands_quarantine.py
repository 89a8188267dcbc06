"""`jindang node quarantine …` 待处理: what waits for a person, and what a person may do about it."""

from __future__ import annotations

import functools
import getpass
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from node.commands_shell import HOME, JSON, exits, give, reach

BY = click.option("--by", default=getpass.getuser, help="经办人姓名；缺省为登录名")


def operator(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of an act: who acts, what he has seen, whether he takes a colleague's claim over."""
    for option in (
        click.option("--take-over", is_flag=True, help="他人已领取时仍然办理"),
        click.option(
            "--seen", type=click.IntRange(0), default=None, help="所见的版次（show 所列）；其后他人已改的，拒绝办理"
        ),
        BY,
        click.argument("number", type=int),
        JSON,
        HOME,
    ):
        command = option(command)
    return functools.wraps(command)(command)


@click.group()
def quarantine() -> None:
    """待处理：列出、查看、领取、放行、重检、搁置。"""


@quarantine.command("list")
@HOME
@JSON
@click.option("--limit", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="至多列出几条")
@click.option("--after", type=click.IntRange(0), default=0, help="从此编号之后列起")
@click.option("--code", default="", help="只列此类问题（如 page-missing）")
@click.option("--place", default="", help="只列路径或档号以此开头的")
@click.option("--claimed-by", default=None, help="只列此人领取的；空串为无人领取的")
@exits
def quarantine_list(home: Path, as_json: bool, **narrowed: Any) -> None:
    """列出待处理的问题。"""
    with reach(home) as node:
        result = node.quarantine_list(**narrowed)
    lines = [
        f"{i['id']:>5}  {i['severity']}  {i['path']}{_claim(i)}\n       {i['rule']}\n       → {i['remedy']}"
        for i in result["items"]
    ]
    give(as_json, result, "\n".join(lines) or "没有待处理的问题。")


@quarantine.command("show")
@HOME
@JSON
@click.argument("number", type=int)
@exits
def quarantine_show(home: Path, as_json: bool, number: int) -> None:
    """一个问题的详情与经过。"""
    with reach(home) as node:
        result = node.quarantine_show(number=number)
    past = [
        f"  {datetime.fromtimestamp(h['time'], UTC).astimezone():%Y-%m-%d %H:%M}  {h['by']}  {h['act']}  {h['note']}"
        for h in result["history"]
    ]
    text = f"{result['severity']}  {result['path']}{_claim(result)}\n{result['rule']}\n→ {result['remedy']}"
    give(as_json, result, "\n".join([text, *past]))


@quarantine.command("claim")
@operator
@exits
def quarantine_claim(home: Path, as_json: bool, **given: Any) -> None:
    """领取：半个工作日内由本人办理。"""
    with reach(home) as node:
        give(as_json, node.quarantine_claim(**given), "已领取。")


@quarantine.command("unclaim")
@HOME
@JSON
@click.argument("number", type=int)
@BY
@click.option("--take-over", is_flag=True, help="替他人放回")
@exits
def quarantine_unclaim(home: Path, as_json: bool, **given: Any) -> None:
    """放回：不再由本人办理。"""
    with reach(home) as node:
        give(as_json, node.quarantine_unclaim(**given), "已放回。")


@quarantine.command("waive")
@operator
@click.option("--reason", required=True, help="放行理由")
@exits
def quarantine_waive(home: Path, as_json: bool, **given: Any) -> None:
    """说明后放行。"""
    with reach(home) as node:
        give(as_json, node.quarantine_waive(**given), "已放行，下次查看时继续。")


@quarantine.command("retry")
@operator
@exits
def quarantine_retry(home: Path, as_json: bool, **given: Any) -> None:
    """重新检测。"""
    with reach(home) as node:
        give(as_json, node.quarantine_retry(**given), "下次查看时重新检测。")


@quarantine.command("set-aside")
@operator
@exits
def quarantine_set_aside(home: Path, as_json: bool, **given: Any) -> None:
    """搁置：仍列出，仍计数。"""
    with reach(home) as node:
        give(as_json, node.quarantine_set_aside(**given), "已搁置。")


def _claim(item: dict[str, Any]) -> str:
    """Who has claimed it, for people."""
    return f"  〔{item['claimed_by']} 已领取〕" if item["claimed_by"] else ""
