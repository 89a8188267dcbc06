"""Metadata rules at import, through a node: named with sheet and row in 待处理, and nothing is held up by them."""

from __future__ import annotations

from pathlib import Path

from node_at_work import make
from scan_tree import COLUMNS

from sync.sandbox import Sandbox

A = "J023-WS·2011·Y·BGS-0001"


def test_violations_wait_with_sheet_and_row_and_the_record_is_sealed(tmp_path: Path, sandbox: Sandbox) -> None:
    """A retention period that is none and a blank 责任者 are findings; the record goes on, and a mended sheet takes them back."""
    work = make(tmp_path, sandbox)
    work.scans.rows({A: {"页数": "1", "保管期限": "很久", "责任者": ""}}, columns=(*COLUMNS, "保管期限"))
    work.scans.record(A, 1)
    work.intake()
    assert list(work.current()) == [A]
    assert work.findings() == [("metadata-domain", "扫描/目录.csv#2:保管期限"), ("metadata-missing", "扫描/目录.csv#2:责任者")]
    work.scans.rows({A: {"页数": "1", "保管期限": "永久"}}, columns=(*COLUMNS, "保管期限"))
    work.intake()
    assert work.findings() == []
