"""`jindang hub account …` and `jindang hub journal …`, with and without a running hub."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hub_in_thread import found, running

from hub.commands import commands
from hub.local_client import RemoteDesk


def run(*words: str | Path, ends: int = 0) -> Result:
    """Run a command in this process; its exit code must be `ends`."""
    result = CliRunner().invoke(commands, [str(w) for w in words])
    assert result.exit_code == ends, (result.exit_code, result.output, result.exception)
    return result


def answer(result: Result) -> dict[str, Any]:
    """The JSON object on the last line of standard output."""
    given: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return given


def add(home: Path, name: str, role: str = "system", ends: int = 0) -> Result:
    """`account add` of a person called like the account."""
    return run("account", "add", name, "--role", role, "--person", f"人{name}", "--unit", "市档案馆", "--home", home, "--json", ends=ends)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that no hub runs on."""
    from hub_in_thread import SetClock

    found(tmp_path / "hub", SetClock())
    return tmp_path / "hub"


def test_accounts_are_made_and_ended_on_the_machine(home: Path) -> None:
    """Add, list, lock, unlock, reset, close; each start password is another; the file is for its owner alone."""
    assert not (home / "people.db").exists()
    assert "还没有账号" in run("account", "list", "--home", home).stdout
    first = answer(add(home, "sys"))["start_password"]
    assert (home / "people.db").stat().st_mode & 0o077 == 0
    add(home, "sys2")
    run("account", "lock", "sys2", "--home", home)
    assert answer(run("account", "list", "--home", home, "--json"))["accounts"][1]["state"] == "locked"
    run("account", "unlock", "sys2", "--home", home)
    second = answer(run("account", "reset", "sys", "--home", home, "--json"))["start_password"]
    assert first != second
    run("account", "close", "sys2", "--home", home)
    assert "已注销" in run("account", "list", "--home", home).stdout


@pytest.mark.parametrize(("words", "ends", "said"), [
    (["add", "9x", "--role", "audit", "--person", "甲", "--unit", "馆"], 1, "登录名"),
    (["add", "x2", "--role", "root", "--person", "甲", "--unit", "馆"], 2, "root"),
    (["add", "x2", "--role", "audit", "--person", " ", "--unit", "馆"], 1, "可见字"),
    (["add", "x2", "--role", "audit", "--person", "人sys", "--unit", "馆"], 1, "三员须由不同的人"),
    (["add", "sys", "--role", "agency", "--person", "乙", "--unit", "馆"], 1, "不重复发放"),
    (["lock", "nobody"], 1, "没有名为"),
    (["lock", "sys"], 1, "最后一个"),
    (["unlock", "sys"], 1, "不能这样办理"),
])
def test_what_cannot_be_is_told(home: Path, words: list[str], ends: int, said: str) -> None:
    """Wrong names, taken names, officers of two kinds: exit code and remedy, and nothing changes."""
    add(home, "sys")
    assert said in run("account", *words, "--home", home, ends=ends).output
    assert [a["name"] for a in answer(run("account", "list", "--home", home, "--json"))["accounts"]] == ["sys"]


def test_a_running_hub_writes_who_called(tmp_path: Path) -> None:
    """Through the socket the caller's uid stands in the journal, whatever the request says; the export carries it."""
    with running(tmp_path / "hub") as hub:
        hub.open_socket()
        add(hub.path, "sys")
        RemoteDesk(hub.path / "hub.sock").call("account_list", by="somebody else")
        result = answer(run("journal", "verify", "--home", hub.path, "--json"))
        assert (result["ok"], result["acts"]) == (True, 3)
        run("journal", "export", tmp_path / "journal.csv", "--home", hub.path)
        lines = (tmp_path / "journal.csv").read_text("utf-8-sig").splitlines()
    assert [line.split(",")[2] for line in lines[1:]] == [f"local:{os.getuid()}"] * 4
    assert "已存在" in run("journal", "export", tmp_path / "journal.csv", "--home", hub.path, ends=1).output


def test_a_shortened_journal_is_found(home: Path) -> None:
    """Whoever brings back an older people.db contradicts the anchor in the hub's log: verify and doctor say so with exit code 4."""
    add(home, "sys")
    older = (home / "people.db").read_bytes()
    add(home, "sys2")
    run("journal", "verify", "--home", home)
    (home / "people.db").write_bytes(older)
    for left in home.glob("people.db-*"):
        left.unlink()
    assert "截短" in run("journal", "verify", "--home", home, ends=4).output
    assert "审计日志" in run("doctor", "--home", home, ends=4).output


def test_a_backup_has_the_people(home: Path, tmp_path: Path) -> None:
    """A backup without people has no people.db; one with people becomes a home with the same accounts and a whole journal."""
    run("backup", tmp_path / "first", "--home", home)
    assert not (tmp_path / "first" / "people.db").exists()
    add(home, "sys")
    run("backup", tmp_path / "second", "--home", home)
    (tmp_path / "second" / "unlock.key").write_bytes((home / "unlock.key").read_bytes())
    (tmp_path / "second" / "unlock.key").chmod(0o600)
    assert [a["name"] for a in answer(run("account", "list", "--home", tmp_path / "second", "--json"))["accounts"]] == ["sys"]
    run("journal", "verify", "--home", tmp_path / "second")
