"""The door of a node: personal sign-in, roles, what a contractor's staff sees, and every act in the journal with the person."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from nacl.pwhash import argon2id
from node_and_hub import pair
from node_at_work import NodeAtWork, SetClock, make

from holdings import journal
from holdings.errors import DeliveryRefused
from holdings.operator import Ceiling, OperatorRefused, OperatorState
from holdings.password import Passwords
from node import operators
from node.door import Door
from node.engine import Engine
from node.errors import NotPermitted, SignInNeeded
from node.journal_anchor import anchor_when_due
from node.service import Service
from node.sign_in import SignIn
from sync import log
from sync.entry import EntryKind
from sync.errors import StoreFull
from sync.sandbox import Sandbox

A, B = (f"J001-WS·2011·Y·BGS-{n:04d}" for n in (1, 2))
OWN, CLERK = os.geteuid(), 54_321
PASSWORDS = {"9001": "河畔 Teapot 47", "1001": "山坡 Teapot 47", "2001": "窗前 Teapot 47", "3001": "路边 Teapot 47", "4001": "桥下 Teapot 47"}
STAFF = (("9001", "赵管理", "admin", ""), ("1001", "张三", "operator", ""), ("2001", "李四", "reviewer", ""), ("3001", "王五", "contractor", "甲公司"),
         ("4001", "孙审计", "auditor", ""))  # fmt: skip


@dataclass
class Counter:
    """Somebody at the door of a node; tokens by 工号."""

    engine: Engine
    clock: SetClock
    door: Door
    tokens: dict[str, str] = field(default_factory=dict)

    def ask(self, verb: str, who: str = "", given: dict[str, Any] | None = None, uid: int = CLERK, ceiling: Ceiling = Ceiling.ANY) -> dict[str, Any]:
        """A verb in the name of who has this 工号, or of nobody."""
        return self.door.ask(verb, given or {}, lambda meant: meant, uid=uid, ceiling=ceiling, token=self.tokens.get(who, ""))

    def sign_in(self, number: str, password: str = "", uid: int = CLERK, ceiling: Ceiling = Ceiling.ANY) -> dict[str, Any]:
        """Sign in and keep the token."""
        given = {"number": number, "password": password or PASSWORDS[number]}
        answer = self.ask("operator_sign_in", "", given, uid, ceiling)
        self.tokens[number] = answer["token"]
        return answer

    def acts(self, verb: str = "") -> list[tuple[str, str, str, str]]:
        """(person, role, verb, outcome) of the journal, oldest first."""
        found = journal.walk(self.engine.home.database.read(), journal.Filter(verb=verb))
        return [(act.deed.person, act.deed.role, act.deed.verb, act.deed.outcome.name) for act in found]


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """Two deliveries, each with a record without its row; one of them is 甲公司's."""
    work = make(tmp_path, sandbox)
    for n, name in enumerate(("甲批", "乙批")):
        work.scans.rows({(A, B)[n]: {"页数": "2"}}, name)
        work.scans.record(f"{name}/{(A, B)[n]}", 2, n)
        work.scans.record(f"{name}/J001-WS·2011·Y·BGS-009{n}", 1, 10 + n)
    return work


@pytest.fixture
def alone(work: NodeAtWork) -> Iterator[Counter]:
    """The door of a node without operators."""
    with work.opened() as engine:
        engine.run(settle_s=0.0, send=False)
        door = Door(Service(engine), SignIn(engine.home.database, work.clock.now, Passwords(argon2id.OPSLIMIT_MIN, argon2id.MEMLIMIT_MIN)))
        for one in Service(engine).deliveries()["deliveries"]:
            if one["name"].endswith("甲批"):
                Service(engine).delivery_describe(one["name"], contractor="甲公司")
        yield Counter(engine, work.clock, door)


@pytest.fixture
def staffed(alone: Counter) -> Counter:
    """The same with one operator of each role, each with a password of the person's own."""
    encoded = {number: alone.door.sign_in._passwords.encode(word) for number, word in PASSWORDS.items()}
    for number, person, role, unit in STAFF:
        alone.ask("operator_add", given={"number": number, "person": person, "role": role, "unit": unit}, uid=OWN)
        with alone.engine.home.database.transaction() as connection:
            operators.set_password(connection, number, encoded[number], int(alone.clock.now()), None)
    return alone


def of(counter: Counter, name: str) -> tuple[str, int]:
    """(delivery, finding) of one of the two."""
    items = Service(counter.engine).quarantine_list()["items"]
    [item] = [one for one in items if f"/{name}/" in one["path"]]
    return item["path"].rpartition("/")[0], item["id"]


def test_without_operators_everybody_acts_as_the_systems_user_and_is_noted(alone: Counter) -> None:
    """Nothing asks for a sign-in, and what is done stands in the journal as local:UID with the name that was given."""
    said = alone.ask("capabilities")
    assert (said["operators"], said["role"]) == (False, "local")
    _, number = of(alone, "甲批")
    alone.ask("quarantine_claim", given={"number": number, "by": "张三"})
    assert alone.acts() == [(f"local:{CLERK}", "local", "quarantine-claim", "DONE")]
    [act] = journal.find(alone.engine.home.database.read(), journal.Filter())
    assert (act.deed.note, act.deed.subject, act.deed.address) == ("by 张三", f"number:{number}", f"uid:{CLERK}")


def test_the_first_operator_is_an_administrator(alone: Counter) -> None:
    """Otherwise nobody could make the second one; from then on a clerk signs in and the machine's own user keeps the machine alive."""
    with pytest.raises(OperatorRefused, match="第一位须是管理员"):
        alone.ask("operator_add", given={"number": "1", "person": "张三", "role": "operator"}, uid=OWN)
    made = alone.ask("operator_add", given={"number": "9001", "person": "赵管理", "role": "admin"}, uid=OWN)
    for verb in ("deliveries", "search", "journal_list"):
        with pytest.raises(SignInNeeded):
            alone.ask(verb, given={"query": "x"} if verb == "search" else {})
        with pytest.raises(SignInNeeded):
            alone.ask(verb, given={"query": "x"} if verb == "search" else {}, uid=OWN)
    assert alone.ask("status")["name"]
    assert alone.ask("doctor", uid=OWN)["ok"]
    # The start password opens nothing but its change.
    alone.sign_in("9001", made["start_password"])
    with pytest.raises(SignInNeeded, match="请先改初始口令"):
        alone.ask("operator_list", "9001")
    alone.ask("operator_password", "9001", {"old": made["start_password"], "new": PASSWORDS["9001"]})
    assert [one["person"] for one in alone.ask("operator_list", "9001")["operators"]] == ["赵管理"]


def test_each_role_does_its_own_and_nothing_else_under_its_own_name(staffed: Counter) -> None:
    """The person of an act is who signed in, whatever name is written; a refusal names the role and stands in the journal."""
    delivery, number = of(staffed, "乙批")
    for who in PASSWORDS:
        staffed.sign_in(who)
    staffed.ask("quarantine_claim", "1001", {"number": number, "by": "别人"})
    assert Service(staffed.engine).quarantine_show(number)["claimed_by"] == "张三"
    for who, verb, given in (("1001", "delivery_accept", {"name": delivery}), ("9001", "search", {"query": "x"}), ("4001", "deliveries", {}),
                             ("2001", "journal_list", {}),
                             ("3001", "quarantine_waive", {"number": number, "reason": "原件如此"}), ("1001", "operator_list", {})):  # fmt: skip
        with pytest.raises(NotPermitted, match="不能办理此项"):
            staffed.ask(verb, who, given)
    with pytest.raises(OperatorRefused, match="第二人须以本人工号和口令签署"):
        staffed.ask("clear", "2001", {"delivery_name": delivery, "persons": ["李四", "张三"]})
    assert ("1001", "operator", "quarantine-claim", "DONE") in staffed.acts()
    assert ("3001", "contractor", "quarantine-waive", "REFUSED") in staffed.acts()
    assert ("2001", "reviewer", "clear", "REFUSED") in staffed.acts()
    assert ("4001", "auditor", "deliveries", "REFUSED") not in staffed.acts()


def test_the_second_of_a_clearance_proves_it_with_the_own_password(staffed: Counter) -> None:
    """Neither the first once more, nor a wrong or start password, nor a role that handles no records signs beside a reviewer; a wrong one counts as at
    sign-in, and both persons stand in the journal, the clearance bearing the names of their sign-ins and no password."""
    delivery, _ = of(staffed, "乙批")
    staffed.sign_in("9001")
    start = staffed.ask("operator_add", "9001", {"number": "2002", "person": "周新", "role": "reviewer"})["start_password"]
    staffed.sign_in("2001")
    for second, password, said in (
        ("2001", PASSWORDS["2001"], "不能是同一人"), ("1001", "wrong", "工号或口令不对"), ("nobody", "x", "工号或口令不对"), ("2002", start, "现在不能签署"),
        ("9001", PASSWORDS["9001"], "“管理员”不能签署"), ("3001", PASSWORDS["3001"], "“加工单位人员”不能签署"),
    ):  # fmt: skip
        with pytest.raises(OperatorRefused, match=said):
            staffed.ask("clear", "2001", {"delivery_name": delivery, "persons": [], "second": second, "password": password})
    assert Service(staffed.engine).delivery_show(delivery)["clearance"] == "standing"
    found = operators.get(staffed.engine.home.database.read(), "1001")
    assert found.failures == 1
    given = {"delivery_name": delivery, "persons": ["甲", "乙"], "second": " 1001 ", "password": PASSWORDS["1001"]}
    assert staffed.ask("clear", "2001", given)["persons"] == ["李四", "张三"]
    newest = [(act.deed.person, act.deed.verb, act.deed.note) for act in journal.find(staffed.engine.home.database.read(), journal.Filter())][:2]
    assert newest == [("1001", "countersign", "clear 2001"), ("2001", "clear", "")]
    assert all(word not in str(journal.find(staffed.engine.home.database.read(), journal.Filter())) for word in (*PASSWORDS.values(), start))


def test_who_may_not_sign_a_clearance_declares_no_standing_one(staffed: Counter) -> None:
    """An operator's intake profile with cleared_by is refused: it would let pass whatever comes, in one person's name."""
    staffed.sign_in("1001")
    with pytest.raises(NotPermitted, match="须由复核员登记"):
        staffed.ask("profile_add", "1001", {"text": 'name = "甲"\ncleared_by = "张三"\n'})


def test_a_second_password_means_nothing_where_nobody_signs_in(alone: Counter) -> None:
    """At a node without operators two different names are written; a 工号 there is refused, not ignored."""
    delivery, _ = of(alone, "乙批")
    with pytest.raises(OperatorRefused, match="请填两个不同的姓名"):
        alone.ask("clear", given={"delivery_name": delivery, "persons": ["张三", "李四"], "second": "1001"})
    assert alone.ask("clear", given={"delivery_name": delivery, "persons": ["张三", "李四"]})["persons"] == ["张三", "李四"]


def test_a_contractors_staff_sees_its_own_deliveries_alone(staffed: Counter) -> None:
    """Lists are cut, another unit's delivery and finding are refused, bulk acts leave them out, and the unit of figures is not theirs to choose."""
    own, mine = of(staffed, "甲批")
    other, foreign = of(staffed, "乙批")
    staffed.sign_in("3001")
    assert [one["name"] for one in staffed.ask("deliveries", "3001")["deliveries"]] == [own]
    assert [one["name"] for one in staffed.ask("console_today", "3001")["places"]] == [own]
    found = staffed.ask("quarantine_numbers", "3001")
    assert (found["numbers"], [kind["count"] for kind in found["kinds"]]) == ([mine], [1])
    assert [one["id"] for one in staffed.ask("quarantine_rows", "3001", {"numbers": [mine, foreign]})["items"]] == [mine]
    assert staffed.ask("quarantine_show", "3001", {"number": mine})["id"] == mine
    for verb, given in (("quarantine_show", {"number": foreign}), ("delivery_show", {"name": other}), ("quarantine_show", {"number": 10**9})):
        with pytest.raises(NotPermitted, match="请找操作员"):
            staffed.ask(verb, "3001", given)
    done = staffed.ask("quarantine_many", "3001", {"act": "claim", "numbers": [mine, foreign]})
    assert (done["done"], done["refused"]) == (1, [])
    assert Service(staffed.engine).quarantine_show(mine)["claimed_by"] == "王五"
    assert not Service(staffed.engine).quarantine_show(foreign)["claimed_by"]
    with pytest.raises(NotPermitted, match="不能在本机上写文件"):
        staffed.ask("workload", "3001", {"destination": "/tmp/x.xlsx"})


def test_wrong_passwords_bar_for_a_while_and_tell_nothing(staffed: Counter) -> None:
    """An unknown 工号 and a wrong password get the same words; the fifth in a row bars the right one too, for ten minutes."""
    texts = set()
    for number in ("1001", "1001", "1001", "1001", "1001", "nobody", "\0"):
        with pytest.raises(OperatorRefused) as caught:
            staffed.sign_in(number, "wrong")
        texts.add(str(caught.value))
    with pytest.raises(OperatorRefused) as caught:
        staffed.sign_in("1001")
    assert texts == {str(caught.value)}
    staffed.clock.time += 601
    assert staffed.sign_in("1001")["person"] == "张三"


def test_a_session_ends_by_rest_by_reset_by_disabling_and_for_another_user(staffed: Counter) -> None:
    """What a screen asks by itself keeps nobody signed in; a token is worth nothing to another system user."""
    staffed.sign_in("1001")
    with pytest.raises(SignInNeeded):
        staffed.ask("deliveries", "1001", uid=CLERK + 1)
    staffed.sign_in("1001")
    for _ in range(4):
        staffed.clock.time += 500
        try:
            staffed.ask("status", "1001")
        except SignInNeeded:
            break
    else:
        pytest.fail("still signed in")
    staffed.sign_in("9001")
    for verb in ("operator_reset", "operator_disable"):
        with staffed.engine.home.database.transaction() as connection:
            encoded = staffed.door.sign_in._passwords.encode(PASSWORDS["2001"])
            operators.set_password(connection, "2001", encoded, int(staffed.clock.now()) - 9, None)
            operators.set_state(connection, "2001", OperatorState.ACTIVE)
        staffed.sign_in("2001")
        staffed.ask(verb, "9001", {"number": "2001"})
        with pytest.raises(SignInNeeded):
            staffed.ask("deliveries", "2001")
    with pytest.raises(OperatorRefused, match="唯一的管理员"):
        staffed.ask("operator_disable", "9001", {"number": "9001"})


def test_the_system_user_is_the_ceiling_at_sign_in(staffed: Counter) -> None:
    """The contractor's account of the system signs nobody of the house in, whoever knows the password."""
    with pytest.raises(OperatorRefused, match="不能以“复核员”登录"):
        staffed.sign_in("2001", ceiling=Ceiling.CONTRACTOR)
    assert staffed.sign_in("3001", ceiling=Ceiling.CONTRACTOR)["unit"] == "甲公司"
    with pytest.raises(OperatorRefused, match="不能以“管理员”登录"):
        staffed.sign_in("9001", ceiling=Ceiling.STAFF)


def test_act_and_journal_are_one_commit(staffed: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the journal cannot be written, nothing was done; when the act is refused, the journal says so; a reading is noted once a minute."""
    delivery, number = of(staffed, "乙批")
    staffed.sign_in("1001")
    real = journal.add

    def full(*_given: object) -> None:
        raise StoreFull("磁盘空间不足")

    monkeypatch.setattr(journal, "add", full)
    with pytest.raises(StoreFull):
        staffed.ask("quarantine_claim", "1001", {"number": number})
    assert not Service(staffed.engine).quarantine_show(number)["claimed_by"]
    monkeypatch.setattr(journal, "add", real)
    staffed.sign_in("2001")
    with pytest.raises(DeliveryRefused):
        staffed.ask("delivery_accept", "2001", {"name": delivery})
    assert staffed.acts("delivery-accept") == [("2001", "reviewer", "delivery-accept", "REFUSED")]
    for query in ("通知", "名册"):
        staffed.ask("search", "1001", {"query": query})
    assert len(staffed.acts("search")) == 1
    staffed.clock.time += 61
    staffed.ask("search", "1001", {"query": "通知"})
    assert len(staffed.acts("search")) == 2
    assert "通知" not in str(journal.find(staffed.engine.home.database.read(), journal.Filter()))


def test_the_auditor_reads_verifies_and_exports_what_nobody_can_edit(staffed: Counter, tmp_path: Path) -> None:
    """The chain is whole; an act changed behind the program's back is told with its number; the export has every hash."""
    _, number = of(staffed, "乙批")
    staffed.sign_in("1001")
    staffed.ask("quarantine_claim", "1001", {"number": number})
    staffed.sign_in("4001")
    listed = staffed.ask("journal_list", "4001", {"person": "1001"})["acts"]
    assert [(act["verb"], act["name"]) for act in listed] == [("quarantine-claim", "张三"), ("sign-in", "张三")]
    assert staffed.ask("journal_verify", "4001")["ok"]
    file = Path(staffed.ask("journal_export", "4001", {"destination": str(tmp_path / "审计")})["file"])
    assert listed[0]["hash"] in file.read_text("utf-8-sig")
    with staffed.engine.home.database.transaction() as connection:
        connection.execute("DROP TRIGGER journal_is_not_changed")
        connection.execute("UPDATE journal SET person = '9001' WHERE number = ?", (listed[0]["number"],))
    answer = staffed.ask("journal_verify", "4001")
    assert not answer["ok"]
    assert answer["findings"][0]["where"] == f"审计日志第 {listed[0]['number']} 条"


def test_the_journal_is_anchored_in_the_signed_log_that_the_hub_holds(tmp_path: Path, sandbox: Sandbox) -> None:
    """Once a day at most the chain's head is signed, not before the hub's word on our log; the hub takes the entry, and a journal that was shortened is told."""
    with pair(tmp_path, sandbox) as line:
        line.work.scans.delivery({A: 1})
        with line.work.opened() as engine:
            door = Door(Service(engine))
            door.ask("operator_add", {"number": "9001", "person": "赵管理", "role": "admin"}, dict, uid=OWN, ceiling=Ceiling.ANY)
            assert not anchor_when_due(engine)
            engine.run(settle_s=0.0)
            assert [anchor_when_due(engine), anchor_when_due(engine)] == [True, False]
            line.work.clock.time += 86_400.0
            door.ask("pause", {}, dict, uid=OWN, ceiling=Ceiling.ANY)
            assert anchor_when_due(engine)
            before = Service(engine).journal_verify()
            assert (before["ok"], before["acts"], before["anchored"]) == (True, 2, 2)
            engine.run(settle_s=0.0)
            own, front = engine.home.identity.log.log_id, line.hub.hub.home.front.read()
            held = [entry.body[1] for entry in log.walk(front, own) if entry.kind is EntryKind.JOURNAL]
            assert held == [1, 2]
            with engine.home.database.transaction() as connection:
                connection.execute("DROP TRIGGER journal_is_not_shortened")
                connection.execute("DELETE FROM journal WHERE number = 2")
            assert "被截短" in Service(engine).journal_verify()["findings"][0]["what"]
