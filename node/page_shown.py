"""What the browser is shown through the page door: a record's pages with its row and text beside, or a sample's pages to be judged."""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from holdings import records, sample_store, sampling
from holdings.picture_wish import Wish
from holdings.sample_store import Judgement
from holdings.sampling import PageVerdict
from node import samples
from node.engine import Engine
from node.errors import ConfigurationWrong
from node.part_pages import of_page
from node.record_pages import RecordPages

if TYPE_CHECKING:
    import jinja2

ZOOMS: Final = {"fit": 1_600, "1": 2_400, "2": 4_000, "4": 8_000}
"""Pixels of the longer side by how near one looks."""
TURNS: Final = (0, 90, 180, 270)


class ShownRecord:
    """The pages of a record. Every look asks anew: what was withheld meanwhile is not shown."""

    def __init__(self, engine: Engine, ref: str) -> None:
        self._engine, self._ref = engine, ref

    def page(self, number: int, query: Mapping[str, str], root: str) -> str:
        """Picture, row, text."""
        of = RecordPages(self._engine, self._ref)
        return _render(root, number, query, len(of.pages), **_beside(self._engine, of, number), judged=None)

    def picture(self, number: int, side: int, turn: int) -> bytes:
        """As JPEG."""
        return RecordPages(self._engine, self._ref).picture(number, Wish("", 0, side, side, _turn(turn)))

    def judge(self, number: int, form: Mapping[str, str]) -> int:
        """Nothing is judged here."""
        raise ConfigurationWrong("这里只供查看")


class ShownSample:
    """The pages of a drawing, judged in the name of `by`."""

    def __init__(self, engine: Engine, number: int, by: str) -> None:
        self._engine, self._number, self._by = engine, number, by

    def drawn(self, position: int) -> tuple[sample_store.SampledPage, int]:
        """A page of the drawing and how many there are; ConfigurationWrong when there is none of that position."""
        reading = self._engine.home.database.read()
        pages = sample_store.pages(reading, sample_store.fetch(reading, self._number))
        found = next((one for one in pages if one.position == position), None)
        if found is None:
            raise ConfigurationWrong(f"这次抽检没有第 {position} 页")
        return found, len(pages)

    def _of(self, drawn: sample_store.SampledPage) -> tuple[RecordPages, int]:
        of = RecordPages(self._engine, drawn.reference_code)
        return of, of.find(*of_page(drawn.page))

    def page(self, number: int, query: Mapping[str, str], root: str) -> str:
        """Picture, row, text, verdict."""
        drawn, count = self.drawn(number)
        of, at = self._of(drawn)
        rule = sampling.rule(self._engine.home.site)
        judged = {
            "verdict": drawn.verdict.name.lower(), "label": drawn.verdict.label, "fault": drawn.fault, "remark": drawn.remark, "by": drawn.person,
            "person": self._by, "faults": [(code, fault.name, fault.clause) for code, fault in rule.faults.items()],
        }  # fmt: skip
        return _render(root, number, query, count, **_beside(self._engine, of, at), judged=judged)

    def picture(self, number: int, side: int, turn: int) -> bytes:
        """As JPEG."""
        of, at = self._of(self.drawn(number)[0])
        return of.picture(at, Wish("", 0, side, side, _turn(turn)))

    def judge(self, number: int, form: Mapping[str, str]) -> int:
        """Store the verdict; the next page, or the same where it is the last."""
        words = {"passed": PageVerdict.PASSED, "failed": PageVerdict.FAILED, "none": PageVerdict.NONE}
        verdict = words.get(form.get("verdict", ""))
        if verdict is None:
            raise ConfigurationWrong("请选合格或不合格")
        failed = verdict is PageVerdict.FAILED
        said = Judgement(
            number, verdict, form.get("fault", "").strip().upper() if failed else "", form.get("remark", "").strip() if failed else "",
            self._by if verdict is not PageVerdict.NONE else "",
        )  # fmt: skip
        _, count = self.drawn(number)
        with self._engine.home.database.transaction() as connection:
            sample = sample_store.fetch(connection, self._number)
            samples.judge(connection, sample, [said], int(self._engine.clock.now()), self._engine.home.site)
        return number if verdict is PageVerdict.NONE else min(count, number + 1)


def _turn(degrees: int) -> Any:
    return degrees if degrees in TURNS else 0


def _beside(engine: Engine, of: RecordPages, number: int) -> dict[str, Any]:
    """What stands beside the picture of a page."""
    page, body = of.page(number), records.body(engine.home.database.read(), of.record)
    return {
        "ref": of.record.reference_code, "title": of.record.title, "elements": [(name, value) for name, value in body.elements.items() if value],
        "file": page.name, "page": page.page + 1, "place": number, "of": len(of.pages), "text": page.text.text if page.text else "",
    }  # fmt: skip


@functools.cache
def _template() -> jinja2.Template:
    import jinja2

    text = importlib.resources.files("node").joinpath("templates", "page.html").read_text("utf-8")
    made = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    return made.from_string(text)


def _render(root: str, number: int, query: Mapping[str, str], count: int, **values: Any) -> str:
    zoom, turn = query.get("zoom", "fit"), query.get("turn", "0")
    return _template().render(
        root=root, number=number, count=count, zoom=zoom if zoom in ZOOMS else "fit", zooms=list(ZOOMS.items()),
        side=ZOOMS.get(zoom, ZOOMS["fit"]), turn=_turn(int(turn)) if turn.isdigit() else 0, **values,
    )  # fmt: skip
