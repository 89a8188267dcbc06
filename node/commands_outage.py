"""`jindang node outage …`: planned outages 停机报备 of this node."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from holdings.local_time import local_minute, seconds_of
from node.commands_shell import HOME, JSON, TIME, exits, give, reach


@click.group()
def outage() -> None:
    """停机报备：随下次联络告知市级中心，报备期内不因失联告警。"""


@outage.command("add")
@HOME
@JSON
@click.option("--from", "begins", type=TIME, required=True, help="开始，本地时间，如 2026-12-31T17:30")
@click.option("--to", "ends", type=TIME, required=True, help="结束，本地时间")
@click.option("--reason", required=True, help="事由")
@click.option("--by", required=True, help="报备人姓名")
@exits
def outage_add(home: Path, as_json: bool, begins: datetime, ends: datetime, reason: str, by: str) -> None:
    """报备停机；马上要关机的，接着执行 jindang node sync，让中心现在就知道。"""
    with reach(home) as node:
        result = node.outage_add(begins=seconds_of(begins), ends=seconds_of(ends), reason=reason, by=by)
    one = result["outage"]
    told = f"已报备 {one['number']}：{local_minute(one['begins'])} 至 {local_minute(one['ends'])}。下次联络时告知中心；马上要关机的，请先执行 jindang node sync。"
    give(as_json, result, told)


@outage.command("list")
@HOME
@JSON
@exits
def outage_list(home: Path, as_json: bool) -> None:
    """列出停机报备，以及中心是否已经知道。"""
    with reach(home) as node:
        result = node.outage_list()
    lines = [
        f"{one['number']}  {local_minute(one['begins'])} 至 {local_minute(one['until'])}  {one['reason']}（{one['by']}）  "
        + ("已结束" if one["over"] else "中心已知" if one["known"] else "中心还不知道")
        for one in result["outages"]
    ]
    give(as_json, result, "\n".join(lines) or "没有停机报备。")


@outage.command("end")
@HOME
@JSON
@click.argument("number", type=click.IntRange(1))
@click.option("--by", default="", help="经办人姓名")
@exits
def outage_end(home: Path, as_json: bool, number: int, by: str) -> None:
    """现在就结束停机报备 NUMBER。"""
    with reach(home) as node:
        result = node.outage_end(number=number, by=by)
    give(as_json, result, f"停机报备 {number} 已结束。")
