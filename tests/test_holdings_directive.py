"""Directives, releases and acknowledgements as bytes (format.md §17, §18)."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sync_material import HUB_KEY, WALL, digest

from crypto import cbor
from holdings import directive, directive_entry
from holdings.directive import DirectiveKind
from holdings.directive_entry import AckEntry, DirectiveEntry, ReleaseEntry, Result, Said, Subject
from holdings.directive_text import Word
from holdings.directive_verdict import Accepted, HandOver, Returned, ReturnedRecord, ReturnFault
from holdings.directive_wish import Notice
from holdings.errors import DirectiveUnreadable
from sync import entry as entries
from sync.entry import ZERO, ClockState, Entry, EntryKind

VECTORS = json.loads((Path(__file__).parent / "vectors" / "holdings_directive.json").read_text("utf-8"))
ID, RECORD = digest(b"log"), bytes(range(16))
WORD = Word("王敏", WALL)


def entry_of(kind: EntryKind, body: dict[int, Any]) -> Entry:
    """A signed entry with this body."""
    return entries.make(HUB_KEY, log_id=ID, seq=5, prev=ID, kind=kind, body=body, wall=WALL, clock_state=ClockState.NTP)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["what"]))
def test_vectors(vector: dict[str, Any]) -> None:
    """Frozen bodies decode to what they say and encode to the same bytes; every other one has its named error."""
    kind, plain = DirectiveKind(vector["kind"]), bytes.fromhex(vector["body"])
    if vector["outcome"] == "ok":
        body = directive.decode(kind, plain)
        assert repr(body) == vector["shown"]
        assert directive.kind_of(body) is kind
        assert directive.encode(body) == plain
    else:
        with pytest.raises(DirectiveUnreadable):
            directive.decode(kind, plain)


def test_every_kind_has_a_vector() -> None:
    """The closed table is proved whole: each kind has a frozen body."""
    assert {vector["kind"] for vector in VECTORS if vector["outcome"] == "ok"} == set(DirectiveKind)


def test_kinds_that_are_not_known() -> None:
    """A number outside the table, the reserved one too, is told apart from a known kind."""
    assert directive.known(1) is DirectiveKind.RETURNED
    assert [directive.known(number) for number in (0, 6, 11, 1 << 63)] == [None] * 4


SCALARS = st.integers(0, 70) | st.sampled_from([RECORD, ID, b"", "王敏", "TX-01", "", True, None, 1 << 62])
VALUES = (
    SCALARS
    | st.lists(SCALARS, max_size=3)
    | st.lists(st.lists(SCALARS, max_size=3) | st.dictionaries(st.integers(1, 5), SCALARS, max_size=4), max_size=3)
)


@pytest.mark.fuzz
@given(
    st.sampled_from([EntryKind.DIRECTIVE, EntryKind.RELEASE, EntryKind.ACK]),
    st.dictionaries(st.integers(1, 9), VALUES, max_size=8),
)
def test_hostile_entries_end_as_one_error(kind: EntryKind, body: dict[int, Any]) -> None:
    """Whatever an entry of these kinds says, it is read or DirectiveUnreadable is raised."""
    readers = {EntryKind.RELEASE: directive_entry.read_release, EntryKind.ACK: directive_entry.read_ack}
    with contextlib.suppress(DirectiveUnreadable):
        readers.get(kind, directive_entry.read_directive)(entry_of(kind, body))


@pytest.mark.fuzz
@given(st.sampled_from(DirectiveKind), st.dictionaries(st.integers(1, 9), VALUES, max_size=8))
def test_hostile_fields_end_as_one_error(kind: DirectiveKind, fields: dict[int, Any]) -> None:
    """Whatever the fields of a body hold, it is decoded or DirectiveUnreadable is raised; what is decoded is written again as it was."""
    with contextlib.suppress(DirectiveUnreadable):
        assert directive.decode(kind, directive.encode(directive.decode(kind, cbor.encode(fields)))) is not None


@pytest.mark.fuzz
@given(st.sampled_from(DirectiveKind), st.binary(max_size=200))
def test_hostile_bodies_end_as_one_error(kind: DirectiveKind, plain: bytes) -> None:
    """Whatever the bytes are, a body is decoded or DirectiveUnreadable is raised."""
    with contextlib.suppress(DirectiveUnreadable):
        directive.decode(kind, plain)


def test_what_is_too_long_for_an_entry_is_refused_at_writing() -> None:
    """Texts, lists and whole bodies beyond their bounds are never signed."""
    fault = ReturnFault("TX-01", tuple((n, n) for n in range(1, 65)), "注" * 400)
    records = tuple(ReturnedRecord(Subject(RECORD, 1), (fault,)) for _ in range(64))
    for body in (
        Returned(HandOver.REPORT, "批次", 1, "", WORD, records),
        Notice("题", "字" * 2_001, WORD),
        Notice("题", "a\x00", WORD),
    ):
        with pytest.raises(DirectiveUnreadable):
            directive.encode(body)


def test_the_largest_acceptance_and_release_fit_an_entry() -> None:
    """The bounds on records keep an entry, its sealed part included, below 16 KiB."""
    body = directive.encode(
        Accepted(HandOver.TRANSFER, "批" * 200, 999, WORD, (Subject(RECORD, 60_000, 60_000),) * 256, "注" * 400)
    )
    entry_of(EntryKind.DIRECTIVE, DirectiveEntry(ID, 1, ZERO, 2, critical=True, sealed=body + bytes(2_048)).to_map())
    said = directive_entry.encode_release_said(Said("由" * 400, "王敏", WALL, "批" * 200))
    entry_of(EntryKind.RELEASE, ReleaseEntry(ID, (Subject(RECORD, 60_000, 60_000),) * 400, said + bytes(512)).to_map())


def test_entries_come_back_as_written() -> None:
    """Directive, release and ack survive the entry, and what they say survives sealing's plain bytes."""
    told = DirectiveEntry(ID, 2, digest(b"before"), 77, critical=False, sealed=b"sealed", mark=RECORD)
    assert directive_entry.read_directive(entry_of(EntryKind.DIRECTIVE, told.to_map())) == told
    release = ReleaseEntry(ID, (Subject(RECORD, 2, 4),), b"sealed")
    assert directive_entry.read_release(entry_of(EntryKind.RELEASE, release.to_map())) == release
    for ack in (AckEntry(1, ID, Result.APPLIED), AckEntry(3, ID, Result.DECLINED, b"sealed")):
        assert directive_entry.read_ack(entry_of(EntryKind.ACK, ack.to_map())) == ack
    said = Said("理由", "王敏", WALL, "2026-03")
    assert directive_entry.decode_release_said(directive_entry.encode_release_said(said)) == said
    assert directive_entry.decode_ack_said(directive_entry.encode_ack_said(Said("理由", "王敏", WALL))) == Said(
        "理由", "王敏", WALL
    )


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (EntryKind.DIRECTIVE, {1: ID, 2: 0, 3: ZERO, 4: 1, 5: True, 6: b""}), (EntryKind.DIRECTIVE, {1: ID, 2: 1, 3: ID, 4: 1, 5: True, 6: b""}),
        (EntryKind.DIRECTIVE, {1: ID, 2: 2, 3: ZERO, 4: 1, 5: True, 6: b""}), (EntryKind.DIRECTIVE, {1: ID, 2: 1, 3: ZERO, 4: 1, 5: 1, 6: b""}),
        (EntryKind.RELEASE, {1: ID, 2: [], 3: b""}),
        (EntryKind.RELEASE, {1: ID, 2: [[RECORD, 0, 0]], 3: b""}), (EntryKind.RELEASE, {1: ID, 2: [[RECORD, 1]], 3: b""}),
        (EntryKind.ACK, {1: 1, 2: ID, 3: 9}), (EntryKind.ACK, {1: 1, 2: b"", 3: 1}), (EntryKind.DELTA, {}),
    ],
)  # fmt: skip
def test_malformed_entries(kind: EntryKind, body: dict[int, Any]) -> None:
    """A body that format.md does not allow is refused by its reader."""
    read = {EntryKind.RELEASE: directive_entry.read_release, EntryKind.ACK: directive_entry.read_ack}.get(
        kind, directive_entry.read_directive
    )
    with pytest.raises(DirectiveUnreadable):
        read(entry_of(kind, body))
    assert cbor.encode(body)
