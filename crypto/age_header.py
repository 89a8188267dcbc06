"""The header of an age v1 file (C2SP age.md, "Header"; format.md §4): strict, bounded parsing, and wrapping file keys
to X25519 recipients.

Whatever parses encodes to the same bytes. Stanzas of unknown types are skipped; ASCII armour is not read.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from crypto.aead import NONCE_SIZE, TAG_SIZE, open_aead
from crypto.derivation import hkdf_sha256
from crypto.digest import Octets
from crypto.errors import BadFormat, Damaged, WrongKey
from crypto.identity import recipient_of, shared_secret

FILE_KEY_SIZE: Final = 16  # bytes, age.md "File key"
HEADER_MAX: Final = 64 * 1024  # bytes; 64 X25519 stanzas need 7 KiB, post-quantum ones of others 2 KiB each
STANZAS_MAX: Final = 64  # node, vault, escrow, upper hub; the rest is room for foreign tools

_VERSION_LINE: Final = b"age-encryption.org/v1"
_COLUMNS: Final = 64
_MAC_SIZE: Final = 32
_X25519: Final = "X25519"
_X25519_INFO: Final = b"age-encryption.org/v1/X25519"
_ZERO_NONCE: Final = bytes(NONCE_SIZE)  # age.md: every wrap key is used once
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/]*")
_ARGUMENTS: Final = re.compile(rb"[\x21-\x7e]+(?: [\x21-\x7e]+)*")


@dataclass(frozen=True)
class Stanza:
    """One recipient stanza: at least one argument of visible ASCII, and a body."""

    arguments: tuple[str, ...]
    body: bytes

    def encode(self) -> bytes:
        """The stanza's lines, body wrapped at 64 columns and closed by a shorter, perhaps empty line."""
        text = _to_base64(self.body)
        lines = [text[start : start + _COLUMNS] for start in range(0, len(text) + 1, _COLUMNS)]
        return b"\n".join([f"-> {' '.join(self.arguments)}".encode("ascii"), *lines, b""])


@dataclass(frozen=True)
class Header:
    """A parsed header: its stanzas in order and its MAC of 32 bytes (not yet checked)."""

    stanzas: tuple[Stanza, ...]
    mac: bytes

    def encode(self) -> bytes:
        """The header's bytes, up to and including the line feed after the MAC."""
        return _signed_part(self.stanzas) + b" " + _to_base64(self.mac) + b"\n"


def seal_header(file_key: bytes, recipients: Sequence[bytes]) -> bytes:
    """A new header that wraps the file key (16 bytes) to 1 to 64 X25519 recipients (32 bytes each); BadFormat for bad
    recipients.
    """
    if not 1 <= len(recipients) <= STANZAS_MAX:
        raise BadFormat(f"age header (format.md §4): {len(recipients)} recipients, allowed are 1 to {STANZAS_MAX}")
    stanzas = tuple(wrap(file_key, recipient, os.urandom(32)) for recipient in recipients)
    return Header(stanzas, _mac(file_key, stanzas)).encode()


def parse_header(data: Octets) -> tuple[Header, int]:
    """Parse the header at the start of `data`; returns it and its length in bytes. BadFormat for any deviation from
    age.md.
    """
    window = bytes(data[:HEADER_MAX])
    lines = _lines(window)
    if next(lines) != _VERSION_LINE:
        raise BadFormat("age header (age.md): the first line is not age-encryption.org/v1")
    stanzas: list[Stanza] = []
    line = next(lines)
    while line.startswith(b"-> "):
        if len(stanzas) == STANZAS_MAX:
            raise BadFormat(f"age header (format.md §4): more than {STANZAS_MAX} stanzas")
        stanzas.append(_parse_stanza(line[3:], lines))
        line = next(lines)
    if not stanzas:
        raise BadFormat("age header (age.md): no recipient stanza")
    if not line.startswith(b"--- "):
        raise BadFormat("age header (age.md): neither a stanza nor the MAC line")
    mac = _from_base64(line[4:])
    if len(mac) != _MAC_SIZE:
        raise BadFormat("age header (age.md): the MAC is not 32 bytes")
    header = Header(tuple(stanzas), mac)
    _check_types(header.stanzas)
    encoded = header.encode()
    if window[: len(encoded)] != encoded:
        raise BadFormat("age header (age.md): not the canonical spelling")
    return header, len(encoded)


def unwrap_header(header: Header, identity: bytes) -> bytes:
    """The file key (16 bytes) for this X25519 identity; WrongKey when no stanza opens, Damaged when the header's MAC
    does not fit.
    """
    recipient = recipient_of(identity)
    for stanza in header.stanzas:
        if stanza.arguments[0] != _X25519:
            continue
        file_key = _unwrap(stanza, identity, recipient)
        if file_key is None:
            continue
        if not hmac.compare_digest(_mac(file_key, header.stanzas), header.mac):
            raise Damaged("age header (age.md): the MAC does not fit, the header was changed")
        return file_key
    raise WrongKey("age file: sealed to other recipients than this identity")


def wrap(file_key: bytes, recipient: bytes, ephemeral: bytes) -> Stanza:
    """The X25519 stanza for a recipient; `ephemeral` is 32 fresh random bytes, never used twice (passed in for
    vectors).
    """
    if len(file_key) != FILE_KEY_SIZE:
        raise BadFormat("age file key (age.md): 16 bytes are expected")
    share = recipient_of(ephemeral)
    wrap_key = hkdf_sha256(shared_secret(ephemeral, recipient), share + recipient, _X25519_INFO)
    body = bytearray(FILE_KEY_SIZE + TAG_SIZE)
    open_aead(wrap_key).encrypt_into(_ZERO_NONCE, file_key, body)
    return Stanza((_X25519, _to_base64(share).decode("ascii")), bytes(body))


def _unwrap(stanza: Stanza, identity: bytes, recipient: bytes) -> bytes | None:
    """The file key of one X25519 stanza, None when it is for somebody else; BadFormat for a share of small order."""
    share = _from_base64(stanza.arguments[1].encode("ascii"))
    wrap_key = hkdf_sha256(shared_secret(identity, share), share + recipient, _X25519_INFO)
    file_key = bytearray(FILE_KEY_SIZE)
    try:
        open_aead(wrap_key).decrypt_into(_ZERO_NONCE, stanza.body, file_key)
    except Damaged:
        return None
    return bytes(file_key)


def _check_types(stanzas: Sequence[Stanza]) -> None:
    """The shape of every X25519 stanza, and the rule that a scrypt stanza stands alone (age.md)."""
    for stanza in stanzas:
        if stanza.arguments[0] == _X25519:
            if len(stanza.arguments) != 2 or len(_from_base64(stanza.arguments[1].encode("ascii"))) != 32:
                raise BadFormat("age X25519 stanza (age.md): exactly one argument of 32 bytes is expected")
            if len(stanza.body) != FILE_KEY_SIZE + TAG_SIZE:
                raise BadFormat("age X25519 stanza (age.md): the body is not 32 bytes")
        elif stanza.arguments[0] == "scrypt" and len(stanzas) > 1:
            raise BadFormat("age scrypt stanza (age.md): it must be the only one")


def _parse_stanza(arguments: bytes, lines: Iterator[bytes]) -> Stanza:
    """One stanza whose argument line is given; takes its body lines up to the first one shorter than 64 columns."""
    if not _ARGUMENTS.fullmatch(arguments):
        raise BadFormat("age stanza (age.md): arguments are visible ASCII with single spaces between")
    body: list[bytes] = []
    while True:
        line = next(lines)
        if len(line) > _COLUMNS or not _BASE64.fullmatch(line):
            raise BadFormat("age stanza (age.md): a body line is longer than 64 columns or not base64")
        body.append(line)
        if len(line) < _COLUMNS:
            return Stanza(tuple(arguments.decode("ascii").split(" ")), _from_base64(b"".join(body)))


def _lines(window: bytes) -> Iterator[bytes]:
    """The lines of a header without their line feeds; BadFormat where the window ends without one."""
    start = 0
    while True:
        end = window.find(b"\n", start)
        if end < 0:
            raise BadFormat(f"age header (format.md §4): cut off, or longer than {HEADER_MAX} bytes")
        yield window[start:end]
        start = end + 1


def _signed_part(stanzas: Sequence[Stanza]) -> bytes:
    """Everything the MAC covers: version line, stanzas, `---`."""
    return _VERSION_LINE + b"\n" + b"".join(stanza.encode() for stanza in stanzas) + b"---"


def _mac(file_key: bytes, stanzas: Sequence[Stanza]) -> bytes:
    """HMAC-SHA-256 of the header under HKDF(file key, info "header")."""
    return hmac.digest(hkdf_sha256(file_key, b"", b"header"), _signed_part(stanzas), "sha256")


def _to_base64(data: bytes) -> bytes:
    """Standard base64 without padding."""
    return base64.b64encode(data).rstrip(b"=")


def _from_base64(text: bytes) -> bytes:
    """Canonical standard base64 without padding; BadFormat otherwise."""
    try:
        data = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise BadFormat("age header (age.md): not base64") from error
    if _to_base64(data) != text:
        raise BadFormat("age header (age.md): base64 with padding or stray bits")
    return data
