"""`jindang hub catalogue import`: the city's rows and its districts', offline and on a running hub, by class, cut off and repeated."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hub_in_thread import RunningHub, found, running

from holdings import catalogue_sheets
from hub.commands import commands
from hub.errors import HubError, NotAllowed
from hub.reach import reach
from sync.site_class import SiteClass

HEAD = "档号\t题名\t成文日期\t密级\t责任者"
FIGURES = ("rows", "added", "changed", "unchanged", "gone", "refused")
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    """A running hub that also listens on its socket."""
    with running(tmp_path / "hub") as made:
        made.open_socket()
        yield made


def sheet(path: Path, count: int, marks: dict[int, str] | None = None) -> Path:
    """A sheet of that many rows, as a system exports it."""
    rows = [f"J320-2-{n // 50:07d}-{n % 50:03d}\t关于第{n}号事项的批复\t19950310\t{(marks or {}).get(n, '')}\t市档案馆" for n in range(count)]
    path.write_text("\n".join([HEAD, *rows]) + "\n", "utf-8")
    return path


def told(result: Result, code: int = 0) -> dict[str, object]:
    """The JSON object of the last line."""
    assert result.exit_code == code, result.output
    answer: dict[str, object] = json.loads(result.stdout.strip().splitlines()[-1])
    return answer


def ask(home: Path, *words: object) -> Result:
    """Run a hub command."""
    return CliRunner().invoke(commands, [*map(str, words), "--home", str(home), "--json"])


def numbers(answer: dict[str, object]) -> tuple[object, ...]:
    """The figures of an import."""
    return tuple(answer[name] for name in FIGURES)


@pytest.mark.parametrize("site_class", list(SiteClass))
def test_an_open_hub_refuses_what_a_classified_one_keeps(tmp_path: Path, site_class: SiteClass) -> None:
    """Classified rows are counted as refused on an open hub, and nothing of them but sheet and row is kept; a repetition adds nothing."""
    with running(tmp_path / "hub", site_class=site_class):
        pass
    file = sheet(tmp_path / "目录.tsv", 300, {7: "机密", 8: "绝密★", 9: "内部"})
    held = 2 if site_class is SiteClass.OPEN else 0
    answer = told(ask(tmp_path / "hub", "catalogue", "import", file), 1 if held else 0)
    assert numbers(answer) == (300, 300 - held, 0, 0, 0, held)
    assert answer.keys() >= {"seconds", "rows_per_second", "refusals"}
    again = told(ask(tmp_path / "hub", "catalogue", "import", file), 1 if held else 0)
    assert numbers(again) == (300, 0, 0, 300 - held, 0, held)
    found_it = told(ask(tmp_path / "hub", "search", "关于第7号事项"))
    assert found_it["total"] == (0 if held else 1)


def test_a_running_hub_imports_and_says_how_far_it_is(hub: RunningHub, tmp_path: Path) -> None:
    """Through the socket: progress after each portion, then the figures; a file that is not there is refused with a sentence."""
    with reach(hub.path, lambda: "") as desk:
        lines = b"".join(desk.stream("catalogue_import", files=[str(sheet(tmp_path / "目录.tsv", 500))])).splitlines()
        *steps, last = [json.loads(line) for line in lines]
        assert [step["taken"] for step in steps] == [500]
        assert numbers(last["result"]) == (500, 500, 0, 0, 0, 0)
        with pytest.raises(HubError, match="读不出"):
            list(desk.stream("catalogue_import", files=[str(tmp_path / "没有.csv")]))
        (tmp_path / "坏.xlsx").write_bytes(b"PK\x03\x04 broken")
        with pytest.raises(HubError, match=r"坏\.xlsx"):
            list(desk.stream("catalogue_import", files=[str(tmp_path / "坏.xlsx")]))


def test_rows_belong_to_their_holder(hub: RunningHub, tmp_path: Path) -> None:
    """A district's rows stand beside the city's under one code; only a node that is known, by name or code, can be named."""
    hub.node("和平区")
    file = sheet(tmp_path / "目录.tsv", 3)
    desk = hub.hub.desk
    list(desk.stream("catalogue_import", files=[str(file)]))
    last = json.loads(b"".join(desk.stream("catalogue_import", files=[str(file)], holder="和平区")).splitlines()[-1])
    assert numbers(last["result"]) == (3, 3, 0, 0, 0, 0)
    assert set(catalogue_sheets.holder_names(hub.hub.home.holdings.read()).values()) == {"", "和平区"}
    refs = {hit["ref"] for hit in desk.call("search", query="关于第1号")["hits"]}
    assert refs == {"J320-2-0000000-001", "和平区/J320-2-0000000-001"}
    with pytest.raises(NotAllowed, match="和平区"):
        list(desk.stream("catalogue_import", files=[str(file)], holder="没有区"))


def test_a_row_and_its_record_are_one_hit(hub: RunningHub, tmp_path: Path) -> None:
    """Whichever came first, row or record, of one node under one code: a search finds the record, once."""
    node = hub.node("和平区")
    before, after = "J320-2-0000000-001", "J320-2-0000000-002"
    node.send(node.delta({before: {"0001.txt": b"one"}}))
    hub.folded()
    desk = hub.hub.desk
    list(desk.stream("catalogue_import", files=[str(sheet(tmp_path / "目录.tsv", 4))], holder="和平区"))
    node.send(node.delta({after: {"0001.txt": b"two"}}))
    hub.folded()
    found_codes = [hit["ref"] for hit in desk.call("search", query="J320-2-0000000")["hits"]]
    assert sorted(found_codes) == [f"和平区/J320-2-0000000-00{n}" for n in range(4)]


def test_an_import_that_is_interrupted_goes_on(tmp_path: Path) -> None:
    """Ctrl-C leaves the portions that were committed; the same command again ends with every row, once."""
    found(tmp_path / "hub", RunningHub(tmp_path / "hub").clock)
    file = sheet(tmp_path / "目录.tsv", 160_000)  # a portion is 40,000: time enough to be met between the first and the last
    command = [sys.executable, "-m", "jindang", "hub", "catalogue", "import", str(file), "--home", str(tmp_path / "hub"), "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ), text=True) as work:
        assert work.stderr is not None
        first = next(line for line in work.stderr if "行" in line)
        work.send_signal(signal.SIGINT)
        work.communicate(timeout=60)
    assert "160,000" not in first
    assert work.returncode != 0
    answer = told(ask(tmp_path / "hub", "catalogue", "import", file))
    assert numbers(answer) == (160_000, 160_000, 0, 0, 0, 0)
    with running(tmp_path / "hub") as hub:
        assert hub.hub.home.holdings.read().execute("SELECT count(*) FROM catalogue_row").fetchone() == (160_000,)
        assert hub.hub.home.holdings.read().execute("SELECT count(*) FROM catalogue_run").fetchone() == (0,)
