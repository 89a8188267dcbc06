"""What a profile that a delivery gets later leaves as it was, and what lies beside the delivery and is not its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from node_at_work import NodeAtWork, make
from scan_tree import page, pages, sheet
from test_node_linking import A, B, read_by, rows

from holdings.profile import PLAIN
from node.gathering import DeliveryTree
from node.service import Service
from sync.sandbox import Sandbox


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node whose deliveries count as cleared by its profile."""
    return make(tmp_path, sandbox)


def test_overrides_of_another_delivery_are_not_proposed_by(work: NodeAtWork) -> None:
    """Folders 重扫 that lie beside two deliveries belong to the one whose codes they hold; they say nothing for the other's profile."""
    work.scans.put("一", {"目录.csv": sheet({A: {"页数": "2"}})})
    work.scans.put(f"一/{A}", pages(2))
    work.scans.put(f"重扫/{A}", {"0002.jpg": page(99)})
    work.scans.put("二", {"目录.csv": sheet({B: {"页数": "2"}})})
    work.intake()
    with work.opened() as engine:
        assert Service(engine).profile_propose(delivery_name="扫描/二")["linked"] == 0
        assert Service(engine).profile_propose(delivery_name="扫描/一")["linked"] > 0


def test_what_was_said_of_pages_stays_when_a_delivery_gets_a_profile(work: NodeAtWork) -> None:
    """A repeated page that was told in a plain folder is still told when files are touched, when a profile reads the folder, and without it again."""
    rows(work, {A: {"页数": "3"}})
    files = pages(2)
    work.scans.put(A, {**files, "0003.jpg": files["0002.jpg"]})
    work.intake()
    assert [code for code, _ in work.findings()] == ["duplicate-page"]
    os.utime(work.scans.root / A / "0001.jpg", (1, 1))
    assert (work.intake().records, [code for code, _ in work.findings()]) == (0, ["duplicate-page"])
    read_by(work, '[layout]\nkind = "folders"\n')
    for _ in range(2):
        assert (work.intake().records, [code for code, _ in work.findings()]) == (0, ["duplicate-page"])
    with work.opened() as engine:
        assert Service(engine).status()["sources_gone"] == 0
    with work.opened() as engine:
        Service(engine).profile_assign(delivery_name="扫描", name="")
    for _ in range(2):
        assert (work.intake().records, [code for code, _ in work.findings()]) == (0, ["duplicate-page"])


def test_a_release_that_reads_layouts_otherwise_reads_them_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an older program made of a delivery does not stand under a newer one that would cut it otherwise."""
    tree = DeliveryTree("扫描", "", "/nowhere", PLAIN)
    before = tree.signature(1)
    assert tree.signature(1) == before
    monkeypatch.setattr("node.gathering.READ_AS", 99)
    assert tree.signature(1) != before
