"""The settle rule and the tables of folders: when a look leads to a judgement, under any clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.folders import MTIME_AGE_FACTOR, STALE_S, FolderState, Known, Verdict, decide

NOW, SETTLE = 1_000_000.0, 2.0
OLD = NOW - 10_000
SAME, OTHER = b"same", b"other"


def known(state: FolderState = FolderState.LOOKED, *, signature: bytes = SAME, looked_at: float = NOW - SETTLE, epoch: int = 1) -> Known:
    """A folder met before."""
    return Known(7, state, signature, looked_at, epoch, bytes(16))


CASES = {
    "new": (None, OLD, NOW, 1, SETTLE, Verdict.LOOK_AGAIN),
    "new, settle 0": (None, OLD, NOW, 1, 0.0, Verdict.JUDGE),
    "changed since the last look": (known(signature=OTHER), OLD, NOW, 1, SETTLE, Verdict.LOOK_AGAIN),
    "changed, settle 0": (known(signature=OTHER), OLD, NOW, 1, 0.0, Verdict.JUDGE),
    "equal, two seconds later": (known(), OLD, NOW, 1, SETTLE, Verdict.JUDGE),
    "equal, too soon": (known(looked_at=NOW - SETTLE + 0.01), OLD, NOW, 1, SETTLE, Verdict.WAIT),
    "equal, changed 9.9 s ago": (known(), NOW - 9.9, NOW, 1, SETTLE, Verdict.WAIT),
    "equal, changed 10 s ago": (known(), NOW - 10, NOW, 1, SETTLE, Verdict.JUDGE),
    "equal, time stamp in the future": (known(), NOW + 10**8, NOW, 1, SETTLE, Verdict.JUDGE),
    "clock set back below the look": (known(looked_at=NOW + 10**8), OLD, NOW, 1, SETTLE, Verdict.LOOK_AGAIN),
    "clock jumped years ahead": (known(looked_at=0.0), OLD, NOW, 1, SETTLE, Verdict.JUDGE),
    "a catalogue change does not settle": (known(epoch=0, looked_at=NOW), OLD, NOW, 1, SETTLE, Verdict.WAIT),
    "sealed, nothing new": (known(FolderState.SEALED), OLD, NOW, 1, SETTLE, Verdict.SKIP),
    "sealed, nothing new, settle 0": (known(FolderState.SEALED), OLD, NOW, 1, 0.0, Verdict.SKIP),
    "held, nothing new": (known(FolderState.HELD), OLD, NOW, 1, SETTLE, Verdict.SKIP),
    "held, catalogue changed": (known(FolderState.HELD, epoch=0), OLD, NOW, 1, SETTLE, Verdict.JUDGE),
    "sealed, catalogue changed": (known(FolderState.SEALED, epoch=0), OLD, NOW, 1, SETTLE, Verdict.JUDGE),
    "sealed, page changed": (known(FolderState.SEALED, signature=OTHER), OLD, NOW, 1, SETTLE, Verdict.LOOK_AGAIN),
    "quarantined, nothing new": (known(FolderState.QUARANTINED), OLD, NOW, 1, SETTLE, Verdict.SKIP),
    "gone, back as it was": (known(FolderState.GONE), OLD, NOW, 1, SETTLE, Verdict.JUDGE),
    "scanning, still fresh": (known(FolderState.SCANNING), NOW - 60, NOW, 1, SETTLE, Verdict.SKIP),
    "scanning, quiet for a day now": (known(FolderState.SCANNING), NOW - STALE_S, NOW, 1, SETTLE, Verdict.JUDGE),
    "scanning, judged quiet before": (known(FolderState.SCANNING), NOW - STALE_S - 2 * SETTLE, NOW, 1, SETTLE, Verdict.SKIP),
}


@pytest.mark.parametrize("case", CASES)
def test_the_settle_rule(case: str) -> None:
    """Each kind of look leads to the verdict of DESIGN §3."""
    before, newest, now, epoch, settle, verdict = CASES[case]
    assert decide(before, SAME, newest, now, epoch, settle) is verdict


@given(
    looks=st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), min_size=2, max_size=12),
    settle=st.floats(0.1, 60),
)
def test_no_clock_makes_a_fresh_file_settled(looks: list[tuple[float, float]], settle: float) -> None:
    """Whatever the clock does, a folder is judged only by two equal looks a settle time apart, whose change is old or in the future."""
    before: Known | None = None
    for now, newest in looks:
        verdict = decide(before, SAME, newest, now, 1, settle)
        if verdict is Verdict.JUDGE:
            assert before is not None
            assert now - before.looked_at >= settle
            assert newest > now or now - newest >= MTIME_AGE_FACTOR * settle
        if verdict is Verdict.LOOK_AGAIN:
            before = known(looked_at=now)


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.floats(0.1, 60))
def test_an_equal_folder_settles_in_the_end(start: float, age: float, settle: float) -> None:
    """After a look and enough quiet time under a clock that goes on, every folder is judged: nothing waits for ever."""
    later = start + MTIME_AGE_FACTOR * settle + 1
    assert decide(known(looked_at=start), SAME, start - age, later, 1, settle) is Verdict.JUDGE
