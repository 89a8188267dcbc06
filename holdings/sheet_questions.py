"""Samples for questions: the first different values of the columns that are asked about; never of a classified row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from holdings.security import MarkKind, SiteClass, parse_mark
from holdings.sheet_header import Header
from holdings.sheet_profile import Question
from holdings.table import RawRow

SAMPLES: Final = 3
SAMPLE_MAX: Final = 40  # characters
LOOK_WITHIN: Final = 200  # rows of a table that waits for an answer


class Sampler:
    """Collects samples while rows are read."""

    def __init__(self, header: Header, tab: str, questions: Iterable[Question] | None = None) -> None:
        self._questions = tuple(header.questions if questions is None else questions)
        self._tab = tab
        self._columns = [self._indices(header, question) for question in self._questions]
        self._samples: list[list[str]] = [[] for _ in self._questions]
        self._open = [at for at, columns in enumerate(self._columns) if columns]

    @property
    def hungry(self) -> bool:
        """Whether samples are still wanted."""
        return bool(self._open)

    def take(self, cells: Sequence[str]) -> None:
        """Take samples from a row that may be shown."""
        for at in self._open:
            samples = self._samples[at]
            for index in self._columns[at]:
                cell = cells[index][:SAMPLE_MAX] if index < len(cells) else ""
                if cell and cell not in samples and len(samples) < SAMPLES:
                    samples.append(cell)
        self._open = [at for at in self._open if len(self._samples[at]) < SAMPLES]

    def questions(self) -> list[Question]:
        """The questions with their samples."""
        return [
            msgspec.structs.replace(question, samples=tuple(samples), tab=self._tab)
            for question, samples in zip(self._questions, self._samples, strict=True)
        ]

    def _indices(self, header: Header, question: Question) -> tuple[int, ...]:
        """The columns a question is about."""
        if question.column:
            return (question.column - 1,)
        found = (header.index(name) for name in question.candidates)
        return tuple(index for index in found if index is not None)


def sampled(
    rows: Iterable[RawRow], header: Header, questions: Iterable[Question], tab: str, site: SiteClass
) -> list[Question]:
    """The questions of a table that waits for answers, with samples from its first rows that may be shown."""
    sampler = Sampler(header, tab, questions)
    for _, raw in zip(range(LOOK_WITHIN), rows, strict=False):
        if not sampler.hungry:
            break
        cells = [cell.strip() for cell in raw.cells]
        marks = [cells[i] if i < len(cells) and i not in raw.bad else "\ufffd" for i in header.marks]
        if raw.fault or (site is SiteClass.OPEN and any(parse_mark(m).kind is not MarkKind.OPEN for m in marks)):
            continue
        sampler.take(cells)
    return sampler.questions()
