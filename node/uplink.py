"""Carries a conversation with the hub (sync/session.py decides, this does): hello, entries, missing objects, receipts.

State is committed before anything that depends on it is sent (DESIGN §5): entries are in the database when they are offered, receipts are stored before
the cursor that asks for the next ones moves. Every request may be repeated, so a broken conversation simply begins again with hello.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import apsw
from msgspec import Struct, field

from node import settings
from node.heeding import heed
from node.home import Home, accept_hub_entries
from node.link_speed import is_slow
from node.sending import Sender, SendingFailed, Wanted
from node.settings import Setting
from node.stopping import denied, stop_if_told
from node.transport import Answer, HubLink
from sync import log, messages, session
from sync.errors import BadEntry, BadObject, LinkLost, PeerRefused, SyncError
from sync.manifest import read_delta
from sync.messages import Greeting, Hello
from sync.receipt import Grade, Receipt
from sync.receipt import read as read_receipt
from sync.session import Act, Phase, State
from sync.state_report import StateReport
from sync.token import SECRET_BYTES

MoreToCome = Callable[[float | None], bool]
"""Waits so long at most (None: as long as it takes) while more deltas may come; True when the log has grown, False when none came or no more will."""
GREET_AGAIN_S = 5.0
"""While deltas go on coming receipts are fetched so often, and else when all is sent: a greeting costs this side some 5 ms and a write to the device. On a
slow line that is nothing, and an incremental sync came a second later: there receipts are fetched with every delta."""
GROWTH_S = 0.2
"""How often a conversation that sends looks whether the log has grown."""
CONNECTIONS = 4
CONNECTIONS_SLOW = 8
"""One lossy TCP connection gets a fifth of a slow line, eight nearly all of it; on a LAN four keep both ends busy."""


class Tally(Struct):
    """What one conversation did."""

    bytes_sent: int = 0
    objects_bytes: int = 0
    entries: int = 0
    objects: int = 0
    receipted: set[int] = field(default_factory=set)
    opened: set[int] = field(default_factory=set)
    exceptions: int = 0


class Uplink:
    """The conversations of one node; one at a time.

    Args:
        report: makes the state report of hello.
        now: wall clock, whole seconds.
        moved: told of bytes that left, for progress.
    """

    def __init__(
        self,
        home: Home,
        report: Callable[[], StateReport],
        now: Callable[[], int],
        moved: Callable[[int], None] | None = None,
    ) -> None:
        self._home, self._report, self._now = home, report, now
        self._moved = moved or (lambda _: None)
        self._bearer = ""
        self._wanted: list[Wanted] = []
        self._hub_wants_from = 0
        self._asked = 0
        self._greeted_at = 0.0
        self.tally = Tally()
        self.cancel = threading.Event()
        self.greeted: Callable[[], object] = lambda: None
        slow = is_slow(home)
        connections = CONNECTIONS_SLOW if slow else CONNECTIONS
        self._greet_again_s = 0.0 if slow else GREET_AGAIN_S
        self._connections = connections
        self._cap = int(home.config.cap_mbit * 1_000_000 / 8)
        self._link = HubLink(home.config.address, home.identity.tls_digest, self._cap)
        self._sender = Sender(
            home.objects,
            lambda: HubLink(home.config.address, home.identity.tls_digest, self._cap // connections),
            connections,
            self._moved,
        )
        self.flights = self._sender.flights

    def close(self) -> None:
        """Drop all connections."""
        self._link.close()
        self._sender.close()

    def converse(self, grown: MoreToCome = lambda _: False) -> State:
        """One conversation until nothing is left to do; its last state (DONE).

        Raises:
            LinkLost: try again later. PeerRefused: the hub asks to wait or refuses. RolledBack, Fork: a person decides.
        """
        try:
            return self._conversation(grown)
        except SyncError:
            self._sender.hang_up()
            raise

    def _conversation(self, grown: MoreToCome) -> State:
        state = State(own=self._home.head())
        state, acts = session.step(state, session.Begin())
        work = deque(acts)
        while True:
            while work:
                if self.cancel.is_set():
                    raise LinkLost("传输已暂停。已送达的部分不会重传。")
                event = self._carry_out(work.popleft(), state)
                if event is None:
                    continue
                state = self._follow(state)
                state, more = session.step(state, event)
                work.extend(more)
                stop_if_told(self._home, state)
            if state.phase is Phase.SENDING:
                event = self._while_sending(state)
                if isinstance(event, session.ObjectsSent) and self._soon_grown(state, grown):
                    event = session.Grown(self._home.head())
                state, more = session.step(state, event)
                work.extend(more)
                stop_if_told(self._home, state)
                continue
            if state.phase is Phase.DONE:
                more_may_come = grown(None)
                head = self._home.head()
                if state.hub is None or state.hub.seq < head.seq:
                    state, more = session.step(state, session.Grown(head))
                    work.extend(more)
                    continue
                if more_may_come:
                    continue
            return state

    def _soon_grown(self, state: State, grown: MoreToCome) -> bool:
        """Does another delta close before receipts are due? Then it is offered first."""
        due = self._greeted_at + self._greet_again_s
        while (left := due - time.monotonic()) > 0 and not self.cancel.is_set() and grown(left):
            # A delta that was seen while objects were under way is told of once more.
            if self._home.head() != state.own:
                return True
        return False

    def meet(self) -> None:
        """Hello and nothing else: is our log still the one the hub knows? Asked once before a process first signs (DESIGN §4).

        Raises:
            LinkLost, PeerRefused: not known. RolledBack, Fork: it is not; a person decides.
        """
        state, _ = session.step(State(own=self._home.head()), session.Begin())
        if (event := self._carry_out(Act.HELLO, state)) is not None:
            stop_if_told(self._home, session.step(state, event)[0])

    def _follow(self, state: State) -> State:
        """Note that the log has grown; while objects are under way that is an event of its own."""
        head = self._home.head()
        return (
            state if head == state.own or state.phase is Phase.SENDING else session.step(state, session.Grown(head))[0]
        )

    def _carry_out(self, act: Act, state: State) -> session.Event | None:
        try:
            match act:
                case Act.HELLO:
                    return self._hello()
                case Act.SEND_ENTRIES:
                    return self._entries(state)
                case Act.ASK_NEED:
                    return self._need(state)
                case Act.SEND_OBJECTS:
                    self._objects()
                case Act.GIVE_HUB_ENTRIES:
                    self._give_hub_entries()
                case Act.ALARM_HUB_BEHIND:
                    with self._home.database.transaction() as connection:
                        settings.write(connection, Setting.HUB_BEHIND, self._now())
        except PeerRefused as refusal:
            if (final := denied(refusal)) is None:
                raise
            return final
        finally:
            self.tally.bytes_sent += self._link.bytes_sent
            self._link.bytes_sent = 0
        return None

    # ---------------------------------------------------------------- hello

    def _hello(self) -> session.Event:
        home = self._home
        self._asked = 0
        answer = self._greet()
        self._greeted_at = time.monotonic()
        greeting = Greeting.decode(answer.body)
        self._bearer = greeting.bearer
        self._sender.bearer = greeting.bearer
        self._sender.restrict(max(1, min(self._connections, greeting.limits.connections)))
        ours = log.hash_at(home.database.read(), home.identity.log.log_id, greeting.head.seq) if greeting.head else b""
        if greeting.head is not None and ours != greeting.head.hash:
            # Rolled back or forked: its receipts are about entries that this copy never wrote. Nothing of it is stored but the nonce.
            with home.database.transaction() as connection:
                settings.write(connection, Setting.NONCE, greeting.nonce)
            return self._greeted(greeting)
        self._store_greeting(greeting)
        self.greeted()
        return self._greeted(greeting)

    def _greet(self) -> Answer:
        """Hello, repeated once with a fresh nonce when ours is stale (a lost answer, a restored copy), and once after the hub took our genesis anew."""
        home, repeated = self._home, set[str]()
        while True:
            reading = home.database.read()
            hub = log.find(reading, home.identity.hub.log_id)
            assert hub is not None
            cursor = settings.number(reading, Setting.RECEIPTS_CURSOR)
            hello = Hello(
                home.identity.log.log_id, home.head(), cursor, hub.head, self._report(), home.identity.hub.log_id, home.identity.tls_digest,
                settings.blob(reading, Setting.NONCE),
            )  # fmt: skip
            try:
                return self._link.call("POST", messages.HELLO, messages.sign_hello(home.secrets.signing_key(), hello))
            except PeerRefused as refusal:
                nonce = refusal.detail if refusal.code == "nonce" and isinstance(refusal.detail, bytes) else None
                if refusal.code in repeated or not (nonce is not None or self._returned(refusal)):
                    raise
                repeated.add(refusal.code)
                if nonce is not None:
                    with home.database.transaction() as connection:
                        settings.write(connection, Setting.NONCE, nonce)

    def _returned(self, refusal: PeerRefused) -> bool:
        """A hub restored from a copy older than our enrolment does not know us; its own log, brought back by another node, vouches for our genesis
        without the token (format.md §11.1). Was it taken?
        """
        if refusal.code != "unknown-log":
            return False
        home = self._home
        genesis = log.since(home.database.read(), home.identity.log.log_id, 0, 1)[0]
        request = messages.EnrolRequest(bytes(SECRET_BYTES), home.config.name, genesis.signed)
        try:
            self._link.call("POST", messages.ENROL, request.encode())
        except PeerRefused:
            # The refusal of the greeting says more: which hub, and what to do.
            return False
        return True

    def _store_greeting(self, greeting: Greeting) -> None:
        """Verify and store what came. A crash before the commit leaves the old cursors, and the same things come again."""
        home = self._home
        hub, own = home.identity.hub, home.identity.log.log_id
        receipts = [read_receipt(hub.signing_key, raw, hub_id=hub.log_id, log_id=own) for raw in greeting.receipts]
        with home.database.transaction() as connection:
            accept_hub_entries(connection, hub.log_id, list(greeting.hub_entries))
            number = settings.number(connection, Setting.RECEIPTS_CURSOR)
            if greeting.receipts_cursor < number:
                # The hub's numbering fell back: it was restored. Its new receipts come under numbers we have seen.
                number = greeting.receipts_cursor - len(receipts)
                settings.write(connection, Setting.HUB_BEHIND, self._now())
            for raw, receipt in zip(greeting.receipts, receipts, strict=True):
                number += 1
                self._store_receipt(connection, receipt, raw, number)
            settings.write(connection, Setting.RECEIPTS_CURSOR, greeting.receipts_cursor)
            settings.write(connection, Setting.NONCE, greeting.nonce)
            settings.write(connection, Setting.LAST_CONTACT, self._now())
            settings.write(connection, Setting.STOPPED, None)
            settings.write(connection, Setting.PACK_TARGET, greeting.limits.pack_target_bytes)
            heed(connection, home, self._now(), lambda: self._report().clock_state)
            if self._link.connect_s:
                settings.write_least(connection, Setting.HANDSHAKE_S, self._link.connect_s)

    def _store_receipt(self, connection: apsw.Connection, receipt: Receipt, raw: bytes, number: int) -> None:
        own = self._home.identity.log.log_id
        if log.hash_at(connection, own, receipt.entry.seq) != receipt.entry.hash:
            raise BadObject(f"回执所指的第 {receipt.entry.seq} 条日志不是本机所签（format.md §9）")
        log.add_receipt(
            connection, own, receipt.grade, receipt.entry.seq, raw, max(number, log.receipts_head(connection, own) + 1)
        )
        if receipt.grade is Grade.R1:
            self.tally.receipted.add(receipt.entry.seq)
        else:
            self.tally.opened.add(receipt.entry.seq)
            self.tally.exceptions += len(receipt.exceptions)

    def _greeted(self, greeting: Greeting) -> session.Greeted:
        reading, own = self._home.database.read(), self._home.identity.log.log_id
        waiting = self._first_wanted()
        mine = log.hash_at(reading, own, greeting.head.seq) if greeting.head else None
        self._hub_wants_from = greeting.want_hub_from or 0
        wants = greeting.want_hub_from is not None
        return session.Greeted(greeting.head, mine, log.last_receipted(reading, own), waiting, greeting.more, wants)

    def _first_wanted(self) -> int | None:
        """seq from which objects must be asked about: the first without R1, or everything when the hub was restored from an old copy."""
        reading = self._home.database.read()
        if settings.read(reading, Setting.HUB_BEHIND) is not None:
            return 1
        return log.first_unreceipted(reading, self._home.identity.log.log_id, Grade.R1)

    # ---------------------------------------------------------------- entries and objects

    def _entries(self, state: State) -> session.Event:
        reading, own = self._home.database.read(), self._home.identity.log.log_id
        start = state.hub.seq + 1 if state.hub else 0
        batch = log.since(reading, own, start, 64)
        answer = self._link.call(
            "POST", messages.ENTRIES, messages.encode_entries([e.signed for e in batch]), self._bearer
        )
        head = messages.decode_head(answer.body)
        if log.hash_at(reading, own, head.seq) != head.hash:
            raise BadEntry("市级中心答复的日志位置不是本机的（format.md §11.3）")
        self.tally.entries += len(batch)
        return session.EntriesTaken(head)

    def _need(self, state: State) -> session.Event:
        reading, own = self._home.database.read(), self._home.identity.log.log_id
        assert state.hub is not None
        fresh = self._asked == 0
        first = self._first_wanted() if fresh else self._asked + 1
        self._wanted = []
        while first is not None and first <= state.hub.seq:
            last = min(first + 63, state.hub.seq)
            objects = [
                (e.seq, o)
                for e in log.since(reading, own, first, last - first + 1)
                if e.kind == 1
                for o in read_delta(e.body).objects()
            ]
            answer = self._link.call("POST", messages.NEED, messages.encode_need_request(first, last), self._bearer)
            missing, partial = messages.decode_need(answer.body, len(objects))
            wanted = [(objects[i][0], Wanted(*objects[i][1], min(partial.get(i, 0), objects[i][1][1]))) for i in missing]
            # The largest of a delta go first: a large one that begins last would have the line for itself, and one connection cannot fill it.
            wanted.sort(key=lambda one: (one[0], one[1].offset - one[1].length))
            self._wanted += [one for _, one in wanted]
            self._asked, first = last, last + 1
        if fresh and not self._wanted:
            self._hub_has_all()
        return session.NeedKnown(len(self._wanted))

    def _objects(self) -> None:
        self._sender.add(self._wanted, self.cancel)
        self.tally.objects += len(self._wanted)

    def _while_sending(self, state: State) -> session.Event:
        """Wait until all is sent, or until the line has room and the log has grown."""
        try:
            left = self._sender.wait_below(2 * self._connections, GROWTH_S)
            while left:
                head = self._home.head()
                if head != state.own and left < 2 * self._connections:
                    return session.Grown(head)
                left = self._sender.wait_below(left, GROWTH_S)
        except SendingFailed as failed:
            final = denied(failed.fault) if isinstance(failed.fault, PeerRefused) else None
            if final is None:
                raise failed.fault from failed
            return final
        finally:
            self.tally.bytes_sent += self._sender.bytes_sent - self.tally.objects_bytes
            self.tally.objects_bytes = self._sender.bytes_sent
        if (rate := self._sender.rate_bit_s()) is not None:
            with self._home.database.transaction() as connection:
                settings.write(connection, Setting.RATE_BIT_S, rate)
        self._hub_has_all()
        return session.ObjectsSent()

    def _hub_has_all(self) -> None:
        """A hub that was restored holds again what our entries name: no more cause for alarm."""
        if settings.read(self._home.database.read(), Setting.HUB_BEHIND) is not None:
            with self._home.database.transaction() as connection:
                settings.write(connection, Setting.HUB_BEHIND, None)

    def _give_hub_entries(self) -> None:
        """A hub restored from an old copy takes its own signed log back from us (format.md §11.3)."""
        reading, hub_id = self._home.database.read(), self._home.identity.hub.log_id
        start = self._hub_wants_from
        while batch := log.since(reading, hub_id, start, 64):
            self._link.call(
                "POST", messages.HUB_ENTRIES, messages.encode_entries([e.signed for e in batch]), self._bearer
            )
            start = batch[-1].seq + 1
