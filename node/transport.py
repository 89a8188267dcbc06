"""Blocking HTTPS to the hub with a pinned certificate (format.md §11): small calls and object uploads from a store, no copies.

The certificate's digest is all that is checked: names, chains and dates would fail on a node with a dead clock battery and prove less.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import socket
import ssl
import time
from collections.abc import Iterator

from msgspec import Struct

from sync import limits, messages
from sync.errors import BadObject, LinkLost, PeerRefused, WrongPeer
from sync.messages import Problem

TIMEOUT_S = 60.0
UNSENT_BYTES = 1 << 18
SO_MAX_PACING_RATE = 47
"""Linux <asm-generic/socket.h>: the kernel paces the socket, which is the bandwidth cap of node.toml."""


class Answer(Struct, frozen=True):
    """A successful answer: header lookup is by `header`."""

    body: bytes
    offset: int | None
    complete: bool


class HubLink:
    """One kept-alive connection; not shared between threads.

    Args:
        tls_digest: SHA-256 of the certificate the hub must show.
        cap_byte_s: upload rate of this connection, 0 = no cap.
    """

    def __init__(self, address: tuple[str, int], tls_digest: bytes, cap_byte_s: int = 0) -> None:
        self._address, self._tls_digest, self._cap = address, tls_digest, cap_byte_s
        self._connection: http.client.HTTPSConnection | None = None
        self.bytes_sent = 0
        """Request bodies, as `bytes_sent` in DESIGN §7."""
        self.connect_s = 0.0
        """How long the last TCP and TLS handshake took."""

    def _open(self) -> http.client.HTTPSConnection:
        if self._connection is not None:
            return self._connection
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(*self._address, timeout=TIMEOUT_S, context=context)
        began = time.monotonic()
        try:
            connection.connect()
        except OSError as fault:
            connection.close()
            raise LinkLost(
                f"连不上市级中心 {self._address[0]}:{self._address[1]}（{fault}）。本机数据完好，恢复后自动补传。"
            ) from fault
        self.connect_s = time.monotonic() - began
        assert isinstance(connection.sock, ssl.SSLSocket)
        shown = connection.sock.getpeercert(binary_form=True) or b""
        if hashlib.sha256(shown).digest() != self._tls_digest:
            connection.close()
            raise WrongPeer(
                "对方出示的证书不是接入时记下的那一张：证书被中间设备替换，或地址指向了别的机器。已停止传输，请联系市级中心核对。"
            )
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # What waits unsent in the kernel is lost with the line and would be sent, and counted, twice.
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        if self._cap:
            connection.sock.setsockopt(socket.SOL_SOCKET, SO_MAX_PACING_RATE, self._cap)
        self._connection = connection
        return connection

    def call(self, method: str, path: str, body: bytes, bearer: str = "") -> Answer:
        """One small request; the answer's body is bounded.

        Raises:
            LinkLost: no connection, or it broke; every request may be repeated.
            PeerRefused: an error answer.
            WrongPeer: another certificate.
        """
        headers = {"Content-Type": messages.TYPE_CBOR, **_bearer(bearer)}
        with self._faults():
            connection = self._open()
            self.bytes_sent += len(body)
            connection.request(method, path, body, headers)
            return self._answer(connection)

    def send_object(self, name: bytes, length: int, offset: int, chunks: Iterator[memoryview], bearer: str) -> Answer:
        """`PATCH` the bytes of an object from `offset` on; `chunks` begins at that offset.

        Raises:
            LinkLost, PeerRefused, WrongPeer: as `call`.
        """
        with self._faults():
            connection = self._open()
            connection.putrequest("PATCH", messages.OBJECTS + name.hex())
            fields = {
                "Content-Type": messages.TYPE_PARTIAL, "Content-Length": str(length - offset), messages.UPLOAD_OFFSET: str(offset),
                messages.UPLOAD_LENGTH: str(length), **_bearer(bearer),
            }  # fmt: skip
            for field, value in fields.items():
                connection.putheader(field, value)
            connection.endheaders()
            assert connection.sock is not None
            try:
                # Whole segments: each TLS record of 16 KiB would else leave by itself (decision 0005).
                connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
                for view in chunks:
                    connection.sock.sendall(view)
                    self.bytes_sent += len(view)
                connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
            except (BrokenPipeError, ConnectionResetError):
                # The hub answered before it took everything (429, 507 …) and closed: its answer says why.
                return self._answer(connection)
            return self._answer(connection)

    @contextlib.contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (OSError, http.client.HTTPException) as fault:
            self.close()
            raise LinkLost(f"与市级中心的连接中断（{type(fault).__name__}）。本机数据完好，稍后自动续传。") from fault
        except BaseException:
            self.close()
            raise

    def _answer(self, connection: http.client.HTTPSConnection) -> Answer:
        response = connection.getresponse()
        body = response.read(limits.REPLY_BYTES + 1)
        if len(body) > limits.REPLY_BYTES:
            raise BadObject("市级中心的应答过大（format.md §14）")
        offset = response.getheader(messages.UPLOAD_OFFSET)
        if response.will_close:
            self.close()
        if response.status == 200:
            return Answer(
                body,
                int(offset) if offset and offset.isdecimal() else None,
                response.getheader(messages.UPLOAD_COMPLETE) == "?1",
            )
        try:
            problem = Problem.decode(body)
        except BadObject:
            problem = Problem(
                "http", f"市级中心（或中间的代理）答复 {response.status}", "请稍后重试；持续出现请联系中心"
            )
        retry = response.getheader("Retry-After", "0")
        raise PeerRefused(
            response.status,
            problem.code,
            problem.message,
            problem.remedy,
            float(retry) if retry.isdecimal() else 0.0,
            problem.detail,
        )

    def close(self) -> None:
        """Drop the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _bearer(bearer: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {bearer}"} if bearer else {}
