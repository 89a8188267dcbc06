"""Into which part of the search index a row or record goes: by the years of its date; pure.

Few parts, so that what came in last is soon found among all of them, and short ones where most is kept, so that what bears the latest
dates is soon found in one.
"""

from __future__ import annotations

import bisect
from typing import Final

STARTS: Final = (0, 1950, 1960, 1970, 1980, 1985, 1990, 1995, 2000, 2005, 2010, 2015, 2020, 2025)
"""The year with which each part begins; the first holds what has no date, too."""
ERAS: Final = range(len(STARTS))


def era_of(day: int) -> int:
    """The part of a day (YYYYMMDD, 0: none)."""
    return bisect.bisect_right(STARTS, day // 10_000) - 1


def years_of(era: int) -> range:
    """The years of a part; of the last one all that can be written."""
    return range(STARTS[era], STARTS[era + 1] if era + 1 < len(STARTS) else 10_000)
