"""`jindang hub catalogue …`: catalogue sheets of the city and of its districts."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from hub.commands_shell import HOME, JSON, at, exits, give, say

SHOWN = 40
"""Refusals shown to a person; `--json` has up to 10,000."""


@click.group()
def catalogue() -> None:
    """目录表：本馆与各区的目录。"""


@catalogue.command("import")
@HOME
@JSON
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--delivery", default="", help="所属批次；缺省为文件所在文件夹名")
@click.option("--of", "holder", default="", help="目录属于哪个节点（名称或行政区划代码）；缺省为本馆自己")
@exits
def catalogue_import(home: Path, as_json: bool, files: tuple[Path, ...], delivery: str, holder: str) -> None:
    """导入目录表；中断后再导入同一文件即接着做，重复导入不增加任何内容。"""
    result: dict[str, Any] = {}
    with at(home) as desk:
        rest = b""
        for piece in desk.stream("catalogue_import", files=[str(f.absolute()) for f in files], delivery_name=delivery, holder=holder):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                said = json.loads(line)
                result = said.get("result", result)
                if "taken" in said:
                    _progress(f"{said['file']}：{said['taken']:,} 行，{said['seconds']:.0f} 秒")
    shown = [f"第 {r['row']} 行 {r['field']}：{r['rule']} → {r['remedy']}" for r in result["refusals"][:SHOWN]]
    shown += [f"请回答：{q['text']}" for q in result["questions"]]
    total = (
        f"{result['rows']} 行：新增 {result['added']}，修改 {result['changed']}，不变 {result['unchanged']}，消失 {result['gone']}，"
        f"未导入 {result['refused']}；{result['seconds']:.1f} 秒，每 CPU 秒 {result['rows_per_second']} 行"
    )
    give(as_json, result, "\n".join([*shown, total]))
    sys.exit(1 if result["refused"] or result["gone"] or any(q["blocking"] for q in result["questions"]) else 0)


def _progress(text: str) -> None:
    """One line that is overwritten, for a person at a terminal; else a line now and then would fill a log."""
    if sys.stderr.isatty():
        click.echo(f"\r{text}", nl=False, err=True)
    else:
        say(text)
