"""The walk over scan folders: what is seen, what is said, what is passed over."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from holdings.findings import FindingCode
from node.walk import DEPTH_MAX, look, walk


def put(path: Path, data: bytes = b"x") -> Path:
    """Write a file, its folders too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_plain_files_are_seen_with_size_time_and_inode(tmp_path: Path) -> None:
    """A regular file is seen as the system describes it, whatever its name, and never opened."""
    names = ["0001.jpg", "第 2 页 🀄.tif", "a" * 251 + ".jpg", "e\u0301.jpg", "\u00e9.jpg"]
    for name in names:
        put(tmp_path / name, name.encode())
    folder = look(str(tmp_path))
    assert folder is not None
    facts = {n: (tmp_path / n).stat() for n in names}
    assert {(f.name, f.size, f.mtime_ns, f.inode) for f in folder.files} == {(n, s.st_size, s.st_mtime_ns, s.st_ino) for n, s in facts.items()}
    assert folder.odd == []


@pytest.mark.parametrize("name", ["0001.jpg.part", "~$目录.xlsx", "0002.TMP", "x.crdownload", "Thumbs.db", ".DS_Store", "desktop.ini", ".~lock.目录.xlsx#"])
def test_partial_files_and_litter_are_passed_over(tmp_path: Path, name: str) -> None:
    """Half-written files and the systems' own files are neither pages nor findings."""
    put(tmp_path / name)
    folder = look(str(tmp_path))
    assert folder is not None
    assert (folder.files, folder.odd) == ([], [])


def test_what_is_no_plain_file_is_said(tmp_path: Path) -> None:
    """Links, pipes, sockets and names that are not UTF-8 are said and never followed or opened."""
    secret = put(tmp_path / "else" / "secret.jpg")
    scans = tmp_path / "scans"
    scans.mkdir()
    (scans / "link.jpg").symlink_to(secret)
    (scans / "linked").symlink_to(secret.parent, target_is_directory=True)
    (scans / "dangling").symlink_to(tmp_path / "nowhere")
    os.mkfifo(scans / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(scans / "socket"))
    Path(os.fsdecode(os.fsencode(scans) + b"/\xc4\xe3.jpg")).write_bytes(b"x")
    folder = look(str(scans))
    assert folder is not None
    assert dict(folder.odd) == {
        "link.jpg": FindingCode.SYMLINK, "linked": FindingCode.SYMLINK, "dangling": FindingCode.SYMLINK, "pipe.jpg": FindingCode.NOT_A_FILE,
        "socket": FindingCode.NOT_A_FILE, "\\xc4\\xe3.jpg": FindingCode.NAME_NOT_UTF8,
    }  # fmt: skip
    assert (folder.files, folder.folders) == ([], [])
    assert "else" not in {relative for relative, _ in walk(scans)}


def test_parents_come_before_children_and_the_root_is_empty(tmp_path: Path) -> None:
    """Every folder is met once, after its parent, in the order of names."""
    for name in ("b/2", "a", "b/10", "c/x/y"):
        (tmp_path / name).mkdir(parents=True)
    met = [relative for relative, _ in walk(tmp_path)]
    assert met == ["", "a", "b", "b/10", "b/2", "c", "c/x", "c/x/y"]


def test_new_folders_come_first_and_all_come_once(tmp_path: Path) -> None:
    """Of the folders of one folder the new ones are seen first, each kind by name, and each with what lies below it."""
    for name in ("a/1", "b", "c/2", "c/1", "d"):
        (tmp_path / name).mkdir(parents=True)
    seen = [relative for relative, _ in walk(tmp_path, lambda relative: relative in {"c", "c/2", "d"})]
    assert seen == ["", "c", "c/2", "c/1", "d", "a", "a/1", "b"]


def test_the_stations_own_folder_is_not_looked_into(tmp_path: Path) -> None:
    """加工中 is passed over at any depth."""
    put(tmp_path / "加工中" / "A" / "0001.jpg")
    put(tmp_path / "第一批" / "加工中" / "0001.jpg")
    assert [relative for relative, _ in walk(tmp_path)] == ["", "第一批"]


def test_depth_is_bounded(tmp_path: Path) -> None:
    """Nothing below the eighth level is met, so that a loop of mounts ends."""
    deep = tmp_path.joinpath(*(str(n) for n in range(DEPTH_MAX + 3)))
    deep.mkdir(parents=True)
    assert max(relative.count("/") + 1 for relative, _ in walk(tmp_path) if relative) == DEPTH_MAX


def test_a_folder_that_vanishes_during_the_walk_is_passed_over(tmp_path: Path) -> None:
    """What is removed between its parent's look and its own is no error."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    going = walk(tmp_path)
    assert next(going)[0] == ""
    (tmp_path / "a" / "b").rmdir()
    (tmp_path / "a").rmdir()
    assert list(going) == []


def test_a_folder_without_rights_is_unknown_not_empty(tmp_path: Path, no_override: None) -> None:
    """A folder that may not be read is met and says so; its signature differs from that of an empty one."""
    (tmp_path / "locked").mkdir()
    empty = look(str(tmp_path / "locked"))
    (tmp_path / "locked").chmod(0)
    locked = look(str(tmp_path / "locked"))
    (tmp_path / "locked").chmod(0o700)
    assert empty is not None
    assert locked is not None
    assert (empty.unreadable, locked.unreadable) == (False, True)
    assert empty.signature() != locked.signature()


@pytest.mark.parametrize("change", ["size", "time", "name", "added", "removed", "inode", "odd"])
def test_every_change_changes_the_signature(tmp_path: Path, change: str) -> None:
    """A folder's signature moves with any name, size, time, inode or odd thing, and with nothing else."""
    file = put(tmp_path / "0001.jpg", b"abc")
    os.utime(file, (1000, 1000))
    first = look(str(tmp_path))
    again = look(str(tmp_path))
    if change == "size":
        file.write_bytes(b"abcd")
        os.utime(file, (1000, 1000))
    elif change == "time":
        os.utime(file, ns=(1000, 1_000_000_000_001))
    elif change == "name":
        file.rename(tmp_path / "0002.jpg")
    elif change == "added":
        put(tmp_path / "0002.jpg")
    elif change == "removed":
        file.unlink()
    elif change == "inode":
        put(tmp_path / "new.tmp", b"xyz").rename(file)
        os.utime(file, (1000, 1000))
    else:
        (tmp_path / "link").symlink_to("nowhere")
    after = look(str(tmp_path))
    assert first is not None
    assert again is not None
    assert after is not None
    assert first.signature() == again.signature() != after.signature()
