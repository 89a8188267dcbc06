"""`jindang hub …`: the commands of DESIGN §7 for the city's hub. Parses and prints; the work is in the nouns beside it."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from crypto.errors import CryptoError
from hub.errors import HubError
from sync.errors import HomeBusy, SyncError

F = TypeVar("F", bound=Callable[..., Any])

HOME = click.option("--home", type=click.Path(path_type=Path, file_okay=False), required=True, help="中心主目录")
JSON = click.option("--json", "as_json", is_flag=True, help="最后一行输出一个 JSON 对象")


def say(text: str) -> None:
    """Progress and prose, to standard error."""
    click.echo(text, err=True)


def give(as_json: bool, result: dict[str, Any], text: str) -> None:  # noqa: FBT001
    """The result: one JSON object as the last line, or prose."""
    click.echo(json.dumps(result, ensure_ascii=False) if as_json else text)


def ask_passphrase() -> str:
    """Ask for the passphrase that unlocks the key file; only a person at a terminal can answer."""
    if not sys.stdin.isatty():
        raise click.UsageError("key.jdk 以口令锁定，须在终端中输入；无人值守请改用 keyfile 或 credential。")
    return str(click.prompt("口令", hide_input=True, err=True))


def exits(function: F) -> F:
    """Turn the errors of the rooms into exit codes (DESIGN §7)."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except HubError as fault:
            say(f"错误：{fault}")
            sys.exit(fault.exit_code)
        except HomeBusy as fault:
            say(f"错误：{fault}")
            sys.exit(3)
        except (SyncError, CryptoError) as fault:
            say(f"错误：{fault}")
            sys.exit(4)

    return run  # type: ignore[return-value]


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
@exits
def init(home: Path, as_json: bool, name: str, site_class: str, unlock: str | None, **given: Any) -> None:  # noqa: FBT001
    """建立一个新的中心：密钥、证书、数据库。"""
    from crypto.identity import recipient_text
    from hub import app, founding

    if unlock is None:
        if not sys.stdin.isatty():
            raise click.UsageError("没有终端，也没有 --unlock：请指明密钥如何解锁（keyfile:路径 或 credential:名称）。")
        unlock = "passphrase"
    made = founding.found(
        home.absolute(), founding.Wishes(name, site_class, unlock, **given), lambda: str(click.prompt("新口令", hide_input=True, confirmation_prompt=True, err=True)),
        app.SystemClock(), os.urandom,
    )  # fmt: skip
    result = {"hub_id": made.genesis.log_id.hex(), "recipient": recipient_text(made.genesis.recipient), "tls_sha256": made.genesis.tls_digests[0].hex()}
    say("\n".join(made.advice))
    give(as_json, result, f"中心“{name}”已建立：{home}\n标识 {result['hub_id']}\n下一步：jindang hub run --home {home}")


@commands.command()
@HOME
@click.option("--listen", default=None, help="节点端口 主机:端口；缺省用 hub.toml 所写")
@exits
def run(home: Path, listen: str | None) -> None:
    """运行中心，直到收到 SIGTERM。"""
    import uvloop

    from hub import app
    from hub.home import open_home

    opened = open_home(home.absolute(), ask_passphrase, app.SystemClock(), os.urandom)
    uvloop.run(app.serve(opened, listen or opened.config.listen, click.echo))
