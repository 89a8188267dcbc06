"""What the index knows of a row or record: its fields, what it is filtered by, and the tokens of both; pure but for the tables
of folding.
"""

from __future__ import annotations

import functools
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from holdings.access import Facts, Opening, Secrecy, opening_of, secrecy_of
from holdings.category import Named
from holdings.columns import CODE
from holdings.dates import parse_date
from holdings.expression import expression
from holdings.fonds_tally import OPENING, key_of
from holdings.person_names import NAMES_MAX, name_elements, name_keys, names_in
from holdings.record import DATE, MARK, NUMBER, TITLE, Level
from holdings.search_era import era_of
from holdings.search_fold import BREAK, MARKER, fold
from holdings.search_request import Facet, Field

BODY_NAME, RETENTION, YEAR, CATEGORY = "责任者", "保管期限", "年度", "门类"
KEYWORDS: Final = ("主题词", "关键词", "人名")
_FIELD_MAX: Final = 4_000  # characters of one field that are found; a cell may hold 32,767
_YEAR: Final = expression(r"[0-9]{4}")
_OPENED: Final = {Opening.OPEN: "1", Opening.CONTROLLED: "0", Opening.DEFERRED: "2"}
_decode: Final = msgspec.json.Decoder().decode


class Kind(NamedTuple):
    """As what a row is counted in statistics."""

    fonds: str
    level: int
    secrecy: Secrecy
    opening: Opening


class Document(NamedTuple):
    """A row or record as it is found. `holder`: number of whose it is (0: this site's); `code`: as printed, and former codes
    behind breaks; `day`: YYYYMMDD with zeros for what is not known, 0 without a date; `names`: of persons."""

    title: str
    body: str
    number: str
    keywords: str
    code: str
    level: int
    holder: int
    fonds: str
    category: str
    year: int
    day: int
    date: str
    retention: str
    secrecy: Secrecy
    opening: Opening
    names: tuple[str, ...] = ()

    def of(self, field: Field) -> str:
        """The text of a field; that of pages is not here."""
        return (self.title, self.body, self.number, self.code, "", self.keywords)[_PLACE[field]]

    def kind(self) -> Kind:
        """As what it is counted."""
        return Kind(self.fonds, self.level, self.secrecy, self.opening)

    def words(self) -> str:
        """All fields, breaks between them."""
        body = "" if self.body and _says(self.title, self.body) else self.body
        return BREAK.join(part for part in (self.title, body, self.number, self.keywords, self.code) if part)

    def facts(self, holders: Mapping[int, str]) -> Facts:
        """What decides who may see it."""
        return Facts(holders.get(self.holder, ""), self.fonds, self.secrecy, self.opening)

    def filters(self) -> str:
        """Tokens by which it is filtered, each after a blank."""
        said = _steady(self.fonds, self.category, self.year, self.retention, self.secrecy, self.opening)
        if self.holder:
            said += f" {MARKER}h{self.holder}"
        if self.names:
            said += _heard(self.names)
        if self.level != Level.ITEM:
            said += f" {MARKER}l{self.level}"
        return said + _dated(self.day)

    def value(self, facet: Facet, holders: Mapping[int, str]) -> str:
        """What it counts for in a facet; blank: nothing."""
        if facet is Facet.FONDS:
            return self.fonds
        if facet is Facet.YEAR:
            return str(self.year) if self.year else ""
        if facet is Facet.RETENTION:
            return self.retention
        if facet is Facet.SECURITY:
            return self.secrecy.label
        if facet is Facet.OPENING:
            return str(self.opening.value)
        if facet is Facet.CATEGORY:
            return self.category
        if facet is Facet.DISTRICT:
            return holders.get(self.holder, "")
        return Level(self.level).label


def _says(title: str, body: str) -> bool:
    """Whether a title names the body already. At its ends no letter or digit, which would be a part of a longer run."""
    return body in title and "\u3400" <= body[0] <= "\u9fff" and "\u3400" <= body[-1] <= "\u9fff"


def _dated(day: int) -> str:
    return f" {MARKER}d{day} {MARKER}g{day // 10_000}"


_UNDATED: Final = _dated(0)
_PLACE: Final = {field: place for place, field in enumerate(Field)}


def _steady(fonds: str, category: str, year: int, retention: str, secrecy: Secrecy, opening: Opening) -> str:
    """Tokens that many rows share."""
    return _of_place(fonds, category) + _of_year(year) + _of_terms(retention, secrecy, opening)


@functools.lru_cache(4_096)
def _of_place(fonds: str, category: str) -> str:
    said = [f"f{plain(fonds)}"] if fonds else []
    if category:
        said.append(f"c{plain(category)}")
    return "".join(f" {MARKER}{one}" for one in said)


@functools.lru_cache(4_096)
def _of_year(year: int) -> str:
    return f" {MARKER}y{year}" if year else ""


@functools.lru_cache(4_096)
def _of_terms(retention: str, secrecy: Secrecy, opening: Opening) -> str:
    said = [f"r{plain(retention)}"] if retention else []
    if secrecy:
        said.append(f"s{secrecy.value}")
    if opening in _OPENED:
        said.append(f"o{_OPENED[opening]}")
    return "".join(f" {MARKER}{one}" for one in said)


@functools.lru_cache(4_096)
def _heard(names: tuple[str, ...]) -> str:
    """Tokens by which names of persons are found by their sound."""
    keys = name_keys(names)
    said = [*(f"p{key}" for key in keys.sounds), *(f"i{key}" for key in keys.letters)]
    return "".join(f" {MARKER}{one}" for one in said)


@functools.lru_cache(4_096)
def plain(text: str) -> str:
    """A value inside a token: folded, without blanks."""
    return fold(text).replace(" ", "").replace(BREAK, "").replace("\n", "")


def opening_token(opening: Opening) -> str:
    """What of a state stands in its token; blank where it has none."""
    return _OPENED.get(opening, "")


@functools.lru_cache(32_768)
def day_of(date: str) -> int:
    """The first day of a written date as a number."""
    if len(date) == 8 and date.isdigit() and date.isascii():
        return int(date)
    read = parse_date(date) if date else None
    return read[0] * 10_000 + read[1] * 100 + read[2] if read else 0


@functools.lru_cache(32_768)  # as many days as in a century
def _of_time(filed: int, date: str) -> tuple[str, int, tuple[int, int]]:
    """Tokens, part of the index, and (day, year of filing) of what is filed under a year and bears a written date."""
    return _of_year(filed) + _dated(day_of(date)), era_of(day_of(date)), (day_of(date), filed)


@functools.lru_cache(4_096)
def _year(text: str, date: str) -> int:
    """归档年度, else the year of the date."""
    found = _YEAR.search(text) if text else None
    return int(found[0]) if found else day_of(date) // 10_000


_secrecy = functools.lru_cache(1_024)(secrecy_of)
_opening = functools.lru_cache(1_024)(opening_of)
_fonds = functools.lru_cache(4_096)(key_of)
_named = functools.lru_cache(4_096)(names_in)


def _fonds_of(key: str) -> str:
    return _fonds(key[: key.find("-") + 1] + "-") if key.count("-") > 1 else ""


def _category(key: str, said: str) -> str:
    """门类代码: of the code (DA/T 13-2022), else as the row says it."""
    kind = key.split("-", 2)[1].partition("·")[0] if "-" in key else ""
    if len(kind) == 2 and kind.isalpha():
        return kind
    return said[:20].upper()


class _Places(NamedTuple):
    """Where the elements that matter here stand among the columns; -1: nowhere."""

    body: int
    number: int
    year: int
    retention: int
    mark: int
    openings: tuple[int, ...]
    category: int
    keywords: tuple[int, ...]
    names: tuple[tuple[int, str], ...]


@functools.lru_cache(256)
def _places(names: tuple[str, ...]) -> _Places:
    place = {name: at for at, name in enumerate(names)}
    known = name_elements()
    persons = tuple((at, name) for name, at in place.items() if name in known)
    words = [*KEYWORDS, *(name for name in place if known.get(name) is Named.PERSON)]
    return _Places(
        place.get(BODY_NAME, -1), place.get(NUMBER, -1), place.get(YEAR, -1), place.get(RETENTION, -1), place.get(MARK, -1),
        tuple(place[name] for name in OPENING if name in place),
        place.get(CATEGORY, -1),
        tuple(place[name] for name in dict.fromkeys(words) if name in place),
        persons,
    )  # fmt: skip


def _made(
    names: tuple[str, ...], cells: Sequence[Any], title: str, code: str, key: str, level: int, holder: int, date: str
) -> Document:
    """`cells`: values beside the names of their columns and one None behind them, for what stands nowhere."""
    at = _places(names)
    keywords = BREAK.join(cells[one] for one in at.keywords if cells[one]) if at.keywords else ""
    opening = next((cells[one] for one in at.openings if cells[one]), None)
    year = cells[at.year]
    persons = tuple(one for place, name in at.names if cells[place] for one in _named(name, cells[place]))
    return Document(
        _cut(title), _cut(cells[at.body] or ""), _cut(cells[at.number] or ""), _cut(keywords), code, level, holder,
        _fonds_of(key), _category(key, cells[at.category] or ""),
        _year(year or "", "" if year else date), day_of(date), date, (cells[at.retention] or "")[:20],
        _secrecy(cells[at.mark]), _opening(opening), persons[:NAMES_MAX],
    )  # fmt: skip


def _cut(text: str) -> str:
    """Line ends part lines of tokens, so none may stand in a field."""
    text = text if len(text) <= _FIELD_MAX else text[:_FIELD_MAX]
    return text.replace("\n", " ") if "\n" in text else text


def of_row(
    names: tuple[str, ...], elements: str | bytes, *, title: str, code: str, key: str, level: int, holder: int, date: str,
) -> Document:  # fmt: skip
    """The document of a row of the catalogue: its columns, the JSON of their values, and what stands beside them."""
    cells = _decode(elements)
    if isinstance(cells, dict):  # a row of the first schema
        names, cells = tuple(cells), list(cells.values())
    cells += [None] * (len(names) + 1 - len(cells))
    return _made(names, cells, title, code, key, level, holder, date)


Telling: TypeAlias = tuple[int, str, str, int, str, str | None, str, str, int]
"""What is stored of a row: id, key, code, level, elements, columns, title, date, holder."""


def of_stored(rows: Iterable[Telling], names_of: Callable[[str | None], tuple[str, ...]]) -> dict[int, Document]:
    """The documents of stored rows by their ids, `names_of` their columns: the same as `of_row`, in half the time."""
    found, make = dict[int, Document](), tuple.__new__
    names: tuple[str, ...] = ()
    last: str | None = None
    at, size = _places(()), 0
    places: dict[tuple[str, str], tuple[str, str]] = {}
    for number, key, code, level, elements, columns, title, date, holder in rows:
        if columns != last:
            names, last = names_of(columns), columns
            at, size = _places(names), len(names)
        cells = _decode(elements)
        if len(cells) != size or type(cells) is dict or at.keywords or len(title) > _FIELD_MAX or "\n" in title:
            found[number] = of_row(
                names, elements, title=title, code=code, key=key, level=level, holder=holder, date=date
            )
            continue
        cells.append(None)
        place, said = key[: key.find("-", key.find("-") + 1) + 1] or key, cells[at.category] or ""
        of_place = places.get((place, said))
        if of_place is None:
            of_place = places[place, said] = _fonds_of(key), _category(key, said)
        openings = [cells[one] for one in at.openings if cells[one]]
        year = cells[at.year]
        persons = [one for place, name in at.names if cells[place] for one in _named(name, cells[place])]
        found[number] = make(Document, (
            title, _cut(cells[at.body] or ""), _cut(cells[at.number] or ""), "", code, level, holder, *of_place,
            _year(year or "", "" if year else date), day_of(date), date, (cells[at.retention] or "")[:20],
            _secrecy(cells[at.mark]), _opening(openings[0] if openings else None), tuple(persons[:NAMES_MAX]),
        ))  # fmt: skip
    return found


class Said(NamedTuple):
    """What many rows say: words and filters as `Document` makes them, the parts of the index that their days lead to, (day, year of
    filing) of all, and how many are of a kind."""

    words: list[str]
    filters: list[str]
    eras: list[int]
    days: set[tuple[int, int]]
    kinds: Counter[Kind]

    def by_fonds(self) -> Counter[str]:
        """How many volumes and items there are of each fonds; of rows without one under the blank."""
        found = Counter[str]()
        for kind, number in self.kinds.items():
            found[kind.fonds] += number if kind.level > Level.SERIES else 0
        return found


class _Terms(NamedTuple):
    """What rows share that say the same of level, retention, mark and opening; `met`: how many there are by place."""

    also: str
    kind: Kind
    met: dict[tuple[str, Any], int]


def of_rows(names: tuple[str, ...], rows: Iterable[tuple[str | bytes, str, str, str, int, str]], holder: int) -> Said:
    """What rows beside the same columns say: (elements, title, code, key, level, date) of each. The same as of their documents,
    in a third of the time: an import makes thousands, and looks at none of them."""
    at, size = _places(names), len(names)
    body_at, number_at, year_at, category_at = at.body, at.number, at.year, at.category
    persons, voices = operator.itemgetter(-1, *(place for place, _ in at.names)), dict[tuple[str | None, ...], str]()
    terms_of, terms = operator.itemgetter(at.retention, at.mark, *at.openings), dict[tuple[Any, ...], _Terms]()
    places: dict[tuple[str, Any], str] = {}
    words, filters, eras, days, kinds = list[str](), list[str](), list[int](), set[tuple[int, int]](), Counter[Kind]()
    for elements, title, code, key, level, date in rows:
        cells = _decode(elements)
        if len(cells) != size or type(cells) is dict or at.keywords or len(title) > _FIELD_MAX or "\n" in title:
            one = of_row(names, elements, title=title, code=code, key=key, level=level, holder=holder, date=date)
            words.append(one.words())
            filters.append(one.filters())
            eras.append(era_of(one.day))
            days.add((one.day, one.year))
            kinds[one.kind()] += 1
            continue
        cells.append(None)
        body, year = cells[body_at], cells[year_at]
        said = title if not body or _says(title, body) else f"{title}{BREAK}{_cut(body)}"
        if cells[number_at]:
            said = f"{said}{BREAK}{_cut(cells[number_at])}"
        words.append(f"{said}{BREAK}{code}")
        # What is before the second hyphen says fonds and category, and whether there is one that it has a fonds.
        of_place = (key[: key.find("-", key.find("-") + 1) + 1] or key, cells[category_at])
        told = places.get(of_place)
        if told is None:
            told = places[of_place] = _of_place(_fonds_of(key), _category(key, cells[category_at] or ""))
        of_terms = (level, terms_of(cells))
        alike = terms.get(of_terms)
        if alike is None:
            one = of_row(names, elements, title=title, code="", key="", level=level, holder=holder, date="")
            bare = one._replace(names=(), category="", year=0, day=0).filters().removesuffix(_UNDATED)
            alike = terms[of_terms] = _Terms(bare, one.kind(), {})
        also, _, met = alike
        met[of_place] = met.get(of_place, 0) + 1
        heard = voices.get(of_persons := persons(cells))
        if heard is None:
            known = (one for place, name in at.names if cells[place] for one in _named(name, cells[place]))
            heard = voices[of_persons] = _heard(tuple(known)[:NAMES_MAX])
        of_time, era, when = _of_time(_year(year or "", "" if year else date), date)
        eras.append(era)
        days.add(when)
        filters.append(f"{told}{also}{heard}{of_time}")
    for _, kind, met in terms.values():
        for (begun, _), count in met.items():
            kinds[kind._replace(fonds=_fonds_of(begun))] += count
    return Said(words, filters, eras, days, kinds)


def of_record(
    elements: Mapping[str, str], code: str, former: Sequence[str], *, key: str, level: int, holder: int
) -> Document:
    """The document of a record's current version: its elements, its code and former codes."""
    codes, cells = BREAK.join((code, *former)), [*elements.values(), None]
    return _made(
        tuple(elements), cells, elements.get(TITLE, ""), codes, key, level, holder, elements.get(DATE, "")
    )  # fmt: skip


assert Field.CODE.label == CODE, "the field is called as its column is"
