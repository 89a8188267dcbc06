"""What the node port answers to hello, entries, hub-entries and need (format.md §11.2–11.4). Synchronous: bytes in, bytes or Refused out."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING

import apsw

from crypto import cbor
from crypto.errors import CryptoError
from hub import front, knock
from hub.arrivals import Arrivals
from hub.bearers import Bearers
from hub.clock import Clock, Randomness
from hub.crowd import Crowd
from hub.errors import Refused
from hub.own_log import OwnLog
from hub.traffic import Traffic
from sync import entry as entries
from sync import limits, manifest, messages, named
from sync import log as logs
from sync.database import Database
from sync.entry import Entry, EntryKind, Role
from sync.errors import BadEntry, BadObject, Fork
from sync.log import Log, LogState
from sync.messages import NONCE_BYTES, Greeting, Hello
from sync.objects import ObjectStore

if TYPE_CHECKING:
    from hub.directives import Directives

FROM_NODES = frozenset({EntryKind.GENESIS, EntryKind.DELTA, EntryKind.RELEASE, EntryKind.ACK, EntryKind.ALARM, EntryKind.JOURNAL})
_ABOUT_DIRECTIVES = frozenset({EntryKind.RELEASE, EntryKind.ACK, EntryKind.ALARM})
"""Kinds a node may write today; the others of format.md §7 are reserved or the hub's."""


class Conversation:
    """The hub's side of JD/1 but for the objects themselves. Usable from several threads."""

    def __init__(
        self, database: Database, objects: ObjectStore, own_log: OwnLog, arrivals: Arrivals, bearers: Bearers, bounds: Callable[[], limits.Limits],
        tls_digest: bytes, clock: Clock, random: Randomness, directives: Callable[[], Directives], traffic: Traffic,
    ) -> None:  # fmt: skip
        self._front, self._objects, self._own_log, self._arrivals, self._bearers = database, objects, own_log, arrivals, bearers
        self._bounds, self._tls_digest, self._clock, self._random, self._directives = bounds, tls_digest, clock, random, directives
        self._crowd, self._traffic = Crowd(clock), traffic

    # ------------------------------------------------------------------ hello

    def hello(self, body: bytes) -> bytes:
        """Answer `POST /v1/hello`.

        Raises:
            Refused: 401 nonce, 403, 404, 409 or 422 of format.md §11.2.
        """
        try:
            hello = messages.read_hello(body)
        except BadObject as fault:
            raise Refused(422, "malformed", str(fault), "请升级节点程序后重试") from fault
        log = self._speaker(hello.log_id)
        try:
            messages.verify_hello(log.public_key, body)
        except BadObject as fault:
            raise Refused(403, "signature", str(fault), "请核对节点的密钥文件") from fault
        if hello.hub_id != self._own_log.hub_id or not hmac.compare_digest(hello.tls_digest, self._tls_digest):
            raise Refused(403, "wrong-hub", "问候不是写给本中心的，或节点看到的证书不是本中心的", "请检查网络中是否有设备替换证书，并联系市级中心")
        may_speak(log)
        with self._front.transaction() as connection:
            want = self._take_hello(connection, log, hello)
        # A crash here loses only the answer: the node repeats with the old nonce and is given the new one.
        return self._greet(log, hello, want)

    def _speaker(self, log_id: bytes) -> Log:
        log = logs.find(self._front.read(), log_id)
        if log is None or log.role is not Role.NODE:
            raise Refused(404, "unknown-log", "本中心没有登记这个节点", "请用接入码重新接入；若中心刚从备份恢复，请联系中心")
        return log

    def _take_hello(self, connection: apsw.Connection, log: Log, hello: Hello) -> int | None:
        node = front.node(connection, log.log_id)
        assert node is not None, "a node's row is written with its log"
        if not hmac.compare_digest(node.nonce, hello.nonce):
            # So a program of the node begins to talk: most often it has something to send.
            self._traffic.moved()
            # The stored nonce was never used: giving it out again costs no commit, and whoever replays an old hello learns nothing.
            raise Refused(401, "nonce", "随机数不是最新的", "请用所附的随机数重发一次", detail=node.nonce)
        front.greeted(connection, log.log_id, self._random(NONCE_BYTES), self._clock.wall(), hello.report)
        from hub import directive_store  # a hub starts without it

        directive_store.delivered(connection, log.log_id, hello.hub_head.seq)
        return self._compare(connection, log, hello)

    def _compare(self, connection: apsw.Connection, log: Log, hello: Hello) -> int | None:
        """Look for copies that were restored, ours or the node's; the seq from which our own entries are wanted back."""
        want = self._own_log.claim(connection, log.log_id, hello.hub_head)
        if want is not None:
            self._own_log.alarm(connection, "hub-behind", "hub", "节点持有的本中心日志比本中心自己的长：本中心是从旧备份恢复的，正在取回")
        elif logs.hash_at(connection, self._own_log.hub_id, hello.hub_head.seq) != hello.hub_head.hash:
            text = f"节点“{log.name}”持有的本中心第 {hello.hub_head.seq} 条日志与本中心的不同"
            self._own_log.alarm(connection, "hub-log-differs", log.log_id.hex(), text)
        if hello.receipts_cursor > logs.receipts_head(connection, log.log_id):
            self._own_log.alarm(connection, "receipts-behind", f"{log.log_id.hex()}/{hello.receipts_cursor}", f"节点“{log.name}”持有本中心没有的回执，将重新收存")
        known = logs.hash_at(connection, log.log_id, hello.head.seq)
        if hello.head.seq < log.head.seq:
            self._own_log.alarm(connection, "node-behind", f"{log.log_id.hex()}/{log.head.seq}", f"节点“{log.name}”的日志比本中心所收的短：可能是从旧备份恢复的")
        elif known is not None and known != hello.head.hash:
            self._own_log.alarm(connection, "node-differs", f"{log.log_id.hex()}/{hello.head.seq}", f"节点“{log.name}”第 {hello.head.seq} 条日志与本中心所收的不同")
        return want

    def _greet(self, log: Log, hello: Hello, want: int | None) -> bytes:
        reading = self._front.read()
        node = front.node(reading, log.log_id)
        now = logs.find(reading, log.log_id)
        assert node is not None
        assert now is not None
        bounds = self._crowd.limits(self._bounds(), log.log_id, sends=hello.report.pending_bytes > 0)
        budget = limits.REPLY_BYTES // 2
        # A node whose cursor lies beyond our last receipt holds some that we have lost: a cursor that falls back tells it to offer the goods again.
        receipts: list[bytes] = []
        cursor, more = min(hello.receipts_cursor, logs.receipts_head(reading, log.log_id)), False
        for number, signed in logs.receipts_after(reading, log.log_id, hello.receipts_cursor, limits.RECEIPTS_PER_HELLO + 1):
            if len(receipts) == limits.RECEIPTS_PER_HELLO or (receipts and len(signed) > budget):
                more = True
                break
            receipts.append(signed)
            cursor, budget = number, budget - len(signed)
        known = logs.since(reading, self._own_log.hub_id, hello.hub_head.seq + 1, 257) if want is None else []
        return Greeting(
            now.head, bounds, tuple(receipts), tuple(e.signed for e in known[:256]), node.nonce, self._bearers.issue(log.log_id), cursor,
            more or len(known) > 256, self._clock.wall(), want,
        ).encode()  # fmt: skip

    def knocked(self, body: bytes) -> None:
        """Take `POST /v1/knock`; no answer tells what we know."""
        knock.take(self._front, body, self._clock.wall())

    # ------------------------------------------------------------------ entries

    def entries(self, log_id: bytes, body: bytes) -> bytes:
        """Answer `POST /v1/entries`: all of them are accepted in one transaction, or none.

        Raises:
            Refused: 403, 409 gap or fork, 422 of format.md §11.3.
        """
        log = self._speaker(log_id)
        may_speak(log)
        offered = self._offered(body, log)
        self._traffic.moved()
        current: Entry | None = None
        try:
            with self._front.transaction() as connection:
                for current in offered:
                    self._accept(connection, current)
        except Fork as fault:
            assert current is not None
            self._freeze(current, log)
            raise Refused(409, "fork", str(fault), "日志已冻结。请立即联系市级中心，由人判断是否为旧备份恢复或密钥外泄") from fault
        except BadObject as fault:
            head = self._speaker(log_id).head
            if current is not None and current.seq > head.seq + 1:
                raise Refused(409, "gap", str(fault), "请从缺的一条起重发", detail=head.to_list()) from fault
            raise Refused(422, "entry-invalid", str(fault), "请升级节点程序；持续出现请联系中心") from fault
        return messages.encode_head(self._speaker(log_id).head)

    def _offered(self, body: bytes, log: Log) -> list[Entry]:
        try:
            offered = [entries.parse(signed) for signed in messages.decode_entries(body)]
            for entry in offered:
                if entry.log_id != log.log_id or entry.kind not in FROM_NODES:
                    raise BadEntry("不是本节点的日志条目，或这类条目节点不得写（format.md §7）")
                entries.verify(entry, log.public_key)
        except BadObject as fault:
            raise Refused(422, "entry-invalid", str(fault), "请升级节点程序；持续出现请联系中心") from fault
        return offered

    def _accept(self, connection: apsw.Connection, entry: Entry) -> None:
        if not logs.append(connection, entry):
            return
        if entry.kind in _ABOUT_DIRECTIVES:
            self._directives().node_said(connection, entry)
        if entry.kind is not EntryKind.DELTA:
            return
        delta = manifest.read_delta(entry.body)
        for name, _ in delta.objects():
            if named.length_of(connection, entry.log_id, name) is not None:
                raise BadObject("增量列出了本日志更早的增量已列出的对象（format.md §8）")
        named.expect(connection, entry.log_id, entry.seq, delta)
        front.delta_accepted(connection, entry.log_id, sum(length for _, length in delta.objects()))

    def _freeze(self, entry: Entry, log: Log) -> None:
        with self._front.transaction() as connection:
            logs.keep_fork(connection, entry, self._clock.wall())
            text = f"节点“{log.name}”的日志在第 {entry.seq} 条分叉，已冻结"
            self._own_log.alarm(connection, "fork", f"{log.log_id.hex()}/{entry.seq}", text)
        self._bearers.drop(log.log_id)

    # ------------------------------------------------------------------ our own entries, back from a node

    def hub_entries(self, log_id: bytes, body: bytes) -> bytes:
        """Answer `POST /v1/hub-entries`: what we signed before we were restored from an old copy.

        Raises:
            Refused: 409 gap or fork, 422 when they are not ours.
        """
        may_speak(self._speaker(log_id))
        try:
            offered = [entries.parse(signed) for signed in messages.decode_entries(body)]
            with self._front.transaction() as connection:
                for entry in offered:
                    if self._own_log.take_back(connection, entry):
                        self._apply(connection, entry)
                if not self._own_log.behind(connection):
                    self._directives().heard_again(connection)
                self._own_log.log_alarms(connection)
        except Fork as fault:
            with self._front.transaction() as connection:
                self._own_log.alarm(connection, "hub-log-differs", log_id.hex(), "本中心恢复后又签了与旧日志同号的条目，须由人处理")
            raise Refused(409, "fork", str(fault), "请联系市级中心") from fault
        except BadObject as fault:
            raise Refused(422, "entry-invalid", str(fault), "请从 want_hub_from 起按序重发") from fault
        return messages.encode_head(self._own_log.head(self._front.read()))

    def _apply(self, connection: apsw.Connection, entry: Entry) -> None:
        try:
            if entry.kind is EntryKind.ENROL:
                said = cbor.take_map(entry.body, {1: cbor.ID32, 2: str, 3: cbor.ID32}, {4: str}, name="enrol")
                front.enrolled_before(connection, said[1], said[2], said.get(4, ""))
            elif entry.kind is EntryKind.REVOKE:
                said = cbor.take_map(entry.body, {1: cbor.ID32, 2: int, 3: cbor.ID32, 4: str}, name="revoke")
                logs.set_state(connection, said[1], LogState.REVOKED)
                front.revoked_before(connection, said[1])
                self._bearers.drop(said[1])
            elif entry.kind is EntryKind.DIRECTIVE:
                self._directives().taken_back(connection, entry)
        except CryptoError as fault:
            raise BadEntry(f"本中心的日志条目无法解读：{fault}") from fault

    # ------------------------------------------------------------------ need

    def asked(self, log_id: bytes, body: bytes) -> list[bytes]:
        """Names of the objects that a `need` asks about and that are not stored.

        Raises:
            Refused: 403, or 422 when malformed.
        """
        return [name for name, _, stored in self._asked(log_id, body) if not stored]

    def _asked(self, log_id: bytes, body: bytes) -> list[tuple[bytes, int, bool]]:
        may_speak(self._speaker(log_id))
        try:
            from_seq, to_seq = messages.decode_need_request(body)
        except BadObject as fault:
            raise Refused(422, "malformed", str(fault), "请升级节点程序后重试") from fault
        return named.in_range(self._front.read(), log_id, from_seq, to_seq)

    def need(self, log_id: bytes, body: bytes) -> bytes:
        """Answer `POST /v1/need`: which objects of these deltas are missing, and how much of the partly received ones is durable.

        An object that lies whole in the store, but not yet in this log's name, is reported as partly received to its full length: an empty upload at
        that offset has it looked at and taken.

        Raises:
            Refused: 403, or 422 when malformed.
        """
        absent, partial = [], []
        for index, (name, length, stored) in enumerate(self._asked(log_id, body)):
            here = stored or self._arrivals.is_here(log_id, name)
            absent.append(not here)
            if not here and (offset := length if self._objects.has(name) else self._objects.staged(name)):
                partial.append((index, min(offset, length)))
        return messages.encode_need(absent, partial)


def may_speak(log: Log) -> None:
    """Refused 403 when the log is revoked or frozen."""
    if log.state is LogState.REVOKED:
        raise Refused(403, "revoked", f"节点“{log.name}”已被市级中心撤销", "请联系市级中心")
    if log.state is LogState.FROZEN:
        raise Refused(403, "frozen", f"节点“{log.name}”的日志已冻结：出现过两条同号的条目", "请联系市级中心，由人判断")


