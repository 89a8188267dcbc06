"""`jindang node …` as people and scripts use it: exit codes, JSON fields of DESIGN §7, prose on standard error."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hub_in_thread import RunningHub
from middlebox import Kind
from node_and_hub import NodeAndHub, from_old_copy, pair
from node_at_work import NodeAtWork, make
from scan_tree import page

from jindang.cli import main
from sync.sandbox import Sandbox

A, B = "J001-WS·2011·Y·BGS-0001", "J001-WS·2011·Y·BGS-0002"
RUN = {"records", "pages", "quarantined", "deltas", "bytes_source", "bytes_sent", "receipted", "opened", "seconds"}
STATUS = {"records", "pages", "bytes_stored", "pending_deltas", "pending_bytes", "quarantined", "last_contact"}
IMPORT = {"rows", "added", "changed", "unchanged", "gone", "refused", "seconds", "rows_per_second", "refusals"}
FINDING = {"id", "path", "ref", "code", "rule", "remedy", "severity"}


@pytest.fixture
def line(tmp_path: Path, sandbox: Sandbox) -> Iterator[NodeAndHub]:
    """A node, its hub, and a line between them that works."""
    with pair(tmp_path, sandbox) as made:
        yield made


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node without a hub that answers."""
    return make(tmp_path, sandbox)


def jindang(*words: object, home: Path | None = None, stdin: str | None = None) -> Result:
    """Run a command in this process, as the front door does."""
    there = ["--home", str(home)] if home else []
    return CliRunner().invoke(main, ["node", *map(str, words), *there], input=stdin)


def told(result: Result, code: int = 0) -> dict[str, Any]:
    """The JSON object on the last line of standard output."""
    assert result.exit_code == code, (result.output, result.exception)
    lines = result.stdout.splitlines()
    assert len(lines) == 1, "prose belongs on standard error"
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def test_from_init_to_receipt(tmp_path: Path, sandbox: Sandbox) -> None:
    """The three commands of the README bring scans from a folder to R4, and the record's page list agrees with the folder."""
    hub = RunningHub(tmp_path / "hub").start()
    scans, home = tmp_path / "扫描", tmp_path / "node"
    scans.mkdir()
    (tmp_path / "token").write_text(hub.token(), "utf-8")
    made = told(
        jindang(
            "init", "--json", "--name", "和平区", "--hub", f"https://127.0.0.1:{hub.address[1]}", "--token", f"@{tmp_path / 'token'}", "--watch", scans,
            "--cleared-by", "李四", "--unlock", "keyfile", home=home,
        )
    )  # fmt: skip
    assert made["name"] == "和平区"
    assert len(made["log_id"]) == len(made["hub_id"]) == 64
    work = NodeAtWork(home, _tree(scans), sandbox, b"")
    files = work.scans.delivery({A: 2, B: 1})
    ran = told(jindang("run", "--once", "--settle", "0", "--json", home=home))
    assert ran.keys() >= RUN
    assert (ran["records"], ran["pages"], ran["receipted"], ran["opened"], ran["deltas"]) == (2, 3, 2, 2, 1)
    status = told(jindang("status", "--json", home=home))
    assert status.keys() >= STATUS
    assert (status["records"], status["pages"], status["pending_deltas"], status["quarantined"]) == (2, 3, 0, 0)
    shown = told(jindang("show", A, "--json", home=home))
    assert shown.keys() >= {"ref", "title", "level", "custody", "versions", "receipts", "findings", "pages"}
    assert [(p["name"], p["bytes"]) for p in shown["pages"]] == [(n, len(d)) for n, d in files[A].items()]
    assert shown["pages"][0].keys() >= {"name", "media_type", "bytes", "sha256", "text"}
    assert [r["grade"] for r in shown["receipts"]] == ["R1", "R4"]
    hub.stop()


def _tree(root: Path) -> Any:
    from scan_tree import ScanTree

    return ScanTree(root)


def test_every_answer_has_its_fields(work: NodeAtWork, tmp_path: Path) -> None:
    """The JSON of each command that needs no hub has the fields of the contract, on the last line of standard output."""
    home = work.path
    work.scans.delivery({A: 2, B: 1})
    work.scans.put(B, {"0001.jpg": b""})
    taken = told(jindang("intake", "--settle", "0", "--json", home=home), 1)
    assert taken.keys() >= RUN
    listed = told(jindang("quarantine", "list", "--json", home=home))
    assert [item.keys() >= FINDING for item in listed["items"]] == [True]
    number = listed["items"][0]["id"]
    assert told(jindang("quarantine", "show", number, "--json", home=home)).keys() >= FINDING
    assert told(jindang("quarantine", "set-aside", number, "--by", "张三", "--json", home=home))["state"] == "set_aside"
    assert told(jindang("quarantine", "retry", number, "--json", home=home))["state"] == "resolved"
    found = told(jindang("search", "通知", "--json", home=home))
    assert found.keys() >= {"hits", "total", "capped", "milliseconds"}
    assert found["hits"][0].keys() >= {"ref", "title", "level", "date", "score", "snippet"}
    shown = told(jindang("fingerprint", "--json", home=home))["fingerprints"]
    assert [(len(one["hex"]), len(one["words"]), len(one["figures"])) for one in (shown["own"], shown["hub"], shown["tls"])] == [(64, 12, 8)] * 3
    for command in ("verify", "doctor"):
        assert told(jindang(command, "--json", home=home)) == {"ok": True, "findings": []}
    assert told(jindang("backup", tmp_path / "b", "--json", home=home))["objects"] == 2
    assert told(jindang("export", tmp_path / "e", "--json", home=home)) == {"records": 1, "pages": 2, "bytes": sum(len(d) for d in work.current()[A].values())}
    assert told(jindang("clear", "扫描", "--by", "张三", "--by", "王五", "--json", home=home))["persons"] == ["张三", "王五"]


def test_importing_a_sheet_says_what_it_did(work: NodeAtWork) -> None:
    """Rows are counted, refused ones are listed with rule and remedy and make exit 1; a dry run keeps nothing; a repetition changes nothing."""
    sheet = work.scans.root / "目录.csv"
    work.scans.rows({A: {"页数": "2"}, B: {"密级": "机密"}})
    dry = told(jindang("catalogue", "import", sheet, "--dry-run", "--json", home=work.path), 1)
    assert dry.keys() >= IMPORT
    assert (dry["rows"], dry["added"], dry["refused"]) == (2, 1, 1)
    assert dry["refusals"][0].keys() == {"row", "field", "rule", "remedy"}
    assert told(jindang("search", "通知", "--json", home=work.path))["total"] == 0
    real = told(jindang("catalogue", "import", sheet, "--json", home=work.path), 1)
    assert (real["added"], real["unchanged"]) == (1, 0)
    again = told(jindang("catalogue", "import", sheet, "--json", home=work.path), 1)
    assert (again["added"], again["unchanged"]) == (0, 1)
    work.scans.rows({A: {"页数": "2"}})
    assert told(jindang("catalogue", "import", sheet, "--json", home=work.path))["refused"] == 0


def test_a_broken_sheet_is_exit_1_with_its_reason(work: NodeAtWork, tmp_path: Path) -> None:
    """A file that is no sheet is refused in Chinese; no trace of Python reaches the reader."""
    (tmp_path / "坏.xlsx").write_bytes(b"PK\x03\x04 nothing")
    result = jindang("catalogue", "import", tmp_path / "坏.xlsx", home=work.path)
    assert result.exit_code == 1
    assert "错误：" in result.stderr
    assert "Traceback" not in result.output


def test_waiving_needs_a_reason_and_a_waivable_finding(work: NodeAtWork) -> None:
    """说明后放行 without a reason is wrong usage; of an error that needs its remedy it is refused."""
    work.scans.delivery({A: 1})
    work.scans.put(A, {"0001.jpg": b""})
    jindang("intake", "--settle", "0", home=work.path)
    [item] = told(jindang("quarantine", "list", "--json", home=work.path))["items"]
    assert jindang("quarantine", "waive", item["id"], home=work.path).exit_code == 2
    refused = jindang("quarantine", "waive", item["id"], "--reason", "x", "--by", "张三", home=work.path)
    assert refused.exit_code == 1
    assert "不能说明后放行" in refused.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("status",), ("status", "--home", "/nowhere/at/all"), ("run", "--once", "--settle", "-1", "--home", "{home}"), ("nothing", "--home", "{home}"),
        ("run", "--once", "--wait", "R9", "--home", "{home}"), ("search", "--home", "{home}"), ("search", "x", "--limit", "0", "--home", "{home}"),
        ("clear", "扫描", "--home", "{home}"), ("catalogue", "import", "/nowhere.csv", "--home", "{home}"), ("export", "{file}/inside", "--home", "{home}"),
        ("init", "--home", "{new}", "--name", "x", "--hub", "https://h:1", "--token", "jd1-x", "--watch", "{new}", "--unlock", "keyfile"),
        ("init", "--home", "{new}", "--name", "x", "--hub", "https://h:1", "--token", "jd1-x", "--watch", "{scans}"),
        ("init", "--home", "{new}", "--name", "x", "--hub", "https://h:1", "--token", "@/nowhere", "--watch", "{scans}", "--unlock", "keyfile"),
        ("init", "--home", "{new}", "--name", "x", "--hub", "http://h:1", "--token", "jd1-x", "--watch", "{scans}", "--unlock", "keyfile"),
        ("init", "--home", "{new}", "--name", "x", "--hub", "https://h:1", "--token", "jd1-x", "--watch", "{scans}", "--unlock", "keyfile"),
        ("init", "--home", "{new}", "--name", "x", "--hub", "https://h:1", "--token", "jd1-x", "--watch", "{scans}", "--unlock", "fingerprint"),
    ],
)  # fmt: skip
def test_wrong_usage_is_code_2(work: NodeAtWork, tmp_path: Path, words: tuple[str, ...]) -> None:
    """A missing home, a wrong option, an unreadable token: code 2, a sentence on standard error, nothing made."""
    (tmp_path / "file").write_bytes(b"x")
    places = {"home": work.path, "file": tmp_path / "file", "new": tmp_path / "new", "scans": work.scans.root}
    result = jindang(*(word.format(**places) for word in words))
    assert result.exit_code == 2, (result.output, result.exception)
    assert result.stderr
    assert "Traceback" not in result.output
    assert not (tmp_path / "new").exists()


def test_a_wrong_node_toml_is_code_2(work: NodeAtWork) -> None:
    """A misspelt key names the right one."""
    (work.path / "node.toml").write_text((work.path / "node.toml").read_text("utf-8") + "settel_s = 2\n", "utf-8")
    result = jindang("status", home=work.path)
    assert result.exit_code == 2
    assert "settle_s" in result.stderr


def test_a_home_in_use_is_code_3(work: NodeAtWork) -> None:
    """While another process works in the home, a command says so."""
    with work.opened():
        result = jindang("status", home=work.path)
    assert result.exit_code == 3
    assert "正被另一个" in result.stderr


def test_a_hub_that_does_not_answer_is_code_3(work: NodeAtWork) -> None:
    """`sync` without a hub ends with 3 and says that nothing is lost."""
    result = jindang("sync", home=work.path)
    assert result.exit_code == 3
    assert "本机数据完好" in result.stderr


def test_something_for_a_person_is_code_1(line: NodeAndHub) -> None:
    """A run that brought everything but leaves a question ends with 1, and says how to see it."""
    line.work.scans.delivery({A: 1, B: 1})
    line.work.scans.put(B, {"0001.jpg": b""})
    ran = told(jindang("run", "--once", "--settle", "0", "--wait", "R1", "--json", home=line.work.path), 1)
    assert (ran["receipted"], ran["quarantined"]) == (1, 1)
    assert "quarantine list" in jindang("run", "--once", "--settle", "0", "--wait", "R1", home=line.work.path).stdout


def test_rollback_is_code_4(line: NodeAndHub) -> None:
    """A node restored from an old copy ends with 4 from `sync`, `run --once`, `intake` and `doctor`."""
    line.work.scans.delivery({A: 1})
    with from_old_copy(line.work.path) as restore:
        assert jindang("run", "--once", "--settle", "0", "--wait", "R1", home=line.work.path).exit_code == 0
        restore()
    line.work.scans.put(A, {"0001.jpg": page(9)})
    for words in (("sync",), ("run", "--once", "--settle", "0"), ("intake", "--settle", "0"), ("doctor",)):
        result = jindang(*words, home=line.work.path)
        assert result.exit_code == 4, (words, result.output)


def test_damage_is_code_4(work: NodeAtWork) -> None:
    """A flipped byte in a sealed object makes `verify` end with 4 and name the object."""
    work.scans.delivery({A: 1})
    work.intake()
    for path in (work.path / "objects").rglob("*"):
        if path.is_file():
            path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])
    said = told(jindang("verify", "--json", home=work.path), 4)
    assert (said["ok"], len(said["findings"])) == (False, 2)
    assert said["findings"][0].keys() == {"what", "where", "remedy"}


def test_a_damaged_database_is_code_4(work: NodeAtWork) -> None:
    """A database that is not what was written is damage with a remedy, not a stack trace."""
    data = bytearray((work.path / "node.db").read_bytes())
    data[0:4096] = bytes(4096)
    (work.path / "node.db").write_bytes(bytes(data))
    (work.path / "node.db-wal").unlink(missing_ok=True)
    result = jindang("status", home=work.path)
    assert result.exit_code == 4, (result.output, result.exception)
    assert "备份" in result.stderr


def test_a_wrong_unlock_file_is_code_2(work: NodeAtWork) -> None:
    """A key file of another home does not open this one."""
    (work.path / "unlock.key").write_bytes(bytes(32))
    result = jindang("status", home=work.path)
    assert result.exit_code == 2, (result.output, result.exception)


def test_the_emergency_identity_opens_manifests(work: NodeAtWork, tmp_path: Path) -> None:
    """`identity` writes the age identity 0600 after a question; no is an answer."""
    refused = jindang("identity", tmp_path / "id.txt", home=work.path, stdin="n\n")
    assert refused.exit_code == 1
    assert not (tmp_path / "id.txt").exists()
    assert jindang("identity", tmp_path / "id.txt", "--yes", home=work.path).exit_code == 0
    assert (tmp_path / "id.txt").read_text().startswith("AGE-SECRET-KEY-1")
    assert (tmp_path / "id.txt").stat().st_mode & 0o777 == 0o600


def test_as_a_program_of_its_own(work: NodeAtWork, repository: Path) -> None:
    """The same from a shell: JSON alone on standard output, code 1 for a question, no module of hub or screens loaded."""
    work.scans.delivery({A: 1, B: 1})
    work.scans.put(B, {"0001.jpg": b""})
    command = [sys.executable, "-X", "importtime", "-m", "jindang", "node", "intake", "--settle", "0", "--json", "--home", str(work.path)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr[-2000:]
    assert json.loads(done.stdout)["records"] == 1
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not [name for name in loaded if name.partition(".")[0] in {"hub", "tui", "textual"}]


def test_progress_of_a_lost_line_is_said(line: NodeAndHub) -> None:
    """A run whose line broke once still ends well and notes it."""
    line.work.scans.delivery({A: 1})
    line.fault(Kind.LOSE_REPLY, "/v1/entries")
    ran = told(jindang("run", "--once", "--settle", "0", "--wait", "R1", "--json", home=line.work.path))
    assert ran["receipted"] == 1
    assert "中断" in ran["link"]


def test_an_operator_signs_in_on_the_command_line(work: NodeAtWork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--operator` with a password file acts in that person's name, with or without a daemon; nobody else sees what waits."""
    word = told(jindang("operator", "add", "9001", "赵管理", "--role", "admin", "--json", home=work.path))["start_password"]
    refused = jindang("operator", "list", "--operator", "9001", "--json", home=work.path)
    assert (refused.exit_code, "JINDANG_PASSWORD_FILE" in refused.output) == (2, True)
    (tmp_path / "word").write_text(word + "\n")
    monkeypatch.setenv("JINDANG_PASSWORD_FILE", str(tmp_path / "word"))
    refused = jindang("operator", "list", "--operator", "9001", "--json", home=work.path)
    assert (refused.exit_code, "请先改初始口令" in refused.output) == (2, True)
    refused = jindang("search", "通知", "--json", home=work.path)
    assert (refused.exit_code, "请先登录" in refused.output) == (2, True)
    assert "赵管理" in jindang("operator", "list", home=work.path).output
