"""What an operator may ask of a hub, by word: the commands call it in this process, or through the socket of a running hub (DESIGN §7)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterator
from typing import Annotated, Any, Generic, Protocol, TypeVar, get_type_hints

import msgspec

from holdings.errors import HoldingsError
from hub.errors import NotAllowed

Answer = dict[str, Any]
Number = Annotated[int, msgspec.Meta(ge=0, le=1 << 62)]
"""What a database takes as a number."""
R = TypeVar("R")


class Desk(Protocol):
    """Where commands are carried out."""

    def call(self, word: str, **wishes: Any) -> Answer:
        """Carry out one operation; HubError says what is wrong and what to do."""

    def stream(self, word: str, **wishes: Any) -> Generator[bytes, None, None]:
        """The bytes of something large, piece by piece."""


class _Operation(Generic[R]):
    """A function, and what it may be asked with as its annotations say."""

    def __init__(self, word: str, function: Callable[..., R]) -> None:
        hints = get_type_hints(function, include_extras=True)
        parameters = inspect.signature(function).parameters.values()
        fields = [(p.name, hints[p.name]) if p.default is p.empty else (p.name, hints[p.name], p.default) for p in parameters]
        self._function, self._wishes = function, msgspec.defstruct(word, fields, forbid_unknown_fields=True)

    def __call__(self, wishes: dict[str, Any]) -> R:
        try:
            fit = msgspec.convert(wishes, self._wishes)
        except msgspec.ValidationError as fault:
            raise NotAllowed(f"参数不合规：{fault}") from fault
        return self._function(**msgspec.structs.asdict(fit))


class LocalDesk:
    """The desk of a hub in this process. Usable from several threads.

    Args:
        calls: operations by word.
        streams: operations that give bytes, by word.
    """

    def __init__(self, calls: dict[str, Callable[..., Answer]], streams: dict[str, Callable[..., Iterator[bytes]]]) -> None:
        self._calls = {word: _Operation(word, function) for word, function in calls.items()}
        self._streams = {word: _Operation(word, function) for word, function in streams.items()}

    def call(self, word: str, **wishes: Any) -> Answer:
        """See Desk."""
        try:
            return _find(self._calls, word)(wishes)
        except HoldingsError as fault:
            raise NotAllowed(str(fault)) from fault

    def stream(self, word: str, **wishes: Any) -> Generator[bytes, None, None]:
        """See Desk."""
        try:
            yield from _find(self._streams, word)(wishes)
        except HoldingsError as fault:
            raise NotAllowed(str(fault)) from fault


def _find(table: dict[str, _Operation[R]], word: str) -> _Operation[R]:
    if word not in table:
        raise NotAllowed(f"本机的中心服务不识得 {word!r}：它可能是旧版本，请重启服务。")
    return table[word]
