"""`make screenshots`: what people see, as SVG pictures at 80 columns. The console's screens join when it has some."""

from __future__ import annotations

import io
import os
import pty
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text
from svg_cells import spread

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
    path.write_text(spread(console.export_svg(title=title)), "utf-8")
    print(path)


def pages(where: Path) -> None:
    """Photograph the hub's pages in Chromium, in both languages and both themes; nothing where there is no Chromium."""
    program = shutil.which("chromium")
    if program is None:
        print("chromium is not installed: no pictures of pages", file=sys.stderr)
        return
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from chromium import chromium, window
    from people_at_hub import MACHINE
    from people_door import open_door

    from hub.account import Rights, Role

    with tempfile.TemporaryDirectory() as kept, open_door(Path(kept) / "hub") as door, chromium(program) as browser:
        for name in ("和平区", "滨海新区"):
            door.hub.node(name)
        door.team.people.parts().desk.add(MACHINE, "qian.8", "钱八", Role.AGENCY, Rights("和平区民政局"))
        for role, path in ((Role.SYSTEM, "/monitor"), (Role.SYSTEM, "/accounts"), (Role.SECURITY, "/accounts/qian.8"), (Role.AUDIT, "/journal")):
            door.hub.clock.skip += 120
            who = door.signed_in(f"{role.value}.1", role)
            for tongue, theme in (("zh-CN", "light"), ("en", "dark")):
                with window(browser, who, tongue=tongue, theme=theme) as context:
                    page = context.new_page()
                    page.goto(path)
                    target = where / f"hub{path.replace('/', '-')}-{tongue}-{theme}.png"
                    page.screenshot(path=target)
                    print(target)


def main() -> int:
    """Draw the demo and the screens of the homes that it leaves."""
    where = Path(sys.argv[1])
    where.mkdir(parents=True, exist_ok=True)
    pages(where)
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
