"""`jindang hub statistics`: the yearly statistics 统计年报."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from hub.commands_shell import HOME, JSON, at, exits, give, say

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@HOME
@JSON
@click.option("--year", type=click.IntRange(1949, 9998), default=None, help="年度；不写为今年")
@click.option("--xlsx", type=FILE, help="另存为工作簿")
@click.option("--pdf", type=FILE, help="另存为 A4 打印件")
@click.option(
    "--enter",
    "entries",
    multiple=True,
    metavar="统计项=数",
    help="填报一项，如 照片档案=396500；等号后空着为撤回；可多次",
)
@click.option("--archive", default="", help="填报的是哪个馆（节点名称）；不写为本馆")
@click.option("--note", default="", help="填报的说明")
@click.option("--freeze", is_flag=True, help="定稿：年度结束后，数字不再变动")
@click.option("--by", default="", help="填报人、经办人姓名；填报和定稿必须写")
@exits
def statistics(
    home: Path, as_json: bool, year: int | None, entries: tuple[str, ...], freeze: bool, by: str, **wishes: Any
) -> None:
    """统计年报：馆藏、数字资源、开放、利用、编研，本年与上年；数字与业务同时记下，随时可重现。"""
    if (entries or freeze) and not by.strip():
        raise click.UsageError("填报和定稿须写 --by 姓名。")
    if (entries or freeze) and year is None:
        raise click.UsageError("填报和定稿须写 --year 年度。")
    with at(home) as desk:
        for entry in entries:
            figure, _, value = entry.partition("=")
            desk.call(
                "statistics_enter",
                year=year,
                figure=figure.strip(),
                value=value,
                person=by,
                archive=wishes["archive"],
                note=wishes["note"],
            )
        if freeze:
            say(f"{year} 年统计已定稿，SHA-256 {desk.call('statistics_freeze', year=year, person=by)['sha256']}")
        result = desk.call("statistics", year=year or 0)
        for form in ("xlsx", "pdf"):
            if wishes[form] is not None:
                _save(wishes[form], desk.stream("statistics_paper", form=form, year=result["year"], person=by))
    lines = [
        f"{f['group']}　{f['label']}　{_said(f['value'])} {f['unit']}（上年 {_said(f['last_year'])}）"
        for f in result["figures"]
    ]
    if result["unreported"]:
        lines.append(f"没有报来目录表、机读目录和开放案卷、文件无从计数：{'、'.join(result['unreported'])}")
    lines += [
        f"与定稿不符：{d['figure']} {d['archive']} 定稿 {d['frozen']}，现为 {d['now']}" for d in result["differences"]
    ]
    give(as_json, result, "\n".join([f"{result['year']} 年", *lines]))
    sys.exit(4 if result["differences"] else 0)


def _save(path: Path, pieces: Any) -> None:
    from hub.errors import NotAllowed
    from sync.durable import write_pieces

    if path.exists():
        raise NotAllowed(f"{path} 已存在，不会覆盖。")
    write_pieces(path.absolute(), pieces)
    say(f"已写入 {path}。")


def _said(value: float | None) -> str:
    return "—" if value is None else f"{value:,}"
