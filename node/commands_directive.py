"""`jindang node directives|returned|release …`: what the city's archive says, what it gave back, and what goes over to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from holdings.local_time import local_minute
from node.commands_quarantine import BY
from node.commands_shell import HOME, JSON, exits, give, reach


@click.group()
def directives() -> None:
    """中心指令：列出、查看，对修改建议、查档协查、交回保管作出决定。"""


@directives.command("list")
@HOME
@JSON
@click.option(
    "--state", default="", help="只列此状态：waiting 待执行、applied 已执行、cannot 不能执行、declined 不采纳 …"
)
@click.option(
    "--kind", default="", help="只列此类：returned 退回整改、accepted 验收通过、correction 修改建议、notice 通知 …"
)
@click.option("--before", type=click.IntRange(0), default=0, help="从此编号之前列起")
@click.option("--limit", type=click.IntRange(1, 1_000), default=100, show_default=True, help="至多列出几条")
@exits
def directives_list(home: Path, as_json: bool, **narrowed: Any) -> None:
    """列出市级中心的指令，新的在前。"""
    with reach(home) as node:
        result = node.directives(**narrowed)
    lines = [
        f"{i['number']:>5}  {local_minute(i['wall'])}  {i['label']}  {i['state_label']}  {i['summary']}"
        for i in result["items"]
    ]
    if result["stopped"]:
        lines.insert(0, f"已停止执行指令：{result['stopped']}")
    give(as_json, result, "\n".join(lines) or "没有中心指令。")


@directives.command("show")
@HOME
@JSON
@click.argument("number", type=click.IntRange(1))
@exits
def directives_show(home: Path, as_json: bool, number: int) -> None:
    """一条指令的全文和办理情况。"""
    with reach(home) as node:
        result = node.directive_show(number=number)
    give(as_json, result, "\n".join(_full(result)))


@directives.command("apply")
@HOME
@JSON
@BY
@click.argument("number", type=click.IntRange(1))
@click.option("--text", default="", help="答复或说明；答复查档协查时必填")
@exits
def directives_apply(home: Path, as_json: bool, number: int, by: str, text: str) -> None:
    """采纳：照修改建议改、接回保管、答复协查。"""
    with reach(home) as node:
        result = node.directive_apply(number=number, by=by, text=text)
    give(as_json, result, f"第 {number} 号指令{result['state_label']}，下次联络时回报市级中心。")


@directives.command("decline")
@HOME
@JSON
@BY
@click.argument("number", type=click.IntRange(1))
@click.option("--reason", required=True, help="不采纳的理由，回报市级中心")
@exits
def directives_decline(home: Path, as_json: bool, number: int, by: str, reason: str) -> None:
    """不采纳，写明理由。"""
    with reach(home) as node:
        result = node.directive_decline(number=number, by=by, reason=reason)
    give(as_json, result, f"第 {number} 号指令{result['state_label']}，理由下次联络时回报市级中心。")


@click.group()
def returned() -> None:
    """退回整改：市级中心退回的档案。"""


@returned.command("list")
@HOME
@JSON
@click.option("--mended/--to-mend", default=None, help="只列已整改待复核的，或只列待整改的")
@click.option("--limit", type=click.IntRange(1, 10_000), default=1000, show_default=True, help="至多列出几件")
@exits
def returned_list(home: Path, as_json: bool, mended: bool | None, limit: int) -> None:
    """列出退回的档案：理由、页码、期限。"""
    with reach(home) as node:
        result = node.returned_list(mended=mended, limit=limit)
    lines = []
    for item in result["items"]:
        state = "已整改，待复核" if item["mended"] else "已超期" if item["overdue"] else "待整改"
        term = f"  期限 {item['due']}" if item["due"] else ""
        lines.append(f"{item['ref']}  第 {item['round']} 轮  {state}{term}")
        lines += [f"    {_reason(fault)}" for fault in item["faults"]]
    give(as_json, result, "\n".join(lines) or "没有退回的档案。")


@returned.command("explain")
@HOME
@JSON
@BY
@click.argument("ref")
@click.option("--text", required=True, help="整改说明，如“原件即缺此页”")
@exits
def returned_explain(home: Path, as_json: bool, ref: str, text: str, by: str) -> None:
    """整改说明：没有可改的，写明原因再报；图像不重传。"""
    with reach(home) as node:
        result = node.returned_explain(ref=ref, text=text, by=by)
    give(as_json, result, f"{result['ref']} 的整改说明已写入新版本，下次联络时再报。")


@click.command()
@HOME
@JSON
@BY
@click.argument("refs", nargs=-1)
@click.option("--delivery", default="", help="整个批次")
@click.option("--reason", default="", help="移交事由，如“保管期满二十年移交进馆”")
@exits
def release(home: Path, as_json: bool, refs: tuple[str, ...], by: str, delivery: str, reason: str) -> None:
    """移出保管：向市馆移交。移出后至市馆接收或退回前，谁也不写这些档案。"""
    if not refs and not delivery:
        raise click.UsageError("请写明档号，或用 --delivery 指明批次。")
    with reach(home) as node:
        result = node.release(refs=list(refs), by=by, delivery=delivery, reason=reason)
    more = f"，另有 {result['skipped']} 件先前已移出或作废" if result["skipped"] else ""
    give(as_json, result, f"已移出保管 {result['released']} 件{more}。下次联络时告知市馆。")


def city_words(city: dict[str, Any]) -> str:
    """What the city's archive waits for, as one line; empty when nothing."""
    named = (
        ("waiting", "条中心指令待决定"),
        ("to_mend", "件退回待整改"),
        ("mended", "件已整改待复核"),
        ("in_transit", "件移交中"),
    )
    words = [f"{city[key]} {word}" for key, word in named if city[key]]
    if city["stopped"]:
        words.append(f"已停止执行中心指令：{city['stopped']}")
    return "；".join(words)


def _reason(fault: dict[str, Any]) -> str:
    pages = "、".join(str(a) if a == b else f"{a}-{b}" for a, b in fault["pages"])
    return "  ".join(text for text in (fault["code"], f"第 {pages} 页" if pages else "", fault["note"]) if text)


def _full(shown: dict[str, Any]) -> list[str]:
    lines = [
        f"第 {shown['number']} 号  {shown['label']}  {local_minute(shown['wall'])}  {shown['state_label']}",
        shown["summary"],
    ]
    says = shown["says"]
    lines += [f"{word}：{says[key]}" for key, word in _WORDS.items() if says.get(key)]
    for one in says.get("changes", []):
        lines.append(f"  {one['field']}：{one['now'] or '（空）'} → {one['proposed'] or '（空）'}")
    for one in says.get("records", []):
        lines.append(f"  {one['ref'] or 'id:' + one['id']}  {one['title']}")
        lines += [f"    {_reason(fault)}" for fault in one.get("faults", [])]
    if shown["text"] or shown["by"]:
        lines.append(f"办理：{shown['by']}  {shown['text']}")
    if shown["asks"]:
        lines.append(f"→ jindang node directives apply {shown['number']}，或 decline {shown['number']} --reason …")
    return lines


_WORDS = {
    "delivery": "批次", "round": "轮次", "due": "期限", "note": "说明", "reason": "理由", "ground": "依据", "result": "结果", "archive": "来自",
    "applicant": "申请人", "sought": "所查", "subject": "标题", "text": "内容", "until": "至", "person": "经办",
}  # fmt: skip
