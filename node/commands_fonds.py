"""`jindang node fonds …`: the register of fonds 全宗名册."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from node.commands_shell import HOME, JSON, exits, give, reach


@click.group()
def fonds() -> None:
    """全宗名册。"""


@fonds.command("import")
@HOME
@JSON
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="只报告会怎样，不写入")
@exits
def fonds_import(home: Path, as_json: bool, file: Path, dry_run: bool) -> None:
    """导入全宗名册（全宗号、全宗名称，及沿革、卷、件、米、重点、计划等列）。表中没有的全宗保留。"""
    with reach(home) as node:
        result = node.fonds_import(file=str(file.absolute()), dry_run=dry_run)
    lines = [f"第 {r['row']} 行 {r['field']}：{r['rule']} → {r['remedy']}" for r in result["refusals"]]
    absent = f"，名册中另有 {len(result['gone'])} 个全宗表中没有（保留）" if result["gone"] else ""
    total = (
        f"{result['rows']} 行：新增 {result['added']}，修改 {result['changed']}，不变 {result['unchanged']}，"
        f"未导入 {result['refused']}{absent}"
    )
    give(as_json, result, "\n".join([*lines, total]))
    sys.exit(1 if result["refused"] else 0)


@fonds.command("list")
@HOME
@JSON
@click.option("--limit", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="至多列出几个")
@click.option("--after", default="", help="从这个全宗号之后列起")
@exits
def fonds_list(home: Path, as_json: bool, limit: int, after: str) -> None:
    """列出全宗：名称、卷、件、米，计划、已著录、已数字化、已开放（括号内为本机现有）。"""
    with reach(home) as node:
        result = node.fonds_list(limit=limit, after=after)
    lines = [_line(one) for one in result["fonds"]] or ["名册是空的：jindang node fonds import 全宗名册.xlsx"]
    if result["unregistered"]:
        lines.append(f"未登记而有档案的全宗：{'、'.join(result['unregistered'])} → 补进名册")
    give(as_json, result, "\n".join(lines))


@fonds.command("show")
@HOME
@JSON
@click.argument("code")
@exits
def fonds_show(home: Path, as_json: bool, code: str) -> None:
    """一个全宗：沿革、馆藏数量、进度、所属区县。"""
    with reach(home) as node:
        result = node.fonds_show(code=code)
    districts = "、".join(d["code"] + (f"（{d['since']} 起）" if d["since"] else "") for d in result["districts"])
    told = [
        ("曾用名", result["former"]),
        ("所属区县", districts),
        ("全宗介绍", result["history"]),
        ("备注", result["remark"]),
    ]
    give(as_json, result, "\n".join([_line(result), *(f"{label}：{text}" for label, text in told if text)]))


def _line(one: dict[str, Any]) -> str:
    """A fonds on one line."""
    extent = "、".join(
        f"{one[name]:,} {unit}"
        for name, unit in (("volumes", "卷"), ("items", "件"), ("metres", "米"))
        if one[name] is not None
    )
    held, said = (
        one["held"],
        {name: "—" if one[name] is None else f"{one[name]:,}" for name in ("planned", "catalogued", "scanned", "open")},
    )
    progress = (
        f"计划 {said['planned']}，已著录 {said['catalogued']}（{held['catalogued']:,}），"
        f"已数字化 {said['scanned']}（{held['scanned']:,}），已开放 {said['open']}（{held['open']:,}）"
    )
    return f"{one['code']}  {one['name']}{'  ★重点' if one['key_fonds'] else ''}  {extent}\n      {progress}"
