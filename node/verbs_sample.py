"""Verbs about acceptance sampling 抽检."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from holdings import delivery, sample_store, sampling
from holdings.sample_store import Judgement, SampledPage
from holdings.sampling import PageVerdict, Scope, Unit
from node import deliveries, samples
from node.errors import ConfigurationWrong
from node.part_pages import of_page
from node.verbs import Answer, Verbs
from sync.errors import StoreError


class SampleVerbs(Verbs):
    """Draw, list, judge, print, read back. `by` is the name of who draws or judges."""

    def sample_draw(
        self,
        name: str,
        by: str,
        seed: str = "",
        unit: Literal["pages", "records"] = "pages",
        rate: str = "",
        minimum: int | None = None,
        scope: Literal["all", "changed"] = "all",
    ) -> Answer:
        """抽取 the pages of a delivery's present round."""
        sample = samples.draw(
            self._engine, name, by, seed=seed, unit=Unit[unit.upper()], rate=rate, minimum=minimum, scope=Scope[scope.upper()]
        )
        return self.sample_show(sample.id)

    def sample_list(self, name: str | None = None) -> Answer:
        """Drawings of a delivery, or of all."""
        reading, rule = self._home.database.read(), sampling.rule(self._home.site)
        names = {one.id: one.name for one in delivery.list_all(reading)}
        held = delivery.fetch(reading, name) if name else None
        return {
            "samples": [
                {"delivery": names[one.delivery], **msgspec.to_builtins(deliveries.summary(reading, one, rule))}
                for one in sample_store.samples(reading, held)
            ]
        }

    def sample_show(self, number: int) -> Answer:
        """One drawing with its pages."""
        reading = self._home.database.read()
        sample = sample_store.fetch(reading, number)
        name = next(one.name for one in delivery.list_all(reading) if one.id == sample.delivery)
        summary = msgspec.to_builtins(deliveries.summary(reading, sample, sampling.rule(self._home.site)))
        return {"delivery": name, **summary, "list": [_page(page) for page in sample_store.pages(reading, sample)]}

    def sample_faults(self) -> Answer:
        """Fault codes that a checker may write."""
        return {"faults": msgspec.to_builtins(dict(sampling.rule(self._home.site).faults))}

    def sample_verdict(
        self,
        number: int,
        positions: list[int],
        verdict: Literal["passed", "failed", "none"],
        by: str = "",
        fault: str = "",
        remark: str = "",
    ) -> Answer:
        """Say of pages of a drawing whether they pass; an empty list of positions means every page that has no verdict yet."""
        with self._home.database.transaction() as connection:
            sample = sample_store.fetch(connection, number)
            chosen = positions or [
                page.position for page in sample_store.pages(connection, sample) if page.verdict is PageVerdict.NONE
            ]
            said = [Judgement(at, PageVerdict[verdict.upper()], fault, remark, by) for at in chosen]
            changed = samples.judge(connection, sample, said, self._seconds(), self._home.site)
        return {**self._sample_now(number), "changed": changed}

    def sample_import(self, file: str) -> Answer:
        """Take the verdicts of a page list that was filled in."""
        sample, changed = samples.import_sheet(self._engine, Path(file))
        return {**self._sample_now(sample.id), "changed": changed}

    def sample_export(self, number: int, destination: str, only_failed: bool = False) -> Answer:
        """Write the page list 抽检单 (or the 整改通知单 of what failed) as xlsx."""
        try:
            pages = samples.export(self._engine, number, Path(destination), only_failed=only_failed)
        except (OSError, StoreError) as fault:
            raise ConfigurationWrong(f"{destination} 写不进去：{fault}。请换一个目标，或检查权限与空间。") from fault
        return {"sample": number, "file": destination, "pages": pages}

    def _sample_now(self, number: int) -> Answer:
        """A drawing without its pages."""
        shown = self.sample_show(number)
        shown.pop("list")
        return shown


def _page(page: SampledPage) -> Answer:
    """A page of a drawing as JSON; `number` is its place within `file`, 0 for a file that is one page."""
    file, number = of_page(page.page)
    return {
        "position": page.position, "ref": page.reference_code, "page": page.page, "file": file, "number": number, "sha256": page.sha256.hex(),
        "verdict": page.verdict.name.lower(), "verdict_label": page.verdict.label, "fault": page.fault, "remark": page.remark,
        "by": page.person, "judged": page.judged,
    }  # fmt: skip
