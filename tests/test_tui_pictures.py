"""What a person sees, cell by cell: every screen in Chinese and English at 80×24 and 160×48, empty, at work, full and failing.

The cells are kept as text in tests/vectors/console; JINDANG_RENEW=1 writes them anew, to be looked at before they are committed.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from console_at_work import SIZES, Daemon, Seat, serving, sit
from node_at_work import make

from holdings import quarantine
from holdings.findings import Finding, FindingCode
from node import config as configuration
from node import nights, settings
from node.settings import Setting
from sync.sandbox import Sandbox
from tui.ledger import Ledger
from tui.screens import PAGES

PICTURES = Path(__file__).parent / "vectors" / "console"
RENEW = os.environ.get("JINDANG_RENEW") == "1"
CODES = [f"J001-WS·2011·Y·BGS-{n:04d}" for n in range(1, 7)]
NOW = 1_790_000_000
MANY = 100_000
CHANGING = (
    (re.compile(r"[0-9][0-9,.]* [KMGT]?B\b"), "#"),
    (re.compile(r"\b(?:20[0-9]{2}-)?[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}\b|\b[0-9]{2}:[0-9]{2}\b"), "@"),
    (re.compile(r"[0-9]+ (?:毫秒|ms)\b"), "ms"),
)
"""What differs from one run to the next: sizes of what is sealed, times, how long a search took."""


class Usage(NamedTuple):
    """As shutil tells a disk."""

    total: int
    used: int
    free: int


def still(text: str) -> str:
    """The cells without what differs; blanks that follow may shift with it and are one."""
    for pattern, instead in CHANGING:
        text = pattern.sub(instead, text)
    return "\n".join(re.sub(r"  +", "  ", line).rstrip() for line in text.splitlines()).rstrip() + "\n"


def compare(name: str, text: str) -> None:
    """The picture is the kept one."""
    path = PICTURES / f"{name}.txt"
    if RENEW:
        path.parent.mkdir(exist_ok=True)
        path.write_text(still(text), "utf-8")
    assert still(text) == path.read_text("utf-8"), (
        f"{path.name} is seen otherwise; JINDANG_RENEW=1 keeps the new picture"
    )


@pytest.fixture(autouse=True)
def in_tianjin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Windows and days are those of one place, and the disk has room, wherever the test runs."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(1_000_000_000_000, 400_000_000_000, 600_000_000_000))
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def empty(tmp_path: Path, sandbox: Sandbox) -> Iterator[Daemon]:
    """A node on its first day."""
    work = make(tmp_path, sandbox)
    work.clock.time = float(NOW)
    with serving(work) as served:
        yield served


@pytest.fixture
def busy(empty: Daemon) -> Daemon:
    """Four sealed records, one row without images, one folder without a row, two nights."""
    empty.work.scans.delivery(dict.fromkeys(CODES[:4], 2))
    empty.work.scans.rows({code: {"页数": "2"} for code in CODES[:5]})
    empty.work.scans.record(CODES[5], 1, 9)
    empty.engine.run(settle_s=0.0, send=False)
    with empty.engine.home.database.transaction() as connection:
        nights.note(connection, NOW - 90_000, NOW - 86_400, 5_000_000, 3, 1)
        nights.note(connection, NOW - 7_200, NOW - 7_100, 0, 0, 0, "连不上中心：超时")
    return empty


async def every_screen(seat: Seat, name: str) -> None:
    """A picture of each screen; 本机 shows this machine's own places and versions and is read in test_tui_machine.py."""
    for n, kind in enumerate(PAGES, 1):
        await seat.press(str(n))
        if kind.NAME != "machine":
            compare(f"{name}-{kind.NAME}", seat.seen())


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", SIZES)
def test_every_screen_is_seen_as_it_was(busy: Daemon, size: tuple[int, int], language: str) -> None:
    """Six screens of a node at work, in two languages and two sizes; every row has exactly the terminal's cells."""

    async def story(seat: Seat) -> None:
        await every_screen(seat, f"{size[0]}-{language[:2]}")
        assert seat.widths() == {size[0]}

    sit(busy.work.path, story, size=size, language=language)


def test_a_first_day_is_empty_and_says_what_to_do(empty: Daemon) -> None:
    """No list is merely blank."""

    async def story(seat: Seat) -> None:
        await every_screen(seat, "empty")

    sit(empty.work.path, story)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_failures_are_told_on_the_first_screen(busy: Daemon, language: str) -> None:
    """Stopped by the hub, disk full, daemon gone, locked: each in words, none by colour alone."""

    async def story(seat: Seat) -> None:
        with busy.engine.home.database.transaction() as connection:
            settings.write(connection, Setting.STOPPED, "被中心停用")
        await seat.press("f5")
        compare(f"stopped-{language[:2]}", seat.seen())
        page = seat.app.page
        assert page is not None
        asking = page.ask

        async def full(verb: str, **given: object) -> dict[str, object]:
            answer = await asking(verb, **given)
            return answer | {"stopped": None, "disk": {"free": 1_000_000_000, "total": 100_000_000_000, "days_left": 3}}

        page.ask = full  # type: ignore[method-assign,assignment]
        await page.renew()
        await seat.settled()
        compare(f"disk-{language[:2]}", seat.seen())
        page.ask = asking  # type: ignore[method-assign]
        await seat.press("f5")
        busy.stop()
        await seat.app.pulse()
        await seat.settled()
        compare(f"gone-{language[:2]}", seat.seen())
        path = busy.work.path / configuration.FILE
        path.write_text(path.read_text("utf-8").replace('unlock = "keyfile"', 'unlock = "passphrase"'), "utf-8")
        await seat.app.pulse()
        await seat.settled()
        compare(f"locked-{language[:2]}", seat.seen())

    sit(busy.work.path, story, language=language)


def test_a_hundred_thousand_cost_what_fifty_do(empty: Daemon) -> None:
    """The list of 100,000 findings shows its last row at one key, and has asked for two screens of rows only."""
    with empty.engine.home.database.transaction() as connection:
        for n in range(MANY):
            quarantine.put(
                connection, Finding(FindingCode.NO_ROW, f"J002-{n:06d}", f"扫描/J002-{n:06d}", f"J002-{n:06d}", ""), NOW
            )

    async def story(seat: Seat) -> None:
        await seat.app.enter("findings")
        await seat.settled()
        ledger = seat.app.query_one("#list", Ledger)
        assert len(ledger.keys) == MANY
        assert "共 100,000 条" in seat.seen()
        await seat.press("end")
        compare("full-findings", seat.seen())
        assert len(ledger._lines) < 400
        await seat.press("home", "asterisk")
        assert "已标记 100,000" in seat.seen()

    sit(empty.work.path, story)
