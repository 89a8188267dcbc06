"""Signing in at the console: the form, the start password, what each role sees; the desks of operators and of the journal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from console_at_work import Daemon, Seat, serving, sit
from node_at_work import make
from textual.widgets import Input

from holdings.operator_rules import verbs_of
from holdings.password import Passwords
from node import operators
from node.commands import commands
from node.service import Service, verbs
from sync.sandbox import Sandbox
from tui.screens import PAGES

A, B = (f"J001-WS·2011·Y·BGS-{n:04d}" for n in (1, 2))
WORD = "河畔 Teapot 47"


@pytest.fixture
def daemon(tmp_path: Path, sandbox: Sandbox) -> Iterator[Daemon]:
    """A node with one record without a row."""
    work = make(tmp_path, sandbox)
    work.scans.delivery({A: 2})
    work.scans.record(B, 1, 7)
    with serving(work) as served:
        served.engine.run(settle_s=0.0, send=False)
        yield served


def staffed(daemon: Daemon) -> None:
    """An administrator, a reviewer, a contractor's staff and an auditor, all with the same password of their own."""
    node, encoded = Service(daemon.engine), Passwords().encode(WORD)
    staff = (("9001", "赵管理", "admin", ""), ("2001", "李四", "reviewer", ""), ("3001", "王五", "contractor", "甲公司"), ("4001", "孙审计", "auditor", ""))
    for number, person, role, unit in staff:
        node.operator_add(number, person, role, unit)  # type: ignore[arg-type]
        with daemon.engine.home.database.transaction() as connection:
            operators.set_password(connection, number, encoded, int(daemon.engine.clock.now()), None)


async def fill(seat: Seat, *values: str) -> None:
    """Write into the fields of the form on top, in their order, and do it."""
    for field, value in zip(seat.app.screen.query(Input), values, strict=False):
        field.value = value
    await seat.press("ctrl+s")


def test_the_first_operator_makes_a_node_that_signs_in(daemon: Daemon) -> None:
    """n at the desk of operators makes an administrator with a start password shown once; then the console asks who works here, and for a new password."""

    async def story(seat: Seat) -> None:
        await seat.app.enter("machine")
        await seat.settled()
        await seat.press("o")
        assert "还没有操作员：按系统用户办理" in seat.seen()
        await seat.press("n")
        await fill(seat, "9001", "赵管理")
        shown = seat.seen()
        word = next(line.split()[-1] for line in shown.splitlines() if "初始口令" in line and "-" in line)
        assert "只显示这一次" in shown
        await seat.press("escape")
        assert "未改口令" in seat.seen()
        await seat.press("escape")
        assert "本机已启用个人登录" in seat.seen()
        await fill(seat, "9001", "wrong")
        assert "工号或口令不对" in seat.seen()
        await fill(seat, "9001", word)
        assert "改口令" in seat.seen()
        await fill(seat, word, WORD, WORD + "x")
        assert "两次输入的新口令不同" in seat.seen()
        await fill(seat, word, WORD, WORD)
        assert "经办人 赵管理 管理员" in seat.seen()
        assert WORD not in seat.seen()

    sit(daemon.work.path, story)


@pytest.mark.parametrize(
    ("role", "pages"),
    [("operator", "今日 批次 待处理 馆藏 传输 本机"), ("reviewer", "今日 批次 待处理 馆藏 传输 本机"), ("contractor", "今日 批次 待处理 本机"),
     ("admin", "今日 传输 本机"), ("auditor", "今日 本机")],
)  # fmt: skip
def test_each_role_has_the_screens_of_its_work(role: str, pages: str) -> None:
    """A screen is shown to whom the table lets look at it; which of its keys, the table says too."""
    known = [kind for kind in PAGES if verbs_of(role) >= kind.NEEDS]
    assert [kind.TITLE for kind in known if kind.TITLE in "今日 批次 待处理 馆藏 传输 本机"] == pages.split()
    asked = {key.verb for kind in PAGES for key in kind.KEYS} - {""}
    assert asked <= verbs()


def test_a_clearance_takes_a_second_person_with_the_own_password(daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """c asks the second for 工号 and 口令; the first once more is refused in the form, which stays; `node clear --second` does the same from two files."""
    staffed(daemon)
    with daemon.engine.home.database.transaction() as connection:
        connection.execute("UPDATE operator SET role = 'operator' WHERE number = '3001'")

    async def story(seat: Seat) -> None:
        await fill(seat, "2001", WORD)
        await seat.app.enter("deliveries")
        await seat.settled()
        await seat.press("c")
        assert "审查人一：李四（已登录）" in seat.seen()
        await fill(seat, "2001", WORD)
        assert "不能是同一人" in seat.seen()
        await fill(seat, "3001", WORD)
        assert "保密审查已由 李四、王五 签署" in seat.seen()
        assert WORD not in seat.seen()

    sit(daemon.work.path, story)
    (file := tmp_path / "口令").write_text(WORD)
    for name in ("JINDANG_PASSWORD_FILE", "JINDANG_SECOND_PASSWORD_FILE"):
        monkeypatch.setenv(name, str(file))
    given = ["clear", "扫描", "--home", str(daemon.work.path), "--operator", "2001", "--json"]
    assert CliRunner().invoke(commands, given).exit_code == 2
    assert CliRunner().invoke(commands, [*given, "--by", "李四", "--by", "王五"]).exit_code == 1
    done = CliRunner().invoke(commands, [*given, "--second", "3001"])
    assert json.loads(done.stdout.splitlines()[-1])["persons"] == ["李四", "王五"]


def test_a_contractors_staff_has_no_key_to_waive(daemon: Daemon) -> None:
    """Keys that the role may not use are not on the line of keys, and F4 signs out and asks for the next person."""
    staffed(daemon)

    async def story(seat: Seat) -> None:
        await fill(seat, "3001", WORD)
        await seat.app.enter("findings")
        await seat.settled()
        foot = seat.seen().splitlines()[-1]
        assert ("r 重检" in foot, "w 放行" in foot, "x 换页" in foot) == (True, False, False)
        await seat.press("f4")
        assert "本机已启用个人登录" in seat.seen()

    sit(daemon.work.path, story)


def test_the_auditor_reads_and_verifies_the_journal(daemon: Daemon) -> None:
    """Every act is a line with person, role and outcome, the newest first; v proves the chain, f narrows, and a refusal stands there too."""
    staffed(daemon)

    async def story(seat: Seat) -> None:
        await fill(seat, "2001", WORD)
        await seat.app.enter("findings")
        await seat.settled()
        await seat.press("c", "f4")
        await fill(seat, "4001", WORD)
        await seat.app.enter("machine")
        await seat.settled()
        await seat.press("l")
        seen = seat.seen()
        assert all(word in seen for word in ("quarantine-claim", "李四", "审计员", "成功", "sign-in", "哈希"))
        await seat.press("v")
        assert "审计日志完整" in seat.seen()
        await seat.press("f")
        await fill(seat, "2001", "quarantine-claim", "")
        assert "sign-in" not in seat.seen()
        assert "quarantine-claim" in seat.seen()

    sit(daemon.work.path, story, size=(160, 48))


def test_a_session_that_ended_asks_again_and_loses_nothing(daemon: Daemon) -> None:
    """After a restart of the daemon nobody is signed in: the next look says so with the form, over the screen as it was."""
    staffed(daemon)

    async def story(seat: Seat) -> None:
        await fill(seat, "2001", WORD)
        daemon.stop()
        daemon.start()
        await seat.app.pulse()
        await seat.settled()
        assert "登录" in seat.seen()
        await fill(seat, "2001", WORD)
        assert "李四 复核员" in seat.seen()

    sit(daemon.work.path, story)
