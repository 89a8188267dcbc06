"""What is done to a segment before sealing and undone after opening: store, zstd, jxl-jpeg/1 (format.md §6.2).

Nothing is transformed that was not restored and compared first. JPEG XL runs on bytes from outside, so it runs in the sandbox.
"""

from __future__ import annotations

import threading
from enum import StrEnum

import zstandard
from msgspec import Struct

from sync import limits
from sync.errors import SandboxError, StoreDamaged
from sync.manifest import Transform
from sync.sandbox import Sandbox

ZSTD_LEVEL = 1
PROBE_BYTES = 64 * limits.KIB
PROBE_GAIN = 0.9
"""zstd is kept when the probe shrinks below this share; JPEG, PDF and other packed types are never tried (reference measurements in docs/decisions)."""

LIGHT_FROM_BYTES = 4 * PROBE_BYTES
LIGHT_LOSS = 1.01
"""A segment of so many bytes is compressed the light way where that makes its middle no larger than by this factor."""
_LIGHT = zstandard.ZstdCompressionParameters.from_level(ZSTD_LEVEL, hash_log=9, min_match=7, write_content_size=True)
"""Hardly looks for what comes twice: in the noise of a scan there is nothing of the kind, and looking takes most of the time (decision 0031)."""

_PACKED = (
    b"\xff\xd8\xff", b"\x89PNG", b"%PDF", b"PK\x03\x04", b"\xff\x0a", b"\x00\x00\x00\x0cJXL ", b"\x00\x00\x00\x0cjP  ", b"\x1f\x8b",
    b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf",
    b"Rar!", b"RIFF", b"OggS", b"fLaC", b"ID3", b"\x1aE\xdf\xa3", b"GIF8",
)  # fmt: skip


class Transcode(StrEnum):
    """When JPEG pages are transcoded to JPEG XL for the journey (node.toml `transcode`)."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class _Contexts(threading.local):
    """A thread's own compressors and decompressor: new ones for every segment cost a fifth of its time."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL, write_content_size=True)
        self.light = zstandard.ZstdCompressor(compression_params=_LIGHT)
        self.decompressor = zstandard.ZstdDecompressor()


_contexts = _Contexts()


class Transformed(Struct, frozen=True):
    """What is sealed instead of the source bytes, by which transform and engine."""

    data: bytes | memoryview
    transform: Transform
    engine: str = ""


def is_jpeg(head: bytes | memoryview) -> bool:
    """Does it begin as a JPEG does?"""
    return bytes(head[:3]) == b"\xff\xd8\xff"


def choose(head: memoryview) -> Transform:
    """STORE or ZSTD for a part that begins with `head` (up to 64 KiB are looked at); by content, never by name."""
    start = bytes(head[:12])
    if start.startswith(_PACKED) or start[4:8] == b"ftyp":
        return Transform.STORE
    sample = head[:PROBE_BYTES]
    if len(sample) < 512:
        return Transform.STORE
    packed = _contexts.compressor.compress(sample)
    return Transform.ZSTD if len(packed) < PROBE_GAIN * len(sample) else Transform.STORE


def compress(source: memoryview) -> Transformed:
    """One zstd frame that was decompressed and compared; the source itself when that gains nothing."""
    frame = _compressor(source).compress(source)
    if len(frame) >= len(source) or not _same(_contexts.decompressor.decompress(frame), source):
        return Transformed(source, Transform.STORE)
    return Transformed(frame, Transform.ZSTD)


def compress_always(source: memoryview) -> bytes:
    """One compared zstd frame, smaller or not: every segment of a part has the part's transform.

    Raises:
        StoreDamaged: zstd did not give the same bytes back.
    """
    frame = _compressor(source).compress(source)
    if not _same(_contexts.decompressor.decompress(frame), source):
        raise StoreDamaged("zstd 还原后与原文不一致：本机内存或程序库有问题，请体检")
    return frame


def _compressor(source: memoryview) -> zstandard.ZstdCompressor:
    if len(source) < LIGHT_FROM_BYTES:
        return _contexts.compressor
    middle = source[len(source) // 2 :][:PROBE_BYTES]
    light, full = (len(one.compress(middle)) for one in (_contexts.light, _contexts.compressor))
    return _contexts.light if light <= LIGHT_LOSS * full else _contexts.compressor


def _same(plain: bytes, source: memoryview) -> bool:
    """Are these the bytes of `source`? Compared where they lie: a copy of a segment costs as much as its digest."""
    return len(plain) == len(source) and plain.startswith(source)


def transcode(source: memoryview, sandbox: Sandbox) -> Transformed:
    """A JPEG as JPEG XL, proven bit-exact in the sandbox; the source itself when libjxl refuses it, differs, or gains nothing."""
    try:
        reply = sandbox.call("sync.jpegxl:to_jpegxl", bytes(source))
    except SandboxError:
        # Not every JPEG has a JPEG XL form (CMYK, arithmetic coding …): the original travels instead, nothing is lost.
        return Transformed(source, Transform.STORE)
    engine, _, data = reply.partition(b"\0")
    if len(data) >= len(source):
        return Transformed(source, Transform.STORE)
    return Transformed(data, Transform.JXL_JPEG, engine.decode())


def restore(data: bytes, transform: Transform, size: int, sandbox: Sandbox | None) -> bytes:
    """The source bytes of a segment; StoreDamaged when they cannot be had or are not `size` long (format.md §6.2)."""
    plain = data
    match transform:
        case Transform.STORE:
            pass
        case Transform.ZSTD:
            try:
                if zstandard.frame_content_size(data) != size:
                    raise StoreDamaged("压缩段声明的大小不符（format.md §6.2）")
                plain = zstandard.ZstdDecompressor().decompress(data, max_output_size=size, allow_extra_data=False)
            except zstandard.ZstdError as fault:
                raise StoreDamaged("压缩段无法解压（format.md §6.2）") from fault
        case Transform.JXL_JPEG:
            if sandbox is None:
                raise StoreDamaged("JPEG XL 段须在沙箱中还原（format.md §6.2）")
            try:
                plain = sandbox.call("sync.jpegxl:from_jpegxl", data, str(size))
            except SandboxError as fault:
                raise StoreDamaged(f"JPEG XL 段无法还原：{fault}（format.md §6.2）") from fault
    if len(plain) != size:
        raise StoreDamaged(f"段还原后为 {len(plain)} 字节，应为 {size}（format.md §6.2）")
    return plain
