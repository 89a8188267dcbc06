"""Files of a record between look and sealing: each opened once, never more than so many, none left open."""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace
from node_at_work import NodeAtWork, make
from scan_tree import page

from node.intake import Intake
from node.job import Job
from node.record_files import KEPT, RecordFiles
from sync.manifest import Part
from sync.sandbox import Sandbox

A, B = "J001-WS·2011·Y·BGS-0001", "J001-WS·2011·Y·BGS-0002"


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node with scans."""
    return make(tmp_path, sandbox)


def job_of(work: NodeAtWork, pages: int) -> Job:
    """A judged record of so many pages."""
    work.scans.delivery({A: pages})
    jobs: list[Job] = []
    with work.opened() as engine:
        Intake(engine.home, engine.sheets(), jobs.append, work.clock.now).run(0)
    return jobs[0]


def is_open(descriptor: int) -> bool:
    """Does the descriptor stand for a file?"""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def open_files() -> set[str]:
    """What this process has open of scans."""
    found = set()
    for one in Path("/proc/self/fd").iterdir():
        try:
            found.add(str(one.readlink()))
        except FileNotFoundError:
            continue
    return {name for name in found if name.endswith(".jpg")}


def test_what_was_looked_at_is_what_is_sealed(work: NodeAtWork) -> None:
    """The file is opened once, even when another takes its name meanwhile; asked for again, it is opened anew."""
    job = job_of(work, 1)
    [file] = job.files
    files = RecordFiles(job)
    first = files.open(file)
    files.keep(file, first)
    (Path(job.root) / file.name).rename(Path(job.root) / "other")
    assert files.open(file) == first
    with pytest.raises(FileNotFoundError):
        files.open(file)
    os.close(first)


def test_so_many_stay_open_and_none_in_the_end(work: NodeAtWork) -> None:
    """Beyond the bound, and of parts that are known, nothing is kept; what nobody asked for is closed."""
    job = job_of(work, KEPT + 5)
    part = Part("", 0, {}, 0, ())  # type: ignore[arg-type]
    files = RecordFiles(replace(job, known={job.files[0].name: part}))
    opened = [files.open(file) for file in job.files]
    for file, descriptor in zip(job.files, opened, strict=True):
        files.keep(file, descriptor)
    assert [is_open(one) for one in opened] == [False] + [True] * KEPT + [False] * 4
    files.close()
    assert not any(map(is_open, opened))


def test_a_run_leaves_no_scan_open(work: NodeAtWork) -> None:
    """Neither a record that is sealed nor one that a broken page holds keeps its files open."""
    work.scans.put(A, {"0001.jpg": page(1), "0002.jpg": page(2)})
    work.scans.put(B, {"0001.jpg": page(3), "0002.jpg": page(4)[:-40], "0003.jpg": b""})
    work.scans.rows({A: {"页数": "2"}, B: {"页数": "3"}})
    with work.opened() as engine:
        assert engine.run(settle_s=0, send=False).records == 1
        assert not open_files()
