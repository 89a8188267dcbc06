"""The three forms of a printed report on disk: HTML for the screen, JSON for programs, PDF for paper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sync import durable


def write_forms(folder: Path, name: str, html: str, made: dict[str, Any], pdf: bytes) -> list[str]:
    """Write `name`.html, .json and .pdf into a folder, each whole or not at all; their paths. OSError when the folder cannot be written."""
    forms = {".html": html.encode(), ".json": json.dumps(made, ensure_ascii=False, indent=1).encode(), ".pdf": pdf}
    for suffix, data in forms.items():
        durable.write_file(folder / (name + suffix), data)
    return [str(folder / (name + suffix)) for suffix in forms]
