"""What clamd (ClamAV's daemon) answers, as the checks take it: its absence is 未能检测, never 通过 (DA/T 70-2018 GD-4-1, GD-4-2); pure.

Node and hub each talk to their own; the address and the answers mean the same to both.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from holdings.check import Verdict
from holdings.check_facts import Service
from holdings.expression import expression

STALE_DAYS: Final = 7
"""A signature database older than this protects against little; a person is told."""
ADDRESS_RULE: Final = "virus_scan 应写作 unix:/路径 或 tcp:主机:端口"
_ADDRESS: Final = expression(r"unix:(?P<path>/.+)|tcp:(?P<host>[^:]+):(?P<port>[0-9]{1,5})")
_BUILT: Final = expression(r"/\d+/\w{3} (\w{3}) +(\d+) [\d:]+ (\d{4})")


class VirusAddress(Struct, frozen=True):
    """Where a clamd listens: a socket's `path`, or `host` and `port`."""

    path: str
    host: str
    port: int


def read_address(text: str) -> VirusAddress | None:
    """`unix:/run/clamav/clamd.ctl` or `tcp:host:port`; None when it is neither (ADDRESS_RULE)."""
    found = _ADDRESS.fullmatch(text)
    return VirusAddress(found["path"] or "", found["host"] or "", int(found["port"] or 0)) if found else None


def of_version(version: str, now: float) -> Service:
    """Whether the signatures are not older than a week, by what the service says of its version."""
    built = _BUILT.search(version)
    if built is None:
        return Service(Verdict.PERSON, f"{version}；看不出病毒库日期")
    day = datetime.strptime(f"{built[3]} {built[1]} {built[2]}", "%Y %b %d").replace(tzinfo=UTC)
    age = (datetime.fromtimestamp(now, UTC) - day).days
    return Service(Verdict.PERSON if age > STALE_DAYS else Verdict.PASSED, f"{version}；病毒库 {max(age, 0)} 天前更新")


def of_scan(said: object) -> Service:
    """What the service says of one file."""
    match said:
        case ("OK", _):
            return Service(Verdict.PASSED)
        case ("FOUND", name):
            return Service(Verdict.FAILED, f"感染 {name}")
        case _:
            return Service(Verdict.UNTESTED, f"未能查毒：{said}")


def of_silence(fault: Exception, *, scanning: bool) -> Service:
    """What is said when the service does not answer, or breaks off."""
    if not scanning:
        return Service(Verdict.UNTESTED, f"未能查毒：查毒服务没有应答（{fault}）")
    large = type(fault).__name__ == "BufferTooLongError"
    return Service(Verdict.UNTESTED, "未能查毒：文件超过查毒服务的上限（StreamMaxLength）" if large else f"未能查毒：{fault}")
