"""Pictures in the terminal: a terminal that answers as one with sixel or kitty's protocol gets exactly those sequences, any other half blocks."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

CHILD = """
import textual_image._terminal as terminal
reading = terminal.read
terminal.read = lambda place, count, _timeout: reading(place, count, 30.0)  # a busy machine answers late
from tui.page_image import cell, way
from textual_image import renderable
from PIL import Image
from rich.console import Console
Console(force_terminal=True, width=40, height=20).print(renderable.Image(Image.new("RGB", (40, 40), "red"), width=4, height=2))
print("WAY", way().__module__, *cell(), flush=True)
"""
KITTY_ASKS = re.compile(rb"\x1b_G[^\x1b]*a=q[^\x1b]*\x1b\\")
KITTY_DRAWS = rb"\x1b_G[^\x1b]*a=[tTp]"
SIXEL_DRAWS = rb"\x1bP[0-9;]*q"
ATTRIBUTES_ASKED = b"\x1b[c"
LEFT = b"\x1b_Gi=1;ENOTSUP\x1b\\"


def drawn(kitty: bool, sixel: bool, repository: Path) -> bytes:
    """What a console draws at a terminal of cells of 10 by 20 pixels that can this."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 800, 480))
    said, answered = b"", 0
    environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(repository)}
    with subprocess.Popen([sys.executable, "-c", CHILD], stdin=theirs, stdout=theirs, stderr=theirs, cwd=repository, env=environment) as child:
        os.close(theirs)
        while select.select([ours], [], [], 60)[0]:
            try:
                piece = os.read(ours, 65_536)
            except OSError:
                break
            said += piece
            asked = len(KITTY_ASKS.findall(said)) + said.count(ATTRIBUTES_ASKED)
            while answered < asked:
                last = [*re.finditer(KITTY_ASKS.pattern + b"|" + re.escape(ATTRIBUTES_ASKED), said)][answered].group()
                if last == ATTRIBUTES_ASKED:
                    os.write(ours, b"\x1b[?62;4;22c" if sixel else b"\x1b[?62;22c")
                else:
                    os.write(ours, b"\x1b_Gi=1;OK\x1b\\" if kitty else LEFT)
                answered += 1
        child.wait(timeout=30)
    os.close(ours)
    return said


@pytest.mark.parametrize(
    ("kitty", "sixel", "sequence"),
    [(True, False, KITTY_DRAWS), (False, True, SIXEL_DRAWS), (False, False, "▀".encode())],
)
def test_the_terminal_gets_what_it_says_it_can(kitty: bool, sixel: bool, sequence: bytes, repository: Path) -> None:
    """Kitty's protocol begins ESC _ G, sixel ESC P … q; a terminal that can neither gets half blocks and no such sequence."""
    said = drawn(kitty, sixel, repository)
    told = re.search(rb"WAY (\S+) (\d+) (\d+)", said)
    assert told is not None, said[-2000:]
    picture = KITTY_ASKS.sub(b"", said[: told.start()])
    assert re.search(sequence, picture), (told.groups(), picture[:300])
    assert bool(re.search(KITTY_DRAWS, picture)) is kitty
    assert bool(re.search(SIXEL_DRAWS, picture)) is sixel
