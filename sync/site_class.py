"""The class of a site. Apart from the entry that fixes it, so that who reads sheets need not load what signs."""

from __future__ import annotations

from enum import IntEnum


class SiteClass(IntEnum):
    """The class of a site, fixed in its genesis (DESIGN §3, the gate)."""

    OPEN = 0
    CLASSIFIED = 1
