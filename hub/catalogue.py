"""Catalogue sheets into the hub's holdings.db: the city's own rows, or those of a node named as their holder 保管方.

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

from holdings import catalogue_sheets, delivery, quarantine, records
from holdings.catalogue_import import Origin
from holdings.catalogue_portions import Circumstances, ImportReport, importing
from holdings.security import SiteClass
from holdings.sheet_file import SheetFile
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
TOLD = 10_000
"""Refusals of one answer at most; all are counted."""
_FIGURES = ("rows", "added", "changed", "unchanged", "gone", "refused")


class CatalogueDesk:
    """The desk's operation on catalogue sheets. Usable from several threads; imports wait for each other between portions."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def catalogue_import(self, files: list[str], delivery_name: str = "", holder: str = "") -> Iterator[bytes]:
        """Import sheets that this machine can read. Lines of JSON: `{"taken": rows}` after each portion, at the end the fields
        of DESIGN §7 as `{"result": …}`.

        Args:
            holder: name or district code of the node whose rows they are; blank: the city's own.
        """
        result: dict[str, Any] = {**dict.fromkeys(_FIGURES, 0), "refusals": [], "questions": []}
        wall, own, name = self._home.clock.monotonic(), 0.0, self._holder(holder)
        # A sandbox of its own: the one that opens pages is not kept from them by an import of hours.
        with closing(Sandbox(workers=1, nice=NICE)) as sandbox:
            for text in files:
                path = Path(text)
                work = self._import(sandbox, path, delivery_name or path.parent.name or path.stem, name, result)
                taken = 0
                while taken >= 0:
                    began = time.thread_time()
                    taken = next(work, -1)
                    own += time.thread_time() - began
                    if taken >= 0:
                        seconds = round(self._home.clock.monotonic() - wall, 1)
                        yield _line({"file": path.name, "taken": taken, "seconds": seconds})
            cpu = own + sandbox.streamed_s
        result |= {
            "seconds": round(self._home.clock.monotonic() - wall, 3),
            "cpu_seconds": round(cpu, 2),
            "rows_per_second": round(result["rows"] / max(cpu, 1e-6)),
        }
        yield _line({"result": result})

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

    def _import(self, sandbox: Sandbox, path: Path, batch: str, holder: str, result: dict[str, Any]) -> Iterator[int]:
        home, now = self._home, self._home.clock.wall()
        site = SiteClass(home.genesis.site_class)
        file = SheetFile(path, site)
        try:
            sheet, source = file.read(sandbox), file.source()
        except OSError as fault:
            raise NotAllowed(f"目录表 {path} 读不出：{fault.strerror or fault}（中心服务在运行时，由服务账户读它）") from fault
        except SandboxError as fault:
            raise NotAllowed(f"目录表 {path.name}：{fault}") from fault

        def origin(connection: apsw.Connection) -> Origin:
            connection.pragma("cache_size", -CACHE_KIB)
            delivery.upsert(connection, batch, None, now)
            return Origin(catalogue_sheets.holder(connection, holder), batch, sheet.begin.name, source)

        def last(connection: apsw.Connection, report: ImportReport) -> None:
            quarantine.settle(connection, report.scope, report.findings, now)
            records.link_rows(connection, holder)
            connection.pragma("cache_size", -CACHE_KIB // 16)

        try:
            report = yield from importing(home.holdings.transaction, sheet, origin, Circumstances(now, site, PORTION), last)
        except SandboxError as fault:
            raise NotAllowed(f"目录表 {path.name}：{fault}") from fault
        for word in _FIGURES:
            result[word] += getattr(report, word)
        room = TOLD - len(result["refusals"])
        result["refusals"] += [{"row": r.row, "field": r.field, "rule": r.rule, "remedy": r.remedy} for r in report.refusals[:room]]
        result["questions"] += [{"id": q.id, "text": q.text, "blocking": q.blocking} for q in sheet.end.questions]


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"
