"""Verbs of 查档窗口: register, decide, copy, certify, the day's register and figures."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

from msgspec.structs import asdict

from holdings import reading_request as requests
from holdings import reading_request_store as register
from holdings.errors import ReadingRefused
from holdings.reading_request import Document
from node.counter import Counter
from node.errors import ConfigurationWrong
from node.verbs import Answer, Verbs
from sync import durable
from sync.errors import StoreError


class CounterVerbs(Verbs):
    """`number` is a request's, `by` who serves the visitor. An identity number is masked before it is stored, and stored nowhere else."""

    def counter_rules(self) -> Answer:
        """Purposes and documents that may be chosen."""
        law = requests.rules(self._home.site)
        shown = [one for one in Document if one is not Document.ACCOUNT]
        return {"purposes": dict(law.purposes), "documents": {one.value: one.label for one in shown}, "days": law.days}

    def counter_register(
        self, visitor: str, document: str, purpose: str, by: str, identity: str = "", subject: str = "", refs: list[str] | None = None,
        unit: str = "", letter: str = "", persons: int = 1,
    ) -> Answer:  # fmt: skip
        """登记: `identity` is the number of the document, `refs` the records that are asked for."""
        counter = Counter(self._engine)
        if document not in set(Document) - {Document.ACCOUNT}:
            raise ReadingRefused("请选择证件：居民身份证、护照、港澳台通行证、工作证或介绍信")
        who = counter.applicant(visitor, Document(document), identity, unit, letter, persons)
        return counter.told(counter.enter(who, purpose, subject, refs or [], by))

    def counter_decide(
        self, number: int, allow: bool, by: str, reason: str = "", days: int = 0, refs: list[str] | None = None
    ) -> Answer:
        """准予利用 or 不予利用 with a reason; `refs` says which records are meant where the request only describes them."""
        counter, now = Counter(self._engine), self._seconds()
        asked = [counter.asked(ref) for ref in refs] if refs else None

        def step(one: requests.Request) -> requests.Request:
            if allow:
                return requests.approve(one, by=by, now=now, law=counter.law, days=days, asked=asked)
            return requests.refuse(one, reason, by=by, now=now, law=counter.law)

        with self._home.database.transaction() as connection:
            return counter.told(register.change(connection, number, step, now))

    def counter_end(self, number: int, act: Literal["close", "withdraw"], by: str) -> Answer:
        """办结, or 撤回 before it is decided."""
        counter, now = Counter(self._engine), self._seconds()

        def step(one: requests.Request) -> requests.Request:
            return requests.close(one, now=now) if act == "close" else requests.withdraw(one, by=by, now=now)

        with self._home.database.transaction() as connection:
            return counter.told(register.change(connection, number, step, now))

    def counter_day(self, day: str = "") -> Answer:
        """The register of a day (`2026-05-20`, blank: today) and its figures: requests, 人次, 卷件次, 复制页 by purpose."""
        counter = Counter(self._engine)
        at = self._day(day)
        found, used = counter.day(at)
        figures = [{**asdict(one), "label": counter.law.purposes.get(one.purpose, one.purpose)} for one in used]
        total = {name: sum(getattr(one, name) for one in used) for name in ("requests", "persons", "records", "copies")}
        return {
            "day": at.isoformat(),
            "requests": [counter.told(one) for one in found],
            "figures": figures,
            "total": total,
        }

    def counter_show(self, number: int) -> Answer:
        """One request."""
        counter = Counter(self._engine)
        return counter.told(register.get(self._home.database.read(), number))

    def counter_copy(self, number: int, ref: str, destination: str, by: str, pages: list[int] | None = None) -> Answer:
        """Pages of a record (none named: all) as PDF with watermark, source and number; they are counted."""
        paper, count = Counter(self._engine).copy(number, ref, pages or [], by)
        _write(destination, paper)
        return {"file": destination, "pages": count}

    def counter_certificate(self, number: int, destination: str, by: str) -> Answer:
        """查档证明 as PDF; it keeps its number however often it is printed."""
        paper, request = Counter(self._engine).certificate(number, by)
        _write(destination, paper)
        return {"file": destination, "certificate": request.certificate}

    def counter_ledger(self, destination: str, by: str, day: str = "") -> Answer:
        """The register of a day with its figures as PDF."""
        counter, at = Counter(self._engine), self._day(day)
        found, used = counter.day(at)
        # Here: what sets papers is large, and the register is looked at all day.
        from holdings import reading_paper

        _write(destination, reading_paper.ledger(at.isoformat(), found, used, counter.law, counter.heading(by)))
        return {"file": destination, "day": at.isoformat(), "requests": len(found)}

    def _day(self, text: str) -> dt.date:
        try:
            return dt.date.fromisoformat(text) if text else register.day_of(self._seconds())
        except ValueError as fault:
            raise ConfigurationWrong(f"日期“{text[:20]}”应写作 2026-05-20") from fault


def _write(destination: str, paper: bytes) -> None:
    try:
        durable.write_file(Path(destination), paper)
    except (OSError, StoreError) as fault:
        raise ConfigurationWrong(f"{destination} 写不进去：{fault}。请换一个目标，或检查权限与空间。") from fault
