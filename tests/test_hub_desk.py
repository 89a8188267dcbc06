"""What an operator does at the hub: status, export, backup, doctor, in this process and through the socket."""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_in_thread import KEY_FILE, RunningHub, running
from scripted_node import ScriptedNode

from crypto.identity import new_identity, recipient_of, recipient_text
from hub.backup import backup
from hub.errors import ConfigurationWrong, HubError, NotAllowed, Unreachable
from hub.export import SUMS, export
from hub.local_client import RemoteDesk, answers
from hub.reach import reach
from sync import log as logs
from sync.delta import open_manifest
from sync.pack import open_segment

FILES = {"0001.jpg": b"\xff\xd8one", "第二页 é.tif": b"two" * 5_000, "空.txt": b""}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    """A running hub that also listens on its socket."""
    with running(tmp_path / "hub") as made:
        yield made


@pytest.fixture
def node(hub: RunningHub) -> ScriptedNode:
    """A node with two records at the hub."""
    made = hub.node()
    made.send(made.delta({"J001-WS·2020·Y-0001": FILES, "J001-WS·2020·Y-0002": {"0001.txt": b"other"}}))
    hub.folded()
    return made


def tree(folder: Path) -> dict[str, bytes]:
    """Relative path → bytes of every file below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_export_gives_back_every_file_as_it_came(hub: RunningHub, node: ScriptedNode, tmp_path: Path) -> None:
    """Names, bytes and nothing else; sha256sum's own format lists them all."""
    done = export(hub.hub.desk, tmp_path / "out")
    found = tree(tmp_path / "out")
    sums = found.pop(SUMS).decode()
    assert found == {**{f"J001-WS·2020·Y-0001/{n}": d for n, d in FILES.items()}, "J001-WS·2020·Y-0002/0001.txt": b"other"}
    assert dict(reversed(line.split("  ", 1)) for line in sums.splitlines()) == {n: hashlib.sha256(d).hexdigest() for n, d in found.items()}
    assert (done.records, done.files, done.kept, done.problems) == (2, 4, 0, [])


def test_a_disc_is_exported_as_a_folder(hub: RunningHub, node: ScriptedNode, tmp_path: Path) -> None:
    """Parts that came in a folder of their record lie in one again, and sha256sum finds them; a name that steps upwards stays a name."""
    disc = {"VIDEO_TS／VTS_01_1.VOB": b"vob", "..／passwd": b"no"}
    node.send(node.delta({"J001-LX·2020·Y-0003": disc}))
    hub.folded()
    export(hub.hub.desk, tmp_path / "out", "J001-LX·2020·Y-0003")
    found = tree(tmp_path / "out")
    listed = sorted(line.split("  ", 1)[1] for line in found.pop(SUMS).decode().splitlines())
    assert listed == sorted(found) == ["J001-LX·2020·Y-0003/..／passwd", "J001-LX·2020·Y-0003/VIDEO_TS/VTS_01_1.VOB"]


def test_export_goes_on_where_it_stopped_and_overwrites_nothing(hub: RunningHub, node: ScriptedNode, tmp_path: Path) -> None:
    """Equal files are kept, missing ones written, a different one is left as it is and told."""
    out = tmp_path / "out"
    export(hub.hub.desk, out)
    (out / "J001-WS·2020·Y-0001" / "0001.jpg").unlink()
    mine = out / "J001-WS·2020·Y-0002" / "0001.txt"
    mine.write_bytes(b"OTHER")
    done = export(hub.hub.desk, out)
    assert (done.records, done.files, done.kept, len(done.problems), done.damage) == (1, 3, 2, 1, False)
    assert mine.read_bytes() == b"OTHER"
    assert (out / "J001-WS·2020·Y-0001" / "0001.jpg").read_bytes() == FILES["0001.jpg"]


def test_export_of_one_record_joins_an_earlier_export(hub: RunningHub, node: ScriptedNode, tmp_path: Path) -> None:
    """--ref writes that record alone; the list keeps the lines of the others."""
    out = tmp_path / "out"
    export(hub.hub.desk, out, "J001-WS·2020·Y-0002")
    assert set(tree(out)) == {SUMS, "J001-WS·2020·Y-0002/0001.txt"}
    export(hub.hub.desk, out, "J001-WS·2020·Y-0001")
    assert len((out / SUMS).read_text().splitlines()) == 4
    with pytest.raises(HubError):
        export(hub.hub.desk, out, "没有的档号")


def test_one_code_at_two_nodes_goes_into_two_folders(hub: RunningHub, node: ScriptedNode, tmp_path: Path) -> None:
    """Records of one code stand below their nodes; all others where they always stand."""
    other = hub.node("河西区")
    other.send(other.delta({"J001-WS·2020·Y-0002": {"0001.txt": b"hexi"}}))
    hub.folded()
    export(hub.hub.desk, tmp_path / "out")
    found = tree(tmp_path / "out")
    assert found["和平区/J001-WS·2020·Y-0002/0001.txt"] == b"other"
    assert found["河西区/J001-WS·2020·Y-0002/0001.txt"] == b"hexi"
    assert found["J001-WS·2020·Y-0001/0001.jpg"] == FILES["0001.jpg"]


@pytest.mark.parametrize("code", ["../../etc", "a/b", ".hidden", "长" * 100])
def test_a_code_that_is_no_folder_name_leads_nowhere_else(hub: RunningHub, node: ScriptedNode, tmp_path: Path, code: str) -> None:
    """A hostile node's code never names a place outside the destination: such a record stands below its id."""
    delta = node.delta({code: {"0001.txt": b"x"}})
    node.send(delta)
    hub.folded()
    export(hub.hub.desk, tmp_path / "out")
    assert tree(tmp_path / "out")[f"id-{delta.items[0].id.hex()}/0001.txt"] == b"x"


def test_a_backup_is_a_home(hub: RunningHub, node: ScriptedNode, tmp_path: Path) -> None:
    """With the unlocking secret beside it a backup starts as the hub it was taken of: same identity, every record, clean doctor."""
    saved = backup(hub.hub.desk, hub.path, tmp_path / "copy")
    assert (saved.objects, saved.added) == (4, 4)
    shutil.copy(hub.path / KEY_FILE, tmp_path / "copy" / KEY_FILE)
    with running(tmp_path / "copy") as copy:
        assert copy.hub.home.hub_id == hub.hub.home.hub_id
        assert copy.hub.desk.call("doctor", deep=True)["findings"] == []
        export(copy.hub.desk, tmp_path / "out")
        copy.moved(node)
        node.nonce = b""
        assert node.hello().head == node.head
    assert tree(tmp_path / "out")["J001-WS·2020·Y-0002/0001.txt"] == b"other"


def test_a_backup_grows_by_what_is_new(hub: RunningHub, node: ScriptedNode, tmp_path: Path) -> None:
    """The second run adds the new objects alone; an object of the wrong length is replaced; nothing unfinished stays."""
    copy = tmp_path / "copy"
    backup(hub.hub.desk, hub.path, copy)
    node.send(node.delta({"新": {"1.txt": b"new"}}))
    broken = next(p for p in (copy / "objects").rglob("*") if p.is_file())
    broken.unlink()
    broken.write_bytes(b"short")
    saved = backup(hub.hub.desk, hub.path, copy)
    assert (saved.objects, saved.added) == (6, 3)
    assert hashlib.sha256(broken.read_bytes()).hexdigest() == broken.name
    assert not [p for p in copy.rglob("*") if p.name.endswith((".tmp", ".new", ".part"))]
    assert not list(hub.path.glob(".*.tmp*"))


def test_with_the_escrow_key_a_backup_opens_without_the_hub(tmp_path: Path) -> None:
    """Every manifest stands in the backup for the escrow recipient too: its holder needs neither key file nor database."""
    escrow, copy = new_identity(), tmp_path / "copy"
    with running(tmp_path / "hub", escrow=recipient_text(recipient_of(escrow))) as hub:
        node = hub.node()
        node.send(node.delta({"A": {"1.txt": b"one"}}), node.delta({"B": {"1.txt": b"two"}}))
        assert backup(hub.hub.desk, hub.path, copy).escrowed == 2
        assert backup(hub.hub.desk, hub.path, copy).escrowed == 0
    found = []
    for path in sorted((copy / "escrow").iterdir()):
        for item in open_manifest(path.read_bytes(), escrow).items:
            (segment,) = item.parts[0].segments
            sealed = (copy / "objects" / segment.pack.hex()[:2] / segment.pack.hex()).read_bytes()
            found.append(open_segment(segment, sealed[segment.offset : segment.offset + segment.length]))
    assert found == [b"one", b"two"]


def test_a_backup_into_the_home_is_refused(hub: RunningHub) -> None:
    """A copy inside the original is none."""
    with pytest.raises(ConfigurationWrong):
        backup(hub.hub.desk, hub.path, hub.path / "backup")


def test_the_doctor_finds_each_named_fault(hub: RunningHub, node: ScriptedNode) -> None:
    """A missing object, one of the wrong length, a leftover upload, a receipt that is not ours, a head that is not the log's."""
    desk, home = hub.hub.desk, hub.hub.home
    assert desk.call("doctor", deep=True) == {"ok": True, "damage": False, "findings": []}
    first, second = (home.objects.path(name) for name in list(home.objects.names())[:2])
    first.unlink()
    os.truncate(second, 10)
    (hub.path / "uploads" / ("ab" * 32)).write_bytes(b"left")
    with home.front.transaction() as connection:
        connection.execute("UPDATE receipt SET signed = zeroblob(100) WHERE number = 2")
        connection.execute("UPDATE log SET head_seq = 7 WHERE name = '和平区'")
    found = desk.call("doctor")
    assert found["damage"]
    text = "\n".join(f"{f['where']}：{f['what']}" for f in found["findings"])
    for said in (f"对象 {first.name}：对象不在", f"对象 {second.name}：对象长 10 字节", "uploads/abab", "第 2 号回执", "末条与所记的位置不符"):
        assert said in text
    assert all(f["remedy"] for f in found["findings"])


def test_an_entry_changed_on_disk_is_found(hub: RunningHub, node: ScriptedNode) -> None:
    """A flipped bit in a stored entry breaks its signature."""
    with hub.hub.home.front.transaction() as connection:
        (signed,) = connection.execute("SELECT signed FROM entry WHERE log_id = ? AND seq = 1", (node.log_id,)).fetchone()
        connection.execute("UPDATE entry SET signed = ? WHERE log_id = ? AND seq = 1", (signed[:-1] + bytes([signed[-1] ^ 1]), node.log_id))
    assert hub.hub.desk.call("doctor")["damage"]


def test_status_counts_in_the_transactions_that_change(hub: RunningHub, node: ScriptedNode) -> None:
    """An announced delta is pending until its last object; then its bytes are stored."""
    before = hub.hub.desk.call("status")
    delta = node.delta({"新": {"1.txt": b"new"}})
    node.offer(delta.entry)
    size = sum(map(len, delta.objects.values()))
    during = hub.hub.desk.call("status")
    assert (during["pending_deltas"], during["pending_bytes"], during["bytes_stored"]) == (1, size, before["bytes_stored"])
    for name, data in delta.objects.items():
        node.put(name, data)
    after = hub.hub.desk.call("status")
    assert (after["pending_deltas"], after["pending_bytes"], after["bytes_stored"]) == (0, 0, before["bytes_stored"] + size)
    assert before["nodes"][0]["name"] == "和平区"
    assert {"records", "pages", "quarantined", "last_contact"} <= before["nodes"][0].keys()


def test_the_socket_gives_what_the_desk_gives(hub: RunningHub, node: ScriptedNode, tmp_path: Path) -> None:
    """Through HOME/hub.sock: the same answers, the same bytes, the same refusals with their exit codes; for owner and group only."""
    path = hub.path / "hub.sock"
    hub.open_socket()
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    with reach(hub.path, lambda: "") as desk:
        assert isinstance(desk, RemoteDesk)
        assert desk.call("status") == hub.hub.desk.call("status")
        assert desk.call("search", query="测试")["total"] == 2
        export(desk, tmp_path / "out")
        assert tree(tmp_path / "out")["J001-WS·2020·Y-0001/0001.jpg"] == FILES["0001.jpg"]
        assert backup(desk, hub.path, tmp_path / "copy").objects == 4
        assert desk.call("doctor", deep=True)["ok"]
        for word, wishes in (("show", {"ref": "没有"}), ("revoke", {"name": "没有", "reason": "x"}), ("nonsense", {}), ("enrol", {"name": ""})):
            with pytest.raises(HubError) as refused:
                desk.call(word, **wishes)
            assert refused.value.exit_code == NotAllowed.exit_code
        token = desk.call("enrol", name="南开区")["token"]
        assert token.startswith("jd1-")


def test_a_home_that_is_held_but_silent_is_unreachable(hub: RunningHub) -> None:
    """Never both: no second process opens the home while one holds it; a socket file of a dead process is no answer."""
    assert not answers(hub.path / "hub.sock")
    with pytest.raises(Unreachable), reach(hub.path, lambda: ""):
        pass


def test_commands_work_on_a_home_that_is_not_running(tmp_path: Path) -> None:
    """Without a daemon the desk opens the home under its lock, and lets it go."""
    with running(tmp_path / "hub") as hub:
        made = hub.node()
        made.send(made.delta({"A": {"1.txt": b"1"}}))
        hub.folded()
    for _ in range(2):
        with reach(tmp_path / "hub", lambda: "") as desk:
            assert desk.call("status")["records"] == 1
    with running(tmp_path / "hub") as hub:
        assert logs.find(hub.hub.home.front.read(), made.log_id) is not None


def test_no_home_is_said(tmp_path: Path) -> None:
    """A folder that is no home is refused by name."""
    with pytest.raises(ConfigurationWrong, match=r"hub\.toml"), reach(tmp_path, lambda: ""):
        pass
