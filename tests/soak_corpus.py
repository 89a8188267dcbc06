"""A small archive that grows and changes by a seeded plan, and remembers every state a record was ever in."""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass, field
from random import Random

from PIL import Image
from scan_tree import ScanTree

FORMATS = {"jpg": ("JPEG", {"quality": 70}), "png": ("PNG", {}), "tif": ("TIFF", {})}
PAGES_MAX = 7
LARGE_EDGE = 3000
"""A grey TIFF of this edge is 9 MB: a part of two segments."""


@dataclass(frozen=True)
class Snapshot:
    """What one version of a record may hold: its title and its files as (name, SHA-256)."""

    title: str
    files: frozenset[tuple[str, str]]


@dataclass
class Scanned:
    """A record in the scan folder: title, pages in order as (name, SHA-256), and every state it was in, oldest first."""

    code: str
    ending: str
    renames: bool
    title: str
    pages: list[tuple[str, str]] = field(default_factory=list)
    history: list[Snapshot] = field(default_factory=list)

    def note(self) -> None:
        """Remember this state."""
        now = Snapshot(self.title, frozenset(self.pages))
        if not self.history or self.history[-1] != now:
            self.history.append(now)


class Corpus:
    """Fills and changes a scan folder; equal seeds make equal bytes, names and steps.

    A record either has pages renamed or has pages changed and inserted, never both: a page that got a new name and new bytes between two looks
    is a vanished page, which is a question for a person.
    """

    def __init__(self, scans: ScanTree, random: Random) -> None:
        self._scans, self._random = scans, random
        self.records: dict[str, Scanned] = {}

    def step(self) -> str:
        """Do one to six things between two runs of the node; what they were."""
        done = []
        for _ in range(self._random.randint(1, 6)):
            work = self._random.choice(
                (self._new, self._new, self._change, self._insert, self._rename, self._touch, self._retitle)
            )
            done.append(work() if self.records else self._new())
        self._scans.rows({r.code: {"题名": r.title, "页数": str(len(r.pages))} for r in self.records.values()})
        for record in self.records.values():
            record.note()
        return "、".join(done)

    def _new(self) -> str:
        number = len(self.records) + 1
        ending = self._random.choice(tuple(FORMATS))
        record = Scanned(
            f"J001-WS·2011·Y·BGS-{number:04d}", ending, self._random.random() < 0.3, f"关于第{number}件的通知"
        )
        large = ending == "tif" and self._random.random() < 0.1
        for page in range(1, self._random.randint(1, 4) + 1):
            record.pages.append(self._write(record, f"{page:04d}.{ending}", LARGE_EDGE if large and page == 1 else 0))
        self.records[record.code] = record
        return f"new {record.code[-4:]}"

    def _any(self, *, renames: bool | None = None) -> Scanned | None:
        fit = [r for r in self.records.values() if renames is None or r.renames is renames]
        return self._random.choice(fit) if fit else None

    def _change(self) -> str:
        if (record := self._any(renames=False)) is None:
            return self._new()
        at = self._random.randrange(len(record.pages))
        record.pages[at] = self._write(record, record.pages[at][0])
        return f"change {record.code[-4:]}/{at + 1}"

    def _insert(self) -> str:
        """A page before another: all later ones get the next number, as scanning programs do; or one at the end."""
        record = self._any(renames=False)
        if record is None or len(record.pages) >= PAGES_MAX:
            return self._new()
        at = self._random.randint(0, len(record.pages))
        folder = self._scans.root / record.code
        for number in range(len(record.pages), at, -1):
            name = f"{number + 1:04d}.{record.ending}"
            (folder / record.pages[number - 1][0]).rename(folder / name)
            record.pages[number - 1] = (name, record.pages[number - 1][1])
        record.pages.insert(at, self._write(record, f"{at + 1:04d}.{record.ending}"))
        return f"insert {record.code[-4:]}/{at + 1}"

    def _rename(self) -> str:
        if (record := self._any(renames=True)) is None:
            return self._new()
        at = self._random.randrange(len(record.pages))
        name, digest = record.pages[at]
        stem = name.rpartition(".")[0]
        other = f"{at + 1:04d}.{record.ending}" if "重" in stem else f"重命名{at + 1:04d}.{record.ending}"
        (self._scans.root / record.code / name).rename(self._scans.root / record.code / other)
        record.pages[at] = (other, digest)
        return f"rename {record.code[-4:]}/{at + 1}"

    def _touch(self) -> str:
        record = self._any()
        assert record is not None
        for path in (self._scans.root / record.code).iterdir():
            os.utime(path)
        return f"touch {record.code[-4:]}"

    def _retitle(self) -> str:
        record = self._any()
        assert record is not None
        record.title = f"关于{record.code[-4:]}的通知（更正{self._random.randrange(1_000_000)}）"
        return f"row {record.code[-4:]}"

    def _write(self, record: Scanned, name: str, edge: int = 0) -> tuple[str, str]:
        edge = edge or self._random.choice((40, 200, 800))
        image = Image.frombytes("L", (edge, edge), self._random.randbytes(edge * edge))
        out = io.BytesIO()
        kind, options = FORMATS[record.ending]
        image.save(out, kind, **options)
        self._scans.put(record.code, {name: out.getvalue()})
        return name, hashlib.sha256(out.getvalue()).hexdigest()
