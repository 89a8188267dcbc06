"""`node init` against a real hub, right and wrong peers, and copies that were restored: what a node believes, and when it stops."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_in_thread import RunningHub
from middlebox import Fault, Kind, Middlebox
from node_and_hub import NodeAndHub, enrol, from_old_copy, hub_and_box, pair
from scan_tree import page

from crypto.keys import KeyFile, load
from hub import certificate
from node import verification
from node.errors import ConfigurationWrong, HubUnreachable
from node.exit_code import of
from node.report import status
from node.uplink import Uplink
from sync import messages, state_report
from sync.errors import BadEntry, Fork, PeerRefused, RolledBack, WrongPeer
from sync.receipt import Grade
from sync.sandbox import Sandbox

A, B, C = (f"J001-WS·2011·Y·BGS-{n:04d}" for n in range(1, 4))


@pytest.fixture
def line(tmp_path: Path, sandbox: Sandbox) -> Iterator[NodeAndHub]:
    """A node, its hub, and a line between them that works."""
    with pair(tmp_path, sandbox) as made:
        yield made


@pytest.fixture
def city(tmp_path: Path) -> Iterator[tuple[RunningHub, Middlebox]]:
    """A hub without a node, behind a middlebox."""
    with hub_and_box(tmp_path) as made:
        yield made


def drop(line: NodeAndHub, *codes: str) -> None:
    """Records of one page each, and the sheet that names all of them."""
    for code in codes:
        line.work.scans.put(code, {"0001.jpg": page(ord(code[-1]))})
    there = sorted(p.name for p in line.work.scans.root.iterdir() if p.is_dir())
    line.work.scans.rows({code: {"页数": "1"} for code in there})


def sync(line: NodeAndHub, **more: bool) -> object:
    """One run of the node."""
    with line.work.opened() as engine:
        return engine.run(settle_s=0, wait_grade=Grade.R1, **more)


def nodes(hub: RunningHub) -> list[str]:
    """Names of the nodes that the hub knows."""
    rows = hub.hub.home.front.read().execute("SELECT name FROM log WHERE role = 1 ORDER BY name").fetchall()
    return [row[0] for row in rows]


# ---------------------------------------------------------------- enrolment


def test_a_lost_answer_to_enrolment_is_asked_for_again(city: tuple[RunningHub, Middlebox], tmp_path: Path, sandbox: Sandbox) -> None:
    """The same command with the same token after a lost answer goes on with the same key; the hub knows one node."""
    hub, box = city
    token = hub.token()
    box.faults.append(Fault(Kind.LOSE_REPLY, "/v1/enrol"))
    with pytest.raises(HubUnreachable) as caught:
        enrol(tmp_path / "n", hub, box.address, sandbox, token)
    assert of(caught.value) == 3
    first = load(tmp_path / "n" / "home" / "key.jdk", KeyFile(tmp_path / "n" / "home" / "unlock.key")).signing_key().public
    work = enrol(tmp_path / "n", hub, box.address, sandbox, token)
    with work.opened() as engine:
        assert engine.home.secrets.signing_key().public == first
        assert engine.home.head().seq == 0
    assert nodes(hub) == ["和平区"]


def test_a_token_serves_one_node(city: tuple[RunningHub, Middlebox], tmp_path: Path, sandbox: Sandbox) -> None:
    """A second machine with the same token is refused and told whom to ask; no home is finished there."""
    hub, box = city
    token = hub.token()
    enrol(tmp_path / "n", hub, box.address, sandbox, token)
    with pytest.raises(PeerRefused, match="接入码已被另一台节点用过"):
        enrol(tmp_path / "other", hub, box.address, sandbox, token)
    assert not (tmp_path / "other" / "home" / "node.toml").exists()
    assert nodes(hub) == ["和平区"]


def test_a_token_for_another_name_is_refused(city: tuple[RunningHub, Middlebox], tmp_path: Path, sandbox: Sandbox) -> None:
    """The name on the token is the name of the node."""
    hub, box = city
    with pytest.raises(PeerRefused, match="河西区"):
        enrol(tmp_path / "n", hub, box.address, sandbox, hub.token("河西区"))


SPOIL = {
    "short": lambda t: t[:-3],
    "typo": lambda t: t[:20] + ("b" if t[20] != "b" else "c") + t[21:],
    "kind": lambda t: "jd2-" + t[4:],
    "empty": lambda t: "jd1-",
}


@pytest.mark.parametrize("spoil", SPOIL.values(), ids=SPOIL)
def test_a_mistyped_token_is_refused_before_anything_is_made(city: tuple[RunningHub, Middlebox], tmp_path: Path, sandbox: Sandbox, spoil: object) -> None:
    """The check inside the token catches a slip of the pen; no request is made and no home."""
    hub, box = city
    with pytest.raises(Exception, match="接入码") as caught:
        enrol(tmp_path / "n", hub, box.address, sandbox, spoil(hub.token()))  # type: ignore[operator]
    assert of(caught.value) == 2
    assert box.seen == []
    assert not (tmp_path / "n" / "home").exists()


def test_a_finished_home_is_not_made_again(line: NodeAndHub, tmp_path: Path, sandbox: Sandbox) -> None:
    """`init` over a home that stands changes nothing in it."""
    before = (line.work.path / "key.jdk").read_bytes()
    with pytest.raises(ConfigurationWrong, match="已是节点主目录"):
        enrol(tmp_path, line.hub, line.box.address, sandbox, line.hub.token("x"))
    assert (line.work.path / "key.jdk").read_bytes() == before


def test_another_certificate_stops_everything(line: NodeAndHub, tmp_path: Path) -> None:
    """A device that shows a certificate of its own hears no request at all, and the node says what it means."""
    other = RunningHub(tmp_path / "stranger").start()
    key = other.hub.home.secrets.tls_key
    assert key is not None
    stranger = Middlebox(certificate.server_context(other.hub.home.tls_chain, key), line.hub.address)
    drop(line, A)
    line.work.configure(hub=f"https://127.0.0.1:{stranger.address[1]}")
    with pytest.raises(WrongPeer, match="证书") as caught:
        sync(line)
    assert of(caught.value) == 4
    assert stranger.seen == []
    line.work.configure(hub=f"https://127.0.0.1:{line.box.address[1]}")
    sync(line)
    assert line.grades()[Grade.R1] == [1]
    stranger.stop()
    other.stop()


def test_a_hub_that_answers_with_another_log_is_not_believed(city: tuple[RunningHub, Middlebox], tmp_path: Path, sandbox: Sandbox) -> None:
    """Right address, right certificate, but entries that do not hash to the token's hub_id: refused, no home."""
    hub, box = city
    other = RunningHub(tmp_path / "stranger").start()
    entries = messages.encode_enrolled([e.signed for e in _own_entries(other)])
    box.faults.append(Fault(Kind.REWRITE, "/v1/enrol", rewrite=lambda _: entries))
    with pytest.raises(BadEntry, match="市级中心"):
        enrol(tmp_path / "n", hub, box.address, sandbox)
    assert not (tmp_path / "n" / "home" / "node.toml").exists()
    other.stop()


def _own_entries(hub: RunningHub) -> list[object]:
    from sync import log

    return list(log.since(hub.hub.home.front.read(), hub.hub.home.hub_id, 0, 10))


def test_a_hub_that_is_not_there_is_code_3(line: NodeAndHub) -> None:
    """Without a hub the run ends as unreachable; what was taken in is sealed and goes out later."""
    drop(line, A)
    line.work.configure(hub="https://127.0.0.1:9")
    with line.work.opened() as engine:
        uplink = Uplink(engine.home, lambda: state_report.StateReport(program="test"), lambda: 1)
        with pytest.raises(Exception, match="连不上市级中心") as caught:
            uplink.converse()
        uplink.close()
        assert of(caught.value) == 3
        assert engine.run(settle_s=0, send=False).records == 1


# ---------------------------------------------------------------- restored copies


def test_a_node_restored_from_yesterdays_copy_stops_and_signs_nothing(line: NodeAndHub) -> None:
    """A node that its hub knows to be further on ends with code 4, signs nothing by any command, and says so in its doctor."""
    drop(line, A)
    sync(line)
    with from_old_copy(line.work.path) as restore:
        drop(line, B)
        sync(line)
        restore()
    drop(line, C)
    for more in ({}, {"send": False}, {"intake": False}, {}):
        with pytest.raises(Exception) as caught:  # noqa: PT011  a sealing thread's failure carries the same cause
            sync(line, **more)
        assert of(caught.value) == 4
        with line.work.opened() as engine:
            assert engine.home.head().seq == 1
    with pytest.raises(RolledBack):
        sync(line, intake=False)
    with line.work.opened() as engine:
        assert status(engine.home, line.work.clock)["stopped"] == "ROLLED_BACK"
        assert any("传输已停止" in t.what and t.damage for t in verification.doctor(engine.home, line.work.clock))
    assert line.hub_head() == 2


@pytest.mark.parametrize("signed", [1, 2], ids=["as many entries", "more entries"])
def test_a_restored_node_that_signed_meanwhile_is_a_fork(line: NodeAndHub, signed: int) -> None:
    """Signed offline over used numbers: the node stops with code 4 and the hub keeps what it had."""
    drop(line, A)
    sync(line)
    with from_old_copy(line.work.path) as restore:
        drop(line, B)
        sync(line)
        restore()
    shutil.rmtree(line.work.scans.root / B)
    with line.hub_down():
        for code in ("J001-WS·2011·Y·BGS-0007", "J001-WS·2011·Y·BGS-0008")[:signed]:
            drop(line, code)
            line.work.intake()
    with pytest.raises(Fork) as caught:
        sync(line, intake=False)
    assert of(caught.value) == 4
    assert line.hub_head() == 2
    drop(line, C)
    with pytest.raises(Exception) as caught_again:  # noqa: PT011  as above
        sync(line)
    assert of(caught_again.value) == 4


def test_a_hub_restored_from_yesterdays_copy_gets_everything_again(line: NodeAndHub) -> None:
    """A hub that knows less than the node's receipts takes the goods again; the node says so until it is done, and keeps each receipt once."""
    drop(line, A)
    sync(line)
    line.hub.stop()
    with from_old_copy(line.hub.path) as restore:
        line.hub.start()
        line.box.upstream = line.hub.address
        drop(line, B)
        sync(line)
        drop(line, C)
        sync(line)
        line.hub.stop()
        restore()
        line.hub.start()
    line.box.upstream = line.hub.address
    assert line.hub_head() == 1
    sync(line, intake=False)
    assert (line.hub_head(), line.at_hub() >= line.named()) == (3, True)
    assert line.grades()[Grade.R1] == [1, 2, 3]
    drop(line, "J001-WS·2011·Y·BGS-0009")
    sync(line)
    assert line.grades()[Grade.R1] == [1, 2, 3, 4]
    with line.work.opened() as engine:
        assert verification.doctor(engine.home, line.work.clock) == []
    line.box.paths()
    sync(line)
    assert line.box.paths() == ["POST /v1/hello"]


def test_a_hub_that_lost_objects_alone_is_given_them_again(line: NodeAndHub) -> None:
    """While the goods are on their way to a restored hub, doctor names it, without calling it damage."""
    drop(line, A)
    sync(line)
    line.hub.stop()
    with from_old_copy(line.hub.path) as restore:
        line.hub.start()
        line.box.upstream = line.hub.address
        drop(line, B)
        sync(line)
        line.hub.stop()
        restore()
        line.hub.start()
    line.box.upstream = line.hub.address
    line.fault(Kind.ANSWER, "/v1/objects", times=1000, status=422, code="entry-invalid")
    with pytest.raises(PeerRefused):
        sync(line, intake=False)
    with line.work.opened() as engine:
        assert [(t.where, t.damage) for t in verification.doctor(engine.home, line.work.clock)] == [("市级中心", False)]
        assert status(engine.home, line.work.clock)["hub_behind_since"]
    line.box.faults.clear()
    sync(line)
    with line.work.opened() as engine:
        assert verification.doctor(engine.home, line.work.clock) == []


def test_a_revoked_node_stops_and_keeps_what_it_has(line: NodeAndHub) -> None:
    """After revocation every run ends with the hub's word; nothing is lost here, and nothing is sent any more."""
    drop(line, A)
    sync(line)
    line.hub.hub.enrolment.revoke("和平区", "退役")
    line.hub.hub.bearers.drop(_log_id(line))
    drop(line, B)
    with pytest.raises(Exception, match="停") as caught:
        sync(line)
    assert of(caught.value) in (3, 4)
    assert line.hub_head() == 1
    line.box.paths()
    with pytest.raises(PeerRefused, match="停用"):
        sync(line, intake=False)
    assert set(line.box.paths()) == {"POST /v1/hello"}
    assert line.work.current()[A]


def _log_id(line: NodeAndHub) -> bytes:
    with line.work.opened() as engine:
        return engine.home.identity.log.log_id
