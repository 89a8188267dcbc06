"""Entries and need (format.md §7, §8, §11.3, §11.4): a log is taken in order, whole, from its own writer, and never in two versions."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_in_thread import RunningHub, running
from scripted_node import ScriptedNode

from crypto import cbor
from crypto.signing import SigningKey
from sync import log as logs
from sync import messages
from sync.entry import EntryKind, Head
from sync.receipt import Grade


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    """A running hub."""
    with running(tmp_path / "hub") as made:
        yield made


@pytest.fixture
def node(hub: RunningHub) -> ScriptedNode:
    """An enrolled node that has greeted once."""
    return hub.node()


def test_entries_are_taken_in_order_and_repetition_is_no_error(node: ScriptedNode) -> None:
    """The answer is the head; the same list, or one that overlaps, gives the same head."""
    first, second = node.delta({"0001": {"a": b"1"}}), node.delta({"0002": {"a": b"2"}})
    assert messages.decode_head(node.offer(first.entry).body) == first.entry.head
    for offered in ((first.entry, second.entry), (second.entry,), (node.entries[0], first.entry, second.entry)):
        assert messages.decode_head(node.offer(*offered).body) == second.entry.head


def test_a_gap_is_refused_with_the_head(node: ScriptedNode) -> None:
    """Entries may arrive reordered, they are taken in order only; the refusal says where to go on, and nothing was stored."""
    first, second = node.delta({"0001": {"a": b"1"}}), node.delta({"0002": {"a": b"2"}})
    reply = node.offer(second.entry)
    assert (reply.status, reply.problem.code) == (409, "gap")
    assert Head.from_list(reply.problem.detail) == node.entries[0].head
    assert node.offer(second.entry, first.entry).status == 409
    assert node.offer(first.entry, second.entry).status == 200


def test_a_fork_is_kept_and_freezes_the_log(hub: RunningHub, node: ScriptedNode) -> None:
    """Two entries under one number: refused, both kept, bearer dead, alarm raised; a restart changes nothing of it."""
    first = node.delta({"0001": {"a": b"1"}})
    assert node.offer(first.entry).status == 200
    node.entries.pop()
    twin = node.delta({"0001": {"a": b"other"}})
    reply = node.offer(twin.entry)
    assert (reply.status, reply.problem.code) == (409, "fork")
    reading = hub.hub.home.front.read()
    assert logs.forks(reading) == [(node.log_id, 1)]
    assert logs.hash_at(reading, node.log_id, 1) == first.entry.hash
    assert node.offer(first.entry).status == 401
    assert node.call("POST", messages.HELLO, node.hello_request()).problem.code == "frozen"
    assert [a["code"] for a in hub.hub.desk.call("status")["alarms"]] == ["fork"]
    findings = hub.hub.desk.call("doctor")
    assert ["冻结" in f["what"] for f in findings["findings"]] == [True]


def test_a_later_entry_on_another_past_is_a_fork(node: ScriptedNode) -> None:
    """An entry that follows, but not on what we hold, proves a fork as well."""
    first = node.delta({"0001": {"a": b"1"}})
    assert node.offer(first.entry).status == 200
    node.entries.pop()
    node.delta({"0001": {"a": b"other"}})
    onward = node.delta({"0002": {"a": b"2"}})
    assert node.offer(onward.entry).problem.code == "fork"


def test_entries_of_another_key_or_log_are_refused(hub: RunningHub, node: ScriptedNode) -> None:
    """Signed by another key, or of another node's log, or of a kind that nodes do not write: 422, and the log goes on."""
    other = hub.node("河西区")
    foreign = node.entry(EntryKind.ALARM, {1: "a", 2: "b"}, keep=False, key=SigningKey.generate())
    kind = node.entry(EntryKind.ENROL, {1: bytes(32), 2: "x", 3: bytes(32)}, keep=False)
    for entry in (foreign, kind, other.delta({"0001": {"a": b"1"}}).entry, other.entries[0]):
        reply = node.offer(entry)
        assert (reply.status, reply.problem.code) == (422, "entry-invalid")
    assert node.offer(node.entry(EntryKind.ALARM, {1: "a", 2: "b"})).status == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422), (b"\x80", 422), (cbor.encode([b"x"]), 422), (cbor.encode([b""] * 65), 422), (cbor.encode([bytes(17_000)]), 422),
        (b"\0" * ((1 << 20) + 1), 413), (cbor.encode({1: 2}), 422),
    ],
)  # fmt: skip
def test_malformed_and_oversized_lists_are_refused(node: ScriptedNode, body: bytes, status: int) -> None:
    """No entries, too many, too long, or something else: refused within the bounds of format.md §14."""
    assert node.call("POST", messages.ENTRIES, body).status == status
    assert node.offer(node.delta({"0001": {"a": b"1"}}).entry).status == 200


def test_a_delta_that_names_an_object_twice_is_refused(node: ScriptedNode) -> None:
    """Packs that an earlier delta of the log named are not named again (format.md §8); nothing of the request is kept."""
    first = node.delta({"0001": {"a": b"1"}})
    assert node.offer(first.entry).status == 200
    packs = dict(list(first.objects.items())[1:])
    again = node.seal([node.record("0002", {"b": b"2"}, packs)], packs)
    reply = node.offer(again.entry)
    assert (reply.status, reply.problem.code) == (422, "entry-invalid")
    node.entries.pop()
    assert node.offer(node.delta({"0003": {"c": b"3"}}).entry).status == 200


def test_a_malformed_delta_body_is_refused(node: ScriptedNode) -> None:
    """A signed entry whose body is no delta stays out of the log."""
    entry = node.entry(EntryKind.DELTA, {1: [bytes(32), 5], 2: [], 3: [1], 4: bytes(32)}, keep=False)
    assert node.offer(entry).status == 422
    assert node.offer(node.delta({"0001": {"a": b"1"}}).entry).status == 200


def test_need_lists_what_is_missing_and_what_is_half_there(node: ScriptedNode) -> None:
    """Manifest first, then packs, delta after delta; a partly sent object comes with its durable offset; at the end nothing is missing."""
    big = bytes(range(256)) * 8192
    first, second = node.delta({"0001": {"a": big, "b": b"2"}}), node.delta({"0002": {"c": b"3"}})
    node._good(node.offer(first.entry, second.entry))
    objects = [*first.objects.items(), *second.objects.items()]
    assert node.need(1, 2, 5) == ([0, 1, 2, 3, 4], {})
    name, data = objects[1]
    half = node.put(name, data[: 1 << 20], length=len(data))
    assert (half.status, half.headers[messages.UPLOAD_COMPLETE], half.headers[messages.UPLOAD_OFFSET]) == (200, "?0", str(1 << 20))
    node._good(node.put(*objects[2]))
    assert node.need(1, 2, 5) == ([0, 1, 3, 4], {1: 1 << 20})
    node._good(node.put(name, data[1 << 20 :], offset=1 << 20))
    for one in (0, 3, 4):
        node._good(node.put(*objects[one]))
    assert node.need(1, 2, 5) == ([], {})
    node.hello()
    assert set(node.receipts_of(Grade.R1)) == {1, 2}


@pytest.mark.parametrize("body", [b"", cbor.encode({1: 0, 2: 64}), cbor.encode({1: 5, 2: 4}), b"\xff"])
def test_malformed_needs_are_refused(node: ScriptedNode, body: bytes) -> None:
    """More than 64 entries, a range that runs backwards, or no CBOR at all."""
    assert node.call("POST", messages.NEED, body).status == 422


def test_an_unknown_path_gets_a_problem_body(node: ScriptedNode) -> None:
    """Whatever is asked, the answer is one a node can read."""
    for method, path in (("GET", "/"), ("GET", messages.HELLO), ("POST", "/v2/hello"), ("PATCH", messages.OBJECTS + "zz")):
        reply = node.call(method, path)
        assert reply.status in {404, 405}
        assert reply.problem.message
