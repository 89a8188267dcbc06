"""合格率 and 一次合格率: per delivery and per contractor; pure.

The rate of a round counts every drawing of that round that is judged whole. 一次合格率 is the rate of round 1: what a
contractor got right before anybody sent it back.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from msgspec import Struct

from holdings.sampling import SampleResult, Unit


class Judged(Struct, frozen=True):
    """A drawing that is judged whole: of whose delivery, in which round, with what result."""

    contractor: str
    delivery: str
    round: int
    result: SampleResult


class ContractorRates(Struct, frozen=True):
    """What a contractor's judged deliveries come to. `deliveries` are those judged, `first_time` those of them that
    passed in round 1."""

    contractor: str
    deliveries: int
    first_time: int
    pages: int
    failed: int
    rate: Fraction | None
    first_rate: Fraction | None


def rate(results: Iterable[SampleResult]) -> Fraction | None:
    """Passed ÷ judged over several drawings, each in the unit that was drawn; None when nothing is judged whole."""
    judged = failed = 0
    for one in results:
        if not one.complete:
            continue
        pages = one.unit is Unit.PAGES
        judged += one.judged if pages else one.records_judged
        failed += one.failed if pages else one.records_failed
    return Fraction(judged - failed, judged) if judged else None


def by_contractor(drawings: Iterable[Judged]) -> list[ContractorRates]:
    """The rates of each contractor, by name; a delivery's last round gives its rate, its first the 一次合格率."""
    groups: dict[str, list[Judged]] = {}
    for one in drawings:
        if one.result.complete and one.result.pages:
            groups.setdefault(one.contractor, []).append(one)
    return [_rates(name, group) for name, group in sorted(groups.items())]


def _rates(contractor: str, group: list[Judged]) -> ContractorRates:
    """One contractor's."""
    last: dict[str, int] = {}
    for one in group:
        last[one.delivery] = max(one.round, last.get(one.delivery, 0))
    first = [one for one in group if one.round == 1]
    latest = [one for one in group if one.round == last[one.delivery]]
    failed_first = {one.delivery for one in first if not one.result.passed}
    return ContractorRates(
        contractor,
        len(last),
        len({one.delivery for one in first} - failed_first),
        sum(one.result.judged for one in latest),
        sum(one.result.failed for one in latest),
        rate(one.result for one in latest),
        rate(one.result for one in first),
    )
