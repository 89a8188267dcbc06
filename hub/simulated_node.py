"""A node for trials: it holds the real conversation of format.md §11 over TLS, with real keys, entries, packs and receipts, over records that it makes up."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from typing import Final

import aiohttp
from msgspec import Struct, field

from crypto.identity import new_identity, recipient_of
from crypto.signing import SigningKey
from hub import simulated_goods
from hub.simulated_goods import Goods
from sync import entry as entries
from sync import messages, receipt
from sync.entry import ClockState, Entry, EntryKind, Role
from sync.messages import Greeting, Hello, Problem
from sync.receipt import Grade, Receipt
from sync.site_class import SiteClass
from sync.state_report import StateReport
from sync.token import Token

PROGRAM: Final = "jindang 模拟"
RETRY_MAX: Final = 60
WAIT_MAX_S: Final = 5.0
UPLOADS: Final = 4
"""Connections side by side, as a node has by default."""
LATER: Final = frozenset({429, 503, 507})


class TrialRefused(Exception):
    """The hub refused what a simulated node did; says with which code."""


class Figures(Struct):
    """What one node did: bytes sent, records, seconds of each hello, refusals that were tried again, monotonic begin and end of sending."""

    bytes: int = 0
    records: int = 0
    hellos: list[float] = field(default_factory=list)
    refused: int = 0
    began: float = 0.0
    ended: float | None = None


class SimulatedNode:
    """One node. `session` is shared; the certificate is pinned as a node pins it."""

    def __init__(
        self, session: aiohttp.ClientSession, base: str, token: Token, name: str, wall: Callable[[], int]
    ) -> None:
        self.name, self.token, self.figures = name, token, Figures()
        self._session, self._base, self._wall = session, base, wall
        self._pin = aiohttp.Fingerprint(token.tls_digest)
        self._key, self._identity = SigningKey.generate(), new_identity()
        self._first = entries.make_genesis(
            self._key, role=Role.NODE, name=name, site_class=SiteClass.OPEN, recipient=recipient_of(self._identity), nonce=os.urandom(16), wall=wall(),
            hub_id=token.hub_id,
        )  # fmt: skip
        self._last = self._first
        self._hub: list[Entry] = []
        self._nonce, self._bearer, self._cursor = b"", "", 0
        self._connections = UPLOADS
        self.receipts: list[Receipt] = []

    # ------------------------------------------------------------------ talking

    async def _call(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request; what the hub asks to repeat later is repeated, at most 60 times."""
        for _ in range(RETRY_MAX):
            sent = {"Authorization": f"Bearer {self._bearer}", **(headers or {})}
            async with self._session.request(
                method, self._base + path, data=body, headers=sent, ssl=self._pin
            ) as response:
                answer = await response.read()
                if response.status not in LATER:
                    return response.status, response.headers, answer
                self.figures.refused += 1
                wait = float(response.headers.get("Retry-After", "1"))
            await asyncio.sleep(min(wait, WAIT_MAX_S))
        raise TrialRefused(f"{self.name}：中心一再要求稍后再来")

    async def _good(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[Mapping[str, str], bytes]:
        status, answered, answer = await self._call(method, path, body, headers)
        if status != 200:
            raise TrialRefused(f"{self.name}：{path[:16]} 答复 {status} {_code(answer)}")
        return answered, answer

    async def enrol(self) -> None:
        """Consume the token."""
        request = messages.EnrolRequest(self.token.secret, self.name, self._first.signed).encode()
        _, answer = await self._good("POST", messages.ENROL, request)
        self._hub = [entries.parse(signed) for signed in messages.decode_enrolled(answer)]

    def _greeting(self, pending: int) -> bytes:
        report = StateReport(
            PROGRAM, self.figures.records, self.figures.records, self.figures.bytes, 1 if pending else 0, pending, 0, ClockState.NTP, self._wall(), 10**12,
            pending_pages=0, pending_tenths=0, disk_bytes=2 * 10**12,
        )  # fmt: skip
        head, hub = self._last.head, self._hub[-1].head
        hello = Hello(
            self._first.log_id, head, self._cursor, hub, report, self.token.hub_id, self.token.tls_digest, self._nonce
        )
        return messages.sign_hello(self._key, hello)

    async def hello(self, pending: int = 0) -> None:
        """Greet until the hub has no more to say; receipts are verified."""
        more = True
        while more:
            began = time.monotonic()
            status, _, answer = await self._call("POST", messages.HELLO, self._greeting(pending))
            if status == 401:
                detail = Problem.decode(answer).detail
                if not isinstance(detail, bytes):
                    raise TrialRefused(f"{self.name}：问候答复 401 而没有随机数")
                self._nonce = detail
                continue
            if status != 200:
                raise TrialRefused(f"{self.name}：问候答复 {status} {_code(answer)}")
            self.figures.hellos.append(time.monotonic() - began)
            said = Greeting.decode(answer)
            self._nonce, self._bearer, self._cursor, more = said.nonce, said.bearer, said.receipts_cursor, said.more
            self._connections = said.limits.connections
            self._hub += [entries.parse(signed) for signed in said.hub_entries]
            hub, own = entries.genesis_of(self._hub[0]), self._first.log_id
            self.receipts += [
                receipt.read(hub.signing_key, one, hub_id=hub.log_id, log_id=own) for one in said.receipts
            ]

    def receipted(self, grade: Grade) -> int:
        """Deltas with a receipt of this grade."""
        return sum(1 for one in self.receipts if one.grade is grade)

    # ------------------------------------------------------------------ goods

    def make(self, number: int, records: int, weight: int) -> Goods:
        """Make up records for the delta `number`; computes for a while."""
        hub = entries.genesis_of(self._hub[0])
        codes = [f"MN01-{number:04d}-{index:04d}" for index in range(1, records + 1)]
        return simulated_goods.make(codes, weight, self._wall(), [hub.recipient, recipient_of(self._identity)])

    async def send(self, goods: Goods, records: int) -> None:
        """Announce a delta and send what the hub lacks of it; a bearer that has run out is fetched anew."""
        entry = entries.make(
            self._key, log_id=self._first.log_id, seq=self._last.seq + 1, prev=self._last.head.hash, kind=EntryKind.DELTA,
            body=goods.content.body.to_map(), wall=self._wall(), clock_state=ClockState.NTP, hub_seen=self._hub[-1].head,
        )  # fmt: skip
        await self._good("POST", messages.ENTRIES, messages.encode_entries([entry.signed]))
        self._last = entry
        _, answer = await self._good("POST", messages.NEED, messages.encode_need_request(entry.seq, entry.seq))
        names = list(goods.objects)
        missing, _ = messages.decode_need(answer, len(names))
        gate = asyncio.Semaphore(min(UPLOADS, self._connections))

        async def put(name: bytes) -> None:
            async with gate:
                await self._put(name, goods.objects[name])

        await asyncio.gather(*(put(names[index]) for index in missing))
        self.figures.records += records

    async def _put(self, name: bytes, data: bytes) -> None:
        headers = {
            "Content-Type": messages.TYPE_PARTIAL,
            messages.UPLOAD_OFFSET: "0",
            messages.UPLOAD_LENGTH: str(len(data)),
        }
        answered, _ = await self._good("PATCH", messages.OBJECTS + name.hex(), data, headers)
        if answered.get(messages.UPLOAD_COMPLETE) != "?1":
            raise TrialRefused(f"{self.name}：对象没有收完")
        self.figures.bytes += len(data)


def _code(answer: bytes) -> str:
    from sync.errors import BadObject

    try:
        return Problem.decode(answer).code
    except BadObject:
        return ""
