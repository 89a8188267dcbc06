"""Merge 并卷 and split 拆卷 of volumes: what the versions of the records concerned will say; pure.

Pages move by reference: the new versions list parts that are sealed already. Relations are those of DA/T 46-2009 M86–M88.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from holdings.code_scheme import Scheme
from holdings.expression import expression
from holdings.layout_words import Role, Use
from holdings.record import (
    MARK,
    PAGES,
    TITLE,
    Description,
    RecordId,
    Relation,
    RelationKind,
    level_of,
    page_count,
)
from holdings.reference_code import CodeProblem, match_key, parse
from holdings.renumber import follow

_NUMBERED: Final = expression(r"([0-9]{1,9})(\.[A-Za-z0-9]{1,8})")


class Piece(Struct, frozen=True):
    """One line of a split: 新档号, first and last page counted from 1, 题名 (empty: as before)."""

    row: int
    code: str
    first: int
    last: int
    title: str = ""


def names_behind(held: Sequence[str], added: Sequence[str], code: str) -> list[str]:
    """Names for pages that are added behind others: numbered on where both are plain numbers, else the code they come
    from goes before them. Names differ from each other and from those held.
    """
    numbers = [_NUMBERED.fullmatch(name) for name in (*held, *added)]
    if all(numbers) and held:
        digits = [found[1] for found in numbers[: len(held)] if found]
        width, last = max(map(len, digits)), max(map(int, digits))
        endings = [found[2] for found in numbers[len(held) :] if found]
        return [f"{last + n:0{width}d}{ending}" for n, ending in enumerate(endings, 1)]
    taken, named = set(held), list[str]()
    for name in added:
        chosen, again = f"{code} {name}", 1
        while chosen in taken:
            again += 1
            chosen = f"{code} ({again}) {name}"
        taken.add(chosen)
        named.append(chosen)
    return named


def merged(
    into: Description, own: RecordId, parts: int, sources: Sequence[tuple[RecordId, Description, int, Sequence[str]]]
) -> tuple[Description, list[Description]]:
    """(what the merged volume says, what each source says). `parts` is the number of its files before.

    Args:
        own: id of the merged volume.
        sources: id, description, number of files, and codes that led to it before, of each volume merged into it.
    """
    relations = [Relation(RelationKind.MERGED_FROM, i, said.reference_code) for i, said, _, _ in sources]
    former = [code for _, said, _, before in sources for code in (said.reference_code, *before)]
    uses = _laid([(into.uses, parts), *((s.uses, n) for _, s, n, _ in sources)], Use.MASTER)
    roles = _laid([(into.roles, parts), *((s.roles, n) for _, s, n, _ in sources)], Role.BODY)
    declared = [page_count(into), *(page_count(said) for _, said, _, _ in sources)]
    elements = dict(into.elements)
    if all(count is not None for count in declared):
        elements[PAGES] = str(sum(count for count in declared if count is not None))
    whole = replace(
        into, elements=elements, former_codes=tuple(dict.fromkeys(former)), relations=tuple(relations), uses=uses,
        roles=roles,
    )  # fmt: skip
    back = Relation(RelationKind.MERGED_INTO, own, into.reference_code)
    return whole, [ended(said, (back,)) for _, said, _, _ in sources]


def ended(said: Description, relations: Iterable[Relation]) -> Description:
    """What a record says whose pages went to others."""
    return replace(said, relations=tuple(relations), ended=True, uses=b"", roles=b"", former_codes=())


def piece_of(said: Description, piece: Piece, whole: RecordId | None, schemes: Sequence[Scheme] = ()) -> Description:
    """What a volume says that was split from another; `whole` is the id of that other, None when this goes on being it."""
    code = parse(piece.code, schemes)
    assert not isinstance(code, CodeProblem), "codes are judged before volumes are split"
    elements = follow(said.elements, said.reference_code, code.printed, schemes)
    elements[PAGES] = str(piece.last - piece.first + 1)
    if piece.title:
        elements[TITLE] = piece.title
    span = slice(piece.first - 1, piece.last)
    from_it = () if whole is None else (Relation(RelationKind.SPLIT_FROM, whole, said.reference_code),)
    return replace(
        said, reference_code=code.printed, level=level_of(code), elements=elements, relations=from_it,
        former_codes=() if whole is None else (said.reference_code,), uses=said.uses[span], roles=said.roles[span],
    )  # fmt: skip


def split_fault(pieces: Sequence[Piece], parts: int) -> tuple[int, str] | None:
    """(row, what is wrong) when the pieces are not all pages once and in order; None when they are."""
    expected = 1
    for piece in sorted(pieces, key=lambda p: p.first):
        if piece.first != expected or not piece.first <= piece.last <= parts:
            return piece.row, f"各卷的起止页须首尾相接，从第 1 页到第 {parts} 页；此行应从第 {expected} 页起"
        expected = piece.last + 1
    if expected != parts + 1:
        return pieces[-1].row, f"第 {expected} 页至第 {parts} 页没有归入任何一卷"
    if len({match_key(piece.code) for piece in pieces}) != len(pieces):
        return pieces[-1].row, "同一新档号出现两次"
    return None


def may_merge(into: Description, said: Description) -> str:
    """Why two volumes may not become one; empty when they may."""
    if into.elements.get(MARK, "").strip() != said.elements.get(MARK, "").strip():
        return "密级不同的案卷不能合并"
    return ""


def _laid(pieces: Sequence[tuple[bytes, int]], default: int) -> bytes:
    """Bytes a part, one after the other; empty when none of the pieces has any."""
    if not any(said for said, _ in pieces):
        return b""
    return b"".join(said or bytes([default]) * count for said, count in pieces)
