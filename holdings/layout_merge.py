"""From the files of one code to its pages: representations 版本用途, overrides 重扫/补扫, two folders of one code, order; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from holdings.layout import Bin, Gathering, Left, LeftWhy, Page, Raw, part_name
from holdings.layout_words import Role, Use, Vocabulary, fold
from holdings.page_name import page_name
from holdings.readiness import order_pages
from holdings.reference_code import match_key

_FRONT = {Role.COVER: 0, Role.CONTENTS: 1, Role.BODY: 2, Role.ENDNOTE: 3, Role.CAPTION: 4}


def merge(found: Bin, send: Collection[Use], words: Vocabulary) -> tuple[Gathering, list[Left]]:
    """One record's gathering, and what of its files was left aside.

    Args:
        send: the representations that are sealed; others are counted and stay where they are.
    """
    raws, left = _one_folder(found)
    uses = _uses(found, raws, words)
    kept = _override([(raw, use) for raw, use in zip(raws, uses, strict=True)])
    sent = [(raw, use) for raw, use in kept if use in send]
    if not sent and kept:
        # A record whose only representation is one that is not sent would be empty: then it goes all the same.
        sent = kept
    pages = _pages(sent, words)
    standing = {(raw.way.folder, raw.name) for raw, _ in kept}
    superseded = tuple(place for raw in raws if (place := (raw.way.folder, raw.name)) not in standing)
    where = next((r.way.folder.removesuffix(r.way.inner).rstrip("/") for r in raws if not r.way.rank), found.where)
    gathering = Gathering(
        found.code, found.key, where, pages, override=bool(raws) and all(r.way.rank for r in raws),
        whole=any(r.way.inner for r in raws), marked=found.marked, kept_back=len(kept) - len(sent),
        superseded=superseded,
    )  # fmt: skip
    return gathering, left


def _one_folder(found: Bin) -> tuple[list[Raw], list[Left]]:
    """Of two folders of one code the first stands, unless the second lies within it, continues it on another disc, or is an override."""
    groups: dict[tuple[object, ...], dict[str, list[Raw]]] = defaultdict(lambda: defaultdict(list))
    for raw in found.raws:
        way = raw.way
        groups[(way.use, way.rank, way.section, way.below, way.inner)][way.folder].append(raw)
    kept: list[Raw] = []
    left: list[Left] = []
    for (_, rank, *_), folders in groups.items():
        taken: set[str] = set()
        first = next(iter(folders))
        for folder, raws in folders.items():
            labels = {f"{raw.lead} {fold(raw.label)}" for raw in raws}
            if taken and not rank and (taken & labels or not _continues(raws, folders[first])):
                left.append(Left(LeftWhy.TWICE, folder, found.key, first))
                continue
            taken |= labels
            kept += raws
    return kept, left


def _continues(raws: list[Raw], first: list[Raw]) -> bool:
    """Does a second place go on with the first: another disc, or a file name that holds the code?"""
    way, other = raws[0].way, first[0].way
    return (
        way.disc != other.disc or raws[0].lead != first[0].lead or all(raw.label != raw.name for raw in (*raws, *first))
    )


def _uses(found: Bin, raws: list[Raw], words: Vocabulary) -> list[Use]:
    """What each file is for: by its folder; else twins of one stem by their endings; a PDF named for the record beside images is its text."""
    endings: dict[tuple[str, str], set[Use | None]] = defaultdict(set)
    for raw in raws:
        if raw.way.use is None and not raw.way.inner:
            endings[(raw.way.folder, _stem(raw.name))].add(words.use_of_ending(raw.name))
    twins = any(len(uses - {None}) > 1 for uses in endings.values())
    several = len(raws) > 1
    chosen = []
    for raw in raws:
        ending = words.use_of_ending(raw.name)
        named = several and ending is Use.SEARCHABLE and match_key(raw.name.rpartition(".")[0]) == found.key
        if raw.way.use is not None:
            chosen.append(Use.SEARCHABLE if named and raw.way.use is Use.ACCESS else raw.way.use)
        elif named:
            chosen.append(Use.SEARCHABLE)
        else:
            chosen.append((ending if twins and raw.role is not Role.CAPTION else None) or Use.MASTER)
    return chosen


def _stem(name: str) -> str:
    return fold(name.rpartition(".")[0] or name)


def _override(items: list[tuple[Raw, Use]]) -> list[tuple[Raw, Use]]:
    """Pages of a later override take the place of those of the same number and use; others of theirs are added."""
    if not any(raw.way.rank for raw, _ in items):
        return items
    whole = {use for raw, use in items if not raw.way.rank}
    standing: dict[tuple[object, ...], tuple[Raw, Use]] = {}
    for raw, use in sorted(items, key=lambda item: item[0].way.rank):
        # An override without a representation folder means the record's pages: the one representation there is.
        fits = next(iter(whole)) if raw.way.rank and raw.way.use is None and len(whole) == 1 else use
        number = page_name(raw.label) if raw.role is Role.BODY else None
        name: object = (number.number, number.mark) if number else fold(raw.label)
        standing[(fits, raw.way.section, raw.way.below, raw.role, name)] = (raw, fits)
    return list(standing.values())


def _pages(items: Iterable[tuple[Raw, Use]], words: Vocabulary) -> tuple[Page, ...]:
    """Pages in order: by use, section, front matter first, then as people count; part names are unique."""
    listed = list(items)
    order = {label: n for n, label in enumerate(order_pages({raw.label for raw, _ in listed}).names)}
    listed.sort(
        key=lambda item: (
            item[1], words.section_rank(item[0].way.section), item[0].way.below, _FRONT.get(item[0].role, 2), item[0].way.inner, item[0].lead,
            order[item[0].label], item[0].name, item[0].way.folder,
        )
    )  # fmt: skip
    names: dict[str, int] = defaultdict(int)
    for raw, _ in listed:
        names[part_name(raw, alone=True)] += 1
    return tuple(
        Page(
            raw.way.folder,
            raw.name,
            part_name(raw, alone=names[part_name(raw, alone=True)] == 1),
            raw.label,
            use,
            raw.role,
        )
        for raw, use in listed
    )
