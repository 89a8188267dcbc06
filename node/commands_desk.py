"""`jindang node catalogue …`: catalogue sheets."""

from __future__ import annotations

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
