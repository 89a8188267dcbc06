"""`make screenshots`: what people see, as SVG pictures at 80 columns. The console's screens join when it has some."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 80


def seen(*words: str) -> str:
    """What a command shows on a terminal of 80 columns, colours included."""
    leader, follower = pty.openpty()
    env = {**os.environ, "COLUMNS": str(COLUMNS), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", "jindang", *words]
    process = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, env=env, close_fds=True)
    os.close(follower)
    pieces = []
    while True:
        try:
            piece = os.read(leader, 1 << 16)
        except OSError:
            break
        if not piece:
            break
        pieces.append(piece)
    process.wait()
    os.close(leader)
    return b"".join(pieces).decode("utf-8", "replace").replace("\r\n", "\n")


def picture(text: str, title: str, path: Path) -> None:
    """Write terminal output as an SVG."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(text))
    path.write_text(console.export_svg(title=title), "utf-8")
    print(path)


def main() -> int:
    """Draw the demo and the screens of the homes that it leaves."""
    where = Path(sys.argv[1])
    where.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as kept:
        picture(seen("demo", "--keep", f"{kept}/demo"), "jindang demo", where / "demo.svg")
        for home in sorted(Path(kept).rglob("node.toml")):
            for word in (["status"], ["quarantine", "list"], ["doctor"]):
                name = f"{home.parent.name}-{'-'.join(word)}.svg"
                title = f"jindang node {' '.join(word)}"
                picture(seen("node", *word, "--home", str(home.parent)), title, where / name)
        for home in sorted(Path(kept).rglob("hub.toml")):
            for word in ("status", "nodes", "doctor"):
                picture(seen("hub", word, "--home", str(home.parent)), f"jindang hub {word}", where / f"hub-{word}.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
