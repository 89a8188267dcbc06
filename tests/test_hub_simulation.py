"""Trials by simulated nodes: real conversations with a real hub, told as they go, ended at will (hub/simulation.py, hub/simulated_*.py)."""

import asyncio
import io
from collections.abc import Iterator

import pytest
from hub_in_thread import RunningHub, SetClock, running
from PIL import Image

from hub.commands_simulate import _address
from hub.crowd import LATELY_S, Crowd
from hub.simulated_goods import page
from hub.simulation import Progress, Simulation, Wish
from sync.limits import Limits


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub for trials."""
    with running(tmp_path_factory.mktemp("trial") / "hub") as made:
        yield made


def trial(
    hub: RunningHub, wish: Wish, names: list[str], *, cancel_at: str = "", spoil: bool = False
) -> tuple[dict, list[str]]:
    """The figures of a trial, and its steps."""
    steps: list[str] = []

    async def run() -> dict:
        def tell(now: Progress) -> None:
            if now.step not in steps:
                steps.append(now.step)
            if cancel_at and now.step == cancel_at:
                made.cancel()

        made = Simulation(f"https://{hub.address[0]}:{hub.address[1]}", wish, hub.clock.wall, tell)
        tokens = [(name, hub.token(name)) for name in names]
        if spoil:
            # Of nobody that takes part: whoever came first with a shared one would have used it up.
            tokens[0] = (tokens[0][0], hub.token(f"{names[0]}-另一"))
        return await made.run(tokens)

    return asyncio.run(run()), steps


def test_a_trial_is_receipted_and_opened(hub: RunningHub) -> None:
    """Every node is enrolled, sends its rounds, gets its receipts, and the vault opens what it sent: pages that decode."""
    names = [f"模拟a-{number}" for number in range(6)]
    found, steps = trial(hub, Wish(6, 2, 3, 5_000, opened_s=20), names)
    assert steps == ["接入", "第 1 轮", "第 2 轮", "等验读"]
    assert (found["finished"], found["records"], found["receipted"], found["opened"], found["faults"]) == (
        6,
        36,
        12,
        12,
        [],
    )
    assert (found["starved"], found["cancelled"]) == (0, False)
    status = hub.hub.desk.call("status")
    mine = [one for one in status["nodes"] if one["name"] in names]
    assert [one["records"] for one in mine] == [6] * 6
    assert {one["program"] for one in mine} == {"jindang 模拟"}


def test_a_trial_that_is_cancelled_says_so(hub: RunningHub) -> None:
    """What was sent stays, what was not begun is not done."""
    found, _ = trial(hub, Wish(3, 50, 1, 300), [f"模拟b-{number}" for number in range(3)], cancel_at="第 2 轮")
    assert found["cancelled"]
    assert found["records"] < 150


def test_a_refused_node_does_not_end_the_trial(hub: RunningHub) -> None:
    """One node's refusal is named; the others go on."""
    found, _ = trial(hub, Wish(3, 1, 1, 300), [f"模拟c-{number}" for number in range(3)], spoil=True)
    assert (found["failed"], found["finished"]) == (1, 2)
    assert "name-differs" in found["faults"][0]


@pytest.mark.parametrize("weight", [200, 5_000, 1_000_000])
def test_made_up_pages_decode(weight: int) -> None:
    """A page has the weight that was asked for, and is an image."""
    data = page(weight)
    assert len(data) == weight
    with Image.open(io.BytesIO(data)) as image:
        image.load()


@pytest.mark.parametrize(
    "wrong",
    [
        {"nodes": 0},
        {"nodes": 1_001},
        {"rounds": 0},
        {"records": 1_001},
        {"weight": 10},
        {"records": 1_000, "weight": 1 << 20},
    ],
)
def test_a_trial_is_bounded(wrong: dict) -> None:
    """No wish beyond what one machine can hold."""
    with pytest.raises(ValueError, match="至"):
        Wish(**wrong)


@pytest.mark.parametrize(
    ("listen", "reached"),
    [("0.0.0.0:8443", "https://127.0.0.1:8443"), ("[::]:1", "https://[::1]:1"), ("10.0.0.1:2", "https://10.0.0.1:2")],
)
def test_where_a_hub_is_reached(listen: str, reached: str) -> None:
    """A hub that listens everywhere is reached on this machine."""
    assert _address(listen) == reached


def test_a_crowd_shares_the_connections() -> None:
    """The more nodes send, the fewer connections each is asked to hold, one at least; who has nothing to send, or was not heard of lately, is no crowd."""
    clock = SetClock()
    crowd, bounds = Crowd(clock), Limits(connections=8)

    def asked(node: int, *, sends: bool = True) -> int:
        return crowd.limits(bounds, bytes([node]), sends=sends).connections

    assert [asked(1), asked(1), asked(2, sends=False)] == [8, 8, 8]
    assert [asked(node) for node in (12, 13, 14)] == [8, 8, 8]
    for node in range(20, 220):
        asked(node)
    assert asked(5) == 1
    clock.skip += LATELY_S
    assert asked(6) == 8
