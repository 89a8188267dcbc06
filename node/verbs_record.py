"""Verbs about the pages of a record as people look at them: list, text with hits, picture, and a link for the browser."""

from __future__ import annotations

import base64
import threading
from typing import Final, Literal

import apsw

from holdings import catalogue, correction, declared_totals, page_reading, records
from holdings.errors import NotFound
from holdings.picture_wish import Wish
from holdings.reference_code import match_key
from node import folders
from node.page_door import PageDoor, Shown
from node.page_shown import ShownRecord, ShownSample
from node.record_pages import RecordPages
from node.verbs import Answer, Verbs
from node.verbs_show import meant_of

SIDE_MAX: Final = 4_000
"""Pixels of a side of a picture that is answered here: no terminal shows more."""

_OPENING: Final = threading.Lock()


class RecordVerbs(Verbs):
    """`number` is a page's number in its record, from 1 over all its files."""

    def record_pages(self, ref: str, query: str = "") -> Answer:
        """Every page of a record: file, page within it, use, whether it was read, how often `query` stands on it."""
        of, marking = RecordPages(self._engine, ref), page_reading.marking(query)
        meant = meant_of(self._home.database.read(), of.record)
        return {
            "ref": of.record.reference_code,
            "title": of.record.title,
            "pages": [
                {
                    "number": one.number, "file": one.name, "page": one.page + 1, **meant(one.position), "read": one.text is not None,
                    "hits": len(marking(one.text.text)) if one.text is not None and query.strip() else 0,
                }
                for one in of.pages
            ],
        }  # fmt: skip

    def record_text(self, ref: str, number: int, query: str = "") -> Answer:
        """What stands on a page, who read it and how sure (per cent); `marks` are (start, end) of a query's words."""
        page = RecordPages(self._engine, ref).page(number)
        text = page.text.text if page.text else ""
        return {
            "number": number, "text": text, "marks": [list(mark) for mark in page_reading.marking(query)(text)] if text else [],
            "engine": page.text.engine if page.text else "", "by": page.text.person if page.text else "",
            "confidence": page.text.confidence / 10 if page.text else None,
        }  # fmt: skip

    def record_picture(
        self, ref: str, number: int, width: int = 800, height: int = 800, turn: Literal[0, 90, 180, 270] = 0
    ) -> Answer:
        """A page as a PNG in base64, at most so many pixels: decoded in the sandbox, made of pixels alone."""
        wish = Wish("", 0, min(SIDE_MAX, max(1, width)), min(SIDE_MAX, max(1, height)), turn, "png")
        picture = RecordPages(self._engine, ref).picture(number, wish)
        return {"number": number, "picture": base64.b64encode(picture).decode()}

    def record_row(self, ref: str) -> Answer:
        """What the catalogue says of a record or row, element by element in the order of its sheet; empty where it says nothing."""
        reading = self._home.database.read()
        row = catalogue.row_for(reading, self._row_key(ref))
        return {"elements": [{"name": name, "value": value} for name, value in row.elements.items()] if row else []}

    def record_judge(self, ref: str, values: dict[str, str]) -> Answer:
        """What record_mend would refuse of these values; nothing is changed."""
        return {"refused": correction.judge(self._home.database.read(), self._row_key(ref), values, self._seconds())}

    def record_mend(self, ref: str, values: dict[str, str], by: str, reason: str = "") -> Answer:
        """修改著录 of a row without any finding: other values from now on, with who and why; images that stand for it get a new version."""
        key = self._row_key(ref)
        with self._home.database.transaction() as connection:
            changes = correction.mend(connection, key, values, by.strip(), reason, self._seconds())
            self._look_anew(connection, key)
        self._wake()
        return {
            "ref": ref,
            "changes": [{"field": name, "old": old, "new": new} for name, (old, new) in changes.items()],
        }

    def record_mend_undo(self, ref: str, by: str) -> Answer:
        """撤销: what this person mended of a row is again what its sheet says; how many elements."""
        key = self._row_key(ref)
        with self._home.database.transaction() as connection:
            count = correction.take_back(connection, key, by.strip())
            self._look_anew(connection, key)
        self._wake()
        return {"ref": ref, "elements": count}

    def _row_key(self, ref: str) -> str:
        """Match key of a record, by any code it bears or bore, or of a row."""
        try:
            return records.resolve(self._home.database.read(), ref).match_key
        except NotFound:
            return match_key(ref)

    def _look_anew(self, connection: apsw.Connection, key: str) -> None:
        for path, _ in folders.sealed_at(connection, key):
            folders.forget_look(connection, path)
        declared_totals.settle_every(connection, self._seconds())
        self._look_again(connection)

    def page_link(self, ref: str, number: int = 1) -> Answer:
        """A link for the browser of this machine that shows a record's pages: `url`, good once and for `seconds`."""
        of = RecordPages(self._engine, ref)
        of.page(number)
        return self._linked(ShownRecord(self._engine, of.record.reference_code), number)

    def sample_link(self, number: int, by: str, position: int = 1) -> Answer:
        """The same for the pages of a sample, to be judged there in the name of `by`."""
        shown = ShownSample(self._engine, number, by)
        shown.drawn(position)
        return self._linked(shown, position)

    def _linked(self, shown: Shown, first: int) -> Answer:
        with _OPENING:
            if self._engine.door is None:
                self._engine.door = PageDoor()
            url, seconds = self._engine.door.link(shown, first)
        return {"url": url, "seconds": seconds, "port": self._engine.door.port}
