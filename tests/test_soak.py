"""`kill -9` of node and hub at random moments, round after round: nothing receipted is lost, nothing is there twice, nothing half-done shows."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random

import pytest
from soak_moments import AT_WORK, FOLDING, Moment, await_moment, moment
from soak_programs import Programs
from soak_site import Site

ROUNDS = int(os.environ.get("JINDANG_SOAK_ROUNDS", "7"))
SEED = int(os.environ.get("JINDANG_SOAK_SEED", "0")) or secrets.randbelow(1_000_000_000) + 1
EXAMINE_EVERY = 50
UNREACHABLE = 3
"""Exit code of a node whose hub stayed away (DESIGN §7)."""
FOLD_S = 3.0
"""A hub begins to open a delta one and a half seconds after its last upload."""


class Victim(StrEnum):
    """Who is killed, and when."""

    NODE = "node at work"
    NODE_AGAIN = "node at work, started again at once against the same hub"
    HUB = "hub at work, started again at once under the working node"
    FOLD = "hub while it opens"
    BOTH = "both at the same moment"
    ALONE = "node that works while no hub is there"


@dataclass(frozen=True)
class Round:
    """One round of the plan: who, when, and whether a surviving hub is asked to end or killed as well."""

    victim: Victim
    moment: Moment
    gently: bool


def plan(random: Random) -> Iterator[Round]:
    """Rounds without end; equal seeds make equal plans."""
    while True:
        victim = random.choice(tuple(Victim))
        yield Round(victim, moment(random, FOLDING if victim is Victim.FOLD else AT_WORK), random.random() < 0.3)


class Measure:
    """How long undisturbed runs took lately: kills by the clock are spread evenly over that."""

    def __init__(self) -> None:
        self.seconds = 1.5

    def took(self, seconds: float) -> None:
        """A run ended undisturbed."""
        self.seconds += 0.5 * (min(seconds, 5.0) - self.seconds)


def play(site: Site, one: Round, seconds: float) -> bool:
    """Run node and hub and kill as the round says; did the kill meet a program at work? Nothing runs afterwards."""
    if one.victim is Victim.ALONE:
        node = site.start_node()
        await_moment(one.moment, site.root, seconds, node)
        return node.kill()
    hub, node = site.start_hub(), site.start_node()
    if one.victim is Victim.FOLD:
        node.answer()
        await_moment(one.moment, site.root, FOLD_S, hub)
        return hub.kill()
    await_moment(one.moment, site.root, seconds, node)
    met = node.running
    match one.victim:
        case Victim.NODE | Victim.NODE_AGAIN:
            node.kill()
            if one.victim is Victim.NODE_AGAIN:
                site.start_node().answer()
        case Victim.HUB:
            hub.kill()
            hub = site.start_hub()
            # A hub that is up again only after the node's patience is told as away (exit code 3): then the next run brings what is left.
            if node.end() == UNREACHABLE:
                node = site.start_node()
            node.answer()
        case _:
            node.kill()
    if one.gently and one.victim is not Victim.BOTH:
        assert hub.stop() == 0, hub.said
    else:
        hub.kill()
    return met


def calm(site: Site, measure: Measure) -> None:
    """A round without a kill, timed."""
    hub, node = site.start_hub(), site.start_node()
    node.answer()
    measure.took(node.lasted())
    assert hub.stop() == 0, hub.said


@pytest.mark.soak
@pytest.mark.timeout(120 + 30 * ROUNDS)
def test_kill_nine_loses_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """However often node and hub are killed: every record at the hub byte for byte, once, in the versions it had, all promises kept, all doctors content."""
    random, measure, met = Random(SEED), Measure(), Counter[str]()
    plans = plan(Random(random.random()))
    story = []
    with Programs(tmp_path / "said") as programs:
        site = Site(tmp_path, programs, random)
        for number, one in zip(range(1, ROUNDS + 1), plans, strict=False):
            story.append(f"{number}: {site.corpus.step()}; {one}")
            try:
                if number % 10 == 1:
                    calm(site, measure)
                    site.corpus.step()
                met[one.victim] += play(site, one, measure.seconds)
                site.look()
                if number % EXAMINE_EVERY == 0:
                    site.bring_home()
                    site.examine()
            except AssertionError as fault:
                raise AssertionError(f"seed {SEED}, after {story[-4:]}: {fault}") from fault
        site.bring_home()
        site.examine()
    with capsys.disabled():
        print(f"\nsoak: seed {SEED}, {ROUNDS} rounds, {met.total()} kills met a program at work: {told(met)}")
        print(f"soak: {len(site.corpus.records)} records, {len(site.receipts)} receipts; kills left {told(site.left)}")


def told(counts: Counter[str]) -> str:
    """Counts for a person."""
    return ", ".join(f"{count} {what}" for what, count in counts.items())
