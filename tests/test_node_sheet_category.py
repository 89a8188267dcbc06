"""Deliveries of marriages, photos, reels and tapes at a node: one answer, then records with codes, titles and obligations of their category."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from node_at_work import NodeAtWork, make
from sheet_books import book, split, table

from holdings.findings import FindingCode
from jindang.cli import main
from node.service import Service
from sync.sandbox import Sandbox

MARRIAGE = "登记字号|登记类别|男方姓名|男方身份证号|女方姓名|女方身份证号|登记日期|登记机关|盒号|页数|图像目录"
PHOTO = "照片号|底片号|组号|张号|题名|时间|摄影者|文字说明|参见号|密级|文件名"
REEL = "盘号|片种|全宗号|目录号|案卷号|起始画幅|终止画幅|拍数|缩率|母片/拷贝片|拍摄日期|备注"
OPEN = "密级：公开"
"""A banner: these sheets have no column 密级."""
TAPE = "带号|载体规格|制式|面|题名|录制时间|起始时码|终止时码|时长|录制者|文件名"


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node without a hub that answers."""
    return make(tmp_path, sandbox)


def catalogue(work: NodeAtWork, code: int, *words: object) -> dict[str, Any]:
    """`jindang node catalogue import … --json`."""
    result = CliRunner().invoke(
        main, ["node", "catalogue", "import", *map(str, words), "--json", "--home", str(work.path)]
    )
    assert result.exit_code == code, (result.output, result.exception)
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


def found(work: NodeAtWork, text: str) -> list[tuple[str, str]]:
    """(code, title) of what a search for `text` gives."""
    with work.opened() as engine:
        return [(hit["ref"], hit["title"]) for hit in Service(engine).search(text)["hits"]]


def sealed(work: NodeAtWork) -> dict[str, dict[str, str]]:
    """{code: elements} once the delivery was submitted."""
    work.intake()
    with work.opened() as engine:
        Service(engine).delivery_submit("扫描", "张三")
    work.intake()
    return {version.code: version.elements for version in work.versions()}


def waiting(work: NodeAtWork) -> list[dict[str, Any]]:
    """What waits for a person."""
    with work.opened() as engine:
        items: list[dict[str, Any]] = Service(engine).quarantine_list()["items"]
    return items


def test_s10_marriages(work: NodeAtWork, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One question; answered by --category and remembered; records are sealed under 登记字号 and found by a name; no message has one."""
    persons = ("张建国", "120101193502030011", "李桂兰", "12010119360304002X", "王福田", "赵秀英")
    sheet, later = tmp_path / "婚姻.xlsx", tmp_path / "婚姻续.xlsx"
    sheet.write_bytes(
        book(
            {
                "婚姻": split(
                    OPEN,
                    MARRIAGE,
                    f"和结58001|结婚|{'|'.join(persons[:4])}|1958.3.12|和平区|1|2|D1",
                    f"和结58002|再婚|{persons[4]}|||1|1958.3.13|和平区|1|2|D2",
                )
            }
        )
    )
    later.write_bytes(
        book({"婚姻": split(OPEN, MARRIAGE, f"和结59001|离婚|{persons[4]}||{persons[5]}||1959.1.2|和平区|2|2|D3")})
    )
    asked = catalogue(work, 1, sheet, "--dry-run")
    assert [(q["text"], q["blocking"], q["samples"]) for q in asked["questions"]] == [
        ("这张表像“婚姻”，是否按此门类读？（不是的回答“一般目录”）", True, [])
    ]
    assert catalogue(work, 0, sheet, "--delivery", "扫描", "--category", "婚姻")["added"] == 2
    again = catalogue(work, 0, later, "--delivery", "扫描")
    assert (again["added"], again["questions"]) == (1, [])
    work.scans.record("和结58001", 2, 1)
    ((code, elements),) = sealed(work).items()
    assert (code, elements["题名"], elements["门类"]) == ("和结58001", "[张建国、李桂兰结婚]", "婚姻")
    assert found(work, "赵秀英") == [("和结59001", "[王福田、赵秀英离婚]")]
    items = waiting(work)
    told = {(item["code"], re.split("[:#]", item["path"])[-1]) for item in items if item["code"].startswith("metadata")}
    assert {("metadata-missing", "女方姓名"), ("metadata-domain", "登记类别"), ("metadata-missing", "保管期限")} <= told
    assert not [
        item for item in items for person in persons if person in item["rule"] + item["path"] + item.get("remedy", "")
    ]
    assert not [person for person in persons if person in caplog.text]


def test_s11_photos(work: NodeAtWork, tmp_path: Path) -> None:
    """Photos are named by 照片号; one text serves its set and nobody is asked about 时间; a set marked once is withheld whole.
    A photo is no volume, whatever its number looks like."""
    sheet = tmp_path / "照片.csv"
    sheet.write_bytes(table(split(PHOTO, "2009-12-001|D1|1|1|全区植树|1958.3|张三|区长带头植树||公开|1.jpg", "2009-12-002|D2|1|2||||||公开|2.jpg",
                                  "2009-13-001|D3|2|1|不可见|1958.4|李四|||机密|3.jpg",
                                  "2009-13-002|D4|2|2|||||||4.jpg")))  # fmt: skip
    told = catalogue(work, 1, sheet, "--delivery", "扫描", "--answer", "表的门类=照片")
    assert (told["added"], told["refused"], told["questions"]) == (2, 2, [])
    assert sorted(found(work, "植树")) == [("2009-12-001", "全区植树"), ("2009-12-002", "全区植树")]
    assert found(work, "不可见") == []
    work.scans.record("2009-12-002", 1, 1)
    ((code, elements),) = sealed(work).items()
    assert (code, elements["文字说明"], elements["成文日期"], elements["摄影者"]) == (
        "2009-12-002",
        "区长带头植树",
        "195803",
        "张三",
    )
    with work.opened() as engine:
        assert Service(engine).show("2009-12-002")["level"] == Service(engine).show("2009-12-001")["level"] == "件"


def test_s12_reels(work: NodeAtWork, tmp_path: Path) -> None:
    """A sheet of reels asks nothing and makes no rows: its frames belong to the volumes of the catalogue, which are found by title."""
    volumes, reels = tmp_path / "案卷.csv", tmp_path / "缩微.csv"
    volumes.write_bytes(
        table(split("全宗号|目录号|案卷号|题名|年度|密级", "23|2|145|土地改革文件|1951|", "23|2|146|土改统计表|1951|"))
    )
    reels.write_bytes(
        table(
            split(
                REEL,
                "0045|16mm|23|2|||6|6|1:24|母片||片头",
                "0045|16mm|23|2|145|7|100|94|1:24|母片|19850101|",
                "0045|16mm|23|2|146|101|200|100|1:24|母片|19850101|",
            )
        )
    )
    assert catalogue(work, 0, volumes, "--delivery", "扫描")["added"] == 2
    told = catalogue(work, 0, reels, "--delivery", "扫描", "--category", "缩微")
    assert (told["rows"], told["questions"], told["sheets"][0]["links"], told["sheets"][0]["kinds"]) == (
        0,
        [],
        3,
        ["reels"],
    )
    assert found(work, "土改统计表") == [("23-2-146", "土改统计表")]


def test_s13_tapes(work: NodeAtWork, tmp_path: Path) -> None:
    """Sound or moving pictures is asked, never guessed; items are named by tape and side, and a side of two items needs numbers of its own."""
    sheet, items = tmp_path / "声像.csv", tmp_path / "声像2.csv"
    sheet.write_bytes(
        table(
            split(
                OPEN,
                TAPE,
                "V0031|DV|PAL|A|全市大会|1998.5.4|00:00:00|00:30:00|00:30:00|电视台|1.avi",
                "V0031|DV|PAL|B|妇女座谈|1998.5.5|00:00:00|00:25:00|00:25:00|电视台|2.avi",
            )
        )
    )
    asked = catalogue(work, 1, sheet, "--dry-run")
    assert [q["candidates"] for q in asked["questions"]] == [["录音", "录像", "一般目录"]]
    assert catalogue(work, 0, sheet, "--delivery", "扫描", "--category", "录像")["added"] == 2
    assert found(work, "妇女座谈") == [("V0031-B", "妇女座谈")]
    work.scans.record("V0031-A", 1, 1)
    assert [(code, said["题名"], said["门类"]) for code, said in sealed(work).items()] == [
        ("V0031-A", "全市大会", "录像")
    ]
    items.write_bytes(
        table(
            split(
                f"件号|{TAPE}",
                "1|V0040|DV|PAL|A|甲会|1998|00:00:00|00:10:00||台|1.avi",
                "2|V0040|DV|PAL|A|乙会|1998|00:10:00|00:20:00||台|1.avi",
            )
        )
    )
    assert catalogue(work, 0, items, "--category", "录像")["added"] == 2
    assert found(work, "乙会") == [("V0040-2", "乙会")]


def test_a_watched_sheet_is_read_as_its_profile_says(work: NodeAtWork, tmp_path: Path) -> None:
    """A profile that names a category is enough for a scan folder; without it the sheet waits with the one question."""
    (work.scans.root / "婚姻.csv").write_bytes(
        table(split(OPEN, MARRIAGE, "和结58001|结婚|张建国||李桂兰||1958.3.12|和平区|1|2|D1"))
    )
    work.scans.record("和结58001", 2, 1)
    work.intake()
    assert FindingCode.SHEET_QUESTIONS in {item["code"] for item in waiting(work)}
    assert work.versions() == []
    profile = tmp_path / "民政.toml"
    profile.write_text('name = "民政"\n[sheet]\ncategory = "婚姻"\n', "utf-8")
    told = CliRunner().invoke(main, ["node", "profile", "add", str(profile), "--home", str(work.path)])
    assert told.exit_code == 0, told.output
    assert catalogue(work, 0, work.scans.root / "婚姻.csv", "--profile", "民政")["added"] == 1


def test_a_category_that_does_not_exist_is_named(work: NodeAtWork, tmp_path: Path) -> None:
    """A slip of the pen lists the categories there are, and nothing is remembered."""
    sheet = tmp_path / "婚姻.csv"
    sheet.write_bytes(table(split(OPEN, MARRIAGE, "和结58001|结婚|甲||乙||1958.3.12|和平区|1|2|D1")))
    told = CliRunner().invoke(
        main, ["node", "catalogue", "import", str(sheet), "--category", "婚因", "--home", str(work.path)]
    )
    assert told.exit_code not in (0, 1)
    assert "婚姻" in told.output
    assert len(catalogue(work, 1, sheet, "--dry-run")["questions"]) == 1
