"""Directives between a real hub and a real node: told once, carried out once, in order; custody goes over and comes back (format.md §17, §18)."""

from __future__ import annotations

import os
import random
import select
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from city import City
from scan_tree import page
from test_node_linking import pdf
from told_city import WORD, A, B, C, Told, report_three

from holdings import custody_store, quarantine, records
from holdings.directive import HandOver
from holdings.directive_verdict import Accepted, Grant, Link
from holdings.directive_wish import Correction, Notice
from holdings.errors import CustodyRefused
from holdings.record import RecordId
from hub import directive_store
from hub.directive_store import Stage
from hub.errors import NotAllowed
from node import directive_store as held_store
from node.engine import Engine
from node.service import Service
from sync import log
from sync.sandbox import Sandbox

HANGS_S = 40.0
"""After so long a forked node is taken to hang: what another thread of this process held when it was forked, a lock of SQLite, nobody gives back
there. That it is killed then is one more fall."""


@pytest.fixture
def told(tmp_path: Path, sandbox: Sandbox) -> Iterator[Told]:
    """A hub and a node that has reported three records of two pages."""
    city = City(tmp_path, sandbox).open_hub().join()
    try:
        yield report_three(city)
    finally:
        city.close()


def test_a_report_is_returned_mended_and_accepted(told: Told) -> None:
    """A returned record waits at the node under the city's reasons, goes up again when it is mended, and is done when it is accepted; custody stays."""
    first = told.issue(told.returned(A))
    assert told.stage(first) is Stage.ISSUED
    told.sync()
    assert told.stage(first) is Stage.APPLIED
    listed = told.ask("returned_list")
    [item] = listed["items"]
    assert (item["ref"], item["round"], item["due"], item["mended"], item["faults"][0]["files"]) == (
        A,
        1,
        "2027-01-15",
        False,
        ["0001.jpg", "0002.jpg"],
    )
    [waits] = [i for i in told.ask("quarantine_list")["items"] if i["code"] == "returned"]
    assert "W02" in waits["rule"]
    assert "第 1-2 页" in waits["rule"]
    told.city.work.scans.put(A, {"0002.jpg": page(77)})
    told.city.run()
    assert told.ask("quarantine_list")["items"] == []
    assert told.ask("returned_list")["items"][0]["mended"] is True
    second = told.issue(Accepted(HandOver.REPORT, "批次", 2, WORD, (told.subject(A), told.subject(B))))
    told.sync()
    assert told.stage(second) is Stage.APPLIED
    assert told.ask("returned_list")["items"] == []
    assert [v["accepted"] for v in told.ask("custody", ref=A)["verdicts"]] == [False, True]
    assert told.holder(A) == ("本馆保管", "区县馆保管")
    assert told.acks() == [(1, 2), (2, 2)]


def test_pages_of_a_verdict_run_through_documents(told: Told) -> None:
    """Page numbers count the pages of a PDF among the images, at hub and node alike: what an archivist types is what a technician is shown (format.md §17)."""
    told.city.work.scans.rows({code: {"页数": "5" if code == C else "2"} for code in (A, B, C)})
    told.city.work.scans.put(C, {"0003.pdf": pdf(3)})
    told.city.run()
    told.city.hub.folded()
    desk = told.city.hub.hub.desk
    with pytest.raises(NotAllowed, match="只有 5 页"):
        desk.call("give_back", refs=[C], reasons=["W02:6"], by="王敏")
    assert desk.call("give_back", refs=[C], reasons=["W02:2,4-5"], by="王敏")["returned"] == 1
    told.sync()
    [item] = told.ask("returned_list")["items"]
    assert item["faults"][0]["files"] == ["0002.jpg", "0003.pdf#2", "0003.pdf#3"]


def test_a_return_may_be_answered_in_words(told: Told) -> None:
    """Where nothing is to be mended, the holder says why: a version with the same pages, which the city judges again; no image travels."""
    with pytest.raises(CustodyRefused, match="没有等着整改"):
        told.ask("returned_explain", ref=A, text="原件即如此", by="李四")
    told.issue(told.returned(A))
    told.sync()
    told.ask("returned_explain", ref=A, text="原件即如此", by="李四")
    with pytest.raises(CustodyRefused, match="没有等着整改"):
        told.ask("returned_explain", ref=A, text="再说一遍", by="李四")
    assert told.city.run().records == 0, "the folder says nothing new"
    assert told.city.run().bytes_sent < 1_000
    told.city.hub.folded()
    shown = told.city.hub.hub.desk.call("show", ref=A)
    assert (shown["version"], shown["explanation"]["text"], shown["explanation"]["directive"]) == (2, "原件即如此", 1)
    assert told.ask("returned_list")["items"][0]["mended"] is True


def test_a_transfer_goes_over_or_comes_back(told: Told) -> None:
    """Nobody writes what is in transit; accepted, it is the city's; returned, the unit's again; granted back, the node takes it."""
    with pytest.raises(CustodyRefused, match="报送"):
        told.ask("release", refs=[A], by="李四")
    told.issue(Link(HandOver.TRANSFER, WORD))
    told.sync()
    assert told.ask("release", refs=[A, B], by="李四", reason="期满移交")["released"] == 2
    with pytest.raises(CustodyRefused, match="移交中"):
        told.ask("release", refs=[A], by="李四")
    assert told.holder(A) == ("移交中", "区县馆保管")
    told.sync()
    assert told.holder(A) == told.holder(B) == ("移交中", "移交中")
    told.city.work.scans.put(A, {"0002.jpg": page(55)})
    assert told.city.run().records == 0
    assert [i["code"] for i in told.ask("quarantine_list")["items"]] == ["not-held-here"]
    sheet = told.city.root / "改号.csv"
    sheet.write_text(f"原档号,新档号\n{A},J001-WS·2011·Y·BGS-0091\n", "utf-8")
    with pytest.raises(CustodyRefused, match="移交中，本机不能再改"):
        told.ask("renumber", sheet=str(sheet))
    with pytest.raises(CustodyRefused, match="移交中"):
        told.ask("delivery_withdraw", name="扫描", by="李四", reason="送错")
    with pytest.raises(CustodyRefused, match="还没有移出保管"):
        told.issue(Accepted(HandOver.TRANSFER, "批次", 1, WORD, (told.subject(C),)))
    with pytest.raises(CustodyRefused, match="移交"):
        told.issue(Accepted(HandOver.REPORT, "批次", 1, WORD, (told.subject(C),)))
    told.issue(Accepted(HandOver.TRANSFER, "批次", 1, WORD, (told.subject(A, 1),)))
    told.issue(told.returned(B, 1, HandOver.TRANSFER))
    told.sync()
    assert (told.holder(A), told.holder(B)) == (("市馆保管", "本馆保管"), ("本馆保管", "区县馆保管"))
    assert [a["act"] for a in told.ask("custody", ref=B)["custody_acts"]] == ["移出保管", "退回"]
    grant = told.issue(Grant((told.subject(A, 2),), "代管", WORD))
    told.sync()
    assert (told.stage(grant), told.holder(A)) == (Stage.WAITING, ("移交中", "移交中"))
    told.ask("directive_apply", number=grant.dseq, by="李四")
    told.sync()
    assert (told.stage(grant), told.holder(A)) == (Stage.APPLIED, ("本馆保管", "区县馆保管"))
    assert told.city.run().records == 1
    assert told.ask("quarantine_list")["items"] == [
        i for i in told.ask("quarantine_list")["items"] if i["code"] == "returned"
    ]


def test_a_correction_is_a_proposal(told: Told) -> None:
    """What the city would change waits for the holder: applied, it is the record's next version; declined, the reason goes back."""
    bodies = [
        Correction(told.subject(code).record, 1, (("题名", f"改过的题名{n}"),), "题名有误", WORD)
        for n, code in enumerate((A, B))
    ]
    yes, no = (told.issue(body) for body in bodies)
    told.sync()
    assert told.stage(yes) is told.stage(no) is Stage.WAITING
    assert told.ask("directive_show", number=1)["says"]["changes"][0]["proposed"] == "改过的题名0"
    told.ask("directive_apply", number=1, by="李四")
    told.ask("directive_decline", number=2, by="李四", reason="原件如此")
    with pytest.raises(CustodyRefused, match="不在等待"):
        told.ask("directive_apply", number=2, by="李四")
    told.sync()
    home = told.city.hub.hub.home
    issued = directive_store.get(home.front.read(), told.node, 2)
    assert issued is not None
    said = told.directives.answer(home.front.read(), issued)
    assert said is not None
    assert (told.stage(yes), told.stage(no), said.text, said.person) == (
        Stage.APPLIED,
        Stage.DECLINED,
        "原件如此",
        "李四",
    )
    assert told.looked(lambda e: records.resolve(e.home.database.read(), A).title) == "改过的题名0"
    assert told.acks() == [(1, 1), (2, 1), (1, 2), (2, 5)]
    assert told.city.run().records == 0, "the sheet's row was mended as well: nothing is new"


def test_the_same_wish_is_one_directive(told: Told) -> None:
    """An outbox that repeats after a crash gets the directive that it has."""
    mark = os.urandom(16)
    once, again = (told.issue(Notice("停机", "周六停机", WORD), mark) for _ in range(2))
    assert once == again
    assert told.issue(Notice("停机", "周六停机", WORD)).dseq == 2


def test_replies_lost_and_repeated_change_nothing(told: Told) -> None:
    """However often the node falls between greeting and commit, each directive is stored, carried out and acknowledged once, in order."""
    seed = int(os.environ.get("JINDANG_SEED", "20261122"))
    chance = random.Random(seed)
    for number in range(4):
        told.issue(Notice(f"通知{number}", "看", WORD))
        for _ in range(chance.randrange(3)):
            step, before = chance.randrange(1, 4), chance.random() < 0.5
            killed(told.city, step, lambda e: e.run(settle_s=0.0, intake=False), before=before)
    told.sync()
    told.sync()
    assert told.acks() == [(n, 2) for n in range(1, 5)], f"seed {seed}"
    assert [i["number"] for i in told.ask("directives")["items"]] == [4, 3, 2, 1]
    assert all(one.stage is Stage.APPLIED for one in directive_store.listed(told.city.hub.hub.home.front.read()))


def killed(city: City, step: int, act: Callable[[Engine], object], *, before: bool) -> None:
    """An act in a process of its own that dies in its so many-th transaction (0: in the first that signs), just before or after the commit."""
    child = os.fork()
    if child == 0:
        try:
            with city.work.opened() as engine:
                left, inner = step, engine.home.database.transaction

                @contextmanager
                def transaction() -> Iterator[Any]:
                    nonlocal left
                    left -= 1
                    with inner() as connection:
                        head = engine.home.head()
                        yield connection
                        own = log.find(connection, engine.home.identity.log.log_id)
                        dies = left == 0 if step else own is not None and own.head != head
                        if before and dies:
                            os.kill(os.getpid(), signal.SIGKILL)
                    if dies:
                        os.kill(os.getpid(), signal.SIGKILL)

                engine.home.database.transaction = transaction  # type: ignore[method-assign]
                act(engine)
        finally:
            os._exit(0)
    ended = os.pidfd_open(child)
    if not select.select([ended], [], [], HANGS_S)[0]:
        os.kill(child, signal.SIGKILL)
    os.close(ended)
    os.waitpid(child, 0)


@pytest.mark.parametrize("before", [True, False])
def test_decisions_and_releases_are_all_or_nothing(told: Told, before: bool) -> None:
    """A kill in the transaction leaves nothing of a release or a decision; one after it leaves all of it: entry, custody, acknowledgement."""
    told.issue(Link(HandOver.TRANSFER, WORD))
    told.issue(Correction(told.subject(B).record, 1, (("题名", "改过的题名"),), "题名有误", WORD))
    told.sync()
    killed(told.city, 0, lambda e: Service(e).release([A], "李四"), before=before)
    killed(told.city, 0, lambda e: Service(e).directive_apply(2, "李四"), before=before)
    assert told.ask("custody", ref=A)["custody"] == ("本馆保管" if before else "移交中")
    assert told.ask("directive_show", number=2)["state"] == ("waiting" if before else "applied")
    assert told.looked(lambda e: records.resolve(e.home.database.read(), B).version) == (1 if before else 2)
    assert told.acks() == ([(1, 2), (2, 1)] if before else [(1, 2), (2, 1), (2, 2)])
    if before:
        told.ask("release", refs=[A], by="李四")
        told.ask("directive_apply", number=2, by="李四")
    told.sync()
    assert told.holder(A) == ("移交中", "移交中")
    assert told.acks() == [(1, 2), (2, 1), (2, 2)]
    assert told.ask("doctor")["ok"]


def test_a_hub_restored_from_an_old_copy_tells_nothing_twice(told: Told) -> None:
    """The node gives the hub its own entries back: directives, what became of them, and custody are again what they were."""
    home = told.city.hub.path
    told.issue(Link(HandOver.TRANSFER, WORD))
    told.sync()
    told.city.hub.stop()
    shutil.copytree(home, home.with_name("old"))
    told.city.hub.start()
    told.city.move(told.city.hub.address)
    told.ask("release", refs=[A], by="李四")
    told.sync()
    told.issue(Accepted(HandOver.TRANSFER, "批次", 1, WORD, (told.subject(A, 1),)))
    told.sync()
    told.sync()
    before = directive_store.listed(told.city.hub.hub.home.front.read())
    told.city.hub.stop()
    shutil.rmtree(home)
    shutil.copytree(home.with_name("old"), home)
    told.city.hub.start()
    told.city.move(told.city.hub.address)
    told.sync()
    told.sync()
    assert directive_store.listed(told.city.hub.hub.home.front.read()) == before
    assert told.holder(A) == ("市馆保管", "本馆保管")
    assert told.issue(Notice("又好了", "", WORD)).dseq == 3


def test_doctor_and_records_stay_whole(told: Told) -> None:
    """A node with directives, acks and releases in its log is healthy, and so is its hub."""
    told.issue(Link(HandOver.TRANSFER, WORD))
    told.sync()
    told.ask(
        "release",
        refs=[],
        delivery=told.looked(lambda e: records.resolve(e.home.database.read(), A).delivery),
        by="李四",
    )
    told.sync()
    assert told.ask("doctor")["ok"]
    assert told.ask("directive_counts")["in_transit"] == 3
    assert custody_store.counts(told.city.hub.hub.home.front.read(), told.node) == (3, 0)
    assert told.looked(lambda e: quarantine.count_subjects(e.home.database.read())) == 0
    assert told.looked(lambda e: records.by_id(e.home.database.read(), RecordId(bytes(16)))) is None
    assert told.looked(lambda e: held_store.count(e.home.database.read(), None)) == 0
