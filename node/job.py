"""What passes from intake to sealing and on to the delta: one record folder, judged and cleared. Pure data."""

from __future__ import annotations

from dataclasses import dataclass, field

from holdings.findings import Finding, FindingCode
from holdings.gate import Cleared
from node.folders import FolderState
from node.walk import FileStat
from sync.manifest import Part


@dataclass(frozen=True, slots=True)
class Job:
    """A settled folder whose record passed the gate.

    `known` maps names of files that are as they were sealed to their parts; every other file is read. `parts` are all parts of the record's current version,
    `pending` those sealed for its next one before a restart. `version` is the one to be made.
    """

    path: str
    """'<watch folder name>/<relative path>', the key of table folder and the subject of findings."""
    root: str
    """Absolute path of the folder."""
    delivery: str
    signature: bytes
    epoch: int
    subject: str
    item_id: bytes
    version: int
    cleared: Cleared
    files: tuple[FileStat, ...]
    known: dict[str, Part] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    pending: tuple[Part, ...] = ()
    body_unchanged: bool = False
    waived: frozenset[tuple[FindingCode, str]] = frozenset()
    """(code, path) of findings about the record that a person waived."""
    odd: tuple[Finding, ...] = ()
    """What lies in the folder and is no plain file: said, not sealed."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was read: what table source keeps."""

    name: str
    size: int
    mtime_ns: int
    inode: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """Every byte of the record's new version is in durable packs; `pages` by the page-count rule."""

    job: Job
    parts: tuple[Part, ...]
    sources: tuple[Source, ...]
    pages: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Stayed:
    """No new version: the folder is noted in this state, with these findings (equal bytes after a touch: SEALED, and new times)."""

    job: Job
    state: FolderState
    findings: tuple[Finding, ...] = ()
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A file changed or vanished while it was read: the folder settles anew."""

    job: Job


Outcome = Sealed | Stayed | Unsettled
