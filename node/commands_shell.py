"""What every `jindang node` command shares: options, output, exit codes, and how a node is reached."""

from __future__ import annotations

import functools
import gc
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from holdings.local_time import TYPED

F = TypeVar("F", bound=Callable[..., Any])

CYCLES_AFTER = 10_000
"""New objects after which Python looks for cycles, in place of 700: what a start loads is a hundred thousand that stay."""

OPERATOR_KEY = "jindang.operator"
_HOME = click.option("--home", type=click.Path(path_type=Path, file_okay=False), required=True, help="节点主目录")
_OPERATOR = click.option(
    "--operator",
    envvar="JINDANG_OPERATOR",
    default="",
    expose_value=False,
    is_eager=True,
    callback=lambda context, _option, value: context.meta.__setitem__(OPERATOR_KEY, value),
    help="工号：本机启用个人登录后须登录，口令当场输入，或从 JINDANG_PASSWORD_FILE 所指的文件读",
)


def HOME(command: F) -> F:  # noqa: N802  an option like the others here
    """`--home`, and who acts at a node that signs in."""
    return _HOME(_OPERATOR(command))


TIME = click.DateTime(TYPED)
JSON = click.option("--json", "as_json", is_flag=True, help="最后一行输出一个 JSON 对象")


def say(text: str) -> None:
    """Progress and prose, to standard error."""
    click.echo(text, err=True)


def give(as_json: bool, result: dict[str, Any], text: str) -> None:
    """The result: one JSON object as the last line, or prose."""
    click.echo(json.dumps(result, ensure_ascii=False) if as_json else text)


def ask_passphrase() -> str:
    """Ask for the passphrase that unlocks the key file; only a person at a terminal can answer."""
    if not sys.stdin.isatty():
        raise click.UsageError("密钥以口令锁定，须在终端中输入；无人值守请改用 keyfile 或 credential。")
    return str(click.prompt("口令", hide_input=True, err=True))


def exits(function: F) -> F:
    """Turn the errors of the rooms into exit codes (DESIGN §7)."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        from node import exit_code

        try:
            return function(*args, **kwargs)
        except exit_code.EXPECTED as fault:
            say(f"错误：{fault}")
            sys.exit(exit_code.of(fault))
        except (KeyboardInterrupt, click.Abort):
            say("\n已中断；已经做完的都已保存。")
            sys.exit(1)

    return run  # type: ignore[return-value]


@contextmanager
def reach(home: Path, *, sheets: bool = False, passphrase: str = "") -> Iterator[Any]:
    """The daemon's client when one answers, else the service over the home itself, under its lock; never both.

    Args:
        sheets: the command is likely to read sheets: what reads them is started beside the program.
        passphrase: known already; asked for otherwise, where the key needs one.
    """
    from node import client, first_worker

    home = home.absolute()
    if (daemon := client.connect(home)) is not None:
        if number := _operator():
            opened = daemon.operator_sign_in(number=number, password=ask_password(number))  # type: ignore[attr-defined]
            daemon = client.connect(home, opened["token"])
            try:
                yield daemon
            finally:
                daemon.operator_sign_out()  # type: ignore[union-attr]
            return
        yield daemon
        return
    if sheets:
        first_worker.start()
    gc.set_threshold(CYCLES_AFTER)
    from node.app import open_service

    try:
        with open_service(home, (lambda: passphrase) if passphrase else ask_passphrase) as service:
            from node.direct import Direct

            direct = Direct(service)
            if number := _operator():
                direct.sign_in(number, ask_password(number))
            yield direct
    finally:
        first_worker.discard()


def _operator() -> str:
    context = click.get_current_context(silent=True)
    return str(context.meta.get(OPERATOR_KEY, "")) if context is not None else ""


def ask_password(number: str, variable: str = "JINDANG_PASSWORD_FILE") -> str:
    """An operator's password: from a file where a script acts, else asked for; never an argument, which others on the machine could read."""
    if file := os.environ.get(variable):
        try:
            return Path(file).read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as fault:
            raise click.UsageError(f"口令文件 {file} 读不出：{fault}") from fault
    if not sys.stdin.isatty():
        raise click.UsageError(f"口令须在终端中输入；脚本请用环境变量 {variable} 指明口令文件。")
    return str(click.prompt(f"{number} 的口令", hide_input=True, err=True))
