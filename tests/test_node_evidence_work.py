"""Evidence verified by itself: when it is due, when it is made again, what stops it, what it costs where there is none."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest
from node_at_work import NodeAtWork, findings, make
from scan_tree import page, pages, sheet

from holdings import check_store, evidence_store
from holdings.check import Stage
from holdings.delivery import fetch
from node import evidence_seen
from node.daemon import Daemon
from node.evidence_work import EvidenceWork
from node.service import Service
from sync.sandbox import Sandbox

CODES = [f"J001-WS·2011·Y·BGS-{n:04d}" for n in range(1, 4)]
A, B = CODES[:2]
BATCH = "第03批_20231018"
NAME = f"扫描/{BATCH}"
DAY = 86_400.0


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node whose deliveries count as cleared by its profile."""
    return make(tmp_path, sandbox)


def deliver(work: NodeAtWork, *, listed: bool = True, wrong: bool = False) -> None:
    """Two records and their list of digests."""
    root = work.scans.root / BATCH
    work.scans.put(BATCH, {"目录.csv": sheet({code: {"页数": "2"} for code in (A, B)})})
    for seed, code in enumerate((A, B), 1):
        work.scans.put(f"{BATCH}/{code}", pages(2, seed))
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and path.name != "MD5.txt"]
    lines = [f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(root)}" for path in files]
    if wrong:
        lines[-1] = f"{'0' * 32}  {A}/0001.jpg"
    if listed:
        work.scans.put(BATCH, {"MD5.txt": "\n".join(lines).encode()})


def run(work: NodeAtWork) -> None:
    """`node run --once` without the hub."""
    with work.opened() as engine:
        Service(engine).run(settle=0.0, send=False)


def submit(work: NodeAtWork) -> None:
    """提交."""
    with work.opened() as engine:
        Service(engine).delivery_submit(NAME, "赵工")


def verified(work: NodeAtWork) -> dict[str, int] | None:
    """Counts of the last verification."""
    with work.opened() as engine:
        reading = engine.home.database.read()
        report = evidence_store.last(reading, fetch(reading, NAME))
    return {outcome.value: count for outcome, count in report.counts.items()} if report else None


def pending(work: NodeAtWork) -> int:
    """How many verifications are due now; they are made."""
    with work.opened() as engine:
        return EvidenceWork(engine).pending(lambda: False)


def test_a_delivery_that_still_comes_is_left_alone(work: NodeAtWork) -> None:
    """Neither submitted nor quiet: nothing is said; submitted, the next run verifies; the same run again does not."""
    deliver(work)
    run(work)
    assert verified(work) is None
    submit(work)
    run(work)
    assert verified(work) == {"matched": 5}
    assert pending(work) == 0
    assert work.findings() == []


def test_a_quiet_delivery_is_verified(work: NodeAtWork) -> None:
    """After a day without a change the contractor has forgotten to submit; what differs waits as the command would say it."""
    deliver(work, wrong=True)
    run(work)
    work.clock.time += 2 * DAY
    run(work)
    assert verified(work) == {"matched": 4, "differs": 1, "unlisted": 1}
    assert [code for code, _ in work.findings()] == ["evidence-differs", "evidence-unlisted"]


def test_it_is_made_again_when_something_changed(work: NodeAtWork) -> None:
    """A new list, a page sealed anew: each is verified once; the list taken away, nothing of it is asked any more."""
    deliver(work)
    submitted_after_a_run(work)
    work.scans.put(f"{BATCH}/{A}", {"0001.jpg": page(77)})
    run(work)
    assert verified(work) == {"matched": 4, "differs": 1}
    deliver(work)
    work.scans.put(f"{BATCH}/{A}", {"0001.jpg": page(78)})
    run(work)
    assert [code for code, _ in work.findings()] == ["evidence-differs"]
    (work.scans.root / BATCH / "MD5.txt").unlink()
    run(work)
    assert (verified(work), work.findings(), pending(work)) == ({}, [], 0)


def submitted_after_a_run(work: NodeAtWork) -> None:
    """Taken in, submitted, verified."""
    run(work)
    submit(work)
    run(work)
    assert verified(work) is not None


def test_what_was_cut_off_is_made_again(work: NodeAtWork) -> None:
    """A node that stops in the middle keeps nothing of it, and the next look begins anew; the disk that is away is waited for."""
    deliver(work)
    run(work)
    submit(work)
    answers = iter([False, False, True, True])
    with work.opened() as engine:
        evidence = EvidenceWork(engine)
        assert evidence.pending(lambda: next(answers)) == 0
        assert evidence_store.last(engine.home.database.read(), fetch(engine.home.database.read(), NAME)) is None
        away = work.scans.root.with_name("柜子里")
        work.scans.root.rename(away)
        assert evidence.pending(lambda: False) == 0
        away.rename(work.scans.root)
        assert evidence.pending(lambda: False) == 1
        assert evidence.pending(lambda: False) == 0
    assert verified(work) == {"matched": 5}


def test_without_evidence_nothing_is_kept(work: NodeAtWork) -> None:
    """A delivery without lists leaves no row, and no verification is due, submitted or not."""
    deliver(work, listed=False)
    run(work)
    submit(work)
    run(work)
    with work.opened() as engine:
        assert evidence_seen.every(engine.home.database.read()) == []
    assert verified(work) is None


def test_evidence_beside_the_sheets_counts(work: NodeAtWork) -> None:
    """第03批/目录 holds sheet and list, 第03批/数据 the pages: the delivery around them is verified."""
    work.scans.put(f"{BATCH}/目录", {"目录.csv": sheet({A: {"页数": "2"}})})
    work.scans.put(f"{BATCH}/数据/{A}", files := pages(2))
    lines = [f"{hashlib.sha256(data).hexdigest()}  数据/{A}/{name}" for name, data in files.items()]
    work.scans.put(f"{BATCH}/目录", {"SHA256SUMS": "\n".join(lines).encode()})
    run(work)
    submit(work)
    run(work)
    assert verified(work) == {"matched": 2, "unlisted": 1}


def test_a_withdrawn_delivery_is_not_verified(work: NodeAtWork) -> None:
    """Nothing more is asked about it."""
    deliver(work, wrong=True)
    run(work)
    with work.opened() as engine:
        Service(engine).delivery_withdraw(NAME, "王秀英", "误投")
    work.clock.time += 2 * DAY
    run(work)
    assert (verified(work), work.findings()) == (None, [])


def test_the_command_counts_as_verification(work: NodeAtWork) -> None:
    """What a person has just verified is not verified again."""
    deliver(work)
    run(work)
    submit(work)
    with work.opened() as engine:
        assert Service(engine).delivery_evidence(NAME)["ok"]
    assert pending(work) == 0


def test_the_daemon_verifies_in_the_background(work: NodeAtWork) -> None:
    """Its loop for derived work makes what is due without being asked."""
    deliver(work, wrong=True)
    run(work)
    submit(work)
    with work.opened() as engine:
        with engine.home.database.transaction() as connection:
            # The pictures are another test's; their checks wait for an idle processor.
            check_store.move(connection, Stage.ARCHIVING, 1 << 40)
        daemon = Daemon(engine, lambda _: None, 0.0, examine_s=0.02)
        thread = threading.Thread(target=daemon.examine)
        thread.start()
        try:
            ended = threading.Event()
            for _ in range(600):
                if findings(engine) or ended.wait(0.02):
                    break
        finally:
            daemon.stop()
            thread.join()
        assert ("evidence-differs", f"{NAME}/{A}/0001.jpg") in findings(engine)
