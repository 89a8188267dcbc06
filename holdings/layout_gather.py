"""The layouts themselves: a tree of names, an intake profile's layout and the catalogue's word make gatherings; pure."""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from holdings.expression import expression
from holdings.file_name import NameKind, name_kind
from holdings.layout import (
    Bin,
    Gathered,
    Gathering,
    Layout,
    Left,
    LeftWhy,
    LinkRow,
    Lookups,
    Raw,
    Tree,
    Way,
    code_of,
    resolve,
    way_of,
)
from holdings.layout_merge import merge
from holdings.layout_template import splits
from holdings.layout_volume import VolumeRow, parse_range, spans
from holdings.layout_words import HIDDEN, Role, Use, Vocabulary, fold, hidden, vocabulary
from holdings.page_name import page_name
from holdings.readiness import order_pages
from holdings.record import parse_pages
from holdings.reference_code import CodeProblem, match_key, parse

SEND = frozenset({Use.MASTER, Use.ACCESS, Use.SEARCHABLE})
"""Representations that go up unless a profile says otherwise: thumbnails are made anew where they are needed."""
_WORDS_BEFORE = expression(r"^[\u4e00-\u9fff]+[-_ ]?")
"""What people put before the number of a reel or box: 卷片0045, 盒-0123."""


class _Work(Struct):
    """One delivery being read."""

    layout: Layout
    lookups: Lookups
    words: Vocabulary
    bins: dict[str, Bin] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    marked: set[str] = field(default_factory=set)

    def bin(self, code: str, key: str, where: str) -> Bin:
        return self.bins.setdefault(key, Bin(code, key, where))

    def raw(self, way: Way, name: str) -> Raw:
        return Raw(way, name, name, self.words.role_of(name))

    def stray(self, way: Way, name: str) -> None:
        path = f"{way.folder}/{name}" if way.folder else name
        if self.words.is_evidence(name) or way.catalogue:
            self.evidence.append(path)
        elif name_kind(name) is not NameKind.SHEET:
            self.left.append(Left(LeftWhy.SUPERFLUOUS, path))


def gather(
    tree: Tree,
    layout: Layout,
    lookups: Lookups,
    send: Collection[Use] = SEND,
    markers: tuple[str, ...] = (),
    words: Vocabulary | None = None,
) -> Gathered:
    """Find the records in a delivery's tree, as `layout` says they lie there.

    Args:
        markers: further names of marker files.
        words: the site's words; None: those that ship.
    """
    work = _Work(layout, lookups, words or vocabulary())
    ways = [(way_of(folder, work.words, layout.overrides), list(names)) for folder, names in sorted(tree.items())]
    for way, names in ways:
        finished = [name for name in names if work.words.is_marker(name, markers)]
        if finished or way.done:
            work.marked.add("/".join(way.rest))
        for name in finished:
            names.remove(name)
    if layout.kind == "volumes":
        return _volumes(work, ways, send)
    read = {"files": _files, "rows": _rows}.get(layout.kind, _folders)
    read(work, ways)
    return _finish(work, send)


def _finish(work: _Work, send: Collection[Use]) -> Gathered:
    gatherings = []
    for found in work.bins.values():
        found.marked = found.marked or _is_marked(work, found)
        gathering, left = merge(found, send, work.words)
        gatherings.append(gathering)
        work.left += left
    return Gathered(tuple(gatherings), tuple(work.left), tuple(work.evidence))


def _is_marked(work: _Work, found: Bin) -> bool:
    return any("/".join(raw.way.rest) in work.marked for raw in found.raws)


def _folders(work: _Work, ways: list[tuple[Way, list[str]]]) -> None:
    """F1, F3, F5, F6, F10, F11: a folder is a record; a file beside the folders may be named for one."""
    loose: list[tuple[Way, str]] = []
    parents = {"/".join(way.rest[:n]) for way, _ in ways for n in range(len(way.rest))}
    for way, names in ways:
        if way.catalogue:
            for name in names:
                work.stray(way, name)
            continue
        found = _folder_code(work, way, names) if way.rest else None
        if found is None:
            loose += [(way, name) for name in names]
            continue
        code, key, known, depth = found
        way = replace(way, below="/".join(way.rest[depth:])) if depth < len(way.rest) else way
        if names or way.inner or (known and "/".join(way.rest) not in parents):
            bin_ = work.bin(code, key, way.folder)
            bin_.raws += [work.raw(way, name) for name in names]
    for way, name in loose:
        code, key, known = resolve(name.rpartition(".")[0] or name, work.lookups)
        if known or key in work.bins:
            work.bin(code, key, way.folder).raws.append(work.raw(way, name))
        else:
            work.stray(way, name)


def _folder_code(work: _Work, way: Way, names: Sequence[str]) -> tuple[str, str, bool, int] | None:
    """(code, key, known, levels that name it) of a folder: of the deepest level that the catalogue knows (a folder within a record
    is part of it), else of the last one."""
    deepest: tuple[str, str, bool, int] | None = None
    for depth in range(len(way.rest), 0, -1):
        found = code_of(work.layout, way.rest[:depth], work.lookups)
        if found is not None and found[2]:
            return *found, depth
        deepest = deepest or (found and (*found, depth))
    if deepest is not None and work.layout.path == "{code}" and names:
        code = parse(deepest[0])
        stems = [resolve(name.rpartition(".")[0] or name, work.lookups) for name in names[:20]]
        if isinstance(code, CodeProblem) or any(known for _, _, known in stems):
            return None
    return deepest


def _files(work: _Work, ways: list[tuple[Way, list[str]]]) -> None:
    """F4, F8, F9: the file name holds the code; a caption beside them belongs to every record of its folder."""
    for way, names in ways:
        here: dict[str, Bin] = {}
        captions: list[str] = []
        for name in names:
            item = work.raw(way, name)
            if way.catalogue or work.words.is_evidence(name) or name_kind(name) is NameKind.SHEET:
                work.stray(way, name)
            elif item.role is Role.CAPTION:
                captions.append(name)
            elif found := _file_code(work, way, name):
                code, key, label = found
                here[key] = work.bin(code, key, way.folder)
                here[key].raws.append(Raw(way, name, label or name, Role.BODY if label else item.role))
            else:
                work.stray(way, name)
        for name in captions:
            for bin_ in here.values():
                bin_.raws.append(work.raw(way, name))
            if not here:
                work.stray(way, name)


def _file_code(work: _Work, way: Way, name: str) -> tuple[str, str, str] | None:
    """(code, key, page label) of a file name: the reading that the catalogue knows, else the first that fits."""
    first: tuple[str, str, str] | None = None
    for fields in splits(work.layout.file, name.rpartition(".")[0] or name):
        found = code_of(work.layout, way.rest, work.lookups, fields)
        if found is None:
            continue
        code, key, known = found
        reading = (code, key, fields.get("page", ""))
        if known:
            return reading
        first = first or reading
    return first


def _volumes(work: _Work, ways: list[tuple[Way, list[str]]], send: Collection[Use]) -> Gathered:
    """F2: a folder is a volume; its items are page ranges, or the rows' word is awaited as one record."""
    _folders(work, ways)
    whole, gatherings = _finish(work, send), []
    left = list(whole.left)
    for volume in whole.gatherings:
        rows = work.lookups.volume(volume.key, volume.pages)
        if not any(not row.whole for row in rows):
            gatherings.append(volume)
            continue
        items, rest = _items(work.layout, volume, rows)
        gatherings += items
        left += rest
    return Gathered(tuple(gatherings), tuple(left), whole.evidence)


def _items(layout: Layout, volume: Gathering, rows: Sequence[VolumeRow]) -> tuple[list[Gathering], list[Left]]:
    """Cut a volume's pages by its rows. Covers and the like go to the volume's own row, without one to its first and last item."""
    numbers = {page: _number(layout, page.label) for page in volume.pages}
    body = [page for page in volume.pages if page.role is Role.BODY and numbers[page] is not None]
    declared = next((parse_pages(row.pages) for row in rows if row.whole), None)
    last = max([n for page in body if (n := numbers[page])] + [declared or 0])
    cut = spans(rows, last)
    left = [Left(LeftWhy.DISORDER, volume.where, volume.key, remark) for remark in cut.remarks]
    left += [Left(LeftWhy.UNPLACED, volume.where, row.key, row.code) for row in cut.unplaced]
    taken = {span.row.key: [p for p in body if span.first <= (numbers[p] or 0) <= span.last] for span in cut.spans}
    covered = {page for pages in taken.values() for page in pages}
    front = [p for p in volume.pages if p not in body and p.role in (Role.COVER, Role.CONTENTS, Role.TARGET)]
    back = [p for p in volume.pages if p not in body and p not in front]
    own = next((row for row in rows if row.whole), None)
    if own is not None and (front or back):
        taken[own.key] = [*front, *back]
    elif cut.spans:
        taken[cut.spans[0].row.key] = [*front, *taken[cut.spans[0].row.key]]
        taken[cut.spans[-1].row.key] = [*taken[cut.spans[-1].row.key], *back]
    bare = sorted({n for page in body if page not in covered and (n := numbers[page]) is not None})
    if bare:
        left.append(Left(LeftWhy.UNCOVERED, volume.where, volume.key, f"第 {_runs(bare)} 页"))
    names = {row.key: row.code for row in rows}
    open_end = max((span.first for span in cut.spans), default=0)
    lengths = {
        span.row.key: span.last - span.first + 1
        for span in cut.spans
        if span.first < open_end or parse_range(span.row.first, span.row.last) == (span.first, span.last)
    }
    items = [
        Gathering(
            names[key], key, volume.where, tuple(pages), volume.override, volume.whole, volume.marked,
            superseded=volume.superseded, expected=lengths.get(key),
        )
        for key, pages in taken.items()
    ]  # fmt: skip
    return items, left


def _number(layout: Layout, label: str) -> int | None:
    """Page of the volume that a file shows; what lies before its first page is front matter."""
    name = page_name(label)
    return None if name is None or name.number < layout.first_page else name.number - layout.first_page + 1


def _runs(numbers: Sequence[int]) -> str:
    """`7-9、12` for 7, 8, 9, 12; at most ten runs are named."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    text = "、".join(f"{a}-{b}" if b > a else str(a) for a, b in runs[:10])
    return f"{text} 等" if len(runs) > 10 else text


def _rows(work: _Work, ways: list[tuple[Way, list[str]]]) -> None:
    """F7, reels: the link sheet names folder, first and last image; a record may have several lines, as a volume that spans reels.
    A line without a code covers images that show no record (靶标); one whose names are hidden is of a classified record."""
    by_last: dict[str, list[_Shelf]] = defaultdict(list)
    by_number: dict[str, list[_Shelf]] = defaultdict(list)  # 卷片0045 is reel 0045, where no folder is called 0045 alone
    used: set[tuple[str, str]] = set()
    for way, names in ways:
        last, shelf = fold(way.folder.rpartition("/")[2]), _Shelf(way, [n for n in names if not work.words.is_evidence(n)])
        by_last[last].append(shelf)
        if (number := _WORDS_BEFORE.sub("", last)) != last and number:
            by_number[number].append(shelf)
    by_last |= {number: shelves for number, shelves in by_number.items() if number not in by_last}
    by_hidden = {hidden(name): shelves for name, shelves in by_last.items()}
    for link in work.lookups.links():
        veiled = link.folder[:1] == HIDDEN
        tail = [p if veiled else fold(p) for p in link.folder.replace("\\", "/").split("/") if p.strip()]
        near = (by_hidden if veiled else by_last).get(tail[-1] if tail else "", [])
        fits = _nearest(near, tail, hidden if veiled else fold)
        if len(fits) != 1:
            why = "找不到" if not fits else "不止一处"
            work.left.append(_lost(link, f"图像文件夹“{link.folder}”{why}"))
            continue
        way, chosen = fits[0].way, fits[0].between(work.words, link.first, link.last)
        if chosen is None:
            work.left.append(_lost(link, f"“{link.folder}”中没有 {link.first} 至 {link.last}，或首尾颠倒"))
            continue
        used |= {(way.folder, name) for name in chosen}
        if link.code:
            bin_ = work.bin(link.code, match_key(link.code), way.folder)
            lead = 1 + max((item.lead for item in bin_.raws), default=0)
            bin_.raws += [Raw(way, name, name, Role.BODY, lead) for name in chosen]
    for way, names in ways:
        bare = [name for name in names if (way.folder, name) not in used]
        for name in bare:
            if (
                work.words.role_of(name) is Role.BODY
                and name_kind(name) is not NameKind.SHEET
                and not work.words.is_evidence(name)
            ):
                path = f"{way.folder}/{name}" if way.folder else name
                work.left.append(Left(LeftWhy.UNCOVERED, path, "", "目录表没有指到"))
            elif work.words.role_of(name) is not Role.TARGET:
                work.stray(way, name)


def _lost(link: LinkRow, detail: str) -> Left:
    return Left(LeftWhy.LINK_FOLDER, link.code, match_key(link.code), detail)


class _Shelf:
    """The images of one folder in the order that people count, found by name, stem or number."""

    def __init__(self, way: Way, names: Sequence[str]) -> None:
        self.way, self._names = way, names
        self._ordered: list[str] = []
        self._places: dict[str, int] = {}
        self._numbers: dict[int, int] = {}

    def between(self, words: Vocabulary, first: str, last: str) -> list[str] | None:
        """Images from first to last, without targets; None when one of them is not there or they stand the other way round."""
        if not self._ordered:
            self._index()
        start, stop = self._place(first), self._place(last or first)
        if start is None or stop is None or start > stop:
            return None
        return [name for name in self._ordered[start : stop + 1] if words.role_of(name) is not Role.TARGET]

    def _index(self) -> None:
        self._ordered = list(order_pages(self._names).names)
        for index, name in enumerate(self._ordered):
            self._places.setdefault(fold(name.rpartition(".")[0]), index)
            if page := page_name(name):
                self._numbers.setdefault(page.number, index)
        self._places |= {fold(name): index for index, name in enumerate(self._ordered)}

    @functools.cached_property
    def _hidden(self) -> dict[str, int]:
        """Places by what stands for a name that may not be kept."""
        numbers = {hidden(str(number)): index for number, index in self._numbers.items()}
        return numbers | {hidden(name): index for name, index in self._places.items()}

    def _place(self, text: str) -> int | None:
        if text[:1] == HIDDEN:
            return self._hidden.get(text)
        wanted = fold(text)
        if wanted in self._places:
            return self._places[wanted]
        return self._numbers.get(int(wanted)) if wanted.isascii() and wanted.isdigit() else None


def _nearest(places: list[_Shelf], tail: list[str], look: Callable[[str], str]) -> list[_Shelf]:
    """Folders whose path ends like a link sheet's, by as many levels as any does: the sheet often writes the contractor's whole disk."""
    if len(places) < 2:
        return places

    def alike(shelf: _Shelf) -> int:
        pairs = zip(reversed([look(p) for p in shelf.way.folder.split("/")]), reversed(tail), strict=False)
        return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))

    best = max(map(alike, places))
    return [shelf for shelf in places if alike(shelf) == best]
