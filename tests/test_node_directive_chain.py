"""What a node does with directives that are not as they should be: chain, kinds, bodies (format.md §17), and the commands at the hub that make good ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from city import City
from told_city import WORD, A, B, C, Told, report_three

from crypto import sealing
from crypto.signing import SigningKey
from holdings import directive
from holdings.directive import DirectiveKind
from holdings.directive_entry import DirectiveEntry
from holdings.directive_verdict import HandOver, Link
from holdings.directive_wish import Notice
from hub import directive_store, front
from hub.directive_store import Issued, Stage
from hub.errors import NotAllowed
from node import directives as heeding
from node import own_entries
from node.home import accept_hub_entries
from sync import entry as entries
from sync import log
from sync.entry import ZERO, Entry, EntryKind
from sync.errors import BadEntry, Fork
from sync.sandbox import Sandbox


@pytest.fixture
def told(tmp_path: Path, sandbox: Sandbox) -> Iterator[Told]:
    """A hub and a node that has reported three records of two pages."""
    city = City(tmp_path, sandbox).open_hub().join()
    try:
        yield report_three(city)
    finally:
        city.close()


def say(
    told: Told,
    dseq: int,
    dprev: bytes,
    *,
    kind: int = DirectiveKind.NOTICE,
    critical: bool = False,
    body: bytes | None = None,
    keep: bool = True,
) -> Entry:
    """Sign a directive by hand, right or wrong; `keep`: in the hub's table too."""
    home = told.city.hub.hub.home
    [node] = log.logs(home.front.read(), log.Role.NODE)
    plain = directive.encode(Notice("通知", "看", WORD)) if body is None else body
    sealed = sealing.seal_file(plain, (node.recipient, home.genesis.recipient))
    said = DirectiveEntry(node.log_id, dseq, dprev, kind, critical, sealed)
    with home.front.transaction() as connection:
        entry = home.own_log.append(connection, EntryKind.DIRECTIVE, said.to_map())
        if keep:
            directive_store.add(
                connection,
                Issued(node.log_id, dseq, entry.seq, entry.hash, kind, entry.wall, Stage.ISSUED, None, None),
                b"",
            )
    return entry


@pytest.mark.parametrize("wrong", ["gap", "fork", "repeated"])
def test_a_broken_chain_stops_directives_and_nothing_else(told: Told, wrong: str) -> None:
    """A number left out, told twice or with another one before it is not carried out, nor is anything after it; the city hears of it, and goods still go up."""
    first = say(told, 1, ZERO)
    dseq, dprev = {"gap": (3, first.hash), "fork": (2, ZERO[:-1] + b"x"), "repeated": (1, ZERO)}[wrong]
    bad = say(told, dseq, dprev, keep=False)
    say(told, dseq + 1, bad.hash, keep=False)
    told.sync()
    assert told.acks() == [(1, 2)]
    assert "编号不连续" in told.ask("directive_counts")["stopped"]
    assert [e.body[1] for e in told.looked(_alarms)] == ["directive-chain"]
    [alarm] = front.alarms(told.city.hub.hub.home.front.read())
    assert (alarm.code, "编号不连续" in alarm.text) == ("node-alarm", True)
    told.city.work.scans.put(A, {"0002.jpg": b"\xff\xd8 changed"})
    told.sync()
    assert told.ask("status")["stopped"] is None


def _alarms(engine: Any) -> list[Entry]:
    return list(log.of_kind(engine.home.database.read(), engine.home.identity.log.log_id, EntryKind.ALARM))


def test_a_directive_in_another_hand_is_refused(told: Told) -> None:
    """An entry that the hub's key did not sign, or a second one under its number, is never stored: the conversation ends with an error."""
    home = told.city.hub.hub.home
    [node] = log.logs(home.front.read(), log.Role.NODE)
    head = home.own_log.head(home.front.read())
    body = DirectiveEntry(node.log_id, 1, ZERO, 9, False, b"").to_map()  # noqa: FBT003 - a field

    def signed(key: SigningKey, seq: int, prev: bytes) -> bytes:
        return entries.make(
            key,
            log_id=home.hub_id,
            seq=seq,
            prev=prev,
            kind=EntryKind.DIRECTIVE,
            body=body,
            wall=1,
            clock_state=entries.ClockState.RTC,
        ).signed

    for key, seq, prev, fault in (
        (SigningKey.generate(), head.seq + 1, head.hash, BadEntry),
        (home.secrets.signing_key(), head.seq, head.hash, Fork),
        (home.secrets.signing_key(), head.seq + 2, head.hash, BadEntry),
    ):
        with told.city.work.opened() as engine, pytest.raises(fault), engine.home.database.transaction() as connection:
            accept_hub_entries(connection, home.hub_id, [signed(key, seq, prev)])
    assert told.ask("directives")["items"] == []


def test_unknown_kinds(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is not critical is skipped with a note; a critical one stops those after it, once, until a program comes that knows it."""
    one = say(told, 1, ZERO, kind=77)
    two = say(
        told, 2, one.hash, kind=DirectiveKind.LINK, critical=True, body=directive.encode(Link(HandOver.TRANSFER, WORD))
    )
    three = say(told, 3, two.hash)
    monkeypatch.setattr(heeding.directive, "known", lambda kind: None if kind == DirectiveKind.LINK else _known(kind))
    told.sync()
    told.sync()
    assert told.acks() == [(1, 4), (2, 6)]
    counts = told.ask("directive_counts")
    assert (counts["behind"], "请升级" in counts["stopped"]) == (1, True)
    home = told.city.hub.hub.home
    assert [alarm.code for alarm in front.alarms(home.front.read())] == ["directive-stopped"]
    monkeypatch.undo()
    told.sync()
    assert told.acks() == [(1, 4), (2, 6), (2, 2), (3, 2)]
    assert told.ask("directive_counts")["handover"] == "transfer"
    stages = {one.dseq: one.stage for one in directive_store.listed(home.front.read())}
    assert stages == {1: Stage.SKIPPED, 2: Stage.APPLIED, 3: Stage.APPLIED}
    assert three.seq > two.seq


_known = directive.known


def test_bodies_that_cannot_be_read(told: Told) -> None:
    """A body that is not what its kind demands is answered `cannot`; the next is carried out all the same, unless the kind is critical."""
    one = say(told, 1, ZERO, body=b"\xa0")
    two = say(told, 2, one.hash, critical=True)
    three = say(told, 3, two.hash)
    four = say(told, 4, three.hash, kind=DirectiveKind.ACCEPTED, critical=True, body=b"\xa0")
    say(told, 5, four.hash)
    told.sync()
    assert told.acks() == [(1, 3), (2, 3), (3, 2), (4, 3)]
    assert "第 4 号" in told.ask("directive_counts")["stopped"]


def test_a_hub_takes_only_sound_words(told: Told) -> None:
    """An ack of a directive that was never issued, and one that cannot be read, change nothing and are alarms."""
    home = told.city.hub.hub.home
    known = told.issue(Notice("通知", "看", WORD))
    for body in ({1: 9, 2: bytes(32), 3: 2}, {1: 1, 2: bytes(32), 3: 2}, {1: 1, 2: known.hash, 3: 99}, {}):
        with told.city.work.opened() as engine, engine.home.database.transaction() as connection:
            own_entries.append(connection, engine.home, EntryKind.ACK, body, 1, entries.ClockState.RTC)
    told.sync()
    assert told.stage(known) is Stage.APPLIED
    assert [alarm.code for alarm in front.alarms(home.front.read())] == ["directive-unreadable"] * 4


def test_commands_at_the_hub(told: Told) -> None:
    """`accept`, `return`, `handover`, `grant`, `propose`, `notify`, `directives`: one round a delivery, reasons checked, custody told."""
    desk = told.city.hub.hub.desk
    told.city.hub.folded()
    with pytest.raises(NotAllowed, match="没有理由代码"):
        desk.call("give_back", refs=[A], reasons=["X99"], by="王敏")
    with pytest.raises(NotAllowed, match="页码"):
        desk.call("give_back", refs=[A], reasons=["W02"], by="王敏")
    said = desk.call("give_back", refs=[A], reasons=["W02:2"], by="王敏", note="重复")
    assert (said["returned"], said["rounds"][0]["round"]) == (1, 1)
    assert desk.call("accept", refs=[B, C], by="王敏")["accepted"] == 2
    with pytest.raises(NotAllowed, match="已有结论"):
        desk.call("accept", refs=[B], by="王敏")
    assert desk.call("handover", name="和平区", kind="transfer", by="王敏")["directive"] == 3
    assert desk.call("handover", name="和平区", kind="transfer", by="王敏")["directive"] is None
    told.sync()
    assert told.ask("release", refs=[B, C], by="李四", reason="期满")["released"] == 2
    told.sync()
    assert desk.call("show", ref=B)["custody"] == "移交中（和平区 已移出，待本馆接收）"
    [release] = desk.call("releases", name="和平区")["items"]
    assert (release["records"], release["reason"], release["by"]) == (2, "期满", "李四")
    [node] = desk.call("status")["nodes"]
    assert (node["handover"], node["in_transit"], node["handed_over"]) == ("transfer", 2, 0)
    assert desk.call("accept", refs=[B], by="王敏")["accepted"] == 1, "accepted as a report before, now taken over"
    assert desk.call("give_back", refs=[C], reasons=["W05"], by="王敏")["returned"] == 1
    assert (desk.call("show", ref=B)["custody"], desk.call("show", ref=C)["custody"]) == (
        "市馆保管",
        "和平区保管（移交）",
    )
    desk.call("grant", refs=[B], by="王敏", reason="代管")
    desk.call("propose", ref=A, values={"题名": "新题名"}, by="王敏", reason="有误")
    desk.call("notify", name="和平区", subject="停机", text="", by="王敏")
    told.sync()
    items = desk.call("directives", name="和平区")["items"]
    assert [(i["kind"], i["state"]) for i in items] == [
        ("notice", "applied"), ("correction", "waiting"), ("grant", "waiting"), ("returned", "applied"), ("accepted", "applied"), ("link", "applied"),
        ("accepted", "applied"), ("returned", "applied"),
    ]  # fmt: skip
    with pytest.raises(NotAllowed, match="没有名为"):
        desk.call("notify", name="河西区", subject="x", text="", by="王敏")
