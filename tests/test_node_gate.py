"""The gate at intake: what must not be read is not read, and what is unknown waits with its reason."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from node_at_work import NodeAtWork, findings, make
from scan_tree import COLUMNS

from holdings.findings import FindingCode
from node.service import Service
from sync.sandbox import Sandbox
from sync.site_class import SiteClass

A, B = "J001-WS·2011·Y·BGS-0001", "J001-WS·2011·Y·BGS-0002"
IN_VOLUME = ("J001-2-0145-001", "J001-2-0145-002", "J001-2-0146-001")

_opened: list[str] | None = None


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if _opened is not None and event == "open":
        _opened.append(os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes | os.PathLike) else "")


sys.addaudithook(_note)


@contextmanager
def opened_files() -> Iterator[list[str]]:
    """Every path that this process opens meanwhile, in any thread and by any call."""
    global _opened  # noqa: PLW0603  an audit hook cannot be taken back, only told to be quiet
    _opened = traced = []
    try:
        yield traced
    finally:
        _opened = None


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node whose deliveries count as cleared by its profile."""
    return make(tmp_path, sandbox)


def reasons(work: NodeAtWork) -> dict[str, str]:
    """{folder: code} of what waits about record folders."""
    return {path.partition("/")[2]: code for code, path in work.findings() if "#" not in path}


@pytest.mark.parametrize("mark", ["机密", "绝密★30年", "秘 密", "JM", "机密（已解密）", "？？"])
def test_a_classified_record_is_never_opened(work: NodeAtWork, mark: str) -> None:
    """No file of a classified or unreadably marked record is opened, its row leaves no title, and its open neighbour is sealed."""
    work.scans.delivery({A: 2, B: 2})
    work.scans.rows({A: {"页数": "2"}, B: {"页数": "2", "密级": mark, "题名": "天机不可泄露"}})
    with opened_files() as traced:
        result = work.intake()
    assert any(A in path for path in traced)
    assert not any(B in path for path in traced)
    assert (result.records, [v.code for v in work.versions()]) == (1, [A])
    assert reasons(work)[B] == ("mark-unreadable" if mark == "？？" else "classified")
    with work.opened() as engine:
        service = Service(engine)
        said = str(service.quarantine_list()) + str(service.status()) + str(service.search("天机"))
    assert "天机不可泄露" not in said


def test_one_classified_item_holds_its_whole_volume(work: NodeAtWork) -> None:
    """Its neighbours in the volume wait unopened; another volume goes on."""
    work.scans.delivery(dict.fromkeys(IN_VOLUME, 1))
    work.scans.rows({code: {"页数": "1", "密级": "秘密" if code == IN_VOLUME[0] else ""} for code in IN_VOLUME})
    with opened_files() as traced:
        work.intake()
    assert [v.code for v in work.versions()] == [IN_VOLUME[2]]
    assert not any(IN_VOLUME[1] in path for path in traced)
    assert reasons(work) == {IN_VOLUME[0]: "classified", IN_VOLUME[1]: "volume-classified"}


def test_without_a_row_nothing_is_opened(work: NodeAtWork) -> None:
    """Images that come before their sheet wait unopened (待目录) and go on by themselves when it has come."""
    files = work.scans.record(A, 2)
    with opened_files() as traced:
        work.intake()
    assert not any(A in path for path in traced)
    assert reasons(work) == {A: "no-row"}
    work.scans.rows({A: {"页数": "2"}})
    work.intake()
    assert (work.current(), work.findings()) == ({A: files}, [])


def test_without_a_mark_column_nothing_is_sealed(work: NodeAtWork) -> None:
    """A sheet without 密级 holds all its records until it is sent again with the column."""
    work.scans.record(A, 2)
    work.scans.rows({A: {"页数": "2"}}, columns=tuple(c for c in COLUMNS if c != "密级"))
    assert work.intake().records == 0
    assert reasons(work)[A] == "no-mark-column"
    work.scans.rows({A: {"页数": "2"}})
    assert work.intake().records == 1


def test_without_clearance_nothing_is_sealed(tmp_path: Path, sandbox: Sandbox) -> None:
    """A delivery waits for two persons' 保密审查; their signature lets it go on and stands in every record."""
    work = make(tmp_path, sandbox, cleared_by="")
    work.scans.delivery({A: 2})
    with opened_files() as traced, work.opened() as engine:
        assert engine.run(settle_s=0, send=False).records == 0
        assert ("not-cleared", f"扫描/{A}") in findings(engine)
        Service(engine).clear("扫描", ["张三", "李四"])
        assert engine.run(settle_s=0, send=False).records == 1
        body = engine.home.database.read().execute("SELECT body FROM record_version").fetchone()[0]
    assert sum(A in path for path in traced) > 0
    assert "张三".encode() in body
    assert "李四".encode() in body


def test_the_standing_default_is_in_a_persons_name(work: NodeAtWork) -> None:
    """What the profile clears bears the name of who declared it."""
    work.scans.delivery({A: 1})
    work.intake()
    with work.opened() as engine:
        assert Service(engine).deliveries()["deliveries"][0]["cleared_by"] == ["李四"]


def test_a_mark_that_comes_later_holds_and_says_that_bytes_went(work: NodeAtWork) -> None:
    """A sealed record whose corrected row says 机密 makes no version any more and is reported as 误传."""
    work.scans.delivery({A: 2})
    work.intake()
    work.scans.rows({A: {"页数": "2", "密级": "机密"}})
    work.scans.put(A, {"0003.jpg": b"new"})
    with opened_files() as traced:
        work.intake()
    assert not any(A in path for path in traced)
    assert len(work.versions()) == 1
    assert {"classified", "classified-sealed"} <= {code for code, _ in work.findings()}


def test_removing_the_classified_folder_answers_its_finding(work: NodeAtWork) -> None:
    """The remedy of the finding, taking the folder away, closes it; the row's own finding stays."""
    work.scans.delivery({A: 1, B: 1})
    work.scans.rows({A: {"页数": "1"}, B: {"密级": "机密"}})
    work.intake()
    assert reasons(work) == {B: "classified"}
    for file in (work.scans.root / B).iterdir():
        file.unlink()
    (work.scans.root / B).rmdir()
    work.intake()
    assert reasons(work) == {}


def test_renaming_the_folder_to_its_code_answers_the_missing_row(work: NodeAtWork) -> None:
    """The other remedy of 有图无目: the folder gets the name of its row, and the old name's finding is closed."""
    work.scans.delivery({A: 2})
    (work.scans.root / A).rename(work.scans.root / "J001错")
    work.intake()
    assert reasons(work) == {"J001错": "no-row"}
    (work.scans.root / "J001错").rename(work.scans.root / A)
    work.intake()
    work.intake()
    assert work.findings() == []
    assert [v.code for v in work.versions()] == [A]


def test_a_mark_that_comes_while_pages_are_sealed_still_holds(work: NodeAtWork) -> None:
    """A sheet that arrives between judgement and signature takes the record out of the delta; the others are signed."""
    kept = work.scans.delivery({A: 2, B: 2})
    with work.opened() as engine:
        import_sheet, held = engine.sheets(), False

        class Marking:
            """The objects of the home; the moment the first pack is durable, the corrected sheet comes."""

            def __getattr__(self, name: str) -> object:
                return getattr(objects, name)

            def put(self, name: bytes, data: memoryview) -> None:
                nonlocal held
                objects.put(name, data)
                if not held:
                    held = True
                    work.scans.rows({A: {"页数": "2"}, B: {"密级": "机密"}})
                    import_sheet.import_file("扫描", work.scans.root / "目录.csv", None)

        objects = engine.home.objects
        engine.home.objects = Marking()  # type: ignore[assignment]
        engine.run(settle_s=0, send=False)
        engine.home.objects = objects
    assert held
    assert {v.code: v.files for v in work.versions()} == {A: kept[A]}
    work.intake()
    assert reasons(work)[B] == "classified"


def test_a_classified_site_takes_marked_rows_but_still_asks_for_clearance(tmp_path: Path, sandbox: Sandbox) -> None:
    """On a classified site 机密 holds nothing; row and 保密审查 are asked for all the same."""
    work = make(tmp_path, sandbox, cleared_by="", site_class=SiteClass.CLASSIFIED)
    files = work.scans.delivery({A: 1})
    work.scans.rows({A: {"页数": "1", "密级": "机密"}})
    work.intake()
    assert reasons(work) == {A: FindingCode.NOT_CLEARED.slug}
    with work.opened() as engine:
        Service(engine).clear("扫描", ["张三", "李四"])
    work.intake()
    assert work.current() == files
