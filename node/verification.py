"""`node verify` and `node doctor`: is what this node keeps still what it signed? Reads only, except that doctor --repair removes orphans of a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import apsw
from msgspec import Struct

from node import settings
from node.clock import Clock
from node.home import Home
from node.settings import Setting
from sync import entry as entries
from sync import log, sealed
from sync.errors import SyncError
from sync.manifest import read_delta
from sync.receipt import read as read_receipt


class Trouble(Struct, frozen=True):
    """One thing that is not as it should be (DESIGN §7: what, where, remedy); `damage` tells exit 4 from exit 1."""

    what: str
    where: str
    remedy: str
    damage: bool = True

    def to_json(self) -> dict[str, str]:
        """The finding as JSON fields."""
        return {"what": self.what, "where": self.where, "remedy": self.remedy}


def verify(home: Home, progress: Callable[[int], None] = lambda _: None) -> list[Trouble]:
    """Re-hash every sealed object from the device; receipted ones can be fetched back from the hub."""
    found = []
    for name, length in _objects(home):
        try:
            if home.objects.digest(name) != name:
                found.append(_damaged(name, "内容与名称不符"))
        except SyncError as fault:
            found.append(_damaged(name, str(fault)))
        progress(length)
    return found


def doctor(
    home: Home, clock: Clock, *, repair: bool = False, resting: Callable[[], AbstractContextManager[bool]] = lambda: nullcontext(enter_result=True)
) -> list[Trouble]:
    """Database, log chain, signatures, receipts, objects present, orphans of a crash, clock, space.

    Args:
        repair: remove objects that nothing names.
        resting: keeps intake off while orphans are looked for; False where something is being taken in, whose packs are written
            down later (decision 0029): then none is called an orphan.
    """
    found = [
        Trouble(f"数据库完整性检查未通过：{what}", "node.db", "停止使用并从备份恢复") for what in home.database.check()
    ]
    found += _chain(home)
    found += _receipts(home)
    found += list(_presence(home))
    found += _search(home, int(clock.now()))
    with resting() as rests:
        orphans = list(_orphans(home)) if rests else []
        for name in orphans if repair else ():
            home.objects.remove(name)
    if repair and not rests:
        found.append(Trouble("正在收入扫描件，这次没有清理未登记的对象", "objects", "收入告一段落后再执行 node doctor --repair", damage=False))
    if orphans and not repair:
        what = f"{len(orphans)} 个未登记的对象（断电留下的，未被引用，无数据丢失）"
        found.append(Trouble(what, "objects", "执行 node doctor --repair 清除", damage=False))
    reading = home.database.read()
    found += _texts(reading)
    if stopped := settings.read(reading, Setting.STOPPED):
        found.append(Trouble(f"传输已停止：{stopped}", "市级中心", "联系市级中心处理；本机数据完好"))
    if settings.read(reading, Setting.HUB_BEHIND) is not None:
        found.append(
            Trouble("市级中心曾从旧备份恢复，正在重新接收", "市级中心", "无需处理：下次传输自动补齐", damage=False)
        )
    last = max((e.wall for e in log.since(reading, home.identity.log.log_id, home.head().seq, 1)), default=0)
    if clock.now() < last - 86_400:
        found.append(
            Trouble(
                "本机时钟比最后一条日志还早一天以上", "时钟", "校准时钟（不影响数据，只影响打印的日期）", damage=False
            )
        )
    return found


def _texts(reading: apsw.Connection) -> list[Trouble]:
    """Pages that could not be read, and an engine that is not there: derived data, nothing is lost."""
    from node import reading_queue as queue  # a sync needs none of it

    found, failed = [], queue.figure(reading, queue.Figure.FAILED)
    if failed:
        what, remedy = (
            f"{failed} 页读不出文字",
            "查看 node reading list --failed，处理后 node reading retry；档案本身完好",
        )
        found.append(Trouble(what, "识读", remedy, damage=False))
    if queue.figure(reading, queue.Figure.ABSENT) and queue.figure(reading, queue.Figure.WAITING):
        found.append(
            Trouble(
                "识读引擎没有安装，待识读的页在排队", "识读", "安装 rapidocr 和 onnxruntime 后自动接着读", damage=False
            )
        )
    return found


def sweep_orphans(home: Home) -> int:
    """Remove objects that a crash left without a row; part of every start. How many."""
    orphans = list(_orphans(home))
    for name in orphans:
        home.objects.remove(name)
    return len(orphans)


def _objects(home: Home) -> Iterator[tuple[bytes, int]]:
    reading, own = home.database.read(), home.identity.log.log_id
    yield from sealed.pack_names(reading)
    for entry in log.walk(reading, own):
        if entry.kind is entries.EntryKind.DELTA:
            yield read_delta(entry.body).manifest


def _presence(home: Home) -> Iterator[Trouble]:
    for name, length in _objects(home):
        try:
            if home.objects.length(name) != length:
                yield _damaged(name, "长度不符")
        except SyncError:
            yield _damaged(name, "不见了")


def _damaged(name: bytes, how: str) -> Trouble:
    return Trouble(
        f"加封对象{how}",
        f"objects/{name.hex()[:16]}…",
        "已有回执的可由市级中心取回；未传的会从扫描源重新加封，请勿删除扫描源",
    )


def _orphans(home: Home) -> Iterator[bytes]:
    known = {name for name, _ in _manifests(home)}
    for name in home.objects.names():
        if name not in known and not sealed.has_pack(home.database.read(), name):
            yield name


def _manifests(home: Home) -> Iterator[tuple[bytes, int]]:
    for entry in log.walk(home.database.read(), home.identity.log.log_id):
        if entry.kind is entries.EntryKind.DELTA:
            yield read_delta(entry.body).manifest


def _search(home: Home, now: int) -> list[Trouble]:
    """The search index is derived: nothing is lost when it is wrong."""
    from holdings import search_upkeep

    faults = search_upkeep.check(home.database, now, deep=True)
    return [Trouble(fault, "检索索引", search_upkeep.REMEDY, damage=False) for fault in faults]


def _chain(home: Home) -> list[Trouble]:
    found = []
    for who in (home.identity.log, home.identity.hub):
        head: entries.Head | None = None
        for entry in log.walk(home.database.read(), who.log_id):
            try:
                entries.verify(entry, who.signing_key)
                whole = entries.follows(entry, head) and entry.log_id == who.log_id
            except SyncError:
                whole = False
            if not whole:
                found.append(Trouble("日志链或签名不成立", f"{who.name} 第 {entry.seq} 条", "停止使用并从备份恢复"))
                break
            head = entry.head
    for log_id, seq in log.forks(home.database.read()):
        found.append(Trouble("日志分叉", f"{log_id.hex()[:12]} 第 {seq} 条", "联系市级中心处理"))
    return found


def _receipts(home: Home) -> list[Trouble]:
    reading, own, hub = home.database.read(), home.identity.log.log_id, home.identity.hub
    cursor, found = 0, []
    while batch := log.receipts_after(reading, own, cursor, 256):
        for number, raw in batch:
            cursor = number
            try:
                receipt = read_receipt(hub.signing_key, raw, hub_id=hub.log_id, log_id=own)
                good = log.hash_at(reading, own, receipt.entry.seq) == receipt.entry.hash
            except SyncError:
                good = False
            if not good:
                found.append(Trouble("回执无效", f"第 {number} 号", "联系市级中心补发"))
    return found
