"""Verbs of reading 识读: run, status, pause, cancel, read again, lists of what failed and what is doubtful, a page's text and its correction."""

from __future__ import annotations

from typing import Literal

from holdings import facts_store, records, text_store
from holdings.record import RecordId
from holdings.stored_record import StoredRecord
from node import reading_pages, reading_worker
from node import reading_queue as queue
from node.errors import NodeError
from node.reading import Reading
from node.reading_pages import RecordPage
from node.reading_queue import Figure, PartState
from node.verbs import Answer, Verbs
from sync import sealed

PAGES_AT_ONCE = 200
DOUBTS_MAX = 10_000
"""Doubtful pages counted; more are told as this many."""


class ReadingVerbs(Verbs):
    """`ref` is a REF, `page` a page's number in the record, its file name or `文件名#页`."""

    def reading_run(self, limit: int = PAGES_AT_ONCE) -> Answer:
        """Read up to `limit` pages now, whatever the hours, and put them into a delta; `waiting` says that there is more."""
        if not self._engine.reading_busy.acquire(blocking=False):
            raise NodeError("本机正在识读；进度见 node reading status。")
        try:
            counts = Reading(self._engine).run(self._engine.cancel.is_set, limit=limit, always=True, ship_all=True)
        finally:
            self._engine.reading_busy.release()
        self._wake()
        return {
            "pages": counts.pages, "failed": counts.failed, "reused": counts.reused, "shipped": counts.shipped, "waiting": counts.waiting,
            "note": counts.note,
        }  # fmt: skip

    def reading_status(self) -> Answer:
        """Pages read, waiting and failed, how fast it goes and how long it takes, and why it stands."""
        reading, work = self._home.database.read(), Reading(self._engine)
        waiting, rate = queue.figure(reading, Figure.WAITING), queue.figure(reading, Figure.RATE)
        return {
            "waiting": waiting, "read": queue.figure(reading, Figure.READ), "failed": queue.figure(reading, Figure.FAILED),
            "outbox": queue.figure(reading, Figure.OUTBOX), "doubtful": text_store.count_doubtful(reading, work.rule.doubt_below, DOUBTS_MAX),
            "pages_per_hour": rate, "hours_left": round(waiting / rate, 1) if rate and waiting else None if waiting else 0,
            "paused": bool(queue.figure(reading, Figure.PAUSED)), "running": self._engine.reading_busy.locked(), "hours": list(work.rule.hours),
            "in_hours": work.in_hours(), "workers": work.workers, "engine": reading_worker.absent(),
        }  # fmt: skip

    def reading_pause(self, paused: bool = True) -> Answer:
        """Pause or resume; what is under way ends with its page."""
        with self._home.database.transaction() as connection:
            queue.set_figure(connection, Figure.PAUSED, int(paused))
        self._wake()
        return {"paused": paused}

    def reading_cancel(self, ref: str) -> Answer:
        """Pages of a record that wait are not read; what was read stays."""
        with self._home.database.transaction() as connection:
            record = records.resolve(connection, ref)
            some = [
                queue.move_all(connection, state, PartState.CANCELLED, bytes(record.id))
                for state in (PartState.WAITING, PartState.BEHIND)
            ]
        return {"ref": record.reference_code, "parts": sum(some)}

    def reading_retry(self, ref: str = "") -> Answer:
        """Pages that failed or were cancelled wait again: of one record, or all."""
        with self._home.database.transaction() as connection:
            item = bytes(records.resolve(connection, ref).id) if ref else None
            parts = queue.read_again(connection, item)
        self._wake()
        return {"parts": parts}

    def reading_list(self, kind: Literal["failed", "doubtful", "waiting"] = "doubtful", limit: int = 100) -> Answer:
        """Pages that could not be read, with the reason; pages to correct, the least sure first; parts that wait."""
        reading = self._home.database.read()
        items: list[Answer] = []
        if kind == "failed":
            for fault in queue.faults(reading, limit):
                record = records.by_id(reading, RecordId(fault.part.item_id))
                if record is not None:
                    items.append(
                        {
                            **self._place(record, fault.part.sha256, fault.page),
                            "reason": fault.reason,
                            "time": fault.time,
                        }
                    )
        elif kind == "doubtful":
            for number, text in text_store.doubtful(reading, Reading(self._engine).rule.doubt_below, limit):
                record = records.by_number(reading, number)
                items.append(
                    {
                        **self._place(record, text.sha256, text.page),
                        "confidence": text.confidence / 10,
                        "text": text.text[:80],
                    }
                )
        else:
            for part in queue.waiting(reading, limit):
                record = records.by_id(reading, RecordId(part.item_id))
                if record is not None:
                    items.append({**self._place(record, part.sha256, part.next), "left": part.left})
        return {"kind": kind, "items": items}

    def _place(self, record: StoredRecord, sha256: bytes, page: int) -> Answer:
        parts = sealed.current(self._home.database.read(), bytes(record.id))
        name = next((part.name for part in parts if part.sha256 == sha256), "")
        return {"ref": record.reference_code, "file": name, "page": page + 1}

    def reading_show(self, ref: str, page: str = "") -> Answer:
        """The texts of a record's pages; of one page its lines with their boxes, and everything that was ever kept of it."""
        reading = self._home.database.read()
        record = records.resolve(reading, ref)
        found = reading_pages.pages_of(reading, record)
        states = {one.sha256: one.state.label for one in queue.parts_of(reading, bytes(record.id))}
        parts = sealed.current(reading, bytes(record.id))
        answer: Answer = {
            "ref": record.reference_code,
            "pages": [{**_told(one), "state": states.get(parts[one.position].sha256, "")} for one in found],
        }
        if page:
            chosen = reading_pages.find(found, page)
            sha256 = parts[chosen.source[0]].sha256
            kept = text_store.history(reading, record.number, sha256, chosen.source[1])
            lines = chosen.text.content.lines if chosen.text is not None else ()
            answer["page"] = {
                **_told(chosen),
                "lines": [
                    {"text": n.text, "box": list(n.box), "confidence": n.confidence, "vertical": n.vertical}
                    for n in lines
                ],
                "history": [
                    {
                        "revision": n.revision,
                        "engine": n.engine,
                        "by": n.person,
                        "time": n.time,
                        "confidence": n.confidence / 10,
                        "text": n.text,
                    }
                    for n in kept
                ],
            }
        return answer

    def reading_correct(self, ref: str, page: str, text: str, by: str, seen: int | None = None) -> Answer:
        """A person says what stands on a page; it goes before every engine and travels to the hub."""
        record, chosen, revision = reading_pages.correct(self._engine, ref, page, text, by, seen)
        self._wake()
        return {
            "ref": record.reference_code,
            "file": chosen.name,
            "page": chosen.page + 1,
            "number": chosen.number,
            "revision": revision,
        }


def _told(one: RecordPage) -> Answer:
    text = one.text
    return {
        "number": one.number, "file": one.name, "page": one.page + 1, "text": text.text if text else "", "engine": text.engine if text else "",
        "revision": text.revision if text else 0, "by": text.person if text else "", "confidence": text.confidence / 10 if text else None,
        "facts": facts_store.to_json(one.facts) if one.facts else {},
    }  # fmt: skip
