"""修改著录: a technician mends a row; sheets imported again, dry or not, respect it until they say something new."""

from pathlib import Path

import pytest
from node_at_work import NodeAtWork, make

from holdings.errors import FindingTaken, MendRefused, NotFound
from node.service import Service
from sync.sandbox import Sandbox

A, B = "J023-WS·2011·Y·BGS-0012", "J023-WS·2011·Y·BGS-0013"


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node with a record whose row has a doubtful date, and another one."""
    made = make(tmp_path, sandbox)
    made.scans.delivery({A: 2, B: 2})
    made.scans.rows(rows(date="18991230"))
    return made


def rows(**changed: str) -> dict[str, dict[str, str]]:
    """What the sheet says; the first record's date and title as given."""
    first = {"页数": "2", **{{"date": "成文日期", "title": "题名"}[name]: value for name, value in changed.items()}}
    return {A: first, B: {"页数": "2"}}


def number_of(service: Service, code: str) -> int:
    """The one finding of a code."""
    (item,) = [item for item in service.quarantine_list()["items"] if item["code"] == code]
    return int(item["id"])


def elements(work: NodeAtWork, code: str = A) -> dict[str, str]:
    """What the newest version of a record says."""
    return [v for v in work.versions() if v.code == code][-1].elements


def mend(work: NodeAtWork, **values: str) -> list[dict[str, str]]:
    """Mend the row that the date's finding is about."""
    with work.opened() as engine:
        service = Service(engine)
        found = service.quarantine_mend(
            number=number_of(service, "date-doubtful"), values=values, by="张三", reason="见原件"
        )
        changes: list[dict[str, str]] = found["changes"]
        return changes


def test_a_mended_row_makes_a_version_and_no_image_travels(work: NodeAtWork) -> None:
    """The record's next version says the new value; its pages are the parts that it had."""
    work.intake()
    before = len(work.versions())
    assert mend(work, 成文日期="19581230") == [{"field": "成文日期", "old": "18991230", "new": "19581230"}]
    work.intake()
    assert elements(work)["成文日期"] == "19581230"
    newest = work.versions()[-1]
    assert (len(work.versions()), newest.code, newest.version, newest.new_bytes) == (before + 1, A, 2, 0)


def test_the_same_sheet_again_does_not_undo_it(work: NodeAtWork) -> None:
    """Imported again as it was, or with something else changed in the row, the sheet leaves the mended element alone."""
    work.intake()
    mend(work, 成文日期="19581230")
    work.intake()
    work.scans.rows(rows(date="18991230"))
    work.intake()
    assert elements(work)["成文日期"] == "19581230"
    work.scans.rows(rows(date="18991230", title="关于救灾款的请示"))
    work.intake()
    assert (elements(work)["成文日期"], elements(work)["题名"]) == ("19581230", "关于救灾款的请示")


def test_a_sheet_that_says_something_new_wins(work: NodeAtWork) -> None:
    """What was mended is forgotten when the sheet itself has been mended, rightly or otherwise."""
    work.intake()
    mend(work, 成文日期="19581230")
    work.intake()
    work.scans.rows(rows(date="19590101"))
    work.intake()
    assert elements(work)["成文日期"] == "19590101"
    work.scans.rows(rows(date="18991230"))
    work.intake()
    assert elements(work)["成文日期"] == "18991230"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"密级": "公开"}, "密级不能在这里修改"), ({"档号": "X"}, "node renumber"), ({"成文日期": "二月三十日"}, "不合规则"), ({"": "x"}, "著录项名称"),
        ({"题名": "甲\n乙"}, "控制字符"), ({"题名": "长" * 40_000}, "过长"),
    ],
)  # fmt: skip
def test_what_cannot_be_mended_so_is_refused(work: NodeAtWork, values: dict[str, str], said: str) -> None:
    """Mark and code have ways of their own, and a value must keep its element's rules: nothing is changed, nothing written down."""
    work.intake()
    with work.opened() as engine:
        service = Service(engine)
        number = number_of(service, "date-doubtful")
        with pytest.raises(MendRefused, match=said):
            service.quarantine_mend(number=number, values=values, by="张三")
        with pytest.raises(FindingTaken):
            service.quarantine_mend(number=number, values={"题名": "新题名"}, by=" ")
        assert service.quarantine_show(number=number)["history"] == []
    work.intake()
    assert elements(work)["成文日期"] == "18991230"


def test_a_finding_without_a_row_cannot_be_mended(work: NodeAtWork) -> None:
    """A folder that no row stands for has nothing to mend."""
    work.scans.record("J099-WS·2011·Y·BGS-0001")
    work.intake()
    with work.opened() as engine:
        service = Service(engine)
        with pytest.raises(NotFound, match="没有对应的目录行"):
            service.quarantine_mend(number=number_of(service, "no-row"), values={"题名": "甲"}, by="张三")
