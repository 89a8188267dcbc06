"""The set 组照 that a photo belongs to, as people are shown it: its number, what is said once for all of it, and its photos
(GB/T 11821-2002, DA/T 50-2014). Functions run inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import apsw
from msgspec import Struct

from holdings import catalogue, records
from holdings.category import get
from holdings.category_photo import fill_groups, groups
from holdings.category_rows import CategoryRow
from holdings.metadata import category_for
from holdings.reference_code import ReferenceCode, parse, volume_key
from holdings.site_data import NO_SITE, SiteData

SHOWN_MAX: Final = 1_000  # photos of one set that are looked for


class PhotoSet(Struct, frozen=True):
    """A set: `name` as its sheet calls it, `said` what holds for all of its photos, `refs` their codes in order."""

    name: str
    said: dict[str, str]
    refs: tuple[str, ...]


def of_record(
    connection: apsw.Connection,
    reference_code: str,
    elements: Mapping[str, str],
    site: SiteData = NO_SITE,
    writer: str = records.OWN,
) -> PhotoSet | None:
    """The set of a photo; None for a record that is of no category with sets, or names none. Its photos are known where they share a
    volume, as DA/T 13-2022 numbers sets; otherwise the photo stands alone in it. Of another `writer` its records are asked, for a hub
    has their descriptions before anybody's catalogue."""
    code = parse(reference_code)
    if not isinstance(code, ReferenceCode) or (rule := get(category_for(code, elements, site), site).group) is None:
        return None
    mine = tuple(elements.get(name, "") for name in rule.by)
    if not any(mine):
        return None
    among = _sealed(connection, code, writer) if writer != records.OWN else _catalogued(connection, code)
    found = [(ref, said) for ref, said in among if tuple(said.get(name, "") for name in rule.by) == mine]
    rows = [CategoryRow(number, said) for number, (_, said) in enumerate(found)] or [CategoryRow(0, elements)]
    (said,) = list(groups(fill_groups(rows, rule), rule))[:1]
    return PhotoSet("-".join(mine), said.values, tuple(ref for ref, _ in found) or (reference_code,))


def _catalogued(connection: apsw.Connection, code: ReferenceCode) -> Iterator[tuple[str, Mapping[str, str]]]:
    """(code, elements) of this site's rows of the photo's volume, in order."""
    row = catalogue.row_for(connection, code.key)
    if row is not None and row.volume:
        for one in catalogue.of_volume(connection, row.volume, limit=SHOWN_MAX):
            yield one.reference_code, one.elements


def _sealed(connection: apsw.Connection, code: ReferenceCode, writer: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The same of the records of a writer."""
    volume = volume_key(code)
    for number in records.begun(connection, f"{volume}-", SHOWN_MAX) if volume else ():
        one = records.by_number(connection, number)
        if one.writer == writer:
            yield one.reference_code, records.body(connection, one).elements
