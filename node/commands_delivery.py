"""`jindang node delivery …`: batches 批次 from the first folder to 验收通过 or 撤回."""

from __future__ import annotations

import getpass
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from holdings.local_time import seconds_of
from node.commands_shell import HOME, JSON, TIME, exits, give, reach

BY = click.option("--by", default=getpass.getuser, help="经办人姓名；缺省为登录名")
REASON = click.option("--reason", default="", help="理由或说明")
NAME = click.argument("name", metavar="批次")


@click.group()
def delivery() -> None:
    """批次：登记、核对、验收、撤回、统计。"""


@delivery.command("list")
@HOME
@JSON
@exits
def delivery_list(home: Path, as_json: bool) -> None:
    """列出批次。"""
    with reach(home) as node:
        result = node.deliveries()
    lines = [
        f"{one['name']}  {one['state_label']}（第 {one['round']} 轮）  {one['contractor'] or '加工单位未填'}  "
        f"保密审查：{'、'.join(one['cleared_by']) or '未作'}"
        for one in result["deliveries"]
    ]
    give(as_json, result, "\n".join(lines) or "还没有批次。")


@delivery.command("show")
@HOME
@JSON
@NAME
@exits
def delivery_show(home: Path, as_json: bool, name: str) -> None:
    """一个批次的登记和数量。"""
    with reach(home) as node:
        one = node.delivery_show(name=name)
    lines = [
        f"{one['name']}  第 {one['number'] or '—'} 批  {one['state_label']}（第 {one['round']} 轮）",
        f"加工单位：{one['contractor'] or '（未填）'}  扫描站：{'、'.join(one['stations']) or '（未填）'}",
        f"目录 {one['rows']} 条，未挂接 {one['rows_unlinked']} 条；已加封 {one['records']} 件 {one['pages']} 页 {one['bytes'] / 1e6:.1f} MB",
        f"保密审查：{'、'.join(one['cleared_by']) or '未作'}",
    ]
    give(as_json, one, "\n".join(lines))


@delivery.command("report")
@HOME
@JSON
@NAME
@click.option("--to", "destination", type=click.Path(file_okay=False, path_type=Path), default=None, help="写到这个文件夹：HTML、JSON、PDF（A4）")
@BY
@exits
def delivery_report(home: Path, as_json: bool, name: str, destination: Path | None, by: str) -> None:
    """一个批次的报告：数量、问题、抽检、核对、移交总数、经过；或用 --to 写成文件打印。"""
    with reach(home) as node:
        if destination is not None:
            made = node.delivery_report_files(name=name, destination=str(destination.absolute()), by=by)
            give(as_json, made, "\n".join([made["verdict"], *made["files"]]))
            return
        result = node.delivery_report(name=name)
    text = str(result.pop("text"))
    give(as_json, result, text)


@delivery.command("describe")
@HOME
@JSON
@NAME
@click.option("--number", type=click.IntRange(1, 1_000_000), default=None, help="第几批")
@click.option("--contractor", default=None, help="加工单位")
@click.option("--station", "stations", multiple=True, help="扫描站，可多次；写了即替换原有的")
@click.option("--opened-by", default=None, help="交来的人")
@click.option("--received-by", default=None, help="接收的人")
@exits
def delivery_describe(home: Path, as_json: bool, name: str, stations: tuple[str, ...], **said: Any) -> None:
    """登记批次：批次号、加工单位、扫描站、交接人。"""
    with reach(home) as node:
        result = node.delivery_describe(name=name, stations=list(stations) if stations else None, **said)
    give(as_json, result, f"批次“{name}”已登记：{result['contractor'] or '加工单位未填'}，第 {result['number'] or '—'} 批。")


@delivery.command("double")
@HOME
@JSON
@NAME
@click.argument("how", type=click.Choice(["on", "off"]))
@BY
@exits
def delivery_double(home: Path, as_json: bool, name: str, how: str, by: str) -> None:
    """双录：on 此批次的著录由两人各录一遍，不符的核对；off 改回单录。"""
    with reach(home) as node:
        result = node.cataloguing_double(delivery=name, double=how == "on", by=by)
    give(as_json, result, f"批次“{name}”的著录改为{'双录' if result['double'] else '单录'}。")


@delivery.command("submit")
@HOME
@JSON
@NAME
@BY
@REASON
@exits
def delivery_submit(home: Path, as_json: bool, name: str, by: str, reason: str) -> None:
    """提交：已全部交来，可以验收；退回后再提交为下一轮。"""
    with reach(home) as node:
        result = node.delivery_submit(name=name, by=by, reason=reason)
    give(as_json, result, f"批次“{name}”已提交，第 {result['round']} 轮。")


@delivery.command("accept")
@HOME
@JSON
@NAME
@BY
@REASON
@exits
def delivery_accept(home: Path, as_json: bool, name: str, by: str, reason: str) -> None:
    """验收通过：本轮抽检合格之后。"""
    with reach(home) as node:
        result = node.delivery_accept(name=name, by=by, reason=reason)
    give(as_json, result, f"批次“{name}”第 {result['round']} 轮验收通过。")


@delivery.command("return")
@HOME
@JSON
@NAME
@BY
@click.option("--reason", required=True, help="退回的理由")
@exits
def delivery_return(home: Path, as_json: bool, name: str, by: str, reason: str) -> None:
    """退回整改；整改通知单用 node sample export --failed 打印。"""
    with reach(home) as node:
        result = node.delivery_return(name=name, by=by, reason=reason)
    give(as_json, result, f"批次“{name}”第 {result['round']} 轮退回整改。")


@delivery.command("withdraw")
@HOME
@JSON
@NAME
@BY
@click.option("--reason", required=True, help="撤回的理由")
@click.option("--yes", is_flag=True, help="不再询问")
@exits
def delivery_withdraw(home: Path, as_json: bool, name: str, by: str, reason: str, yes: bool) -> None:
    """撤回批次：误投的、别家的。尚未加封的不留痕；已加封的作废，不再显示，但不删除。"""
    if not yes:
        click.confirm(f"撤回批次“{name}”：目录条目移出，已加封的件作废。继续？", abort=True, err=True)
    with reach(home) as node:
        result = node.delivery_withdraw(name=name, by=by, reason=reason)
    again = f"\n另有目录表也列有其中的条目，请重新导入：{'、'.join(result['sheets'])}" if result["sheets"] else ""
    give(
        as_json,
        result,
        f"批次“{name}”已撤回：目录移出 {result['rows']} 条，关闭问题 {result['findings']} 个，作废 {result['voided']} 件。{again}",
    )
    sys.exit(1 if result["sheets"] else 0)


@delivery.command("reopen")
@HOME
@JSON
@NAME
@BY
@REASON
@exits
def delivery_reopen(home: Path, as_json: bool, name: str, by: str, reason: str) -> None:
    """重新收件：撤回错了，或提交早了。"""
    with reach(home) as node:
        result = node.delivery_reopen(name=name, by=by, reason=reason)
    give(as_json, result, f"批次“{name}”重新收件，下次查看时重读目录和扫描件。")


@delivery.command("reprocess")
@HOME
@JSON
@NAME
@click.option("--from", "begins", type=TIME, default=None, help="何时起，如 '2023-10-18 08:00'；缺省为现在")
@click.option("--until", "ends", type=TIME, required=True, help="何时止")
@BY
@click.option("--reason", required=True, help="做什么，如“整批纠斜”")
@exits
def delivery_reprocess(
    home: Path, as_json: bool, name: str, begins: datetime | None, ends: datetime, by: str, reason: str
) -> None:
    """登记批量重处理：其间大量改写扫描件属正常，不制动。"""
    with reach(home) as node:
        result = node.delivery_reprocess(
            name=name, begins=seconds_of(begins) if begins else 0, ends=seconds_of(ends),
            by=by, reason=reason,
        )  # fmt: skip
    give(as_json, result, f"批次“{name}”的批量重处理已登记，至 {ends:%Y-%m-%d %H:%M} 止。")


@delivery.command("evidence")
@HOME
@JSON
@NAME
@click.option("--folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=None, help="批次文件夹；缺省为收入时所在")
@exits
def delivery_evidence(home: Path, as_json: bool, name: str, folder: Path | None) -> None:
    """核对随批次交来的摘要清单、说明文件、移交清单。"""
    with reach(home) as node:
        result = node.delivery_evidence(name=name, folder=str(folder.absolute()) if folder else None)
    text = str(result.pop("text"))
    give(as_json, result, text)
    sys.exit(0 if result["ok"] else 1)


@delivery.command("rates")
@HOME
@JSON
@exits
def delivery_rates(home: Path, as_json: bool) -> None:
    """各加工单位的合格率和一次合格率。"""
    with reach(home) as node:
        result = node.pass_rates()
    lines = [
        f"{one['contractor'] or '（未填）'}：{one['deliveries']} 批，合格率 {one['rate']}，一次合格率 {one['first_rate'] or '—'}，"
        f"一次通过 {one['first_time']} 批"
        for one in result["contractors"]
    ]
    give(as_json, result, "\n".join(lines) or "还没有检完的抽检。")


@delivery.command("workload")
@HOME
@JSON
@click.option("--delivery", "name", default="", help="只统计这一批")
@click.option("--contractor", default="", help="只统计这一家加工单位")
@click.option("--xlsx", type=click.Path(dir_okay=False, path_type=Path), default=None, help="写成表格文件")
@exits
def delivery_workload(home: Path, as_json: bool, name: str, contractor: str, xlsx: Path | None) -> None:
    """工作量统计：按加工单位、扫描站、人员、日期、幅面，折合 A4；只计验收通过的批次。"""
    with reach(home) as node:
        result = node.workload(name=name, contractor=contractor, destination=str(xlsx.absolute()) if xlsx else "")
    lines = [
        f"{one['contractor'] or '（未填）'}  {one['delivery']}：{one['records']} 件 {one['pages']} 页，折合 A4 {one['a4']}"
        + (f"，申报 {one['declared_a4']}" if one["declared_a4"] is not None else "")
        for one in result["sums"]
    ]
    give(as_json, result, "\n".join(lines) or "还没有验收通过的批次。")
