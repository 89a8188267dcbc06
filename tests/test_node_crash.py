"""kill -9 after every durable step of intake: the next run yields every record once, byte for byte, and keeps nothing twice."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from node_at_work import NodeAtWork, make
from scan_tree import page

from node import settings, verification
from node.settings import Setting
from sync import limits
from sync.sandbox import Sandbox

A, B, C, D = (f"J001-WS·2011·Y·BGS-{n:04d}" for n in range(1, 5))
PACK_TARGET = 64 << 10
STEPS_MAX = 40


def large(seed: int) -> bytes:
    """A page of which two do not fit one pack of these tests."""
    return page(seed) + bytes(range(seed % 200, seed % 200 + 50)) * 800 + b"\xff\xd9"


@pytest.fixture(autouse=True, params=["waited for", "stored beside"])
def storing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packs of a slow line, each waited for; packs that go to the device while the next one fills."""
    if request.param == "stored beside":
        monkeypatch.setattr(limits, "PACK_TARGET_BYTES", PACK_TARGET)


class Dying:
    """Counts the durable steps of a home, packs and manifests stored and transactions committed, and kills the process after the chosen one."""

    def __init__(self, home: Any, last: int) -> None:
        self._left, self._objects, self._transaction = last, home.objects, home.database.transaction
        home.objects = self
        home.database.transaction = self.transaction

    def __getattr__(self, name: str) -> object:
        return getattr(self._objects, name)

    def _step(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def put(self, name: bytes, data: bytes | memoryview) -> None:
        """Store, then perhaps die."""
        self._objects.put(name, data)
        self._step()

    @contextmanager
    def transaction(self) -> Iterator[object]:
        """Commit, then perhaps die."""
        with self._transaction() as connection:
            yield connection
        self._step()


def killed_after(work: NodeAtWork, step: int) -> bool:
    """Run one intake in a process of its own that dies after that many durable steps; False when it came to its end before."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work.sandbox = Sandbox(workers=1)
            with work.opened() as engine:
                Dying(engine.home, step)
                engine.run(settle_s=0, send=False)
            work.sandbox.close()
            status = 0
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    assert os.WIFSIGNALED(ended) or os.WEXITSTATUS(ended) == 0
    return os.WIFSIGNALED(ended)


@pytest.fixture
def changed(tmp_path: Path, sandbox: Sandbox) -> tuple[NodeAtWork, dict[str, dict[str, bytes]]]:
    """A node with three sealed records, of which one has a new page, one another row, and beside which a new record lies."""
    work = make(tmp_path, sandbox)
    files = {code: {f"{n:04d}.jpg": large(10 * k + n) for n in (1, 2)} for k, code in enumerate((A, B, C, D))}
    for code in (A, B, C):
        work.scans.put(code, files[code])
    work.scans.rows({code: {"页数": "2"} for code in (A, B, C)})
    with work.opened() as engine:
        with engine.home.database.transaction() as connection:
            settings.write(connection, Setting.PACK_TARGET, PACK_TARGET)
        assert engine.run(settle_s=0, send=False).records == 3
    files[A]["0002.jpg"] = large(77)
    work.scans.put(A, files[A])
    work.scans.put(D, files[D])
    work.scans.rows({A: {"页数": "2"}, B: {"页数": "2", "题名": "更正"}, C: {"页数": "2"}, D: {"页数": "2"}})
    return work, files


def sealed_bytes(work: NodeAtWork) -> int:
    """Bytes of all packs that the home keeps."""
    with work.opened() as engine:
        return sum(row[0] for row in engine.home.database.read().execute("SELECT length FROM pack"))


def check(work: NodeAtWork, files: dict[str, dict[str, bytes]]) -> None:
    """Every record once in every version, every byte right, nothing left over, the house clean."""
    made = work.versions()
    assert sorted((v.code, v.version) for v in made) == [(A, 1), (A, 2), (B, 1), (B, 2), (C, 1), (D, 1)]
    assert work.current() == files
    assert {v.code: v.id for v in made if v.version == 1}.items() <= {(v.code, v.id) for v in made}
    assert work.findings() == []
    with work.opened() as engine:
        assert verification.doctor(engine.home, work.clock) == []
        assert verification.verify(engine.home) == []
        assert engine.home.database.read().execute("SELECT count(*) FROM pending_part").fetchone() == (0,)


def test_the_uninterrupted_run_is_what_crashes_are_compared_with(changed: tuple[NodeAtWork, dict[str, dict[str, bytes]]]) -> None:
    """Without a crash, the new page, the other row and the new record bring three pages, and little beside them."""
    work, files = changed
    before = sealed_bytes(work)
    work.intake()
    check(work, files)
    pages = sum(map(len, (large(77), *files[D].values())))
    assert pages < sealed_bytes(work) - before < pages + 3 * 100


def test_a_kill_after_any_durable_step_loses_and_repeats_nothing(
    changed: tuple[NodeAtWork, dict[str, dict[str, bytes]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Killed after its 1st, 2nd, … last durable step, intake is completed by the next run, and packs that were written down are used."""
    work, files = changed
    before = {p.relative_to(work.path): p.read_bytes() for p in work.path.rglob("*") if p.is_file()}
    plain = None
    for step in range(1, STEPS_MAX):
        died = killed_after(work, step)
        work.intake()
        check(work, files)
        size = sealed_bytes(work)
        plain = size if plain is None else plain
        assert size == plain, f"step {step}: bytes were sealed twice"
        if not died:
            assert step > 8, "the sweep covered too few steps to mean anything"
            return
        put_back(work.path, before)
    pytest.fail("the run never came to its end")


def put_back(home: Path, before: dict[Path, bytes]) -> None:
    """Make the home what it was, file for file."""
    for path in [p for p in home.rglob("*") if p.is_file()]:
        if path.relative_to(home) not in before:
            path.unlink()
    for relative, data in before.items():
        (home / relative).write_bytes(data)
