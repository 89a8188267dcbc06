"""Turns of uploads: few at a time, in the order they came, and nobody waits for a slow line or for one who has gone."""

import asyncio

import pytest

from hub import turn
from hub.turn import PLACES, Turns


async def _settled() -> None:
    """Let the loop do what is due."""
    for _ in range(5):
        due = asyncio.Event()
        asyncio.get_running_loop().call_soon(due.set)
        await due.wait()


class Fleet:
    """Uploads that hold their place until they are told to end."""

    def __init__(self, keeps: bool) -> None:
        self.turns, self.begun, self._keeps = Turns(), list[int](), keeps
        self.ends: dict[int, asyncio.Event] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}

    def add(self, *numbers: int) -> None:
        """So many more uploads come."""
        for number in numbers:
            self.ends[number] = asyncio.Event()
            self.tasks[number] = asyncio.create_task(self._one(number))

    async def _one(self, number: int) -> None:
        async with self.turns.turn(lambda: self._keeps):
            self.begun.append(number)
            await self.ends[number].wait()

    async def over(self) -> None:
        """All end."""
        for end in self.ends.values():
            end.set()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


def test_few_begin_and_the_others_follow_in_their_order() -> None:
    """There are never more than the places, whoever ends; one who has gone is passed over and takes no place with it."""

    async def story() -> None:
        fleet = Fleet(keeps=True)
        fleet.add(*range(PLACES + 4))
        await _settled()
        assert fleet.begun == list(range(PLACES))
        assert fleet.turns.waiting == 4
        fleet.tasks[PLACES].cancel()
        await _settled()
        fleet.ends[3].set()
        fleet.ends[7].set()
        await _settled()
        assert fleet.begun == [*range(PLACES), PLACES + 1, PLACES + 2]
        await fleet.over()
        assert fleet.begun[-1] == PLACES + 3
        fleet.add(*range(100, 100 + PLACES + 1))
        await _settled()
        assert len(fleet.begun) == 2 * PLACES + 3, "all places are free again, and no more"
        fleet.turns.open()
        await _settled()
        assert fleet.begun[-1] == 100 + PLACES, "when the hub ends nobody is left waiting"
        await fleet.over()

    asyncio.run(story())


def test_a_slow_line_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is slower than the hub gives up its place while it goes on; its end then frees none a second time."""

    async def story() -> None:
        monkeypatch.setattr(turn, "LOOK_S", 0.0)
        fleet = Fleet(keeps=False)
        fleet.add(*range(2 * PLACES + 1))
        async with asyncio.timeout(10):
            while len(fleet.begun) < 2 * PLACES + 1:
                await _settled()
        await fleet.over()
        monkeypatch.setattr(turn, "LOOK_S", 60.0)
        fleet.add(*range(100, 100 + PLACES + 1))
        await _settled()
        assert fleet.turns.waiting == 1
        await fleet.over()

    asyncio.run(story())
