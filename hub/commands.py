"""`jindang hub …`: the commands of DESIGN §7 for the city's hub. Parses and prints; the work is in the nouns beside it."""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path
from typing import Any

import click

from hub.commands_account import account, journal
from hub.commands_alarm import alarms, outage
from hub.commands_care import audit, reload, restore, scrub
from hub.commands_catalogue import catalogue
from hub.commands_check import check
from hub.commands_custody import accept, directives, grant, handover, notify, opening, propose, releases, return_
from hub.commands_meaning import meaning
from hub.commands_opening import openings
from hub.commands_search import reindex, search, show, suggest
from hub.commands_shell import HOME, JSON, ask_passphrase, at, exits, give, progress, say, when
from hub.commands_simulate import simulate
from hub.commands_statistics import statistics


def _new_passphrase() -> str:
    return str(click.prompt("新口令", hide_input=True, confirmation_prompt=True, err=True))


STATES = {"active": "正常", "frozen": "已冻结", "revoked": "已撤销"}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def commands() -> None:
    """市级中心：收存、验读、回执、导出。"""


@commands.command()
@HOME
@JSON
@click.option("--name", default="市级中心", show_default=True, help="中心名称，各节点可见")
@click.option("--class", "site_class", type=click.Choice(["open", "classified"]), default="open", show_default=True, help="非涉密或涉密；以后不能更改")
@click.option("--escrow", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="age 公钥文件：另一把也能打开清单的钥匙")
@click.option("--unlock", default=None, help="passphrase、keyfile[:路径] 或 credential[:名称]")
@click.option("--listen", default=None, help="节点端口 主机:端口")
@click.option("--tls-cert", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="自备 TLS 证书（PEM）；与 --tls-key 同用")
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="自备 TLS 私钥（未加密 PEM）")
@click.option("--admin", default="", help="第一个系统管理员的登录名；初始口令只显示这一次")
@click.option("--admin-person", default="", help="第一个系统管理员的姓名；与 --admin 同用")
@exits
def init(home: Path, as_json: bool, name: str, site_class: str, unlock: str | None, admin: str, admin_person: str, **given: Any) -> None:
    """建立一个新的中心：密钥、证书、数据库。"""
    from crypto.fingerprint import read_out
    from crypto.fingerprint_words import spoken
    from crypto.identity import recipient_text
    from hub import founding
    from hub.clock import SystemClock

    if unlock is None:
        if not sys.stdin.isatty():
            raise click.UsageError("没有终端，也没有 --unlock：请指明密钥如何解锁（keyfile:路径 或 credential:名称）。")
        unlock = "passphrase"
    if bool(admin) != bool(admin_person):
        raise click.UsageError("--admin 与 --admin-person 须同时写。")
    asked = functools.cache(_new_passphrase)
    made = founding.found(home.absolute(), founding.Wishes(name, site_class, unlock, **given), asked, SystemClock(), os.urandom)
    hub_id, tls = made.genesis.log_id, made.genesis.tls_digests[0]
    result = {"hub_id": hub_id.hex(), "words": spoken(hub_id), "figures": read_out(hub_id)}
    result |= {"recipient": recipient_text(made.genesis.recipient), "tls_sha256": tls.hex()}
    say("\n".join(made.advice))
    if admin:
        from hub.assembly import open_here

        with open_here(home.absolute(), asked) as desk:
            added = desk.call("account_add", name=admin, person=admin_person, role="system", unit=name)
        say(f"系统管理员 {added['account']['name']} 的初始口令只显示这一次，三天内登录并更改：{added['start_password']}")
        result |= {"admin": added["account"]["name"], "start_password": added["start_password"]}
    made_here = f"中心“{name}”已建立：{home}\n标识 {result['hub_id']}\n指纹 {result['words']}\n     {result['figures']}"
    give(as_json, result, f"{made_here}\n下一步：jindang hub run --home {home}\n三员账号：jindang hub account add --help")


@commands.command()
@HOME
@click.option("--listen", default=None, help="节点端口 主机:端口；缺省用 hub.toml 所写")
@click.option("--log", type=click.Choice(["text", "json"]), default="text", show_default=True, help="服务日志：供人看，或每行一个 JSON 对象")
@exits
def run(home: Path, listen: str | None, log: str) -> None:
    """运行中心，直到收到 SIGTERM；收到 SIGHUP 重读 hub.toml。"""
    import uvloop

    from hub import app
    from hub.clock import SystemClock
    from hub.home import open_home
    from hub.log_lines import Form, begin

    begin(Form(log))
    opened = open_home(home.absolute(), ask_passphrase, SystemClock(), os.urandom)
    uvloop.run(app.serve(opened, listen or opened.config.listen, click.echo))


@commands.command()
@HOME
@JSON
@click.argument("name")
@click.option("--district", default="", help="行政区划代码")
@exits
def enrol(home: Path, as_json: bool, name: str, district: str) -> None:
    """为名为 NAME 的节点发一个接入码（一次有效，七天内）。"""
    with at(home) as desk:
        result = desk.call("enrol", name=name, district=district)
    if result["note"]:
        say(result["note"])
    say(f"接入码发给“{name}”，一次有效，七天内使用。请当面或经可信渠道交付，不要用群聊。")
    say(f"中心指纹，供接入后电话核对：{result['words']}（或数字 {result['figures']}）")
    give(as_json, result, result["token"])


@commands.command()
@HOME
@JSON
@exits
def nodes(home: Path, as_json: bool) -> None:
    """列出全部节点与尚未使用的接入码。"""
    with at(home) as desk:
        result = desk.call("nodes")
    lines = [f"{n['name']}  {STATES[n['state']]}  {n['records']} 件  最近联系 {when(n['last_contact'])}\n{_compared('    指纹', n)}" for n in result["nodes"]]
    lines += [f"{t['name']}  接入码待用，{when(t['expires'])} 过期" for t in result["tokens"]]
    own = result["fingerprints"]
    lines = lines or ["还没有节点。jindang hub enrol 名称 发放接入码。"]
    give(as_json, result, "\n".join([*lines, _compared("中心指纹", own["hub"]), _compared("中心证书", own["tls"])]))


def _compared(what: str, said: dict[str, str]) -> str:
    return f"{what} {said['words']}\n         {said['figures']}"


@commands.command()
@HOME
@JSON
@click.argument("node")
@click.option("--reason", required=True, help="撤销原因，写入中心日志")
@exits
def revoke(home: Path, as_json: bool, node: str, reason: str) -> None:
    """撤销节点 NODE：立即断开，不再收其任何数据；已收的不受影响。"""
    with at(home) as desk:
        result = desk.call("revoke", name=node, reason=reason)
    give(as_json, result, f"已撤销“{result['name']}”。")


@commands.command()
@HOME
@JSON
@exits
def status(home: Path, as_json: bool) -> None:
    """各节点与全中心的情况。"""
    from holdings.search_prose import state_words

    with at(home) as desk:
        result = desk.call("status")
    lines = [
        f"{n['name']}（{STATES[n['state']]}）：{n['records']} 件 {n['pages']} 页，{n['bytes_stored'] / 1e6:.1f} MB；待收 {n['pending_deltas']} 个增量；"
        f"待处理 {n['quarantined']} 项；最近联系 {when(n['last_contact'])}"
        for n in result["nodes"]
    ]
    lines.append(
        f"合计 {result['records']} 件 {result['pages']} 页，{result['bytes_stored'] / 1e6:.1f} MB；"
        f"待收 {result['pending_deltas']} 个增量，待验读 {result['unopened_deltas']} 个"
    )
    lines += [words] if (words := state_words(result["search"])) else []
    lines += [f"告警 {when(a['wall'])} {a['text']}" for a in result["alarms"]]
    give(as_json, result, "\n".join(lines))


@commands.command()
@HOME
@JSON
@click.argument("dest", type=click.Path(path_type=Path, file_okay=False))
@click.option("--ref", default=None, help="只导出这一条")
@click.option("--as", "_form", type=click.Choice(["files"]), default="files", show_default=True, help="导出形式")
@exits
def export(home: Path, as_json: bool, dest: Path, ref: str | None, _form: str) -> None:
    """导出为 <档号>/<原文件名> 与 manifest-sha256.txt；不覆盖已有文件，中断后可接着做。"""
    from hub.export import export as export_files

    with at(home) as desk:
        done = export_files(desk, dest.absolute(), ref, lambda e: progress(f"已导出 {e.records} 件，{e.bytes / 1e6:.0f} MB"))
    for problem in done.problems:
        say(f"未导出 {problem}")
    if done.unopened_deltas:
        say(f"另有 {done.unopened_deltas} 个已收存的增量尚未验读，其中的新件和新版本不在这次导出之中。验读完后（jindang hub status）请导出到另一目录。")
    result = {
        "records": done.records, "files": done.files, "bytes": done.bytes, "kept": done.kept, "unopened_deltas": done.unopened_deltas,
        "problems": done.problems,
    }  # fmt: skip
    give(as_json, result, f"已导出 {done.records} 件 {done.files} 个文件，{done.bytes / 1e6:.1f} MB（其中 {done.kept} 个原已在）。")
    sys.exit(4 if done.damage else 1 if done.problems else 0)


@commands.command()
@HOME
@JSON
@click.argument("dest", type=click.Path(path_type=Path, file_okay=False))
@exits
def backup(home: Path, as_json: bool, dest: Path) -> None:
    """备份到 DEST：先数据库，后对象；可反复执行，只补新增。"""
    from hub.backup import backup as back_up

    with at(home) as desk:
        saved = back_up(desk, home.absolute(), dest.absolute(), lambda s: progress(f"已核对 {s.objects} 个对象，复制 {s.bytes / 1e6:.0f} MB"))
    say("备份含密封的 key.jdk，不含解锁它的口令、密钥文件或凭据：请另行保管，缺一不可恢复。")
    result = {"objects": saved.objects, "added": saved.added, "linked": saved.linked, "bytes": saved.bytes, "escrowed": saved.escrowed}
    give(as_json, result, f"已备份：{saved.objects} 个对象，新增 {saved.added} 个（硬链接 {saved.linked} 个，复制 {saved.bytes / 1e6:.1f} MB）。")


@commands.command()
@HOME
@JSON
@click.option("--deep", is_flag=True, help="逐个重读对象并核对摘要（耗时）")
@exits
def doctor(home: Path, as_json: bool, deep: bool) -> None:
    """体检：数据库、日志链与签名、对象、回执、验读位置。"""
    with at(home) as desk:
        result = desk.call("doctor", deep=deep)
    lines = [f"{f['where']}：{f['what']}。{f['remedy']}" for f in result["findings"]]
    give(as_json, result, "\n".join(lines) or "一切正常。")
    sys.exit(4 if result["damage"] else 0 if result["ok"] else 1)


@commands.command()
@HOME
@JSON
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--yes", is_flag=True, help="不再询问")
@exits
def identity(home: Path, as_json: bool, file: Path, yes: bool) -> None:
    """把保管库的 age 私钥写入 FILE（0600）：持有它即可用 age 工具打开一切清单，请离线保管。"""
    from crypto.identity import identity_text, recipient_text
    from hub.config import load
    from hub.errors import NotAllowed
    from hub.home import unlock
    from sync.durable import write_file

    if not yes and (not sys.stdin.isatty() or not click.confirm("此文件可打开本中心收存的一切档案。确实要写出？", err=True)):
        raise NotAllowed("没有写出。无人值守时请加 --yes。")
    home = home.absolute()
    secrets = unlock(home, load(home), ask_passphrase)
    if file.exists():
        raise NotAllowed(f"{file} 已存在，不会覆盖。")
    write_file(file.absolute(), f"{identity_text(secrets.identity)}\n".encode())
    recipient = recipient_text(secrets.recipient())
    give(as_json, {"file": str(file), "recipient": recipient}, f"已写入 {file}（对应公钥 {recipient}）。")


commands.add_command(catalogue)
commands.add_command(restore)
commands.add_command(scrub)
commands.add_command(audit)
commands.add_command(statistics)
commands.add_command(reload)
commands.add_command(check)
commands.add_command(accept)
commands.add_command(return_)
commands.add_command(handover)
commands.add_command(grant)
commands.add_command(propose)
commands.add_command(opening)
commands.add_command(openings)
commands.add_command(notify)
commands.add_command(releases)
commands.add_command(directives)
commands.add_command(meaning)
commands.add_command(account)
commands.add_command(alarms)
commands.add_command(outage)
commands.add_command(simulate)
commands.add_command(journal)
commands.add_command(search)
commands.add_command(suggest)
commands.add_command(show)
commands.add_command(reindex)
