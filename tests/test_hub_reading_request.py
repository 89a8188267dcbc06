"""Reading requests in the hub's pages: apply, decide, read by approval, expiry, papers, another holder (hub/reading_desk.py, web_request.py)."""

import io
import re
from pathlib import Path
from urllib.parse import quote

import pypdfium2
import pytest
from people_door import Browser, Door, open_door
from reading_room_at_hub import SHUT, Written, bring, colour, numbers, reader

from holdings import custody_store, journal, records
from holdings import reading_request_store as store
from holdings.custody import ActKind, CustodyAct, Party
from holdings.directive_entry import Result
from holdings.directive_wish import ReadingAnswer
from holdings.journal import Filter, Outcome
from holdings.reading_request import DAY_S
from hub import directive_store, opened
from hub.account import Role
from hub.home import Home

SHUT_REF = "和平区/J023-WS·2011·Y·BGS-0002"
WANG = {
    "name": "王淑珍",
    "document": "identity",
    "identity": "11010519491231002X",
    "persons": "1",
    "unit": "",
    "letter": "",
    "purpose": "person",
}


@pytest.fixture(scope="module")
def holder(reading_room: Door) -> Browser:
    """Who works for the district."""
    return reader(reading_room, "hold", Role.ARCHIVIST, holders=("和平区",))


@pytest.fixture(scope="module")
def other(reading_room: Door) -> Browser:
    """Who works for another district."""
    return reader(reading_room, "other", Role.ARCHIVIST, holders=("河东区",))


@pytest.fixture(scope="module")
def zhou(reading_room: Door) -> Browser:
    """A government user."""
    return reader(reading_room, "zhou")


def entered(browser: Browser, **fields: str) -> str:
    """The address of a request that was entered."""
    browser.get("/requests/new")
    token = browser.page.token
    page = browser.send("/requests", **fields)
    assert page.status == 200, page.text
    assert token, browser.page.text
    found = re.search(r"/requests/(\d+)/", page.text)
    return f"/requests/{found[1]}" if found else ""


def text_of(pdf: bytes) -> str:
    """All that stands in a PDF."""
    return "\n".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf))


def test_what_is_shut_is_read_by_approval_until_its_end(
    reading_room: Door, holder: Browser, zhou: Browser, other: Browser
) -> None:
    """A user asks by code for what he cannot find; the holder allows it; then he reads it, marked, and nobody else does; after its end no more."""
    shut = numbers(reading_room)[SHUT]
    assert zhou.ask("GET", f"/records/{shut}").status == 404
    address = entered(zhou, purpose="work", subject="校舍纠纷", refs=SHUT_REF)
    assert zhou.page.says("待审批", "某zhou")
    assert not zhou.page.says(SHUT)
    assert other.ask("GET", address).status == 404
    page = holder.get(address)
    assert page.says("准予利用的档号", SHUT_REF)
    assert holder.send(f"{address}/approve", refs=SHUT_REF, days="10").says("准予利用", SHUT)
    assert zhou.get(address).says("有效期至", SHUT)
    assert zhou.get(f"/records/{shut}").says(SHUT)
    assert zhou.ask("GET", f"/records/{shut}/pages/1/tiles/0/0/0").status == 200
    assert zhou.get("/search?q=%E6%A0%A1%E8%88%8D%E7%BA%A0%E7%BA%B7").says("没有找到")
    far = reader(reading_room, "far-agency")
    assert far.ask("GET", f"/records/{shut}").status == 404
    holdings = reading_room.hub.hub.home.holdings
    assert store.allowed(holdings.read(), "zhou", reading_room.hub.clock.wall() + 10 * DAY_S) == frozenset()


def test_at_the_counter(reading_room: Door, holder: Browser) -> None:
    """A visitor's open records are his at once; his number is masked everywhere; certificate and copies are PDFs that say what they are."""
    address = entered(holder, **WANG, subject="结婚登记", refs="和平区/J024-ZY·HY-0004\n和平区/J023-WS·2011·Y·BGS-0001")
    assert holder.page.says("准予利用", "110***********002X", "张建国、王淑珍结婚")
    assert not holder.page.says("19491231")
    body = f"form-token={holder.page.token}".encode()
    kind = "application/x-www-form-urlencoded"
    paper = holder.ask("POST", f"{address}/certificate", body, Content_Type=kind)
    said = text_of(paper.body)
    assert paper.headers["content-type"].startswith("application/pdf")
    assert all(word in said for word in ("查档证明", "王淑珍", "110***********002X", "津档查〔", "J024-ZY·HY-0004"))
    copies = holder.ask("POST", f"{address}/copies", body, Content_Type=kind)
    assert len(pypdfium2.PdfDocument(io.BytesIO(copies.body))) == 3
    assert holder.get(address).says("复制页数", "津档查〔")
    number = re.search(r"津档查〔\d{4}〕\d+号", holder.page.text)
    assert number
    assert holder.get(f"/requests?certificate={quote(number[0])}").says("利用登记 20", "王淑珍")
    assert holder.get(f"/requests?certificate={quote('津档查〔1999〕1号')}").says("没有出具过")
    assert holder.send(f"{address}/close", copies="2").says("已办结")
    request = store.get(reading_room.hub.hub.home.holdings.read(), int(address.rpartition("/")[2]))
    assert request.copies == 5
    verbs = {
        act.deed.verb for act in journal.walk(reading_room.team.people.parts().database.read(), Filter(person="hold"))
    }
    assert {"request-enter", "request-read", "request-certify", "request-copy", "request-step"} <= verbs


@pytest.mark.parametrize(("change", "says"), [
    ({"identity": "110105194912310021"}, "身份证号码不对"), ({"identity": ""}, "身份证"), ({"purpose": ""}, "利用目的"), ({"name": " "}, "姓名"),
    ({"document": "letter"}, "介绍信编号"), ({"persons": "0"}, "范围"), ({"refs": "", "subject": ""}, "查档内容"), ({"subject": "x" * 501}, "至多"),
])  # fmt: skip
def test_what_is_missing_is_asked_for(holder: Browser, change: dict[str, str], says: str) -> None:
    """A sentence says what, and what was typed comes back, the document's number excepted."""
    holder.get("/requests/new")
    page = holder.send("/requests", **{**WANG, "subject": "结婚登记", "refs": "", **change})
    assert (page.status, page.says(says)) == (422, True)
    assert not page.says("19491231")


def test_another_holder_decides(reading_room: Door, holder: Browser, other: Browser) -> None:
    """Received at another archive: there it waits and can be told to the holder by a directive; only the holder decides; a refusal has its reason."""
    address = entered(other, **WANG, subject="", refs=SHUT_REF)
    assert other.page.says("须由保管方审批", "转交保管方", "河东区")
    assert not other.page.says(SHUT)
    assert other.send(f"{address}/approve", refs=SHUT_REF, days="").status == 422
    other.get(address)
    assert other.send(f"{address}/forward").says("保管方协查", "已签发")
    other.get(address)
    assert other.send(f"{address}/forward").says("已签发")
    holder.get(address)
    assert holder.send(f"{address}/refuse", reason="").status == 422
    holder.get(address)
    assert holder.send(f"{address}/refuse", reason="涉及个人隐私").says("不予利用", "涉及个人隐私")
    body = f"form-token={other.get(address).token}".encode()
    assert (
        other.ask("POST", f"{address}/certificate", body, Content_Type="application/x-www-form-urlencoded").status
        == 422
    )


def test_the_centre_does_not_decide_for_a_holder(reading_room: Door, holder: Browser) -> None:
    """Asked for by a bare code, a request waits at the centre, which finds the record and turns it to its holder; it cannot allow what it does not hold."""
    city, qian = reader(reading_room, "city", Role.ARCHIVIST), reader(reading_room, "qian")
    address = entered(qian, purpose="work", subject="校舍纠纷调查", refs=SHUT_REF.partition("/")[2])
    assert city.get(address).says("待审批", SHUT)
    page = city.send(f"{address}/approve", refs=SHUT_REF, days="10")
    assert (page.status, page.says("和平区", "须由保管方审批", "转给保管方")) == (422, True)
    acts = list(
        journal.walk(reading_room.team.people.parts().database.read(), Filter(person="city", verb="request-step"))
    )
    assert [act.deed.outcome for act in acts] == [Outcome.REFUSED]
    assert city.send(f"{address}/address", refs="查无此号-1").status == 422
    assert city.send(f"{address}/address", refs=SHUT_REF).says("由“和平区”保管", "转交保管方")
    assert city.send(f"{address}/approve", refs=SHUT_REF, days="10").status == 422
    assert qian.get(address).says("待审批", "和平区")
    assert not qian.page.says(SHUT)
    assert holder.get(address).says(SHUT)
    assert holder.send(f"{address}/address", refs=SHUT_REF).says("待审批")
    assert holder.send(f"{address}/approve", refs=SHUT_REF, days="10").says("准予利用")
    assert (holder.get(address).status, holder.send(f"{address}/address", refs=SHUT_REF).status) == (200, 422)


def test_a_request_for_records_of_two_keepers_is_parted(tmp_path: Path) -> None:
    """What the centre finds for it is parted by who keeps it: what was taken over stays with the hub, a district's record goes to the district."""
    with open_door(tmp_path / "hub") as door:
        bring(door)
        bring(
            door, "河东区", [Written("J031-WS·1960·Y·BGS-0001", "关于校舍的来信", "控制", {"0001.jpg": colour(9)}, {})]
        )
        home, city, zhou = door.hub.hub.home, reader(door, "city", Role.ARCHIVIST), reader(door, "zhou")
        taken_over(home, SHUT)
        address = entered(zhou, purpose="work", subject="校舍", refs="")
        city.get(address)
        city.send(f"{address}/address", refs=f"{SHUT_REF}\n河东区/J031-WS·1960·Y·BGS-0001")
        assert city.page.says("待审批", "准予利用的档号", SHUT)
        made = [store.get(home.holdings.read(), number) for number in (1, 2)]
        assert [(one.holder, one.subject, [asked.title for asked in one.asked]) for one in made] == [
            ("", "校舍", [""]),
            ("河东区", "校舍", [""]),
        ]
        assert city.send(f"{address}/approve", refs=SHUT_REF, days="10").says("准予利用")
        assert city.get(f"/records/{numbers(door)[SHUT]}").says("送来的节点", "市馆保管")
        sheet = city.ask("GET", f"/search/export?q={quote('关于校舍')}").text
        assert [line.split(",")[-2] for line in sheet.splitlines() if SHUT in line] == ["市级中心"]


def taken_over(home: Home, title: str) -> None:
    """The hub keeps that record now: it was let go by its node and accepted."""
    record = next(one for one in records.walk(home.holdings.read()) if one.title == title)
    log_id = next(log for log, name in opened.writers(home.holdings.read()).items() if name == record.writer)
    node, hub = Party(log_id), Party(home.hub_id)
    with home.front.transaction() as connection:
        for turn, act in enumerate(
            (CustodyAct(ActKind.RELEASE, 0, 1, node, hub), CustodyAct(ActKind.ACCEPT, 1, 1, hub))
        ):
            custody_store.add(connection, log_id, bytes(record.id), act, seq=900 + turn, wall=1_700_000_000)


@pytest.mark.parametrize(("result", "says"), [(Result.APPLIED, "准予利用"), (Result.DECLINED, "不予利用")])
def test_the_holders_answer_decides(reading_room: Door, other: Browser, result: Result, says: str) -> None:
    """What the holder's people answer to the directive is the decision, in the holder's name; the archive that received the request sees it."""
    if result is Result.APPLIED:
        reading_room.hub.node("河东区")
    address = entered(other, **WANG, subject="", refs=SHUT_REF)
    assert other.send(f"{address}/forward").says("已签发")
    front = reading_room.hub.hub.home.front
    with front.transaction() as connection:
        [newest] = directive_store.listed(connection, limit=1)
        assert directive_store.answered(connection, newest, result, ack=1, acked=1_700_000_000)
    assert other.get(address).says(says, "和平区")
    assert other.get(address).says(says)
    granted = result is Result.APPLIED
    [told] = answers(reading_room, address)
    assert (told.result.name, told.received.holder, told.received.applicant) == (
        "GRANTED" if granted else "DECLINED",
        "和平区",
        "王淑珍",
    )
    assert told.received.codes == (SHUT_REF,)
    assert "19491231" not in told.received.masked


def answers(door: Door, address: str) -> list[ReadingAnswer]:
    """What was told to 河东区 of the request at an address, as it stands in the hub's log."""
    home = door.hub.hub.home
    reading, serial = home.front.read(), store.get(home.holdings.read(), int(address.rpartition("/")[2])).serial
    bodies = [home.directives().body(reading, one) for one in directive_store.listed(reading, limit=100)]
    return [
        one
        for one in bodies
        if isinstance(one, ReadingAnswer) and one.received is not None and one.received.serial == serial
    ]


def test_the_register_shows_ones_own_business(
    reading_room: Door, holder: Browser, other: Browser, zhou: Browser
) -> None:
    """A user sees his own requests, an archive those that it received or holds; what is withdrawn is withdrawn by who asked."""
    address = entered(zhou, purpose="work", subject="房产档案", refs="")
    assert zhou.get("/requests").says("房产档案")
    assert not zhou.page.says("王淑珍")
    assert not other.get("/requests").says("房产档案")
    assert not holder.get("/requests").says("房产档案")
    zhou.get(address)
    assert zhou.send(f"{address}/withdraw").says("已撤回")
    assert zhou.get("/requests?state=withdrawn").says("房产档案")
    assert zhou.ask("GET", "/requests/999999").status == 404
    zhou.get(address)
    assert zhou.send(f"{address}/withdraw").status == 422
