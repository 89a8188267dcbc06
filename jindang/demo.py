"""`jindang demo`: a hub, two nodes and sample scans on this machine; every step is a real `jindang …` process (issue 2, item 8)."""

from __future__ import annotations

import json
import math
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import click
from rich.console import Console

from jindang import demo_table
from jindang.demo_comparison import compare, exported, manifest_differs
from jindang.demo_programs import Answer, Child, Programs, StepFailed, wait_for
from jindang.demo_report import Kill, NodeRuns, Report, checks, summary
from jindang.demo_scans import DISTRICTS, HELD, District, Rescan, lay_out, more_records, scan_again, sources

HUB = "hub"
PORTS = range(20_000, 32_000)
"""Below the ports that systems give to outgoing connections: one of those could take the hub's while it is down."""
FREE_GIB = 0.1
"""The demo needs little: a hub's own default would refuse on a small disk."""
LINE_S = 3.0
"""How long the second batch shall take on the capped line, so that there is a middle to be killed in."""
CONNECTIONS = 8
PACK_BYTES = 8 << 20
VISIBLE_BYTES = 1 << 20
"""A hub writes an arriving object in pieces of this size; 35 records are the least that weigh twice as much."""
NEEDS_PERSON = 1
UNREACHABLE = 3


class Stage:
    """The folders and programs of one demo.

    Args:
        folder: an empty folder for everything.
        tell: told of every step that begins; shows it.
    """

    def __init__(self, folder: Path, programs: Programs, tell: demo_table.Teller) -> None:
        self.folder, self.programs, self.tell = folder, programs, tell
        self.scans = folder / "扫描"
        self.port = free_port()
        self.runs: dict[District, list[Answer]] = {district: [] for district in DISTRICTS}
        self._hub = self._found_hub()

    def home(self, who: District | str) -> Path:
        """Home of a node, or of the hub."""
        return self.folder / (who if isinstance(who, str) else who.home)

    def _found_hub(self) -> Child:
        with self.tell.step("市级中心建立并启动"):
            listen = f"127.0.0.1:{self.port}"
            self.programs.run("hub", "init", "--home", self.home(HUB), "--unlock", "keyfile", "--listen", listen)
            with (self.home(HUB) / "hub.toml").open("a", encoding="utf-8") as config:
                config.write(f"min_free_gib = {FREE_GIB}\n")
            return self._hub_up()

    def _hub_up(self) -> Child:
        hub = self.programs.start("hub", "run", "--home", self.home(HUB))
        hub.address()
        return hub

    def found_nodes(self) -> None:
        """Enrol both nodes and lay out their scans."""
        with self.tell.step("两个区级节点领取接入码并接入，扫描件放进文件夹"):
            asked = {
                d: self.programs.start("hub", "enrol", d.name, "--home", self.home(HUB), "--json") for d in DISTRICTS
            }
            joining = []
            for district, child in asked.items():
                lay_out(self.scans, district)
                token = self.folder / f"{district.home}.token"
                token.touch(mode=0o600)
                token.write_text(child.answer()["token"], "utf-8")
                joining.append(self.programs.start(
                    "node", "init", "--home", self.home(district), "--name", district.name, "--hub", f"https://127.0.0.1:{self.port}",
                    "--token", f"@{token}", "--watch", self.scans / district.name, "--cleared-by", district.clearer, "--unlock", "keyfile", "--json",
                ))  # fmt: skip
            for child in joining:
                child.answer()

    def start_run(self, district: District) -> Child:
        """Start `node run --once` of a node."""
        return self.programs.start("node", "run", "--once", "--settle", "0", "--home", self.home(district), "--json")

    def take(self, district: District, child: Child) -> Answer:
        """Wait for a run and keep what it said; one that leaves things for a person is as good."""
        answer = child.answer((0, NEEDS_PERSON))
        self.runs[district].append(answer)
        return answer

    def sync_all(self) -> None:
        """First sync of both nodes at once, with receipts."""
        with self.tell.step("首次报送：看、查、加封、传输、等两级回执"):
            for district, child in [(d, self.start_run(d)) for d in DISTRICTS]:
                self.take(district, child)

    def change_page(self) -> tuple[Rescan, Answer]:
        """One page is scanned again, every other one is only touched; sync."""
        with self.tell.step("返工重扫一页，再报送"):
            rescan = scan_again(self.scans)
            return rescan, self.take(rescan.district, self.start_run(rescan.district))

    def kill_in_the_middle(self, records: int) -> Kill:
        """More pages arrive; node and hub are killed while they travel, and go on."""
        victim, other = DISTRICTS
        with self.tell.step(f"第二批到来（每区 {records} 件），传到一半 kill -9 节点与中心"):
            before = self._arrived(victim)
            sizes = {district: more_records(self.scans, district, records) for district in DISTRICTS}
            for district, size in sizes.items():
                self._cap(district, size)
            children = {district: self.start_run(district) for district in DISTRICTS}
            # The victim's line alone decides: on a busy machine the other node may not have begun when this one is nearly through.
            wait_for(
                "传到一半的数据包",
                lambda: self._arrived(victim) - before >= VISIBLE_BYTES or not children[victim].running,
            )
            both_ran = all([children[victim].kill(), self._hub.kill()])
            arrived, began = self._arrived(victim) - before, time.monotonic()
        with self.tell.step("中心与节点重新启动，接着传"):
            self._hub = self._hub_up()
            self._cap(victim, 0)
            resumed = self.take(victim, self.start_run(victim))
            # It tries six times; on a very slow machine the hub may need longer than that.
            gave_up = children[other].ended() == UNREACHABLE
            self.take(other, self.start_run(other) if gave_up else children[other])
        return Kill(arrived, sizes[victim], int(resumed["bytes_sent"]), time.monotonic() - began, both_ran)

    def _cap(self, district: District, size: int) -> None:
        """Cap the node's line so that `size` bytes take LINE_S over as many connections as there are packs; 0 takes the cap away."""
        path = self.home(district) / "node.toml"
        lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("cap_mbit")]
        used = min(CONNECTIONS, math.ceil(size / PACK_BYTES))
        if size:
            lines.append(f"cap_mbit = {size * 8 / 1e6 / LINE_S * CONNECTIONS / used:.3f}")
        path.write_text("\n".join(lines) + "\n", "utf-8")

    def _arrived(self, district: District) -> int:
        """Bytes of the node's objects that lie at the hub, whole or unfinished."""
        mine = {path.name for path in (self.home(district) / "objects").glob("*/*")}
        hub, size = self.home(HUB), 0
        for path in (*hub.glob("uploads/*"), *hub.glob("objects/*/*")):
            # An upload that ends while we look moves from the one folder to the other.
            with suppress(FileNotFoundError):
                size += path.stat().st_size if path.name in mine else 0
        return size

    def look(self, kill: Kill, change: tuple[Rescan, Answer]) -> Report:
        """Export everything at the hub, hash it and its sources, and ask all three programs how they are."""
        with self.tell.step("中心导出全部，逐字节与原件比对；三处体检"):
            ask = self.programs.start
            hub = [ask("hub", word, "--home", self.home(HUB), "--json") for word in ("status", "doctor")]
            target = self.folder / "导出"
            export = ask("hub", "export", target, "--as", "files", "--home", self.home(HUB), "--json")
            scans, cut = sources(self.scans), {DISTRICTS[0]: kill.arrived}
            nodes = [self._node(district, cut.get(district, 0)) for district in DISTRICTS]
            hub_status, hub_doctor = hub[0].answer(), hub[1].answer((0, NEEDS_PERSON))
            export.answer()
            pages = exported(target)
            stored = sum(path.stat().st_size for path in (self.home(HUB) / "objects").rglob("*") if path.is_file())
        return Report(
            nodes=nodes, hub_status=hub_status, hub_doctor=hub_doctor, hub_object_bytes=stored, rescan=change[0], rescan_run=change[1],
            kill=kill, scans=scans, comparison=compare(scans, HELD.keys(), pages), manifest_faults=manifest_differs(target, pages),
            seconds=tuple(self.tell.steps),
        )  # fmt: skip

    def _node(self, district: District, cut_bytes: int) -> NodeRuns:
        home = ("--home", self.home(district))
        status = self.programs.run("node", "status", *home)
        listed = self.programs.run("node", "quarantine", "list", *home)
        doctor = self.programs.run("node", "doctor", *home, allowed=(0, NEEDS_PERSON))
        return NodeRuns(district, tuple(self.runs[district]), status, listed["items"], doctor, cut_bytes)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now.

    Raises:
        StepFailed: all of PORTS are taken.
    """
    start = time.monotonic_ns() % len(PORTS)
    order: list[int] = [*PORTS[start:], *PORTS[:start]]
    for number in order:
        with closing(socket.socket()) as probe:
            try:
                probe.bind(("127.0.0.1", number))
            except OSError:
                continue
            return number
    raise StepFailed(f"127.0.0.1 的端口 {PORTS.start} 至 {PORTS.stop - 1} 全被占用")


def play(folder: Path, records: int, tell: demo_table.Teller) -> Report:
    """The whole story in an empty folder; no child outlives it."""
    with Programs(folder / "日志") as programs:
        stage = Stage(folder, programs, tell)
        stage.found_nodes()
        stage.sync_all()
        change = stage.change_page()
        return stage.look(stage.kill_in_the_middle(records), change)


@contextmanager
def _place(keep: Path | None) -> Iterator[Path]:
    """The folder to play in: the one to keep, which must be empty, or one that goes away."""
    with ExitStack() as stack:
        if keep is None:
            yield Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jindang-demo-")))
            return
        keep.mkdir(parents=True, exist_ok=True)
        if any(keep.iterdir()):
            raise click.UsageError(f"{keep} 不是空文件夹；演示要用一个空的。")
        yield keep


@click.command()
@click.option(
    "--records", type=click.IntRange(35, 10_000), default=40, show_default=True, help="第二批每区再到几件（每件三页）"
)
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="在这个空文件夹中演示，并全部留下")
@click.option("--json", "as_json", is_flag=True, help="最后一行输出一个 JSON 对象")
def demo(records: int, keep: Path | None, as_json: bool) -> None:
    """演示：一个市级中心、两个区级节点、自带样例扫描件；看、封、传、回执、断电般的 kill -9，最后逐字节比对。"""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    progress = Console(stderr=True, highlight=False)
    try:
        with _place(keep.absolute() if keep else None) as folder:
            report = play(folder, records, demo_table.Teller(progress))
    except StepFailed as fault:
        click.echo(f"演示没有走完。{fault}", err=True)
        sys.exit(1)
    demo_table.show(report, progress if as_json else Console(highlight=False))
    if keep:
        click.echo(f"\n全部留在 {keep}", err=True)
    if as_json:
        click.echo(json.dumps(summary(report), ensure_ascii=False))
    sys.exit(0 if all(check.good for check in checks(report)) else 1)
