"""`jindang hub catalogue …`: catalogue sheets of the city and of its districts."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from holdings.catalogue_prose import lines_of, wants_a_person
from hub.commands_shell import HOME, JSON, at, exits, give, say


@click.group()
def catalogue() -> None:
    """目录表：本馆与各区的目录。"""


@catalogue.command("import")
@HOME
@JSON
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--delivery", default="", help="所属批次；缺省为文件所在文件夹名")
@click.option("--of", "holder", default="", help="目录属于哪个节点（名称或行政区划代码）；缺省为本馆自己")
@click.option("--dry-run", is_flag=True, help="只报告会怎样：新增、修改（逐格 旧→新）、不变、消失；不写入")
@click.option("--profile", default="", help="按此接收方案读表：方案名，或方案文件（存下，此批次以后照此办理）")
@click.option("--answer", "answers", multiple=True, help="回答列的含义：列名=著录项；同类表以后照此办理")
@click.option("--repair", "repairs", multiple=True, help="同意一项修复：列名=补零到4位、表格日期、展开同上、向下填充 等")
@click.option("--category", default="", help="按此门类读表（如 婚姻、照片）；“一般目录”为不按门类；同类表以后照此办理")
@exits
def catalogue_import(
    home: Path, as_json: bool, files: tuple[Path, ...], delivery: str, holder: str, dry_run: bool, profile: str,
    answers: tuple[str, ...], repairs: tuple[str, ...], category: str,
) -> None:  # fmt: skip
    """导入目录表；中断后再导入同一文件即接着做，重复导入不增加任何内容。"""
    text = Path(profile).read_text("utf-8") if profile.endswith(".toml") and Path(profile).is_file() else ""
    result: dict[str, Any] = {}
    with at(home) as desk:
        rest = b""
        wishes: dict[str, Any] = {
            "files": [str(f.absolute()) for f in files], "delivery_name": delivery, "holder": holder, "dry_run": dry_run,
            "profile": "" if text else profile, "profile_text": text, "answers": list(answers), "repairs": list(repairs), "category": category,
        }  # fmt: skip
        for piece in desk.stream("catalogue_import", **wishes):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                said = json.loads(line)
                result = said.get("result", result)
                if "taken" in said:
                    _progress(f"{said['file']}：{said['taken']:,} 行，{said['seconds']:.0f} 秒")
    took = f"{result['seconds']:.1f} 秒，每 CPU 秒 {result['rows_per_second']} 行"
    give(as_json, result, "\n".join([*lines_of(result, dry_run=dry_run), took]))
    sys.exit(1 if wants_a_person(result) else 0)


def _progress(text: str) -> None:
    """One line that is overwritten, for a person at a terminal; else a line now and then would fill a log."""
    if sys.stderr.isatty():
        click.echo(f"\r{text}", nl=False, err=True)
    else:
        say(text)
