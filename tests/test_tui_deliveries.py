"""批次 in the console: from the sheet to acceptance by keys, against a real node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from console_at_work import Daemon, Seat, serving, sit
from node_at_work import make
from scan_tree import sheet
from textual.widgets import Input

from node.service import Service
from sync.sandbox import Sandbox
from tui import page_deliveries
from tui.ledger import Ledger

A, B, C = (f"J001-WS·2011·Y·BGS-{n:04d}" for n in (1, 2, 3))


@pytest.fixture
def daemon(tmp_path: Path, sandbox: Sandbox) -> Iterator[Daemon]:
    """A node whose one delivery waits for its clearance."""
    work = make(tmp_path, sandbox, cleared_by="")
    work.scans.delivery({A: 2, B: 3})
    with serving(work) as served:
        served.engine.run(settle_s=0.0, send=False)
        yield served


def node(daemon: Daemon) -> Service:
    """What the daemon would answer, asked beside the console."""
    return Service(daemon.engine)


async def fill(seat: Seat, *values: str) -> None:
    """Write into the fields of the form on top, in their order."""
    for field, value in zip(seat.app.screen.query(Input), values, strict=False):
        field.value = value
    await seat.settled()


async def open_page(seat: Seat) -> None:
    """The screen of deliveries."""
    await seat.app.enter("deliveries")
    await seat.settled()


def test_a_delivery_goes_its_way_by_keys(daemon: Daemon) -> None:
    """Cleared by two names, taken in, submitted, sampled page by page, accepted; each step tells the next."""

    async def story(seat: Seat) -> None:
        assert "待保密审查" in seat.seen()
        await open_page(seat)
        assert "按 c 由两人签署" in seat.seen()
        await seat.press("c")
        await fill(seat, "张三", "张三")
        await seat.press("ctrl+s")
        assert "办法" in seat.seen() or "原因" in seat.seen()
        await fill(seat, "张三", "李四")
        await seat.press("ctrl+s")
        assert node(daemon).deliveries()["deliveries"][0]["cleared_by"] == ["张三", "李四"]
        daemon.engine.run(settle_s=0.0, send=False)
        await seat.press("f5", "s")
        await fill(seat, "", "外包公司")
        await seat.press("ctrl+s")
        assert "已提交" in seat.seen()
        assert "按 n 抽检" in seat.seen()
        await seat.press("n", "ctrl+s")
        assert "已检 0 / 5" in seat.seen()
        await seat.press("y", "y", "n", "t", "0", "4", "enter")
        await fill(seat, "左斜")
        await seat.press("ctrl+s")
        assert "! 不合格" in seat.seen()
        assert "左斜" in seat.seen()
        await seat.press("up", "e")
        await fill(seat, "左斜一度")
        await seat.press("ctrl+s")
        assert "左斜一度" in seat.seen()
        await seat.press("up", "u", "e")
        await fill(seat, "可用")
        await seat.press("ctrl+s", "m")
        await fill(seat, str(daemon.work.path / "整改.xlsx"))
        await seat.press("ctrl+s")
        assert "已写 0 页" in seat.seen()
        await seat.press("a", "escape")
        [sample] = node(daemon).sample_list()["samples"]
        assert (sample["judged"], sample["failed"], sample["passed"]) == (5, 0, True)
        await seat.press("v", "ctrl+s")
        assert "验收通过" in seat.seen()
        assert node(daemon).delivery_show("扫描")["state"] == "accepted"
        await seat.press("enter")
        assert "批次报告  扫描" in seat.seen()

    sit(daemon.work.path, story)


def test_a_return_needs_a_reason_and_begins_a_round(daemon: Daemon) -> None:
    """退回 asks why; the reason stands in the report; the state in the list changes."""
    node(daemon).clear("扫描", ["张三", "李四"])
    node(daemon).delivery_submit("扫描", "外包公司")

    async def story(seat: Seat) -> None:
        await open_page(seat)
        await seat.press("t", "ctrl+s")
        assert "必填" in seat.seen()
        await fill(seat, "歪斜过多")
        await seat.press("ctrl+s")
        assert "退回整改" in seat.seen()
        await seat.press("enter", "end")
        assert "歪斜过多" in seat.seen()

    sit(daemon.work.path, story)


def test_a_withdrawal_is_asked_and_a_no_changes_nothing(daemon: Daemon) -> None:
    """What cannot be undone is asked before; Esc keeps the delivery, y and a reason withdraw it, o takes it in again."""

    async def story(seat: Seat) -> None:
        await open_page(seat)
        await seat.press("w")
        assert "作废不能撤销" in seat.seen()
        await seat.press("escape")
        assert node(daemon).delivery_show("扫描")["state"] == "open"
        await seat.press("w", "y")
        await fill(seat, "误投")
        await seat.press("ctrl+s")
        assert node(daemon).delivery_show("扫描")["state"] == "withdrawn"
        assert "已撤回" in seat.seen()
        await seat.press("o", "ctrl+s")
        assert node(daemon).delivery_show("扫描")["state"] == "open"

    sit(daemon.work.path, story)


def test_a_sheet_is_tried_asked_about_and_imported(daemon: Daemon, tmp_path: Path) -> None:
    """The dry run tells new, changed and gone rows and writes nothing; the import does; its figures are the node's."""
    path = daemon.work.scans.root / "目录.csv"
    path.write_bytes(sheet({A: {"页数": "2", "题名": "改过的题名"}, C: {"页数": "1"}}))

    async def story(seat: Seat) -> None:
        await open_page(seat)
        await seat.press("i")
        await fill(seat, str(path), "扫描")
        await seat.press("ctrl+s")
        seen = seat.seen()
        assert "空跑，尚未写入" in seen
        assert "新增 1  修改 1  不变 0  消失 1" in seen
        assert "改过的题名" in seen
        assert node(daemon).search("改过的题名")["total"] == 0
        await seat.press("i")
        assert "已导入" in seat.seen()
        await seat.press("i")
        assert node(daemon).search("改过的题名")["total"] == 1

    sit(daemon.work.path, story, size=(160, 48))


def test_a_question_about_a_column_is_answered_on_the_spot(daemon: Daemon, tmp_path: Path) -> None:
    """A sheet whose column could be two things blocks the import until a answers it; then the rows are counted."""
    path = tmp_path / "分件" / "目录.csv"
    path.parent.mkdir()
    lines = ["档号,题名,成文日期,密级,张数", f"{C},关于其他的通知,19830512,,2"]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())

    async def story(seat: Seat) -> None:
        await open_page(seat)
        await seat.press("i")
        await fill(seat, str(path), "分件")
        await seat.press("ctrl+s")
        assert "询问（按 a 回答）" in seat.seen()
        await seat.press("a", "enter", "enter")
        assert "新增 1" in seat.seen()
        assert "! 须先回答" not in seat.seen()

    sit(daemon.work.path, story, size=(160, 48))


def test_any_column_is_read_as_a_person_says(daemon: Daemon, tmp_path: Path) -> None:
    """m shows what each column is read as; one that is read otherwise is tried again at once, and the choice is marked."""
    path = tmp_path / "分件" / "目录.csv"
    path.parent.mkdir()
    lines = ["档号,题名,经办单位,成文日期,密级,页数", f"{C},关于其他的通知,教育局,19830512,,2"]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())

    async def story(seat: Seat) -> None:
        await open_page(seat)
        await seat.press("i")
        await fill(seat, str(path), "分件")
        await seat.press("ctrl+s", "m")
        read = [line.split() for line in seat.seen().splitlines()]
        assert ["经办单位", "经办单位"] in read
        await seat.press("down", "down", "enter")
        await seat.pilot.press("责", "enter")
        await seat.settled()
        await seat.press("m")
        assert ["*", "经办单位", "责任者"] in [line.split() for line in seat.seen().splitlines()]
        await seat.press("escape", "i")
        [hit] = node(daemon).search(f"档号:{C}")["hits"]
        assert hit["body"] == "教育局"

    sit(daemon.work.path, story)


def test_a_sheet_that_cannot_be_read_keeps_the_form(daemon: Daemon, tmp_path: Path) -> None:
    """The refusal stands in the form with its remedy; nothing is opened."""

    async def story(seat: Seat) -> None:
        await open_page(seat)
        await seat.press("i")
        await fill(seat, str(tmp_path / "没有.csv"))
        await seat.press("ctrl+s")
        assert "读不出" in seat.seen()
        await seat.press("escape")

    sit(daemon.work.path, story)


def test_particulars_reprocessing_page_rule_and_papers(daemon: Daemon, tmp_path: Path) -> None:
    """登记, 批量重处理, 口径, 打印, 随批清单, 工作量 and 合格率 each do their work by their key."""
    node(daemon).clear("扫描", ["张三", "李四"])
    daemon.engine.run(settle_s=0.0, send=False)

    async def story(seat: Seat) -> None:
        await open_page(seat)
        await seat.press("d")
        await fill(seat, "3", "甲公司", "一站、二站")
        await seat.press("ctrl+s")
        assert "第 03 批  甲公司  一站、二站" in seat.seen()
        await seat.press("x")
        await fill(seat, "8", "重新纠偏")
        await seat.press("ctrl+s")
        assert "重新纠偏" in "".join(node(daemon).delivery_report("扫描")["reprocessing"])
        await seat.press("l")
        assert "采用接收方案" in seat.seen()
        await seat.press("ctrl+s")
        assert [one["deliveries"] for one in node(daemon).profile_list()["profiles"]] == [["扫描"]]
        await seat.press("p")
        await fill(seat, str(tmp_path / "打印"))
        await seat.press("ctrl+s")
        assert {path.suffix for path in (tmp_path / "打印").iterdir()} == {".pdf", ".html", ".json"}
        for key, word in (("e", "本批次没有随批次清单"), ("h", "还没有抽检")):
            await seat.press(key)
            assert word in seat.seen()
            await seat.press("escape")
        await seat.press("g", "ctrl+s")
        assert "还没有验收通过的批次" in seat.seen()

    sit(daemon.work.path, story)


def test_a_sample_is_printed_and_read_back(daemon: Daemon, tmp_path: Path) -> None:
    """The page list is written where it is asked for, and what is read back is drawn."""
    node(daemon).clear("扫描", ["张三", "李四"])
    daemon.engine.run(settle_s=0.0, send=False)
    node(daemon).sample_draw("扫描", "张三", seed="1")
    file = tmp_path / "抽检单.xlsx"

    async def story(seat: Seat) -> None:
        await open_page(seat)
        await seat.press("n", "enter", "p")
        await fill(seat, str(file))
        await seat.press("ctrl+s")
        assert file.stat().st_size > 1000
        await seat.press("r")
        await fill(seat, str(file))
        await seat.press("ctrl+s")
        assert "已检 0 / 5" in seat.seen()
        await seat.press("question_mark")
        assert "打印整改通知单" in seat.seen()

    sit(daemon.work.path, story)


STANDS = {"name": "x", "state": "open", "round": 1, "clearance": "review", "states": {}, "findings": 0, "contractor": ""}


@pytest.mark.parametrize(
    ("changed", "rows", "word"),
    [
        ({}, 0, "按 i 导入目录表"), ({"clearance": ""}, 5, "按 c"), ({"findings": 2}, 5, "有 2 条问题待处理"), ({}, 5, "按 s 提交"),
        ({"state": "submitted"}, 5, "按 n 抽检"), ({"state": "returned"}, 5, "整改"), ({"state": "accepted"}, 5, "工作量"), ({"state": "withdrawn"}, 5, "按 o"),
    ],
)  # fmt: skip
def test_the_next_step_follows_from_how_a_delivery_stands(changed: dict[str, object], rows: int, word: str) -> None:
    """One sentence, and the key in it is one of the screen's."""
    assert word in page_deliveries.following(STANDS | changed, {"rows": rows})
    assert Ledger.KEYS


def test_what_another_person_did_is_seen_without_a_key(daemon: Daemon) -> None:
    """An act at another console changes the screen at the next look; reading alone changes nothing."""

    async def story(seat: Seat) -> None:
        await open_page(seat)
        await seat.app.pulse()
        before = seat.app._status["acts"]
        await seat.app.link.ask("search", query="")
        await seat.app.pulse()
        assert seat.app._status["acts"] == before
        await seat.app.link.ask("clear", delivery_name="扫描", persons=["王五", "赵六"])
        assert "王五" not in seat.seen()
        await seat.app.pulse()
        await seat.settled()
        assert "王五" in seat.seen()

    sit(daemon.work.path, story)
