"""`jindang node reading …`: the texts of pages 识读 and their correction."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from holdings.local_time import local_minute
from node.commands_shell import HOME, JSON, exits, give, reach, say


@click.group()
def reading() -> None:
    """识读：把每页读成文字，可检索、可校对；在收入和传输空闲时进行。"""


@reading.command("run")
@HOME
@JSON
@click.option("--limit", type=click.IntRange(1), default=None, help="至多读这么多页；缺省读完为止")
@exits
def reading_run(home: Path, as_json: bool, limit: int | None) -> None:
    """现在就读，不论时段；随时可以中断，再执行即接着读。"""
    with reach(home) as node:
        result = _all(node, limit)
    if result["note"]:
        say(result["note"])
    give(
        as_json,
        result,
        f"识读 {result['pages']} 页，读不出 {result['failed']} 页，同页沿用 {result['reused']} 个文件；{result['shipped']} 页的文字已装入增量。",
    )
    sys.exit(1 if result["failed"] or result["note"] else 0)


def _all(node: Any, limit: int | None) -> dict[str, Any]:
    """Ask again while there is more, and say how far it is."""
    total: dict[str, Any] = {}
    left = limit
    while True:
        step = min(left, 200) if left is not None else 200
        result = node.reading_run(limit=step)
        for name in ("pages", "failed", "reused", "shipped"):
            total[name] = total.get(name, 0) + result[name]
        total.update(waiting=result["waiting"], note=result["note"])
        if left is not None:
            left -= result["pages"] + result["failed"]
        went = result["pages"] + result["failed"] + result["reused"]
        if not result["waiting"] or not went or (left is not None and left <= 0):
            return total
        say(f"已识读 {total['pages']} 页 …")


@reading.command("status")
@HOME
@JSON
@exits
def reading_status(home: Path, as_json: bool) -> None:
    """已读、待读、读不出各多少页，速度和预计用时。"""
    with reach(home) as node:
        result = node.reading_status()
    forecast = (
        ""
        if not result["waiting"]
        else f"，预计 {result['hours_left']} 小时"
        if result["hours_left"] is not None
        else ""
    )
    state = (
        "已暂停"
        if result["paused"]
        else "正在识读"
        if result["running"]
        else "待机"
        if result["in_hours"]
        else "不在识读时段"
    )
    lines = [
        f"{state}：已识读 {result['read']} 页，待识读 {result['waiting']} 页{forecast}，读不出 {result['failed']} 页，待校对 {result['doubtful']} 页",
        f"速度 {result['pages_per_hour']} 页/时，{result['workers']} 个进程；待装入增量 {result['outbox']} 页",
        *([result["engine"]] if result["engine"] else []),
    ]
    give(as_json, result, "\n".join(lines))


@reading.command("pause")
@HOME
@JSON
@exits
def reading_pause(home: Path, as_json: bool) -> None:
    """暂停识读；手上的一页读完即停。"""
    with reach(home) as node:
        result = node.reading_pause()
    give(as_json, result, "识读已暂停。恢复：jindang node reading resume")


@reading.command("resume")
@HOME
@JSON
@exits
def reading_resume(home: Path, as_json: bool) -> None:
    """恢复识读。"""
    with reach(home) as node:
        result = node.reading_pause(paused=False)
    give(as_json, result, "识读已恢复。")


@reading.command("cancel")
@HOME
@JSON
@click.argument("ref")
@exits
def reading_cancel(home: Path, as_json: bool, ref: str) -> None:
    """这条档案尚未读的页不再读；已读的保留。"""
    with reach(home) as node:
        result = node.reading_cancel(ref=ref)
    give(
        as_json,
        result,
        f"“{result['ref']}”取消 {result['parts']} 个文件。重新识读：jindang node reading retry {result['ref']}",
    )


@reading.command("retry")
@HOME
@JSON
@click.argument("ref", default="")
@exits
def reading_retry(home: Path, as_json: bool, ref: str) -> None:
    """读不出的和取消了的重新排队；不写档号即全部。"""
    with reach(home) as node:
        result = node.reading_retry(ref=ref)
    give(as_json, result, f"{result['parts']} 个文件重新排队。")


@reading.command("list")
@HOME
@JSON
@click.option("--failed", "kind", flag_value="failed", help="读不出的页和原因")
@click.option(
    "--doubtful", "kind", flag_value="doubtful", default=True, help="待校对的页（置信度低），最没有把握的在前（缺省）"
)
@click.option("--waiting", "kind", flag_value="waiting", help="待识读的文件")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@exits
def reading_list(home: Path, as_json: bool, kind: str, limit: int) -> None:
    """列出待校对、读不出或待识读的页。"""
    with reach(home) as node:
        result = node.reading_list(kind=kind, limit=limit)
    lines = [f"{one['ref']}  {one['file']} 第 {one['page']} 页  {_why(one)}" for one in result["items"]]
    give(as_json, result, "\n".join(lines) or "没有。")


def _why(one: dict[str, Any]) -> str:
    if "reason" in one:
        return str(one["reason"])
    return (
        f"{one['confidence']:.1f}%  {' '.join(one['text'].split())}"
        if "confidence" in one
        else f"还有 {one['left']} 页"
    )


@reading.command("show")
@HOME
@JSON
@click.argument("ref")
@click.argument("page", default="")
@exits
def reading_show(home: Path, as_json: bool, ref: str, page: str) -> None:
    """一条档案各页的文字；写明 PAGE（序号、文件名或 文件名#页）则连同历次识读和校对。"""
    with reach(home) as node:
        result = node.reading_show(ref=ref, page=page)
    chosen = result.get("page")
    if chosen is None:
        lines = [
            f"—— {one['number']}  {one['file']} 第 {one['page']} 页  {_by(one)} ——\n{one['text']}"
            for one in result["pages"]
        ]
    else:
        lines = [f"—— {chosen['number']}  {chosen['file']} 第 {chosen['page']} 页  {_by(chosen)} ——", chosen["text"]]
        for one in chosen["history"]:
            when = local_minute(one["time"])
            who = (
                f"第 {one['revision']} 次校对 {one['by']}"
                if one["revision"]
                else f"{one['engine']} {one['confidence']:.1f}%"
            )
            lines.append(f"  {when}  {who}")
    give(as_json, result, "\n".join(lines))


def _by(one: dict[str, Any]) -> str:
    if one["revision"]:
        return f"{one['by']} 校对（第 {one['revision']} 次）"
    return f"{one['engine']} {one['confidence']:.1f}%" if one["engine"] else str(one.get("state", "")) or "没有文字"


@reading.command("correct")
@HOME
@JSON
@click.argument("ref")
@click.argument("page")
@click.option("--text", default=None, help="校对后的整页文字")
@click.option("--file", "source", type=click.File("r", encoding="utf-8"), default=None, help="从文件读；- 为标准输入")
@click.option("--by", default=lambda: os.environ.get("USER", ""), help="校对人姓名")
@click.option(
    "--seen", type=click.IntRange(0), default=None, help="您看到的是第几次校对（0 为机器识读）；其间有人改过即拒绝"
)
@exits
def reading_correct(
    home: Path, as_json: bool, ref: str, page: str, text: str | None, source: Any, by: str, seen: int | None
) -> None:
    """校对一页：改成所给的文字，优先于任何机器识读，并随下一个增量报送市级中心。"""
    if (text is None) == (source is None):
        raise click.UsageError("请用 --text 或 --file 给出校对后的文字，二者取一。")
    try:
        said = text if text is not None else source.read()
    except UnicodeDecodeError as fault:
        raise click.UsageError(f"文件不是 UTF-8 文字：{fault}") from fault
    with reach(home) as node:
        result = node.reading_correct(ref=ref, page=page, text=said, by=by, seen=seen)
    give(
        as_json,
        result,
        f"“{result['ref']}” {result['file']} 第 {result['page']} 页：第 {result['revision']} 次校对已保存。",
    )
