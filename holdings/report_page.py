"""Printed reports as HTML pages: templates/report.html is the sheet of paper that every report fills. Also who prints, and when."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from jinja2 import Environment


class Heading(Struct, frozen=True):
    """Who prints a report: `site` its name, `person` who asked, `time` whole seconds UTC, `zone_minutes` east of UTC for the printed time."""

    site: str
    person: str
    time: int
    program: str
    zone_minutes: int = 480

    def facts(self) -> dict[str, str]:
        """The heading as the reports carry it."""
        return {"site": self.site, "person": self.person, "printed": self.when(self.time), "program": self.program}

    def when(self, seconds: int) -> str:
        """A time as people read it."""
        return datetime.fromtimestamp(seconds + self.zone_minutes * 60, UTC).strftime("%Y-%m-%d %H:%M")


@functools.cache
def _environment() -> Environment:
    import jinja2

    def template(name: str) -> str:
        return (resources.files("holdings") / "templates" / name).read_text("utf-8")

    return jinja2.Environment(loader=jinja2.FunctionLoader(template), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)


def render(template: str, **values: Any) -> str:
    """One self-contained page: no script, no address outside, prints on A4."""
    return _environment().get_template(template).render(**values)
