"""A refused row as its sheet has it now, for the form in which somebody types it anew."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from holdings import delivery as deliveries
from holdings import quarantine
from holdings.errors import HoldingsError, NotFound
from holdings.expression import expression
from holdings.findings import FindingCode
from holdings.sheet_refused import RefusedRow
from node import folders, page_acts
from node.engine import Engine
from node.home import Home
from sync.errors import SandboxError

_WHERE: Final = expression(r"(?P<batch>.+?)/(?P<name>[^/\[\]#]+)(?:\[(?P<tab>.{1,255})\])?#(?P<row>\d{1,7})", re.DOTALL)
"""`批次/表.xlsx[页签]#行` (catalogue_portions.place)."""


def values_of(engine: Engine, number: int) -> dict[str, str]:
    """Element → value of the row that a finding `row-refused` is about; empty where the sheet is gone, was changed meanwhile, or says no more.

    NotFound when there is no such finding. A row that is or may be secret is no `row-refused` at an open node and is never read here.
    """
    home = engine.home
    finding = quarantine.get(home.database.read(), number).finding
    where = _WHERE.fullmatch(finding.path)
    if finding.code is not FindingCode.ROW_REFUSED or where is None:
        return {}
    found: RefusedRow | None = None
    for file in _files(home, where["batch"], where["name"]):
        try:
            found = engine.sheets().refused_row(where["batch"], file, where["tab"] or "", int(where["row"]))
        except (OSError, SandboxError, HoldingsError):
            continue  # the form opens without its values, as for a sheet that is gone
        # Another row stands there now: what it says belongs to no one's finding.
        if found is not None and found.key == finding.ref:
            return found.values
    return {}


def _files(home: Home, batch: str, name: str) -> list[Path]:
    """Where a sheet of that name may lie in its delivery's folders; never outside the scan folders."""
    reading = home.database.read()
    keys = [f"{batch}/{name}", *(path for path in folders.sheet_paths(reading) if path.startswith(f"{batch}/") and path.endswith(f"/{name}"))]
    try:
        folder = deliveries.fetch(reading, batch).folder
    except NotFound:
        folder = None
    if folder is not None:
        keys += [str(Path(Path(watch).name, Path(folder).relative_to(watch), name)) for watch in home.config.watch if Path(folder).is_relative_to(watch)]
    on_disk = (page_acts.on_disk(home, key) for key in dict.fromkeys(keys))
    return [file for file in on_disk if file is not None]
