"""HOME/site: an archive's own tables are read at the start, tried, used, and copied by a backup."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from node_at_work import NodeAtWork, make

from holdings import site_tables
from holdings.errors import SiteDataWrong
from holdings.site_data import NO_SITE, SiteData, received
from jindang.cli import main
from sync.sandbox import Sandbox


@pytest.fixture
def work(tmp_path: Path, sandbox: Sandbox) -> NodeAtWork:
    """A node without a hub that answers."""
    return make(tmp_path, sandbox)


def lay(home: Path, **files: str) -> None:
    """Write files into HOME/site; `_` in a name stands for `-`."""
    folder = home / "site"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name.replace('_', '-')}.toml").write_text(text, "utf-8")


def test_a_home_without_the_folder_has_the_shipped_tables(work: NodeAtWork) -> None:
    """Most sites change nothing."""
    with work.opened() as engine:
        assert engine.home.site is NO_SITE


def test_a_site_s_tables_are_used(work: NodeAtWork, tmp_path: Path) -> None:
    """Columns and districts of the site's own are understood by the import, which reads in the sandbox."""
    lay(work.path, fonds='[columns]\ncode = ["大全宗"]\n', districts='[[division]]\ncode = "TEDA"\nname = "开发区"\n')
    sheet = tmp_path / "名册.csv"
    sheet.write_text("大全宗,全宗名称,行政区划\nK021,管委会,开发区\n", "utf-8")
    result = CliRunner().invoke(main, ["node", "fonds", "import", str(sheet), "--json", "--home", str(work.path)])
    assert result.exit_code == 0, result.output
    shown = CliRunner().invoke(main, ["node", "fonds", "show", "K021", "--home", str(work.path)])
    assert "TEDA" in shown.stdout


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("metadata", "earliest_year = '早'", "earliest_year"),
        ("category_本馆", "[category.x]\nname = 3", "category-本馆.toml"),
        ("metdata", "", "metadata.toml"),
        ("别的", "", "可用"),
    ],
)
def test_a_mistake_stops_the_start(work: NodeAtWork, name: str, text: str, told: str) -> None:
    """A file that cannot be used, or whose kind nobody knows, stops every command with exit code 2 and its name; the home stays free."""
    lay(work.path, **{name: text})
    result = CliRunner().invoke(main, ["node", "status", "--home", str(work.path)])
    assert result.exit_code == 2
    assert told in result.output
    (work.path / "site" / f"{name.replace('_', '-')}.toml").unlink()
    assert CliRunner().invoke(main, ["node", "status", "--home", str(work.path)]).exit_code == 0


def test_a_backup_has_the_site_s_tables(work: NodeAtWork, tmp_path: Path) -> None:
    """A backup holds the files that the home has, and none that it had."""
    lay(work.path, metadata="earliest_year = 1600", districts="")
    target = tmp_path / "备份"
    assert CliRunner().invoke(main, ["node", "backup", str(target), "--home", str(work.path)]).exit_code == 0
    assert sorted(path.name for path in (target / "site").iterdir()) == ["districts.toml", "metadata.toml"]
    (work.path / "site" / "districts.toml").unlink()
    CliRunner().invoke(main, ["node", "backup", str(target), "--home", str(work.path)])
    assert [path.name for path in (target / "site").iterdir()] == ["metadata.toml"]
    assert (target / "site" / "metadata.toml").read_text("utf-8") == "earliest_year = 1600"


def test_files_travel_to_the_sandbox() -> None:
    """What is sent is what is received, of the kinds that are asked for."""
    site = SiteData((("fonds.toml", "[columns]"), ("fonds-二.toml", "# 注"), ("metadata.toml", "")))
    assert received(site.only("fonds", "districts")) == SiteData(site.files[:2])
    assert received(NO_SITE.only("fonds")) == NO_SITE


def test_a_folder_is_tried_as_a_whole(tmp_path: Path) -> None:
    """Loading tries each kind; nothing of a folder with a mistake is used."""
    assert site_tables.load(tmp_path) is NO_SITE
    lay(tmp_path, metadata="earliest_year = 1600")
    assert [name for name, _ in site_tables.load(tmp_path).files] == ["metadata.toml"]
    lay(tmp_path, districts="[[division]]\ncode = '1'\nname = '某'")
    with pytest.raises(SiteDataWrong, match=r"districts\.toml"):
        site_tables.load(tmp_path)


@pytest.mark.parametrize("kind", [kind for kind, reader in site_tables._READERS.items() if reader])
def test_every_kind_is_tried(tmp_path: Path, kind: str) -> None:
    """A key that no table has is found in every kind of file, and told with the file's name."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / f"{kind}.toml").write_text("[没有这一项]\n没有 = 1", "utf-8")
    with pytest.raises(SiteDataWrong, match=rf"{kind}\.toml"):
        site_tables.load(tmp_path)
