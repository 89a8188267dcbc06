"""`jindang node catalogue …` and `jindang node quarantine …`: the technician's desk."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from node.commands_shell import HOME, JSON, exits, give, reach


@click.group()
def catalogue() -> None:
    """目录表。"""


@catalogue.command("import")
@HOME
@JSON
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--delivery", default="", help="所属批次；缺省为文件所在文件夹名")
@click.option("--dry-run", is_flag=True, help="只报告会怎样，不写入")
@exits
def catalogue_import(home: Path, as_json: bool, files: tuple[Path, ...], delivery: str, dry_run: bool) -> None:
    """导入目录表（xlsx、csv）。"""
    with reach(home) as node:
        result = node.catalogue_import(
            files=[str(f.absolute()) for f in files], delivery_name=delivery, dry_run=dry_run
        )
    lines = [f"第 {r['row']} 行 {r['field']}：{r['rule']} → {r['remedy']}" for r in result["refusals"]]
    total = f"{result['rows']} 行：新增 {result['added']}，修改 {result['changed']}，不变 {result['unchanged']}，消失 {result['gone']}，未导入 {result['refused']}"
    give(as_json, result, "\n".join([*lines, total]))
    sys.exit(1 if result["refused"] or result["gone"] else 0)


@click.group()
def quarantine() -> None:
    """待处理。"""


@quarantine.command("list")
@HOME
@JSON
@click.option("--limit", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="至多列出几条")
@exits
def quarantine_list(home: Path, as_json: bool, limit: int) -> None:
    """列出待处理的问题。"""
    with reach(home) as node:
        result = node.quarantine_list(limit=limit)
    lines = [
        f"{i['id']:>5}  {i['severity']}  {i['path']}\n       {i['rule']}\n       → {i['remedy']}"
        for i in result["items"]
    ]
    give(as_json, result, "\n".join(lines) or "没有待处理的问题。")


@quarantine.command("show")
@HOME
@JSON
@click.argument("number", type=int)
@exits
def quarantine_show(home: Path, as_json: bool, number: int) -> None:
    """一个问题的详情。"""
    with reach(home) as node:
        result = node.quarantine_show(number=number)
    give(as_json, result, f"{result['severity']}  {result['path']}\n{result['rule']}\n→ {result['remedy']}")


@quarantine.command("waive")
@HOME
@JSON
@click.argument("number", type=int)
@click.option("--reason", required=True, help="放行理由")
@click.option("--by", default=lambda: os.environ.get("USER", ""), help="姓名")
@exits
def quarantine_waive(home: Path, as_json: bool, number: int, reason: str, by: str) -> None:
    """说明后放行。"""
    with reach(home) as node:
        give(as_json, node.quarantine_waive(number=number, reason=reason, by=by), "已放行，下次查看时继续。")


@quarantine.command("retry")
@HOME
@JSON
@click.argument("number", type=int)
@exits
def quarantine_retry(home: Path, as_json: bool, number: int) -> None:
    """重新检测。"""
    with reach(home) as node:
        give(as_json, node.quarantine_retry(number=number), "下次查看时重新检测。")


@quarantine.command("set-aside")
@HOME
@JSON
@click.argument("number", type=int)
@click.option("--by", default=lambda: os.environ.get("USER", ""), help="姓名")
@exits
def quarantine_set_aside(home: Path, as_json: bool, number: int, by: str) -> None:
    """搁置：仍列出，仍计数。"""
    with reach(home) as node:
        give(as_json, node.quarantine_set_aside(number=number, by=by), "已搁置。")
