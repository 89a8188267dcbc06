"""The house rules that no linter knows, read from the source itself."""

import ast
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("crypto", "sync", "holdings", "node", "hub", "tui", "jindang")
SYNCHRONOUS = ("crypto", "sync", "holdings", "jindang")
LINES_MAX, FUNCTION_LINES_MAX, ROOT_ENTRIES_MAX = 400, 60, 18
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "core", "shared", "stuff"}
TEXT_SUFFIXES = {"", ".py", ".md", ".toml", ".lock", ".sql", ".sh", ".service", ".conf", ".json", ".txt"}
# A place on somebody's disk, and the address of a package registry (written so that they do not find themselves).
MACHINE_PATH = re.compile(r"(?<![\w.:/-])/(?:home|root|work|farm|Users)/[\w.-]+")
REGISTRY = re.compile(r"--(?:extra-)?index-url|--find[-]links|pypi\.org|pythonhosted\.org|https?://[^\s\"']*/simple\b")
SQL_USE = re.compile(r"\b(?:FROM|INTO|UPDATE|JOIN|TABLE(?: IF (?:NOT )?EXISTS)?)\s+[\"`]?(\w+)")
SQL_TABLE = re.compile(r"CREATE\s+(?:VIRTUAL\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?\"?(\w+)", re.IGNORECASE)


def tracked() -> list[Path]:
    """Return every file that is, or is about to be, in the repository."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("no git checkout here: the rules are about tracked files")
    names = sorted({name.decode() for name in done.stdout.split(b"\0") if name})
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def sources(*rooms: str) -> list[Path]:
    """Return the Python files of the named rooms, or of all of them and the tests."""
    folders = rooms or (*ROOMS, "tests")
    return [path for path in tracked() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in folders]


def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text("utf-8"), str(path))


def where(path: Path, node: ast.AST | None = None) -> str:
    """Return a place that an editor can open."""
    line = f":{node.lineno}" if node is not None and hasattr(node, "lineno") else ""
    return f"{path.relative_to(ROOT)}{line}"


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function of a tree, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def public(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Yield the public functions and classes of a module, and the public methods of those classes."""
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        decorators = {ast.unparse(decorator).rsplit(".", 1)[-1] for decorator in node.decorator_list}
        if not decorators & {"overload", "setter", "override"}:
            yield node
        if isinstance(node, ast.ClassDef):
            yield from public(node.body)


def test_files_and_functions_are_short() -> None:
    """No file is longer than 400 lines and no function longer than 60."""
    long = []
    for path in sources():
        lines = path.read_text("utf-8").count("\n")
        if lines > LINES_MAX:
            long.append(f"{where(path)}: {lines} lines; it is two nouns")
        for function in functions(parsed(path)):
            size = (function.end_lineno or 0) - function.lineno + 1
            if size > FUNCTION_LINES_MAX:
                long.append(f"{where(path, function)}: {function.name} has {size} lines")
    assert not long


def test_modules_are_named_for_nouns() -> None:
    """No module has a name that says nothing."""
    assert not [where(path) for path in sources() if BANNED_NAMES & {path.stem, path.parent.name}]


def test_room_doors_hold_a_docstring_alone() -> None:
    """Every `__init__.py` of a room says what the room is for, and holds no code."""
    for path in sources(*ROOMS):
        if path.name == "__init__.py":
            tree = parsed(path)
            assert ast.get_docstring(tree), f"{where(path)} says nothing"
            assert len(tree.body) == 1, f"{where(path)} holds code"


def test_no_async_below_the_shells() -> None:
    """The rooms crypto, sync and holdings (and the door) are synchronous."""
    kinds = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    nodes = [(path, node) for path in sources(*SYNCHRONOUS) for node in ast.walk(parsed(path))]
    assert not [where(path, node) for path, node in nodes if isinstance(node, kinds)]


def test_one_module_owns_a_table() -> None:
    """The SQL of a table stands in one module of the rooms, and every schema file is numbered without gaps."""
    tables: set[str] = set()
    for room in ROOMS:
        files = sorted((ROOT / room / "schema").glob("*.sql"))
        numbers = [path.name[:3] for path in files]
        assert numbers == [f"{n:03d}" for n in range(1, len(files) + 1)], f"{room}/schema has gaps"
        for path in files:
            tables |= set(SQL_TABLE.findall(path.read_text("utf-8")))
    users: dict[str, set[str]] = defaultdict(set)
    for path in sources(*ROOMS):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for table in set(SQL_USE.findall(node.value)) & tables:
                    users[table].add(where(path))
    assert not {table: sorted(modules) for table, modules in users.items() if len(modules) > 1}


def test_one_module_opens_databases() -> None:
    """`apsw.Connection(...)` is called in sync/database.py and nowhere else in the rooms."""
    calls = [where(path) for path in sources(*ROOMS) for node in ast.walk(parsed(path))
             if isinstance(node, ast.Call) and ast.unparse(node.func) in {"apsw.Connection", "Connection"}]
    assert set(calls) <= {"sync/database.py"}


def test_public_things_say_what_they_do() -> None:
    """Every module, public class, function and method of the rooms has a docstring."""
    silent = [where(path) for path in sources(*ROOMS) if not ast.get_docstring(parsed(path))]
    silent += [f"{where(path, node)} {node.name}" for path in sources(*ROOMS) for node in public(parsed(path).body)
               if not ast.get_docstring(node)]
    assert not silent


def test_tests_state_a_property_and_neither_mock_nor_sleep() -> None:
    """Every test has a docstring; no test replaces a name behind the code's back or waits for luck."""
    faults = []
    for path in sources("tests"):
        for node in ast.walk(parsed(path)):
            if (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
                    and not ast.get_docstring(node)):
                faults.append(f"{where(path, node)} {node.name} states no property")
            if isinstance(node, ast.Import | ast.ImportFrom) and "mock" in ast.unparse(node):
                faults.append(f"{where(path, node)} mocks")
            # asyncio.sleep(0) lets others have their turn and waits for nothing.
            if (isinstance(node, ast.Call) and ast.unparse(node.func) in {"time.sleep", "sleep", "asyncio.sleep"}
                    and ast.unparse(node) != "asyncio.sleep(0)"):
                faults.append(f"{where(path, node)} sleeps")
    assert not faults


def test_nothing_is_left_for_later() -> None:
    """No source says that it is unfinished: what is open stands in an issue."""
    mark = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
    texts = [(path, path.read_text("utf-8")) for path in sources()]
    assert not [f"{where(path)}: {found.group(0)}" for path, text in texts if (found := mark.search(text))]


def test_tests_are_flat() -> None:
    """No folder of tests bears a room's name, which pytest would import in the room's place."""
    assert not [room for room in ROOMS if (ROOT / "tests" / room).exists()]


def test_no_address_of_one_machine() -> None:
    """No tracked text names a place on somebody's disk or a package registry."""
    found = []
    for path in tracked():
        if path.suffix not in TEXT_SUFFIXES or path.is_relative_to(ROOT / "jindang" / "samples"):
            continue
        for match in [*MACHINE_PATH.finditer(text := path.read_text("utf-8")), *REGISTRY.finditer(text)]:
            found.append(f"{where(path)}:{text.count(chr(10), 0, match.start()) + 1}: {match.group(0)}")
    assert not found


def test_root_is_uncluttered() -> None:
    """The root shows at most 18 entries, and deploy/ holds no Python."""
    entries = {path.relative_to(ROOT).parts[0] for path in tracked()}
    visible = sorted(entry for entry in entries if not entry.startswith("."))
    assert len(visible) <= ROOT_ENTRIES_MAX, visible
    assert not [where(path) for path in tracked() if path.suffix == ".py" and path.is_relative_to(ROOT / "deploy")]
