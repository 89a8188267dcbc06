"""重扫, 补扫: a place that holds only the pages to be replaced or added is completed with what was sealed. Pure."""

from __future__ import annotations

from msgspec import Struct

from holdings.layout_words import Role, Use
from holdings.page_name import page_name
from holdings.readiness import order_pages
from holdings.record import Description
from node.walk import FileStat
from sync.manifest import Part

_FRONT = {Role.COVER: 0, Role.CONTENTS: 1, Role.BODY: 2, Role.ENDNOTE: 3}


class _Page(Struct, frozen=True):
    """A page of the version to be: a file to be read, or a part that stays."""

    file: FileStat
    use: int
    role: int


def complete(
    files: tuple[FileStat, ...],
    uses: bytes,
    roles: bytes,
    same: dict[str, Part],
    parts: tuple[Part, ...],
    body: Description,
) -> tuple[tuple[FileStat, ...], bytes, bytes, dict[str, Part]]:
    """(files in page order, uses, roles, unchanged parts) of the whole record: its current version with these files in their places.

    A part that stays is a file without time and inode whose part is known, so that nothing opens it.
    """
    fresh = [_Page(f, uses[i] if uses else Use.MASTER, roles[i] if roles else Role.BODY) for i, f in enumerate(files)]
    held = [
        _Page(FileStat(p.name, p.size, 0, 0), _at(body.uses, i, Use.MASTER), _at(body.roles, i, Role.BODY))
        for i, p in enumerate(parts)
    ]
    replaced = {_identity(page) for page in fresh}
    by_name = {part.name: part for part in parts}
    taken = {page.file.name for page in fresh}
    kept = [page for page in held if _identity(page) not in replaced and page.file.name not in taken]
    known = {page.file.name: by_name[page.file.name] for page in kept}
    order = {name: n for n, name in enumerate(order_pages({page.file.name for page in (*fresh, *kept)}).names)}
    pages = sorted([*fresh, *kept], key=lambda p: (p.use, rank(p.role), order[p.file.name]))
    all_uses, all_roles = bytes(page.use for page in pages), bytes(page.role for page in pages)
    return (
        tuple(page.file for page in pages),
        all_uses if len(set(all_uses)) > 1 else b"",
        all_roles if any(all_roles) else b"",
        {**{name: part for name, part in same.items() if name in taken}, **known},
    )


def keep(
    files: tuple[FileStat, ...],
    same: dict[str, Part],
    parts: tuple[Part, ...],
    superseded: set[tuple[str, int, int, int]],
) -> tuple[tuple[FileStat, ...], dict[str, Part]]:
    """(files, unchanged parts) where files that an override has replaced stand for the sealed page of their number.

    The override folder may be cleared away once it was sealed; what it replaced must not come back for that.
    """
    if not superseded or not any((f.place, f.size, f.mtime_ns, f.inode) in superseded for f in files):
        return files, same
    by_page = {_number(part.name): part for part in parts}
    kept, known = [], dict(same)
    for file in files:
        part = by_page.get(_number(file.name))
        if part is None or (file.place, file.size, file.mtime_ns, file.inode) not in superseded:
            kept.append(file)
            continue
        kept.append(FileStat(part.name, part.size, 0, 0))
        known.pop(file.name, None)
        known[part.name] = part
    return tuple(kept), known


def _number(name: str) -> tuple[object, ...]:
    page, ending = page_name(name), name.rpartition(".")[2].casefold()
    return (page.number, page.mark) if page else (name.casefold(), ending)


def _at(values: bytes, index: int, otherwise: int) -> int:
    return values[index] if index < len(values) else int(otherwise)


def rank(role: int) -> int:
    """Where pages of a role stand in their record: cover, contents, text, end note, the rest."""
    return _FRONT[Role(role)] if role in _FRONT else 4


def _identity(page: _Page) -> tuple[object, ...]:
    """Pages of one number, mark, use and role are the same page."""
    number = page_name(page.file.name)
    return page.use, page.role, (number.number, number.mark) if number else page.file.name.casefold()
