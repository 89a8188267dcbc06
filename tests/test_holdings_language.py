"""The words of pages and screens in Chinese and English (holdings/language.py)."""

import ast
import io
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from holdings.language import Language, Words, _compiled, mark, words

KEYWORDS = {"_": None, "mark": None, "number": None}
CHINESE = re.compile(r"[\u3400-\u9fff]")
HEAD = b'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"\n'
PO = HEAD + """
msgid "馆藏"
msgstr "Holdings"

msgid "{name} 未联络"
msgstr "{name} is silent"

msgid "{n} 件"
msgid_plural "{n} 件"
msgstr[0] "{n} record"
msgstr[1] "{n} records"
""".encode()
ROOMS = ("hub", "tui")


def said(repository: Path, room: str) -> Iterator[tuple[str, str]]:
    """(where, text) of every Chinese text that a room marks for translation, in Python and in templates."""
    for path in sorted((repository / room).rglob("*")):
        method = {".py": "python", ".html": "jinja2", ".svg": "jinja2"}.get(path.suffix)
        if method is None or not path.is_file():
            continue
        options = {"encoding": "utf-8", "silent": "false", "trimmed": "true"}
        with path.open("rb") as file:
            for line, found, *_ in extract(method, file, KEYWORDS, options=options):
                text = found if isinstance(found, str) else found[0]
                if text and CHINESE.search(text):
                    yield f"{path.relative_to(repository)}:{line}", text


def english(repository: Path, room: str) -> Catalog:
    """The English catalogue of a room, empty when it has none."""
    path = repository / room / "locale" / "en" / "LC_MESSAGES" / f"{room}.po"
    return read_po(io.BytesIO(path.read_bytes() if path.exists() else HEAD), locale="en", abort_invalid=True)


def names(text: str) -> set[str]:
    """The names in braces of a text."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("room", ROOMS)
def test_every_text_has_its_english(repository: Path, room: str) -> None:
    """No marked Chinese text of a room lacks an English one with the same names in braces, and no English one is left over."""
    catalogue, used, faults = english(repository, room), set(), []
    for where, text in said(repository, room):
        used.add(text)
        message = catalogue.get(text)
        given = [] if message is None or message.fuzzy else [message.string] if isinstance(message.string, str) else list(message.string)
        if not given or not all(given):
            faults.append(f"{where}: {text!r} has no English")
        elif any(not names(one) <= names(text) or CHINESE.search(one) for one in given):
            faults.append(f"{where}: {text!r} has a wrong English: {given}")
    left = [message.id for message in catalogue if message.id and (message.id if isinstance(message.id, str) else message.id[0]) not in used]
    assert not faults, "\n".join(faults)
    assert not left, f"English that nothing says any more: {left}"


def test_no_page_text_stays_unmarked(repository: Path) -> None:
    """Every Chinese text constant of the hub's page modules, docstrings apart, is marked; so is every one in its templates."""
    faults = []
    for path in sorted((repository / "hub").glob("web_*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        marked = {id(argument) for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func).rsplit(".", 1)[-1] in KEYWORDS
                  for argument in node.args}
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        faults += [f"{path.name}:{node.lineno} {node.value!r}" for node in ast.walk(tree)
                   if isinstance(node, ast.Constant) and isinstance(node.value, str) and CHINESE.search(node.value) and id(node) not in marked | prose]
    for path in sorted((repository / "hub" / "templates").glob("*.html")):
        text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "", path.read_text("utf-8"), flags=re.DOTALL)
        faults += [f"{path.name}: {line.strip()}" for line in text.splitlines() if CHINESE.search(line)]
    assert not faults, "\n".join(faults)


def test_words_are_looked_up_by_their_chinese() -> None:
    """A known text comes in English, an unknown one as it stands; names are filled in; English tells one from many."""
    en, zh = Words(_compiled(PO), Language.ENGLISH), words("hub", Language.CHINESE)
    assert [en("馆藏"), en("没有译文"), en("{name} 未联络", name="和平区"), en("")] == ["Holdings", "没有译文", "和平区 is silent", ""]
    assert [en.number("{n} 件", 1), en.number("{n} 件", 2), zh.number("{n} 件", 1)] == ["1 record", "2 records", "1 件"]
    assert zh("{name} 未联络", name="和平区") == "和平区 未联络"
    assert mark("馆藏") == "馆藏"


def test_a_value_is_not_read_as_a_pattern() -> None:
    """Braces in a value stay as they are."""
    assert words("hub", Language.CHINESE)("{name} 未联络", name="{0.__class__}") == "{0.__class__} 未联络"


@pytest.mark.parametrize(("asked", "given"), [
    ("", "zh-CN"), ("zh", "zh-CN"), ("en", "en"), ("en-GB,en;q=0.8", "en"), ("en_US.UTF-8", "en"), ("eng", "zh-CN"), ("fr,en", "zh-CN"), ("EN", "en"),
])
def test_the_first_language_asked_for_counts(asked: str, given: str) -> None:
    """English when it is asked for first, else Chinese."""
    assert Language.of(asked).value == given


def test_a_room_without_a_catalogue_speaks_chinese() -> None:
    """No catalogue is no fault."""
    assert words("crypto", Language.ENGLISH)("馆藏") == "馆藏"


def test_an_endless_catalogue_is_refused() -> None:
    """A catalogue above its bound is not read."""
    with pytest.raises(ValueError, match="longer"):
        _compiled(b"#" * (5 << 20))


def test_chinese_imports_no_catalogue_reader() -> None:
    """A program that speaks Chinese never loads Babel."""
    code = "import sys; from holdings.language import *; words('hub', Language.CHINESE)('馆藏'); print('babel' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
