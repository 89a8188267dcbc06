"""Sheets that their names do not tell: text, pages and XML beside the records of a delivery whose content is a table with known columns.

Only what lies at a delivery's own level is looked into, never a file within a record's folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import PurePath

from holdings.layout_words import Role, Vocabulary
from holdings.sheet import encode_request
from holdings.site_data import SiteData
from node.walk import FileStat, Folder
from sync.errors import SandboxError
from sync.sandbox import Sandbox
from sync.site_class import SiteClass

SUFFIXES = (".txt", ".xml", ".htm", ".html")
HEAD = {".txt": 256 << 10}
"""Bytes that are looked at of a text; pages and XML are looked at whole."""
WHOLE_MAX = 16 << 20
FOLDER_MAX = 20
"""Candidates of one folder; where there are more they are no catalogues."""
REMEMBERED = 10_000


class SheetGuess:
    """Looks into each candidate once, and again when it changed."""

    def __init__(self, sandbox: Sandbox, words: Vocabulary, site: SiteData) -> None:
        self._sandbox, self._words = sandbox, words
        self._request = encode_request("", SiteClass.OPEN, columns=site.only("columns", "codes", "category"))
        self._known: dict[tuple[str, int, int], bool] = {}

    def among(self, folder: Folder, relative: str) -> list[FileStat]:
        """The files of a folder that are sheets by their content; `relative` is blank for a scan folder itself."""
        own = not relative or folder.folders or self._words.is_folder("catalogue", relative.rpartition("/")[2])
        found = list(self._candidates(folder)) if own else []
        return [file for file in found if self._is_sheet(folder.path, file)] if len(found) <= FOLDER_MAX else []

    def _candidates(self, folder: Folder) -> Iterable[FileStat]:
        for file in folder.files:
            if PurePath(file.name).suffix.lower() in SUFFIXES and not (
                self._words.is_evidence(file.name) or self._words.is_marker(file.name) or self._words.role_of(file.name) is not Role.BODY
            ):
                yield file

    def _is_sheet(self, path: str, file: FileStat) -> bool:
        key = (f"{path}/{file.name}", file.size, file.mtime_ns)
        if key not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[key] = self._look(path, file)
        return self._known[key]

    def _look(self, path: str, file: FileStat) -> bool:
        length = HEAD.get(PurePath(file.name).suffix.lower(), WHOLE_MAX)
        try:
            with open(os.path.join(path, file.name), "rb", opener=lambda p, f: os.open(p, f | os.O_NOFOLLOW | os.O_NONBLOCK)) as source:
                data = source.read(length)
            return bool(self._sandbox.call("holdings.sheet_parts:is_catalogue_in_sandbox", data, self._request))
        except (OSError, SandboxError):
            return False
