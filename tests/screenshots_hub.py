"""Pictures of the hub's pages for README and docs: `PYTHONPATH=.:tests python tests/screenshots_hub.py docs/pictures`, a part of `make screenshots`.

One story for each role: who works with records searches, reads and counts; who watches the fleet sees the nodes; who keeps secrets gives rights; the auditor
reads the journal. A page is a PNG of few colours, so that the repository stays small.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from chromium import chromium, window
from people_at_hub import MACHINE
from people_door import Browser, Door, open_door
from PIL import Image
from playwright.sync_api import Browser as Chromium
from reading_room_at_hub import bring, numbers

from holdings import statistics_tally
from holdings.access import Secrecy
from holdings.statistic import Figure, Use
from hub.account import Rights, Role

SIZE: Final = (1180, 720)
COLOURS: Final = 48
"""Colours of a picture: text and tables need no more."""
STORIES: Final = {
    "search": (Role.ARCHIVIST, "/search?q=%E6%A0%A1%E8%88%8D&facets=1"), "record": (Role.ARCHIVIST, "/records/{record}/pages/1?q=%E6%A0%A1%E8%88%8D"),
    "reception": (Role.ARCHIVIST, "/reception"), "statistics": (Role.ARCHIVIST, "/statistics"), "monitor": (Role.SYSTEM, "/monitor"),
    "rights": (Role.SECURITY, "/accounts/qian.8"), "journal": (Role.AUDIT, "/journal"),
}  # fmt: skip
NAMES: Final = {Role.ARCHIVIST: "王秀英", Role.SYSTEM: "刘志强", Role.SECURITY: "赵敏", Role.AUDIT: "孙建国"}
ENGLISH: Final = ("search", "monitor")


def furnished(door: Door) -> None:
    """A city at work: two districts, records to read, an account that waits, figures of two years."""
    bring(door, "和平区")
    door.hub.node("滨海新区")
    door.team.people.parts().desk.add(MACHINE, "qian.8", "钱八", Role.AGENCY, Rights("和平区民政局"))
    home = door.hub.hub.home
    with home.holdings.transaction() as connection:
        for month, count in (("2022-10", 412), ("2023-03", 655), ("2023-09", 731)):
            figures = [(Figure.ROWS_ITEM, count * 9), (Figure.ROWS_VOLUME, count), (Figure.SCANNED_ITEMS, count * 3), (Figure.SCANNED_PAGES, count * 41)]
            statistics_tally.add(connection, "滨海新区", month, "J001", Secrecy.NONE, [*figures, (Figure.SCANNED_BYTES, count * 10**8)])
        statistics_tally.used(connection, "", home.clock.wall(), Use("study", persons=128, volumes=64, items=341, pages=905, certificates=77))


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
    with tempfile.TemporaryDirectory() as kept, open_door(Path(kept) / "hub") as door:
        furnished(door)
        people: dict[Role, Browser] = {}
        for role in dict.fromkeys(role for role, _ in STORIES.values()):
            door.hub.clock.skip += 120
            name = f"{role.value}.1"
            door.team.come_in(name, door.team.start(name, role, NAMES[role]))
            door.team.secrets.setdefault(name, b"")
            people[role] = door.signed_in(name, role)
        record = numbers(door)["关于修缮校舍的请示"]
        with chromium(program) as browser:
            for name, (role, path) in STORIES.items():
                for tongue, suffix in (("zh-CN", ""), *((("en", "-en"),) if name in ENGLISH else ())):
                    file = where / f"hub-{name}{suffix}.png"
                    file.write_bytes(taken(browser, people[role], path.format(record=record), tongue))
                    print(file, file.stat().st_size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
