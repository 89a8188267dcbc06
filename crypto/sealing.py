"""Sealing in the age v1 format (C2SP age.md; format.md §4): blobs under their own file key, and complete files for
X25519 recipients.

Blobs are the hot path: they are sealed and opened straight between the caller's buffers, 64 KiB at a time, outside the
interpreter lock.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import BinaryIO, Final

from crypto.aead import TAG_SIZE, Aead, open_aead
from crypto.age_header import FILE_KEY_SIZE, HEADER_MAX, parse_header, seal_header, unwrap_header
from crypto.derivation import hkdf_sha256
from crypto.digest import Octets
from crypto.errors import BadFormat, Damaged

CHUNK: Final = 65_536  # bytes of plaintext per frame, age.md "Payload"
SEALED_CHUNK: Final = CHUNK + TAG_SIZE
NONCE_SIZE: Final = 16  # bytes before the frames
AHEAD: Final = 32  # file keys that are made ready at once

_MORE: Final = b"\x00"
_LAST: Final = b"\x01"
_NONCES: Final = [(n.to_bytes(11, "big") + _MORE, n.to_bytes(11, "big") + _LAST) for n in range(128)]
"""Those of a segment's frames."""


def sealed_length(plain: int) -> int:
    """Bytes of a blob over `plain` bytes: 16 + plain + 16 × max(1, ceil(plain / 65,536)) (format.md §4)."""
    return NONCE_SIZE + plain + TAG_SIZE * max(1, -(-plain // CHUNK))


def plain_length(sealed: int) -> int:
    """Bytes of plaintext in a blob of `sealed` bytes; Damaged when no blob has this length (cut off, or an empty frame
    after a full one).
    """
    frames, rest = divmod(sealed - NONCE_SIZE, SEALED_CHUNK)
    if sealed < NONCE_SIZE + TAG_SIZE or 0 < rest < TAG_SIZE or (rest == TAG_SIZE and frames > 0):
        raise Damaged(f"age payload (age.md): no payload has {sealed} bytes, it was cut off or added to")
    return frames * CHUNK + (rest - TAG_SIZE if rest else 0)


def new_file_key() -> bytes:
    """A fresh file key, 16 random bytes; one for every blob, never used again."""
    return os.urandom(FILE_KEY_SIZE)


class FileKeys:
    """Fresh file keys and nonces with their ciphers made, `AHEAD` at a time: made one by one, with a file read and sealed in between, each takes four
    times as long. For one thread; a process forked from one that holds it must not use it, or a key would seal two payloads.
    """

    def __init__(self) -> None:
        self._ready: list[tuple[bytes, bytes, Aead]] = []

    def seal_into(self, source: Octets, out: memoryview) -> bytes:
        """Seal `source` into the start of `out`, as seal_blob_into does, under a key that is used for nothing else; returns the key."""
        if not self._ready:
            pairs = [(new_file_key(), os.urandom(NONCE_SIZE)) for _ in range(AHEAD)]
            self._ready = [(key, nonce, _payload_cipher(key, nonce)) for key, nonce in pairs]
        file_key, nonce, cipher = self._ready.pop()
        _seal_with(cipher, nonce, source, out)
        return file_key


def seal_blob_into(file_key: bytes, source: Octets, out: memoryview) -> int:
    """Seal `source` under the file key into the start of `out`; returns the bytes written, sealed_length(len(source)).

    `out` is writable, contiguous, of format B and may be longer; it must not overlap `source`. ValueError when it is
    too short.
    """
    return seal_payload_into(file_key, os.urandom(NONCE_SIZE), source, out)


def seal_payload_into(file_key: bytes, nonce: bytes, source: Octets, out: memoryview) -> int:
    """As seal_blob_into with the 16-byte payload nonce given: for vectors only, a pair of key and nonce must never come
    twice.
    """
    return _seal_with(_payload_cipher(file_key, nonce), nonce, source, out)


def _seal_with(cipher: Aead, nonce: bytes, source: Octets, out: memoryview) -> int:
    view = memoryview(source)
    size = len(view)
    total = sealed_length(size)
    if len(out) < total:
        raise ValueError(f"out has {len(out)} bytes, {total} are needed")
    encrypt_into = cipher.encrypt_into
    out[:NONCE_SIZE] = nonce
    position = NONCE_SIZE
    last = max(0, size - 1) // CHUNK
    for counter in range(last + 1):
        piece = view[counter * CHUNK : counter * CHUNK + CHUNK]
        end = position + len(piece) + TAG_SIZE
        encrypt_into(_frame_nonce(counter, counter == last), piece, out[position:end])
        position = end
    return total


def open_blob_into(file_key: bytes, blob: Octets, out: memoryview) -> int:
    """Open a blob into the start of `out`; returns the bytes of plaintext, plain_length(len(blob)).

    ValueError when `out` is too short. Damaged when the blob was changed, cut or sealed under another file key; `out`
    must then be thrown away.
    """
    view = memoryview(blob)
    size = plain_length(len(view))
    if len(out) < size:
        raise ValueError(f"out has {len(out)} bytes, {size} are needed")
    decrypt_into = _payload_cipher(file_key, bytes(view[:NONCE_SIZE])).decrypt_into
    last = max(0, size - 1) // CHUNK
    position = NONCE_SIZE
    for counter in range(last + 1):
        piece = view[position : position + SEALED_CHUNK]
        start = counter * CHUNK
        decrypt_into(_frame_nonce(counter, counter == last), piece, out[start : start + len(piece) - TAG_SIZE])
        position += SEALED_CHUNK
    return size


def open_blob(file_key: bytes, blob: Octets) -> bytearray:
    """The plaintext of a blob; Damaged as open_blob_into. The caller bounds len(blob) (format.md §14: segments)."""
    plain = bytearray(plain_length(len(blob)))
    open_blob_into(file_key, blob, memoryview(plain))
    return plain


def seal_file(plaintext: Octets, recipients: Sequence[bytes]) -> bytes:
    """A complete age file for 1 to 64 X25519 recipients (32 bytes each); the stock `age` tool opens it."""
    file_key = new_file_key()
    header = seal_header(file_key, recipients)
    sealed = bytearray(len(header) + sealed_length(len(plaintext)))
    sealed[: len(header)] = header
    seal_blob_into(file_key, plaintext, memoryview(sealed)[len(header) :])
    return bytes(sealed)


def open_file(data: Octets, identity: bytes, *, limit: int) -> bytes:
    """The plaintext of a complete age file, at most `limit` bytes.

    Raises BadFormat (header, or more than `limit`), WrongKey (other recipients), Damaged (header MAC or payload).
    """
    header, length = parse_header(data)
    payload = memoryview(data)[length:]
    size = plain_length(len(payload))
    if size > limit:
        raise BadFormat(f"age file: {size} bytes of plaintext, the limit is {limit}")
    return bytes(open_blob(unwrap_header(header, identity), payload))


def rewrap(data: Octets, identity: bytes, recipients: Sequence[bytes]) -> bytes:
    """The same payload under a new header for these recipients (all of them: the old ones are not kept). The payload is
    not opened.
    """
    header, length = parse_header(data)
    return seal_header(unwrap_header(header, identity), recipients) + bytes(memoryview(data)[length:])


def seal_stream(source: BinaryIO, target: BinaryIO, recipients: Sequence[bytes]) -> int:
    """Seal everything `source` gives into a complete age file written to `target`; returns bytes written. Memory: two
    frames.
    """
    file_key, nonce = new_file_key(), os.urandom(NONCE_SIZE)
    header = seal_header(file_key, recipients)
    target.write(header + nonce)
    cipher = _payload_cipher(file_key, nonce)
    written, counter = len(header) + NONCE_SIZE, 0
    piece = _read_full(source, CHUNK)
    while True:
        following = _read_full(source, CHUNK) if len(piece) == CHUNK else b""
        frame = bytearray(len(piece) + TAG_SIZE)
        cipher.encrypt_into(_frame_nonce(counter, not following), piece, frame)
        target.write(frame)
        written += len(frame)
        if not following:
            return written
        piece, counter = following, counter + 1


def open_stream(source: BinaryIO, target: BinaryIO, identity: bytes, *, limit: int | None = None) -> int:
    """Open a complete age file frame by frame into `target`; returns bytes of plaintext. Memory: two frames.

    Errors as open_file. Each frame is authentic when written, but whether the file is complete is known only when this
    returns: after an error
    the caller throws the target away.
    """
    header, _ = parse_header(_read_header(source))
    file_key = unwrap_header(header, identity)
    nonce = _read_full(source, NONCE_SIZE)
    piece = _read_full(source, SEALED_CHUNK)
    if len(nonce) < NONCE_SIZE:
        raise Damaged("age payload (age.md): cut off")
    cipher = _payload_cipher(file_key, nonce)
    written = counter = 0
    while True:
        following = _read_full(source, SEALED_CHUNK) if len(piece) == SEALED_CHUNK else b""
        if len(piece) < TAG_SIZE or (len(piece) == TAG_SIZE and counter):
            raise Damaged("age payload (age.md): cut off, or an empty frame at the end")
        frame = bytearray(len(piece) - TAG_SIZE)
        written += len(frame)
        if limit is not None and written > limit:
            raise BadFormat(f"age file: more plaintext than the limit of {limit} bytes")
        cipher.decrypt_into(_frame_nonce(counter, not following), piece, frame)
        target.write(frame)
        if not following:
            return written
        piece, counter = following, counter + 1


def _payload_cipher(file_key: bytes, nonce: bytes) -> Aead:
    """The cipher of one payload: HKDF(file key, salt = nonce, info = "payload")."""
    if len(file_key) != FILE_KEY_SIZE or len(nonce) != NONCE_SIZE:
        raise BadFormat("age payload (age.md): file key and nonce are 16 bytes each")
    return open_aead(hkdf_sha256(file_key, nonce, b"payload"))


def _frame_nonce(counter: int, last: bool) -> bytes:
    """u88(counter) || last (age.md "Payload")."""
    if counter < len(_NONCES):
        return _NONCES[counter][last]
    return counter.to_bytes(11, "big") + (_LAST if last else _MORE)


def _read_full(source: BinaryIO, size: int) -> bytes:
    """Read exactly `size` bytes, fewer only at the end of the file; takes short reads of raw files and sockets."""
    data = source.read(size)
    while len(data) < size:
        more = source.read(size - len(data))
        if not more:
            break
        data += more
    return data


def _read_header(source: BinaryIO) -> bytes:
    """Read the header's lines and no byte of the payload; never more than the header's bound."""
    data = b""
    while len(data) < HEADER_MAX:
        line = source.readline(HEADER_MAX - len(data))
        data += line
        if not line.endswith(b"\n") or line.startswith(b"---"):
            break
    return data
