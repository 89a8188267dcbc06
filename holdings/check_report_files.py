"""Writes a check report in its three forms: HTML for the screen, JSON for programs, PDF for paper."""

from __future__ import annotations

import json
from pathlib import Path

from holdings.check_report import Report, html
from sync import durable


def write_report(made: Report, folder: Path, name: str) -> list[str]:
    """Write `name`.html, .json and .pdf into a folder, each whole or not at all; their paths. OSError when the folder cannot be written."""
    # Imported here: it loads fonts and takes a quarter of a second.
    from holdings.check_report_pdf import pdf

    forms = {".html": html(made).encode(), ".json": json.dumps(made, ensure_ascii=False, indent=1).encode(), ".pdf": pdf(made)}
    for suffix, data in forms.items():
        durable.write_file(folder / (name + suffix), data)
    return [str(folder / (name + suffix)) for suffix in forms]
