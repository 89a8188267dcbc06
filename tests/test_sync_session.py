"""The conversation as a table: single moves, completeness, and a search through every interleaving of a small world."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import pytest
from msgspec import Struct, field
from msgspec.structs import replace

from sync import session
from sync.entry import Head
from sync.session import (
    TABLE,
    Act,
    Begin,
    Cut,
    Denied,
    EntriesTaken,
    Event,
    Greeted,
    Grown,
    NeedKnown,
    ObjectsSent,
    Phase,
    State,
    Stop,
)

ACTIVE = (Phase.GREETING, Phase.OFFERING, Phase.ASKING, Phase.SENDING, Phase.CLOSING)
LAST = 2
"""The node's log of the model has entries 0 to LAST at most: a genesis and two deltas."""


def head(seq: int, branch: int = 0) -> Head:
    """Return the head of a log of that length; another branch has other hashes from seq 1 on."""
    return Head(seq, bytes([seq, branch if seq else 0]) * 16)


class World(Struct, frozen=True):
    """Node, hub and what is between them: what each has committed, and what the shell of node/uplink.py will do.

    `asked`: the last seq whose objects were asked about since the last hello; `wanted` what the answer was; `sending` what is under way.
    """

    state: State = field(default_factory=lambda: State(head(0)))
    acts: tuple[Act, ...] = ()
    own: int = 0
    receipts: frozenset[int] = frozenset()
    hub: int = 0
    stored: frozenset[int] = frozenset()
    branch: int = 0
    revoked: bool = False
    cuts: int = 1
    images: int = 1
    faults: frozenset[str] = frozenset()
    asked: int = 0
    wanted: frozenset[int] = frozenset()
    sending: frozenset[int] = frozenset()

    def greeted(self) -> Greeted:
        """What a hello gives the node, receipts taken in first (the shell commits them before it steps)."""
        hub = head(self.hub, self.branch)
        mine = head(self.hub).hash if self.hub <= self.own else None
        wanted = {1} if "hub" in self.faults and self.own else {seq for seq in range(1, self.own + 1) if seq not in self.receipts}
        last = max(self.receipts, default=-1)
        return Greeted(hub, mine, last, min(wanted, default=None), hub_wants_entries="log" in self.faults)


def stepped(world: World, event: Event, acts: tuple[Act, ...]) -> World:
    """Step as node/uplink.py does: the log's growth first, then the event; what was to do goes on after it."""
    state = world.state
    if state.own != head(world.own) and state.phase is not Phase.SENDING:
        state, _ = session.step(state, Grown(head(world.own)))
    state, more = session.step(state, event)
    return replace(world, state=state, acts=() if state.stop else (*acts, *more))


def answered(world: World) -> World:
    """The shell carries out its next act and the hub answers."""
    act, rest = world.acts[0], world.acts[1:]
    if act is Act.ALARM_HUB_BEHIND:
        return replace(world, acts=rest, faults=world.faults | {"hub", "alarmed"})
    if world.revoked and act is not Act.SEND_OBJECTS:
        return stepped(world, Denied(Stop.REVOKED), rest)
    if act is Act.GIVE_HUB_ENTRIES:
        return replace(world, acts=rest, faults=world.faults - {"log"})
    if act is Act.HELLO:
        if len(world.stored) < len(world.receipts):
            # The hub's numbering of receipts fell back: the uplink asks about everything once.
            world = replace(world, faults=world.faults | {"hub"})
        if not world.branch and world.hub <= world.own:
            world = replace(world, receipts=world.receipts | (world.stored & set(range(1, world.hub + 1))))
        return stepped(replace(world, asked=0), world.greeted(), rest)
    if act is Act.SEND_ENTRIES:
        assert world.state.hub is not None
        assert world.state.hub.seq < world.own, "nothing to offer"
        taken = min(world.hub + 1, world.own)
        return stepped(replace(world, hub=taken), EntriesTaken(head(taken)), rest)
    if act is Act.ASK_NEED:
        first = world.asked + 1 if world.asked else world.greeted().unreceipted_from
        missing = frozenset(range(first or world.hub + 1, world.hub + 1)) - world.stored
        faults = world.faults if missing or world.asked else world.faults - {"hub"}
        return stepped(replace(world, faults=faults, asked=world.hub, wanted=missing), NeedKnown(len(missing)), rest)
    assert act is Act.SEND_OBJECTS
    return replace(world, acts=rest, sending=world.sending | world.wanted, wanted=frozenset())


def sent(world: World) -> World:
    """All that was under way has become durable at the hub."""
    if world.revoked:
        return stepped(world, Denied(Stop.REVOKED), ())
    return stepped(replace(world, stored=world.stored | world.sending, sending=frozenset()), ObjectsSent(), ())


def happenings(world: World) -> Iterator[tuple[str, World]]:
    """Every next world: progress, growth, cuts, images restored on either side, a fork, a revocation."""
    if not world.acts and world.state.phase is Phase.SENDING:
        yield from while_sending(world)
    elif world.acts:
        after = answered(world)
        yield "answer", after
        if world.cuts:
            yield "cut before", cut(world)
            yield "reply lost", cut(replace(world, hub=after.hub, stored=after.stored))
    elif world.state.phase in (Phase.IDLE, Phase.DONE, Phase.STOPPED):
        if world.state.phase is Phase.DONE and world.state.hub is not None and world.state.hub.seq < world.own:
            yield "more grew", grown(world)
        yield "begin", begun(world)
    if world.own < LAST:
        yield "grow", replace(world, own=world.own + 1)
    if world.images and not world.acts and not world.sending:
        yield from restored(world)
    if not world.revoked:
        yield "revoked", replace(world, revoked=True)


def while_sending(world: World) -> Iterator[tuple[str, World]]:
    """What can happen while objects are under way and nothing else is to do."""
    yield "sent", sent(world)
    if world.state.own != head(world.own):
        yield "grew while sending", grown(world)
    if world.cuts:
        for arrived in world.sending:
            yield "cut while sending", cut(replace(world, stored=world.stored | {arrived}))


def restored(world: World) -> Iterator[tuple[str, World]]:
    """Either side comes back from an old copy, once."""
    older = replace(world, images=0, state=State(head(world.own)), faults=world.faults | {"log"})
    if world.hub:
        yield "hub restored", replace(older, hub=world.hub - 1, stored=world.stored - {world.hub})
        yield "hub's own log restored", older
        yield "hub's objects lost", replace(older, stored=frozenset())
        yield "other branch", replace(older, branch=1)
    if world.own:
        kept = frozenset(seq for seq in world.receipts if seq < world.own)
        yield (
            "node restored",
            replace(older, faults=frozenset(), own=world.own - 1, receipts=kept, state=State(head(world.own - 1))),
        )


def cut(world: World) -> World:
    """The link breaks: the shell forgets what it was about to do."""
    lost = replace(world, cuts=world.cuts - 1, acts=(), sending=frozenset(), wanted=frozenset())
    return stepped(lost, Cut(), ())


def grown(world: World) -> World:
    """The conversation hears that the log has grown."""
    state, acts = session.step(world.state, Grown(head(world.own)))
    return replace(world, state=state, acts=acts)


def begun(world: World) -> World:
    """A new conversation, as every one begins: a fresh state from the log alone."""
    state, acts = session.step(State(head(world.own)), Begin())
    return replace(world, state=state, acts=acts, asked=0, wanted=frozenset(), sending=frozenset())


def reached() -> dict[World, list[tuple[str, World]]]:
    """Search the whole small world breadth first."""
    start = World()
    found: dict[World, list[tuple[str, World]]] = {}
    waiting = deque([start])
    while waiting:
        world = waiting.popleft()
        if world in found:
            continue
        found[world] = list(happenings(world))
        waiting.extend(after for _, after in found[world])
    return found


@pytest.fixture(scope="module")
def worlds() -> dict[World, list[tuple[str, World]]]:
    """Return every world that can come about, with what can happen next."""
    return reached()


def test_no_move_is_missing(worlds: dict[World, list[tuple[str, World]]]) -> None:
    """Whatever happens in whatever order, the table has the move (no KeyError), and the search is not a trivial one."""
    assert len(worlds) > 1_000
    assert {world.state.phase for world in worlds} == set(Phase)
    names = {name for moves in worlds.values() for name, _ in moves}
    assert names >= {"answer", "sent", "grew while sending", "cut before", "cut while sending", "reply lost", "grow", "more grew"}
    assert names >= {"hub restored", "hub's own log restored", "hub's objects lost", "node restored", "other branch", "revoked"}


def test_done_means_done(worlds: dict[World, list[tuple[str, World]]]) -> None:
    """Where no copy is stale and nobody revoked, DONE means that the hub knows the log it was offered."""
    for world in worlds:
        if world.state.phase is Phase.DONE and not world.acts:
            assert world.state.hub is not None
            assert world.state.hub == head(world.state.hub.seq)
            assert world.state.hub.seq >= world.state.own.seq or world.state.own.seq < world.own
            assert world.state.stop is None


def test_a_conversation_ends_with_everything_receipted(worlds: dict[World, list[tuple[str, World]]]) -> None:
    """From any world without fork, revocation or restored node, undisturbed conversations end with all stored and receipted."""
    for world in worlds:
        if world.branch or world.revoked or world.hub > world.own:
            continue
        for _ in range(3):
            world = settled(begun(replace(world, acts=())))
            assert world.state.phase is Phase.DONE, world
        everything = frozenset(range(1, world.own + 1))
        assert (world.hub, world.stored, world.receipts) == (world.own, everything, everything)
        again = begun(world)
        assert again.acts == (Act.HELLO,)
        assert answered(again).acts == ()


def settled(world: World) -> World:
    """Let the hub answer until the conversation has nothing left to do; it must not go on for ever."""
    for _ in range(40):
        if world.acts:
            world = answered(world)
        elif world.state.phase is Phase.SENDING:
            world = sent(world)
        else:
            return world
    raise AssertionError(f"the conversation does not end: {world}")


def test_a_stale_or_forked_node_stops_before_it_sends(worlds: dict[World, list[tuple[str, World]]]) -> None:
    """A hub that knows more, or other entries, stops the node at the greeting: nothing is offered to it."""
    seen = set()
    for world in worlds:
        if world.hub > world.own or world.branch:
            fresh = begun(world)
            after = answered(fresh)
            assert after.state.phase is Phase.STOPPED
            assert after.acts == ()
            seen.add(after.state.stop)
            if not world.revoked:
                assert after.state.stop is (Stop.ROLLED_BACK if world.hub > world.own else Stop.FORKED)
    assert seen >= {Stop.ROLLED_BACK, Stop.FORKED}


def test_a_revoked_node_stops(worlds: dict[World, list[tuple[str, World]]]) -> None:
    """Whenever the hub revokes, the next answered request stops the conversation for good, in every phase."""
    phases = set()
    for world in worlds:
        waits = not world.acts and world.state.phase is Phase.SENDING
        if world.revoked and (waits or (world.acts and world.acts[0] not in (Act.ALARM_HUB_BEHIND, Act.SEND_OBJECTS))):
            phases.add(world.state.phase)
            after = sent(world) if waits else answered(world)
            assert (after.state.phase, after.state.stop, after.acts) == (Phase.STOPPED, Stop.REVOKED, ())
    assert phases == {*ACTIVE, Phase.DONE}


def test_nothing_receipted_is_forgotten(worlds: dict[World, list[tuple[str, World]]]) -> None:
    """No move but the restoring of an old copy makes the node lose a receipt or the hub an entry or object."""
    for world, moves in worlds.items():
        for name, after in moves:
            if "restored" not in name and "lost" not in name:
                assert after.receipts >= world.receipts, name
                assert after.stored >= world.stored, name
                assert after.hub >= world.hub, name
            assert world.receipts <= after.receipts or name == "node restored"


def test_a_hub_that_fell_behind_is_told_of(worlds: dict[World, list[tuple[str, World]]]) -> None:
    """A hub that knows less than the receipts it gave is found at the greeting: an alarm first, then the goods."""
    cases = [world for world in worlds if world.hub < max(world.receipts, default=-1) and not world.branch and not world.revoked]
    assert cases
    for world in cases:
        after = answered(begun(world))
        assert [act for act in after.acts if act is not Act.GIVE_HUB_ENTRIES] == [Act.ALARM_HUB_BEHIND, Act.SEND_ENTRIES]
        assert after.state.hub_behind


GREETED_HERE = Greeted(head(1), head(1).hash, 1, None)
MOVES: list[tuple[str, State, Event, Phase, tuple[Act, ...]]] = [
    ("nothing to do", State(head(1), Phase.GREETING), GREETED_HERE, Phase.DONE, ()),
    ("an unknown log", State(head(0), Phase.GREETING), Greeted(None, None, -1, None), Phase.OFFERING, (Act.SEND_ENTRIES,)),
    ("more receipts", State(head(1), Phase.GREETING), replace(GREETED_HERE, more=True), Phase.GREETING, (Act.HELLO,)),
    ("hub lost its own log", State(head(1), Phase.GREETING), replace(GREETED_HERE, hub_wants_entries=True), Phase.DONE, (Act.GIVE_HUB_ENTRIES,)),
    ("no receipt yet", State(head(1), Phase.GREETING), replace(GREETED_HERE, unreceipted_from=1), Phase.ASKING, (Act.ASK_NEED,)),
    ("half the entries", State(head(2), Phase.OFFERING), EntriesTaken(head(1)), Phase.OFFERING, (Act.SEND_ENTRIES,)),
    ("all entries", State(head(2), Phase.OFFERING), EntriesTaken(head(2)), Phase.ASKING, (Act.ASK_NEED,)),
    ("nothing missing", State(head(2), Phase.ASKING), NeedKnown(0), Phase.CLOSING, (Act.HELLO,)),
    ("objects missing", State(head(2), Phase.ASKING), NeedKnown(3), Phase.SENDING, (Act.SEND_OBJECTS,)),
    ("grown meanwhile", State(head(2), Phase.SENDING, head(1)), ObjectsSent(), Phase.OFFERING, (Act.SEND_ENTRIES,)),
    ("grown while sending", State(head(1), Phase.SENDING, head(1)), Grown(head(2)), Phase.SENDING, (Act.SEND_ENTRIES,)),
    ("offered while sending", State(head(2), Phase.SENDING, head(1)), EntriesTaken(head(2)), Phase.SENDING, (Act.ASK_NEED,)),
    ("known while sending", State(head(2), Phase.SENDING, head(2)), NeedKnown(1), Phase.SENDING, (Act.SEND_OBJECTS,)),
    ("nothing more while sending", State(head(2), Phase.SENDING, head(2)), NeedKnown(0), Phase.SENDING, ()),
    ("all sent", State(head(2), Phase.SENDING, head(2)), ObjectsSent(), Phase.CLOSING, (Act.HELLO,)),
    ("sent, no receipt", State(head(1), Phase.CLOSING, unreceipted_from=1), replace(GREETED_HERE, unreceipted_from=1), Phase.DONE, ()),
    ("sent, one receipt more", State(head(2), Phase.CLOSING, unreceipted_from=1), Greeted(head(2), head(2).hash, 1, 2), Phase.ASKING,
     (Act.ASK_NEED,)),
    ("grown when done", State(head(1), Phase.DONE), Grown(head(2)), Phase.OFFERING, (Act.SEND_ENTRIES,)),
    ("cut", State(head(1), Phase.SENDING, head(1)), Cut(), Phase.IDLE, ()),
]  # fmt: skip


@pytest.mark.parametrize(("what", "state", "event", "phase", "acts"), MOVES, ids=[row[0] for row in MOVES])
def test_single_moves(what: str, state: State, event: Event, phase: Phase, acts: tuple[Act, ...]) -> None:
    """The moves that people ask about, one by one."""
    after, found = session.step(state, event)
    assert (after.phase, found) == (phase, acts)


@pytest.mark.parametrize("phase", [*ACTIVE, Phase.DONE])
def test_any_request_may_be_refused_cut_or_overtaken(phase: Phase) -> None:
    """Wherever a request can be under way (the last ones after DONE, too) it may be denied, cut, or the log may grow."""
    for kind in (Denied, Cut, Grown):
        assert (phase, kind) in TABLE


def test_other_pairs_are_mistakes_of_the_caller() -> None:
    """An answer to a question that was not asked is refused, in every phase."""
    answers: list[Event] = [GREETED_HERE, EntriesTaken(head(1)), NeedKnown(0), ObjectsSent()]
    for phase in Phase:
        for event in answers:
            if (phase, type(event)) not in TABLE:
                with pytest.raises(KeyError):
                    session.step(State(head(1), phase), event)
    at = {kind: {phase for phase, event in TABLE if event is kind} for kind in (Greeted, EntriesTaken, NeedKnown, ObjectsSent)}
    assert at[Greeted] == {Phase.GREETING, Phase.CLOSING}
    assert at[EntriesTaken] == {Phase.OFFERING, Phase.SENDING}
    assert at[NeedKnown] == {Phase.ASKING, Phase.SENDING}
    assert at[ObjectsSent] == {Phase.SENDING}
