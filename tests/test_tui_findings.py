"""待处理 in the console: every act by its key, against a real node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from console_at_work import Daemon, Seat, serving, sit
from node_at_work import make
from scan_tree import page
from textual.widgets import Input

from node.service import Service
from sync.sandbox import Sandbox
from tui.ledger import Ledger

A, B, C, D = (f"J001-WS·2011·Y·BGS-{n:04d}" for n in (1, 2, 3, 4))
DAY_S = 86_400


@pytest.fixture
def daemon(tmp_path: Path, sandbox: Sandbox) -> Iterator[Daemon]:
    """One sealed record, one with a page too many, one with an empty page."""
    work = make(tmp_path, sandbox)
    work.scans.delivery({A: 2, B: 3, C: 2})
    work.scans.rows({A: {"页数": "2"}, B: {"页数": "2"}, C: {"页数": "3"}})
    work.scans.put(C, {"0003.jpg": b""})
    work.scans.set_age(work.clock.time, 2 * DAY_S)
    with serving(work) as served:
        served.engine.run(settle_s=0.0, send=False)
        yield served


def node(daemon: Daemon) -> Service:
    """What the daemon would answer, asked beside the console."""
    return Service(daemon.engine)


def waiting(daemon: Daemon) -> dict[str, int]:
    """{code: id} of what waits."""
    return {item["code"]: item["id"] for item in node(daemon).quarantine_list()["items"]}


async def at(seat: Seat, number: int) -> None:
    """Put the cursor on a finding of the screen, by keys."""
    await seat.app.enter("findings")
    await seat.settled()
    await seat.press("home")
    while seat.app.query_one("#list", Ledger).key != number:
        await seat.press("down")


async def fill(seat: Seat, *values: str) -> None:
    """Write into the fields of the form on top, in their order."""
    for field, value in zip(seat.app.screen.query(Input), values, strict=False):
        field.value = value
    await seat.settled()


def test_the_list_has_file_rule_and_remedy(daemon: Daemon) -> None:
    """Errors come first with their sign; the one under the cursor tells file, rule, remedy; Enter tells the whole story."""

    async def story(seat: Seat) -> None:
        await at(seat, waiting(daemon)["empty-file"])
        seen = seat.seen()
        assert seen.splitlines()[3].startswith("> ! 错误")
        assert all(word in seen for word in ("0003.jpg", "GD-3-4", "重新扫描或重新复制该页", "? 警告"))
        await seat.press("enter")
        assert "还没有人办理" in seat.seen()
        assert "不能放行" in seat.seen()

    sit(daemon.work.path, story)


def test_claim_set_aside_and_undo(daemon: Daemon) -> None:
    """Claiming shows the name in the list, setting aside dims the row, undo takes back one after the other, each without a question."""
    number = waiting(daemon)["page-count-differs"]

    async def story(seat: Seat) -> None:
        await at(seat, number)
        await seat.press("c")
        assert node(daemon).quarantine_show(number)["claimed_by"] == "张三"
        await seat.press("u")
        assert node(daemon).quarantine_show(number)["claimed_by"] == ""
        await seat.press("a")
        assert "(搁置)" in seat.seen()
        await seat.press("u")
        assert "(搁置)" not in seat.seen()

    sit(daemon.work.path, story)


def test_a_colleagues_claim_is_told_with_its_remedy(daemon: Daemon) -> None:
    """What somebody else has claimed is refused in a box that names him."""
    number = waiting(daemon)["page-count-differs"]

    async def story(seat: Seat) -> None:
        await at(seat, number)
        node(daemon).quarantine_claim(number, "李四")
        await seat.press("a")
        assert "不能办理" in seat.seen()
        assert "李四 已领取此问题" in seat.seen()
        await seat.press("enter")
        assert "不能办理" not in seat.seen()

    sit(daemon.work.path, story)


def test_waive_needs_a_reason_and_can_be_undone(daemon: Daemon) -> None:
    """An empty reason keeps the form open; with one the finding leaves the list, and undo brings it back."""
    number = waiting(daemon)["page-count-differs"]

    async def story(seat: Seat) -> None:
        await at(seat, number)
        await seat.press("w", "ctrl+s")
        assert "必填" in seat.seen()
        await fill(seat, "原件如此")
        await seat.press("ctrl+s")
        assert number not in waiting(daemon).values()
        await seat.press("u")
        assert number in waiting(daemon).values()

    sit(daemon.work.path, story)


def test_what_may_not_be_waived_keeps_the_form_with_the_remedy(daemon: Daemon) -> None:
    """The refusal of the node stands in the form as rule and remedy; Esc leaves all as it was."""
    number = waiting(daemon)["empty-file"]

    async def story(seat: Seat) -> None:
        await at(seat, number)
        await seat.press("w")
        await fill(seat, "原件如此")
        await seat.press("ctrl+s")
        assert "此类问题不能说明后放行" in seat.seen()
        assert "重新扫描或重新复制该页" in seat.seen()
        await seat.press("escape")
        assert number in waiting(daemon).values()

    sit(daemon.work.path, story)


def test_a_row_is_mended_in_place_and_checked_while_typed(daemon: Daemon) -> None:
    """A value that breaks a rule is said below its field before anything is sent; a good one changes the row, with old and new in the history."""
    number = waiting(daemon)["page-count-differs"]

    async def story(seat: Seat) -> None:
        await at(seat, number)
        await seat.press("e")
        fields = seat.app.screen.query(Input)
        labels = [
            one["name"]
            for one in node(daemon).quarantine_row(number)["elements"]
            if one["name"] not in ("密级", "档号")
        ]
        pages = fields[labels.index("页数")]
        pages.value = "三"
        await seat.app.screen._look()  # type: ignore[attr-defined]
        await seat.settled()
        assert "! " in seat.seen()
        pages.value = "3"
        await seat.settled()
        await seat.press("ctrl+s")
        assert node(daemon).quarantine_show(number)["history"][-1]["note"] == "页数：2 → 3"

    sit(daemon.work.path, story, size=(160, 48))


def test_a_page_is_replaced_moved_dropped_and_taken_back(daemon: Daemon, tmp_path: Path) -> None:
    """换页, 移页 and 删页 by their keys; each decision stands in the list of decisions and can be undone there or with u."""
    number = waiting(daemon)["empty-file"]
    image = tmp_path / "new.jpg"
    image.write_bytes(page(77))

    async def story(seat: Seat) -> None:
        await at(seat, number)
        await seat.press("x")
        await fill(seat, str(image))
        await seat.press("ctrl+s")
        assert [one["act"] for one in node(daemon).page_acts()["pages"]] == ["换页"]
        await seat.press("p", "enter")
        assert node(daemon).page_acts()["pages"] == []
        await seat.press("u")
        await at(seat, number)
        await seat.press("m")
        await fill(seat, A)
        await seat.press("ctrl+s")
        assert [one["act"] for one in node(daemon).page_acts()["pages"]] == ["移页"]
        await seat.press("u")
        await at(seat, number)
        await seat.press("d")
        assert [one["act"] for one in node(daemon).page_acts()["pages"]] == ["删除该页"]
        await seat.press("u", "p")
        assert node(daemon).page_acts()["pages"] == []

    sit(daemon.work.path, story)


def test_many_are_done_at_once(daemon: Daemon) -> None:
    """All that a filter shows can be marked and waived with one reason; what refuses is counted and stays."""

    async def story(seat: Seat) -> None:
        await seat.app.enter("findings")
        await seat.settled()
        await seat.press("asterisk")
        assert "已标记" in seat.seen()
        await seat.press("w")
        await fill(seat, "原件如此")
        await seat.press("ctrl+s")
        assert set(waiting(daemon)) == {"empty-file"}
        assert "未办 1 条" in seat.seen()

    sit(daemon.work.path, story)


def test_the_list_is_narrowed(daemon: Daemon) -> None:
    """By kind with one key, by severity and text in a form; what is not shown is still counted."""

    async def story(seat: Seat) -> None:
        await at(seat, waiting(daemon)["page-count-differs"])
        ledger = seat.app.query_one("#list", Ledger)
        everything = len(ledger.keys)
        await seat.press("g")
        assert list(ledger.keys) == [waiting(daemon)["page-count-differs"]]
        assert f"共 {everything} 条，列出 1 条" in seat.seen()
        await seat.press("g", "f", "right")
        assert "[错误]" in seat.seen()
        await seat.press("ctrl+s")
        assert list(ledger.keys) == [waiting(daemon)["empty-file"]]

    sit(daemon.work.path, story)


def test_a_refused_row_is_typed_where_it_was_refused(daemon: Daemon) -> None:
    """e on a row that its sheet could not bring opens 著录 at its code, beside its folder's page, with what the sheet says; stored, the record is sealed."""
    daemon.work.scans.rows({A: {"页数": "2"}, D: {"成文日期": "2019年13月"}})
    daemon.work.scans.record(D, 1, 9)
    daemon.work.scans.set_age(daemon.work.clock.time, 2 * DAY_S)
    daemon.engine.run(settle_s=0.0, send=False)

    async def story(seat: Seat) -> None:
        await at(seat, waiting(daemon)["row-refused"])
        await seat.press("e")
        seen = seat.seen()
        assert D in seen
        assert "第 1 / 1 页" in seen
        # What the sheet says stands there, and what was wrong with it is said at once.
        assert f"关于{D}的通知" in seen
        assert "2019年13月" in seen
        assert "! " in seen
        desk = seat.app.screen
        desk._put({"题名": "关于其他的通知"})  # type: ignore[attr-defined]
        await seat.settled()
        desk._put({"成文日期": "20191201"})  # type: ignore[attr-defined]
        await seat.press("ctrl+s", "escape")
        assert f"已著录 {D}" in seat.seen()
        assert "row-refused" not in waiting(daemon)

    sit(daemon.work.path, story)
    daemon.engine.run(settle_s=0.0, send=False)
    assert node(daemon).show(D)["title"] == "关于其他的通知"


def test_kinds_are_chosen_by_their_rule(daemon: Daemon) -> None:
    """h lists the kinds of what waits with their numbers; the one that is chosen narrows the list."""

    async def story(seat: Seat) -> None:
        await at(seat, min(waiting(daemon).values()))
        await seat.press("h")
        assert "页数不符" in seat.seen()
        await seat.press("down", "enter")
        assert "列出 1 条" in seat.seen()
        await seat.press("h", "enter")
        assert "筛选：无" in seat.seen()

    sit(daemon.work.path, story)
