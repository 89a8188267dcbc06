"""`jindang node unlock`, `lock`, `passphrase`, `fingerprint`: the lock of this machine's key, and the key as people compare it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from node.commands_shell import HOME, JSON, ask_passphrase, exits, give, reach

OF: Final = {"own": "本机", "hub": "中心", "tls": "中心证书"}
LOCKED_NOW: Final = "JINDANG_LOCKED_NOW"
"""Tells the process that follows a locked daemon to wait on its socket, terminal or not."""


@click.command()
@HOME
@JSON
@exits
def unlock(home: Path, as_json: bool) -> None:
    """解锁：后台服务正等待口令时，在终端中输入。"""
    from node import client
    from node.errors import DaemonUnreachable

    if (daemon := client.connect(home.absolute())) is None:
        raise DaemonUnreachable("后台服务没有运行；请先启动 jindang-node 服务")
    give(as_json, daemon.unlock(passphrase=ask_passphrase()), "已解锁。")  # type: ignore[attr-defined]


@click.command()
@HOME
@JSON
@exits
def lock(home: Path, as_json: bool) -> None:
    """立即锁定：后台服务放下手头的事，忘掉密钥，等人输入口令（口令锁定的本机）。"""
    from node import client

    if client.connect(home.absolute()) is None:
        give(as_json, {"locked": True}, "后台服务没有运行，密钥此刻就是锁着的。")
        return
    with reach(home) as node:
        give(as_json, node.machine_lock(), "已锁定；解锁请在工作台按 F6，或执行 jindang node unlock。")


@click.command()
@HOME
@JSON
@exits
def passphrase(home: Path, as_json: bool) -> None:
    """更改本机密钥的口令；现在的和新的在终端中输入。此前备份中的密钥文件仍用旧口令。"""
    old = ask_passphrase()
    new = str(click.prompt("新口令", hide_input=True, confirmation_prompt=True, err=True))
    with reach(home, passphrase=old) as node:
        give(
            as_json,
            node.machine_passphrase(old=old, new=new),
            "口令已更改；请现在就作一次备份，此前备份中的密钥文件仍用旧口令。",
        )


@click.command()
@HOME
@JSON
@exits
def fingerprint(home: Path, as_json: bool) -> None:
    """本机、中心及中心证书的指纹：词组、数字，供电话核对；中心用 hub nodes。"""
    with reach(home) as node:
        found = {of: {name: value for name, value in node.machine_fingerprint(of=of).items() if name not in {"of", "qr"}} for of in OF}
    told = [f"{OF[of]}\n  {' '.join(one['words'])}\n  {' '.join(one['figures'])}\n  {one['hex']}" for of, one in found.items()]
    give(as_json, {"fingerprints": found}, "\n".join(told))
