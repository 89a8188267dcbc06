"""Keeps a conversation going over a bad line: full-jitter backoff while nothing moves, at once again while something does."""

from __future__ import annotations

from collections.abc import Callable

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_never,
    wait_random_exponential,
)

from node.uplink import MoreToCome, Uplink
from sync.errors import LinkLost, PeerRefused
from sync.session import State

FRUITLESS_MAX = 6
WAIT_MAX_S = 300.0
_LATER = {408, 429, 500, 502, 503, 504, 507}


def again_later(fault: BaseException) -> bool:
    """May the same be tried again without anybody acting?"""
    return isinstance(fault, LinkLost) or (isinstance(fault, PeerRefused) and fault.status in _LATER)


def converse(
    uplink: Uplink,
    grown: MoreToCome,
    *,
    forever: bool,
    noted: Callable[[Exception], None],
) -> State:
    """One conversation to its end, across broken links.

    Args:
        forever: a daemon inside its window; otherwise 6 fruitless tries in a row end it.
        noted: told of every broken try.

    `uplink.cancel` ends conversation and waiting alike.

    Raises:
        LinkLost, PeerRefused: the last try's fault. RolledBack, Fork, WrongPeer …: a person must act.
    """
    cancel = uplink.cancel
    backoff = wait_random_exponential(multiplier=0.5, max=WAIT_MAX_S)

    def wait(state: RetryCallState) -> float:
        fault = state.outcome.exception() if state.outcome else None
        asked = fault.retry_after_s if isinstance(fault, PeerRefused) else 0.0
        return max(backoff(state), min(asked, WAIT_MAX_S))

    retrying = Retrying(
        wait=wait, retry=retry_if_exception(lambda f: again_later(f) and not cancel.is_set()), reraise=True,
        stop=stop_never if forever else stop_after_attempt(FRUITLESS_MAX), sleep=lambda seconds: (cancel.wait(seconds), None)[1],
    )  # fmt: skip
    return retrying(_while_it_moves, uplink, grown, noted)


def _while_it_moves(uplink: Uplink, grown: MoreToCome, noted: Callable[[Exception], None]) -> State:
    greeted_anew = False
    while True:
        before = uplink.tally.objects_bytes
        try:
            return uplink.converse(grown)
        except (LinkLost, PeerRefused) as fault:
            noted(fault)
            moved = uplink.tally.objects_bytes > before
            expired = isinstance(fault, PeerRefused) and fault.status == 401
            # A bearer ends with the hub's memory: one new greeting mends that. A second 401 is somebody else's.
            if uplink.cancel.is_set() or not (moved if again_later(fault) else expired and (moved or not greeted_anew)):
                raise
            greeted_anew = expired and not moved
            if isinstance(fault, PeerRefused) and fault.retry_after_s:
                uplink.cancel.wait(min(fault.retry_after_s, WAIT_MAX_S))
