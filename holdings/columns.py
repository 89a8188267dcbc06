"""Column names of catalogue sheets: the table of data/columns.toml, ready to be looked up. Nothing is guessed here."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from holdings.code_scheme import Scheme, codes_of
from holdings.errors import SiteDataWrong
from holdings.expression import expression
from holdings.site_data import NO_SITE, SiteData, received, shipped, table, typed

CODE: Final = "档号"
ITEM, VOLUME, VOLUME_CODE, FONDS = "件号", "案卷号", "案卷档号", "全宗号"
HEADER_WITHIN: Final = 20  # rows: banners, merged titles and group lines stand above the header
COLUMN_NAME_MAX: Final = 64  # characters; longer is a title row, not a header
_DBF_NAME: Final = 10  # bytes of a field name in a DBF; a longer one was cut off
_BLANK: Final = expression(r"[\s\u200b-\u200f\u2060\ufeff]+")

_Names = tuple[str, ...]


class _Ditto(Struct, frozen=True, forbid_unknown_fields=True):
    marks: _Names
    fillable: _Names


class _Groups(Struct, frozen=True, forbid_unknown_fields=True):
    by: _Names
    shared: _Names


class _Totals(Struct, frozen=True, forbid_unknown_fields=True):
    words: _Names
    partial: _Names
    summed: _Names


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    """data/columns.toml as it stands."""

    elements: dict[str, _Names]
    continuations: dict[str, _Names]
    ambiguous: dict[str, _Names]
    beside: dict[str, _Names]
    own: dict[str, _Names]
    long_numbers: dict[str, _Names]
    kinds: dict[str, tuple[_Names, ...]]
    links: dict[str, _Names]
    summary: dict[str, _Names]
    banner: dict[str, _Names]
    totals: _Totals
    footers: dict[str, _Names]
    ditto: _Ditto
    groups: _Groups
    padded: dict[str, int]
    schemes: dict[str, _Names]
    instead_of_code: dict[str, _Names]
    retention_codes: dict[str, str]
    category_codes: dict[str, str]


class _SiteElements(Struct, frozen=True):
    """What a site says of elements."""

    elements: dict[str, _Names] = {}


class Columns(Struct, frozen=True):
    """What is known of column names; keys are folded names (see `fold`)."""

    elements: Mapping[str, str]
    continuations: Mapping[str, str]
    ambiguous: Mapping[str, tuple[str, ...]]
    beside: Mapping[str, tuple[str, ...]]
    known: frozenset[str]
    long_numbers: tuple[str, ...]
    kinds: Mapping[str, tuple[frozenset[str], ...]]
    links: Mapping[str, tuple[str, ...]]
    summary: Mapping[str, tuple[str, ...]]
    banner: Mapping[str, str]
    totals: _Totals
    footer: re.Pattern[str]
    ditto: _Ditto
    groups: _Groups
    padded: Mapping[str, int]
    schemes: tuple[str, ...]
    instead_of_code: tuple[str, ...]
    part_codes: Mapping[str, Mapping[str, str]]
    code_schemes: tuple[Scheme, ...] = ()
    personal: frozenset[str] = frozenset()
    """Names of columns that hold personal information: no example of them is ever shown."""

    def element(self, name: str) -> str | None:
        """The element of a column name, None when it is not known for certain."""
        return self.elements.get(fold(name))

    def is_long_number(self, name: str) -> bool:
        """Whether a column holds numbers of people or accounts, which a spreadsheet program cuts off."""
        return name.endswith(self.long_numbers)


@functools.lru_cache(maxsize=4)
def columns(site: str = "") -> Columns:
    """The table that ships with the program, with a site's own columns.toml laid over it: what SiteData.only gives of it.

    Names that a site lists come before those that ship, and mean what the site says. SiteDataWrong names what is wrong in
    the site's file.
    """
    content = table("columns.toml", shipped("columns.toml"))
    own: dict[str, str] = {}
    given = received(site) if site else NO_SITE
    for name, text in given.named("columns"):
        over = table(name, text)
        content = _laid(content, over)
        told = typed(name, over, _SiteElements).elements
        own |= {fold(name): element for element, names in told.items() for name in (element, *names)}
    file = typed("columns.toml", content, _File)
    return Columns(
        elements={fold(name): element for element, names in file.elements.items() for name in (element, *names)} | own,
        continuations={fold(name): element for element, names in file.continuations.items() for name in names},
        ambiguous={fold(name): meanings for name, meanings in file.ambiguous.items()},
        beside={fold(name): elements for name, elements in file.beside.items()},
        known=_all_names(file),
        long_numbers=file.long_numbers["endings"],
        kinds={kind: tuple(frozenset(map(fold, names)) for names in groups) for kind, groups in file.kinds.items()},
        links=file.links,
        summary=file.summary,
        banner={fold(name): name for name in file.banner["names"]},
        totals=file.totals,
        footer=_footer(file.footers["patterns"]),
        ditto=file.ditto,
        groups=file.groups,
        padded=file.padded,
        schemes=file.schemes["order"],
        instead_of_code=file.instead_of_code["names"],
        part_codes={"保管期限": file.retention_codes, "门类": file.category_codes},
        code_schemes=codes_of(given).schemes,
    )


def of_site(site: SiteData) -> Columns:
    """The same for a site whose data files were read."""
    return columns(site.only("columns", "codes"))


def plain(name: str) -> str:
    """A column name without spaces and in one width."""
    return _BLANK.sub("", unicodedata.normalize("NFKC", name))


def fold(name: str) -> str:
    """A column name as it is looked up: plain and in capitals."""
    return plain(name).upper()


def is_header(cells: Sequence[str], table: Columns | None = None) -> bool:
    """Whether a row names columns: 档号 and one more element, or three known names that are half of its cells or more.

    No cell of a header is as long as a title. Names and values in turn (全宗号 | J023 | 年度 | 2011) are a banner.
    """
    table = table or columns()
    names = [fold(cell) for cell in cells if cell and len(cell) <= COLUMN_NAME_MAX]
    filled = sum(1 for cell in cells if cell and not cell.isspace())
    elements = {table.elements[name] for name in names if name in table.elements}
    turns = [name in table.known for name in names if name]
    if len(turns) >= 4 and len(turns) % 2 == 0 and all(turns[::2]) and not any(turns[1::2]):
        return False
    if CODE in elements and len(elements) >= 2:
        return True
    known = {name for name in names if name in table.known}
    return len(known) >= 3 and 2 * len(known) >= filled


def unshortened(name: str, table: Columns) -> str:
    """The known name that a DBF cut off after ten bytes, the name itself when it was not cut or could be several."""
    if len(name.encode("gb18030")) != _DBF_NAME or fold(name) in table.known:
        return name
    whole = [known for known in table.elements if known.startswith(fold(name))]
    return whole[0] if len({table.elements[known] for known in whole}) == 1 else name


def _laid(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`base` with what `over` adds: lists of names grow at their beginning, anything else is replaced."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            result[key] = _laid(old, value)
        elif isinstance(old, list) and isinstance(value, list) and all(isinstance(one, str) for one in old):
            result[key] = [*value, *(one for one in old if one not in value)]
        else:
            result[key] = value
    return result


def _footer(patterns: Iterable[str]) -> re.Pattern[str]:
    """Lines that a printing program leaves, as one pattern."""
    try:
        return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
    except re.error as fault:
        raise SiteDataWrong(f"数据文件 columns.toml 的 footers 不是正确的正则表达式：{fault}") from fault


def _all_names(file: _File) -> frozenset[str]:
    """Every name that a header may hold."""
    groups: list[Iterable[str]] = [file.elements, file.ambiguous, file.beside, file.instead_of_code["names"]]
    groups += [*file.elements.values(), *file.continuations.values(), *file.own.values()]
    groups += [*file.links.values(), *file.summary.values(), *(names for kind in file.kinds.values() for names in kind)]
    return frozenset(fold(name) for names in groups for name in names)
