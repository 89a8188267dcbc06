"""JPEG to JPEG XL and back, bit for bit (format.md §6.2). Runs inside the sandbox only: libjxl parses bytes from outside."""

from __future__ import annotations

import imagecodecs


def engine() -> str:
    """Library and version, as the manifest's `engine` names them."""
    return str(imagecodecs.jpegxl_version())


def ready(_data: bytes) -> bytes:
    """Nothing: a worker that has answered this has loaded libjxl."""
    return b""


def to_jpegxl(data: bytes) -> bytes:
    """`engine NUL codestream`; ValueError when libjxl refuses the JPEG or does not give the same bytes back."""
    try:
        packed = bytes(imagecodecs.jpegxl_encode_jpeg(data))
        again = bytes(imagecodecs.jpegxl_decode_jpeg(packed, numthreads=1))
    except (imagecodecs.JpegxlError, RuntimeError, ValueError) as fault:
        raise ValueError("libjxl 不接受这个 JPEG") from fault
    if again != data:
        raise ValueError("JPEG XL 还原后与原文件不一致")
    return engine().encode() + b"\0" + packed


def from_jpegxl(data: bytes, size: str) -> bytes:
    """The original JPEG of `size` bytes (decimal); ValueError when there is none inside, or one of another size: it never leaves the sandbox."""
    try:
        plain = bytes(imagecodecs.jpegxl_decode_jpeg(data, numthreads=1))
    except (imagecodecs.JpegxlError, RuntimeError, ValueError) as fault:
        raise ValueError("不是可还原的 JPEG XL") from fault
    if len(plain) != int(size):
        raise ValueError(f"还原后为 {len(plain)} 字节，应为 {size}")
    return plain
