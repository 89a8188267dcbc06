"""Objects coming in (format.md §11.5): resumed, checked from the device, refused when nothing names them, receipted when the last one is durable."""

import http.client
import os
import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hub_in_thread import RunningHub, running
from hub_uploads import offered, refusal
from scripted_node import ScriptedNode

from hub.config import HubConfig
from hub.inlet import BUFFER_BYTES, CROWDED_BYTES, FEW_BYTES, next_piece
from sync import messages
from sync.receipt import Grade

MIB = 1 << 20


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    """A running hub."""
    with running(tmp_path / "hub") as made:
        yield made


@pytest.fixture
def node(hub: RunningHub) -> ScriptedNode:
    """An enrolled node that has greeted once."""
    return hub.node()


def is_cut(connection: ssl.SSLSocket) -> bool:
    """Has the hub ended this connection without an answer of 200?"""
    try:
        return not connection.recv(4096).startswith(b"HTTP/1.1 200")
    except OSError:
        return True


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01\x02\x00\x01"])
def test_a_hub_ends_while_somebody_has_not_shaken_hands(tmp_path: Path, said: bytes) -> None:
    """Nobody is waited for, and nothing is left behind that pytest would hear of."""
    with running(tmp_path / "hub") as hub:
        hub.node().hello()
        line = socket.create_connection(hub.address)
        line.sendall(said)
        hub.node("河西区").hello()  # so that the hub has taken the other connection, which came first
    line.close()


def test_the_last_object_of_a_delta_brings_its_receipt(hub: RunningHub, node: ScriptedNode) -> None:
    """R1 is committed before the answer to the last object, not earlier, and counts every object and byte of the delta."""
    delta, _ = offered(node, 5_000, 3 * MIB, 0)
    for name, data in delta.objects.items():
        node.hello()
        assert node.receipts_of(Grade.R1) == {}
        assert node.put(name, data).headers[messages.UPLOAD_COMPLETE] == "?1"
    node.hello()
    (receipt,) = node.receipts_of(Grade.R1).values()
    assert (receipt.entry, receipt.objects, receipt.bytes, receipt.stores) == (delta.entry.head, 3, sum(map(len, delta.objects.values())), 1)
    for name, data in delta.objects.items():
        path = hub.path / "objects" / name.hex()[:2] / name.hex()
        assert path.read_bytes() == data
    assert list((hub.path / "uploads").iterdir()) == []


def test_an_object_that_is_here_is_answered_at_once(node: ScriptedNode) -> None:
    """Sent again, whole or from its end, it is complete; nothing is stored twice."""
    _, ((name, data),) = offered(node, 100_000)
    node.put(name, data)
    for again in (node.put(name, data), node.put(name, b"", offset=len(data))):
        assert (again.status, again.headers[messages.UPLOAD_COMPLETE], again.headers[messages.UPLOAD_OFFSET]) == (200, "?1", str(len(data)))
    assert node.offset_of(name) == len(data)


@pytest.mark.parametrize("cut", [1, 4095, 4096, 4097, MIB, MIB + 5, 2 * MIB])
def test_a_cut_upload_goes_on_from_its_durable_offset(node: ScriptedNode, cut: int) -> None:
    """A connection that breaks leaves whole blocks durable; the rest alone is sent again."""
    _, ((name, data),) = offered(node, 2 * MIB + 77)
    connection = node.begin_put(name, len(data), data[:cut])
    connection.close()
    offset = node.offset_of(name)
    assert offset <= cut and offset % 4096 == 0
    # The cut request may come to an end meanwhile, or be looked at after these: the second always ends the first, and there are but two.
    while True:
        try:
            reply = node.put(name, data[offset:], offset=offset)
        except (ConnectionError, ssl.SSLEOFError, http.client.HTTPException):
            offset = node.offset_of(name)
            continue
        if reply.status != 409:
            break
        assert (reply.problem.code, reply.headers[messages.UPLOAD_OFFSET]) == ("offset", str(reply.problem.detail))
        assert isinstance(reply.problem.detail, int)
        offset = reply.problem.detail
    assert (reply.status, reply.headers[messages.UPLOAD_COMPLETE]) == (200, "?1")


def test_a_wrong_offset_is_told_the_right_one(node: ScriptedNode) -> None:
    """Neither a hole nor an overwriting: 409 with the durable offset, in header and body."""
    _, ((name, data),) = offered(node, 2 * MIB)
    assert node.put(name, data[:MIB], length=len(data)).headers[messages.UPLOAD_OFFSET] == str(MIB)
    for offset in (0, 4096, MIB + 4096):
        reply = node.put(name, data[offset:], offset=offset)
        assert refusal(reply) == (409, "offset")
        assert (reply.problem.detail, reply.headers[messages.UPLOAD_OFFSET]) == (MIB, str(MIB))
    assert node.put(name, data[MIB:], offset=MIB).status == 200


def test_bytes_that_are_not_the_object_are_discarded(node: ScriptedNode) -> None:
    """The right length with other bytes is found out by re-reading; afterwards the object is wanted from 0, and there is no receipt."""
    delta, ((name, data),) = offered(node, MIB)
    node.put(*next(iter(delta.objects.items())))
    assert refusal(node.put(name, data[:-1] + bytes([data[-1] ^ 1]))) == (422, "digest-differs")
    node.hello()
    assert node.receipts == []
    assert node.offset_of(name) == 0
    assert node.put(name, data).status == 200
    node.hello()
    assert set(node.receipts_of(Grade.R1)) == {1}


def test_a_byte_that_rots_in_the_staging_file_is_found_by_re_reading(hub: RunningHub, node: ScriptedNode) -> None:
    """What is hashed is what the device gives back: a byte changed on disk between two requests never gets an object's name."""
    _, ((name, data),) = offered(node, 3 * MIB)
    node.put(name, data[: 2 * MIB], length=len(data))
    staged = hub.path / "uploads" / name.hex()
    with open(staged, "r+b") as file:
        file.seek(5_000)
        byte = file.read(1)
        file.seek(5_000)
        file.write(bytes([byte[0] ^ 0x40]))
        file.flush()
        os.fsync(file.fileno())
    assert refusal(node.put(name, data[2 * MIB :], offset=2 * MIB)) == (422, "digest-differs")
    assert not staged.exists()
    assert node.put(name, data).status == 200


def test_objects_that_no_accepted_entry_names_are_refused(hub: RunningHub, node: ScriptedNode) -> None:
    """Neither unheard-of objects nor those of another node's log."""
    _, ((name, data),) = offered(node, 1_000)
    other = hub.node("河西区")
    assert refusal(node.put(os.urandom(32), b"x")) == (404, "not-named")
    assert refusal(other.put(name, data)) == (404, "not-named")
    assert refusal(node.call("PATCH", messages.OBJECTS + name.hex().upper(), data)) == (404, "not-named")
    assert node.put(name, data).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({messages.UPLOAD_OFFSET: "0", messages.UPLOAD_LENGTH: "999999999"}, 413),
        ({messages.UPLOAD_OFFSET: "0", messages.UPLOAD_LENGTH: "5"}, 413),
        ({messages.UPLOAD_OFFSET: "99999999", messages.UPLOAD_LENGTH: "LENGTH"}, 413),
        ({messages.UPLOAD_OFFSET: "1", messages.UPLOAD_LENGTH: "LENGTH"}, 413),
        ({messages.UPLOAD_OFFSET: "-1", messages.UPLOAD_LENGTH: "LENGTH"}, 422),
        ({messages.UPLOAD_OFFSET: "０", messages.UPLOAD_LENGTH: "LENGTH"}, 422),
        ({messages.UPLOAD_OFFSET: "9" * 40, messages.UPLOAD_LENGTH: "LENGTH"}, 422),
        ({messages.UPLOAD_LENGTH: "LENGTH"}, 422),
        ({messages.UPLOAD_OFFSET: "0"}, 422),
    ],
)
def test_lengths_and_offsets_that_do_not_fit_are_refused(node: ScriptedNode, headers: dict[str, str], status: int) -> None:
    """The entry's length counts; headers that are missing, no numbers, or say something else are refused before a byte is stored."""
    _, ((name, data),) = offered(node, 1_000)
    sent = {key: value.replace("LENGTH", str(len(data))).encode().decode("latin-1") for key, value in headers.items()}
    assert node.call("PATCH", messages.OBJECTS + name.hex(), data, sent).status == status
    assert node.put(name, data).status == 200


def test_a_body_of_no_announced_length_is_refused(node: ScriptedNode) -> None:
    """Chunked bodies have no length to check beforehand: they are not taken."""
    _, ((name, data),) = offered(node, 1_000)
    headers = {messages.UPLOAD_OFFSET: "0", messages.UPLOAD_LENGTH: str(len(data)), "Transfer-Encoding": "chunked"}
    chunks = [data, b"more"]
    body = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks) + b"0\r\n\r\n"
    assert node.call("PATCH", messages.OBJECTS + name.hex(), body, headers).status == 411
    assert node.put(name, data).status == 200


def test_a_new_request_for_an_object_ends_the_stale_one(hub: RunningHub, node: ScriptedNode) -> None:
    """A node that fell comes back over a new connection: the old one ends, what it brought counts, no byte is mixed in."""
    _, ((name, data),) = offered(node, 3 * MIB)
    stale = node.begin_put(name, len(data), data[: 2 * MIB])
    while node.offset_of(name) < MIB:
        pass
    reply = node.put(name, data)
    assert refusal(reply) == (409, "offset")
    durable = reply.problem.detail
    assert isinstance(durable, int)
    assert MIB <= durable <= 2 * MIB
    assert is_cut(stale)
    stale.close()
    assert node.put(name, data[durable:], offset=durable).status == 200


def test_one_node_has_so_many_uploads_and_no_more(tmp_path: Path) -> None:
    """Beyond its connections a node is told to wait (429), another node is not; a connection that has gone silent makes room."""
    config = HubConfig("市", listen="127.0.0.1:0", unlock="keyfile", min_free_gib=0.0, connections=1)
    with running(tmp_path / "hub", config=config) as hub:
        node, other = hub.node(), hub.node("河西区")
        _, ((first, one), (second, two)) = offered(node, 2 * MIB, MIB)
        _, ((third, three),) = offered(other, MIB)
        silent = node.begin_put(first, len(one), one[:MIB])
        while node.offset_of(first) < MIB:
            pass
        reply = node.put(second, two)
        assert refusal(reply) == (429, "busy")
        assert reply.headers["Retry-After"]
        assert other.put(third, three).status == 200
        hub.clock.skip += 6
        assert node.put(second, two).status == 200
        assert is_cut(silent)
        silent.close()


def test_bytes_in_flight_are_bounded(tmp_path: Path) -> None:
    """Two uploads that together exceed the bound: the second waits, though connections are left."""
    config = HubConfig("市", listen="127.0.0.1:0", unlock="keyfile", min_free_gib=0.0, inflight_mib=2, pack_target_mib=1)
    with running(tmp_path / "hub", config=config) as hub:
        node = hub.node()
        _, ((first, one), (second, two)) = offered(node, 3 * MIB // 2, MIB)
        running_one = node.begin_put(first, len(one), one[:MIB])
        while node.offset_of(first) < MIB:
            pass
        assert refusal(node.put(second, two)) == (429, "busy")
        running_one.sendall(one[MIB:])
        assert running_one.recv(64).startswith(b"HTTP/1.1 200")
        running_one.close()
        assert node.put(second, two).status == 200


def test_revocation_ends_running_uploads(hub: RunningHub, node: ScriptedNode) -> None:
    """Not only the next request: what is under way ends too."""
    _, ((name, data),) = offered(node, 2 * MIB)
    under_way = node.begin_put(name, len(data), data[:MIB])
    while node.offset_of(name) < MIB:
        pass
    hub.hub.desk.call("revoke", name="和平区", reason="x")
    assert is_cut(under_way)
    under_way.close()


def test_a_hub_that_ends_does_not_wait_for_slow_senders(hub: RunningHub, node: ScriptedNode) -> None:
    """Uploads that stand still are cut at once and keep what was durable; the next hub takes the rest."""
    _, packs = offered(node, 2 * MIB, 3 * MIB)
    slow = [node.begin_put(name, len(data), data[:MIB]) for name, data in packs]
    for name, _ in packs:
        while node.offset_of(name) < MIB:
            pass
    began = time.monotonic()
    hub.stop()
    assert time.monotonic() - began < 3.0
    assert all(is_cut(one) for one in slow)
    for one in slow:
        one.close()
    hub.start()
    hub.moved(node)
    node.hello()
    for name, data in packs:
        assert node.offset_of(name) == MIB
        assert node.put(name, data[MIB:], offset=MIB).headers[messages.UPLOAD_COMPLETE] == "?1"


def test_what_a_crash_left_between_name_and_row_is_taken_in(tmp_path: Path) -> None:
    """An object that has its name and no row: at the next start it is re-read and counts; the receipt comes without a byte being sent again."""
    path = tmp_path / "hub"
    with running(path) as hub:
        node = hub.node()
        delta, _ = offered(node, 5_000)
    for name, data in delta.objects.items():
        (path / "objects" / name.hex()[:2] / name.hex()).write_bytes(data)
    with running(path) as hub:
        hub.moved(node)
        node.hello()
        assert set(node.receipts_of(Grade.R1)) == {1}
        assert node.need(1, 1, 2) == ([], {})


def test_what_lies_in_the_store_is_reported_and_taken_without_sending(hub: RunningHub, node: ScriptedNode) -> None:
    """A whole object without a row, met while running: need reports its full length, an empty upload has it looked at; a rotten one is wanted from 0."""
    delta = node.delta({"0001": {"a": b"a" * 5_000, "b": b"b" * 9_000}})
    objects = list(delta.objects.items())
    for number, (name, data) in enumerate(objects[1:]):
        (hub.path / "objects" / name.hex()[:2] / name.hex()).write_bytes(data if number == 0 else bytes(len(data)))
    assert node.offer(delta.entry).status == 200
    assert node.need(1, 1, 3) == ([0, 1, 2], {1: len(objects[1][1]), 2: len(objects[2][1])})
    assert node.put(objects[1][0], b"", offset=len(objects[1][1])).status == 200
    assert refusal(node.put(objects[2][0], b"", offset=len(objects[2][1]))) == (409, "offset")
    node.put(*objects[2])
    node.put(*objects[0])
    node.hello()
    assert set(node.receipts_of(Grade.R1)) == {1}


@pytest.mark.parametrize("size", [0, 1, 4_000, MIB - 33, MIB - 32, MIB - 31, 2 * MIB, 5 * MIB + 3, 9 * MIB])
def test_objects_of_any_size_follow_each_other_on_one_connection(hub: RunningHub, node: ScriptedNode, size: int) -> None:
    """Whatever the size, every byte arrives, and the connection serves the next request: nothing of the body is left in it."""
    _, packs = offered(node, size, 10, size + 1)
    first = node._connection
    for name, data in packs:
        assert node.put(name, data).headers[messages.UPLOAD_COMPLETE] == "?1"
        assert (hub.path / "objects" / name.hex()[:2] / name.hex()).read_bytes() == data
        assert node.offset_of(name) == len(data)
    assert node._connection is first


@pytest.mark.parametrize(
    ("size", "piece", "seconds", "following"),
    [
        (FEW_BYTES, BUFFER_BYTES, 0.0, FEW_BYTES),
        (FEW_BYTES, BUFFER_BYTES, 0.1, FEW_BYTES),
        (FEW_BYTES, BUFFER_BYTES, 0.11, BUFFER_BYTES),
        (FEW_BYTES, FEW_BYTES, 0.4, FEW_BYTES),
        (FEW_BYTES, FEW_BYTES, 0.41, BUFFER_BYTES),
        (BUFFER_BYTES, BUFFER_BYTES, 0.0, BUFFER_BYTES),
        (CROWDED_BYTES, CROWDED_BYTES, 9.0, CROWDED_BYTES),
    ],
)
def test_pieces_are_large_on_quick_lines_alone(size: int, piece: int, seconds: float, following: int) -> None:
    """Below 10 MiB/s a piece is 1 MiB at most: no more than that is lost with a sender who falls silent."""
    assert next_piece(size, piece, seconds) == following


def test_a_body_that_trickles_in_is_taken_whole(hub: RunningHub, node: ScriptedNode) -> None:
    """Head and body cut at odd places, into many small pieces: the same bytes as in one."""
    _, ((name, data),) = offered(node, 3 * MIB // 2)
    connection = node.begin_put(name, len(data), b"")
    view, step = memoryview(data), 1
    while view:
        connection.sendall(view[:step])
        view, step = view[step:], step * 3 % 50_021
    assert connection.recv(64).startswith(b"HTTP/1.1 200")
    connection.close()
    assert hub.hub.home.objects.digest(name) == name


def test_several_uploads_at_once_do_not_mix(hub: RunningHub, node: ScriptedNode) -> None:
    """Four threads, each with its connection: every object is its own."""
    _, packs = offered(node, *(MIB + n * 7_777 for n in range(12)))

    def send(share: list[tuple[bytes, bytes]]) -> list[int]:
        peer = hub.node("x", enrol=False)
        peer.bearer = node.bearer
        return [peer.put(name, data).status for name, data in share]

    with ThreadPoolExecutor(4) as pool:
        assert [s for part in pool.map(send, (packs[n::4] for n in range(4))) for s in part] == [200] * 12
    assert all(hub.hub.home.objects.digest(name) == name for name, _ in packs)
