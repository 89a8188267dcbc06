"""`make screenshots`, the console's part: each screen over a real node, as SVG for docs/console.md and README.md."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from console_at_work import Daemon, Seat, serving, sit
from drawn_pages import encoded, page
from node_at_work import make
from screenshots_states import draw
from svg_cells import spread

from node import nights
from node.service import Service
from sync.sandbox import Sandbox

FONT = '"Noto Sans Mono CJK SC", "Sarasa Mono SC", "Source Han Mono SC", "WenQuanYi Zen Hei Mono", monospace'
TITLES = (
    "关于婚姻登记工作的通知",
    "关于土地使用证发放的批复",
    "关于召开年度工作会议的函",
    "一九五八年干部名册",
    "关于防汛工作的紧急通知",
    "卫生防疫站工作总结",
)
WIDE, NARROW = (120, 34), (80, 24)
STEPS = [
    ("today", ["1"]), ("deliveries", ["2"]), ("findings", ["3"]), ("holdings", ["4", *["enter"] * 5]), ("record", ["enter"]),
    ("cataloguing", ["escape", "c"]), ("counter", ["escape", "6"]), ("line", ["5"]),
]  # fmt: skip


class Usage(NamedTuple):
    """As shutil tells a disk."""

    total: int
    used: int
    free: int


def fill(daemon: Daemon) -> None:
    """A delivery as it looks after some days of work."""
    scans, node = daemon.work.scans, Service(daemon.engine)
    codes = [f"J023-WS·2011·{'Y' if n % 3 else 'D30'}·BGS-{n:04d}" for n in range(1, 61)]
    rows = {
        code: {"题名": TITLES[n % len(TITLES)], "页数": str(2 + n % 4), "责任者": "和平区民政局"}
        for n, code in enumerate(codes)
    }
    scans.rows(rows, "第03批")
    for n, code in enumerate(codes[:52]):
        scans.record(f"第03批/{code}", 2 + n % 4, n)
    scans.put(f"第03批/{codes[7]}", {"0009.jpg": b""})
    scans.record(f"第03批/{codes[0].replace('0001', '0099')}", 2, 97)
    for place in (codes[2], codes[0].replace("0001", "0099")):
        scans.put(f"第03批/{place}", {f"{n:04d}.jpg": encoded(page(n)) for n in (1, 2)})
    daemon.engine.run(settle_s=0.0, send=False)
    node.reading_correct(codes[2], "1", "和平区民政局文件\n关于召开年度工作会议的函\n各街道办事处：\n经研究，定于二月十八日召开年度工作会议。", "李四")
    for visitor, purpose in (("王小明", "person"), ("李建国", "work"), ("赵淑珍", "history")):
        made = node.counter_register(visitor, "identity", purpose, "张三", identity="11010519491231002X", refs=[codes[0]])
    node.counter_decide(made["number"], allow=True, by="李四")
    for one in node.deliveries()["deliveries"]:
        node.delivery_describe(one["name"], number=3, contractor="甲公司", stations=["一站", "二站"])
    now = int(daemon.engine.clock.now())
    with daemon.engine.home.database.transaction() as connection:
        nights.note(connection, now - 90_000, now - 80_000, 1_234_000_000, 42, 42)
        nights.note(connection, now - 40_000, now - 39_990, 0, 0, 0, "连不上中心：超时。本机数据完好，恢复后自动补传。")
        nights.note(connection, now - 9_000, now - 4_000, 345_000_000, 17, 11)


def picture(seat: Seat, path: Path, title: str) -> None:
    """Write what is seen, in fonts that have Chinese and stand on readers' machines, not on a server elsewhere."""
    text = spread(seat.app.export_screenshot(title=title))
    text = re.sub(r"@font-face \{.*?\}", "", text, flags=re.DOTALL)
    path.write_text(re.sub(r"font-family: Fira Code[^;]*;", f"font-family: {FONT};", text), "utf-8")
    print(path)


def story(where: Path, steps: list[tuple[str, list[str]]], suffix: str = "") -> Callable[[Seat], Awaitable[None]]:
    """Keys to press, and a picture after each step."""

    async def keys(seat: Seat) -> None:
        for name, pressed in steps:
            await seat.press(*pressed)
            picture(seat, where / f"console-{name}{suffix}.svg", f"jindang console  {name}")

    return keys


def main() -> int:
    """Chinese in a wide terminal, English in one of 80 by 24."""
    where = Path(sys.argv[1])
    # The disk of whoever draws is nobody else's business.
    shutil.disk_usage = lambda _path: Usage(1_000_000_000_000, 400_000_000_000, 600_000_000_000)  # type: ignore[assignment,misc]
    (where / "states").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, closing(Sandbox(workers=1)) as sandbox:
        work = make(Path(folder), sandbox)
        with serving(work) as daemon:
            fill(daemon)
            sit(work.path, story(where, STEPS), size=WIDE, by="张三", theme="ink")
            sit(
                work.path,
                story(where, [("findings", ["3"])], "-en"),
                size=NARROW,
                by="张三",
                language="en",
                theme="paper",
            )
    draw(where / "states", picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
