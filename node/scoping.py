"""What a contractor's staff sees: the deliveries of its own unit (加工单位), and the findings in their folders; nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

import apsw

from holdings import delivery, quarantine
from holdings.errors import HoldingsError
from node.errors import NotPermitted

Answer = dict[str, Any]
PORTION: Final = 1_000


class Scope:
    """The places of one unit, as they stand when it is made."""

    def __init__(self, connection: apsw.Connection, unit: str) -> None:
        self._connection, self._unit = connection, unit
        known = delivery.list_all(connection)
        self._all = sorted((one.name for one in known), key=len, reverse=True)
        self._own = {one.name for one in known if one.contractor == unit}

    def owns(self, name: str) -> bool:
        """Is that delivery one of the unit's?"""
        return name in self._own

    def holds(self, path: str) -> bool:
        """Does a path lie in one of the unit's deliveries? The innermost delivery around it decides."""
        around = next((name for name in self._all if path == name or path.startswith(name + "/")), None)
        return around in self._own

    def finding(self, number: int) -> bool:
        """Is a finding about one of the unit's places? False for one that there is not."""
        try:
            return self.holds(quarantine.get(self._connection, number).finding.path)
        except HoldingsError:
            return False

    def kept(self, numbers: Iterable[int]) -> tuple[list[int], Counter[str]]:
        """Which of these findings are the unit's, in their order, and how many of each code."""
        given, kept, codes = list(numbers), list[int](), Counter[str]()
        for at in range(0, len(given), PORTION):
            portion = given[at : at + PORTION]
            mine = {
                one.id: one.finding.code.slug
                for one in quarantine.several(self._connection, portion)
                if self.holds(one.finding.path)
            }
            kept += [number for number in portion if number in mine]
            codes.update(mine.values())
        return kept, codes

    # ------------------------------------------------------------ a verb's arguments and its answer

    def narrow(self, verb: str, given: Answer) -> Answer:
        """The arguments as they are asked.

        Raises:
            NotPermitted: they name something of somebody else's.
        """
        for name in ("name", "delivery_name"):
            if name in given and verb != "workload" and not self.owns(str(given[name])):
                raise NotPermitted(f"批次“{given[name]}”不是“{self._unit}”的；请找操作员")
        if "number" in given and not self.finding(int(given["number"])):
            raise NotPermitted(f"编号 {given['number']} 的问题不在“{self._unit}”的批次中；请找操作员")
        if verb == "quarantine_many" and isinstance(given.get("numbers"), list):
            # What is not the unit's is left out as if it were not there.
            return {**given, "numbers": self.kept(n for n in given["numbers"] if isinstance(n, int))[0]}
        if verb == "workload":
            if given.get("destination"):
                raise NotPermitted("加工单位人员不能在本机上写文件；请找操作员")
            return {**given, "contractor": self._unit}
        return given

    def cut(self, verb: str, answer: Answer) -> Answer:
        """The answer without what is somebody else's."""
        cut = _CUTS.get(verb)
        return cut(self, answer) if cut is not None else answer


def _listed(field: str, own: Callable[[Scope, Answer], bool]) -> Callable[[Scope, Answer], Answer]:
    return lambda scope, answer: {**answer, field: [one for one in answer[field] if own(scope, one)]}


def _numbers(scope: Scope, answer: Answer) -> Answer:
    kept, codes = scope.kept(answer["numbers"])
    kinds = [{**kind, "count": codes[kind["code"]]} for kind in answer["kinds"] if codes[kind["code"]]]
    return {**answer, "numbers": kept, "kinds": kinds}


def _by_name(scope: Scope, one: Answer) -> bool:
    return scope.owns(str(one["name"]))


def _by_path(scope: Scope, one: Answer) -> bool:
    return scope.holds(str(one["path"]))


_CUTS: Final[dict[str, Callable[[Scope, Answer], Answer]]] = {
    "deliveries": _listed("deliveries", _by_name),
    "console_deliveries": _listed("deliveries", _by_name),
    "console_today": _listed("places", _by_name),
    "quarantine_list": _listed("items", _by_path),
    "quarantine_rows": _listed("items", _by_path),
    "quarantine_numbers": _numbers,
}
NARROWED: Final = frozenset(
    (
        "delivery_show", "delivery_report", "delivery_submit", "quarantine_row", "quarantine_refused", "quarantine_show", "quarantine_judge", "quarantine_claim",
        "quarantine_unclaim", "quarantine_retry", "quarantine_mend", "quarantine_drop", "quarantine_undo", "quarantine_many", "workload",
    )
)  # fmt: skip
"""Verbs whose arguments say whose things they are about."""
CUT: Final = frozenset(_CUTS)
PLAIN: Final = frozenset(["capabilities", "status", "console_preferences", "console_prefer", "machine_show", "machine_fingerprint"])
"""Verbs that tell nothing of records. A test holds that these three are all that a contractor's staff may ask."""
