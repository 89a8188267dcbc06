"""`jindang node …`: the commands of DESIGN §7 for a district's node. Parses and prints; the work is in the nouns beside it."""

from __future__ import annotations

import functools
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from node.commands_key import LOCKED_NOW
from node.commands_shell import HOME, JSON, ask_passphrase, ask_password, exits, give, reach, say

_OF_MODULES = {
    "catalogue": ("catalogue",),
    "check": ("check",),
    "counter": ("counter",),
    "delivery": ("delivery",),
    "directive": ("directives", "returned", "release"),
    "directory": ("directory",),
    "fonds": ("fonds",),
    "key": ("unlock", "lock", "passphrase", "fingerprint"),
    "meaning": ("meaning",),
    "operator": ("operator", "journal"),
    "outage": ("outage",),
    "profile": ("profile",),
    "quarantine": ("quarantine", "page"),
    "reading": ("reading",),
    "renumber": ("codes", "renumber", "volume"),
    "sample": ("sample",),
    "search": ("search", "suggest", "show", "reindex"),
}
"""What stands in `node.commands_…` modules: the words that each of them brings."""
_ELSEWHERE = {word: module for module, words in _OF_MODULES.items() for word in words}


class NodeCommands(click.Group):
    """A click group that imports the commands of another module when one of their words is said: `run` needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every word, in the order of the alphabet."""
        return sorted({*super().list_commands(ctx), *_ELSEWHERE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command behind a word; None for a word that leads nowhere (usage error, exit 2)."""
        if cmd_name not in self.commands and cmd_name in _ELSEWHERE:
            module = importlib.import_module(f"node.commands_{_ELSEWHERE[cmd_name]}")
            for found in vars(module).values():
                if isinstance(found, click.Command) and found.name in _OF_MODULES[_ELSEWHERE[cmd_name]]:
                    self.add_command(found)
        return super().get_command(ctx, cmd_name)


@click.group(cls=NodeCommands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def commands() -> None:
    """区级节点（本机）：接收扫描、检查、加封、传输。"""


@commands.command()
@HOME
@JSON
@click.option("--name", required=True, help="本机名称，与市级中心签发接入码时所写一致")
@click.option("--hub", required=True, help="市级中心地址 https://主机:端口")
@click.option("--token", "token_text", required=True, help="接入码；@文件 从文件读，- 从标准输入读")
@click.option(
    "--watch",
    multiple=True,
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="扫描文件夹，可多次",
)
@click.option(
    "--class",
    "site_class",
    type=click.Choice(["open", "classified"]),
    default="open",
    show_default=True,
    help="非涉密或涉密；以后不能更改",
)
@click.option("--cleared-by", default="", help="以此人名义对所有批次作常设保密审查；缺省时每批须 node clear")
@click.option("--unlock", default=None, help="passphrase、keyfile[:路径] 或 credential[:名称]")
@exits
def init(
    home: Path,
    as_json: bool,
    name: str,
    hub: str,
    token_text: str,
    watch: tuple[Path, ...],
    site_class: str,
    cleared_by: str,
    unlock: str | None,
) -> None:
    """建立本机：密钥、数据库，并向市级中心接入。"""
    from crypto.fingerprint import read_out
    from crypto.fingerprint_words import spoken
    from node.clock import SystemClock
    from node.config import NodeConfig
    from node.errors import ConfigurationWrong
    from node.founding import found
    from sync.site_class import SiteClass

    if unlock is None:
        if not sys.stdin.isatty():
            raise click.UsageError("没有终端，也没有 --unlock：请指明密钥如何解锁（keyfile:路径 或 credential:名称）。")
        unlock = "passphrase"
    try:
        config = NodeConfig(name, hub, tuple(str(w.absolute()) for w in watch), unlock, cleared_by)
    except ValueError as fault:
        raise ConfigurationWrong(str(fault)) from fault
    if site_class == "classified":
        raise ConfigurationWrong("涉密节点没有联网通路，只经交换载体往来；交换载体的接入随后续版本提供。")
    own, city = found(
        home.absolute(), config, SiteClass[site_class.upper()], _token(token_text),
        lambda: str(click.prompt("新口令", hide_input=True, confirmation_prompt=True, err=True)), int(SystemClock().now()),
    )  # fmt: skip
    if unlock == "keyfile":
        say(
            "密钥文件 unlock.key 与主目录在同一磁盘：磁盘失窃即密钥失窃。请移到另一介质，并把 node.toml 的 unlock 改为 keyfile:路径。"
        )
    result = {"name": own.name, "log_id": own.log_id.hex(), "hub": city.name, "hub_id": city.log_id.hex()}
    result |= {"figures": read_out(own.log_id), "hub_figures": read_out(city.log_id)}
    result |= {"words": spoken(own.log_id), "hub_words": spoken(city.log_id)}
    either = [f"  {who} {spoken(value)}\n       {read_out(value)}" for who, value in (("本机", own.log_id), ("中心", city.log_id))]
    compared = "\n".join(["请与中心电话核对指纹，念词组或数字都行：", *either])
    give(as_json, result, f"本机“{own.name}”已接入“{city.name}”。{compared}\n下一步：jindang node run --home {home}")


def _token(text: str) -> str:
    if text == "-":
        return sys.stdin.readline()
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise click.UsageError(f"接入码文件 {text[1:]} 读不出：{fault}") from fault


@commands.command()
@HOME
@JSON
@click.option("--once", is_flag=True, help="收入已就绪的，传输，等回执，然后退出")
@click.option("--settle", type=click.FloatRange(min=0), default=None, help="两次查看的间隔秒数；0 表示只看一次")
@click.option(
    "--wait",
    type=click.Choice(["R1", "R4"]),
    default="R4",
    show_default=True,
    help="--once 等到哪一级回执（R4 至多 60 秒）",
)
@exits
def run(home: Path, as_json: bool, once: bool, settle: float | None, wait: str) -> None:
    """运行本机：守候扫描文件夹，按时段传输。"""
    if not once:
        from node.daemon import serve

        def ask() -> str:
            if os.environ.pop(LOCKED_NOW, "") == "" and sys.stdin.isatty():
                return ask_passphrase()
            from node.unlocking import wait_for_passphrase

            return wait_for_passphrase(home.absolute(), say)

        if serve(home.absolute(), ask, say):
            # Another process image: of the keys nothing stays in memory.
            os.environ[LOCKED_NOW] = "1"
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  ourselves, as we were started
        return
    with reach(home, sheets=True) as node:
        result = _with_progress(node, functools.partial(node.run, settle=settle, wait=wait))
    give(as_json, result, _run_text(result))
    sys.exit(1 if result["quarantined"] or result["exceptions"] else 0)


def _with_progress(node: Any, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    from node.progress import shown

    return shown(node, work)


def _run_text(r: dict[str, Any]) -> str:
    waits = f"\n待处理 {r['quarantined']} 件：jindang node quarantine list" if r["quarantined"] else ""
    return (
        f"收入 {r['records']} 件 {r['pages']} 页（{r['bytes_source'] / 1e6:.1f} MB），{r['deltas']} 个增量；发送 {r['bytes_sent'] / 1e6:.1f} MB；"
        f"已收存 {r['receipted']} 件，已验读 {r['opened']} 件；用时 {r['seconds']:.1f} 秒{waits}"
    )


@commands.command()
@HOME
@JSON
@exits
def status(home: Path, as_json: bool) -> None:
    """本机现况。"""
    from holdings.search_prose import state_words
    from node.commands_directive import city_words

    with reach(home) as node:
        result = node.status()
    text = (
        f"{result['name']}：{result['records']} 件 {result['pages']} 页；待传 {result['pending_deltas']} 个增量 {result['pending_bytes'] / 1e6:.1f} MB；"
        f"待处理 {result['quarantined']}；扫描中 {result['scanning']}；最近联络 {result['last_contact'] or '无'}"
    )
    text += f"\n{words}" if (words := state_words(result["search"])) else ""
    text += f"\n{words}" if (words := city_words(result["city"])) else ""
    give(as_json, result, text)


@commands.command()
@HOME
@JSON
@exits
def sync(home: Path, as_json: bool) -> None:
    """立即传输：把已加封的送到市级中心，取回回执。"""
    with reach(home) as node:
        result = node.run(intake=False)
    give(as_json, result, _run_text(result))


@commands.command()
@HOME
@JSON
@click.option("--settle", type=click.FloatRange(min=0), default=None, help="两次查看的间隔秒数；0 表示只看一次")
@exits
def intake(home: Path, as_json: bool, settle: float | None) -> None:
    """只收入：查看扫描文件夹，检查、加封，不传输。"""
    with reach(home) as node:
        result = _with_progress(node, functools.partial(node.run, settle=settle, send=False))
    give(as_json, result, _run_text(result))
    sys.exit(1 if result["quarantined"] else 0)


def _examined(as_json: bool, result: dict[str, Any]) -> None:
    text = (
        "\n".join(f"{f['where']}：{f['what']} → {f['remedy']}" for f in result["findings"]) or "一切正常，无数据丢失。"
    )
    give(as_json, {"ok": result["ok"], "findings": result["findings"]}, text)
    sys.exit(0 if result["ok"] else 4 if result["damage"] else 1)


@commands.command()
@HOME
@JSON
@exits
def verify(home: Path, as_json: bool) -> None:
    """逐个复核已加封对象的摘要。"""
    with reach(home) as node:
        result = node.verify()
    _examined(as_json, result)


@commands.command()
@HOME
@JSON
@click.option("--repair", is_flag=True, help="清除断电留下的无主对象")
@exits
def doctor(home: Path, as_json: bool, repair: bool) -> None:
    """体检：数据库、日志、回执、对象、时钟。"""
    with reach(home) as node:
        result = node.doctor(repair=repair)
    _examined(as_json, result)


@commands.command()
@HOME
@JSON
@click.argument("destination", type=click.Path(file_okay=False, path_type=Path))
@exits
def backup(home: Path, as_json: bool, destination: Path) -> None:
    """备份到文件夹（可重复，只补新增）。"""
    with reach(home) as node:
        result = node.backup(destination=str(destination.absolute()))
    give(
        as_json,
        result,
        f"已备份 {result['objects']} 个对象（本次新增 {result['copied']} 个，{result['bytes'] / 1e6:.1f} MB）。密钥文件已随备份，解锁方式另存。",
    )


@commands.command()
@HOME
@JSON
@click.argument("destination", type=click.Path(file_okay=False, path_type=Path))
@click.option("--ref", default=None, help="只导出这一条（档号、曾用档号或 id:HEX）")
@click.option(
    "--as",
    "form",
    type=click.Choice(["files"]),
    default="files",
    show_default=True,
    expose_value=False,
    help="导出形式",
)
@exits
def export(home: Path, as_json: bool, destination: Path, ref: str | None) -> None:
    """导出为普通文件：<档号>/<原文件名> 和 manifest-sha256.txt。"""
    with reach(home) as node:
        result = node.export(destination=str(destination.absolute()), ref=ref)
    give(as_json, result, f"已导出 {result['records']} 件 {result['pages']} 页，{result['bytes'] / 1e6:.1f} MB。")


@commands.command()
@HOME
@JSON
@click.argument("delivery")
@click.option("--by", "persons", multiple=True, help="审查人姓名，两人各写一次（本机没有操作员时）")
@click.option(
    "--second",
    default="",
    help="第二人的工号（本机有操作员时；第一人即 --operator）；口令当场输入，或从 JINDANG_SECOND_PASSWORD_FILE 所指的文件读",
)
@exits
def clear(home: Path, as_json: bool, delivery: str, persons: tuple[str, ...], second: str) -> None:
    """签署批次的保密审查意见（不含国家秘密），须两人。本机有操作员的，两人各以自己的工号和口令签署。"""
    if not persons and not second:
        raise click.UsageError("请写明两名审查人：--by 姓名 --by 姓名；本机有操作员的，写 --second 第二人工号")
    proof = {"second": second, "password": ask_password(second, "JINDANG_SECOND_PASSWORD_FILE")} if second else {}
    with reach(home) as node:
        result = node.clear(delivery_name=delivery, persons=list(persons), **proof)
    give(
        as_json,
        result,
        f"批次“{result['delivery']}”的保密审查已由 {'、'.join(result['persons'])} 签署，覆盖现有目录 {result['rows']} 条。",
    )


@commands.command()
@HOME
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="不再询问")
@exits
def identity(home: Path, file: Path, yes: bool) -> None:
    """写出本机的 age 私钥（仅限应急）：用普通 age 工具即可打开清单。"""
    from node.app import write_identity

    if not yes:
        click.confirm("写出的文件能打开本机的全部清单，须与密钥同等保管。继续？", abort=True, err=True)
    write_identity(home.absolute(), file, ask_passphrase)
    say(f"已写入 {file}")
