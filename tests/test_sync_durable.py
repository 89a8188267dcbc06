"""Durable writes: all or nothing, direct and buffered, unaligned lengths; the order of system calls; the lock of a home."""

import hashlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from contract_objects import bytes_of, collected
from faulty import full_disk

from sync import durable
from sync.durable import BLOCK, CHUNK, HomeLock
from sync.errors import HomeBusy, StoreDamaged, StoreError, StoreFull

SIZES = (0, 1, BLOCK - 1, BLOCK, BLOCK + 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + BLOCK, 3 * CHUNK + 123)
SHM = Path("/dev/shm")


@pytest.fixture(params=["disk", "tmpfs"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield an empty folder on a disk and one in memory, where O_DIRECT may be refused."""
    if request.param == "disk":
        yield tmp_path_factory.mktemp("disk")
        return
    if not SHM.is_dir():
        pytest.skip("no tmpfs here")
    path = SHM / f"jindang-{tmp_path_factory.mktemp('x').parent.name}-{request.node.name[:60].replace('/', '_')}"
    path.mkdir()
    yield path
    for left in path.iterdir():
        left.unlink()
    path.rmdir()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("direct", [False, True])
def test_files_are_written_whole(folder: Path, size: int, direct: bool) -> None:
    """Any length comes back byte for byte, new or over an old file, aligned or not, and nothing else is left."""
    path, data = folder / "file", bytes_of(size)[1]
    aligned = durable.aligned_buffer(size + 1)[:size]
    aligned[:] = data
    crooked = memoryview(b"x" + data)[1:]
    for source in (data, crooked, aligned):
        path.write_bytes(b"old content that is longer" * 200_000)
        durable.write_file(path, source, direct=direct)
        assert path.read_bytes() == data
        assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in folder.iterdir()] == ["file"]


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("room", [0, BLOCK, CHUNK])
def test_a_full_disk_leaves_the_old_file(folder: Path, direct: bool, room: int) -> None:
    """When a write finds no room the old content stands as it was and no temporary file is left."""
    path, data = folder / "file", bytes_of(2 * CHUNK)[1]
    durable.write_file(path, b"old")
    with full_disk(room), pytest.raises(StoreFull, match="file"):
        durable.write_file(path, data, direct=direct)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in folder.iterdir()] == ["file"]


def test_a_missing_folder_is_the_rooms_error(tmp_path: Path) -> None:
    """Writing where no folder is raises an error of the room with a remedy, not an OSError."""
    with pytest.raises(StoreDamaged):
        durable.write_file(tmp_path / "none" / "file", b"data")


def test_pieces_are_written_like_a_file(tmp_path: Path) -> None:
    """Pieces of any length give their sum; when they end in an error nothing of them is visible."""
    path = tmp_path / "file"

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ValueError("the source ended early")

    durable.write_pieces(path, [b"", b"ab", memoryview(b"cde"), bytes(CHUNK)])
    assert path.read_bytes() == b"abcde" + bytes(CHUNK)
    with pytest.raises(ValueError, match="ended early"):
        durable.write_pieces(path, broken())
    with full_disk(BLOCK), pytest.raises(StoreFull):
        durable.write_pieces(path, [bytes(CHUNK)])
    assert path.read_bytes() == b"abcde" + bytes(CHUNK)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("size", SIZES)
def test_reading_from_the_device(folder: Path, size: int) -> None:
    """Chunks and digest are those of the file, from any block on."""
    path, data = folder / "file", bytes_of(size)[1]
    path.write_bytes(data)
    assert collected(durable.read_chunks(path)) == data
    assert durable.digest_on_device(path) == hashlib.sha256(data).digest()
    for start in (BLOCK, CHUNK, CHUNK + BLOCK):
        assert collected(durable.read_chunks(path, start=start)) == data[start:]


def test_chunks_are_as_long_as_promised(folder: Path) -> None:
    """A view has at most 1 MiB, and only the last is shorter."""
    path = folder / "file"
    path.write_bytes(bytes(2 * CHUNK + 5))
    assert [len(view) for view in durable.read_chunks(path)] == [CHUNK, CHUNK, 5]


def test_sweep_removes_what_a_crash_left(tmp_path: Path) -> None:
    """Temporary files go, in this folder alone; everything else stays."""
    below = tmp_path / "below"
    below.mkdir()
    for path in (tmp_path / ".file.01234567.tmp", tmp_path / ".0123.tmp", below / ".file.0.tmp", tmp_path / "file.tmp", tmp_path / ".hidden"):
        path.write_bytes(b"x")
    assert durable.sweep(tmp_path) == 2
    assert durable.sweep(tmp_path) == 0
    assert sorted(path.name for path in tmp_path.rglob("*")) == [".file.0.tmp", ".hidden", "below", "file.tmp"]


def test_folders_are_made_once(tmp_path: Path) -> None:
    """Folders are made with their parents, for their owner alone, and may be there already."""
    for _ in range(2):
        durable.make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o077 == 0


def test_a_home_has_one_master(tmp_path: Path) -> None:
    """While one holds the lock nobody else gets it, in this process or another; released or dead it is free."""
    lock = HomeLock(tmp_path)
    with pytest.raises(HomeBusy, match="正被另一个"):
        HomeLock(tmp_path)
    program = f"from pathlib import Path; from sync.durable import HomeLock; HomeLock(Path({str(tmp_path)!r}))"
    root = Path(durable.__file__).parent.parent
    attempt = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False)
    assert attempt.returncode != 0
    assert "HomeBusy" in attempt.stderr
    lock.release()
    subprocess.run([sys.executable, "-c", program], cwd=root, check=True)
    HomeLock(tmp_path).release()


WRITE = "from sync.durable import write_file; write_file(folder / 'file', b'n' * 10_000, direct=True)"
STAGE = """
from sync.objects import DiskObjects
staging = DiskObjects(folder / 'objects').stage(bytes.fromhex(NAME), 10_000)
staging.write(b'n' * 9_000); staging.sync(); staging.write(b'n' * 1_000); staging.finish()
""".replace("NAME", repr(hashlib.sha256(b"n" * 10_000).hexdigest()))


def traced(strace: str, folder: Path, *options: str, work: str = WRITE) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run the work in `folder` under strace; its result and its calls there."""
    log, root = folder.parent / f"{folder.name}.strace", Path(durable.__file__).parent.parent
    program = f"from pathlib import Path\nfolder = Path({str(folder)!r})\n{work}"
    calls = "openat,rename,fsync,ftruncate,pwrite64,close,unlink"
    done = subprocess.run(
        [strace, "-y", "-o", str(log), "-e", f"trace={calls}", *options, sys.executable, "-B", "-c", program], cwd=root,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "ptrace" in done.stderr:
        pytest.skip("this machine does not let processes be traced")
    return done, [line for line in log.read_text().splitlines() if str(folder) in line]


def test_the_order_of_system_calls(tmp_path: Path, real_tool: Callable[[str], str]) -> None:
    """Written, flushed, renamed, then the folder flushed: the order that a power cut cannot break."""
    folder = tmp_path / "traced"
    folder.mkdir()
    done, lines = traced(real_tool("strace"), folder)
    assert done.returncode == 0, done.stderr
    names = [re.match(r"\w+", line).group() for line in lines]  # type: ignore[union-attr]
    kept = [name for name in names if name not in {"openat", "close", "pwrite64"}]
    assert kept == ["ftruncate", "fsync", "rename", "fsync"]
    assert names.index("fsync") > max(index for index, name in enumerate(names) if name == "pwrite64")
    assert ".tmp" in lines[names.index("fsync")]
    assert lines[-2].endswith("= 0")


def test_the_order_of_an_upload(tmp_path: Path, real_tool: Callable[[str], str]) -> None:
    """A partial upload's name is durable before its offset is told; a whole one is flushed, then named, then its folder flushed."""
    folder = tmp_path / "traced"
    folder.mkdir()
    done, lines = traced(real_tool("strace"), folder, work=STAGE)
    assert done.returncode == 0, done.stderr
    kept = [(match.group(1), match.group(2)) for line in lines if (match := re.match(r"(fsync|rename|pwrite64)\((?:\d+<)?([^>,]*)", line))]
    first = next(index for index, (name, _) in enumerate(kept) if name == "pwrite64")
    calls = ["pwrite64", "fsync", "fsync", "pwrite64", "fsync", "rename", "fsync"]
    assert [name for name, _ in kept[first:]] == calls
    assert [Path(at).name for name, at in kept[first:] if name == "fsync"][1] == "uploads", "before `sync` has returned"
    assert Path(kept[-1][1]).parent.name == "objects"


@pytest.mark.parametrize(
    ("inject", "stands"),
    [("pwrite64:error=ENOSPC:when=1", "old"), ("pwrite64:error=EIO:when=2", "old"), ("ftruncate:error=EIO:when=1", "old"),
     ("fsync:error=EIO:when=1", "old"), ("rename:error=EIO:when=1", "old"), ("fsync:error=EIO:when=2", "new")],
)  # fmt: skip
def test_every_failing_call(tmp_path: Path, real_tool: Callable[[str], str], inject: str, stands: str) -> None:
    """Whatever call fails, an error of the room is raised, the file is wholly the old or wholly the new, no temporary stays."""
    folder = tmp_path / "traced"
    folder.mkdir()
    (folder / "file").write_bytes(b"old")
    done, _ = traced(real_tool("strace"), folder, "-e", f"inject={inject}")
    assert (folder / "file").read_bytes() == (b"old" if stands == "old" else b"n" * 10_000)
    assert [entry.name for entry in folder.iterdir()] == ["file"]
    assert ("StoreFull" if "ENOSPC" in inject else "StoreDamaged") in done.stderr


@pytest.mark.parametrize(("number", "error"), [(28, StoreFull), (122, StoreFull), (27, StoreFull), (5, StoreDamaged), (13, StoreDamaged)])
def test_errors_are_sorted_by_remedy(number: int, error: type[StoreError]) -> None:
    """No space, no quota and too large are for clearing up; everything else is for the disk's doctor."""
    found = durable.store_error(OSError(number, "why"), "文件")
    assert type(found) is error
    assert "请" in str(found)
