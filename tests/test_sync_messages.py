"""Messages between node and hub: round trips, bounds, bitmaps (format.md §11)."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sync_material import HUB_KEY, NODE_KEY, REPORT, STRANGER, WALL, chain, digest, identifiers, mutated, numbers

from crypto import cbor, signing
from crypto.errors import BadFormat
from sync import limits, messages
from sync.entry import ClockState, Head
from sync.errors import BadObject
from sync.limits import Limits
from sync.messages import EnrolRequest, Greeting, Hello, Problem
from sync.state_report import LastTalk, PlannedOutage, StateReport

HELLO = Hello(digest(b"log"), Head(7, digest(b"head")), 3, Head(2, digest(b"hub")), REPORT, digest(b"hub id"), digest(b"tls"), bytes(16))
GREETING = Greeting(Head(7, digest(b"head")), Limits(), (b"receipt",), (b"entry", b"entry"), bytes(16), "bearer", 4, more=False, wall=WALL, want_hub_from=9)
ENROL = EnrolRequest(bytes(16), "和平区", b"genesis")
PROBLEM = Problem("busy", "正忙", "请稍后再试", {1: 2})

heads = st.builds(Head, numbers, identifiers)
reports = st.builds(
    StateReport, st.text(max_size=64), numbers, numbers, numbers, numbers, numbers, numbers, st.sampled_from(REPORT.clock_state.__class__),
    numbers, numbers, st.none() | numbers, st.none() | numbers,
    st.none() | st.builds(LastTalk, numbers, numbers, numbers, numbers, numbers, st.booleans()), st.none() | st.tuples(numbers, numbers), st.booleans(),
    st.none() | numbers, st.none() | numbers, st.none() | numbers, st.none() | numbers,
    st.lists(st.builds(lambda at, span: PlannedOutage(at, at + span, "停电", "李四"), st.integers(0, 1 << 40), st.integers(1, 60 * 86_400)), max_size=8).map(tuple),
)  # fmt: skip
greetings = st.builds(
    Greeting, st.none() | heads, st.builds(Limits, st.integers(1, 1 << 40), st.integers(1, 64), st.integers(1 << 16, 32 << 20), numbers,
    numbers, st.integers(1, 64)), st.lists(st.binary(max_size=20), max_size=4).map(tuple),
    st.lists(st.binary(max_size=20), max_size=4).map(tuple), st.binary(min_size=16, max_size=16),
    st.text(st.characters(codec="ascii"), max_size=256), numbers, st.booleans(), numbers, st.none() | numbers,
)  # fmt: skip
hellos = st.builds(
    Hello, identifiers, heads, numbers, heads, reports, identifiers, identifiers, st.just(b"") | st.binary(min_size=16, max_size=16)
)


@given(hellos)
def test_hello_round_trip(hello: Hello) -> None:
    """A greeting is read as it was signed, before and after its signature is checked; another key is refused."""
    signed = messages.sign_hello(NODE_KEY, hello)
    assert messages.read_hello(signed) == hello
    messages.verify_hello(NODE_KEY.public, signed)
    for broken, key in ((signed, STRANGER), (signed[:-1] + bytes([signed[-1] ^ 1]), NODE_KEY)):
        with pytest.raises(BadObject):
            messages.verify_hello(key.public, broken)


def test_a_report_of_an_older_and_of_a_newer_program() -> None:
    """A report without the later keys is read, keys below 64 that are not known are passed over; a figure of 2^63 is refused."""
    old = {1: "jindang 0.1.0", **dict.fromkeys(range(2, 11), 1)}
    assert StateReport.from_map(old) == StateReport("jindang 0.1.0", 1, 1, 1, 1, 1, 1, ClockState.RTC, 1, 1)
    assert StateReport.from_map({**old, 11: 5, 40: "x"}).pending_pages == 5
    good = [5, 9, "停电", "李四"]
    assert StateReport.from_map({**old, 20: [good] * 8}).outages[7] == PlannedOutage(5, 9, "停电", "李四")
    bad = [
        (good, 0), (good, 9), ([9, 5, "x", "y"], 1), ([5, 5 + (61 * 86_400), "x", "y"], 1), ([5, 9, "", "y"], 1), ([5, 9, "x\n", "y"], 1),
        ([5, 9, "x" * 201, "y"], 1), ([5, 9, "x", "y" * 65], 1), ([(1 << 63) - 1, 1 << 63, "x", "y"], 1), ([5, 9], 1),
    ]  # fmt: skip
    planned = [{**old, 20: [one] * many} for one, many in bad]
    for wrong in ({**old, 3: 1 << 63}, {**old, 14: [1]}, {**old, 13: [1, 2, 3, 4, 5, -1]}, {**old, 19: 1}, {**old, 64: 1}, *planned):
        with pytest.raises((BadFormat, ValueError)):
            StateReport.from_map(wrong)


@given(identifiers)
def test_knock_round_trip(log_id: bytes) -> None:
    """A knock names a log and nothing else; other bytes are refused."""
    knock = messages.encode_knock(log_id)
    assert messages.decode_knock(knock) == log_id
    for wrong in (knock[:-1], knock + b"x", bytes(messages.KNOCK_BYTES + 1), b""):
        with pytest.raises(BadObject):
            messages.decode_knock(wrong)


def test_a_hello_is_no_entry() -> None:
    """A signed entry is no greeting, whatever its key."""
    with pytest.raises(BadObject):
        messages.read_hello(chain(2)[1].signed)
    with pytest.raises(BadObject):
        messages.verify_hello(NODE_KEY.public, chain(2)[1].signed)


@given(greetings)
def test_greeting_round_trip(greeting: Greeting) -> None:
    """A hub's answer is decoded as it was, with and without a head."""
    assert Greeting.decode(greeting.encode()) == greeting


@given(st.binary(min_size=16, max_size=16), st.text(max_size=50), st.binary(max_size=200))
def test_enrol_round_trip(secret: bytes, name: str, genesis: bytes) -> None:
    """An enrolment request is decoded as it was."""
    request = EnrolRequest(secret, name, genesis)
    assert EnrolRequest.decode(request.encode()) == request


@given(st.text(max_size=64), st.text(max_size=200), st.text(max_size=200), st.none() | numbers | st.binary(max_size=16))
def test_problem_round_trip(code: str, message: str, remedy: str, detail: object) -> None:
    """An error answer is decoded as it was."""
    problem = Problem(code, message, remedy, detail)
    assert Problem.decode(problem.encode()) == problem


@given(heads, st.lists(st.binary(max_size=30), min_size=1, max_size=64), st.integers(0, 1 << 40), st.integers(0, 63))
def test_small_messages_round_trip(head: Head, entries: list[bytes], first: int, more: int) -> None:
    """Heads, lists of entries and questions for objects are decoded as they were."""
    assert messages.decode_head(messages.encode_head(head)) == head
    assert messages.decode_entries(messages.encode_entries(entries)) == entries
    assert messages.decode_enrolled(messages.encode_enrolled(entries)) == entries
    assert messages.decode_need_request(messages.encode_need_request(first, first + more)) == (first, first + more)


@given(st.lists(st.booleans(), max_size=70), st.data())
def test_bitmaps_round_trip(missing: list[bool], data: st.DataObject) -> None:
    """Any pattern of missing objects comes back with the durable offsets."""
    indices = st.integers(0, max(0, len(missing) - 1))
    partial = data.draw(st.dictionaries(indices, numbers, max_size=5)) if missing else {}
    body = messages.encode_need(missing, sorted(partial.items()))
    wanted = [index for index, one in enumerate(missing) if one]
    assert messages.decode_need(body, len(missing)) == (wanted, partial)


def test_bits_stand_as_the_format_says() -> None:
    """Bit i is the most significant first; a bitmap has ceil(n / 8) bytes."""
    assert messages.encode_need([True], []) == cbor.encode({1: b"\x80", 2: []})
    assert messages.encode_need([False] * 8 + [True], []) == cbor.encode({1: b"\x00\x80", 2: []})
    assert messages.encode_need([True] * 8, []) == cbor.encode({1: b"\xff", 2: []})
    assert messages.encode_need([], []) == cbor.encode({1: b"", 2: []})


@pytest.mark.parametrize(
    ("answer", "count"),
    [({1: b"", 2: []}, 1), ({1: b"\x80", 2: []}, 0), ({1: b"\x80", 2: []}, 9), ({1: b"\x80\0", 2: []}, 8), ({1: b"\x80", 2: [[0]]}, 1),
     ({1: b"\x80", 2: [[0, -1]]}, 1), ({1: b"\x80", 2: [[1, 4096]]}, 1), ({1: b"\x80", 2: [["0", 1]]}, 1), ({1: b"\x40", 2: []}, 1),
     ({1: b"\x80"}, 1), ({2: []}, 0), ({1: "", 2: []}, 0), ({1: b"\x80", 2: [[0, 1], [0, 2]]}, 1), ({1: b"\x80", 2: 1}, 1)],
)  # fmt: skip
def test_bad_bitmaps_are_refused(answer: dict[int, Any], count: int) -> None:
    """A bitmap of another length, with bits or offsets beyond the objects asked about, or twice the same index is refused."""
    with pytest.raises(BadObject):
        messages.decode_need(cbor.encode(answer), count)


Decode = Callable[[bytes], object]


def map_of(data: bytes) -> dict[int, Any]:
    """Return a message's map."""
    found: dict[int, Any] = cbor.decode(data, limit=1 << 20)
    return found


CHANGES: list[tuple[Decode, bytes, dict[int, Any]]] = [
    *((Greeting.decode, GREETING.encode(), change) for change in (
        {1: 2}, {2: []}, {2: [1, bytes(31)]}, {2: [-1, bytes(32)]}, {3: {}}, {3: {**Limits().to_map(), 2: 0}}, {4: [1]}, {4: [b""] * 257},
        {5: [b""] * 257}, {5: b""}, {6: bytes(15)}, {7: "档"}, {7: "x" * 257}, {8: -1}, {9: 1}, {10: None}, {11: "1"}, {64: 1})),
    *((EnrolRequest.decode, ENROL.encode(), change) for change in ({1: bytes(15)}, {2: b"x"}, {3: ""}, {3: None}, {64: 0})),
    *((Problem.decode, PROBLEM.encode(), change) for change in ({1: 1}, {2: None}, {3: b""}, {4: "text"}, {4: -1}, {64: 0})),
    *((messages.decode_need_request, messages.encode_need_request(1, 64), change) for change in (
        {1: -1}, {1: 65}, {2: 65}, {2: None}, {1: "1"}, {2: 1 << 63})),
    *((messages.decode_head, messages.encode_head(HELLO.head), change) for change in ({1: []}, {1: [1]}, {1: [-1, bytes(32)]}, {1: None})),
    *((messages.decode_enrolled, messages.encode_enrolled([b"a"]), change) for change in ({1: []}, {1: [1]}, {1: [b""] * 257}, {1: b""})),
]  # fmt: skip


@pytest.mark.parametrize(("decode", "good", "change"), CHANGES, ids=range(len(CHANGES)))
def test_every_field_is_checked(decode: Decode, good: bytes, change: dict[int, Any]) -> None:
    """A field of another type, length or range refuses the message; the unchanged one passes."""
    decode(good)
    fields = {key: value for key, value in {**map_of(good), **change}.items() if value is not None}
    with pytest.raises(BadObject):
        decode(cbor.encode(fields))


@pytest.mark.parametrize(
    "change",
    [{1: 2}, {2: bytes(31)}, {3: [0]}, {3: [-1, bytes(32)]}, {4: -1}, {5: []}, {6: {}}, {6: {**REPORT.to_map(), 8: 9}},
     {6: {**REPORT.to_map(), 2: -1}}, {7: bytes(31)}, {8: bytes(33)}, {9: bytes(15)}, {9: bytes(17)}, {64: 0}],
)  # fmt: skip
def test_every_field_of_a_hello_is_checked(change: dict[int, Any]) -> None:
    """A greeting with a field out of order is refused before any key is looked up."""
    parsed = signing.parse_unverified(messages.HELLO_KIND, messages.sign_hello(NODE_KEY, HELLO))
    with pytest.raises(BadObject):
        messages.read_hello(signing.sign(NODE_KEY, messages.HELLO_KIND, cbor.encode({**map_of(parsed.payload), **change})))


def test_sizes_are_bounded() -> None:
    """64 entries and 1 MiB are the most of an entries request; larger bodies are refused unread."""
    messages.decode_entries(messages.encode_entries([b"x"] * 64))
    for bad in ([], [b"x"] * 65, [bytes(limits.ENTRIES_REQUEST_BYTES)]):
        with pytest.raises(BadObject):
            messages.decode_entries(messages.encode_entries(bad))
    with pytest.raises(BadObject):
        EnrolRequest.decode(replace(ENROL, genesis=bytes(limits.REQUEST_BYTES)).encode())
    with pytest.raises(BadObject):
        messages.read_hello(bytes(limits.REQUEST_BYTES + 1))
    long = Problem.decode(Problem("c" * 100, "m" * 2000, "r" * 2000).encode())
    assert (len(long.code), len(long.message), len(long.remedy)) == (64, 1000, 1000)


GOOD_BYTES: list[tuple[Decode, Callable[[Any], bytes], bytes]] = [
    (messages.read_hello, lambda found: messages.sign_hello(NODE_KEY, found), messages.sign_hello(NODE_KEY, HELLO)),
    (Greeting.decode, Greeting.encode, GREETING.encode()),
    (EnrolRequest.decode, EnrolRequest.encode, ENROL.encode()),
    (Problem.decode, Problem.encode, PROBLEM.encode()),
    (messages.decode_entries, messages.encode_entries, messages.encode_entries([b"a", b"bc"])),
    (messages.decode_enrolled, messages.encode_enrolled, messages.encode_enrolled([b"a"])),
    (messages.decode_head, messages.encode_head, messages.encode_head(HELLO.head)),
    (messages.decode_need_request, lambda pair: messages.encode_need_request(*pair), messages.encode_need_request(3, 9)),
    (lambda data: messages.decode_need(data, 9), lambda found: messages.encode_need(
        [index in found[0] for index in range(9)], list(found[1].items())), messages.encode_need([True, False, True] * 3, [(1, 4096)])),
]  # fmt: skip


@pytest.mark.fuzz
@given(st.sampled_from(GOOD_BYTES).flatmap(lambda row: st.tuples(st.just(row), st.binary(max_size=60) | mutated(row[2]))))
def test_any_body_is_decoded_or_refused(drawn: tuple[tuple[Decode, Callable[[Any], bytes], bytes], bytes]) -> None:
    """Arbitrary and changed bodies raise BadObject alone; what decodes encodes to what decodes to the same."""
    (decode, encode, _), data = drawn
    try:
        found = decode(data)
    except BadObject:
        return
    assert decode(encode(found)) == found


def test_hub_and_node_keys_differ() -> None:
    """A hub's key does not pass for a node's."""
    with pytest.raises(BadObject):
        messages.verify_hello(HUB_KEY.public, messages.sign_hello(NODE_KEY, HELLO))
