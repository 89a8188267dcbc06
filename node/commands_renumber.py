"""`jindang node renumber …` and `jindang node volume …`: new codes for records, volumes merged and split."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from node.commands_shell import HOME, JSON, exits, give, reach
from node.errors import ConfigurationWrong

SHEET = click.argument("sheet", type=click.Path(exists=True, dir_okay=False, path_type=Path))
DRY_RUN = click.option("--dry-run", is_flag=True, help="只报告会怎样，不改动")


@click.command()
@HOME
@JSON
@SHEET
@DRY_RUN
@click.option(
    "--labels",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="把原档号、新档号、题名写成 CSV，供换贴盒签",
)
@exits
def renumber(home: Path, as_json: bool, sheet: Path, dry_run: bool, labels: Path | None) -> None:
    """按表改号：两列“原档号”“新档号”，整表一次判断（可互换、可顺移），图像不重传。"""
    with reach(home) as node:
        result = node.renumber(sheet=str(sheet.absolute()), dry_run=dry_run)
    if labels is not None and not result["refused"]:
        _write(labels, ["原档号", "新档号", "题名"], ([c["old"], c["new"], c["title"]] for c in result["changes"]))
    _answer(as_json, result)


@click.command()
@HOME
@JSON
@click.argument("prefix", default="")
@click.option("--limit", type=click.IntRange(1, 10_000), default=1000, show_default=True, help="各至多列出几条")
@click.option(
    "--proposals",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="把建议写成改号表（CSV），核对后交给 node renumber",
)
@exits
def codes(home: Path, as_json: bool, prefix: str, limit: int, proposals: Path | None) -> None:
    """检查目录中的档号：不规范的给出建议，缺号、重号按段列出；可只查以 PREFIX 开头的。"""
    with reach(home) as node:
        result = node.codes(prefix=prefix, limit=limit)
    if proposals is not None:
        _write(
            proposals,
            ["原档号", "新档号", "理由"],
            ([p["old"], p["new"], "；".join(p["reasons"])] for p in result["proposals"]),
        )
    lines = [f"{p['old']} → {p['new']}（{'；'.join(p['reasons'])}）" for p in result["proposals"]]
    lines += [one["detail"] for one in result["series"]]
    forms = "，".join(f"{form} {count}" for form, count in result["forms"].items())
    faults = "，".join(f"{fault} {count}" for fault, count in result["faults"].items())
    told = f"{result['codes']} 个档号（{forms}）；不规范 {result['nonstandard']}，有建议 {result['proposed']}；{faults}"
    give(as_json, result, "\n".join([*lines, told]))
    sys.exit(1 if result["nonstandard"] or any(result["faults"].values()) else 0)


@click.group()
def volume() -> None:
    """案卷：合并、拆分。"""


@volume.command("merge")
@HOME
@JSON
@click.argument("into")
@click.argument("volumes", nargs=-1, required=True)
@DRY_RUN
@exits
def volume_merge(home: Path, as_json: bool, into: str, volumes: tuple[str, ...], dry_run: bool) -> None:
    """并卷：把 VOLUMES 并入 INTO，页按序接在其后，卷内件顺编；图像不重传。"""
    with reach(home) as node:
        result = node.volume_merge(into=into, volumes=list(volumes), dry_run=dry_run)
    _answer(as_json, result)


@volume.command("split")
@HOME
@JSON
@SHEET
@DRY_RUN
@exits
def volume_split(home: Path, as_json: bool, sheet: Path, dry_run: bool) -> None:
    """按表拆卷：列“原档号”“新档号”“起页”“止页”“题名”，每行一个新卷；图像不重传。"""
    with reach(home) as node:
        result = node.volume_split(sheet=str(sheet.absolute()), dry_run=dry_run)
    _answer(as_json, result)


def _answer(as_json: bool, result: dict[str, Any]) -> None:
    lines = [f"第 {r['row']} 行：{r['rule']} → {r['remedy']}" for r in result["refusals"]]
    lines += [f"{c['old']} → {c['new']}  {c['title']}" for c in result["changes"]]
    for v in result.get("volumes", ()):
        lines.append(
            f"{v['ref']}："
            + ("已并出" if v["ended"] else f"{v['pages']} 页")
            + (f"，来自 {'、'.join(v['from'])}" if v["from"] else "")
        )
    would = "将改" if result["dry_run"] else "未改，须先处理以上问题；表中" if result["refused"] else "已改"
    told = f"{would} {result['changed']} 个档号（{result['records']} 件有图像），不变 {result['unchanged']}，不能执行 {result['refused']}"
    sent = f"；签发 {result['deltas']} 个增量，待传 {result['bytes']} 字节，图像不重传" if result["deltas"] else ""
    give(as_json, result, "\n".join([*lines, told + sent]))
    sys.exit(1 if result["refused"] else 0)


def _write(file: Path, header: list[str], rows: Iterable[list[str]]) -> None:
    """A sheet that spreadsheet programs open as it is."""
    try:
        with file.open("w", encoding="utf-8-sig", newline="") as out:
            sheet = csv.writer(out)
            sheet.writerow(header)
            sheet.writerows(rows)
    except OSError as fault:
        raise ConfigurationWrong(
            f"{file} 写不进去：{fault.strerror or fault}。请换一个位置；改号本身不受影响。"
        ) from fault
