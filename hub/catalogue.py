"""Catalogue sheets into the hub's holdings.db: the city's own rows, or those of a node named as their holder 保管方.

Sheets are read as a node reads them (holdings/sheet_reading.py): by an intake profile, by a category, with answers that are remembered.

An import reports as it goes, in lines of JSON, so that a command far from the database can show it; whoever stops listening
stops it between two portions, and the next import of the same file goes on there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw

from holdings import (
    catalogue_answer,
    catalogue_sheets,
    catalogue_trial,
    declared_totals,
    delivery,
    profile_store,
    quarantine,
    records,
    sheet_reading,
)
from holdings.catalogue_answer import Told
from holdings.catalogue_origin import Origin
from holdings.catalogue_portions import Circumstances, ImportReport, importing
from holdings.catalogue_trial import Trial
from holdings.declared_totals import Comparison
from holdings.profile import read_profile
from holdings.security import SiteClass
from holdings.sheet_file import SheetFile
from holdings.sheet_reading import Reading, reading_of
from holdings.sheet_stream import FramedSheet
from hub import front
from hub.errors import NotAllowed
from hub.home import Home
from sync import log as logs
from sync.entry import Role
from sync.errors import SandboxError
from sync.sandbox import Sandbox

PORTION = 40_000
"""Rows of one transaction: a second of work, some 60 MiB while it is made."""
CACHE_KIB = 64 * 1024
"""Pages kept while an import runs: the codes of many fonds grow side by side."""
NICE = 10
"""The sandbox yields to the hub's other work."""


class _Rehearsed(Exception):
    """Rolls a dry run back."""


class CatalogueDesk:
    """The desk's operation on catalogue sheets. Usable from several threads; imports wait for each other between portions."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def catalogue_import(
        self,
        files: list[str],
        delivery_name: str = "",
        holder: str = "",
        dry_run: bool = False,
        profile: str = "",
        profile_text: str = "",
        answers: list[str] | None = None,
        repairs: list[str] | None = None,
        category: str = "",
    ) -> Iterator[bytes]:
        """Import sheets that this machine can read. Lines of JSON: `{"taken": rows}` after each portion, at the end the fields
        of DESIGN §7 as `{"result": …}`.

        Args:
            holder: name or district code of the node whose rows they are; blank: the city's own.
            dry_run: tell what would change, and keep nothing. Nobody else writes meanwhile.
            profile: an intake profile by name; it stays that of this delivery. `profile_text`: one to be kept first, as TOML.
            answers: `列名=著录项`; these, `repairs` (`列名=修复`) and `category` are remembered for sheets of the same kind.
        """
        result = catalogue_answer.begin(dry_run=dry_run)
        reading = reading_of(self._home.site, profile, answers or (), repairs or (), category)
        wall, own, name = self._home.clock.monotonic(), 0.0, self._holder(holder)
        if profile_text:
            reading = Reading(self._keep_profile(profile_text), reading.said)
        # A sandbox of its own: the one that opens pages is not kept from them by an import of hours.
        with closing(Sandbox(workers=1, nice=NICE)) as sandbox:
            for text in files:
                path = Path(text)
                made = _Import(self._home, sandbox, path, delivery_name or path.parent.name or path.stem, name, reading)
                work, taken = made.rehearse(result) if dry_run else made.run(result), 0
                while taken >= 0:
                    began = time.thread_time()
                    taken = next(work, -1)
                    own += time.thread_time() - began
                    if taken >= 0:
                        seconds = round(self._home.clock.monotonic() - wall, 1)
                        yield _line({"file": path.name, "taken": taken, "seconds": seconds})
            cpu = own + sandbox.streamed_s
        catalogue_answer.close(result, self._home.clock.monotonic() - wall, cpu)
        yield _line({"result": result})

    def _keep_profile(self, text: str) -> str:
        """Keep an intake profile; its name."""
        profile = read_profile(text)
        with self._home.holdings.transaction() as connection:
            profile_store.put(connection, profile, self._home.clock.wall())
        return profile.name

    def _holder(self, text: str) -> str:
        """The name of a holder, checked: of a node by its name or district code."""
        if not text:
            return ""
        reading = self._home.front.read()
        names = {log.log_id: log.name for log in logs.logs(reading, Role.NODE)}
        for node in front.nodes(reading):
            if text in (names.get(node.log_id), node.district):
                return names[node.log_id]
        known = "、".join(sorted(names.values())) or "（尚无节点）"
        raise NotAllowed(f"没有叫“{text}”的节点，也没有节点在此区划；目录是本馆自己的则不写 --of。已有节点：{known}")


class _Import:
    """One file under way."""

    def __init__(self, home: Home, sandbox: Sandbox, path: Path, batch: str, holder: str, reading: Reading) -> None:
        self._home, self._sandbox, self._path, self._batch, self._owner = home, sandbox, path, batch, holder
        self._reading, self._now = reading, home.clock.wall()
        self._site = SiteClass(home.genesis.site_class)

    def run(self, result: Told) -> Iterator[int]:
        """Import it; yields the rows taken so far after each commit."""
        sheet, source = self._open()
        compared: list[Comparison] = []

        def origin(connection: apsw.Connection) -> Origin:
            connection.pragma("cache_size", -CACHE_KIB)
            return self._origin(connection, sheet.begin.name, source)

        def last(connection: apsw.Connection, report: ImportReport) -> None:
            of = self._origin(connection, sheet.begin.name, source)
            quarantine.settle(connection, report.scope, report.findings, self._now)
            records.link_rows(connection, self._owner)
            declared_totals.keep(connection, of.place, sheet.begin.name, sheet.end.declared)
            declared_totals.settle(connection, self._batch, self._now, of.holder, self._owner)
            compared.extend(declared_totals.compare(connection, of.holder, self._batch, sheet.end.declared))
            connection.pragma("cache_size", -CACHE_KIB // 16)

        circumstances = Circumstances(self._now, self._site, PORTION)
        try:
            report = yield from importing(self._home.holdings.transaction, sheet, origin, circumstances, last)
        except SandboxError as fault:
            raise NotAllowed(f"目录表 {self._path.name}：{fault}") from fault
        self._remember()
        catalogue_answer.add(result, report, sheet.end)
        catalogue_answer.add_compared(result, compared)

    def rehearse(self, result: Told) -> Iterator[int]:
        """What `run` would do, told; nothing is kept. Yields nothing on the way."""
        (sheet, _), found = self._open(), list[Trial]()
        try:
            with self._home.holdings.transaction() as connection:
                origin = self._origin(connection, sheet.begin.name)
                found.append(catalogue_trial.rehearse(connection, sheet, origin, self._now, self._site))
                raise _Rehearsed
        except _Rehearsed:
            catalogue_answer.add_trial(result, found[0])
            catalogue_answer.add(result, found[0].report, sheet.end)
        except SandboxError as fault:
            raise NotAllowed(f"目录表 {self._path.name}：{fault}") from fault
        yield from ()

    def _origin(self, connection: apsw.Connection, name: str, source: bytes = b"") -> Origin:
        delivery.upsert(connection, self._batch, None, self._now)
        return Origin(catalogue_sheets.holder(connection, self._owner), self._batch, name, source, self._owner)

    @property
    def _place(self) -> str:
        """The delivery as profiles are given to it."""
        return f"{self._owner}/{self._batch}" if self._owner else self._batch

    def _asked(self) -> SheetFile:
        seen = self._home.holdings.read()
        by_name = self._reading.profile
        profile = profile_store.fetch(seen, by_name) if by_name else profile_store.assigned(seen).of(self._place)
        return sheet_reading.as_profiled(self._path, self._site, profile, self._home.site)

    def _open(self) -> tuple[FramedSheet, bytes]:
        """Begin to read as profile, earlier answers and what is said now say; what its bytes are known by."""
        try:
            asked = sheet_reading.as_said(self._home.holdings.read(), self._asked(), self._reading.said, self._sandbox)
            return asked.read(self._sandbox), asked.source()
        except OSError as fault:
            raise NotAllowed(
                f"目录表 {self._path} 读不出：{fault.strerror or fault}（中心服务在运行时，由服务账户读它）"
            ) from fault
        except SandboxError as fault:
            raise NotAllowed(f"目录表 {self._path.name}：{fault}") from fault

    def _remember(self) -> None:
        """Keep what was answered for sheets of this kind, and the profile for this delivery."""
        said = self._reading
        if not said.says_something and not said.profile:
            return
        key = self._asked().key(self._sandbox) if said.says_something else ""
        with self._home.holdings.transaction() as connection:
            if said.profile:
                profile_store.assign(connection, self._place, said.profile, self._now)
            if key:
                sheet_reading.remember(connection, key, said.said, self._now)


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"
