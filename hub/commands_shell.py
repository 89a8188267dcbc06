"""What every `jindang hub` command shares: options, output, exit codes, and how a hub's desk is reached."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

import click

from crypto.errors import CryptoError
from holdings.local_time import local_minute
from hub.desk import Desk
from hub.errors import HubError
from sync.errors import HomeBusy, StoreFull, SyncError

F = TypeVar("F", bound=Callable[..., Any])

HOME = click.option("--home", type=click.Path(path_type=Path, file_okay=False), required=True, help="中心主目录")
JSON = click.option("--json", "as_json", is_flag=True, help="最后一行输出一个 JSON 对象")


def say(text: str) -> None:
    """Progress and prose, to standard error."""
    click.echo(text, err=True)


def progress(text: str) -> None:
    """One line that is overwritten, for a person at a terminal only."""
    if sys.stderr.isatty():
        click.echo(f"\r{text}", nl=False, err=True)


def give(as_json: bool, result: dict[str, Any], text: str) -> None:
    """The result: one JSON object as the last line, or prose."""
    click.echo(json.dumps(result, ensure_ascii=False) if as_json else text)


def when(wall: int | None) -> str:
    """A time (whole seconds UTC) for a person, in the local zone."""
    return local_minute(wall) if wall else "从未"


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
        except (HomeBusy, StoreFull) as fault:
            say(f"错误：{fault}")
            sys.exit(3)
        except (SyncError, CryptoError) as fault:
            say(f"错误：{fault}")
            sys.exit(4)
        except (KeyboardInterrupt, click.Abort):
            say("\n已中断；已经做完的都已保存。")
            sys.exit(1)

    return run  # type: ignore[return-value]


def at(home: Path) -> AbstractContextManager[Desk]:
    """The desk of this home (hub/reach.py)."""
    from hub.reach import reach

    return reach(home.absolute(), ask_passphrase)
