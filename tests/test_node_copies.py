"""verify, doctor, backup and export: damage is found and named, a backup is a home, an export is what was scanned."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from node_at_work import NodeAtWork, make
from scan_tree import page, pages

from node import copies, verification
from node.errors import ConfigurationWrong
from node.exit_code import of
from node.service import Service
from node.settings import Setting, write
from sync.errors import NewerSchema, StoreDamaged
from sync.objects import DiskObjects
from sync.sandbox import Sandbox

A, B = "J001-WS·2011·Y·BGS-0001", "J001-WS·2011·Y·BGS-0002"


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node with two sealed records in two deltas."""
    made = make(tmp_path, sandbox)
    made.scans.delivery({A: 2})
    made.intake()
    made.scans.record(B, 1, 3)
    made.scans.rows({A: {"页数": "2"}, B: {"页数": "1"}})
    made.intake()
    return made


def objects(work: NodeAtWork) -> list[Path]:
    """Every object file of the home, packs and manifests."""
    return sorted(p for p in (work.path / "objects").rglob("*") if p.is_file())


def flip(path: Path, at: int = -1) -> None:
    """Change one bit of a file."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))


def troubles(work: NodeAtWork, check: Callable[..., list[verification.Trouble]], *more: object) -> list[verification.Trouble]:
    """What a check finds in the opened home."""
    with work.opened() as engine:
        return check(engine.home, *more)


def test_a_sound_home_is_sound(work: NodeAtWork) -> None:
    """Nothing is found where nothing is wrong, and every object is looked at."""
    seen: list[int] = []
    with work.opened() as engine:
        assert verification.verify(engine.home, seen.append) == []
        assert verification.doctor(engine.home, work.clock) == []
    assert sum(seen) == sum(p.stat().st_size for p in objects(work))


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("harm", [flip, lambda p: p.write_bytes(p.read_bytes()[:-1]), Path.unlink], ids=["a flipped bit", "a missing byte", "a missing object"])
def test_harm_to_any_object_is_found_and_named(work: NodeAtWork, number: int, harm: Callable[[Path], object]) -> None:
    """Each object, pack or manifest, is named when it is not what was signed; the remedy says what to do."""
    path = objects(work)[number]
    harm(path)
    [found] = troubles(work, verification.verify)
    assert path.name[:16] in found.where
    assert found.damage
    assert found.remedy


def test_a_lost_object_is_seen_without_reading_all(work: NodeAtWork) -> None:
    """doctor misses an object, or a byte of its length, without hashing."""
    objects(work)[0].unlink()
    path = objects(work)[1]
    path.write_bytes(path.read_bytes() + b"x")
    assert sorted(t.what for t in troubles(work, verification.doctor, work.clock)) == ["加封对象不见了", "加封对象长度不符"]


def test_no_pack_is_called_an_orphan_while_something_is_taken_in(work: NodeAtWork) -> None:
    """What is sealed is written down with its delta: until then the doctor leaves it alone, and says so when it was to clean up."""
    with work.opened() as engine:
        name = hashlib.sha256(b"under way").digest()
        engine.home.objects.put(name, b"under way")
        with engine.resting() as rests:
            assert rests
            assert Service(engine).doctor()["ok"]
            [told] = Service(engine).doctor(repair=True)["findings"]
            assert "正在收入" in told["what"]
            assert engine.home.objects.has(name)
        Service(engine).doctor(repair=True)
        assert not engine.home.objects.has(name)


def test_orphans_of_a_crash_are_no_damage_and_go(work: NodeAtWork) -> None:
    """An object without a row is told as no loss, removed by --repair and at every start; nothing that is named goes with it."""
    before = objects(work)
    with work.opened() as engine:
        name = hashlib.sha256(b"left").digest()
        engine.home.objects.put(name, b"left")
        [found] = verification.doctor(engine.home, work.clock)
        assert (found.damage, found.where) == (False, "objects")
        assert verification.doctor(engine.home, work.clock, repair=True) == []
        assert verification.doctor(engine.home, work.clock) == []
        engine.home.objects.put(name, b"left")
    with work.opened() as engine:
        assert not engine.home.objects.has(name)
    (before[0].parent / ".x.12345678.tmp").write_bytes(b"half")
    with work.opened():
        assert objects(work) == before


# The last byte of an Ed25519 signature is 0x10 at most (RFC 8032 §5.1.7): 0xff is always another.
SPOILT = {
    "an entry's bytes": "UPDATE entry SET signed = CAST(substr(signed, 1, length(signed) - 1) || x'ff' AS BLOB) WHERE seq = 1 AND log_id = ?",
    "an entry's kind": "UPDATE entry SET signed = (SELECT signed FROM entry WHERE seq = 2 AND log_id = ?1) WHERE seq = 1 AND log_id = ?1",
    "an entry gone": "DELETE FROM entry WHERE seq = 1 AND log_id = ?",
    "a pack's length": "UPDATE pack SET length = length + 1 WHERE seq = 1 AND length(?) = 32",
}


@pytest.mark.parametrize("case", SPOILT)
def test_harm_inside_the_database_is_found(work: NodeAtWork, case: str) -> None:
    """A changed, exchanged or missing entry, and a wrong length, are damage; the doctor goes on to the end."""
    with work.opened() as engine:
        own = engine.home.identity.log.log_id
        with engine.home.database.transaction() as connection:
            connection.execute(SPOILT[case], (own,))
        found = verification.doctor(engine.home, work.clock)
    assert any(t.damage for t in found)


def test_a_clock_that_went_back_is_said(work: NodeAtWork) -> None:
    """A clock more than a day behind the last entry is a matter of dates on papers, not of data."""
    work.clock.time -= 2 * 86_400
    [found] = troubles(work, verification.doctor, work.clock)
    assert (found.where, found.damage) == ("时钟", False)


def test_a_database_of_a_newer_program_is_refused(work: NodeAtWork) -> None:
    """An older program does not touch what a newer one wrote."""
    with work.opened() as engine, engine.home.database.transaction() as connection:
        connection.execute("UPDATE schema_version SET version = 99 WHERE room = 'node'")
    with pytest.raises(NewerSchema), work.opened():
        pass


def test_the_database_is_unreadable_without_the_key(work: NodeAtWork) -> None:
    """No title, name or code stands in clear in any file of the home but the configuration."""
    for path in work.path.rglob("*"):
        if path.is_file() and path.name != "node.toml":
            data = path.read_bytes()
            for word in (A, "0001.jpg", "关于", "李四"):
                assert word.encode() not in data, path
    with pytest.raises(apsw.NotADBError):
        apsw.Connection(str(work.path / "node.db")).execute("SELECT * FROM record")


# ---------------------------------------------------------------- backup


def test_a_backup_is_a_home_that_goes_on(work: NodeAtWork, tmp_path: Path) -> None:
    """A backup with its unlock file opens as a home, is sound, shows every byte, and takes in what comes next."""
    made, expected = tmp_path / "backup", work.current()
    with work.opened() as engine:
        first = copies.backup(engine.home, made)
        again = copies.backup(engine.home, made)
    assert (first["objects"], first["copied"], again["copied"]) == (4, 4, 0)
    shutil.copy(work.path / "unlock.key", made)
    restored = NodeAtWork(made, work.scans, work.sandbox, work.vault, work.clock)
    assert restored.current() == expected
    with restored.opened() as engine:
        assert verification.verify(engine.home) == []
        assert verification.doctor(engine.home, work.clock) == []
    assert restored.intake().deltas == 0
    work.scans.put(B, {"0001.jpg": page(71)})
    assert restored.intake().deltas == 1


def test_a_backup_takes_only_what_is_new(work: NodeAtWork, tmp_path: Path) -> None:
    """The second backup into the same folder copies the new objects alone; one cut short is completed by the next."""
    made = tmp_path / "backup"
    with work.opened() as engine:
        copies.backup(engine.home, made)
    work.scans.put(B, {"0001.jpg": page(72)})
    work.intake()
    missing = min(p for p in (made / "objects").rglob("*") if p.is_file())
    missing.unlink()
    (made / ".node.db.new").write_bytes(b"cut short")
    with work.opened() as engine:
        assert copies.backup(engine.home, made)["copied"] == 3
    assert {p.name for p in (made / "objects").rglob("*") if p.is_file()} == {p.name for p in objects(work)}


def test_a_damaged_object_is_not_backed_up_as_sound(work: NodeAtWork, tmp_path: Path) -> None:
    """A backup reads what it copies: an object that is not its name is left out and named, the others are there."""
    flip(objects(work)[0])
    with work.opened() as engine, pytest.raises(StoreDamaged, match=objects(work)[0].name[:16]) as caught:
        copies.backup(engine.home, tmp_path / "backup")
    assert of(caught.value) == 4
    kept = {p.name for p in (tmp_path / "backup" / "objects").rglob("*") if p.is_file()}
    assert kept == {p.name for p in objects(work)[1:]}
    assert (tmp_path / "backup" / "node.db").exists()


# ---------------------------------------------------------------- export


def files_below(folder: Path) -> dict[str, bytes]:
    """{relative path: bytes} of everything in a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_an_export_is_byte_for_byte_what_was_scanned(work: NodeAtWork, tmp_path: Path) -> None:
    """`<档号>/<file name>` and a list that sha256sum checks; the same again changes nothing."""
    odd = {"a" * 251 + ".jpg": page(1), "中" * 83 + "a.jpg": page(2), "0003.bin.txt": b"a" * (9 << 20), "空.txt": b"x"}
    work.scans.put("J001-2-0145-003", odd)
    work.scans.rows({A: {"页数": "2"}, B: {"页数": "1"}, "J001-2-0145-003": {"页数": "4"}})
    work.intake()
    expected = {A: pages(2, 1), B: pages(1, 3), "J001-2-0145-003": odd}
    with work.opened() as engine:
        for _ in range(2):
            assert copies.export(engine.home, tmp_path / "out", None, work.sandbox)["pages"] == 7
    found = files_below(tmp_path / "out")
    sums = found.pop("manifest-sha256.txt").decode()
    assert found == {f"{code}/{name}": data for code, files in expected.items() for name, data in files.items()}
    assert len(sums.splitlines()) == 7
    checked = subprocess.run(["sha256sum", "--strict", "-c", "manifest-sha256.txt"], cwd=tmp_path / "out", capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_one_record_can_be_exported_alone(work: NodeAtWork, tmp_path: Path) -> None:
    """--ref exports that record by its code or its id."""
    with work.opened() as engine:
        assert copies.export(engine.home, tmp_path / "out", B, work.sandbox) == {"records": 1, "pages": 1, "bytes": len(pages(1, 3)["0001.jpg"])}
    assert set(files_below(tmp_path / "out")) == {f"{B}/0001.jpg", "manifest-sha256.txt"}


def test_an_export_never_overwrites(work: NodeAtWork, tmp_path: Path) -> None:
    """A file of the same name with other bytes stops the export before it is touched."""
    mine = tmp_path / "out" / A / "0002.jpg"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"my own notes")
    with work.opened() as engine, pytest.raises(ConfigurationWrong, match="未覆盖"):
        copies.export(engine.home, tmp_path / "out", None, work.sandbox)
    assert mine.read_bytes() == b"my own notes"


def test_a_damaged_pack_is_not_exported(work: NodeAtWork, tmp_path: Path) -> None:
    """A pack with a flipped bit is damage, and no wrong byte comes out under a page's name."""
    with work.opened() as engine:
        packs = {row[0].hex() for row in engine.home.database.read().execute("SELECT name FROM pack")}
    for path in objects(work):
        if path.name in packs:
            flip(path, 200)
    with work.opened() as engine, pytest.raises(StoreDamaged):
        copies.export(engine.home, tmp_path / "out", None, work.sandbox)
    out = files_below(tmp_path / "out")
    assert not [name for name in out if name.endswith(".jpg")]


def test_an_export_of_a_stopped_node_still_works(work: NodeAtWork, tmp_path: Path) -> None:
    """What a node holds can be had in plain files even when the hub has stopped it."""
    with work.opened() as engine:
        with engine.home.database.transaction() as connection:
            write(connection, Setting.STOPPED, "REVOKED")
        assert copies.export(engine.home, tmp_path / "out", None, work.sandbox)["records"] == 2
    assert DiskObjects(work.path / "objects")
