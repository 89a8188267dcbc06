"""The security mark of a row of a sheet: its 密级 cells, the banner's, and the words of title and document number; pure."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from holdings.record import MARK, NUMBER, TITLE, VOLUME_TITLE
from holdings.secrecy_words import WordRule, judges_number, judges_title
from holdings.security import MarkKind, SiteClass, parse_mark
from holdings.sheet_header import Header
from holdings.sheet_profile import SheetProfile
from holdings.table import RawRow

_mark_of = functools.lru_cache(maxsize=1024)(parse_mark)


class RowMark:
    """Judges one row after the other before anything else of them is used."""

    def __init__(self, header: Header, profile: SheetProfile, site: SiteClass) -> None:
        self._marks, self._open = header.marks, site is SiteClass.OPEN
        self._only = header.marks[0] if len(header.marks) == 1 else None
        self._rule = WordRule.WORDS if profile.secrecy_words else WordRule.MARKS
        speaking = ((TITLE, judges_title), (VOLUME_TITLE, judges_title), (NUMBER, judges_number))
        self._speaking = [(at, judges) for name, judges in speaking if (at := header.index(name)) is not None]

    def judge(self, raw: RawRow, cells: Sequence[str], defaults: Mapping[str, str]) -> tuple[MarkKind, int | None]:
        """What a row's marks say, and the column whose words say it where the marks do not.

        The banner's mark holds where a cell is blank. A cell that does not decode is unreadable; a row that does not reach
        its mark is judged by the refusal it gets. Words count on an open site only.
        """
        mark = MarkKind.OPEN
        if self._only is None or cells[self._only] or defaults or raw.bad:
            mark = self._marked(raw, cells, defaults.get(MARK, ""))
        if mark is MarkKind.OPEN and self._open:
            text = "".join([cells[index] for index, _ in self._speaking])
            if "密" in text or "★" in text or "☆" in text or "⭐" in text:  # nearly no row has one: the words cost time
                for index, judges in self._speaking:
                    if judges(cells[index], self._rule):
                        return MarkKind.CLASSIFIED, index
            if VOLUME_TITLE in defaults and judges_title(defaults[VOLUME_TITLE], self._rule):
                return MarkKind.CLASSIFIED, None
        return mark, None

    def withholds(self, mark: MarkKind) -> bool:
        """Whether a row with this mark leaves nothing here but where it stands."""
        return mark is not MarkKind.OPEN and self._open

    def _marked(self, raw: RawRow, cells: Sequence[str], default: str) -> MarkKind:
        if self._only is not None and not raw.bad:
            return _mark_of(cells[self._only] or default).kind
        if not self._marks:
            return _mark_of(default).kind if default else MarkKind.OPEN
        kinds = {
            MarkKind.UNREADABLE if index in raw.bad else _mark_of(cells[index] or default).kind for index in self._marks
        }
        if MarkKind.CLASSIFIED in kinds:
            return MarkKind.CLASSIFIED
        return MarkKind.UNREADABLE if MarkKind.UNREADABLE in kinds else MarkKind.OPEN
