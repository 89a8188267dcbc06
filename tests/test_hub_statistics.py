"""The hub's statistics: pages by role and unit, entries and freezing, papers, the command (hub/web_statistics.py, statistics_desk.py, commands_statistics.py)."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from people_at_hub import PASSWORD
from people_door import Browser, Door, open_door
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from holdings import statistics_tally
from holdings.access import Secrecy
from holdings.statistic import BY_SHEET, Figure, Group, Source, Use
from hub.account import Role, check_rights
from hub.commands import commands
from hub.statistics_words import WORDS

YEAR = 2023  # of the set clock


def cells(data: bytes) -> set[str]:
    """Every value of a workbook, as text."""
    rows = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    return {str(int(value)) if isinstance(value, float) and value.is_integer() else str(value) for row in rows for value in row}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A hub with figures of two nodes."""
    with open_door(tmp_path_factory.mktemp("statistics") / "hub") as made:
        home = made.hub.hub.home
        with home.holdings.transaction() as connection:
            for archive, fonds, secrecy, count in (("和平区", "J001", 0, 700), ("河东区", "J002", 0, 40), ("河东区", "J003", 1, 2)):
                statistics_tally.add(connection, archive, "2023-05", fonds, Secrecy(secrecy), [(Figure.SCANNED_ITEMS, count)])
            statistics_tally.add(connection, "和平区", "2022-11", "J001", Secrecy.NONE, [(Figure.SCANNED_ITEMS, 300)])
            statistics_tally.used(connection, "", home.clock.wall(), Use("research", persons=12, pages=5))
        yield made


def archivist(door: Door, name: str, holders: tuple[str, ...] = (), fonds: tuple[str, ...] = (), level: int = 0) -> Browser:
    """A browser of an archivist with these rights."""
    door.hub.clock.skip += 120
    door.team.settle(name, Role.ARCHIVIST, rights=check_rights("市档案馆", holders, fonds, level))
    browser = door.browser()
    assert browser.sign_in(name, PASSWORD).status == 200
    return browser


def test_each_sees_the_figures_of_his_own(door: Door) -> None:
    """The whole city, one node, one fonds, one level: sums and parts follow the rights; nothing of the others is named."""
    for name, rights, total, hidden in (
        ("city", {}, "1,040", "J003"), ("secret", {"level": 1}, "1,042", "无此字"), ("heping", {"holders": ("和平区",)}, "1,000", "河东区"),
        ("fonds", {"fonds": ("J002",)}, "40", "J001"),
    ):  # fmt: skip
        browser = archivist(door, name, **rights)  # type: ignore[arg-type]
        page = browser.get(f"/statistics?year={YEAR}")
        assert page.status == 200
        assert f'<td class="count">{total}</td>' in page.text, name
        assert not page.says(hidden), name
        inside = browser.get(f"/statistics/scanned_items?year={YEAR}")
        assert not inside.says(hidden), name
    assert browser.get("/statistics/visits").says("没有数") is True
    city = archivist(door, "city2")
    city.jar["jindang-language"] = "en"
    assert city.get(f"/statistics/visits?year={YEAR}").says("Research")
    assert not city.page.says("学术研究")


def test_entries_freezing_and_papers(door: Door) -> None:
    """An entry stands in place of the count; the last year is frozen, takes no entry, and comes out on paper as it stands; the figures are in every form."""
    browser = archivist(door, "wang")
    browser.get(f"/statistics?year={YEAR}")
    assert browser.send("/statistics/enter", year=str(YEAR), figure="visits", archive="", value="1,200", note="含纸质").says("1,200", "计数 12")
    assert browser.send("/statistics/enter", year=str(YEAR), figure="visits", archive="", value="1.5").status == 422
    assert browser.send("/statistics/enter", year=str(YEAR), figure="born_digital_bytes", archive="和平区", value="12.345").says("12.345")
    assert browser.send("/statistics/enter", year=str(YEAR), figure="visits", archive="没有的馆", value="1").status == 403
    browser.get(f"/statistics?year={YEAR}")
    assert browser.send("/statistics/freeze", year=str(YEAR)).says("还没有结束")
    browser.get(f"/statistics?year={YEAR - 1}")
    assert browser.send("/statistics/freeze", year=str(YEAR - 1)).says("已定稿", "SHA-256")
    assert browser.send("/statistics/enter", year=str(YEAR - 1), figure="photos", archive="", value="1").status in (403, 422)
    sheet = browser.ask("GET", f"/statistics/export/xlsx?year={YEAR}")
    assert sheet.headers["content-disposition"] == f"attachment; filename=statistics-{YEAR}.xlsx"
    assert {"扫描", "利用人次", "1200", "和平区"} - cells(sheet.body) == {"扫描"}
    paper = browser.ask("GET", f"/statistics/export/pdf?year={YEAR}")
    pages = PdfReader(io.BytesIO(paper.body)).pages
    assert "统计年报" in "".join(page.extract_text() for page in pages)
    assert browser.ask("GET", "/statistics/export/exe").status == 404
    assert browser.get("/statistics?year=20x3").status == 400
    heping = archivist(door, "he2", ("和平区",))
    heping.get(f"/statistics?year={YEAR}")
    assert not heping.page.says("定稿，数字不再变动")
    for route, fields in (("/statistics/freeze", {}), ("/statistics/enter", {"figure": "visits", "archive": "河东区", "value": "1"})):
        heping.get(f"/statistics?year={YEAR}")
        assert heping.send(route, year=str(YEAR), **fields).status == 403


def test_statistics_from_the_command_line(door: Door, tmp_path: Path) -> None:
    """The same figures as JSON and papers; what was entered and frozen is in a person's name; wrong use is exit code 2 or 1 with the rule."""
    door.hub.open_socket()

    def run(*words: object, ends: int = 0):  # type: ignore[no-untyped-def]
        result = CliRunner().invoke(commands, ["statistics", "--home", str(door.hub.path), *map(str, words)])
        assert result.exit_code == ends, result.output
        return result

    told = json.loads(run("--year", YEAR, "--json", "--xlsx", tmp_path / "a.xlsx", "--pdf", tmp_path / "a.pdf").stdout.splitlines()[-1])
    figures = {one["figure"]: one for one in told["figures"]}
    assert (figures["scanned_items"]["value"], figures["scanned_items"]["last_year"]) == (1042, 300)
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    assert "1042" in cells((tmp_path / "a.xlsx").read_bytes())
    run("--enter", "照片档案=3", ends=2)
    assert "没有" in run("--year", YEAR, "--enter", "月亮=3", "--by", "王秀英", ends=1).output
    told = json.loads(run("--year", YEAR, "--enter", "照片档案=396500", "--by", "王秀英", "--json").stdout.splitlines()[-1])
    assert {one["figure"]: one["value"] for one in told["figures"]}["photos"] == 396500
    assert "还没有结束" in run("--year", YEAR, "--freeze", "--by", "王秀英", ends=1).output


def test_every_word_of_the_statistics_is_on_the_list() -> None:
    """What holdings says and pages translate is marked here: no figure, unit or heading is left out."""
    said = {text for figure in Figure for text in (figure.about.label, figure.about.unit)} | {one.value for kind in (Group, Source) for one in kind}
    assert {text for text in said if not text.isascii()} <= set(WORDS)


def test_a_district_without_a_sheet_is_not_reported(door: Door) -> None:
    """机读目录 and 开放 of who reported no sheet say 未报 on the page, the drill-down, the papers and in JSON, and never 0; with a sheet the figure stands."""
    city, rows = archivist(door, "sheets"), "/statistics/rows_item"
    assert city.get(f"/statistics?year={YEAR}").says("未报", "没有报来目录表的馆") and city.get(f"{rows}?year={YEAR}").says("未报")
    desk = door.hub.hub.desk
    told = desk.call("statistics", year=YEAR)
    assert (told["unreported"], {one["value"] for one in told["figures"] if one["figure"] in BY_SHEET}) == (["和平区", "河东区"], {None})
    with door.hub.hub.home.holdings.transaction() as connection:
        statistics_tally.add(connection, "和平区", "2023-06", "J001", Secrecy.NONE, [(Figure.ROWS_ITEM, 77)])
    told = desk.call("statistics", year=YEAR)
    assert (told["unreported"], [one["value"] for one in told["figures"] if one["figure"] in BY_SHEET]) == (["河东区"], [0, 77, 0, 0])
    assert {"77", "未报"} <= cells(b"".join(desk.stream("statistics_paper", form="xlsx", year=YEAR)))
    paper = PdfReader(io.BytesIO(b"".join(desk.stream("statistics_paper", form="pdf", year=YEAR))))
    assert "未报" in "".join(page.extract_text() for page in paper.pages)
