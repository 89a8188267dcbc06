"""`jindang node catalogue …`: catalogue sheets 目录表."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from holdings.catalogue_prose import lines_of, wants_a_person
from node.commands_shell import HOME, JSON, exits, give, reach


@click.group()
def catalogue() -> None:
    """目录表。"""


@catalogue.command("import")
@HOME
@JSON
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--delivery", default="", help="所属批次；缺省为文件所在文件夹名")
@click.option("--dry-run", is_flag=True, help="只报告会怎样：新增、修改（逐格 旧→新）、不变、消失；不写入")
@click.option("--profile", default="", help="按此接收方案读表；缺省为批次的方案")
@click.option("--answer", "answers", multiple=True, help="回答列的含义：列名=著录项；同类表以后照此办理")
@click.option(
    "--repair", "repairs", multiple=True, help="同意一项修复：列名=补零到4位、表格日期、展开同上、向下填充 等"
)
@click.option("--category", default="", help="按此门类读表（如 婚姻、照片）；“一般目录”为不按门类；同类表以后照此办理")
@exits
def catalogue_import(
    home: Path,
    as_json: bool,
    files: tuple[Path, ...],
    delivery: str,
    dry_run: bool,
    profile: str,
    answers: tuple[str, ...],
    repairs: tuple[str, ...],
    category: str,
) -> None:
    """导入目录表（xlsx、xls、et、ods、csv、DBF 等）。"""
    with reach(home) as node:
        result = node.catalogue_import(
            files=[str(f.absolute()) for f in files],
            delivery_name=delivery,
            dry_run=dry_run,
            profile=profile,
            answers=list(answers),
            repairs=list(repairs),
            category=category,
        )
    give(as_json, result, "\n".join(lines_of(result, dry_run=dry_run)))
    sys.exit(1 if wants_a_person(result) else 0)
