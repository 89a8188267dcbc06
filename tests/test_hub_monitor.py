"""The monitor 运行监控: judgement over nodes, its pages, and what monitoring systems ask (hub/monitor.py, hub/web_monitor.py)."""

import http.client
import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from people_door import Browser, Door, open_door

from crypto.fingerprint import read_out
from crypto.fingerprint_words import spoken
from holdings.working_days import working_days
from hub import alarm_store
from hub.account import Role
from hub.alarm import AlarmKind
from hub.monitor import Board, Condition, Row, board, condition
from hub.monitor_desk import MonitorDesk
from sync import messages
from sync.log import LogState

ROOT = Path(__file__).parent.parent
NIGHT = 86_400
MONDAY = 1_795_392_000 + 8 * 3600  # 2026-11-23 08:00 UTC, a Monday


@pytest.mark.parametrize(
    ("state", "contact", "nights", "waiting", "pending", "expected"),
    [
        (LogState.ACTIVE, None, 0, 0, 0, Condition.NEVER),
        (LogState.ACTIVE, 1, 0, 0, 0, Condition.NORMAL),
        (LogState.ACTIVE, 1, 0, 10**9, 3, Condition.NORMAL),
        (LogState.ACTIVE, 1, 1, 0, 0, Condition.NORMAL),
        (LogState.ACTIVE, 1, 1, 1, 0, Condition.LAGGING),
        (LogState.ACTIVE, 1, 1, 0, 1, Condition.LAGGING),
        (LogState.ACTIVE, 1, 2, 0, 0, Condition.SILENT),
        (LogState.FROZEN, 1, 9, 9, 9, Condition.FROZEN),
        (LogState.REVOKED, None, 0, 0, 0, Condition.REVOKED),
    ],
)
def test_a_node_is_judged(
    state: LogState, contact: int | None, nights: int, waiting: int, pending: int, expected: Condition
) -> None:
    """Frozen and revoked first; silent after two working nights; lagging when something waits over a night."""
    assert condition(state, contact, nights, waiting, pending) is expected


def row(name: str, last_contact: int, kind: Condition = Condition.SILENT) -> Row:
    """A node that fell silent then."""
    return Row(name, name, "", kind, 0, last_contact, 3, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(("contacts", "said"), [([0, 0, 0, 5], 3), ([0, 0, 5, 9], 0), ([], 0), ([0, 0], 0)])
def test_many_at_once_are_the_line(contacts: list[int], said: int) -> None:
    """Three nodes and more that fell silent on one day are told as one thing."""
    rows = tuple(row(str(number), (1 + day) * NIGHT) for number, day in enumerate(contacts))
    assert len(Board(rows, 0, calendar_known=True).at_once()) == said


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
    assert browser.get(f"/monitor/{silent.log_id.hex()}").says("滨海<新区>", "回执", "已验读", read_out(silent.log_id), spoken(silent.log_id))
    for path in ("0" * 64, "0", "%2e%2e", "A" * 64):
        assert browser.get(f"/monitor/{path}").status == 404


def lines_of(door: Door, browser: Browser) -> Iterator[str]:
    """The lines of the stream of events, as they come."""
    connection = http.client.HTTPSConnection(*door.address, timeout=30, context=ssl._create_unverified_context())
    connection.request(
        "GET",
        "/monitor/events",
        headers={"Cookie": "; ".join(f"{name}={value}" for name, value in browser.jar.items())},
    )
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
    names = {re.split(r"[{ ]", line)[0] for line in text.splitlines() if not line.startswith("#")}
    assert 'jindang_nodes{condition="normal"} 1.0' in text
    assert 'jindang_node_stored_bytes{node="和平区"} 0.0' in text
    assert all(name.startswith("jindang_") for name in names)
    rules = (ROOT / "deploy" / "prometheus-rules.yml").read_text("utf-8")
    may = names | {
        "jindang_node_waiting_pages",
        "jindang_node_waiting_nights",
        "jindang_archive_target_pages",
    }  # where a node or a site says so
    asked = set(re.findall(r"jindang_\w+", rules))
    assert asked <= may
    conditions = {condition.value for condition in Condition}
    assert set(re.findall(r'condition="(\w+)"', rules)) <= conditions
    documented = (ROOT / "docs" / "operating.md").read_text("utf-8")
    assert not [name for name in may if name not in documented]
    section = documented[documented.index("| `jindang_nodes` |") :].split("\n\n", 1)[0]
    assert set(re.findall(r"`(jindang_\w+)`", section)) == may
    assert not [condition for condition in conditions if condition not in section]


def test_a_locked_node_is_told_apart(door: Door) -> None:
    """A knock shows a node as locked until it speaks again; one of an unknown log, a stale or a malformed one changes nothing and learns nothing."""
    hub = door.hub
    hub.clock.now = MONDAY - 8 * NIGHT
    node = hub.node("和平区")
    hub.clock.now = MONDAY

    def now() -> Condition:
        home = hub.hub.home
        return board(home.front, home.holdings, working_days(), hub.clock.now).rows[0].condition

    assert now() is Condition.SILENT
    for body in (messages.encode_knock(bytes(32)), b"", b"\xff" * 200):
        reply = node.call("POST", messages.KNOCK, body)
        assert (reply.status, reply.body) == (200, b"")
    assert node.call("POST", messages.KNOCK, bytes(messages.KNOCK_BYTES + 1)).status == 413
    assert now() is Condition.SILENT
    assert node.call("POST", messages.KNOCK, messages.encode_knock(node.log_id)).status == 200
    assert now() is Condition.LOCKED
    hub.clock.now += 31 * NIGHT
    assert now() is Condition.SILENT
    node.call("POST", messages.KNOCK, messages.encode_knock(node.log_id))
    hub.clock.now += 1
    node.hello()
    assert now() is Condition.NORMAL


def test_pages_of_alarms_and_outages(door: Door) -> None:
    """Central IT reports an outage, takes note of an alarm and silences it in pages alone; others read and cannot act."""
    hub = door.hub
    hub.clock.now = MONDAY - 8 * NIGHT
    for name in ("和平区", "河东区", "河西区"):
        hub.node(name)
    hub.clock.now = MONDAY
    desk = MonitorDesk(hub.hub.home, door.team.people.parts)
    desk.look(opening=True)
    system = door.signed_in("sys", Role.SYSTEM)
    assert system.get("/alarms").says("3 个节点同时失联：疑似专线。", "合并 3 条", "先查政务网线路", "每日新告警：严重")
    assert re.search(r"<title>2026-11-23 [1-9]</title></rect>", system.page.text)
    assert len(system.page.body) < 200_000
    line = next(alarm for alarm in alarm_store.standing(desk.database.read()) if alarm.kind is AlarmKind.LINE)
    system.get(f"/alarms/{line.number}")
    assert system.send(f"/alarms/{line.number}/ack", note="已报修").says("sys", "已报修", "合并的告警")
    assert system.send(f"/alarms/{line.number}/silence", hours="24").says("暂停提醒", "到 ")
    assert system.send(f"/alarms/{line.number}/silence", hours="5").status == 422
    system.get(f"/alarms/{line.number}")
    assert system.send(f"/alarms/{line.number}/note", note="").status == 422
    system.get("/outages")
    assert system.send("/outages", node="*", begins="2026-11-23T08:00", ends="2026-11-22T08:00", reason="x").says(
        "停机的结束时间"
    )
    assert system.send("/outages", node="*", begins="x", ends="", reason="x").status == 422
    assert system.send(
        "/outages", node="*", begins="2026-11-15T08:00", ends="2026-12-22T08:00", reason="机房<改造>"
    ).says("机房<改造>", "正在停机")
    desk.look(opening=True)
    assert system.get("/monitor").says("停机报备")
    assert system.get("/alarms").says("最近结束的")
    reader = door.signed_in("arc", Role.ARCHIVIST)
    assert reader.get(f"/alarms/{line.number}").says("疑似专线")
    assert "formaction" not in reader.page.text
    assert reader.send(f"/alarms/{line.number}/ack").status == 403
    assert system.get("/monitor/progress").says("未填区划", "1,000,000", "和平区")
    for path in ("/alarms/999999", "/alarms/x", "/alarms/" + "9" * 30):
        assert system.get(path).status == 404
