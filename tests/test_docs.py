"""What the documents name exists: paths, commands, options, make targets, sections of format.md, glossary terms."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from jindang.cli import main

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/*.md")])
INSTALLED = sorted(path for path in ROOT.glob("deploy/*") if path.suffix in {".service", ".sh", ".toml", ".conf"})
FOLDERS = ("crypto", "sync", "holdings", "node", "hub", "tui", "jindang", "docs", "tests", "deploy", ".ci")
CODE = re.compile(r"```[^\n]*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
ROOMY = "|".join(map(re.escape, FOLDERS))
PATH = re.compile(rf"(?<![\w./<>*-])(?:{ROOMY})/(?!\d)[\w./*-]*|(?<![\w./-])[A-Z]{{4,}}\.md\b")
COMMAND = re.compile(r"(?:^|[\s(])(?:-m |\S*/bin/)?jindang (-*[a-z].*)")
INSTALLED_COMMAND = re.compile(r"(?:/bin/|`)jindang (-*[a-z].*)")
SECTION = re.compile(r"format\.md §(\d+(?:\.\d+)*)")


def spans(document: Path) -> Iterator[str]:
    """Yield the code of a document: fenced lines (continuations joined) and inline spans."""
    for fenced, inline in CODE.findall(document.read_text("utf-8")):
        yield from (fenced.replace("\\\n", " ").split("\n") if fenced else [inline])


def commands(text: str, pattern: re.Pattern[str]) -> Iterator[list[str]]:
    """Yield the words after `jindang` of every command line in one line of code."""
    for part in re.split(r"\s(?:&&|\|\||\||;)\s", text):
        found = pattern.search(part)
        if found:
            line = re.split(r"\s#|[`）。，；]|\s{2,}(?=[^\s-])", found.group(1))[0]
            yield shlex.split(re.sub(r"[<>\[\]…()]", " ", line))


def faults(words: list[str]) -> list[str]:
    """Return what the command line `jindang WORDS` names and the programs do not know."""
    command: click.Command = main
    context = click.Context(main)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        if found is None:
            return [f"no command {words[0]!r}"]
        command, words = found, words[1:]
        context = click.Context(command, parent=context)
    known = {name for option in command.get_params(context) for name in (*option.opts, *option.secondary_opts)}
    return [f"no option {word}" for word in (word.split("=")[0] for word in words)
            if re.fullmatch(r"--[a-z][a-z-]+|-[a-z]", word) and word not in known]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_paths_named_in_a_document_exist(document: Path) -> None:
    """Every link and every path of the checkout that a document names leads to something."""
    text = document.read_text("utf-8")
    lost = [target for target in LINK.findall(text) if not (document.parent / target).exists()]
    for span in spans(document):
        lost += [name for name in PATH.findall(span) if not any(ROOT.glob(name.rstrip("./") or name))]
    assert not lost


@pytest.mark.parametrize("document", [*DOCUMENTS, *INSTALLED], ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_named_in_a_document_exist(document: Path) -> None:
    """Every `jindang ...` line shown, and every option in it, is one that the programs know."""
    if document.suffix == ".md":
        shown = [words for line in spans(document) for words in commands(line, COMMAND)]
    else:
        lines = document.read_text("utf-8").replace("\\\n", " ").split("\n")
        shown = [words for line in lines for words in commands(line, INSTALLED_COMMAND)]
    assert not [f"jindang {' '.join(words)}: {fault}" for words in shown for fault in faults(words)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_targets_named_in_a_document_exist(document: Path) -> None:
    """Every `make x` shown is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    shown = [words for span in spans(document) for words in re.findall(r"\bmake ((?:[a-z]+ ?)+)", span)]
    assert {word for words in shown for word in words.split()} <= targets


def test_sections_of_the_format_exist() -> None:
    """Every `format.md §n` cited in code or documents is a heading of that document."""
    headings = set(re.findall(r"^#+ (\d+(?:\.\d+)*)", (ROOT / "docs" / "format.md").read_text("utf-8"), re.MULTILINE))
    cited = [(path, section) for folder in FOLDERS[:10] for path in (ROOT / folder).glob("**/*.py")
             for section in SECTION.findall(path.read_text("utf-8"))]
    cited += [(path, section) for path in DOCUMENTS for section in SECTION.findall(path.read_text("utf-8"))]
    assert not [f"{path.relative_to(ROOT)}: §{section}" for path, section in cited if section not in headings]


def test_glossary_has_every_term_once() -> None:
    """One English word and one Chinese word for a thing, and no thing twice."""
    table = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.split("\n") if line.startswith("|")]
    rows = [row for row in rows if row[0] != "English" and not set(row[0]) <= set("-: ")]
    assert rows
    assert not [row for row in rows if len(row) != 3 or not row[0] or not row[1]]
    for column in (0, 1):
        words = [row[column].casefold() for row in rows]
        assert not {word for word in words if words.count(word) > 1}


def test_decisions_are_numbered_without_gaps() -> None:
    """Decision records are numbered 0001, 0002 ... and each says context, decision and rejected options."""
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [record.name[:4] for record in records] == [f"{n:04d}" for n in range(1, len(records) + 1)]
    for record in records:
        text = record.read_text("utf-8")
        assert all(f"## {part}" in text for part in ("Context", "Decision", "Rejected")), record.name
