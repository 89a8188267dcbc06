"""Settings of node.toml as a person types them: each field judged alone, so that what is wrong stands beside it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crypto.digest import Sm3Policy
from node.config import NodeConfig
from sync.transform import Transcode

EDITABLE: Final = ("watch", "cleared_by", "windows", "cap_mbit", "settle_s", "poll_s", "sm3", "transcode", "virus_scan")
"""What a person may set at the console. Name, hub and lock are made with the home and changed with the service stopped."""
AT_START: Final = frozenset({"watch", "transcode", "sm3", "virus_scan"})
"""What the daemon reads when it starts."""
_CHOICES: Final[dict[str, type[Sm3Policy | Transcode]]] = {"sm3": Sm3Policy, "transcode": Transcode}


def typed(name: str, text: str) -> Any:
    """The value of a field; ValueError says in Chinese what is expected."""
    text = text.strip()
    if name in ("watch", "windows"):
        return tuple(part.strip() for part in text.split(";") if part.strip())
    if name in ("cap_mbit", "settle_s", "poll_s"):
        try:
            return float(text)
        except ValueError as fault:
            raise ValueError(f"“{text}”不是数；请填阿拉伯数字") from fault
    if (kind := _CHOICES.get(name)) is not None:
        try:
            return kind(text)
        except ValueError as fault:
            raise ValueError(f"应为 {'、'.join(one.value for one in kind)} 之一；请改正") from fault
    return text


def _with(config: NodeConfig, changes: Mapping[str, Any]) -> NodeConfig:
    # Not replace(): the checks of the settings are made where one is built.
    return NodeConfig(**{name: changes.get(name, getattr(config, name)) for name in NodeConfig.__struct_fields__})


def judge(config: NodeConfig, values: Mapping[str, str]) -> dict[str, str]:
    """{field: what is wrong with it}; empty when all may stand together."""
    refused: dict[str, str] = {}
    changes: dict[str, Any] = {}
    for name, text in values.items():
        if name not in EDITABLE:
            refused[name] = "此项不能在工作台改；请停止服务后改 node.toml"
            continue
        try:
            changes[name] = typed(name, text)
            _with(config, {name: changes[name]})
        except ValueError as fault:
            refused[name] = str(fault)
    return refused


def applied(config: NodeConfig, values: Mapping[str, str]) -> tuple[NodeConfig, list[str]]:
    """(the settings with these values, the fields that differ); ValueError as `judge` would say."""
    changes = {name: typed(name, text) for name, text in values.items()}
    return _with(config, changes), [name for name, value in changes.items() if value != getattr(config, name)]
