"""Format identification by PRONOM signature, offline (pygfried: siegfried with the signatures of The National Archives), and the format policy.

Identified by content alone: the library sees no file name. It reads files by path, so the bytes lie in a memory file that the sandboxed child opens.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from holdings import media
from holdings.errors import MediaUnreadable
from holdings.site_data import NO_SITE, SiteData, overlay, shipped, table, typed
from sync.errors import SandboxError
from sync.sandbox import Sandbox

ReadAt: TypeAlias = Callable[[int, int], bytes]

MEMORY_MB: Final = 8_192  # of address space: Go reserves far more than it uses
HEAD: Final = 16 << 10  # signatures of pictures lie in the first bytes; cost grows with what is given
HEAD_PDF: Final = 64 << 10  # PDF/A says so in metadata that may stand later
TAIL: Final = 4 << 10
WHOLE_MAX: Final = 32 << 20  # containers (zip, OLE) are told apart by their members: given whole up to here
BATCH: Final = 64
_CONTAINERS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
OFD_ID: Final = "x-jindang/ofd"
"""PRONOM has no entry for OFD (GB/T 33190-2016): it would say ZIP."""


class FormatId(Struct, frozen=True):
    """`id` a PRONOM identifier, empty when unknown; `name` in English as PRONOM has it; `basis` how it was told."""

    id: str
    name: str
    basis: str


class Unidentified(Struct, frozen=True):
    """Identification could not run: 未能检测 with the reason."""

    reason: str


class _Policy(Struct, frozen=True, forbid_unknown_fields=True):
    preserve: tuple[str, ...]
    use: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """Allowed formats by category, and what PRONOM names mean (data/formats.toml)."""

    groups: dict[str, tuple[str, ...]]
    category: dict[str, _Policy]


@lru_cache(maxsize=8)
def policy(site: SiteData = NO_SITE) -> Policy:
    """The format policy as shipped, with the site's formats.toml over it; SiteDataWrong says what is wrong there."""
    content = table("formats.toml", shipped("formats.toml"))
    for name, text in site.named("formats"):
        content = overlay(content, table(name, text))
    return typed("formats.toml", content, Policy)


def group_of(identifier: str, rules: Policy) -> str:
    """The group (tiff, jpeg, pdf …) of a PRONOM identifier, empty when it is in none."""
    return next((name for name, ids in rules.groups.items() if identifier in ids), "")


def allowed(identifier: str, category: str, rules: Policy) -> bool | None:
    """Whether a category may hold a format; None when the policy knows neither way (a person says)."""
    group = group_of(identifier, rules)
    said = rules.category.get(category) or rules.category["document"]
    if group in said.preserve or group in said.use:
        return True
    return False if group in said.forbidden or group else None


@contextmanager
def _lying(pieces: Iterable[bytes]) -> Iterator[str]:
    """A path under which the sandboxed child can read these bytes; nothing of them ever lies on a disk."""
    descriptor = os.memfd_create("jindang-format", os.MFD_CLOEXEC)
    try:
        for piece in pieces:
            view = memoryview(piece)
            while view:
                view = view[os.write(descriptor, view) :]
        yield f"/proc/{os.getpid()}/fd/{descriptor}"
    finally:
        os.close(descriptor)


def excerpt(size: int, read_at: ReadAt) -> list[bytes]:
    """What identification needs of a file: all of a container or a small file, else its beginning and its end."""
    head = read_at(0, HEAD)
    if head.startswith(_CONTAINERS) and size <= WHOLE_MAX:
        return [read_at(offset, min(1 << 20, size - offset)) for offset in range(0, size, 1 << 20)]
    if b"%PDF-" in head[:1024]:
        head = read_at(0, HEAD_PDF)
    return [head] if size <= len(head) else [head, read_at(max(len(head), size - TAIL), TAIL)]


def identify(files: list[tuple[int, ReadAt]], sandbox: Sandbox) -> list[FormatId | Unidentified]:
    """Identify files given as (size, read_at), in batches; what cannot be looked at says why. Empty files have no format."""
    found: list[FormatId | Unidentified] = []
    for first in range(0, len(files), BATCH):
        some = files[first : first + BATCH]
        with ExitStack() as held:
            paths = [held.enter_context(_lying(excerpt(size, read_at))) for size, read_at in some]
            try:
                said = msgspec.json.decode(sandbox.call("holdings.format_id:identify_paths", msgspec.json.encode(paths)), type=list[tuple[str, str, str]])
                found += [FormatId(*one) for one in said]
            except SandboxError as fault:
                found += [Unidentified(f"格式识别未能进行：{fault}")] * len(some)
        for index, (size, read_at) in enumerate(some, first):
            one = found[index]
            if isinstance(one, FormatId) and one.id == "x-fmt/263" and media.probe("", size, read_at).media_type == media.OFD:
                found[index] = FormatId(OFD_ID, "OFD (GB/T 33190-2016)", "container OFD.xml")
    return found


def identify_paths(data: bytes) -> bytes:
    """For the sandbox: JSON list of paths to JSON list of (PRONOM id, name, basis); MediaUnreadable when one cannot be opened."""
    import pygfried

    paths = msgspec.json.decode(data, type=list[str])
    for path in paths:
        try:
            os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        except OSError as fault:
            # The library would call it an unknown format.
            raise MediaUnreadable(f"读不到内存文件（{fault.strerror}）；请检查 /proc 是否可读") from fault
    told = pygfried.identify_many(paths)
    by_path: dict[str, dict[str, object]] = {str(one["filename"]): dict(one) for one in told["files"]}
    return msgspec.json.encode([_first(by_path.get(path, {})) for path in paths])


def _first(told: dict[str, object]) -> tuple[str, str, str]:
    matches = told.get("matches")
    match = matches[0] if isinstance(matches, list) and matches else {}
    identifier = str(match.get("id", ""))
    basis = str(match.get("basis", ""))
    # A match by extension alone is no match: the child sees no name, but siegfried may still guess.
    if identifier == "UNKNOWN" or (basis and "byte match" not in basis and "container" not in basis and "text" not in basis and "xml" not in basis):
        identifier = ""
    return identifier, str(match.get("format", "")), basis
