"""How a site reads its pages 识读: hours, processes, bounds, what is doubtful; data/reading.toml with the site's over it."""

from __future__ import annotations

import functools
from typing import Annotated, Final

import msgspec
from msgspec import Struct

from holdings.site_data import NO_SITE, SiteData, overlay, shipped, table, typed

FILE: Final = "reading.toml"
HOURS: Final = r"^[a-z]{3}(-[a-z]{3})?\s+\d{1,2}:\d{2}-\d{1,2}:\d{2}$"


class ReadingRule(Struct, frozen=True, forbid_unknown_fields=True):
    """data/reading.toml as it stands: `hours` are weekly windows (empty: any time), `doubt` a percentage, `workers` 0 = by cores and memory."""

    hours: tuple[Annotated[str, msgspec.Meta(pattern=HOURS)], ...]
    workers: Annotated[int, msgspec.Meta(ge=0, le=64)]
    memory_mb: Annotated[int, msgspec.Meta(ge=512, le=65_536)]
    seconds: Annotated[int, msgspec.Meta(ge=5, le=3_600)]
    recycle: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    doubt: Annotated[int, msgspec.Meta(ge=0, le=100)]
    batch_pages: Annotated[int, msgspec.Meta(ge=1, le=5_000)]
    batch_minutes: Annotated[int, msgspec.Meta(ge=0, le=1_440)]

    @property
    def doubt_below(self) -> int:
        """Confidence in thousandths below which a page waits for correction."""
        return self.doubt * 10


@functools.lru_cache(maxsize=8)
def rule(site: SiteData = NO_SITE) -> ReadingRule:
    """The rule that ships, and what the site lays over it; SiteDataWrong names what is wrong there."""
    content = table(FILE, shipped(FILE))
    for name, text in site.named("reading"):
        content = overlay(content, table(name, text))
    return typed(FILE, content, ReadingRule)


def processes(asked: int, cores: int, memory_mb: int, room_mb: int) -> int:
    """How many reading processes: as asked, else one a core while half of the machine's memory holds them; at least one."""
    return asked or max(1, min(cores, room_mb // 2 // max(1, memory_mb)))
