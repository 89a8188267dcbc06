"""`jindang node catalogue …`: catalogue sheets 目录表."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from node.commands_shell import HOME, JSON, exits, give, reach

SHOWN = 40
"""Lines of each kind for a person; `--json` has up to 10,000."""


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
    give(as_json, result, "\n".join(_lines(result, dry_run=dry_run)))
    blocked = any(sheet["blocked"] for sheet in result["sheets"])
    differs = any(not c["agrees"] for c in result["declared"])
    sys.exit(1 if result["refused"] or result["gone"] or blocked or differs else 0)


def _lines(result: dict[str, Any], *, dry_run: bool) -> list[str]:
    lines = [_read_as(sheet) for sheet in result["sheets"]]
    lines += _some([f"第 {r['row']} 行 {r['field']}：{r['rule']} → {r['remedy']}" for r in result["refusals"]])
    if dry_run:
        lines += _some(
            [
                f"修改  {c['ref']}  {c['field']}：{c['old'] or '（空）'} → {c['new'] or '（空）'}"
                for c in result["changes"]
            ]
        )
        lines += _some(
            [f"消失  {d['ref']}  {d['title']}（原第 {d['row']} 行）：是删去，还是漏了？" for d in result["disappeared"]]
        )
    lines += _some(
        [
            f"移交清册第 {c['row']} 行：{c['what']}数应为 {c['declared']}，目录中有 {c['found']}"
            for c in result["declared"]
            if not c["agrees"]
        ]
    )
    for question in result["questions"]:
        told = f"，例：{'、'.join(question['samples'][:3])}" if question["samples"] else ""
        lines.append(
            f"{'须先回答' if question['blocking'] else '请回答'}：{question['text']}{told}  →  {question['answer']}"
        )
    if proposal := result.get("proposal"):
        lines.append(f"挂接 {proposal['linked']} 件；页数口径：{proposal['text']}（node profile propose {proposal['delivery']}）")
    lines += [f"{r['text']}" + ("" if r["agreed"] else f"  →  {r['answer']}") for r in result["repairs"]]
    lines.append(
        f"{result['rows']} 行：新增 {result['added']}，修改 {result['changed']}，不变 {result['unchanged']}，消失 {result['gone']}，"
        f"未导入 {result['refused']}" + ("（空跑，未写入）" if dry_run else "")
    )
    return lines


def _read_as(sheet: dict[str, Any]) -> str:
    """How a sheet was read: what a person compares with what was meant."""
    told = [sheet["format"], f"编码 {sheet['encoding']}" if sheet["encoding"] else ""]
    told.append({"\t": "以制表符分隔", "": ""}.get(sheet["delimiter"], f"以“{sheet['delimiter']}”分隔"))
    told += [f"标为删除 {sheet['deleted']} 行，未导入" if sheet["deleted"] else ""]
    told += [f"挂接 {sheet['links']} 行" if sheet["links"] else ""]
    return f"{sheet['name']}：{'，'.join(word for word in told if word)}"


def _some(lines: list[str]) -> list[str]:
    return [*lines[:SHOWN], *([f"……另有 {len(lines) - SHOWN} 项，见 --json"] if len(lines) > SHOWN else [])]
