"""`jindang hub openings`: opening reviews 开放审核, listed, taken along, closed again."""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from hub.commands_shell import HOME, JSON, at, exits, give, say, when

STATES = ("waiting", "approved", "refused", "withdrawn", "revoked")


@click.command()
@HOME
@JSON
@click.option(
    "--state",
    type=click.Choice(STATES),
    help="只列此状态：waiting 待复审、approved 已审定、refused 未通过、withdrawn 已撤回、revoked 已停止开放",
)
@click.option("--before", type=click.IntRange(0), default=0, help="从此编号之前列起")
@click.option("--limit", type=click.IntRange(1, 1_000), default=100, show_default=True, help="至多列出几份")
@click.option("--csv", "file", type=click.Path(path_type=Path, dir_okay=False), help="另存为 CSV，一件一行；不带公式")
@click.option("--revoke", type=click.IntRange(1), help="停止开放：第几号审核所开放的，当即改为控制；须写 --reason")
@click.option("--reason", default="", help="停止开放的理由")
@click.option("--by", default=getpass.getuser, help="经办人姓名；缺省为登录名")
@exits
def openings(
    home: Path,
    as_json: bool,
    state: str | None,
    before: int,
    limit: int,
    file: Path | None,
    revoke: int | None,
    reason: str,
    by: str,
) -> None:
    """列出开放审核，新的在前；网页上一人提出、另一人复审，opening 直接下达的也在内。"""
    if revoke is not None and not reason.strip():
        raise click.UsageError("停止开放须写 --reason 理由。")
    with at(home) as desk:
        if revoke is not None:
            done = desk.call("opening_revoke", review=revoke, reason=reason, by=by)
            say(f"第 {revoke} 号审核所开放的 {done['records']} 件已停止开放；已签发 {len(done['directives'])} 条指令。")
        result = desk.call("openings", state=state or "", before=before, limit=limit)
        if file is not None:
            from hub.errors import NotAllowed
            from sync.durable import write_pieces

            if file.exists():
                raise NotAllowed(f"{file} 已存在，不会覆盖。")
            write_pieces(file.absolute(), desk.stream("openings_csv", state=state or ""))
            say(f"已写入 {file}。")
    lines = [
        f"{one['id']}  {one['stage_label']}  {one['result']}{' 至 ' + one['until'] if one['until'] else ''}  {one['records']} 件  {one['by']} {when(one['time'])}"
        f"  {one['ground']}"
        for one in result["items"]
    ]
    give(as_json, result, "\n".join(lines) or "没有开放审核。")
