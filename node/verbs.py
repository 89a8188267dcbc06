"""What every group of a node's verbs stands on; one group a noun, in `verbs_<noun>.py`. `node.service` puts them together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apsw

from node import settings
from node.engine import Engine
from node.settings import Setting

Answer = dict[str, Any]


class Verbs:
    """Arguments of verbs are JSON values, answers are JSON objects with the fields of DESIGN §7; public methods are verbs, nothing else is.

    Args:
        wake: tells a daemon that the catalogue or a decision changed.
    """

    def __init__(self, engine: Engine, wake: Callable[[], None] = lambda: None) -> None:
        self._engine, self._home, self._clock, self._wake = engine, engine.home, engine.clock, wake

    def _seconds(self) -> int:
        """Wall clock, whole seconds UTC."""
        return int(self._clock.now())

    def _look_again(self, connection: apsw.Connection) -> None:
        """The next walk judges every folder anew; in the transaction of what was decided."""
        settings.add(connection, Setting.EPOCH, 1)
