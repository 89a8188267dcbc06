"""Custody 保管方 (format.md §18): never two holders, and no act out of order has an effect."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from holdings import custody
from holdings.custody import ActKind, CustodyAct, CustodyState, Effect, Holding, Party, held_by

NODE, HUB, OTHER = (Party(bytes([n]) * 32) for n in (1, 2, 3))
parties = st.sampled_from([NODE, HUB, OTHER])
acts = st.builds(
    CustodyAct, st.sampled_from(ActKind), st.integers(0, 6), st.integers(0, 3), parties, st.none() | parties
)
RELEASE = CustodyAct(ActKind.RELEASE, 0, 2, NODE, HUB)
ACCEPT, RETURN = CustodyAct(ActKind.ACCEPT, 1, 2, HUB), CustodyAct(ActKind.RETURN, 1, 2, HUB)
GRANT, TAKEN = CustodyAct(ActKind.GRANT, 2, 2, HUB, NODE), CustodyAct(ActKind.ACCEPT, 3, 2, NODE)


@pytest.mark.parametrize(
    ("done", "holder", "turn"),
    [
        ([], NODE, 0), ([RELEASE], None, 1), ([RELEASE, ACCEPT], HUB, 2), ([RELEASE, RETURN], NODE, 2), ([RELEASE, ACCEPT, GRANT], None, 3),
        ([RELEASE, ACCEPT, GRANT, TAKEN], NODE, 4), ([RELEASE, ACCEPT, GRANT, replace(TAKEN, kind=ActKind.RETURN)], HUB, 4),
    ],
)  # fmt: skip
def test_the_ways_of_custody(done: list[CustodyAct], holder: Party | None, turn: int) -> None:
    """Released, taken, given back, granted: each leads where format.md §18 says."""
    after = custody.fold(held_by(NODE), done)
    assert (after.holder, after.turn) == (holder, turn)
    assert after.state is (CustodyState.IN_TRANSIT if holder is None else CustodyState.HELD)


@pytest.mark.parametrize(
    ("start", "act", "effect"),
    [
        ([RELEASE], RELEASE, Effect.REPEATED), ([], ACCEPT, Effect.EARLY), ([], replace(RELEASE, by=OTHER), Effect.NOT_ENTITLED),
        ([RELEASE], replace(ACCEPT, by=NODE), Effect.NOT_ENTITLED), ([RELEASE], replace(RETURN, by=OTHER), Effect.NOT_ENTITLED),
        ([RELEASE], replace(ACCEPT, version=1), Effect.OUT_OF_PLACE), ([], replace(RELEASE, to=NODE), Effect.OUT_OF_PLACE),
        ([], replace(RELEASE, to=None), Effect.OUT_OF_PLACE), ([], replace(RELEASE, kind=ActKind.ACCEPT), Effect.OUT_OF_PLACE),
        ([RELEASE], replace(RELEASE, turn=1, by=HUB, to=OTHER), Effect.OUT_OF_PLACE), ([RELEASE, ACCEPT], replace(RELEASE, turn=2), Effect.NOT_ENTITLED),
    ],
)  # fmt: skip
def test_what_has_no_effect(start: list[CustodyAct], act: CustodyAct, effect: Effect) -> None:
    """A repeated, early, foreign or unfitting act changes nothing and says which it was."""
    holding = custody.fold(held_by(NODE), start)
    assert custody.apply(holding, act) == (holding, effect)


@given(st.lists(acts, max_size=20))
def test_no_act_out_of_order_has_an_effect(done: list[CustodyAct]) -> None:
    """An act that changes something is of the present turn and by the one party whose turn it is, and moves the turn by one."""
    holding = held_by(NODE)
    for act in done:
        after, effect = custody.apply(holding, act)
        if effect is Effect.DONE:
            assert act.turn == holding.turn
            assert act.by == (holding.taker if holding.holder is None else holding.holder)
            assert after.turn == holding.turn + 1
            assert (after.holder is None) != (holding.holder is None)
        else:
            assert after == holding
        holding = after


@given(st.lists(acts, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_reading_does_not_matter(done: list[CustodyAct], chance: Random) -> None:
    """However two logs of one act a turn and party are read together, they give one holding."""
    once = list({(act.turn, act.by): act for act in done}.values())
    mixed = list(once)
    chance.shuffle(mixed)
    assert custody.fold(held_by(NODE), once) == custody.fold(held_by(NODE), [*mixed, *mixed])


@given(st.data())
def test_never_two_holders(data: st.DataObject) -> None:
    """Two sites that each act on what they know, with letters lost, repeated and late, never both believe that they may write."""
    views: dict[Party, Holding] = {NODE: held_by(NODE), HUB: held_by(NODE)}
    sent: list[CustodyAct] = []
    for _ in range(data.draw(st.integers(0, 25))):
        here = data.draw(st.sampled_from([NODE, HUB]))
        if data.draw(st.booleans()) and sent:
            act = data.draw(st.sampled_from(sent))
        else:
            there = HUB if here == NODE else NODE
            act = CustodyAct(
                data.draw(st.sampled_from(ActKind)), views[here].turn, data.draw(st.integers(1, 2)), here, there
            )
        after, effect = custody.apply(views[here], act)
        views[here] = after
        if effect is Effect.DONE and act.by == here:
            sent.append(act)
        assert [view.may_write(party) for party, view in views.items()].count(True) <= 1
        assert abs(views[NODE].turn - views[HUB].turn) <= 1 or not (views[NODE].holder and views[HUB].holder)


def test_labels_are_the_viewers() -> None:
    """Each side's screens call the holder by its own word."""
    assert held_by(NODE).label(NODE, HUB) == "本馆保管"
    assert held_by(NODE).label(HUB, HUB) == "区县馆保管"
    assert custody.fold(held_by(NODE), [RELEASE, ACCEPT]).label(NODE, HUB) == "市馆保管"
    assert custody.fold(held_by(NODE), [RELEASE]).label(NODE, HUB) == "移交中"
