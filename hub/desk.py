"""What an operator may ask of a hub, by word: the commands call it in this process, or through the socket of a running hub (DESIGN §7)."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Annotated, Any, Generic, Protocol, TypeVar, get_type_hints

import msgspec
from msgspec.structs import asdict

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
        return self._function(**asdict(fit))


class Later:
    """A part of the desk that is imported and made when the first of its words is asked; once, whichever thread asks.

    Args:
        make: imports the part's module and makes it.
    """

    def __init__(self, make: Callable[[], object]) -> None:
        self._make, self._made, self._lock = make, list[object](), threading.Lock()

    def words(self, *words: str) -> dict[str, Callable[[], Callable[..., Any]]]:
        """For each word what gives its function."""
        return {word: lambda word=word: getattr(self._part(), word) for word in words}  # type: ignore[misc]

    def _part(self) -> object:
        with self._lock:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]


class _Words(Generic[R]):
    """Operations by word, each made when it is first asked."""

    def __init__(self, given: Mapping[str, Callable[[], Callable[..., R]]]) -> None:
        self._given, self._known = given, dict[str, _Operation[R]]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def find(self, word: str) -> _Operation[R]:
        """The operation; NotAllowed when there is none. Two threads that ask first at the same time make it twice, and alike."""
        found = self._known.get(word)
        if found is None:
            if word not in self._given:
                raise NotAllowed(f"本机的中心服务不识得 {word!r}：它可能是旧版本，请重启服务。")
            found = self._known[word] = _Operation(word, self._given[word]())
        return found


class LocalDesk:
    """The desk of a hub in this process. Usable from several threads.

    Args:
        calls: for each word what gives its function (Later.words).
        streams: the same for those that give bytes.
    """

    def __init__(
        self, calls: Mapping[str, Callable[[], Callable[..., Answer]]], streams: Mapping[str, Callable[[], Callable[..., Iterator[bytes]]]]
    ) -> None:
        self._calls, self._streams = _Words(calls), _Words(streams)

    def call(self, word: str, **wishes: Any) -> Answer:
        """See Desk."""
        try:
            return self._calls.find(word)(wishes)
        except HoldingsError as fault:
            raise NotAllowed(str(fault)) from fault

    def stream(self, word: str, **wishes: Any) -> Generator[bytes, None, None]:
        """See Desk."""
        try:
            yield from self._streams.find(word)(wishes)
        except HoldingsError as fault:
            raise NotAllowed(str(fault)) from fault
