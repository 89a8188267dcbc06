"""`jindang console`: opens the screens over a node's daemon. Loads the terminal library only when it is asked for."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

import click


@click.command()
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), required=True, help="节点主目录")
@click.option("--by", default="", help="经办人姓名；缺省为登录名")
@click.option("--language", type=click.Choice(["zh-CN", "en"]), default=None, help="界面语言；缺省为此人上次所选")
@click.option(
    "--theme",
    type=click.Choice(["paper", "celadon", "ink", "night", "contrast"]),
    default=None,
    help="配色；缺省为此人上次所选",
)
def console(home: Path, by: str, language: str | None, theme: str | None) -> None:
    """工作台：在终端里办理本机的全部日常工作；关闭后后台服务照常工作。"""
    from node import client
    from node.errors import NodeError

    try:
        client.presence(home.absolute())
    except NodeError as fault:
        click.echo(f"错误：{fault}", err=True)
        sys.exit(fault.exit_code)
    if not sys.stdout.isatty():
        click.echo("错误：工作台须在终端中运行；脚本请用 jindang node … --json", err=True)
        sys.exit(2)
    from tui import page_image
    from tui.app import Console
    from tui.screens import PAGES

    page_image.way()
    Console(home.absolute(), by or getpass.getuser(), PAGES, language=language or "", theme=theme or "").run()
