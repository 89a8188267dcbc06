"""Link sheets: which images belong to which record (a contractor's 挂接表, a reel sheet of microfilm); pure.

Their rows say where images lie; they make no catalogue rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Final

from msgspec import Struct

from holdings.columns import Columns, fold
from holdings.reference_code import CodeProblem, parse
from holdings.sheet_totals import is_total, number_of
from holdings.table import RawRow

VALUE_MAX: Final = 1_000  # characters of a cell; paths are shorter


class LinkKind(IntEnum):
    """What is counted between first and last."""

    IMAGES = 0
    FRAMES = 1


class LinkRow(Struct, frozen=True, array_like=True):
    """One line of a link sheet.

    `folder` is the image folder as printed (or the reel 盘号), `first` and `last` the first and last image (or frame),
    `count` the images declared, `a4` the sheet's 折合A4, `persons` (role, name). `key` is the match key of `code`; a reel
    sheet's code is that of a volume, and a volume may have several lines; frames that show no record (片头, 靶标) have none.
    `rest` holds the other columns.
    Whether the record is classified only the catalogue knows: look it up by `key` before anything of this is shown.
    """

    number: int
    tab: str
    kind: LinkKind
    code: str
    key: str
    folder: str
    first: str = ""
    last: str = ""
    count: int | None = None
    size_class: str = ""
    a4: str = ""
    persons: tuple[tuple[str, str], ...] = ()
    station: str = ""
    date: str = ""
    rest: dict[str, str] = {}


class LinkReader:
    """Reads the lines below the header of a link sheet."""

    def __init__(
        self, names: Sequence[str], kind: LinkKind, tab: str, defaults: Mapping[str, str], table: Columns
    ) -> None:
        self._names, self._kind, self._tab, self._table = tuple(names), kind, tab, table
        folded = [fold(name) for name in names]
        self._at = {
            field: [folded.index(fold(name)) for name in known if fold(name) in folded]
            for field, known in table.links.items()
        }
        parts = [[i for i, name in enumerate(names) if table.element(name) == part] for part in _OLD_PARTS]
        self._parts = [found[0] if found else None for found in parts]
        self._fixed = [defaults.get(part, "") for part in _OLD_PARTS]
        used = {i for at in self._at.values() for i in at} | {i for i in self._parts if i is not None}
        self._rest = [(i, name) for i, name in enumerate(names) if name and i not in used]

    def take(self, raw: RawRow) -> LinkRow | CodeProblem | None:
        """Read one line: a LinkRow, why its code cannot serve, or None for blank and total lines and repeated headers."""
        cells = [cell.strip()[:VALUE_MAX] for cell in raw.cells] + [""] * (len(self._names) - len(raw.cells))
        if raw.fault or not any(cells) or is_total(cells, self._table):
            return None
        if tuple(fold(cell) for cell in cells[: len(self._names)]) == tuple(map(fold, self._names)):
            return None
        text = self._first(cells, "code") or self._made(cells)
        code = parse(text)
        if isinstance(code, CodeProblem) and (text or self._kind is LinkKind.IMAGES):
            return code
        printed, key = ("", "") if isinstance(code, CodeProblem) else (code.printed, code.key)
        persons = tuple((self._names[i], cells[i]) for i in self._at["persons"] if cells[i])
        return LinkRow(
            raw.number, self._tab, self._kind, printed, key, self._first(cells, "folder"),
            self._first(cells, "first"), self._first(cells, "last"), number_of(self._first(cells, "count")),
            self._first(cells, "size_class"), self._first(cells, "a4"), persons, self._first(cells, "station"),
            self._first(cells, "date"), {name: cells[i] for i, name in self._rest if cells[i]},
        )  # fmt: skip

    def _first(self, cells: Sequence[str], field: str) -> str:
        """The first column of a field that says something."""
        return next((cells[i] for i in self._at[field] if cells[i]), "")

    def _made(self, cells: Sequence[str]) -> str:
        """The volume's code of DA/T 13-1994 from its parts; blank when one is missing."""
        parts = [cells[i] if i is not None else fixed for i, fixed in zip(self._parts, self._fixed, strict=True)]
        return "-".join(parts) if all(parts) else ""


_OLD_PARTS: Final = ("全宗号", "目录号", "案卷号")


def named_files(values: Mapping[str, str]) -> Iterator[str]:
    """File names that a row gives (电子文件名, 文件名, 附件文件名, 电子文件路径): `;`-joined lists, paths of other machines cut off.

    Nothing of a path is ever opened: only the last name is used, to find the file among those delivered.
    """
    for element in ("电子文件名", "文件名", "附件文件名", "电子文件路径"):
        for name in values.get(element, "").replace("；", ";").replace("\n", ";").split(";"):
            last = name.replace("\\", "/").rstrip("/").rpartition("/")[2].strip()
            if last and last not in (".", ".."):
                yield last
