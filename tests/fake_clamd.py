"""A clamd on a Unix socket: speaks VERSION and INSTREAM, and calls a virus whatever holds a word."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VIRUS = b"EICAR-TEST"


class _Answers(socketserver.StreamRequestHandler):
    version = ""
    limit = 1 << 20

    def handle(self) -> None:
        """One question a connection."""
        word = b""
        while not word.endswith((b"\0", b"\n")):
            piece = self.rfile.read(1)
            if not piece:
                return
            word += piece
        end = word[-1:]
        if b"VERSION" in word:
            self.wfile.write(self.version.encode() + end)
        elif b"INSTREAM" in word:
            data = b""
            while size := struct.unpack(">I", self.rfile.read(4))[0]:
                data += self.rfile.read(size)
                if len(data) > self.limit:
                    self.wfile.write(b"INSTREAM size limit exceeded. ERROR" + end)
                    return
            self.wfile.write((b"stream: Eicar-Signature FOUND" if VIRUS in data else b"stream: OK") + end)


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def get_request(self) -> tuple[socket.socket, str]:
        """A client without a name has the empty one."""
        made, _ = super().get_request()
        return made, ""


@contextmanager
def clamd(path: Path, version: str, limit: int = 1 << 20) -> Iterator[str]:
    """Its address as node.toml writes it."""
    handler = type("_Here", (_Answers,), {"version": version, "limit": limit})
    with _Server(str(path), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"unix:{path}"
        finally:
            server.shutdown()
            thread.join()
