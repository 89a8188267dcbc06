"""`node init`: key and genesis first, durable; then the hub's word; node.toml last (DESIGN §4, enrolment)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from node import config as configuration
from node import home as homes
from node.config import NodeConfig
from node.errors import ConfigurationWrong, HubUnreachable
from node.transport import HubLink
from sync import messages, token
from sync.entry import Genesis, genesis_of
from sync.errors import LinkLost
from sync.site_class import SiteClass


def found(
    path: Path, config: NodeConfig, site_class: SiteClass, token_text: str, ask: Callable[[], str], wall: int
) -> tuple[Genesis, Genesis]:
    """Make a home and enrol it; (own genesis, hub's genesis). Repeating it after a crash goes on with the same key.

    Raises:
        ConfigurationWrong: there is a finished home already, or a scan folder is missing.
        HubUnreachable: the hub did not answer; nothing is lost, repeat the command.
        PeerRefused: the token is unknown, used, expired, or bound to another name. WrongPeer, BadEntry: not that hub.
    """
    if (path / configuration.FILE).exists():
        raise ConfigurationWrong(f"{path} 已是节点主目录。如要重建，请先移走它。")
    for watch in config.watch:
        if not Path(watch).is_dir():
            raise ConfigurationWrong(f"扫描文件夹 {watch} 不存在或不是文件夹。请先建立，或改正 --watch。")
        if path.is_relative_to(watch):
            raise ConfigurationWrong(f"主目录 {path} 不能放在扫描文件夹 {watch} 之内。")
    known = token.parse(token_text)
    secrets, genesis = homes.prepare(path, config, homes.lock_of(config.unlock, path, ask), site_class, known, wall)
    link = HubLink(config.address, known.tls_digest)
    try:
        request = messages.EnrolRequest(known.secret, config.name, genesis.signed)
        answer = link.call("POST", messages.ENROL, request.encode())
    except LinkLost as fault:
        raise HubUnreachable(f"{fault} 密钥已建好，网络恢复后重复同一条命令即可。") from fault
    finally:
        link.close()
    hub = homes.complete(path, secrets, known, messages.decode_enrolled(answer.body), config, link.connect_s)
    return genesis_of(genesis), hub
