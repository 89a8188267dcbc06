"""Imports in portions: what a crash leaves, what a repetition adds, what stays in memory, what is erased; large files in parts."""

import io
import os
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdings import catalogue, catalogue_sheets, delivery, search_index, sheet_file, sheet_parts, tally
from holdings.access import Access
from holdings.catalogue_origin import Origin
from holdings.catalogue_portions import Circumstances, ImportReport, import_stream, importing
from holdings.errors import SheetUnreadable
from holdings.record import RowState
from holdings.search import search
from holdings.search_era import ERAS
from holdings.search_request import SearchRequest
from holdings.security import MarkKind, SiteClass
from holdings.sheet import SheetRequest, open_sheet
from holdings.sheet_file import SheetFile
from holdings.sheet_lines import End
from holdings.sheet_link import LinkRow
from holdings.sheet_notes import SheetRow
from holdings.sheet_parts import PartRequest, part_in_sandbox, slices
from holdings.sheet_stream import FramedSheet, frames
from sync.database import Database, open_database
from sync.sandbox import Sandbox

HEAD = "档号,题名,成文日期,密级,页数"
ROOT = Path(__file__).resolve().parent.parent
TABLES = ("catalogue_row", "catalogue_said", "catalogue_mark", "catalogue_run", "catalogue_seen", "catalogue_told", "tally")


def line(number: int, title: str = "", mark: str = "") -> str:
    """One row of a sheet."""
    return f"J001-003-{number // 100:04d}-{number % 100:05d},{title or f'关于第{number}号事项的通知'},20190101,{mark},3"


def csv(*rows: str) -> bytes:
    """A sheet of these rows."""
    return "\n".join([HEAD, *rows]).encode()


def database(path: Path) -> Database:
    """A database of this room with one delivery."""
    opened = open_database(path, bytes(32), ["holdings"])
    with opened.transaction() as connection:
        delivery.upsert(connection, "批", None, 1)
    return opened


def load(
    opened: Database, data: bytes, portion: int = 10, site: SiteClass = SiteClass.OPEN, name: str = "a.csv", holder: int = 0
) -> ImportReport:
    """Import a sheet, some rows a transaction."""
    sheet = FramedSheet(frames(open_sheet(SheetRequest(name, site.name), data)))
    origin = Origin(holder, "批", name, data[:1] + len(data).to_bytes(4))
    return import_stream(opened.transaction, sheet, lambda _: origin, Circumstances(2, site, portion))


def figures(report: ImportReport) -> tuple[int, int, int, int, int, int]:
    """Rows, added, changed, unchanged, gone, refused."""
    return report.rows, report.added, report.changed, report.unchanged, report.gone, report.refused


def content(opened: Database) -> list[tuple[object, ...]]:
    """Every row of the catalogue's tables, without the ids that the order of imports gives."""
    reading = opened.read()
    return [row for table in TABLES for row in reading.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Database]:
    """A database to import into."""
    made = database(tmp_path / "h.db")
    yield made
    made.close()


KILLED = """
import os, signal, sys
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/tests"]
from contextlib import contextmanager
from pathlib import Path
import test_holdings_catalogue_portions as t
opened = t.open_database(Path(sys.argv[2]), bytes(32), ["holdings"])
data, left = Path(sys.argv[3]).read_bytes(), [int(sys.argv[4])]
class Dying:
    @contextmanager
    def transaction(self):
        with opened.transaction() as connection:
            yield connection
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
t.load(Dying(), data, portion=2_000)
"""


@pytest.mark.parametrize("portions", [1, 2, 4])
def test_a_killed_import_goes_on_where_it_stood(tmp_path: Path, portions: int) -> None:
    """kill -9 inside any portion leaves the portions before it; the same file again ends exactly as if nothing had happened."""
    rows = [line(n, mark="机密" if n % 1_000 == 7 else "") for n in range(9_000)] + [line(3, "另一个题名")]
    (tmp_path / "a.csv").write_bytes(csv(*rows))
    whole, cut = database(tmp_path / "whole.db"), database(tmp_path / "cut.db")
    expected = load(whole, csv(*rows), portion=2_000)
    command = [sys.executable, "-c", KILLED, str(ROOT), str(tmp_path / "cut.db"), str(tmp_path / "a.csv"), str(portions)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == -signal.SIGKILL
    left = cut.read().execute("SELECT coalesce(max(taken), 0) FROM catalogue_run").fetchone()
    assert left == (2_000 * (portions - 1),)
    assert catalogue.row_for(cut.read(), "J001-003-0000-00001") is None, "rows of a half import are held"
    report = load(cut, csv(*rows), portion=2_000)
    assert figures(report) == figures(expected) == (9_001, 8_991, 0, 0, 0, 10)
    assert {(r.row, r.field) for r in report.refusals} == {(r.row, r.field) for r in expected.refusals}
    assert content(cut) == content(whole)
    assert catalogue.row_for(cut.read(), "J001-003-0000-00001") is not None
    whole.close()
    cut.close()


def test_an_import_that_is_given_up_goes_on(opened: Database) -> None:
    """Whoever closes the generator keeps the portions that were committed; other bytes under that name begin anew."""
    data = csv(*map(line, range(50)))
    sheet = FramedSheet(frames(open_sheet(SheetRequest("a.csv"), data)))
    origin = Origin(0, "批", "a.csv", b"bytes")
    work = importing(opened.transaction, sheet, lambda _: origin, Circumstances(2, SiteClass.OPEN, 10))
    assert next(work) > 0
    work.close()
    assert figures(load(opened, csv(*map(line, range(50, 60))))) == (10, 10, 0, 0, 50, 0)


@pytest.mark.parametrize("portion", [3, 10, 1_000])
def test_a_repetition_writes_nothing(opened: Database, portion: int) -> None:
    """The same sheet again adds no row and leaves every table as it was, however it is cut."""
    data = csv(*[line(n, mark="秘密" if n == 5 else "") for n in range(40)], line(8, "矛盾"), line(9))
    assert figures(load(opened, data, portion)) == (42, 39, 0, 1, 0, 2)
    before = content(opened)
    assert figures(load(opened, data, portion)) == (42, 0, 0, 40, 0, 2)
    assert content(opened) == before
    assert tally.read(opened.read(), tally.Count.CATALOGUE_ROWS) == 39


def test_contradictions_are_found_across_portions(opened: Database) -> None:
    """重号 far apart: neither row is believed, until the sheet says one thing."""
    rows = [line(n) for n in range(40)]
    report = load(opened, csv(*rows, line(0, "另一个")), portion=5)
    assert [refusal.code for refusal in report.refusals] == ["row-duplicate"]
    row = catalogue.row_for(opened.read(), "J001-003-0000-00000")
    assert row is not None
    assert row.state is RowState.DUPLICATE
    assert figures(load(opened, csv(*rows), portion=5)) == (40, 0, 1, 39, 0, 0)
    row = catalogue.row_for(opened.read(), "J001-003-0000-00000")
    assert row is not None
    assert row.state is RowState.STANDS


@pytest.mark.parametrize("first", ["", "绝密"])
def test_a_code_that_is_once_classified_leaves_nothing(opened: Database, first: str, tmp_path: Path) -> None:
    """The mark may come portions before or after a row that calls itself open: only place and volume stay, in no table a title."""
    marks = [first, "绝密" if not first else ""]
    rows = [line(0, "不应留下的题名", marks[0]), *[line(n) for n in range(1, 30)], line(0, "不应留下的题名", marks[1])]
    load(opened, csv(*rows), portion=4)
    row = catalogue.row_for(opened.read(), "J001-003-0000-00000")
    assert row is not None
    assert (row.reference_code, row.elements, row.mark) == ("", {}, MarkKind.CLASSIFIED)
    assert "不应留下" not in repr(content(opened))
    assert searched(opened, "不应留下") == []
    blocks = " UNION ALL ".join(f"SELECT block FROM search_index_a_{era}_data" for era in ERAS)
    index = b"".join(bytes(block) for (block,) in opened.read().execute(blocks))
    assert "应留".encode() not in index, "not even a pair of its characters"


def test_rows_that_vanish_are_asked_about_across_portions(opened: Database) -> None:
    """消失 are counted whatever the portions are; rows that another sheet has are handed to it."""
    load(opened, csv(*map(line, range(60))), portion=7)
    load(opened, csv(*map(line, range(10))), portion=7, name="b.csv")
    report = load(opened, csv(*map(line, range(5, 50))), portion=7)
    assert figures(report) == (45, 0, 0, 45, 15, 0)
    states = [row.state for n in range(60) if (row := catalogue.row_for(opened.read(), f"J001-003-0000-{n:05d}"))]
    assert states.count(RowState.GONE) == 10


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 12), st.sampled_from(["甲", "乙"]), st.sampled_from(["", "", "机密"])), max_size=20), max_size=4))
def test_portions_change_no_outcome(tmp_path_factory: pytest.TempPathFactory, sheets: list[list[tuple[int, str, str]]]) -> None:
    """Whatever sheets come one after another, portions of three rows end as one transaction does."""
    folder = tmp_path_factory.mktemp("any")
    one, many = database(folder / "one.db"), database(folder / "many.db")
    for sheet in sheets:
        data = csv(*(line(n, title, mark) for n, title, mark in sheet))
        assert figures(load(one, data, portion=1_000)) == figures(load(many, data, portion=3))
    found = [
        [
            opened.read().execute("SELECT match_key, title, state, number FROM catalogue_row ORDER BY 1").fetchall(),
            opened.read().execute("SELECT match_key, kind FROM catalogue_mark ORDER BY 1").fetchall(),
        ]
        for opened in (one, many)
    ]
    assert found[0] == found[1]
    one.close()
    many.close()


class Endless:
    """A sheet of any number of rows that nobody holds, as the sandbox hands it over."""

    def __init__(self, count: int) -> None:
        read = open_sheet(SheetRequest("a.csv", SiteClass.CLASSIFIED.name), csv(line(0)))
        self.begin, self._count, self._rows = read.begin, count, list(read.rows())
        self._end = read.end()

    def rows(self) -> Iterator[SheetRow | LinkRow]:
        """One row after another."""
        (first,) = self._rows
        assert isinstance(first, SheetRow)
        for number in range(self._count):
            key = f"J001-003-{number // 100:04d}-{number % 100:05d}"
            yield msgspec.structs.replace(first, number=number + 2, key=key, code=key, values={**first.values, "档号": key})

    def end(self) -> End:
        """As many as there were."""
        return msgspec.structs.replace(self._end, row_count=self._count)


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """The peak over ten times the rows is no more than a tenth higher: neither rows nor keys are kept."""
    peaks = []
    for count in (6_000, 6_000, 60_000):
        opened = database(tmp_path / f"{count}.{len(peaks)}.db")
        origin = Origin(0, "批", "a.csv", b"x")
        tracemalloc.start()
        sheet = FramedSheet(frames(Endless(count)))
        report = import_stream(opened.transaction, sheet, lambda _, o=origin: o, Circumstances(2, SiteClass.CLASSIFIED, 500))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert report.added == count
        opened.close()
    assert peaks[2] < 1.1 * peaks[1]


def test_holders_do_not_meet(opened: Database) -> None:
    """Two districts may have one code: each row is its holder's, and the site's own look-ups see only its own."""
    with opened.transaction() as connection:
        district = catalogue_sheets.holder(connection, "和平区")
    assert load(opened, csv(line(1, "区的")), holder=district).added == 1
    assert catalogue.row_for(opened.read(), "J001-003-0000-00001") is None
    assert load(opened, csv(line(1, "市的"))).added == 1
    row = catalogue.row_for(opened.read(), "J001-003-0000-00001")
    assert row is not None
    assert row.elements["题名"] == "市的"
    assert searched(opened, "区的") == ["和平区/J001-003-0000-00001"]


def searched(opened: Database, text: str) -> list[str]:
    """Codes of what is found."""
    return [hit.ref for hit in search(opened.read(), Access.whole(), SearchRequest(text)).hits]


def test_the_index_follows_what_sheets_say(opened: Database) -> None:
    """A title that changes is found by its new words alone; what is withheld is found by none; rows of an import under way are not told."""
    load(opened, csv(line(1, "关于养老服务的通知"), line(2, "老年大学招生"), line(3, "A股2009年报")))
    code = "J001-003-0000-0000{}".format
    assert (searched(opened, "养老服务"), searched(opened, "大学老"), searched(opened, "a股")) == ([code(1)], [], [code(3)])
    load(opened, csv(line(1, "关于托育服务的通知"), line(2, "老年大学招生"), line(3, "A股2009年报", "机密")))
    assert (searched(opened, "养老"), searched(opened, "托育"), searched(opened, "2009")) == ([], [code(1)], [])
    with opened.transaction() as connection:
        assert search_index.is_sound(connection, "a")


# ---------------------------------------------------------------------- large files


@settings(max_examples=50)
@given(st.lists(st.sampled_from(["a,b", '"x\ny",c', 'say "no', "", "长" * 30]), max_size=40), st.integers(8, 200))
def test_slices_are_the_file(lines: list[str], size: int) -> None:
    """Whatever is in a file, its slices are whole lines, in order, nothing lost, each with the number of lines before it."""
    data = "\n".join(lines).encode()
    read, at, before = list(slices(io.BytesIO(data), lambda _: None, size + 100)), 0, 0
    for one in read:
        assert data[at : at + len(one.data)] == one.data
        assert one.before == before
        at, before = at + len(one.data), before + one.data.count(b"\n")
        assert one.data.endswith(b"\n") or at == len(data)
    assert at == len(data)


def test_a_part_reads_below_the_header_of_the_file() -> None:
    """Rows of a later part have the columns of the file and their numbers in it."""
    head = "全宗名称：测试\n" + HEAD + "\n" + line(1) + "\n"
    request = msgspec.json.encode(PartRequest(SheetRequest("a.csv"), len(head.encode()), 500)).decode()
    sheet = FramedSheet(part_in_sandbox(head.encode() + (line(7) + "\n" + line(8, mark="机密")).encode(), request))
    (portion,) = sheet.portions(10)
    assert [(one.number, one.key[-2:], one.mark) for one in portion.lines] == [(501, "07", MarkKind.OPEN), (502, "08", MarkKind.CLASSIFIED)]
    assert [refusal.row for refusal in sheet.end.refusals] == [502]


def test_a_file_in_parts_is_the_file_in_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large text ends in the same rows, counts and digest as a small one: contradictions and marks are found across parts."""
    rows = [line(n, mark="秘密" if n % 500 == 9 else "") for n in range(3_000)] + [line(4, "矛盾")]
    (tmp_path / "a.csv").write_bytes(csv(*rows))
    box, reports, found = Sandbox(workers=1), [], []
    for large in (1 << 30, 10_000):
        monkeypatch.setattr(sheet_file, "LARGE", large)
        monkeypatch.setattr(sheet_parts, "PART", 40_000)
        opened, file = database(tmp_path / f"{large}.db"), SheetFile(tmp_path / "a.csv", SiteClass.OPEN)
        sheet = file.read(box)
        origin = Origin(0, "批", "a.csv", file.source())
        reports.append(import_stream(opened.transaction, sheet, lambda _, o=origin: o, Circumstances(2, SiteClass.OPEN, 700)))
        found.append(
            opened.read().execute("SELECT match_key, title, number, state FROM catalogue_row ORDER BY 1").fetchall()
            + opened.read().execute("SELECT digest, has_mark_column FROM catalogue_sheet").fetchall()
        )
        opened.close()
    box.close()
    assert figures(reports[0]) == figures(reports[1]) == (3_001, 2_994, 0, 0, 0, 7)
    assert found[0] == found[1]


def test_cut_frames_are_told() -> None:
    """A stream without its end is an error, never a short sheet."""
    whole = list(frames(open_sheet(SheetRequest("a.csv"), csv(line(1)))))
    for cut in (whole[:-1], whole[1:], [], [b"\xc1"]):
        with pytest.raises(SheetUnreadable):
            list(FramedSheet(cut).portions(10))


def test_a_source_of_the_same_bytes_is_known(tmp_path: Path) -> None:
    """What an import goes on with is the same file, read in the same way; a touched one begins anew."""
    path = tmp_path / "a.csv"
    path.write_bytes(csv(line(1)))
    one = SheetFile(path, SiteClass.OPEN).source()
    assert one == SheetFile(path, SiteClass.OPEN).source()
    assert one != SheetFile(path, SiteClass.CLASSIFIED).source()
    os.utime(path, (1, 1))
    assert one != SheetFile(path, SiteClass.OPEN).source()
