"""Typed client of the local API: the only door that console and commands use while a daemon runs. Blocking; no aiohttp, so that commands start fast."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path
from typing import Any

from node.errors import DaemonUnreachable, NodeError

Answer = dict[str, Any]
TIMEOUT_S = 3600.0


class Refused(NodeError):
    """The daemon answered with an error; `exit_code` is the one the command would have had."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.exit_code = code


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket file."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Client:
    """One method per verb of node.service, with the same arguments and answers.

    Raises (every method):
        Refused: the daemon's error. DaemonUnreachable: it went away.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def _ask(self, verb: str, **given: object) -> Answer:
        connection = _UnixConnection(self._path, TIMEOUT_S)
        try:
            connection.request("POST", f"/v1/{verb}", json.dumps(given), {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer: Answer = json.loads(response.read()) if response.status < 500 else {}
        except (OSError, http.client.HTTPException, json.JSONDecodeError) as fault:
            raise DaemonUnreachable(
                f"后台服务没有应答（{type(fault).__name__}）。请查看 jindang-node 服务的状态。"
            ) from fault
        finally:
            connection.close()
        if response.status >= 500:
            raise Refused("后台服务内部出错，本机数据完好。请查看它的日志（journalctl -u jindang-node）。", 1)
        if response.status != 200:
            raise Refused(str(answer.get("error", "")), int(answer.get("exit_code", 1)))
        return answer

    def status(self) -> Answer:
        """How the node is."""
        return self._ask("status")

    def run(self, settle: float | None = None, intake: bool = True, send: bool = True, wait: str = "") -> Answer:
        """Take in, send, wait for receipts."""
        return self._ask("run", settle=settle, intake=intake, send=send, wait=wait)

    def verify(self) -> Answer:
        """Re-hash every sealed object."""
        return self._ask("verify")

    def doctor(self, repair: bool = False) -> Answer:
        """Examine the home."""
        return self._ask("doctor", repair=repair)

    def backup(self, destination: str) -> Answer:
        """Copy the home's state."""
        return self._ask("backup", destination=destination)

    def export(self, destination: str, ref: str | None = None) -> Answer:
        """Plain files."""
        return self._ask("export", destination=destination, ref=ref)

    def catalogue_import(self, files: list[str], delivery_name: str = "", dry_run: bool = False) -> Answer:
        """Import sheets."""
        return self._ask("catalogue_import", files=files, delivery_name=delivery_name, dry_run=dry_run)

    def clear(self, delivery_name: str, persons: list[str]) -> Answer:
        """Sign a clearance."""
        return self._ask("clear", delivery_name=delivery_name, persons=persons)

    def deliveries(self) -> Answer:
        """Every delivery."""
        return self._ask("deliveries")

    def quarantine_list(self, limit: int = 1000, after: int = 0) -> Answer:
        """What waits for a person."""
        return self._ask("quarantine_list", limit=limit, after=after)

    def quarantine_show(self, number: int) -> Answer:
        """One finding."""
        return self._ask("quarantine_show", number=number)

    def quarantine_waive(self, number: int, reason: str, by: str) -> Answer:
        """Let pass with a reason."""
        return self._ask("quarantine_waive", number=number, reason=reason, by=by)

    def quarantine_retry(self, number: int) -> Answer:
        """Check again."""
        return self._ask("quarantine_retry", number=number)

    def quarantine_set_aside(self, number: int, by: str) -> Answer:
        """Leave for later."""
        return self._ask("quarantine_set_aside", number=number, by=by)

    def search(self, query: str, limit: int = 20) -> Answer:
        """Plain search."""
        return self._ask("search", query=query, limit=limit)

    def show(self, ref: str) -> Answer:
        """One record."""
        return self._ask("show", ref=ref)

    def pause(self, paused: bool = True) -> Answer:
        """Pause or resume sending."""
        return self._ask("pause", paused=paused)


def connect(home: Path) -> Client | None:
    """The client of the daemon that serves this home; None when none listens."""
    path = home / "node.sock"
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        probe.connect(str(path))
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except OSError as fault:
        raise DaemonUnreachable(f"连不上后台服务的接口 {path}：{fault.strerror}。是否有权限（jindang 组）？") from fault
    finally:
        probe.close()
    return Client(path)
