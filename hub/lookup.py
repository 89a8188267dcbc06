"""Finding and showing what the vault has opened: search, show, and the list and bytes that an export takes (DESIGN §7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import apsw

from holdings import lineage, records
from holdings.records import StoredRecord
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

    def __init__(self, front: Database, holdings: Database, vault: Vault, genesis: Genesis, clock: Clock) -> None:
        self._front, self._holdings, self._vault, self._genesis, self._clock = front, holdings, vault, genesis, clock

    def search(self, query: str, limit: Number = 20) -> dict[str, Any]:
        """Plain search in titles and codes; the fields of DESIGN §7."""
        began = self._clock.monotonic()
        found = records.search_titles(self._holdings.read(), query, limit)
        hits = [{"ref": h.ref, "title": h.title, "level": h.level.label, "date": h.date, "score": h.score, "snippet": h.snippet} for h in found.hits]
        return {"hits": hits, "total": found.total, "capped": found.capped, "milliseconds": round((self._clock.monotonic() - began) * 1000, 1)}

    def show(self, ref: str) -> dict[str, Any]:
        """One record: versions, receipts, findings, pages; the fields of DESIGN §7."""
        reading = self._holdings.read()
        record = records.resolve(reading, ref)
        log_id = self._log_of(reading, record.writer)
        body = records.body(reading, record)
        brought = opened.versions(reading, log_id, record.id)
        texts = opened.texts(reading, log_id, record.id)
        pages = opened.pages(reading, log_id, record.id, record.version)
        return {
            "ref": record.ref,
            "id": record.id.hex(),
            "title": record.title,
            "level": record.level.label,
            "custody": f"{record.writer}保管（报送）",
            "version": record.version,
            "elements": dict(body.elements),
            "void": {"reason": body.void.reason, "by": body.void.person, "time": body.void.time} if body.void else None,
            "versions": [asdict(v) for v in records.versions(reading, record)],
            "former_codes": lineage.former_codes(reading, record.number),
            "relations": [{"kind": r.kind.label, "id": r.record.hex(), "ref": r.reference_code, "note": r.note} for r in lineage.relations(reading, record.number)],
            "receipts": self._receipts(log_id, sorted({seq for _, seq, _ in brought})),
            "findings": [f"第 {version} 版：{_REASONS.get(code, code)}" for version, _, code in brought if code],
            "pages": [_page(page, texts) for page in pages],
        }

    def _receipts(self, log_id: bytes, seqs: list[int]) -> list[dict[str, Any]]:
        found, reading = [], self._front.read()
        for seq in seqs:
            for grade in Grade:
                if (raw := logs.receipt_at(reading, log_id, seq, grade)) is not None:
                    said = receipt.read(self._genesis.signing_key, raw, hub_id=self._genesis.log_id, log_id=log_id)
                    found.append({"grade": grade.name, "label": _LABELS[grade], "seq": seq, "wall": said.wall, "exceptions": len(said.exceptions)})
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
                {"position": p.position, "name": p.name, "sha256": p.sha256.hex(), "bytes": p.part.size if p.part else 0, "destroyed": p.part is None}
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


def _page(page: Page, texts: dict[bytes, str]) -> dict[str, Any]:
    part = page.part
    return {
        "name": page.name,
        "media_type": part.media_type if part else "",
        "bytes": part.size if part else 0,
        "sha256": page.sha256.hex(),
        "text": texts.get(page.sha256, ""),
        "exception": str(part.code) if part and part.code else ("destroyed" if part is None else ""),
    }
