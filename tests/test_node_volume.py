"""Merge and split of volumes: pages move by reference, relations are kept, folders rest, nothing is lost or sent twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from node_at_work import NodeAtWork
from node_at_work import make as make_node
from scan_tree import page, pages

from node import verification
from node.service import Service
from sync.sandbox import Sandbox

V1, V2, V3 = "A002-RS-001", "A002-RS-002", "A002-RS-003"


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node with three volumes scanned as a whole, of 2, 3 and 4 pages."""
    made = make_node(tmp_path, sandbox)
    made.scans.delivery({V1: 2, V2: 3, V3: 4})
    assert made.intake().records == 3
    return made


def ask(work: NodeAtWork, verb: str, **given: Any) -> dict[str, Any]:
    """A verb of the node."""
    with work.opened() as engine:
        answer: dict[str, Any] = getattr(Service(engine), verb)(**given)
        assert verification.doctor(engine.home, work.clock) == []
        return answer


def split_sheet(work: NodeAtWork, lines: list[tuple[str, str, str, str, str]]) -> str:
    """Write a sheet for a split."""
    path = work.path.parent / "拆卷.csv"
    path.write_text("原档号,新档号,起页,止页,题名\n" + "".join(",".join(line) + "\n" for line in lines), "utf-8")
    return str(path)


def standing(work: NodeAtWork) -> dict[str, int]:
    """{code: pages} of the records that stand."""
    with work.opened() as engine:
        service = Service(engine)
        return {h["ref"]: len(service.show(h["ref"])["pages"]) for h in service.search("A002", 99)["hits"]}


def test_volumes_merge_by_reference(work: NodeAtWork) -> None:
    """The merged volume lists all pages in order, the others end and lead to it, and no page is sealed anew."""
    before = {v.code: v for v in work.versions()}
    told = ask(work, "volume_merge", into=V1, volumes=[V3, V2])
    assert (told["refused"], told["records"], told["deltas"]) == (0, 3, 1)
    assert standing(work) == {V1: 9}
    last = {v.code: v for v in work.versions()[3:]}
    assert list(last[V1].files) == [f"{n:04d}.jpg" for n in range(1, 10)]
    assert list(last[V1].files.values()) == [d for code in (V1, V3, V2) for d in before[code].files.values()]
    assert (last[V1].new_bytes, last[V1].elements["页数"], last[V2].files, last[V3].files) == (0, "9", {}, {})
    for code in (V2, V3):
        shown = ask(work, "show", ref=code)
        assert shown["ref"] == V1
    assert shown["former_codes"] == [V2, V3]
    assert [(r["kind"], r["ref"]) for r in shown["relations"]] == [("由其合并", V2), ("由其合并", V3)]
    assert ask(work, "show", ref=f"id:{before[V2].id.hex()}")["relations"][0]["kind"] == "并入"
    assert ask(work, "status")["records"] == 1


def test_folders_of_merged_volumes_rest(work: NodeAtWork) -> None:
    """The folders on disk stay as they are and say nothing; when one changes, a person is asked, and nothing is sealed."""
    ask(work, "volume_merge", into=V1, volumes=[V2])
    count = len(work.versions())
    for _ in range(2):
        assert work.intake().records == 0
    assert (len(work.versions()), work.findings()) == (count, [])
    work.scans.put(V2, {"0004.jpg": page(901)})
    work.intake()
    assert (len(work.versions()), work.findings()) == (count, [("folder-reshaped", f"扫描/{V2}")])
    (work.scans.root / V2 / "0004.jpg").unlink()
    work.intake()
    assert work.findings() == []


def test_the_whole_volume_comes_anew_in_one_folder(work: NodeAtWork) -> None:
    """When the contractor makes one folder of the merged volume, its pages are known by their bytes: nothing is sealed twice."""
    ask(work, "volume_merge", into=V1, volumes=[V2])
    whole = work.versions()[-1].files
    work.scans.put(V1, whole)
    work.intake()
    assert work.findings() == []
    assert len(work.versions()) == 5


def test_a_volume_of_items_merges_by_new_codes(tmp_path: Path, sandbox: Sandbox) -> None:
    """Items of a merged volume are numbered on behind those of the other; each keeps its pages and its old code."""
    work = make_node(tmp_path, sandbox)
    work.scans.delivery({f"{V1}-001": 1, f"{V1}-002": 2, f"{V2}-001": 3, f"{V2}-002": 4})
    work.intake()
    told = ask(work, "volume_merge", into=V1, volumes=[V2], dry_run=True)
    assert [(c["old"], c["new"]) for c in told["changes"]] == [(f"{V2}-001", f"{V1}-003"), (f"{V2}-002", f"{V1}-004")]
    assert standing(work)[f"{V2}-001"] == 3
    ask(work, "volume_merge", into=V1, volumes=[V2])
    assert standing(work) == {f"{V1}-001": 1, f"{V1}-002": 2, f"{V1}-003": 3, f"{V1}-004": 4}
    assert ask(work, "show", ref=f"{V2}-002")["ref"] == f"{V1}-004"
    assert work.intake().records == 0
    assert work.findings() == []


def test_a_volume_splits_by_reference(work: NodeAtWork) -> None:
    """Each line becomes a volume with its pages, title and count; the old code leads to all of them, and the folder rests."""
    before = work.versions()[2]
    sheet = split_sheet(work, [(V3, "A002-RS-003甲", "1", "1", ""), (V3, "A002-RS-004", "2", "", "后三页")])
    assert ask(work, "volume_split", sheet=sheet, dry_run=True)["refused"] == 0
    told = ask(work, "volume_split", sheet=sheet)
    assert (told["refused"], told["records"], told["deltas"], told["bytes"] < 8_000) == (0, 3, 1, True)
    assert standing(work) == {V1: 2, V2: 3, "A002-RS-003甲": 1, "A002-RS-004": 3}
    made = {v.code: v for v in work.versions()[3:]}
    assert list(made["A002-RS-004"].files.items()) == list(before.files.items())[1:]
    assert (made["A002-RS-004"].elements["题名"], made["A002-RS-004"].elements["页数"]) == ("后三页", "3")
    assert (made["A002-RS-004"].new_bytes, made[V3].files) == (0, {})
    shown = ask(work, "show", ref="A002-RS-004")
    assert (shown["former_codes"], [r["kind"] for r in shown["relations"]]) == ([V3], ["拆自"])
    assert {r["kind"] for r in ask(work, "show", ref=f"id:{before.id.hex()}")["relations"]} == {"拆出"}
    for _ in range(2):
        assert work.intake().records == 0
    assert work.findings() == []
    assert ask(work, "status")["records"] == 4


def test_a_volume_may_keep_its_code(work: NodeAtWork) -> None:
    """A line that keeps the old code leaves the record standing with its share of the pages."""
    ask(work, "volume_split", sheet=split_sheet(work, [(V3, V3, "1", "3", ""), (V3, "A002-RS-009", "4", "4", "")]))
    assert standing(work) == {V1: 2, V2: 3, V3: 3, "A002-RS-009": 1}
    assert ask(work, "show", ref=V3)["version"] == 2
    assert work.intake().records == 0
    assert work.findings() == []


SPLITS = {
    "a gap": [(V3, "A002-RS-008", "1", "2", ""), (V3, "A002-RS-009", "4", "4", "")],
    "an overlap": [(V3, "A002-RS-008", "1", "3", ""), (V3, "A002-RS-009", "3", "4", "")],
    "too short": [(V3, "A002-RS-008", "1", "2", ""), (V3, "A002-RS-009", "3", "3", "")],
    "too long": [(V3, "A002-RS-008", "1", "2", ""), (V3, "A002-RS-009", "3", "9", "")],
    "taken": [(V3, V1, "1", "2", ""), (V3, "A002-RS-009", "3", "4", "")],
    "malformed": [(V3, "..", "1", "2", ""), (V3, "A002-RS-009", "3", "4", "")],
    "twice": [(V3, "A002-RS-009", "1", "2", ""), (V3, "A002-RS-009", "3", "4", "")],
    "unknown": [("A002-RS-099", "A002-RS-008", "1", "2", "")],
}


@pytest.mark.parametrize("case", SPLITS)
def test_a_wrong_split_changes_nothing(work: NodeAtWork, case: str) -> None:
    """Every page goes to exactly one volume under a free code, or nothing is done."""
    assert ask(work, "volume_split", sheet=split_sheet(work, SPLITS[case]))["refused"] >= 1
    assert standing(work) == {V1: 2, V2: 3, V3: 4}
    assert len(work.versions()) == 3


@pytest.mark.parametrize("volumes", [[V1], ["A002-RS-099"], [V2, V2]])
def test_a_wrong_merge_changes_nothing(work: NodeAtWork, volumes: list[str]) -> None:
    """A volume is not merged with itself, with nothing, or twice."""
    assert ask(work, "volume_merge", into=V1, volumes=volumes)["refused"] == 1
    assert standing(work) == {V1: 2, V2: 3, V3: 4}


def test_a_freed_code_may_be_used_again(work: NodeAtWork) -> None:
    """A new volume may take the code of one that was merged away: the old folder stays with the merged volume."""
    ask(work, "volume_merge", into=V1, volumes=[V2])
    (work.path.parent / "改号.csv").write_text(f"原档号,新档号\n{V3},{V2}\n", "utf-8")
    ask(work, "renumber", sheet=str(work.path.parent / "改号.csv"))
    assert standing(work) == {V1: 5, V2: 4}
    assert work.intake().records == 0
    assert work.findings() == []
    assert ask(work, "show", ref=V3)["ref"] == V2


def test_pages_of_one_kind_are_named_on(work: NodeAtWork) -> None:
    """Pages that bear no plain numbers are told apart by the code they came from."""
    work.scans.rows({V1: {"页数": "2"}, V2: {"页数": "3"}, V3: {"页数": "4"}, "A002-RS-005": {"页数": "2"}})
    work.scans.put("A002-RS-005", {"封面.jpg": page(71), "0001.jpg": page(72)})
    work.intake()
    ask(work, "volume_merge", into=V1, volumes=["A002-RS-005"])
    names = list(work.versions()[-1].files)
    assert names[:2] == list(pages(2))
    assert sorted(names[2:]) == ["A002-RS-005 0001.jpg", "A002-RS-005 封面.jpg"]
