"""The frame of the console: screens, keys, help, palette, language, themes, and what it says when the node is away."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from console_at_work import SIZES, Daemon, Seat, serving, sit
from node_at_work import make
from textual.widgets import Input

from node import config as configuration
from sync.sandbox import Sandbox
from tui import figures, themes, wording
from tui.app import Console
from tui.keymap import EVERYWHERE
from tui.link import trouble_of
from tui.screens import PAGES

A, B = (f"J001-WS·2011·Y·BGS-{n:04d}" for n in (1, 2))


@pytest.fixture
def daemon(tmp_path: Path, sandbox: Sandbox) -> Iterator[Daemon]:
    """A node with one sealed record and one without a row."""
    work = make(tmp_path, sandbox)
    work.scans.delivery({A: 2})
    work.scans.record(B, 1, 7)
    with serving(work) as served:
        served.engine.run(settle_s=0.0, send=False)
        yield served


def test_every_screen_has_one_key(daemon: Daemon) -> None:
    """Each screen is reached by its digit, its name stands in the first line, and a digit beyond the last does nothing."""

    async def story(seat: Seat) -> None:
        for n, kind in enumerate(PAGES, 1):
            await seat.press(str(n))
            assert seat.app.page is not None
            assert seat.app.page.NAME == kind.NAME
            assert f"{n} {kind.TITLE}" in seat.seen().splitlines()[0]
        await seat.press("9")
        assert seat.app.page.NAME == PAGES[-1].NAME

    sit(daemon.work.path, story)


@pytest.mark.parametrize("size", SIZES)
def test_today_is_told_by_station_too(daemon: Daemon, size: tuple[int, int]) -> None:
    """g turns from deliveries to scanning stations and back; where there is room both are seen."""

    async def story(seat: Seat) -> None:
        for stations in (False, True, False):
            shown = [one for one in ("#places", "#stations") if seat.app.query_one(one).display]
            assert shown == (["#places", "#stations"] if size[0] > 100 else ["#stations"] if stations else ["#places"])
            assert ("扫描站" in seat.seen()) is (stations or size[0] > 100)
            await seat.press("g")
        assert seat.widths() == {size[0]}

    sit(daemon.work.path, story, size=size)


def test_help_is_the_table_of_keys(daemon: Daemon) -> None:
    """On every screen the help tells every key of that screen and of all, and no screen binds a key twice."""

    async def story(seat: Seat) -> None:
        for n, kind in enumerate(PAGES, 1):
            assert len({key.key for key in kind.KEYS}) == len(kind.KEYS)
            await seat.press(str(n), "question_mark")
            text = seat.app.screen.query("#text Static").first().render().plain  # type: ignore[attr-defined]
            for key in (*kind.KEYS, *EVERYWHERE):
                assert f"  {wording._(key.name)} " in text
                assert (key.told or key.label) in text
            await seat.press("escape")

    sit(daemon.work.path, story)


def test_the_palette_finds_by_name(daemon: Daemon) -> None:
    """A part of a name and Enter go there or do it, on another screen too; a name that nothing has leaves an empty list and does nothing."""

    async def story(seat: Seat) -> None:
        await seat.press("colon")
        seat.app.screen.query_one(Input).value = "到待处理"
        await seat.settled()
        await seat.press("enter")
        assert seat.app.page is not None
        assert seat.app.page.NAME == "findings"
        await seat.press("ctrl+p")
        seat.app.screen.query_one(Input).value = "没有这个"
        await seat.settled()
        await seat.press("enter", "escape")
        assert seat.app.page.NAME == "findings"
        await seat.press("colon")
        seat.app.screen.query_one(Input).value = "批量重处理"
        await seat.settled()
        await seat.press("enter")
        assert seat.app.page.NAME == "deliveries"
        assert "声明批量重处理  扫描" in seat.seen()

    sit(daemon.work.path, story)


@pytest.mark.parametrize("size", SIZES)
def test_english_and_chinese_are_a_key_apart_and_kept(daemon: Daemon, size: tuple[int, int]) -> None:
    """F2 turns every label of the frame, the node keeps the choice for this person, and no cell is lost in either language."""

    async def story(seat: Seat) -> None:
        assert "服务正常" in seat.seen()
        await seat.press("f2")
        assert "Daemon up" in seat.seen()
        assert "今日" not in seat.seen()
        assert seat.widths() == {size[0]}

    async def again(seat: Seat) -> None:
        assert "Daemon up" in seat.seen()
        await seat.press("f2", "f3")
        assert "服务正常" in seat.seen()

    async def other(seat: Seat) -> None:
        assert "服务正常" in seat.seen()
        assert seat.app.theme == themes.DEFAULT

    sit(daemon.work.path, story, size=size)
    sit(daemon.work.path, again, size=size)
    sit(daemon.work.path, other, size=size, by="李四")


def test_the_console_says_that_the_daemon_is_away_and_finds_it_again(daemon: Daemon) -> None:
    """Without a daemon the figures stay, the status line says so, an act says thing, rule and remedy; when it is back, all goes on."""

    async def story(seat: Seat) -> None:
        assert "已加封" in seat.seen()
        daemon.stop()
        await seat.app.pulse()
        await seat.settled()
        assert "! 后台服务未运行" in seat.seen()
        assert "1 件 2 页" in seat.seen()
        await seat.press("i")
        for word in ("不能办理", "收入", "后台服务没有运行", "systemctl start jindang-node"):
            assert word in seat.seen()
        await seat.press("escape")
        daemon.start()
        await seat.app.pulse()
        await seat.settled()
        assert "服务正常" in seat.seen()

    sit(daemon.work.path, story)


def test_a_locked_node_says_what_a_person_must_do(daemon: Daemon) -> None:
    """A node whose key waits for a passphrase is told apart from one that merely does not run, at the start too."""
    daemon.stop()
    path = daemon.work.path / configuration.FILE
    path.write_text(path.read_text("utf-8").replace('unlock = "keyfile"', 'unlock = "passphrase"'), "utf-8")

    async def story(seat: Seat) -> None:
        assert "! 本机待解锁" in seat.seen()
        await seat.press("i")
        assert "口令" in seat.seen()

    sit(daemon.work.path, story)


def test_figures_follow_the_pulse_and_rest_without_news(daemon: Daemon) -> None:
    """What the node took in meanwhile is on the screen after the next pulse; a pulse without news asks for nothing."""

    async def story(seat: Seat) -> None:
        assert "1 件 2 页" in seat.seen()
        daemon.work.scans.delivery({A: 2, B: 3})
        daemon.engine.run(settle_s=0.0, send=False)
        await seat.app.pulse()
        await seat.settled()
        assert "2 件 5 页" in seat.seen()
        asked: list[str] = []
        asking = seat.app.link.ask
        seat.app.link.ask = lambda verb, **given: (asked.append(verb), asking(verb, **given))[1]  # type: ignore[method-assign,assignment]
        for _ in range(5):
            await seat.app.pulse()
        await seat.settled()
        assert asked == ["status"] * 5

    sit(daemon.work.path, story)


def test_the_mouse_and_a_new_size_do_what_keys_do(daemon: Daemon) -> None:
    """A click on a screen's name goes there; a wide terminal has the detail beside the list, a narrow one below."""

    async def story(seat: Seat) -> None:
        first = seat.seen().splitlines()[0]
        cells = figures.cell_len(first[: first.index("待处理")])
        await seat.pilot.click("#top", offset=(cells + 1, 0))
        await seat.settled()
        assert seat.app.page is not None
        assert seat.app.page.NAME == "findings"
        below = seat.app.query_one("#detail").region
        await seat.pilot.resize_terminal(160, 48)
        await seat.settled()
        beside = seat.app.query_one("#detail").region
        assert (below.x, beside.y) == (0, seat.app.query_one("#list").region.y)
        assert beside.x > 0
        assert seat.widths() == {160}

    sit(daemon.work.path, story)


def test_a_person_is_asked_once_and_every_act_bears_the_name(daemon: Daemon) -> None:
    """F4 changes in whose name acts are noted."""

    async def story(seat: Seat) -> None:
        await seat.press("f4")
        seat.app.screen.query_one(Input).value = "李四"
        await seat.press("ctrl+s")
        assert "经办人 李四" in seat.seen()
        await seat.app.enter("findings")
        await seat.settled()
        await seat.press("c")
        assert "李四" in seat.seen().splitlines()[3]

    sit(daemon.work.path, story)


def test_the_frame_uses_no_sign_of_doubtful_width() -> None:
    """Signs that some Chinese terminals draw two cells wide stand in no label of a key or column, so nothing shifts there."""
    labels = (
        [key.label for kind in PAGES for key in kind.KEYS]
        + [key.label for key in EVERYWHERE]
        + [kind.TITLE for kind in PAGES]
    )
    assert not [label for label in labels if any(unicodedata.east_asian_width(sign) == "A" for sign in label)]


@pytest.mark.parametrize("theme", [one.name for one in themes.THEMES])
def test_every_look_can_be_read(theme: str) -> None:
    """Text, signs of severity and the cursor have a contrast of 4.5 to their ground at least (7 in high contrast)."""
    one = next(found for found in themes.THEMES if found.name == theme)
    pairs = [(one.foreground, one.background), (one.foreground, one.surface), (one.variables["foreground-muted"], one.surface),
             (one.error, one.background), (one.warning, one.surface), (one.success, one.surface), (one.variables["primary-ink"], one.primary),
             (one.primary, one.surface)]  # fmt: skip
    least = 7.0 if theme == "contrast" else 4.5
    assert [pair for pair in pairs if _contrast(*pair) < least] == []  # type: ignore[arg-type]


def _contrast(ink: str, ground: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(ink), light(ground)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("text", "rule", "remedy"),
    [
        ("须写明理由；请重填", "须写明理由", "请重填"), ("此类问题不能说明后放行。处理办法：重新扫描该页", "此类问题不能说明后放行", "重新扫描该页"),
        ("编号 3 的问题已经处理过", "编号 3 的问题已经处理过", "按上面所说改正后再试；仍不行的，请做体检（jindang node doctor）"),
    ],
)  # fmt: skip
def test_an_error_of_the_node_is_rule_and_remedy(text: str, rule: str, remedy: str) -> None:
    """The remedy begins where the node tells somebody to do something; an error without one gets a general one."""
    found = trouble_of("放行", text)
    assert (found.thing, found.rule, found.remedy) == ("放行", rule, remedy)


def test_numbers_sizes_and_texts_keep_their_cells() -> None:
    """A text is cut or filled to exactly so many cells, wide characters are never halved, and sizes are decimal."""
    assert [figures.fit("中文题名", width) for width in (8, 9, 7, 3)] == ["中文题名", "中文题名 ", "中文 ..", " .."]
    assert {figures.cell_len(figures.fit("关于2011年的通知", width)) for width in range(2, 30)} == set(range(2, 30))
    assert [figures.size(n) for n in (999, 25_100_000, 1_234_000_000)] == ["999 B", "25.1 MB", "1.234 GB"]
    assert [figures.share(a, b) for a, b in ((0, 0), (999_999, 1_000_000), (5, 5))] == ["-", "99.9%", "100.0%"]


def test_a_console_needs_a_home(tmp_path: Path) -> None:
    """A folder that is no node's home is refused before any screen opens."""
    from click.testing import CliRunner

    from tui.commands import console

    done = CliRunner().invoke(console, ["--home", str(tmp_path)])
    assert (done.exit_code, "不是节点主目录" in done.output) == (2, True)
    assert issubclass(Console, object)


def test_no_text_hides_from_the_catalogue(repository: Path) -> None:
    """A text looked up inside an f-string is seen by no extractor, and would stay Chinese on an English screen: there is none."""
    found = [
        f"{path.name}: {line}"
        for path in sorted((repository / "tui").glob("*.py"))
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"\{[^}\"]*\b_\('", line)
    ]
    assert not found
