"""The site's folder of data files, read and tried at the start: a mistake in one stops the program there with file and
key, and not in the middle of an import.
"""

from __future__ import annotations

import difflib
import importlib
from pathlib import Path
from typing import Final

from holdings.errors import SiteDataWrong
from holdings.site_data import NO_SITE, SiteData, read_site
from sync import durable

FOLDER: Final = "site"
_READERS: Final = {
    "category": "holdings.category:categories",
    "metadata": "holdings.metadata_scheme:scheme",
    "districts": "holdings.district:districts",
    "fonds": "holdings.fonds_sheet:columns",
    "codes": "holdings.code_scheme:codes_of",
    "sampling": "holdings.sampling:rule",
    "brake": "holdings.delivery_brake:rule",
    "workload": "holdings.workload:rule",
    "formats": "holdings.format_id:policy",
    "checks": "",
    "columns": "holdings.columns:of_site",
    "layout": "holdings.layout_words:vocabulary",
    "image_rules": "holdings.image_checks:rules_of",
    "reading": "holdings.reading_rule:rule",
    "holidays": "holdings.working_days:working_days",
    "alarms": "holdings.alarm_rule:rule",
    "targets": "holdings.scan_target:targets",
    "reading_room": "holdings.reading_request:rules",
}
"""What each kind of file is tried by; blank: tried where it is used, for each of its stages."""


def load(home: Path) -> SiteData:
    """Read HOME/site/*.toml and try each file (files are named for their kind: metadata.toml, category-退役.toml).

    NO_SITE without such a folder. SiteDataWrong names the file that cannot be used, or whose kind is not known.
    """
    site = read_site(home / FOLDER)
    for name, _ in site.files:
        kind = kind_of(name)
        if kind not in _READERS:
            near = difflib.get_close_matches(kind, _READERS, 1)
            raise SiteDataWrong(
                f"{FOLDER}/{name}：不知是哪一种数据文件"
                + (
                    f"；是否应为 {near[0]}.toml？"
                    if near
                    else f"；可用：{'、'.join(f'{one}.toml' for one in _READERS)}"
                )
            )
    for kind in dict.fromkeys(kind_of(name) for name, _ in site.files):
        module, _, function = _READERS[kind].partition(":")
        if module:
            # Imported by name: a program without such a file loads none of what it is about.
            getattr(importlib.import_module(module), function)(site)
    return site if site.files else NO_SITE


def kind_of(name: str) -> str:
    """The kind of a data file by its name: everything before `-` or the suffix."""
    return name.removesuffix(".toml").partition("-")[0]


def copy(home: Path, destination: Path) -> None:
    """Bring the folder's copy in a backup up to date: files that the home has no more go, for they would come back.

    A crash leaves files of both times, each whole; the next backup completes it.
    """
    source, target = home / FOLDER, destination / FOLDER
    if not source.is_dir() and not target.is_dir():
        return
    durable.make_folder(target)
    names = {path.name for path in source.glob("*.toml")}
    for name in sorted(names):
        durable.write_file(target / name, (source / name).read_bytes())
    for left in target.glob("*.toml"):
        if left.name not in names:
            left.unlink()
