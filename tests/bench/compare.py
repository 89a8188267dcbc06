"""Are the exported files byte for byte those of the scan folder? Sheets of a delivery are catalogue, not records, and stay out."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path


def digests(root: Path) -> dict[str, bytes]:
    """{path below root: SHA-256} of every file inside a folder of its own (sheets lie at the root)."""
    found = {}
    for path in root.rglob("*"):
        relative = path.relative_to(root)
        if path.is_file() and len(relative.parts) > 1:
            with path.open("rb") as source:
                found[str(relative)] = hashlib.file_digest(source, "sha256").digest()
    return found


def main() -> int:
    """Compare two trees; 1 when they differ."""
    source, export = digests(Path(sys.argv[1])), digests(Path(sys.argv[2]))
    missing, extra = source.keys() - export.keys(), export.keys() - source.keys()
    changed = {name for name in source.keys() & export.keys() if source[name] != export[name]}
    for word, names in (("missing", missing), ("extra", extra), ("differs", changed)):
        for name in sorted(names)[:10]:
            print(word, name)
    print(f"{len(source)} files, {len(missing)} missing, {len(extra)} extra, {len(changed)} differ")
    return 1 if missing or extra or changed or not source else 0


if __name__ == "__main__":
    sys.exit(main())
