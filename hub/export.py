"""`hub export --as files`: `<档号>/<file name as it came>` and manifest-sha256.txt, written by the caller's process, never overwriting (DESIGN §7)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TextIO

from msgspec import Struct, field

from holdings.export_path import export_paths
from holdings.reference_code import ReferenceCode, parse
from hub.desk import Desk
from hub.errors import ConfigurationWrong, DamageFound, HubError
from sync import durable
from sync.errors import StoreError

SUMS = "manifest-sha256.txt"
PIECE = 1 << 20
WRITERS = 4
"""Files of a record written side by side: each waits for the disk, and waiting together costs once."""


class Exported(Struct):
    """What an export did: records, files, bytes; `kept` files were there already, equal; `problems` need a person.

    `unopened_deltas`: so many were received and not opened when it began; what they bring of records and versions may be missing.
    """

    records: int = 0
    files: int = 0
    bytes: int = 0
    kept: int = 0
    unopened_deltas: int = 0
    problems: list[str] = field(default_factory=list)
    damage: bool = False


def export(desk: Desk, destination: Path, ref: str | None = None, progress: Callable[[Exported], None] = lambda _: None) -> Exported:
    """Write every record's current version, or that of `ref`; may be repeated after an interruption and goes on where it stopped.

    Raises:
        ConfigurationWrong: the destination cannot be made.
        HubError: no such record, or the hub ended.
    """
    try:
        destination.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise ConfigurationWrong(f"无法建立目录 {destination}：{fault.strerror}") from fault
    done = Exported(unopened_deltas=desk.call("status")["unopened_deltas"])
    partial = destination / f".{SUMS}.part"
    with open(partial, "w", encoding="utf-8") as sums, ThreadPoolExecutor(WRITERS, "export") as pool:
        after: int | None = 0
        while after is not None:
            page = desk.call("listed", ref=ref, after=after)
            for record in page["records"]:
                _record(desk, destination, record, done, sums, pool)
                progress(done)
            after = page["next"]
        if ref is not None:
            _keep_old_sums(destination / SUMS, partial, sums)
    durable.write_pieces(destination / SUMS, _pieces(partial))
    partial.unlink()
    return done


def folder_of(record: dict[str, Any]) -> str:
    """Where a record goes: its 档号, below its writer's name when another one bears the same; by its id when the code is no plain folder name."""
    code = record["code"]
    plain = isinstance(parse(code), ReferenceCode) and len(code.encode()) <= 255
    folder = code if plain else f"id-{record['id']}"
    return f"{record['writer']}/{folder}" if record["shared"] else folder


def _record(desk: Desk, destination: Path, record: dict[str, Any], done: Exported, sums: TextIO, pool: Executor) -> None:
    folder = folder_of(record)
    complete = True
    files = [file for file in record["files"] if not file["destroyed"]]
    paths = export_paths([file["name"] for file in files])
    writing = [
        pool.submit(_file, desk, destination / folder / path, record, file) for file, path in zip(files, paths, strict=True)
    ]
    for file, path, written in zip(files, paths, writing, strict=True):
        name = f"{folder}/{path}"
        try:
            kept = written.result()
        except HubError as fault:
            if not isinstance(fault, DamageFound | _Occupied):
                raise
            done.problems.append(f"{name}：{fault}")
            done.damage |= isinstance(fault, DamageFound)
            complete = False
            continue
        except (OSError, StoreError) as fault:
            done.problems.append(f"{name}：写不出（{fault}）")
            complete = False
            continue
        done.kept += kept
        done.files += 1
        done.bytes += file["bytes"]
        sums.write(f"{file['sha256']}  {name}\n")
    done.records += complete


class _Occupied(HubError):
    """Another file lies where this one belongs."""


def _file(desk: Desk, path: Path, record: dict[str, Any], file: dict[str, Any]) -> bool:
    """Write one file whole or not at all; True when an equal one was there."""
    if os.path.lexists(path):
        if path.is_file() and not path.is_symlink() and path.stat().st_size == file["bytes"] and _sha256(path) == file["sha256"]:
            return True
        raise _Occupied("目标处已有内容不同的文件，没有覆盖")
    path.parent.mkdir(parents=True, exist_ok=True)
    durable.write_pieces(path, _checked(desk, record, file))
    path.chmod(0o644)
    return False


def _checked(desk: Desk, record: dict[str, Any], file: dict[str, Any]) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for piece in desk.stream("file", ref=f"id:{record['id']}", position=file["position"]) if file["bytes"] else ():
        digest.update(piece)
        yield piece
    if digest.hexdigest() != file["sha256"]:
        raise DamageFound("取出的内容与摘要不符，没有写出")


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pieces(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _keep_old_sums(old: Path, partial: Path, sums: TextIO) -> None:
    """A single record joins an earlier export: the lines of all other files stay."""
    sums.flush()
    fresh = {line[66:] for line in partial.read_text("utf-8").splitlines()}
    if old.exists():
        with open(old, encoding="utf-8") as lines:
            sums.writelines(line for line in lines if line.rstrip("\n")[66:] not in fresh)
