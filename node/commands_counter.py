"""`jindang node counter …`: the counter 查档窗口."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from node.commands_shell import HOME, JSON, exits, give, reach, say

BY = click.option("--by", required=True, help="经办人姓名")
FILE = click.argument("destination", type=click.Path(dir_okay=False, path_type=Path))


@click.group()
def counter() -> None:
    """查档窗口：利用登记、复制、查档证明、日登记簿；离线可用。"""


@counter.command("register")
@HOME
@JSON
@BY
@click.option("--name", required=True, help="利用者姓名")
@click.option(
    "--document",
    type=click.Choice(["identity", "passport", "permit", "service", "letter"]),
    default="identity",
    show_default=True,
)
@click.option("--purpose", required=True, help="利用目的代码：work 工作查考、person 个人事务 …，见 counter purposes")
@click.option("--subject", default="", help="查档内容")
@click.option("--ref", "refs", multiple=True, help="要查的档案，可多次")
@click.option("--unit", default="", help="单位")
@click.option("--letter", default="", help="介绍信编号")
@click.option("--persons", type=click.IntRange(1, 100), default=1, show_default=True, help="人次")
@exits
def counter_register(
    home: Path, as_json: bool, by: str, name: str, document: str, purpose: str, subject: str, refs: tuple[str, ...],
    unit: str, letter: str, persons: int,
) -> None:  # fmt: skip
    """利用登记；证件号码当场输入（脚本从标准输入读一行），只存遮掩后的号码。全部开放的即时准予，其余待审批（退出码 1）。"""
    identity = _identity() if document != "letter" else ""
    with reach(home) as node:
        made = node.counter_register(
            visitor=name, document=document, purpose=purpose, by=by, identity=identity, subject=subject, refs=list(refs),
            unit=unit, letter=letter, persons=persons,
        )  # fmt: skip
    give(as_json, made, _line(made))
    sys.exit(1 if made["state"] == "waiting" else 0)


def _identity() -> str:
    """The document's number: never an argument, which others on the machine could read."""
    if sys.stdin.isatty():
        return str(click.prompt("证件号码", hide_input=True, err=True))
    return sys.stdin.readline().strip()


@counter.command("purposes")
@HOME
@JSON
@exits
def counter_purposes(home: Path, as_json: bool) -> None:
    """可选的利用目的和证件。"""
    with reach(home) as node:
        rules = node.counter_rules()
    words = [f"{code}  {label}" for code, label in rules["purposes"].items()]
    give(as_json, rules, "\n".join(words))


@counter.command("day")
@HOME
@JSON
@click.argument("day", default="")
@exits
def counter_day(home: Path, as_json: bool, day: str) -> None:
    """一天的利用登记和数字；DAY 如 2026-05-20，缺省为今天。"""
    with reach(home) as node:
        told = node.counter_day(day=day)
    total = told["total"]
    figures = f"{told['day']}  登记 {total['requests']}，{total['persons']} 人次，{total['records']} 卷件次，复制 {total['copies']} 页"
    give(as_json, told, "\n".join([*(_line(one) for one in told["requests"]), figures]))


@counter.command("decide")
@HOME
@JSON
@BY
@click.argument("number", type=int)
@click.option("--allow/--refuse", default=True, help="准予利用，或不予利用")
@click.option("--reason", default="", help="不予利用的理由")
@click.option("--days", type=click.IntRange(0, 3_660), default=0, help="有效天数；缺省按规则")
@click.option("--ref", "refs", multiple=True, help="准予利用的档案，可多次；登记时未选定的须写明")
@exits
def counter_decide(
    home: Path, as_json: bool, by: str, number: int, allow: bool, reason: str, days: int, refs: tuple[str, ...]
) -> None:
    """审批一份登记。"""
    with reach(home) as node:
        made = node.counter_decide(number=number, allow=allow, by=by, reason=reason, days=days, refs=list(refs))
    give(as_json, made, _line(made))


@counter.command("end")
@HOME
@JSON
@BY
@click.argument("number", type=int)
@click.option("--withdraw", is_flag=True, help="撤回未审批的登记；缺省为办结")
@exits
def counter_end(home: Path, as_json: bool, by: str, number: int, withdraw: bool) -> None:
    """办结，或撤回。"""
    with reach(home) as node:
        made = node.counter_end(number=number, act="withdraw" if withdraw else "close", by=by)
    give(as_json, made, _line(made))


@counter.command("copy")
@HOME
@JSON
@BY
@click.argument("number", type=int)
@click.argument("ref")
@FILE
@click.option("--page", "pages", type=int, multiple=True, help="页的序号，可多次；缺省为全部")
@exits
def counter_copy(
    home: Path, as_json: bool, by: str, number: int, ref: str, destination: Path, pages: tuple[int, ...]
) -> None:
    """打印复制件（PDF）：带水印，脚注档号、页码和登记号；页数记入登记。"""
    with reach(home) as node:
        made = node.counter_copy(
            number=number, ref=ref, destination=str(destination.absolute()), by=by, pages=list(pages)
        )
    give(as_json, made, f"复制 {made['pages']} 页，已写入 {made['file']}")


@counter.command("certificate")
@HOME
@JSON
@BY
@click.argument("number", type=int)
@FILE
@exits
def counter_certificate(home: Path, as_json: bool, by: str, number: int, destination: Path) -> None:
    """打印查档证明（PDF）；再次打印编号不变。"""
    with reach(home) as node:
        made = node.counter_certificate(number=number, destination=str(destination.absolute()), by=by)
    give(as_json, made, f"{made['certificate']}，已写入 {made['file']}")


@counter.command("ledger")
@HOME
@JSON
@BY
@FILE
@click.option("--day", default="", help="如 2026-05-20，缺省为今天")
@exits
def counter_ledger(home: Path, as_json: bool, by: str, destination: Path, day: str) -> None:
    """打印一天的利用登记簿（PDF）。"""
    with reach(home) as node:
        made = node.counter_ledger(destination=str(destination.absolute()), by=by, day=day)
    say(f"{made['day']}：{made['requests']} 份登记")
    give(as_json, made, f"已写入 {made['file']}")


def _line(one: dict[str, Any]) -> str:
    asked = "、".join(asked["ref"] for asked in one["asked"]) or one["subject"]
    parts = (
        one["number"],
        one["serial"],
        one["name"],
        one["masked"],
        one["purpose"],
        asked,
        one["label"],
        one["certificate"],
    )
    return "  ".join(str(part) for part in parts if part)
