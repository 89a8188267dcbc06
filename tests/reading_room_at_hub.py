"""A hub with records to read: a district's pages of every kind (24-bit JPEG, G4, PDF of two pages), rows without images, texts with places, and readers."""

from __future__ import annotations

import os
from dataclasses import dataclass

from drawn_pages import EM, LEFT, PITCH, TOP, encoded, page
from people_door import Browser, Door
from PIL import Image
from scripted_node import ScriptedNode

from holdings import records, text_change, text_store
from holdings.access import Secrecy
from holdings.page_text import PageText, TextLine
from holdings.record import Basis, Clearance, Description, Level, encode_record
from hub import opened
from hub.account import Rights, Role
from sync.manifest import Item, ItemKind

CLEARED = Clearance(Basis.REVIEW, ("张三", "李四"), 1_700_000_000)
SIZE = (620, 877)
SHUT = "关于校舍纠纷的调查"
"""Title of a record that is not open."""


@dataclass
class Written:
    """A record to make: its elements beside code and title, and its files."""

    code: str
    title: str
    opening: str
    files: dict[str, bytes]
    more: dict[str, str]


def colour(seed: int) -> bytes:
    """A page in 24 bits."""
    grey = page(seed, 8, 1, SIZE)
    return encoded(Image.merge("RGB", [grey, grey, grey.point(lambda v: max(0, v - 24))]), dpi=75)


def written() -> list[Written]:
    """What the district brought."""
    two = page(5, 8, 1, SIZE), page(6, 8, 2, SIZE)
    return [
        Written("J023-WS·2011·Y·BGS-0001", "关于修缮校舍的请示", "开放", {"0001.jpg": colour(1), "0002.jpg": colour(2)},
                {"责任者": "和平区教育局", "文号": "和教〔2011〕3号"}),
        Written("J023-WS·2011·Y·BGS-0002", SHUT, "控制", {"0001.tif": encoded(page(3, 8, 1, SIZE), "G4", 75)}, {"责任者": "和平区教育局"}),
        Written("J024-WS·1958·Y·BGS-0003", "校舍图纸目录", "开放", {"0001.pdf": encoded_pdf(two)}, {"责任者": "和平区房管局", "成文日期": "19580312"}),
        Written("J024-ZY·HY-0004", "张建国、王淑珍结婚", "开放", {"0001.jpg": colour(4)},
                {"男方姓名": "张建国", "女方姓名": "王淑珍", "男方身份证号": "120103195803071234", "登记日期": "19780501", "门类": "婚姻"}),
    ]  # fmt: skip


def encoded_pdf(pages: tuple[Image.Image, ...]) -> bytes:
    """Several pages in one PDF."""
    import io

    out = io.BytesIO()
    pages[0].save(out, "PDF", resolution=75, save_all=True, append_images=list(pages[1:]))
    return out.getvalue()


def bring(door: Door, name: str = "和平区", made: list[Written] | None = None) -> ScriptedNode:
    """A node of that name sends the records, the hub opens them; pages of the first one have their text."""
    node, packs = door.hub.node(name), dict[bytes, bytes]()
    items = []
    for one in made if made is not None else written():
        said = {
            "档号": one.code,
            "题名": one.title,
            "密级": "",
            "开放状态": one.opening,
            "成文日期": "20110312",
            "保管期限": "永久",
            **one.more,
        }
        body = encode_record(Description(one.code, Level.ITEM, said, "批次一", CLEARED))
        items.append(
            Item(
                os.urandom(16),
                1,
                ItemKind.RECORD,
                body,
                tuple(node.part(file, data, packs) for file, data in one.files.items()),
            )
        )
    node.send(node.seal(items, packs))
    door.hub.folded()
    _read(door, items[0].id, name)
    return node


def _place(line: int) -> tuple[int, int, int, int, int, int, int, int]:
    """Where a line is drawn on a page."""
    left, top, right = LEFT - 4, TOP + PITCH * line - 4, SIZE[0] - LEFT
    return left, top, right, top, right, top + EM, left, top + EM


def _read(door: Door, item: bytes, name: str) -> None:
    """Text for both pages of a record, each line with its place."""
    holdings = door.hub.hub.home.holdings
    with holdings.transaction() as connection:
        record = records.by_id(connection, records.RecordId(item), name)
        assert record is not None
        log_id = next(log for log, writer in opened.writers(connection).items() if writer == name)
        files = opened.pages(connection, log_id, item, 1)
        stored = []
        for number, file in enumerate(files):
            lines = tuple(
                TextLine(text, _place(at), 0.95)
                for at, text in enumerate(
                    ("和平区教育局文件", f"第{number + 1}页 拨款修缮第三小学校舍", "一九一一年三月十二日")
                )
            )
            stored.append(
                text_store.reading(
                    file.sha256, 0, PageText("rapidocr", "3", *SIZE, lines=lines), version=1, time=1_700_000_000
                )
            )
        text_change.put(connection, record.number, stored, live=[file.sha256 for file in files], writer=name)


def reader(
    door: Door,
    name: str,
    role: Role = Role.AGENCY,
    *,
    holders: tuple[str, ...] = (),
    fonds: tuple[str, ...] = (),
    level: Secrecy = Secrecy.NONE,
) -> Browser:
    """A signed-in account with these rights."""
    if name not in door.team.secrets:
        door.team.settle(name, role, Rights("市民政局", holders, fonds, level))
        door.team.secrets.setdefault(name, b"")
    door.hub.clock.skip += 120
    return door.signed_in(name, role)


def numbers(door: Door) -> dict[str, int]:
    """id in the index of search of every record, by its title."""
    from holdings.search_index import RECORDS

    reading = door.hub.hub.home.holdings.read()
    return {record.title: RECORDS + record.number for record in records.walk(reading)}
