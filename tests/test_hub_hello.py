"""The greeting (format.md §11.2): who may speak, in which order, and what a restored copy on either side leads to."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_in_thread import RunningHub, running
from scripted_node import ScriptedNode

from crypto.signing import SigningKey
from sync import entry as entries
from sync import log, messages
from sync.entry import EntryKind, Head
from sync.messages import Greeting
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


def alarms(hub: RunningHub) -> list[str]:
    """Codes of the alarms, oldest first."""
    return [a["code"] for a in reversed(hub.hub.desk.call("status")["alarms"])]


def test_nothing_to_do_is_one_request(node: ScriptedNode) -> None:
    """With the nonce of the last answer a greeting is answered at once, and brings nothing new."""
    reply = node.call("POST", messages.HELLO, node.hello_request())
    assert reply.status == 200
    greeting = Greeting.decode(reply.body)
    assert (greeting.head, greeting.receipts, greeting.hub_entries, greeting.more) == (node.head, (), (), False)


def test_a_replayed_greeting_is_refused_and_teaches_nothing(node: ScriptedNode) -> None:
    """The same bytes a second time meet 401 with a nonce that the listener cannot sign."""
    body = node.hello_request()
    assert node.call("POST", messages.HELLO, body).status == 200
    again = node.call("POST", messages.HELLO, body)
    assert (again.status, again.problem.code) == (401, "nonce")
    assert isinstance(again.problem.detail, bytes)
    assert len(again.problem.detail) == messages.NONCE_BYTES


def test_a_wrong_nonce_does_not_spend_the_right_one(node: ScriptedNode) -> None:
    """A greeting that is refused changes nothing: the nonce that was given before is still good."""
    assert node.call("POST", messages.HELLO, node.hello_request(nonce=bytes(16))).status == 401
    assert node.call("POST", messages.HELLO, node.hello_request()).status == 200


def test_the_vault_gives_way_to_whoever_begins_to_talk(hub: RunningHub, node: ScriptedNode) -> None:
    """A program's first greeting and its entries count as uploads that begin; a stranger's greeting, and one with nothing to do, do not."""

    def moves(path: str, body: bytes) -> bool:
        hub.clock.skip += 100.0
        node.call("POST", path, body)
        return hub.hub.traffic.quiet_s() < 50.0

    assert moves(messages.HELLO, node.hello_request(nonce=bytes(16)))
    assert not moves(messages.HELLO, messages.sign_hello(SigningKey.generate(), messages.read_hello(node.hello_request(nonce=bytes(16)))))
    assert not moves(messages.HELLO, node.hello_request())
    node.hello()
    assert moves(messages.ENTRIES, messages.encode_entries([node.delta({"0001": {"1.txt": b"1"}}).entry.signed]))


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"hub_id": bytes(32)}, 403, "wrong-hub"),
        ({"tls_digest": bytes(32)}, 403, "wrong-hub"),
        ({"log_id": bytes(32)}, 404, "unknown-log"),
    ],
)
def test_a_greeting_for_another_is_refused(node: ScriptedNode, changes: dict[str, bytes], status: int, code: str) -> None:
    """Another hub, another certificate (somebody in the middle), a log that nobody enrolled."""
    reply = node.call("POST", messages.HELLO, node.hello_request(**changes))
    assert (reply.status, reply.problem.code) == (status, code)


def test_a_greeting_signed_by_another_key_is_refused(node: ScriptedNode) -> None:
    """Knowing a log_id is not enough; the refusal does not tell whether the node is revoked."""
    right, node.key = node.key, SigningKey.generate()
    reply = node.call("POST", messages.HELLO, node.hello_request())
    assert (reply.status, reply.problem.code) == (403, "signature")
    node.key = right


@pytest.mark.parametrize(("body", "status"), [(b"", 422), (b"\xd2\x84", 422), (bytes(70_000), 413)])
def test_malformed_greetings_are_refused(node: ScriptedNode, body: bytes, status: int) -> None:
    """Bytes that are no greeting are refused within the bound of 64 KiB."""
    assert node.call("POST", messages.HELLO, body).status == status


def test_revocation_kills_the_bearer_at_once(hub: RunningHub, node: ScriptedNode) -> None:
    """The next request after `revoke` fails, whatever it carries, and the revocation stands in the hub's log."""
    delta = node.delta({"0001": {"a.txt": b"one"}})
    assert node.offer(delta.entry).status == 200
    hub.hub.desk.call("revoke", name="和平区", reason="设备报废")
    name, data = next(iter(delta.objects.items()))
    assert (node.put(name, data).status, node.offer(delta.entry).status) == (401, 401)
    reply = node.call("POST", messages.HELLO, node.hello_request())
    assert (reply.status, reply.problem.code) == (403, "revoked")
    # The command stands in the journal too, whose head is signed behind it at the first act of a day.
    (last,) = [one for one in log.walk(hub.hub.home.front.read(), hub.hub.home.hub_id) if one.kind is EntryKind.REVOKE]
    assert (last.kind, last.body[1], last.body[2], last.body[4]) == (EntryKind.REVOKE, node.log_id, 1, "设备报废")


def test_a_bearer_lives_an_hour(hub: RunningHub, node: ScriptedNode) -> None:
    """After an hour the bearer is worth nothing until the next greeting."""
    delta = node.delta({"0001": {"a.txt": b"one"}})
    hub.clock.skip += 3601
    assert node.offer(delta.entry).status == 401
    node.hello()
    assert node.offer(delta.entry).status == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic x", "Bearer " + "0" * 64])
def test_requests_without_a_bearer_are_refused(node: ScriptedNode, header: str) -> None:
    """Entries, need and objects are for bearers only."""
    for method, path in (("POST", messages.ENTRIES), ("POST", messages.NEED), ("POST", messages.HUB_ENTRIES), ("PATCH", messages.OBJECTS + "0" * 64)):
        assert node.call(method, path, b"", {"Authorization": header}).status == 401


def test_what_was_revoked_stays_revoked_over_a_restart(tmp_path: Path) -> None:
    """Revocation is committed before the command says so."""
    with running(tmp_path / "hub") as hub:
        node = hub.node()
        hub.hub.desk.call("revoke", name="和平区", reason="x")
    with running(tmp_path / "hub") as hub:
        hub.moved(node)
        assert node.call("POST", messages.HELLO, node.hello_request()).problem.code == "revoked"


def test_a_node_that_fell_behind_its_own_log_is_told_and_alarmed(hub: RunningHub, node: ScriptedNode) -> None:
    """A node restored from an old copy learns the hub's head of its log; the hub records an alarm, once, and forks nothing."""
    node.send(node.delta({"0001": {"a.txt": b"one"}}))
    node.hello()
    later = node.entries.pop()
    for _ in range(2):
        assert node.hello().head == later.head
    assert alarms(hub) == ["node-behind"]
    assert [e.kind for e in node.hub_entries[-1:]] == [EntryKind.ALARM]


def test_a_node_with_another_entry_at_the_head_is_alarmed(hub: RunningHub, node: ScriptedNode) -> None:
    """A head of the same number and another hash is told to people; the fork itself comes with the entry."""
    node.send(node.delta({"0001": {"a.txt": b"one"}}))
    other = Head(node.head.seq, bytes(32))
    node.hello()
    assert node.call("POST", messages.HELLO, node.hello_request(head=other)).status == 200
    assert alarms(hub) == ["node-differs"]


def test_receipts_come_once_and_in_order(hub: RunningHub, node: ScriptedNode) -> None:
    """Two receipts for each delta, numbered on from the cursor; asked again with an old cursor they come again, byte for byte."""
    for number in range(3):
        node.send(node.delta({f"000{number}": {"a.txt": b"%d" % number}}))
    hub.folded()
    first = node.call("POST", messages.HELLO, node.hello_request())
    greeting = Greeting.decode(first.body)
    assert (len(greeting.receipts), greeting.receipts_cursor) == (6, 6)
    node.nonce = greeting.nonce
    again = Greeting.decode(node.call("POST", messages.HELLO, node.hello_request()).body)
    assert again.receipts == greeting.receipts
    node.nonce = again.nonce
    node.cursor = 6
    assert node.hello().receipts == ()


def test_a_hub_restored_from_an_old_copy_takes_log_goods_and_receipts_again(tmp_path: Path) -> None:
    """It wants its own entries back, appends nothing meanwhile, tells the node by a cursor that falls back, takes the goods and receipts them anew."""
    path = tmp_path / "hub"
    with running(path) as hub:
        node = hub.node()
        node.send(node.delta({"0001": {"a.txt": b"one"}}))
        hub.folded()
        node.hello()
    shutil.copytree(path, tmp_path / "old")
    with running(path) as hub:
        hub.moved(node)
        node.hello()
        second = node.delta({"0002": {"b.txt": b"two"}})
        node.send(second)
        other = hub.node("河西区")
        hub.folded()
        node.hello()
        assert node.cursor == 4
    shutil.rmtree(path)
    shutil.move(tmp_path / "old", path)
    with running(path) as hub:
        hub.moved(node, other)
        node.nonce = bytes(16)
        greeting = node.hello()
        assert greeting.head == node.entries[1].head
        assert greeting.receipts_cursor == 2
        want = greeting.want_hub_from
        assert want == 2
        assert alarms(hub) == ["hub-behind", "receipts-behind"]
        stranger = hub.node(enrol=False)
        refused = stranger.call("POST", messages.ENROL, ScriptedNode(hub.address, "南开区").enrol_request(hub.token("南开区")))
        assert (refused.status, refused.problem.code) == (503, "hub-behind")
        lost = [e.signed for e in node.hub_entries if e.seq >= want]
        assert node.call("POST", messages.HUB_ENTRIES, messages.encode_entries(lost)).status == 200
        node.send(second)
        hub.folded()
        node.receipts.clear()
        node.hello()
        assert set(node.receipts_of(Grade.R1)) == set(node.receipts_of(Grade.R4)) == {2}
        # The other node was enrolled after the copy was taken: our own log, taken back, vouches for it without its token.
        assert other.call("POST", messages.HELLO, other.hello_request()).problem.code == "unknown-log"
        other.entries, keep = other.entries[:1], other.entries
        assert other.call("POST", messages.ENROL, messages.EnrolRequest(bytes(16), other.name, keep[0].signed).encode()).status == 200
        other.hello()
        assert {n["name"] for n in hub.hub.desk.call("nodes")["nodes"]} == {"和平区", "河西区"}
        assert hub.hub.desk.call("doctor", deep=True)["findings"] == []


def test_only_our_own_entries_are_taken_back(hub: RunningHub, node: ScriptedNode) -> None:
    """An entry that this hub did not sign is refused as its own."""
    forged = entries.make(
        node.key, log_id=node.hub.log_id, seq=node.hub_entries[-1].seq + 1, prev=node.hub_entries[-1].hash, kind=EntryKind.ALARM, body={1: "x", 2: "y"},
        wall=1, clock_state=entries.ClockState.RTC,
    )  # fmt: skip
    for entry in (forged, node.entries[0]):
        reply = node.call("POST", messages.HUB_ENTRIES, messages.encode_entries([entry.signed]))
        assert (reply.status, reply.problem.code) == (422, "entry-invalid")
    repeated = node.call("POST", messages.HUB_ENTRIES, messages.encode_entries([e.signed for e in node.hub_entries]))
    assert repeated.status == 200
