"""Scan folders for tests: tiny pages drawn with Pillow and catalogue sheets, so that no font and no large file is needed."""

from __future__ import annotations

import csv
import functools
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

COLUMNS = ("档号", "题名", "责任者", "成文日期", "密级", "页数")
SHEET = "目录.csv"


@functools.cache
def page(seed: int, kind: str = "jpeg", edge: int = 24) -> bytes:
    """One page whose bytes depend on the seed alone: jpeg, png or tiff (bitonal, Group 4)."""
    image = Image.effect_noise((edge, edge), 90 + seed % 50) if edge > 200 else Image.linear_gradient("L").resize((edge, edge)).rotate(seed)
    image.putpixel((seed % edge, seed // edge % edge), seed % 251)
    out = io.BytesIO()
    if kind == "tiff":
        image.convert("1").save(out, "TIFF", compression="group4", description=str(seed))
    else:
        image.save(out, kind.upper())
    return out.getvalue() + (str(seed).encode() if kind == "jpeg" else b"")


def pages(count: int, seed: int = 0) -> dict[str, bytes]:
    """Page files 0001.jpg, 0002.jpg …, all different."""
    return {f"{n:04d}.jpg": page(seed * 1000 + n) for n in range(1, count + 1)}


def sheet(rows: Mapping[str, Mapping[str, str]], columns: tuple[str, ...] = COLUMNS) -> bytes:
    """A catalogue sheet {code: {column: value}} as CSV with BOM; 题名 and 成文日期 are filled when not given."""
    text = io.StringIO()
    out = csv.DictWriter(text, columns, lineterminator="\r\n", extrasaction="ignore")
    out.writeheader()
    for code, values in rows.items():
        out.writerow({"档号": code, "题名": f"关于{code}的通知", "责任者": "和平区民政局", "成文日期": "19830512", "密级": "", "页数": "", **values})
    return b"\xef\xbb\xbf" + text.getvalue().encode()


@dataclass(frozen=True)
class ScanTree:
    """A scan folder that a test fills as stations do."""

    root: Path

    def put(self, folder: str, files: Mapping[str, bytes]) -> Path:
        """Write files into a folder; an unchanged name is written anew."""
        path = self.root / folder
        path.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (path / name).write_bytes(data)
        return path

    def rows(self, rows: Mapping[str, Mapping[str, str]], folder: str = "", columns: tuple[str, ...] = COLUMNS, name: str = SHEET) -> None:
        """Write the sheet of a delivery."""
        self.put(folder, {name: sheet(rows, columns)})

    def record(self, code: str, count: int = 2, seed: int = 0) -> dict[str, bytes]:
        """A record folder of so many pages; {name: bytes}."""
        made = pages(count, seed)
        self.put(code, made)
        return made

    def delivery(self, counts: Mapping[str, int]) -> dict[str, dict[str, bytes]]:
        """Rows and folders of several records {code: pages}, all open; {code: {name: bytes}}."""
        self.rows({code: {"页数": str(count)} for code, count in counts.items()})
        return {code: self.record(code, count, seed) for seed, (code, count) in enumerate(counts.items(), 1)}

    def set_age(self, now: float, seconds: float) -> None:
        """Make every file last changed so many seconds before `now`."""
        for path in self.root.rglob("*"):
            if path.is_file():
                os.utime(path, (now - seconds, now - seconds))
