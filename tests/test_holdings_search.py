"""Search: every hit and no other, whatever is written and asked; counts, facets, order and pages; nothing that a caller may not see."""

import itertools
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import opencc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdings import catalogue_rows, catalogue_sheets, delivery
from holdings.access import Access
from holdings.catalogue_line import LineMaker
from holdings.search import search
from holdings.search_request import (
    Both,
    Either,
    Field,
    Query,
    SearchRequest,
    Sort,
    Without,
    Word,
    read_query,
)  # fmt: skip
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


@settings(max_examples=150, deadline=None)
@given(rows_of, st.lists(queries, min_size=1, max_size=8))
def test_every_hit_and_no_other(shared: Database, rows: list[dict[str, str]], asked: list[Query]) -> None:
    """Whatever stands in rows and whatever is asked of them, the index finds what comparing each of them finds; count and order agree.
    Rows that are erased leave nothing."""
    ids = lay(shared, rows)
    coded = [{"档号": f"J001-3-{at:04d}", **row} for at, row in enumerate(rows)]
    try:
        for query in asked:
            wanted = [number for number, row in zip(ids, coded, strict=True) if answers(query, row)]
            text = typed(query)
            assert found(shared, text) == wanted[::-1], (text, read_query(text), coded)
            answer = search(shared.read(), WHOLE, SearchRequest(text, limit=3))
            assert (answer.count.value, answer.count.capped) == (len(wanted), False)
    finally:
        with shared.transaction() as connection:
            catalogue_rows.erase(connection, 0, [row["档号"] for row in coded])
    assert terms(shared) == []


def terms(database: Database, table: str = "a") -> list[tuple[str, int]]:
    """Everything that an index holds: (token, in how many rows)."""
    with database.transaction() as connection:
        connection.execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS temp.held_{table} USING fts5vocab(main, search_index_{table}, row)")
        return [(str(term), int(count)) for term, count in connection.execute(f"SELECT term, doc FROM temp.held_{table}")]
