"""Work beside the keys: nothing that asks the node runs where keys are read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

from textual.css.query import NoMatches
from textual.dom import DOMNode


def start(owner: DOMNode, work: Callable[[], Awaitable[object]], group: str, *, exclusive: bool = False) -> None:
    """Begin some work; it ends with its owner, and with newer work of its group where that is exclusive.

    What an answer was to be written into is taken away before its owner is: an answer that comes between the two has nobody to tell.
    """

    async def guarded() -> None:
        try:
            await work()
        except NoMatches:
            if owner.display and owner.app.is_running:
                raise

    owner.run_worker(cast("Any", guarded), group=group, exclusive=exclusive)
