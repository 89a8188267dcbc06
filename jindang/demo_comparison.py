"""The demo's own judgement: what the hub gives out against the scans, byte for byte, trusting neither program."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from jindang.demo_scans import Page, PageKey, read_page

MANIFEST = "manifest-sha256.txt"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Pages at the hub against their sources.

    `equal` pages and `equal_bytes` agree; `lost` should be there and are not; `mismatched` differ, or are there though no source is;
    `leaked` are pages of held records, by code or by content.
    """

    equal: int
    equal_bytes: int
    lost: tuple[PageKey, ...]
    mismatched: tuple[PageKey, ...]
    leaked: tuple[PageKey, ...]

    @property
    def good(self) -> bool:
        """Is everything there, equal, and nothing else?"""
        return not (self.lost or self.mismatched or self.leaked)


def compare(scans: Mapping[PageKey, Page], held: AbstractSet[str], hub: Mapping[PageKey, Page]) -> Comparison:
    """Compare by length and digest; `held` are the codes that must not be at the hub. Pure."""
    due = {key: page for key, page in scans.items() if key[0] not in held}
    secret = {page.sha256 for key, page in scans.items() if key[0] in held}
    same = {
        key for key, page in due.items() if key in hub and (hub[key].size, hub[key].sha256) == (page.size, page.sha256)
    }
    leaked = {key for key, page in hub.items() if key[0] in held or page.sha256 in secret}
    return Comparison(
        equal=len(same),
        equal_bytes=sum(due[key].size for key in same),
        lost=tuple(sorted(due.keys() - hub.keys())),
        mismatched=tuple(sorted(hub.keys() - same - leaked)),
        leaked=tuple(sorted(leaked)),
    )


def exported(folder: Path) -> dict[PageKey, Page]:
    """Every page of an export `<档号>/<file>`, hashed here."""
    pages = (path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)
    return {(path.parent.name, path.name): read_page(path) for path in pages}


def manifest_differs(folder: Path, hub: Mapping[PageKey, Page]) -> list[str]:
    """Lines of the export's manifest (`sha256sum` form) that do not say what lies there, and pages that it does not name."""
    named: dict[PageKey, str] = {}
    for line in (folder / MANIFEST).read_text("utf-8").splitlines():
        digest, _, name = line.partition("  ")
        code, _, file = name.rpartition("/")
        named[code.rpartition("/")[2], file] = digest
    return sorted(
        "/".join(key) for key in named.keys() | hub.keys() if key not in hub or named.get(key) != hub[key].sha256
    )
