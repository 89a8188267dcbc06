"""`jindang hub restore | scrub | audit`: care of a hub and of its backups."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import click

from hub.commands_shell import HOME, JSON, ask_passphrase, at, exits, give, progress, say, when

PORTION: Final = 2 << 30
"""Bytes of one request to a running hub: some seconds, in which it also answers others."""
FOLDER: Final = click.Path(path_type=Path, file_okay=False)


@click.command()
@HOME
@JSON
@click.argument("source", type=FOLDER, required=False)
@click.option(
    "--unlock-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="打开备份中 key.jdk 的密钥文件（keyfile 方式）",
)
@click.option(
    "--wait-no-more", is_flag=True, help="已恢复的中心不再等还没联络的节点：它们都不会再来，或确知没有更新的中心日志"
)
@exits
def restore(home: Path, as_json: bool, source: Path | None, unlock_file: Path | None, wait_no_more: bool) -> None:
    """由备份 SOURCE 恢复出新的主目录：逐个核对签名、数据库、对象，全部相符才成为中心；中断了再执行即接着做。"""
    if wait_no_more:
        with at(home) as desk:
            names = desk.call("wait_no_more")["nodes"]
        give(as_json, {"nodes": names}, f"不再等：{'、'.join(names)}。" if names else "没有要等的节点。")
        return
    if source is None:
        raise click.UsageError("请指明备份所在的目录。")
    from hub.restore import restore as bring_back

    done = bring_back(
        source.absolute(),
        home.absolute(),
        unlock_file,
        ask_passphrase,
        lambda r: progress(f"已核对 {r.objects} 个对象，{r.bytes / 1e6:.0f} MB"),
    )
    if done.waits_for:
        say(
            f"请等下列节点各同步一次：{'、'.join(done.waits_for)}。它们持有而中心没有的，会重新送来；其间可以收件，不能接入、停用节点。"
        )
    result = {
        "name": done.name,
        "taken": done.taken,
        "objects": done.objects,
        "bytes": done.bytes,
        "waits_for": done.waits_for,
    }
    give(
        as_json,
        result,
        f"已恢复“{done.name}”{when(done.taken)}的备份：{done.objects} 个对象，{done.bytes / 1e6:.1f} MB，全部核对相符。",
    )


@click.command()
@HOME
@JSON
@click.option("--limit-gib", type=click.IntRange(0, 1_000_000), default=0, help="这一次至多读多少 GiB；0 为读完一轮")
@click.option(
    "--from",
    "mend_from",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="损坏的对象用这份备份补回",
)
@exits
def scrub(home: Path, as_json: bool, limit_gib: int, mend_from: Path | None) -> None:
    """定期巡检：从磁盘重读每个对象并核对摘要，一轮接一轮；中断后接着读。"""
    total: dict[str, Any] = {
        "ok": True,
        "findings": [],
        "objects": 0,
        "bytes": 0,
        "bad": 0,
        "mended": 0,
        "finished": False,
    }
    with at(home) as desk:
        while not total["finished"] and (not limit_gib or total["bytes"] < limit_gib << 30):
            left = min(PORTION, (limit_gib << 30) - total["bytes"]) if limit_gib else PORTION
            given = desk.call("scrub", bytes_most=left, mend_from=str(mend_from.absolute()) if mend_from else "")
            for name in ("objects", "bytes", "bad", "mended"):
                total[name] += given[name]
            total["findings"] += given["findings"]
            total |= {"ok": total["ok"] and given["ok"], "finished": given["finished"], "round": given["round"]}
            progress(f"第 {given['round']} 轮：{given['objects_in_round']} 个对象")
    lines = [f"{f['where']}：{f['what']}。{f['remedy']}" for f in total["findings"]]
    end = "这一轮已读完" if total["finished"] else "这一轮还没有读完"
    lines.append(
        f"第 {total['round']} 轮：这次读了 {total['objects']} 个对象 {total['bytes'] / 1e6:.1f} MB，损坏 {total['bad']} 个，补回 {total['mended']} 个；{end}。"
    )
    give(as_json, total, "\n".join(lines))
    sys.exit(0 if total["ok"] else 4)


@click.command()
@HOME
@JSON
@exits
def reload(home: Path, as_json: bool) -> None:
    """让运行中的中心重读 hub.toml：能当即生效的生效，不能的列出来，等重启。"""
    with at(home) as desk:
        result = desk.call("reload")
    lines = [f"已生效：{'、'.join(result['applied']) or '没有改动'}。"]
    lines += [f"须重启中心才生效：{'、'.join(result['needs_restart'])}。"] if result["needs_restart"] else []
    give(as_json, result, "\n".join(lines))
    sys.exit(1 if result["needs_restart"] else 0)


@click.command()
@HOME
@JSON
@exits
def audit(home: Path, as_json: bool) -> None:
    """查核：日志链、回执、审计日志的签名与锚定，三员是否分立，巡检是否按期。"""
    with at(home) as desk:
        result = desk.call("audit")
    lines = [f"{f['where']}：{f['what']}。{f['remedy']}" for f in result["findings"]]
    give(as_json, result, "\n".join(lines) or f"一切相符；审计日志 {result['acts']} 项。")
    sys.exit(4 if result["damage"] else 0 if result["ok"] else 1)
