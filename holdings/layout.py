"""From a delivery's folders to gatherings 挂接 (DA/T 31-2017 11.2): which files make which record, in which order, and what they are for; pure.

A layout never sees bytes, sizes or the disk: it is given folder and file names and what the catalogue knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Final, Literal, TypeAlias

from msgspec import Struct, field

from holdings.layout_template import VALUES_MAX, build, fields_of, match_path
from holdings.layout_volume import VolumeRow
from holdings.layout_words import (
    Role,
    Use,
    Vocabulary,
)
from holdings.reference_code import CodeForm, CodeProblem, match_key, parse

Tree: TypeAlias = Mapping[str, Sequence[str]]
"""{folder relative to the delivery, '' itself: names of the plain files in it}; empty folders too."""

Kind = Literal["plain", "folders", "volumes", "files", "rows"]


class Layout(Struct, frozen=True, forbid_unknown_fields=True):
    """How folders of a contractor are read.

    `plain`: `<档号>/页` and nothing else. `folders`: a folder is a record, by `path` and `code`. `volumes`: a folder is a
    volume, items are page ranges of it; the file numbered `first_page` is page 1. `files`: the file name holds the code.
    `rows`: the link sheet says folder, first and last image. `values` translates what stands in a path (办公室 → BGS);
    `overrides` names further folders whose pages replace those of the same number.
    """

    kind: Kind = "plain"
    path: str = "{code}"
    file: str = "{code}-{page}"
    code: str = "{code}"
    values: dict[str, str] = {}
    first_page: int = 1
    overrides: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the templates, so that a wrong one is refused when the profile is read."""
        there = {name for level in self.path.split("/") for name in fields_of(level)}
        there |= set(fields_of(self.file)) if self.kind == "files" else set()
        lacking = [name for name in fields_of(self.code) if name not in there]
        if lacking and self.kind != "rows":
            raise ValueError(f"code 中的 {'、'.join(lacking)} 在 path 和 file 里都没有")
        if len(self.values) > VALUES_MAX or not 1 <= self.first_page <= 1_000:
            raise ValueError(f"values 至多 {VALUES_MAX} 项，first_page 应在 1 与 1000 之间")
        if len(self.overrides) > 64 or any(not 0 < len(word) <= 100 for word in self.overrides):
            raise ValueError("overrides 至多 64 个名称，每个不超过 100 字")


class LinkRow(Struct, frozen=True):
    """A row of a link sheet: code as printed, folder and first and last image as they stand in it."""

    code: str
    folder: str
    first: str
    last: str


class Lookups(Struct, frozen=True):
    """What the catalogue knows, by match key: is there a row, the rows that these pages of a volume are cut by, the link rows of this delivery."""

    known: Callable[[str], bool] = lambda _: False
    volume: Callable[[str, Sequence[Page]], Sequence[VolumeRow]] = lambda _, __: ()
    links: Callable[[], Iterable[LinkRow]] = lambda: ()


class Page(Struct, frozen=True):
    """One file of a record: where it lies, the name it will have as a part, what it is for and what it shows.

    `label` is what its place follows from: its name, or the page part of it.
    """

    folder: str
    name: str
    part: str
    label: str
    use: Use = Use.MASTER
    role: Role = Role.BODY


class Gathering(Struct, frozen=True):
    """The files of one record, wherever they lie, in order.

    `where`: the folder that names it. `override`: only override folders 重扫 hold it, the rest is what was sealed. `whole`: a
    folder that is one object (VIDEO_TS). `marked`: a marker 完成 stands. `kept_back`: files that the profile does not send.
    """

    code: str
    key: str
    where: str
    pages: tuple[Page, ...]
    override: bool = False
    whole: bool = False
    marked: bool = False
    kept_back: int = 0
    superseded: tuple[tuple[str, str], ...] = ()
    """(folder, name) of files whose place a later override took: they do not come back when the override is cleared away."""
    expected: int | None = None
    """Text pages by its range of the volume, where 页号 says where it ends."""

    @property
    def uses(self) -> frozenset[Use]:
        """The representations there are."""
        return frozenset(page.use for page in self.pages)


class LeftWhy(Enum):
    """Why something was not linked: no page of anything 多余, a page that no row covers 有图无目, a second folder of one code,
    pages or rows out of order 错序, a row that does not say where it lies, a link row whose images are not there."""

    SUPERFLUOUS = "superfluous"
    UNCOVERED = "uncovered"
    TWICE = "twice"
    DISORDER = "disorder"
    UNPLACED = "unplaced"
    LINK_FOLDER = "link-folder"


class Left(Struct, frozen=True):
    """What was not linked: a path relative to the delivery, the match key it is about (or empty), and a Chinese remark."""

    why: LeftWhy
    path: str
    key: str = ""
    detail: str = ""


class Gathered(Struct, frozen=True):
    """What a layout makes of a tree. `evidence`: paths of 证明性文件, which are no pages and not superfluous."""

    gatherings: tuple[Gathering, ...]
    left: tuple[Left, ...] = ()
    evidence: tuple[str, ...] = ()


class Way(Struct, frozen=True):
    """A folder's path read level by level: what is left to name a record, and what the other levels say."""

    folder: str
    rest: tuple[str, ...]
    use: Use | None = None
    rank: int = 0
    section: str = ""
    inner: str = ""
    below: str = ""
    """Folder within the record's own, 附件 say."""
    disc: str = ""
    done: bool = False
    catalogue: bool = False


class Raw(Struct, frozen=True):
    """A file that belongs to a record, before representations and overrides are told apart."""

    way: Way
    name: str
    label: str
    role: Role
    lead: int = 0
    """Place of the reel or folder it comes from, where a row names several."""


class Bin(Struct):
    """What is gathered of one code so far."""

    code: str
    key: str
    where: str
    raws: list[Raw] = field(default_factory=list)
    marked: bool = False


_OTHER: Final = "／"
"""Stands between folder and name in the name of a part that needs its folder; a part name has no separator (format.md §6.2)."""


def way_of(folder: str, words: Vocabulary, overrides: tuple[str, ...] = ()) -> Way:
    """Read a folder's path: representations, overrides, discs, sections and 数据 may stand at any level."""
    rest: list[str] = []
    use: Use | None = None
    rank, section, inner, disc, done, catalogue = 0, "", "", "", False, False
    parts = folder.split("/") if folder else []
    for index, part in enumerate(parts):
        if words.is_folder("objects", part):
            inner = "/".join(parts[index:])
            break
        if level := words.override_rank(part, overrides):
            rank = max(rank, level)
        elif words.is_folder("done", part):
            done = True
        elif words.section_rank(part):
            section = part
        elif words.is_folder("catalogue", part):
            catalogue = True
        elif (found := words.use_of_folder(part)) is not None:
            use = found
        elif words.is_disc(part):
            disc = part
        elif not words.is_folder("plain", part) and part != "..":
            rest.append(part)
    return Way(folder, tuple(rest), use, rank, section, inner, disc=disc, done=done, catalogue=catalogue)


def resolve(text: str, lookups: Lookups) -> tuple[str, str, bool]:
    """(code as found, match key, does the catalogue know it). '·' is often a blank, a dot or '_' in a file system."""
    spellings = dict.fromkeys((text, "·".join(text.replace("_", " ").split()), text.replace("_", "-")))
    for spelling in spellings:
        if lookups.known(match_key(spelling)):
            return spelling, match_key(spelling), True
    for spelling in spellings:
        code = parse(spelling)
        if not isinstance(code, CodeProblem) and code.form is not CodeForm.OTHER:
            return spelling, code.key, False
    return text, match_key(text), False


def code_of(
    layout: Layout, parts: Sequence[str], lookups: Lookups, more: Mapping[str, str] | None = None
) -> tuple[str, str, bool] | None:
    """The code that a path (and fields of a file name) names by the layout's templates; None when it does not fit them."""
    fields = match_path(layout.path, parts) if layout.path != "{code}" or not more else dict[str, str]()
    if fields is None:
        return None
    text = build(layout.code, {**fields, **(more or {})}, layout.values)
    return None if text is None else resolve(text, lookups)


def part_name(item: Raw, *, alone: bool) -> str:
    """The name of a part: the file's own, with its folder before it where the folder matters or the name would stand twice."""
    folder = "/".join(p for p in (item.way.section, item.way.below, item.way.inner) if p)
    if not alone:
        folder = item.way.folder
    return f"{folder.replace('/', _OTHER)}{_OTHER}{item.name}" if folder else item.name
