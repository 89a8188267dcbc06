"""A sheet that lies in a file, read through the sandbox: whole when it is small or no text, in parts when it is large."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from holdings import table_pair
from holdings.errors import SheetUnreadable
from holdings.security import SiteClass
from holdings.sheet import SheetRequest
from holdings.sheet_columns import ColumnsRead
from holdings.sheet_columns import decode as decode_columns
from holdings.sheet_notes import TOLD_MAX
from holdings.sheet_parts import HEAD_MAX, LARGE, TEXT_MAX, PartRequest, Slice, SoFar, joined, slices
from holdings.sheet_profile import NO_PROFILE, SheetProfile
from holdings.sheet_refused import RefusedRow, RowRequest
from holdings.sheet_refused import decode as decode_row
from holdings.sheet_stream import Frame, FramedSheet, decoded
from holdings.table import SHEET_MAX
from sync.sandbox import Sandbox, Streamed

_PIECE: Final = 1 << 20
_GREW: Final = "文件正在变化，没有读完；请待其写完后重试"


class SheetFile(Struct, frozen=True):
    """A file and how it is to be read: on what class of site, with what was answered, with the site's own columns.toml."""

    path: Path
    site: SiteClass
    profile: SheetProfile = NO_PROFILE
    columns: str = ""

    def with_profile(self, profile: SheetProfile) -> SheetFile:
        """The same file, read otherwise."""
        return replace(self, profile=profile)

    @property
    def _request(self) -> SheetRequest:
        return SheetRequest(self.path.name, self.site.name, self.profile, self.columns)

    def _asked(self) -> str:
        return msgspec.json.encode(self._request).decode()

    def source(self) -> bytes:
        """What an import that is cut off knows the bytes by (16 bytes): file, length, time, and how they are read."""
        facts = self.path.stat()
        said = repr((facts.st_size, facts.st_mtime_ns, facts.st_ino, self._asked()))
        return hashlib.blake2b(said.encode(), digest_size=16).digest()

    def read(self, sandbox: Sandbox) -> FramedSheet:
        """Begin to read.

        Raises:
            OSError: the file cannot be read. SandboxError, SheetUnreadable: it is no sheet, here or on the way.
        """
        with _opened(self.path) as source:
            size = os.fstat(source.fileno()).st_size
            if size > LARGE and not self._request.in_sets and self._is_text(sandbox, source.read(HEAD_MAX)):
                if size > TEXT_MAX:
                    raise SheetUnreadable(f"目录表超过 {TEXT_MAX >> 30} GiB；请分成几张表")
                digest, so_far = hashlib.sha256(), SoFar()
                return FramedSheet(joined(self._parts(sandbox, digest, so_far), so_far)).known_by(digest.digest)
            if size > SHEET_MAX:
                raise SheetUnreadable(f"目录表超过 {SHEET_MAX >> 20} MiB；请分成几张表，或另存为 csv（64 GiB 以内）")
            source.seek(0)
            whole = self._whole(source, size)
            return FramedSheet(sandbox.stream("holdings.sheet_stream:stream_in_sandbox", whole, self._asked()))

    def key(self, sandbox: Sandbox) -> str:
        """The sheet's kind, by which answers are remembered: read as far as its first row."""
        return self._above(sandbox, "holdings.sheet_parts:key_in_sandbox").decode()

    def columns_read(self, sandbox: Sandbox) -> ColumnsRead:
        """What its columns are read as; nothing of one that is too large to be looked at whole."""
        said = self._above(sandbox, "holdings.sheet_columns:columns_in_sandbox")
        return decode_columns(said) if said else ColumnsRead((), ())

    def refused_row(self, sandbox: Sandbox, tab: str, row: int) -> RefusedRow | None:
        """What a refused row says now; None when that row is not refused, or the file is larger than 24 MiB."""
        with _opened(self.path) as source:
            size = os.fstat(source.fileno()).st_size
            if size > LARGE:
                return None
            asked = msgspec.json.encode(RowRequest(self._asked(), tab, row)).decode()
            return decode_row(sandbox.call("holdings.sheet_refused:row_in_sandbox", self._whole(source, size), asked))

    def _above(self, sandbox: Sandbox, function: str) -> bytes:
        """What a function says that needs no more than the header; blank of a workbook that is too large."""
        with _opened(self.path) as source:
            size = os.fstat(source.fileno()).st_size
            head = source.read(HEAD_MAX)
            if size > LARGE and self._is_text(sandbox, head):
                whole: bytes | Streamed = head[: head.rfind(b"\n") + 1]
            elif size > SHEET_MAX:
                return b""
            else:
                source.seek(0)
                whole = self._whole(source, size)
            return sandbox.call(function, whole, self._asked())

    def _is_text(self, sandbox: Sandbox, head: bytes) -> bool:
        return bool(sandbox.call("holdings.sheet_parts:is_text_in_sandbox", head, self._asked()))

    def _whole(self, source: BinaryIO, size: int) -> bytes | Streamed:
        """The file's bytes as they are read; a DBF in one frame with its memo file."""
        if memo := self._memo():
            return table_pair.join(source.read(SHEET_MAX), memo)
        return Streamed(size, _exactly(source, size))

    def _memo(self) -> bytes:
        for name in table_pair.memo_names(self.path.name):
            try:
                with _opened(self.path.with_name(name)) as memo:
                    return memo.read(SHEET_MAX)
            except OSError:
                continue
        return b""

    def _parts(self, sandbox: Sandbox, digest: hashlib._Hash, so_far: SoFar) -> Iterator[Iterator[Frame]]:
        with _opened(self.path) as source:
            head = source.read(HEAD_MAX)
            source.seek(0)
            head = head[: head.rfind(b"\n") + 1]
            for one in slices(source, digest.update):
                yield self._part(sandbox, head if one.before else b"", one, so_far)

    def _part(self, sandbox: Sandbox, head: bytes, one: Slice, so_far: SoFar) -> Iterator[Frame]:
        notes = max(0, TOLD_MAX - so_far.notes)
        wishes = msgspec.json.encode(PartRequest(self._request, len(head), one.before, notes, so_far.carried)).decode()
        return decoded(sandbox.stream("holdings.sheet_parts:part_in_sandbox", head + one.data, wishes))


def _exactly(source: BinaryIO, size: int) -> Iterator[bytes]:
    while size:
        piece = source.read(min(size, _PIECE))
        if not piece:
            raise SheetUnreadable(_GREW)
        size -= len(piece)
        yield piece


def _opened(path: Path) -> BinaryIO:
    """Open a plain file for reading; a link is not followed, a pipe not waited for."""
    return open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK))
