"""`jindang node directory …`: printed directories."""

from __future__ import annotations

from pathlib import Path

import click

from node.commands_shell import HOME, JSON, exits, give, reach


@click.group()
def directory() -> None:
    """打印目录：归档文件目录、卷内文件目录、备考表。"""


@directory.command("print")
@HOME
@JSON
@click.argument("kind", type=click.Choice(["items", "volume", "notes"]))
@click.argument("code")
@click.argument("destination", type=click.Path(dir_okay=False, path_type=Path))
@exits
def directory_print(home: Path, as_json: bool, kind: str, code: str, destination: Path) -> None:
    """打印为 PDF：items 归档文件目录，volume 卷内文件目录，notes 备考表；CODE 为案卷档号，或档号开头的一段（如 J023-WS·2011·Y）。"""
    with reach(home) as node:
        result = node.directory_print(kind=kind, code=code, destination=str(destination.absolute()))
    give(as_json, result, f"{result['label']}：{result['rows']} 行，{result['sections']} 份，已写入 {result['file']}")
