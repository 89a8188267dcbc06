"""The monitor 运行监控: judgement over nodes, its pages, and what monitoring systems ask (hub/monitor.py, hub/web_monitor.py)."""

import http.client
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from people_door import Browser, Door, open_door

from holdings.working_days import working_days
from hub.account import Role
from hub.monitor import Board, Condition, Row, board, condition
from sync.log import LogState

NIGHT = 86_400
MONDAY = 1_795_392_000 + 8 * 3600  # 2026-11-23 08:00 UTC, a Monday


@pytest.mark.parametrize(("state", "contact", "nights", "waiting", "pending", "expected"), [
    (LogState.ACTIVE, None, 0, 0, 0, Condition.NEVER),
    (LogState.ACTIVE, 1, 0, 0, 0, Condition.NORMAL),
    (LogState.ACTIVE, 1, 0, 10**9, 3, Condition.NORMAL),
    (LogState.ACTIVE, 1, 1, 0, 0, Condition.NORMAL),
    (LogState.ACTIVE, 1, 1, 1, 0, Condition.LAGGING),
    (LogState.ACTIVE, 1, 1, 0, 1, Condition.LAGGING),
    (LogState.ACTIVE, 1, 2, 0, 0, Condition.SILENT),
    (LogState.FROZEN, 1, 9, 9, 9, Condition.FROZEN),
    (LogState.REVOKED, None, 0, 0, 0, Condition.REVOKED),
])
def test_a_node_is_judged(state: LogState, contact: int | None, nights: int, waiting: int, pending: int, expected: Condition) -> None:
    """Frozen and revoked first; silent after two working nights; lagging when something waits over a night."""
    assert condition(state, contact, nights, waiting, pending) is expected


def row(name: str, last_contact: int, kind: Condition = Condition.SILENT) -> Row:
    """A node that fell silent then."""
    return Row(name, "", "", kind, last_contact, 3, 0, 0, 0, 0, 0, 0, 0, "", None, None)


@pytest.mark.parametrize(("contacts", "said"), [([0, 0, 0, 5], 3), ([0, 0, 5, 9], 0), ([], 0), ([0, 0], 0)])
def test_many_at_once_are_the_line(contacts: list[int], said: int) -> None:
    """Three nodes and more that fell silent on one day are told as one thing."""
    rows = tuple(row(str(number), (1 + day) * NIGHT) for number, day in enumerate(contacts))
    assert Board(rows, (), 0, calendar_known=True).at_once == said


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """A hub with a people's door."""
    with open_door(tmp_path / "hub") as made:
        yield made


def test_the_board_counts_working_nights(door: Door) -> None:
    """A node that spoke on Friday is in touch on Monday and silent on Wednesday."""
    hub = door.hub
    hub.clock.now = MONDAY - 3 * NIGHT
    hub.node("和平区")
    seen = []
    for days in (0, 3, 4, 5):
        found = board(hub.hub.home.front, hub.hub.home.holdings, working_days(), MONDAY + (days - 3) * NIGHT).rows
        seen.append((found[0].nights, found[0].condition))
    assert [nights for nights, _ in seen] == [0, 1, 2, 3]
    assert [kind for _, kind in seen] == [Condition.NORMAL, Condition.NORMAL, Condition.SILENT, Condition.SILENT]


def test_the_pages_show_every_node(door: Door) -> None:
    """The first page has all nodes with those that want a person first; a node's page has its receipts; an unknown node is a 404."""
    hub = door.hub
    hub.node("和平区")
    silent = hub.node("滨海<新区>")
    hub.hub.enrolment.revoke("和平区", "搬迁")
    browser = door.signed_in("sys", Role.SYSTEM)
    page = browser.get("/monitor")
    assert page.says("和平区", "滨海<新区>", "已停用", "没有告警")
    assert "<新区>" not in page.text
    assert browser.get(f"/monitor/{silent.log_id.hex()}").says("滨海<新区>", "回执", "已验读")
    for path in ("0" * 64, "0", "%2e%2e", "A" * 64):
        assert browser.get(f"/monitor/{path}").status == 404


def lines_of(door: Door, browser: Browser) -> Iterator[str]:
    """The lines of the stream of events, as they come."""
    connection = http.client.HTTPSConnection(*door.address, timeout=30, context=ssl._create_unverified_context())
    connection.request("GET", "/monitor/events", headers={"Cookie": "; ".join(f"{name}={value}" for name, value in browser.jar.items())})
    response = connection.getresponse()
    assert response.headers["Content-Type"].startswith("text/event-stream")
    try:
        while line := response.readline():
            yield line.decode().rstrip("\n")
    finally:
        connection.close()


def test_the_page_lives(door: Door) -> None:
    """The stream says what changed, keeps no session awake, and ends with it; who may not look gets no stream."""
    browser, foreign = door.signed_in("sys", Role.SYSTEM), door.signed_in("a1", Role.AGENCY)
    assert foreign.ask("GET", "/monitor/events").status == 403
    lines = lines_of(door, browser)
    assert any("还没有节点" in line for line in iter(lambda: next(lines), ""))
    door.hub.node("滨海新区")
    assert any("滨海新区" in line for line in lines)
    door.hub.clock.now += 241 * 60
    assert any(line == "event: over" for line in lines)
    assert list(lines) == ["data: ", ""]


def test_programs_ask_without_signing_in(door: Door) -> None:
    """/healthz and /readyz say that the hub works; /metrics gives figures with units in their names, to this machine alone."""
    door.hub.node("和平区")
    browser = door.browser()
    assert (browser.ask("GET", "/healthz").body, browser.ask("GET", "/readyz").body) == (b"ok\n", b"ready\n")
    text = browser.ask("GET", "/metrics").text
    names = {line.split("{")[0] for line in text.splitlines() if not line.startswith("#")}
    assert 'jindang_nodes{condition="normal"} 1.0' in text
    assert 'jindang_node_stored_bytes{node="和平区"} 0.0' in text
    assert all(name.startswith("jindang_") for name in names)
    rules = (Path(__file__).parent.parent / "deploy" / "prometheus-rules.yml").read_text("utf-8")
    import re

    assert set(re.findall(r"jindang_\w+", rules)) <= names
    documented = (Path(__file__).parent.parent / "docs" / "operating.md").read_text("utf-8")
    assert not [name for name in names if name not in documented]
