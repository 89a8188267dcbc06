"""`jindang hub simulate`: a city of simulated nodes talks to a running hub, for trials only."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from hub.commands_shell import HOME, JSON, at, exits, give, progress, say


@click.command()
@HOME
@JSON
@click.option("--nodes", type=click.IntRange(1, 1000), default=200, show_default=True, help="多少个模拟节点，同时往来")
@click.option("--rounds", type=click.IntRange(1, 10_000), default=1, show_default=True, help="每个节点报送几个增量")
@click.option("--records", type=click.IntRange(1, 1000), default=4, show_default=True, help="每个增量几件，一件一页")
@click.option(
    "--page-bytes", type=click.IntRange(200, 4 << 20), default=100_000, show_default=True, help="每页多少字节"
)
@click.option("--opened-within", type=click.FloatRange(0, 86_400), default=0.0, help="最后最多等多少秒“已验读”")
@click.option("--hub", "url", default="", help="节点端口的地址；缺省为 hub.toml 的 listen")
@click.option("--yes", is_flag=True, help="中心已有真实节点，仍要模拟")
@exits
def simulate(home: Path, as_json: bool, url: str, yes: bool, **wished: Any) -> None:
    """以许多模拟节点试运行中心：真实地接入、问候、报送、取回执。只用于试验用的中心：模拟的节点和档案会留在里面。"""
    import asyncio
    import signal

    from hub import config
    from hub.clock import SystemClock
    from hub.errors import NotAllowed, Unreachable
    from hub.home import SOCKET
    from hub.local_client import answers
    from hub.simulation import PREFIX, Progress, Simulation, Wish

    try:
        wish = Wish(wished["nodes"], wished["rounds"], wished["records"], wished["page_bytes"], wished["opened_within"])
    except ValueError as fault:
        raise click.UsageError(f"{fault}。") from fault
    if not answers(home.absolute() / SOCKET):
        raise Unreachable("中心没有在运行。请先执行 jindang hub run。")
    with at(home) as desk:
        if not yes and any(not one["name"].startswith(PREFIX) for one in desk.call("nodes")["nodes"]):
            raise NotAllowed(
                "这个中心有真实的节点：模拟的节点和档案会留在里面，删不掉。请另建一个试验用的中心；确要在此模拟，加 --yes。"
            )
        tokens = _tokens(desk, wish.nodes)
    base = url.rstrip("/") or _address(config.load(home).listen)

    def tell(now: Progress) -> None:
        progress(f"{now.step} {now.done}/{now.whole}　")

    async def run() -> dict[str, Any]:
        trial = Simulation(base, wish, SystemClock().wall, tell)
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, trial.cancel)
        return await trial.run(tokens)

    result = asyncio.run(run())
    for told in result["faults"]:
        say(told)
    give(as_json, result, _text(result))
    if result["finished"] == 0 and result["faults"]:
        sys.exit(3)
    sys.exit(1 if result["faults"] or result["starved"] or result["cancelled"] else 0)


def _tokens(desk: Any, nodes: int) -> list[tuple[str, str]]:
    import os

    from holdings.district import districts
    from hub.clock import SystemClock
    from hub.monitor import day_of
    from hub.simulation import PREFIX

    codes, run = [one.code for one in districts().at(day_of(SystemClock().wall()))], os.urandom(2).hex()
    names = [f"{PREFIX}{run}-{number:04d}" for number in range(1, nodes + 1)]
    made = []
    for number, name in enumerate(names):
        made.append((name, desk.call("enrol", name=name, district=codes[number % len(codes)])["token"]))
        progress(f"发接入码 {number + 1}/{nodes}　")
    return made


def _address(listen: str) -> str:
    """Where a hub on this machine is reached that listens there."""
    from hub.config import split_address

    host, port = split_address(listen)
    here = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - read, not bound
    return f"https://{here}:{port}"


def _text(result: dict[str, Any]) -> str:
    sent = f"{result['records']} 件 {result['bytes'] / 1e6:.1f} MB，{result['seconds']:.1f} 秒，{result['bytes_per_second'] / 1e6:.1f} MB/s"
    hello, took = result["hello_ms"], result["node_seconds"]
    lines = [
        f"{result['finished']}/{result['nodes']} 个节点报送完，{sent}",
        f"已收存 {result['receipted']} 个增量，已验读 {result['opened']} 个；问候中位 {hello['p50']} 毫秒，95% 在 {hello['p95']} 毫秒内",
        f"最快的节点 {took['min']:.1f} 秒，中位 {took['p50']:.1f}，最慢 {took['max']:.1f}；饿着 {result['starved']} 个；被要求稍后再来 {result['told_to_wait']} 次",
    ]
    return "\n".join(lines + (["已中断：已收存的留在中心。"] if result["cancelled"] else []))
