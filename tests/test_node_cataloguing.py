"""著录 at a node: a typed row is judged as a sheet's, links the images that waited, is taken back, gives way to a real sheet, and never holds a secret."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from drawn_pages import encoded, page
from node_at_work import NodeAtWork, make
from PIL import Image

from holdings.errors import MendRefused, NotFound
from node.engine import Engine
from node.errors import ConfigurationWrong
from node.service import Service
from sync.sandbox import Sandbox

A, B, C = (f"J001-WS·2011·Y·BGS-{n:04d}" for n in (1, 2, 3))
ROW = {
    "题名": "关于防汛工作的紧急通知",
    "责任者": "和平区防汛指挥部",
    "成文日期": "2011年5月3日",
    "页数": "2",
    "密级": "",
}


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> Iterator[tuple[NodeAtWork, Engine, Service]]:
    """One record with its row, two folders without."""
    work = make(tmp_path, sandbox)
    work.scans.delivery({A: 1, B: 2, C: 1})
    work.scans.rows({A: {"题名": "通知", "页数": "1"}})
    with work.opened() as engine:
        engine.run(settle_s=0.0, send=False)
        yield work, engine, Service(engine)


def test_a_typed_row_links_what_waited(work: tuple[NodeAtWork, Engine, Service]) -> None:
    """The folder is offered with its code and page count, its pages are drawn from the scan folder, and once the row is typed its images are sealed;
    the date stands as DA/T 18 writes it."""
    _, engine, node = work
    waiting = node.cataloguing_waiting()["items"]
    assert [one["code"] for one in waiting] == [B, C]
    form = node.cataloguing_form("张三", waiting[0]["place"])
    assert (form["values"]["档号"], form["values"]["页数"], form["pages"]) == (B, "2", ["0001.jpg", "0002.jpg"])
    assert {one["name"]: one["required"] for one in form["fields"]}["题名"]
    picture = base64.b64decode(node.cataloguing_picture(waiting[0]["place"], 2, 50, 50)["picture"])
    with Image.open(io.BytesIO(picture)) as drawn:
        assert drawn.format == "PNG"
    done = node.cataloguing_save(waiting[0]["delivery"], {"档号": B, **ROW}, "张三")
    assert done == {"code": B, "next": C, "keying": "stored"}
    engine.run(settle_s=0.0, send=False)
    shown = node.show(B)
    assert (len(shown["pages"]), shown["elements"]["成文日期"]) == (2, "20110503")
    assert [one["code"] for one in node.cataloguing_waiting()["items"]] == [C]
    assert node.cataloguing_form("张三")["before"]["values"]["责任者"] == "和平区防汛指挥部"
    assert node.cataloguing_bodies(C)["bodies"][0]["name"] in ("和平区防汛指挥部", "天津市和平区档案馆", "和平区民政局")
    with pytest.raises(MendRefused, match="已有图像加封"):
        node.cataloguing_undo("张三")


def test_what_is_wrong_is_said_and_not_stored(work: tuple[NodeAtWork, Engine, Service]) -> None:
    """A code that is taken or none, a date that is none, a missing title: each names its element; a secret is refused and leaves nothing."""
    node = work[2]
    assert set(node.cataloguing_judge({"档号": "", "题名": "x"})["refused"]) == {"档号"}
    assert "已有条目" in node.cataloguing_judge({"档号": A, **ROW})["refused"]["档号"]
    assert "成文日期" in node.cataloguing_judge({"档号": C, **ROW, "成文日期": "2011年13月"})["refused"]
    assert "题名" in node.cataloguing_judge({"档号": C, **ROW, "题名": ""})["refused"]
    for secret in ({"密级": "机密"}, {"密级": "？"}, {"题名": "会议纪要（绝密）"}):
        with pytest.raises(MendRefused, match="涉密机") as refused:
            node.cataloguing_save("扫描", {"档号": C, **ROW, **secret}, "张三")
        assert "纪要" not in str(refused.value)
    with pytest.raises(NotFound):
        node.cataloguing_undo("张三")
    assert node.search("防汛")["total"] == 0


def test_a_typed_row_is_taken_back_and_gives_way(work: tuple[NodeAtWork, Engine, Service], tmp_path: Path) -> None:
    """撤销 takes back one's own newest row alone; a sheet that says the same code later owns the row, and then it is the sheet's."""
    node, free = work[2], "J001-WS·2011·Y·BGS-0009"
    node.cataloguing_save("扫描", {"档号": free, **ROW}, "张三")
    assert node.search("防汛")["total"] == 1
    with pytest.raises(NotFound):
        node.cataloguing_undo("李四")
    assert node.cataloguing_undo("张三") == {"code": free}
    assert node.search("防汛")["total"] == 0
    node.cataloguing_save("扫描", {"档号": free, **ROW}, "张三")
    sheet = tmp_path / "目录.csv"
    sheet.write_text(
        f"档号,题名,责任者,成文日期,页数,密级\n{free},关于抗旱工作的通知,水利局,20120101,2,公开\n", "utf-8"
    )
    told = node.catalogue_import([str(sheet)], delivery_name="扫描")
    assert (told["changed"], told["added"]) == (1, 0)
    assert node.console_record(free)["elements"]
    assert node.search("抗旱")["total"] == 1
    with pytest.raises(MendRefused, match="目录表改写"):
        node.cataloguing_undo("张三")


def test_pages_gathered_from_several_folders_are_drawn(tmp_path: Path, sandbox: Sandbox) -> None:
    """What a layout makes of a folder and of the rescans beside it is shown page by page as it would be sealed: a rescan in the place of its page; a file
    that is gone is told, and then the folders are read anew."""
    work = make(tmp_path, sandbox)
    work.scans.record(f"第03批/{B}", 3, 1)
    work.scans.put(f"第03批/重扫/{B}", {"0002.jpg": encoded(page(90))})
    work.scans.rows({A: {"页数": "1"}}, "第03批")
    with work.opened() as engine:
        node = Service(engine)
        node.profile_add(text='name = "夹"\n[layout]\nkind = "folders"')
        node.profile_assign(delivery_name="扫描/第03批", name="夹")
        engine.run(settle_s=0.0, send=False)
        [waiting] = node.cataloguing_waiting()["items"]
        place = waiting["place"]
        assert (place, waiting["code"], waiting["delivery"]) == (f"扫描/第03批#{B}", B, "扫描/第03批")
        form = node.cataloguing_form("张三", place)
        assert (form["values"]["页数"], form["pages"]) == ("3", ["0001.jpg", "0002.jpg", "0003.jpg"])
        pictures = [node.cataloguing_picture(place, number, 60, 60)["picture"] for number in (1, 2, 3)]
        root = work.scans.root / "第03批"
        assert len(set(pictures)) == 3
        (root / "重扫" / B / "0002.jpg").rename(root / B / "0002.jpg")
        with pytest.raises(ConfigurationWrong, match="读不出"):
            node.cataloguing_picture(place, 2, 60, 60)
        assert node.cataloguing_picture(place, 2, 60, 60)["picture"] == pictures[1]
        for other in (f"扫描/第03批#{C}", "扫描/第03批#..", "扫描#x"):
            with pytest.raises(NotFound):
                node.cataloguing_picture(other, 1)


def test_a_row_is_typed_twice_where_the_delivery_asks_for_it(work: tuple[NodeAtWork, Engine, Service]) -> None:
    """The first typing is shown to nobody and stored nowhere else; the same person does not type it again; a second that agrees stores the row, one that
    differs waits for a person, who chooses element by element; one's own typing is taken back; single typing comes back when nothing waits."""
    _, engine, node = work
    [batch] = {one["delivery"] for one in node.cataloguing_waiting()["items"]}
    node.cataloguing_double(batch, double=True, by="李四")
    assert node.cataloguing_save(batch, {"档号": B, **ROW}, "张三") == {"code": B, "next": C, "keying": "first"}
    assert [one["code"] for one in node.cataloguing_waiting("张三")["items"]] == [C]
    assert [one["code"] for one in node.cataloguing_waiting("李四")["items"]] == [B, C]
    assert node.search("防汛")["total"] == 0
    assert node.cataloguing_form("李四")["before"] is None
    assert node.cataloguing_form("张三")["before"]["values"]["责任者"] == "和平区防汛指挥部"
    with pytest.raises(MendRefused, match="您已录过"):
        node.cataloguing_save(batch, {"档号": B, **ROW}, "张三 ")
    with pytest.raises(MendRefused, match="还有 1 条"):
        node.cataloguing_double(batch, double=False, by="李四")
    assert node.cataloguing_undo("张三") == {"code": B}
    assert node.cataloguing_save(batch, {"档号": B, **ROW}, "张三")["keying"] == "first"
    # The same date in another notation is the same.
    assert node.cataloguing_save(batch, {"档号": B, **ROW, "成文日期": "20110503"}, "李四")["keying"] == "stored"
    engine.run(settle_s=0.0, send=False)
    assert node.show(B)["elements"]["题名"] == ROW["题名"]
    node.cataloguing_save(batch, {"档号": C, **ROW, "页数": "1", "题名": "关于防讯工作的通知"}, "李四")
    other = {"档号": C, **ROW, "页数": "1", "题名": "关于防汛工作的通知", "附注": "复印件"}
    assert node.cataloguing_save(batch, other, "张三")["keying"] == "differs"
    with pytest.raises(MendRefused, match="已录两遍"):
        node.cataloguing_save(batch, other, "王五")
    assert [node.cataloguing_waiting(by)["items"] for by in ("张三", "李四", "王五")] == [[], [], []]
    [difference] = node.cataloguing_differences()["items"]
    assert [tuple(field.values()) for field in difference["fields"]] == [("题名", "关于防讯工作的通知", "关于防汛工作的通知"), ("附注", "", "复印件")]
    assert (difference["first"]["person"], difference["second"]["person"]) == ("李四", "张三")
    assert node.cataloguing_decide(C, ["题名"], "王五") == {"code": C}
    elements = dict(node.console_record(C)["elements"])
    assert (elements["题名"], elements.get("附注")) == ("关于防汛工作的通知", None)
    assert [node.cataloguing_form(by)["today"] for by in ("张三", "李四", "王五")] == [2, 2, 1]
    node.cataloguing_double(batch, double=False, by="李四")


def test_two_wrong_entries_go_and_what_is_classified_leaves_nothing(work: tuple[NodeAtWork, Engine, Service], tmp_path: Path) -> None:
    """Discarding both offers the folder to everybody again; a secret is refused at the first typing, and a typing whose row a sheet calls secret later is gone."""
    _, engine, node = work
    [batch] = {one["delivery"] for one in node.cataloguing_waiting()["items"]}
    node.cataloguing_double(batch, double=True, by="李四")
    for by, title in (("张三", "甲的通知"), ("李四", "乙的通知")):
        node.cataloguing_save(batch, {"档号": B, **ROW, "题名": title}, by)
    assert node.cataloguing_waiting()["differences"] == 1
    assert node.cataloguing_discard(B, "王五")["typings"] == 2
    assert [one["code"] for one in node.cataloguing_waiting("张三")["items"]] == [B, C]
    with pytest.raises(NotFound):
        node.cataloguing_decide(B, [], "王五")
    with pytest.raises(MendRefused, match="涉密机"):
        node.cataloguing_save(batch, {"档号": B, **ROW, "密级": "机密"}, "张三")
    node.cataloguing_save(batch, {"档号": B, **ROW}, "张三")
    (sheet := tmp_path / "目录.csv").write_text(f"档号,题名,责任者,成文日期,页数,密级\n{B},某事,某局,20120101,2,机密\n", "utf-8")
    node.catalogue_import([str(sheet)], delivery_name=batch)
    kept = engine.home.database.read().execute("SELECT count(*) FROM keyed").fetchone()
    assert kept == (0,)


def test_no_other_folder_is_opened(work: tuple[NodeAtWork, Engine, Service]) -> None:
    """A picture is drawn of places that wait, and of nothing else on the disk."""
    node = work[2]
    for place in ("扫描/../home", "/etc", "扫描/没有", ""):
        with pytest.raises(NotFound):
            node.cataloguing_picture(place, 1)
