"""密级预检: the tops of a record's first pages are read before any byte of it is digested or sealed, where its profile asks.

The reader is given: page file in, text of its top out. It decodes foreign bytes, so it works in the sandbox. What it reads
is judged and forgotten; nothing of it is kept, shown or logged.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from enum import Enum
from typing import TypeAlias

import apsw
from msgspec import Struct

from holdings import catalogue_withhold, media
from holdings.findings import Finding, FindingCode
from holdings.secrecy_words import judges_texts
from node import settings
from node.folders import FolderState
from node.job import Job, Stayed
from node.settings import Setting
from node.top_reader import PAGE_END
from node.walk import FileStat
from sync.errors import SandboxError
from sync.site_class import SiteClass

ReadTop: TypeAlias = Callable[[bytes], str]
"""From a page file to the text of the upper part of its page, or of its first pages, PAGE_END between two."""
PAGES = 3
"""First pages that are read: cover, the paper's first page, and one in case a slip lies before it."""
BYTES_MAX = 64 << 20
"""A page file above this is not read: it counts as unread."""
_READ = frozenset(
    {
        *(media.JPEG, media.TIFF, media.PNG, media.JP2, media.GIF, media.BMP, media.WEBP, media.PDF, media.OFD),
        *(media.DOCX, media.XLSX, media.TEXT),
    }
)


class Tops(Enum):
    """What the tops of the first pages say."""

    PLAIN = "plain"
    SECRET = "secret"  # noqa: S105  no password
    UNREAD = "unread"


class Precheck(Struct, frozen=True):
    """The look at the first pages that a profile may ask for.

    Args:
        reader: reads the top of a page; None while no engine for it is installed.
    """

    site: SiteClass
    reader: ReadTop | None = None

    def stays(self, job: Job) -> Stayed | None:
        """How a record stays that must not be sealed; None when it may."""
        if not job.profile.secrecy_precheck or self.site is not SiteClass.OPEN:
            return None
        tops = self._look(job)
        # Where the folder lies and what it is called; a code from the sheet is no more than the folder's name here.
        if tops is Tops.SECRET:
            found = [Finding(FindingCode.CLASSIFIED, job.subject, job.path)]
            if job.version > 1:
                found.append(Finding(FindingCode.CLASSIFIED_SEALED, job.subject, job.path))
            return Stayed(job, FolderState.HELD, tuple(found))
        if tops is Tops.UNREAD and (FindingCode.SECRECY_UNREAD, job.path) not in job.waived:
            code = job.cleared.description.reference_code
            return Stayed(
                job, FolderState.QUARANTINED, (Finding(FindingCode.SECRECY_UNREAD, job.subject, job.path, code),)
            )
        return None

    def _look(self, job: Job) -> Tops:
        """Read no further than the first page that bears a mark."""
        if self.reader is None:
            return Tops.UNREAD
        unread = False
        for page in _first_pages(job):
            try:
                text = self.reader(page) if page else None
            except SandboxError:
                text = None
            if text is None:
                unread = True
            elif judges_texts(text.split(PAGE_END)):
                return Tops.SECRET
        return Tops.UNREAD if unread else Tops.PLAIN


def withhold(connection: apsw.Connection, job: Job) -> None:
    """Take what the catalogue says of a record that bears a mark out of it; its volume's other items wait from now on."""
    if catalogue_withhold.withhold(connection, job.subject):
        settings.add(connection, Setting.EPOCH, 1)


def _first_pages(job: Job) -> Iterator[bytes]:
    """Bytes of the first files that are new; blank for one that cannot be read as a page."""
    for file in [file for file in job.files if file.name not in job.known][:PAGES]:
        yield _page(job, file)


def _page(job: Job, file: FileStat) -> bytes:
    if file.size > BYTES_MAX:
        return b""
    try:
        path = os.path.join(job.root, file.place or file.name)
        with open(path, "rb", opener=lambda p, f: os.open(p, f | os.O_NOFOLLOW | os.O_NONBLOCK)) as source:
            data = source.read(BYTES_MAX)
    except OSError:
        return b""
    seen = media.probe(file.name, len(data), lambda offset, length: data[offset : offset + length])
    return data if seen.problem is None and seen.media_type in _READ else b""
