"""Sealing: blobs, age files, streams, and the agreement with the stock age tool and pyrage (format.md §4)."""

import base64
import hashlib
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import identity, sealing
from crypto.age_header import seal_header
from crypto.errors import BadFormat, CryptoError, Damaged, WrongKey
from crypto.sealing import CHUNK, sealed_length

VECTORS = json.loads((Path(__file__).parent / "vectors" / "age.json").read_text("utf-8"))
SIZES = (0, 1, 15, 16, 17, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1, 300_000)
FILE_KEY = b"YELLOW SUBMARINE"
SECRET, OTHER = bytes(range(32)), b"\x07" * 32
RECIPIENT, OTHER_RECIPIENT = identity.recipient_of(SECRET), identity.recipient_of(OTHER)
LIMIT = 1 << 20

Opener = Callable[[bytes, bytes], bytes]


def pattern(size: int) -> bytes:
    """Return `size` bytes, 0 to 250 over and over."""
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def seal(plain: bytes, file_key: bytes = FILE_KEY) -> bytes:
    """Return a blob."""
    out = bytearray(sealed_length(len(plain)))
    assert sealing.seal_blob_into(file_key, plain, memoryview(out)) == len(out)
    return bytes(out)


def open_whole(data: bytes, secret: bytes) -> bytes:
    """Open an age file in memory."""
    return sealing.open_file(data, secret, limit=LIMIT)


def open_streaming(data: bytes, secret: bytes) -> bytes:
    """Open an age file as a stream."""
    target = io.BytesIO()
    assert sealing.open_stream(io.BytesIO(data), target, secret, limit=LIMIT) == target.tell()
    return target.getvalue()


def seal_streaming(plain: bytes, recipients: list[bytes]) -> bytes:
    """Seal an age file as a stream."""
    target = io.BytesIO()
    assert sealing.seal_stream(Trickle(plain), target, recipients) == target.tell()
    return target.getvalue()


class Trickle(io.BytesIO):
    """A file that gives at most 1,000 bytes at a time, as sockets and raw files may."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return a short piece."""
        return super().read(min(1000, size) if size is not None and size >= 0 else 1000)


OPENERS: list[Opener] = [open_whole, open_streaming]


def test_keys_that_are_made_ahead_are_used_once() -> None:
    """More blobs than are made ready at once, of any size: no key and no nonce comes twice, each blob opens under its own key alone."""
    keys, seen = sealing.FileKeys(), set[tuple[bytes, bytes]]()
    blobs: list[tuple[bytes, bytes, bytes]] = []
    for n in range(2 * sealing.AHEAD + 3):
        plain = pattern(SIZES[n % len(SIZES)])
        out = bytearray(sealed_length(len(plain)))
        key = keys.seal_into(plain, memoryview(out))
        blobs.append((key, bytes(out), plain))
        seen.add((key, bytes(out[: sealing.NONCE_SIZE])))
    assert len({key for key, _ in seen}) == len({nonce for _, nonce in seen}) == len(blobs)
    assert all(sealing.open_blob(key, blob) == plain for key, blob, plain in blobs)
    with pytest.raises(Damaged):
        sealing.open_blob(blobs[0][0], blobs[1][1])


@pytest.mark.parametrize("vector", VECTORS["blobs"], ids=lambda vector: str(vector["size"]))
def test_blobs_are_frozen(vector: dict[str, Any]) -> None:
    """A fixed key, nonce and plaintext give the fixed blob, which opens."""
    plain, key = pattern(vector["size"]), bytes.fromhex(vector["file_key"])
    out = bytearray(vector["length"])
    assert sealing.seal_payload_into(key, bytes.fromhex(vector["nonce"]), plain, memoryview(out)) == vector["length"]
    assert hashlib.sha256(out).hexdigest() == vector["blob_sha256"]
    assert sealing.open_blob(key, out) == plain


@pytest.mark.parametrize("size", SIZES)
def test_lengths_are_those_of_format_md(size: int) -> None:
    """A blob has 16 + plain + 16 × max(1, ceil(plain / 65,536)) bytes, and its length tells the plaintext's."""
    assert len(seal(pattern(size))) == 16 + size + 16 * max(1, (size + 65535) // 65536) == sealed_length(size)
    assert sealing.plain_length(sealed_length(size)) == size


@given(st.integers(-5, 5 * CHUNK))
def test_no_other_length_is_a_blob(sealed: int) -> None:
    """A length is either exactly one plaintext's or refused."""
    try:
        plain = sealing.plain_length(sealed)
    except Damaged:
        assert sealed not in {sealed_length(max(0, sealed - 16 * n)) for n in range(1, 9)}
        return
    assert sealed_length(plain) == sealed


@given(st.binary(max_size=1000), st.binary(min_size=16, max_size=16), st.integers(0, 50))
def test_blobs_lie_anywhere_in_larger_buffers(plain: bytes, key: bytes, before: int) -> None:
    """Sealing and opening write at the buffer's start, touch nothing behind, and read any memoryview."""
    size = sealed_length(len(plain))
    buffer = bytearray(b"\xee" * (before + size + 9))
    assert sealing.seal_blob_into(key, memoryview(plain), memoryview(buffer)[before:]) == size
    assert buffer[:before] + buffer[before + size :] == b"\xee" * (before + 9)
    back = bytearray(b"\xdd" * (len(plain) + 5))
    blob = memoryview(buffer)[before : before + size]
    assert sealing.open_blob_into(key, blob, memoryview(back)) == len(plain)
    assert back == plain + b"\xdd" * 5


def test_every_seal_is_fresh() -> None:
    """The same bytes under the same key never seal to the same blob; file keys differ."""
    assert seal(b"page") != seal(b"page")
    assert sealing.new_file_key() != sealing.new_file_key()


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, 2 * CHUNK])
def test_any_damage_to_a_blob_is_found(size: int) -> None:
    """A changed, cut, lengthened or reordered blob, and another key, raise Damaged."""
    blob = seal(pattern(size))
    frame = CHUNK + 16
    damaged = [blob[:-1], blob[:-16], blob[:16], blob[:-17], b"", blob + b"\x00", blob + blob[16:32]]
    damaged.append(blob[: 16 + frame])
    damaged += [blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :] for place in (0, 15, 16, len(blob) - 1)]
    if size == 2 * CHUNK:
        damaged.append(blob[:16] + blob[16 + frame :] + blob[16 : 16 + frame])
    for one in damaged:
        if one != blob:
            with pytest.raises(Damaged):
                sealing.open_blob(FILE_KEY, one)
    with pytest.raises(Damaged):
        sealing.open_blob(b"another file key", blob)


def test_an_empty_last_frame_is_refused() -> None:
    """A payload whose last frame is empty though the plaintext is not is refused, though every tag holds (age.md)."""
    cipher, nonce = sealing._payload_cipher(FILE_KEY, bytes(16)), bytes(16)
    first, last = bytearray(CHUNK + 16), bytearray(16)
    cipher.encrypt_into(bytes(12), bytes(CHUNK), first)
    cipher.encrypt_into((1).to_bytes(11, "big") + b"\x01", b"", last)
    payload = nonce + bytes(first) + bytes(last)
    with pytest.raises(Damaged):
        sealing.open_blob(FILE_KEY, payload)
    file = seal_header(FILE_KEY, [RECIPIENT]) + payload
    for opener in OPENERS:
        with pytest.raises(Damaged):
            opener(file, SECRET)


def test_short_buffers_are_mistakes_of_the_caller() -> None:
    """A buffer that is too short is a ValueError, before anything is written."""
    with pytest.raises(ValueError, match="needed"):
        sealing.seal_blob_into(FILE_KEY, b"plain", memoryview(bytearray(10)))
    with pytest.raises(ValueError, match="needed"):
        sealing.open_blob_into(FILE_KEY, seal(b"plain"), memoryview(bytearray(4)))
    with pytest.raises(BadFormat):
        seal(b"plain", b"not sixteen")


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("vector", VECTORS["files"], ids=lambda vector: str(vector["source"]))
def test_files_of_the_stock_tool_open(opener: Opener, vector: dict[str, str]) -> None:
    """Stored files of the stock age tool open in memory and as a stream."""
    plain = opener(base64.b64decode(vector["file"]), identity.identity_from_text(vector["identity"]))
    assert hashlib.sha256(plain).hexdigest() == vector["plain_sha256"]


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("size", SIZES)
def test_files_open_for_every_recipient(opener: Opener, size: int) -> None:
    """Whole and streamed files open in both ways for each recipient and for nobody else."""
    plain, recipients = pattern(size), [RECIPIENT, OTHER_RECIPIENT]
    for data in (sealing.seal_file(plain, recipients), seal_streaming(plain, recipients)):
        assert opener(data, SECRET) == plain
        assert opener(data, OTHER) == plain
        with pytest.raises(WrongKey):
            opener(data, b"\x08" * 32)


@pytest.mark.parametrize("opener", OPENERS)
def test_plaintext_is_bounded(opener: Opener) -> None:
    """A file with more plaintext than the limit is refused."""
    with pytest.raises(BadFormat, match="limit"):
        opener(sealing.seal_file(bytes(LIMIT + 1), [RECIPIENT]), SECRET)


@pytest.mark.parametrize("opener", OPENERS)
def test_a_cut_file_never_opens(opener: Opener) -> None:
    """A file cut at any place raises this room's errors alone."""
    data = sealing.seal_file(pattern(CHUNK + 100), [RECIPIENT])
    header = data.index(b"\n---")
    for length in {*range(0, header + 100, 7), *range(header + 50, len(data), 4999), len(data) - 16, len(data) - 116,
                   len(data) - 117, len(data) - 1}:  # fmt: skip
        with pytest.raises(CryptoError):
            opener(data[:length], SECRET)


@pytest.mark.fuzz
@given(st.integers(0, 10_000), st.binary(max_size=3), st.integers(0, 3), st.sampled_from(OPENERS))
def test_changed_files_never_give_other_plaintext(place: int, patch: bytes, removed: int, opener: Opener) -> None:
    """A few bytes changed anywhere raise this room's errors, or change nothing."""
    good = base64.b64decode(VECTORS["files"][1]["file"])
    place %= len(good)
    data = good[:place] + patch + good[place + removed :]
    try:
        plain = opener(data, identity.identity_from_text(VECTORS["files"][1]["identity"]))
    except CryptoError:
        return
    assert data == good
    assert plain == "津档".encode()


def test_rewrap_keeps_the_payload() -> None:
    """New recipients get a new header over the same payload; those left out lose access, and only a recipient can do
    it.
    """
    data = sealing.seal_file(b"manifest", [RECIPIENT])
    again = sealing.rewrap(data, SECRET, [OTHER_RECIPIENT])
    assert open_whole(again, OTHER) == b"manifest"
    assert again[-40:] == data[-40:]
    with pytest.raises(WrongKey):
        open_whole(again, SECRET)
    with pytest.raises(WrongKey):
        sealing.rewrap(data, OTHER, [OTHER_RECIPIENT])
    with pytest.raises(BadFormat):
        sealing.rewrap(data, SECRET, [])


@pytest.mark.parametrize("size", [*SIZES, 130 * CHUNK + 5])
def test_pyrage_and_we_open_each_other(size: int) -> None:
    """rage's library opens what we seal, and we open what it seals."""
    plain = pattern(size)
    theirs = pyrage.x25519.Identity.from_str(identity.identity_text(SECRET))
    to_us = pyrage.x25519.Recipient.from_str(identity.recipient_text(RECIPIENT))
    assert pyrage.decrypt(sealing.seal_file(plain, [OTHER_RECIPIENT, RECIPIENT]), [theirs]) == plain
    assert sealing.open_file(pyrage.encrypt(plain, [to_us]), SECRET, limit=16 * LIMIT) == plain


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, 300_000])
def test_the_stock_tool_and_we_open_each_other(size: int, tmp_path: Path, real_tool: Callable[[str], str]) -> None:
    """The age tool of the distribution opens what we seal, and we open what it seals."""
    age, plain = real_tool("age"), pattern(size)
    key = tmp_path / "identity.txt"
    key.write_text(identity.identity_text(SECRET) + "\n")
    data = sealing.seal_file(plain, [OTHER_RECIPIENT, RECIPIENT])
    opened = subprocess.run([age, "-d", "-i", str(key)], input=data, capture_output=True, check=True)
    assert opened.stdout == plain
    sealed = subprocess.run(
        [age, "-r", identity.recipient_text(RECIPIENT)], input=plain, capture_output=True, check=True
    )
    assert open_whole(sealed.stdout, SECRET) == open_streaming(sealed.stdout, SECRET) == plain


def test_the_stock_tool_opens_a_rewrapped_file(tmp_path: Path, real_tool: Callable[[str], str]) -> None:
    """A new header over an old payload is an ordinary age file."""
    age = real_tool("age")
    key = tmp_path / "identity.txt"
    key.write_text(identity.identity_text(OTHER) + "\n")
    data = sealing.rewrap(sealing.seal_file(b"manifest", [RECIPIENT]), SECRET, [RECIPIENT, OTHER_RECIPIENT])
    opened = subprocess.run([age, "-d", "-i", str(key)], input=data, capture_output=True, check=True)
    assert opened.stdout == b"manifest"
