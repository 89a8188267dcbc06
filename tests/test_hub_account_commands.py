"""`jindang hub account …` and `jindang hub journal …`, with and without a running hub."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hub_in_thread import SetClock, found, running
from people_at_hub import team

from holdings import journal
from holdings.journal import Outcome
from hub import web_journal
from hub.api_operations import OPERATIONS
from hub.commands import commands
from hub.desk import LocalDesk
from hub.desk_witness import VERBS, WitnessedDesk, witnessed
from hub.errors import HubError
from hub.local_client import RemoteDesk
from hub.web_table import ROUTES


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


def test_the_first_administrator_comes_with_the_hub(tmp_path: Path) -> None:
    """`init --admin` makes a system officer with a start password of chance, shown once; none is made by default; half of the two options is wrong use."""
    made = [answer(run("init", "--home", tmp_path / n, "--unlock", "keyfile", "--admin", "sys", "--admin-person", "刘志强", "--json")) for n in "ab"]
    assert made[0]["start_password"] != made[1]["start_password"]
    (account,) = answer(run("account", "list", "--home", tmp_path / "a", "--json"))["accounts"]
    assert (account["name"], account["role"], account["person"]) == ("sys", "system", "刘志强")
    run("init", "--home", tmp_path / "c", "--unlock", "keyfile", "--admin", "sys", ends=2)
    assert "start_password" not in answer(run("init", "--home", tmp_path / "c", "--unlock", "keyfile", "--json"))
    assert not (tmp_path / "c" / "people.db").exists()


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


def test_what_is_done_on_the_machine_stands_in_the_journal(tmp_path: Path) -> None:
    """Enrolling, revoking, searching, reading, also what was refused: each by who called; figures that programs ask for leave nothing."""
    with running(tmp_path / "hub") as hub:
        hub.open_socket()
        at = ("--home", hub.path)
        run("enrol", "和平区", *at)
        run("enrol", " ", *at, ends=1)
        hub.node("河东区")
        run("revoke", "河东区", "--reason", "报废", *at)
        run("search", "防汛", *at)
        run("show", "J001-WS·2011·Y-0001", *at, ends=1)
        run("status", *at)
        run("export", tmp_path / "out", *at)
        RemoteDesk(hub.path / "hub.sock").call("nodes", caller="somebody else")
        with pytest.raises(HubError):
            RemoteDesk(hub.path / "hub.sock").call("NO")
        acts = [act.deed for act in journal.walk(hub.hub.people.parts().database.read())]
    assert [(deed.verb, deed.subject, deed.outcome, deed.note) for deed in acts] == [
        ("node-enrol", "和平区", Outcome.DONE, ""), ("node-enrol", " ", Outcome.REFUSED, ""), ("node-revoke", "河东区", Outcome.DONE, "reason=报废"),
        ("search", "防汛", Outcome.DONE, ""), ("record-read", "J001-WS·2011·Y-0001", Outcome.REFUSED, ""), ("record-export", "", Outcome.DONE, ""),
        ("node-list", "", Outcome.DONE, ""), ("unknown", "", Outcome.REFUSED, ""),
    ]  # fmt: skip
    assert {deed.person for deed in acts} == {f"local:{os.getuid()}"}


def test_every_act_has_its_name_in_the_journal(tmp_path: Path) -> None:
    """Whatever a page, a program or a command leaves in the journal, the auditor reads in words."""
    with running(tmp_path / "hub") as hub:
        desk = hub.hub.desk._desk  # type: ignore[attr-defined]
        words = [word for word in (*desk._calls, *desk._streams) if witnessed(word)]
    verbs = {VERBS.get(word, word.replace("_", "-")) for word in words} | {route.verb for route in ROUTES} | {one.verb for one in OPERATIONS}
    assert verbs - {""} <= set(web_journal.VERBS)


def test_the_files_of_a_record_are_one_act(tmp_path: Path) -> None:
    """However many files an export takes of a record, reading it stands in the journal once for each caller."""

    def file(ref: str, position: int) -> Iterator[bytes]:
        yield b"x"

    with team(tmp_path / "hub") as hub:
        desk = WitnessedDesk(LocalDesk({}, {"file": lambda: file}), hub.people, hub.clock)
        for ref, caller in (("a", "local:1"), ("a", "local:1"), ("b", "local:1"), ("a", "local:2")):
            for position in range(3):
                assert list(desk.stream("file", ref=ref, position=position, caller=caller)) == [b"x"]
        acts = [act.deed for act in journal.walk(hub.people.parts().database.read())]
    assert [(deed.person, deed.verb, deed.subject) for deed in acts] == [("local:1", "record-file", ref) for ref in "ab"] + [("local:2", "record-file", "a")]


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
    """A backup, itself an act of the journal, becomes a home with the same accounts and a whole journal."""
    add(home, "sys")
    run("backup", tmp_path / "second", "--home", home)
    (tmp_path / "second" / "unlock.key").write_bytes((home / "unlock.key").read_bytes())
    (tmp_path / "second" / "unlock.key").chmod(0o600)
    assert [a["name"] for a in answer(run("account", "list", "--home", tmp_path / "second", "--json"))["accounts"]] == ["sys"]
    run("journal", "verify", "--home", tmp_path / "second")
