"""What printed directories say: rows of the catalogue under their heads, and for 备考表 what linking and checks found."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

import apsw

from holdings import catalogue, check_store, fonds, quarantine, records
from holdings.check import Stage
from holdings.directory_paper import DirectoryKind, Section, pdf
from holdings.errors import NotFound
from holdings.findings import FindingCode
from holdings.local_time import local_minute
from holdings.quarantine import FindingState
from holdings.record import DATE, MARK, NUMBER, PAGES, TITLE, Level, Row
from holdings.reference_code import ReferenceCode, match_key, parse
from holdings.stored_record import StoredRecord
from node.engine import Engine

ROWS_MAX: Final = 20_000
"""Rows of one print: eight hundred sheets of paper."""
_WAITING: Final = (FindingState.OPEN, FindingState.SET_ASIDE)


class Directories:
    """Prints what the catalogue says of codes that begin alike."""

    def __init__(self, engine: Engine) -> None:
        self._home, self._now = engine.home, int(engine.clock.now())
        self._reading = engine.home.database.read()

    def print(self, kind: DirectoryKind, code: str) -> tuple[bytes, int, int]:
        """(PDF, rows, sections) of a code: a volume, or the beginning of codes (`J023-WS·2011·Y`).

        Raises:
            NotFound: nothing stands under that code, or too much.
        """
        rows = catalogue.beginning(self._reading, match_key(code), limit=ROWS_MAX + 1)
        if not rows:
            raise NotFound(f"目录中没有以“{code}”开头的条目；请核对档号，或先导入目录表")
        if len(rows) > ROWS_MAX:
            raise NotFound(f"以“{code}”开头的条目超过 {ROWS_MAX:,} 条；请写得更细，如到年度、保管期限或案卷")
        sections = list(self._sections(kind, rows))
        if not sections:
            raise NotFound(f"“{code}”下没有案卷；件为单位的请打印归档文件目录（items）")
        printed = local_minute(self._now)
        made = pdf(kind, sections, self._home.config.name, printed)
        return made, sum(len(section.rows) for section in sections), len(sections)

    def _sections(self, kind: DirectoryKind, rows: list[Row]) -> Iterator[Section]:
        coded = [(row, code) for row in rows if isinstance(code := parse(row.reference_code), ReferenceCode)]
        if kind is DirectoryKind.ITEMS:
            for head, group in groupby(coded, key=lambda pair: _series(*pair)):
                items = [row for row, _ in group if row.level is not Level.VOLUME]
                if items:
                    yield Section(self._named(head), tuple(_as_item(n, row) for n, row in enumerate(items, 1)))
            return
        for volume, group in groupby(coded, key=lambda pair: pair[0].volume):
            inside = [row for row, _ in group]
            if kind is DirectoryKind.NOTES:
                yield self._notes(volume, inside)
            elif volume is not None and (items := [row for row in inside if row.level is not Level.VOLUME]):
                yield Section(
                    self._of_volume(volume, inside), tuple(_in_volume(n, row) for n, row in enumerate(items, 1))
                )

    def _named(self, head: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        number, year, retention, organ = head
        try:
            name = fonds.get(self._reading, number).fonds.name
        except NotFound:
            name = ""
        pairs = (
            ("全宗号", number),
            ("全宗名称", name),
            ("年度", year),
            ("保管期限", retention),
            ("机构（问题）", organ),
        )
        return tuple((label, value) for label, value in pairs if value)

    def _of_volume(self, volume: str, inside: list[Row]) -> tuple[tuple[str, str], ...]:
        own = next((row for row in inside if row.level is Level.VOLUME), None)
        code = own.reference_code if own else volume
        return (("案卷档号", code), *((("案卷题名", own.elements[TITLE]),) if own and own.elements.get(TITLE) else ()))

    def _notes(self, volume: str | None, inside: list[Row]) -> Section:
        """备考表 of a volume, or of the items that stand together in a box."""
        items = [row for row in inside if row.level is not Level.VOLUME] or inside
        bound = [found for row in inside if (found := _record(self._reading, row)) is not None]
        said = sum(int(row.elements.get(PAGES, "")) for row in items if row.elements.get(PAGES, "").isdigit())
        open_, waived = self._found(inside)
        verdicts = [
            run.verdict.label for one in bound if (run := check_store.latest(self._reading, one.id, Stage.ARCHIVING))
        ]
        counted = "、".join(f"{label} {verdicts.count(label)} 件" for label in dict.fromkeys(verdicts)) or "尚未检测"
        head = (
            *(
                self._of_volume(volume, inside)
                if volume
                else (("起止档号", f"{inside[0].reference_code} 至 {inside[-1].reference_code}"),)
            ),
            ("件数", str(len(items))),
        )
        notes = (
            ("文件页数", f"目录所记 {said} 页，已加封图像 {sum(one.pages for one in bound)} 页（{len(bound)} 件）"),
            (
                "无图像的条目",
                _listed([row.reference_code for row in items if _record(self._reading, row) is None])
                if not bound or volume is None
                else "无",
            ),
            ("四性检测（归档环节）", counted),
            ("待处理的问题", _listed(open_)),
            ("说明后放行", _listed(waived)),
            ("修复、缺损、补充、移出等", "\n\n\n"),
        )
        return Section(head, notes=notes)

    def _found(self, inside: list[Row]) -> tuple[list[str], list[str]]:
        """Findings of these rows that wait, and those that were waived with their reasons."""
        open_, waived = list[str](), list[str]()
        for row in inside:
            for one in quarantine.for_subject(self._reading, row.match_key):
                if one.finding.code in (FindingCode.CLASSIFIED, FindingCode.MARK_UNREADABLE):
                    continue
                if one.state in _WAITING:
                    open_.append(f"{row.reference_code}：{one.finding.rule}")
                elif one.state is FindingState.WAIVED:
                    waived.append(f"{row.reference_code}：{one.finding.rule}，{one.reason}（{one.person}）")
        return open_, waived


def _record(reading: apsw.Connection, row: Row) -> StoredRecord | None:
    try:
        return records.resolve(reading, row.reference_code)
    except NotFound:
        return None


def _series(row: Row, code: ReferenceCode) -> tuple[str, str, str, str]:
    """What stands at the head of 归档文件目录 (DA/T 22-2015): fonds, year, retention, organ; what the code does not say its row may."""
    said = row.elements
    return (
        code.fonds, code.year or said.get("年度", ""), said.get("保管期限", "") or _retention(code.retention), code.organ or said.get("机构", ""),
    )  # fmt: skip


def _retention(code: str) -> str:
    """A 保管期限代码 in words: Y, D30, D10 (DA/T 13-2022)."""
    return "永久" if code == "Y" else f"定期{code[1:]}年" if code[:1] == "D" and code[1:].isdigit() else code


def _as_item(number: int, row: Row) -> tuple[str, ...]:
    said = row.elements.get
    return (
        str(number), row.reference_code, said(NUMBER, ""), said("责任者", ""), said(TITLE, ""), said(DATE, ""), said(MARK, ""), said(PAGES, ""),
        said("附注", ""),
    )  # fmt: skip


def _in_volume(number: int, row: Row) -> tuple[str, ...]:
    said = row.elements.get
    return (
        str(number),
        said(NUMBER, ""),
        said("责任者", ""),
        said(TITLE, ""),
        said(DATE, ""),
        said("页号", ""),
        said("附注", ""),
    )


def _listed(lines: list[str]) -> str:
    """Ten lines and how many more."""
    more = len(lines) - 10
    return "\n".join([*lines[:10], *([f"另有 {more} 条"] if more > 0 else [])]) or "无"
