"""What became of the pages between two versions of a record: the history of a page follows its image, not its name; pure.

`0012-1` between two pages moves 68 names; by digest it is "插入 1 页，顺延 68 页" and one new image.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct, field


class Moves(Struct, frozen=True):
    """Pages by what happened to them. `replaced`: names that hold another image now; `renamed`: (old, new) names of images
    that stayed; `reordered`: how many stand at another place among those that stayed."""

    inserted: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = field(default=())
    reordered: int = 0

    def __bool__(self) -> bool:
        """Whether anything happened at all."""
        return bool(self.inserted or self.removed or self.replaced or self.renamed or self.reordered)

    @property
    def text(self) -> str:
        """A Chinese sentence with counts, empty when nothing happened."""
        said = [(self.inserted, "插入"), (self.removed, "删除"), (self.replaced, "换")]
        parts = [f"{word} {len(pages)} 页" for pages, word in said if pages]
        parts += [f"顺延 {len(self.renamed)} 页"] if self.renamed and (self.inserted or self.removed) else []
        parts += [f"改名 {len(self.renamed)} 页"] if self.renamed and not (self.inserted or self.removed) else []
        parts += [f"调序 {self.reordered} 页"] if self.reordered else []
        return "，".join(parts)


def moves(before: Sequence[tuple[str, bytes]], after: Sequence[tuple[str, bytes]]) -> Moves:
    """Compare two versions, each as (name, digest) in page order.

    An image is the same by its digest; of several equal ones the first of each side belong together. A name whose image
    is new while its old one is nowhere is a replaced page.
    """
    old, new = _numbered(before), _numbered(after)
    then, now = {image: name for name, image in old}, {image: name for name, image in new}
    fresh = [(name, image) for name, image in new if image not in then]
    gone = [(name, image) for name, image in old if image not in now]
    gone_names, fresh_names = {name for name, _ in gone}, {name for name, _ in fresh}
    replaced = tuple(name for name, _ in fresh if name in gone_names)
    stayed = [image for _, image in new if image in then]
    place = {image: index for index, (_, image) in enumerate(i for i in old if i[1] in now)}
    return Moves(
        tuple(name for name, _ in fresh if name not in gone_names),
        tuple(name for name, _ in gone if name not in fresh_names),
        replaced,
        tuple((then[image], now[image]) for image in stayed if then[image] != now[image]),
        _out_of_order([place[image] for image in stayed]),
    )


def _numbered(version: Sequence[tuple[str, bytes]]) -> list[tuple[str, tuple[bytes, int]]]:
    """Give equal images of one version different keys: the first, the second …"""
    seen: Counter[bytes] = Counter()
    keyed = []
    for name, digest in version:
        keyed.append((name, (digest, seen[digest])))
        seen[digest] += 1
    return keyed


def _out_of_order(places: Sequence[int]) -> int:
    """Least number of images that must be taken out so that the rest keep their order (n minus the longest rising run)."""
    tails: list[int] = []
    for place in places:
        at = bisect.bisect_left(tails, place)
        tails[at : at + 1] = [place]
    return len(places) - len(tails)
