"""Telling nodes: a directive is an entry of the hub's log, committed before anything is said (format.md §17); and hearing what became of it (§18).

Custody moves in the transactions of the entries that move it, all in front.db: an entry that stands there has had its effect. Usable from several threads.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import apsw

from crypto import sealing
from crypto.errors import CryptoError
from crypto.keys import Secrets
from holdings import custody, custody_store, directive
from holdings.custody import ActKind, CustodyAct, Effect, Holding, Party
from holdings.directive import Body, DirectiveKind, HandOver
from holdings.directive_entry import (
    BODY_MAX,
    DirectiveEntry,
    Result,
    Said,
    Subject,
    decode_ack_said,
    decode_release_said,
    read_ack,
    read_directive,
    read_release,
)
from holdings.directive_verdict import Accepted, Grant, Link, Returned
from holdings.directive_wish import Correction
from holdings.errors import CustodyRefused, DirectiveUnreadable
from hub import directive_store
from hub.directive_store import Issued, Stage
from hub.errors import NotAllowed
from hub.own_log import OwnLog
from sync import log as logs
from sync.database import Database
from sync.entry import Entry, EntryKind, Role
from sync.log import LogState

LOG = logging.getLogger("jindang.hub")
ALARM_MAX = 400
"""Characters shown of an alarm that a node signed."""


class Directives:
    """Issues directives and keeps what nodes say of them."""

    def __init__(self, front: Database, own_log: OwnLog, secrets: Secrets) -> None:
        self._front, self._own_log, self._secrets = front, own_log, secrets

    # ------------------------------------------------------------------ issuing

    def issue(self, to: bytes, body: Body, mark: bytes = b"") -> Issued:
        """Sign and commit a directive; it goes with the node's next hello.

        Args:
            to: log_id of the node.
            mark: 16 bytes made with the wish: the same mark again is the same directive, whatever crash lay between.

        Raises:
            NotAllowed: no such node, one that was put out, or our own log lacks entries.
            CustodyRefused: a verdict of a transfer, or a grant, about a record that is not where it would have to be.
            DirectiveUnreadable: something in the body is out of bounds.
        """
        plain = directive.encode(body)
        with self._front.transaction() as connection:
            if mark and (known := directive_store.by_mark(connection, mark)) is not None:
                return known
            node = logs.find(connection, to)
            if node is None or node.role is not Role.NODE or node.state is not LogState.ACTIVE:
                raise NotAllowed("没有这个节点，或它已停用、冻结，不能向它签发指令。请核对节点名称。")
            self._check(connection, to, body)
            dseq, before = directive_store.last(connection, to)
            kind = directive.kind_of(body)
            sealed = sealing.seal_file(plain, (node.recipient, self._own_log.genesis.recipient))
            said = DirectiveEntry(to, dseq + 1, before, int(kind), kind.critical, sealed, mark)
            entry = self._own_log.append(connection, EntryKind.DIRECTIVE, said.to_map())
            # A crash after the commit changes nothing: the node gets it with its next hello, and who asked finds it by its mark.
            return self._keep(connection, entry, said, body)

    def _check(self, connection: apsw.Connection, to: bytes, body: Body) -> None:
        handover = directive_store.handover(connection, to)
        if isinstance(body, Returned | Accepted) and body.handover is not handover:
            raise CustodyRefused(
                f"本节点与中心之间是“{handover.label}”，不能按“{body.handover.label}”办理。请刷新后重试。"
            )
        if (
            isinstance(body, Correction)
            and custody_store.holding(connection, to, body.record).holder == self._own_log.hub_id
        ):
            raise CustodyRefused("这份档案由本中心保管，不必向节点建议。")
        for subject, act in self._acts(body, to):
            held = custody_store.holding(connection, to, subject.record)
            if (effect := _effect(held, act)) is not Effect.DONE:
                raise CustodyRefused(
                    f"记录 id:{subject.record.hex()} 现在不能{act.kind.label}：{_why(held, self._own_log.hub_id, effect)}"
                )

    def _acts(self, body: Body, to: bytes) -> list[tuple[Subject, CustodyAct]]:
        """The custody acts of a directive, by the hub."""
        match body:
            case Accepted(handover=HandOver.TRANSFER, subjects=subjects):
                return self._by_hub(ActKind.ACCEPT, subjects, None)
            case Returned(handover=HandOver.TRANSFER, records=records):
                return self._by_hub(ActKind.RETURN, [one.subject for one in records], None)
            case Grant(subjects=subjects):
                return self._by_hub(ActKind.GRANT, subjects, to)
        return []

    def _by_hub(self, kind: ActKind, subjects: Sequence[Subject], to: bytes | None) -> list[tuple[Subject, CustodyAct]]:
        hub = Party(self._own_log.hub_id)
        return [(one, CustodyAct(kind, one.turn, one.version, hub, Party(to) if to else None)) for one in subjects]

    def _keep(self, connection: apsw.Connection, entry: Entry, said: DirectiveEntry, body: Body | None) -> Issued:
        issued = Issued(said.to, said.dseq, entry.seq, entry.hash, said.kind, entry.wall, Stage.ISSUED, None, None)
        directive_store.add(connection, issued, said.mark)
        if body is not None:
            for subject, act in self._acts(body, said.to):
                custody_store.add(connection, said.to, subject.record, act, seq=entry.seq, wall=entry.wall)
            if isinstance(body, Link):
                directive_store.set_handover(connection, said.to, body.handover)
        return issued

    # ------------------------------------------------------------------ what entries say, in the transaction that stores them

    def taken_back(self, connection: apsw.Connection, entry: Entry) -> None:
        """One of our own directives, brought back by a node after we were restored from an old copy."""
        try:
            said = read_directive(entry)
            kind = directive.known(said.kind)
            body = directive.decode(kind, self._opened(said.sealed)) if kind is not None else None
        except (DirectiveUnreadable, CryptoError) as fault:
            self._own_log.alarm(
                connection,
                "directive-unreadable",
                str(entry.seq),
                f"本中心第 {entry.seq} 条日志中的指令读不出：{fault}",
            )
            return
        self._keep(connection, entry, said, body)

    def heard_again(self, connection: apsw.Connection) -> None:
        """All of our own entries are back: nodes may have answered before we fell, and their words stand in their logs, which we may hold already."""
        for log_id in directive_store.unanswered(connection):
            for entry in logs.of_kind(connection, log_id, EntryKind.ACK):
                self.node_said(connection, entry)

    def node_said(self, connection: apsw.Connection, entry: Entry) -> None:
        """A release, an acknowledgement or an alarm in a node's log. What cannot be read is kept with the log, has no effect, and is an alarm."""
        try:
            if entry.kind is EntryKind.RELEASE:
                self._released(connection, entry)
            elif entry.kind is EntryKind.ACK:
                self._acknowledged(connection, entry)
            elif entry.kind is EntryKind.ALARM:
                self._alarmed(connection, entry)
        except DirectiveUnreadable as fault:
            subject = f"{entry.log_id.hex()}/{entry.seq}"
            self._own_log.alarm(
                connection, "directive-unreadable", subject, f"节点第 {entry.seq} 条日志读不懂，未生效：{fault}"
            )

    def _alarmed(self, connection: apsw.Connection, entry: Entry) -> None:
        code, text = entry.body.get(1), entry.body.get(2)
        if not isinstance(code, str) or not isinstance(text, str):
            raise DirectiveUnreadable("告警应有代码和文字（format.md §7）")
        said = f"节点“{_name(connection, entry.log_id)}”告警：{''.join(c if c.isprintable() else '·' for c in text[:ALARM_MAX])}"
        self._own_log.alarm(connection, "node-alarm", f"{entry.log_id.hex()}/{entry.seq}", said)

    def _released(self, connection: apsw.Connection, entry: Entry) -> None:
        said = read_release(entry)
        if said.to != self._own_log.hub_id:
            raise DirectiveUnreadable("移出保管不是移给本中心的（format.md §18）")
        for one in said.subjects:
            act = CustodyAct(ActKind.RELEASE, one.turn, one.version, Party(entry.log_id), Party(said.to))
            custody_store.add(connection, entry.log_id, one.record, act, seq=entry.seq, wall=entry.wall)

    def _acknowledged(self, connection: apsw.Connection, entry: Entry) -> None:
        said = read_ack(entry)
        told = directive_store.get(connection, entry.log_id, said.dseq)
        if told is None and self._own_log.behind(connection):
            # Ours is not back yet: it looks for this word when it comes.
            return
        if told is None or told.hash != said.directive:
            raise DirectiveUnreadable(f"回报的第 {said.dseq} 号指令不是本中心签发的（format.md §18）")
        if not directive_store.answered(connection, told, said.result, ack=entry.seq, acked=entry.wall):
            return
        if said.result is Result.STOPPED:
            subject, name = f"{entry.log_id.hex()}/{said.dseq}", _name(connection, entry.log_id)
            self._own_log.alarm(
                connection,
                "directive-stopped",
                subject,
                f"节点“{name}”不认识第 {said.dseq} 号必须执行的指令，已停止执行指令：请升级节点程序",
            )
        if told.kind == DirectiveKind.GRANT and said.result in (Result.APPLIED, Result.DECLINED):
            body = self.body(connection, told)
            kind = ActKind.ACCEPT if said.result is Result.APPLIED else ActKind.RETURN
            for one in body.subjects if isinstance(body, Grant) else ():
                act = CustodyAct(kind, one.turn + 1, one.version, Party(entry.log_id))
                custody_store.add(connection, entry.log_id, one.record, act, seq=entry.seq, wall=entry.wall)

    # ------------------------------------------------------------------ reading

    def body(self, connection: apsw.Connection, one: Issued) -> Body | None:
        """What a directive says; None when its kind is not known or it cannot be read."""
        kind = directive.known(one.kind)
        found = logs.since(connection, self._own_log.hub_id, one.seq, 1)
        if kind is None or not found:
            return None
        try:
            return directive.decode(kind, self._opened(read_directive(found[0]).sealed))
        except (DirectiveUnreadable, CryptoError) as fault:
            LOG.warning("第 %d 条日志中的指令读不出：%s", one.seq, fault)
            return None

    def answer(self, connection: apsw.Connection, one: Issued) -> Said | None:
        """What the node said of it in words."""
        found = logs.since(connection, one.log_id, one.ack, 1) if one.ack is not None else []
        try:
            said = read_ack(found[0]) if found else None
            return decode_ack_said(self._opened(said.sealed)) if said is not None and said.sealed else None
        except (DirectiveUnreadable, CryptoError):
            return None

    def releases(self, connection: apsw.Connection, log_id: bytes) -> list[tuple[Entry, int, Said | None]]:
        """Every release of a node: its entry, how many records, and delivery, reason and person as sealed in it (None: unreadable)."""
        found: list[tuple[Entry, int, Said | None]] = []
        for entry in logs.of_kind(connection, log_id, EntryKind.RELEASE):
            try:
                said = read_release(entry)
                found.append((entry, len(said.subjects), decode_release_said(self._opened(said.sealed))))
            except (DirectiveUnreadable, CryptoError):
                found.append((entry, 0, None))
        return found

    def release(self, connection: apsw.Connection, log_id: bytes, seq: int) -> Said | None:
        """What the release under that number of a node's log says; None when there is none that can be read."""
        for entry in logs.since(connection, log_id, seq, 1):
            try:
                return decode_release_said(self._opened(read_release(entry).sealed)) if entry.seq == seq else None
            except (DirectiveUnreadable, CryptoError):
                return None
        return None

    def holding(self, connection: apsw.Connection, log_id: bytes, record: bytes) -> Holding:
        """Who holds a record of a node."""
        return custody_store.holding(connection, log_id, record)

    def _opened(self, sealed: bytes) -> bytes:
        return sealing.open_file(sealed, self._secrets.identity, limit=BODY_MAX)


def _effect(held: Holding, act: CustodyAct) -> Effect:
    return custody.apply(held, act)[1]


def _why(held: Holding, hub: bytes, effect: Effect) -> str:
    """Where the record is instead, and what to do."""
    if held.holder == hub:
        return "它已由本中心保管。"
    if held.holder is not None:
        return "移交单位还没有移出保管。请对方执行 jindang node release。"
    return "移出的是另一个版本或已经办过。请刷新后重试。" if effect is not Effect.NOT_ENTITLED else "它正移往别处。"


def _name(connection: apsw.Connection, log_id: bytes) -> str:
    log = logs.find(connection, log_id)
    return log.name if log is not None else log_id.hex()[:16]
