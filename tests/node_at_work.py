"""A node's home without a hub that answers, its engine, and the vault's view of what it sealed: every byte is opened as the hub would open it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from scan_tree import ScanTree

from crypto.digest import sha256
from crypto.identity import new_identity, recipient_of
from crypto.locks import KeyFile
from crypto.signing import SigningKey
from holdings.record import decode_record
from node import config as configuration
from node import home as homes
from node import verification
from node.config import NodeConfig
from node.engine import Engine, RunResult
from node.home import Home
from node.service import Service
from sync import delta as deltas
from sync import log, transform
from sync.entry import ClockState, EntryKind, Role, genesis_of, make_genesis
from sync.limits import Limits
from sync.manifest import Item, ItemKind, read_delta, segment_size
from sync.pack import open_segment
from sync.sandbox import Sandbox
from sync.site_class import SiteClass
from sync.token import Token

DELIVERY = "扫描"
FOUNDED = 1_700_000_000


@dataclass
class SetClock:
    """A clock that a test sets."""

    time: float = field(default_factory=time.time)
    kept: ClockState = ClockState.RTC

    def now(self) -> float:
        return self.time

    def state(self) -> ClockState:
        return self.kept


@dataclass(frozen=True)
class Version:
    """One version of a record as the vault reads it; `new_bytes` are source bytes of parts that travel with this delta."""

    code: str
    id: bytes
    version: int
    seq: int
    elements: dict[str, str]
    files: dict[str, bytes]
    new_bytes: int


@dataclass
class NodeAtWork:
    """A finished home whose scan folder the test fills; the hub is only a genesis, and its vault's identity is ours."""

    path: Path
    scans: ScanTree
    sandbox: Sandbox
    vault: bytes
    clock: SetClock = field(default_factory=SetClock)
    _engine: Engine | None = None

    @contextmanager
    def opened(self) -> Iterator[Engine]:
        """The engine over the opened home, orphans swept as at every start."""
        home = homes.open_home(self.path, lambda: "")
        verification.sweep_orphans(home)
        engine = self.engine_over(home)
        try:
            yield engine
        finally:
            engine.tops.close()
            engine.meaning.close()
            home.close()

    def engine_over(self, home: Home) -> Engine:
        """An engine that uses the tests' one sandbox."""
        engine = Engine(home, self.clock)
        engine.sandbox.close()
        engine.sandbox = self.sandbox
        return engine

    def configure(self, **changes: object) -> None:
        """Change node.toml."""
        path = self.path / configuration.FILE
        path.write_text(configuration.render(_changed(configuration.load(self.path), changes)), "utf-8")

    def intake(self, settle: float = 0.0) -> RunResult:
        """Open, take in what is ready, close."""
        with self.opened() as engine:
            return engine.run(settle_s=settle, send=False)

    def findings(self) -> list[tuple[str, str]]:
        """(code, path) of everything that waits for a person."""
        with self.opened() as engine:
            return findings(engine)

    def versions(self) -> list[Version]:
        """Every version in every delta, in the order of the log."""
        with self.opened() as engine:
            return versions(engine.home, self.vault, self.sandbox)

    def current(self) -> dict[str, dict[str, bytes]]:
        """{code: {file name: bytes}} of the newest versions."""
        return {v.code: v.files for v in self.versions()}

    def waive(self, code: str, path_end: str = "") -> None:
        """说明后放行 every waiting finding of that code."""
        with self.opened() as engine:
            service = Service(engine)
            for item in service.quarantine_list()["items"]:
                if item["code"] == code and item["path"].endswith(path_end):
                    service.quarantine_waive(item["id"], "原件如此", "张三")


def _changed(config: NodeConfig, changes: dict[str, object]) -> NodeConfig:
    known = {name: getattr(config, name) for name in NodeConfig.__struct_fields__}
    return NodeConfig(**{**known, **changes})  # type: ignore[arg-type]


def findings(engine: Engine) -> list[tuple[str, str]]:
    """(code, path) of everything that waits for a person, sorted."""
    return sorted((item["code"], item["path"]) for item in Service(engine).quarantine_list()["items"])


def make(folder: Path, sandbox: Sandbox, *, cleared_by: str = "李四", site_class: SiteClass = SiteClass.OPEN, **config: object) -> NodeAtWork:
    """Make a finished home in `folder`/home that watches `folder`/扫描, without any hub answering."""
    scans = folder / DELIVERY
    scans.mkdir()
    key, vault = SigningKey.generate(), new_identity()
    tls = sha256(b"no certificate")
    hub = make_genesis(
        key, role=Role.HUB, name="市级中心", site_class=site_class, recipient=recipient_of(vault), nonce=os.urandom(16), wall=FOUNDED, tls_digests=[tls],
        limits=Limits().to_map(),
    )  # fmt: skip
    token = Token(genesis_of(hub).log_id, tls, os.urandom(16))
    wanted = _changed(NodeConfig("和平区", "https://127.0.0.1:9", (str(scans),), "keyfile", cleared_by, settle_s=0.0), config)
    home = folder / "home"
    secrets, _ = homes.prepare(home, wanted, KeyFile(home / homes.DEFAULT_KEY_FILE), site_class, token, FOUNDED)
    homes.complete(home, secrets, token, [hub.signed], wanted, 0.001)
    return NodeAtWork(home, ScanTree(scans), sandbox, vault)


def versions(home: Home, identity: bytes, sandbox: Sandbox | None = None) -> list[Version]:
    """Open every delta of the home's log with `identity` (the vault's or the node's own) and restore every byte."""
    found = []
    for entry in log.walk(home.database.read(), home.identity.log.log_id):
        if entry.kind is not EntryKind.DELTA:
            continue
        body = read_delta(entry.body)
        name, length = body.manifest
        content = deltas.open_manifest(home.objects.read(name, 0, length), identity)
        fresh = {pack for pack, _ in body.packs}
        found += [_version(home, item, entry.seq, fresh, sandbox) for item in content.items if item.kind is ItemKind.RECORD]
    return found


def _version(home: Home, item: Item, seq: int, fresh: set[bytes], sandbox: Sandbox | None) -> Version:
    said = decode_record(item.body)
    files, new = {}, 0
    for part in item.parts:
        data = b"".join(
            transform.restore(
                open_segment(segment, home.objects.read(segment.pack, segment.offset, segment.length)), part.transform,
                segment_size(part.size, index), sandbox,
            )
            for index, segment in enumerate(part.segments)
        )  # fmt: skip
        assert sha256(data) == part.sha256
        files[part.name] = data
        new += sum(segment_size(part.size, index) for index, segment in enumerate(part.segments) if segment.pack in fresh)
    return Version(said.reference_code, item.id, item.version, seq, dict(said.elements), files, new)
