"""hub.toml: what is taken, what is refused, and what the refusal says."""

import pytest

from hub.config import HubConfig, parse, render, split_address
from hub.errors import ConfigurationWrong


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('name = "市"\nlisten_to = "x:1"', "listen"),
        ('name = "市"\nescrw = "x"', "escrow"),
        ('name = "市"\nsm3 = "perhaps"', "sm3"),
        ('name = "市"\nlisten = "nowhere"', "监听地址"),
        ('name = "市"\nlisten = "h:70000"', "监听地址"),
        ('name = "市"\nconnections = 0', "connections"),
        ('name = "市"\nconnections = "many"', "connections"),
        ('name = "市"\npack_target_mib = 33', "pack_target_mib"),
        ('name = "市"\ninflight_mib = 4', "inflight_mib"),
        ('name = ""', "name"),
        ("name = ", "无法解读"),
        ('listen = "h:1"', "name"),
    ],
)
def test_wrong_settings_are_refused_by_name(text: str, said: str) -> None:
    """A wrong value, a wrong type, an unknown key: each is refused with the name of the field, an unknown one with the nearest known."""
    with pytest.raises(ConfigurationWrong, match=said):
        parse(text)


@pytest.mark.parametrize(
    "config",
    [HubConfig("市级中心"), HubConfig("a\"b\\c", listen="[::1]:9", unlock="keyfile:/x", min_free_gib=0.5, connections=3)],
)
def test_rendered_settings_are_read_back(config: HubConfig) -> None:
    """What `init` writes, `run` reads."""
    assert parse(render(config)) == config


def test_there_are_no_more_than_twelve_settings() -> None:
    """DESIGN §7: at most twelve top-level fields."""
    assert len(HubConfig.__struct_fields__) <= 12


def test_an_address_with_brackets_is_ipv6() -> None:
    """`[::1]:8443` names host ::1."""
    assert split_address("[::1]:8443") == ("::1", 8443)
