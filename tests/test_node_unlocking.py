"""A daemon whose key waits for a passphrase: what it answers meanwhile, and how a console and a command unlock it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import pytest
from console_at_work import Seat, sit
from nacl.pwhash import argon2id
from textual.widgets import Input

from crypto import keys
from crypto.locks import Passphrase
from node import client, unlocking
from node.client import Refused, StillLocked
from node.home import KEY

WORD = "三更灯火五更鸡 correct horse"


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
