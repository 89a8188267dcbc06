"""Writes a check report in its three forms: HTML for the screen, JSON for programs, PDF for paper."""

from __future__ import annotations

from pathlib import Path

from holdings.check_report import Report, html
from holdings.report_files import write_forms


def write_report(made: Report, folder: Path, name: str) -> list[str]:
    """Write `name`.html, .json and .pdf into a folder, each whole or not at all; their paths. OSError when the folder cannot be written."""
    # Imported here: it loads fonts and takes a quarter of a second.
    from holdings.check_report_pdf import pdf

    return write_forms(folder, name, html(made), made, pdf(made))
