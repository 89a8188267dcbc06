"""`jindang hub …` as a person and a script meet it: JSON on the last line, prose on standard error, exit codes of DESIGN §7."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hub_in_thread import running
from scripted_node import ScriptedNode

from crypto.fingerprint import read_out
from crypto.fingerprint_words import spoken
from crypto.identity import identity_from_text, new_identity, recipient_of, recipient_text
from hub.commands import commands
from sync.token import parse


def run(*words: str | Path, ends: int = 0) -> Result:
    """Run a command in this process; its exit code must be `ends`."""
    result = CliRunner().invoke(commands, [str(w) for w in words])
    assert result.exit_code == ends, (result.exit_code, result.output, result.exception)
    return result


def answer(result: Result) -> dict[str, Any]:
    """The JSON object on the last line of standard output."""
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home made by `init`."""
    run("init", "--home", tmp_path / "hub", "--name", "市级中心", "--unlock", "keyfile", "--listen", "127.0.0.1:0")
    return tmp_path / "hub"


def test_init_says_who_the_hub_is(tmp_path: Path) -> None:
    """hub_id, recipient and certificate digest as JSON; the key file is 0600 and nothing is readable by the world."""
    found = answer(run("init", "--home", tmp_path / "hub", "--unlock", f"keyfile:{tmp_path / 'k'}", "--json"))
    assert set(found) == {"hub_id", "figures", "words", "recipient", "tls_sha256"}
    assert found["recipient"].startswith("age1")
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "hub").iterdir()}
    assert not [name for name, mode in modes.items() if mode & 0o007]
    assert stat.S_IMODE((tmp_path / "k").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--unlock"),
        (["--unlock", "magic"], "unlock"),
        (["--unlock", "keyfile", "--tls-cert", "CERT"], "--tls-key"),
        (["--unlock", "keyfile", "--escrow", "CERT"], "age"),
        (["--unlock", "keyfile", "--listen", "nowhere"], "监听地址"),
        (["--unlock", "keyfile", "--class", "secret"], "secret"),
    ],
)
def test_init_refuses_what_it_cannot_use(tmp_path: Path, words: list[str], said: str) -> None:
    """Without a terminal the lock must be named; wrong options are exit 2, and nothing is left that looks like a home."""
    paper = tmp_path / "paper"
    paper.write_text("no certificate\n")
    result = run("init", "--home", tmp_path / "hub", *[w.replace("CERT", str(paper)) for w in words], ends=2)
    assert said in result.output
    assert not (tmp_path / "hub" / "hub.toml").exists()


def test_init_never_overwrites(home: Path) -> None:
    """A second init on the same folder is refused and changes nothing."""
    before = {p.name: p.read_bytes() for p in home.iterdir() if p.is_file()}
    run("init", "--home", home, "--unlock", "keyfile", ends=2)
    assert {p.name: p.read_bytes() for p in home.iterdir() if p.is_file()} == before


def test_init_takes_a_certificate_and_an_escrow_key(tmp_path: Path) -> None:
    """An operator's own pair is checked and used; the escrow recipient is kept."""
    key, certificate, escrow = tmp_path / "tls.key", tmp_path / "tls.pem", tmp_path / "escrow.txt"
    with running(tmp_path / "donor") as donor:
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            NoEncryption,
            PrivateFormat,
            load_der_private_key,
        )

        secret = donor.hub.home.secrets.tls_key
        assert secret is not None
        key.write_bytes(load_der_private_key(secret, None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        certificate.write_bytes(donor.hub.home.tls_chain)
        digest = donor.hub.home.tls_digest.hex()
    recipient = recipient_text(recipient_of(new_identity()))
    escrow.write_text(f"# escrow\n{recipient}\n")
    words = ["--unlock", "keyfile", "--tls-cert", certificate, "--tls-key", key, "--escrow", escrow, "--json"]
    assert answer(run("init", "--home", tmp_path / "hub", *words))["tls_sha256"] == digest
    assert (tmp_path / "hub" / "escrow.txt").read_text().strip() == recipient
    assert b"PRIVATE KEY" not in (tmp_path / "hub" / "key.jdk").read_bytes()


def test_enrol_gives_a_token_and_nodes_lists_it(home: Path) -> None:
    """The token names this hub, whose fingerprint is told with it; until it is used it stands among the open ones."""
    told = answer(run("enrol", "和平区", "--district", "120101", "--home", home, "--json"))
    token = parse(told["token"])
    listed = answer(run("nodes", "--home", home, "--json"))
    assert (listed["nodes"], listed["tokens"][0]["name"], listed["tokens"][0]["district"]) == ([], "和平区", "120101")
    assert len(token.hub_id) == 32
    assert told["figures"] == listed["fingerprints"]["hub"]["figures"] == read_out(token.hub_id)
    assert listed["fingerprints"]["tls"]["figures"] == read_out(token.tls_digest)
    assert told["words"] == listed["fingerprints"]["hub"]["words"] == spoken(token.hub_id)


def test_status_has_the_fields_of_the_contract(home: Path) -> None:
    """DESIGN §7: sums and a list of nodes."""
    found = answer(run("status", "--home", home, "--json"))
    assert {"records", "pages", "bytes_stored", "pending_deltas", "pending_bytes", "quarantined", "last_contact", "nodes"} <= found.keys()


@pytest.mark.parametrize(
    ("words", "ends"),
    [(["show", "没有"], 1), (["revoke", "没有", "--reason", "x"], 1), (["search", "x"], 0), (["doctor"], 0), (["enrol", " "], 1), (["show"], 2), (["nonsense"], 2)],
)
def test_exit_codes_tell_who_must_act(home: Path, words: list[str], ends: int) -> None:
    """0 done, 1 a person, 2 usage."""
    run(*words, "--home", home, ends=ends)


def test_a_home_that_is_held_is_exit_three(home: Path) -> None:
    """A process holds the home and does not answer: 3, and nothing is opened beside it."""
    with running(home):
        run("status", "--home", home, ends=3)


def test_damage_is_exit_four(home: Path) -> None:
    """A database of other bytes is damage, said without a stack trace."""
    (home / "holdings.db").write_bytes(b"not a database" * 1000)
    for left in home.glob("holdings.db-*"):
        left.unlink()
    assert "holdings.db" in run("status", "--home", home, ends=4).output


def test_a_wrong_lock_or_configuration_is_exit_two(home: Path) -> None:
    """An unlocking file that is another, and an unknown key of hub.toml."""
    (home / "unlock.key").write_bytes(bytes(32))
    run("status", "--home", home, ends=2)
    with open(home / "hub.toml", "a", encoding="utf-8") as file:
        file.write("listn = 1\n")
    assert "listen" in run("status", "--home", home, ends=2).output


def test_what_is_received_and_not_opened_is_said(home: Path, tmp_path: Path) -> None:
    """An export before the vault has opened a delta lacks it and tells so, like status; afterwards it has it."""
    with running(home, quiet_s=3600.0) as hub:
        node = hub.node()
        node.send(node.delta({"A-1": {"1.txt": b"one"}}))
    early = run("export", tmp_path / "early", "--home", home, "--json")
    assert "1 个已收存的增量尚未验读" in early.output
    assert [answer(early)[word] for word in ("records", "unopened_deltas", "problems")] == [0, 1, []]
    found = answer(run("status", "--home", home, "--json"))
    assert found["unopened_deltas"] == found["nodes"][0]["unopened_deltas"] == 1
    assert "待验读 1 个" in run("status", "--home", home).output
    with running(home) as hub:
        hub.folded()
    late = answer(run("export", tmp_path / "late", "--home", home, "--json"))
    assert (late["records"], late["unopened_deltas"]) == (1, 0)


def test_export_backup_and_identity_from_the_command_line(home: Path, tmp_path: Path) -> None:
    """What a node brought is exported and backed up; the identity file opens manifests and is never written unasked."""
    with running(home) as hub:
        node = hub.node()
        node.send(node.delta({"A-1": {"1.txt": b"one"}}))
        hub.folded()
    done = answer(run("export", tmp_path / "out", "--home", home, "--json"))
    assert (done["records"], done["files"], (tmp_path / "out" / "A-1" / "1.txt").read_bytes()) == (1, 1, b"one")
    (tmp_path / "out" / "A-1" / "1.txt").write_bytes(b"changed")
    assert answer(run("export", tmp_path / "out", "--home", home, "--json", ends=1))["problems"]
    assert answer(run("backup", tmp_path / "copy", "--home", home, "--json"))["objects"] == 2
    assert answer(run("search", "测试", "--home", home, "--json"))["hits"][0]["ref"] == "和平区/A-1"
    assert answer(run("show", "A-1", "--home", home, "--json"))["pages"][0]["name"] == "1.txt"
    run("identity", tmp_path / "id", "--home", home, ends=1)
    assert not (tmp_path / "id").exists()
    recipient = answer(run("identity", tmp_path / "id", "--home", home, "--yes", "--json"))["recipient"]
    assert stat.S_IMODE((tmp_path / "id").stat().st_mode) == 0o600
    assert recipient_text(recipient_of(identity_from_text((tmp_path / "id").read_text().strip()))) == recipient
    run("identity", tmp_path / "id", "--home", home, "--yes", ends=1)


def test_run_serves_until_told_to_stop(home: Path, repository: Path) -> None:
    """One line when ready, commands through the socket, a node over TLS, and a clean end on SIGTERM."""
    words = [sys.executable, "-m", "jindang", "hub", "run", "--home", str(home)]
    with subprocess.Popen(words, cwd=repository, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(repository)}) as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        host, _, port = ready.strip().rpartition("https://")[2].rpartition(":")
        node = ScriptedNode((host, int(port)))
        node.enrol(answer(run("enrol", "和平区", "--home", home, "--json"))["token"])
        node.hello()
        node.send(node.delta({"A-1": {"1.txt": b"one"}}))
        assert answer(run("status", "--home", home, "--json"))["nodes"][0]["pending_deltas"] == 0
        assert answer(run("nodes", "--home", home, "--json"))["nodes"][0]["figures"] == read_out(node.log_id)
        run("revoke", "和平区", "--reason", "x", "--home", home)
        assert node.offer(node.entries[-1]).status == 401
        node.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert not (home / "hub.sock").exists()
