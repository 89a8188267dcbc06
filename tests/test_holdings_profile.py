"""Intake profiles: read from TOML, refused with the nearest name, kept, and found by delivery."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdings import profile_store
from holdings.errors import NotFound, ProfileRefused
from holdings.profile import PLAIN, IntakeProfile, read_profile, render, stored
from sync.database import Database, open_database

REFUSED = {
    'nam = "甲"': "是否应为 name",
    'name = "甲"\n[layout]\nkimd = "files"': "layout.kimd",
    'name = "甲"\n[layout]\nkind = "file"': "有误",
    'name = "甲"\n[layout]\nkind = "files"\ncode = "{fonds}-{item}"': "fonds",
    'name = "甲"\n[layout]\npath = "{code"': "模板",
    'name = "甲"\n[pages]\nextra = 99': "extra",
    'name = "甲"\n[ready]\nwhen = "quiet"\nquiet_h = 0': "quiet_h",
    'name = "甲"\n[representations]\nsend = ["照片"]': "有误",
    'name = ""': "name",
    "name = 甲": "TOML",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_slip_of_the_pen_is_refused_by_name(text: str) -> None:
    """Unknown keys, impossible values and templates are refused, and the message says which."""
    with pytest.raises(ProfileRefused, match=REFUSED[text]):
        read_profile(text)


def test_a_profile_survives_its_store() -> None:
    """What is rendered reads back equal, and equal profiles render equal."""
    text = 'name = "甲"\n[layout]\nkind = "volumes"\nvalues = {"办公室" = "BGS"}\n[pages]\ncover = false\n[ready]\nwhen = "marker"\nmarkers = ["扫完"]'
    profile = read_profile(text)
    assert stored(render(profile)) == profile
    assert render(read_profile(text)) == render(profile)


def test_the_examples_that_ship_are_good(repository: Path) -> None:
    """Every example profile in deploy/ is accepted and reads folders by a layout of its own."""
    examples = sorted((repository / "deploy" / "profiles").glob("*.toml"))
    assert len(examples) >= 5
    assert all(read_profile(path.read_text("utf-8")).gathers for path in examples)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """A fresh database."""
    return open_database(tmp_path / "a.db", bytes(32), ("holdings",))


def test_a_delivery_has_its_own_profile_or_that_above_it(database: Database) -> None:
    """The nearest assignment holds; none is the plain profile; taking one away uncovers what lies above."""
    with database.transaction() as connection:
        for name in ("甲", "乙"):
            profile_store.put(connection, IntakeProfile(name), 1)
        profile_store.assign(connection, "扫描", "甲", 1)
        profile_store.assign(connection, "扫描/第03批", "乙", 1)
    found = profile_store.assigned(database.read())
    assert [found.of(d).name for d in ("扫描/第03批/目录", "扫描/第04批", "扫描", "别处")] == ["乙", "甲", "甲", PLAIN.name]
    with database.transaction() as connection:
        profile_store.assign(connection, "扫描/第03批", "", 2)
    assert profile_store.assigned(database.read()).of("扫描/第03批").name == "甲"


def test_unknown_profiles_are_named_beside_the_known(database: Database) -> None:
    """An assignment to a profile that is not there says which are; keeping the same profile again changes nothing."""
    with database.transaction() as connection:
        assert profile_store.put(connection, IntakeProfile("甲"), 1)
        assert not profile_store.put(connection, IntakeProfile("甲"), 2)
        with pytest.raises(NotFound, match="甲"):
            profile_store.assign(connection, "扫描", "丙", 1)
