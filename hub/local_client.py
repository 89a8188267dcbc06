"""The desk of a running hub, reached through HOME/hub.sock."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

from hub.desk import Answer
from hub.errors import DamageFound, HubError, Unreachable

TIMEOUT_S = 600.0
"""A deep doctor reads every object before it answers."""
PIECE = 1 << 18
JSON_MAX = 64 << 20


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        """See http.client; the address is a path."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(str(self._path))


def answers(path: Path) -> bool:
    """Does a hub listen on the socket? A file that nobody listens on is a dead process's."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except PermissionError as fault:
            raise Unreachable(f"无权访问 {path}：请用服务账户、root，或把本账户加入主目录所属的组。") from fault
        except OSError as fault:
            raise Unreachable(f"连不上 {path}：{fault.strerror}") from fault
    return True


class RemoteDesk:
    """See hub.desk.Desk. Usable from several threads: each request has a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def call(self, word: str, **wishes: Any) -> Answer:
        """See Desk; Unreachable when the hub ends meanwhile."""
        with self._asked("/call/", word, wishes) as response:
            answer: Answer = json.loads(response.read(JSON_MAX))
            return answer

    def stream(self, word: str, **wishes: Any) -> Generator[bytes, None, None]:
        """See Desk; Unreachable when the bytes end before their end."""
        with self._asked("/stream/", word, wishes) as response:
            while piece := response.read(PIECE):
                yield piece

    @contextlib.contextmanager
    def _asked(self, kind: str, word: str, wishes: dict[str, Any]) -> Iterator[http.client.HTTPResponse]:
        connection = _Connection(self._path)
        try:
            connection.request("POST", kind + word, json.dumps(wishes).encode(), {"Content-Type": "application/json"})
            response = connection.getresponse()
            if response.status != 200:
                raise _fault(response)
            yield response
        except (OSError, http.client.HTTPException) as fault:
            raise Unreachable(f"中心服务中途停止答话（{type(fault).__name__}）。请查看服务日志后重试。") from fault
        finally:
            connection.close()


def _fault(response: http.client.HTTPResponse) -> HubError:
    try:
        said = json.loads(response.read(JSON_MAX))
        text, code = str(said["error"]), int(said["exit_code"])
    except (ValueError, KeyError, TypeError):
        return Unreachable(f"中心服务答复 {response.status}：无权访问，或服务内部出错（见服务日志）。")
    for kind in (Unreachable, DamageFound):
        if kind.exit_code == code:
            return kind(text)
    fault = HubError(text)
    fault.exit_code = code
    return fault
