"""Finding and showing what the vault has opened: search, show, and the list and bytes that an export takes (DESIGN §7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import apsw
from msgspec.structs import asdict

from holdings import catalogue_shown, lineage, records
from holdings.access import Access
from holdings.errors import NotFound
from holdings.record import Description
from holdings.site_data import NO_SITE, SiteData
from holdings.stored_record import StoredRecord
from hub import opened
from hub.clock import Clock
from hub.desk import Number
from hub.errors import DamageFound
from hub.opened import Page
from hub.vault import Vault
from sync import log as logs
from sync import receipt
from sync.database import Database
from sync.entry import Genesis
from sync.receipt import Grade

BATCH = 200
"""Records of one page of an export's list."""
_LABELS = {Grade.R1: "已收存", Grade.R4: "已验读"}
_REASONS = {
    "sealed-damaged": "密文损坏", "digest-differs": "摘要不符", "does-not-decode": "图像不能解码", "not-cleared": "未经保密审查", "pack-missing": "缺包",
    "part-missing": "缺部件", "body-unreadable": "著录无法解读", "version-unexpected": "版本不连续",
}  # fmt: skip


class Lookup:
    """The desk's read-only operations on records. Usable from several threads."""

    def __init__(
        self, front: Database, holdings: Database, vault: Vault, genesis: Genesis, clock: Clock, site: SiteData = NO_SITE
    ) -> None:
        self._front, self._holdings, self._vault, self._genesis, self._clock = front, holdings, vault, genesis, clock
        self._site = site

    def show(self, ref: str, query: str = "") -> dict[str, Any]:
        """One record: versions, receipts, findings, pages with their texts; the fields of DESIGN §7; `marks` of a query in each text.

        A row of the catalogue without a record is shown as what it is. A code that only begins so is taken where one record alone
        does; NotFound names codes that begin alike.
        """
        reading = self._holdings.read()
        try:
            record = records.resolve(reading, ref)
        except NotFound as fault:
            if (row := catalogue_shown.shown_row(reading, ref)) is not None:
                return row
            from holdings import search_desk

            record = records.by_number(reading, search_desk.only_begun(reading, Access.whole(), ref, fault))
        return self._shown(reading, record, query)

    def described(self, number: int) -> dict[str, Any]:
        """The same of a record by its number, without the texts of its pages: what a page of the reading room shows."""
        reading = self._holdings.read()
        return self._shown(reading, records.by_number(reading, number), None)

    def files(self, number: int) -> list[Page]:
        """The files of a record's current version, in order, with what the vault found of each."""
        reading = self._holdings.read()
        record = records.by_number(reading, number)
        return opened.pages(reading, self._log_of(reading, record.writer), record.id, record.version)

    def _shown(self, reading: apsw.Connection, record: StoredRecord, query: str | None) -> dict[str, Any]:
        """A record as it is told; `query` None: without texts."""
        log_id = self._log_of(reading, record.writer)
        body = records.body(reading, record)
        brought = opened.versions(reading, log_id, record.id)
        read = _unread if query is None else self._reading(reading, record, opened.texts(reading, log_id, record.id), query)
        pages = opened.pages(reading, log_id, record.id, record.version)
        return {
            "ref": record.ref,
            "id": record.id.hex(),
            "title": record.title,
            "level": record.level.label,
            **self._custody(log_id, record),
            "custody_papers": self._papers(reading, record),
            "version": record.version,
            "elements": dict(body.elements),
            "set": self._set(reading, record, body),
            "void": {"reason": body.void.reason, "by": body.void.person, "time": body.void.time} if body.void else None,
            "versions": [asdict(v) for v in records.versions(reading, record)],
            "explanation": asdict(body.explanation) if body.explanation else None,
            "former_codes": lineage.former_codes(reading, record.number),
            "relations": [
                {"kind": r.kind.label, "id": r.record.hex(), "ref": r.reference_code, "note": r.note}
                for r in lineage.relations(reading, record.number)
            ],
            "receipts": self._receipts(log_id, sorted({seq for _, seq, _ in brought})),
            "findings": [f"第 {version} 版：{_REASONS.get(code, code)}" for version, _, code in brought if code],
            "pages": [{**_page(page), **read(page.sha256)} for page in pages],
        }

    def _custody(self, log_id: bytes, record: StoredRecord) -> dict[str, Any]:
        """Who holds the record, and the acts that led there."""
        from hub import custody_shown  # here: a hub starts without it

        return custody_shown.custody(self._front.read(), log_id, self._genesis.log_id, record)

    @staticmethod
    def _papers(reading: apsw.Connection, record: StoredRecord) -> list[dict[str, Any]]:
        """The registers of hand-overs that the record stands on, with what is attached to them."""
        from hub import custody_shown  # here: a hub starts without it

        return custody_shown.papers(reading, record)

    def _set(self, reading: apsw.Connection, record: StoredRecord, body: Description) -> dict[str, Any] | None:
        """The set 组照 of a photo, as its node tells it."""
        from holdings import photo_set  # here: a hub starts without it

        found = photo_set.of_record(reading, record.reference_code, body.elements, self._site, record.writer)
        return asdict(found) if found else None

    @staticmethod
    def _reading(
        reading: apsw.Connection, record: StoredRecord, plain: dict[bytes, str], query: str
    ) -> Callable[[bytes], dict[str, Any]]:
        """What tells the text of a file: as it was read with places or, by an older node, without."""
        from holdings import page_reading  # here: a hub starts without it

        marking = page_reading.marking(query)

        def told(sha256: bytes) -> dict[str, Any]:
            found = page_reading.told(reading, record.number, sha256, marking)
            if found["text"] or not (text := plain.get(sha256)):
                return found
            return {**found, "text": text, "marks": [list(mark) for mark in marking(text)]}

        return told

    def _receipts(self, log_id: bytes, seqs: list[int]) -> list[dict[str, Any]]:
        found, reading = [], self._front.read()
        for seq in seqs:
            for grade in Grade:
                if (raw := logs.receipt_at(reading, log_id, seq, grade)) is not None:
                    said = receipt.read(self._genesis.signing_key, raw, hub_id=self._genesis.log_id, log_id=log_id)
                    found.append(
                        {
                            "grade": grade.name,
                            "label": _LABELS[grade],
                            "seq": seq,
                            "wall": said.wall,
                            "exceptions": len(said.exceptions),
                        }
                    )
        return found

    @staticmethod
    def _log_of(connection: apsw.Connection, writer: str) -> bytes:
        for log_id, name in opened.writers(connection).items():
            if name == writer:
                return log_id
        raise DamageFound(f"holdings.db 中没有写者“{writer}”的日志。请从备份恢复。")

    # ------------------------------------------------------------------ export

    def listed(self, ref: str | None = None, after: Number = 0) -> dict[str, Any]:
        """Records to export, a page at a time: `next` is the `after` of the following page, None at the end.

        `shared` tells that another writer's record bears the same code, so that a folder of that name would hold two records.
        """
        reading = self._holdings.read()
        batch = [records.resolve(reading, ref)] if ref else records.walk(reading, after=after, limit=BATCH)
        found = [self._listed(reading, record) for record in batch]
        return {"records": found, "next": batch[-1].number if batch and not ref else None}

    def _listed(self, reading: apsw.Connection, record: StoredRecord) -> dict[str, Any]:
        log_id = self._log_of(reading, record.writer)
        pages = opened.pages(reading, log_id, record.id, record.version)
        return {
            "number": record.number,
            "ref": record.ref,
            "code": record.reference_code,
            "writer": record.writer,
            "id": record.id.hex(),
            "shared": records.bearers(reading, record.match_key) > 1,
            "files": [
                {
                    "position": p.position,
                    "name": p.name,
                    "sha256": p.sha256.hex(),
                    "bytes": p.part.size if p.part else 0,
                    "destroyed": p.part is None,
                }
                for p in pages
            ],
        }

    def file(self, ref: str, position: Number) -> Iterator[bytes]:
        """The bytes of one file of a record's current version (`ref` best as `id:HEX`).

        Raises:
            DamageFound: the bytes are not the file, or its keys were dropped.
        """
        reading = self._holdings.read()
        record = records.resolve(reading, ref)
        for page in opened.pages(reading, self._log_of(reading, record.writer), record.id, record.version):
            if page.position == position and page.part is not None:
                return self._vault.read(page.part)
        raise DamageFound(f"“{record.ref}”没有第 {position + 1} 个文件，或它已被销毁。")


def _unread(_: bytes) -> dict[str, Any]:
    """Of texts that are not asked for."""
    return {}


def _page(page: Page) -> dict[str, Any]:
    part = page.part
    return {
        "name": page.name,
        "media_type": part.media_type if part else "",
        "bytes": part.size if part else 0,
        "sha256": page.sha256.hex(),
        "exception": str(part.code) if part and part.code else ("destroyed" if part is None else ""),
    }
