"""The conversation of a node with its hub as a table: (state, event) → next state and what to do. Pure.

Not here: HTTP, retries' waiting, disk. `step` is the only way to change a state; node/uplink.py carries the actions out and reports what happened as events.
"I am connected" is never stored: every conversation begins with hello, so a restart is the same as a first start.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from msgspec import Struct
from msgspec.structs import replace

from sync.entry import Head


class Phase(Enum):
    """Where a conversation stands."""

    IDLE = auto()
    GREETING = auto()
    OFFERING = auto()
    ASKING = auto()
    SENDING = auto()
    CLOSING = auto()
    DONE = auto()
    STOPPED = auto()


class Stop(Enum):
    """Why a conversation may not go on until somebody acts."""

    ROLLED_BACK = auto()
    """The hub knows more of this log than the node: a restored copy (exit 4)."""
    FORKED = auto()
    """Same seq, other entry."""
    REVOKED = auto()
    REFUSED = auto()


class Act(Enum):
    """What the shell is to do next."""

    HELLO = auto()
    SEND_ENTRIES = auto()
    ASK_NEED = auto()
    SEND_OBJECTS = auto()
    GIVE_HUB_ENTRIES = auto()
    ALARM_HUB_BEHIND = auto()


class State(Struct, frozen=True):
    """A conversation: own head, the hub's knowledge of it, and how far receipts go.

    `receipted_seq` is the last entry with an R1; `unreceipted_from` the first delta without one (None: none waits).
    """

    own: Head
    phase: Phase = Phase.IDLE
    hub: Head | None = None
    receipted_seq: int = -1
    unreceipted_from: int | None = None
    hub_behind: bool = False
    stop: Stop | None = None


class Begin(Struct, frozen=True):
    """Open the conversation."""


class Greeted(Struct, frozen=True):
    """Hello was answered. `own_hash_at_hub_head`: this log's entry_hash at the hub's seq, None when the log does not reach it."""

    hub: Head | None
    own_hash_at_hub_head: bytes | None
    receipted_seq: int
    unreceipted_from: int | None
    more: bool = False
    hub_wants_entries: bool = False


class EntriesTaken(Struct, frozen=True):
    """The hub's head after `POST /v1/entries`."""

    hub: Head


class NeedKnown(Struct, frozen=True):
    """How many objects the hub lacks."""

    missing: int


class ObjectsSent(Struct, frozen=True):
    """Every object that was asked for is durable at the hub."""


class Grown(Struct, frozen=True):
    """The own log has a new head: a delta closed meanwhile."""

    own: Head


class Denied(Struct, frozen=True):
    """The hub refuses for good."""

    why: Stop


class Cut(Struct, frozen=True):
    """The link broke, or the hub asks to come again later."""


Event = Begin | Greeted | EntriesTaken | NeedKnown | ObjectsSent | Grown | Denied | Cut
Result = tuple[State, tuple[Act, ...]]


def _begin(state: State, _event: Begin) -> Result:
    return replace(state, phase=Phase.GREETING, hub=None, stop=None), (Act.HELLO,)


def _greeted(state: State, event: Greeted) -> Result:
    state = replace(state, hub=event.hub, receipted_seq=event.receipted_seq, unreceipted_from=event.unreceipted_from)
    if event.hub is not None and event.hub.seq > state.own.seq:
        return replace(state, phase=Phase.STOPPED, stop=Stop.ROLLED_BACK), ()
    if event.hub is not None and event.own_hash_at_hub_head != event.hub.hash:
        return replace(state, phase=Phase.STOPPED, stop=Stop.FORKED), ()
    acts: tuple[Act, ...] = (Act.GIVE_HUB_ENTRIES,) if event.hub_wants_entries else ()
    known = event.hub.seq if event.hub is not None else -1
    if known < event.receipted_seq and not state.hub_behind:
        # The hub was restored from an old copy: it gets the goods again and a person hears of it.
        state, acts = replace(state, hub_behind=True), (*acts, Act.ALARM_HUB_BEHIND)
    if event.more:
        return replace(state, phase=Phase.GREETING), (*acts, Act.HELLO)
    if known < state.own.seq:
        return replace(state, phase=Phase.OFFERING), (*acts, Act.SEND_ENTRIES)
    if event.unreceipted_from is not None:
        return replace(state, phase=Phase.ASKING), (*acts, Act.ASK_NEED)
    return replace(state, phase=Phase.DONE), acts


def _entries_taken(state: State, event: EntriesTaken) -> Result:
    state = replace(state, hub=event.hub)
    if event.hub.seq < state.own.seq:
        return state, (Act.SEND_ENTRIES,)
    return replace(state, phase=Phase.ASKING), (Act.ASK_NEED,)


def _need_known(state: State, event: NeedKnown) -> Result:
    if event.missing:
        return replace(state, phase=Phase.SENDING), (Act.SEND_OBJECTS,)
    return replace(state, phase=Phase.CLOSING), (Act.HELLO,)


def _entries_while_sending(state: State, event: EntriesTaken) -> Result:
    state = replace(state, hub=event.hub)
    return state, ((Act.SEND_ENTRIES,) if event.hub.seq < state.own.seq else (Act.ASK_NEED,))


def _need_while_sending(state: State, event: NeedKnown) -> Result:
    return state, ((Act.SEND_OBJECTS,) if event.missing else ())


def _objects_sent(state: State, _event: ObjectsSent) -> Result:
    if state.hub is not None and state.hub.seq < state.own.seq:
        return replace(state, phase=Phase.OFFERING), (Act.SEND_ENTRIES,)
    return replace(state, phase=Phase.CLOSING), (Act.HELLO,)


def _closed(state: State, event: Greeted) -> Result:
    after, acts = _greeted(state, event)
    if (
        after.phase is Phase.ASKING
        and event.unreceipted_from == state.unreceipted_from
        and state.phase is Phase.CLOSING
    ):
        # All was sent and still no receipt: asking again at once would spin; the next conversation asks anew.
        return replace(after, phase=Phase.DONE), tuple(a for a in acts if a is not Act.ASK_NEED)
    return after, acts


def _grown(state: State, event: Grown) -> Result:
    return replace(state, own=event.own), ()


def _grown_while_sending(state: State, event: Grown) -> Result:
    # The line has room: the new delta is offered beside the objects under way, so that no connection waits for a batch to end.
    offer = state.hub is not None and state.hub.seq < event.own.seq
    return replace(state, own=event.own), ((Act.SEND_ENTRIES,) if offer else ())


def _grown_done(state: State, event: Grown) -> Result:
    return replace(state, own=event.own, phase=Phase.OFFERING), (Act.SEND_ENTRIES,)


def _denied(state: State, event: Denied) -> Result:
    return replace(state, phase=Phase.STOPPED, stop=event.why), ()


def _cut(state: State, _event: Cut) -> Result:
    return replace(state, phase=Phase.IDLE, hub=None), ()


_ACTIVE = (Phase.GREETING, Phase.OFFERING, Phase.ASKING, Phase.SENDING, Phase.CLOSING)

TABLE: dict[tuple[Phase, type], Callable[..., Result]] = {
    (Phase.IDLE, Begin): _begin,
    (Phase.DONE, Begin): _begin,
    (Phase.STOPPED, Begin): _begin,
    (Phase.GREETING, Greeted): _greeted,
    (Phase.OFFERING, EntriesTaken): _entries_taken,
    (Phase.ASKING, NeedKnown): _need_known,
    (Phase.SENDING, EntriesTaken): _entries_while_sending,
    (Phase.SENDING, NeedKnown): _need_while_sending,
    (Phase.SENDING, ObjectsSent): _objects_sent,
    (Phase.CLOSING, Greeted): _closed,
    (Phase.DONE, Grown): _grown_done,
    (Phase.IDLE, Grown): _grown,
    (Phase.STOPPED, Grown): _grown,
    **{(phase, Grown): _grown for phase in _ACTIVE},
    (Phase.SENDING, Grown): _grown_while_sending,
    # DONE may still hand the hub its own entries: that request, too, can be denied or cut.
    **{(phase, Denied): _denied for phase in (*_ACTIVE, Phase.DONE)},
    **{(phase, Cut): _cut for phase in (*_ACTIVE, Phase.DONE)},
}
"""Every legal move; a pair that is not here is a mistake of the caller (KeyError), and ARCHITECTURE.md draws its picture from it."""


def step(state: State, event: Event) -> Result:
    """The next state and the actions to carry out, in order."""
    return TABLE[state.phase, type(event)](state, event)
