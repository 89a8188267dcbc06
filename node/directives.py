"""The hub's directives at the node: the chain of each is checked, then it is stored, carried out and acknowledged in one transaction (format.md §17, §18).

Everything here runs inside the caller's transaction. A crash before its commit leaves the cursor where it was: the same entries are taken in again, and nothing of
the first time stands.
"""

from __future__ import annotations

import logging

import apsw
from msgspec import Struct

from crypto import sealing
from crypto.errors import CryptoError
from holdings import directive
from holdings.directive import Body, DirectiveKind
from holdings.directive_entry import BODY_MAX, AckEntry, DirectiveEntry, Result, Said, encode_ack_said, read_directive
from holdings.errors import DirectiveUnreadable, HoldingsError
from node import directive_store, own_entries, settings
from node.directive_acts import Acts
from node.directive_store import Told
from node.home import Home
from node.settings import Setting
from sync import log
from sync.entry import ClockState, Entry, EntryKind

LOG = logging.getLogger("jindang.node")
BATCH = 64
ALARM_TEXT_MAX = 400


class _Now(Struct, frozen=True):
    """The time of one transaction, as a clock."""

    wall: int
    kept: ClockState

    def now(self) -> float:
        """Seconds UTC."""
        return float(self.wall)

    def state(self) -> ClockState:
        """How far it is trusted."""
        return self.kept


class Heeding:
    """Takes directives in, inside one transaction.

    Args:
        now: wall clock, whole seconds; clock: how far it is trusted.
    """

    def __init__(self, connection: apsw.Connection, home: Home, now: int, clock: ClockState) -> None:
        self._connection, self._home, self._now, self._clock = connection, home, now, clock

    def take_in(self, upto: int) -> None:
        """Look at the hub's entries after the cursor, up to `upto`, after going on where an earlier program had to stop."""
        self._go_on()
        connection, hub_id = self._connection, self._home.identity.hub.log_id
        seen = settings.number(connection, Setting.HEEDED)
        while seen < upto and (batch := log.since(connection, hub_id, seen + 1, BATCH)):
            for entry in batch:
                if entry.kind is EntryKind.DIRECTIVE:
                    self._look(entry)
            seen = batch[-1].seq
        settings.write(connection, Setting.HEEDED, seen)

    def _go_on(self) -> None:
        """Where an earlier program did not know a directive and this one does: carry it and those after it out."""
        told = directive_store.stopped(self._connection)
        if told is None or directive.known(told.kind) is None:
            return
        settings.write(self._connection, Setting.DIRECTIVES_STOPPED, None)
        while told is not None and self._carry_out(told):
            told = directive_store.following(self._connection, told.dseq)

    # ------------------------------------------------------------------ one entry

    def _look(self, entry: Entry) -> None:
        try:
            said = read_directive(entry)
        except DirectiveUnreadable as fault:
            self._alarm("directive-unreadable", f"中心日志第 {entry.seq} 条指令读不出：{fault}")
            return
        if (
            said.to != self._home.identity.log.log_id
            or settings.read(self._connection, Setting.DIRECTIVES_BROKEN) is not None
        ):
            return
        number, before = directive_store.last(self._connection)
        if (said.dseq, said.dprev) != (number + 1, before):
            # Signed by the hub, and yet one is missing, told twice or out of its place: what comes after it cannot be trusted either.
            text = f"中心指令的编号不连续：应为第 {number + 1} 号，收到第 {said.dseq} 号（中心日志第 {entry.seq} 条）"
            settings.write(self._connection, Setting.DIRECTIVES_BROKEN, text)
            self._alarm("directive-chain", text)
            return
        told = Told(
            said.dseq, entry.seq, entry.hash, said.kind, said.critical, entry.wall, self._now, None, None, b"", "", ""
        )
        directive_store.add(self._connection, told)
        settings.write(self._connection, Setting.TOLD, said.dseq)
        if directive_store.stopped(self._connection) is None:
            self._carry_out(told)

    def _alarm(self, code: str, text: str) -> None:
        LOG.error("%s：%s", code, text)
        own_entries.append(
            self._connection, self._home, EntryKind.ALARM, {1: code, 2: text[:ALARM_TEXT_MAX]}, self._now, self._clock
        )

    # ------------------------------------------------------------------ carrying out

    def _carry_out(self, told: Told) -> bool:
        """Carry a directive out and say so; False when it stops those after it."""
        said = self._said(told)
        kind = directive.known(told.kind)
        if kind is None:
            if told.critical:
                settings.write(self._connection, Setting.DIRECTIVES_STOPPED, told.dseq)
                return self._finish(told, Result.STOPPED, "本机程序不认识这种必须执行的指令，请升级程序")
            return self._finish(told, Result.SKIPPED, "本机程序不认识这种指令，已略过")
        try:
            body = self._body(kind, said)
        except DirectiveUnreadable as fault:
            self._finish(told, Result.CANNOT, str(fault))
            if kind.critical:
                self._stop_for_good(told, str(fault))
            return not kind.critical
        directive_store.set_body(self._connection, told.dseq, directive.encode(body))
        try:
            # A part of what it says that cannot be done takes the rest of it back.
            with self._connection:
                result, text = Acts(self._connection, self._home, self._now).carry_out(told, body, _Now(self._now, self._clock))
        except HoldingsError as fault:
            result, text = Result.CANNOT, str(fault)
        return self._finish(told, result, text)

    def _said(self, told: Told) -> DirectiveEntry:
        return read_directive(log.since(self._connection, self._home.identity.hub.log_id, told.seq, 1)[0])

    def _body(self, kind: DirectiveKind, said: DirectiveEntry) -> Body:
        if said.critical is not kind.critical:
            raise DirectiveUnreadable(f"“{kind.label}”的必须执行标志不符（format.md §17）")
        try:
            return directive.decode(kind, sealing.open_file(said.sealed, self._home.secrets.identity, limit=BODY_MAX))
        except CryptoError as fault:
            raise DirectiveUnreadable(f"“{kind.label}”打不开：{fault}（format.md §17）") from fault

    def _stop_for_good(self, told: Told, text: str) -> None:
        settings.write(self._connection, Setting.DIRECTIVES_BROKEN, f"第 {told.dseq} 号必须执行的指令读不出：{text}")
        self._alarm("directive-unreadable", f"第 {told.dseq} 号必须执行的指令读不出，已停止执行指令")

    def _finish(self, told: Told, result: Result, text: str) -> bool:
        finish(self._connection, self._home, told, result, Said(text, "", self._now), self._clock)
        return result is not Result.STOPPED


def finish(connection: apsw.Connection, home: Home, told: Told, result: Result, said: Said, clock: ClockState) -> None:
    """Write down what became of a directive and sign its acknowledgement, in one transaction with what was done.

    RolledBack: nothing may be signed until a person has acted.
    """
    directive_store.decide(connection, told.dseq, result, now=said.time, person=said.person, text=said.text)
    sealed = b""
    if said.text or said.person:
        sealed = own_entries.seal(home, encode_ack_said(Said(said.text, said.person or home.config.name, said.time)))
    own_entries.append(
        connection, home, EntryKind.ACK, AckEntry(told.dseq, told.hash, result, sealed).to_map(), said.time, clock
    )
