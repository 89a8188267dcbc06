"""Digests with an algorithm tag (format.md §2): SHA-256 always, SM3 (GB/T 32905-2016) where the site asks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Final, TypeAlias

from crypto import cbor
from crypto.errors import BadFormat, Unsupported

Octets: TypeAlias = bytes | bytearray | memoryview
"""Anything whose bytes are read without copying; memoryviews are contiguous and of format B."""

SIZE: Final = 32  # bytes; both algorithms


class Algorithm(IntEnum):
    """The tag of a digest on disk and on the wire (format.md §2)."""

    SHA256 = 1
    SM3 = 2

    __hash__ = int.__hash__  # equal to its number, as an Enum's is not; and every look at a part's digests asks for it


class Sm3Policy(StrEnum):
    """When SM3 is computed: never, later as derived data (`sm3/1`, format.md §2), or together with SHA-256."""

    OFF = "off"
    IDLE = "idle"
    ALWAYS = "always"


@dataclass(frozen=True)
class Digests(Mapping[Algorithm, bytes]):
    """The digests of one byte string, a read-only mapping from algorithm to 32 bytes; SHA-256 is always there."""

    sha256: bytes
    sm3: bytes | None = None

    def __post_init__(self) -> None:
        """Refuse digests of another length (BadFormat)."""
        for value in self.values():
            if len(value) != SIZE:
                raise BadFormat(f"digest (format.md §2): {len(value)} bytes, {SIZE} are expected")

    def __getitem__(self, algorithm: Algorithm) -> bytes:
        """The digest by this algorithm; KeyError when it was not computed."""
        value = {Algorithm.SHA256: self.sha256, Algorithm.SM3: self.sm3}.get(algorithm)
        if value is None:
            raise KeyError(algorithm)
        return value

    def __iter__(self) -> Iterator[Algorithm]:
        """The algorithms that are there, in the order of their tags."""
        yield Algorithm.SHA256
        if self.sm3 is not None:
            yield Algorithm.SM3

    def __len__(self) -> int:
        """Number of digests, 1 or 2."""
        return 1 if self.sm3 is None else 2

    def to_map(self) -> dict[int, bytes]:
        """The CBOR map of format.md §2."""
        return {int(algorithm): value for algorithm, value in self.items()}

    @classmethod
    def from_map(cls, obj: Any, *, name: str = "digests") -> Digests:
        """Read the CBOR map of format.md §2; BadFormat naming `name` and the key."""
        fields = cbor.take_map(obj, {Algorithm.SHA256: cbor.ID32}, {Algorithm.SM3: cbor.ID32}, name=name)
        return cls(fields[Algorithm.SHA256], fields.get(Algorithm.SM3))

    def texts(self) -> tuple[str, ...]:
        """The text forms, `sha256:<hex>` first."""
        return tuple(text(algorithm, value) for algorithm, value in self.items())


class Hasher:
    """Streaming digests of one byte string; update() releases the interpreter lock for pieces above 2 KiB."""

    def __init__(self, *, with_sm3: bool) -> None:
        """Start empty; Unsupported when SM3 is asked for and missing here."""
        self._sha256 = hashlib.sha256()
        self._sm3 = _new_sm3() if with_sm3 else None

    def update(self, data: Octets) -> None:
        """Add the next bytes."""
        self._sha256.update(data)
        if self._sm3 is not None:
            self._sm3.update(data)

    def digests(self) -> Digests:
        """Digests of everything added so far; more may be added afterwards."""
        return Digests(self._sha256.digest(), None if self._sm3 is None else self._sm3.digest())


def digests_of(data: Octets, policy: Sm3Policy) -> dict[Algorithm, bytes]:
    """Digests of bytes that are there as a whole, as a Hasher under `policy` gives them; Unsupported where SM3 is asked for and missing."""
    found = {Algorithm.SHA256: sha256(data)}
    if policy is Sm3Policy.ALWAYS:
        found[Algorithm.SM3] = sm3(data)
    return found


def sha256(data: Octets) -> bytes:
    """SHA-256 of the data, 32 bytes."""
    return hashlib.sha256(data).digest()


def sm3(data: Octets) -> bytes:
    """SM3 (GB/T 32905-2016) of the data, 32 bytes; Unsupported where OpenSSL lacks it."""
    hasher_ = _new_sm3()
    hasher_.update(data)
    return hasher_.digest()


def hasher(policy: Sm3Policy) -> Hasher:
    """A new streaming hasher: both algorithms under `always`, SHA-256 alone otherwise."""
    return Hasher(with_sm3=policy is Sm3Policy.ALWAYS)


def sm3_available() -> bool:
    """Whether this machine's OpenSSL offers SM3."""
    try:
        hashlib.new("sm3")
    except ValueError:
        return False
    return True


def require(policy: Sm3Policy) -> None:
    """Refuse to start (Unsupported) when the policy needs SM3 and this machine's OpenSSL lacks it."""
    if policy is not Sm3Policy.OFF:
        _new_sm3()


def text(algorithm: Algorithm, digest: bytes) -> str:
    """The text form of a digest: `sha256:<hex>` or `sm3:<hex>` (format.md §2)."""
    return f"{algorithm.name.lower()}:{digest.hex()}"


def from_text(value: str) -> tuple[Algorithm, bytes]:
    """Read the text form back; BadFormat for an unknown algorithm, upper-case hex or another length."""
    name, _, digits = value.partition(":")
    for algorithm in Algorithm:
        if name == algorithm.name.lower() and len(digits) == 2 * SIZE and set(digits) <= set("0123456789abcdef"):
            return algorithm, bytes.fromhex(digits)
    raise BadFormat("digest (format.md §2): neither sha256:<64 lower-case hex> nor sm3:<64 lower-case hex>")


def _new_sm3() -> hashlib._Hash:
    """An SM3 object, or Unsupported with what to do."""
    try:
        return hashlib.new("sm3", usedforsecurity=False)
    except ValueError as error:
        raise Unsupported(
            "本机 OpenSSL 不提供 SM3（GB/T 32905）", '请安装带 SM3 的 OpenSSL 1.1.1 以上版本，或在配置中设 sm3 = "off"'
        ) from error
