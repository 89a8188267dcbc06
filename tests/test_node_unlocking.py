"""A daemon whose key waits for a passphrase: what it answers meanwhile, and how a console and a command unlock it."""

from __future__ import annotations

import functools
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import pytest
from console_at_work import Seat, sit
from nacl.pwhash import argon2id
from node_at_work import NodeAtWork, make
from textual.widgets import Input

from crypto import keys
from crypto.errors import WrongKey
from crypto.locks import KeyFile, Passphrase
from node import client, relocking, unlocking
from node import config as configuration
from node.client import Refused, StillLocked
from node.errors import ConfigurationWrong
from node.home import DEFAULT_KEY_FILE, KEY, open_home
from node.service import Service
from sync.sandbox import Sandbox

WORD = "三更灯火五更鸡 correct horse"

CHEAP = functools.partial(Passphrase, opslimit=argon2id.OPSLIMIT_INTERACTIVE, memlimit=argon2id.MEMLIMIT_INTERACTIVE)
DEADLINE_S = 60.0


@dataclass
class Waiting:
    """A locked home and what the waiting daemon got in the end."""

    path: Path
    got: Future[str]


@pytest.fixture
def waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Waiting]:
    """A home whose socket waits for the passphrase."""
    monkeypatch.setattr(unlocking, "WRONG_PAUSE_S", 0.0)
    lock = Passphrase(WORD, argon2id.OPSLIMIT_INTERACTIVE, argon2id.MEMLIMIT_INTERACTIVE)
    keys.create(tmp_path / KEY, keys.Role.NODE, keys.generate(keys.Role.NODE), lock)
    got: Future[str] = Future()
    ready = threading.Event()
    real = unlocking.listen

    async def listen(*given: object) -> object:
        runner = await real(*given)  # type: ignore[arg-type]
        ready.set()
        return runner

    monkeypatch.setattr(unlocking, "listen", listen)
    thread = threading.Thread(target=lambda: got.set_result(unlocking.wait_for_passphrase(tmp_path, lambda _text: None)))
    thread.start()
    assert ready.wait(10)
    yield Waiting(tmp_path, got)
    if not got.done():
        node = client.connect(tmp_path)
        assert node is not None
        node.unlock(passphrase=WORD)  # type: ignore[attr-defined]
    thread.join()


def test_a_locked_daemon_says_so_and_takes_the_right_passphrase_alone(waiting: Waiting) -> None:
    """Every verb is answered as locked, exit code 3; a wrong passphrase is refused and the right one ends the waiting."""
    node = client.connect(waiting.path)
    assert node is not None
    with pytest.raises(StillLocked, match="jindang node unlock") as caught:
        node.status()
    assert caught.value.exit_code == 3
    for wrong in ("", "wrong"):
        with pytest.raises(Refused):
            node.unlock(passphrase=wrong)  # type: ignore[attr-defined]
    assert not waiting.got.done()
    assert node.unlock(passphrase=WORD) == {"unlocked": True}  # type: ignore[attr-defined]
    assert waiting.got.result(10) == WORD


def test_the_console_unlocks_by_a_key(waiting: Waiting) -> None:
    """The console says that the node waits, F6 asks for the passphrase, and a wrong one keeps the form with its reason."""

    async def story(seat: Seat) -> None:
        assert "按 F6 输入口令" in seat.seen()
        await seat.press("f6")
        for word, said in (("wrong", "口令或密钥不对"), (WORD, "")):
            seat.app.screen.query_one(Input).value = word
            await seat.press("ctrl+s")
            assert said in seat.seen()
            assert word not in seat.seen()

    sit(waiting.path, story)
    assert waiting.got.result(10) == WORD


def by_passphrase(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A home whose key is locked by a passphrase."""
    work = make(tmp_path, sandbox)
    keys.relock(work.path / KEY, KeyFile(work.path / DEFAULT_KEY_FILE), CHEAP(WORD))
    file = work.path / configuration.FILE
    lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("unlock")]
    file.write_text("\n".join([*lines, 'unlock = "passphrase"', ""]), "utf-8")
    return work


def test_the_passphrase_is_changed_by_who_knows_it(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong present one, a short, blank or equal new one change nothing; then the new one opens the key, and the node works on without a restart."""
    monkeypatch.setattr(relocking, "WRONG_PAUSE_S", 0.0)
    monkeypatch.setattr(relocking, "Passphrase", CHEAP)
    work = by_passphrase(tmp_path, sandbox)
    home = open_home(work.path, lambda: WORD)
    try:
        for old, new, refused in (("wrong", "新的口令 2026", WrongKey), (WORD, "short", ConfigurationWrong), (WORD, " " * 9, ConfigurationWrong),
                                  (WORD, WORD, ConfigurationWrong)):  # fmt: skip
            with pytest.raises(refused):
                relocking.change(home, old, new)
        assert keys.load(work.path / KEY, CHEAP(WORD)) == home.secrets
        relocking.change(home, WORD, "新的口令 2026")
        assert keys.load(work.path / KEY, CHEAP("新的口令 2026")) == home.secrets
    finally:
        home.close()


def test_a_key_without_a_passphrase_has_none_to_change_and_nothing_to_lock(tmp_path: Path, sandbox: Sandbox) -> None:
    """A key file unlocks by itself at the next start: both acts are refused with what to do instead."""
    with make(tmp_path, sandbox).opened() as engine:
        with pytest.raises(ConfigurationWrong, match="systemctl stop"):
            Service(engine).machine_passphrase(WORD, "新的口令 2026")
        with pytest.raises(ConfigurationWrong, match="systemctl stop"):
            Service(engine).machine_lock()


def test_a_daemon_is_locked_at_once_and_unlocked_again(tmp_path: Path, sandbox: Sandbox, repository: Path) -> None:
    """lock makes of the running process another that holds no key and waits; the passphrase makes it work on, under the same pid."""
    work = by_passphrase(tmp_path, sandbox)
    daemon = subprocess.Popen(
        [sys.executable, "-m", "jindang", "node", "run", "--home", str(work.path)], cwd=repository, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        assert answered(work.path, "unlock", passphrase=WORD) == {"unlocked": True}
        assert answered(work.path, "machine_lock") == {"locked": True}
        with pytest.raises(StillLocked):
            answered(work.path, "status", locked=True)
        assert answered(work.path, "unlock", passphrase=WORD) == {"unlocked": True}
        assert answered(work.path, "status")["name"]
        assert daemon.poll() is None
    finally:
        daemon.kill()
        daemon.communicate()


def answered(home: Path, verb: str, *, locked: bool = False, **given: str) -> dict[str, object]:
    """The answer of a daemon that is about to change its state: asked until it is in the one that is waited for."""
    ends = time.monotonic() + DEADLINE_S
    while time.monotonic() < ends:
        node = client.connect(home)
        try:
            if node is not None and not locked:
                return dict(getattr(node, verb)(**given))
            if node is not None:
                getattr(node, verb)(**given)
        except StillLocked:
            if locked:
                raise
        except (client.DaemonUnreachable, Refused):
            pass
        threading.Event().wait(0.05)
    pytest.fail(f"{verb}: the daemon did not come to it")
