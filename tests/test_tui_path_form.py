"""A path is picked with the keys alone, and nothing is offered that cannot be taken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from console_at_work import Daemon, Seat, serving, sit
from node_at_work import make
from scan_tree import SHEET
from textual.widgets import Input

from node import disk_places
from node.disk_places import Pick, look
from node.errors import ConfigurationWrong
from node.service import Service
from sync.sandbox import Sandbox
from tui.page_deliveries import DeliveriesPage

A, B = "J001-WS·2011·Y·BGS-0001", "J001-WS·2011·Y·BGS-0002"
BATCH = "第03批"


@pytest.fixture
def daemon(tmp_path: Path, sandbox: Sandbox) -> Iterator[Daemon]:
    """A node with one record, and a folder to write to beside it."""
    work = make(tmp_path, sandbox)
    work.scans.delivery({A: 2})
    (tmp_path / "出").mkdir()
    with serving(work) as served:
        served.engine.run(settle_s=0.0, send=False)
        yield served


def names(served: Daemon, act: str, folder: str = "") -> list[str]:
    """What is offered there."""
    return [one["name"] for one in Service(served.engine).places_look(act=act, folder=folder)["entries"]]  # type: ignore[arg-type]


def test_only_what_can_be_taken_is_offered(daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sheets for a sheet, images for an image, folders alone for a folder; no links, hidden names, scan folders to write to, home of the node or system's own."""
    root, home = daemon.work.scans.root, daemon.work.path
    daemon.work.scans.put(A, {"~$x.xlsx": b"", ".x.jpg": b"", "说明.txt": b"", "a.jpg.part": b""})
    (root / "link").symlink_to(tmp_path)
    (root / b"\xff".decode("utf-8", "surrogateescape")).mkdir()
    assert names(daemon, "sheet", root.name) == [A, SHEET]
    assert (names(daemon, "scans"), names(daemon, "scans", root.name)) == ([str(root)], [A])
    assert Service(daemon.engine).places_look(act="scans", folder=str(tmp_path))["folder"] == ""
    assert names(daemon, "image", f"{root.name}/{A}") == ["0001.jpg", "0002.jpg"]
    assert str(root) in names(daemon, "sheet")
    assert str(root) not in names(daemon, "folder")
    assert names(daemon, "folder", str(root)) == names(daemon, "folder") == names(daemon, "folder", str(root / "link"))
    assert (root.name not in names(daemon, "folder", str(tmp_path)), home.name not in names(daemon, "folder", str(tmp_path))) == (True, True)
    assert "出" in names(daemon, "folder", str(tmp_path))
    for hidden in ("/etc", "/", str(home), "/proc/self", "扫描外"):
        assert Service(daemon.engine).places_look(act="folder", folder=hidden)["folder"] == ""
    monkeypatch.setattr(disk_places, "SHOWN_MAX", 1)
    assert Service(daemon.engine).places_look(act="image", folder=f"{root.name}/{A}")["more"]
    with pytest.raises(ConfigurationWrong, match="过长"):
        look(daemon.engine.home, Pick.FOLDER, "/" + "长" * 4_096)


def test_a_sheet_and_a_folder_are_picked_by_keys(daemon: Daemon, tmp_path: Path) -> None:
    """^O begins in the delivery's folder; Enter takes the sheet. For a folder it begins where the path stands, however much of it is there; ^S takes it."""

    async def story(seat: Seat) -> None:
        await seat.app.enter("deliveries")
        await seat.settled()
        await seat.press("i", "ctrl+o")
        assert SHEET in seat.seen()
        assert seat.widths() == {80}
        await seat.press("down", "enter")
        assert seat.app.screen.query_one("#f0", Input).value == str(daemon.work.scans.root / SHEET)
        await seat.press("ctrl+o", "left", "escape", "escape")
        await seat.app.enter("holdings")
        await seat.settled()
        await seat.press("e")
        seat.app.screen.query_one("#f0", Input).value = str(tmp_path / "出" / "没有" / "x")
        await seat.press("ctrl+o")
        assert "就选这个文件夹" in seat.seen()
        await seat.press("left")
        assert "出/" in seat.seen()
        await seat.press("出", "enter", "ctrl+s")
        assert seat.app.screen.query_one("#f0", Input).value == str(tmp_path / "出")
        assert seat.app.focused is seat.app.screen.query_one("#f0")

    sit(daemon.work.path, story)


def test_another_scan_folder_is_picked_behind_the_first(daemon: Daemon, tmp_path: Path) -> None:
    """In the settings ^O adds a folder to those that are scanned; one of them is not offered again."""
    root = str(daemon.work.scans.root)

    async def story(seat: Seat) -> None:
        await seat.app.enter("machine")
        await seat.settled()
        await seat.press("e", "ctrl+o")
        assert root not in seat.seen()
        assert seat.widths() == {80}
        await seat.press("escape")
        field = seat.app.screen.query_one("#f0", Input)
        field.value = f"{root}; {tmp_path}/x"
        await seat.press("ctrl+o", "出", "enter")
        assert "就选这个文件夹" in seat.seen()
        await seat.press("ctrl+s")
        assert field.value == f"{root}; {tmp_path}/x; {tmp_path}/出"

    sit(daemon.work.path, story)


def test_a_delivery_whose_folder_is_away_is_found_again(daemon: Daemon) -> None:
    """随批次清单 of a delivery whose folder was renamed asks for it, with ^O within the scan folders, and verifies what is there."""
    root = daemon.work.scans.root
    daemon.work.scans.rows({B: {}}, BATCH)
    daemon.work.scans.record(f"{BATCH}/{B}", 1)
    daemon.engine.run(settle_s=0.0, send=False)
    (root / BATCH).rename(root / "第三批")
    (root / "第三批" / "MD5.txt").write_text(f"{'0' * 32}  {B}/0001.jpg\n", "utf-8")

    async def story(seat: Seat) -> None:
        await seat.app.enter("deliveries")
        await seat.settled()
        while seat.app.query_one(DeliveriesPage).name_at != f"{root.name}/{BATCH}":
            await seat.press("down")
        await seat.press("e")
        assert "不在" in seat.seen()
        await seat.press("ctrl+o", "enter", "第", "enter")
        assert "就选这个文件夹" in seat.seen()
        assert seat.widths() == {80}
        await seat.press("ctrl+s", "ctrl+s")
        assert "MD5.txt" in seat.seen()

    sit(daemon.work.path, story)
