"""`jindang node check …`: the four-property checks 四性检测 (DA/T 70-2018) and their reports."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from node.commands_shell import HOME, JSON, exits, give, reach, say

STAGE = click.option("--stage", type=click.Choice(["GD", "CQ"]), default="GD", show_default=True, help="GD 归档，CQ 长期保存（定期）")


@click.group()
def check() -> None:
    """四性检测：真实、完整、可用、安全（DA/T 70-2018）。"""


@check.command("run")
@HOME
@JSON
@STAGE
@click.option("--ref", default="", help="只检测这一条（档号、曾用档号或 id:HEX）")
@click.option("--delivery", default="", help="只检测这一批次，已检测过的也重新检测")
@click.option("--no-images", is_flag=True, help="不作图像检测（空白、倒置、歪斜、黑边、切字、重页等）")
@click.option("--restart", is_flag=True, help="从第一条档案重新开始一轮")
@exits
def check_run(home: Path, as_json: bool, stage: str, ref: str, delivery: str, no_images: bool, restart: bool) -> None:
    """检测已加封而尚未检测的档案；中断后再执行即接着做。"""
    with reach(home) as node:
        if restart:
            node.check_restart(stage=stage)
        result = _all(lambda: node.check_run(stage=stage, ref=ref, delivery_name=delivery, images=not no_images))
    said = "，".join(f"{name} {count}" for name, count in result["verdicts"].items() if count)
    give(as_json, result, f"检测 {result['records']} 件 {result['pages']} 页：{said or '没有待检测的档案'}")
    sys.exit(1 if result["verdicts"]["不通过"] or result["verdicts"]["需人工判定"] else 0)


def _all(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Ask again while there is more, and say how far it is."""
    result = ask()
    while result["waiting"]:
        say(f"已检测 {result['records']} 件 {result['pages']} 页 …")
        more = ask()
        verdicts = {name: count + more["verdicts"][name] for name, count in result["verdicts"].items()}
        result = {**{k: result[k] + more[k] for k in ("records", "pages", "bytes")}, "waiting": more["waiting"], "verdicts": verdicts}
    return result


@check.command("status")
@HOME
@JSON
@exits
def check_status(home: Path, as_json: bool) -> None:
    """各环节检测结果的件数，以及查毒服务是否可用。"""
    with reach(home) as node:
        result = node.check_status()
    lines = [f"{stage}：" + "，".join(f"{name} {n}" for name, n in counts.items()) for stage, counts in result["stages"].items()]
    give(as_json, result, "\n".join([*lines, f"查毒：{result['virus_scan']}"]))


@check.command("show")
@HOME
@JSON
@click.option("--stage", type=click.Choice(["GD", "CQ"]), default=None, help="缺省为最近一次")
@click.argument("ref")
@exits
def check_show(home: Path, as_json: bool, stage: str | None, ref: str) -> None:
    """一条档案最近一次检测的逐项结果。"""
    with reach(home) as node:
        result = node.check_show(ref=ref, stage=stage or "")
    lines = [f"{c['code']:<8} {c['verdict']}  {c['name']}  {c['detail']}" for c in result["checks"]]
    give(as_json, result, "\n".join([f"{result['ref']}  {result['checked']}  {result['verdict']}", *lines]))


@check.command("report")
@HOME
@JSON
@STAGE
@click.argument("delivery", default="")
@click.option("--ref", default="", help="一条档案的报告，代替批次")
@click.option("--to", "destination", required=True, type=click.Path(file_okay=False, path_type=Path), help="写到这个文件夹")
@click.option("--by", default=lambda: os.environ.get("USER", ""), help="打印人姓名")
@exits
def check_report(home: Path, as_json: bool, stage: str, delivery: str, ref: str, destination: Path, by: str) -> None:
    """写出批次或一条档案的检测报告：HTML、JSON、PDF（A4）。"""
    with reach(home) as node:
        result = node.check_report(destination=str(destination.absolute()), ref=ref, delivery_name=delivery, stage=stage, by=by)
    give(as_json, result, "\n".join([f"结论：{result['verdict']}", *result["files"]]))
