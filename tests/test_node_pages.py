"""Persons decide about single pages: another image, another record, none; the sources stay, and every decision can be taken back."""

from pathlib import Path

import pytest
from node_at_work import NodeAtWork, make
from scan_tree import page

from holdings import quarantine
from holdings.errors import NotFound
from holdings.findings import Finding, FindingCode
from holdings.reference_code import match_key
from node.errors import ConfigurationWrong
from node.service import Service
from sync.sandbox import Sandbox

A, B = "J023-WS·2011·Y·BGS-0012", "J023-WS·2011·Y·BGS-0013"
BAD = f"扫描/{A}/0002.jpg"


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node whose delivery has two records of two pages each."""
    made = make(tmp_path, sandbox)
    made.scans.delivery({A: 2, B: 2})
    return made


def number_of(service: Service, path: str) -> int:
    """The one finding at a path."""
    (item,) = [item for item in service.quarantine_list()["items"] if item["path"] == path]
    return int(item["id"])


def test_another_image_stands_for_a_bad_page(work: NodeAtWork, tmp_path: Path) -> None:
    """换页重检 seals the image under the page's name; the source is untouched; undone, the bad page is found again."""
    work.scans.put(A, {"0002.jpg": b""})
    work.intake()
    good = page(77)
    (tmp_path / "补扫.jpg").write_bytes(good)
    with work.opened() as engine:
        service = Service(engine)
        shown = service.quarantine_replace(number=number_of(service, BAD), file=str(tmp_path / "补扫.jpg"), by="张三")
        assert [h["act"] for h in shown["history"]] == ["换页重检"]
    (tmp_path / "补扫.jpg").unlink()
    work.intake()
    assert work.current()[A]["0002.jpg"] == good
    assert work.findings() == []
    assert (work.scans.root / A / "0002.jpg").read_bytes() == b""
    with work.opened() as engine:
        service = Service(engine)
        assert [p["path"] for p in service.page_acts()["pages"]] == [BAD]
        service.page_take_back(path=BAD, by="张三")
    work.intake()
    assert ("empty-file", BAD) in work.findings()
    assert work.current()[A]["0002.jpg"] == good


def test_a_page_goes_to_its_record(work: NodeAtWork) -> None:
    """移页: both records are whole afterwards, the page's bytes under its new name in the other one, and the disk is as it was."""
    (work.scans.root / B / "0002.jpg").rename(work.scans.root / A / "0003.tif")
    moved = (work.scans.root / A / "0003.tif").read_bytes()
    work.intake()
    assert work.current() == {}
    with work.opened() as engine:
        service = Service(engine)
        service.quarantine_move(number=number_of(service, f"扫描/{A}/0003.tif"), to=B, name="0002.jpg", by="李四")
    work.intake()
    current = work.current()
    assert (sorted(current[A]), sorted(current[B])) == (["0001.jpg", "0002.jpg"], ["0001.jpg", "0002.jpg"])
    assert current[B]["0002.jpg"] == moved
    assert work.findings() == []
    assert (work.scans.root / A / "0003.tif").read_bytes() == moved
    work.intake()
    assert len(work.versions()) == 2


def test_a_page_is_left_out(work: NodeAtWork) -> None:
    """删除该页: the record is sealed without it, the file stays where it is."""
    work.scans.put(A, {"0003.jpg": b""})
    work.intake()
    with work.opened() as engine:
        service = Service(engine)
        service.quarantine_drop(number=number_of(service, f"扫描/{A}/0003.jpg"), by="张三")
    work.intake()
    assert sorted(work.current()[A]) == ["0001.jpg", "0002.jpg"]
    assert (work.scans.root / A / "0003.jpg").exists()
    assert work.findings() == []


def test_what_is_no_page_is_refused(work: NodeAtWork, tmp_path: Path) -> None:
    """A finding about a folder or something secret, an unknown record, a name with a path in it, a missing image: nothing is decided."""
    work.scans.put(A, {"0002.jpg": b""})
    work.scans.put("无此件", {"0001.jpg": page(5)})
    work.intake()
    with work.opened() as engine:
        service = Service(engine)
        bad, folder = number_of(service, BAD), number_of(service, "扫描/无此件")
        with pytest.raises(ConfigurationWrong, match="不是扫描文件夹中的一个文件"):
            service.quarantine_drop(number=folder, by="张三")
        with pytest.raises(NotFound):
            service.quarantine_move(number=bad, to="没有这一件", by="张三")
        for name in ("../0002.jpg", "x" * 1025, "Thumbs.db", "a.jpg.part"):
            with pytest.raises(ConfigurationWrong, match="不能作页的文件名"):
                service.quarantine_move(number=bad, to=B, name=name, by="张三")
        with pytest.raises(ConfigurationWrong, match="读不出"):
            service.quarantine_replace(number=bad, file=str(tmp_path / "无.jpg"), by="张三")
        with pytest.raises(ConfigurationWrong, match="没有换页"):
            service.page_take_back(path=BAD, by="张三")
        assert service.page_acts() == {"pages": []}
        assert service.quarantine_show(number=bad)["history"] == []


def test_secrets_are_not_moved_inside_this_machine(work: NodeAtWork) -> None:
    """What is held for secrecy gets the law's remedy, whatever is asked."""
    work.scans.rows({A: {"页数": "2", "密级": "机密"}, B: {"页数": "2"}})
    work.intake()
    with work.opened() as engine:
        service = Service(engine)
        (number,) = [i["id"] for i in service.quarantine_list()["items"] if i["path"] == f"扫描/{A}"]
        with pytest.raises(ConfigurationWrong, match="保密办"):
            service.quarantine_drop(number=number, by="张三")


def test_what_a_check_of_sealed_records_found_is_mended_too(work: NodeAtWork, tmp_path: Path) -> None:
    """A finding that names 档号/文件, or a page of the file, leads to the file on disk; the record's next version has the new image."""
    work.intake()
    for path in (f"{A}/0002.jpg", f"{B}/0001.jpg#1"):
        with work.opened() as engine:
            with engine.home.database.transaction() as connection:
                code = path.partition("/")[0]
                number = quarantine.put(connection, Finding(FindingCode.DUPLICATE_PAGE, match_key(code), path, code), 1)
            (tmp_path / "好.jpg").write_bytes(page(91))
            Service(engine).quarantine_replace(number=number, file=str(tmp_path / "好.jpg"), by="张三")
        work.intake()
        assert work.current()[code][path.partition("/")[2].partition("#")[0]] == page(91)
    assert [v.version for v in work.versions()] == [1, 1, 2, 2]
