"""Opening reviews on the hub's pages and by command (hub/web_opening.py, opening_desk.py, commands_opening.py)."""

import threading
from collections.abc import Callable

import pytest
from people_door import Browser, Door
from reading_room_at_hub import SHUT, numbers, reader

from holdings import journal
from holdings.access import Access
from holdings.directive_entry import Result
from holdings.directive_wish import Opening, OpeningResult
from holdings.journal import Filter
from hub import directive_store
from hub.account import Role
from hub.errors import NotAllowed
from hub.opening_desk import OpeningDesk
from hub.opening_review import Stage
from hub.reception_verdicts import By

OPEN = "关于修缮校舍的请示"


@pytest.fixture(scope="module")
def first(reading_room: Door) -> Browser:
    """Who proposes, for the whole city."""
    return reader(reading_room, "first", Role.ARCHIVIST)


@pytest.fixture(scope="module")
def second(reading_room: Door) -> Browser:
    """Who decides."""
    return reader(reading_room, "second", Role.ARCHIVIST)


def code_of(door: Door, browser: Browser, title: str) -> str:
    """The reference that the form is filled with from a record's page."""
    page = browser.get(f"/openings/new?record={numbers(door)[title]}")
    return page.text.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0]


def propose(door: Door, browser: Browser, title: str, **fields: str) -> int:
    """Propose to open a record; the number of the review."""
    wish = {
        "refs": code_of(door, browser, title),
        "result": "open",
        "until": "",
        "ground": "满 25 年，无控制情形",
        **fields,
    }
    page = browser.send("/openings", **wish)
    assert page.status == 200, page.text
    return int(page.text.partition('action="/openings/')[2].partition("/")[0])


def test_one_proposes_another_decides(reading_room: Door, first: Browser, second: Browser) -> None:
    """The proposer cannot decide; the other's word goes to the holder by directive; its answer stands on the page; closing again takes one person."""
    home = reading_room.hub.hub.home
    before = len(directive_store.listed(home.front.read(), limit=1_000))
    number = propose(reading_room, first, SHUT)
    assert first.get(f"/openings/{number}").says("待复审", "撤回", "满 25 年", SHUT) and not first.page.says("不予通过")
    assert first.send(f"/openings/{number}/approve").says("提出人不能复审")
    assert len(directive_store.listed(home.front.read(), limit=1_000)) == before
    again = first.send(
        "/openings", refs=code_of(reading_room, first, SHUT), result="deferred", until="2090-01-01", ground="x"
    )
    assert (again.status, again.says("待复审")) == (422, True)
    second.get(f"/openings/{number}")
    assert second.send(f"/openings/{number}/approve", text="同意").says("已审定", "同意", "节点办理情况", "已签发")
    [issued, *_] = directive_store.listed(home.front.read(), limit=1_000)
    body = home.directives().body(home.front.read(), issued)
    assert isinstance(body, Opening) and (body.result, body.ground) == (OpeningResult.OPEN, "满 25 年，无控制情形")
    assert second.send(f"/openings/{number}/approve").says("已经办结")
    with home.front.transaction() as connection:
        assert directive_store.answered(connection, issued, Result.APPLIED, ack=1, acked=1_700_000_000)
    assert first.get(f"/openings/{number}").says("已执行", "停止开放")
    assert first.send(f"/openings/{number}/revoke", text="涉及个人隐私").says("已停止开放", "涉及个人隐私")
    last = home.directives().body(home.front.read(), directive_store.listed(home.front.read(), limit=1)[0])
    assert isinstance(last, Opening) and last.result is OpeningResult.CONTROLLED
    acts = journal.walk(reading_room.team.people.parts().database.read(), Filter(verb="opening-step"))
    steps = [(act.deed.person, act.deed.note, act.deed.outcome.name) for act in acts]
    assert steps == [
        ("first", "approve", "REFUSED"),
        ("second", "approve", "DONE"),
        ("second", "approve", "REFUSED"),
        ("first", "revoke", "DONE"),
    ]


def test_what_is_not_agreed_changes_nothing(reading_room: Door, first: Browser, second: Browser) -> None:
    """Refused with a reason, or withdrawn by who proposed it: no directive, and both stand in the list and in the table to take along."""
    home = reading_room.hub.hub.home
    before = len(directive_store.listed(home.front.read(), limit=1_000))
    number = propose(reading_room, first, SHUT, ground="=1+1")
    second.get(f"/openings/{number}")
    assert second.send(f"/openings/{number}/refuse", text=" ").says("须写明理由")
    assert second.send(f"/openings/{number}/withdraw").says("只有提出人可以撤回")
    assert second.send(f"/openings/{number}/refuse", text="未满年限").says("未通过", "未满年限")
    taken = propose(reading_room, first, SHUT, result="deferred", until="2090-01-01")
    assert first.send(f"/openings/{taken}/withdraw").says("已撤回", "2090-01-01")
    assert len(directive_store.listed(home.front.read(), limit=1_000)) == before
    assert first.get("/openings?state=withdrawn").says("2090-01-01") and not first.page.says("=1+1")
    table = first.get("/openings/export").body.decode("utf-8-sig")
    assert "'=1+1" in table and "未满年限" in table and SHUT in table


@pytest.mark.parametrize(("change", "says"), [
    ({"refs": ""}, "请写明档号"), ({"refs": "ZZ99-1"}, "查不到"), ({"result": "secret"}, "请选定"), ({"ground": " "}, "依据"), ({"until": "2090-01-01"}, "延期"),
    ({"result": "deferred"}, "延期"), ({"result": "deferred", "until": "2001-01-01"}, "今天以后"), ({"result": "deferred", "until": "明年"}, "日期应写作"),
    ({"ground": "甲" * 401}, "至多 400 字"), ({"refs": "\n".join(f"A{n}" for n in range(201))}, "至多 200 件"),
])  # fmt: skip
def test_what_cannot_be_proposed_is_said(reading_room: Door, first: Browser, change: dict[str, str], says: str) -> None:
    """A sentence says what is missing, what was typed comes back, and nothing is entered."""
    refs = code_of(reading_room, first, SHUT)
    page = first.send("/openings", **{"refs": refs, "result": "open", "until": "", "ground": "满 25 年", **change})
    assert (page.status, page.says(says)) == (422, True)


def test_who_may_not_see_a_record_sees_no_review_of_it(reading_room: Door, first: Browser) -> None:
    """Another district's archivist finds neither page, list entry nor line of the table; what is open already is not opened again; others have no page."""
    number = propose(reading_room, first, SHUT)
    other = reader(reading_room, "opening-elsewhere", Role.ARCHIVIST, holders=("河东区",))
    assert other.ask("GET", f"/openings/{number}").status == 404
    assert not other.get("/openings").says("满 25 年")
    assert SHUT not in other.get("/openings/export").text
    other.get("/openings/new")
    assert other.send("/openings", refs=code_of(reading_room, first, SHUT), result="open", ground="x").says("查不到")
    first.get("/openings/new")
    assert first.send("/openings", refs=code_of(reading_room, first, OPEN), result="open", ground="x").says(
        "本来就是这样"
    )
    assert reader(reading_room, "opening-agency").ask("GET", "/openings").status == 403
    assert first.get(f"/openings/{number}").status == 200
    first.send(f"/openings/{number}/withdraw")


def test_the_machine_lists_takes_along_and_closes(reading_room: Door, first: Browser) -> None:
    """What `hub openings` asks: the pages' reviews and what `hub opening` said directly; a table; closing again; a sentence for what there is not."""
    desk, ref = reading_room.hub.hub.desk, code_of(reading_room, first, SHUT)
    review = desk.call("opening", refs=[ref], result="open", ground="纸质审核单 12 号", by="王敏")["review"]
    told = desk.call("openings", state="approved")["items"]
    assert [(one["id"], one["refs"], one["by"]) for one in told] == [(review, [ref], "王敏")]
    assert "纸质审核单 12 号" in b"".join(desk.stream("openings_csv", state="approved")).decode("utf-8-sig")
    assert desk.call("opening_revoke", review=review, reason="误开", by="王敏")["records"] == 1
    assert desk.call("openings", limit=1)["items"][0]["stage"] == "revoked"
    assert first.get(f"/openings/{review}").says("误开", "已停止开放")
    for wrong in (
        {"word": "opening_revoke", "review": 999, "reason": "x", "by": "x"},
        {"word": "openings", "state": "none"},
    ):
        with pytest.raises(NotAllowed, match="没有"):
            desk.call(**wrong)  # type: ignore[arg-type]


class Meanwhile:
    """A clock at whose look something else is begun, once; `wait_s` is what it is given to get through before the look is over."""

    def __init__(self, act: Callable[[], None], wait_s: float = 0.5) -> None:
        self._thread, self._wait_s = threading.Thread(target=act), wait_s

    def wall(self) -> int:
        """Any time will do."""
        if self._thread.ident is None:
            self._thread.start()
            self._thread.join(self._wait_s)
        return 1_800_000_000

    def join(self) -> None:
        """What was begun has ended."""
        self._thread.join(20)


def test_what_is_being_approved_is_not_withdrawn(
    reading_room: Door, first: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A withdrawal that comes while the decision is carried out is refused: a result in force never stands as withdrawn."""
    home = reading_room.hub.hub.home
    number = propose(reading_room, first, SHUT, result="deferred", until="2090-01-01")
    desk, met = OpeningDesk(home, Access.whole()), list[str]()
    one = desk.find(number)
    assert one is not None

    def withdraw() -> None:
        try:
            desk.withdraw(one, one.by)
            met.append("withdrawn")
        except NotAllowed as fault:
            met.append(str(fault))

    clock = Meanwhile(withdraw)
    monkeypatch.setattr(home, "clock", clock)
    desk.approve(one, By("other", "另一人"))
    clock.join()
    now = desk.find(number)
    assert now is not None
    assert (now.stage, met) == (Stage.APPROVED, ["这一份已经办结。"])
