"""Volumes whose items are page ranges, after codes changed: a folder goes on being cut by the rows whose pages lie in it, and nothing foreign is sealed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from node_at_work import NodeAtWork, make
from scan_tree import page, pages
from test_node_linking import read_by, rows

from node.service import Service
from sync.sandbox import Sandbox

BY_VOLUME = '[layout]\nkind = "volumes"\npath = "{fonds}/{inventory}/{volume}"\ncode = "{fonds}-{inventory}-{volume}"\n'
FIRST, SECOND, OTHER = "J023-2-0145", "J023-2-0146", "J023-2-0150"
RANGES = {f"{FIRST}-001": "1", f"{FIRST}-002": "4-6", f"{SECOND}-001": "1", f"{SECOND}-002": "3-5"}
PAGES = {f"{FIRST}-001": 3, f"{FIRST}-002": 3, f"{SECOND}-001": 2, f"{SECOND}-002": 3}


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node with two volumes of six and five pages, two items each, sealed."""
    made = make(tmp_path, sandbox)
    read_by(made, BY_VOLUME)
    made.scans.put("J023/2/0145", pages(6, 10))
    made.scans.put("J023/2/0146", pages(5, 30))
    rows(made, {code: {"页号": said} for code, said in RANGES.items()}, "页号")
    assert made.intake().records == 4
    return made


def ask(work: NodeAtWork, verb: str, **given: Any) -> dict[str, Any]:
    """A verb of the node."""
    with work.opened() as engine:
        answer: dict[str, Any] = getattr(Service(engine), verb)(**given)
        return answer


def renumber(work: NodeAtWork, codes: dict[str, str]) -> None:
    """New codes as one set."""
    path = work.path.parent / "改号.csv"
    path.write_text("原档号,新档号\n" + "".join(f"{old},{new}\n" for old, new in codes.items()), "utf-8")
    assert ask(work, "renumber", sheet=str(path))["refused"] == 0


def counts(work: NodeAtWork) -> dict[str, int]:
    """{code: pages} of what stands."""
    with work.opened() as engine:
        service = Service(engine)
        return {h["ref"]: len(service.show(h["ref"])["pages"]) for h in service.search("J023", 99)["hits"]}


def rests(work: NodeAtWork) -> None:
    """Two more walks seal nothing and say nothing."""
    before = len(work.versions())
    for _ in range(2):
        assert work.intake().records == 0
    assert (len(work.versions()), work.findings()) == (before, [])


def test_items_of_a_merged_volume_keep_their_pages(work: NodeAtWork) -> None:
    """Both folders stand as they did: the items that moved are cut from their own folder, by their own page numbers."""
    ask(work, "volume_merge", into=FIRST, volumes=[SECOND])
    rests(work)
    assert counts(work) == {f"{FIRST}-001": 3, f"{FIRST}-002": 3, f"{FIRST}-003": 2, f"{FIRST}-004": 3}
    work.scans.put("J023/2/0146", {"0004.jpg": page(900)})
    assert work.intake().records == 1
    last = work.versions()[-1]
    assert (last.code, list(last.files)) == (f"{FIRST}-004", ["0003.jpg", "0004.jpg", "0005.jpg"])


def test_an_item_that_waits_moves_with_its_folder(work: NodeAtWork) -> None:
    """An item whose pages were never sealed (its range is longer than its folder) is cut from that folder after the merge too."""
    rows(
        work,
        {f"{SECOND}-003": {"页号": "5-9"}, **{code: {"页号": said} for code, said in RANGES.items()}},
        "页号",
    )
    work.intake()
    ask(work, "volume_merge", into=FIRST, volumes=[SECOND])
    assert (work.intake().records, f"{FIRST}-005" in work.current()) == (0, False)
    work.scans.put("J023/2/0146", pages(9, 30))
    assert work.intake().records == 1
    assert list(work.current()[f"{FIRST}-005"]) == [f"{number:04d}.jpg" for number in range(5, 10)]


SETS = {
    "volume": {f"{SECOND}-001": f"{OTHER}-001", f"{SECOND}-002": f"{OTHER}-002"},
    "swapped": {f"{FIRST}-001": f"{SECOND}-001", f"{SECOND}-001": f"{FIRST}-001"},
    "item": {f"{FIRST}-002": f"{SECOND}-003"},
    "shifted": {f"{FIRST}-001": f"{FIRST}-002", f"{FIRST}-002": f"{FIRST}-003"},
    "both": {
        f"{FIRST}-001": f"{SECOND}-001", f"{FIRST}-002": f"{SECOND}-002",
        f"{SECOND}-001": f"{FIRST}-001", f"{SECOND}-002": f"{FIRST}-002",
    },
}  # fmt: skip


@pytest.mark.parametrize("case", SETS)
def test_renumbered_items_keep_their_pages(work: NodeAtWork, case: str) -> None:
    """Whatever codes become, folders with their old names seal nothing anew."""
    renumber(work, SETS[case])
    rests(work)
    assert counts(work) == {SETS[case].get(code, code): count for code, count in PAGES.items()}


def test_the_contractor_renames_the_folder_of_a_renumbered_volume(work: NodeAtWork) -> None:
    """The folder under its new name is the same volume: nothing is sealed twice, nothing is asked."""
    renumber(work, SETS["volume"])
    (work.scans.root / "J023/2/0146").rename(work.scans.root / "J023/2/0150")
    rests(work)
    assert counts(work)[f"{OTHER}-002"] == 3


def test_the_contractor_swaps_the_folders_of_swapped_volumes(work: NodeAtWork) -> None:
    """Folders that were given each other's names are known by what lies in them."""
    renumber(work, SETS["both"])
    folders = work.scans.root / "J023/2"
    (folders / "0145").rename(folders / "tmp")
    (folders / "0146").rename(folders / "0145")
    (folders / "tmp").rename(folders / "0146")
    rests(work)
    assert counts(work) == {SETS["both"].get(code, code): count for code, count in PAGES.items()}


def test_rows_renumbered_before_their_images_came(tmp_path: Path, sandbox: Sandbox) -> None:
    """A row that was moved to another volume while it had no images is cut from that volume's folder."""
    work = make(tmp_path, sandbox)
    read_by(work, BY_VOLUME)
    rows(work, {code: {"页号": said} for code, said in RANGES.items()}, "页号")
    work.intake()
    renumber(work, SETS["volume"])
    work.scans.put("J023/2/0145", pages(6, 10))
    work.scans.put("J023/2/0150", pages(5, 30))
    assert work.intake().records == 4
    rests(work)
    assert counts(work)[f"{OTHER}-002"] == 3
