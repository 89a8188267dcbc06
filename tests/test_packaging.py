"""One wheel brings all rooms into an environment of its own, and each program loads no more than it needs."""

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOMS = ("crypto", "sync", "holdings", "node", "hub", "tui", "jindang")
PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", re.MULTILINE)


def canonical(name: str) -> str:
    """Return a distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lock: Path) -> dict[str, str]:
    """Return name and version of everything a lock pins."""
    return {canonical(name): version for name, version in PIN.findall(lock.read_text("utf-8"))}


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built from this checkout without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("jindang-*.whl"))


def test_wheel_holds_every_file_of_the_rooms(wheel: Path, repository: Path) -> None:
    """What git tracks in the rooms, data included, is what the wheel brings, and its top level is the rooms alone."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *ROOMS]
    done = subprocess.run(command, cwd=repository, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("no git checkout here: the rule is about tracked files")
    files = {name.decode() for name in done.stdout.split(b"\0") if name and (repository / name.decode()).is_file()}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == files
    assert {name.split("/")[0] for name in packed} == set(ROOMS)


def test_wheel_is_private_and_has_one_program(wheel: Path) -> None:
    """Indexes refuse the wheel, and its one console script is the front door."""
    distribution = next(iter(importlib.metadata.distributions(path=[str(wheel)])))
    assert "Private :: Do Not Upload" in (distribution.metadata.get_all("Classifier") or [])
    scripts = {point.name: point.value for point in distribution.entry_points if point.group == "console_scripts"}
    assert scripts == {"jindang": "jindang.entrance:enter"}


def test_no_other_distribution_brings_a_room() -> None:
    """Even on a disk that does not tell upper from lower case, each room's name belongs to jindang alone."""
    owners: dict[str, set[str]] = {}
    for name, distributions in importlib.metadata.packages_distributions().items():
        owners.setdefault(name.lower(), set()).update(canonical(owner) for owner in distributions)
    for room in ROOMS:
        assert owners.get(room, set()) <= {"jindang"}, f"{room} is also brought by {owners[room]}"


@pytest.mark.parametrize(("word", "never"), [
    ("hub", {"textual", "watchdog", "node", "tui"}),
    ("node", {"textual", "hub", "tui"}),
    ("demo", {"textual", "watchdog", "node", "hub", "tui", "sync", "holdings", "crypto"}),
    (None, {"textual", "watchdog", "aiohttp", "node", "hub", "tui", "sync", "holdings", "crypto"}),
])
def test_a_word_loads_its_room_alone(word: str | None, never: set[str], repository: Path) -> None:
    """The front door imports what the first word asks for, and nothing of the other programs."""
    program = ("import json, sys; from jindang.cli import main; word = json.loads(sys.argv[1]); "
               "word and main.get_command(None, word); "
               "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))")
    done = subprocess.run([sys.executable, "-c", program, json.dumps(word)], cwd=repository, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not never & set(json.loads(done.stdout))


def test_locks_carry_hashes_and_no_address(repository: Path) -> None:
    """Both locks pin everything by hash, agree with each other, and do not say where from."""
    programs, tools = repository / "requirements.lock", repository / "tests" / "requirements.lock"
    for lock in (programs, tools):
        text = lock.read_text("utf-8")
        blocks = [block for block in re.split(r"\n(?=\S)", text) if "==" in block]
        assert blocks
        assert not [block.split("\n")[0] for block in blocks if "--hash=sha256:" not in block]
        assert not re.search(r"://|^\s*-(?!-hash)", text, re.MULTILINE)
    assert pins(programs).items() <= pins(tools).items()
    assert "pycryptodome" not in pins(tools), "it ships a folder Crypto"


def test_locks_hold_what_the_project_asks_for(repository: Path) -> None:
    """Every dependency that pyproject.toml names is pinned, those of the programs in the programs' lock."""
    project = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))["project"]

    def names(requirements: list[str]) -> set[str]:
        return {canonical(re.match(r"[\w.-]+", requirement)[0]) for requirement in requirements}

    assert names(project["dependencies"]) <= pins(repository / "requirements.lock").keys()
    assert names(project["optional-dependencies"]["dev"]) <= pins(repository / "tests" / "requirements.lock").keys()
