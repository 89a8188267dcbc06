"""Reports of the four-property checks: what stands in them, in all three forms."""

import io
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from msgspec.structs import replace
from pypdf import PdfReader

from holdings import check_report_pdf, report_paper
from holdings.check import CheckResult, Stage, Verdict, registry
from holdings.check_facts import Service
from holdings.check_handover import HandOverPaper, hand_over
from holdings.check_report import Declared, Report, delivery_report, html, overall, record_report
from holdings.check_report_files import write_report
from holdings.check_store import Run
from holdings.record import RecordId
from holdings.report_page import Heading

HEADING = Heading("和平区档案馆", "张三", 1_700_000_000, "jindang 0.1")
TITLE = "关于<b>印发</b>《方案》的通知 & 附件"
NO_VIRUS = Service(Verdict.UNTESTED, "未能查毒：没有设置查毒服务")


def run(number: int, *faults: CheckResult, pictures: bool = True) -> Run:
    """A run in which everything passed but these."""
    ref = f"J001-WS·2015·D30-{number:04d}"
    wrong = {one.code for one in faults}
    good = [
        CheckResult(c.code, Verdict.PASSED if c.method else Verdict.UNTESTED, ref, "", "" if c.method else c.reason)
        for c in registry(Stage.ARCHIVING) if c.scope.value == "record" and c.code not in wrong
    ]  # fmt: skip
    verdict = max((f.verdict for f in faults), default=Verdict.PASSED)
    return Run(number, Stage.ARCHIVING, "", RecordId(bytes(16)), 1, "第一批", ref, verdict, pictures, 12, 3_400_000, 1_700_000_000, (*good, *faults))


TURNED = CheckResult("TX-2", Verdict.FAILED, "k", "0003.jpg", "行内低位点 0，高位点 39")
BLANK = CheckResult("TX-1", Verdict.PERSON, "k", "0002.jpg", "墨迹 0.00%")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.links: list[str] = []

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]


def page_of(report: Report) -> _Text:
    """The HTML page as a reader sees it."""
    seen = _Text()
    seen.feed(html(report))
    return seen


def test_a_record_report_says_everything_beside_its_clause() -> None:
    """Every code with its verdict; every finding with place, clause and remedy; the title is text, not markup; no address outside."""
    report = record_report(run(1, TURNED, BLANK), TITLE, HEADING)
    seen = page_of(report)
    assert [row["code"] for row in report["checks"]] == [c.code for c in registry(Stage.ARCHIVING) if c.scope.value == "record"]
    assert all(row["code"] in seen.text and row["clause"] in seen.text for row in report["checks"])
    for text in (TITLE, "不通过", "0003.jpg", "DA/T 31-2017 10.2", "旋转 180° 后换页重检", "和平区档案馆", "张三", "2023-11-15 06:13", "未能检测"):
        assert text in seen.text
    assert seen.links == []
    assert "<script" not in html(report)
    assert report["verdict"] == "不通过"
    assert sum(report["counts"].values()) == len(report["checks"])


def test_nothing_unchecked_is_called_passed() -> None:
    """The verdict on a whole names what could not be checked."""
    passed, untested = {"verdict": "通过"}, {"verdict": "未能检测"}
    assert overall([passed, passed]) == "通过"
    assert overall([passed, untested]) == "已检测的项目通过，1 项未能检测"
    assert overall([untested]) == "未能检测"
    assert overall([passed, {"verdict": "需人工判定"}, untested]) == "需人工判定"
    assert record_report(run(1), TITLE, HEADING)["verdict"].startswith("已检测的项目通过")


def test_a_delivery_report_sums_its_records() -> None:
    """Verdicts by code over all records, findings of all with their 档号, gaps of the codes, declared totals against found ones."""
    runs = [run(1), run(2, TURNED), run(4, BLANK, pictures=False)]
    report = delivery_report("第一批", Stage.ARCHIVING, runs, Declared(items=4, bytes=10_200_000), NO_VIRUS, HEADING, expected=3)
    rows = {row["code"]: row for row in report["checks"]}
    assert (report["records"], report["pages"], report["findings_total"], report["without_pictures"]) == (3, 36, 2, 1)
    assert rows["TX-2"]["verdict"] == "不通过"
    assert rows["TX-2"]["detail"] == "通过 2 件、不通过 1 件"
    assert (rows["GD-2-1"]["verdict"], rows["GD-2-2"]["verdict"]) == ("不通过", "通过")
    assert rows["GD-4-1"]["verdict"] == "未能检测"
    assert rows["GD-4-5"]["detail"] == "须由人查看载体"
    assert any("0003" in text for text in report["series"])
    seen = page_of(report)
    assert "J001-WS·2015·D30-0002" in seen.text
    assert "缺号" in seen.text
    assert report["verdict"] == "不通过"


PAPER = HandOverPaper("接收〔2023〕0001 号", 3, list_agrees=True, signed=True)


@pytest.mark.parametrize(
    ("papers", "waiting", "verdict", "word"),
    [((), 0, "需人工判定", "没有登记表"), ((PAPER,), 0, "通过", "清册 3 件"), ((PAPER,), 2, "需人工判定", "2 件还没有列入"),
     ((PAPER, replace(PAPER, signed=False)), 0, "需人工判定", "签章"), ((PAPER, replace(PAPER, kept_back=1)), 0, "需人工判定", "移出意见"),
     ((replace(PAPER, list_agrees=False, signed=False),), 2, "不通过", "不一致")],
)  # fmt: skip
def test_the_papers_of_a_hand_over(papers: tuple[HandOverPaper, ...], waiting: int, verdict: str, word: str) -> None:
    """移交手续 pass only with register, list and both seals; what is missing is for a person; a list that is contradicted fails. Only at hand-over."""
    said = Declared(hand_over=hand_over(papers, waiting))
    report = delivery_report("第一批", Stage.HANDOVER, [], said, NO_VIRUS, HEADING)
    (row,) = [one for one in report["checks"] if one["name"].startswith("移交手续")]
    assert (row["verdict"], word in row["detail"]) == (verdict, True)
    archived = delivery_report("第一批", Stage.ARCHIVING, [], said, NO_VIRUS, HEADING)
    assert not [one for one in archived["checks"] if one["name"].startswith("移交手续")]


def test_a_delivery_without_a_list_or_without_runs_is_not_passed() -> None:
    """No 移交清册: totals are 未能检测; no run at all: so is everything."""
    report = delivery_report("空批", Stage.ARCHIVING, [], Declared(), NO_VIRUS, HEADING, expected=5)
    assert {row["verdict"] for row in report["checks"]} == {"未能检测"}
    partly = delivery_report("批", Stage.ARCHIVING, [run(1)], Declared(items=2), NO_VIRUS, HEADING, expected=2)
    assert next(r for r in partly["checks"] if r["code"] == "GD-2-1")["verdict"] == "需人工判定"


@pytest.mark.parametrize("kind", ["record", "delivery"])
def test_the_pdf_says_the_same_on_a4(kind: str, tmp_path: Path) -> None:
    """All three files are written whole; the PDF is A4, deterministic, and holds codes, findings and its font's name."""
    report = (
        record_report(run(1, TURNED), TITLE, HEADING)
        if kind == "record"
        else delivery_report("第一批", Stage.ARCHIVING, [run(n, TURNED) for n in range(60)], Declared(), NO_VIRUS, HEADING)
    )
    files = [Path(name) for name in write_report(report, tmp_path, "四性检测 一")]
    assert [f.suffix for f in files] == [".html", ".json", ".pdf"]
    assert json.loads(files[1].read_text("utf-8")) == json.loads(json.dumps(report))
    reader = PdfReader(io.BytesIO(files[2].read_bytes()))
    assert [round(float(v)) for v in reader.pages[0].mediabox[2:]] == [595, 842]
    text = "".join(page.extract_text() for page in reader.pages)
    assert "GD-1-1" in text
    assert "TX-2" in text
    assert files[2].read_bytes() == check_report_pdf.pdf(report)


def test_without_a_font_the_pdf_names_the_built_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without Chinese fonts still prints; the report says that the reader supplies the font."""
    monkeypatch.setattr(report_paper, "FONTS", ())
    report_paper.font.cache_clear()
    try:
        assert report_paper.font()[0] == report_paper.BUILT_IN
        data = check_report_pdf.pdf(record_report(run(1, TURNED), TITLE, HEADING))
    finally:
        report_paper.font.cache_clear()
    assert b"STSong-Light" in data
