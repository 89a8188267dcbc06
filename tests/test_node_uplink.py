"""The conversation with a real hub: what a sync brings, what it costs, and what every fault of the line leads to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from middlebox import Kind
from msgspec.structs import replace
from node_and_hub import NodeAndHub, pair
from scan_tree import page

from crypto import cbor
from crypto.signing import SigningKey
from node import persistence, settings
from node.settings import Setting
from node.transport import SO_MAX_PACING_RATE, HubLink
from node.uplink import Uplink
from sync import log, messages, receipt, state_report
from sync.errors import BadObject, LinkLost, PeerRefused, SyncError
from sync.manifest import read_delta
from sync.messages import Greeting
from sync.receipt import Grade
from sync.sandbox import Sandbox

A, B, C = (f"J001-WS·2011·Y·BGS-{n:04d}" for n in range(1, 4))
QUIET = ["POST /v1/hello"]


@pytest.fixture
def line(tmp_path: Path, sandbox: Sandbox) -> Iterator[NodeAndHub]:
    """A node, its hub, and a line between them that works."""
    with pair(tmp_path, sandbox) as made:
        yield made


def big(seed: int, size: int) -> bytes:
    """A page of `size` bytes."""
    return page(seed) + bytes((seed + n) % 251 for n in range(997)) * (size // 997) + b"\xff\xd9"


def sync(line: NodeAndHub, grade: Grade | None = Grade.R1, **more: bool) -> object:
    """One run of the node, as `node run --once` does it."""
    with line.work.opened() as engine:
        return engine.run(settle_s=0, wait_grade=grade, **more)


def one_connection(body: bytes) -> bytes:
    """A greeting that allows one connection for objects."""
    told = Greeting.decode(body)
    return replace(told, limits=replace(told.limits, connections=1)).encode()


def all_is_well(line: NodeAndHub, deltas: int) -> None:
    """The hub holds every object of the log, the node one R1 for every delta, nothing waits, and one hello is all it takes to know."""
    assert line.hub_head() == deltas
    assert line.at_hub() >= line.named()
    assert line.grades()[Grade.R1] == list(range(1, deltas + 1))
    line.box.faults.clear()
    line.box.paths()
    sync(line)
    assert line.box.paths() == QUIET


def test_a_first_sync_brings_everything_and_both_receipts(line: NodeAndHub) -> None:
    """Records go from folder to R4 in one run, and what it counts is what went over the line."""
    line.work.scans.delivery({A: 3, B: 2})
    result = sync(line, Grade.R4)
    assert (result.records, result.receipted, result.opened, result.exceptions) == (2, 2, 2, 0)  # type: ignore[attr-defined]
    bodies = sum(s.size for s in line.box.seen)
    assert 0 < bodies - result.bytes_sent < 2000 * (line.box.paths().count("POST /v1/hello"))  # type: ignore[attr-defined]
    assert line.grades() == {Grade.R1: [1], Grade.R4: [1]}
    all_is_well(line, 1)


@pytest.mark.parametrize("records", [1, 40])
def test_nothing_to_do_is_one_request(line: NodeAndHub, records: int) -> None:
    """Whatever the node holds, a sync without news is one hello."""
    line.work.scans.delivery({f"J001-WS·2011·Y·BGS-{n:04d}": 1 for n in range(1, records + 1)})
    sync(line, Grade.R4)
    line.box.paths()
    assert sync(line, Grade.R4).records == 0  # type: ignore[attr-defined]
    assert line.box.paths() == QUIET
    sync(line, intake=False)
    assert line.box.paths() == QUIET


@pytest.mark.parametrize("slow", [False, True], ids=["fast line", "slow line"])
def test_receipts_wait_for_a_delta_that_comes_soon(line: NodeAndHub, slow: bool) -> None:
    """While deltas go on coming the receipts of all are fetched with the last; on a slow line each delta's at once."""
    line.work.scans.delivery({A: 2})
    line.work.intake()
    waits: list[float | None] = []
    with line.work.opened() as engine:

        def grown(at_most_s: float | None) -> bool:
            waits.append(at_most_s)
            if len(waits) > 2:
                return False
            line.work.scans.delivery({A: 2, **dict.fromkeys((B, C)[: len(waits)], 1)})
            engine.run(settle_s=0, send=False)
            return True

        if slow:
            with engine.home.database.transaction() as connection:
                settings.write(connection, Setting.RATE_BIT_S, 10_000_000)
        uplink = Uplink(engine.home, lambda: state_report.StateReport(program="test"), lambda: 1)
        uplink.converse(grown)
        uplink.close()
    assert [wait is None for wait in waits] == ([True] * 3 if slow else [False, False, False, True])
    assert all(0 < wait <= 5 for wait in waits if wait is not None)
    asked = [path.rpartition("/")[2] for path in line.box.paths() if "objects" not in path]
    # The engine greets once more before it first signs, between the first two offers.
    own = ["hello"]
    offers = [["entries", "need", *own], ["entries", "need"], ["entries", "need", "hello"]]
    if slow:
        offers = [["entries", "need", "hello", *own], ["entries", "need", "hello"], ["entries", "need", "hello"]]
    assert asked[asked.index("entries") :] == [path for offer in offers for path in offer]
    all_is_well(line, 3)


def test_the_largest_of_a_delta_go_first(line: NodeAndHub) -> None:
    """A large object that begins last would have a slow line for itself; an earlier delta goes before a later one all the same."""
    for sizes in (300_000, 900_000), (3_000_000, 500_000, 2_500_000):
        codes = [f"J001-WS·2011·Y·BGS-{size // 1000:04d}" for size in sizes]
        for code, size in zip(codes, sizes, strict=True):
            line.work.scans.put(code, {"0001.jpg": big(size % 250, size)})
        line.work.scans.rows({code: {"页数": "1"} for code in codes}, name=f"{len(codes)}.csv")
        with line.work.opened() as engine:
            with engine.home.database.transaction() as connection:
                settings.write(connection, Setting.RATE_BIT_S, 10_000_000)
            engine.run(settle_s=0, send=False)
    line.fault(Kind.REWRITE, "/v1/hello", times=10, rewrite=one_connection)
    sync(line)
    with line.work.opened() as engine:
        entries = log.since(engine.home.database.read(), engine.home.identity.log.log_id, 1, 9)
        deltas = [[length for _, length in read_delta(entry.body).objects()] for entry in entries]
    assert len(deltas) > 1
    assert any(lengths != sorted(lengths, reverse=True) for lengths in deltas)
    sent = [s.size for s in line.box.seen if s.method == "PATCH"]
    assert sent == [length for lengths in deltas for length in sorted(lengths, reverse=True)]
    all_is_well(line, len(deltas))


@pytest.mark.parametrize("path", ["/v1/hello", "/v1/entries", "/v1/need", "/v1/objects"])
@pytest.mark.parametrize("kind", [Kind.LOSE_REPLY, Kind.CUT])
def test_a_broken_request_is_repeated_without_harm(line: NodeAndHub, kind: Kind, path: str) -> None:
    """A reply lost though it was stored, and a request cut in its middle: the same run ends as if nothing had been, each object stored once."""
    line.work.scans.delivery({A: 2, B: 1})
    fault = line.fault(kind, path, at=40)
    sync(line)
    assert fault.times == 0
    stored = [s for s in line.box.seen if s.method == "PATCH" and s.status == 200]
    assert len({s.path for s in stored}) == len(stored)
    all_is_well(line, 1)


def test_an_upload_goes_on_where_it_was_cut(line: NodeAndHub) -> None:
    """After a cut inside a pack only what was not durable is sent again."""
    data = big(1, 3_000_000)
    line.work.scans.put(A, {"0001.jpg": data})
    line.work.scans.rows({A: {"页数": "1"}})
    line.fault(Kind.CUT, "/v1/objects", at=0)
    line.fault(Kind.CUT, "/v1/objects", times=3, at=2_000_000)
    sync(line)
    sends = [s for s in line.box.seen if s.method == "PATCH" and s.size > 100_000]
    resumed = [s.offset for s in sends if s.offset]
    assert resumed, sends
    assert all(offset % 4096 == 0 for offset in resumed)
    assert max(resumed) >= 900_000
    all_is_well(line, 1)


def test_an_offset_that_is_not_the_hubs_is_corrected(line: NodeAndHub) -> None:
    """A node that begins elsewhere than the hub's durable offset is told it and goes on from there."""
    line.work.scans.put(A, {"0001.jpg": big(1, 3_000_000)})
    line.work.scans.rows({A: {"页数": "1"}})
    line.fault(Kind.CUT, "/v1/objects", at=0)
    line.fault(Kind.CUT, "/v1/objects", times=3, at=2_000_000)
    line.fault(Kind.REWRITE, "/v1/need", times=100, rewrite=lambda body: cbor.encode({1: cbor.decode(body, limit=1 << 16)[1], 2: []}))
    sync(line)
    assert 409 in [s.status for s in line.box.seen if s.method == "PATCH"]
    assert [s.offset for s in line.box.seen if s.method == "PATCH" and s.offset]
    all_is_well(line, 1)


def test_a_byte_that_flips_on_the_way_is_sent_again(line: NodeAndHub) -> None:
    """The hub discards an object that is not what its name says; the node sends it again at once."""
    line.work.scans.put(A, {"0001.jpg": big(1, 300_000)})
    line.work.scans.rows({A: {"页数": "1"}})
    line.fault(Kind.FLIP, "/v1/objects", times=2, at=777)
    sync(line)
    assert [s.status for s in line.box.seen if s.method == "PATCH"].count(422) >= 1
    all_is_well(line, 1)


def test_an_object_that_never_arrives_whole_is_given_up_for_now(line: NodeAndHub) -> None:
    """A line that corrupts every time does not keep the node sending for ever: the run ends with a refusal that names the object."""
    line.work.scans.put(A, {"0001.jpg": big(1, 300_000)})
    line.work.scans.rows({A: {"页数": "1"}})
    line.work.intake()
    line.fault(Kind.FLIP, "/v1/objects", times=1000, at=77)
    with line.work.opened() as engine:
        uplink = Uplink(engine.home, lambda: state_report.StateReport(program="test"), lambda: 1)
        with pytest.raises(PeerRefused):
            uplink.converse()
        uplink.close()
    assert len(line.box.seen) < 30
    line.box.faults.clear()
    sync(line)
    all_is_well(line, 1)


@pytest.mark.parametrize("early", [False, True], ids=["after the body", "before the body"])
@pytest.mark.parametrize(("status", "code"), [(429, "busy"), (507, "no-space")])
def test_a_hub_that_asks_to_wait_is_waited_for(line: NodeAndHub, status: int, code: str, early: bool) -> None:
    """429 and 507 end in the same run: the node comes again after Retry-After, not before."""
    line.work.scans.put(A, {"0001.jpg": big(1, 3_000_000)})
    line.work.scans.rows({A: {"页数": "1"}})
    line.work.intake()
    line.fault(Kind.ANSWER, "/v1/objects", status=status, code=code, retry_after=1, early=early)
    began = time.monotonic()
    sync(line)
    assert time.monotonic() - began >= (1 if not early else 0)
    all_is_well(line, 1)


def test_which_refusals_may_be_tried_again() -> None:
    """What a person must mend is not repeated; what passes by itself is."""
    later = {s for s in range(400, 600) if persistence.again_later(PeerRefused(s, "x", "", ""))}
    assert later == {408, 429, 500, 502, 503, 504, 507}


def test_a_wait_that_is_asked_for_reaches_whoever_waits(line: NodeAndHub) -> None:
    """The refusal carries the seconds and the words of the hub."""
    line.fault(Kind.ANSWER, "/v1/hello", status=507, code="no-space", retry_after=37)
    link = _link(line)
    with pytest.raises(PeerRefused) as caught:
        link.call("POST", messages.HELLO, b"x")
    link.close()
    assert (caught.value.status, caught.value.code, caught.value.retry_after_s, caught.value.remedy) == (507, "no-space", 37.0, "稍后再来")


def _link(line: NodeAndHub, cap: int = 0) -> HubLink:
    return HubLink(line.box.address, line.hub.hub.home.tls_digest, cap)


def test_a_hub_restarted_in_the_middle_is_no_fault(line: NodeAndHub) -> None:
    """A hub that restarts between hello and the objects has forgotten the bearer; the node greets again and goes on."""
    line.work.scans.delivery({A: 2, B: 2})
    line.fault(Kind.FIRST, "/v1/need", act=line.restart_hub)
    sync(line)
    assert 401 in [s.status for s in line.box.seen]
    all_is_well(line, 1)


def test_a_bearer_that_is_never_good_enough_ends_the_run(line: NodeAndHub) -> None:
    """A proxy that answers 401 to everything is met a few times, not for ever, and the run says so."""
    line.work.scans.delivery({A: 1})
    line.fault(Kind.ANSWER, "/v1/entries", times=10_000, status=401, code="bearer")
    with pytest.raises(PeerRefused):
        sync(line)
    assert len(line.box.seen) < 20
    line.box.faults.clear()
    sync(line)
    all_is_well(line, 1)


def test_a_proxys_page_is_a_refusal_and_a_flood_is_cut(line: NodeAndHub) -> None:
    """An answer that is no CBOR, and one beyond its bound, are named and not believed."""
    line.fault(Kind.REWRITE, "/v1/hello", times=4, rewrite=lambda _: b"<html>502</html>")
    with pytest.raises(SyncError):
        sync(line)
    line.box.faults.clear()
    line.fault(Kind.REWRITE, "/v1/hello", rewrite=lambda _: bytes(9 << 20))
    with pytest.raises(BadObject, match="过大"):
        sync(line)
    sync(line)
    all_is_well(line, 0)


def test_a_receipt_by_another_hand_is_not_kept(line: NodeAndHub) -> None:
    """A receipt that the hub did not sign ends the conversation; nothing of it is stored, and the true one comes with the next."""
    line.work.scans.delivery({A: 1})

    def forge(body: bytes) -> bytes:
        try:
            greeting = Greeting.decode(body)
        except BadObject:
            return body  # the refusal of an old nonce
        if not greeting.receipts:
            return body
        said = receipt.read(line.hub.hub.home.genesis.signing_key, greeting.receipts[0], hub_id=line.hub.hub.home.hub_id, log_id=own)
        forged = receipt.make(SigningKey.generate(), said)
        return replace(greeting, receipts=(forged,)).encode()

    with line.work.opened() as engine:
        own = engine.home.identity.log.log_id
    line.fault(Kind.REWRITE, "/v1/hello", times=10, rewrite=forge)
    with pytest.raises(BadObject):
        sync(line)
    assert line.grades()[Grade.R1] == []
    line.box.faults.clear()
    sync(line)
    all_is_well(line, 1)


def test_what_is_sealed_while_the_hub_is_away_goes_out_later(line: NodeAndHub) -> None:
    """Intake goes on without a hub; the next sync brings every delta in order."""
    with line.hub_down():
        for code in (A, B, C):
            line.work.scans.put(code, {"0001.jpg": page(ord(code[-1]))})
            line.work.scans.rows({c: {"页数": "1"} for c in (A, B, C) if c <= code})
            line.work.intake()
    assert sync(line).receipted == 3  # type: ignore[attr-defined]
    all_is_well(line, 3)


def test_many_deltas_and_receipts_come_in_pages(line: NodeAndHub) -> None:
    """More deltas than one request of entries holds are all brought and receipted."""
    with line.hub_down(), line.work.opened() as engine:
        line.work.scans.record(A, 1)
        for n in range(70):
            line.work.scans.rows({A: {"页数": "1", "题名": f"第{n}稿"}})
            engine.run(settle_s=0, send=False)
        assert engine.home.head().seq == 70
    sync(line)
    all_is_well(line, 70)


def test_no_more_connections_are_opened_than_the_hub_allows(line: NodeAndHub) -> None:
    """A hub that announces one connection (format.md §11.6) is sent object after object over one, beside the small calls."""

    line.work.scans.put(A, {f"{n:04d}.jpg": big(n, 3_000_000) for n in range(1, 8)})
    line.work.scans.rows({A: {"页数": "7"}})
    line.work.intake()
    line.fault(Kind.REWRITE, "/v1/hello", times=10, rewrite=one_connection)
    before = line.box.handshakes
    sync(line)
    assert len([s for s in line.box.seen if s.method == "PATCH"]) >= 3
    assert line.box.handshakes - before == 2
    all_is_well(line, 1)


def test_the_cap_is_set_on_every_connection(line: NodeAndHub) -> None:
    """The kernel is told to pace a capped connection, and the bytes take their time."""
    link, free = _link(line, 100_000), _link(line)
    assert link._open().sock.getsockopt(socket.SOL_SOCKET, SO_MAX_PACING_RATE) == 100_000
    assert free._open().sock.getsockopt(socket.SOL_SOCKET, SO_MAX_PACING_RATE) & 0xFFFFFFFF == 0xFFFFFFFF
    link.close()
    free.close()
    line.work.configure(cap_mbit=8.0)
    line.work.scans.put(A, {"0001.jpg": big(1, 600_000)})
    line.work.scans.rows({A: {"页数": "1"}})
    line.work.intake()
    began = time.monotonic()
    sync(line)
    assert time.monotonic() - began > 0.4
    all_is_well(line, 1)


def test_a_pause_ends_the_conversation_and_a_resumption_finishes_it(line: NodeAndHub) -> None:
    """A conversation that would try for ever ends when it is paused; the next one goes on from what was durable."""
    line.work.scans.put(A, {"0001.jpg": big(1, 4_000_000)})
    line.work.scans.rows({A: {"页数": "1"}})
    line.work.intake()
    reached, release, ended = threading.Event(), threading.Event(), threading.Event()

    def hold() -> None:
        reached.set()
        release.wait(30)

    line.fault(Kind.FIRST, "/v1/objects", act=hold)
    with line.work.opened() as engine:

        def talk() -> None:
            try:
                engine.run(settle_s=0, intake=False, forever=True)
            except LinkLost:
                ended.set()

        talking = threading.Thread(target=talk)
        talking.start()
        assert reached.wait(30)
        engine.cancel_link()
        release.set()
        talking.join(20)
        alive = talking.is_alive()
        engine.cancel.set()
        talking.join()
        assert not alive
    assert ended.is_set()
    sync(line)
    all_is_well(line, 1)
