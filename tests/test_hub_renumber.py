"""Renumbering, merge and split on their way to a real hub: few bytes, the hub follows, old codes lead there too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from city import City
from hub_in_thread import running
from msgspec.structs import replace
from scan_tree import page

from holdings.record import RecordId, Relation, RelationKind, decode_record, encode_record
from holdings.text_item import DerivedText, encode_text
from node.service import Service
from sync.manifest import Item, ItemKind
from sync.sandbox import Sandbox

V1, V2, V3 = "A002-RS-001", "A002-RS-002", "A002-RS-003"
PAGE_EDGE = 600


@pytest.fixture
def city(tmp_path: Path, sandbox: Sandbox) -> Iterator[City]:
    """A hub and a node that has sent three volumes with pages of some size."""
    made = City(tmp_path, sandbox).open_hub().join()
    made.work.scans.rows({V1: {"页数": "2"}, V2: {"页数": "3"}, V3: {"页数": "4"}})
    for first, (code, count) in enumerate({V1: 2, V2: 3, V3: 4}.items()):
        made.work.scans.put(code, {f"{n:04d}.jpg": page(10 * first + n, edge=PAGE_EDGE) for n in range(1, count + 1)})
    made.run()
    made.hub.folded()
    yield made
    made.close()


def ask(city: City, verb: str, **given: Any) -> dict[str, Any]:
    """A verb of the node, then a conversation; the answer with the bytes that were sent."""
    with city.work.opened() as engine:
        answer: dict[str, Any] = getattr(Service(engine), verb)(**given)
    assert answer["refused"] == 0
    sent = city.run()
    assert sent.records == 0, "nothing is taken in anew"
    city.hub.folded()
    return {**answer, "sent": sent.bytes_sent}


def renumber(city: City, lines: dict[str, str]) -> dict[str, Any]:
    """`node renumber` and sync."""
    path = city.root / "改号.csv"
    path.write_text("原档号,新档号\n" + "".join(f"{old},{new}\n" for old, new in lines.items()), "utf-8")
    return ask(city, "renumber", sheet=str(path))


def at_hub(city: City) -> dict[str, int]:
    """{code: pages} of what stands at the hub."""
    return {h["ref"].partition("/")[2]: len(show(city, h["ref"])["pages"]) for h in found(city, "A002")}


def show(city: City, ref: str) -> dict[str, Any]:
    """`hub show`."""
    return city.hub.hub.desk.call("show", ref=ref)


def found(city: City, query: str) -> list[dict[str, Any]]:
    """Hits of `hub search`."""
    hits: list[dict[str, Any]] = city.hub.hub.desk.call("search", query=query)["hits"]
    return hits


def test_a_rotation_reaches_the_hub(city: City) -> None:
    """Three codes rotate: a few kilobytes travel, the hub shows the new codes with the same pages, old codes are known as former ones."""
    stored, scanned = city.due(), city.scanned()
    told = renumber(city, {V1: V2, V2: V3, V3: V1})
    assert stored > 200_000
    assert told["sent"] < 8_000
    assert at_hub(city) == {V2: 2, V3: 3, V1: 4}
    moved = {V1: V2, V2: V3, V3: V1}
    assert city.at_hub() == {f"{moved[name.split('/')[0]]}/{name.split('/')[1]}": data for name, data in scanned.items()}
    shown = show(city, V2)
    assert (shown["version"], shown["former_codes"]) == (2, [V1])
    assert city.complaints() == []
    assert city.alarms() == []


def test_a_former_code_leads_to_the_record_at_the_hub(city: City) -> None:
    """resolve and search at the hub follow a code that nobody bears now."""
    renumber(city, {V1: "A002-RS-101"})
    assert show(city, V1)["ref"].endswith("A002-RS-101")
    assert [h["ref"].partition("/")[2] for h in found(city, V1)] == ["A002-RS-101"]


def test_a_merge_and_a_split_reach_the_hub(city: City) -> None:
    """Merged and split volumes arrive by reference: no page travels, none is read again, relations are kept, nothing is lost."""
    packs = [p for p in (city.hub.path / "objects").rglob("*") if p.is_file()]
    for pack in packs:
        pack.rename(pack.with_suffix(".away"))
    merged = ask(city, "volume_merge", into=V1, volumes=[V2])
    path = city.root / "拆卷.csv"
    path.write_text(f"原档号,新档号,起页,止页\n{V3},A002-RS-301,1,3\n{V3},A002-RS-302,4,4\n", "utf-8")
    split = ask(city, "volume_split", sheet=str(path))
    for pack in packs:
        pack.with_suffix(".away").rename(pack)
    assert max(merged["sent"], split["sent"]) < 10_000
    assert at_hub(city) == {V1: 5, "A002-RS-301": 3, "A002-RS-302": 1}
    assert show(city, V2)["ref"].endswith(V1)
    assert [(r["kind"], r["ref"]) for r in show(city, V1)["relations"]] == [("由其合并", V2)]
    assert [(r["kind"], r["ref"]) for r in show(city, "A002-RS-301")["relations"]] == [("拆自", V3)]
    assert all(p["exception"] == "" for code in at_hub(city) for p in show(city, code)["pages"])
    before, after = city.scanned(), city.at_hub()
    assert sorted(before.values()) == sorted(after.values())
    assert city.troubles(deep=True) == []
    assert city.complaints() == []


def test_text_follows_pages_that_moved(tmp_path: Path) -> None:
    """What was read from a page is shown beside it in the volume that the page was split off into."""
    with running(tmp_path / "hub") as hub:
        node = hub.node()
        delta = node.delta({V1: {"0001.jpg": page(1), "0002.jpg": page(2)}})
        node.send(delta)
        whole = delta.items[0]
        text = DerivedText(RecordId(whole.id), 1, "ocr/1", {whole.parts[1].sha256: "天津市人民政府"})
        node.send(node.seal([Item(os.urandom(16), 1, ItemKind.TEXT, encode_text(text), ())], {}))
        came = Relation(RelationKind.SPLIT_FROM, RecordId(whole.id), V1)
        said = replace(decode_record(whole.body), reference_code=V2, relations=(came,), former_codes=(V1,))
        piece = Item(os.urandom(16), 1, ItemKind.RECORD, encode_record(said), whole.parts[1:])
        node.send(node.seal([piece], {}))
        hub.folded()
        [shown] = hub.hub.desk.call("show", ref=V2)["pages"]
        assert (shown["name"], shown["text"], shown["exception"]) == ("0002.jpg", "天津市人民政府", "")
