"""A hub's home: its key, two databases, objects and own log, opened together and checked; made once by `init` (format.md §13)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from crypto import keys, selftest
from crypto.digest import require
from crypto.errors import CryptoError
from crypto.locks import Credential, KeyFile, Lock, Passphrase
from holdings import site_tables
from holdings.errors import SiteDataWrong
from holdings.meaning_site import MeaningSite
from holdings.site_data import NO_SITE, SiteData
from hub import certificate
from hub import config as configuration
from hub.clock import Clock, Randomness
from hub.config import HubConfig, split_address
from hub.errors import ConfigurationWrong
from hub.own_log import OwnLog
from sync import durable
from sync import log as logs
from sync.database import Database, open_database
from sync.entry import Genesis, Role, genesis_of, make_genesis
from sync.errors import StoreDamaged
from sync.objects import DiskObjects
from sync.site_class import SiteClass

if TYPE_CHECKING:
    from hub.directives import Directives

KEY, FRONT, HOLDINGS, PEOPLE, SOCKET, OBJECTS, ESCROW = "key.jdk", "front.db", "holdings.db", "people.db", "hub.sock", "objects", "escrow.txt"
FRONT_ROOMS = ("sync", "sync:named", "hub", "hub:directive", "holdings:custody")
HOLDINGS_ROOMS = ("holdings", "hub:vault", "hub:reception")
HELD_MAX = 1_536 << 20
"""Bytes of memory for sketches while somebody asks by meaning: those of 22 million titles; what is beyond is read at each question."""
DEFAULT_KEY_FILE, DEFAULT_CREDENTIAL = "unlock.key", "jindang.unlock"


@dataclass(slots=True)
class Home:
    """An opened home. One process holds it (`durable.HomeLock`)."""

    path: Path
    config: HubConfig
    secrets: keys.Secrets
    front: Database
    holdings: Database
    objects: DiskObjects
    own_log: OwnLog
    tls_chain: bytes
    tls_digest: bytes
    clock: Clock
    random: Randomness
    lock: durable.HomeLock
    site: SiteData = NO_SITE
    meaning: MeaningSite = field(init=False)

    def __post_init__(self) -> None:
        self.meaning = MeaningSite(self.holdings, HELD_MAX)

    def directives(self) -> Directives:
        """What is told to nodes, and what they say of it."""
        from hub.directives import Directives  # a hub that tells nobody anything starts without it

        return Directives(self.front, self.own_log, self.secrets)

    @property
    def genesis(self) -> Genesis:
        """Who this hub is."""
        return self.own_log.genesis

    @property
    def hub_id(self) -> bytes:
        """The hub's log_id."""
        return self.genesis.log_id

    def close(self) -> None:
        """Close the databases and let other programs in."""
        self.meaning.close()
        self.front.close()
        self.holdings.close()
        self.lock.release()


def lock_of(text: str, home: Path, ask: Callable[[], str]) -> Lock:
    """The lock that `unlock` names: passphrase (asked for), keyfile[:PATH], credential[:NAME]; ConfigurationWrong otherwise."""
    kind, _, rest = text.partition(":")
    if kind == "passphrase" and not rest:
        return Passphrase(ask())
    if kind == "keyfile":
        return KeyFile(Path(rest) if rest else home / DEFAULT_KEY_FILE)
    if kind == "credential":
        return Credential(rest or DEFAULT_CREDENTIAL)
    raise ConfigurationWrong(f"unlock 应为 passphrase、keyfile[:路径] 或 credential[:名称]，现为 {text!r}")


class Founding(Struct, frozen=True):
    """What `init` was told beside the configuration: class, certificate and key the operator brought, escrow recipient as text."""

    site_class: SiteClass
    tls: tuple[bytes, bytes] | None = None
    escrow: str = ""


def create(path: Path, config: HubConfig, founding: Founding, lock: Lock, clock: Clock, random: Randomness) -> Genesis:
    """Make a new home; hub.toml comes last, so a folder with it is a finished home.

    Raises:
        ConfigurationWrong: something lies there already. A crash leaves a folder without hub.toml, which has promised nothing: remove it and begin again.
    """
    require(config.sm3)
    selftest.run(config.sm3)
    if (path / configuration.FILE).exists() or (path / KEY).exists():
        raise ConfigurationWrong(f"{path} 已有一个中心（或一次未完成的 init 的残留）。不会覆盖；请另选目录，确认无用后再删除旧目录。")
    try:
        path.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as fault:
        raise ConfigurationWrong(f"无法建立目录 {path}：{fault.strerror}") from fault
    secrets = keys.generate(keys.Role.HUB)
    assert secrets.tls_key is not None
    if founding.tls is None:
        chain = certificate.self_signed(secrets.tls_key, config.name, split_address(config.listen)[0], clock.wall())
    else:
        chain = founding.tls[0]
        secrets = keys.Secrets(secrets.signing_seed, secrets.identity, secrets.database_key, founding.tls[1])
    if isinstance(lock, KeyFile) and not lock.path.exists():
        durable.write_file(lock.path, random(32))
    keys.create(path / KEY, keys.Role.HUB, secrets, lock)
    durable.write_file(path / certificate.FILE, chain)
    if founding.escrow:
        durable.write_file(path / ESCROW, founding.escrow.encode())
    genesis = _found_log(path, config, founding.site_class, secrets, certificate.digest(chain), clock, random)
    open_database(path / HOLDINGS, secrets.database_key, HOLDINGS_ROOMS).close()
    for name in (FRONT, HOLDINGS):
        (path / name).chmod(0o600)
    DiskObjects(path / OBJECTS)
    durable.write_file(path / configuration.FILE, configuration.render(config).encode())
    return genesis


def _found_log(
    path: Path, config: HubConfig, site_class: SiteClass, secrets: keys.Secrets, tls_digest: bytes, clock: Clock, random: Randomness
) -> Genesis:
    entry = make_genesis(
        secrets.signing_key(), role=Role.HUB, name=config.name, site_class=site_class, recipient=secrets.recipient(), nonce=random(16),
        wall=clock.wall(), tls_digests=[tls_digest], limits=config.limits().to_map(),
    )  # fmt: skip
    genesis = genesis_of(entry)
    front = open_database(path / FRONT, None, FRONT_ROOMS)
    try:
        with front.transaction() as connection:
            logs.register(connection, genesis, entry)
    finally:
        front.close()
    return genesis


def unlock(path: Path, config: HubConfig, ask: Callable[[], str]) -> keys.Secrets:
    """Open the key file of a home; ConfigurationWrong names the remedy when the lock is another, or the secret is wrong."""
    try:
        return keys.load(path / KEY, lock_of(config.unlock, path, ask))
    except CryptoError as fault:
        raise ConfigurationWrong(str(fault)) from fault


def open_home(path: Path, ask: Callable[[], str], clock: Clock, random: Randomness) -> Home:
    """Unlock and open a home under its lock, after the self-test of the primitives.

    Raises:
        ConfigurationWrong: no home, a bad hub.toml, a bad file of HOME/site, a wrong lock.
        HomeBusy: another process holds it.
        CryptoError: a primitive gives wrong results here.
        StoreDamaged: databases, log or certificate are not what init made.
    """
    config = configuration.load(path)
    require(config.sm3)
    selftest.run(config.sm3)
    if config.escrow and not (path / config.escrow).is_file():
        raise ConfigurationWrong(f"escrow 所指的 {config.escrow} 不在 {path} 中。请放回 age 公钥文件，或从 {configuration.FILE} 删去 escrow。")
    with ExitStack() as opened:
        held = durable.HomeLock(path)
        opened.callback(held.release)
        secrets = unlock(path, config, ask)
        front = open_database(path / FRONT, None, FRONT_ROOMS)
        opened.callback(front.close)
        holdings = open_database(path / HOLDINGS, secrets.database_key, HOLDINGS_ROOMS)
        opened.callback(holdings.close)
        objects = DiskObjects(path / OBJECTS)
        objects.sweep()
        for leftover in path.glob(".*.tmp*"):
            # Copies of databases that a backup was taking when the process fell.
            leftover.unlink(missing_ok=True)
        genesis = _genesis(front, secrets)
        chain, tls_digest = _certificate(path, genesis)
        own_log = OwnLog(secrets.signing_key(), genesis, clock)
        site = _site(path)
        home = Home(path, config, secrets, front, holdings, objects, own_log, chain, tls_digest, clock, random, held, site)
        opened.pop_all()
        return home


def _site(path: Path) -> SiteData:
    try:
        return site_tables.load(path)
    except SiteDataWrong as fault:
        raise ConfigurationWrong(str(fault)) from fault


def _genesis(front: Database, secrets: keys.Secrets) -> Genesis:
    own = next((log for log in logs.logs(front.read(), Role.HUB) if log.public_key == secrets.signing_key().public), None)
    if own is None:
        raise StoreDamaged("front.db 中没有本中心的创世条目，或 key.jdk 不是这个中心的。请从备份恢复。")
    return genesis_of(logs.since(front.read(), own.log_id, 0, 1)[0])


def _certificate(path: Path, genesis: Genesis) -> tuple[bytes, bytes]:
    try:
        chain = (path / certificate.FILE).read_bytes()
        tls_digest = certificate.digest(chain)
    except (OSError, ValueError) as fault:
        raise StoreDamaged(f"{certificate.FILE} 读不出或不是 PEM 证书。请从备份恢复。") from fault
    if tls_digest not in genesis.tls_digests:
        raise StoreDamaged(f"{certificate.FILE} 不是接入码所指的那张证书，各节点会拒绝连接。请从备份恢复原证书。")
    return chain, tls_digest
