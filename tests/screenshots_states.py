"""`make screenshots`, the console's states: empty, full (100,000 records), failing, in both languages and both sizes, as SVG for docs/console.md and README.md."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from console_at_work import SIZES, Daemon, Seat, serving, sit
from faulty import filled, full_disk, small_disk
from node_at_work import make
from scan_tree import sheet

from holdings import quarantine, tally
from holdings.findings import Finding, FindingCode
from node import config as configuration
from node import folders, nights, settings
from node.folders import FolderState
from node.settings import Setting
from sync.sandbox import Sandbox

MANY = 100_000
ROOM = 24 << 20
"""Bytes of the disk that is full: a home takes a tenth of it."""
USAGE = shutil.disk_usage
"""The machine's own, whatever is drawn."""
PAGES_EACH = 9
TITLES = ("关于婚姻登记工作的通知", "关于土地使用证发放的批复", "关于召开年度工作会议的函", "一九五八年干部名册", "关于防汛工作的紧急通知")
CODES = (FindingCode.NO_ROW, FindingCode.PAGE_COUNT_DIFFERS, FindingCode.PAGE_MISSING)
Picture = Callable[[Seat, Path, str], None]


def fill(daemon: Daemon) -> None:
    """A hundred thousand records, and some hundred of them that wait for a person. Figures and lists alone: nothing is drawn of pages here."""
    scans, home = daemon.work.scans, daemon.engine.home
    code = "J023-WS·2011·Y·BGS-{:06d}".format
    titles = {code(n): {"页数": str(PAGES_EACH), "题名": TITLES[n % len(TITLES)]} for n in range(1, MANY + 1)}
    (scans.root / "目录.csv").write_bytes(sheet(titles))
    daemon.engine.run(settle_s=0.0, send=False)
    now = int(daemon.engine.clock.now())
    with home.database.transaction() as connection:
        for n in range(1, MANY + 1):
            path, subject = f"扫描/{code(n)}", code(n)
            waits = n % 250 == 0
            state = FolderState.QUARANTINED if waits else FolderState.SEALED
            folders.put(connection, path, subject, "扫描", state, b"", float(now - n), 0, None)
            if waits:
                quarantine.put(connection, Finding(CODES[n // 250 % len(CODES)], subject, path, subject, ""), now)
        sealed = MANY - MANY // 250
        for count, by in ((tally.Count.RECORDS, sealed), (tally.Count.PAGES, sealed * PAGES_EACH)):
            tally.add(connection, count, by)
        nights.note(connection, now - 90_000, now - 80_000, 1_234_000_000, 42, 42)


def story(picture: Picture, where: Path, name: str, keys: tuple[str, ...] = ()) -> Callable[[Seat], Awaitable[None]]:
    """Some keys, and then a picture."""

    async def seen(seat: Seat) -> None:
        await seat.press(*keys)
        picture(seat, where / f"console-{name}.svg", f"jindang console  {name}")

    return seen


def away(daemon: Daemon, picture: Picture, where: Path, name: str) -> Callable[[Seat], Awaitable[None]]:
    """The daemon goes while somebody looks on."""

    async def seen(seat: Seat) -> None:
        daemon.stop()
        await seat.app.pulse()
        await seat.settled()
        picture(seat, where / f"console-{name}.svg", f"jindang console  {name}")
        daemon.start()

    return seen


def full_disks(where: Path, picture: Picture, place: Path, sandbox: Sandbox) -> None:
    """A node on a file system of its own that is full: its figures are the machine's, and i is refused by it. Where none may be mounted, files that may not grow."""
    patched, shutil.disk_usage = shutil.disk_usage, USAGE
    try:
        with small_disk(place, ROOM) as real:
            work = make(place, sandbox)
            work.scans.delivery({"J023-WS·2011·Y·BGS-000001": 2})
            with serving(work) as daemon:
                daemon.engine.run(settle_s=0.0, send=False)
                work.scans.delivery({"J023-WS·2011·Y·BGS-000002": 2})
                with filled(place) if real else full_disk(8 << 10):
                    for size, language, tag in looks():
                        sit(work.path, story(picture, where, f"disk-{tag}", ("i",)), size=size, language=language, theme="ink")
    finally:
        shutil.disk_usage = patched


def looks() -> list[tuple[tuple[int, int], str, str]]:
    """(size, language, how files are called) of every state."""
    return [(size, language, f"{size[0]}-{language[:2]}") for size in SIZES for language in ("zh-CN", "en")]


def draw(where: Path, picture: Picture) -> None:
    """Every state, in both sizes and languages."""
    with tempfile.TemporaryDirectory() as folder, closing(Sandbox(workers=1)) as sandbox:
        for tag in ("empty", "full"):
            (Path(folder) / tag).mkdir()
        full_disks(where, picture, Path(folder) / "tight", sandbox)
        first, many = (make(Path(folder) / tag, sandbox) for tag in ("empty", "full"))
        with serving(first):
            for size, language, tag in looks():
                sit(first.path, story(picture, where, f"empty-{tag}"), size=size, language=language, theme="ink")
        with serving(many) as daemon:
            fill(daemon)
            for size, language, tag in looks():
                sit(many.path, story(picture, where, f"full-{tag}", ("3", "end")), size=size, language=language, theme="ink")
                sit(many.path, away(daemon, picture, where, f"away-{tag}"), size=size, language=language, theme="ink")
            with daemon.engine.home.database.transaction() as connection:
                now = int(daemon.engine.clock.now())
                nights.note(connection, now - 600, now - 540, 0, 0, 0, "连不上中心：超时。本机数据完好，恢复后自动补传。")
                settings.write(connection, Setting.LAST_RESULT, "连不上中心：超时。本机数据完好，恢复后自动补传。")
            for size, language, tag in looks():
                sit(many.path, story(picture, where, f"hub-{tag}", ("5",)), size=size, language=language, theme="ink")
            daemon.stop()
            path = many.path / configuration.FILE
            path.write_text(path.read_text("utf-8").replace('unlock = "keyfile"', 'unlock = "passphrase"'), "utf-8")
            for size, language, tag in looks():
                sit(many.path, story(picture, where, f"locked-{tag}"), size=size, language=language, theme="ink")
