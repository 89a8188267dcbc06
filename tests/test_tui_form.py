"""Forms and words of the console: everything that must be seen is seen on the smallest screen, and said in the console's own terms."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from pathlib import Path

import pytest
from console_at_work import Seat, sit
from textual import events
from textual.containers import Vertical
from textual.worker import WorkerFailed

from tui import machine_forms, page_findings
from tui.form import Field, Form, Values
from tui.link import Trouble, spoken, trouble_of
from tui.work import start


async def refuse(_values: Values) -> None:
    """An act that is always refused."""
    raise Trouble("", "原因很长，" * 20, "办法也不短，" * 10)


@pytest.mark.parametrize("notes", [0, 2, 30])
def test_fields_trouble_and_keys_are_seen_whatever_the_note(tmp_path: Path, notes: int) -> None:
    """At 80 by 24 a form of fourteen fields shows the field that has the keys, the remedy of a refusal and its own keys; the note scrolls."""

    async def story(seat: Seat) -> None:
        fields = [Field(f"n{n}", f"第{n:02d}栏", "值") for n in range(14)]
        note = "\n".join(f"说明{n:02d}" for n in range(notes))
        seat.app.push_screen(Form("标题在此", fields, refuse, note=note))
        await seat.settled()
        seen = seat.seen()
        assert "标题在此" in seen
        assert "第00栏" in seen
        assert "^S 办理" in seen
        await seat.press("shift+tab")
        assert "第13栏" in seat.seen()
        await seat.press("ctrl+s")
        seen = seat.seen()
        assert "办法也不短" in seen
        assert "第13栏" in seen
        assert "^S 办理" in seen
        if notes == 30:
            assert "说明00" in seen
            await seat.press("pagedown")
            assert "说明00" not in seat.seen()

    sit(tmp_path, story)


def test_an_answer_that_comes_when_the_form_is_closing_harms_nothing(tmp_path: Path) -> None:
    """What is wrong with the values, told when the form's lines are gone already, is dropped without a fault."""
    asked, told = asyncio.Event(), asyncio.Event()

    async def late(_values: Values) -> dict[str, str]:
        asked.set()
        await told.wait()
        return {"one": "不对"}

    async def story(seat: Seat) -> None:
        form = Form("标题在此", [Field("one", "一栏")], refuse, check=late)
        seat.app.push_screen(form)
        await seat.settled()
        await seat.pilot.press("x")
        await asked.wait()
        await form.query("*").remove()
        told.set()
        await seat.settled()

    sit(tmp_path, story)


@pytest.mark.parametrize("key", ["tab", "enter"])
def test_what_is_typed_ahead_goes_to_its_field(tmp_path: Path, key: str) -> None:
    """Keys that come in one burst, as from a scanner of bar codes or a paste of keys, stand each in its own field, the last one whole when it is submitted."""
    done: list[Values] = []

    async def keep(values: Values) -> None:
        done.append(values)

    async def story(seat: Seat) -> None:
        seat.app.push_screen(Form("标题在此", [Field("a", "甲"), Field("b", "乙"), Field("c", "丙")], keep))
        await seat.settled()
        for one in (*"123", key, *"456", key, *"789", "enter"):
            seat.app.post_message(events.Key(one, one if len(one) == 1 else None))
        await seat.settled()
        assert done == [{"a": "123", "b": "456", "c": "789"}]

    sit(tmp_path, story)


def test_what_was_wrong_is_not_said_of_another_text(tmp_path: Path) -> None:
    """必填 goes as soon as something is typed, also where a form judges nothing meanwhile."""

    async def story(seat: Seat) -> None:
        seat.app.push_screen(Form("标题在此", [Field("a", "甲", required=True)], refuse))
        await seat.settled()
        await seat.press("ctrl+s")
        assert "! 必填" in seat.seen()
        await seat.press("x")
        assert "! 必填" not in seat.seen()

    sit(tmp_path, story)


def test_a_rule_with_colons_is_told_whole() -> None:
    """Only the clause before the first colon is left to the detail."""
    item = {
        "severity": "警告",
        "state": "open",
        "ref": "J001",
        "path": "",
        "rule": "DA/T 46-2009 M22：题名：4,000 个字符",
        "id": 1,
        "claimed_by": "",
    }
    assert page_findings.row(item).cells[3] == "题名：4,000 个字符"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("按字词查（--by words）：没有", "按字词查：没有"),
        ("请另一人办理（--by 姓名）", "请另一人办理"),
        ("按意思查（--mode meaning）", "按意思查"),
        ("（已登录）", "（已登录）"),
    ],
)
def test_the_console_says_no_options_of_commands(text: str, said: str) -> None:
    """What a command takes is told to those who type commands."""
    assert spoken(text) == said


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("unlock", "keyfile:/mnt/k", "密钥文件:/mnt/k"),
        ("unlock", "passphrase", "口令"),
        ("sm3", "off", "不算"),
        ("transcode", "auto", "按线路"),
        ("settle_s", "2.0", "2.0"),
    ],
)
def test_settings_are_told_in_words(name: str, value: str, said: str) -> None:
    """What node.toml abbreviates is said in words."""
    assert machine_forms.word(name, value) == said


def test_a_line_that_is_down_needs_nobody() -> None:
    """What ends by itself is told as the remedy, not a self-check."""
    told = trouble_of("立即传输", "连不上市级中心 127.0.0.1。本机数据完好，恢复后自动补传。")
    assert (told.rule, told.remedy) == ("连不上市级中心 127.0.0.1。本机数据完好", "恢复后自动补传。")


@pytest.mark.parametrize("goes", [True, False])
def test_an_answer_for_a_screen_that_goes_is_dropped(tmp_path: Path, goes: bool) -> None:
    """What finds its place gone while its owner is taken away ends quietly; a place that never was is a fault still."""

    async def story(seat: Seat) -> None:
        owner, met = Vertical(Vertical(id="inner")), list[str]()
        await seat.app.screen.mount(owner)

        async def late() -> None:
            while goes and owner.query("#inner"):  # noqa: ASYNC110  nobody tells when a place goes
                await asyncio.sleep(0)
            met.append("looked")
            owner.query_one("#inner" if goes else "#never")

        start(owner, late, "late")
        if goes:
            await owner.remove()
        await seat.settled()
        assert met == ["looked"]

    with nullcontext() if goes else pytest.raises(WorkerFailed):
        sit(tmp_path, story)
