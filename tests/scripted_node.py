"""A small node built from sync and crypto alone, for driving a real hub over TLS: it does what a test tells it, right or wrong."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Struct
from msgspec.structs import replace

from crypto.digest import Algorithm, sha256
from crypto.identity import new_identity, recipient_of
from crypto.signing import SigningKey
from holdings.record import Basis, Clearance, Description, Level, encode_record
from sync import delta as deltas
from sync import entry as entries
from sync import messages, receipt, token
from sync.durable import aligned_buffer
from sync.entry import ClockState, Entry, EntryKind, Head, Role
from sync.limits import SEGMENT_BYTES
from sync.manifest import Item, ItemKind, Part, Transform
from sync.messages import Greeting, Hello, Problem
from sync.pack import PackBuffer
from sync.site_class import SiteClass
from sync.state_report import StateReport


@dataclass(frozen=True)
class Reply:
    """What the hub answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def problem(self) -> Problem:
        """The error body."""
        return Problem.decode(self.body)


class SealedDelta(Struct):
    """A signed delta entry and the bytes of its objects by name, manifest first."""

    entry: Entry
    objects: dict[bytes, bytes]
    items: tuple[Item, ...]


def description(code: str, *, mark: str = "", title: str = "关于测试的通知") -> Description:
    """A cleared record's description."""
    return Description(code, Level.ITEM, {"档号": code, "题名": title, "密级": mark}, "批次一", Clearance(Basis.REVIEW, ("张三", "李四"), 1_700_000_000))


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@dataclass
class ScriptedNode:
    """One node: keys, log and what the hub told it."""

    address: tuple[str, int]
    name: str = "和平区"
    site_class: SiteClass = SiteClass.OPEN
    key: SigningKey = field(default_factory=SigningKey.generate)
    identity: bytes = field(default_factory=new_identity)
    entries: list[Entry] = field(default_factory=list)
    hub_entries: list[Entry] = field(default_factory=list)
    receipts: list[receipt.Receipt] = field(default_factory=list)
    nonce: bytes = b""
    bearer: str = ""
    cursor: int = 0
    token: token.Token | None = None
    _connection: http.client.HTTPSConnection | None = None

    # ------------------------------------------------------------ talking

    def call(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Reply:
        """One request on the kept-alive connection; reconnects once when the hub has closed it."""
        for attempt in (1, 2):
            if self._connection is None:
                self._connection = http.client.HTTPSConnection(*self.address, timeout=30, context=_context())
            try:
                self._connection.request(method, path, body, {"Authorization": f"Bearer {self.bearer}", **(headers or {})})
                response = self._connection.getresponse()
                reply = Reply(response.status, dict(response.getheaders()), response.read())
            except (ConnectionError, ssl.SSLEOFError, http.client.HTTPException):
                self.close()
                if attempt == 2:
                    raise
                continue
            if response.will_close:
                self.close()
            return reply
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Hang up as TLS wants it: when this returns, the hub has seen it."""
        if self._connection is not None:
            if isinstance(self._connection.sock, ssl.SSLSocket):
                with contextlib.suppress(OSError, ValueError):
                    self._connection.sock.unwrap()
            self._connection.close()
            self._connection = None

    def _good(self, reply: Reply) -> bytes:
        assert reply.status == 200, (reply.status, reply.body and reply.problem)
        return reply.body

    # ------------------------------------------------------------ enrolment

    @property
    def log_id(self) -> bytes:
        """The id of this node's log."""
        return self.entries[0].log_id

    @property
    def head(self) -> Head:
        """The last entry."""
        return self.entries[-1].head

    def enrol_request(self, text: str) -> bytes:
        """Make the genesis for this token, once, and the request."""
        self.token = token.parse(text)
        if not self.entries:
            genesis = entries.make_genesis(
                self.key, role=Role.NODE, name=self.name, site_class=self.site_class, recipient=recipient_of(self.identity),
                nonce=os.urandom(16), wall=1_700_000_000, hub_id=self.token.hub_id,
            )  # fmt: skip
            self.entries.append(genesis)
        return messages.EnrolRequest(self.token.secret, self.name, self.entries[0].signed).encode()

    def enrol(self, text: str) -> None:
        """Enrol with a token and take the hub's log."""
        reply = self.call("POST", messages.ENROL, self.enrol_request(text))
        self.hub_entries = [entries.parse(e) for e in messages.decode_enrolled(self._good(reply))]
        assert self.token is not None
        assert self.hub_entries[0].log_id == self.token.hub_id

    @property
    def hub(self) -> entries.Genesis:
        """Who the hub is."""
        return entries.genesis_of(self.hub_entries[0])

    # ------------------------------------------------------------ hello

    def hello_request(self, **changes: object) -> bytes:
        """A signed greeting, with fields changed at will."""
        assert self.token is not None
        hello = Hello(
            self.log_id, self.head, self.cursor, self.hub_entries[-1].head, StateReport(program="scripted", records=1), self.token.hub_id,
            self.token.tls_digest, self.nonce,
        )  # fmt: skip
        return messages.sign_hello(self.key, replace(hello, **changes))

    def hello(self) -> Greeting:
        """Greet, repeating once with the nonce the hub gives, and take what it brings."""
        reply = self.call("POST", messages.HELLO, self.hello_request())
        if reply.status == 401:
            assert isinstance(reply.problem.detail, bytes)
            self.nonce = reply.problem.detail
            reply = self.call("POST", messages.HELLO, self.hello_request())
        greeting = Greeting.decode(self._good(reply))
        self.nonce, self.bearer, self.cursor = greeting.nonce, greeting.bearer, greeting.receipts_cursor
        self.hub_entries += [entries.parse(e) for e in greeting.hub_entries]
        for signed in greeting.receipts:
            self.receipts.append(receipt.read(self.hub.signing_key, signed, hub_id=self.hub.log_id, log_id=self.log_id))
        return greeting

    # ------------------------------------------------------------ deltas

    def part(
        self, name: str, data: bytes, packs: dict[bytes, bytes], *, claim: bytes | None = None, stored: bytes | None = None, transform: Transform = Transform.STORE
    ) -> Part:
        """Seal a file, each segment into a pack of its own; `claim` lies about the digest, `stored` is what `transform` made of the one segment."""
        segments = []
        for start in range(0, len(data), SEGMENT_BYTES):
            piece = stored if stored is not None else data[start : start + SEGMENT_BYTES]
            buffer = PackBuffer(aligned_buffer(len(piece) + (1 << 16)), 1)
            placed = buffer.append(piece)
            packs[buffer.name()] = bytes(buffer.view())
            segments.append(placed.in_pack(buffer.name()))
        return Part(name, len(data), {Algorithm.SHA256: claim or sha256(data)}, transform, tuple(segments))

    def record(self, code: str, files: Mapping[str, bytes], packs: dict[bytes, bytes], *, mark: str = "", version: int = 1, item_id: bytes | None = None) -> Item:
        """A record item with its files sealed into `packs`."""
        parts = tuple(self.part(name, data, packs) for name, data in files.items())
        return Item(item_id or os.urandom(16), version, ItemKind.RECORD, encode_record(description(code, mark=mark)), parts)

    def seal(self, items: Sequence[Item], packs: Mapping[bytes, bytes], **changes: object) -> SealedDelta:
        """Close a delta over these items and packs and sign its entry (not sent)."""
        content = deltas.seal(items, [(name, len(data)) for name, data in packs.items()], os.urandom(32), [self.hub.recipient, recipient_of(self.identity)])
        body = replace(content.body, **changes) if changes else content.body
        entry = self.entry(EntryKind.DELTA, body.to_map())
        return SealedDelta(entry, {content.name: content.sealed, **packs}, tuple(items))

    def entry(self, kind: EntryKind, body: dict[int, object], *, keep: bool = True, key: SigningKey | None = None) -> Entry:
        """Sign the next entry of the own log."""
        made = entries.make(
            key or self.key, log_id=self.log_id, seq=self.head.seq + 1, prev=self.head.hash, kind=kind, body=body, wall=1_700_000_000,
            clock_state=ClockState.RTC, hub_seen=self.hub_entries[-1].head,
        )  # fmt: skip
        if keep:
            self.entries.append(made)
        return made

    def delta(self, records: Mapping[str, Mapping[str, bytes]]) -> SealedDelta:
        """A delta of new records {code: {file name: bytes}}."""
        packs: dict[bytes, bytes] = {}
        items = [self.record(code, files, packs) for code, files in records.items()]
        return self.seal(items, packs)

    # ------------------------------------------------------------ sending

    def offer(self, *offered: Entry) -> Reply:
        """`POST /v1/entries`."""
        return self.call("POST", messages.ENTRIES, messages.encode_entries([e.signed for e in offered]))

    def need(self, from_seq: int, to_seq: int, count: int) -> tuple[list[int], dict[int, int]]:
        """`POST /v1/need`."""
        return messages.decode_need(self._good(self.call("POST", messages.NEED, messages.encode_need_request(from_seq, to_seq))), count)

    def put(self, name: bytes, data: bytes, *, offset: int = 0, length: int | None = None) -> Reply:
        """`PATCH` the bytes of an object from `offset` on."""
        headers = {
            "Content-Type": messages.TYPE_PARTIAL, messages.UPLOAD_OFFSET: str(offset),
            messages.UPLOAD_LENGTH: str(len(data) + offset if length is None else length),
        }  # fmt: skip
        return self.call("PATCH", messages.OBJECTS + name.hex(), data, headers)

    def send(self, *sealed: SealedDelta) -> None:
        """Offer deltas and send all their objects."""
        self._good(self.offer(*(d.entry for d in sealed)))
        for one in sealed:
            for name, data in one.objects.items():
                reply = self.put(name, data)
                self._good(reply)
                assert reply.headers[messages.UPLOAD_COMPLETE] == "?1"

    def begin_put(self, name: bytes, length: int, data: bytes, *, offset: int = 0) -> ssl.SSLSocket:
        """Send the head of a `PATCH` for the rest of an object, and only `data` of its body; the open connection."""
        said = f"Content-Type: {messages.TYPE_PARTIAL}\r\n{messages.UPLOAD_OFFSET}: {offset}\r\n{messages.UPLOAD_LENGTH}: {length}\r\n"
        return self.begin_request("PATCH", messages.OBJECTS + name.hex(), length - offset, data, said)

    def begin_request(self, method: str, path: str, length: int, data: bytes, said: str = "") -> ssl.SSLSocket:
        """Send the head of a request with a body of `length` bytes, and only `data` of it; the open connection."""
        connection = _context().wrap_socket(socket.create_connection(self.address, timeout=30))
        head = f"{method} {path} HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {self.bearer}\r\n{said}Content-Length: {length}\r\n\r\n"
        connection.sendall(head.encode() + data)
        return connection

    def offset_of(self, name: bytes) -> int:
        """`HEAD`: how much of an object is durable."""
        reply = self.call("HEAD", messages.OBJECTS + name.hex())
        assert reply.status == 200, reply.status
        return int(reply.headers[messages.UPLOAD_OFFSET])

    def receipts_of(self, grade: receipt.Grade) -> dict[int, receipt.Receipt]:
        """Receipts of a grade by seq."""
        return {r.entry.seq: r for r in self.receipts if r.grade is grade}
