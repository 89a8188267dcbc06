"""Work beside the keys: nothing that asks the node runs where keys are read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

from textual.dom import DOMNode


def start(owner: DOMNode, work: Callable[[], Awaitable[object]], group: str, *, exclusive: bool = False) -> None:
    """Begin some work; it ends with its owner, and with newer work of its group where that is exclusive."""
    owner.run_worker(cast("Any", work), group=group, exclusive=exclusive)
