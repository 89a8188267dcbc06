"""Counting repairs of a sheet, made or possible, with examples that are only taken from rows that may be shown; pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from holdings.sheet_profile import Proposal, Repair, RepairKind

EXAMPLES: Final = 3  # of each repair
EXAMPLE_MAX: Final = 60  # characters of an example


class RepairTally:
    """Counts by column and kind. What is noted of a row waits until `settle` says whether it may be shown."""

    def __init__(self, tab: str, silent: Collection[str] = ()) -> None:
        """`silent`: columns whose cells are no examples, because they hold personal information."""
        self._tab, self.silent = tab, silent
        self._counts: dict[tuple[str, RepairKind, bool], int] = {}
        self._examples: dict[tuple[str, RepairKind, bool], list[tuple[int, str, str]]] = {}
        self._widths: dict[str, int] = {}
        self.waiting: list[tuple[str, RepairKind, bool, str, str]] = []
        """What was noted of the current row."""

    def found(self, column: str, kind: RepairKind, before: str, after: str) -> None:
        """A cell of the current row that could be repaired; `after` is blank when it is not known what it would become."""
        self.waiting.append((column, kind, False, before, after))

    def did(self, column: str, kind: RepairKind, before: str, after: str) -> None:
        """A cell of the current row that was repaired as agreed."""
        self.waiting.append((column, kind, True, before, after))

    def settle(self, number: int, *, shown: bool) -> None:
        """Count what was noted of row `number`; examples are taken from it only when it may be shown."""
        for column, kind, agreed, before, after in self.waiting:
            key = (column, kind, agreed)
            self._counts[key] = self._counts.get(key, 0) + 1
            examples = self._examples.setdefault(key, [])
            if shown and after and len(examples) < EXAMPLES and column not in self.silent:
                examples.append((number, before[:EXAMPLE_MAX], after[:EXAMPLE_MAX]))
        self.waiting.clear()

    def offer(self, column: str, kind: RepairKind, count: int, *examples: tuple[int, str, str], width: int = 0) -> None:
        """Offer a repair that was counted elsewhere."""
        self._counts[(column, kind, False)] = count
        cut = [(row, before[:EXAMPLE_MAX], after[:EXAMPLE_MAX]) for row, before, after in examples[:EXAMPLES]]
        cut = [] if column in self.silent else cut
        self._examples[(column, kind, False)] = cut
        self._widths[column] = width

    def set_width(self, column: str, width: int) -> None:
        """The width of an agreed padding, to be told with its count."""
        self._widths[column] = width

    def proposals(self) -> tuple[Proposal, ...]:
        """Everything counted, most frequent first."""
        found = sorted(self._counts.items(), key=lambda item: -item[1])
        return tuple(
            Proposal(
                Repair(column, kind, self._widths.get(column, 0) if kind is RepairKind.PAD else 0),
                count, tuple(self._examples[(column, kind, agreed)]), self._tab, agreed,
            )
            for (column, kind, agreed), count in found
        )  # fmt: skip
