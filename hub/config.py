"""hub.toml as one frozen, typed object; unknown keys are refused with the nearest known name (DESIGN §7)."""

from __future__ import annotations

import difflib
import tomllib
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from crypto.digest import Sm3Policy
from hub.errors import ConfigurationWrong
from sync import limits

FILE = "hub.toml"
LISTEN = "0.0.0.0:8443"


class SecondFactor(StrEnum):
    """Whose second factor is asked for: the three officers', everybody's, nobody's (who has one is asked for it all the same)."""

    OFFICERS = "officers"
    ALL = "all"
    OFF = "off"


class PeopleConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The people's door, table `[people]`: off unless `listen` is set."""

    listen: str = ""
    """HOST:PORT of the pages; empty: no door."""
    proxy: bool = False
    """True: plain HTTP on loopback behind a proxy that ends TLS and sets X-Real-IP; False: TLS with the hub's certificate."""
    second_factor: SecondFactor = SecondFactor.OFFICERS
    """Who must have one."""
    idle_minutes: int = 15
    """Without a request for so long, a session is over."""
    session_hours: int = 10
    """A session ends then in any case."""
    password_days: int = 90
    """After so many days a password must be changed; 0: never."""
    lock_after: int = 5
    """Failures in a row that bar an account for `lock_minutes`."""
    lock_minutes: int = 15

    def __post_init__(self) -> None:
        """Refuse what would only fail later; ValueError names field and remedy."""
        if self.listen:
            host, _ = split_address(self.listen)
            if self.proxy and host not in ("127.0.0.1", "::1", "localhost"):
                raise ValueError("people.proxy 为 true 时 people.listen 只能是本机地址（127.0.0.1、::1）：TLS 由本机的 nginx 终结")
        if not (1 <= self.idle_minutes <= 240 and 1 <= self.session_hours <= 24 and 0 <= self.password_days <= 3650):
            raise ValueError("people 中 idle_minutes 为 1 至 240，session_hours 为 1 至 24，password_days 为 0 至 3650")
        if not (3 <= self.lock_after <= 20 and 1 <= self.lock_minutes <= 1440):
            raise ValueError("people 中 lock_after 为 3 至 20，lock_minutes 为 1 至 1440")


class HubConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a site sets; sizes in the unit that the name says."""

    name: str
    """The hub's name as its nodes see it."""
    listen: str = LISTEN
    """HOST:PORT of the node port."""
    unlock: str = "passphrase"
    """passphrase | keyfile[:PATH] | credential[:NAME] (crypto.locks)."""
    escrow: str = ""
    """File in the home with one age recipient; a backup then holds every manifest sealed to it as well. Empty: none."""
    sm3: Sm3Policy = Sm3Policy.OFF
    """off | idle | always: whether SM3 must be available here."""
    min_free_gib: float = 2.0
    """Below this much free disk space nothing more is taken in (507)."""
    inflight_mib: int = 256
    """Bytes in flight that one node may have."""
    connections: int = 8
    """Uploads side by side that one node may have."""
    pack_target_mib: int = 8
    """Pack size asked of the nodes."""
    retry_after_s: int = 30
    """After how long a refused node may come again."""
    decoders: int = 2
    """Decoding workers of the vault."""
    people: PeopleConfig = PeopleConfig()
    """The people's door."""

    def __post_init__(self) -> None:
        """Refuse what would only fail later; ValueError names field and remedy."""
        split_address(self.listen)
        if not 1 <= len(self.name.encode()) <= 256:
            raise ValueError("name 须为 1 至 256 字节")
        if self.min_free_gib < 0 or not 1 <= self.connections <= 64 or not 1 <= self.pack_target_mib <= limits.PACK_BYTES // limits.MIB:
            raise ValueError("min_free_gib 不得为负，connections 为 1 至 64，pack_target_mib 为 1 至 32")
        if self.inflight_mib < 2 * self.pack_target_mib or self.retry_after_s < 1 or not 1 <= self.decoders <= 64:
            raise ValueError("inflight_mib 至少为 pack_target_mib 的两倍，retry_after_s 与 decoders 至少为 1")

    def limits(self) -> limits.Limits:
        """What is asked of the nodes (format.md §11.6)."""
        return limits.Limits(
            inflight_bytes=self.inflight_mib * limits.MIB,
            connections=self.connections,
            pack_target_bytes=self.pack_target_mib * limits.MIB,
            retry_after_s=self.retry_after_s,
            free_bytes_min=int(self.min_free_gib * limits.GIB),
        )


def split_address(text: str) -> tuple[str, int]:
    """(host, port) of HOST:PORT or [IPV6]:PORT; ValueError otherwise. Port 0 lets the system choose."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise ValueError(f"监听地址应写作 主机:端口，现为 {text!r}")
    return host.strip("[]"), int(port)


def parse(text: str) -> HubConfig:
    """Read the text of a hub.toml; ConfigurationWrong names the field and the nearest known name."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise ConfigurationWrong(f"{FILE} 无法解读：{fault}") from fault
    _known(raw, HubConfig, "")
    if isinstance(raw.get("people"), dict):
        _known(raw["people"], PeopleConfig, "people.")
    try:
        return msgspec.convert(raw, HubConfig)
    except (msgspec.ValidationError, ValueError) as fault:
        raise ConfigurationWrong(f"{FILE} 有误：{fault}") from fault


def _known(raw: dict[str, object], kind: type[Struct], before: str) -> None:
    known = [f.name for f in fields(kind)]
    for key in raw:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            raise ConfigurationWrong(f"{FILE} 中没有 {before}{key} 这一项" + (f"；是否应为 {before}{near[0]}？" if near else f"；可用：{'、'.join(known)}"))


def load(home: Path) -> HubConfig:
    """Read hub.toml of a home; ConfigurationWrong when there is none or it is wrong."""
    try:
        return parse((home / FILE).read_text("utf-8"))
    except FileNotFoundError as fault:
        raise ConfigurationWrong(f"{home} 不是中心主目录（没有 {FILE}）。请先执行 jindang hub init --home {home}") from fault
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigurationWrong(f"{home / FILE} 读不出：{fault}") from fault


def render(config: HubConfig) -> str:
    """hub.toml with every field that differs from its default."""
    lines = ["# 津档中心配置；各项说明见 docs/operating.md", *_lines(config)]
    if people := _lines(config.people):
        lines += ["", "[people]", *people]
    return "\n".join(lines) + "\n"


def _lines(config: Struct) -> list[str]:
    # A JSON string, number or truth value is a TOML one.
    given = [(field, getattr(config, field.name)) for field in fields(type(config))]
    return [f"{f.name} = {msgspec.json.encode(value).decode()}" for f, value in given if value != f.default and not isinstance(value, Struct)]
