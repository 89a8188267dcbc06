"""Data files: the tables of the standards as the program ships them, and what a site lays over them.

Codes, lengths, word lists and columns that are uncertain or local stand in TOML, so that an archive changes a file and
not the program. A site's files lie flat in one folder of its home; reading them is the only thing here that touches a
disk.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from holdings.errors import SiteDataWrong

FILES_MAX: Final = 64  # a site's own files; more is a folder that was dropped here by mistake
FILE_MAX: Final = 1 << 20  # bytes: the largest table that ships has a hundredth of it

T = TypeVar("T")


class SiteData(Struct, frozen=True):
    """What a site lays over the shipped tables: (file name, TOML text) in the order of names. Hashable, so that what is
    made of it can be kept."""

    files: tuple[tuple[str, str], ...] = ()

    def named(self, prefix: str) -> tuple[tuple[str, str], ...]:
        """The files whose name is `prefix`.toml or begins with `prefix`-."""
        return tuple(f for f in self.files if f[0] == f"{prefix}.toml" or f[0].startswith(f"{prefix}-"))

    def only(self, *kinds: str) -> str:
        """The files of some kinds as JSON text, to travel to the sandbox; `received` reads it there."""
        return json.dumps([one for kind in kinds for one in self.named(kind)], ensure_ascii=False)


NO_SITE: Final = SiteData()


def received(text: str) -> SiteData:
    """The files that travelled as JSON text."""
    return SiteData(tuple((str(name), str(content)) for name, content in json.loads(text)))


def read_site(folder: Path) -> SiteData:
    """Read the *.toml of a site's folder (none when it does not exist): at most 64 files of 1 MiB.

    SiteDataWrong names the file that cannot be read or is too large.
    """
    found: list[tuple[str, str]] = []
    for path in sorted(folder.glob("*.toml")):
        if len(found) == FILES_MAX:
            raise SiteDataWrong(f"{folder.name} 里的数据文件超过 {FILES_MAX} 个；请移走无关的文件")
        try:
            if path.stat().st_size > FILE_MAX:
                raise SiteDataWrong(f"数据文件 {path.name} 超过 {FILE_MAX >> 20} MiB；请核对内容")
            found.append((path.name, path.read_text("utf-8")))
        except (OSError, UnicodeDecodeError) as fault:
            raise SiteDataWrong(f"数据文件 {path.name} 读不出（应为 UTF-8 的 TOML）：{fault}") from fault
    return SiteData(tuple(found))


_DATA: Final = Path(__file__).parent / "data"
"""A folder as any other: importlib.resources would be a tenth of what the reader of sheets loads."""


def shipped(name: str) -> str:
    """The text of a table that ships in holdings/data."""
    return (_DATA / name).read_text("utf-8")


def shipped_names(folder: str) -> tuple[str, ...]:
    """The TOML files in a folder of holdings/data, as `folder/name`, sorted."""
    entries = (_DATA / folder).iterdir()
    return tuple(sorted(f"{folder}/{file.name}" for file in entries if file.name.endswith(".toml")))


def table(name: str, text: str) -> dict[str, Any]:
    """A TOML text as a plain table; SiteDataWrong names the file and the place."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise SiteDataWrong(f"数据文件 {name} 不是正确的 TOML：{fault}") from fault


def typed(name: str, content: object, kind: type[T]) -> T:
    """A plain table as `kind` (a Struct); SiteDataWrong names the file, the key and what is expected."""
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as fault:
        raise SiteDataWrong(f"数据文件 {name} 的内容不合要求：{fault}") from fault


def overlay(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`base` with what `over` says instead: tables are laid over each other key by key, anything else is replaced."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        result[key] = overlay(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result
