"""What a query looks for, folded, and whether a text has it; pure but for the tables of folding."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from msgspec import Struct

from holdings import name_sound
from holdings.person_names import name_keys
from holdings.search_document import Document
from holdings.search_fold import BREAK, FIRST_SIGN, FREQUENT, fold, fold_together, lacks, sought
from holdings.search_request import EVERYTHING, Both, Field, Query, Sound, Without, Word

WORD_MAX: Final = 200  # characters of one word that are looked for


class Needle(Struct, frozen=True):
    """A folded word. `certain`: tokens that every text with it has; `open`: what one of its tokens begins with (blank: none);
    `exact`: the only token says it all."""

    text: str
    field: Field | None
    prefix: bool
    certain: tuple[str, ...]
    open: str
    exact: bool

    def is_in(self, text: str) -> bool:
        """Whether a folded text has it: signs anywhere, letters and digits as whole runs."""
        if self.text not in text:
            return False
        if self.text[0] >= FIRST_SIGN and self.text[-1] >= FIRST_SIGN:
            return True
        return next(self.places(text), None) is not None

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Where a folded text has it."""
        size, at = len(self.text), -1
        while (at := text.find(self.text, at + 1)) >= 0:
            end = at + size
            begins = self.text[0] >= FIRST_SIGN or at == 0 or not _of_run(text[at - 1])
            if begins and (self.prefix or self.text[-1] >= FIRST_SIGN or end == len(text) or not _of_run(text[end])):
                yield at, end


def _of_run(char: str) -> bool:
    return " " < char < FIRST_SIGN


class All(Struct, frozen=True):
    """All of these."""

    parts: tuple[Node, ...]


class Any(Struct, frozen=True):
    """One of these at least."""

    parts: tuple[Node, ...]


class No(Struct, frozen=True):
    """Not this."""

    part: Node


class Heard(Struct, frozen=True):
    """A person whose name sounds so: keys of holdings/name_sound.py, any of which will do."""

    text: str
    sounds: frozenset[str]
    letters: frozenset[str]
    fuzzy: bool = False


Node: TypeAlias = "Needle | Heard | All | Any | No"


def needle(word: Word) -> Needle | None:
    """A word folded; None when nothing of it is looked for."""
    text = fold(word.text[:WORD_MAX].replace("\n", " ").replace(BREAK, " ")).strip()
    if not text:
        return None
    found = sought(text, begun=word.prefix)
    last = found[-1]
    # A run goes on where its beginning is looked for; a frequent sign may be followed by another, and is no token then.
    goes_on = word.prefix if text[-1] < FIRST_SIGN else last in FREQUENT
    certain, rest = (found[:-1], last) if goes_on else (found, "")
    exact = word.field is None and not rest and len(certain) == 1 and len(text) <= max(2, len(certain[0]))
    return Needle(text, word.field, word.prefix, tuple(dict.fromkeys(certain)), rest, exact)


def looked_for(query: Query) -> Node:
    """A query folded; what nothing is looked for of falls away."""
    found = _node(query)
    return found if found is not None else All(())


def _node(query: Query) -> Node | None:
    if query == EVERYTHING:
        return None
    if isinstance(query, Word):
        return needle(query)
    if isinstance(query, Sound):
        asked = name_sound.asked(query.text, fuzzy=query.fuzzy)
        return Heard(query.text, frozenset((*asked.sounds, *asked.fuzzy)), frozenset(asked.letters), query.fuzzy)
    if isinstance(query, Without):
        part = _node(query.part)
        return None if part is None else No(part)
    parts = tuple(part for one in query.parts if (part := _node(one)) is not None)
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else All(parts) if isinstance(query, Both) else Any(parts)


def needles(node: Node) -> Iterator[Needle]:
    """All words that are looked for, not those that may not be there."""
    if isinstance(node, Needle):
        yield node
    elif isinstance(node, All | Any):
        for part in node.parts:
            yield from needles(part)


def names_heard(node: Node) -> Iterator[Heard]:
    """All names that are looked for by their sound."""
    if isinstance(node, Heard):
        yield node
    elif isinstance(node, All | Any):
        for part in node.parts:
            yield from names_heard(part)


def is_told(node: Node, title: str) -> bool:
    """Whether a title, not folded, says by itself that a query is fulfilled; False: who knows."""
    return _is_told(node, fold(title))


def _is_told(node: Node, title: str) -> bool:
    if isinstance(node, Needle):
        return node.field in (None, Field.TITLE) and node.is_in(title)
    if isinstance(node, All):
        return all(_is_told(part, title) for part in node.parts)
    return isinstance(node, Any) and any(_is_told(part, title) for part in node.parts)


def may_be(node: Node, title: str, others: str) -> bool:
    """Whether a row of this title, and of which this is written besides, may fulfil a query; False: it does not. What stands beside the
    title is folded in one go, whatever stands between or parts its runs, and not at all where it is plain without."""
    said = fold(title)
    return _may_be(node, said, lambda one: not lacks(others, one)) and _may_be(node, said, _beside(others))


def _beside(others: str) -> Callable[[str], bool]:
    folded = fold_together(others)
    return lambda one: one.replace(" ", "") in folded


def _may_be(node: Node, title: str, beside: Callable[[str], bool]) -> bool:
    if isinstance(node, Needle):
        return node.is_in(title) or beside(node.text)
    if isinstance(node, All):
        return all(_may_be(part, title, beside) for part in node.parts)
    return not isinstance(node, Any) or any(_may_be(part, title, beside) for part in node.parts)


_folded: Final = functools.lru_cache(4_096)(fold)
"""For what many rows say alike: who wrote them."""


class View:
    """A document as a query sees it; folds and reads no more than it is asked for."""

    __slots__ = ("_fields", "_pages", "document")

    def __init__(self, document: Document, pages: Callable[[], str]) -> None:
        self.document = document
        self._pages, self._fields = pages, dict[Field | None, str]()

    def of(self, field: Field | None) -> str:
        """The folded text of a field; None: of all fields but that of pages."""
        found = self._fields.get(field)
        if found is None:
            if field is Field.TITLE:
                found = fold(self.document.title)
            elif field is Field.BODY:
                found = _folded(self.document.body)
            elif field is Field.TEXT:
                found = self._pages()
            else:
                found = fold(self.document.words() if field is None else self.document.of(field))
            self._fields[field] = found
        return found

    def has(self, node: Node) -> bool:
        """Whether the query is fulfilled."""
        if isinstance(node, Needle):
            if node.field is not None:
                return node.is_in(self.of(node.field))
            # Most have it in the title, whose folded text whoever orders them wants besides.
            return any(node.is_in(self.of(one)) for one in (Field.TITLE, None, Field.TEXT))
        if isinstance(node, Heard):
            keys = name_keys(self.document.names)
            return not node.sounds.isdisjoint(keys.sounds) or not node.letters.isdisjoint(keys.letters)
        if isinstance(node, No):
            return not self.has(node.part)
        if isinstance(node, All):
            return all(map(self.has, node.parts))
        return any(map(self.has, node.parts))
