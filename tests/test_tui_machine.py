"""传输 and 本机 in the console, against a real node."""

from __future__ import annotations

import functools
import json
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from console_at_work import Daemon, Seat, serving, sit
from nacl.pwhash import argon2id
from node_at_work import make
from textual.widgets import Input

from crypto import keys
from crypto.locks import KeyFile, Passphrase
from node import config as configuration
from node import nights, relocking
from node.home import DEFAULT_KEY_FILE, KEY
from node.service import Service
from sync.sandbox import Sandbox
from tui.page_line import state

A = "J001-WS·2011·Y·BGS-0001"


@pytest.fixture
def daemon(tmp_path: Path, sandbox: Sandbox) -> Iterator[Daemon]:
    """A node with one sealed record, a night that failed and one that brought something."""
    work = make(tmp_path, sandbox)
    work.scans.delivery({A: 2})
    with serving(work) as served:
        served.engine.run(settle_s=0.0, send=False)
        with served.engine.home.database.transaction() as connection:
            nights.note(connection, 1_700_000_000, 1_700_003_600, 5_000_000, 3, 1)
            nights.note(connection, 1_700_090_000, 1_700_090_001, 0, 0, 0, "连不上中心：超时")
        yield served


async def fill(seat: Seat, value: str) -> None:
    """Write into the one field of the form on top, and do it."""
    seat.app.screen.query(Input).first().value = value
    await seat.press("ctrl+s")


def test_the_line_is_told_paused_and_resumed(daemon: Daemon) -> None:
    """What waits, receipts, and the nights with their failures; p pauses and goes on; Enter tells a failure in full."""

    async def story(seat: Seat) -> None:
        await seat.app.enter("line")
        await seat.settled()
        seen = seat.seen()
        assert all(word in seen for word in ("1 个增量", "! 连不上中心：超时", "成功", "5.0 MB"))
        assert any(hour in seen for hour in ("20:00", "07:00", "12:00", "13:30"))
        await seat.press("enter")
        assert "恢复后自动补传" in seat.seen()
        await seat.press("escape", "p")
        assert "! 已暂停" in seat.seen()
        assert Service(daemon.engine).status()["paused"]
        await seat.press("p")
        assert not Service(daemon.engine).status()["paused"]

    sit(daemon.work.path, story)


def test_sending_without_a_hub_says_what_is_safe(daemon: Daemon) -> None:
    """立即传输 with no hub there ends in a box with the reason; nothing is lost and the screen goes on."""

    async def story(seat: Seat) -> None:
        await seat.app.enter("line")
        await seat.settled()
        await seat.press("s")
        assert "不能办理" in seat.seen()
        await seat.press("escape")
        assert "1 个增量" in seat.seen()

    sit(daemon.work.path, story)


def test_cap_and_windows_are_kept_in_the_settings(daemon: Daemon) -> None:
    """What is typed stands in node.toml, beside its comments, and holds at once; nonsense keeps the form with its remedy."""
    path = daemon.work.path / configuration.FILE
    path.write_text("# 本馆的说明\n" + path.read_text("utf-8"), "utf-8")

    async def story(seat: Seat) -> None:
        await seat.app.enter("line")
        await seat.settled()
        await seat.press("l")
        await fill(seat, "很快")
        assert "不是数" in seat.seen()
        await fill(seat, "20")
        assert "20 Mbit/s" in seat.seen()
        await seat.press("w")
        await fill(seat, "每天")
        assert "mon-fri 20:00-07:00" in seat.seen()
        await fill(seat, "mon-sun 19:00-06:00; sat 08:00-12:00")
        # Which window is told depends on the hour.
        assert any(ends in seat.seen() for ends in ("06:00", "12:00"))

    sit(daemon.work.path, story)
    kept = configuration.load(daemon.work.path)
    assert (kept.cap_mbit, kept.windows) == (20.0, ("mon-sun 19:00-06:00", "sat 08:00-12:00"))
    assert "# 本馆的说明" in path.read_text("utf-8")
    assert daemon.engine.home.config == kept


def test_a_holiday_opens_the_window_of_free_days(daemon: Daemon) -> None:
    """On the first of October the window of free days is open at noon and the screen says why; on the Saturday that is worked for it (10 October), it is not."""
    Service(daemon.engine).machine_configure(windows=["工作日 20:00-07:00", "休息日 00:00-24:00"])

    async def story(seat: Seat) -> None:
        for day, said, begins in ((1, "放假  00:00-24:00", True), (10, "调休上班  20:00-07:00", False)):
            daemon.work.clock.time = datetime(2026, 10, day, 12, tzinfo=UTC).astimezone().replace(hour=12).timestamp()
            await seat.app.enter("line")
            await seat.press("f5")
            assert said in seat.seen()
            assert ("还有" in seat.seen()) is begins
        await seat.press("c")
        assert "休息" in seat.seen()

    sit(daemon.work.path, story)


@pytest.mark.parametrize(
    ("changed", "word"),
    [({"stopped": "被停用"}, "! 传输已停止"), ({"paused": True}, "! 已暂停"), ({"sending": True, "sent": 5_000_000}, "5.0 MB，待传 8.0 MB，约需"),
     ({"nights_log": [{"fault": "断了"}]}, "! 上次未成功：断了"), ({}, "空闲")],
)  # fmt: skip
def test_the_state_of_the_line_is_one_line(changed: dict[str, object], word: str) -> None:
    """The most pressing state is told first."""
    line = {
        "stopped": None,
        "paused": False,
        "sending": False,
        "sent": 0,
        "rate": 8_000_000,
        "bytes": 8_000_000,
        "nights_log": [],
    }
    assert word in state(line | changed).plain


def test_the_machine_is_examined_backed_up_and_bundled(daemon: Daemon, tmp_path: Path) -> None:
    """体检, 复核 and 备份 say what they found; the bundle holds figures and no title, code or path of a record."""

    async def story(seat: Seat) -> None:
        await seat.app.enter("machine")
        await seat.settled()
        assert "本机指纹" in seat.seen()
        await seat.press("d")
        assert "体检：一切正常，无数据丢失" in seat.seen()
        await seat.press("v")
        assert "复核：一切正常" in seat.seen()
        await seat.press("b")
        await fill(seat, str(tmp_path / "备份"))
        assert "已备份 2 个对象" in seat.seen()
        await seat.press("g")
        await fill(seat, str(tmp_path / "包"))
        assert "已写：" in seat.seen()

    sit(daemon.work.path, story)
    with zipfile.ZipFile(tmp_path / "包" / "诊断包.zip") as bundle:
        texts = {name: bundle.read(name).decode() for name in bundle.namelist()}
    assert json.loads(texts["status.json"])["records"] == 1
    assert not [name for name, text in texts.items() if A in text or "的通知" in text or str(tmp_path) in text]


def test_damage_is_told_with_place_and_remedy(daemon: Daemon) -> None:
    """A sealed object that is gone opens a box with what, where and what to do."""
    next(path for path in (daemon.work.path / "objects").rglob("*") if path.is_file()).unlink()

    async def story(seat: Seat) -> None:
        await seat.app.enter("machine")
        await seat.settled()
        await seat.press("d")
        seen = seat.seen()
        assert all(word in seen for word in ("不见了", "objects/", "请勿删除扫描源"))

    sit(daemon.work.path, story)


def test_settings_are_judged_while_they_are_typed_and_kept(daemon: Daemon) -> None:
    """A wrong value stands beside its field and nothing is written; a good one is held at once or named as waiting for a restart."""

    async def story(seat: Seat) -> None:
        await seat.app.enter("machine")
        await seat.settled()
        await seat.press("e")
        fields = dict(zip(("watch", "cleared_by", "windows", "cap_mbit", "settle_s", "poll_s", "virus_scan"), seat.app.screen.query(Input), strict=True))
        fields["poll_s"].value, fields["windows"].value = "快", "mon-fri 25:00-07:00"
        await seat.press("ctrl+s")
        assert "不是数" in seat.seen()
        assert configuration.load(daemon.work.path).poll_s == 30.0
        fields["poll_s"].value, fields["windows"].value = "12", "mon-fri 21:00-07:00"
        await seat.press("ctrl+s")
        assert "已保存，即时生效" in seat.seen()
        await seat.press("e")
        seat.app.screen.query(Input).last().value = "unix:/run/clamd.sock"
        await seat.press("ctrl+s")
        assert "查毒 在服务重启后生效" in seat.seen()

    sit(daemon.work.path, story)
    kept = configuration.load(daemon.work.path)
    assert (kept.poll_s, kept.windows, kept.virus_scan) == (12.0, ("mon-fri 21:00-07:00",), "unix:/run/clamd.sock")


def test_the_passphrase_is_changed_and_the_machine_locked_by_a_key(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """w and x say why they do nothing where the key has no passphrase; with one, w changes it (a wrong one keeps the form) and x locks after a yes."""
    cheap = functools.partial(Passphrase, opslimit=argon2id.OPSLIMIT_INTERACTIVE, memlimit=argon2id.MEMLIMIT_INTERACTIVE)
    monkeypatch.setattr(relocking, "Passphrase", cheap)
    monkeypatch.setattr(relocking, "WRONG_PAUSE_S", 0.0)
    home, old, new = daemon.engine.home, "三更灯火五更鸡时", "正是男儿读书的时"
    locked = threading.Event()
    daemon.engine.lock = locked.set

    async def story(seat: Seat) -> None:
        await seat.app.enter("machine")
        await seat.settled()
        await seat.press("w")
        assert "不以口令锁定" in seat.seen()
        keys.relock(home.path / KEY, KeyFile(home.path / DEFAULT_KEY_FILE), cheap(old))
        home.config = msgspec.structs.replace(home.config, unlock="passphrase")
        await seat.press("f5", "w")
        for now, said in (("wrong", "口令或密钥不对"), (old, "密钥口令已改")):
            for field, value in zip(seat.app.screen.query(Input), (now, new, new), strict=True):
                field.value = value
            await seat.press("ctrl+s")
            assert said in seat.seen()
        await seat.press("x", "escape")
        assert not locked.is_set()
        await seat.press("x", "y")
        assert locked.is_set()

    sit(daemon.work.path, story)
    assert keys.load(home.path / KEY, cheap(new)) == home.secrets


def test_fingerprints_are_figures_and_a_code(daemon: Daemon) -> None:
    """k shows twelve words and eight groups of five figures for each fingerprint and a QR code that keeps its cells."""
    shown = Service(daemon.engine).machine_fingerprint("own")

    async def story(seat: Seat) -> None:
        await seat.app.enter("machine")
        await seat.settled()
        await seat.press("k")
        assert " ".join(shown["figures"]) in seat.seen()
        assert " ".join(shown["words"]) in seat.seen()
        assert ", ".join(shown["words_english"][:4]) not in seat.seen()
        assert seat.widths() == {80}

    sit(daemon.work.path, story)
    assert [len(group) for group in shown["figures"]] == [5] * 8
    assert {len(row) for row in shown["qr"]} == {len(shown["qr"])}
