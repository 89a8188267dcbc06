"""Rows typed at the console 著录: judged as a sheet's rows are, kept in a sheet of their own in their delivery, with the person; table `catalogued`.

A real sheet that says the same code later takes the row over, as one sheet does from another. Functions run inside the caller's transaction.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import Final

import apsw
from msgspec import Struct

from holdings import catalogue, declared_totals, tally
from holdings import catalogue_rows as rows
from holdings import catalogue_sheets as sheets
from holdings.catalogue_line import LineMaker
from holdings.code_scheme import codes_of
from holdings.columns import CODE, fold
from holdings.dates import date_fault, read_date
from holdings.errors import MendRefused, NotFound
from holdings.expression import expression
from holdings.findings import FindingCode, Severity
from holdings.metadata import category_for, known_from, violations
from holdings.metadata_scheme import CURRENT, required
from holdings.record import CELL_MAX, DATE, MARK, NAME_MAX, NUMBER, PAGES, TITLE, level_of
from holdings.reference_code import CodeProblem, ReferenceCode, match_key, parse, volume_key
from holdings.row_level import level_above, volume_of
from holdings.secrecy_words import judges_number, judges_title
from holdings.security import MarkKind, SiteClass, parse_mark
from holdings.sheet_notes import SheetRow
from holdings.site_data import NO_SITE, SiteData

SHEET: Final = "著录（工作台）"
"""The sheet of a delivery that typed rows stand in; no file is called so."""
FIELDS: Final = (CODE, TITLE, "责任者", NUMBER, DATE, "保管期限", MARK, PAGES, "附注")
IN_VOLUME: Final = (CODE, TITLE, "责任者", NUMBER, DATE, "页号", PAGES, MARK, "附注")
FIELDS_MAX: Final = 64
NEXT_TRIED: Final = 1_000
"""Codes passed over that are taken, when the next free one is looked for."""
BODIES_OF: Final = 2_000
"""Rows of a series whose responsible bodies are counted."""
_BEFORE_ONE: Final = frozenset(
    {
        FindingCode.METADATA_TYPE,
        FindingCode.METADATA_LENGTH,
        FindingCode.METADATA_DOMAIN,
        FindingCode.METADATA_CHARACTERS,
    }
)
"""What a sheet is warned of and a person who types must mend: the page lies before him."""
_CONTROL: Final = expression(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LAST_NUMBER: Final = expression(r"[0-9]+(?=[^0-9]*$)")


class Judged(Struct, frozen=True):
    """What is wrong with a row: `refused` keeps it from being stored, `told` does not; both {element: rule and remedy}."""

    refused: dict[str, str]
    told: dict[str, str]


def clean(values: Mapping[str, str]) -> dict[str, str]:
    """A row as it will be stored: blanks gone (密级 stays, saying that it is none), the date as DA/T 18 writes it."""
    said = {name.strip(): value.strip() for name, value in values.items()}
    found = {name: value for name, value in said.items() if value or name == MARK}
    found.setdefault(MARK, "")
    date = found.get(DATE, "")
    if date and (read := read_date(date)) is not None:
        found[DATE] = read.text
    return found


def judge(
    connection: apsw.Connection, values: Mapping[str, str], site_class: SiteClass, now: int, site: SiteData = NO_SITE
) -> Judged:
    """What a new row would be refused for, and what it would be told; nothing is changed."""
    said, refused, told = clean(values), dict[str, str](), dict[str, str]()
    for name, value in said.items():
        if not 1 <= len(name) <= NAME_MAX or len(value) > CELL_MAX or _CONTROL.search(value) or len(said) > FIELDS_MAX:
            refused[name] = f"过长（不超过 {CELL_MAX:,} 字）或含控制字符"
    if site_class is SiteClass.OPEN and (field := _secret(said)):
        refused[field] = "涉密或密级不明的档案不在本机著录：请停止录入，移到涉密机处理，并报保密办"
        return Judged(refused, told)
    if not said.get(TITLE):
        refused[TITLE] = "请填写题名"
    if fault := date_fault(said.get(DATE, "")):
        refused[DATE] = f"{fault}；请写成 20110503、2011年5月，或不知月日的 [2011]"
    code = parse(said.get(CODE, ""), codes_of(site).schemes)
    if isinstance(code, CodeProblem):
        refused[CODE] = f"{code.rule}。{code.remedy}" if said.get(CODE) else "请填写档号"
        return Judged(refused, told)
    if rows.full(connection, code.key) is not None:
        refused[CODE] = "此档号已有条目；请用下一个档号，或在馆藏中修改那一条"
    for found in violations(
        {name: value for name, value in said.items() if value or name == MARK}, level_of(code), category_for(code, said, site),
        year=time.gmtime(now).tm_year, known_otherwise=known_from(code), site=site,
    ):  # fmt: skip
        into = refused if found.severity is Severity.ERROR or found.code in _BEFORE_ONE else told
        into.setdefault(found.element, f"{found.rule}。{found.remedy}")
    return Judged(refused, told)


def add(
    connection: apsw.Connection, delivery: str, values: Mapping[str, str], person: str, site_class: SiteClass, now: int, changed: int,
    site: SiteData = NO_SITE,
) -> str:  # fmt: skip
    """Store a typed row in a delivery that there is; its code. `changed` is when it counts as changed: after every clearance that does not cover it.

    Raises:
        MendRefused: the first thing that is wrong with it.
    """
    judged = judge(connection, values, site_class, now, site)
    if judged.refused:
        name, why = next(iter(judged.refused.items()))
        raise MendRefused(f"“{name}”：{why}")
    if not 1 <= len(person.strip()) <= NAME_MAX:
        raise MendRefused("著录须写明姓名（--by）")
    said = clean(values)
    code = parse(said[CODE], codes_of(site).schemes)
    assert isinstance(code, ReferenceCode)
    sheet = sheets.make_known(connection, sheets.OWN, delivery, SHEET, changed)
    connection.execute(
        "INSERT INTO catalogued(match_key, delivery, person, time) VALUES (?, ?, ?, ?)",
        (code.key, delivery, person.strip(), now),
    )
    maker = LineMaker(said)
    above = level_above(code.key, said)
    volume = volume_of(code.key, volume_key(code), said) if above is None else None
    number = connection.last_insert_rowid()
    line = maker.make(SheetRow(number, code.key, volume, MarkKind.OPEN, code.printed, said, above=above))
    rows.insert(connection, sheets.OWN, sheet.id, rows.columns(connection, maker.columns), [line], changed)
    tally.add(connection, tally.Count.CATALOGUE_ROWS, 1)
    sheets.done(connection, sheet.id, b"typed", changed, has_mark_column=True)
    declared_totals.settle(connection, delivery, now)
    return code.printed


def take_back(connection: apsw.Connection, person: str) -> str:
    """撤销: the newest row that a person typed goes; its code.

    Raises:
        NotFound: none is left. MendRefused: a record stands for it, or a sheet has taken it over.
    """
    last = connection.execute(
        "SELECT id, match_key, delivery FROM catalogued WHERE person = ? ORDER BY id DESC LIMIT 1", (person.strip(),)
    ).fetchone()
    if last is None:
        raise NotFound("没有可撤销的著录")
    number, key, delivery = last
    row = rows.full(connection, key)
    own = sheets.find(connection, sheets.OWN, delivery, SHEET)
    if row is not None and own is not None and row.sheet == own.id:
        if row.linked:
            raise MendRefused(f"“{row.code}”已有图像加封，不能撤销；请在馆藏中修改著录")
        erased = [one for one, _, _ in rows.erase(connection, sheets.OWN, [key])]
        sheets.forget_rows(connection, erased)
        tally.add(connection, tally.Count.CATALOGUE_ROWS, -len(erased))
    elif row is not None:
        raise MendRefused(f"“{row.code}”已由目录表改写，不能撤销；请在馆藏中修改著录")
    connection.execute("DELETE FROM catalogued WHERE id = ?", (number,))
    return row.code if row is not None else str(key)


def last_of(connection: apsw.Connection, person: str) -> tuple[str, dict[str, str]] | None:
    """(delivery, elements) of the row that a person typed last and that still stands."""
    found = connection.execute(
        "SELECT match_key, delivery FROM catalogued WHERE person = ? ORDER BY id DESC LIMIT 1", (person.strip(),)
    ).fetchone()
    row = catalogue.row_for(connection, found[0]) if found else None
    return (str(found[1]), dict(row.elements)) if found and row is not None else None


def count(connection: apsw.Connection, person: str, since: int) -> int:
    """How many rows a person has typed since a time."""
    row = connection.execute(
        "SELECT count(*) FROM catalogued WHERE person = ? AND time >= ?", (person.strip(), since)
    ).fetchone()
    return int(row[0]) if row else 0


def next_code(connection: apsw.Connection, code: str) -> str:
    """The next free code behind one: its last number counted on, as wide as it was; blank when it has none, or a thousand are taken."""
    for _ in range(NEXT_TRIED):
        number = _LAST_NUMBER.search(code)
        if number is None:
            return ""
        code = f"{code[: number.start()]}{int(number[0]) + 1:0{len(number[0])}d}{code[number.end() :]}"
        if rows.full(connection, match_key(code)) is None:
            return code
    return ""


def fields_of(code: str, site: SiteData = NO_SITE) -> list[tuple[str, bool]]:
    """(element, must it be there) that a form asks for, by what a code says of level and category."""
    parsed = parse(code, codes_of(site).schemes)
    if isinstance(parsed, CodeProblem):
        return [(name, name in (CODE, TITLE)) for name in FIELDS]
    names = IN_VOLUME if parsed.volume and parsed.item else FIELDS
    level, known = level_of(parsed), known_from(parsed)
    asked = {
        name
        for one in required(level, category_for(parsed, {}, site), CURRENT, site)
        for name in one.names
        if name not in known
    }
    wanted = [
        *names,
        *(
            one.name
            for one in required(level, category_for(parsed, {}, site), CURRENT, site)
            if not _among(one.names, names)
        ),
    ]
    return [(name, name in asked or name in (CODE, TITLE)) for name in wanted if name not in known]


def bodies(connection: apsw.Connection, code: str, typed: str = "", limit: int = 50) -> list[tuple[str, int]]:
    """(责任者, rows) of the fonds or series that a code belongs to, the most frequent first; `typed` narrows to what holds it."""
    start = code[: number.start()] if (number := _LAST_NUMBER.search(code)) is not None else code
    found = catalogue.beginning(connection, match_key(start), limit=BODIES_OF) if start else []
    counted = Counter(name for row in found if (name := row.elements.get("责任者", "")) and fold(typed) in fold(name))
    return counted.most_common(limit)


def _among(names: tuple[str, ...], known: tuple[str, ...]) -> bool:
    return any(name in known for name in names)


def _secret(said: Mapping[str, str]) -> str:
    """The element that shows a state secret, or a mark that cannot be read; blank when none does."""
    if parse_mark(said.get(MARK, "")).kind is not MarkKind.OPEN:
        return MARK
    if judges_title(said.get(TITLE, "")):
        return TITLE
    return NUMBER if judges_number(said.get(NUMBER, "")) else ""
