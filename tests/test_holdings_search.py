"""Search: every hit and no other, whatever is written and asked; counts, facets, order and pages; nothing that a caller may not see."""

import itertools
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import opencc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from holdings import (
    catalogue_rows,
    catalogue_sheets,
    delivery,
    records,
    search_dates,
    search_document,
    search_fold,
    search_index,
    search_plan,
)
from holdings.access import Access, Caller, Role, Secrecy, access_of
from holdings.catalogue_line import LineMaker
from holdings.record import Basis, Clearance, Description, Level, RecordId, RowState
from holdings.search import fetch, search
from holdings.search_era import ERAS
from holdings.search_request import Both, Either, Facet, Field, Query, SearchRequest, Sort, Without, Word, read_query
from holdings.security import MarkKind
from holdings.sheet_notes import SheetRow
from sync.database import Database, open_database

WHOLE = Access.whole()
SIGNS = "天津关于防汛抗旱的通知档號养老ＡaBé12３09－〔〕、 《》(2009)１３号\ue000\U00020000カ゛"
FIELDS = {"题名": Field.TITLE, "责任者": Field.BODY, "文号": Field.NUMBER, "主题词": Field.KEYWORDS}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database of this room alone."""
    opened = open_database(tmp_path / "holdings.db", bytes(32), ["holdings"])
    yield opened
    opened.close()


def lay(database: Database, rows: Sequence[Mapping[str, str]], holder: str = "", *, first: int = 0) -> list[int]:
    """Rows of a sheet into the catalogue; their ids. A row without a code gets one."""
    with database.transaction() as connection:
        delivery.upsert(connection, "批", None, 1)
        owner = catalogue_sheets.holder(connection, holder) if holder else 0
        sheet = catalogue_sheets.make_known(connection, owner, "批", f"{holder}表.csv", 1).id
        ids = list[int]()
        for at, row in enumerate(rows, first):
            values = {"档号": f"J001-3-{at:04d}", **row}
            maker = LineMaker(values)
            line = maker.make(SheetRow(at + 2, values["档号"], None, MarkKind.OPEN, values["档号"], values, tab=""))
            columns = catalogue_rows.columns(connection, maker.columns)
            ids += catalogue_rows.insert(connection, owner, sheet, columns, [line], 1)
    return ids


def found(database: Database, text: str, access: Access = WHOLE, **wanted: object) -> list[int]:
    """Ids of hits, in order, of one page of a thousand."""
    request = replace(SearchRequest(text, sort=Sort.NEWEST, limit=1_000), **wanted)
    return [hit.id for hit in search(database.read(), access, request).hits]


# ---------------------------------------------------------------------- a search that nobody could call clever


_SIMPLE = opencc.OpenCC("t2s")


def plain(text: str) -> list[str]:
    """A text as people mean it: each letter, digit and ideograph folded, a blank where something ends a run. By rules of its own."""
    out: list[str] = []
    for char in text:
        for one in unicodedata.normalize("NFKC", char).lower():
            base = unicodedata.normalize("NFD", one)[0] if one < "\u2e80" else one
            kind = unicodedata.category(base)
            if kind.startswith("M"):
                continue
            out.append(_SIMPLE.convert(base) if kind[0] in "LN" or kind == "Co" else " ")
    return out


def naive(needle: str, text: str, *, prefix: bool) -> bool:
    """Does a text hold a word? Signs stand anywhere, letters and digits as whole runs; blanks between signs count for nothing."""
    pieces = [re.escape(part) for part in _pieces(plain(needle))]
    if not pieces:
        return True
    pattern = r" *".join(pieces)
    run = r"[^ \u2e80-\U0010ffff]"
    first, last = _pieces(plain(needle))[0], _pieces(plain(needle))[-1]
    head = rf"(?<!{run})" if first < "\u2e80" else ""
    tail = rf"(?!{run})" if last < "\u2e80" and not prefix else ""
    if first != last or len(pieces) > 1:
        pattern = _between(_pieces(plain(needle)))
    return re.search(head + pattern + tail, "".join(plain(text))) is not None


def _pieces(chars: list[str]) -> list[str]:
    return [part for one in "".join(chars).split() for part in re.findall("[\u2e80-\U0010ffff]|[^\u2e80-\U0010ffff]+", one)]


def _between(pieces: list[str]) -> str:
    """Runs are parted by a blank at least, signs by as many as there are."""
    out = re.escape(pieces[0])
    for before, one in itertools.pairwise(pieces):
        out += (" +" if before[-1] < "\u2e80" and one[0] < "\u2e80" else " *") + re.escape(one)
    return out


def answers(query: Query, row: Mapping[str, str]) -> bool:
    """Does a row answer a query?"""
    if isinstance(query, Word):
        fields = [name for name, field in FIELDS.items() if query.field in (None, field)]
        texts = [row[name] for name in fields if row.get(name)]
        if query.field in (None, Field.CODE):
            texts.append(row["档号"])
        return any(naive(query.text, text, prefix=query.prefix) for text in texts) or not _pieces(plain(query.text))
    if isinstance(query, Without):
        return not answers(query.part, row)
    assert isinstance(query, Both | Either)
    parts = [answers(part, row) for part in query.parts]
    return all(parts) if isinstance(query, Both) else any(parts)


words = st.text(SIGNS, min_size=1, max_size=5).filter(lambda text: bool(_pieces(plain(text))))
texts = st.text(SIGNS, max_size=14)
rows_of = st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, texts)), min_size=1, max_size=25)
one_word = st.builds(Word, words, st.sampled_from([None, None, None, *FIELDS.values()]), st.booleans())
queries = st.recursive(
    one_word,
    lambda inner: st.builds(Both, st.tuples(inner, inner)) | st.builds(Either, st.tuples(inner, inner)) | st.builds(Without, inner),
    max_leaves=4,
)


def typed(query: Query) -> str:
    """A query as somebody would write it."""
    if isinstance(query, Word):
        quoted = '"' + query.text.replace('"', "") + '"'
        return (f"{query.field.label}:" if query.field else "") + quoted + ("*" if query.prefix else "")
    if isinstance(query, Without):
        return f"NOT ( {typed(query.part)} )"
    assert isinstance(query, Both | Either)
    return "( " + (" AND " if isinstance(query, Both) else " OR ").join(map(typed, query.parts)) + " )"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database for many examples, each of which takes its rows away again."""
    opened = open_database(tmp_path_factory.mktemp("shared") / "h.db", None, ["holdings"])
    yield opened
    opened.close()


@settings(max_examples=80, deadline=None)
@given(rows_of, st.lists(queries, min_size=1, max_size=8), st.sampled_from([search_plan.WORTH, 1]))
def test_every_hit_and_no_other(shared: Database, rows: list[dict[str, str]], asked: list[Query], worth: int) -> None:
    """Whatever stands in rows and whatever is asked of them, the index finds what comparing each of them finds; count and order agree,
    however many of the tokens are asked. Rows that are erased leave nothing."""
    dates = itertools.cycle(("19491001", "", "20190101", "1987年3月", "19850101", "很久以前"))  # in this part of the index and in that
    coded = [{"档号": f"J001-3-{at:04d}", **row} for at, row in enumerate(rows)]
    ids = lay(shared, [{**row, "成文日期": date} if date else row for row, date in zip(rows, dates, strict=False)])
    patch = pytest.MonkeyPatch()
    patch.setattr(search_plan, "WORTH", worth)
    try:
        for query in asked:
            wanted = [number for number, row in zip(ids, coded, strict=True) if answers(query, row)]
            text = typed(query)
            assert found(shared, text) == wanted[::-1], (text, read_query(text), coded)
            answer = search(shared.read(), WHOLE, SearchRequest(text, limit=3))
            assert (answer.count.value, answer.count.capped) == (len(wanted), False)
    finally:
        patch.undo()
        with shared.transaction() as connection:
            catalogue_rows.erase(connection, 0, [row["档号"] for row in coded])
    assert terms(shared) == []


def terms(database: Database, table: str = "a") -> list[tuple[str, int]]:
    """Everything that an index holds: (token, in how many rows)."""
    with database.transaction() as connection:
        held = Counter[str]()
        for era in ERAS:
            connection.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.held_{table}_{era} USING fts5vocab(main, search_index_{table}_{era}, row)")
            held.update({str(term): int(count) for term, count in connection.execute(f"SELECT term, doc FROM temp.held_{table}_{era}")})
        return sorted(held.items())


# ---------------------------------------------------------------------- who may see what


ROWS = [
    {"题名": "防汛通知一", "开放状态": "开放", "年度": "1987"},
    {"题名": "防汛通知二", "开放状态": "控制", "年度": "1987"},
    {"题名": "防汛通知三", "开放状态": "开放", "密级": "秘密"},
    {"题名": "防汛通知四", "密级": "绝密"},
    {"题名": "防汛通知五", "密级": "看不清", "开放状态": "开放"},
    {"题名": "防汛通知六", "档号": "J002-3-0001"},
]
STAFF, READER, PUBLIC = Role.STAFF, Role.READER, Role.PUBLIC


@pytest.mark.parametrize(
    ("caller", "seen"),
    [
        (Caller(PUBLIC), "一甲"),
        (Caller(PUBLIC, ("和平区",), ("J001",), Secrecy.TOP), "一甲"),
        (Caller(STAFF), "一二六甲乙"),
        (Caller(STAFF, ceiling=Secrecy.SECRET), "一二三六甲乙"),
        (Caller(STAFF, ceiling=Secrecy.TOP), "一二三四五六甲乙丙"),
        (Caller(STAFF, ("和平区",), ceiling=Secrecy.TOP), "甲乙丙"),
        (Caller(STAFF, ("",)), "一二六"),
        (Caller(STAFF, fonds=("J002",)), "六"),
        (Caller(READER), "一甲"),
        (Caller(READER, fonds=("J002",)), "一六甲"),
        (Caller(READER, ("和平区",)), "一甲乙"),
        (Caller(STAFF, ("没有这个区",)), ""),
    ],
)
def test_nobody_is_told_of_what_he_may_not_see(database: Database, caller: Caller, seen: str) -> None:
    """Rows are planted for each right: hits, counts, facets and pages of every order and every filter hold those alone that it shows."""
    lay(database, ROWS)
    planted = ({"开放状态": "开放"}, {"开放状态": "控制"}, {"密级": "机密"})
    lay(database, [{"题名": f"防汛通知{name}", **row} for name, row in zip("甲乙丙", planted, strict=True)], "和平区", first=20)
    access = access_of(caller)
    for text in ("防汛", "汛", "通知*", "防汛 NOT 水库", "题名:防汛", "防汛 OR 水库"):
        for sort in Sort:
            answer = search(database.read(), access, SearchRequest(text, sort=sort, facets=tuple(Facet)))
            assert {hit.title[-1] for hit in answer.hits} == set(seen), (text, sort)
            assert (answer.count.value, answer.count.capped) == (len(seen), False)
            assert sum(count for _, count in answer.facets[0].values) == len(seen)
    narrow = SearchRequest("", filters={Facet.SECURITY: ("秘密", "机密", "绝密")})
    assert {hit.title[-1] for hit in search(database.read(), access, narrow).hits} == set(seen) & set("三四五丙")
    assert search(database.read(), Access.none(), SearchRequest("防汛")).count.value == 0


ABOUT = Description("J001-WS·2003·Y-BGS-00003", Level.ITEM, {"题名": "防汛抗旱", "责任者": "水利局"}, "批", Clearance(Basis.REVIEW, ("张三",), 1))


def test_superseded_ended_and_gone_vanish_at_once(database: Database) -> None:
    """A new version, an end, a row that is gone, doubted, or stands for a record: what was said before is found no more."""
    ids = lay(database, [{"题名": "防汛抗旱", "档号": ABOUT.reference_code}, {"题名": "防汛消失"}])
    one = RecordId(bytes(16))
    with database.transaction() as connection:
        records.create_record(connection, one, ABOUT, pages=1, size=1, now=1)
    assert found(database, "防汛") == [search_index.RECORDS + 1, ids[1]]
    with database.transaction() as connection:
        catalogue_rows.set_state(connection, [ids[1]], RowState.GONE, 2)
        renewed = replace(ABOUT, reference_code="J001-WS·2003·Y-BGS-00004", elements={"题名": "养老"}, former_codes=(ABOUT.reference_code,))
        records.new_version(connection, one, 2, renewed, pages=1, size=1, now=2)
    assert (found(database, "防汛"), found(database, "养老")) == ([], [search_index.RECORDS + 1])
    assert found(database, ABOUT.reference_code) == [search_index.RECORDS + 1], "an old citation still leads to it"
    with database.transaction() as connection:
        records.new_version(connection, one, 3, replace(renewed, ended=True), pages=0, size=0, now=3)
    assert (found(database, "养老"), found(database, ABOUT.reference_code)) == ([], [])


def test_rows_of_an_import_under_way_are_not_told_and_cost_nothing(database: Database) -> None:
    """While a sheet is held its rows are in no answer, by word or by walking; those below them are."""
    shown = lay(database, [{"题名": "防汛旧行"}])
    with database.transaction() as connection:
        owner = catalogue_sheets.holder(connection, "河西区")
        delivery.upsert(connection, "批", None, 1)
        catalogue_sheets.hold(connection, catalogue_sheets.make_known(connection, owner, "批", "河西区表.csv", 1).id, 1)
    lay(database, [{"题名": "防汛新行"}], "河西区", first=9)
    assert found(database, "防汛") == found(database, "汛") == found(database, "NOT 水库") == shown


# ---------------------------------------------------------------------- order, pages, facets


def test_pages_hold_every_hit_once_in_every_order(database: Database) -> None:
    """Page after page, of any size and order, gives what one page of all gives; facets add up to the hits; filters narrow by them."""
    seed = 20261122
    draw = random.Random(seed)
    years = [draw.randrange(1950, 1990) for _ in range(600)]
    ids = lay(database, [{"题名": f"防汛{draw.choice('甲乙丙')}", "成文日期": f"{y}{draw.randrange(1, 13):02d}01" if y % 7 else "", "年度": str(y)} for y in years])
    for sort in Sort:
        whole = search(database.read(), WHOLE, SearchRequest("防汛", sort=sort, limit=1_000)).hits
        assert {hit.id for hit in whole} == set(ids), seed
        request, paged = SearchRequest("防汛", sort=sort, limit=37), []
        while True:
            answer = search(database.read(), WHOLE, request)
            paged += [hit.id for hit in answer.hits]
            if not answer.cursor:
                break
            request = replace(request, cursor=answer.cursor)
        assert paged == [hit.id for hit in whole], (seed, sort)
    days = [hit.date or "0" for hit in search(database.read(), WHOLE, SearchRequest("防汛", sort=Sort.DATE, limit=1_000)).hits]
    assert days == sorted(days, reverse=True)
    answer = search(database.read(), WHOLE, SearchRequest("防汛", facets=(Facet.YEAR,)))
    assert dict(answer.facets[0].values) == Counter(map(str, years))
    for first, last in ((1950, 1950), (1955, 1971), (1949, 1999)):
        narrow = SearchRequest("", years=(first, last), sort=Sort.NEWEST, limit=1_000)
        assert [hit.id for hit in search(database.read(), WHOLE, narrow).hits] == [n for n, y in zip(ids, years, strict=True) if first <= y <= last][::-1]


def by_date(database: Database, text: str, years: tuple[int, int] | None = None) -> list[int]:
    """Every hit by date, a page of 300 after the other."""
    request, paged = SearchRequest(text, years=years, sort=Sort.DATE, limit=300, counted=False), list[int]()
    while True:
        answer = search(database.read(), WHOLE, request)
        paged += [hit.id for hit in answer.hits]
        if not answer.cursor:
            return paged
        request = replace(request, cursor=answer.cursor)


BOUNDS: tuple[dict[str, int], ...] = (
    {}, {"FEW": 40}, {"FEW": 40, "MANY": 1, "AT_ONCE": 3}, {"FEW": 40, "SOME": 60, "TRIED": 0, "SPARSE": 900},
    {"FEW": 5, "SOME": 6, "PASSED": 3, "YEARS": 1}, {"FEW": 5, "SOME": 6, "TRIED": 900}, {"MANY": 1, "TRIED": 900, "SPARSE": 2},
)  # fmt: skip


@pytest.mark.parametrize("bounds", BOUNDS)
def test_many_hits_by_date_are_those_of_sorting_all(database: Database, monkeypatch: pytest.MonkeyPatch, bounds: dict[str, int]) -> None:
    """Whichever way hits are found by date, pages are those of sorting every hit, also among years in which what is older or younger was filed."""
    for name, bound in bounds.items():
        monkeypatch.setattr(search_dates, name, bound)
    draw, years = random.Random(7), [1987] * 700 + [1988] * 450 + [1989] * 20 + [1990, 1993, 1995]
    dates = [f"{year}{draw.randrange(1, 13):02d}{draw.randrange(1, 29):02d}" for year in years]
    filed = [str(year + draw.choice((0, 0, 0, 0, 1, 5)) if year != 1989 else 1989) for year in years]
    ids = lay(database, [{"题名": draw.choice(("防汛通知", "防洪预案")), "成文日期": date, "年度": year} for date, year in zip(dates, filed, strict=True)])
    titles = {hit.id: hit.title for hit in fetch(database.read(), WHOLE, ids)}
    order = [(number, int(year)) for _, number, year in sorted(zip(dates, ids, filed, strict=True), reverse=True)]
    for text, within in (
        ("防汛", None), ("汛", None), ("防", (1988, 1990)), ("防汛", (1987, 1988)), ("防", (1989, 1989)), ("洪预", (1992, 1996)), ("", (1987, 1987)),
    ):
        want = [number for number, year in order if text in titles[number] and (within is None or within[0] <= year <= within[1])]
        assert by_date(database, text, within) == want, (text, within)


CELLS = {
    "责任者": ["民政局", "x", "天津"], "文号": ["津档〔2009〕13号", "一\n二"], "年度": ["1987", "87年", "19880101", "一九"], "保管期限": ["永久", "定期30年"],
    "密级": ["机密★10年", "内部"], "开放状态": ["开放", "控制"], "门类": ["WS", "ZP"], "人名": ["王淑珍、李四"], "主题词": ["防汛"], "自有": ["甲"],
}  # fmt: skip
MADE = st.fixed_dictionaries({name: st.sampled_from([None, *values]) for name, values in CELLS.items()})
CODES = st.sampled_from(["J001-1-0001-001", "J001-WS·2015·D30-0001", "J001-ZP·2015·D30-0001", "J001-1", "0001", "X--1", "-1-2"])
DATES = st.sampled_from(["", "19870312", "1987", "1987年3月", "87年", "很久"])


MANY_ROWS = st.lists(st.tuples(MADE, st.sampled_from(["防汛", "民政局的通知", "a\nb"]), CODES, st.sampled_from([3, 4]), DATES), max_size=6)


@given(MANY_ROWS, st.booleans(), st.sampled_from([0, 3]))
def test_what_many_rows_say_is_what_each_says(made: list[tuple[dict[str, str | None], str, str, int, str]], spoken: bool, holder: int) -> None:
    """Words, filters and days of rows told together are those of each one's document; and rows read together are documents as each alone."""
    names = tuple(name for name in CELLS if spoken or name not in ("人名", "主题词"))
    rows = [(msgspec.json.encode([cells[name] for name in names]).decode(), title, code, code, level, date) for cells, title, code, level, date in made]
    said = search_document.of_rows(names, rows, holder)
    each = [
        search_document.of_row(names, elements, title=title, code=code, key=key, level=level, holder=holder, date=date)
        for elements, title, code, key, level, date in rows
    ]
    assert said.words == [one.words() for one in each]
    assert [set(one.split()) for one in said.filters] == [set(one.filters().split()) for one in each]
    assert said.days == {(one.day, one.year) for one in each}
    assert said.kinds == Counter(one.kind() for one in each)
    columns = msgspec.json.encode(names).decode()
    stored = [(at, key, code, level, elements, columns, title, date, holder) for at, (elements, title, code, key, level, date) in enumerate(rows)]
    assert search_document.of_stored(stored, catalogue_rows.names_of) == dict(enumerate(each))


@settings(max_examples=120, deadline=None)
@given(st.text(st.sampled_from(SIGNS + "()\"“”*:|&!-或非与 题名档号ANDORT\n\x00"), max_size=40), st.text(max_size=12))
def test_nothing_that_people_paste_is_an_error(shared: Database, text: str, cursor: str) -> None:
    """Any text is a query, and any text a cursor; both within their bounds."""
    for asked in (text, text * 60):
        search(shared.read(), WHOLE, SearchRequest(asked, cursor=cursor, sort=Sort.DATE, limit=5))


@given(st.lists(st.text(SIGNS + "\x1f\ufb01½é\u0301", max_size=12), max_size=30))
def test_many_are_folded_as_one_is(texts: list[str]) -> None:
    """The tokens of thousands of texts together are those of each; folding again changes nothing."""
    assert [one.split() for one in search_fold.tokens_of(texts or [""])] == [search_fold.tokens(search_fold.fold(one)) for one in texts or [""]]
    for one in texts:
        folded, places = search_fold.fold_with_places(one)
        assert search_fold.fold(folded) == folded == search_fold.fold(one)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(search_fold, "MANY", 0)
            assert search_fold.fold(one) == folded
        assert len(places) == len(folded)
