"""Twins of one stem in a plain folder (003.CR2 beside 003.jpg): representations 版本用途 of one photograph, neither two pages nor a
page twice (DA/T 50-2014).

Loaded only where the files of a record have different endings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from holdings.category import FileRule, get
from holdings.category_photo import twins
from holdings.layout_words import Use
from holdings.metadata import category_for
from holdings.record import Description
from holdings.reference_code import ReferenceCode, parse
from holdings.site_data import SiteData

_ANY: Final = FileRule(
    preservation=("cr2", "cr3", "nef", "arw", "dng", "raf", "orf", "rw2"), access=("jpg", "jpeg", "png", "tif", "tiff")
)
"""Of records whose category says nothing of files: a camera's own format is never a page beside its picture."""


def uses_of(names: Sequence[str], described: Description, site: SiteData) -> bytes:
    """One byte a file: what each is for; empty when none has a twin. A picture without one is for keeping."""
    code = parse(described.reference_code)
    category = category_for(code, described.elements, site) if isinstance(code, ReferenceCode) else ""
    said = get(category, site).files if category else FileRule()
    rule = said if said.preservation and said.access else _ANY
    pairs = [one for one in twins(names, rule) if one.preservation and one.access]
    used = {name for one in pairs for name in one.access}
    return bytes(Use.ACCESS if name in used else Use.MASTER for name in names) if used else b""
