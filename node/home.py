"""A node's home: its key, database, objects and own log, opened together and checked; made once by `init` (format.md §13)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import apsw
from msgspec import Struct

from crypto import keys, selftest
from crypto.digest import require
from crypto.locks import Credential, KeyFile, Lock, Passphrase
from holdings import site_tables
from holdings.site_data import NO_SITE, SiteData
from node import config as configuration
from node import settings
from node.config import NodeConfig
from node.errors import ConfigurationWrong
from node.settings import Setting
from sync import durable, log
from sync import entry as entries
from sync.database import Database, open_database
from sync.entry import Entry, Genesis, Head, Role, genesis_of, make_genesis, parse
from sync.errors import BadEntry, StoreDamaged
from sync.objects import DiskObjects
from sync.site_class import SiteClass
from sync.token import Token

ROOMS = ("sync", "sync:sealed", "holdings", "holdings:journal", "holdings:custody", "node", "node:directive")
KEY, DATABASE, SOCKET, OBJECTS = "key.jdk", "node.db", "node.sock", "objects"
DEFAULT_KEY_FILE = "unlock.key"


class Identity(Struct, frozen=True):
    """Who this node is and whom it talks to."""

    log: Genesis
    hub: Genesis
    tls_digest: bytes


class Home(Struct):
    """An opened home. One process holds it (`durable.HomeLock`)."""

    path: Path
    config: NodeConfig
    secrets: keys.Secrets
    database: Database
    objects: DiskObjects
    identity: Identity
    lock: durable.HomeLock
    site: SiteData = NO_SITE

    def close(self) -> None:
        """Close the database and let other programs in."""
        self.database.close()
        self.lock.release()

    def head(self) -> Head:
        """The last entry of the own log."""
        own = log.find(self.database.read(), self.identity.log.log_id)
        if own is None:
            raise StoreDamaged("数据库中没有本机的日志。请从备份恢复。")
        return own.head


def lock_of(text: str, home: Path, ask: Callable[[], str]) -> Lock:
    """The lock that `unlock` names: passphrase (asked for), keyfile[:PATH], credential[:NAME]; ConfigurationWrong otherwise."""
    kind, _, rest = text.partition(":")
    if kind == "passphrase" and not rest:
        return Passphrase(ask())
    if kind == "keyfile":
        return KeyFile(Path(rest) if rest else home / DEFAULT_KEY_FILE)
    if kind == "credential":
        return Credential(rest or "jindang.unlock")
    raise ConfigurationWrong(f"unlock 应为 passphrase、keyfile[:路径] 或 credential[:名称]，现为 {text!r}")


def open_home(path: Path, ask: Callable[[], str]) -> Home:
    """Unlock and open a home under its lock, after the self-test of the primitives.

    Raises:
        ConfigurationWrong: no home, or a bad node.toml.
        HomeBusy: another process holds it.
        CryptoError: wrong lock, or a primitive that gives wrong results here.
        StoreDamaged: database or log are not whole.
        SiteDataWrong: a file of HOME/site cannot be used.
    """
    config = configuration.load(path)
    require(config.sm3)
    selftest.run(config.sm3)
    held = durable.HomeLock(path)
    try:
        secrets = keys.load(path / KEY, lock_of(config.unlock, path, ask))
        database = open_database(path / DATABASE, secrets.database_key, ROOMS)
        try:
            objects = DiskObjects(path / OBJECTS)
            objects.sweep()
            return Home(path, config, secrets, database, objects, _identity(database), held, site_tables.load(path))
        except BaseException:
            database.close()
            raise
    except BaseException:
        held.release()
        raise


def _identity(database: Database) -> Identity:
    reading = database.read()
    own, hub = (settings.blob(reading, name) for name in (Setting.OWN_LOG, Setting.HUB_ID))
    genesis = [log.since(reading, log_id, 0, 1) for log_id in (own, hub)]
    if not all(genesis):
        raise StoreDamaged(
            "数据库中没有本机或市级中心的创世条目：接入没有完成。请删除主目录后重新执行 jindang node init。"
        )
    return Identity(genesis_of(genesis[0][0]), genesis_of(genesis[1][0]), settings.blob(reading, Setting.TLS_DIGEST))


def prepare(
    path: Path, config: NodeConfig, lock: Lock, site_class: SiteClass, token: Token, wall: int
) -> tuple[keys.Secrets, Entry]:
    """Make the home's folder, key and genesis, durable, before anything is shown to the hub; a repetition takes up what is there.

    A crash after the key file leaves a home without an enrolment: `init` again with the same token goes on with the same key.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if isinstance(lock, KeyFile) and not lock.path.exists():
        durable.write_file(lock.path, os.urandom(32))
    if (path / KEY).exists():
        secrets = keys.load(path / KEY, lock)
    else:
        secrets = keys.generate(keys.Role.NODE)
        keys.create(path / KEY, keys.Role.NODE, secrets, lock)
    database = open_database(path / DATABASE, secrets.database_key, ROOMS)
    try:
        with database.transaction() as connection:
            if own := settings.blob(connection, Setting.OWN_LOG):
                return secrets, log.since(connection, own, 0, 1)[0]
            entry = make_genesis(
                secrets.signing_key(), role=Role.NODE, name=config.name, site_class=site_class, recipient=secrets.recipient(),
                nonce=os.urandom(16), wall=wall, hub_id=token.hub_id,
            )  # fmt: skip
            genesis = genesis_of(entry)
            log.register(connection, genesis, entry)
            settings.write(connection, Setting.OWN_LOG, genesis.log_id)
            settings.write(connection, Setting.TLS_DIGEST, token.tls_digest)
            return secrets, entry
    finally:
        database.close()


def complete(
    path: Path, secrets: keys.Secrets, token: Token, hub_entries: list[bytes], config: NodeConfig, handshake_s: float
) -> Genesis:
    """Believe the hub's log only if it hashes to the token's hub_id, store it, and write node.toml last: a home with it is a finished one.

    Raises:
        BadEntry: what answered is not the hub of the token.
    """
    database = open_database(path / DATABASE, secrets.database_key, ROOMS)
    try:
        with database.transaction() as connection:
            hub = accept_hub_entries(connection, token.hub_id, hub_entries)
            settings.write(connection, Setting.HUB_ID, token.hub_id)
            settings.write_least(connection, Setting.HANDSHAKE_S, handshake_s)
    finally:
        database.close()
    DiskObjects(path / OBJECTS)
    durable.write_file(path / configuration.FILE, configuration.render(config).encode())
    return hub


def accept_hub_entries(connection: apsw.Connection, hub_id: bytes, signed: list[bytes]) -> Genesis:
    """Verify and append entries of the hub's log in order; the hub's genesis.

    Raises:
        BadEntry, Fork: they are not the hub's, or do not follow.
    """
    hub: Genesis | None = None
    known = log.since(connection, hub_id, 0, 1)
    if known:
        hub = genesis_of(known[0])
    for raw in signed:
        item = parse(raw)
        if item.log_id != hub_id:
            raise BadEntry("应答的不是接入码所指的市级中心：日志标识不符。请核对地址，谨防冒充。")
        if hub is None:
            hub = genesis_of(item)
            log.register(connection, hub, item)
            continue
        entries.verify(item, hub.signing_key)
        log.append(connection, item)
    if hub is None:
        raise BadEntry("市级中心没有给出它的日志。请重试或联系中心。")
    return hub
