"""Acceptance sampling 抽检 at a node: drawing from what is sealed, and page lists that come back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import apsw

from holdings import delivery, sample_sheet, sample_store, sampling
from holdings.delivery import Delivery, DeliveryState
from holdings.errors import DeliveryRefused
from holdings.sample_store import Judgement, Sample
from holdings.sampling import Candidate, Drawn, Scope, Unit
from holdings.site_data import SiteData
from node import deliveries, part_pages
from node.engine import Engine
from node.errors import ConfigurationWrong
from sync import durable

SHEET_MAX = 64 << 20
"""Bytes of a page list: 100,000 lines come to 6 MB."""


def draw(
    engine: Engine, name: str, by: str, *, seed: str, unit: Unit, rate: str, minimum: int | None, scope: Scope
) -> Sample:
    """Draw the pages of a delivery's present round and keep them.

    Args:
        seed: as thrown by somebody else; empty for one of this machine's. It is kept, so that anybody can draw again.
        rate: empty for the rule's; a lower one is refused (DA/T 31-2017 12.1.2).
        scope: CHANGED draws from the records that changed since the round before; pages that failed then are looked at
            again in any case.

    Raises:
        DeliveryRefused: what the rules of sampling do not allow.
    """
    rule, reading = sampling.rule(engine.home.site), engine.home.database.read()
    held = delivery.fetch(reading, name)
    if held.state in (DeliveryState.WITHDRAWN, DeliveryState.ACCEPTED):
        raise DeliveryRefused(f"批次“{name}”{held.state.label}，不再抽检")
    share = sampling.fraction(rate) if rate else rule.rate
    if share is None or share < rule.rate:
        raise DeliveryRefused(f"抽检率须不低于 {sampling.percent(rule.rate)}（DA/T 31-2017 12.1.2），不高于 100%")
    least = max(rule.minimum[unit], minimum or 0)
    chosen = seed.strip() or os.urandom(8).hex()
    every = (part for record in deliveries.sealed_records(reading, held.name) for part in deliveries.shown_parts(reading, record))
    part_pages.count(engine.home, engine.sandbox, every)
    reading = engine.home.database.read()
    drawn = _drawn(reading, held, chosen, unit, share, least, scope)
    with engine.home.database.transaction() as connection:
        return sample_store.keep(
            connection, held, drawn, seed=chosen, unit=unit, scope=scope, rate=share, minimum=least, person=by,
            now=int(engine.clock.now()),
        )  # fmt: skip


def _drawn(
    reading: apsw.Connection, held: Delivery, seed: str, unit: Unit, rate: Fraction, least: int, scope: Scope
) -> Drawn:
    """The draw itself; failed pages of the last round are added to what is drawn among the changed records."""
    if scope is Scope.ALL:
        return sampling.draw(lambda: deliveries.candidates(reading, held.name), held.name, seed, unit, rate, least)
    before = [one for one in sample_store.samples(reading, held) if one.round == held.round - 1]
    if not before:
        raise DeliveryRefused("没有上一轮的抽检；首轮请抽全批")
    since = before[0].drawn

    def changed() -> Iterator[Candidate]:
        return deliveries.candidates(reading, held.name, changed_since=since)

    again = {(page.reference_code, page.page) for page in sample_store.failed_before(reading, held)}
    must = [one for one in deliveries.candidates(reading, held.name) if (one.reference_code, one.page) in again]
    if not must and not any(True for _ in changed()):
        raise DeliveryRefused("上一轮之后没有整改过的页；请先由加工单位整改，或抽全批（--all）")
    drawn = (
        sampling.draw(changed, held.name, seed, unit, rate, least) if any(True for _ in changed()) else Drawn((), 0, 0)
    )
    pages = tuple(dict.fromkeys((*must, *drawn.pages)))
    return Drawn(pages, drawn.population_records, max(drawn.population_pages, len(pages)))


def import_sheet(engine: Engine, file: Path) -> tuple[Sample, int]:
    """Take the verdicts of a filled page list; (drawing, how many verdicts are new or changed). All or none.

    Raises:
        ConfigurationWrong: it cannot be read at all.
        SandboxRefused: it is no page list, with the row.
        DeliveryRefused, SheetUnreadable: a verdict says too little, or a line was changed.
    """
    try:
        with open(file, "rb", opener=lambda p, f: os.open(p, f | os.O_NOFOLLOW | os.O_NONBLOCK)) as source:
            data = source.read(SHEET_MAX + 1)
    except OSError as fault:
        raise ConfigurationWrong(f"抽检单 {file} 读不出：{fault.strerror or fault}") from fault
    if len(data) > SHEET_MAX:
        raise ConfigurationWrong(f"抽检单 {file.name} 超过 {SHEET_MAX >> 20} MiB")
    filled = sample_sheet.decode(engine.sandbox.call("holdings.sample_sheet:read_in_sandbox", data, file.name))
    with engine.home.database.transaction() as connection:
        sample = sample_store.fetch(connection, filled.sample)
        said = sample_sheet.judgements(filled, sample_store.pages(connection, sample))
        return sample, judge(connection, sample, said, int(engine.clock.now()), engine.home.site)


def judge(connection: apsw.Connection, sample: Sample, said: list[Judgement], now: int, site: SiteData) -> int:
    """Write verdicts, while the round that they belong to is the delivery's present one."""
    held = next(one for one in delivery.list_all(connection) if one.id == sample.delivery)
    if sample.round != held.round or held.state is DeliveryState.ACCEPTED:
        raise DeliveryRefused(f"抽检单 {sample.id} 属第 {sample.round} 轮，批次现为第 {held.round} 轮、{held.state.label}；旧结论不再改")
    return sample_store.judge(connection, sample, said, sampling.rule(site).faults, now)


def export(engine: Engine, number: int, destination: Path, *, only_failed: bool) -> int:
    """Write the page list, or the 整改通知单 of the failed pages, as xlsx; how many pages stand in it."""
    reading = engine.home.database.read()
    sample = sample_store.fetch(reading, number)
    held = next(one for one in delivery.list_all(reading) if one.id == sample.delivery)
    pages = sample_store.pages(reading, sample)
    durable.write_file(
        destination, sample_sheet.write(held, sample, pages, sampling.rule(engine.home.site).faults, only_failed=only_failed)
    )
    destination.chmod(0o644)
    return sum(page.verdict is sampling.PageVerdict.FAILED for page in pages) if only_failed else len(pages)
