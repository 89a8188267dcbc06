"""A look at all codes of this site's catalogue 档号检查: forms, proposed repairs, gaps and repeats; one page of rows at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import apsw
from msgspec import Struct, field

from holdings import catalogue_marks, catalogue_rows
from holdings.catalogue_line import sort_key
from holdings.code_repair import Proposal, repair
from holdings.code_scheme import Scheme
from holdings.code_series import Series, SeriesFault, SeriesFinding
from holdings.reference_code import CodeForm, CodeProblem, match_key, parse

PAGE: Final = 5_000
TOLD_MAX: Final = 10_000  # proposals and ranges told; all are counted
_FAULTS: Final = (SeriesFault.GAP, SeriesFault.REPEAT)  # rows come in the order of codes: nothing is out of order


class Survey(Struct):
    """What was found. `proposals` are (code as printed, proposal); `nonstandard` counts codes that do not conform, those
    without a proposal too. Codes of classified rows are counted as being there and never told.
    """

    codes: int = 0
    forms: Counter[CodeForm] = field(default_factory=Counter)
    nonstandard: int = 0
    proposed: int = 0
    proposals: list[tuple[str, Proposal]] = field(default_factory=list)
    series: list[SeriesFinding] = field(default_factory=list)
    faults: dict[SeriesFault, int] = field(default_factory=dict)


def survey(connection: apsw.Connection, prefix: str = "", schemes: Sequence[Scheme] = ()) -> Survey:
    """Look at the codes that begin with a prefix (a fonds, a category, a volume), in their order.

    Where a series begins is not asked: the smallest number of a group is its first.
    """
    found, taken, begins = Survey(), Series(start=None), match_key(prefix)
    told = list[SeriesFinding]()
    for key in catalogue_marks.keys(connection):
        if key.startswith(begins):
            told += taken.add(key)
    # A prefix may end within a number: the range of the order is that of what stands before it.
    low = sort_key(begins.rstrip("0123456789"))
    after = (low, 0)
    while rows := catalogue_rows.in_order(connection, 0, after, PAGE):
        after = rows[-1][:2]
        for _, _, key, code in rows:
            if key.startswith(begins):
                _look(found, code, schemes)
                told += taken.add(key)
        found.series += (one for one in told if one.fault in _FAULTS)
        told.clear()
        del found.series[TOLD_MAX:]
        if after[0] > low + "\U0010ffff":
            break
    found.series += (one for one in (*told, *taken.findings()) if one.fault in _FAULTS)
    found.faults = {fault: taken.faults[fault] for fault in _FAULTS}
    del found.series[TOLD_MAX:]
    return found


def _look(found: Survey, code: str, schemes: Sequence[Scheme]) -> None:
    """One code."""
    read = parse(code, schemes)
    found.codes += 1
    if isinstance(read, CodeProblem):
        return
    found.forms[read.form] += 1
    if read.form is CodeForm.SITE and read.conforming:
        return
    proposal = repair(code)
    found.nonstandard += proposal is not None or not read.conforming
    if proposal is not None:
        found.proposed += 1
        if len(found.proposals) < TOLD_MAX:
            found.proposals.append((code, proposal))
