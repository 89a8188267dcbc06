"""Quarantine 待处理: one finding once, answers that last, counters that follow."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from holdings import quarantine
from holdings.errors import NotFound, WaiveRefused
from holdings.findings import Finding, FindingCode, Severity, display_path
from holdings.quarantine import FindingState
from sync.database import Database, open_database

EMPTY = Finding(FindingCode.EMPTY_FILE, "J001", "J001/0002.jpg", "J001")
GAP = Finding(FindingCode.PAGE_MISSING, "J001", "J001", "J001", "缺第 2 页")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database of this room alone."""
    opened = open_database(tmp_path / "holdings.db", bytes(32), ["holdings"])
    yield opened
    opened.close()


def test_a_finding_is_put_once(database: Database) -> None:
    """The same path and code is the same finding, with its first time; new particulars replace the old."""
    with database.transaction() as connection:
        number = quarantine.put(connection, EMPTY, 5)
        assert quarantine.put(connection, EMPTY, 9) == number
        gap = quarantine.put(connection, GAP, 5)
        quarantine.put(connection, Finding(GAP.code, GAP.subject, GAP.path, GAP.ref, "缺第 2、3 页"), 6)
    first, second = quarantine.list_open(database.read())
    assert (first.id, first.finding, first.state, first.opened, first.closed) == (number, EMPTY, FindingState.OPEN, 5, None)
    assert (second.id, second.finding.detail) == (gap, "缺第 2、3 页")
    assert second.finding.rule.endswith("（缺第 2、3 页）")
    assert quarantine.count_subjects(database.read()) == 1


def test_a_waived_finding_stays_waived_until_it_changes(database: Database) -> None:
    """说明后放行 lasts for what was seen; other particulars open it again. Reason and name are kept."""
    with database.transaction() as connection:
        number = quarantine.put(connection, GAP, 1)
        quarantine.waive(connection, number, " 原件跳号 ", "李四", 2)
        quarantine.put(connection, GAP, 3)
        assert quarantine.list_open(connection) == []
        assert quarantine.waived_codes(connection, "J001") == {FindingCode.PAGE_MISSING}
        listed = quarantine.get(connection, number)
        assert (listed.state, listed.reason, listed.person, listed.closed) == (FindingState.WAIVED, "原件跳号", "李四", 2)
        quarantine.put(connection, Finding(GAP.code, GAP.subject, GAP.path, GAP.ref, "缺第 7 页"), 4)
        assert [one.opened for one in quarantine.list_open(connection)] == [4]
        assert quarantine.waived_codes(connection, "J001") == frozenset()


@pytest.mark.parametrize("code", [code for code in FindingCode if not code.waivable])
def test_what_needs_its_remedy_cannot_be_waived(database: Database, code: FindingCode) -> None:
    """Secrets, damage and unknown rows are not passed by a reason."""
    with database.transaction() as connection:
        number = quarantine.put(connection, Finding(code, "J001", "J001"), 1)
        with pytest.raises(WaiveRefused):
            quarantine.waive(connection, number, "领导同意", "李四", 2)


def test_waiving_needs_a_reason_and_a_name(database: Database) -> None:
    """Neither may be blank, and a reason has its bound."""
    with database.transaction() as connection:
        number = quarantine.put(connection, GAP, 1)
        for reason, by in ((" ", "李四"), ("原件跳号", " "), ("长" * 2_001, "李四")):
            with pytest.raises(WaiveRefused):
                quarantine.waive(connection, number, reason, by, 2)


def test_settling_a_scope_makes_it_exactly_so(database: Database) -> None:
    """What is no longer true closes, what is new opens, other scopes stay, a resolved finding may return."""
    other = Finding(FindingCode.SYMLINK, "J002", "J002/a")
    with database.transaction() as connection:
        quarantine.settle(connection, "J001", [EMPTY, GAP], 1)
        quarantine.settle(connection, "J002", [other], 1)
        quarantine.settle(connection, "J001", [GAP], 2)
    assert [one.finding for one in quarantine.list_open(database.read())] == [GAP, other]
    assert quarantine.count_subjects(database.read()) == 1
    with database.transaction() as connection:
        quarantine.settle(connection, "J001", [EMPTY], 3)
        quarantine.settle(connection, "J002", [], 3)
    assert [(one.finding, one.opened) for one in quarantine.list_open(database.read())] == [(EMPTY, 3)]
    assert [one.state for one in quarantine.for_subject(database.read(), "J001")] == [FindingState.OPEN, FindingState.RESOLVED]


def test_setting_aside_keeps_it_in_sight(database: Database) -> None:
    """搁置 is still listed and counted, survives the next look, and can be waived or tried again."""
    with database.transaction() as connection:
        number = quarantine.put(connection, EMPTY, 1)
        quarantine.set_aside(connection, number, "张三")
        quarantine.put(connection, EMPTY, 2)
        assert [one.state for one in quarantine.list_open(connection)] == [FindingState.SET_ASIDE]
        assert quarantine.count_subjects(connection) == 1
        assert quarantine.retry(connection, number, 3).finding == EMPTY
        assert quarantine.count_subjects(connection) == 0
        with pytest.raises(NotFound):
            quarantine.set_aside(connection, number, "张三")
        with pytest.raises(NotFound):
            quarantine.get(connection, 999)


def test_resolving_by_path_and_by_subject(database: Database) -> None:
    """One code or all, at one path or about one subject."""
    with database.transaction() as connection:
        quarantine.put(connection, EMPTY, 1)
        quarantine.put(connection, Finding(FindingCode.TRUNCATED, "J001", EMPTY.path), 1)
        quarantine.put(connection, GAP, 1)
        assert quarantine.resolve(connection, EMPTY.path, 2, FindingCode.TRUNCATED) == 1
        assert quarantine.resolve(connection, "nowhere", 2) == 0
        assert quarantine.resolve_subject(connection, "J001", 2) == 2
        assert quarantine.list_open(connection) == []


def test_lists_come_in_pages(database: Database) -> None:
    """A long list is taken a page at a time by id."""
    with database.transaction() as connection:
        for n in range(5):
            quarantine.put(connection, Finding(FindingCode.SYMLINK, f"{n}", f"{n}"), 1)
    first = quarantine.list_open(database.read(), limit=3)
    rest = quarantine.list_open(database.read(), after=first[-1].id)
    assert [one.finding.path for one in (*first, *rest)] == list("01234")


@pytest.mark.parametrize(
    ("name", "shown"), [(b"\xb5\xb5/0001.jpg", "\\xb5\\xb5/0001.jpg"), ("档/1.jpg", "档/1.jpg"), ("a\udcff", "a\\xff"), ("a\0b", "a\\0b")]
)
def test_any_name_can_be_shown_and_stored(database: Database, name: bytes | str, shown: str) -> None:
    """Names that are not UTF-8 become text that the database takes."""
    assert display_path(name) == shown
    with database.transaction() as connection:
        quarantine.put(connection, Finding(FindingCode.NAME_NOT_UTF8, display_path(name), display_path(name)), 1)


class Counting(RuleBasedStateMachine):
    """Puts, closes and answers findings at random; the kept counter equals a count."""

    CODES = (FindingCode.EMPTY_FILE, FindingCode.TRUNCATED, FindingCode.PAGE_MISSING, FindingCode.SUPERFLUOUS)

    def __init__(self) -> None:
        super().__init__()
        self.database = open_database(Path(":memory:"), None, [])
        connection = self.database._writer
        connection.execute((Path(__file__).parent.parent / "holdings" / "schema" / "001_holdings.sql").read_text("utf-8"))
        self.connection = connection

    @rule(code=st.sampled_from(CODES), subject=st.sampled_from("ab"), path=st.sampled_from("12"), detail=st.sampled_from("xy"))
    def put(self, code: FindingCode, subject: str, path: str, detail: str) -> None:
        """A finding appears, perhaps again, perhaps about another subject."""
        quarantine.put(self.connection, Finding(code, subject, path, "", detail), 1, "s")

    @rule(codes=st.lists(st.sampled_from(CODES), unique=True), subject=st.sampled_from("ab"))
    def settle(self, codes: list[FindingCode], subject: str) -> None:
        """A scope is looked at anew."""
        quarantine.settle(self.connection, "s", [Finding(code, subject, "1") for code in codes], 2)

    @rule(pick=st.integers(0, 5), how=st.sampled_from(["waive", "retry", "aside"]))
    def answer(self, pick: int, how: str) -> None:
        """A person answers."""
        waiting = quarantine.list_open(self.connection)
        if not waiting:
            return
        number = waiting[pick % len(waiting)].id
        if how == "retry":
            quarantine.retry(self.connection, number, 3)
        elif how == "aside":
            quarantine.set_aside(self.connection, number, "张三")
        elif waiting[pick % len(waiting)].finding.code.waivable:
            quarantine.waive(self.connection, number, "因", "张三", 3)

    @invariant()
    def counter_is_a_count(self) -> None:
        """Subjects with a waiting error, counted the slow way."""
        stopped = {one.finding.subject for one in quarantine.list_open(self.connection) if one.finding.code.severity is Severity.ERROR}
        assert quarantine.count_subjects(self.connection) == len(stopped)

    def teardown(self) -> None:
        """Close the database."""
        self.database.close()


Counting.TestCase.settings = settings(max_examples=30, stateful_step_count=25)
TestCounting = Counting.TestCase
