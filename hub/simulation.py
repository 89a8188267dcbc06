"""Trials of a running hub by a city of simulated nodes: enrol, hello, entries, packs, receipts, all at once; what is measured is told as it goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import aiohttp
from msgspec import Struct

from hub.simulated_goods import WEIGHT_MAX, Goods
from hub.simulated_node import SimulatedNode, TrialRefused
from sync.receipt import Grade
from sync.token import parse

PREFIX: Final = "模拟"
"""Names of simulated nodes begin so: a hub that has others is no hub for trials."""
NODES_MAX: Final = 1_000
RECORDS_MAX: Final = 1_000
ROUNDS_MAX: Final = 10_000
CONNECTIONS: Final = 800
MAKE_AT_ONCE: Final = 4
LINGER_S: Final = 0.5
STARVED_TIMES: Final = 5.0
"""A node that took so many times as long as the middle one counts as starved."""


class Wish(Struct, frozen=True):
    """What a trial is: `rounds` deltas of `records` records of `weight` bytes from each node; `opened_s`: how long to wait for R4 at the end."""

    nodes: int = 200
    rounds: int = 1
    records: int = 4
    weight: int = 100_000
    opened_s: float = 0.0

    def __post_init__(self) -> None:
        """ValueError beyond the bounds."""
        if not (1 <= self.nodes <= NODES_MAX and 1 <= self.rounds <= ROUNDS_MAX and 1 <= self.records <= RECORDS_MAX):
            raise ValueError(f"节点 1 至 {NODES_MAX}，轮数 1 至 {ROUNDS_MAX}，每轮件数 1 至 {RECORDS_MAX}")
        if not 200 <= self.weight <= WEIGHT_MAX or self.records * self.weight > 256 << 20:
            raise ValueError(f"每页 200 字节至 {WEIGHT_MAX >> 20} MiB，一轮合计至多 256 MiB")


class Progress(Struct):
    """How far a trial is."""

    step: str = ""
    done: int = 0
    whole: int = 0


class Simulation:
    """One trial.

    Args:
        base: https address of the node port.
        tell: called with the progress whenever it moves.
    """

    def __init__(self, base: str, wish: Wish, wall: Callable[[], int], tell: Callable[[Progress], None]) -> None:
        self._base, self._wish, self._wall, self._tell = base, wish, wall, tell
        self._cancelled, self._progress = asyncio.Event(), Progress()
        self.faults: list[str] = []

    def cancel(self) -> None:
        """End after what is under way; what was receipted stays at the hub."""
        self._cancelled.set()

    async def run(self, tokens: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """Take (name, token) of each node through the trial; its figures."""
        connector, timeout = aiohttp.TCPConnector(limit=CONNECTIONS), aiohttp.ClientTimeout(total=None, sock_read=300)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False) as session:
            nodes = [SimulatedNode(session, self._base, parse(token), name, self._wall) for name, token in tokens]
            nodes = await self._each("接入", nodes, self._enrol)
            began, sent = time.monotonic(), 0.0
            for number in range(1, self._wish.rounds + 1):
                if self._cancelled.is_set():
                    break
                goods = await self._made(nodes, number)
                start = time.monotonic()
                nodes = await self._each(f"第 {number} 轮", nodes, self._sender(goods))
                sent += time.monotonic() - start
            await self._opened(nodes)
            return self._figures(nodes, len(tokens), sent, time.monotonic() - began)

    async def _each(
        self, step: str, nodes: Sequence[SimulatedNode], work: Callable[[SimulatedNode], Awaitable[None]]
    ) -> list[SimulatedNode]:
        """Do it for all at once; those that came through."""
        self._progress = Progress(step, 0, len(nodes))
        self._tell(self._progress)

        async def one(node: SimulatedNode) -> bool:
            if self._cancelled.is_set():
                return True
            try:
                await work(node)
            except (TrialRefused, aiohttp.ClientError, TimeoutError) as fault:
                self.faults.append(f"{node.name}：{str(fault) or type(fault).__name__}")
                return False
            self._progress.done += 1
            self._tell(self._progress)
            return True

        came = await asyncio.gather(*(one(node) for node in nodes))
        return [node for node, good in zip(nodes, came, strict=True) if good]

    async def _enrol(self, node: SimulatedNode) -> None:
        await node.enrol()
        await node.hello()

    async def _made(self, nodes: Sequence[SimulatedNode], number: int) -> dict[SimulatedNode, Goods]:
        """Make the goods before the clock of the round runs: sealing is the nodes' own work, and they have machines of their own."""
        gate, loop = asyncio.Semaphore(MAKE_AT_ONCE), asyncio.get_running_loop()

        async def one(node: SimulatedNode) -> tuple[SimulatedNode, Goods]:
            async with gate:
                return node, await loop.run_in_executor(None, node.make, number, self._wish.records, self._wish.weight)

        return dict(await asyncio.gather(*(one(node) for node in nodes)))

    def _sender(self, goods: Mapping[SimulatedNode, Goods]) -> Callable[[SimulatedNode], Awaitable[None]]:
        return lambda node: self._round(node, goods[node])

    async def _round(self, node: SimulatedNode, goods: Goods) -> None:
        node.figures.began = node.figures.began or time.monotonic()
        before = node.receipted(Grade.R1)
        await node.hello(sum(map(len, goods.objects.values())))
        await node.send(goods, self._wish.records)
        while node.receipted(Grade.R1) <= before and not self._cancelled.is_set():
            await node.hello()
            if node.receipted(Grade.R1) <= before:
                await asyncio.sleep(LINGER_S)
        node.figures.ended = time.monotonic()

    async def _opened(self, nodes: Sequence[SimulatedNode]) -> None:
        """Wait for the vault, at most as long as was wished."""
        until = time.monotonic() + self._wish.opened_s
        waiting = list(nodes)
        self._progress = Progress("等验读", 0, len(nodes))
        while waiting and time.monotonic() < until and not self._cancelled.is_set():
            await asyncio.sleep(LINGER_S)
            for node in waiting:
                await node.hello()
            waiting = [node for node in waiting if node.receipted(Grade.R4) < node.receipted(Grade.R1)]
            self._progress.done = len(nodes) - len(waiting)
            self._tell(self._progress)

    def _figures(self, nodes: Sequence[SimulatedNode], asked: int, sent_s: float, whole_s: float) -> dict[str, Any]:
        hellos = sorted(second for node in nodes for second in node.figures.hellos)
        took = sorted(node.figures.ended - node.figures.began for node in nodes if node.figures.ended is not None)
        size = sum(node.figures.bytes for node in nodes)
        middle = took[len(took) // 2] if took else 0.0
        return {
            "nodes": asked, "finished": len(took), "failed": asked - len(nodes), "records": sum(node.figures.records for node in nodes), "bytes": size,
            "seconds": round(sent_s, 3), "seconds_in_all": round(whole_s, 3), "bytes_per_second": round(size / sent_s) if sent_s else 0,
            "receipted": sum(node.receipted(Grade.R1) for node in nodes), "opened": sum(node.receipted(Grade.R4) for node in nodes),
            "hello_ms": {"p50": _at(hellos, 0.5), "p95": _at(hellos, 0.95), "max": _at(hellos, 1.0)},
            "node_seconds": {"min": round(took[0], 3) if took else 0.0, "p50": round(middle, 3), "max": round(took[-1], 3) if took else 0.0},
            "starved": sum(one > max(STARVED_TIMES * middle, 1.0) for one in took), "told_to_wait": sum(node.figures.refused for node in nodes),
            "cancelled": self._cancelled.is_set(), "faults": self.faults[:20],
        }  # fmt: skip


def _at(values: Sequence[float], share: float) -> int:
    """Milliseconds at that share of the sorted values."""
    return round(values[min(len(values) - 1, int(len(values) * share))] * 1000) if values else 0
