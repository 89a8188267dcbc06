"""The journal 审计日志: who did what, reading included, as a chain of hashes that no role can change or shorten (format.md §16; GB/T 22239-2019 8.1.4.3).

All SQL about it; callers own the transaction and give time and identity. What anchors the chain (a signed entry of the site's log) is the shell's.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

import apsw
from msgspec import Struct

from crypto import cbor
from crypto.digest import sha256
from holdings.expression import expression
from holdings.harmless_cell import harmless

ROOM: Final = "holdings:journal"
"""What `open_database` is asked for where a database shall hold a journal."""
FIRST: Final = bytes(32)
PORTION: Final = 500
PERSON_MAX, ROLE_MAX, SUBJECT_MAX, NOTE_MAX = 64, 16, 200, 400
"""Characters: an account's name or an address, a role, what it was about, a remark."""
_CONTEXT: Final = b"jindang/1/journal"
_VERB: Final = expression(r"[a-z][a-z0-9-]{0,31}")
_FIELDS: Final = "number, wall, person, role, address, verb, subject, outcome, note, hash"


class Outcome(IntEnum):
    """How an act ended."""

    DONE = 1
    REFUSED = 2
    FAILED = 3


@dataclass(frozen=True, slots=True)
class Deed:
    """What is to be written down: `wall` in whole seconds UTC, `person` an account's name or `local:UID`, `address` where it came from."""

    wall: int
    person: str
    role: str
    address: str
    verb: str
    subject: str = ""
    outcome: Outcome = Outcome.DONE
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse a verb that is none; cut what is longer than its bound."""
        if not _VERB.fullmatch(self.verb):
            raise ValueError(f"{self.verb!r} is no verb of the journal")
        for name, most in (
            ("person", PERSON_MAX),
            ("role", ROLE_MAX),
            ("address", PERSON_MAX),
            ("subject", SUBJECT_MAX),
            ("note", NOTE_MAX),
        ):
            object.__setattr__(self, name, _plain(getattr(self, name), most))


class Act(Struct, frozen=True):
    """A deed as it stands in the journal; `hash` covers it and everything before it."""

    number: int
    deed: Deed
    hash: bytes


class Filter(Struct, frozen=True):
    """Which acts are looked for; empty fields let everything through. `since` and `until` are seconds UTC, `until` not included."""

    person: str = ""
    verb: str = ""
    subject: str = ""
    outcome: Outcome | None = None
    since: int = 0
    until: int = 0


class Fault(Struct, frozen=True):
    """Where the journal is not what it was: the first number concerned, and what is wrong with it."""

    number: int
    what: str


def _plain(text: str, most: int) -> str:
    """One line of what can be shown, cut at `most` characters; what cannot be encoded or shown becomes a question mark."""
    return "".join(
        sign if sign.isprintable() else "?" for sign in text[:most].encode("utf-8", "replace").decode("utf-8")
    )


def hash_of(before: bytes, number: int, deed: Deed) -> bytes:
    """The act_hash of format.md §16."""
    act = [
        1,
        number,
        deed.wall,
        deed.person,
        deed.role,
        deed.address,
        deed.verb,
        deed.subject,
        int(deed.outcome),
        deed.note,
    ]
    return sha256(_CONTEXT + before + cbor.encode(act))


def head(connection: apsw.Connection) -> tuple[int, bytes]:
    """(number, hash) of the last act; (0, zeros) of an empty journal."""
    row = connection.execute("SELECT number, hash FROM journal ORDER BY number DESC LIMIT 1").fetchone()
    return (int(row[0]), bytes(row[1])) if row else (0, FIRST)


def add(connection: apsw.Connection, deed: Deed) -> Act:
    """Append an act; the transaction's commit makes it lasting, and only then may its effect be shown."""
    number, before = head(connection)
    act = Act(number + 1, deed, hash_of(before, number + 1, deed))
    connection.execute(f"INSERT INTO journal({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(act))
    return act


def _row(act: Act) -> tuple[Any, ...]:
    deed = act.deed
    return (
        act.number,
        deed.wall,
        deed.person,
        deed.role,
        deed.address,
        deed.verb,
        deed.subject,
        int(deed.outcome),
        deed.note,
        act.hash,
    )


def _act(row: tuple[Any, ...]) -> Act:
    # Read as it stands, not as `Deed` would cut it: a row that was tampered with must show as it is.
    deed = object.__new__(Deed)
    for name, value in zip(
        ("wall", "person", "role", "address", "verb", "subject", "outcome", "note"), row[1:9], strict=True
    ):
        object.__setattr__(deed, name, Outcome(value) if name == "outcome" else value)
    return Act(row[0], deed, bytes(row[9]))


def find(connection: apsw.Connection, wanted: Filter, *, before: int = 0, limit: int = PORTION) -> list[Act]:
    """The latest acts that pass, newest first, below the number `before` (0: from the end); at most `limit` (≤ 500)."""
    where, values = _where(wanted)
    if before:
        where, values = [*where, "number < ?"], [*values, before]
    clause = f" WHERE {' AND '.join(where)}" if where else ""
    rows = connection.execute(
        f"SELECT {_FIELDS} FROM journal{clause} ORDER BY number DESC LIMIT ?", (*values, min(limit, PORTION))
    )
    return [_act(row) for row in rows]


def walk(
    connection: apsw.Connection, wanted: Filter | None = None, *, after: int = 0, until: int = 1 << 62
) -> Iterator[Act]:
    """All acts that pass, oldest first, in portions: later appends do not wait for the reader."""
    where, values = _where(wanted or Filter())
    clause = " AND ".join([*where, "number > ?", "number <= ?"])
    at = after
    while acts := _portion(connection, f"{clause} ORDER BY number LIMIT ?", (*values, at, until, PORTION)):
        yield from acts
        at = acts[-1].number


def _portion(connection: apsw.Connection, clause: str, values: tuple[Any, ...]) -> list[Act]:
    return [_act(row) for row in connection.execute(f"SELECT {_FIELDS} FROM journal WHERE {clause}", values)]


def _where(wanted: Filter) -> tuple[list[str], list[Any]]:
    where, values = [], []
    for name in ("person", "verb", "subject"):
        if value := getattr(wanted, name):
            where.append(f"{name} = ?")
            values.append(value)
    for clause, value in (("outcome = ?", wanted.outcome), ("wall >= ?", wanted.since), ("wall < ?", wanted.until)):
        if value:
            where.append(clause)
            values.append(int(value))
    return where, values


def verify(connection: apsw.Connection, anchors: Mapping[int, bytes]) -> list[Fault]:
    """Recompute the chain and compare it with the anchors (number → hash); at most one fault of the chain, and each anchor that disagrees.

    An anchor beyond the end tells that the journal was shortened, or restored from an older copy.
    """
    faults: list[Fault] = []
    before, seen = FIRST, dict[int, bytes]()
    for number, act in enumerate(walk(connection), 1):
        if act.number != number:
            faults.append(Fault(number, "缺少审计事项"))
            break
        if hash_of(before, number, act.deed) != act.hash:
            faults.append(Fault(number, "审计事项与哈希不符：被改动过"))
            break
        before = act.hash
        if number in anchors:
            seen[number] = act.hash
    end = head(connection)[0]
    for at, value in sorted(anchors.items()):
        if at > end:
            faults.append(Fault(at, "锚定的事项不在：审计日志被截短，或是从较旧的备份恢复的"))
        elif at in seen and seen[at] != value:
            faults.append(Fault(at, "与日志链中的锚定不符：审计日志被重写过"))
    return faults


HEADINGS: Final = ("序号", "时间（UTC）", "人员", "角色", "来源地址", "行为", "对象", "结果", "说明", "哈希")
_OUTCOMES: Final = {Outcome.DONE: "成功", Outcome.REFUSED: "拒绝", Outcome.FAILED: "失败"}


def sheet(acts: Iterator[Act]) -> Iterator[bytes]:
    """The acts as UTF-8 CSV with a byte-order mark, piece by piece; a value that a spreadsheet would compute is quoted by an apostrophe."""
    yield b"\xef\xbb\xbf" + _line(HEADINGS)
    for act in acts:
        deed = act.deed
        words = (deed.person, deed.role, deed.address, deed.verb, deed.subject, _OUTCOMES[deed.outcome], deed.note)
        yield _line((str(act.number), str(deed.wall), *map(harmless, words), act.hash.hex()))


def _line(values: tuple[str, ...]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(values)
    return out.getvalue().encode()
