"""Hostile bodies at the node port and on the operator's socket: refused with a code of format.md, never an error of our own, never a change."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hub_in_thread import RunningHub, running
from hypothesis import example, given
from hypothesis import strategies as st
from scripted_node import ScriptedNode

from crypto import cbor
from hub.conversation import Conversation
from hub.errors import HubError, Refused
from sync import log as logs
from sync import messages

CODES = {"malformed", "entry-invalid", "gap", "nonce", "signature", "wrong-hub", "unknown-log", "token-unknown", "token-used", "name-differs"}

WORDS = ["enrol", "revoke", "show", "search", "listed", "objects", "file", "database", "paper", "object", "manifests", "escrowed", "doctor"]
FIELDS = ["name", "ref", "query", "after", "limit", "position", "log_id", "reason"]


@dataclass
class Bench:
    """A hub with one node, and good bodies to spoil."""

    hub: RunningHub
    node: ScriptedNode
    good: dict[str, bytes]

    def heads(self) -> tuple[object, object]:
        """What must not change: the heads of both logs."""
        reading = self.hub.hub.home.front.read()
        return tuple(log.head for role in (1, 2) for log in logs.logs(reading, role))  # type: ignore[arg-type,return-value]

    def words(self) -> dict[str, Callable[[bytes], bytes]]:
        """The answers of the node port by word."""
        talk: Conversation = self.hub.hub.conversation
        log_id = self.node.log_id
        return {
            "enrol": self.hub.hub.enrolment.enrol,
            "hello": talk.hello,
            "entries": lambda body: talk.entries(log_id, body),
            "hub-entries": lambda body: talk.hub_entries(log_id, body),
            "need": lambda body: talk.need(log_id, body),
        }


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One hub for all examples: none of them may change it."""
    with running(tmp_path_factory.mktemp("fuzz") / "hub") as hub:
        node = hub.node()
        node.send(node.delta({"A": {"1.txt": b"1"}}))
        hub.folded()
        waiting = node.delta({"B": {"1.txt": b"2"}})
        stranger = hub.node("河西区", enrol=False)
        good = {
            "enrol": stranger.enrol_request(hub.token("河西区")),
            "hello": node.hello_request(head=node.entries[1].head),
            "entries": messages.encode_entries([waiting.entry.signed]),
            "hub-entries": messages.encode_entries([e.signed for e in node.hub_entries]),
            "need": messages.encode_need_request(1, 1),
        }
        yield Bench(hub, node, good)


def refused(answer: Callable[[bytes], bytes], body: bytes) -> bool:
    """Was it refused with one of our codes? Anything else but an answer is a fault of ours and passes through."""
    try:
        answer(body)
    except Refused as fault:
        said = fault
    else:
        return False
    assert said.problem.code in CODES
    assert said.problem.message
    assert 400 <= said.status < 500
    return True


@pytest.mark.fuzz
@given(word=st.sampled_from(["enrol", "hello", "entries", "hub-entries", "need"]), body=st.binary(max_size=300))
def test_random_bytes_are_refused(bench: Bench, word: str, body: bytes) -> None:
    """No random bytes are an answer's worth."""
    before = bench.heads()
    assert refused(bench.words()[word], body) or word == "need"
    assert bench.heads() == before


@pytest.mark.fuzz
@given(
    word=st.sampled_from(["enrol", "hello", "entries", "hub-entries"]), at=st.integers(0, 5_000), bit=st.integers(0, 7), cut=st.booleans()
)
def test_one_spoiled_bit_or_a_cut_is_refused(bench: Bench, word: str, at: int, bit: int, cut: bool) -> None:
    """Signed bodies with one bit changed, or cut short, change nothing and are refused."""
    good = bench.good[word]
    at %= len(good)
    spoiled = good[:at] if cut else good[:at] + bytes([good[at] ^ 1 << bit]) + good[at + 1 :]
    before = bench.heads()
    assert refused(bench.words()[word], spoiled)
    assert bench.heads() == before


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 70), inner, max_size=5),
    max_leaves=12,
)


@pytest.mark.fuzz
@given(word=st.sampled_from(["enrol", "hello", "entries", "hub-entries", "need"]), value=_VALUES)
def test_well_formed_bodies_of_other_shapes_are_refused(bench: Bench, word: str, value: object) -> None:
    """Deterministic CBOR that says something else."""
    before = bench.heads()
    assert refused(bench.words()[word], cbor.encode(value)) or word == "need"
    assert bench.heads() == before


@pytest.mark.fuzz
@given(
    word=st.text(max_size=12) | st.sampled_from(WORDS),
    wishes=st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=8) | st.integers() | st.none(), max_size=3),
)
@example(word="object", wishes={"name": ""})
@example(word="object", wishes={"name": "00" * 32})
@example(word="escrowed", wishes={"name": "00" * 32})
def test_the_socket_answers_odd_wishes_with_an_error(bench: Bench, word: str, wishes: dict[str, object]) -> None:
    """An operator's program of another version gets an error with an exit code, not a broken connection."""
    for use in (bench.hub.hub.desk.call, lambda *a, **k: list(bench.hub.hub.desk.stream(*a, **k))):
        try:
            json.dumps(use(word, **wishes), default=repr)
        except HubError as fault:
            said = fault
        else:
            continue
        assert str(said)
        assert said.exit_code in {1, 2, 3, 4}


def test_the_bench_is_good(bench: Bench, tmp_path: Path) -> None:
    """The bodies that the others spoil are accepted as they are (run last: they change things)."""
    for word in ("need", "hub-entries", "entries", "hello", "enrol"):
        assert bench.words()[word](bench.good[word])
