"""Samples for questions: the first different values of the columns that are asked about; never of a classified row."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from holdings.columns import Columns
from holdings.sheet_header import Header, silent_columns
from holdings.sheet_mark import RowMark
from holdings.sheet_profile import Question
from holdings.sheet_totals import is_total
from holdings.table import RawRow

SAMPLES: Final = 3
SAMPLE_MAX: Final = 40  # characters
LOOK_WITHIN: Final = 200  # rows of a table that waits for an answer


class Sampler:
    """Collects samples while rows are read."""

    def __init__(
        self, header: Header, tab: str, questions: Iterable[Question] | None = None, silent: Collection[str] = ()
    ) -> None:
        """`silent`: columns that hold personal information; no sample is taken of them."""
        self._questions = tuple(header.questions if questions is None else questions)
        self._tab = tab
        self._columns = [_indices(header, question) for question in self._questions]
        self._names = header.ids
        self._samples: dict[int, list[str]] = {index: [] for columns in self._columns for index in columns}
        self._open = [(index, samples) for index, samples in self._samples.items() if header.ids[index] not in silent]

    @property
    def hungry(self) -> bool:
        """Whether samples are still wanted."""
        return bool(self._open)

    def take(self, cells: Sequence[str]) -> None:
        """Take samples from a row that may be shown."""
        for index, samples in self._open:
            cell = cells[index][:SAMPLE_MAX] if index < len(cells) else ""
            if cell and cell not in samples:
                samples.append(cell)
        self._open = [(index, samples) for index, samples in self._open if len(samples) < SAMPLES]

    def questions(self) -> list[Question]:
        """The questions with their samples; where several columns are asked about, each sample says whose it is."""
        return [
            replace(question, samples=self._of(columns, one=bool(question.column)), tab=self._tab)
            for question, columns in zip(self._questions, self._columns, strict=True)
        ]

    def _of(self, columns: tuple[int, ...], *, one: bool) -> tuple[str, ...]:
        """Samples of the columns a question is about."""
        if one:
            return tuple(sample for index in columns for sample in self._samples[index])
        told = ((self._names[index], self._samples[index]) for index in columns)
        return tuple(f"{name}：{'、'.join(samples)}" for name, samples in told if samples)


def _indices(header: Header, question: Question) -> tuple[int, ...]:
    """The columns a question is about."""
    if question.column:
        return (question.column - 1,)
    found = (header.index(name) for name in question.candidates)
    return tuple(index for index in found if index is not None)


def sampled(
    rows: Iterable[RawRow], header: Header, questions: Iterable[Question], tab: str, marks: RowMark,
    defaults: Mapping[str, str], table: Columns,
) -> list[Question]:  # fmt: skip
    """The questions of a table that waits for answers, with samples from its first rows that may be shown."""
    sampler = Sampler(header, tab, questions, silent_columns(header, table))
    for _, raw in zip(range(LOOK_WITHIN), rows, strict=False):
        if not sampler.hungry:
            break
        cells = [cell.strip() for cell in raw.cells] + [""] * (len(header.names) - len(raw.cells))
        if raw.fault or marks.withholds(marks.judge(raw, cells, defaults)[0]) or is_total(cells, table):
            continue
        sampler.take(cells)
    return sampler.questions()
