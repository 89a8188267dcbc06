"""The intake profile 接收方案: how a contractor's deliveries are read, in one TOML file; pure.

Unknown keys are refused with the nearest known name, so that a slip of the pen does not silently read a delivery otherwise.
"""

from __future__ import annotations

import difflib
import functools
import tomllib
from collections.abc import Iterable
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from holdings.errors import ProfileRefused
from holdings.layout import Layout
from holdings.layout_words import Use
from holdings.page_rule import PageRule
from holdings.readiness import ReadyRule
from holdings.record import NAME_MAX
from holdings.sheet_profile import SheetProfile

PROFILE_MAX: Final = 256 * 1024  # bytes of a profile file; a thousand translations take 40 KiB

_USES: Final = {use.label: use for use in Use}


class Representations(Struct, frozen=True, forbid_unknown_fields=True):
    """Which 版本用途 go up; `equal`: must their page counts agree?"""

    send: tuple[Literal["存档件", "利用件", "双层PDF", "缩略图"], ...] = ("存档件", "利用件", "双层PDF")
    equal: bool = True

    def uses(self) -> frozenset[Use]:
        """The policy as the layouts take it."""
        return frozenset(_USES[label] for label in self.send)


class IntakeProfile(Struct, frozen=True, forbid_unknown_fields=True):
    """One contractor's way of delivering. Every table but the name may be left out: then folders are read as ever.

    `secrecy_precheck`: read the top of the first pages for 密级 before sealing; `cleared_by`: in whose name deliveries of this
    profile count as cleared 常设保密审查.
    """

    name: str
    contractor: str = ""
    sheet: SheetProfile = SheetProfile()
    layout: Layout = Layout()
    pages: PageRule = PageRule()
    ready: ReadyRule = ReadyRule()
    representations: Representations = Representations()
    secrecy_precheck: bool = False
    cleared_by: str = ""

    def __post_init__(self) -> None:
        """Bounds of what a person may write."""
        if not 1 <= len(self.name.strip()) <= 100 or "/" in self.name:
            raise ValueError("name 应为 1 至 100 个字符，不含“/”")
        if max(len(self.contractor), len(self.cleared_by)) > NAME_MAX:
            raise ValueError(f"contractor、cleared_by 不超过 {NAME_MAX} 个字符")
        if not self.representations.send:
            raise ValueError("representations.send 至少一种")

    @property
    def gathers(self) -> bool:
        """Whether folders are read by a layout at all; the plain layout is a folder for a record and nothing else."""
        return self.layout.kind != "plain"


PLAIN: Final = IntakeProfile("缺省")
"""What holds for a delivery without a profile."""


def read_profile(text: str) -> IntakeProfile:
    """Read a profile's TOML; ProfileRefused (Chinese) names the key, the nearest known one, or what is wrong with the value."""
    if len(text.encode()) > PROFILE_MAX:
        raise ProfileRefused("接收方案文件超过 256 KiB")
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise ProfileRefused(f"接收方案不是有效的 TOML：{fault}") from fault
    _known(raw, IntakeProfile, "")
    try:
        return msgspec.convert(raw, IntakeProfile)
    except (msgspec.ValidationError, ValueError) as fault:
        raise ProfileRefused(f"接收方案有误：{fault}") from fault


@functools.lru_cache(maxsize=64)
def stored(text: str) -> IntakeProfile:
    """A profile from the text that `render` made of it."""
    return msgspec.json.decode(text, type=IntakeProfile)


def render(profile: IntakeProfile) -> str:
    """One line of text that `stored` reads; equal profiles have equal texts."""
    return msgspec.json.encode(profile, order="sorted").decode()


def _known(raw: Any, kind: Any, where: str) -> None:
    """Refuse the first key that a table does not know."""
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    for key, value in raw.items():
        if key not in fields:
            raise ProfileRefused(f"接收方案中没有 {where}{key} 这一项{_near(key, fields)}")
        if isinstance(value, dict) and isinstance(fields[key], type) and issubclass(fields[key], Struct):
            _known(value, fields[key], f"{where}{key}.")


def _near(key: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(key, names, 1)
    return f"；是否应为 {near[0]}？" if near else f"；可用：{'、'.join(names)}"
