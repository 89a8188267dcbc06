"""`jindang hub check …`: the four-property checks at hand-over and in long keeping (DA/T 70-2018), and their reports."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from hub.commands_shell import HOME, JSON, at, exits, give, say

STAGE = click.option("--stage", type=click.Choice(["YJ", "CQ"]), default="YJ", show_default=True, help="YJ 移交与接收，CQ 长期保存（定期）")


@click.group()
def check() -> None:
    """四性检测：对已验读的档案重新检测，不采信节点的结果。"""


@check.command("run")
@HOME
@JSON
@STAGE
@click.option("--ref", default="", help="只检测这一条（档号、节点/档号或 id:HEX）")
@click.option("--images", is_flag=True, help="也作图像检测（空白、倒置、歪斜、黑边、切字、重页等）")
@click.option("--restart", is_flag=True, help="从第一条档案重新开始一轮")
@exits
def check_run(home: Path, as_json: bool, stage: str, ref: str, images: bool, restart: bool) -> None:
    """检测已验读而尚未检测的档案；中断后再执行即接着做。"""
    with at(home) as desk:
        if restart:
            desk.call("check_restart", stage=stage)
        result = desk.call("check_run", stage=stage, ref=ref, images=images)
        while result["waiting"]:
            say(f"已检测 {result['records']} 件 …")
            more = desk.call("check_run", stage=stage, images=images)
            verdicts = {name: count + more["verdicts"][name] for name, count in result["verdicts"].items()}
            result = {**{k: result[k] + more[k] for k in ("records", "pages", "bytes")}, "waiting": more["waiting"], "verdicts": verdicts}
    said = "，".join(f"{name} {count}" for name, count in result["verdicts"].items() if count)
    give(as_json, result, f"检测 {result['records']} 件：{said or '没有待检测的档案'}")
    sys.exit(1 if result["verdicts"]["不通过"] or result["verdicts"]["需人工判定"] else 0)


@check.command("report")
@HOME
@JSON
@STAGE
@click.option("--ref", default="", help="一条档案的报告")
@click.option("--node", default="", help="节点名称，与 --delivery 同用")
@click.option("--delivery", default="", help="批次")
@click.option("--to", "destination", required=True, type=click.Path(file_okay=False, path_type=Path), help="写到这个文件夹")
@click.option("--by", default=lambda: os.environ.get("USER", ""), help="打印人姓名")
@exits
def check_report(home: Path, as_json: bool, stage: str, ref: str, node: str, delivery: str, destination: Path, by: str) -> None:
    """写出检测报告：HTML、JSON、PDF（A4）。"""
    from holdings.check_report_files import write_report

    if not ref and not (node and delivery):
        raise click.UsageError("请指明 --ref，或 --node 和 --delivery。")
    with at(home) as desk:
        made = desk.call("check_report", stage=stage, ref=ref, node=node, delivery=delivery, by=by)
    destination.mkdir(parents=True, exist_ok=True)
    files = write_report(made, destination, "四性检测 " + (ref or f"{node} {delivery}").replace("/", "_"))
    give(as_json, {"files": files, "verdict": made["verdict"], "counts": made["counts"]}, "\n".join([f"结论：{made['verdict']}", *files]))
