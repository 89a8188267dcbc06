"""What is known of a record and its files when it is checked: facts gathered once (holdings/check_files.py, node, hub), judged by many; pure."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from holdings.av_probe import AvProperties
from holdings.check import Verdict
from holdings.format_id import FormatId, Unidentified
from holdings.image_checks import Measures
from holdings.record import Description


class Service(Struct, frozen=True):
    """The word of a service outside: PASSED, FAILED, or UNTESTED with the reason why it was not there."""

    verdict: Verdict
    detail: str = ""


NOT_LOOKED = Service(Verdict.UNTESTED, "本次未检测此项")


class FileFacts(Struct, frozen=True):
    """One file as sealed. `same`: its bytes are what was signed; `decodes`: read through to the last byte.

    `group`: pages that may be compared share it; `use`: its representation 版本用途 as the record's body says, 0 when it says none.
    `av`: what a recording is, None for other files.
    """

    name: str
    size: int
    sha256: bytes
    media_type: str
    extension_differs: bool = False
    same: Service = NOT_LOOKED
    decodes: Service = NOT_LOOKED
    virus: Service = NOT_LOOKED
    format: FormatId | Unidentified = field(default_factory=lambda: Unidentified("本次未检测此项"))
    encrypted: bool | None = None
    seals: bool = False
    measures: tuple[Measures | None, ...] = ()
    unmeasured: str = "本次未检测此项"
    group: str = ""
    use: int = 0
    av: AvProperties | None = None


class Repeated(Struct, frozen=True):
    """Two pages, `one` and `other` as 文件[#页], and how like they are at their least (−1 … 1)."""

    one: str
    other: str
    likeness: float


class Material(Struct, frozen=True):
    """Everything the checks of one record look at.

    `year` is the year now; `pages` what was counted by the page-count rule when it was sealed; `row` the catalogue's elements, None without a row;
    `bearers` how many records bear its code; `series` and `superfluous` Chinese remarks; `repeated` None when pages were not compared.
    """

    subject: str
    ref: str
    description: Description
    category: str
    year: int
    version: int
    pages: int
    sealed: int
    files: tuple[FileFacts, ...]
    signature: Service
    reachable: Service
    readable: Service
    bearers: int = 1
    row: Mapping[str, str] | None = None
    series: tuple[str, ...] | None = None
    superfluous: tuple[str, ...] | None = None
    repeated: tuple[Repeated, ...] | None = None
