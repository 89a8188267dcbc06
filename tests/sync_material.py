"""What the tests of sync are made of: fixed keys, logs, items, packs and receipts, and hypothesis strategies for them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from hypothesis import strategies as st

from crypto.digest import Algorithm
from crypto.identity import recipient_of
from crypto.signing import SigningKey
from sync import entry, limits
from sync.entry import ClockState, Entry, EntryKind, Head, Role
from sync.manifest import DeltaBody, Item, ItemKind, Manifest, Part, Segment, Transform
from sync.pack import PackBuffer
from sync.receipt import ExceptionCode, Grade, ItemException, Receipt
from sync.site_class import SiteClass
from sync.state_report import StateReport

NODE_KEY, HUB_KEY, STRANGER = (SigningKey(bytes([number]) * 32) for number in (1, 2, 3))
NODE_IDENTITY, VAULT_IDENTITY, OTHER_IDENTITY = (bytes([number]) * 32 for number in (4, 5, 6))
NODE, VAULT = recipient_of(NODE_IDENTITY), recipient_of(VAULT_IDENTITY)
SALT = bytes(range(32))
WALL = 1_700_000_000

identifiers = st.binary(min_size=32, max_size=32)
numbers = st.integers(0, (1 << 63) - 1)


def digest(data: bytes) -> bytes:
    """Return the SHA-256."""
    return hashlib.sha256(data).digest()


def hub_genesis() -> Entry:
    """Return the first entry of the hub's log."""
    return entry.make_genesis(
        HUB_KEY, role=Role.HUB, name="市档案馆", site_class=SiteClass.OPEN, recipient=VAULT, nonce=bytes(16), wall=WALL,
        tls_digests=[digest(b"certificate")], limits=limits.Limits().to_map(),
    )  # fmt: skip


def node_genesis(name: str = "和平区") -> Entry:
    """Return the first entry of the node's log."""
    return entry.make_genesis(
        NODE_KEY, role=Role.NODE, name=name, site_class=SiteClass.OPEN, recipient=NODE, nonce=bytes(16), wall=WALL,
        hub_id=hub_genesis().log_id,
    )  # fmt: skip


def next_entry(last: Entry, *, kind: EntryKind = EntryKind.DELTA, mark: int = 0, key: SigningKey = NODE_KEY) -> Entry:
    """Return an entry after `last`; entries with another `mark` differ."""
    return entry.make(
        key, log_id=last.log_id, seq=last.seq + 1, prev=last.hash, kind=kind,
        body=delta_body(mark).to_map() if kind is EntryKind.DELTA else {1: str(mark), 2: ""},
        wall=WALL + last.seq, clock_state=ClockState.NTP, hub_seen=Head(0, hub_genesis().hash),
    )  # fmt: skip


def chain(length: int) -> list[Entry]:
    """Return a node's log of `length` entries."""
    entries = [node_genesis()]
    while len(entries) < length:
        entries.append(next_entry(entries[-1], mark=len(entries)))
    return entries


def delta_body(mark: int = 0) -> DeltaBody:
    """Return the body of a delta with a manifest and two packs that no other mark has."""
    manifest, *packs = ((digest(f"{mark}/{number}".encode()), 1000 + number) for number in range(3))
    return DeltaBody(manifest, tuple(packs), 3, 5, 70_000, digest(b"root"))


def part(name: str = "0001.jpg", size: int = 10, pack: bytes = SALT, transform: Transform = Transform.STORE) -> Part:
    """Return a part whose segments lie in one pack."""
    count = -(-size // limits.SEGMENT_BYTES)
    places = tuple(Segment(bytes([number]) * 16, pack, 16 + 48 * number, 48) for number in range(count))
    return Part(name, size, {Algorithm.SHA256: digest(name.encode())}, transform, places)


def item(number: int = 1, version: int = 1, parts: Sequence[Part] = (), body: bytes = b"body") -> Item:
    """Return an item of kind record."""
    return Item(bytes([number]) * 16, version, ItemKind.RECORD, body, tuple(parts))


def filled_pack(*sources: bytes) -> tuple[bytes, list[Segment]]:
    """Return the bytes of a pack with these blobs, and where they lie."""
    buffer = PackBuffer(memoryview(bytearray(PackBuffer.capacity(sum(map(len, sources)) + 64 * len(sources)))), 1 << 20)
    placed = [buffer.append(source) for source in sources]
    return bytes(buffer.view()), [place.in_pack(buffer.name()) for place in placed]


def receipt(grade: Grade = Grade.R1) -> Receipt:
    """Return a receipt for the first delta of `chain`."""
    head, hub_id = chain(2)[1].head, hub_genesis().log_id
    if grade is Grade.R1:
        return Receipt(grade, hub_id, node_genesis().log_id, head, WALL, 3, 3003, 1)
    gone = (ItemException(bytes(16), 2, ExceptionCode.PACK_MISSING),)
    return Receipt(grade, hub_id, node_genesis().log_id, head, WALL, opened=7, exceptions=gone, leaf_root_ok=True)


REPORT = StateReport("0.1.0", 12, 345, 6_000_000, 1, 20_000, 2, ClockState.NTP, WALL, 1 << 40)

part_names = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=40).filter(
    lambda name: name not in {".", ".."}
)


@st.composite
def parts(draw: st.DrawFn, packs: Sequence[bytes]) -> Part:
    """Parts whose segments lie in these packs, of sizes around the segment's bound, too."""
    edge = limits.SEGMENT_BYTES
    size = draw(st.integers(0, 100_000) | st.sampled_from([edge - 1, edge, edge + 1, 2 * edge, 2 * edge + 1]))
    count = -(-size // edge)
    kinds = [Transform.STORE, Transform.ZSTD] + [Transform.JXL_JPEG] * (count == 1)
    segment = st.builds(
        Segment, st.binary(min_size=16, max_size=16), st.sampled_from(packs), st.integers(0, 1 << 24), st.integers(0, 1 << 24)
    )  # fmt: skip
    digests = {Algorithm.SHA256: draw(identifiers)} | ({Algorithm.SM3: draw(identifiers)} if draw(st.booleans()) else {})
    places = tuple(draw(segment) for _ in range(count))
    return Part(draw(part_names), size, digests, draw(st.sampled_from(kinds)), places, draw(st.text(max_size=10)))


@st.composite
def items(draw: st.DrawFn, packs: Sequence[bytes]) -> Item:
    """Items of both kinds in any version."""
    version = draw(st.integers(1, 5) | st.just((1 << 32) - 1))
    return Item(
        draw(st.binary(min_size=16, max_size=16)), version, draw(st.sampled_from(ItemKind)), draw(st.binary(max_size=60)),
        tuple(draw(st.lists(parts(packs), max_size=4, unique_by=lambda one: one.name))),
    )  # fmt: skip


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    """Manifests of a few items over a few packs."""
    packs = draw(st.lists(identifiers, min_size=1, max_size=4, unique=True))
    return Manifest(draw(identifiers), tuple(draw(st.lists(items(packs), max_size=5))))


@st.composite
def mutated(draw: st.DrawFn, good: bytes) -> bytes:
    """`good` with a few bytes changed, removed or put in."""
    data = bytearray(good)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(data)
