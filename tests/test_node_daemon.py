"""The daemon: events, windows, pauses, a hub that is away, and its life as a process."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from faulty import full_disk
from middlebox import Kind
from node_and_hub import NodeAndHub, pair
from node_at_work import SetClock
from scan_tree import page

from node import client, days, settings
from node.daemon import Daemon
from node.engine import Engine, RunResult
from node.home import SOCKET
from node.settings import Setting
from node.watching import Watching, filesystem_of, is_remote
from sync import log
from sync.errors import StoreFull
from sync.receipt import Grade
from sync.sandbox import Sandbox

A, B, C = (f"J001-WS·2011·Y·BGS-{n:04d}" for n in range(1, 4))
ALWAYS = ("mon-sun 00:00-24:00",)
DEADLINE_S = 30.0


class RunningClock(SetClock):
    """The real time, moved by so many seconds."""

    skip = 0.0

    def now(self) -> float:
        return time.time() + self.skip


def until(condition: Callable[[], object], deadline_s: float = DEADLINE_S) -> None:
    """Wait until something holds, looking twenty times a second."""
    waiting, end = threading.Event(), time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        waiting.wait(0.05)


@pytest.fixture
def line(tmp_path: Path, sandbox: Sandbox) -> Iterator[NodeAndHub]:
    """A node whose windows are always open, its hub, and a line between them."""
    with pair(tmp_path, sandbox, windows=ALWAYS, settle_s=0.05) as made:
        made.work.clock = RunningClock()
        yield made


@contextmanager
def running(line: NodeAndHub) -> Iterator[tuple[Daemon, Engine]]:
    """The daemon's two loops in threads."""
    with line.work.opened() as engine:
        daemon = Daemon(engine, lambda _: None, 0.0)
        threads = [threading.Thread(target=daemon.guarded, args=(work, bool)) for work in (daemon.take_in, daemon.talk)]
        for thread in threads:
            thread.start()
        try:
            yield daemon, engine
        finally:
            daemon.stop()
            for thread in threads:
                thread.join(DEADLINE_S)
            assert not [t for t in threads if t.is_alive()]
    assert daemon.fault is None


def head(engine: Engine) -> int:
    """seq of the node's last entry."""
    return engine.home.head().seq


def receipted(engine: Engine) -> bool:
    """Has everything its R1?"""
    return log.first_unreceipted(engine.home.database.read(), engine.home.identity.log.log_id, Grade.R1) is None


def test_what_is_dropped_arrives_by_itself(line: NodeAndHub) -> None:
    """Scans dropped while the daemon runs are taken in on the event and receipted, one record after another."""
    with running(line) as (_, engine):
        for count, code in enumerate((A, B), 1):
            line.work.scans.put(code, {"0001.jpg": page(count)})
            line.work.scans.rows({c: {"页数": "1"} for c in (A, B)[:count]})
            until(lambda count=count: head(engine) >= count)
        until(lambda: receipted(engine))
    assert line.at_hub() >= line.named()
    assert sorted(line.work.current()) == [A, B]


def test_intake_goes_on_while_the_hub_is_away(line: NodeAndHub) -> None:
    """With the hub down, the conversation keeps trying and scans are sealed all the same; when it is back everything goes out."""
    with line.hub_down():
        line.work.scans.delivery({A: 1})
        with running(line) as (_, engine):
            until(lambda: head(engine) == 1)
            line.work.scans.record(B, 1, 5)
            line.work.scans.rows({A: {"页数": "1"}, B: {"页数": "1"}})
            until(lambda: head(engine) == 2)
    with running(line) as (_, engine):
        until(lambda: receipted(engine))
    assert line.grades()[Grade.R1] == [1, 2]


def test_a_pause_holds_the_line_and_lets_intake_go_on(line: NodeAndHub) -> None:
    """Paused, nothing is asked of the hub; resumed, what was sealed meanwhile goes out at once."""
    with running(line) as (daemon, engine):
        until(lambda: line.box.seen)
        daemon.service.pause()
        line.box.paths()
        line.work.scans.delivery({A: 1})
        until(lambda: head(engine) == 1)
        assert not [p for p in line.box.paths() if p != "POST /v1/hello"]
        daemon.service.pause(paused=False)
        until(lambda: receipted(engine), 20)


def test_a_window_that_closes_ends_the_conversation(line: NodeAndHub) -> None:
    """A conversation under way when its window closes is ended there; nothing is asked outside of it, and it goes on in the next one."""
    line.work.scans.delivery({A: 1})
    line.work.intake()
    line.work.configure(windows=("mon-sun 20:00-21:00",))
    now = datetime.now().astimezone()
    line.work.clock.skip = (now.replace(hour=20, minute=59, second=58) - now).total_seconds()  # type: ignore[attr-defined]
    held = threading.Event()
    line.fault(Kind.FIRST, "/v1/objects", act=lambda: held.wait(DEADLINE_S))
    with line.work.opened() as engine:
        with engine.home.database.transaction() as connection:
            settings.write(connection, Setting.LAST_SYNC, int(line.work.clock.now()) - 700)
        daemon = Daemon(engine, lambda _: None, 0.0)
        talking = threading.Thread(target=daemon.talk)
        talking.start()
        line.box.wait_for(lambda seen: any(s.path == "/v1/need" for s in seen))
        until(lambda: engine._link is not None and engine._link.cancel.is_set())
        held.set()
        until(lambda: settings.read(engine.home.database.read(), Setting.LAST_RESULT))
        assert not receipted(engine)
        line.box.paths()
        line.work.clock.skip += 22 * 3600 + 3600  # type: ignore[attr-defined]
        daemon.service._wake()
        until(lambda: receipted(engine))
        daemon.stop()
        talking.join(DEADLINE_S)


def test_a_night_without_the_hub_is_caught_up(line: NodeAndHub) -> None:
    """A window in which the hub could not be reached does not count as a sync, one in which it could does."""
    with line.work.opened() as engine:
        daemon = Daemon(engine, lambda _: None, 0.0)
        line.fault(Kind.ANSWER, "/v1/hello", status=403, code="signature")
        talking = threading.Thread(target=daemon.talk)
        talking.start()
        until(lambda: settings.read(engine.home.database.read(), Setting.LAST_RESULT))
        assert settings.read(engine.home.database.read(), Setting.LAST_SYNC) is None
        until(lambda: daemon._send.set() or settings.read(engine.home.database.read(), Setting.LAST_SYNC))
        daemon.stop()
        talking.join(DEADLINE_S)


def test_a_loop_that_fails_ends_the_daemon(line: NodeAndHub) -> None:
    """A fault that nobody expected is kept, said without its text, and ends the process instead of half of it."""
    said: list[str] = []
    ended = threading.Event()
    with line.work.opened() as engine:
        daemon = Daemon(engine, said.append, 0.0)
        daemon.guarded(lambda: {}["x"], ended.set)
    assert ended.is_set()
    assert isinstance(daemon.fault, KeyError)
    assert said == ["内部错误：KeyError"]


def test_a_full_disk_ends_no_loop(line: NodeAndHub) -> None:
    """Neither what is refused for want of room nor the note of it, which finds none either, ends a loop; with room again the note is kept."""
    said: list[str] = []
    with line.work.opened() as engine:
        daemon = Daemon(engine, said.append, 0.0)

        def full() -> RunResult:
            raise StoreFull("磁盘空间不足")

        with full_disk(0):
            daemon.guarded(lambda: daemon._attempt(full) and None, bool)
        assert daemon.fault is None
        assert said == ["磁盘空间不足"]
        assert settings.read(engine.home.database.read(), Setting.LAST_RESULT) is None
        daemon._attempt(full)
        assert settings.read(engine.home.database.read(), Setting.LAST_RESULT) == "磁盘空间不足"


def test_a_full_disk_ends_no_sign_of_life(line: NodeAndHub) -> None:
    """Neither its first word, nor the figures of the day, nor its last word needs room; with room again the day is noted."""
    with line.work.opened() as engine:
        daemon = Daemon(engine, lambda _text: None, 0.0)
        daemon.stop()
        with full_disk(0):
            daemon.guarded(daemon.live, bool)
        assert daemon.fault is None
        assert days.newest(engine.home.database.read()) == []
        daemon.guarded(daemon.live, bool)
        assert len(days.newest(engine.home.database.read())) == 1


@pytest.mark.parametrize("way", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_daemon_as_a_process(line: NodeAndHub, repository: Path, way: signal.Signals) -> None:
    """It serves its socket, commands go through it, it ends cleanly when told, and a killed one leaves nothing in the way of the next."""
    line.work.scans.delivery({A: 1})
    command = [sys.executable, "-m", "jindang", "node"]
    home = ["--home", str(line.work.path)]
    daemon = subprocess.Popen([*command, "run", *home], cwd=repository, stderr=subprocess.PIPE)
    try:
        until(lambda: client.connect(line.work.path) is not None)
        node = client.connect(line.work.path)
        assert node is not None
        until(lambda: node.status()["receipts"] >= 1)
        done = subprocess.run([*command, "status", "--json", *home], cwd=repository, capture_output=True, timeout=30, check=False)
        assert (done.returncode, b'"records": 1' in done.stdout) == (0, True)
        daemon.send_signal(way)
        assert daemon.wait(20) == (-9 if way is signal.SIGKILL else 0)
    finally:
        daemon.kill()
        daemon.communicate()
    assert (line.work.path / SOCKET).exists() is (way is signal.SIGKILL)
    assert line.grades()[Grade.R1] == [1]
    assert line.work.findings() == []


# ---------------------------------------------------------------- watching

MOUNTS = """/dev/sda1 / ext4 rw 0 0
//nas/scans /srv/scans cifs rw 0 0
nas:/x /srv/with\\040space nfs4 rw 0 0
/dev/sdb1 /srv/scans/local xfs rw 0 0
me@x: /mnt/ssh fuse.sshfs rw 0 0
short
"""


@pytest.mark.parametrize(
    ("path", "kind", "remote"),
    [
        ("/srv/scans/扫描", "cifs", True), ("/srv/scans", "cifs", True), ("/srv/scans2", "ext4", False), ("/srv/scans/local/x", "xfs", False),
        ("/srv/with space/x", "nfs4", True), ("/mnt/ssh/a", "fuse.sshfs", True), ("/home", "ext4", False),
    ],
)  # fmt: skip
def test_network_shares_are_known_by_their_mount(path: str, kind: str, remote: bool) -> None:
    """The innermost mount that holds a folder decides whether events of other machines reach us there."""
    assert filesystem_of(Path(path), MOUNTS) == kind
    assert is_remote(kind) is remote


def test_events_wake_and_reading_does_not(tmp_path: Path) -> None:
    """Writing, renaming and removing in any depth wakes; looking at files does not, else every walk would wake the next."""
    (tmp_path / "deep" / "er").mkdir(parents=True)
    file = tmp_path / "deep" / "er" / "0001.jpg"
    woken = threading.Event()
    watching = Watching((str(tmp_path),), woken)
    try:
        assert watching.polled == ()
        for change in (lambda: file.write_bytes(b"x"), lambda: file.rename(file.with_name("2.jpg")), file.with_name("2.jpg").unlink):
            until(lambda: not (woken.clear() or woken.wait(0.3)))
            change()
            assert woken.wait(DEADLINE_S)
        file.write_bytes(b"x")
        until(lambda: not (woken.clear() or woken.wait(0.3)))
        for _ in range(3):
            file.read_bytes()
            list(file.parent.iterdir())
        assert not woken.wait(0.3)
    finally:
        watching.close()


def test_a_folder_that_cannot_be_watched_is_polled(tmp_path: Path) -> None:
    """A scan folder that is away at the start is polled instead of failing the daemon."""
    watching = Watching((str(tmp_path / "away"), str(tmp_path)), threading.Event())
    assert watching.polled == (str(tmp_path / "away"),)
    watching.close()


def test_a_tree_with_too_many_folders_is_polled_and_its_top_wakes(tmp_path: Path) -> None:
    """What listening costs does not grow with the holdings: only the top of a very large tree is listened to, where new deliveries come."""
    for number in range(4):
        (tmp_path / "large" / f"{number}").mkdir(parents=True)
    (tmp_path / "small" / "1").mkdir(parents=True)
    woken = threading.Event()
    watching = Watching((str(tmp_path / "large"), str(tmp_path / "small")), woken, folders_max=4)
    try:
        assert watching.polled == (str(tmp_path / "large"),)
        until(lambda: not (woken.clear() or woken.wait(0.3)))
        (tmp_path / "large" / "0" / "0001.jpg").write_bytes(b"x")
        assert not woken.wait(0.3)
        (tmp_path / "large" / "new").mkdir()
        assert woken.wait(DEADLINE_S)
        until(lambda: not (woken.clear() or woken.wait(0.3)))
        (tmp_path / "small" / "1" / "0001.jpg").write_bytes(b"x")
        assert woken.wait(DEADLINE_S)
        assert watching.review() == ()
    finally:
        watching.close()


def test_a_tree_that_grows_too_large_is_polled_from_then_on(tmp_path: Path) -> None:
    """A daemon runs for months: what was small when it began is looked at again."""
    woken = threading.Event()
    for name in ("grows", "stays"):
        (tmp_path / name).mkdir()
    watching = Watching((str(tmp_path / "stays"), str(tmp_path / "grows")), woken, folders_max=4)
    try:
        assert watching.polled == ()
        for number in range(4):
            (tmp_path / "grows" / f"{number}").mkdir()
        found: list[str] = []
        until(lambda: bool(found.extend(watching.review()) or found))
        assert found == [str(tmp_path / "grows")]
        assert watching.polled == (str(tmp_path / "grows"),)
        until(lambda: not (woken.clear() or woken.wait(0.3)))
        (tmp_path / "grows" / "0" / "0001.jpg").write_bytes(b"x")
        assert not woken.wait(0.3)
        for changed in (tmp_path / "grows" / "new", tmp_path / "stays" / "new"):
            changed.mkdir()
            assert woken.wait(DEADLINE_S)
            until(lambda: not (woken.clear() or woken.wait(0.3)))
        assert watching.review() == ()
    finally:
        watching.close()
