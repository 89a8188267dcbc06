"""What passes from intake to sealing and on to the delta: one record folder, judged and cleared. Pure data."""

from __future__ import annotations

import posixpath

from msgspec import Struct, field
from msgspec.structs import replace

from holdings.findings import Finding, FindingCode
from holdings.gate import Cleared
from holdings.profile import PLAIN, IntakeProfile
from holdings.record import Description
from node.folders import FolderState
from node.walk import FileStat
from sync.manifest import Part


class Job(Struct, frozen=True):
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
    shown: str = ""
    """What stands before a file's place in findings; empty: `path`."""
    uses: bytes = b""
    roles: bytes = b""
    """One byte a file, as the record's body will have them (format.md §6.3)."""
    labels: tuple[str, ...] = ()
    """What each file's place among the pages follows from; empty: its name."""
    profile: IntakeProfile = PLAIN
    marked: bool = False
    submitted: bool = False
    expected: int | None = None
    """Text pages by the record's range of its volume; asked when its row says no 页数."""
    whole: bool = False
    """A folder that is one object: its files are no pages."""

    @property
    def description(self) -> Description:
        """What the record's body will say."""
        if not self.uses and not self.roles:
            return self.cleared.description
        return replace(self.cleared.description, uses=self.uses, roles=self.roles)

    def path_of(self, file: FileStat) -> str:
        """A file's path as findings say it: where it lies, not what it is called as a part."""
        if not file.place or file.place.startswith("/"):
            return f"{self.path}/{file.name}"
        return posixpath.normpath(f"{self.shown or self.path}/{file.place}")

    def use_of(self, index: int) -> int:
        """What the file at a position is for."""
        return self.uses[index] if self.uses else 1


def vanished(version: int) -> str:
    """What the question about a vanished page says of it: the answer holds for this version alone."""
    return f"第 {version} 版中有此页"


class Source(Struct, frozen=True):
    """A file as it was read: what table source keeps."""

    name: str
    size: int
    mtime_ns: int
    inode: int
    sha256: bytes


class Sealed(Struct, frozen=True):
    """Every byte of the record's new version is in durable packs; `pages` by the page-count rule."""

    job: Job
    parts: tuple[Part, ...]
    sources: tuple[Source, ...]
    pages: int
    findings: tuple[Finding, ...]
    retouched: tuple[str, ...] = ()
    """Files that changed since the version before and show the same picture 仅元数据变化."""


class Stayed(Struct, frozen=True):
    """No new version: the folder is noted in this state, with these findings (equal bytes after a touch: SEALED, and new times)."""

    job: Job
    state: FolderState
    findings: tuple[Finding, ...] = ()
    sources: tuple[Source, ...] = ()


class Unsettled(Struct, frozen=True):
    """A file changed or vanished while it was read: the folder settles anew."""

    job: Job


Outcome = Sealed | Stayed | Unsettled
