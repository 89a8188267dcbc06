"""How `jindang …` ends as a process: it takes the short way out (jindang/cli.py, `enter`), and nobody who reads it may notice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from node_at_work import NodeAtWork, make

from sync.sandbox import Sandbox

PROGRAM = [sys.executable, "-m", "jindang"]
LONG_WAY = [sys.executable, "-c", "from jindang.cli import main; main(prog_name='python -m jindang')"]
PIPE_HOLDS = 1 << 16
"""Bytes that a pipe of Linux takes before somebody reads."""
ROWS = 1_000
COMMANDS: Mapping[tuple[str, ...], int] = {
    ("--version",): 0, ("--help",): 0, ("node", "--help"): 0, ("node", "catalogue", "import", "--help"): 0,
    ("nothing",): 2, ("node",): 2, ("node", "status"): 2, ("node", "search", "x", "--limit", "many", "--home", "."): 2, ("--nothing",): 2,
    ("node", "status", "--home", "/nowhere/at/all"): 2, ("node", "status", "--json", "--home", "/nowhere/at/all"): 2,
}  # fmt: skip


@pytest.fixture
def surroundings(repository: Path) -> dict[str, str]:
    """The environment of a process that runs the checkout under test, its output buffered as a pipe's is."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {**kept, "PYTHONPATH": str(repository), "PYTHONUTF8": "1"}


@pytest.fixture
def refusing(tmp_path: Path, sandbox: Sandbox) -> list[str]:
    """A command whose answer is larger than a pipe: an import that refuses every row."""
    work: NodeAtWork = make(tmp_path, sandbox)
    file = tmp_path / "目录.csv"
    file.write_text("档号,题名\n" + "".join(f",关于第{n}件的通知\n" for n in range(ROWS)), "utf-8")
    return ["node", "catalogue", "import", str(file), "--dry-run", "--home", str(work.path)]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_process_ends_as_its_command_does(words: tuple[str, ...], surroundings: dict[str, str]) -> None:
    """Exit code, answer and complaint of the process are those of the command without the short way, to the last byte."""
    long, short = (
        subprocess.run([*begun, *words], env=surroundings, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        for begun in (LONG_WAY, PROGRAM)
    )
    assert (short.returncode, short.stdout, short.stderr) == (COMMANDS[words], long.stdout, long.stderr)
    assert short.stdout + short.stderr


def test_a_large_answer_goes_through_a_pipe_whole(refusing: list[str], surroundings: dict[str, str]) -> None:
    """Of what a pipe cannot hold at once nothing is lost, and exit code 1 comes through; the JSON object is the last line."""
    done = subprocess.run([*PROGRAM, *refusing, "--json"], env=surroundings, capture_output=True, text=True, check=False)
    assert len(done.stdout.encode()) > PIPE_HOLDS
    assert done.stdout.endswith("}\n")
    answer = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, len(answer["refusals"])) == (1, ROWS)


@pytest.mark.parametrize("more", [["--json"], []], ids=["json", "prose"])
def test_who_reads_no_further_is_shown_no_trace(refusing: list[str], more: list[str], surroundings: dict[str, str]) -> None:
    """`| head -1`: the reader goes away in the middle of the answer; the command ends, and says nothing of Python."""
    with subprocess.Popen([*PROGRAM, *refusing, *more], env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.read(1)
        running.stdout.close()
        said = running.stderr.read().decode()
    assert running.returncode == 1
    assert "Traceback" not in said
    assert "BrokenPipe" not in said


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
@pytest.mark.parametrize("words", ["--version", "nothing", "node status --home /nowhere/at/all"])
def test_who_listens_to_nothing_gets_the_exit_code(words: str, closed: str, surroundings: dict[str, str]) -> None:
    """Started with its output closed, as some schedulers do, a command ends with its own exit code and no trace."""
    shell = ["sh", "-c", f'"$0" -m jindang {words} {closed}', sys.executable]
    done = subprocess.run(shell, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == (0 if words == "--version" else 2)
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("words", ["--help", "--version", "node status --help"])
def test_a_full_disk_under_the_output_is_said_in_a_line(words: str, surroundings: dict[str, str]) -> None:
    """`> FILE` on a full disk: one line and exit code 3 in place of a trace."""
    done = subprocess.run(["sh", "-c", f'"$0" -m jindang {words} > /dev/full', sys.executable], env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith("错误：结果写不出去")
    assert done.stderr.count("\n") == 1
