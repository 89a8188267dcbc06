"""A device between node and hub that shows the hub's own certificate: it counts requests and breaks them as a test scripts it."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import struct
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sync.messages import TYPE_CBOR, Problem

PIECE = 16 << 10
DEADLINE_S = 30.0


class Kind(Enum):
    """What happens to a request."""

    LOSE_REPLY = auto()
    """The hub answers, the node never hears it."""
    CUT = auto()
    """After `at` bytes of the body both sides are cut off."""
    FLIP = auto()
    """The body's byte `at` arrives with its lowest bit flipped."""
    ANSWER = auto()
    """Answered here with `status` and `retry_after`, unread when `early`; the hub never sees it."""
    REWRITE = auto()
    """The hub's answer is changed by `rewrite` (body to body)."""
    FIRST = auto()
    """`act` runs before the request goes on."""


@dataclass
class Fault:
    """One thing that goes wrong, `times` times, with requests whose path begins so."""

    kind: Kind
    path: str
    times: int = 1
    at: int = 0
    status: int = 0
    code: str = "busy"
    retry_after: int = 0
    early: bool = False
    rewrite: Callable[[bytes], bytes] = bytes
    act: Callable[[], object] = bool


@dataclass(frozen=True)
class Seen:
    """A request that came: `offset` its Upload-Offset, `size` of its body as announced, `status` of the answer that was given or lost (0: none)."""

    method: str
    path: str
    offset: int | None
    size: int
    status: int


@dataclass
class Middlebox:
    """Listens on loopback with `context`, passes everything on to `upstream` but for `faults`."""

    context: ssl.SSLContext
    upstream: tuple[str, int]
    faults: list[Fault] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    handshakes: int = 0
    errors: list[str] = field(default_factory=list)
    """What a test's own script raised here."""

    def __post_init__(self) -> None:
        self._lock, self._open = threading.Condition(), set[socket.socket]()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.box = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="middlebox")
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return "127.0.0.1", self._server.server_address[1]

    def stop(self) -> None:
        """Stop listening and drop every connection."""
        self._server.shutdown()
        self._thread.join()
        with self._lock:
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            assert self._lock.wait_for(lambda: not self._open, DEADLINE_S)
        self._server.server_close()
        assert self.errors == []

    def take(self, path: str) -> Fault | None:
        """The fault that is due for this request."""
        with self._lock:
            for fault in self.faults:
                if fault.times and path.startswith(fault.path):
                    fault.times -= 1
                    return fault
        return None

    def note(self, seen: Seen) -> None:
        """A request is over."""
        with self._lock:
            self.seen.append(seen)
            self._lock.notify_all()

    def wait_for(self, condition: Callable[[list[Seen]], bool]) -> None:
        """Wait until the requests so far are as wanted."""
        with self._lock:
            assert self._lock.wait_for(lambda: condition(self.seen), DEADLINE_S), self.seen

    def paths(self) -> list[str]:
        """`METHOD /v1/thing` of every request so far; objects without their names. Forgets them."""
        with self._lock:
            said = [f"{s.method} {'/v1/objects' if s.path.startswith('/v1/objects') else s.path}" for s in self.seen]
            self.seen.clear()
        return said

    def opened(self, one: socket.socket, *, closed: bool = False) -> None:
        """A connection began or ended."""
        with self._lock:
            (self._open.discard if closed else self._open.add)(one)
            self._lock.notify_all()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    box: Middlebox

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep what went wrong for the end of the test."""
        self.box.errors.append(traceback.format_exc())

    def finish_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        try:
            secured = self.box.context.wrap_socket(request, server_side=True)
        except OSError:
            return
        self.box.opened(secured)
        try:
            self.box.handshakes += 1
            with contextlib.suppress(OSError):
                self.RequestHandlerClass(secured, client_address, self)
        finally:
            secured.close()
            self.box.opened(secured, closed=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    _up: http.client.HTTPSConnection | None = None

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  the name its base gives it
        """Keep quiet."""

    def finish(self) -> None:
        """Drop the hub with the node."""
        self._hang_up()
        with contextlib.suppress(OSError):
            super().finish()

    def _hang_up(self) -> None:
        if self._up is not None:
            self._up.close()
            self._up = None

    def _abort(self) -> None:
        """Cut the node off as a broken line does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _serve(self) -> None:
        box, fault = self.server.box, self.server.box.take(self.path)
        size = int(self.headers.get("Content-Length", "0"))
        status = 0
        try:
            if fault is not None and fault.kind is Kind.FIRST:
                self._hang_up()
                fault.act()
            if fault is not None and fault.kind is Kind.ANSWER:
                status = fault.status
                self._answer_here(fault, size)
                return
            reply, body = self._pass_on(size, fault)
            status = reply.status
            if fault is not None and fault.kind is Kind.LOSE_REPLY:
                self._hang_up()
                self._abort()
                return
            if fault is not None and fault.kind is Kind.REWRITE:
                body = fault.rewrite(body)
            self._give(reply.status, dict(reply.getheaders()), body)
        except (OSError, http.client.HTTPException):
            self._hang_up()
            self._abort()
        finally:
            offset = self.headers.get("Upload-Offset")
            box.note(Seen(self.command, self.path, int(offset) if offset else None, size, status))

    def _answer_here(self, fault: Fault, size: int) -> None:
        if fault.early:
            self.close_connection = True
        else:
            self.rfile.read(size)
        headers = {"Content-Type": TYPE_CBOR, **({"Retry-After": str(fault.retry_after)} if fault.retry_after else {})}
        self._give(fault.status, headers, Problem(fault.code, "测试", "稍后再来").encode())

    def _pass_on(self, size: int, fault: Fault | None) -> tuple[http.client.HTTPResponse, bytes]:
        if self._up is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self._up = http.client.HTTPSConnection(*self.server.box.upstream, timeout=DEADLINE_S, context=context)
        self._up.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            self._up.putheader(name, value)
        self._up.endheaders()
        done = 0
        while done < size:
            piece = bytearray(self.rfile.read1(min(PIECE, size - done)))
            if not piece:
                raise ConnectionResetError
            if fault is not None and fault.kind is Kind.CUT and done + len(piece) > fault.at:
                self._up.send(bytes(piece[: fault.at - done]))
                raise ConnectionAbortedError
            if fault is not None and fault.kind is Kind.FLIP and done <= fault.at < done + len(piece):
                piece[fault.at - done] ^= 1
            self._up.send(bytes(piece))
            done += len(piece)
        reply = self._up.getresponse()
        body = reply.read()
        if reply.will_close:
            self._hang_up()
        return reply, body

    def _give(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in {"content-length", "transfer-encoding", "date", "server", "connection"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_POST = do_PATCH = do_HEAD = do_GET = _serve  # noqa: N815  names of http.server
