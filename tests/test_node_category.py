"""Sheets of reels and tapes at a node: what their lines contradict waits for a person, by sheet, row and numbers, and goes when it is mended."""

from __future__ import annotations

from pathlib import Path

import pytest
from node_at_work import NodeAtWork, make

from node.service import Service
from sync.sandbox import Sandbox

REELS = "盘号,片种,全宗号,目录号,案卷号,起始画幅,终止画幅,拍数,缩率,母片/拷贝片,拍摄日期,备注"
TAPES = "档号,题名,密级,带号,制式,面,起始时码,终止时码,时长"


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node without a hub that answers."""
    return make(tmp_path, sandbox)


def told(work: NodeAtWork, header: str, *lines: str) -> list[tuple[str, str, str]]:
    """(code, path, rule) of what the import of a sheet leaves for a person under our codes."""
    sheet = work.path.parent / "单.csv"
    sheet.write_text("\n".join([header, *lines]), "utf-8")
    with work.opened() as engine:
        Service(engine).catalogue_import([str(sheet)], "一批")
        items = Service(engine).quarantine_list()["items"]
    return [(item["code"], item["path"], item["rule"]) for item in items if item["code"].startswith("metadata")]


def test_reels_that_contradict_themselves_wait(work: NodeAtWork) -> None:
    """A wrong count says both numbers, an overlap says which frames; the mended sheet takes them away."""
    found = told(work, REELS, "0045,16mm,23,2,,1,6,6,1:24,母片,19850101,片头", "0045,16mm,23,2,145,7,100,90,,母片,,", "0045,16mm,23,2,146,100,200,,,母片,,")
    assert [(code, path) for code, path, _ in found] == [
        ("metadata-doubtful", "一批/单.csv#3:拍数"),
        ("metadata-doubtful", "一批/单.csv#4:起始画幅"),
    ]
    assert "写 90 拍，起止号之间是 94 拍" in found[0][2]
    assert not any("23-2" in rule for _, _, rule in found)
    assert told(work, REELS, "0045,16mm,23,2,145,7,100,94,,母片,,", "0045,16mm,23,2,146,101,200,,,母片,,") == []


def test_tapes_that_contradict_themselves_wait(work: NodeAtWork) -> None:
    """Clips that overlap and lengths that differ; of a classified row nothing is looked at on an open node."""
    lines = ("23-2-145-1,会议,,V0031,PAL,,00:00:00,00:10:00,00:09:00.5", "23-2-145-2,讲话,,V0031,PAL,,00:08:00,00:20:00,")
    found = told(work, TAPES, *lines, "23-2-145-3,秘而不宣,机密,V0031,PAL,,00:01:00,00:00:10,")
    assert [(code, path) for code, path, _ in found] == [
        ("metadata-doubtful", "一批/单.csv#2:时长"),
        ("metadata-doubtful", "一批/单.csv#3:起始时码"),
    ]
    assert not any("会议" in rule or "23-2" in rule for _, _, rule in found)


def test_a_marriage_without_a_title_is_found_by_its_names(work: NodeAtWork) -> None:
    """A register of marriages has no 题名: the row gets one of the archivist's own, and is found by either name; the sheet again changes nothing."""
    header = "档号,登记字号,登记类别,男方姓名,女方姓名,登记日期,密级,页数"
    line = "J001-ZY·HY·1958·Y-0001,和1958-3,结婚,张建国,李桂兰,19580312,,3"
    sheet = work.path.parent / "单.csv"
    sheet.write_text(f"{header}\n{line}\n", "utf-8")
    with work.opened() as engine:
        service = Service(engine)
        assert service.catalogue_import([str(sheet)], "一批")["added"] == 1
        assert [hit["title"] for hit in service.search("李桂兰")["hits"]] == ["[张建国、李桂兰结婚]"]
        assert service.catalogue_import([str(sheet)], "一批")["unchanged"] == 1
