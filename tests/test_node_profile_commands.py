"""`jindang node profile …` as people use it: from a proposal to a delivery read by it."""

from __future__ import annotations

from pathlib import Path

import pytest
from node_at_work import NodeAtWork, make
from scan_tree import page, pages, sheet
from test_node_commands import jindang, told

from sync.sandbox import Sandbox

CODES = [f"J023-2-{n:04d}" for n in range(1, 4)]


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node with one delivery of volume folders that hold a cover each."""
    made = make(tmp_path, sandbox)
    for code in CODES:
        made.scans.put(code.replace("-", "/"), {**pages(2), "000封面.jpg": page(9)})
    made.scans.put("", {"目录.csv": sheet({code: {"页数": "2"} for code in CODES})})
    return made


def test_from_a_proposal_to_sealed_records(work: NodeAtWork, tmp_path: Path) -> None:
    """What `propose` prints is a file that `add` takes and `assign` uses; the delivery is then sealed without a question."""
    jindang("intake", "--settle", 0, "--json", home=work.path)
    found = told(jindang("profile", "propose", "扫描", "--json", home=work.path))
    assert (found["layout"], found["linked"], found["pages"]["cover"]) == ("volumes", 3, False)
    file = tmp_path / "方案.toml"
    file.write_text(found["toml"], "utf-8")
    assert told(jindang("profile", "add", file, "--json", home=work.path))["changed"]
    assert not told(jindang("profile", "add", file, "--json", home=work.path))["changed"]
    told(jindang("profile", "assign", "扫描", "扫描", "--json", home=work.path))
    [listed] = told(jindang("profile", "list", "--json", home=work.path))["profiles"]
    assert (listed["name"], listed["deliveries"]) == ("扫描", ["扫描"])
    assert told(jindang("profile", "show", "扫描", "--json", home=work.path))["page_rule"].startswith("目录、备考表计入，封面不计")
    done = told(jindang("intake", "--settle", 0, "--json", home=work.path))
    assert (done["records"], done["quarantined"]) == (3, 0)


WRONG = {
    "unknown key": ('nam = "甲"\n', "是否应为 name"),
    "no TOML": ("name = ", "TOML"),
    "unknown layout": ('name = "甲"\n[layout]\nkind = "卷"\n', "layout.kind"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_profile_is_refused(work: NodeAtWork, tmp_path: Path, case: str) -> None:
    """A profile that cannot be used ends with code 2 and names what is wrong; nothing is kept."""
    text, said = WRONG[case]
    file = tmp_path / "方案.toml"
    file.write_text(text, "utf-8")
    result = jindang("profile", "add", file, home=work.path)
    assert (result.exit_code, said in result.stderr) == (2, True)
    assert told(jindang("profile", "list", "--json", home=work.path))["profiles"] == []


@pytest.mark.parametrize(("words", "code"), [(("assign", "扫描", "没有"), 1), (("show", "没有"), 1), (("propose", "没有"), 2)])
def test_unknown_names_end_with_what_there_is(work: NodeAtWork, words: tuple[str, ...], code: int) -> None:
    """An unknown profile or folder ends with one sentence that says what there is."""
    result = jindang("profile", *words, home=work.path)
    assert (result.exit_code, "已有" in result.stderr) == (code, True)
