"""How many injected faults are found, under their right rule, and how many false alarms a clean delivery raises.

A dirty corpus of the generator comes with a list of what was injected. A node takes it in, the image checks run, and each fault is counted as found under
its rule, found as something else, or missed. A node as root reads pages without permission all the same, so it runs as nobody where it can.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench_goal import Goal
from bench_peers import TOOLS
from bench_scale import jindang, site

DIRTY, CLEAN = 200, 1_000
SEEDS = (7, 19)

RIGHT: dict[str, frozenset[str]] = {
    fault: frozenset(codes.split())
    for fault, codes in {
        "bad_date": "date-doubtful date-missing row-refused",
        "blank_page": "blank-page",
        "page_count_mismatch": "page-count-differs",
        "duplicate_档号": "row-duplicate",
        "duplicate_page": "duplicate-page",
        "empty_folder": "empty-folder",
        "fifo_named_as_page": "not-a-file",
        "csv_formula_injection": "formula-text",
        "still_growing": "growing truncated",
        "image_bomb_tiff_g4": "bomb too-large",
        "image_bomb_png": "bomb too-large",
        "very_long_title": "metadata-length row-refused",
        "missing_page_number": "page-missing page-count-differs",
        "mojibake_title": "mojibake",
        "utf8_line_in_gb18030_csv": "row-refused mojibake",
        "newline_quote_nul_in_title": "row-repaired",
        "row_without_folder": "no-folder",
        "folder_without_row": "no-row",
        "space_and_emoji_in_folder": "no-row",
        "classified_row": "classified",
        "symlink_out_of_tree": "symlink",
        "symlink_loop": "symlink",
        "path_traversal_in_档号": "row-refused",
        "truncated_jpeg": "truncated",
        "no_read_permission": "unreadable",
        "upside_down_page": "upside-down",
        "wrong_extension": "extension-differs",
        "zero_byte": "empty-file",
        "zip_bomb": "bomb",
    }.items()
}
"""Finding codes that name a fault rightly. Litter, lock files and names that are only odd ask for nothing: they must not stop their record."""
HARMLESS = {"litter", "office_lock_file", "upper_case_extension", "space_and_emoji_in_name"}


@dataclass(frozen=True)
class Verdict:
    """One fault kind: how many were injected, found rightly, found as something else, missed."""

    fault: str
    injected: int
    right: int
    other: int
    missed: int


def generate(out: Path, records: int, seed: int, *, dirty: bool) -> list[dict[str, Any]]:
    """Make a corpus; what was injected."""
    command = [
        sys.executable,
        str(TOOLS / "gen_scans.py"),
        "--out",
        str(out),
        "--records",
        str(records),
        "--seed",
        str(seed),
    ]
    subprocess.run([*command, *(["--dirty"] if dirty else [])], check=True, stdout=subprocess.DEVNULL)
    if not dirty:
        return []
    return [json.loads(line) for line in Path(f"{out}.faults.jsonl").read_text("utf-8").splitlines()]


def findings(where: Path, corpus: Path) -> tuple[list[dict[str, Any]], set[str]]:
    """Everything a node says of a delivery, image checks included; and the codes of the records it sealed."""
    with site(where, corpus) as running:
        home = ["--home", str(running.node)]
        jindang("node", "run", "--once", "--settle", "0", *home)
        for delivery in jindang("node", "delivery", "list", *home)["deliveries"]:
            jindang("node", "delivery", "submit", delivery["name"], "--by", "检测员", *home)
        jindang("node", "run", "--once", "--settle", "0", *home)
        jindang("node", "check", "run", *home)
        listed = jindang("node", "quarantine", "list", "--limit", "100000", *home)["items"]
        jindang("node", "export", str(where / "out"), *home)
    return listed, {path.name for path in (where / "out").iterdir() if path.is_dir()}


def judge(faults: Iterable[dict[str, Any]], listed: list[dict[str, Any]], sealed: set[str]) -> Iterator[Verdict]:
    """Match what was injected with what was said, by file, folder or 档号."""
    kinds: dict[str, Counter[str]] = {}
    for fault in faults:
        count = kinds.setdefault(fault["fault"], Counter())
        count["injected"] += 1
        said = {item["code"] for item in listed if _about(fault, item)}
        if fault["fault"] in HARMLESS:
            stopped = "/" in fault["path"] and fault["path"].split("/")[0] not in sealed
            count["other" if stopped else "right"] += 1
        elif said & RIGHT[fault["fault"]]:
            count["right"] += 1
        else:
            count["other" if said else "missed"] += 1
    for kind, count in sorted(kinds.items()):
        yield Verdict(kind, count["injected"], count["right"], count["other"], count["missed"])


def _about(fault: dict[str, Any], item: dict[str, Any]) -> bool:
    path = str(fault["path"]).strip()
    folder = path.split("/")[0] if fault["fault"] != "path_traversal_in_档号" else path
    record = str(fault.get("record", folder))
    if fault["fault"] == "missing_page_number":
        return record in item["path"] or item["ref"] == record
    if "/" in path and not path.startswith(".."):
        return item["path"].endswith(path) or (item["path"].endswith(folder) and item["ref"] == folder)
    if fault["fault"] == "path_traversal_in_档号":
        # Such a code names nothing: its row is told by its number alone.
        return item["code"] == "row-refused" and "路径分隔符" in item["rule"]
    if fault["fault"] == "classified_row":
        # Of the row only sheet and number are said; the folder must be held by itself.
        return str(item["path"]).endswith(f"/{folder}")
    return folder in item["path"] or item["ref"] == folder or str(fault.get("number")) == item["ref"]


def run(out: Path, repeat: int) -> list[Goal]:
    """Both corpora; prints a line a kind."""
    goals = []
    verdicts: dict[str, Counter[str]] = {}
    for seed in SEEDS[: max(1, repeat)]:
        corpus = out / f"dirty-{seed}"
        faults = generate(corpus, DIRTY, seed, dirty=True)
        if os.geteuid() == 0:
            faults = [fault for fault in faults if fault["fault"] != "no_read_permission"]
        listed, sealed = findings(out / f"dirty-{seed}-site", corpus)
        for verdict in judge(faults, listed, sealed):
            verdicts.setdefault(verdict.fault, Counter()).update(
                injected=verdict.injected, right=verdict.right, other=verdict.other, missed=verdict.missed
            )
    for kind, count in sorted(verdicts.items()):
        print(
            f"{kind:32} injected {count['injected']:3}  right {count['right']:3}  other {count['other']:3}  missed {count['missed']:3}"
        )
    clean = out / "clean"
    generate(clean, CLEAN, SEEDS[0], dirty=False)
    listed, sealed = findings(out / "clean-site", clean)
    for item in listed[:50]:
        print(f"false alarm: {item['code']} {item['path']} {item['rule']}")
    injected, right = sum(c["injected"] for c in verdicts.values()), sum(c["right"] for c in verdicts.values())
    goals.append(
        Goal("injected faults not found under their rule", injected - right, 0, "faults", note=f"of {injected}")
    )
    goals.append(Goal(f"false alarms on {CLEAN:,} clean records", len(listed), 0, "findings"))
    goals.append(Goal("clean records not sealed", CLEAN - len(sealed), 0, "records"))
    return goals
