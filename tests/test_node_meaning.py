"""`jindang node meaning` and `hub meaning`: vectors made in the background or on demand, and searches that use them, by command and by daemon."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hub_in_thread import running
from node_at_work import NodeAtWork, make

from hub.meaning_watch import MeaningWatch
from jindang.cli import main
from node.daemon import Daemon
from sync.sandbox import Sandbox

HEAD = "档号\t题名\t成文日期\t密级\t责任者"
ROWS = [
    "J023-2-0145-001\t关于危旧平房改造居民安置办法的批复\t19980312\t\t和平区房管局", "J023-2-0145-002\t夏粮征购任务完成进度统计表\t19630312\t\t粮食局",
    "J023-2-0146-001\t赤脚医生培训与合作医疗实施细则\t19720101\t\t卫生局", "J024-1-0001-001\t防汛工作总结\t19630801\t\t水利局",
]  # fmt: skip
ASKED, FIRST = "老房子拆了住户搬到哪里", "J023-2-0145-001"


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node with a catalogue."""
    made = make(tmp_path, sandbox)
    sheet = tmp_path / "目录.tsv"
    sheet.write_text("\n".join([HEAD, *ROWS]) + "\n", "utf-8")
    ask("node", made.path, "catalogue", "import", sheet, code=None)
    return made


def ask(room: str, home: Path, *words: object, code: int | None = 0) -> dict[str, Any]:
    """A command's answer."""
    result = CliRunner().invoke(main, [room, *map(str, words), "--home", str(home), "--json"])
    assert code is None or result.exit_code == code, (result.output, result.exception)
    answer: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return answer


def until(condition: Callable[[], object]) -> None:
    """Wait until something holds."""
    waiting = threading.Event()
    for _ in range(1_200):
        if condition():
            return
        waiting.wait(0.05)
    raise AssertionError("it did not come about")


def test_vectors_on_demand(work: NodeAtWork) -> None:
    """Before there are vectors a search by meaning says so and answers by words; `run` makes them, `status` counts them, `check`
    agrees, `--explain` tells both scores."""
    before = ask("node", work.path, "search", ASKED, "--mode", "meaning")
    assert (before["hits"], any("尚未就绪" in note for note in before["notes"])) == ([], True)
    assert ask("node", work.path, "meaning", "status")["waiting"]
    done = ask("node", work.path, "meaning", "run")
    assert (done["titles"], done["ordered"], done["subjects"], done["waiting"], done["off"]) == (4, 4, 4, False, "")
    assert ask("node", work.path, "meaning", "check") == {"checked": 4, "lacking": 0, "stray": 0}
    found = ask("node", work.path, "search", ASKED, "--mode", "both", "--explain")
    assert found["hits"][0]["ref"] == FIRST
    assert "意思相近" in found["explain"]["hits"][0]["why"]
    assert "精排" in found["explain"]["hits"][0]["why"]
    told = CliRunner().invoke(main, ["node", "meaning", "status", "--home", str(work.path)])
    assert "题名 4 / 4 条" in told.output


def test_a_daemon_makes_them_when_it_is_idle(work: NodeAtWork) -> None:
    """The daemon's loop makes what is wanted, yields while something is taken in, and ends with the daemon."""
    with work.opened() as engine:
        daemon = Daemon(engine, lambda _: None, 0.0, examine_s=0.05)
        loop = threading.Thread(target=daemon.make_vectors)
        with engine._intake_busy:
            loop.start()
            until(lambda: engine.meaning._at_work.acquire(blocking=False) and (engine.meaning._at_work.release() or True))
            assert engine.meaning.state()["titles"] == 0
        until(lambda: engine.meaning.state()["ordered"] == 4)
        assert daemon.service.search(query=ASKED, mode="meaning")["hits"][0]["ref"] == FIRST
        worker = engine.meaning.answers.nearest.worker
        assert worker.running
        assert not worker.rest(), "somebody asked just now"
        daemon.stop()
        loop.join(30)
        assert not loop.is_alive()


def test_a_hub_finds_by_meaning(tmp_path: Path) -> None:
    """A hub's commands and its background thread do the same for the city's rows."""
    with running(tmp_path / "hub") as hub:
        hub.open_socket()
        sheet = tmp_path / "市.tsv"
        sheet.write_text("\n".join([HEAD, *ROWS]) + "\n", "utf-8")
        ask("hub", hub.path, "catalogue", "import", sheet, code=None)
        assert MeaningWatch(hub.hub.home, hub.hub.folding).look() == 8
        assert ask("hub", hub.path, "meaning", "status")["ordered"] == 4
        assert ask("hub", hub.path, "search", ASKED, "--mode", "meaning")["hits"][0]["ref"] == FIRST
        assert ask("hub", hub.path, "meaning", "check")["checked"] == 4
