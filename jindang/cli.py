"""The front door: maps the first word to a room's command module and imports that module alone.

`jindang hub` must load neither screens nor folder watching, so nothing here imports a room until its word is said.
Exit code 2 is wrong usage (click's own), 1 an interrupted command; the rooms decide the others.
"""

import importlib
from typing import NamedTuple

import click


class Door(NamedTuple):
    """Where one first word leads: module, name of the click command in it, and the line `--help` shows."""

    module: str
    command: str
    summary: str


DOORS = {
    "demo": Door("jindang.demo", "demo", "演示：一个市级中心、两个区级节点、自带样例扫描件"),
    "node": Door("node.commands", "commands", "区级节点（本机）：接收扫描件、加封、报送"),
    "console": Door("tui.commands", "console", "工作台：区级节点的全部日常工作"),
    "hub": Door("hub.commands", "commands", "市级中心：收存、验读、回执、导出"),
}


class FrontDoor(click.Group):
    """A click group whose members are imported when they are asked for; `--help` alone imports none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the first words in the order in which people meet them."""
        return list(DOORS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command behind a word; None for a word that leads nowhere (usage error, exit 2)."""
        door = DOORS.get(cmd_name)
        if door is None:
            return None
        command: click.Command = getattr(importlib.import_module(door.module), door.command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of words from the table, so that help loads no room."""
        with formatter.section("命令"):
            formatter.write_dl([(word, door.summary) for word, door in DOORS.items()])


def program_version() -> str:
    """Return the installed version, or "source" when run from a checkout that no environment has installed."""
    # Here: it takes a fifth of a short command's start, and --version alone asks for it.
    import importlib.metadata

    try:
        return importlib.metadata.version("jindang")
    except importlib.metadata.PackageNotFoundError:
        return "source"


def show_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    """Print the version and leave, when asked to."""
    if asked and not ctx.resilient_parsing:
        click.echo(f"jindang 津档 {program_version()}")
        ctx.exit()


@click.group(cls=FrontDoor, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=show_version, help="显示版本并退出。"
)
def main() -> None:
    """津档：从扫描文件夹到有回执的市级中心。

    退出码：0 完成；1 完成，但有事项需要人处理；2 用法或配置有误；3 对方或存储不可达；4 发现损坏或回退。
    """
