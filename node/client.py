"""Typed client of the local API: the only door that console and commands use while a daemon runs. Blocking; no aiohttp, so that commands start fast."""

from __future__ import annotations

import functools
import http.client
import json
import socket
from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from node.errors import DaemonUnreachable, NodeError

if TYPE_CHECKING:
    from node.service import Service

Answer = dict[str, Any]
TIMEOUT_S = 3600.0
LOCKED = 423
"""What a daemon answers that waits for a passphrase."""


class Refused(NodeError):
    """The daemon answered with an error; `exit_code` is the one the command would have had."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.exit_code = code


class StillLocked(DaemonUnreachable):
    """The daemon waits for the passphrase of its key."""


class SignInNeeded(Refused):
    """This node has operators: sign in first, or again."""


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
    """Every verb of node.service by its name, with its arguments by theirs, and the same answers; the daemon refuses what it does not know.

    Raises (every verb):
        Refused: the daemon's error. DaemonUnreachable: it went away.
    """

    def __init__(self, path: Path, token: str = "") -> None:
        self._path, self._token = path, token

    def __getattr__(self, verb: str) -> Callable[..., Answer]:
        if verb.startswith("_"):
            raise AttributeError(verb)
        return functools.partial(self._ask, verb)

    def _ask(self, verb: str, /, **given: object) -> Answer:
        connection = _UnixConnection(self._path, TIMEOUT_S)
        try:
            said = {"Content-Type": "application/json"} | ({"X-Operator": self._token} if self._token else {})
            connection.request("POST", f"/v1/{verb}", json.dumps(given), said)
            response = connection.getresponse()
            answer: Answer = json.loads(response.read()) if response.status < 500 else {}
        except (OSError, http.client.HTTPException, json.JSONDecodeError) as fault:
            raise DaemonUnreachable(
                f"后台服务没有应答（{type(fault).__name__}）。请查看 jindang-node 服务的状态。"
            ) from fault
        finally:
            connection.close()
        if response.status == LOCKED:
            raise StillLocked(str(answer.get("error", "")))
        if response.status >= 500:
            raise Refused("后台服务内部出错，本机数据完好。请查看它的日志（journalctl -u jindang-node）。", 1)
        if response.status != 200:
            raise (SignInNeeded if answer.get("sign_in") else Refused)(str(answer.get("error", "")), int(answer.get("exit_code", 1)))
        return answer


class Presence(Enum):
    """How a node is found: its daemon answers, waits for the passphrase, none runs, or none runs and only a person with the passphrase can start it."""

    SERVING = auto()
    WAITING = auto()
    STOPPED = auto()
    LOCKED = auto()


def presence(home: Path) -> Presence:
    """How the node of a home is found.

    Raises:
        ConfigurationWrong: the folder is no node's home. DaemonUnreachable: the socket is there and may not be used.
    """
    if connect(home) is not None:
        return Presence.SERVING
    # Here: only who finds no daemon asks how the key is locked.
    from node.config import load

    return Presence.LOCKED if load(home).unlock == "passphrase" else Presence.STOPPED


def connect(home: Path, token: str = "") -> Service | None:
    """The client of the daemon that serves this home, typed as what it speaks to; None when none listens. `token`: of who has signed in."""
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
    return cast("Service", Client(path, token))
