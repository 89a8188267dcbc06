"""`jindang hub account …` and `jindang hub journal …`: accounts of the pages, and their journal, for who works on the machine itself."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from hub.commands_shell import HOME, JSON, at, exits, give, say

ROLES: Final = {
    "system": "系统管理员",
    "security": "安全保密管理员",
    "audit": "安全审计员",
    "archivist": "业务人员",
    "agency": "机关用户",
}
STATES: Final = {"pending": "待授权", "active": "正常", "locked": "已锁定", "closed": "已注销"}
ZONE_S: Final = 8 * 3_600
LEVELS: Final = ("无密级", "秘密", "机密", "绝密")


@click.group()
def account() -> None:
    """网页账号：增设、锁定、重置。日常由三员在网页上办理；这里用于设立第一批管理员，以及应急。"""


@account.command()
@HOME
@JSON
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(list(ROLES)),
    required=True,
    help="、".join(f"{word} {label}" for word, label in ROLES.items()),
)
@click.option("--person", required=True, help="姓名；三员须由不同的人担任")
@click.option("--unit", required=True, help="所在单位")
@click.option("--holder", "holders", multiple=True, help="业务所及的节点名称，可多次；业务人员不写即全部")
@click.option("--fonds", multiple=True, help="业务所及的全宗号，可多次")
@click.option("--level", type=click.Choice(LEVELS), default="无密级", show_default=True, help="可见的最高密级")
@exits
def add(home: Path, as_json: bool, name: str, level: str, **wishes: Any) -> None:
    """增设账号 NAME，可立即使用；初始口令只显示这一次，三天内有效，登录后须更改。"""
    given = {**wishes, "holders": list(wishes["holders"]), "fonds": list(wishes["fonds"])}
    with at(home) as desk:
        result = desk.call("account_add", name=name, level=LEVELS.index(level), **given)
    say("初始口令只显示这一次，请当面交给本人，三天内登录并更改。")
    give(as_json, result, f"{result['account']['name']}  {result['start_password']}")


@account.command("list")
@HOME
@JSON
@exits
def list_(home: Path, as_json: bool) -> None:
    """列出全部账号。"""
    with at(home) as desk:
        result = desk.call("account_list")
    lines = [
        f"{a['name']}  {a['person']}  {a['unit']}  {ROLES[a['role']]}  {STATES[a['state']]}" for a in result["accounts"]
    ]
    give(as_json, result, "\n".join(lines) or "还没有账号。jindang hub account add 增设。")


def _act(word: str, done: str, summary: str) -> None:
    @account.command(word, help=summary)
    @HOME
    @JSON
    @click.argument("name")
    @exits
    def act(home: Path, as_json: bool, name: str) -> None:
        with at(home) as desk:
            result = desk.call(f"account_{word}", name=name)
        if password := result.get("start_password"):
            say("初始口令只显示这一次，请当面交给本人，三天内登录并更改；第二因素已清除，须重新设置。")
            give(as_json, result, f"{name}  {password}")
        else:
            give(as_json, result, f"账号“{name}”{done}。")


_act("lock", "已锁定，会话已全部结束", "锁定账号 NAME：立即结束其会话，不能再登录。")
_act("unlock", "已解锁", "解锁账号 NAME。")
_act("reset", "已重置", "重置账号 NAME：给出新的初始口令，清除第二因素，结束会话。")
_act("close", "已注销", "注销账号 NAME：不能恢复，登录名不再发放，审计日志保留。")


@click.group()
def journal() -> None:
    """审计日志：核对、导出。任何角色都不能改动或删减它。"""


@journal.command()
@HOME
@JSON
@exits
def verify(home: Path, as_json: bool) -> None:
    """核对审计日志：链是否完整，与中心日志链中的锚定是否一致。"""
    with at(home) as desk:
        result = desk.call("journal_verify")
    lines = [f"{f['where']}：{f['what']}。{f['remedy']}" for f in result["findings"]]
    give(as_json, result, "\n".join(lines) or f"审计日志完整，共 {result['acts']} 项，已锚定。")
    sys.exit(0 if result["ok"] else 4)


@journal.command()
@HOME
@JSON
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--person", default="", help="只导出此人的")
@click.option("--verb", default="", help="只导出这种行为，如 sign-in、record-read")
@click.option("--subject", default="", help="只导出这个对象，如 account:wang")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), default=None, help="自哪一天，如 2026-01-31")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), default=None, help="至哪一天，含当天")
@exits
def export(
    home: Path, as_json: bool, file: Path, since: datetime | None, until: datetime | None, **wanted: str
) -> None:
    """把审计日志写入 FILE（CSV，UTF-8）；不覆盖已有文件。"""
    from hub.errors import NotAllowed
    from sync.durable import write_pieces

    if file.exists():
        raise NotAllowed(f"{file} 已存在，不会覆盖。")
    with at(home) as desk:
        days = {"since": _begins(since), "until": _begins(until, 1)}
        write_pieces(file.absolute(), desk.stream("journal_export", **wanted, **days))
    give(as_json, {"file": str(file), "bytes": file.stat().st_size}, f"已写入 {file}。")


def _begins(day: datetime | None, plus: int = 0) -> int:
    """Seconds UTC at which a day (and `plus` more) begins where the hub's people live; 0: none was said."""
    return int((day.replace(tzinfo=UTC) + timedelta(days=plus)).timestamp()) - ZONE_S if day else 0
