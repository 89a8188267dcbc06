"""A node's district as the hub is told it: known codes say nothing, ended and unknown ones are told and taken; the site's table counts."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.commands import commands


def run(*words: str | Path) -> Result:
    """Run a command in this process; it must succeed."""
    result = CliRunner().invoke(commands, [str(w) for w in words])
    assert result.exit_code == 0, (result.output, result.exception)
    return result


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home made by `init`."""
    run("init", "--home", tmp_path / "hub", "--name", "市级中心", "--unlock", "keyfile", "--listen", "127.0.0.1:0")
    return tmp_path / "hub"


@pytest.mark.parametrize(
    ("code", "told"),
    [("120101", ""), ("120116", ""), ("120107", "120116 滨海新区"), ("120225", "120119 蓟州区"), ("120199", "没有行政区划代码 120199"), ("", "")],
)
def test_a_district_is_taken_as_said_and_doubts_are_told(home: Path, code: str, told: str) -> None:
    """The token comes in any case; what is odd about the code is a note."""
    words = ["--district", code] if code else []
    result = run("enrol", "塘沽馆", *words, "--home", home, "--json")
    found = json.loads(result.stdout.splitlines()[-1])
    assert found["token"].startswith("jd1-")
    assert (told in found["note"]) if told else found["note"] == ""
    assert told in result.stderr


def test_a_site_s_zone_is_known(home: Path) -> None:
    """A zone in HOME/site/districts.toml is no doubt; a wrong file stops the hub's commands with exit code 2 and its name."""
    (home / "site").mkdir()
    (home / "site" / "districts.toml").write_text('[[division]]\ncode = "TEDA"\nname = "开发区"\n', "utf-8")
    found = json.loads(run("enrol", "开发区馆", "--district", "TEDA", "--home", home, "--json").stdout.splitlines()[-1])
    assert found["note"] == ""
    (home / "site" / "districts.toml").write_text("[[division]]\ncode = 'x'", "utf-8")
    result = CliRunner().invoke(commands, ["status", "--home", str(home)])
    assert result.exit_code == 2
    assert "districts.toml" in result.output


def test_a_backup_has_the_site_s_tables(home: Path, tmp_path: Path) -> None:
    """A backup of the hub becomes a hub with the same tables."""
    (home / "site").mkdir()
    (home / "site" / "metadata.toml").write_text("earliest_year = 1600", "utf-8")
    run("backup", tmp_path / "备份", "--home", home)
    assert (tmp_path / "备份" / "site" / "metadata.toml").read_text("utf-8") == "earliest_year = 1600"
