"""`jindang node operator …` 操作员 and `jindang node journal …` 审计日志."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from node.commands_shell import HOME, JSON, exits, give, reach

ROLES = ("operator", "reviewer", "contractor", "admin", "auditor")


@click.group()
def operator() -> None:
    """操作员：工号、角色、停用、重置口令；第一位须是管理员，自此人人须登录。"""


@operator.command("list")
@HOME
@JSON
@exits
def operator_list(home: Path, as_json: bool) -> None:
    """列出操作员。"""
    with reach(home) as node:
        result = node.operator_list()
    lines = [
        f"{one['number']:<8} {one['person']}  {one['role_label']}  {one['state_label']}"
        + (f"  {one['unit']}" if one["unit"] else "")
        for one in result["operators"]
    ]
    give(as_json, result, "\n".join(lines) or "还没有操作员：按系统用户办理。第一位：jindang node operator add 工号 姓名 --role admin")


@operator.command("add")
@HOME
@JSON
@click.argument("number")
@click.argument("person")
@click.option("--role", type=click.Choice(ROLES), required=True, help="操作员、复核员、加工单位人员、管理员、审计员；不能更改")
@click.option("--unit", default="", help="加工单位（仅加工单位人员；与批次上所写一致）")
@exits
def operator_add(home: Path, as_json: bool, number: str, person: str, role: str, unit: str) -> None:
    """新立一位操作员；初始口令只显示这一次，3 日内须登录并更改。"""
    with reach(home) as node:
        result = node.operator_add(number=number, person=person, role=role, unit=unit)
    give(as_json, result, f"{result['operator']['number']}  {result['start_password']}")


def _one(verb: str, said: str) -> click.Command:
    @click.command(verb)
    @HOME
    @JSON
    @click.argument("number")
    @exits
    def act(home: Path, as_json: bool, number: str) -> None:
        with reach(home) as node:
            result = getattr(node, f"operator_{verb}")(number=number)
        word = result.get("start_password")
        give(as_json, result, f"{number}  {word}" if word else f"{number}  {result['operator']['state_label']}")

    act.help = said
    return act


operator.add_command(_one("disable", "停用：立即登出，不能再登录；工号不再给别人。"))
operator.add_command(_one("enable", "恢复登录。"))
operator.add_command(_one("reset", "重置口令：新的初始口令只显示这一次。"))


@operator.command("password")
@HOME
@JSON
@click.argument("number")
@exits
def operator_password(home: Path, as_json: bool, number: str) -> None:
    """更改本人口令（首次登录须先更改）；两个口令在终端中输入。"""
    from node import client
    from node.errors import DaemonUnreachable

    if (daemon := client.connect(home.absolute())) is None:
        raise DaemonUnreachable("更改口令须在后台服务运行时进行；请先启动 jindang-node 服务")
    old = str(click.prompt("现在的口令", hide_input=True, err=True))
    new = str(click.prompt("新口令", hide_input=True, confirmation_prompt=True, err=True))
    opened = daemon.operator_sign_in(number=number, password=old)  # type: ignore[attr-defined]
    signed = client.connect(home.absolute(), opened["token"])
    result = signed.operator_password(old=old, new=new)  # type: ignore[union-attr]
    signed.operator_sign_out()  # type: ignore[union-attr]
    give(as_json, result, "口令已更改。")


@click.group()
def journal() -> None:
    """审计日志：谁在何时办了何事；任何人不能改动或缩短。"""


@journal.command("list")
@HOME
@JSON
@click.option("--person", default="", help="只看此工号（或 local:UID）")
@click.option("--verb", default="", help="只看此行为（如 quarantine-waive）")
@click.option("--day", default="", help="只看此日（2026-11-22）")
@click.option("--before", type=click.IntRange(0), default=0, help="从此编号之前看起")
@click.option("--limit", type=click.IntRange(1, 500), default=200, show_default=True, help="至多几条")
@exits
def journal_list(home: Path, as_json: bool, person: str, verb: str, day: str, before: int, limit: int) -> None:
    """最近的事项，新的在前。"""
    with reach(home) as node:
        result = node.journal_list(person=person, verb=verb, day=day, before=before, limit=limit)
    lines = [
        f"{one['number']:>7}  {one['time']}  {one['name'] or one['person']}  {one['verb']}  {one['outcome']}  {one['subject']}  {one['note']}".rstrip()
        for one in result["acts"]
    ]
    give(as_json, result, "\n".join(lines) or "没有这样的事项。")


@journal.command("verify")
@HOME
@JSON
@exits
def journal_verify(home: Path, as_json: bool) -> None:
    """验证审计日志的哈希链及其在本机日志中的锚定。"""
    with reach(home) as node:
        result = node.journal_verify()
    text = "\n".join(f"{one['where']}：{one['what']}\n→ {one['remedy']}" for one in result["findings"])
    give(as_json, result, text or f"审计日志完整，共 {result['acts']} 条，已锚定到第 {result['anchored']} 条。")
    sys.exit(0 if result["ok"] else 4)


@journal.command("export")
@HOME
@JSON
@click.argument("destination", type=click.Path(path_type=Path))
@click.option("--person", default="", help="只要此工号（或 local:UID）")
@exits
def journal_export(home: Path, as_json: bool, destination: Path, person: str) -> None:
    """写成带哈希的 CSV，供审计。"""
    with reach(home) as node:
        result = node.journal_export(destination=str(destination.absolute()), person=person)
    give(as_json, result, f"已写：{result['file']}")
