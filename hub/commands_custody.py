"""`jindang hub accept|return|handover|grant|propose|notify|directives`: verdicts on what nodes handed over, custody, and what the hub tells nodes."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

import click

from hub.commands_shell import HOME, JSON, at, exits, give, when

BY = click.option("--by", default=getpass.getuser, help="经办人姓名，写入文据和指令；缺省为登录名")


@click.command()
@HOME
@JSON
@BY
@click.argument("refs", nargs=-1)
@click.option("--delivery", default="", help="整个批次中等待验收的")
@click.option("--node", default="", help="批次所属的节点；几个节点有同名批次时必填")
@click.option("--note", default="", help="说明")
@exits
def accept(home: Path, as_json: bool, refs: tuple[str, ...], **given: Any) -> None:
    """验收通过（报送）或接收（移交）：办结一轮，结论随下次联络告知节点。"""
    with at(home) as desk:
        result = desk.call("accept", refs=list(refs), **given)
    left = f"；{result['left']} 件仍在等待" if result.get("left") else ""
    give(as_json, result, _rounds(result) + left)


@click.command("return")
@HOME
@JSON
@BY
@click.argument("refs", nargs=-1, required=True)
@click.option(
    "--reason", "reasons", multiple=True, required=True, help="退回原因代码，可带页码：W02 或 W02:3,5-7；可多次"
)
@click.option("--note", default="", help="说明；原因代码要求说明的必填")
@click.option("--due", default="", help="整改期限 YYYY-MM-DD；缺省按本馆规则")
@exits
def return_(home: Path, as_json: bool, refs: tuple[str, ...], reasons: tuple[str, ...], **given: Any) -> None:
    """退回整改：办结一轮，原因、页码和期限随下次联络告知节点。"""
    with at(home) as desk:
        result = desk.call("give_back", refs=list(refs), reasons=list(reasons), **given)
    give(as_json, result, _rounds(result))


@click.command()
@HOME
@JSON
@BY
@click.argument("name")
@click.argument("kind", type=click.Choice(["report", "transfer"]))
@exits
def handover(home: Path, as_json: bool, name: str, kind: str, by: str) -> None:
    """节点 NAME 的交接方式：report 报送（保管不变）或 transfer 移交（保管转移）。"""
    with at(home) as desk:
        result = desk.call("handover", name=name, kind=kind, by=by)
    word = "报送" if kind == "report" else "移交"
    give(as_json, result, f"节点“{name}”{'改为' if result['directive'] else '本来就是'}{word}。")


@click.command()
@HOME
@JSON
@BY
@click.argument("refs", nargs=-1, required=True)
@click.option("--reason", required=True, help="事由")
@exits
def grant(home: Path, as_json: bool, refs: tuple[str, ...], by: str, reason: str) -> None:
    """交回保管：把本馆保管的档案交回原来的节点；对方接回后生效。"""
    with at(home) as desk:
        result = desk.call("grant", refs=list(refs), by=by, reason=reason)
    give(as_json, result, f"已签发 {len(result['directives'])} 条交回保管指令，对方接回后生效。")


@click.command()
@HOME
@JSON
@BY
@click.argument("ref")
@click.option("--set", "values", multiple=True, required=True, help="著录项=建议的值，可多次")
@click.option("--reason", required=True, help="理由")
@exits
def propose(home: Path, as_json: bool, ref: str, values: tuple[str, ...], by: str, reason: str) -> None:
    """修改建议：由保管方采纳或不采纳。"""
    pairs = [one.partition("=") for one in values]
    if not all(name and sign for name, sign, _ in pairs):
        raise click.UsageError("应写作 --set 题名=新题名")
    with at(home) as desk:
        result = desk.call("propose", ref=ref, values={name: value for name, _, value in pairs}, by=by, reason=reason)
    give(as_json, result, f"已签发第 {result['number']} 号指令，由“{result['node']}”决定。")


@click.command()
@HOME
@JSON
@BY
@click.argument("refs", nargs=-1, required=True)
@click.option("--result", type=click.Choice(["open", "controlled", "deferred"]), required=True, help="open 开放，controlled 控制，deferred 延期开放")
@click.option("--until", default="", help="延期到哪一天，YYYY-MM-DD")
@click.option("--ground", required=True, help="依据或理由")
@exits
def opening(home: Path, as_json: bool, refs: tuple[str, ...], by: str, result: str, until: str, ground: str) -> None:
    """开放审核结果：本馆保管的当即生效，并下达给送来这些档案的节点照此执行。"""
    with at(home) as desk:
        told = desk.call("opening", refs=list(refs), result=result, until=until, ground=ground, by=by)
    give(as_json, told, f"{told['records']} 件，其中本馆保管的 {told['applied']} 件已生效；已签发 {len(told['directives'])} 条指令，节点收到即执行。")


@click.command()
@HOME
@JSON
@BY
@click.argument("name")
@click.argument("subject")
@click.option("--text", default="", help="正文")
@exits
def notify(home: Path, as_json: bool, name: str, subject: str, text: str, by: str) -> None:
    """通知节点 NAME。"""
    with at(home) as desk:
        result = desk.call("notify", name=name, subject=subject, text=text, by=by)
    give(as_json, result, f"已签发第 {result['number']} 号指令。")


@click.command()
@HOME
@JSON
@click.option("--name", default="", help="只列此节点的")
@click.option(
    "--state",
    default="",
    help="只列此状态：issued 已签发、delivered 已送达、waiting 待执行、applied 已执行、cannot 不能执行 …",
)
@click.option("--before", type=click.IntRange(0), default=0, help="从此日志序号之前列起")
@click.option("--limit", type=click.IntRange(1, 1_000), default=100, show_default=True, help="至多列出几条")
@exits
def directives(home: Path, as_json: bool, **narrowed: Any) -> None:
    """列出对节点的指令及其办理情况，新的在前。"""
    with at(home) as desk:
        result = desk.call("directives", **narrowed)
    lines = [
        f"{i['node']}  第 {i['number']} 号  {when(i['wall'])}  {i['label']}  {i['state_label']}"
        + (f"  {i['by']}：{i['answer']}" if i["answer"] else "")
        for i in result["items"]
    ]
    give(as_json, result, "\n".join(lines) or "没有指令。")


@click.command()
@HOME
@JSON
@click.argument("name")
@exits
def releases(home: Path, as_json: bool, name: str) -> None:
    """节点 NAME 移出保管的经过：何时、几件、批次、事由、经办人。"""
    with at(home) as desk:
        result = desk.call("releases", name=name)
    lines = [
        f"{when(i['wall'])}  {i['records']} 件  {i['delivery']}  {i['reason']}  {i['by']}" for i in result["items"]
    ]
    give(as_json, result, "\n".join(lines) or "没有移出过。")


def _rounds(result: dict[str, Any]) -> str:
    lines = []
    for one in result["rounds"]:
        due = f"，整改期限 {one['due']}" if one["due"] else ""
        lines.append(
            f"{one['node']} {one['delivery']} 第 {one['round']} 轮：通过 {one['accepted']} 件，退回 {one['returned']} 件{due}"
        )
    return "\n".join(lines)
