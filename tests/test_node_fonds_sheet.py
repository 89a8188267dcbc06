"""A sheet of the fonds level that comes as a catalogue feeds the register of fonds, and makes no records."""

from __future__ import annotations

from pathlib import Path

import pytest
from node_at_work import NodeAtWork, make
from scan_tree import sheet

from holdings import fonds
from node.service import Service
from sync.errors import SandboxRefused
from sync.sandbox import Sandbox

REGISTER = "全宗号,全宗名称,起止年度,案卷数\nJ023,和平区民政局,1949-2009,1200\nJ024,,1950-2000,1\n"


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node with an empty register."""
    return make(tmp_path, sandbox)


def names(work: NodeAtWork) -> list[str]:
    """Names of the fonds that are registered."""
    with work.opened() as engine:
        return [one.fonds.name for one in fonds.list_all(engine.home.database.read())]


def test_a_register_in_a_delivery(work: NodeAtWork) -> None:
    """Its fonds are registered; a row that cannot be taken waits with its number; rows of the catalogue beside it are imported."""
    work.scans.put("", {"全宗.csv": REGISTER.encode(), "目录.csv": sheet({"J023-2-0001-001": {"页数": "1"}})})
    work.scans.record("J023-2-0001-001", 1)
    work.intake()
    assert names(work) == ["和平区民政局"]
    assert list(work.current()) == ["J023-2-0001-001"]
    assert [(code, path.rpartition("/")[2]) for code, path in work.findings()] == [("row-refused", "全宗.csv#3")]


def test_a_register_by_hand(work: NodeAtWork, tmp_path: Path) -> None:
    """`catalogue import` says what became of the register, a dry run keeps nothing, and what is neither is refused as before."""
    file = tmp_path / "全宗.csv"
    file.write_text(REGISTER, "utf-8")
    with work.opened() as engine:
        service = Service(engine)
        tried = service.catalogue_import(files=[str(file)], delivery_name="扫描", dry_run=True)
        assert (tried["rows"], tried["fonds"]["rows"]) == (0, 2)
        assert fonds.list_all(engine.home.database.read()) == []
        assert service.catalogue_import(files=[str(file)], delivery_name="扫描")["fonds"] == {
            "rows": 2, "added": 1, "changed": 0, "unchanged": 0, "refused": 1,
        }  # fmt: skip
        (tmp_path / "别.csv").write_text("甲,乙\n1,2\n", "utf-8")
        with pytest.raises(SandboxRefused):
            service.catalogue_import(files=[str(tmp_path / "别.csv")], delivery_name="扫描")
