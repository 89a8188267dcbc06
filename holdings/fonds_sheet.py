"""Sheets of a fonds register 全宗名册: bytes in, fonds and refusals out, in the sandbox; columns by data/fonds.toml.

On an open site nothing of a row whose 密级 is not open is kept or told but its number.
"""

from __future__ import annotations

import datetime as dt
import functools
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from holdings.dates import parse_date
from holdings.district import districts
from holdings.errors import SheetUnreadable
from holdings.expression import expression
from holdings.findings import FindingCode
from holdings.fonds import CODE_MAX, COUNT_MAX, HISTORY_MAX, NAME_MAX, DistrictFrom, Fonds
from holdings.record import CELL_MAX
from holdings.reference_code import match_key
from holdings.security import MarkKind, SiteClass, parse_mark
from holdings.site_data import NO_SITE, SiteData, overlay, received, shipped, table, typed
from holdings.table import RawRow, open_tables

ROWS_MAX: Final = 50_000  # the largest archive has some 3,000 fonds
HEADER_WITHIN: Final = 20  # rows of titles above the header
REFUSALS_MAX: Final = 1_000
FILE: Final = "fonds.toml"
_NUMBERS: Final = ("volumes", "items", "planned", "catalogued", "scanned", "open")
_LABELS: Final = {
    "volumes": "案卷数", "items": "件数", "planned": "计划数", "catalogued": "已著录", "scanned": "已数字化",
    "open": "已开放", "former": "曾用名", "history": "全宗介绍", "years": "起止年度", "remark": "备注",
}  # fmt: skip
_BLANK: Final = expression(r"[\s\u200b-\u200f\u2060\ufeff]+")
_CONTROL: Final = expression(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_COUNT: Final = expression(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,10})(?:\.0+)?(?:卷|件|条|个|盒)?")
_METRES: Final = expression(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,8})(?:\.([0-9]{1,6}))?(?:米|m|M)?")
_CODE: Final = expression(r"[0-9A-Z\u4e00-\u9fff]{1,20}")
_YES: Final = frozenset({"是", "√", "✓", "V", "Y", "YES", "1", "重点", "重点全宗", "TRUE"})
_NO: Final = frozenset({"", "否", "×", "X", "N", "NO", "0", "非重点", "FALSE", "一般", "无"})


class FondsRefusal(Struct, frozen=True):
    """Why a row was not taken: row, column, rule, remedy; never a value."""

    row: int
    field: str
    rule: str
    remedy: str


class FondsRow(Struct, frozen=True):
    """A row that was taken."""

    number: int
    fonds: Fonds
    district: DistrictFrom | None = None


class FondsSheet(Struct, frozen=True):
    """A register as read: at most 50,000 rows; `refused` counts all refusals, `refusals` are the first 1,000."""

    rows: tuple[FondsRow, ...]
    refused: int
    refusals: tuple[FondsRefusal, ...]


class _Columns(Struct, frozen=True, forbid_unknown_fields=True):
    """data/fonds.toml."""

    columns: dict[str, tuple[str, ...]]


class _Refused(Exception):
    """A row that cannot be taken."""

    def __init__(self, field: str, rule: str, remedy: str) -> None:
        super().__init__(rule)
        self.field, self.rule, self.remedy = field, rule, remedy


def parse_in_sandbox(data: bytes, extra: str) -> bytes:
    """What the sandbox of an open site runs: FondsSheet as JSON. `extra` is the file's name, then on a new line what
    `SiteData.only("fonds", "districts")` gives.
    """
    return _parse(data, extra, SiteClass.OPEN)


def parse_in_sandbox_classified(data: bytes, extra: str) -> bytes:
    """The same on a classified site, where classified rows keep their values."""
    return _parse(data, extra, SiteClass.CLASSIFIED)


def _parse(data: bytes, extra: str, site_class: SiteClass) -> bytes:
    name, _, site = extra.partition("\n")
    return msgspec.json.encode(read_fonds_sheet(name, data, site_class, received(site) if site else NO_SITE))


def decode(data: bytes) -> FondsSheet:
    """What came back from the sandbox; SheetUnreadable when the bytes are not ours."""
    try:
        return msgspec.json.decode(data, type=FondsSheet)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise SheetUnreadable("全宗名册的解析结果不完整；请重试") from fault


def read_fonds_sheet(name: str, data: bytes, site_class: SiteClass, site: SiteData = NO_SITE) -> FondsSheet:
    """Read the first table that has a header with 全宗号 and 全宗名称 (or their synonyms) within 20 rows.

    SheetUnreadable with a Chinese sentence when there is none, or when the file cannot be read.
    """
    for one in open_tables(name, data).tables:
        rows = iter(one.rows)
        found = _header(rows, site)
        if found is not None:
            return _read(rows, *found, site_class, site)
    raise SheetUnreadable(f"前 {HEADER_WITHIN} 行内没有找到名册的表头（须有“全宗号”和“全宗名称”）")


@functools.lru_cache(maxsize=8)
def columns(site: SiteData = NO_SITE) -> dict[str, str]:
    """Column name (without spaces, in one width) to field; SiteDataWrong for a site's file that cannot be used."""
    raw = table(FILE, shipped(FILE))
    known = typed(FILE, raw, _Columns)
    for name, text in site.named("fonds"):
        raw = overlay(raw, table(name, text))
        known = typed(name, raw, _Columns)
    return {_plain(name): field for field, names in known.columns.items() for name in names}


def _plain(name: str) -> str:
    """A column name without spaces and in one width."""
    return _BLANK.sub("", unicodedata.normalize("NFKC", name))


def _header(rows: Iterator[RawRow], site: SiteData) -> tuple[list[str], dict[str, int]] | None:
    """The header's cells and the place of each field; the first column of a field counts."""
    known = columns(site)
    for row in rows:
        if row.number > HEADER_WITHIN:
            return None
        places: dict[str, int] = {}
        for place, cell in enumerate(row.cells):
            if len(cell) <= 64 and (field := known.get(_plain(cell))):
                places.setdefault(field, place)
        if "code" in places and "name" in places:
            return row.cells, places
    return None


def _read(
    rows: Iterator[RawRow], header: Sequence[str], places: dict[str, int], site_class: SiteClass, site: SiteData
) -> FondsSheet:
    """Read what follows the header; blank rows, repeated headers and totals are passed over."""
    taken: list[FondsRow] = []
    refusals: list[FondsRefusal] = []
    refused = 0
    seen: dict[str, int] = {}
    for row in rows:
        cells = [_CONTROL.sub(" ", cell).strip() for cell in row.cells]
        said = {field: cells[place] if place < len(cells) else "" for field, place in places.items()}
        if not any(cells) or cells == [cell.strip() for cell in header] or _is_total(said):
            continue
        if len(taken) + refused >= ROWS_MAX:
            raise SheetUnreadable(f"名册超过 {ROWS_MAX:,} 行；请核对是否放错了表")
        try:
            _gate(row, places, said, site_class)
            fonds = _fonds(said)
            if fonds.key in seen:
                raise _Refused("全宗号", f"全宗号与第 {seen[fonds.key]} 行重复", "一个全宗一行；改正其中一行的全宗号")
            taken.append(FondsRow(row.number, fonds, _district(said, site)))
            seen[fonds.key] = row.number
        except _Refused as fault:
            refused += 1
            if len(refusals) < REFUSALS_MAX:
                refusals.append(FondsRefusal(row.number, fault.field, fault.rule, fault.remedy))
    return FondsSheet(tuple(taken), refused, tuple(refusals))


def _gate(row: RawRow, places: dict[str, int], said: dict[str, str], site_class: SiteClass) -> None:
    """Refuse what may not be here, first of all; then what does not decode."""
    if site_class is SiteClass.OPEN and "mark" in places:
        kind = MarkKind.UNREADABLE if places["mark"] in row.bad else parse_mark(said["mark"]).kind
        if kind is not MarkKind.OPEN:
            code = FindingCode.CLASSIFIED if kind is MarkKind.CLASSIFIED else FindingCode.MARK_UNREADABLE
            raise _Refused("密级", code.rule, code.remedy)
    if row.fault or row.bad:
        raise _Refused("", row.fault or "有字符不能按全表的编码解读", "按表格软件的规则改正，或另存为 .xlsx")


def _is_total(said: dict[str, str]) -> bool:
    """合计 and its like, in place of a code."""
    first = _plain(said["code"] or said["name"])
    return first in {"合计", "总计", "共计", "小计"} or (not said["code"] and first.startswith(("合计", "总计")))


def _fonds(said: dict[str, str]) -> Fonds:
    """A fonds from its cells; _Refused names column and rule."""
    code, name = said["code"], said["name"]
    if not _CODE.fullmatch(match_key(code)) or len(code) > CODE_MAX:
        raise _Refused("全宗号", f"DA/T 13-2022：全宗号应为 1 至 {CODE_MAX} 个字母、数字或汉字", "改正全宗号后重新导入")
    if not 1 <= len(name) <= NAME_MAX:
        raise _Refused("全宗名称", f"全宗名称应为 1 至 {NAME_MAX} 个字符", "补填或缩短全宗名称")
    long = {"former": 2000, "history": HISTORY_MAX, "years": 64, "remark": CELL_MAX}
    for field, most in long.items():
        if len(said.get(field, "")) > most:
            raise _Refused(_LABELS[field], f"内容超过 {most:,} 个字符", "缩短内容，或核对是否错列")
    numbers = {field: _count(field, said.get(field, "")) for field in _NUMBERS}
    texts = {field: said.get(field, "") for field in long}
    rest = {"millimetres": _metres(said.get("metres", "")), "key_fonds": _flag(said.get("key_fonds", ""))}
    return msgspec.convert({"code": code, "name": name, **texts, **numbers, **rest}, Fonds)


def _count(field: str, text: str) -> int | None:
    """A number of volumes, items or lines; None when blank."""
    plain = _plain(text)
    if not plain or plain in {"-", "—", "/"}:
        return None
    found = _COUNT.fullmatch(plain)
    number = int(found[1].replace(",", "")) if found else COUNT_MAX + 1
    if number > COUNT_MAX:
        raise _Refused(_LABELS[field], "应为整数", "填阿拉伯数字；不详的留空")
    return number


def _metres(text: str) -> int | None:
    """Metres as millimetres; None when blank."""
    plain = _plain(text)
    if not plain or plain in {"-", "—", "/"}:
        return None
    found = _METRES.fullmatch(plain)
    if found is None:
        raise _Refused("排架长度", "应为以米计的数", "填阿拉伯数字；不详的留空")
    return int(found[1].replace(",", "")) * 1000 + int((found[2] or "").ljust(3, "0")[:3])


def _flag(text: str) -> bool:
    """重点全宗: 是 or 否."""
    plain = _plain(text).upper()
    if plain in _YES or plain in _NO:
        return plain in _YES
    raise _Refused("重点全宗", "应为“是”或“否”", "改为“是”或“否”")


def _district(said: dict[str, str], site: SiteData) -> DistrictFrom | None:
    """The district by code or name, from a day on."""
    text, day = said.get("district", ""), said.get("district_since", "")
    if not text:
        return None
    since: dt.date | None = None
    if day:
        date = parse_date(day)
        if date is None:
            raise _Refused("区划起始日期", "日期应为 YYYYMMDD", "改正日期后重新导入")
        since = dt.date(date[0], date[1] or 1, date[2] or 1)
    known = districts(site)
    plain = _plain(text).upper()
    codes = {one.code for one in known}
    if plain in codes:
        return DistrictFrom(plain, since)
    named = known.named(plain, since or dt.date.max)
    if named is None:
        raise _Refused(
            "行政区划", "GB/T 2260：没有这个区县", "填 6 位代码或区县全称；本馆另有的请加进数据文件 districts.toml"
        )
    return DistrictFrom(named.code, since)
