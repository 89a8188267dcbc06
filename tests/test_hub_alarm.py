"""Alarms 告警 and planned outages 停机报备: what is judged, what stands, rolls up, is noted and silenced (hub/alarm*.py, hub/outage.py)."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from people_at_hub import MACHINE, Team, team

from holdings.alarm_rule import AlarmRule, rule
from holdings.errors import SiteDataWrong
from holdings.journal import Filter
from holdings.site_data import SiteData
from holdings.working_days import working_days
from hub import alarm_store, history, outage
from hub.alarm import AlarmKind, HubFacts, Seen, Severity, judge
from hub.errors import NotAllowed
from hub.history import HubDay, NodeDay
from hub.monitor import Board, Condition, Row, nights_between
from hub.monitor_desk import MonitorDesk
from hub.outage import Outage
from sync.entry import ClockState
from sync.state_report import StateReport

DAY = 86_400
FRIDAY = 1_795_132_800 + 8 * 3600  # 2026-11-20 08:00 UTC
WALL = FRIDAY + 5 * DAY
FINE = HubFacts(10**13, 0, None, opening=True, kept_bad=0, calendar_missing=None)
REPORT = StateReport("jindang 0.1.0", 1, 1, 1, 0, 0, 0, ClockState.NTP, WALL, 10**12)


def row(
    name: str, condition: Condition = Condition.NORMAL, *, spoke: int | None = WALL, report: StateReport | None = REPORT
) -> Row:
    """A node."""
    return Row(name, name, "120101", condition, FRIDAY, spoke, 3, 0, 0, 0, 0, 0, 0, report)


def judged(*rows: Row, hub: HubFacts = FINE, bounds: AlarmRule | None = None) -> list[tuple[AlarmKind, str]]:
    """What is seen, as kind and subject."""
    return [(one.kind, one.subject) for one in judge(Board(rows, WALL, calendar_known=True), hub, bounds or rule())]


@pytest.mark.parametrize(
    ("node", "kinds"),
    [
        (row("a"), []),
        (row("a", Condition.SILENT), [AlarmKind.SILENT]),
        (row("a", Condition.SILENT, report=replace(REPORT, free_bytes=1)), [AlarmKind.SILENT]),
        (row("a", Condition.LOCKED), [AlarmKind.LOCKED]),
        (row("a", Condition.LAGGING), [AlarmKind.LAGGING]),
        (row("a", Condition.FROZEN), [AlarmKind.FROZEN]),
        (row("a", Condition.PLANNED, report=replace(REPORT, free_bytes=1)), []),
        (row("a", Condition.REVOKED, report=replace(REPORT, free_bytes=1)), []),
        (row("a", Condition.NEVER, spoke=None, report=None), [AlarmKind.NEVER]),
        (row("a", report=replace(REPORT, free_bytes=19 * 10**9)), [AlarmKind.DISK]),
        (row("a", report=replace(REPORT, free_bytes=20 * 10**9)), []),
        (row("a", report=replace(REPORT, wall=WALL - 301)), [AlarmKind.CLOCK]),
        (row("a", report=replace(REPORT, pending_tenths=51)), [AlarmKind.BACKLOG]),
        (row("a", report=replace(REPORT, pending_tenths=50)), []),
        (row("a", report=replace(REPORT, paused=True, pending_deltas=1)), [AlarmKind.STOPPED]),
        (row("a", report=replace(REPORT, paused=True)), []),
    ],
)
def test_what_a_node_raises(node: Row, kinds: list[AlarmKind]) -> None:
    """Each condition and each bound raises its own alarm; what is planned, put out, or said on another day raises none."""
    assert [kind for kind, _ in judged(node)] == kinds


@pytest.mark.parametrize(
    ("hub", "kinds"),
    [
        (FINE, []),
        (replace(FINE, free_bytes=19 * 10**9, days_left=2), [AlarmKind.HUB_DISK]),
        (replace(FINE, free_bytes=10**12, refuses_below=2 * 10**12), [AlarmKind.HUB_DISK]),
        (replace(FINE, days_left=29), [AlarmKind.HUB_FULL_SOON]),
        (replace(FINE, days_left=30), []),
        (
            replace(FINE, opening=False, kept_bad=1, calendar_missing=2027),
            [AlarmKind.OPENING, AlarmKind.FIXITY, AlarmKind.CALENDAR],
        ),
    ],
)
def test_what_the_hub_raises(hub: HubFacts, kinds: list[AlarmKind]) -> None:
    """Little room now goes before little room soon; each fault of the hub is one alarm."""
    assert [kind for kind, _ in judged(hub=hub)] == kinds


def test_many_silent_nodes_are_one_line() -> None:
    """As many as the site says, silent since one day, are one alarm that names them; fewer, or of different days, are not."""
    nodes = [row(name, Condition.SILENT, spoke=FRIDAY) for name in "abc"]
    seen = judge(Board(tuple(nodes), WALL, calendar_known=True), FINE, rule())
    assert (seen[0].kind, seen[0].nodes, seen[0].values["n"]) == (AlarmKind.LINE, frozenset("abc"), 3)
    assert AlarmKind.LINE not in [kind for kind, _ in judged(*nodes[:2])]
    assert AlarmKind.LINE not in [
        kind for kind, _ in judged(*nodes[:2], replace(nodes[2], last_contact=FRIDAY - 3 * DAY))
    ]
    more = rule(SiteData((("alarms.toml", "many = 4"),)))
    assert AlarmKind.LINE not in [kind for kind, _ in judged(*nodes, bounds=more)]


def test_every_kind_says_what_to_do() -> None:
    """No kind of alarm lacks a sentence or a remedy."""
    for kind in AlarmKind:
        about = kind.about
        assert about.text and about.remedy and about.label and about.severity in Severity


@pytest.mark.parametrize(
    ("first", "last", "nights"),
    [
        (None, None, 3),
        (FRIDAY, FRIDAY + DAY, 2),
        (FRIDAY - 9 * DAY, FRIDAY - 5 * DAY, 3),
        (FRIDAY, WALL + DAY, 0),
        (FRIDAY + 3 * DAY, FRIDAY + 3 * DAY + 3600, 2),
    ],
)
def test_planned_nights_do_not_count(first: int | None, last: int | None, nights: int) -> None:
    """Nights of a planned outage are taken out of the nights without a word; another node's outage changes nothing."""
    planned = [Outage(1, "a", first, last or 0, "x", "y", None)] if first is not None else []
    assert nights_between(working_days(), FRIDAY, WALL, "a", planned) == nights
    assert nights_between(working_days(), FRIDAY, WALL, "b", planned) == 3
    everybody = [replace(one, subject=outage.ALL) for one in planned]
    assert nights_between(working_days(), FRIDAY, WALL, "b", everybody) == nights


@pytest.mark.parametrize(
    "text",
    [
        "many = 1",
        "disk = 3",
        "paper_at = '8'",
        "[[webhook]]\nname = 'a'\nurl = 'file:///etc/passwd'",
        "[[webhook]]\nname = 'a'\nurl = 'http://u:p@h/'",
        "[[webhook]]\nname = 'a'\nurl = 'http://h/'\ntemplate = '{% if %}'",
        "[[webhook]]\nname = 'a'\nurl = 'http://h/'\nheader = 'X'",
        "[[mail]]\nname = 'a'\nhost = 'h'\nsender = 'x'\nto = ['a@b']",
        "[[mail]]\nname = 'a'\nhost = 'h'\nsender = 'a@b'\nto = ['a@b\\n']",
        "[[mail]]\nname = 'a'\nhost = 'h'\nsender = 'a@b'\nto = ['a@b']\ntls = 'none'\nuser = 'u'\npassword_file = '/x'",
        "[[webhook]]\nname = 'a'\nurl = 'http://h/'\n[[webhook]]\nname = 'a'\nurl = 'http://h/'",
    ],
)
def test_a_wrong_rule_is_named(text: str) -> None:
    """A bound, an address, a template or a secret that cannot be used is refused at the start, with the file's name."""
    with pytest.raises(SiteDataWrong, match=r"alarms\.toml"):
        rule(SiteData((("alarms.toml", text),)))


# ---------------------------------------------------------------- what stands


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """A home with people."""
    with team(tmp_path_factory.mktemp("alarm") / "hub") as made:
        yield made


@pytest.fixture
def desk(crew: Team) -> Iterator[MonitorDesk]:
    """A desk where nothing stands."""
    made = MonitorDesk(crew.home, crew.people.parts)
    yield made
    with made.database.transaction() as connection:
        for number in [one.number for one in alarm_store.standing(connection)]:
            alarm_store.close(connection, number, 1)
        for one in outage.since(connection, 0):
            if one.ended is None and one.ends > crew.clock.now:
                outage.end(connection, one.number, crew.clock.now)


def settle(desk: MonitorDesk, wall: int, *seen: Seen) -> list[tuple[str, str, int | None]]:
    """What stands afterwards: kind, subject, what it stands under."""
    with desk.database.transaction() as connection:
        alarm_store.settle(connection, seen, wall)
    return [(one.kind.value, one.subject, one.under) for one in alarm_store.standing(desk.database.read())]


def silent(name: str) -> Seen:
    """A silent node."""
    return Seen(AlarmKind.SILENT, name, name, {"name": name, "n": 2})


def test_alarms_open_roll_up_and_close(desk: MonitorDesk) -> None:
    """A thing is opened once however often it is seen, stands under its roll-up while that stands, and closes when it is gone; then it opens anew."""
    assert settle(desk, 10, silent("a"), silent("b")) == [("silent", "a", None), ("silent", "b", None)]
    first = alarm_store.standing(desk.database.read())[0].number
    line = Seen(AlarmKind.LINE, "hub", "", {"n": 2, "names": "a、b"}, frozenset("ab"))
    together = settle(desk, 20, line, silent("a"), silent("b"))
    assert [kind for kind, _, _ in together] == ["silent", "silent", "line"]
    assert {under for kind, _, under in together if kind == "silent"} == {
        alarm_store.standing(desk.database.read())[2].number
    }
    assert settle(desk, 30, silent("a")) == [("silent", "a", None)]
    assert settle(desk, 40) == []
    assert alarm_store.get(desk.database.read(), first).closed == 40
    assert settle(desk, 50, silent("a"))[0][0] == "silent"
    assert alarm_store.standing(desk.database.read())[0].number > first


def test_noted_silenced_remarked(desk: MonitorDesk, crew: Team) -> None:
    """Taking note, silence and remarks bear the person's name and stand in the journal; what has ended takes none of them."""
    settle(desk, 10, silent("a"))
    with desk.database.transaction() as connection:
        event = alarm_store.raise_one(connection, Seen(AlarmKind.LOG, "log/1", "", {"text": "x"}), 10)
    number = alarm_store.standing(desk.database.read())[0].number
    assert desk.acknowledge(MACHINE, number, "已联系").state == "acknowledged"
    assert desk.silence(MACHINE, number, 24).silent(crew.clock.now)
    assert not desk.silence(MACHINE, number, 0).silent(crew.clock.now)
    assert [(one.by, one.text) for one in alarm_store.notes(desk.database.read(), number)] == [("local:0", "已联系")]
    assert desk.acknowledge(MACHINE, event).state == "closed"
    verbs = [act.deed.verb for act in crew.people.parts().journal.find(Filter(), 0, 4)]
    assert sorted(verbs) == ["alarm-ack", "alarm-ack", "alarm-silence", "alarm-silence"]
    for wrong in (lambda: desk.acknowledge(MACHINE, event), lambda: desk.silence(MACHINE, number, 24 * 31), lambda: desk.note(MACHINE, number, " "),
                  lambda: desk.note(MACHINE, number, "长" * 501), lambda: desk.note(MACHINE, 10**9, "x")):  # fmt: skip
        with pytest.raises(NotAllowed):
            wrong()


@pytest.mark.parametrize(
    ("begins", "ends", "reason"),
    [(0, 0, "x"), (10, 5, "x"), (-20, -10, "x"), (0, 61 * DAY, "x"), (0, 10, " "), (0, 10, "长" * 201)],
)
def test_outages_are_bounded(desk: MonitorDesk, crew: Team, begins: int, ends: int, reason: str) -> None:
    """An outage ends after it begins and after now, lasts 60 days at most, and has a reason."""
    now = crew.clock.now
    with pytest.raises(NotAllowed):
        desk.plan(MACHINE, outage.ALL, now + begins, now + ends, reason)


def test_an_outage_ends_once(desk: MonitorDesk, crew: Team) -> None:
    """It covers what it names until it is over or ended; ending it again is refused; an unknown node has none."""
    now = crew.clock.now
    made = desk.plan(MACHINE, outage.ALL, now, now + DAY, "机房改造")
    assert made.covers("ab", now) and not made.covers("ab", now + DAY)
    assert desk.end_outage(MACHINE, made.number).until == now
    with pytest.raises(NotAllowed):
        desk.end_outage(MACHINE, made.number)
    with pytest.raises(NotAllowed):
        desk.plan(MACHINE, "没有的节点", now, now + DAY, "x")


# ---------------------------------------------------------------- history


def day(number: int, pages: int = 0, stored: int = 0) -> NodeDay:
    """The figures of a day of November and later."""
    import datetime as dt

    return NodeDay(
        (dt.date(2026, 11, 1) + dt.timedelta(days=number)).isoformat(), pages, pages, stored, 0, 0, None, 0, None, None
    )


def test_history_keeps_three_months(desk: MonitorDesk) -> None:
    """The last look of a day stays, older days than 92 go, sums are over all nodes, and a day's work is the difference."""
    for number in range(100):
        with desk.database.transaction() as connection:
            one = day(number, number * 10)
            history.keep(connection, [(b"a" * 32, day(number, 1)), (b"b" * 32, one)], HubDay(one.day, 5, 0, 0, 0, 0))
            history.keep(connection, [(b"a" * 32, one), (b"b" * 32, one)], HubDay(one.day, 6, 0, 0, 0, 0))
    kept = history.of_node(desk.database.read(), b"a" * 32)
    assert (len(kept), kept[-1].pages, history.of_hub(desk.database.read())[-1].free_bytes) == (92, 990, 6)
    together = history.of_all(desk.database.read())
    assert {one.pages for one in history.brought(together)} == {20}
    assert history.pages_at(desk.database.read(), "2027-02-01")[b"b" * 32] == ("2027-02-01", 920)


@pytest.mark.parametrize(
    ("stored", "free", "left"),
    [
        ([], 10, None),
        ([0] * 40, 10, None),
        (list(range(40)), 100, 100),
        (list(range(5)), 100, None),
        ([40 - n for n in range(40)], 100, None),
        ([7 * n for n in range(30)], 70, 10),
    ],
)
def test_days_left_need_a_week_of_growth(stored: list[int], free: int, left: int | None) -> None:
    """The forecast rests on the growth of the last 30 days, and says nothing without a week of it."""
    assert history.days_left([(day(number).day, value) for number, value in enumerate(stored)], free) == left
