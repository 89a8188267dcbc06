"""node.toml as one frozen, typed object; unknown keys are refused with the nearest known name (DESIGN §7)."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from crypto.digest import Sm3Policy
from node import schedule
from node.errors import ConfigurationWrong
from sync.transform import Transcode

FILE = "node.toml"
DAY_S, CAP_MBIT_MAX = 86_400, 1_000_000
WINDOWS = ("mon-sun 20:00-07:00", "mon-sun 12:00-13:30")


class NodeConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a site sets; times in seconds, rates in Mbit/s."""

    name: str
    """The node's name as the hub enrolled it."""
    hub: str
    """https://HOST:PORT of the hub's node port."""
    watch: tuple[str, ...]
    """Scan folders; their base names differ."""
    unlock: str = "passphrase"
    """passphrase | keyfile[:PATH] | credential[:NAME] (crypto.locks)."""
    cleared_by: str = ""
    """The person in whose name deliveries count as cleared; empty: every delivery waits for `node clear`."""
    windows: tuple[str, ...] = WINDOWS
    """Sync windows, `mon-fri 20:00-07:00`; `work` and `free` are the working and the free days of the calendar. A window may pass midnight."""
    cap_mbit: float = 0.0
    """Upload rate at most, 0 = no cap."""
    settle_s: float = 2.0
    """Two equal looks at least this far apart make a file settled; its last change lies five times as far back."""
    poll_s: float = 30.0
    """Seconds between two walks where events cannot be had (network shares)."""
    sm3: Sm3Policy = Sm3Policy.OFF
    """off | idle | always: SM3 digests beside SHA-256."""
    transcode: Transcode = Transcode.AUTO
    """auto | always | never: JPEG pages travel as JPEG XL."""
    virus_scan: str = ""
    """clamd: unix:/run/clamav/clamd.ctl or tcp:host:port; empty: viruses are 未能检测."""

    def __post_init__(self) -> None:
        """Refuse what would only fail later; ValueError names field and remedy."""
        url = urlsplit(self.hub)
        if url.scheme != "https" or not url.hostname or not url.port:
            raise ValueError(f"hub 应写作 https://主机:端口，现为 {self.hub!r}")
        names = [Path(w).name for w in self.watch]
        if not self.watch or len(set(names)) != len(names) or not all(Path(w).is_absolute() for w in self.watch):
            raise ValueError("watch 至少一个绝对路径，且各文件夹名不得相同")
        if not (0 <= self.settle_s <= DAY_S and 0 < self.poll_s <= DAY_S and 0 <= self.cap_mbit <= CAP_MBIT_MAX):
            raise ValueError("settle_s、poll_s 为 0 至 86400（poll_s 大于 0），cap_mbit 为 0 至 1000000")
        if not 1 <= len(self.name.strip().encode()) <= 256:
            raise ValueError("name 须为 1 至 256 字节")
        try:
            for window in self.windows:
                schedule.parse(window)
        except ConfigurationWrong as fault:
            raise ValueError(str(fault)) from fault

    @property
    def address(self) -> tuple[str, int]:
        """(host, port) of the hub."""
        url = urlsplit(self.hub)
        assert url.hostname is not None and url.port is not None
        return url.hostname, url.port


def load(home: Path) -> NodeConfig:
    """Read node.toml; ConfigurationWrong names the field and the nearest known name."""
    path = home / FILE
    try:
        return parse(path.read_text("utf-8"))
    except FileNotFoundError as fault:
        raise ConfigurationWrong(
            f"{home} 不是节点主目录（没有 {FILE}）。请先执行 jindang node init --home {home} …"
        ) from fault
    except UnicodeDecodeError as fault:
        raise ConfigurationWrong(f"{FILE} 无法解读：{fault}") from fault


def parse(text: str) -> NodeConfig:
    """The text of a node.toml; ConfigurationWrong as `load`."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise ConfigurationWrong(f"{FILE} 无法解读：{fault}") from fault
    known = [f.name for f in fields(NodeConfig)]
    for key in raw:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            raise ConfigurationWrong(
                f"{FILE} 中没有 {key} 这一项" + (f"；是否应为 {near[0]}？" if near else f"；可用：{'、'.join(known)}")
            )
    try:
        return msgspec.convert(raw, NodeConfig)
    except (msgspec.ValidationError, ValueError) as fault:
        raise ConfigurationWrong(f"{FILE} 有误：{fault}") from fault


def render(config: NodeConfig) -> str:
    """node.toml with every field that differs from its default."""
    lines = ["# 津档节点配置；各项说明见 docs/operating.md"]
    for field in fields(NodeConfig):
        value = getattr(config, field.name)
        if value != field.default:
            lines.append(f"{field.name} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    if isinstance(value, float):
        return repr(value)
    # A JSON string is a TOML basic string, but for DEL, which TOML wants escaped.
    return msgspec.json.encode(str(value)).decode().replace("\x7f", "\\u007f")
