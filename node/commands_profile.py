"""`jindang node profile …`: intake profiles 接收方案."""

from __future__ import annotations

import json
from pathlib import Path

import click

from node.commands_shell import HOME, JSON, exits, give, reach


@click.group()
def profile() -> None:
    """接收方案：批次怎样读（文件夹、页数口径、何时算扫完）。"""


@profile.command("add")
@HOME
@JSON
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@exits
def profile_add(home: Path, as_json: bool, file: Path) -> None:
    """加入或更新接收方案（TOML 文件）。"""
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise click.UsageError(f"{file} 读不出：{fault}") from fault
    with reach(home) as node:
        result = node.profile_add(text=text)
    give(
        as_json,
        result,
        f"接收方案“{result['name']}”{'已保存' if result['changed'] else '没有变化'}。页数口径：{result['page_rule']}。",
    )


@profile.command("list")
@HOME
@JSON
@exits
def profile_list(home: Path, as_json: bool) -> None:
    """列出接收方案和所用批次。"""
    with reach(home) as node:
        result = node.profile_list()
    lines = [
        f"{p['name']}  {p['layout']}  {p['ready']}  {'、'.join(p['deliveries']) or '（未用）'}"
        for p in result["profiles"]
    ]
    give(as_json, result, "\n".join(lines) or "尚无接收方案；批次按 <档号>/页 的文件夹读。")


@profile.command("show")
@HOME
@JSON
@click.argument("name")
@exits
def profile_show(home: Path, as_json: bool, name: str) -> None:
    """一个接收方案的全部内容。"""
    with reach(home) as node:
        result = node.profile_show(name=name)
    give(as_json, result, json.dumps(result, ensure_ascii=False, indent=2))


@profile.command("assign")
@HOME
@JSON
@click.argument("delivery")
@click.argument("name", default="")
@exits
def profile_assign(home: Path, as_json: bool, delivery: str, name: str) -> None:
    """批次按某方案读；不写方案名即取消。上级文件夹的方案对其下批次都有效。"""
    with reach(home) as node:
        result = node.profile_assign(delivery_name=delivery, name=name)
    how = f"按接收方案“{name}”读" if name else "不再用接收方案"
    give(as_json, result, f"批次“{result['delivery']}”{how}，下次查看时生效。")


@profile.command("propose")
@HOME
@JSON
@click.argument("delivery")
@exits
def profile_propose(home: Path, as_json: bool, delivery: str) -> None:
    """由批次本身推荐接收方案：哪种文件夹读法挂接最多，前 200 件的页数合哪种口径。不写入。"""
    with reach(home) as node:
        result = node.profile_propose(delivery_name=delivery)
    text = (
        f"读法 {result['layout']}：挂接 {result['linked']} 件，无目录行 {result['unknown']} 件，未挂接 {result['left']} 处\n"
        f"页数口径：{result['text']}\n\n{result['toml']}"
    )
    give(as_json, result, text)
