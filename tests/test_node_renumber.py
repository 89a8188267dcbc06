"""Renumbering on a node: judged as a set, one signature, no image travels, folders with old names keep their records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from node_at_work import NodeAtWork
from node_at_work import make as make_node
from scan_tree import page

from holdings import catalogue, correction
from node import settings, verification
from node.commands import commands
from node.service import Service
from node.settings import Setting
from sync.errors import RolledBack
from sync.sandbox import Sandbox

A, B, C, D = (f"A002-RS-001-00{n}" for n in (1, 2, 3, 4))
SHEET = "改号.csv"


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node with three sealed records of 2, 3 and 4 pages."""
    made = make_node(tmp_path, sandbox)
    made.scans.delivery({A: 2, B: 3, C: 4})
    assert made.intake().records == 3
    return made


def sheet(work: NodeAtWork, renamed: Mapping[str, str] | list[tuple[str, str]]) -> str:
    """Write a sheet of new codes beside the home."""
    lines = renamed.items() if isinstance(renamed, Mapping) else renamed
    path = work.path.parent / SHEET
    path.write_text("改号表\n原档号,新档号\n" + "".join(f"{old},{new}\n" for old, new in lines), "utf-8")
    return str(path)


def renumber(work: NodeAtWork, renamed: Mapping[str, str] | list[tuple[str, str]], *, dry_run: bool = False) -> dict[str, Any]:
    """`node renumber`."""
    with work.opened() as engine:
        return Service(engine).renumber(sheet(work, renamed), dry_run=dry_run)


def pages_of(work: NodeAtWork) -> dict[str, int]:
    """{code: pages} of the records that stand."""
    with work.opened() as engine:
        service = Service(engine)
        return {h["ref"]: len(service.show(h["ref"])["pages"]) for h in service.search("A002", 99)["hits"]}


def test_a_set_is_judged_at_its_end_state(work: NodeAtWork) -> None:
    """A swap and a shift are no conflict; one delta signs all of it, and nothing but a manifest is new."""
    before = work.versions()
    told = renumber(work, {A: B, B: C, C: A})
    assert {k: told[k] for k in ("changed", "records", "refused", "deltas")} == {"changed": 3, "records": 3, "refused": 0, "deltas": 1}
    assert told["bytes"] < 8_000
    assert pages_of(work) == {B: 2, C: 3, A: 4}
    fresh = work.versions()[len(before) :]
    assert [(v.code, v.version, v.new_bytes, len(v.files)) for v in fresh] == [(B, 2, 0, 2), (C, 2, 0, 3), (A, 2, 0, 4)]
    assert {v.id: v.files for v in fresh} == {v.id: v.files for v in before}
    assert len({v.seq for v in fresh}) == 1


def test_folders_with_old_names_make_nothing_new(work: NodeAtWork) -> None:
    """After a rotation of three codes the folders on disk, still named as before, are the same records: no version, no finding."""
    renumber(work, {A: B, B: C, C: A})
    count = len(work.versions())
    for _ in range(2):
        assert work.intake().records == 0
    assert (len(work.versions()), work.findings()) == (count, [])
    # A page added to a folder of the old name goes to the record that the folder always was.
    # The sheet still speaks of old codes; what is edited in it is of the old code too.
    work.scans.put(A, {"0003.jpg": page(900)})
    work.scans.rows({A: {"页数": "3"}, B: {"页数": "3"}, C: {"页数": "4"}})
    work.intake()
    assert pages_of(work) == {B: 3, C: 3, A: 4}
    assert work.findings() == []
    assert [(v.code, v.elements["题名"], v.elements["页数"]) for v in work.versions()[count:]] == [(B, f"关于{A}的通知", "3")]


def test_the_contractor_renames_the_folders_too(work: NodeAtWork) -> None:
    """Folders renamed on disk to the new codes are recognised by what lies in them, even when the names rotate."""
    renumber(work, {A: B, B: C, C: A})
    root = work.scans.root
    for code in (A, B, C):
        (root / code).rename(root / f"{code} neu")
    for old, new in ((A, B), (B, C), (C, A)):
        (root / f"{old} neu").rename(root / new)
    count = len(work.versions())
    for _ in range(2):
        assert work.intake().records == 0
    assert (len(work.versions()), work.findings()) == (count, [])
    assert pages_of(work) == {B: 2, C: 3, A: 4}


def test_old_codes_lead_to_the_record(work: NodeAtWork) -> None:
    """resolve, show and search find a record by the code that it had, and say so; the catalogue's row goes with it."""
    renumber(work, {A: D})
    with work.opened() as engine:
        service = Service(engine)
        shown = service.show(A)
        assert (shown["ref"], shown["former_codes"], shown["version"]) == (D, [A], 2)
        assert [h["ref"] for h in service.search(A, 9)["hits"]] == [D]
    work.scans.delivery({A: 2, B: 3, C: 4})
    assert work.intake().records == 0
    # The corrected sheet, with the new code, says nothing new either; the freed code is anybody's again.
    work.scans.rows({D: {"页数": "2", "题名": f"关于{A}的通知"}, B: {"页数": "3"}, C: {"页数": "4"}})
    assert work.intake().records == 0
    assert work.findings() == []


REFUSED: dict[str, tuple[list[tuple[str, str]], list[str]]] = {
    "unknown old code": ([("A002-RS-009-001", D)], ["没有记录"]),
    "two to one": ([(A, D), (B, D)], ["同一新档号"]),
    "an old code twice": ([(A, D), (A, "A002-RS-001-009")], ["出现两次"]),
    "taken by a record outside": ([(A, B)], ["本表以外"]),
    "malformed": ([(A, "A002/1")], ["不能用作档号"]),
    "empty": ([(A, "")], ["不能用作档号"]),
    "several at once": ([(A, B), ("X", D), (C, "..")], ["本表以外", "没有记录", "不能用作档号"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_sheet_with_a_fault_changes_nothing(work: NodeAtWork, case: str) -> None:
    """Each fault names its line and its remedy; the whole sheet is left undone."""
    lines, rules = REFUSED[case]
    before = work.versions()
    told = renumber(work, lines)
    assert len(told["refusals"]) == told["refused"] == len(rules)
    assert all(said in r["rule"] and r["remedy"] for said, r in zip(rules, told["refusals"], strict=True))
    assert (told["changed"], told["deltas"]) == (0, 0)
    assert [v.seq for v in work.versions()] == [v.seq for v in before]
    assert pages_of(work) == {A: 2, B: 3, C: 4}


def test_a_dry_run_and_a_second_run_change_nothing(work: NodeAtWork) -> None:
    """--dry-run says old → new and writes nothing; a sheet that was carried out does nothing when it is given again."""
    said = renumber(work, {A: B, B: A}, dry_run=True)
    assert [(c["row"], c["old"], c["new"]) for c in said["changes"]] == [(3, A, B), (4, B, A)]
    assert (said["deltas"], pages_of(work)) == (0, {A: 2, B: 3, C: 4})
    done = renumber(work, {A: B, B: A})
    assert (done["changed"], pages_of(work)) == (2, {B: 2, A: 3, C: 4})
    again = renumber(work, {A: B, B: A})
    assert (again["changed"], again["unchanged"], again["deltas"]) == (0, 2, 0)
    assert pages_of(work) == {B: 2, A: 3, C: 4}


def test_elements_that_repeat_the_code_follow(tmp_path: Path, sandbox: Sandbox) -> None:
    """案卷号 and 件号 beside the code say the new numbers, each in the way it was written."""
    work = make_node(tmp_path, sandbox)
    columns = ("档号", "题名", "密级", "页数", "案卷号", "件号")
    work.scans.rows({A: {"案卷号": "001", "件号": "1", "页数": "1"}}, columns=columns)
    work.scans.record(A, 1)
    work.intake()
    renumber(work, {A: "A002-RS-007-015"})
    said = work.versions()[-1].elements
    assert (said["案卷号"], said["件号"]) == ("007", "15")
    assert work.intake().records == 0


def test_rows_without_images_follow_too(tmp_path: Path, sandbox: Sandbox) -> None:
    """A row that has no record yet changes its code; images that come under the old name are linked to it."""
    work = make_node(tmp_path, sandbox)
    work.scans.rows({A: {"页数": "2"}, B: {"页数": "1"}})
    work.intake()
    assert renumber(work, {A: D})["records"] == 0
    work.scans.record(A, 2)
    assert work.intake().records == 1
    assert [(v.code, len(v.files)) for v in work.versions()] == [(D, 2)]


def test_a_code_does_not_enter_a_volume_that_is_held(tmp_path: Path, sandbox: Sandbox) -> None:
    """The gate judges the new code: nothing is renumbered into a volume with a classified item, and no title is said."""
    work = make_node(tmp_path, sandbox)
    work.scans.rows({A: {"题名": "公开的", "页数": "1"}, "A002-RS-009-001": {"密级": "机密", "题名": "不可说的"}})
    work.scans.record(A, 1)
    assert work.intake().records == 1
    told = renumber(work, {A: "A002-RS-009-002"})
    assert [r["row"] for r in told["refusals"]] == [3]
    assert "保密关口" in told["refusals"][0]["rule"]
    assert "不可说的" not in str(told)
    for code in ("A002-RS-009-001",):
        assert renumber(work, {A: code})["refused"] == 1
        assert renumber(work, {code: D})["refused"] == 1
    assert list(pages_of(work)) == [A]


def test_what_was_waived_stays_waived(work: NodeAtWork) -> None:
    """A waiver about a record holds under its new code."""
    work.scans.rows({A: {"页数": "2"}, B: {"页数": "3"}, C: {"页数": "4"}, D: {"页数": "9"}})
    work.scans.put(D, {"0001.jpg": page(76), "0003.jpg": page(77)})
    work.intake()
    with work.opened() as engine:
        service = Service(engine)
        for item in service.quarantine_list()["items"]:
            service.quarantine_waive(item["id"], "只有这些", "张三")
    work.intake()
    renumber(work, {D: "A002-RS-001-009"})
    assert work.intake().records == 0
    assert work.findings() == []


def test_nothing_is_signed_after_a_rollback_and_nothing_stays(work: NodeAtWork) -> None:
    """A node that must not sign renumbers nothing: rows, folders and objects stay as they were."""
    with work.opened() as engine:
        with engine.home.database.transaction() as connection:
            settings.write(connection, Setting.STOPPED, "rolled-back")
        with pytest.raises(RolledBack):
            Service(engine).renumber(sheet(work, {A: B, B: A}))
        with engine.home.database.transaction() as connection:
            settings.write(connection, Setting.STOPPED, None)
    assert pages_of(work) == {A: 2, B: 3, C: 4}
    with work.opened() as engine:
        assert verification.doctor(engine.home, work.clock) == []
    assert work.intake().records == 0


def test_the_command(work: NodeAtWork) -> None:
    """`node renumber` and `node volume`: prose, one JSON object, exit codes 0 and 1, labels for the boxes."""
    labels = work.path.parent / "盒签.csv"
    given = [sheet(work, {A: D}), "--home", str(work.path)]
    dry = CliRunner().invoke(commands, ["renumber", *given, "--dry-run"])
    assert (dry.exit_code, f"{A} → {D}" in dry.stdout) == (0, True)
    done = CliRunner().invoke(commands, ["renumber", *given, "--json", "--labels", str(labels)])
    assert (done.exit_code, json.loads(done.stdout.splitlines()[-1])["changed"]) == (0, 1)
    assert labels.read_text("utf-8-sig").splitlines() == ["原档号,新档号,题名", f"{A},{D},关于{A}的通知"]
    wrong = CliRunner().invoke(commands, ["renumber", sheet(work, {"X": D}), "--home", str(work.path)])
    assert (wrong.exit_code, "没有记录" in wrong.stdout) == (1, True)
    merge = CliRunner().invoke(commands, ["volume", "merge", B, C, "--home", str(work.path), "--json"])
    assert (merge.exit_code, json.loads(merge.stdout.splitlines()[-1])["volumes"][-1]["pages"]) == (0, 7)
    split = CliRunner().invoke(commands, ["volume", "split", sheet(work, {B: A}), "--home", str(work.path)])
    assert split.exit_code == 1
    none = CliRunner().invoke(commands, ["renumber", sheet(work, []), "--home", str(work.path)])
    assert none.exit_code == 0


def test_a_large_set_takes_few_deltas(tmp_path: Path, sandbox: Sandbox) -> None:
    """2,500 rows are one transaction and one sheet; only records make items."""
    work = make_node(tmp_path, sandbox)
    codes = {f"A002-RS-001-{n:05d}": f"A002-RS-001-{n + 1:05d}" for n in range(1, 2501)}
    work.scans.rows({code: {"页数": "1"} for code in codes})
    work.scans.record("A002-RS-001-00001", 1)
    work.intake()
    told = renumber(work, codes)
    assert (told["changed"], told["records"], told["deltas"]) == (2500, 1, 1)
    assert work.intake().records == 0


def test_codes_of_a_site_are_read_by_its_schemes(tmp_path: Path, sandbox: Sandbox) -> None:
    """HOME/site/codes.toml says what a volume is: one classified item holds it, and codes are changed within it."""
    work = make_node(tmp_path, sandbox)
    (work.path / "site").mkdir()
    scheme = '[[scheme]]\nname = "旧临字"\ntemplate = "{organ}{year}·{volume}[·{item}]"\nparts.organ = { characters = ["han"], min = 2, max = 2 }\n'
    (work.path / "site" / "codes.toml").write_text(scheme + "parts.year = { min = 4, max = 4 }\n", "utf-8")
    work.scans.delivery({"临字1958·12·7": 1, "临字1958·12·8": 2, "临字1958·13·1": 1})
    assert work.intake().records == 3
    renumber(work, {"临字1958·12·7": "临字1958·12·9", "临字1958·12·8": "临字1958·12·7"})
    assert {v.code: len(v.files) for v in work.versions()[3:]} == {"临字1958·12·9": 1, "临字1958·12·7": 2}
    work.scans.rows({"临字1958·13·1": {"页数": "1"}, "临字1958·12·3": {"密级": "机密"}}, name="又一表.csv")
    work.scans.record("临字1958·13·2", 1)
    work.scans.rows({"临字1958·13·2": {"页数": "1"}}, name="第三表.csv")
    work.intake()
    assert renumber(work, {"临字1958·13·1": "临字1958·12·1"})["refused"] == 1
    assert renumber(work, {"临字1958·13·1": "临字1958·14·1"})["refused"] == 0


def test_what_a_person_mended_goes_with_the_row(work: NodeAtWork) -> None:
    """A corrected title stays with its row when codes are swapped, also after the old sheet comes again."""
    with work.opened() as engine, engine.home.database.transaction() as connection:
        correction.mend(connection, A, {"题名": "改正的题名"}, "张三", "错字", 1)
    renumber(work, {A: B, B: A})
    work.scans.rows({A: {"页数": "2"}, B: {"页数": "3"}, C: {"页数": "4", "题名": "另一题名"}})
    work.intake()
    with work.opened() as engine:
        titles = {key: row.elements["题名"] for key in (A, B, C) if (row := catalogue.row_for(engine.home.database.read(), key))}
    assert titles == {B: "改正的题名", A: f"关于{B}的通知", C: "另一题名"}


def test_proposals_and_gaps_of_a_catalogue(tmp_path: Path, sandbox: Sandbox) -> None:
    """`node codes` tells forms, proposals and gaps; a classified number is no gap; its proposals are a sheet for `node renumber`."""
    work = make_node(tmp_path, sandbox)
    rows = {f"Z109-WS·2011-Y-BGS-000{n}": {"页数": "1"} for n in (1, 2)}
    rows |= {A: {}, B: {}, D: {}, "A002-RS-001-007": {}, "婚字第12号": {}, C: {"密级": "机密"}}
    work.scans.rows(rows)
    work.scans.record("Z109-WS·2011-Y-BGS-0001", 1)
    work.intake()
    sheet_of = work.path.parent / "建议.csv"
    given = ["--home", str(work.path), "--json"]
    told = CliRunner().invoke(commands, ["codes", *given, "--proposals", str(sheet_of)])
    said = json.loads(told.stdout.splitlines()[-1])
    assert (told.exit_code, said["codes"], said["nonstandard"], said["proposed"]) == (1, 7, 3, 2)
    assert [(p["old"], p["new"]) for p in said["proposals"]] == [(f"Z109-WS·2011-Y-BGS-000{n}", f"Z109-WS·2011·Y·BGS-000{n}") for n in (1, 2)]
    assert [one["detail"] for one in said["series"]] == ["缺号 A002-RS-001-005…006"]
    assert CliRunner().invoke(commands, ["renumber", str(sheet_of), *given]).exit_code == 0
    narrowed = CliRunner().invoke(commands, ["codes", "Z109-WS·2011", *given])
    assert (narrowed.exit_code, json.loads(narrowed.stdout.splitlines()[-1])["codes"]) == (0, 2)
    assert [v.code for v in work.versions()] == ["Z109-WS·2011-Y-BGS-0001", "Z109-WS·2011·Y·BGS-0001"]
