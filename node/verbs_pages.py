"""Verbs about single pages: another image for one, a page to its record, a page left out. The sources stay as they are."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from holdings import catalogue, correction, quarantine, quarantine_desk, records
from holdings.expression import expression
from holdings.file_name import NameKind, name_kind
from holdings.finding_acts import ActKind
from holdings.findings import Finding, FindingCode
from holdings.quarantine_desk import Operator
from holdings.reference_code import match_key
from node import folders, page_acts
from node.errors import ConfigurationWrong
from node.page_acts import PageAct, PageActKind
from node.part_pages import may_have_many
from node.verbs import Answer
from node.verbs_quarantine import QuarantineVerbs
from sync import durable, limits

PIECE = 1 << 20
_PAGE_OF_FILE = expression(r"#[0-9]+$")
SECRET = {
    FindingCode.CLASSIFIED,
    FindingCode.VOLUME_CLASSIFIED,
    FindingCode.MARK_UNREADABLE,
    FindingCode.CLASSIFIED_SEALED,
}
"""What is held for secrecy is moved to the classified machine by hand, never inside this one (DESIGN §3)."""


class PageVerbs(QuarantineVerbs):
    """Each takes the number of a finding whose path is a file in a scan folder."""

    def quarantine_replace(
        self, number: int, file: str, by: str, seen: int | None = None, take_over: bool = False
    ) -> Answer:
        """换页重检: the image in `file` stands for the page from now on; it is copied into the home, durable on return."""
        path = self._page(number)
        self._stands_for(number, path, Path(file))
        digest = self._keep(Path(file))
        act = PageAct(path, PageActKind.REPLACE, stored=digest, person=by, time=self._seconds())
        return self._decide(
            number,
            act,
            ActKind.REPLACE,
            f"{Path(file).name} sha256:{digest[:16]}…",
            self._operator(by, seen, take_over),
        )

    def quarantine_move(
        self, number: int, to: str, by: str, name: str = "", seen: int | None = None, take_over: bool = False
    ) -> Answer:
        """移页: the page belongs to the record `to` (REF or a code of the catalogue), there under `name`."""
        path = self._page(number)
        target = self._key(to)
        named = name or path.rpartition("/")[2]
        if (
            "/" in named
            or not 0 < len(named.encode()) <= limits.PART_NAME_BYTES
            or name_kind(named) is not NameKind.CONTENT
        ):
            raise ConfigurationWrong(f"“{named}”不能作页的文件名；请用 --as 另取一个，如 0007.jpg")
        act = PageAct(path, PageActKind.MOVE, target, named, person=by, time=self._seconds())
        return self._decide(number, act, ActKind.MOVE, f"移至 {to}，名为 {named}", self._operator(by, seen, take_over))

    def quarantine_drop(self, number: int, by: str, seen: int | None = None, take_over: bool = False) -> Answer:
        """删除该页: left out of its record, whose next version lacks it; the file stays where it is."""
        path = self._page(number)
        act = PageAct(path, PageActKind.DROP, person=by, time=self._seconds())
        return self._decide(number, act, ActKind.DROP, path.rpartition("/")[2], self._operator(by, seen, take_over))

    def page_acts(self) -> Answer:
        """Every decision about a page that holds."""
        return {
            "pages": [
                {
                    "path": a.path,
                    "act": a.kind.label,
                    "to": a.target,
                    "name": a.name,
                    "sha256": a.stored,
                    "by": a.person,
                    "time": a.time,
                }
                for a in page_acts.every(self._home.database.read())
            ]
        }

    def page_take_back(self, path: str, by: str) -> Answer:
        """撤销: the page is again what lies on disk."""
        with self._home.database.transaction() as connection:
            if not page_acts.take_back(connection, path):
                raise ConfigurationWrong(f"“{path}”没有换页、移页或删除的决定；用 node page list 查看")
            self._look_again(connection)
        self._wake()
        return {"path": path, "by": by}

    def quarantine_undo(self, number: int, by: str, take_over: bool = False) -> Answer:
        """撤销: the newest act on a finding is taken back, with what it changed of the row or the page; the finding waits again."""
        operator = self._operator(by, None, take_over)
        with self._home.database.transaction() as connection:
            finding = quarantine.get(connection, number).finding
            kind = quarantine_desk.undo(connection, number, operator)
            if kind is ActKind.MEND:
                correction.take_back(connection, finding.subject, by.strip())
                for path, _ in folders.sealed_at(connection, finding.subject):
                    folders.forget_look(connection, path)
            if kind in (ActKind.REPLACE, ActKind.MOVE, ActKind.DROP):
                for path in self._paths(finding):
                    page_acts.take_back(connection, path)
            self._look_again(connection)
        self._wake()
        return {**self.quarantine_show(number), "undone": kind.label}

    def _decide(self, number: int, act: PageAct, kind: ActKind, note: str, by: Operator) -> Answer:
        with self._home.database.transaction() as connection:
            quarantine_desk.done(connection, number, by, kind, note)
            page_acts.put(connection, act)
            self._look_again(connection)
        self._wake()
        return self.quarantine_show(number)

    def _stands_for(self, number: int, path: str, file: Path) -> None:
        """Refuse a single image for a file of many pages: the others would be lost."""
        found = _PAGE_OF_FILE.search(quarantine.get(self._home.database.read(), number).finding.path)
        old = page_acts.on_disk(self._home, path)
        if found is None or old is None or not may_have_many(old.name) or file.suffix.lower() == old.suffix.lower():
            return
        raise ConfigurationWrong(
            f"第 {found[0][1:]} 页在“{old.name}”内：请给出改好的整份 {old.suffix} 文件，不能只给一页图像，否则其余各页会丢失"
        )

    def _page(self, number: int) -> str:
        """The path of the page that a finding is about."""
        finding = quarantine.get(self._home.database.read(), number).finding
        if finding.code in SECRET:
            raise ConfigurationWrong(f"涉密的内容不在本机处理。处理办法：{finding.remedy}")
        for path in self._paths(finding):
            if page_acts.on_disk(self._home, path) is not None:
                return path
        raise ConfigurationWrong(f"“{finding.path}”不是扫描文件夹中的一个文件；换页、移页、删页只用于单页的问题")

    def _paths(self, finding: Finding) -> Iterator[str]:
        """Where the page may lie: as the finding says, or, when a check of sealed records says 档号/文件#页, in the record's folder."""
        yield finding.path
        named = _PAGE_OF_FILE.sub("", finding.path)
        if finding.ref and named.startswith(f"{finding.ref}/"):
            for place, _ in folders.sealed_at(self._home.database.read(), finding.subject):
                yield place + named.removeprefix(finding.ref)

    def _key(self, ref: str) -> str:
        """Match key of a record that there is, or of a row that stands."""
        reading = self._home.database.read()
        key = match_key(ref)
        if catalogue.glance(reading, key) is not None:
            return key
        return records.resolve(reading, ref).match_key

    def _keep(self, source: Path) -> str:
        """Copy an image under pages/ by its digest. A crash leaves a temporary file that the sweep at start removes."""
        folder = self._home.path / page_acts.FOLDER
        durable.make_folder(folder)
        try:
            with open(source, "rb", opener=lambda p, f: os.open(p, f | os.O_NOFOLLOW | os.O_NONBLOCK)) as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                file.seek(0)
                durable.write_pieces(folder / digest, iter(lambda: file.read(PIECE), b""))
        except OSError as fault:
            raise ConfigurationWrong(f"{source} 读不出：{fault.strerror or fault}") from fault
        if durable.digest_on_device(folder / digest).hex() != digest:
            raise ConfigurationWrong(f"{source} 在读取时变了；请等它写完后重试")
        return digest
