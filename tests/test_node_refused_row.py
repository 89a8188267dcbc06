"""A refused row is read again from its sheet for who types it anew; nothing of a secret or changed one is ever said."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from node_at_work import NodeAtWork, make
from scan_tree import COLUMNS, SHEET, sheet

from holdings import quarantine
from holdings.security import SiteClass
from holdings.sheet import SheetRequest
from holdings.sheet_refused import RowRequest, decode, row_in_sandbox
from node.service import Service
from sync.sandbox import Sandbox

A, B, C = "J001-WS·2011·Y·BGS-0001", "J001-WS·2011·Y·BGS-0002", "J001-WS·2011·Y·BGS-0003"
BAD = "2019年13月"
"""A date that no row may have."""


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node whose deliveries count as cleared by its profile."""
    return make(tmp_path, sandbox)


def said(work: NodeAtWork, path: str) -> dict[str, str]:
    """What the form of the finding at this row is filled with."""
    with work.opened() as engine:
        number = next(one.id for one in quarantine.list_open(engine.home.database.read()) if one.finding.path.endswith(path))
        return {one["name"]: one["value"] for one in Service(engine).quarantine_refused(number)["elements"]}


@pytest.mark.parametrize("folder", ["", "第03批/目录"])
def test_what_a_refused_row_says_is_offered(work: NodeAtWork, folder: str) -> None:
    """The values of the row itself, the wrong one too; once the sheet says something else there, nothing."""
    work.scans.rows({A: {}, B: {"成文日期": BAD, "责任者": "民政局"}}, folder=folder)
    work.intake()
    found = said(work, "#3")
    assert (found["题名"], found["责任者"], found["成文日期"]) == (f"关于{B}的通知", "民政局", BAD)
    file = next(work.scans.root.rglob(SHEET))
    for rows in ({A: {}, C: {"成文日期": BAD}}, {A: {}, B: {}}, {A: {}}):
        file.write_bytes(sheet(rows))
        assert said(work, "#3") == {}
    file.unlink()
    assert said(work, "#3") == {}


def test_a_secret_row_says_nothing() -> None:
    """On an open site a refused row whose mark is not open, by column, words or what stands above it, is withheld; on a classified one it is read."""
    rows: dict[str, dict[str, str]] = {A: {}, B: {"成文日期": BAD, "密级": "机密", "题名": "天机"}}
    for site, known in ((SiteClass.OPEN, False), (SiteClass.CLASSIFIED, True)):
        wish = RowRequest(_request(site), "", 3)
        found = decode(row_in_sandbox(sheet(rows), _json(wish)))
        assert (found is not None and found.values["题名"] == "天机") is known
    worded = sheet({B: {"成文日期": BAD, "题名": "（机密）天机"}}, tuple(one for one in COLUMNS if one != "密级"))
    assert row_in_sandbox(worded, _json(RowRequest(_request(SiteClass.OPEN), "", 2))) == b""


def _request(site: SiteClass) -> str:
    return _json(SheetRequest(SHEET, site.name))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
