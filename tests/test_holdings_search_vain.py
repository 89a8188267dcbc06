"""Search that finds little: what is plainly no hit is passed over without losing one, and a question that compares in vain ends early and
says so."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdings import catalogue_rows, catalogue_sheets, delivery, search_find
from holdings.access import Access
from holdings.catalogue_line import LineMaker
from holdings.search import search
from holdings.search_answer import SearchAnswer
from holdings.search_find import VAIN_MAX
from holdings.search_fold import fold
from holdings.search_needle import may_be, needle
from holdings.search_request import SearchRequest, Sort, Word
from holdings.security import MarkKind
from holdings.sheet_notes import SheetRow
from sync.database import Database, open_database

ROWS = 3 * VAIN_MAX
SIGNS = "天津年月3２a Ｂ-〔〕、《》\"',:é"
STOPPED = "只比对了最新的"
CHOSEN = {seldom: f"第{seldom}卷 3月5年" for seldom in (5, ROWS // 2)}
"""Rows with a lone digit beside a sign: one among the oldest, one in the midst."""
OFTEN = 8
"""Of every so many rows one is a hit of the question that goes on."""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A catalogue in which every code has the run 3, and every row a year in its title."""
    path: Path = tmp_path_factory.mktemp("vain")
    opened = open_database(path / "holdings.db", bytes(32), ["holdings"])
    draw = random.Random(3)
    with opened.transaction() as connection:
        delivery.upsert(connection, "批", None, 1)
        sheet = catalogue_sheets.make_known(connection, 0, "批", "表.csv", 1).id
        lines = []
        for at in range(ROWS):
            title = CHOSEN.get(at, f"{draw.randrange(1950, 1990) if at % OFTEN else 7}年来信")
            date = f"{draw.randrange(1950, 1990)}-{draw.randrange(1, 13):02d}-{draw.randrange(1, 29):02d}"
            values = {"档号": f"J001-3-7-{at:05d}", "题名": title, "成文日期": date}
            maker = LineMaker(values)
            lines.append(
                maker.make(SheetRow(at + 2, values["档号"], None, MarkKind.OPEN, values["档号"], values, tab=""))
            )
        columns = catalogue_rows.columns(connection, maker.columns)
        catalogue_rows.insert(connection, 0, sheet, columns, lines, 1)
    yield opened
    opened.close()


def asked(database: Database, text: str, sort: Sort = Sort.NEWEST) -> SearchAnswer:
    """The first page of a question over all years."""
    years = (1950, 1989) if sort is Sort.DATE else None
    return search(database.read(), Access.whole(), SearchRequest(text, sort=sort, years=years))


@pytest.mark.parametrize("sort", [Sort.NEWEST, Sort.RELEVANCE, Sort.DATE])
def test_a_question_that_compares_in_vain_ends_early_and_says_so(database: Database, sort: Sort) -> None:
    """A number in titles that every code has is looked for in no more rows than the bound, and the answer says that it stopped."""
    answer = asked(database, "题名:3", sort)
    looked = int(answer.plan["比对"].split()[0].replace(",", ""))
    assert looked <= VAIN_MAX + 1_000
    assert answer.count.capped
    assert any(STOPPED in note for note in answer.notes)


def test_a_question_that_finds_goes_on(database: Database) -> None:
    """Where one of eight candidates is a hit, none is left out, however many are compared in vain."""
    found, cursor, page = 0, "", None
    while page is None or cursor:
        request = SearchRequest("题名:7", sort=Sort.NEWEST, limit=1_000, cursor=cursor, counted=False)
        page = search(database.read(), Access.whole(), request)
        found, cursor = found + len(page.hits), page.cursor
        assert not page.notes
    assert found == len(range(0, ROWS, OFTEN)) - sum(at % OFTEN == 0 for at in CHOSEN)


@pytest.mark.parametrize("text", ["3月", "月5", "3月5年", "卷3*"])
def test_a_lone_digit_beside_a_sign_is_a_token(database: Database, text: str) -> None:
    """It is found in the few rows that have it, though every code has the digit and every title the sign."""
    for sort in Sort:
        answer = asked(database, text, sort)
        assert (len(answer.hits), answer.count.capped, answer.notes) == (len(CHOSEN), False, ()), sort
        assert int(answer.plan["比对"].split()[0]) <= 2 * len(CHOSEN)


def test_unbounded_all_is_found(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the bound the rows that are passed over plainly are none of the hits."""
    monkeypatch.setattr(search_find, "VAIN_MAX", 10 * ROWS)
    for text in ("题名:3", "题名:(3 5)", "题名:3 月5"):
        answer = asked(database, text)
        assert (len(answer.hits), answer.count.capped, answer.notes) == (len(CHOSEN), False, ()), text


@settings(max_examples=150, deadline=None)
@given(text=st.text(SIGNS, max_size=30), cut=st.tuples(st.integers(0, 29), st.integers(1, 8)), beside=st.text(SIGNS))
def test_nothing_that_is_a_hit_is_plainly_none(text: str, cut: tuple[int, int], beside: str) -> None:
    """What a text has is never denied of what is written of a row that says it: as title, or as JSON among others."""
    one = needle(Word(text[cut[0] : cut[0] + cut[1]]))
    if one is None or not one.is_in(fold(text)):
        return
    assert may_be(one, text, beside)
    said = json.dumps([beside.replace('"', ""), text.replace('"', "'")], ensure_ascii=False)
    assert may_be(one, beside, said)
