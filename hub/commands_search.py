"""`jindang hub search …`: finding records and catalogue rows, and the index by which they are found."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.commands_shell import HOME, JSON, at, exits, give, say, when

if TYPE_CHECKING:
    from holdings.search_prose import Line

MODES = ("words", "meaning", "both")
PORTION_S = 3.0
"""Seconds of rebuilding between two lines of progress."""
SORTS = ("relevance", "newest", "date", "code")


@click.command()
@HOME
@JSON
@click.argument("query", nargs=-1, required=True)
@click.option(
    "--mode", type=click.Choice(MODES), default="words", show_default=True, help="按字词查、按意思查，或两样都查"
)
@click.option(
    "--by",
    type=click.Choice(["words", "sound", "fuzzy"]),
    default="words",
    show_default=True,
    help="sound：按姓名读音查（同音、拼音、首字母）；fuzzy：连近音一起（n/l、zh/z、in/ing）",
)
@click.option(
    "--filter", "filters", multiple=True, metavar="名称=值",
    help="只要：全宗=J023、年度=1958、年度=1958..1962、区县=和平区、保管期限=永久、密级、开放状态、门类、层级、姓名~音=王淑贞；可多次",
)  # fmt: skip
@click.option("--facet", "facets", multiple=True, metavar="名称", help="按此分面计数：全宗、年度、保管期限 等；可多次")
@click.option(
    "--sort", type=click.Choice(SORTS), default="relevance", show_default=True, help="相关、最新收入、日期、档号"
)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="至多列出几条")
@click.option("--cursor", default="", help="接着上一页：上一次结果给出的记号")
@click.option("--explain", is_flag=True, help="说明检索词怎样理解、怎样查到、每条为何命中")
@exits
def search(home: Path, as_json: bool, query: tuple[str, ...], **wishes: Any) -> None:
    """查找题名、责任者、文号、档号、主题词和全文。

    词之间须全部具备；OR 表示任一，NOT 或 -词 表示不含，"连写" 为短语，题名:词 只查一栏，词* 查开头，同音:王淑贞 查姓名读音。
    """
    wishes["filters"], wishes["facets"] = list(wishes["filters"]), list(wishes["facets"])
    with at(home) as desk:
        result = desk.call("search", query=" ".join(query), **wishes)
    give(as_json, result, "" if as_json else _listed(result))


@click.command()
@HOME
@JSON
@click.argument("typed")
@click.option("--limit", type=click.IntRange(1, 50), default=10, show_default=True, help="至多列出几个")
@exits
def suggest(home: Path, as_json: bool, typed: str, limit: int) -> None:
    """联想词：已经输入的词可以怎样写下去。"""
    with at(home) as desk:
        result = desk.call("suggest", typed=typed, limit=limit)
    lines = [f"{one['text']}  （{one['kind']}，{one['rows']}）" for one in result["suggestions"]]
    give(as_json, result, "\n".join(lines) or "没有联想词。")


def _painted(lines: Iterable[Line]) -> str:
    """For a terminal of this width; colours fall away where there is none."""
    from holdings.search_prose import painted

    return painted(lines, shutil.get_terminal_size().columns, click.style)


def _listed(result: dict[str, Any]) -> str:
    from holdings.search_prose import lines_of

    return _painted(lines_of(result))


@click.command()
@HOME
@JSON
@click.argument("ref")
@click.option("--query", default="", help="在各页文字中标出这些词")
@click.option("--text", "with_text", is_flag=True, help="列出各页文字")
@exits
def show(home: Path, as_json: bool, ref: str, query: str, with_text: bool) -> None:
    """一条档案：版本、页、文字、回执、问题。REF 为档号、曾用档号、节点/档号、id:十六进制，或只此一条的档号开头。"""
    with at(home) as desk:
        result = desk.call("show", ref=ref, query=query)
    give(as_json, result, "" if as_json else _shown(result, with_text=with_text or bool(query), whole=with_text))


def _shown(result: dict[str, Any], *, with_text: bool, whole: bool) -> str:
    from holdings.search_prose import text_lines

    lines = [f"{result['ref']}  {result['title']}"]
    if result["void"]:
        lines.append(f"已作废：{result['void']['reason']}（{result['void']['by']}）")
    if result["former_codes"]:
        lines.append(f"曾用档号：{'、'.join(result['former_codes'])}")
    lead = f"第 {result['version']} 版" if result["id"] else "目录中有此条"
    lines.append(f"{lead}，{result['custody']}")
    if photos := result.get("set"):
        lines.append(f"组照 {photos['name']}：{len(photos['refs'])} 张，{photos['said'].get('文字说明', '')}".rstrip("，"))
    lines += [f"  {r['label']} {when(r['wall'])}（日志第 {r['seq']} 条）" for r in result["receipts"]]
    lines += [f"  问题：{finding}" for finding in result["findings"]]
    for page in result["pages"]:
        read = f"  文字 {len(page['text'])} 字" if page["text"] else ""
        lines.append(f"  {page['name']}  {page['bytes']} 字节  {page['sha256'][:16]}…{read}")
        if with_text and page["text"]:
            lines.append(_painted(text_lines(page["text"], page["marks"], whole=whole)))
    return "\n".join(lines)


@click.command()
@HOME
@JSON
@exits
def reindex(home: Path, as_json: bool) -> None:
    """重建检索索引：不停查找，不停收件；可随时按 Ctrl-C 停下，下次接着做。"""
    begin = True
    step: dict[str, Any] = {"finished": False}
    try:
        with at(home) as desk:
            while not step["finished"]:
                step = desk.call("reindex", begin=begin, seconds=PORTION_S)
                _progress(f"重建索引：{step['done']:,} / {step['total']:,} 条")
                begin = False
    except KeyboardInterrupt:
        say("\n已停下，原有索引照常使用；再执行一次即接着做。")
        sys.exit(1)
    if sys.stderr.isatty():
        say("")
    faults = "".join(f"\n{fault}" for fault in step["faults"])
    give(as_json, step, f"索引已重建：{step['entries']:,} 条，{step['bytes'] / 1e6:.1f} MB。{faults}")
    sys.exit(1 if faults else 0)


def _progress(text: str) -> None:
    """One line that is overwritten, for a person at a terminal; else a line now and then."""
    if sys.stderr.isatty():
        click.echo(f"\r{text}", nl=False, err=True)
    else:
        say(text)
