"""A full disk as somebody at the console meets it: the machine's own figures and refusal, and that the work goes on with room again."""

from __future__ import annotations

from pathlib import Path

from console_at_work import Seat, serving, sit
from faulty import filled, full_disk, small_disk
from node_at_work import make

from node.service import Service
from sync.sandbox import Sandbox

A, B = (f"J001-WS·2011·Y·BGS-{n:04d}" for n in (1, 2))
ROOM = 24 << 20


def test_a_full_disk_is_told_and_nothing_is_lost(tmp_path: Path, sandbox: Sandbox) -> None:
    """On a file system that is full 今日 says how little is left, and taking in is refused with the reason and what is safe; with room again the same key takes in
    what waited. Where this user may mount none, files that may not grow refuse the same."""
    with small_disk(tmp_path / "disk", ROOM) as real:
        work = make(tmp_path / "disk", sandbox)
        work.scans.delivery({A: 2})
        with serving(work) as daemon:
            node = Service(daemon.engine)
            daemon.engine.run(settle_s=0.0, send=False)
            work.scans.delivery({A: 2, B: 2})

            async def refused(seat: Seat) -> None:
                if real:
                    assert "! 磁盘只剩 0 B" in seat.seen()
                await seat.press("i")
                assert all(word in seat.seen() for word in ("不能办理", "磁盘空间不足", "不受影响"))
                assert seat.widths() == {80}

            with filled(tmp_path / "disk") if real else full_disk(8 << 10):
                sit(work.path, refused)
            assert node.status()["records"] == 1
            daemon.engine.run(settle_s=0.0, send=False)
            assert node.status()["records"] == 2
            assert node.doctor()["ok"]
