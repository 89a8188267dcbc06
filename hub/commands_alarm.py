"""`jindang hub alarms …`, `jindang hub outage …`: alarms 告警 and planned outages 停机报备 from the command line."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from holdings.local_time import TYPED, seconds_of
from hub.commands_shell import HOME, JSON, at, exits, give, when

TIME = click.DateTime(TYPED)
SEVERITIES = {"notice": "提示", "warning": "警告", "critical": "严重"}
STATES = {"open": "待确认", "acknowledged": "已确认", "closed": "已结束"}


@click.group()
def alarms() -> None:
    """告警：列出、确认、暂停提醒。"""


@alarms.command("list")
@HOME
@JSON
@click.option("--closed", is_flag=True, help="最近结束的")
@exits
def alarms_list(home: Path, as_json: bool, closed: bool) -> None:
    """列出未结束的告警，严重的在前；有警告以上的退出码为 1。"""
    with at(home) as desk:
        result = desk.call("alarm_list", closed=closed)
    lines = []
    for one in result["alarms"]:
        more = f"（并入 {one['under']}）" if one["under"] else ""
        silent = f"；暂停提醒到 {when(one['silent_until'])}" if one["silent_until"] else ""
        state = STATES[one["state"]] + (f" {one['by']}" if one["by"] else "")
        lines.append(
            f"{one['number']}  {SEVERITIES[one['severity']]}  {one['text']}{more}  {when(one['opened'])}  {state}{silent}\n    {one['remedy']}"
        )
    give(as_json, result, "\n".join(lines) or "没有告警。")
    sys.exit(
        1
        if not closed and any(one["severity"] != "notice" and one["state"] == "open" for one in result["alarms"])
        else 0
    )


@alarms.command("ack")
@HOME
@JSON
@click.argument("number", type=click.IntRange(1))
@click.option("--note", default="", help="备注")
@exits
def alarms_ack(home: Path, as_json: bool, number: int, note: str) -> None:
    """确认告警 NUMBER：有人知道了。"""
    with at(home) as desk:
        result = desk.call("alarm_ack", number=number, note=note)
    give(as_json, result, f"已确认：{result['alarm']['text']}")


@alarms.command("silence")
@HOME
@JSON
@click.argument("number", type=click.IntRange(1))
@click.option("--hours", type=click.IntRange(0, 720), default=24, show_default=True, help="暂停多少小时；0 为恢复提醒")
@click.option("--note", default="", help="备注")
@exits
def alarms_silence(home: Path, as_json: bool, number: int, hours: int, note: str) -> None:
    """暂停告警 NUMBER 的提醒：照常列出，不发通知。"""
    with at(home) as desk:
        result = desk.call("alarm_silence", number=number, hours=hours, note=note)
    until = result["alarm"]["silent_until"]
    give(as_json, result, f"暂停提醒到 {when(until)}。" if until else "已恢复提醒。")


@click.group()
def outage() -> None:
    """停机报备：报备期内不发失联等告警，其间的夜不计入滞后。"""


@outage.command("add")
@HOME
@JSON
@click.argument("node")
@click.option("--from", "begins", type=TIME, required=True, help="开始，本地时间，如 2026-12-31T17:30")
@click.option("--to", "ends", type=TIME, required=True, help="结束，本地时间")
@click.option("--reason", required=True, help="事由")
@exits
def outage_add(home: Path, as_json: bool, node: str, begins: datetime, ends: datetime, reason: str) -> None:
    """为节点 NODE（名称，或 * 为全部节点）报备停机。"""
    with at(home) as desk:
        result = desk.call("outage_add", node=node, begins=seconds_of(begins), ends=seconds_of(ends), reason=reason)
    one = result["outage"]
    give(
        as_json, result, f"已报备 {one['number']}：{_name(one['node'])} {when(one['begins'])} 至 {when(one['ends'])}。"
    )


@outage.command("list")
@HOME
@JSON
@exits
def outage_list(home: Path, as_json: bool) -> None:
    """列出近三个月和以后的停机报备。"""
    with at(home) as desk:
        result = desk.call("outage_list")
    lines = [
        f"{one['number'] or '节点自报'}  {_name(one['node'])}  {when(one['begins'])} 至 {when(one['ends'])}  {one['reason']}（{one['by']}）"
        + ("  已结束" if one["over"] else "")
        for one in result["outages"]
    ]
    give(as_json, result, "\n".join(lines) or "没有停机报备。")


@outage.command("end")
@HOME
@JSON
@click.argument("number", type=click.IntRange(1))
@exits
def outage_end(home: Path, as_json: bool, number: int) -> None:
    """现在就结束停机报备 NUMBER。"""
    with at(home) as desk:
        result = desk.call("outage_end", number=number)
    give(as_json, result, f"停机报备 {number} 已结束。")


def _name(node: str) -> str:
    return "全部节点" if node == "*" else node
