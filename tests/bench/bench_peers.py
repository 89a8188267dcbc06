"""Initial and incremental sync beside restic, borg, rclone crypt, Syncthing and the floor, over loopback and over a bad line, with the peer benchmark kit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench_goal import Goal

HERE = Path(__file__).resolve().parent
TOOLS = Path(os.environ.get("JINDANG_TOOLS", HERE.parents[2].parent / "shared" / "tools"))
LAN_PEERS = "floor-pipe,restic-nocomp,restic,borg,rclone-webdav-fast,syncthing"
Peer = dict[str, dict[str, Any]]


def corpus(out: Path, records: int, seed: int) -> Path:
    """The mixed scan corpus of that many records, made once."""
    where = out / f"corpus-{records}"
    if not Path(f"{where}.manifest.jsonl").exists() or not where.exists():
        command = [sys.executable, str(TOOLS / "gen_scans.py"), "--out", str(where), "--records", str(records)]
        subprocess.run([*command, "--seed", str(seed)], check=True)
    return where


def run_kit(out: Path, name: str, scans: Path, peers: str, adapter: str, *options: str) -> dict[str, Peer]:
    """{peer: {phase: figures}} of one run of the kit; a peer that failed is an error, one that is not installed is left out."""
    result = out / f"{name}-kit.json"
    command = [sys.executable, str(TOOLS / "peerbench" / "run.py"), "--corpus", str(scans), "--peers", peers]
    adapters = ["--adapter", str(HERE / adapter)]
    subprocess.run([*command, *adapters, "--out", str(result), *options], check=True)
    found = {}
    for peer in json.loads(result.read_text("utf-8"))["peers"]:
        if peer.get("error") or (peer.get("verify") and not peer["verify"]["ok"]):
            raise RuntimeError(f"{peer['name']}: {peer.get('error') or peer['verify']}")
        if not peer.get("skipped"):
            found[peer["name"]] = peer["phases"]
    return found


def _ratio(found: dict[str, Peer], phase: str, figure: str, peer: str, own: str = "jindang") -> float:
    return float(found[own][phase][figure]) / float(found[peer][phase][figure])


def lan(out: Path, repeat: int) -> list[Goal]:
    """JPEG XL and SM3 off, medians of alternating rounds."""
    found = run_kit(out, "lan", corpus(out, 1000, 7), LAN_PEERS, "jindang.json", "--repeat", str(repeat))
    goals = [
        Goal("initial, wall / floor", _ratio(found, "initial", "wall_s", "floor-pipe"), 2.3),
        Goal("initial, wall / floor (aim)", _ratio(found, "initial", "wall_s", "floor-pipe"), 2.0, aim=True),
        Goal("initial, CPU / floor", _ratio(found, "initial", "cpu_s", "floor-pipe"), 3.2),
        Goal("initial, wall / restic without compression", _ratio(found, "initial", "wall_s", "restic-nocomp"), 1.25),
        Goal(
            "incremental, wall / restic without compression",
            _ratio(found, "incremental", "wall_s", "restic-nocomp"),
            0.8,
        ),
    ]
    for peer, bound in (("restic", 0.7), ("borg", 1.0), ("rclone-webdav-fast", 1.0), ("syncthing", 1.0)):
        if peer in found:
            goals.append(Goal(f"initial, wall / {peer}", _ratio(found, "initial", "wall_s", peer), bound))
    return goals


def jpeg_xl(out: Path, _repeat: int) -> list[Goal]:
    """JPEG XL on: bytes on the wire beside restic's."""
    found = run_kit(out, "jxl", corpus(out, 1000, 7), "restic", "jindang-jxl.json", "--no-noop")
    return [
        Goal("initial with JPEG XL, bytes / restic", _ratio(found, "initial", "wire_up", "restic", "jindang-jxl"), 0.8)
    ]


def wan(out: Path, _repeat: int) -> list[Goal]:
    """10 Mbit/s, 50 ms, 1 % loss each way, cubic."""
    scans = corpus(out, 66, 7)
    size = sum(f.stat().st_size for f in scans.rglob("*") if f.is_file())
    found = run_kit(out, "wan", scans, "rclone-webdav-fast,restic", "jindang-jxl.json", "--wan", "--no-noop")
    wall = float(found["jindang-jxl"]["initial"]["wall_s"])
    return [
        Goal("10 Mbit/s line: goodput of source bytes", size * 8 / wall / 1e6, 12, "Mbit/s", at_least=True),
        Goal(
            "10 Mbit/s line: incremental, wall / rclone",
            _ratio(found, "incremental", "wall_s", "rclone-webdav-fast", "jindang-jxl"),
            1.0,
        ),
    ]
