"""Categories 门类 and topical families such as 民生: which fields a kind of record has, under which column names sheets
bring them, and by which rule its rows become records.

All of it is data (data/categories/*.toml, one file a family); a site lays its own category-*.toml over them and may add
families. Pure.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from holdings.errors import SiteDataWrong
from holdings.expression import expression
from holdings.reference_code import ReferenceCode
from holdings.site_data import NO_SITE, SiteData, overlay, shipped, shipped_names, table, typed

DEFAULT: Final = "document"  # 文书: what is taken when neither code nor profile says anything
FOLDER: Final = "categories"
_PLACE: Final = expression(r"\{([^{}]{1,64})\}")
LIKE_MAX: Final = 4  # a category that is like one that is like one …: longer is a circle


class ValueType(StrEnum):
    """What a value is (GD-1-3 of DA/T 70-2018)."""

    TEXT = "text"
    WHOLE = "whole"
    DECIMAL = "decimal"
    YEAR = "year"
    DATE = "date"
    DATES = "dates"
    TIME = "time"
    IDENTITY = "identity"
    FILE = "file"
    FILES = "files"
    GROUP = "group"


class Named(StrEnum):
    """Whose names a field holds, one or several of them: such names are found by sound (holdings/person_names.py)."""

    PERSON = "person"
    EITHER = "either"
    """Of a person or of a body; what does not look like a person's name is passed over."""


class RowRule(StrEnum):
    """How the rows of a sheet become records."""

    EACH = "each"
    """Every row is a record."""
    GROUPS = "groups"
    """Rows of one group share a caption (holdings/category_photo.py)."""
    REELS = "reels"
    """Rows give frames of a reel to volumes (holdings/category_film.py)."""
    TAPES = "tapes"
    """Rows are stretches of a tape between two time codes (holdings/category_tape.py)."""


class Field(Struct, frozen=True, forbid_unknown_fields=True):
    """One field. Blank `type` and `length` 0: as the standard's element of that name says.

    `names` are columns that mean it in sheets of this category; `required` the levels (volume, item …) at which it must
    be there; `stands_for` the standard's element that it fills, `personal` that its value is personal information,
    `names_of` that it holds names.
    """

    names: tuple[str, ...] = ()
    type: ValueType | None = None
    length: int = 0
    domain: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    stands_for: str = ""
    personal: bool = False
    names_of: Named | None = None


class GroupRule(Struct, frozen=True, forbid_unknown_fields=True):
    """组照: rows with equal `by` are one group; `shared` is said once for all, `single` belongs to each."""

    by: tuple[str, ...]
    single: tuple[str, ...]
    shared: tuple[str, ...]


class ReelRule(Struct, frozen=True, forbid_unknown_fields=True):
    """Columns of a reel sheet; `kinds` are the words for frames that show no record (leader, target, trailer, blank)."""

    reel: str
    first: str
    last: str
    count: str
    kinds: dict[str, tuple[str, ...]]


class TapeRule(Struct, frozen=True, forbid_unknown_fields=True):
    """Columns of a tape sheet; `rate` is frames a second of a time code with frames."""

    tape: str
    side: str
    start: str
    end: str
    length: str
    rate: int


class FileRule(Struct, frozen=True, forbid_unknown_fields=True):
    """Extensions (lower case, no dot) of files for keeping 存档件 and for use 利用件: a pair of one stem is twins."""

    preservation: tuple[str, ...] = ()
    access: tuple[str, ...] = ()


class Category(Struct, frozen=True, forbid_unknown_fields=True):
    """A category. `codes` are 门类代码 of DA/T 13-2022 as they begin a 类别号; `code_from` are the sets of fields that
    can make a reference code, best first (`[面]` may be blank); `ambiguous` are columns that a person must be asked about. `title` makes a title where
    sheets have none, `{field}` for each field; `describes` is false where its sheets only say where on a reel something is.
    """

    name: str
    standard: str
    unit: str
    rows: RowRule
    fields: dict[str, Field]
    family: str = ""
    earlier: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    code_from: tuple[tuple[str, ...], ...] = (("档号",),)
    ambiguous: tuple[str, ...] = ()
    title: str = ""
    describes: bool = True
    group: GroupRule | None = None
    reel: ReelRule | None = None
    tape: TapeRule | None = None
    files: FileRule = FileRule()

    def __post_init__(self) -> None:
        """ValueError (told as SiteDataWrong) when the rule for rows lacks its columns or a column means two fields."""
        wanted = {RowRule.GROUPS: self.group, RowRule.REELS: self.reel, RowRule.TAPES: self.tape}
        if self.rows in wanted and wanted[self.rows] is None:
            raise ValueError(f"{self.name}：rows = {self.rows.value} 缺少对应的说明表")
        seen: dict[str, str] = {}
        for element, field in self.fields.items():
            for name in (element, *field.names):
                if seen.setdefault(name, element) != element:
                    raise ValueError(f"{self.name}：列名“{name}”同时属于“{seen[name]}”和“{element}”")


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    """A family file."""

    category: dict[str, Category]


@functools.lru_cache(maxsize=8)
def categories(site: SiteData = NO_SITE) -> Mapping[str, Category]:
    """Every category by its id (document, photo, sound, video, film, technical, accounting, marriage, land, insurance,
    and what a site adds), shipped ones first.

    SiteDataWrong names the file and key of a site's table that cannot be used.
    """
    raw: dict[str, Any] = {}
    for name in shipped_names(FOLDER):
        raw = overlay(raw, table(name, shipped(name))["category"])
    known = _read(FOLDER, raw)
    for name, text in site.named("category"):
        content = table(name, text)
        if set(content) != {"category"} or not isinstance(content["category"], dict):
            raise SiteDataWrong(f"数据文件 {name} 应只含 [category.名称] 各表")
        raw = overlay(raw, content["category"])
        known = _read(name, raw)  # file by file, so that a fault is told with the name of the file that brought it
    return known


def _read(name: str, raw: Mapping[str, Any]) -> Mapping[str, Category]:
    """The plain tables as categories."""
    return typed(name, {"category": {key: _resolved(name, raw, key) for key in raw}}, _File).category


def _resolved(name: str, raw: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A category with what it takes over from the one it is `like`."""
    own = raw[key]
    for _ in range(LIKE_MAX):
        if not isinstance(own, dict) or "like" not in own:
            break
        model = raw.get(own["like"])
        if not isinstance(model, dict):
            raise SiteDataWrong(f"数据文件 {name}：门类 {key} 的 like = “{own['like']}”不存在")
        own = overlay(model, {word: value for word, value in own.items() if word != "like"}) | (
            {"like": model["like"]} if "like" in model else {}
        )
    if not isinstance(own, dict) or "like" in own:
        raise SiteDataWrong(f"数据文件 {name}：门类 {key} 的 like 互相指来指去，或不是一张表")
    return own


def get(category: str, site: SiteData = NO_SITE) -> Category:
    """A category by id or by its Chinese name; SiteDataWrong lists those there are."""
    known = categories(site)
    if category in known:
        return known[category]
    for one in known.values():
        if one.name == category:
            return one
    raise SiteDataWrong(
        f"没有门类“{category}”；可用：{'、'.join(f'{key}（{one.name}）' for key, one in known.items())}"
    )


def synonyms(category: str, site: SiteData = NO_SITE) -> dict[str, tuple[str, ...]]:
    """Element to the column names that mean it in sheets of this category, the element's own name first.

    They go before the general table of data/columns.toml; `get(category).ambiguous` names the columns to ask about.
    """
    return {element: (element, *field.names) for element, field in get(category, site).fields.items()}


def composed_title(category: str, elements: Mapping[str, str], site: SiteData = NO_SITE) -> str:
    """A title made of the fields of a row that has none, in the square brackets of a title of the archivist's own
    (自拟题名, DA/T 18-2022; DA/T 22-2000 5.5.1.4); blank when the category makes none or nothing is there to make it of.
    """
    pattern = get(category, site).title
    names = _PLACE.findall(pattern)
    if not any(elements.get(name) for name in names):
        return ""
    return f"[{_PLACE.sub(lambda found: elements.get(found[1], ''), pattern).strip()}]"


def own_title(elements: Mapping[str, str], site: SiteData = NO_SITE) -> str:
    """The composed title of a row without one that has everything a category asks of an item: a marriage, a parcel of
    land, a case of social insurance. Blank for any other row, and for one that has a title.
    """
    if elements.get("题名"):
        return ""
    for key, asked in _with_title(site):
        if all(elements.get(name) or elements.get(other) for name, other in asked):
            return composed_title(key, elements, site)
    return ""


@functools.lru_cache(maxsize=8)
def _with_title(site: SiteData) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Categories that make titles, with what they ask of an item and what may stand in its place."""
    return tuple(
        (key, tuple((name, field.stands_for) for name, field in one.fields.items() if "item" in field.required))
        for key, one in categories(site).items()
        if one.title
    )


def category_of(code: ReferenceCode, site: SiteData = NO_SITE) -> str | None:
    """The id of the category that a code's 类别号 names (DA/T 13-2022); None when it names none, as old codes do.

    The longest of the codes that begins the 类别号 wins, so that ZY·HY is marriage and not just ZY.
    """
    return _category_of(code.category, site) if code.category else None


@functools.lru_cache(maxsize=4096)
def _category_of(text: str, site: SiteData) -> str | None:
    """The category of a 类别号; a sheet of a million rows has some hundred different ones."""
    parts = text.split("·")
    best, length = None, 0
    for key, one in categories(site).items():
        for prefix in one.codes:
            pieces = prefix.split("·")
            if parts[: len(pieces)] == pieces and len(pieces) > length:
                best, length = key, len(pieces)
    return best
