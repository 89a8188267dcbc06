"""The verb that prints directories 归档文件目录, 卷内文件目录, 备考表."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from holdings.directory_paper import DirectoryKind
from node.directories import Directories
from node.errors import ConfigurationWrong
from node.verbs import Answer, Verbs
from sync import durable
from sync.errors import StoreError


class DirectoryVerbs(Verbs):
    """Printing what the catalogue says."""

    def directory_print(self, kind: Literal["items", "volume", "notes"], code: str, destination: str) -> Answer:
        """Write the paper as PDF; `code` is a volume or the beginning of codes. `rows`, `sections`, `file`."""
        made, rows, sections = Directories(self._engine).print(DirectoryKind(kind), code)
        try:
            durable.write_file(Path(destination), made)
        except (OSError, StoreError) as fault:
            raise ConfigurationWrong(f"{destination} 写不进去：{fault}。请换一个目标，或检查权限与空间。") from fault
        return {
            "kind": kind,
            "label": DirectoryKind(kind).label,
            "rows": rows,
            "sections": sections,
            "file": destination,
        }
