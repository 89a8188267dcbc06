"""Reading requests 利用登记: the rules, and the register (holdings/reading_request.py, reading_request_store.py)."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from msgspec.structs import replace

from holdings import reading_request_store as store
from holdings.access import Opening
from holdings.errors import NotFound, ReadingRefused, SiteDataWrong
from holdings.reading_request import (
    DAY_S,
    Applicant,
    Asked,
    Document,
    Request,
    State,
    approve,
    close,
    identity_is_whole,
    masked,
    may_read,
    refuse,
    register,
    rules,
    standing,
    withdraw,
)
from holdings.reading_request_store import Usage, Wanted
from holdings.site_data import SiteData
from sync.database import Database, open_database

NOW = int(dt.datetime(2026, 3, 2, 9, 0, tzinfo=store.ZONE).timestamp())
WANG = Applicant("王淑珍", Document.IDENTITY, masked("120103195803071234"))
OPEN = Asked("J001-001-0001", 7, "关于道路的通知", Opening.OPEN)
SHUT = Asked("J001-001-0002", 8, "婚姻登记", Opening.CONTROLLED)
LAW = rules()


def asked(*records: Asked, applicant: Applicant = WANG, holder: str = "", by: str = "li", law=LAW) -> Request:  # type: ignore[no-untyped-def]
    """A request as a counter makes it."""
    return register(applicant, "person", "结婚登记", records, by=by, now=NOW, law=law, holder=holder)


@pytest.fixture
def register_book(tmp_path: Path) -> Iterator[Database]:
    """A database with an empty register."""
    database = open_database(tmp_path / "node.db", bytes(32), ("sync", "holdings"))
    yield database
    database.close()


@pytest.mark.parametrize(("number", "document", "kept"), [
    ("120103195803071234", Document.IDENTITY, "120***********1234"), ("12010319580307123x", Document.IDENTITY, "120***********123X"),
    ("120103580307123", Document.IDENTITY, "120********7123"), ("１２０１０３１９５８０３０７１２３４", Document.IDENTITY, "120***********1234"),
    ("E12345678", Document.PASSPORT, "E******78"), ("123", Document.SERVICE, "***"), ("", Document.IDENTITY, ""), ("120103", Document.IDENTITY, "1***03"),
])  # fmt: skip
def test_numbers_are_masked(number: str, document: Document, kept: str) -> None:
    """An identity number shows its first three and last four signs, anything shorter its first and last two."""
    assert masked(number, document) == kept


@pytest.mark.parametrize(("number", "whole"), [
    ("11010519491231002X", True), ("110105194912310021", False), ("11010519491231002x", True), ("110105491231002", True), ("1101051949123100", False), ("", False),
])  # fmt: skip
def test_identity_numbers_are_checked(number: str, whole: bool) -> None:
    """The check digit of GB 11643 tells a slip of the hand."""
    assert identity_is_whole(number) is whole


def test_open_records_need_no_approval() -> None:
    """All open: allowed at once for the usual days. One that is not, or none named: the holder decides."""
    made = asked(OPEN)
    assert (made.state, made.until, may_read(made, NOW)) == (State.APPROVED, NOW + 30 * DAY_S, True)
    for waiting in (asked(OPEN, SHUT), asked(SHUT), asked()):
        assert (waiting.state, may_read(waiting, NOW)) == (State.WAITING, False)


@pytest.mark.parametrize(("change", "says"), [
    ({"masked": "120103195803071234"}, "遮掩"), ({"masked": ""}, "居民身份证"), ({"name": " "}, "姓名"), ({"name": "a\x00b"}, "不能显示"), ({"persons": 0}, "人次"),
    ({"document": Document.LETTER}, "介绍信编号"), ({"document": Document.ACCOUNT}, "本人账号"), ({"unit": "单" * 65}, "至多"),
])  # fmt: skip
def test_what_is_missing_is_named(change: dict[str, object], says: str) -> None:
    """An applicant without what the document asks for, or with a number in clear, is not registered."""
    with pytest.raises(ReadingRefused, match=says):
        asked(OPEN, applicant=replace(WANG, **change))


def test_approval_holds_until_its_end() -> None:
    """Approved for ten days: may be read then and no longer; what is decided is not decided again."""
    made = approve(asked(SHUT), by="zhao", now=NOW, law=LAW, days=10)
    assert may_read(made, NOW + 10 * DAY_S - 1)
    assert standing(made, NOW + 10 * DAY_S) is State.EXPIRED
    for again in (lambda: approve(made, by="zhao", now=NOW, law=LAW), lambda: refuse(made, "隐私", by="zhao", now=NOW, law=LAW),
                  lambda: withdraw(made, by="li", now=NOW)):  # fmt: skip
        with pytest.raises(ReadingRefused, match="准予利用"):
            again()
    assert close(made, now=NOW + 20 * DAY_S, copies=3).copies == 3


def test_nobody_decides_what_he_asked_for() -> None:
    """An account does not approve its own request; a site may keep the registering person from it too."""
    own = asked(SHUT, applicant=Applicant("周一", Document.ACCOUNT, account="zhou"), by="zhou")
    with pytest.raises(ReadingRefused, match="自己的申请"):
        approve(own, by="zhou", now=NOW, law=LAW)
    strict = rules(SiteData((("reading_room.toml", "own_decision = false\n"),)))
    with pytest.raises(ReadingRefused, match="登记人"):
        approve(asked(SHUT, law=strict), by="li", now=NOW, law=strict)
    with pytest.raises(ReadingRefused, match="理由"):
        refuse(asked(SHUT), " ", by="zhao", now=NOW, law=LAW)
    with pytest.raises(ReadingRefused, match="有效期"):
        approve(asked(SHUT), by="zhao", now=NOW, law=LAW, days=366)
    with pytest.raises(ReadingRefused, match="选定"):
        approve(asked(), by="zhao", now=NOW, law=LAW)
    assert approve(asked(), by="zhao", now=NOW, law=LAW, asked=[SHUT]).asked == (SHUT,)


@pytest.mark.parametrize(
    "text", ["days = 0\n", 'mark = ""\n', '[purposes]\n"A b" = "x"\n', "nights = 1\n", 'purposes = "x"\n']
)
def test_a_wrong_rule_is_named(text: str) -> None:
    """A site's file that says what such a file cannot say is refused with its name."""
    with pytest.raises(SiteDataWrong, match=r"reading_room\.toml"):
        rules(SiteData((("reading_room.toml", text),)))


def test_the_register_numbers_by_year(register_book: Database) -> None:
    """Serials run within the year of the archives' own day; what was decided comes back as it was."""
    new_year = int(dt.datetime(2026, 12, 31, 23, 59, tzinfo=store.ZONE).timestamp())
    with register_book.transaction() as connection:
        one, two = store.add(connection, asked(OPEN)), store.add(connection, asked(SHUT))
        late = store.add(connection, replace(asked(SHUT), received=new_year))
        next_year = store.add(connection, replace(asked(SHUT), received=new_year + 60))
        assert [r.serial for r in (one, two, late, next_year)] == ["2026-0001", "2026-0002", "2026-0003", "2027-0001"]
        done = store.change(connection, two.number, lambda r: approve(r, by="zhao", now=NOW, law=LAW))
    assert store.get(register_book.read(), two.number) == done
    assert store.get(register_book.read(), one.number) == one
    with pytest.raises(NotFound):
        store.get(register_book.read(), 99)


def test_a_certificate_has_one_number(register_book: Database) -> None:
    """Printing again keeps the number; what was not allowed gets none; the paper's number finds the request."""
    with register_book.transaction() as connection:
        one, two = store.add(connection, asked(OPEN)), store.add(connection, asked(SHUT))
        first = store.certify(connection, one.number, LAW, NOW)
        assert (
            store.certify(connection, one.number, LAW, NOW + DAY_S).certificate
            == first.certificate
            == "津档查〔2026〕1号"
        )
        with pytest.raises(ReadingRefused, match="待审批"):
            store.certify(connection, two.number, LAW, NOW)
        assert store.by_certificate(connection, "津档查〔2026〕1号") == first
        assert store.by_certificate(connection, "津档查〔2026〕2号") is None


def test_requests_of_another_register_are_entered_once(register_book: Database) -> None:
    """The same request sent twice is one; what several holders decide is seen by each and by who received it."""
    with register_book.transaction() as connection:
        far = replace(asked(SHUT, holder="河东区"), received_at="和平区")
        assert store.add(connection, far, "和平区/2026-0007") == store.add(connection, far, "和平区/2026-0007")
        store.add(connection, asked(SHUT))

        def seen(*names: str) -> int:
            return len(store.find(connection, Wanted(holders=frozenset(names))))

        assert [seen("河东区"), seen("和平区"), seen("南开区"), seen(""), seen(), seen("", "河东区")] == [
            1,
            1,
            0,
            1,
            0,
            2,
        ]


def test_what_an_account_may_read_ends_with_its_approval(register_book: Database) -> None:
    """Only approved requests of that account itself count, until their end."""
    by_account = Applicant("周一", Document.ACCOUNT, account="zhou")
    with register_book.transaction() as connection:
        for records in ([OPEN], [SHUT]):
            store.add(connection, asked(*records, applicant=by_account, by="zhou"))
        store.add(connection, asked(OPEN))
        assert store.allowed(connection, "zhou", NOW) == {7}
        assert store.allowed(connection, "zhou", NOW + 31 * DAY_S) == frozenset()
        assert store.allowed(connection, "", NOW) == frozenset()
        states = (State.APPROVED, State.WAITING, State.EXPIRED)
        assert [len(store.find(connection, Wanted(one), now=NOW)) for one in states] == [2, 1, 0]
        assert [len(store.find(connection, Wanted(one), now=NOW + 31 * DAY_S)) for one in states] == [0, 1, 2]


def test_usage_counts_what_was_allowed(register_book: Database) -> None:
    """Persons, records and copies by purpose, of the days asked for; what was refused counts nowhere."""
    with register_book.transaction() as connection:
        one = store.add(connection, asked(OPEN, applicant=replace(WANG, persons=2)))
        store.change(connection, one.number, lambda r: close(r, now=NOW, copies=5))
        store.add(connection, asked(SHUT))
        start, end = store.day_span(store.day_of(NOW))
        assert store.usage(connection, start, end) == [Usage("person", 1, 2, 1, 5)]
        assert store.usage(connection, end, end + DAY_S) == []


def test_no_identity_number_is_on_the_disk(register_book: Database) -> None:
    """Of a number that was masked, no more than its ends is in any column."""
    with register_book.transaction() as connection:
        store.add(connection, asked(OPEN))
        rows = connection.execute("SELECT * FROM reading_request").fetchall()
    assert "120***********1234" in str(rows)
    assert "0319580307" not in str(rows)
    assert isinstance(register_book.read(), apsw.Connection)
