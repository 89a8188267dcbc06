"""`hub scrub` 定期巡检: every stored object is read from the device and compared with its name, a portion at a time, round after round. All SQL about rounds.

A bad object may be mended from a backup: it is put in its place only when its digest is right.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import apsw
from msgspec import Struct

from hub.home import OBJECTS, Home
from sync import durable, named
from sync.errors import StoreError, SyncError

BATCH: Final = 200
"""Objects between two marks of how far the round is: at most so many are read again after a crash."""
FINDINGS_MAX: Final = 1_000
REMEDY: Final = "保留现场；用 jindang hub scrub --from 备份目录 补回，或从备份恢复"


class Round(Struct, frozen=True):
    """A round: when it began and ended (seconds UTC, None: under way), what was read, how many objects were not whole."""

    number: int
    began: int
    finished: int | None
    at: bytes
    objects: int
    bytes: int
    bad: int


def latest(connection: apsw.Connection) -> Round | None:
    """The round under way, else the last one."""
    row = connection.execute(
        "SELECT number, began, finished, at, objects, bytes, bad FROM scrub_round ORDER BY number DESC LIMIT 1"
    ).fetchone()
    return Round(*row) if row else None


def scrub(
    home: Home, bytes_most: int, mend_from: Path | None = None, stop: Callable[[], bool] = lambda: False
) -> dict[str, Any]:
    """Go on with the round under way, or begin the next, for at most so many bytes (0: to its end)."""
    round_ = latest(home.front.read())
    if round_ is None or round_.finished is not None:
        with home.front.transaction() as connection:
            connection.execute(
                "INSERT INTO scrub_round(began, at, objects, bytes, bad) VALUES (?, x'', 0, 0, 0)", (home.clock.wall(),)
            )
        round_ = latest(home.front.read())
    assert round_ is not None
    after, findings, read, objects, bad, mended = round_.at, list[dict[str, str]](), 0, 0, 0, 0
    finished = False
    while not stop():
        batch = named.stored_after(home.front.read(), after, BATCH)
        if not batch:
            finished = True
            break
        for name, length in batch:
            trouble = examine(home, name, length)
            if trouble and mend_from is not None and mend(home, mend_from, name):
                trouble, mended = "", mended + 1
            if trouble:
                bad += 1
                if len(findings) < FINDINGS_MAX:
                    findings.append({"what": trouble, "where": f"对象 {name.hex()}", "remedy": REMEDY})
            read, objects = read + length, objects + 1
        after = batch[-1][0]
        if bytes_most and read >= bytes_most:
            break
        _mark(home, round_, after, objects, read, bad, None)
    _mark(home, round_, after, objects, read, bad, home.clock.wall() if finished else None)
    if bad:
        with home.front.transaction() as connection:
            home.own_log.alarm(
                connection,
                "objects-damaged",
                f"scrub/{round_.number}",
                f"定期巡检第 {round_.number} 轮发现 {round_.bad + bad} 个损坏的对象",
            )
    return {
        "ok": not findings, "findings": findings, "round": round_.number, "finished": finished, "objects": objects, "bytes": read, "bad": bad,
        "mended": mended, "objects_in_round": round_.objects + objects,
    }  # fmt: skip


def _mark(home: Home, round_: Round, after: bytes, objects: int, read: int, bad: int, finished: int | None) -> None:
    with home.front.transaction() as connection:
        connection.execute(
            "UPDATE scrub_round SET at = ?, objects = ?, bytes = ?, bad = ?, finished = ? WHERE number = ?",
            (after, round_.objects + objects, round_.bytes + read, round_.bad + bad, finished, round_.number),
        )


def examine(home: Home, name: bytes, length: int) -> str:
    """What is wrong with an object, read from the device; blank: nothing."""
    if not home.objects.has(name):
        return "对象不在了"
    try:
        if home.objects.length(name) != length:
            return f"对象长度不对：应为 {length} 字节"
        return "" if home.objects.digest(name) == name else "对象的内容与名称不符"
    except SyncError as fault:
        return str(fault)


def mend(home: Home, backup: Path, name: bytes) -> bool:
    """Put an object of a backup in the place of a bad one, when it is whole there; was it?"""
    text = name.hex()
    kept = backup / OBJECTS / text[:2] / text
    try:
        if durable.digest_on_device(kept) != name:
            return False
        with open(kept, "rb") as file:
            pieces = iter(lambda: file.read(1 << 20), b"")
            # Written beside and renamed over: a crash leaves the bad one or the good one.
            durable.write_pieces(home.path / OBJECTS / text[:2] / text, pieces)
    except (OSError, StoreError):
        return False
    with contextlib.suppress(SyncError):
        return home.objects.digest(name) == name
    return False
