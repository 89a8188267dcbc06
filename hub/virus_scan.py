"""Virus scanning through clamd (ClamAV's daemon) where site/checks.toml names one (holdings/virus_answer.py)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from holdings import virus_answer
from holdings.check import Verdict, hub_virus_scan
from holdings.check_facts import Service
from holdings.check_files import NO_VIRUS_SERVICE
from holdings.site_data import SiteData
from hub.errors import ConfigurationWrong

TIMEOUT_S: Final = 120.0


class VirusScan:
    """Talks to one clamd, a connection a question. `address` is `unix:/run/clamav/clamd.ctl` or `tcp:host:port`.

    Raises:
        ConfigurationWrong: the address is neither.
    """

    def __init__(self, address: str) -> None:
        found = virus_answer.read_address(address)
        if found is None:
            raise ConfigurationWrong(f"{virus_answer.ADDRESS_RULE}，现为 {address!r}")
        self._at = found

    @contextmanager
    def _client(self) -> Iterator[Any]:
        # Imported here: it costs a tenth of a second, and most commands scan nothing.
        import clamd

        client = (
            clamd.ClamdUnixSocket(self._at.path, timeout=TIMEOUT_S)
            if self._at.path
            else clamd.ClamdNetworkSocket(self._at.host, self._at.port, timeout=TIMEOUT_S)
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
            return virus_answer.of_silence(fault, scanning=False)
        return virus_answer.of_version(version, now)

    def scan(self, data: bytes) -> Service:
        """Scan one file's bytes."""
        try:
            with self._client() as client:
                return virus_answer.of_scan(client.instream(io.BytesIO(data))["stream"])
        except _broken() as fault:
            return virus_answer.of_silence(fault, scanning=True)


def looked_at(data: bytes, site: SiteData, now: float) -> Service:
    """A file that somebody brings, by the service that the site names: untested where there is none, it does not answer, or it cannot take the file; for a person
    to judge where its signatures are old. Never passed without a word of the service."""
    address = hub_virus_scan(site)
    if not address:
        return NO_VIRUS_SERVICE
    virus = VirusScan(address)
    found = virus.scan(data)
    if found.verdict is not Verdict.PASSED:
        return found
    return virus.service(now)


def _broken() -> tuple[type[Exception], ...]:
    """What the client raises when the service is not there or speaks otherwise."""
    import clamd

    return (clamd.ClamdError, OSError, ValueError, KeyError, TypeError)
