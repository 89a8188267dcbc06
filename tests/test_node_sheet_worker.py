"""A worker of the sandbox that dies while it reads a sheet: tried again once, told when it dies again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from node_at_work import make

from sync.errors import SandboxDied
from sync.sandbox import Sandbox


class Dying(Sandbox):
    """A sandbox whose first `deaths` streams end with their worker."""

    deaths = 0

    def stream(self, function: str, data: object, extra: str = "") -> Iterator[bytes]:  # type: ignore[override]
        if self.deaths:
            self.deaths -= 1
            raise SandboxDied("沙箱进程意外退出")
        return super().stream(function, data, extra)  # type: ignore[arg-type]


@pytest.mark.parametrize(("deaths", "records", "found"), [(1, 1, []), (2, 0, ["no-row", "sheet-unreadable"])])
def test_a_sheet_is_not_blamed_for_one_dead_worker(tmp_path: Path, deaths: int, records: int, found: list[str]) -> None:
    """What the machine did to one worker is no finding about the sheet; a sheet that kills its reader again is one."""
    sandbox = Dying(workers=1)
    try:
        work = make(tmp_path, sandbox)
        work.scans.delivery({"J023-WS·2011·Y-0001": 1})
        sandbox.deaths = deaths
        assert work.intake().records == records
        assert [code for code, _ in work.findings()] == found
    finally:
        sandbox.close()
