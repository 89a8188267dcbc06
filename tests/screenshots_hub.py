"""Pictures of the hub's pages for README and docs: `PYTHONPATH=.:tests python tests/screenshots_hub.py docs/pictures`, a part of `make screenshots`.

One story for each role: who works with records searches, reads and counts; who watches the fleet sees the nodes; who keeps secrets gives rights; the auditor
reads the journal. A page is a PNG of few colours, so that the repository stays small.
"""

from __future__ import annotations

import datetime as dt
import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from chromium import chromium, window
from hub_in_thread import SetClock
from msgspec.structs import replace
from people_at_hub import MACHINE
from people_door import Browser, Door, open_door
from PIL import Image
from playwright.sync_api import Browser as Chromium
from reading_room_at_hub import bring, numbers
from scripted_node import ScriptedNode

from holdings import statistics_tally, tally
from holdings.access import Secrecy
from holdings.statistic import Figure, Use
from holdings.tally import Count
from hub.account import Rights, Role
from hub.monitor_desk import MonitorDesk
from sync.entry import ClockState
from sync.messages import HELLO
from sync.state_report import LastTalk, StateReport

SIZE: Final = (1366, 768)
COLOURS: Final = 48
"""Colours of a picture: text and tables need no more."""
STORIES: Final = {
    "search": (Role.ARCHIVIST, "/search?q=%E6%A0%A1%E8%88%8D&facets=1"), "record": (Role.ARCHIVIST, "/records/{record}/pages/1?q=%E6%A0%A1%E8%88%8D"),
    "reception": (Role.ARCHIVIST, "/reception"), "statistics": (Role.ARCHIVIST, "/statistics"), "monitor": (Role.SYSTEM, "/monitor"),
    "rights": (Role.SECURITY, "/accounts/qian.8"), "journal": (Role.AUDIT, "/journal"),
}  # fmt: skip
NAMES: Final = {Role.ARCHIVIST: "王秀英", Role.SYSTEM: "刘志强", Role.SECURITY: "赵敏", Role.AUDIT: "孙建国"}
ENGLISH: Final = ("search", "monitor")
TODAY: Final = dt.datetime(2026, 11, 18, 9, 40, tzinfo=dt.timezone(dt.timedelta(hours=8)))
"""A Wednesday morning of a year whose holidays are known."""
NIGHT_S: Final = 4 * 3600
WELL: Final = StateReport(
    program="jindang 1.0.0", records=41_286, pages=1_203_411, bytes_stored=2_140 * 10**9, pending_deltas=3, pending_bytes=46 * 10**9, quarantined=12,
    clock_state=ClockState.NTP, free_bytes=1_710 * 10**9, pending_pages=23_650, pending_tenths=9, disk_bytes=4_000 * 10**9,
)  # fmt: skip
REPORTS: Final = {
    "和平区": WELL,
    "滨海新区": replace(
        WELL,
        records=112_040,
        pages=3_388_012,
        pending_bytes=311 * 10**9,
        pending_pages=160_230,
        pending_tenths=62,
        quarantined=140,
    ),
    "河西区": replace(
        WELL,
        records=67_903,
        pages=1_954_266,
        pending_deltas=0,
        pending_bytes=0,
        pending_pages=0,
        pending_tenths=0,
        quarantined=0,
    ),
    "南开区": replace(WELL, records=38_110, pages=986_034, free_bytes=6 * 10**9, quarantined=3),
    "蓟州区": replace(WELL, records=20_517, pages=511_790, quarantined=31),
}
"""What the districts say of themselves: one has much to send, one little room, and the last has said nothing since last week."""


def spoken(node: ScriptedNode, wall: int) -> None:
    """The node greets with a report of its district, after a good night."""
    said = REPORTS[node.name]
    talk = LastTalk(wall - 2 * NIGHT_S, wall - NIGHT_S, 1, min(18 * 10**9, said.pending_bytes + 10**9), 2, failed=False)
    reply = node.call("POST", HELLO, node.hello_request(report=replace(said, wall=wall, last_talk=talk)))
    assert reply.status == 200, reply.status


def furnished(door: Door) -> None:
    """A city at work: five districts, records to read, an account that waits, figures of two years, alarms of this morning."""
    clock, now = door.hub.clock, int(TODAY.timestamp())
    clock.now = now - 6 * 86_400
    spoken(door.hub.node("蓟州区"), clock.now)
    clock.now = now
    for node in (bring(door, "和平区"), *(door.hub.node(name) for name in ("滨海新区", "河西区", "南开区"))):
        spoken(node, now)
    door.team.people.parts().desk.add(MACHINE, "qian.8", "钱八", Role.AGENCY, Rights("和平区民政局"))
    home = door.hub.hub.home
    with home.holdings.transaction() as connection:
        for name, said in REPORTS.items():
            tally.add(connection, Count.RECORDS, said.records - said.quarantined, name)
            tally.add(connection, Count.PAGES, said.pages - 900 * said.pending_deltas, name)
        for month, count in (("2025-10", 412), ("2026-03", 655), ("2026-09", 731)):
            figures = [
                (Figure.ROWS_ITEM, count * 9),
                (Figure.ROWS_VOLUME, count),
                (Figure.SCANNED_ITEMS, count * 3),
                (Figure.SCANNED_PAGES, count * 41),
            ]
            statistics_tally.add(
                connection, "滨海新区", month, "J001", Secrecy.NONE, [*figures, (Figure.SCANNED_BYTES, count * 10**8)]
            )
        statistics_tally.used(
            connection,
            "",
            home.clock.wall(),
            Use("research", persons=128, volumes=64, items=341, pages=905, certificates=77),
        )
    MonitorDesk(home, door.team.people.parts).look(opening=True)


def taken(browser: Chromium, who: Browser, path: str, tongue: str) -> bytes:
    """The page as a PNG of few colours."""
    with window(browser, who, tongue=tongue, theme="light", size=SIZE) as context:
        page = context.new_page()
        page.goto(path)
        page.wait_for_load_state("networkidle")
        shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    out = io.BytesIO()
    shot.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def main() -> int:
    """Every story in Chinese, some in English; nothing where there is no Chromium."""
    where, program = Path(sys.argv[1]), shutil.which("chromium")
    if program is None:
        print("chromium is not installed: no pictures of pages", file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory() as kept, open_door(Path(kept) / "hub", SetClock(int(TODAY.timestamp()))) as door:
        furnished(door)
        people: dict[Role, Browser] = {}
        for role in dict.fromkeys(role for role, _ in STORIES.values()):
            door.hub.clock.skip += 120
            name = f"{role.value}.1"
            door.team.come_in(name, door.team.start(name, role, NAMES[role]))
            door.team.secrets.setdefault(name, b"")
            people[role] = door.signed_in(name, role)
        record = numbers(door)["关于修缮校舍的请示"]
        people[Role.ARCHIVIST].get(STORIES["search"][1])  # the first search loads what the next ones find loaded
        with chromium(program) as browser:
            for name, (role, path) in STORIES.items():
                for tongue, suffix in (("zh-CN", ""), *((("en", "-en"),) if name in ENGLISH else ())):
                    file = where / f"hub-{name}{suffix}.png"
                    file.write_bytes(taken(browser, people[role], path.format(record=record), tongue))
                    print(file, file.stat().st_size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
