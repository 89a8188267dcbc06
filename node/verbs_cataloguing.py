"""Verbs of 著录: typing catalogue rows at the console with the page beside."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Final, Literal

from holdings import cataloguing
from holdings.columns import CODE
from holdings.picture_wish import Wish
from holdings.record import PAGES
from node.cataloguing import Cataloguing
from node.verbs import Answer, Verbs

SIDE_MAX: Final = 4_000


class CataloguingVerbs(Verbs):
    """`place` is the key of a folder that waits for its row; `by` the name of who types."""

    def cataloguing_waiting(self) -> Answer:
        """Folders of images without a row 有图无目, at most 500."""
        return {"items": [asdict(one) for one in Cataloguing(self._engine).waiting()]}

    def cataloguing_form(self, by: str, place: str = "", code: str = "") -> Answer:
        """What is asked for, and what is proposed: the code of the folder or the next free one behind the last, its pages, what stays the same
        in a series. `before` is the row that this person typed last."""
        reading, site = self._home.database.read(), self._home.site
        last = cataloguing.last_of(reading, by)
        names = Cataloguing(self._engine).pages(place) if place else []
        waits = place.rpartition("#")[2].rpartition("/")[2] if place else ""
        proposed = code or waits or (cataloguing.next_code(reading, last[1].get(CODE, "")) if last else "")
        midnight = (
            datetime.fromtimestamp(self._clock.now(), UTC)
            .astimezone()
            .replace(hour=0, minute=0, second=0, microsecond=0)
        )
        return {
            "fields": [{"name": name, "required": must} for name, must in cataloguing.fields_of(proposed, site)],
            "values": {CODE: proposed, PAGES: str(len(names)) if names else ""},
            "before": {"delivery": last[0], "values": last[1]} if last else None,
            "pages": names,
            "today": cataloguing.count(reading, by, int(midnight.timestamp())),
        }  # fmt: skip

    def cataloguing_judge(self, values: dict[str, str]) -> Answer:
        """What a row would be refused for, and what it would be told, by element; nothing is changed."""
        judged = cataloguing.judge(
            self._home.database.read(), values, self._home.identity.log.site_class, self._seconds(), self._home.site
        )
        return {"refused": judged.refused, "told": judged.told}

    def cataloguing_save(self, delivery: str, values: dict[str, str], by: str) -> Answer:
        """Store the row; `next` is the next free code behind it."""
        code = Cataloguing(self._engine).save(delivery, values, by)
        self._wake()
        return {"code": code, "next": cataloguing.next_code(self._home.database.read(), code)}

    def cataloguing_undo(self, by: str) -> Answer:
        """撤销: the newest row that this person typed goes, unless a record stands for it."""
        with self._home.database.transaction() as connection:
            code = cataloguing.take_back(connection, by)
            self._look_again(connection)
        self._wake()
        return {"code": code}

    def cataloguing_bodies(self, code: str, typed: str = "") -> Answer:
        """责任者 of the series that a code belongs to, the most frequent first."""
        found = cataloguing.bodies(self._home.database.read(), code, typed)
        return {"bodies": [{"name": name, "rows": rows} for name, rows in found]}

    def cataloguing_picture(
        self, place: str, number: int, width: int = 800, height: int = 800, turn: Literal[0, 90, 180, 270] = 0
    ) -> Answer:
        """A page of a waiting folder as a PNG in base64; decoded in the sandbox, kept nowhere."""
        wish = Wish("", 0, min(SIDE_MAX, max(1, width)), min(SIDE_MAX, max(1, height)), turn, "png")
        return {"number": number, "picture": Cataloguing(self._engine).picture(place, number, wish)}
