"""In what order hits found by meaning and by words are shown; pure.

The likest in meaning lead. What stands word for word in a title, code or document number comes before them: whoever types
it wants it. The two are never mixed by equal shares, which was measured to cost a fifth of the first places.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

WEIGHT: Final = 0.08  # of the candidates' cosine beside the order's: theirs lie in a band a quarter as wide
EXACT_MAX: Final = (
    200  # hits by words that are put before those by meaning; more than that, and the words tell nothing apart
)


class Candidate(Struct, frozen=True):
    """A subject by the likest of its pieces (0: its title, 1 …: passages of its pages). `likeness`: cosine of the candidates'
    model; `order`: cosine of the model that puts in order, None where that has no vector of it."""

    subject: int
    piece: int
    likeness: float
    order: float | None = None

    @property
    def score(self) -> float:
        """What titles that have both are ordered by."""
        return self.likeness if self.order is None else self.order + WEIGHT * self.likeness


def best_of_subjects(found: Iterable[tuple[int, int, float]]) -> list[Candidate]:
    """(subject, piece, likeness) of pieces: each subject once, by its likest piece, the likest first."""
    best: dict[int, Candidate] = {}
    for subject, piece, likeness in found:
        if subject not in best or likeness > best[subject].likeness:
            best[subject] = Candidate(subject, piece, likeness)
    return sorted(best.values(), key=lambda one: (-one.likeness, -one.subject))


def reordered(candidates: Sequence[Candidate], orders: Mapping[int, float]) -> list[Candidate]:
    """Those that the second model knows, by its word, among the places that they have; the others stay where they are."""
    known = sorted(
        (Candidate(one.subject, one.piece, one.likeness, orders[one.subject]) for one in candidates if one.subject in orders),
        key=lambda one: (-one.score, -one.likeness, -one.subject),
    )  # fmt: skip
    next_known = iter(known)
    return [next(next_known) if one.subject in orders else one for one in candidates]


def promoted(exact: Sequence[int], candidates: Sequence[Candidate]) -> list[int]:
    """Subjects in the order in which they are shown: those that hold the words themselves, the likest of them first, then
    those that are like them.

    Args:
        exact: subjects found by words, the most relevant first.
    """
    place = {one.subject: number for number, one in enumerate(candidates)}
    first = sorted(exact[:EXACT_MAX], key=lambda subject: place.get(subject, len(place)))
    among = set(first)
    return first + [one.subject for one in candidates if one.subject not in among]
