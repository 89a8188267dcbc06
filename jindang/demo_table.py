"""What a person sees of the demo: the steps as they go, and at the end one page in Chinese that fits 80 columns."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.cells import cell_len, get_character_cell_size
from rich.console import Console
from rich.markup import escape
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from jindang.demo_report import Figures, Report, checks, figures, held_findings, sent_again, total

WIDTH = 80
YES, NO = "√", "×"
"""The marks of Chinese forms: unlike ✓ and ✗ they exist in GBK."""
BULLET = "  · "
WORTH_SAYING = 100_000
NEVER_FIRST = "，。、；：？！）》」』”’%"
REASONS = {"classified": "标有密级", "truncated": "图像残缺"}


class Teller:
    """Says every step when it begins (at a terminal) and when it is done, with its time; keeps the times."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.steps: list[tuple[str, float]] = []

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """One step of the demo."""
        began = time.monotonic()
        if self._console.is_terminal:
            with self._console.status(f"{what} …", spinner="line"):
                yield
        else:
            yield
        seconds = time.monotonic() - began
        self.steps.append((what, seconds))
        self._console.print(f"[green]{YES}[/] [dim]{seconds:5.1f} 秒[/]  {what}", soft_wrap=True)


def amount(size: int) -> str:
    """A size for people: 字节, KB or MB of a thousand, never more than four digits before the point."""
    if size < 1_000:
        return f"{size} 字节"
    return f"{size / 1e3:.1f} KB" if size < 1_000_000 else f"{size / 1e6:,.2f} MB"


def fold_at(text: str, width: int) -> list[int]:
    """Where to break a text so that no piece is wider than `width` columns (at least 4): Chinese breaks anywhere, but no line begins
    with a closing sign, and words of Latin letters, digits and codes stay whole where they can. Pure.
    """
    breaks, begin, cells, last = [], 0, 0, 0
    for at, sign in enumerate(text):
        size = get_character_cell_size(sign)
        if at > begin and _may_break(text[at - 1], sign):
            last = at
        # Twice where what follows the break has no place to break before this sign.
        while cells + size > width and at > begin:
            begin = last if last > begin else at
            breaks.append(begin)
            cells = cell_len(text[begin:at])
        cells += size
    return breaks


def _may_break(before: str, after: str) -> bool:
    if after in NEVER_FIRST or before in "（《「『“‘":
        return False
    return before == " " or get_character_cell_size(before) > 1 or get_character_cell_size(after) > 1


def show(report: Report, console: Console) -> None:
    """Print the page; 80 columns, narrower on a narrow terminal, plain where there is no terminal."""
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    failed = [check.what for check in checks(report) if not check.good]
    console.print()
    console.print(Rule("[bold]津档演示[/]  一个市级中心，两个区级节点", style="cyan"))
    console.print(_nodes(report))
    _chapter(console, "改一页，只送一页", _change(report))
    _chapter(console, "传到一半，kill -9", _killed(report))
    _chapter(console, "逐字节比对", _compared(report))
    _chapter(console, "没有离开节点的", [])
    _held(console, report)
    console.print()
    for what in failed:
        console.print(f"[bold red]{NO} 不符：{what}[/]")
    verdict = "[bold red]有不符之处，见上[/]" if failed else "[bold green]全部如期：一页不少，一页不多[/]"
    console.print(Rule(f"{verdict}  用时 {report.total_seconds:.1f} 秒", style="red" if failed else "green"))


def _nodes(report: Report) -> Table:
    """Per node: what came in, what travelled, what is receipted, what waits."""
    table = Table(box=box.ROUNDED, expand=True, show_footer=True, border_style="dim", header_style="bold")
    lines = [figures(report, node) for node in report.nodes]
    cells, sums = [_cells(line) for line in lines], _cells(total("合计", lines))
    for position, head in enumerate(("节点", "件", "页", "原件", "发送", "已收存", "已验读", "待处理")):
        table.add_column(head, footer=sums[position], justify="right" if position else "left", no_wrap=True)
    for line, row in zip(lines, cells, strict=True):
        good = line.receipted == line.opened == line.records
        table.add_row(*(Text(cell, style=_colour(at, good, line)) for at, cell in enumerate(row)))
    return table


def _colour(position: int, good: bool, line: Figures) -> str:
    if position in (5, 6):
        return "green" if good else "bold red"
    return "yellow" if position == 7 and line.quarantined else ""


def _cells(f: Figures) -> list[str]:
    return [
        f.name, f"{f.records:,}", f"{f.pages:,}", amount(f.bytes_source), amount(f.bytes_sent), f"{f.receipted:,}", f"{f.opened:,}",
        f"{f.quarantined:,}",
    ]  # fmt: skip


def _change(report: Report) -> list[str]:
    rescan, sent = report.rescan, int(report.rescan_run["bytes_sent"])
    return [
        f"返工重扫：{rescan.code} 的 {rescan.name}，新页 {amount(rescan.page_bytes)}，该件共 {amount(rescan.record_bytes)}",
        f"发送 [bold]{amount(sent)}[/]：新页，加上清单、签名与问答；旧页不重送",
        f"同时碰过其余 {rescan.touched} 个文件（时间变了，内容没变）：什么也不送",
    ]


def _killed(report: Report) -> list[str]:
    kill, victim, other = report.kill, report.nodes[0].district.name, report.nodes[1].district.name
    again = sent_again(report.nodes[1])
    under_way = f"；断开时在途的 {amount(again)} 重送" if again > WORTH_SAYING else ""
    return [
        f"第二批 {amount(kill.batch_bytes)}，中心存下 {amount(kill.arrived)} 时，{victim}节点与市级中心同时被杀",
        f"重新启动，只补传 [bold]{amount(kill.resumed)}[/]",
        f"{other}节点没有被杀：连不上中心，自己等到恢复，传完（{kill.others_s:.1f} 秒{under_way}）",
        f"中心的加封对象共 {amount(report.hub_object_bytes)}，正是两个节点之和：没有丢，也没有重",
    ]


def _compared(report: Report) -> list[str]:
    c = report.comparison
    healthy = (("市级中心", report.hub_doctor), *((node.district.name, node.doctor) for node in report.nodes))
    return [
        f"中心导出 {c.equal + len(c.mismatched) + len(c.leaked)} 个文件，重算 SHA-256：[bold]{c.equal}[/] 个与原件相同，共 {amount(c.equal_bytes)}",
        f"{_mark(c.good)} 丢失 {len(c.lost)}，不一致 {len(c.mismatched)}，不该出现的 {len(c.leaked)}",
        "体检：" + "  ".join(f"{name} {_mark(bool(doctor['ok']))}" for name, doctor in healthy),
    ]


def _mark(good: bool) -> str:
    return f"[green]{YES}[/]" if good else f"[bold red]{NO}[/]"


def _held(console: Console, report: Report) -> None:
    """What stayed at its node: which, why, what to do."""
    for name, code, finding in held_findings(report.nodes):
        reason = REASONS[finding["code"]]
        _line(console, f"[yellow]{reason}[/]  {name} {code}", BULLET)
        _line(console, escape(finding["rule"]), "      依据 ")
        _line(console, escape(finding["remedy"]), "      办法 ")


def _chapter(console: Console, title: str, lines: Sequence[str]) -> None:
    """A heading and its lines."""
    console.print(f"[bold cyan]{title}[/]")
    for line in lines:
        _line(console, line, BULLET)


def _line(console: Console, markup: str, lead: str) -> None:
    """One line under `lead`, folded with a hanging indent."""
    text, indent = Text.from_markup(markup), cell_len(lead)
    for piece in text.divide(fold_at(text.plain, console.width - indent)):
        piece.rstrip()
        console.print(Text(lead) + piece, no_wrap=True, overflow="ignore", crop=False)
        lead = " " * indent
