"""The report of a delivery on paper: what stands in HTML, PDF and JSON, and that all three say the same."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from node_at_work import NodeAtWork, make
from pypdf import PdfReader
from scan_tree import pages, sheet

from holdings.delivery_report_page import html, printed
from holdings.delivery_report_pdf import pdf
from holdings.report_page import Heading
from jindang.cli import main
from node import deliveries
from node.service import Service
from sync.sandbox import Sandbox

CODES = [f"23-1-1-{n}" for n in range(1, 7)]
BATCH = "第03批_20231018"
NAME = f"扫描/{BATCH}"
LISTED = "序号,全宗号,目录号,起止案卷号,卷数,件数,页数,起止年度,保管期限\n合计,,,,1,7,,,\n"


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node at which everything has happened to a delivery that a report tells of."""
    work = make(tmp_path, sandbox, cleared_by="")
    root = work.scans.root / BATCH
    work.scans.put(BATCH, {"目录.csv": sheet({code: {"页数": "4"} for code in CODES}), "移交清册.csv": LISTED.encode()})
    for seed, code in enumerate(CODES):
        work.scans.put(f"{BATCH}/{code}", pages(4, seed))
    lines = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(root)}" for p in sorted(root.rglob("*.jpg"))]
    work.scans.put(BATCH, {"SHA256SUMS.txt": "\n".join([f"{'0' * 64}  {CODES[0]}/0001.jpg", *lines[1:], f"{'1' * 64}  {CODES[0]}/<b>0005</b>.jpg"]).encode()})
    work.scans.put(f"{BATCH}/{CODES[5]}", {"0004.jpg": b""})
    work.intake()
    with work.opened() as engine:
        service = Service(engine)
        service.clear(NAME, ["王秀英", "李建国"])
        service.delivery_describe(NAME, contractor="恒信数字化公司", stations=["扫描站1"], opened_by="赵工", received_by="王秀英")
        service.run(settle=0.0, send=False)
        service.delivery_submit(NAME, "赵工")
        service.run(settle=0.0, send=False)
        number = service.sample_draw(NAME, "王秀英", seed="041799")["id"]
        service.sample_verdict(number, [1], "failed", "李", fault="T04")
        service.sample_verdict(number, [], "passed", "李")
        service.delivery_return(NAME, "王秀英", "偏斜")
    return work


def test_all_three_forms_tell_everything(work: NodeAtWork, tmp_path: Path) -> None:
    """Persons and dates, counts, bytes, faults with clause and remedy, sampling, evidence, hand-over totals, history; text is text, no address outside; A4."""
    command = ["node", "delivery", "report", NAME, "--to", str(tmp_path / "报告"), "--by", "张三", "--home", str(work.path), "--json"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, (done.output, done.exception)
    files = [Path(name) for name in json.loads(done.stdout.splitlines()[-1])["files"]]
    assert [file.name for file in files] == [f"批次报告 扫描_{BATCH}{suffix}" for suffix in (".html", ".json", ".pdf")]
    page = files[0].read_text("utf-8")
    report = json.loads(files[1].read_text("utf-8"))
    reader = PdfReader(io.BytesIO(files[2].read_bytes()))
    paper = "".join(one.extract_text() for one in reader.pages).replace("\n", "")
    assert [round(float(v)) for v in reader.pages[0].mediabox[2:]] == [595, 842]
    assert report["records"] == 5
    waiting = {one["code"] for one in report["faults"] if one["waiting"]}
    assert {"empty-file", "total-differs", "evidence-differs", "evidence-missing"} <= waiting
    for said in ("王秀英、李建国", "两人审查", "恒信数字化公司", "扫描站1", "赵工", "张三", "退回整改", "041799", "T04", "偏斜", f"{report['bytes']:,}",
                 "移交清册.csv", "件数", "不符", "SHA256SUMS.txt", "DA/T 70-2018 GD-1-1", "请加工单位重新复制该文件", "一次合格率", "相符", "移交人"):  # fmt: skip
        assert said in page, said
        assert said in paper, said
    assert "&lt;b&gt;0005" in page
    assert "<script" not in page
    assert "http" not in page


def test_a_delivery_of_which_nothing_is_known_prints_too(work: NodeAtWork) -> None:
    """No sampling, no evidence, no clearance, no faults: the report says so; the same report gives the same bytes."""
    work.scans.put("第04批", {"目录.csv": sheet({"23-1-2-1": {"页数": "1"}})})
    work.intake()
    with work.opened() as engine:
        made = deliveries.report(engine.home.database.read(), "扫描/第04批", 1_700_000_000, engine.home.site)
    words = printed(made, Heading("和平区档案馆", "", 1_700_000_000, "jindang"))
    page = html(words)
    for said in ("未作，未经审查不加封", "尚未抽检", "尚未核对", "没有移交清册或说明文件写明总数"):
        assert said in page
    assert pdf(words) == pdf(words)
