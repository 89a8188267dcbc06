"""`jindang node reading …` as people use it, and what status, doctor and show say of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from node_at_work import NodeAtWork, make
from page_readers import Desk
from test_node_commands import jindang, told
from test_node_reading import A, B, read

from holdings import same_pages
from holdings.layout_words import Role, Use
from holdings.same_pages import Plan
from node import reading_fill
from node import reading_queue as queue
from node.reading_queue import PartState
from sync.sandbox import Sandbox

STATUS = {
    "waiting",
    "read",
    "failed",
    "outbox",
    "doubtful",
    "pages_per_hour",
    "hours_left",
    "paused",
    "running",
    "hours",
    "in_hours",
    "workers",
    "engine",
}


@pytest.fixture
def node(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A home whose two records were read, one page of them not."""
    made = make(tmp_path, sandbox)
    made.scans.delivery({A: 2, B: 1})
    made.intake()
    with made.opened() as engine:
        read(engine, Desk(sure=0.5, deadly={("0002.jpg", 0): 2}))
    return made


def test_a_person_finds_and_corrects_what_is_doubtful(node: NodeAtWork) -> None:
    """Doubtful and failed pages are listed with file, page and reason; a corrected one leaves the list; its history is shown."""
    doubtful = told(jindang("reading", "list", "--json", home=node.path))["items"]
    assert [(one["ref"], one["file"], one["confidence"]) for one in doubtful] == [
        (A, "0001.jpg", 50.0),
        (B, "0001.jpg", 50.0),
    ]
    [failed] = told(jindang("reading", "list", "--failed", "--json", home=node.path))["items"]
    assert (failed["ref"], failed["file"], failed["page"]) == (A, "0002.jpg", 1)
    assert "意外退出" in failed["reason"]
    said = told(
        jindang("reading", "correct", A, "0001.jpg", "--text", "甲\n乙", "--by", "张三", "--json", home=node.path)
    )
    assert said == {"ref": A, "file": "0001.jpg", "page": 1, "number": 1, "revision": 1}
    assert [one["ref"] for one in told(jindang("reading", "list", "--json", home=node.path))["items"]] == [B]
    page = told(jindang("reading", "show", A, "1", "--json", home=node.path))["page"]
    assert (page["text"], [(one["revision"], one["by"]) for one in page["history"]]) == (
        "甲\n乙",
        [(1, "张三"), (0, "")],
    )
    first = told(jindang("show", A, "--json", home=node.path))["pages"][0]
    assert (first["text"], first["facts"]["dpi"], first["facts"]["width"]) == ("甲\n乙", 300.0, 24)
    shown = jindang("reading", "show", A, "1", home=node.path)
    assert "张三 校对（第 1 次）" in shown.stdout


WRONG = [
    (("correct", A, "9", "--text", "甲", "--by", "张三"), 1),
    (("correct", A, "1", "--text", "甲", "--by", ""), 2),
    (("correct", A, "1", "--by", "张三"), 2),
    (("correct", A, "1", "--text", " ", "--by", "张三"), 2),
    (("correct", "没有", "1", "--text", "甲", "--by", "张三"), 1),
    (("show", A, "x#1"), 1),
]


@pytest.mark.parametrize(("words", "code"), WRONG)
def test_wrong_usage_says_so(node: NodeAtWork, words: tuple[str, ...], code: int) -> None:
    """A page or record that is not there, no name, no text: its exit code and a Chinese sentence, nothing kept."""
    said = jindang("reading", *words, home=node.path)
    assert (said.exit_code, "Traceback" in said.output) == (code, False), said.output
    assert told(jindang("reading", "status", "--json", home=node.path))["outbox"] == 0


def test_pause_cancel_and_retry(node: NodeAtWork) -> None:
    """A pause holds until resumed; what failed waits again when asked; what was cancelled is read no more until then; status and doctor tell."""
    state = told(jindang("reading", "status", "--json", home=node.path))
    assert set(state) == STATUS
    assert (state["read"], state["failed"], state["doubtful"], state["waiting"]) == (2, 1, 2, 0)
    assert told(jindang("status", "--json", home=node.path))["reading"] == {
        "read": 2,
        "waiting": 0,
        "failed": 1,
        "paused": False,
    }
    findings = told(jindang("doctor", "--json", home=node.path), 1)["findings"]
    assert [one["where"] for one in findings if "读不出" in one["what"]] == ["识读"]
    assert told(jindang("reading", "pause", "--json", home=node.path)) == {"paused": True}
    assert told(jindang("reading", "retry", "--json", home=node.path)) == {"parts": 1}
    assert told(jindang("reading", "run", "--json", home=node.path))["pages"] == 0
    assert told(jindang("reading", "status", "--json", home=node.path))["waiting"] == 1
    assert told(jindang("reading", "cancel", A, "--json", home=node.path)) == {"ref": A, "parts": 1}
    assert told(jindang("reading", "resume", "--json", home=node.path)) == {"paused": False}
    assert told(jindang("reading", "run", "--json", home=node.path))["waiting"] is False
    assert told(jindang("doctor", "--json", home=node.path))["ok"] is True


PLANS = [
    (b"", b"", 2, [Plan.READ, Plan.READ]),
    (b"", bytes([Role.TARGET, Role.BODY]), 2, [Plan.SAME, Plan.READ]),
    (bytes([Use.MASTER, Use.MASTER, Use.SEARCHABLE, Use.THUMBNAIL]), b"", 4, [Plan.AFTER, Plan.AFTER, Plan.READ, Plan.SAME]),
    (bytes([Use.MASTER, Use.ACCESS]), b"", 2, [Plan.READ, Plan.SAME]),
    (bytes([Use.MASTER, Use.MASTER, Use.ACCESS]), b"", 3, [Plan.READ, Plan.READ, Plan.READ]),
    (bytes([99, Use.MASTER]), b"", 2, [Plan.READ, Plan.READ]),
]  # fmt: skip


@pytest.mark.parametrize(("uses", "roles", "count", "expected"), PLANS)
def test_a_page_in_several_representations_is_read_once(
    uses: bytes, roles: bytes, count: int, expected: list[Plan]
) -> None:
    """The 双层PDF first, else the keeping copies; targets and thumbnails never; where numbers differ nothing is taken for granted."""
    assert list(same_pages.plan(uses, roles, count)) == expected


def test_the_text_of_a_page_is_found_under_its_other_pictures() -> None:
    """The n-th page of one representation is the n-th of another, over files of several pages; where numbers differ none is."""
    assert same_pages.shown(bytes([Use.MASTER, Use.MASTER, Use.SEARCHABLE]), [1, 1, 2])[1, 0] == (2, 1)
    assert same_pages.shown(bytes([Use.MASTER, Use.SEARCHABLE]), [1, 2]) == {}
    assert same_pages.shown(b"", [1, 1]) == {}


@pytest.mark.parametrize(("pages", "read_pictures"), [(2, False), (3, True)])
def test_the_text_layer_is_taken_instead_of_the_pictures(
    tmp_path: Path, sandbox: Sandbox, pages: int, read_pictures: bool
) -> None:
    """Pictures of a record with a 双层PDF of as many pages are not read, and show its text; of another number they are read themselves."""
    work = make(tmp_path, sandbox)
    work.scans.delivery({A: 2})
    work.intake()
    pdf = "0001.jpg"
    with work.opened() as engine:
        reading_fill.fill(engine.home)
        reading = engine.home.database.read()
        first, second = queue.waiting(reading, 9)
        # As if the first were the 双层PDF of the second.
        with engine.home.database.transaction() as connection:
            queue.enqueue(
                connection,
                first.item_id,
                1,
                [(first.sha256, Use.SEARCHABLE, PartState.WAITING), (second.sha256, Use.MASTER, PartState.WAITING)],
            )
            queue.change(connection, second.id, state=PartState.BEHIND)
        desk = Desk(pages={pdf: pages - 1})
        read(engine, desk)
        states = {one.sha256: one.state for one in queue.parts_of(reading, first.item_id)}
        assert (states[second.sha256] is PartState.READ) is read_pictures
        assert ("0002.jpg" in {name for name, _ in desk.read}) is read_pictures
