"""Verbs of 著录: typing catalogue rows at the console with the page beside."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal

from msgspec.structs import asdict

from holdings import cataloguing, double_keying
from holdings import delivery as deliveries
from holdings.columns import CODE
from holdings.picture_wish import Wish
from holdings.record import PAGES
from holdings.reference_code import match_key
from node.cataloguing import Cataloguing
from node.verbs import Answer, Verbs

SIDE_MAX: Final = 4_000


class CataloguingVerbs(Verbs):
    """`place` is the key of a folder that waits for its row; `by` the name of who types."""

    def cataloguing_waiting(self, by: str = "") -> Answer:
        """Folders of images without a row 有图无目, at most 500; with a name without those that this person has typed already 双录. `differences`: rows
        that wait for a decision."""
        found = double_keying.differences(self._home.database.read())
        return {"items": [asdict(one) for one in Cataloguing(self._engine).waiting(by)], "differences": len(found)}

    def cataloguing_double(self, delivery: str, double: bool, by: str) -> Answer:
        """双录: rows of a delivery are typed by two persons independently from now on, or by one again."""
        with self._home.database.transaction() as connection:
            deliveries.fetch(connection, delivery)
            double_keying.switch(connection, delivery, by, self._seconds(), double=double)
        return {"delivery": delivery, "double": double}

    def cataloguing_differences(self) -> Answer:
        """Rows that two persons typed differently: who, when, and each element with both values."""
        found = double_keying.differences(self._home.database.read())
        return {
            "items": [
                {
                    "code": one.first.code, "delivery": one.first.delivery, "first": {"person": one.first.person, "time": one.first.time},
                    "second": {"person": one.second.person, "time": one.second.time},
                    "fields": [{"name": name, "first": a, "second": b} for name, a, b in one.fields],
                }
                for one in found
            ]
        }  # fmt: skip

    def cataloguing_decide(self, code: str, seconds: list[str], by: str) -> Answer:
        """Store such a row: as the first person typed it, with the elements named in `seconds` as the second did."""
        done = Cataloguing(self._engine).decide(code, seconds, by)
        self._wake()
        return {"code": done}

    def cataloguing_discard(self, code: str, by: str) -> Answer:
        """Neither is right: both typings go, and the row is typed anew."""
        with self._home.database.transaction() as connection:
            gone = double_keying.discard(connection, code)
        return {"code": code, "typings": gone, "by": by}

    def cataloguing_form(self, by: str, place: str = "", code: str = "") -> Answer:
        """What is asked for, and what is proposed: the code of the folder or the next free one behind the last, its pages, what stays the same
        in a series. `before` is the row that this person typed last."""
        reading, site = self._home.database.read(), self._home.site
        last, keyed = cataloguing.last_of(reading, by), double_keying.last_of(reading, by)
        if keyed is not None:
            last = (keyed.delivery, keyed.elements)
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
            "today": cataloguing.count(reading, by, int(midnight.timestamp())) + double_keying.count(reading, by, int(midnight.timestamp())),
        }  # fmt: skip

    def cataloguing_judge(self, values: dict[str, str]) -> Answer:
        """What a row would be refused for, and what it would be told, by element; nothing is changed."""
        judged = cataloguing.judge(
            self._home.database.read(), values, self._home.identity.log.site_class, self._seconds(), self._home.site
        )
        return {"refused": judged.refused, "told": judged.told}

    def cataloguing_save(self, delivery: str, values: dict[str, str], by: str) -> Answer:
        """Store the row; `next` is the next free code behind it. `keying`: stored; or, in a delivery that is typed twice, first or differs."""
        keying, code = Cataloguing(self._engine).save(delivery, values, by)
        self._wake()
        reading = self._home.database.read()
        typed, following = double_keying.keyed_by(reading, by), cataloguing.next_code(reading, code)
        while following and match_key(following) in typed:
            following = cataloguing.next_code(reading, following)
        return {"code": code, "next": following, "keying": keying.value}

    def cataloguing_undo(self, by: str) -> Answer:
        """撤销: the newest row that this person typed goes, unless a record stands for it; a typing that waits for its second goes first."""
        with self._home.database.transaction() as connection:
            if (keyed := double_keying.last_of(connection, by)) is not None:
                double_keying.take_back(connection, keyed)
                return {"code": keyed.code}
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
