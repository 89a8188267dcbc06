"""A performance goal and what was measured for it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Goal:
    """`value` is to be at most (or, with `at_least`, at least) `bound`; `aim` only wishes."""

    name: str
    value: float
    bound: float
    unit: str = "×"
    at_least: bool = False
    aim: bool = False
    note: str = ""

    @property
    def met(self) -> bool:
        """Is it where it should be?"""
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    @property
    def missed(self) -> bool:
        """A required goal that is not met."""
        return not self.met and not self.aim

    def to_json(self) -> dict[str, Any]:
        """All fields and the verdict."""
        return {**asdict(self), "met": self.met}


def table(goals: list[Goal]) -> str:
    """One line a goal."""
    lines = []
    for goal in goals:
        sign = "≥" if goal.at_least else "≤"
        verdict = "ok  " if goal.met else "wish" if goal.aim else "MISS"
        lines.append(f"{verdict} {goal.name:58} {goal.value:10.3f} {sign} {goal.bound:<8g} {goal.unit} {goal.note}")
    return "\n".join(lines)
