"""The checks at the hub: hand-over checks of its own on what the vault has opened; a node's verdict is not taken over."""

import json
from collections.abc import Iterator
from pathlib import Path

import drawn_pages
import pytest
from city import City
from click.testing import CliRunner

from hub.check_watch import HandoverWatch
from hub.commands import commands
from sync.sandbox import Sandbox

REF = "J001-001-0001-00001"


@pytest.fixture
def city(tmp_path: Path, sandbox: Sandbox) -> Iterator[City]:
    """A hub that holds one record of two pages, the second upside down, folded."""
    made = City(tmp_path, sandbox).open_hub().join()
    pages = {"0001.jpg": drawn_pages.page(1, lines=9, number=1), "0002.jpg": drawn_pages.page(2, lines=9, number=2).rotate(180)}
    made.work.scans.put(REF, {name: drawn_pages.encoded(image) for name, image in pages.items()})
    columns = ("档号", "题名", "责任者", "成文日期", "密级", "页数", "保管期限", "开放状态")
    made.work.scans.rows({REF: {"页数": "2", "保管期限": "永久", "开放状态": "开放"}}, columns=columns)
    made.run()
    made.hub.folded()
    yield made
    made.close()


def test_the_hub_checks_by_itself(city: City, tmp_path: Path) -> None:
    """YJ codes run on the vault's own opening, once; pictures when asked; the report says so; another round begins when told."""
    desk = city.hub.hub.desk
    assert desk.call("check_run")["records"] == 1
    assert desk.call("check_run")["records"] == 0
    codes = {row["code"]: row["verdict"] for row in desk.call("check_report", ref=REF)["checks"]}
    assert {"YJ-1-1": "通过", "YJ-1-14": "通过", "YJ-3-4": "通过", "YJ-4-2": "未能检测", "TX-2": "未能检测"}.items() <= codes.items()
    assert not any(code.startswith("GD-") for code in codes)
    assert desk.call("check_run", ref=REF, images=True)["verdicts"]["不通过"] == 1
    report = desk.call("check_report", ref=REF)
    assert {row["code"]: row["verdict"] for row in report["checks"]}["TX-2"] == "不通过"
    assert desk.call("check_run", stage="CQ")["records"] == 1
    desk.call("check_restart", stage="CQ")
    assert desk.call("check_run", stage="CQ")["records"] == 1


def test_reports_of_a_stopped_hub_by_command(city: City, tmp_path: Path) -> None:
    """The commands work on a home that no hub runs on, and write all three forms."""
    city.hub.stop()
    run, home = CliRunner().invoke, ["--home", str(city.hub.path), "--json"]
    done = run(commands, ["check", "run", *home])
    assert (done.exit_code, json.loads(done.stdout.splitlines()[-1])["records"]) == (0, 1), done.output
    node = city.work.scans.root.name
    for what in (["--ref", REF], ["--node", "和平区", "--delivery", node]):
        made = run(commands, ["check", "report", *home, *what, "--to", str(tmp_path / "out")])
        assert made.exit_code == 0, made.output
        assert len(json.loads(made.stdout.splitlines()[-1])["files"]) == 3
    missing = run(commands, ["check", "report", *home, "--to", str(tmp_path / "out")])
    assert missing.exit_code == 2
    city.hub.start()


def test_a_running_hub_checks_in_the_background(city: City) -> None:
    """While the vault rests, what was folded is checked once; nothing is left over."""
    hub = city.hub.hub
    watch = HandoverWatch(hub.home, hub.vault, hub.folding)
    assert watch.look() == 1
    assert watch.look() == 0
    watch.start()
    watch.close()
