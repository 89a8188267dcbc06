"""Gathers the facts of a record's files: read once, hash, identify, decode, measure, scan for viruses. Everything foreign runs in the sandbox.

The same at a node (from its sealed packs) and in the vault; who opens the bytes is passed in.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from holdings import av_probe, format_id, media
from holdings.check import Verdict
from holdings.check_facts import NOT_LOOKED, FileFacts, Repeated, Service
from holdings.errors import MediaUnreadable
from holdings.format_id import Unidentified
from holdings.image_checks import PAGES_AT_ONCE, Measures, read_measures
from holdings.zipped import BROKEN, DOCUMENT_BOUNDS, check_zip
from sync.errors import SandboxDied, SandboxError, StoreError, SyncError
from sync.sandbox import Sandbox

BYTES_MAX: Final = 256 << 20  # a larger file is compared but not decoded, as at R4
PAGES_MAX: Final = 2_000  # pages of one file that are measured
PAIRS_PER_PAGE: Final = 3  # look-alikes laid over each other: forms of one print are alike by the hundred
NO_VIRUS_SERVICE: Final = Service(Verdict.UNTESTED, "未能查毒：没有设置查毒服务")
_RECORDINGS: Final = ("audio/", "video/")
IMAGES: Final = frozenset({media.JPEG, media.TIFF, media.PNG, media.JP2})
_SIGNED: Final = re.compile(rb"/ByteRange\s*\[")
_ENCRYPTED: Final = re.compile(rb"/Encrypt\s+\d+\s+\d+\s+R|/Encrypt\s*<<")


class SealedFile(Protocol):
    """A file as it was sealed."""

    @property
    def name(self) -> str:
        """As it came."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def sha256(self) -> bytes:
        """As signed."""

    def pieces(self) -> Iterator[bytes]:
        """Its bytes in order; SyncError when they cannot be restored."""


class Workshop(Struct, frozen=True):
    """What files are looked at with. `formats` needs a wide address space (format_id.MEMORY_MB); `images` switches the measuring of pages."""

    sandbox: Sandbox
    formats: Sandbox
    virus: Callable[[bytes], Service] | None = None
    images: bool = True
    decode: bool = True


def look(file: SealedFile, shop: Workshop) -> FileFacts:
    """All facts of one file; nothing is raised for what is wrong with it."""
    bare = FileFacts(file.name, file.size, file.sha256, media.UNKNOWN)
    digest = hashlib.sha256()
    kept, edges = bytearray(), av_probe.Edges(file.size)
    try:
        for piece in file.pieces():
            digest.update(piece)
            if file.size <= BYTES_MAX:
                kept += piece
            else:
                edges.take(piece)
    except (SyncError, StoreError) as fault:
        missing = Service(Verdict.FAILED, f"加封的内容读不出：{fault}")
        return replace(bare, same=missing, decodes=missing, unmeasured="加封的内容读不出")
    same = Service(Verdict.PASSED) if digest.digest() == file.sha256 else Service(Verdict.FAILED, "摘要与签名清单不符")
    if file.size > BYTES_MAX:
        large = Service(Verdict.UNTESTED, f"文件大于 {BYTES_MAX >> 20} MiB，只比较摘要")
        bare = replace(bare, same=same, decodes=large, virus=large, unmeasured=large.detail, format=Unidentified(large.detail))
        return _recording(bare, edges.data, shop)
    return _inside(replace(bare, same=same), bytes(kept), shop)


def with_uses(files: Sequence[FileFacts], uses: bytes) -> tuple[FileFacts, ...]:
    """The facts with each file's representation 版本用途 (one byte a file, format.md §6.3), which then keeps its pages apart from the others'."""
    if len(uses) != len(files):
        return tuple(files)
    return tuple(replace(file, use=use, group=f"{use}|{file.media_type}") for file, use in zip(files, uses, strict=True))


def _inside(facts: FileFacts, data: bytes, shop: Workshop) -> FileFacts:
    """What the bytes say."""

    def read_at(offset: int, length: int) -> bytes:
        return data[offset : offset + length]

    probe = media.probe(facts.name, len(data), read_at)
    told = format_id.identify([(len(data), read_at)], shop.formats)[0]
    encrypted, seals = _opened(data, probe.media_type, shop.sandbox)
    decodes = _decodes(data, probe.media_type, shop.sandbox) if shop.decode else NOT_LOOKED
    measures, unmeasured = _measure(data, probe.media_type, shop) if shop.images else ((), NOT_LOOKED.detail)
    folder = facts.name.rpartition("/")[0]
    facts = replace(
        facts, media_type=probe.media_type, extension_differs=probe.extension_differs, decodes=decodes, format=told, encrypted=encrypted, seals=seals,
        virus=shop.virus(data) if shop.virus else NO_VIRUS_SERVICE, measures=measures, unmeasured=unmeasured, group=f"{folder}|{probe.media_type}",
    )  # fmt: skip
    recording = shop.decode and probe.media_type.startswith(_RECORDINGS)
    return _played(facts, data, len(data), shop) if recording else facts


def _recording(facts: FileFacts, edges: bytes, shop: Workshop) -> FileFacts:
    """A recording too large to be looked through: what its head and its tail say."""

    def read_at(offset: int, length: int) -> bytes:
        return edges[offset : offset + length]

    probe = media.probe(facts.name, facts.size, read_at)
    if not probe.media_type.startswith(_RECORDINGS):
        return facts
    facts = replace(facts, media_type=probe.media_type, extension_differs=probe.extension_differs)
    return _played(facts, edges, facts.size, shop) if shop.decode else facts


def _played(facts: FileFacts, data: bytes, size: int, shop: Workshop) -> FileFacts:
    """Properties of a recording. Nobody plays it through here: only that its end is missing can be said for sure."""
    try:
        found = av_probe.decode(shop.sandbox.call("holdings.av_probe:properties_in_sandbox", data, str(size)))
    except SandboxDied as fault:
        return replace(facts, decodes=Service(Verdict.UNTESTED, f"属性读取未能完成：{fault}"))
    except (SandboxError, MediaUnreadable) as fault:
        return replace(facts, decodes=Service(Verdict.FAILED, str(fault)))
    if found.truncated:
        return replace(facts, av=found, decodes=Service(Verdict.FAILED, "文件不完整，缺少结尾"))
    played = "容器和各流的属性可读；本机不逐帧解码，请播放抽检"
    return replace(facts, av=found, decodes=Service(Verdict.UNTESTED, played))


def _decodes(data: bytes, media_type: str, sandbox: Sandbox) -> Service:
    if not data:
        return Service(Verdict.FAILED, "文件为 0 字节")
    if media_type in (media.TEXT, media.UNKNOWN):
        return Service(Verdict.UNTESTED, "此格式没有解码器，只比较摘要")
    try:
        sandbox.call("holdings.media_pages:decode_image", data, media_type)
    except SandboxDied as fault:
        return Service(Verdict.UNTESTED, f"解码未能完成：{fault}")
    except SandboxError as fault:
        return Service(Verdict.FAILED, str(fault))
    return Service(Verdict.PASSED)


def _opened(data: bytes, media_type: str, sandbox: Sandbox) -> tuple[bool | None, bool]:
    """(encrypted, holds electronic seals) of a document."""
    if media_type in IMAGES or media_type == media.TEXT:
        return False, False
    try:
        said = sandbox.call("holdings.check_files:look_inside", data, media_type).decode()
    except SandboxError:
        return None, False
    return ("encrypted" in said if said != "unknown" else None), "sealed" in said


def look_inside(data: bytes, media_type: str) -> bytes:
    """For the sandbox: words among `encrypted`, `sealed`; or `unknown` for a format that cannot be opened here."""
    if media_type == media.PDF:
        words = [b"encrypted"] if _ENCRYPTED.search(data) else []
        return b" ".join([*words, b"sealed"] if _SIGNED.search(data) else words)
    if media_type in (media.OFD, media.DOCX, media.XLSX, media.ZIP):
        try:
            members = check_zip(data, DOCUMENT_BOUNDS).infolist()
        except MediaUnreadable:
            if b"\x01\x00" in data[6:8]:
                return b"encrypted"
            raise
        except BROKEN:
            return b"unknown"
        words = [b"encrypted"] if any(m.flag_bits & 1 for m in members) else []
        sealed = any(m.filename.endswith(("Signatures.xml", "_xmlsignatures/origin.sigs")) for m in members)
        return b" ".join([*words, b"sealed"] if sealed else words)
    return b"unknown"


_NO_PICTURES: Final = "此格式没有可直接查看的图像"


def _measure(data: bytes, media_type: str, shop: Workshop) -> tuple[tuple[Measures | None, ...], str]:
    """Measures of every page, and why there are none."""
    if media_type not in IMAGES and media_type not in (media.PDF, media.OFD, media.DOCX):
        return (), _NO_PICTURES
    found: list[Measures | None] = []
    try:
        while len(found) < PAGES_MAX:
            some = read_measures(shop.sandbox.call("holdings.image_measure:measure_file", data, f"{media_type};{len(found)};{PAGES_AT_ONCE}"))
            found += some
            if len(some) < PAGES_AT_ONCE:
                return tuple(found), "" if found else _NO_PICTURES
    except (SandboxError, msgspec.ValidationError) as fault:
        return tuple(found), f"图像未能检测：{fault}"
    return tuple(found), f"只检测前 {PAGES_MAX} 页"


def repeated(files: Sequence[FileFacts], read: Callable[[int], bytes], sandbox: Sandbox, alike_from: float) -> tuple[Repeated, ...]:
    """Pages of one record that are the same sheet, never across 版本用途; `read` gives the bytes of a file by its index."""
    found: list[Repeated] = []
    for group in sorted({f.group for f in files if f.group}):
        mine = [i for i, f in enumerate(files) if f.group == group]
        pages = [(i, number, page) for i in mine for number, page in enumerate(files[i].measures) if page is not None]
        found += _equal_bytes(files, mine)
        equal = {(pair.one, pair.other) for pair in found}
        for a, b in _alike([page.ink_map for _, _, page in pages], sandbox, alike_from)[: PAIRS_PER_PAGE * len(pages)]:
            one, other = pages[a], pages[b]
            names = (_page_name(files, one), _page_name(files, other))
            if names in equal:
                continue
            first = read(one[0])
            data = len(first).to_bytes(8, "big") + first + read(other[0])
            wanted = f"{files[one[0]].media_type};{one[1]};{files[other[0]].media_type};{other[1]}"
            try:
                said = int(sandbox.call("holdings.image_twins:likeness", data, wanted))
            except (SandboxError, ValueError):
                continue
            found.append(Repeated(*names, said / 1000))
    return tuple(found)


def _alike(maps: list[bytes], sandbox: Sandbox, threshold: float) -> list[tuple[int, int]]:
    """Pairs worth laying over each other."""
    if len(maps) < 2:
        return []
    try:
        return msgspec.json.decode(sandbox.call("holdings.image_twins:candidates", b"".join(maps), str(threshold)), type=list[tuple[int, int]])
    except SandboxError:
        return []


def _equal_bytes(files: Sequence[FileFacts], mine: Sequence[int]) -> Iterator[Repeated]:
    first: dict[bytes, str] = {}
    for index in mine:
        file = files[index]
        if len(file.measures) == 1 and file.sha256 in first:
            yield Repeated(first[file.sha256], file.name, 1.0)
        first.setdefault(file.sha256, file.name)


def _page_name(files: Sequence[FileFacts], page: tuple[int, int, Measures]) -> str:
    file = files[page[0]]
    return f"{file.name}#{page[1] + 1}" if len(file.measures) > 1 else file.name


