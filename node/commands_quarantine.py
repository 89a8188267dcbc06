"""`jindang node quarantine …` 待处理: what waits for a person, and what a person may do about it."""

from __future__ import annotations

import functools
import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from holdings.local_time import local_minute
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
    past = [f"  {local_minute(h['time'])}  {h['by']}  {h['act']}  {h['note']}" for h in result["history"]]
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


@quarantine.command("replace")
@operator
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@exits
def quarantine_replace(home: Path, as_json: bool, file: Path, **given: Any) -> None:
    """换页重检：以 FILE 代替此页。原扫描文件不动。"""
    with reach(home) as node:
        give(as_json, node.quarantine_replace(file=str(file.absolute()), **given), "已换页，下次查看时重新检测。")


@quarantine.command("move")
@operator
@click.option("--to", required=True, help="此页所属档案的档号（REF）")
@click.option("--as", "name", default="", help="在该档案中的文件名；缺省为原名")
@exits
def quarantine_move(home: Path, as_json: bool, **given: Any) -> None:
    """移页：此页归入另一件档案。原扫描文件不动。"""
    with reach(home) as node:
        give(as_json, node.quarantine_move(**given), "已移页，下次查看时两件都重新检测。")


@quarantine.command("drop")
@operator
@exits
def quarantine_drop(home: Path, as_json: bool, **given: Any) -> None:
    """删除该页：不再收入此页，已加封的出新版本。原扫描文件不动。"""
    with reach(home) as node:
        give(as_json, node.quarantine_drop(**given), "不再收入此页，下次查看时重新检测。")


@quarantine.command("mend")
@operator
@click.option("--set", "settings", multiple=True, required=True, help="著录项=新值，可多次；如 --set 题名=关于……的通知")
@click.option("--reason", default="", help="依据")
@exits
def quarantine_mend(home: Path, as_json: bool, settings: tuple[str, ...], **given: Any) -> None:
    """修改著录：改目录行的著录项，记下原值与经办人。密级与档号不在此改。"""
    values = dict(text.partition("=")[::2] for text in settings)
    with reach(home) as node:
        give(as_json, node.quarantine_mend(values=values, **given), "已修改，下次查看时重新检测。")


@click.group("page")
def pages() -> None:
    """单页的决定：换页、移页、删除该页；可以撤销。"""


@pages.command("list")
@HOME
@JSON
@exits
def page_list(home: Path, as_json: bool) -> None:
    """列出对单页的决定。"""
    with reach(home) as node:
        result = node.page_acts()
    lines = [f"{p['act']}  {p['path']}  {p['to']} {p['name']}  {p['by']}".rstrip() for p in result["pages"]]
    give(as_json, result, "\n".join(lines) or "没有换页、移页或删除的决定。")


@pages.command("undo")
@HOME
@JSON
@click.argument("path")
@BY
@exits
def page_undo(home: Path, as_json: bool, path: str, by: str) -> None:
    """撤销对一页的决定；PATH 如 page list 所列。"""
    with reach(home) as node:
        give(as_json, node.page_take_back(path=path, by=by), "已撤销，下次查看时重新检测。")


def _claim(item: dict[str, Any]) -> str:
    """Who has claimed it, for people."""
    return f"  〔{item['claimed_by']} 已领取〕" if item["claimed_by"] else ""
