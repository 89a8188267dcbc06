"""Care of a hub: backups that are signed and compared, restores that wait for their nodes, the scrub, the audit."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hub_in_thread import RunningHub, running
from scripted_node import ScriptedNode

from hub import backup_summary, restored
from hub.backup import backup
from hub.commands import commands
from hub.errors import NotAllowed
from sync import log as logs
from sync import messages


def run(*words: str | Path, ends: int = 0) -> Result:
    """Run a command in this process; its exit code must be `ends`."""
    result = CliRunner().invoke(commands, [str(w) for w in words])
    assert result.exit_code == ends, (result.exit_code, result.output, result.exception)
    return result


def answer(result: Result) -> dict[str, object]:
    """The JSON object on the last line of standard output."""
    given: dict[str, object] = json.loads(result.stdout.splitlines()[-1])
    return given


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    """A running hub."""
    with running(tmp_path / "hub") as made:
        yield made


@pytest.fixture
def node(hub: RunningHub) -> ScriptedNode:
    """A node that brought one record."""
    made = hub.node()
    made.send(made.delta({"J001-WS·2020·Y-0001": {"a.txt": b"one"}}))
    hub.folded()
    return made


def brought_back(hub: RunningHub, kept: Path, home: Path, ends: int = 0) -> Result:
    """`hub restore` of a backup into a new home."""
    return run("restore", kept, "--home", home, "--unlock-file", hub.path / "unlock.key", "--json", ends=ends)


def test_a_restored_hub_is_the_hub(tmp_path: Path) -> None:
    """Restored it has every record and no damage; it writes nothing into its log before its node has spoken, which brings what came after the backup."""
    with running(tmp_path / "hub") as hub:
        node = hub.node()
        node.send(node.delta({"J001-WS·2020·Y-0001": {"a.txt": b"one"}}))
        hub.folded()
        hub.node("河西区")
        node.hello()
        backup(hub.hub.desk, hub.path, tmp_path / "kept")
        second = node.delta({"J001-WS·2020·Y-0002": {"b.txt": b"two"}})
        node.send(second)
        hub.folded()
        hub.hub.desk.call("revoke", name="河西区", reason="报废")
        node.hello()
        told = answer(brought_back(hub, tmp_path / "kept", tmp_path / "new"))
        assert (told["objects"], told["waits_for"]) == (2, ["和平区", "河西区"])
    with running(tmp_path / "new") as new:
        desk, front = new.hub.desk, new.hub.home.front
        head = new.hub.home.own_log.head(front.read())
        found = desk.call("doctor")
        assert [(f["where"], f["what"][:5]) for f in found["findings"]] == [("节点“和平区”", "恢复之后还"), ("节点“河西区”", "恢复之后还")]
        assert found["damage"] is False
        with pytest.raises(NotAllowed, match="同步一次"):
            desk.call("revoke", name="河西区", reason="x")
        assert new.hub.home.own_log.head(front.read()) == head, "nor was an act of the journal anchored"
        new.moved(node)
        node.nonce = bytes(16)
        want = node.hello().want_hub_from
        lost = [one.signed for one in node.hub_entries if want is not None and one.seq >= want]
        assert node.call("POST", messages.HUB_ENTRIES, messages.encode_entries(lost)).status == 200
        assert restored.names(front.read()) == ["和平区"]
        node.send(second)
        new.folded()
        node.hello()
        assert restored.names(front.read()) == []
        assert [n["state"] for n in desk.call("nodes")["nodes"] if n["name"] == "河西区"] == ["revoked"]
        assert desk.call("status")["records"] == 2
        assert {"hub-behind", "receipts-behind"} <= {alarm["code"] for alarm in desk.call("status")["alarms"]}
        assert desk.call("doctor")["findings"] == []
        desk.call("enrol", name="河东区")


def _last_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.unlink()
    path.write_bytes(data)


HARMS = [
    (lambda kept: _last_byte(kept / "holdings.db"), "holdings.db"),
    (lambda kept: _last_byte(kept / "key.jdk"), "key.jdk"),
    (lambda kept: _last_byte(next((kept / "objects").rglob("?" * 64))), "对象"),
    (lambda kept: next((kept / "objects").rglob("?" * 64)).unlink(), "对象"),
    (lambda kept: (kept / "front.db").unlink(), "front.db"),
    (lambda kept: (kept / "backup.json").unlink(), "backup.json"),
    (lambda kept: (kept / "backup.json").write_bytes(b'{"body": 1}'), "backup.json"),
    (lambda kept: _said(kept, b'\\"objects\\":2', b'\\"objects\\":1'), "签名"),
    (lambda kept: _said(kept, b"hub.toml", b"../x.tml"), "不合规"),
]


def _said(kept: Path, old: bytes, new: bytes) -> None:
    data = (kept / "backup.json").read_bytes()
    assert old in data
    (kept / "backup.json").write_bytes(data.replace(old, new))


def test_a_backup_that_was_touched_is_no_home(hub: RunningHub, node: ScriptedNode, tmp_path: Path) -> None:
    """A changed or missing byte anywhere: exit code 4, what it is, and no hub.toml, so no hub can be started on it; the whole one is then restored there."""
    backup(hub.hub.desk, hub.path, tmp_path / "first")
    for harm, said in HARMS:
        # Linked objects share their bytes with the hub: the harm is done to a copy of its own.
        shutil.copytree(tmp_path / "first", tmp_path / "kept")
        harm(tmp_path / "kept")
        assert said in brought_back(hub, tmp_path / "kept", tmp_path / "new", ends=4).output
        assert not (tmp_path / "new" / "hub.toml").exists()
        shutil.rmtree(tmp_path / "kept")
    assert answer(brought_back(hub, tmp_path / "first", tmp_path / "new"))["objects"] == 2


def test_restores_that_cannot_be(hub: RunningHub, node: ScriptedNode, tmp_path: Path) -> None:
    """Over a hub, into the backup, without what unlocks the key: exit code 2 and what to do; nothing of the old home changes."""
    kept = tmp_path / "kept"
    backup(hub.hub.desk, hub.path, kept)
    assert "不会覆盖" in brought_back(hub, kept, hub.path, ends=2).output
    assert "另选目录" in brought_back(hub, kept, kept / "new", ends=2).output
    assert "--unlock-file" in run("restore", kept, "--home", tmp_path / "new", ends=2).output
    (tmp_path / "wrong.key").write_bytes(bytes(32))
    run("restore", kept, "--home", tmp_path / "new", "--unlock-file", tmp_path / "wrong.key", ends=2)
    brought_back(hub, kept, tmp_path / "new")
    run("restore", "--wait-no-more", "--home", tmp_path / "new")
    assert "没有要等" in run("restore", "--wait-no-more", "--home", tmp_path / "new").output


def test_a_backup_being_renewed_stays_whole(hub: RunningHub, node: ScriptedNode, tmp_path: Path) -> None:
    """Cut before its databases are renamed, the former backup with the new summary is still restored."""
    kept = tmp_path / "kept"
    backup(hub.hub.desk, hub.path, kept)
    former = {name: (kept / name).read_bytes() for name in ("front.db", "holdings.db", "people.db") if (kept / name).exists()}
    node.send(node.delta({"J001-WS·2020·Y-0002": {"b.txt": b"two"}}))
    hub.folded()
    summary, body, _ = backup_summary.read(kept)
    assert json.loads(body)["objects"] == summary.objects == 2
    backup(hub.hub.desk, hub.path, kept)
    both = {name: [*digests] for name, digests in backup_summary.read(kept)[0].files.items()}
    assert all(len(digests) == 1 for digests in both.values())
    for name, data in former.items():
        (kept / name).write_bytes(data)
    assert "不同" in brought_back(hub, kept, tmp_path / "new", ends=4).output


def test_nothing_confidential_stands_in_a_backup(hub: RunningHub, tmp_path: Path) -> None:
    """Titles, texts, page bytes and persons are in no file of a backup in clear."""
    node = hub.node()
    node.send(node.delta({"J001-WS·2020·Y-0001": {"a.txt": "一九五八年王淑珍婚姻登记".encode()}}))
    hub.folded()
    run_desk = hub.hub.desk
    run_desk.call("account_add", name="wang", person="王小明明", role="archivist", unit="某某馆")
    backup(run_desk, hub.path, tmp_path / "kept")
    data = b"".join(path.read_bytes() for path in (tmp_path / "kept").rglob("*") if path.is_file())
    assert not [secret for secret in ("王淑珍", "王小明明", "J001-WS·2020·Y-0001") if secret.encode() in data]
    assert backup_summary.read(tmp_path / "kept")[0].files.keys() >= {"front.db", "holdings.db", "people.db", "key.jdk", "hub.toml"}


# ---------------------------------------------------------------- scrub and audit


def test_the_scrub_finds_and_mends(hub: RunningHub, node: ScriptedNode, tmp_path: Path) -> None:
    """A changed object and a missing one are found, told with a remedy, alarmed, and mended from a backup that has them whole; the next round is clean."""
    backup(hub.hub.desk, hub.path, tmp_path / "first")
    shutil.copytree(tmp_path / "first", tmp_path / "kept")
    shutil.rmtree(tmp_path / "first")
    hub.open_socket()
    first, second = sorted((hub.path / "objects").rglob("?" * 64))
    _last_byte(first)
    second.unlink()
    assert answer(run("scrub", "--home", hub.path, "--limit-gib", "1", "--json", ends=4))["bad"] == 2
    assert "objects-damaged" in {alarm["code"] for alarm in hub.hub.desk.call("status")["alarms"]}
    assert any("损坏" in f["what"] for f in hub.hub.desk.call("audit")["findings"])
    done = answer(run("scrub", "--home", hub.path, "--from", tmp_path / "kept", "--json"))
    assert (done["ok"], done["mended"], done["finished"]) == (True, 2, True)
    assert answer(run("scrub", "--home", hub.path, "--json"))["bad"] == 0


def test_the_scrub_goes_on(hub: RunningHub, node: ScriptedNode) -> None:
    """A portion ends after its bytes, the next begins behind it; a round counts every object once."""
    import hub.scrub as scrubbing

    node.send(node.delta({f"J001-WS·2020·Y-{n:04}": {"a.txt": bytes([n]) * 50} for n in range(2, 6)}))
    hub.folded()
    total = len(list((hub.path / "objects").rglob("?" * 64)))
    first = scrubbing.scrub(hub.hub.home, 1)
    rounds = [first, *(scrubbing.scrub(hub.hub.home, 0) for _ in range(2))]
    assert sum(one["objects"] for one in rounds if one["round"] == first["round"]) == total
    stopped = scrubbing.scrub(hub.hub.home, 0, stop=lambda: True)
    assert (stopped["objects"], stopped["finished"]) == (0, False)


def test_the_audit_proves(hub: RunningHub, node: ScriptedNode, tmp_path: Path) -> None:
    """Without officers and scrub it tells both as due; a receipt that was changed is damage."""
    hub.open_socket()
    desk = hub.hub.desk
    for name, role in (("sys", "system"), ("sec", "security")):
        desk.call("account_add", name=name, person=name, role=role, unit="馆")
    assert "安全审计员" in run("audit", "--home", hub.path, ends=1).output
    desk.call("account_add", name="aud", person="aud", role="audit", unit="馆")
    desk.call("scrub")
    assert answer(run("audit", "--home", hub.path, "--json"))["ok"] is True
    with hub.hub.home.front.transaction() as connection:
        (number, signed), *_ = logs.receipts_after(connection, node.log_id, 0, 1)
        connection.execute("UPDATE receipt SET signed = ? WHERE log_id = ? AND number = ?", (signed[:-1] + bytes([signed[-1] ^ 1]), node.log_id, number))
    assert "回执" in run("audit", "--home", hub.path, ends=4).output
