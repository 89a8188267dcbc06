"""node.toml: one frozen object; what would only fail later is refused at once, with the nearest known name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.digest import Sm3Policy
from node import config
from node.config import NodeConfig
from node.errors import ConfigurationWrong
from sync.transform import Transcode

BASE = 'name = "和平区"\nhub = "https://hub.example:8443"\nwatch = ["/scans/扫描"]\n'


def load(folder: Path, text: str) -> NodeConfig:
    """Read a node.toml of this text."""
    (folder / config.FILE).write_text(text, "utf-8")
    return config.load(folder)


def test_a_minimal_file_has_the_defaults_of_the_documents(tmp_path: Path) -> None:
    """Three fields are enough; the address is taken apart."""
    read = load(tmp_path, BASE)
    assert read == NodeConfig("和平区", "https://hub.example:8443", ("/scans/扫描",))
    assert read.address == ("hub.example", 8443)
    assert (read.settle_s, read.sm3, read.transcode, read.unlock, read.cleared_by) == (2.0, Sm3Policy.OFF, Transcode.AUTO, "passphrase", "")


@pytest.mark.parametrize(("wrong", "near"), [("wach", "watch"), ("settle", "settle_s"), ("Windows", "windows"), ("clearedby", "cleared_by"), ("cap", "cap_mbit")])
def test_an_unknown_key_is_refused_with_the_nearest_name(tmp_path: Path, wrong: str, near: str) -> None:
    """A misspelt key says what it probably should be."""
    with pytest.raises(ConfigurationWrong, match=f"{wrong}.*{near}"):
        load(tmp_path, BASE + f"{wrong} = 1\n")


def test_a_key_near_nothing_lists_what_there_is(tmp_path: Path) -> None:
    """A wholly unknown key is answered with every known one."""
    with pytest.raises(ConfigurationWrong, match=r"qqqq.*可用.*name.*transcode"):
        load(tmp_path, BASE + "qqqq = 1\n")


@pytest.mark.parametrize(
    "line",
    [
        'hub = "http://hub.example:8443"', 'hub = "https://hub.example"', 'hub = "hub.example:8443"', 'hub = "https://hub.example:99999"', "watch = []",
        'watch = ["relative"]', 'watch = ["/a/扫描", "/b/扫描"]', "settle_s = -1", "settle_s = nan", "settle_s = inf", "poll_s = 0", "poll_s = nan",
        "cap_mbit = -0.5", "cap_mbit = inf", 'sm3 = "sometimes"', 'transcode = "maybe"', 'windows = "mon"', "name = 3", 'name = " "',
        'windows = ["someday 20:00-07:00"]',
    ],
)  # fmt: skip
def test_values_out_of_bounds_are_refused(tmp_path: Path, line: str) -> None:
    """A wrong address, folder, number or word is refused when the file is read, not in the night."""
    kept = [old for old in BASE.splitlines() if old.split(" = ")[0] != line.split(" = ", maxsplit=1)[0]]
    with pytest.raises(ConfigurationWrong, match=config.FILE):
        load(tmp_path, "\n".join([*kept, line]) + "\n")


@pytest.mark.parametrize("text", ["name = ", "\xff\xfe", "[node]\nname = 'x'\n"])
def test_a_file_that_is_no_node_toml_is_refused(tmp_path: Path, text: str) -> None:
    """Broken TOML and a foreign table are refused with the file's name."""
    (tmp_path / config.FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigurationWrong, match=config.FILE):
        config.load(tmp_path)


def test_a_folder_without_one_names_the_next_command(tmp_path: Path) -> None:
    """A folder that is no home says how to make one."""
    with pytest.raises(ConfigurationWrong, match="jindang node init"):
        config.load(tmp_path)


def test_the_object_does_not_change() -> None:
    """What was read stays as it was read."""
    made = NodeConfig("和平区", "https://hub.example:8443", ("/scans",))
    with pytest.raises(AttributeError):
        made.name = "河西区"  # type: ignore[misc]


FOLDER_NAME = st.text(st.characters(codec="utf-8", exclude_characters="/\0", exclude_categories=["C"]), min_size=1, max_size=20)


@given(
    name=st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=40).filter(str.strip),
    watch=st.lists(FOLDER_NAME, min_size=1, max_size=3, unique=True),
    settle=st.floats(0, 86400), cap=st.floats(0, 1e6), transcode=st.sampled_from(Transcode), cleared=st.text(max_size=10),
)  # fmt: skip
def test_what_is_written_reads_back(
    tmp_path_factory: pytest.TempPathFactory, name: str, watch: list[str], settle: float, cap: float, transcode: Transcode, cleared: str
) -> None:
    """Every configuration that can be made is rendered to a file that gives the same object."""
    folders = tuple(f"/scans/{w}" for w in watch if w not in {".", ".."}) or ("/scans/x",)
    made = NodeConfig(name, "https://[::1]:1", folders, cleared_by=cleared, settle_s=settle, cap_mbit=cap, transcode=transcode)
    assert load(tmp_path_factory.getbasetemp(), config.render(made)) == made
