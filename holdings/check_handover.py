"""移交手续: whether the papers of a hand-over are there and agree with what was handed over; pure.

GB/T 18894-2016 and DA/T 93-2022 ask for a register 登记表 with its list 清册, signed and sealed by both sides. What is not there is for a person, who may
hold it on paper; what contradicts the records fails.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from holdings.check import Verdict
from holdings.check_facts import Service


class HandOverPaper(Struct, frozen=True):
    """One register: its number, the records on it, whether its list says what the records are now, whether a scan of the signed paper is attached, and
    how many records the giver has not let go (0 for a report, where custody stays)."""

    number: str
    records: int
    list_agrees: bool
    signed: bool
    kept_back: int = 0


def hand_over(papers: Sequence[HandOverPaper], waiting: int) -> Service:
    """What the papers of a delivery say; `waiting` records of it stand on no register yet."""
    if not papers:
        return Service(Verdict.PERSON, "没有登记表和移交清册；请核对纸质移交手续，或在接收页办结一轮")
    if wrong := [paper.number for paper in papers if not paper.list_agrees]:
        return Service(Verdict.FAILED, f"{'、'.join(wrong)} 的清册与所收档案不一致")
    doubts = []
    if waiting:
        doubts.append(f"{waiting:,} 件还没有列入登记表")
    if unsigned := [paper.number for paper in papers if not paper.signed]:
        doubts.append(f"{'、'.join(unsigned)} 没有附双方签章的扫描件")
    if kept := sum(paper.kept_back for paper in papers):
        doubts.append(f"{kept:,} 件没有移交方的移出意见")
    listed = f"登记表 {len(papers)} 份，清册 {sum(paper.records for paper in papers):,} 件与所收档案一致"
    if doubts:
        return Service(Verdict.PERSON, f"{listed}；{'；'.join(doubts)}")
    return Service(Verdict.PASSED, f"{listed}，双方已签章")
