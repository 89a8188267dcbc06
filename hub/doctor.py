"""Is everything here what it should be? Databases, chains, signatures, objects, receipts, cursors (DESIGN §7, `doctor`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from crypto import selftest
from crypto.errors import CryptoError
from hub import opened, restored
from hub.home import Home
from hub.people import People
from sync import entry as entries
from sync import log as logs
from sync import named, receipt
from sync.entry import EntryKind, Head, Role
from sync.errors import BadObject, SyncError
from sync.log import Log, LogState
from sync.receipt import Grade

BATCH = 1_000
_RESTORE = "请从备份恢复，或请持有该数据的节点重新传送"


class Finding(Struct, frozen=True):
    """What is wrong, where, and what to do; `damage` False: it needs a person, but nothing is lost."""

    what: str
    where: str
    remedy: str
    damage: bool = True


def examine(home: Home, people: People | None = None, *, deep: bool, progress: Callable[[int], None] = lambda _: None) -> dict[str, Any]:
    """Look at everything; `deep` reads every object from the device and hashes it.

    `progress` is told of bytes that were read.
    """
    findings = [f for part in (_self, _databases, _logs, _receipts, _cursors, _uploads, _waiting) for f in part(home)]
    findings += _people(people)
    findings += _search(home, deep=deep)
    findings += _objects(home, deep, progress)
    return {
        "ok": not findings,
        "damage": any(f.damage for f in findings),
        "findings": [{"what": f.what, "where": f.where, "remedy": f.remedy} for f in findings],
    }


def proofs(home: Home, people: People | None) -> list[Finding]:
    """What contradicts what was signed or chained: logs, receipts, how far the vault has come, the journal."""
    found = [f for part in (_logs, _receipts, _cursors) for f in part(home)]
    return [*found, *_journal(people)]


def _waiting(home: Home) -> Iterator[Finding]:
    """A hub that was restored writes nothing into its own log before its nodes have spoken."""
    for name in restored.names(home.front.read()):
        remedy = "等它同步一次；确已报废的，执行 jindang hub revoke；都不会再来的，执行 jindang hub restore --wait-no-more"
        yield Finding("恢复之后还没有联络，其间不能接入、停用、下达指令", f"节点“{name}”", remedy, damage=False)


def _self(home: Home) -> Iterator[Finding]:
    try:
        selftest.run(home.config.sm3)
    except CryptoError as fault:
        yield Finding(str(fault), "密码算法自检", "请更换本机的密码库或硬件；此前不要收存")


def _databases(home: Home) -> Iterator[Finding]:
    for database in (home.front, home.holdings):
        for trouble in database.check():
            yield Finding(f"数据库完整性检查：{trouble}", database.path.name, _RESTORE)


def _search(home: Home, *, deep: bool) -> Iterator[Finding]:
    """The search index is derived: nothing is lost when it is wrong."""
    from holdings import search_upkeep

    for fault in search_upkeep.check(home.holdings, home.clock.wall(), deep=deep):
        yield Finding(fault, "检索索引", search_upkeep.REMEDY, damage=False)


def _people(people: People | None) -> Iterator[Finding]:
    if people is None or not people.path.exists():
        return
    parts = people.parts()
    for trouble in parts.database.check():
        yield Finding(f"数据库完整性检查：{trouble}", people.path.name, _RESTORE)
    yield from _journal(people)


def _journal(people: People | None) -> Iterator[Finding]:
    if people is not None and people.path.exists():
        for fault in people.parts().journal.verify():
            yield Finding(fault.what, f"审计日志第 {fault.number} 条", "请保全现场，报保密部门，并用备份比对")


def _logs(home: Home) -> Iterator[Finding]:
    reading = home.front.read()
    for log in [*logs.logs(reading, Role.HUB), *logs.logs(reading, Role.NODE)]:
        where = f"“{log.name}”的日志"
        at: Head | None = None
        try:
            for entry in logs.walk(reading, log.log_id):
                entries.verify(entry, log.public_key)
                if entry.log_id != log.log_id or not entries.follows(entry, at):
                    yield Finding(f"第 {entry.seq} 条接不上前一条", where, _RESTORE)
                at = entry.head
        except BadObject as fault:
            yield Finding(str(fault), where, _RESTORE)
            continue
        if at != log.head:
            yield Finding("日志的末条与所记的位置不符", where, _RESTORE)
        if log.state is LogState.FROZEN:
            yield Finding("日志已冻结", where, "查明分叉原因（旧备份恢复，或密钥外泄）后撤销该节点，再重新接入", damage=False)


def _receipts(home: Home) -> Iterator[Finding]:
    reading = home.front.read()
    for log in logs.logs(reading, Role.NODE):
        cursor = 0
        while batch := logs.receipts_after(reading, log.log_id, cursor, BATCH):
            for number, signed in batch:
                where, dense, cursor = f"“{log.name}”的第 {number} 号回执", number == cursor + 1, number
                try:
                    said = receipt.read(home.genesis.signing_key, signed, hub_id=home.hub_id, log_id=log.log_id)
                except BadObject as fault:
                    yield Finding(str(fault), where, _RESTORE)
                    continue
                if logs.hash_at(reading, log.log_id, said.entry.seq) != said.entry.hash:
                    yield Finding("回执所指的条目不在日志中", where, _RESTORE)
                if not dense:
                    yield Finding("回执编号不连续", where, _RESTORE)


def _cursors(home: Home) -> Iterator[Finding]:
    reading, holdings = home.front.read(), home.holdings.read()
    for log in logs.logs(reading, Role.NODE):
        yield from _cursor(home, log, opened.cursor(holdings, log.log_id))
        for seq in logs.unreceipted(reading, log.log_id, Grade.R1):
            if named.complete(reading, log.log_id, seq):
                yield Finding(f"第 {seq} 条增量的对象已齐而没有 R1", f"“{log.name}”", "重启中心服务即自行补签", damage=False)


def _cursor(home: Home, log: Log, at: Head | None) -> Iterator[Finding]:
    if at is None:
        return
    reading, where = home.front.read(), f"“{log.name}”的验读位置"
    known = logs.hash_at(reading, log.log_id, at.seq)
    if known is None:
        yield Finding(f"已验读到第 {at.seq} 条，日志只到第 {log.head.seq} 条", where, "front.db 较旧：等该节点下次同步补齐", damage=False)
    elif known != at.hash:
        yield Finding(f"已验读的第 {at.seq} 条与日志中的不同", where, _RESTORE)
    elif logs.receipt_at(reading, log.log_id, at.seq, Grade.R1) is None and _is_delta(home, log, at.seq):
        yield Finding(f"第 {at.seq} 条已验读而没有 R1", where, _RESTORE)


def _is_delta(home: Home, log: Log, seq: int) -> bool:
    found = logs.since(home.front.read(), log.log_id, seq, 1)
    return bool(found) and found[0].kind is EntryKind.DELTA


def _objects(home: Home, deep: bool, progress: Callable[[int], None]) -> Iterator[Finding]:
    after, reading = b"", home.front.read()
    while batch := named.stored_after(reading, after, BATCH):
        for name, length in batch:
            trouble = _object(home, name, length, deep=deep)
            if trouble:
                yield Finding(trouble, f"对象 {name.hex()}", _RESTORE)
            progress(length)
        after = batch[-1][0]


def _object(home: Home, name: bytes, length: int, *, deep: bool) -> str:
    if not home.objects.has(name):
        return "对象不在"
    try:
        if home.objects.length(name) != length:
            return f"对象长 {home.objects.length(name)} 字节，应为 {length}"
        if deep and home.objects.digest(name) != name:
            return "对象的内容与名称不符"
    except SyncError as fault:
        return str(fault)
    return ""


def _uploads(home: Home) -> Iterator[Finding]:
    reading = home.front.read()
    for path in (home.path / "uploads").iterdir():
        try:
            name = bytes.fromhex(path.name)
        except ValueError:
            name = b""
        if not named.is_named(reading, name) or home.objects.has(name):
            yield Finding("上传的残留文件，没有日志条目列出它", f"uploads/{path.name}", "确认无误后可以删除", damage=False)
