"""Virus scanning through clamd (ClamAV's daemon) where node.toml names one; its absence is 未能检测, never 通过 (DA/T 70-2018 GD-4-1, GD-4-2)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from holdings.check import Verdict
from holdings.check_facts import Service
from node.errors import ConfigurationWrong

TIMEOUT_S: Final = 120.0
STALE_DAYS: Final = 7
"""A signature database older than this protects against little; a person is told."""
_ADDRESS: Final = re.compile(r"unix:(?P<path>/.+)|tcp:(?P<host>[^:]+):(?P<port>[0-9]{1,5})")
_BUILT: Final = re.compile(r"/\d+/\w{3} (\w{3}) +(\d+) [\d:]+ (\d{4})")


class VirusScan:
    """Talks to one clamd, a connection a question. `address` is `unix:/run/clamav/clamd.ctl` or `tcp:host:port`.

    Raises:
        ConfigurationWrong: the address is neither.
    """

    def __init__(self, address: str) -> None:
        found = _ADDRESS.fullmatch(address)
        if found is None:
            raise ConfigurationWrong(f"virus_scan 应写作 unix:/路径 或 tcp:主机:端口，现为 {address!r}")
        self._path, self._host, self._port = found["path"], found["host"], int(found["port"] or 0)

    @contextmanager
    def _client(self) -> Iterator[Any]:
        # Imported here: it costs a tenth of a second, and most commands scan nothing.
        import clamd

        client = (
            clamd.ClamdUnixSocket(self._path, timeout=TIMEOUT_S)
            if self._path
            else clamd.ClamdNetworkSocket(self._host, self._port, timeout=TIMEOUT_S)
        )
        try:
            yield client
        finally:
            # The library forgets its socket when the connection fails.
            if (held := getattr(client, "clamd_socket", None)) is not None:
                held.close()

    def service(self, now: float) -> Service:
        """Whether the service answers and its signatures are not older than a week."""
        try:
            with self._client() as client:
                version = str(client.version())
        except _broken() as fault:
            return Service(Verdict.UNTESTED, f"未能查毒：查毒服务没有应答（{fault}）")
        built = _BUILT.search(version)
        if built is None:
            return Service(Verdict.PERSON, f"{version}；看不出病毒库日期")
        day = datetime.strptime(f"{built[3]} {built[1]} {built[2]}", "%Y %b %d").replace(tzinfo=UTC)
        age = (datetime.fromtimestamp(now, UTC) - day).days
        return Service(Verdict.PERSON if age > STALE_DAYS else Verdict.PASSED, f"{version}；病毒库 {max(age, 0)} 天前更新")

    def scan(self, data: bytes) -> Service:
        """Scan one file's bytes."""
        try:
            with self._client() as client:
                said = client.instream(io.BytesIO(data))["stream"]
        except _broken() as fault:
            large = type(fault).__name__ == "BufferTooLongError"
            return Service(Verdict.UNTESTED, "未能查毒：文件超过查毒服务的上限（StreamMaxLength）" if large else f"未能查毒：{fault}")
        match said:
            case ("OK", _):
                return Service(Verdict.PASSED)
            case ("FOUND", name):
                return Service(Verdict.FAILED, f"感染 {name}")
            case _:
                return Service(Verdict.UNTESTED, f"未能查毒：{said}")


def _broken() -> tuple[type[Exception], ...]:
    """What the client raises when the service is not there or speaks otherwise."""
    import clamd

    return (clamd.ClamdError, OSError, ValueError, KeyError, TypeError)
