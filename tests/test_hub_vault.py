"""The vault (format.md §9, R4): what is opened, what is an exception, and what a crash between fold and receipt leaves."""

import io
import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import imagecodecs
import pytest
import zstandard
from hub_in_thread import RunningHub, running
from msgspec.structs import replace
from PIL import Image
from scripted_node import ScriptedNode, description

from crypto import sealing
from crypto.identity import identity_text, new_identity, recipient_of
from holdings.record import RecordId, encode_record
from holdings.security import SiteClass
from holdings.text_item import DerivedText, encode_text
from hub import opened
from hub.errors import DamageFound, NotAllowed
from hub.examination import Examiner
from hub.opened import OpenedPart
from sync import delta as deltas
from sync import log as logs
from sync.manifest import Item, ItemKind, Transform
from sync.receipt import ExceptionCode, Grade, Receipt

MIB = 1 << 20


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    """A running hub."""
    with running(tmp_path / "hub") as made:
        yield made


@pytest.fixture
def node(hub: RunningHub) -> ScriptedNode:
    """An enrolled node that has greeted once."""
    return hub.node()


def jpeg(side: int = 64, colour: str = "red") -> bytes:
    """A small JPEG."""
    out = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(out, "JPEG")
    return out.getvalue()


def tiff(side: int) -> bytes:
    """An uncompressed grey TIFF of side × side bytes of pixels."""
    out = io.BytesIO()
    Image.frombytes("L", (side, side), os.urandom(side * side)).save(out, "TIFF")
    return out.getvalue()


def r4(hub: RunningHub, node: ScriptedNode, seq: int) -> Receipt:
    """The R4 of a delta, once everything is folded."""
    hub.folded()
    node.hello()
    return node.receipts_of(Grade.R4)[seq]


def content(hub: RunningHub, ref: str) -> dict[str, bytes]:
    """The files of a record's current version, as the desk gives them."""
    (record,) = hub.hub.desk.call("listed", ref=ref)["records"]
    return {f["name"]: b"".join(hub.hub.desk.stream("file", ref=f"id:{record['id']}", position=f["position"])) for f in record["files"]}


def test_everything_opened_has_no_exception(hub: RunningHub, node: ScriptedNode) -> None:
    """Images of one and of several segments, text, an empty file; stored, compressed and transcoded: all come back byte for byte."""
    picture, large, text = jpeg(), tiff(3_000), "档案\n".encode() * 1000
    packs: dict[bytes, bytes] = {}
    parts = [
        node.part("1.jpg", picture, packs),
        node.part("2.tif", large, packs),
        node.part("3.txt", text, packs, stored=zstandard.ZstdCompressor().compress(text), transform=Transform.ZSTD),
        node.part("4.jpg", picture, packs, stored=bytes(imagecodecs.jpegxl_encode_jpeg(picture)), transform=Transform.JXL_JPEG),
        node.part("空.txt", b"", packs),
    ]
    item = Item(os.urandom(16), 1, ItemKind.RECORD, encode_record(description("J001-WS·2020·Y-0001")), tuple(parts))
    node.send(node.seal([item], packs))
    found = r4(hub, node, 1)
    assert (found.opened, found.exceptions, found.leaf_root_ok) == (1, (), True)
    assert content(hub, "J001-WS·2020·Y-0001") == {"1.jpg": picture, "2.tif": large, "3.txt": text, "4.jpg": picture, "空.txt": b""}
    shown = hub.hub.desk.call("show", ref="J001-WS·2020·Y-0001")
    assert [p["media_type"] for p in shown["pages"]] == ["image/jpeg", "image/tiff", "text/plain", "image/jpeg", "application/octet-stream"]
    assert [r["grade"] for r in shown["receipts"]] == ["R1", "R4"]
    status = hub.hub.desk.call("status")
    assert (status["records"], status["pages"], status["pending_deltas"]) == (1, 5, 0)


Spoil = Callable[[RunningHub, ScriptedNode], tuple[Item, dict[bytes, bytes]]]


def _wrong_digest(_: RunningHub, node: ScriptedNode) -> tuple[Item, dict[bytes, bytes]]:
    packs: dict[bytes, bytes] = {}
    return Item(os.urandom(16), 1, ItemKind.RECORD, encode_record(description("B")), (node.part("1.txt", b"one", packs, claim=bytes(32)),)), packs


def _wrong_key(_: RunningHub, node: ScriptedNode) -> tuple[Item, dict[bytes, bytes]]:
    packs: dict[bytes, bytes] = {}
    item = node.record("B", {"1.txt": b"one"}, packs)
    part = item.parts[0]
    return replace(item, parts=(replace(part, segments=(replace(part.segments[0], file_key=bytes(16)),)),)), packs


def _truncated_picture(_: RunningHub, node: ScriptedNode) -> tuple[Item, dict[bytes, bytes]]:
    packs: dict[bytes, bytes] = {}
    noise = io.BytesIO()
    Image.frombytes("RGB", (200, 200), os.urandom(120_000)).save(noise, "JPEG")
    return node.record("B", {"1.jpg": noise.getvalue()[:20_000]}, packs), packs


def _classified(_: RunningHub, node: ScriptedNode) -> tuple[Item, dict[bytes, bytes]]:
    packs: dict[bytes, bytes] = {}
    return node.record("B", {"1.txt": b"one"}, packs, mark="机密★20年"), packs


def _foreign_pack(hub: RunningHub, node: ScriptedNode) -> tuple[Item, dict[bytes, bytes]]:
    other = hub.node("河西区")
    theirs = other.delta({"X": {"1.txt": b"theirs"}})
    other.send(theirs)
    return replace(theirs.items[0], id=os.urandom(16), body=encode_record(description("B"))), {}


def _no_body(_: RunningHub, node: ScriptedNode) -> tuple[Item, dict[bytes, bytes]]:
    return Item(os.urandom(16), 1, ItemKind.RECORD, b"\xa0", ()), {}


def _second_without_first(_: RunningHub, node: ScriptedNode) -> tuple[Item, dict[bytes, bytes]]:
    packs: dict[bytes, bytes] = {}
    return node.record("B", {"1.txt": b"one"}, packs, version=2), packs


def _text_of_nothing(_: RunningHub, node: ScriptedNode) -> tuple[Item, dict[bytes, bytes]]:
    return Item(os.urandom(16), 1, ItemKind.TEXT, encode_text(DerivedText(RecordId(os.urandom(16)), 1, "ocr/1", {})), ()), {}


def _outside_the_pack(_: RunningHub, node: ScriptedNode) -> tuple[Item, dict[bytes, bytes]]:
    packs: dict[bytes, bytes] = {}
    item = node.record("B", {"1.txt": b"one"}, packs)
    part = item.parts[0]
    return replace(item, parts=(replace(part, segments=(replace(part.segments[0], offset=1_000_000),)),)), packs


@pytest.mark.parametrize(
    ("spoil", "code", "folded"),
    [
        (_wrong_digest, ExceptionCode.DIGEST_DIFFERS, True),
        (_wrong_key, ExceptionCode.SEALED_DAMAGED, True),
        (_outside_the_pack, ExceptionCode.SEALED_DAMAGED, True),
        (_truncated_picture, ExceptionCode.DOES_NOT_DECODE, True),
        (_foreign_pack, ExceptionCode.PART_MISSING, True),
        (_classified, ExceptionCode.NOT_CLEARED, False),
        (_no_body, ExceptionCode.BODY_UNREADABLE, False),
        (_second_without_first, ExceptionCode.VERSION_UNEXPECTED, False),
        (_text_of_nothing, ExceptionCode.VERSION_UNEXPECTED, False),
    ],
)
def test_an_exception_names_its_item_and_holds_up_nothing_else(hub: RunningHub, node: ScriptedNode, spoil: Spoil, code: ExceptionCode, folded: bool) -> None:
    """Each fault has its code; the good item beside it is opened; nothing uncleared or unreadable enters the catalogue."""
    bad, packs = spoil(hub, node)
    good = node.record("A", {"1.txt": b"good"}, packs)
    node.send(node.seal([bad, good], packs))
    found = r4(hub, node, 1)
    assert (found.opened, [(e.item, e.code) for e in found.exceptions], found.leaf_root_ok) == (1, [(bad.id, code)], True)
    assert content(hub, "A") == {"1.txt": b"good"}
    if folded:
        shown = hub.hub.desk.call("show", ref=f"和平区/{'B'}")
        assert shown["findings"]
        assert shown["pages"][0]["exception"] == code
    else:
        with pytest.raises(NotAllowed):
            hub.hub.desk.call("show", ref="B")


def test_nothing_of_a_classified_record_is_stored_in_clear_or_catalogued(hub: RunningHub, node: ScriptedNode) -> None:
    """Neither title nor code of what the gate holds stands in the tables."""
    item, packs = _classified(hub, node)
    node.send(node.seal([item], packs))
    r4(hub, node, 1)
    assert hub.hub.desk.call("search", query="测试")["hits"] == []
    assert opened.versions(hub.hub.home.holdings.read(), node.log_id, item.id) == []


def test_uploads_go_before_every_single_page(hub: RunningHub, node: ScriptedNode) -> None:
    """Before each part that is opened the examiner gives way, so that a record of many pages holds nobody up; parts known from before cost nobody anything."""
    delta = node.delta({"A": {f"{n}.txt": b"%d" % n for n in range(5)}})
    node.send(delta)
    hub.folded()
    gave: list[int] = []
    known: list[OpenedPart] = []
    with ThreadPoolExecutor(2) as pool:
        examiner = Examiner(
            hub.hub.vault, hub.hub.sandbox, SiteClass.OPEN, pool, lambda _item, _part: known.pop() if known else None, lambda _pack: True, lambda: gave.append(1)
        )
        found = examiner.begin(delta.items[0])()
        assert (len(gave), [p.code for p in found.parts]) == (5, [None] * 5)
        known += found.parts[:2]
        examiner.begin(delta.items[0])()
    assert len(gave) == 5 + 3


def test_a_corrupted_pack_is_an_exception_and_the_doctor_finds_it(tmp_path: Path) -> None:
    """A byte that rots between R1 and opening: R4 says so, the deep doctor names the object, export refuses the file and says so."""
    path = tmp_path / "hub"
    with running(path, quiet_s=3600.0) as hub:
        node = hub.node()
        delta = node.delta({"0001": {"1.txt": b"x" * 9_000}})
        node.send(delta)
        pack = list(delta.objects)[1]
        stored = path / "objects" / pack.hex()[:2] / pack.hex()
        data = bytearray(stored.read_bytes())
        data[500] ^= 1
        stored.write_bytes(data)
    with running(path) as hub:
        hub.moved(node)
        assert [e.code for e in r4(hub, node, 1).exceptions] == [ExceptionCode.SEALED_DAMAGED]
        assert hub.hub.desk.call("doctor")["ok"]
        deep = hub.hub.desk.call("doctor", deep=True)
        assert (deep["damage"], [f["where"] for f in deep["findings"]]) == (True, [f"对象 {pack.hex()}"])
        with pytest.raises(DamageFound):
            content(hub, "0001")


def test_a_manifest_that_lies_about_its_leaves_is_said(hub: RunningHub, node: ScriptedNode) -> None:
    """leaf_root of the entry and of the manifest differ: R4 carries it."""
    packs: dict[bytes, bytes] = {}
    node.send(node.seal([node.record("A", {"1.txt": b"1"}, packs)], packs, leaf_root=bytes(32)))
    assert r4(hub, node, 1).leaf_root_ok is False


def test_a_manifest_for_another_vault_opens_nothing(hub: RunningHub, node: ScriptedNode) -> None:
    """Sealed to somebody else: no item is opened, R4 says so, and the log goes on."""
    packs: dict[bytes, bytes] = {}
    item = node.record("A", {"1.txt": b"1"}, packs)
    hub_genesis = node.hub_entries[0]
    sealed = node.seal([item], packs)
    node.entries.pop()
    foreign = deltas.seal([item], [(n, len(d)) for n, d in packs.items()], os.urandom(32), [recipient_of(new_identity())])
    entry = node.entry(sealed.entry.kind, foreign.body.to_map())
    node.send(replace(sealed, entry=entry, objects={foreign.name: foreign.sealed, **packs}))
    found = r4(hub, node, 1)
    assert (found.opened, found.leaf_root_ok) == (0, False)
    node.send(node.delta({"C": {"1.txt": b"1"}}))
    assert r4(hub, node, 2).opened == 1
    assert hub_genesis == node.hub_entries[0]


def test_a_new_version_brings_only_what_is_new(hub: RunningHub, node: ScriptedNode) -> None:
    """Version 2 points into the packs of version 1 for what stayed; the export shows version 2, and both versions are held."""
    packs: dict[bytes, bytes] = {}
    first = node.record("A", {"1.txt": b"one", "2.txt": b"two"}, packs)
    node.send(node.seal([first], packs))
    more: dict[bytes, bytes] = {}
    second = replace(first, version=2, parts=(first.parts[0], node.part("2.txt", b"TWO", more), node.part("3.txt", b"three", more)))
    node.send(node.seal([second], more))
    assert r4(hub, node, 2).exceptions == ()
    assert content(hub, "A") == {"1.txt": b"one", "2.txt": b"TWO", "3.txt": b"three"}
    shown = hub.hub.desk.call("show", ref="A")
    assert [v["version"] for v in shown["versions"]] == [1, 2]
    assert {r["seq"] for r in shown["receipts"]} == {1, 2}


def test_derived_text_is_shown_beside_the_page(hub: RunningHub, node: ScriptedNode) -> None:
    """Text items come later, make no version, and belong to the part they name."""
    delta = node.delta({"A": {"1.jpg": jpeg()}})
    node.send(delta)
    record = delta.items[0]
    text = DerivedText(RecordId(record.id), 1, "ocr/1", {record.parts[0].sha256: "天津市人民政府"})
    node.send(node.seal([Item(os.urandom(16), 1, ItemKind.TEXT, encode_text(text), ())], {}))
    assert r4(hub, node, 2).exceptions == ()
    shown = hub.hub.desk.call("show", ref="A")
    assert (shown["pages"][0]["text"], shown["version"]) == ("天津市人民政府", 1)


def test_a_crash_between_fold_and_receipt_gives_the_same_receipt(tmp_path: Path) -> None:
    """The cursor is ahead of R4: at the next start it is made again, byte for byte, without opening the delta again."""
    path = tmp_path / "hub"
    with running(path) as hub:
        node = hub.node()
        bad, packs = _wrong_digest(hub, node)
        node.send(node.seal([bad], packs))
        r4(hub, node, 1)
        reading = hub.hub.home.front.read()
        before = logs.receipt_at(reading, node.log_id, 1, Grade.R4)
        with hub.hub.home.front.transaction() as connection:
            connection.execute("DELETE FROM receipt WHERE grade = 4")
    for pack in packs:
        (path / "objects" / pack.hex()[:2] / pack.hex()).unlink()
    hub.clock.now += 1_000_000
    with running(path, clock=hub.clock) as hub:
        hub.folded()
        assert logs.receipt_at(hub.hub.home.front.read(), node.log_id, 1, Grade.R4) == before


def test_a_delta_folded_twice_counts_once(tmp_path: Path) -> None:
    """holdings.db older than front.db: the delta is opened again, and records, pages and receipts stay as they were."""
    path = tmp_path / "hub"
    with running(path) as hub:
        node = hub.node()
        node.send(node.delta({"A": {"1.txt": b"1", "2.txt": b"2"}}))
        r4(hub, node, 1)
        with hub.hub.home.holdings.transaction() as connection:
            connection.execute("DELETE FROM vault_cursor")
    with running(path) as hub:
        hub.folded()
        status = hub.hub.desk.call("status")
        assert (status["records"], status["pages"]) == (1, 2)
        assert hub.hub.desk.call("doctor", deep=True)["findings"] == []


def test_two_nodes_of_one_name_are_told_apart(hub: RunningHub, node: ScriptedNode) -> None:
    """A node that was set up anew under its old name is another writer: neither hides the other's records."""
    node.send(node.delta({"A": {"1.txt": b"old"}}))
    hub.folded()
    hub.hub.desk.call("revoke", name="和平区", reason="重装")
    again = hub.node()
    again.send(again.delta({"A": {"1.txt": b"new"}}))
    hub.folded()
    assert content(hub, "和平区/A") == {"1.txt": b"old"}
    assert content(hub, "和平区（2）/A") == {"1.txt": b"new"}


def test_another_recipient_opens_the_rewrapped_manifest(hub: RunningHub, node: ScriptedNode) -> None:
    """add_recipients: a new header over the same payload; vault and escrow both open it."""
    delta = node.delta({"A": {"1.txt": b"1"}})
    node.send(delta)
    escrow, name = new_identity(), delta.entry.body[1][0]
    vault = hub.hub.vault
    wider = vault.add_recipients(name, [node.hub.recipient, recipient_of(escrow)])
    assert deltas.open_manifest(wider, escrow) == vault.open(name)


def test_the_stock_age_tool_opens_a_manifest(hub: RunningHub, node: ScriptedNode, tmp_path: Path, real_tool: Callable[[str], str]) -> None:
    """With the vault's identity, `age -d` gives the zstd frame of the manifest."""
    age = real_tool("age")
    delta = node.delta({"A": {"1.txt": b"1"}})
    node.send(delta)
    sealed, key = tmp_path / "m.age", tmp_path / "identity"
    sealed.write_bytes(delta.objects[delta.entry.body[1][0]])
    key.write_text(identity_text(hub.hub.home.secrets.identity))
    frame = subprocess.run([age, "-d", "-i", str(key), str(sealed)], capture_output=True, check=True).stdout
    assert frame == sealing.open_file(sealed.read_bytes(), hub.hub.home.secrets.identity, limit=MIB)


def test_destruction_needs_two_names_and_spares_what_other_versions_list(hub: RunningHub, node: ScriptedNode) -> None:
    """Dropping the keys of version 1 leaves the file that version 2 still lists; afterwards the other one cannot be read."""
    packs: dict[bytes, bytes] = {}
    first = node.record("A", {"1.txt": b"one", "2.txt": b"two"}, packs)
    more: dict[bytes, bytes] = {}
    second = replace(first, version=2, parts=(first.parts[0], node.part("2.txt", b"TWO", more)))
    node.send(node.seal([first], packs), node.seal([second], more))
    hub.folded()
    vault = hub.hub.vault
    for persons in (["张三"], ["张三", "张三"], []):
        with pytest.raises(NotAllowed):
            vault.destroy(node.log_id, first.id, 1, persons, "到期")
    assert vault.destroy(node.log_id, first.id, 1, ["张三", "李四"], "到期") == 1
    assert content(hub, "A") == {"1.txt": b"one", "2.txt": b"TWO"}
    reading = hub.hub.home.holdings.read()
    assert [p.part is None for p in opened.pages(reading, node.log_id, first.id, 1)] == [False, True]
