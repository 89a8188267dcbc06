"""The demo's scans: what ships as samples, what else arrives, and what must therefore be at the hub."""

from __future__ import annotations

import csv
import hashlib
import itertools
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SAMPLES = Path(__file__).with_name("samples")
AGAIN = "返工重扫"
"""The folder of samples that holds the page scanned again, under the code of its record."""
SHEETS = (".csv", ".xlsx")
SECOND = "第二批"
PAGES_EACH = 3
COLUMNS = ("档号", "全宗号", "目录号", "案卷号", "件号", "年度", "题名", "责任者", "文号", "成文日期", "保管期限", "密级", "页数", "开放状态")  # fmt: skip


@dataclass(frozen=True, slots=True)
class District:
    """One district of the demo: `name` is also the name of its samples and scan folder, `fonds` that of its new records."""

    name: str
    home: str
    fonds: str
    clearer: str


DISTRICTS = (
    District("和平区", "node-heping", "J023", "王敏"),
    District("河西区", "node-hexi", "J041", "李建国"),
)
HELD = {"J023-WS·2013·D30·BGS-0006": "classified", "J023-WS·2012·D10·BGS-0005": "truncated"}
"""Sample records that must stay at their node, and the code of the finding that says why."""

PageKey = tuple[str, str]
"""(reference code, file name): what a page is called in a scan folder and in an export alike."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page file: its district (empty at the hub), length in bytes and SHA-256."""

    district: str
    size: int
    sha256: str


def lay_out(scans: Path, district: District) -> None:
    """Copy a district's samples to its scan folder `scans/<name>`."""
    shutil.copytree(SAMPLES / district.name, scans / district.name)


@dataclass(frozen=True, slots=True)
class Rescan:
    """What scanning a page again did: sizes in bytes; `touched` counts the pages that only got a new time."""

    district: District
    code: str
    name: str
    page_bytes: int
    record_bytes: int
    touched: int


def scan_again(scans: Path) -> Rescan:
    """Replace the one page of the samples that was scanned again, and touch all other pages of its district."""
    (fresh,) = (SAMPLES / AGAIN).glob("*/*")
    for district in DISTRICTS:
        record = scans / district.name / fresh.parent.name
        if record.is_dir():
            touched = [path for path in _page_files(scans / district.name) if path != record / fresh.name]
            for path in touched:
                os.utime(path)
            shutil.copyfile(fresh, record / fresh.name)
            size = sum(path.stat().st_size for path in record.iterdir())
            return Rescan(district, record.name, fresh.name, fresh.stat().st_size, size, len(touched))
    raise FileNotFoundError(fresh.parent.name)


def numbered(jpeg: bytes, mark: str) -> bytes:
    """The JPEG with a comment after its first segment: the same picture, bytes that no other page has (ITU-T T.81 B.2.4.5)."""
    comment, after = mark.encode(), 4 + int.from_bytes(jpeg[4:6], "big")
    return jpeg[:after] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[after:]


def more_records(scans: Path, district: District, count: int) -> int:
    """Bring a second batch in a folder of its own: `count` records of PAGES_EACH pages and their sheet; the bytes of all its pages.

    The sheet is written last, as people do: what lies there without a row waits.
    """
    batch = scans / district.name / SECOND
    # Not the record that is cut short: these pages shall all be whole.
    pictures = [p for p in sorted((SAMPLES / district.name).glob("*/*.jpg")) if p.parent.name not in HELD]
    turn = itertools.cycle([path.read_bytes() for path in pictures])
    rows, written = [], 0
    for number in range(1, count + 1):
        series = "WS·2014·D30·ZHK"
        code = f"{district.fonds}-{series}-{number:04d}"
        folder = batch / code
        folder.mkdir(parents=True)
        for page in range(1, PAGES_EACH + 1):
            data = numbered(next(turn), f"jindang demo {code} {page}")
            (folder / f"{page:04d}.jpg").write_bytes(data)
            written += len(data)
        title = f"{district.name}二〇一四年综合科来往文书（演示样件之{number}）"
        day = f"2014{number % 12 + 1:02d}{number % 28 + 1:02d}"
        rows.append((code, district.fonds, series, "", f"{number:04d}", "2014", title, f"{district.name}综合科", "", day,
                     "30年", "", str(PAGES_EACH), "开放"))  # fmt: skip
    with (batch / "案卷目录.csv").open("w", encoding="utf-8-sig", newline="") as sheet:
        csv.writer(sheet).writerows([COLUMNS, *rows])
    return written


def sources(scans: Path) -> dict[PageKey, Page]:
    """Every page in the scan folders as it is now, held or not, hashed here."""
    found: dict[PageKey, Page] = {}
    for district in DISTRICTS:
        for path in _page_files(scans / district.name):
            found[path.parent.name, path.name] = read_page(path, district.name)
    return found


def read_page(path: Path, district: str = "") -> Page:
    """Length and SHA-256 of one file, by our own reading."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return Page(district, path.stat().st_size, digest.hexdigest())


def _page_files(root: Path) -> Iterator[Path]:
    """Pages below a scan folder: every file that is no sheet."""
    return (path for path in sorted(root.rglob("*")) if path.is_file() and path.suffix.lower() not in SHEETS)
