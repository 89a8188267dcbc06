"""What every `jindang node` command shares: options, output, exit codes, and how a node is reached."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

HOME = click.option("--home", type=click.Path(path_type=Path, file_okay=False), required=True, help="节点主目录")
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

    return run  # type: ignore[return-value]


@contextmanager
def reach(home: Path, *, sheets: bool = False) -> Iterator[Any]:
    """The daemon's client when one answers, else the service over the home itself, under its lock; never both.

    Args:
        sheets: the command is likely to read sheets: what reads them is started beside the program.
    """
    from node import client, first_worker

    home = home.absolute()
    if (daemon := client.connect(home)) is not None:
        yield daemon
        return
    if sheets:
        first_worker.start()
    from node.app import open_service

    try:
        with open_service(home, ask_passphrase) as service:
            yield service
    finally:
        first_worker.discard()
