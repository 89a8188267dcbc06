"""How a query is asked of the index: which of its tokens, which filters, what the caller may see; pure.

The index gives all that may be a hit and some that are none: of a long word only its rarest tokens are looked up, and
what is found is compared with the text. Access is a part of what is asked, and compared once more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from holdings.access import Access, Clause, Opening, Secrecy
from holdings.record import Level
from holdings.search_document import Document, opening_token, plain
from holdings.search_fold import MARKER
from holdings.search_needle import All, Any, Heard, Needle, No, Node, needles
from holdings.search_request import VALUES_MAX, Facet

TOKENS_ASKED: Final = 3  # of one word, the rarest; more cost more than they spare
RARE: Final = 1_000  # documents that have the rarest of them, up to which one beside it is enough
WORTH: Final = 1_300
"""So many documents of a list are gone through in the time that one candidate is compared in: a token so much more frequent than the
rarest asked beside it is not asked, those are compared."""
PREFIX_MOST: Final = 40_000  # documents up to which tokens that begin so are looked up; beyond, walking is quicker

Share = Callable[[str, bool], float]
"""How many documents have a token (or, when true, one that begins so), estimated."""


class Narrowing(Struct, frozen=True):
    """Filters and years, ready to be asked and compared; holders by number."""

    filters: Mapping[Facet, frozenset[str]]
    years: tuple[int, int] | None
    holders: Mapping[int, str]

    def lets(self, document: Document) -> bool:
        """Whether a document passes."""
        if self.years is not None and not self.years[0] <= document.year <= self.years[1]:
            return False
        return all(plain(document.value(facet, self.holders)) in wanted for facet, wanted in self.filters.items())


def narrowing(
    filters: Mapping[Facet, Sequence[str]], years: tuple[int, int] | None, holders: Mapping[int, str]
) -> Narrowing:
    """Filters as they are compared: values folded, at most 64 of each."""
    given = {facet: frozenset(map(plain, values[:VALUES_MAX])) for facet, values in filters.items() if values}
    return Narrowing(given, years, holders)


class Plan(Struct, frozen=True):
    """`match`: the query of the index but for a range of years (`among`); None: all are walked, newest first. `streamed`: the same
    without tokens that only begin so, for questions asked day by day. `node`: what each is compared with; `sure`: the index says
    all, nothing is compared; `worded`: it says all but whether the words stand together. `about`: candidates, estimated from above."""

    match: str | None
    node: Node
    narrowing: Narrowing
    access: Access
    sure: bool
    streamed: str | None = None
    worded: bool = False
    about: float = math.inf

    @property
    def begun(self) -> bool:
        """Whether tokens that begin so are looked up: all at once, so that a question asked again costs as much again."""
        return self.match != self.streamed


def plan(node: Node, narrowed: Narrowing, access: Access, share: Share) -> Plan:
    """Plan a query. Access is applied inside what is asked."""
    about = _about(node, share)
    filters = [one for one in _filters(narrowed) if about == math.inf or _held(one, share) <= about * WORTH]
    asked = _of(node, share, about * WORTH)
    match = _match(asked, filters, narrowed, access)
    open_ends = any(one.open for one in needles(node))
    streamed = match
    if open_ends:
        closed: Share = lambda *_: math.inf if _[1] else share(*_)  # noqa: E731  # a Share
        streamed = _match(_of(node, closed, about * WORTH), filters, narrowed, access)
    tokened = len(filters) == len(narrowed.filters) and (narrowed.years is None or are_asked(narrowed.years))
    worded = access.is_whole and tokened
    sure = worded and match is not None and _is_sure(node, share) and asked == _of(node, share)
    return Plan(match, node, narrowed, access, sure, streamed, worded, about)


def _held(asked: str, share: Share) -> float:
    """How many documents have one of the tokens of a filter."""
    return sum(share(one, False) for one in asked.split('"')[1::2])  # noqa: FBT003  # a Share takes two


def _about(node: Node, share: Share) -> float:
    if isinstance(node, Needle):
        return min((share(one, False) for one in node.certain), default=math.inf)  # noqa: FBT003  # a Share takes two
    if isinstance(node, All):
        return min((_about(part, share) for part in node.parts), default=math.inf)
    return sum(_about(part, share) for part in node.parts) if isinstance(node, Any) else math.inf


def are_asked(years: tuple[int, int]) -> bool:
    """Whether a range of years can be asked of the index: what was filed in no year has no token for it."""
    return years[0] > 0


def among(match: str | None, years: Iterable[int]) -> str:
    """A query narrowed to what was filed in some years (at least one)."""
    filed = _either(token("y", year) for year in years)
    return f"({match}) AND {filed}" if match else filed


def _match(
    asked: tuple[str | None, str | None], filters: Sequence[str], narrowed: Narrowing, access: Access
) -> str | None:
    words, without = asked
    parts = [part for part in (words, *filters, _access(access, narrowed.holders)) if part]
    refused = [part for part in (without, _above(access)) if part] if parts else []
    match = " AND ".join(parts) or None
    return f"({match}) NOT ({' OR '.join(refused)})" if match is not None and refused else match


def _is_sure(node: Node, share: Share) -> bool:
    if isinstance(node, All):
        return all(_is_sure(part, share) for part in node.parts)
    if not isinstance(node, Needle) or node.field is not None:
        return False
    return node.exact or (len(node.text) == 1 and bool(node.open) and _begins(node, share))


def _begins(node: Needle, share: Share) -> bool:
    """Whether tokens that begin so are looked up."""
    return share(node.open, True) <= PREFIX_MOST  # noqa: FBT003  # a Share takes two


def _of(node: Node, share: Share, most: float = math.inf) -> tuple[str | None, str | None]:
    """(what a hit must have, what it must not have) as far as the index can tell; None: it cannot. `most`: tokens of more documents
    are not worth asking for, beside a rarer one that is."""
    if isinstance(node, Needle):
        return _word(node, share, most), None
    if isinstance(node, Heard):
        heard = [*(token("p", key) for key in node.sounds), *(token("i", key) for key in node.letters)]
        return _either(heard or [NOTHING]), None
    if isinstance(node, No):
        exact = isinstance(node.part, Needle) and node.part.exact
        return None, _word(node.part, share) if exact and isinstance(node.part, Needle) else None
    found = [_of(part, share, most if isinstance(node, All) else math.inf) for part in node.parts]
    if isinstance(node, Any):
        either = [must for must, _ in found]
        known = [must for must in either if must is not None] or [NOTHING]
        return (f"({' OR '.join(known)})" if len(known) >= len(either) else None), None
    musts = [must for must, _ in found if must is not None]
    nots = [refused for _, refused in found if refused is not None]
    return " AND ".join(dict.fromkeys(musts)) or None, " OR ".join(nots) or None


def _word(node: Needle, share: Share, most: float = math.inf) -> str | None:
    chosen = list(node.certain)
    if len(chosen) > 2:
        chosen = sorted(chosen, key=lambda one: share(one, False))  # noqa: FBT003  # a Share takes two
        chosen = chosen[: 2 if share(chosen[0], False) <= RARE else TOKENS_ASKED]  # noqa: FBT003  # a Share takes two
    if most < math.inf:
        chosen = [one for one in chosen if share(one, False) <= most]  # noqa: FBT003  # a Share takes two
    said = [f'"{one}"' for one in chosen]
    if node.open and (node.open >= "\u2e80" or not said) and _begins(node, share):
        said.append(f'"{node.open}" *')
    elif node.open and not said:
        return None
    return " AND ".join(said) or None


def token(letter: str, value: object) -> str:
    """The query for a token of filters."""
    return f'"{MARKER}{letter}{value}"'


def of_days(days: Iterable[int]) -> str:
    """The query for what bears the date of one of some days."""
    return _either(token("d", day) for day in days)


NOTHING: Final = token("x", "none")
"""No document has it."""


def _either(found: Iterable[str]) -> str:
    parts = sorted(set(found))
    return parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})"


def _filters(narrowed: Narrowing) -> list[str]:
    """What filters ask; a filter one of whose values has no token is only compared."""
    asked = []
    for facet, wanted in narrowed.filters.items():
        found = [_value(facet, value, narrowed.holders) for value in wanted]
        if all(found):
            asked.append(_either(filter(None, found)))
    return asked


_LETTERS: Final = {Facet.FONDS: "f", Facet.YEAR: "y", Facet.RETENTION: "r", Facet.CATEGORY: "c"}


def _value(facet: Facet, value: str, holders: Mapping[int, str]) -> str | None:
    if facet in _LETTERS:
        return token(_LETTERS[facet], value) if value else None
    if facet is Facet.SECURITY:
        rank = next((one for one in Secrecy if plain(one.label) == value), Secrecy.NONE)
        return token("s", rank.value) if rank else None
    if facet is Facet.OPENING:
        said = next((opening_token(one) for one in Opening if plain(one.value) == value), "")
        return token("o", said) if said else None
    if facet is Facet.DISTRICT:
        number = next((number for number, name in holders.items() if plain(name) == value), 0)
        return token("h", number) if number else None
    level = next((one for one in Level if plain(one.label) == value), Level.ITEM)
    return token("l", level.value) if level is not Level.ITEM else None


def _access(access: Access, holders: Mapping[int, str]) -> str | None:
    """What must be there for any clause to show it; None when one of them asks for nothing that has a token."""
    found = [_clause(clause, holders) for clause in access.clauses]
    if not found:
        return NOTHING
    return _either(filter(None, found)) if all(found) else None


def _clause(clause: Clause, holders: Mapping[int, str]) -> str | None:
    asked = [token("o", opening_token(Opening.OPEN))] if clause.opened else []
    if clause.fonds is not None:
        asked.append(_either(token("f", plain(one)) for one in clause.fonds) if clause.fonds else NOTHING)
    if clause.holders is not None and "" not in clause.holders:
        known = [number for number, name in holders.items() if name in clause.holders]
        asked.append(_either(token("h", number) for number in known) if known else NOTHING)
    return f"({' AND '.join(asked)})" if asked else None


def _above(access: Access) -> str | None:
    """Levels that no clause shows."""
    highest = max((clause.ceiling for clause in access.clauses), default=Secrecy.NONE)
    found = [token("s", rank.value) for rank in Secrecy if rank > highest]
    return " OR ".join(found) or None
