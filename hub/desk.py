"""What an operator may ask of a hub, by word: the commands call it in this process, or through the socket of a running hub (DESIGN §7)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any, Protocol

from holdings.errors import HoldingsError
from hub.errors import NotAllowed

Answer = dict[str, Any]


class Desk(Protocol):
    """Where commands are carried out."""

    def call(self, word: str, **wishes: Any) -> Answer:
        """Carry out one operation; HubError says what is wrong and what to do."""

    def stream(self, word: str, **wishes: Any) -> Generator[bytes, None, None]:
        """The bytes of something large, piece by piece."""


class LocalDesk:
    """The desk of a hub in this process. Usable from several threads.

    Args:
        calls: operations by word.
        streams: operations that give bytes, by word.
    """

    def __init__(self, calls: dict[str, Callable[..., Answer]], streams: dict[str, Callable[..., Iterator[bytes]]]) -> None:
        self._calls, self._streams = calls, streams

    def call(self, word: str, **wishes: Any) -> Answer:
        """See Desk."""
        try:
            answer: Answer = self._find(self._calls, word)(**wishes)
            return answer
        except HoldingsError as fault:
            raise NotAllowed(str(fault)) from fault

    def stream(self, word: str, **wishes: Any) -> Generator[bytes, None, None]:
        """See Desk."""
        try:
            yield from self._find(self._streams, word)(**wishes)
        except HoldingsError as fault:
            raise NotAllowed(str(fault)) from fault

    @staticmethod
    def _find(table: dict[str, Callable[..., Any]], word: str) -> Callable[..., Any]:
        if word not in table:
            raise NotAllowed(f"本机的中心服务不识得 {word}：它可能是旧版本，请重启服务。")
        return table[word]
