"""The sandbox around foreign decoders: real processes that crash, swallow memory, hang, lie and pry (sync/sandbox.py)."""

import contextlib
import importlib.util
import json
import os
import resource
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import psutil
import pytest

from sync import sandbox as ours
from sync.errors import SandboxDied, SandboxRefused

HOSTILE = '''
import ctypes, json, os, signal, socket, sys, time

def echo(data, extra=""): return extra.encode() + data
def pid(data): return str(os.getpid()).encode()
def refuse(data): raise ValueError("看不懂：" + data.decode())
def crash(data): ctypes.string_at(0)
def abort(data): os.abort()
def leave(data): os._exit(0)
def fault(data): raise RuntimeError("unexpected")
def wrong_type(data): return 7.5
def bomb(data): return bytes(1 << 34)
def fill(data):
    kept = []
    while True: kept.append(bytearray(1 << 24))
def spin(data):
    while True: pass
def burn(data):
    until = time.process_time() + 0.5
    while time.process_time() < until: pass
    return b""
def hang(data):
    while True: signal.pause()
def chatter(data):
    print("x" * 100_000); os.write(1, b"y" * 100_000); sys.stderr.write("z" * 100_000); sys.stdout.flush()
    return b"done"
def write(data):
    with open(data.decode(), "wb") as file: file.write(b"x")
    return b"written"
def state(data):
    with open("/proc/self/limits") as file: limits = file.read()
    try:
        with open("/proc/self/autogroup") as file: group = file.read()
    except OSError: group = ""
    return json.dumps({"environment": dict(os.environ), "cwd": os.getcwd(), "nice": os.nice(0), "group": group, "path": sys.path, "limits": limits,
        "files": {name: os.readlink("/proc/self/fd/" + name) for name in os.listdir("/proc/self/fd") if os.path.islink("/proc/self/fd/" + name)}}).encode()
def pieces(data, extra):
    for at in range(0, len(data), int(extra)): yield data[at : at + int(extra)]
def endless(data):
    while True: yield str(os.getpid()).encode()
def pid_piece(data): yield str(os.getpid()).encode()
def burning(data):
    for _ in range(5):
        burn(data)
        yield b"x"
def late_refusal(data):
    yield b"first"
    raise ValueError("看不懂")
def late_crash(data):
    yield b"first"
    os._exit(0)
def late_spin(data):
    yield b"first"
    while True: pass
def late_bomb(data):
    yield b"first"
    yield bytes(1 << 27)
def rendezvous(data):
    # Two calls meet: each opens its end of a pipe of its own name and waits for the other.
    mine, other = data.decode().split("|")
    first, second = sorted((mine, other))
    with open(first, "rb" if mine == first else "wb"), open(second, "wb" if mine == first else "rb"): return b"met"
'''


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """Return our sandbox, installed in a program folder whose decoders are hostile."""
    root = tmp_path_factory.mktemp("program")
    (root / "sync").mkdir()
    (root / "holdings").mkdir()
    for name in ("__init__", "errors", "sandbox", "sandbox_child"):
        shutil.copy(Path(ours.__file__).with_name(f"{name}.py"), root / "sync")
    (root / "holdings" / "hostile.py").write_text(HOSTILE)
    spec = importlib.util.spec_from_file_location("hostile_program_sandbox", root / "sync" / "sandbox.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def box(program: ModuleType) -> Iterator[ours.Sandbox]:
    """Yield a sandbox of one worker with little memory and time."""
    opened = program.Sandbox(workers=1, memory_mb=256, seconds=0)
    yield opened
    opened.close()


def call(box: ours.Sandbox, name: str, data: bytes = b"", extra: str = "") -> bytes:
    """Run a hostile function."""
    return box.call(f"holdings.hostile:{name}", data, extra)


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 3 << 20])
def test_bytes_of_any_size_cross_both_ways(program: ModuleType, box: ours.Sandbox, size: int) -> None:
    """What goes in comes out, whole or in pieces, with the extra word."""
    data = os.urandom(size)
    assert call(box, "echo", data, "档号.csv") == "档号.csv".encode() + data
    assert box.call("holdings.hostile:echo", memoryview(data)) == data
    pieces = (data[at : at + 1000] for at in range(0, size, 1000))
    assert box.call("holdings.hostile:echo", program.Streamed(size, pieces)) == data


def test_streamed_pieces_are_never_whole_here(program: ModuleType, box: ours.Sandbox) -> None:
    """Pieces are taken one by one; when their source fails, its error passes through and the next call is answered rightly."""
    assert box.call("holdings.hostile:echo", program.Streamed(6, [b"ab", memoryview(b"cd"), b"", b"ef"])) == b"abcdef"

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise OverflowError("the source failed")

    with pytest.raises(OverflowError):
        box.call("holdings.hostile:echo", program.Streamed(100, broken()))
    assert call(box, "echo", b"next") == b"next"


@pytest.mark.parametrize("size", [0, 1, 65_537, 3 << 20])
def test_bytes_of_a_file_need_no_copy(program: ModuleType, box: ours.Sandbox, tmp_path: Path, size: int) -> None:
    """The first bytes of an open file cross as they are, wherever its own offset stands; where splice(2) refuses, as for /proc, they are read."""
    path, data = tmp_path / "file", os.urandom(size)
    path.write_bytes(data + b"more")
    with path.open("rb") as file:
        file.read(2)
        assert box.call("holdings.hostile:echo", program.InFile(file.fileno(), size)) == data
    with open("/proc/self/environ", "rb") as file:
        data = file.read()
        assert data
        assert box.call("holdings.hostile:echo", program.InFile(file.fileno(), len(data))) == data


def test_a_file_that_became_shorter_is_said(program: ModuleType, box: ours.Sandbox, tmp_path: Path) -> None:
    """Its worker is replaced, for it waits for what never comes; the next call is answered rightly."""
    path = tmp_path / "file"
    path.write_bytes(bytes(100_000))
    with path.open("rb") as file, pytest.raises(program.SourceEnded):
        box.call("holdings.hostile:echo", program.InFile(file.fileno(), 100_001))
    assert call(box, "echo", b"next") == b"next"


def test_a_refusal_comes_as_its_sentence(box: ours.Sandbox) -> None:
    """A ValueError is the decoder's judgement: its text crosses, and the worker goes on."""
    before = call(box, "pid")
    with pytest.raises(SandboxRefused, match="看不懂：这个"):
        call(box, "refuse", "这个".encode())
    assert call(box, "pid") == before


@pytest.mark.parametrize("name", ["crash", "abort", "leave", "fault", "wrong_type", "not_there"])
def test_a_crash_costs_one_call(box: ours.Sandbox, name: str) -> None:
    """A segfault, abort, exit, unexpected error or missing function is an error here; the next call has a new worker."""
    before = call(box, "pid")
    with pytest.raises(SandboxDied):
        call(box, name)
    after = call(box, "pid")
    assert after != before
    assert not psutil.pid_exists(int(before))


@pytest.mark.parametrize("name", ["bomb", "fill"])
def test_memory_is_bounded(box: ours.Sandbox, name: str) -> None:
    """A decoder that wants more memory than it may have fails alone."""
    with pytest.raises((SandboxRefused, SandboxDied)):
        call(box, name)
    assert call(box, "echo", b"next") == b"next"


@pytest.mark.parametrize("name", ["spin", "hang"])
def test_time_is_bounded(box: ours.Sandbox, name: str) -> None:
    """A decoder that computes or waits for ever is killed."""
    before = call(box, "pid")
    with pytest.raises(SandboxDied):
        call(box, name)
    assert not psutil.pid_exists(int(before))
    assert call(box, "echo", b"next") == b"next"


def test_a_long_life_is_not_punished(program: ModuleType) -> None:
    """The bound on CPU time is each call's own: many calls together may use more."""
    opened = program.Sandbox(workers=1, memory_mb=256, seconds=1)
    before = call(opened, "pid")
    for _ in range(5):
        call(opened, "burn")
    assert call(opened, "pid") == before
    opened.close()


def test_what_a_decoder_prints_is_not_an_answer(box: ours.Sandbox) -> None:
    """Output on any standard stream goes nowhere and delays nothing."""
    assert call(box, "chatter") == b"done"
    assert call(box, "echo", b"next") == b"next"


def test_a_worker_sees_nothing_of_ours(box: ours.Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No environment, no open file but its pipes, no working folder, no module path of the user's, no core, no file to write."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/secret")
    monkeypatch.setenv("PYTHONPATH", "/secret")
    with open(tmp_path / "secret", "wb") as file:
        os.dup2(file.fileno(), file.fileno() + 100, inheritable=True)
        try:
            state = json.loads(call(box, "state"))
        finally:
            os.close(file.fileno() + 100)
    assert set(state["environment"]) <= {"LC_ALL", "OMP_NUM_THREADS", "LC_CTYPE", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"}
    assert state["cwd"] == "/"
    assert not any("secret" in path for path in state["path"])
    kinds = sorted(target.split(":")[0] for target in state["files"].values() if not target.startswith("/proc/"))
    assert set(kinds) == {"pipe", "/dev/null"}
    assert kinds.count("pipe") == 2
    limits = {line[:25].strip(): line[25:].split() for line in state["limits"].splitlines()}
    assert limits["Max file size"][:2] == limits["Max core file size"][:2] == ["0", "0"]
    assert limits["Max address space"][:2] == [str(256 << 20)] * 2
    target = tmp_path / "written"
    with pytest.raises((SandboxDied, SandboxRefused)):
        call(box, "write", str(target).encode())
    assert not target.exists() or target.read_bytes() == b""


def test_workers_yield_to_others(program: ModuleType) -> None:
    """A worker is as nice as it was asked to be; so is its session, where Linux shares processors out by sessions first."""
    opened = program.Sandbox(workers=1, memory_mb=256, seconds=5, nice=7)
    state, expected = json.loads(call(opened, "state")), min(19, os.nice(0) + 7)
    assert state["nice"] == expected
    # Who is not root may change this ten times a second, all together.
    if os.access("/proc/self/autogroup", os.W_OK) and os.geteuid() == 0:
        assert state["group"].endswith(f" nice {expected}\n")
    opened.close()


@pytest.mark.parametrize("name", ["os:getcwd", "subprocess:run", "builtins:eval", "crypto.keys:load", "sync.database:open_database", ""])
def test_only_decoders_may_be_called(box: ours.Sandbox, name: str) -> None:
    """Functions outside the list of decoders are refused."""
    with pytest.raises(SandboxRefused, match="不允许"):
        box.call(name, b"")


def test_workers_are_replaced_after_a_while(program: ModuleType, box: ours.Sandbox) -> None:
    """A worker serves 500 calls, the next call has a new one, and the old process is gone."""
    pids = [call(box, "pid") for _ in range(program.RECYCLE_AFTER + 1)]
    assert len(set(pids[:-1])) == 1
    assert pids[-1] != pids[0]
    assert not psutil.pid_exists(int(pids[0]))


def in_threads(*work: Callable[[], object]) -> list[object]:
    """Run all at once; what each returned."""
    found: list[object] = [None] * len(work)

    def run(index: int) -> None:
        found[index] = work[index]()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_calls_run_side_by_side(program: ModuleType, tmp_path: Path) -> None:
    """Two workers answer two threads at once: each call waits for the other's."""
    opened = program.Sandbox(workers=2, memory_mb=256, seconds=20)
    one, two = (str(tmp_path / name) for name in "ab")
    for path in (one, two):
        os.mkfifo(path)
    assert in_threads(
        lambda: call(opened, "rendezvous", f"{one}|{two}".encode()), lambda: call(opened, "rendezvous", f"{two}|{one}".encode())
    ) == [b"met", b"met"]  # fmt: skip
    opened.close()


def test_more_threads_than_workers(program: ModuleType) -> None:
    """Every thread gets its own answer, however few workers there are, while some calls crash."""
    opened = program.Sandbox(workers=2, memory_mb=256, seconds=20)

    def many(number: int) -> bool:
        right = True
        for index in range(20):
            if index == number:
                with pytest.raises(SandboxDied):
                    call(opened, "leave")
            word = f"{number}/{index}".encode()
            right = right and call(opened, "echo", word) == word
        return right

    assert in_threads(*(lambda number=number: many(number) for number in range(6))) == [True] * 6  # type: ignore[misc]
    opened.close()


def test_a_killed_worker_is_replaced(box: ours.Sandbox) -> None:
    """A worker that the kernel kills while it is idle costs the next call at most."""
    process = psutil.Process(int(call(box, "pid")))
    process.kill()
    with pytest.raises(SandboxDied):
        call(box, "echo", b"lost")
    assert call(box, "echo", b"next") == b"next"


def test_closing_leaves_no_process(program: ModuleType) -> None:
    """After close no worker is left, and a late call neither hangs nor leaves one."""
    opened = program.Sandbox(workers=2, memory_mb=256, seconds=5)
    pids = [int(call(opened, "pid"))]
    opened.close()
    pids.append(int(call(opened, "pid")))
    assert not [pid for pid in pids if psutil.pid_exists(pid)]


def test_it_works_in_a_program_with_many_open_files(program: ModuleType) -> None:
    """A hub with more than 1,024 connections can still open pages."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1300:
        pytest.skip("this machine allows fewer than 1,300 open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1300), hard))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    opened = program.Sandbox(workers=1, memory_mb=256, seconds=5)
    try:
        assert call(opened, "echo", b"page") == b"page"
    finally:
        for file in files:
            os.close(file)
        opened.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_result_may_come_in_pieces(program: ModuleType, box: ours.Sandbox) -> None:
    """What a decoder yields arrives piece by piece, while it works, and the worker serves the next stream."""
    data = os.urandom(300_000)
    assert list(box.stream("holdings.hostile:pieces", data, "1000")) == [data[at : at + 1000] for at in range(0, len(data), 1000)]
    first, second = (next(box.stream("holdings.hostile:endless", b"")) for _ in range(2))
    assert first != second, "a stream that was given up has its worker stopped"
    before, after = (list(box.stream("holdings.hostile:pid_piece", b"")) for _ in range(2))
    assert before == after


def test_a_long_stream_is_not_punished(program: ModuleType) -> None:
    """The bound on CPU time is each piece's own."""
    opened = program.Sandbox(workers=1, memory_mb=256, seconds=1)
    assert list(opened.stream("holdings.hostile:burning", b"")) == [b"x"] * 5
    opened.close()


@pytest.mark.parametrize("name", ["late_refusal", "late_crash", "late_spin", "late_bomb"])
def test_a_stream_that_fails_late_says_so(box: ours.Sandbox, name: str) -> None:
    """After some pieces a refusal or a death is an error here, never a short result; the next stream is answered rightly."""
    stream = box.stream(f"holdings.hostile:{name}", b"")
    assert next(stream) == b"first"
    with pytest.raises((SandboxDied, SandboxRefused)):
        list(stream)
    assert list(box.stream("holdings.hostile:pieces", b"ab", "1")) == [b"a", b"b"]
    assert call(box, "echo", b"next") == b"next"


def test_a_stream_leaves_the_pool_alone(program: ModuleType) -> None:
    """While a stream is read, calls are answered: it has a worker of its own; closing stops it too."""
    opened = program.Sandbox(workers=1, memory_mb=256, seconds=5)
    stream = opened.stream("holdings.hostile:endless", b"")
    number = int(next(stream))
    assert call(opened, "echo", b"page") == b"page"
    stream.close()
    assert not psutil.pid_exists(number)
    kept = int(next(iter(list(opened.stream("holdings.hostile:pid_piece", b"")))))
    opened.close()
    assert not psutil.pid_exists(kept)


def test_a_started_worker_is_not_started_twice() -> None:
    """A warmed worker serves stream after stream, then the pool, which had none: one process does all."""
    sandbox = ours.Sandbox(workers=1)
    try:
        sandbox.warm("holdings.sheet_stream:ready")
        mine = {child.pid for child in psutil.Process().children()}
        for _ in range(2):
            with contextlib.closing(sandbox.stream("holdings.sheet_stream:stream_in_sandbox", b"", "{}")) as pieces, contextlib.suppress(SandboxRefused):
                list(pieces)
        sandbox.call("holdings.sheet_stream:ready", b"")
        assert {child.pid for child in psutil.Process().children()} == mine
    finally:
        sandbox.close()
