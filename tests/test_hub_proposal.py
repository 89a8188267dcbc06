"""Corrections proposed from a record's page (hub/web_proposal.py): a directive to who keeps the record, which alone changes it."""

import re

import pytest
from people_door import Browser, Door
from reading_room_at_hub import SHUT, numbers, reader

from holdings import journal, records
from holdings.directive_entry import Result
from holdings.directive_wish import Correction
from holdings.journal import Filter
from hub import directive_store
from hub.account import Role


@pytest.fixture(scope="module")
def archivist(reading_room: Door) -> Browser:
    """Who works for the whole city."""
    return reader(reading_room, "proposer", Role.ARCHIVIST)


def test_a_correction_is_proposed_and_answered(reading_room: Door, archivist: Browser) -> None:
    """What is written beside an element goes to the node as a directive; the record stays as it is; the page says what became of it."""
    home, number = reading_room.hub.hub.home, numbers(reading_room)[SHUT]
    assert archivist.get(f"/records/{number}").says("修改建议")
    page = archivist.get(f"/records/{number}/proposal")
    assert page.says(SHUT, "责任者", "和平区教育局")
    version = re.search(r'name="version" value="(\d+)"', page.text)
    assert version
    fields = {"version": version[1], "set-责任者": "和平区文教局", "set-题名": SHUT, "other": "附注", "other-value": "原件残缺", "reason": "与原件不符"}
    assert archivist.send(f"/records/{number}/proposal", **fields).says("已签发", "和平区文教局", "原件残缺", "与原件不符")
    reading = home.front.read()
    [newest] = directive_store.listed(reading, limit=1)
    body = home.directives().body(reading, newest)
    assert isinstance(body, Correction)
    assert (body.changes, body.reason) == ((("责任者", "和平区文教局"), ("附注", "原件残缺")), "与原件不符")
    record = next(one for one in records.walk(home.holdings.read()) if one.title == SHUT)
    assert records.body(home.holdings.read(), record).elements["责任者"] == "和平区教育局"
    with home.front.transaction() as connection:
        assert directive_store.answered(connection, newest, Result.DECLINED, ack=1, acked=1_700_000_000)
    assert archivist.get(f"/records/{number}/proposal").says("不采纳")
    acts = journal.walk(reading_room.team.people.parts().database.read(), Filter(person="proposer", verb="propose"))
    assert [act.deed.note for act in acts] == ["责任者、附注"]


@pytest.mark.parametrize(("change", "says"), [
    ({}, "建议改成什么"), ({"set-责任者": "甲", "reason": " "}, "理由"), ({"set-责任者": "甲", "version": "9"}, "新版本"),
    ({"other": "档号", "other-value": "X-1"}, "改号"), ({"other": "附注"}, "建议改成什么"), ({"set-责任者": "甲" * 2_001}, "太长"),
    ({"other": "没有的项目", "other-value": "\x01"}, ""),
])  # fmt: skip
def test_what_cannot_be_proposed_is_said(reading_room: Door, archivist: Browser, change: dict[str, str], says: str) -> None:
    """Nothing is signed; a sentence says why, and what was typed comes back."""
    number, front = numbers(reading_room)[SHUT], reading_room.hub.hub.home.front
    before = len(directive_store.listed(front.read(), limit=1_000))
    archivist.get(f"/records/{number}/proposal")
    page = archivist.send(f"/records/{number}/proposal", **{"version": "1", "reason": "与原件不符", **change})
    assert (page.status, page.says(says)) == (422, True)
    assert len(directive_store.listed(front.read(), limit=1_000)) == before


def test_who_may_not_see_may_not_propose(reading_room: Door) -> None:
    """Another district's archivist finds no such page; agency users have none at all."""
    number = numbers(reading_room)[SHUT]
    other = reader(reading_room, "elsewhere", Role.ARCHIVIST, holders=("河东区",))
    assert other.ask("GET", f"/records/{number}/proposal").status == 404
    assert reader(reading_room, "proposing-agency").ask("GET", f"/records/{number}/proposal").status == 403
