"""Drawings of acceptance sampling 抽检 and their verdicts: tables `sample` and `sample_page`.

Functions run inside the caller's transaction. Drawings and earlier verdicts stay when a delivery comes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

import apsw
from msgspec import Struct

from holdings.delivery import Delivery
from holdings.errors import DeliveryRefused, NotFound
from holdings.quarantine import REASON_MAX
from holdings.record import NAME_MAX
from holdings.sampling import Drawn, Fault, PageVerdict, SampleResult, Scope, Unit, result

_SELECT: Final = (
    "SELECT id, delivery, round, seed, unit, scope, rate, minimum, records, pages, drawn, person FROM sample"
)
_PAGE: Final = "SELECT position, reference_code, page, sha256, verdict, fault, remark, person, judged FROM sample_page"


class Sample(Struct, frozen=True):
    """One drawing: for which round, with which seed and rule, out of how many records and pages, by whom and when."""

    id: int
    delivery: int
    round: int
    seed: str
    unit: Unit
    scope: Scope
    rate: Fraction
    minimum: int
    records: int
    pages: int
    drawn: int
    person: str


class SampledPage(Struct, frozen=True):
    """A page of a drawing, `position` from 1, and what was said of it; `judged` is whole seconds UTC."""

    position: int
    reference_code: str
    page: str
    sha256: bytes
    verdict: PageVerdict
    fault: str
    remark: str
    person: str
    judged: int | None


class Judgement(Struct, frozen=True):
    """What a person says of one page."""

    position: int
    verdict: PageVerdict
    fault: str = ""
    remark: str = ""
    person: str = ""


def keep(
    connection: apsw.Connection, held: Delivery, drawn: Drawn, *, seed: str, unit: Unit, scope: Scope, rate: Fraction,
    minimum: int, person: str, now: int,
) -> Sample:  # fmt: skip
    """Keep a drawing. The same seed in the same round is the same drawing: DeliveryRefused rather than a second try at
    luck; so is a drawing while another of this round is unfinished."""
    if not 1 <= len(person.strip()) <= NAME_MAX:
        raise DeliveryRefused("抽检须写明抽取人：--by 姓名")
    for other in samples(connection, held):
        if other.round == held.round and not judgement(connection, other, Fraction(1)).complete:
            raise DeliveryRefused(f"第 {held.round} 轮的抽检单 {other.id} 还没有检完；请先填完结论再另抽")
        if other.round == held.round and other.seed == seed:
            raise DeliveryRefused(f"第 {held.round} 轮已用种子“{seed}”抽过（抽检单 {other.id}）；请换一个种子")
    connection.execute(
        "INSERT INTO sample(delivery, round, seed, unit, scope, rate, minimum, records, pages, drawn, person)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            held.id, held.round, seed, int(unit), int(scope), str(rate), minimum, drawn.population_records,
            drawn.population_pages, now, person.strip(),
        ),
    )  # fmt: skip
    number = connection.last_insert_rowid()
    connection.executemany(
        "INSERT INTO sample_page(sample, position, reference_code, page, sha256) VALUES (?, ?, ?, ?, ?)",
        ((number, n, one.reference_code, one.page, one.sha256) for n, one in enumerate(drawn.pages, 1)),
    )
    return fetch(connection, number)


def fetch(connection: apsw.Connection, number: int) -> Sample:
    """A drawing by its number; NotFound when there is none."""
    row = connection.execute(_SELECT + " WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise NotFound(f"没有抽检单 {number}；用 node sample list 查看")
    return _sample(row)


def samples(connection: apsw.Connection, held: Delivery | None = None) -> list[Sample]:
    """Drawings of a delivery, or of all, oldest first."""
    rows = connection.execute(_SELECT + " WHERE ?1 IS NULL OR delivery = ?1 ORDER BY id", (held.id if held else None,))
    return [_sample(row) for row in rows]


def pages(connection: apsw.Connection, sample: Sample) -> list[SampledPage]:
    """The pages of a drawing in their order."""
    rows = connection.execute(_PAGE + " WHERE sample = ? ORDER BY position", (sample.id,))
    return [_page(row) for row in rows]


def failed_before(connection: apsw.Connection, held: Delivery) -> list[SampledPage]:
    """Pages that failed in the round before the delivery's present one: they are looked at again in any case."""
    rows = connection.execute(
        _PAGE + " WHERE verdict = 2 AND sample IN (SELECT id FROM sample WHERE delivery = ? AND round = ?)"
        " ORDER BY sample, position",
        (held.id, held.round - 1),
    )
    return [_page(row) for row in rows]


def judge(
    connection: apsw.Connection, sample: Sample, said: Iterable[Judgement], faults: Mapping[str, Fault], now: int
) -> int:
    """Write verdicts; returns how many differ from what stood there. All or none.

    DeliveryRefused for a page that is not in the sample, a failed page without a known fault code, a fault on a passed
    page, a verdict without a name.
    """
    held = {page.position: page for page in pages(connection, sample)}
    changed = 0
    for one in said:
        page = held.get(one.position)
        if page is None:
            raise DeliveryRefused(f"抽检单 {sample.id} 没有第 {one.position} 号；请核对是否为这一张单")
        _check(one, page, faults)
        now_said = (one.verdict, one.fault, one.remark.strip(), one.person.strip())
        if now_said == (page.verdict, page.fault, page.remark, page.person):
            continue
        changed += 1
        connection.execute(
            "UPDATE sample_page SET verdict = ?, fault = ?, remark = ?, person = ?, judged = ?"
            " WHERE sample = ? AND position = ?",
            (int(one.verdict), *now_said[1:], now, sample.id, one.position),
        )
    return changed


def judgement(connection: apsw.Connection, sample: Sample, pass_rate: Fraction) -> SampleResult:
    """How a drawing stands."""
    rows = connection.execute("SELECT reference_code, verdict FROM sample_page WHERE sample = ?", (sample.id,))
    return result(sample.unit, ((code, PageVerdict(verdict)) for code, verdict in rows), pass_rate)


def _check(one: Judgement, page: SampledPage, faults: Mapping[str, Fault]) -> None:
    """Refuse a judgement that says too little or contradicts itself."""
    where = f"第 {one.position} 号（{page.reference_code}，{page.page}）"
    if one.verdict is PageVerdict.FAILED and one.fault not in faults:
        raise DeliveryRefused(f"{where}不合格须写问题代码，可用：{'、'.join(faults)}")
    if one.verdict is not PageVerdict.FAILED and one.fault:
        raise DeliveryRefused(f"{where}写了问题代码 {one.fault}，结论却不是“不合格”")
    if one.verdict is not PageVerdict.NONE and not one.person.strip():
        raise DeliveryRefused(f"{where}须写检查人姓名")
    if one.fault == "Q99" and not one.remark.strip():
        raise DeliveryRefused(f"{where}问题代码 Q99（其他）须写说明")
    if len(one.remark) > REASON_MAX or len(one.person) > NAME_MAX:
        raise DeliveryRefused(f"{where}说明不超过 {REASON_MAX} 字，姓名不超过 {NAME_MAX} 字")


def _sample(row: tuple[Any, ...]) -> Sample:
    """Build a drawing from `_SELECT`."""
    number, delivery, rounds, seed, unit, scope, rate, *rest = row
    return Sample(number, delivery, rounds, seed, Unit(unit), Scope(scope), Fraction(rate), *rest)


def _page(row: tuple[Any, ...]) -> SampledPage:
    """Build a page from `_PAGE`."""
    position, code, page, sha256, verdict, *rest = row
    return SampledPage(position, code, page, sha256, PageVerdict(verdict), *rest)
