"""What an operator installs is accepted by what it is for: systemd, nginx, Samba, a machine without a network."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from hub.config import HubConfig
from node.config import NodeConfig
from node.walk import IN_PROGRESS

EXPOSURE_MAX = 25  # tenths, as systemd-analyze counts: 2.5
UNITS = ["jindang-node.service", "jindang-hub.service", "jindang-hub-scrub.service"]
FIELDS_MAX = 12  # top-level fields of a configuration file
Finder = Callable[[str], str]


@pytest.mark.parametrize("unit", UNITS)
def test_units_are_sandboxed(unit: str, repository: Path, real_tool: Finder) -> None:
    """systemd counts an exposure of at most 2.5 for each of them."""
    command = [real_tool("systemd-analyze"), "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE_MAX}",
               str(repository / "deploy" / unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-400:] + done.stderr


@pytest.mark.parametrize("unit", UNITS)
def test_units_are_well_formed(unit: str, repository: Path, real_tool: Finder) -> None:
    """systemd finds nothing wrong with a unit but that its program is not installed here."""
    command = [real_tool("systemd-analyze"), "verify", str(repository / "deploy" / unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.split("\n") if unit in line and "is not executable" not in line]
    assert not complaints


def test_the_bundle_brings_what_is_installed(repository: Path) -> None:
    """Every example that the installer puts in its place is among those that the bundle takes along; the deploy folder leaves none behind."""
    taken = re.findall(r'"\$top"/deploy/(\*\.\w+)', (repository / "deploy" / "bundle.sh").read_text("utf-8"))
    brought = {path.name for pattern in taken for path in (repository / "deploy").glob(pattern)}
    named = set(re.findall(r"examples/([\w.-]+)", (repository / "deploy" / "install.sh").read_text("utf-8")))
    assert named
    assert named <= brought
    assert {path.name for path in (repository / "deploy").iterdir() if path.is_file()} - brought == {"bundle.sh", "install.sh"}


def test_units_stop_for_a_person(repository: Path) -> None:
    """A program that found wrong configuration (2) or damage (4) is not started again and again."""
    for unit in (repository / "deploy").glob("*.service"):
        assert "RestartPreventExitStatus=2 4" in unit.read_text("utf-8")


def test_nginx_takes_the_stream_example(repository: Path, tmp_path: Path, real_tool: Finder) -> None:
    """nginx accepts the example, and the example ends no TLS."""
    example = repository / "deploy" / "nginx.conf"
    directives = re.sub(r"#.*", "", example.read_text("utf-8"))
    assert "ssl" not in directives
    nginx = real_tool("nginx")
    module = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
    load = f"load_module {module};\n" if module.exists() else ""
    outer = tmp_path / "outer.conf"
    outer.write_text(f"{load}pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\ninclude {example};\n", "utf-8")
    command = [nginx, "-t", "-p", str(tmp_path), "-c", str(outer)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_samba_takes_the_example(repository: Path, real_tool: Finder) -> None:
    """Samba accepts the example; every station has one account and cannot be seen by another."""
    command = [real_tool("testparm"), "-s", str(repository / "deploy" / "smb.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not re.search(r"unknown parameter|invalid|error", done.stderr, re.IGNORECASE)
    shares = re.split(r"\n(?=\[)", done.stdout)[1:]
    accounts = [re.search(r"valid users = (\S+)", share) for share in shares if not share.startswith("[global]")]
    assert len(accounts) >= 2
    assert len({account[1] for account in accounts if account}) == len(accounts)


@pytest.mark.parametrize(("name", "kind"), [("node.toml", NodeConfig), ("hub.toml", HubConfig)])
def test_configuration_examples_are_what_the_programs_read(name: str, kind: type, repository: Path) -> None:
    """An example is accepted by its program, has at most 12 fields and holds no secret."""
    text = (repository / "deploy" / name).read_text("utf-8")
    fields = tomllib.loads(text)
    assert msgspec.convert(fields, kind)
    assert 0 < len(fields) <= len(kind.__struct_fields__) <= FIELDS_MAX
    assert not re.search(r"AGE-SECRET-KEY|jd1-|pass(?:word|phrase) *=", text)


def test_stations_examples_agree(repository: Path) -> None:
    """Samba shares the folders that the node watches, and the name 加工中 it tells people is the one the node skips."""
    watched = set(tomllib.loads((repository / "deploy" / "node.toml").read_text("utf-8"))["watch"])
    shares = (repository / "deploy" / "smb.conf").read_text("utf-8")
    assert set(re.findall(r"^ +path = (.*)$", shares, re.MULTILINE)) == watched
    assert IN_PROGRESS in shares


def test_libraries_load_where_memory_cannot_become_code(repository: Path) -> None:
    """Every library of the programs loads under MemoryDenyWriteExecute, which the units set."""
    locked = re.findall(r"^([\w.-]+)==", (repository / "requirements.lock").read_text("utf-8"), re.MULTILINE)
    wanted = {re.sub(r"[-_.]+", "-", name).lower() for name in locked}
    modules = sorted({name for name, owners in importlib.metadata.packages_distributions().items()
                      if {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners} & wanted
                      and name.isidentifier() and not name.startswith("_")
                      # Two wheels only carry static files; what they import is not installed.
                      and not {"django-htmx", "django-leaflet"}.intersection(owners)
                      # Some wheels list folders of their own building.
                      and importlib.util.find_spec(name) is not None})
    program = ("import ctypes, importlib, sys\n"
               "libc = ctypes.CDLL(None, use_errno=True)\n"
               "if libc.prctl(65, 1, 0, 0, 0): sys.exit(77)\n"  # PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN
               "for name in sys.argv[1:]: importlib.import_module(name)\n")
    done = subprocess.run([sys.executable, "-c", program, *modules], capture_output=True, text=True, check=False)
    if done.returncode == 77:
        pytest.skip("this kernel is older than 6.3 and has no such switch outside systemd")
    assert done.returncode == 0, done.stderr
    assert {"aiohttp", "apsw", "imagecodecs", "nacl"} <= set(modules)


def test_scripts_are_plain_shell(repository: Path) -> None:
    """The scripts of deploy/ parse as POSIX shell."""
    for script in (repository / "deploy").glob("*.sh"):
        done = subprocess.run(["sh", "-n", str(script)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.timeout(900)
@pytest.mark.skipif(os.environ.get("JINDANG_REQUIRE_REAL") != "1",
                    reason="downloads some 150 MB of wheels; JINDANG_REQUIRE_REAL=1 (.ci/run) asks for it")
def test_bundle_installs_without_a_network(repository: Path, tmp_path: Path, real_tool: Finder) -> None:
    """The bundle misses no needed wheel on either architecture; it installs and runs where there is no network."""
    made = subprocess.run([repository / "deploy" / "bundle.sh", tmp_path / "dist"], capture_output=True, text=True,
                          check=False, env={**os.environ, "PYTHON": sys.executable})
    assert made.returncode == 0, made.stderr
    with tarfile.open(next((tmp_path / "dist").glob("jindang-*.tar.gz"))) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    shutil.rmtree(tmp_path / "dist")  # 700 MB, beside as many unpacked and 1.8 GB installed
    folder = next((tmp_path / "unpacked").iterdir())
    assert "必需" not in (folder / "MISSING").read_text("utf-8")
    bare = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    python = Path(sys.base_prefix) / "bin" / "python3.11"
    command = [real_tool("unshare"), "--net", folder / "install.sh", "--prefix", tmp_path / "opt" / "jindang",
               "--python", python, "--programs-only"]
    for _ in range(2):  # twice: a repetition leaves the folder in use as it is
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=bare)
        assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "opt").glob("jindang-*"))) == 2
    program = [real_tool("unshare"), "--net", tmp_path / "opt" / "jindang" / "bin" / "jindang", "hub", "--help"]
    done = subprocess.run(program, capture_output=True, text=True, check=False, env=bare, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
