"""kill -9 while pages are read: nothing is lost, little is read twice, nothing travels twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from node_at_work import NodeAtWork, make
from page_readers import Desk
from test_node_reading import A, read, texts, travelled

from node import reading_queue as queue
from node import verification
from node.reading import PORTION
from node.reading_queue import Figure
from sync.sandbox import Sandbox

PAGES = 30
WORKERS = 2


@pytest.fixture
def node(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A home with one record of two files of thirty pages."""
    made = make(tmp_path, sandbox)
    (made.path / "site").mkdir()
    (made.path / "site" / "reading.toml").write_text(f"workers = {WORKERS}\n", "utf-8")
    made.scans.delivery({A: 2})
    made.intake()
    return made


def kill(node: NodeAtWork, moment: str) -> None:
    """A process that reads this home dies there."""
    victim = Path(__file__).with_name("reading_victim.py")
    paths = f"{victim.parent}:{victim.parent.parent}"
    done = subprocess.run(
        [sys.executable, victim, node.path, str(PAGES), moment],
        env={"PYTHONPATH": paths, "PATH": ""},
        timeout=60,
        check=False,
    )
    assert done.returncode == -9, done.returncode


@pytest.mark.parametrize("moments", [("page:1",), ("page:23", "page:20"), ("page:40", "sign", "sign")])
def test_a_kill_repeats_no_more_than_a_portion(node: NodeAtWork, moments: tuple[str, ...]) -> None:
    """Killed at any page or before the signature, once or again, the next run finishes: every page once in store and log, at most a portion read twice a kill."""
    for moment in moments:
        kill(node, moment)
    before = sum(int(moment.partition(":")[2] or 0) for moment in moments)
    desk = Desk(pages={"0001.jpg": PAGES, "0002.jpg": PAGES})
    with node.opened() as engine:
        read(engine, desk)
        assert len(texts(engine, A)) == 2 * PAGES
        sent = travelled(engine)
        assert len(sent) == len(set(sent)) == 2 * PAGES
        reading = engine.home.database.read()
        assert [queue.figure(reading, one) for one in (Figure.WAITING, Figure.OUTBOX)] == [0, 0]
        assert [one.what for one in verification.doctor(engine.home, node.clock)] == []
    if "sign" in moments:
        assert desk.read == []
    else:
        # Pages of the portion at hand, those in the queue between the threads, and one in each worker's hands.
        assert len(desk.read) + before <= 2 * PAGES + len(moments) * (PORTION + 64 + WORKERS)
