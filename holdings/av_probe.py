"""Properties of sound and moving pictures: container, streams, lengths, sizes (DA/T 63-2017, DA/T 70-2018 GD-1-10).

MediaInfo reads them, in the sandbox only. A tape of 60 GB never travels there: its head and its tail do, and what lies
between is shown as zeros, of which a bounded number is served.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final, TypeAlias
from xml.etree import ElementTree

import msgspec
from msgspec import Struct

from holdings.errors import MediaUnreadable

ReadAt: TypeAlias = Callable[[int, int], bytes]
"""Read `length` bytes at an offset; shorter at the end."""

HEAD: Final = 16 << 20  # bytes: headers and the first frames of every format in use
TAIL: Final = 8 << 20  # bytes: the index that MP4 and AVI keep at the end
HOLE_MAX: Final = 64 << 20  # zeros served before the file is called at its end
STREAMS_MAX: Final = 64
TEXT_MAX: Final = 64  # characters of a format's or codec's name
DURATION_MAX: Final = 1_000 * 3600 * 1000  # ms: 1,000 hours; more is a broken header
SIDE_MAX: Final = 65_535  # pixels
RATE_MAX: Final = 1_000_000  # samples a second
_UNWRITTEN: Final = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f")
"""Sizes of a RIFF file whose recorder never went back to write the right one: nothing is missing."""
_KINDS: Final = {"Audio": "audio", "Video": "video", "Text": "text"}


class StreamKind(StrEnum):
    """What a stream carries."""

    AUDIO = "audio"
    VIDEO = "video"
    TEXT = "text"


class Stream(Struct, frozen=True):
    """One stream. What the file does not say, or says out of bounds, is None."""

    kind: StreamKind
    codec: str
    duration_ms: int | None = None
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    sample_rate: int | None = None
    channels: int | None = None
    bit_depth: int | None = None
    bit_rate: int | None = None


class AvProperties(Struct, frozen=True):
    """What a file is: container by content, length in ms (the longest stream), streams, and whether its end is missing."""

    container: str
    duration_ms: int | None
    streams: tuple[Stream, ...]
    truncated: bool = False

    @property
    def resolution(self) -> tuple[int, int] | None:
        """Width and height of the first moving picture."""
        sizes = [(one.width, one.height) for one in self.streams if one.kind is StreamKind.VIDEO]
        return next(((width, height) for width, height in sizes if width and height), None)

    @property
    def sample_rate(self) -> int | None:
        """Samples a second of the first sound."""
        return next((one.sample_rate for one in self.streams if one.kind is StreamKind.AUDIO), None)


def sample(size: int, read_at: ReadAt) -> tuple[bytes, str]:
    """What travels to the sandbox of a file of `size` bytes: (data, extra) for `properties_in_sandbox`, at most 24 MiB."""
    if size <= HEAD + TAIL:
        return read_at(0, size), str(size)
    return read_at(0, HEAD) + read_at(size - TAIL, TAIL), str(size)


class Edges:
    """Keeps what `sample` would take of a file that passes once, in pieces: at most 24 MiB of it."""

    def __init__(self, size: int) -> None:
        self._size, self._at = size, 0
        self._head, self._tail = bytearray(), bytearray()

    def take(self, piece: bytes) -> None:
        """The next piece of the file."""
        start, self._at = self._at, self._at + len(piece)
        most = self._size if self._size <= HEAD + TAIL else HEAD
        if start < most:
            self._head += piece[: most - start]
        behind = self._size - TAIL
        if most < self._size and self._at > behind:
            self._tail += piece[max(0, behind - start) :]

    @property
    def data(self) -> bytes:
        """What travels to the sandbox."""
        return bytes(self._head + self._tail)


def properties_in_sandbox(data: bytes, size: str = "") -> bytes:
    """`sandbox.call("holdings.av_probe:properties_in_sandbox", *sample(size, read_at))`: AvProperties as JSON."""
    return msgspec.json.encode(probe(data, int(size or len(data))))


def decode(data: bytes) -> AvProperties:
    """The properties that came back from the sandbox; MediaUnreadable when the bytes are not ours."""
    try:
        return msgspec.json.decode(data, type=AvProperties)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise MediaUnreadable("音视频属性的解析结果不完整；请重试") from fault


def probe(data: bytes, size: int) -> AvProperties:
    """Read the properties of a file of `size` bytes of which `data` is the head, and the tail where it is longer.

    MediaUnreadable when nothing in it is sound or moving picture.
    """
    from pymediainfo import MediaInfo  # loads the native library, in the sandbox only

    if not data or size < len(data):
        raise MediaUnreadable("音视频文件为空或长度不符")
    try:
        parsed = MediaInfo.parse(_Sparse(data, size), parse_speed=0.3, encoding_errors="replace")
    except ElementTree.ParseError as fault:  # tags of the file with characters that its report cannot hold
        raise MediaUnreadable("音视频文件的标签含有不应有的字符，属性读不出") from fault
    tracks = [track.to_data() for track in parsed.tracks]
    general = next((track for track in tracks if track.get("track_type") == "General"), {})
    streams = tuple(_stream(track) for track in tracks if track.get("track_type") in _KINDS)[:STREAMS_MAX]
    if not any(one.kind is not StreamKind.TEXT for one in streams):
        raise MediaUnreadable("不是能识别的录音、录像文件；请核对格式或重新转换")
    lengths = [one.duration_ms for one in streams if one.duration_ms is not None]
    whole = _whole(general.get("duration"), DURATION_MAX)
    return AvProperties(
        _text(general.get("format")),
        whole if whole is not None else max(lengths, default=None),
        streams,
        str(general.get("istruncated", "")).lower() == "yes" and data[4:8] not in _UNWRITTEN,
    )


def _stream(track: dict[str, Any]) -> Stream:
    """One track of MediaInfo within our bounds."""
    return Stream(
        StreamKind(_KINDS[track["track_type"]]),
        _text(track.get("format")),
        _whole(track.get("duration"), DURATION_MAX),
        _whole(track.get("width"), SIDE_MAX),
        _whole(track.get("height"), SIDE_MAX),
        _fraction(track.get("frame_rate"), 1000),
        _whole(track.get("sampling_rate"), RATE_MAX),
        _whole(track.get("channel_s"), 1024),
        _whole(track.get("bit_depth"), 128),
        _whole(track.get("bit_rate"), 1 << 40),
    )


def _text(value: object) -> str:
    """A name of a format: printable, short."""
    return "".join(c for c in str(value or "") if c.isprintable())[:TEXT_MAX]


def _whole(value: object, most: int) -> int | None:
    """A whole number from 0 to `most`."""
    number = _fraction(value, most)
    return None if number is None else int(number)


def _fraction(value: object, most: float) -> float | None:
    """A number from 0 to `most`; MediaInfo gives several as `a / b`, of which the first counts."""
    try:
        number = float(str(value).split("/", 1)[0])
    except ValueError:
        return None
    return number if 0 <= number <= most else None


class _Sparse(io.RawIOBase):
    """A file of which head and tail are there and what lies between is zeros."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__()
        self._head = data if size == len(data) else data[:HEAD]
        self._tail = b"" if size == len(data) else data[HEAD:]
        self._size, self._at, self._served = size, 0, 0

    def seekable(self) -> bool:
        """It can be sought."""
        return True

    def readable(self) -> bool:
        """It can be read."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; beyond the end there is nothing."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = min(max(base + offset, 0), self._size)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, never across the edge of a hole; blank at the end, or when too many zeros were asked for."""
        tail_at = self._size - len(self._tail)
        wanted = self._size - self._at if size < 0 else min(size, self._size - self._at)
        if self._at < len(self._head):
            piece = self._head[self._at : self._at + wanted]
        elif self._at >= tail_at:
            piece = self._tail[self._at - tail_at : self._at - tail_at + wanted]
        else:
            self._served += wanted
            piece = bytes(min(wanted, tail_at - self._at)) if self._served <= HOLE_MAX else b""
        self._at += len(piece)
        return piece
