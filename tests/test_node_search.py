"""`jindang node search`, `suggest`, `show`, `reindex` as people and scripts use them, by the home itself and through a daemon's local API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from node_at_work import NodeAtWork, make

from jindang.cli import main
from node.service import Service, verbs
from sync.sandbox import Sandbox

HEAD = "档号\t题名\t成文日期\t密级\t责任者\t保管期限\t人名"
ROWS = [
    "J023-2-0145-001\t关于修缮校舍的批复\t19580312\t\t和平区教育局\t永久\t",
    "J023-2-0145-002\t关于修缮校舍所需木材的请示\t19590312\t\t和平区教育局\t长期\t",
    "J023-2-0146-001\t王淑珍同志任职的通知\t19620101\t\t王淑珍\t永久\t王淑珍、单田芳",
    "J023-2-0146-002\t干部名册\t19620202\t\t人事科\t永久\t王书贞",
    "J024-1-0001-001\t防汛工作总结\t19630801\t\t水利局\t长期\t",
]  # fmt: skip
HIT = {"ref", "title", "level", "date", "score", "snippet"}


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> NodeAtWork:
    """A node with a catalogue; tests only read it."""
    folder = tmp_path_factory.mktemp("search")
    made = make(folder, sandbox)
    sheet = folder / "目录.tsv"
    sheet.write_text("\n".join([HEAD, *ROWS]) + "\n", "utf-8")
    told(ask(made, "catalogue", "import", sheet), None)
    return made


def ask(work: NodeAtWork, *words: object, json_: bool = True) -> Result:
    """A command of the node."""
    return CliRunner().invoke(
        main, ["node", *map(str, words), "--home", str(work.path), *(["--json"] if json_ else [])]
    )


def told(result: Result, code: int | None = 0) -> dict[str, Any]:
    """The JSON object of the last line."""
    assert code is None or result.exit_code == code, (result.output, result.exception)
    answer: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return answer


def refs(answer: dict[str, Any]) -> list[str]:
    """Codes of the hits."""
    return [hit["ref"] for hit in answer["hits"]]


def test_the_fields_of_the_contract(work: NodeAtWork) -> None:
    """DESIGN §7, with facets, filters, an explanation, and a cursor that brings the rest once and no more."""
    answer = told(ask(work, "search", "修缮 校舍", "--facet", "年度", "--explain"))
    assert set(refs(answer)) == {"J023-2-0145-001", "J023-2-0145-002"}
    assert answer["hits"][0].keys() >= HIT
    assert (answer["total"], answer["capped"]) == (2, False)
    assert {one["value"]: one["count"] for one in answer["facets"][0]["values"]} == {"1958": 1, "1959": 1}
    assert "有“修缮”" in answer["explain"]["read"]
    assert "修缮" in answer["explain"]["hits"][0]["why"]
    assert refs(told(ask(work, "search", "校舍", "--filter", "年度=1959..1970"))) == ["J023-2-0145-002"]
    assert refs(told(ask(work, "search", "校舍", "--filter", "保管期限=永久"))) == ["J023-2-0145-001"]
    first = told(ask(work, "search", "J023*", "--sort", "code", "--limit", 2))
    second = told(ask(work, "search", "J023*", "--sort", "code", "--limit", 2, "--cursor", first["cursor"]))
    assert refs(first) + refs(second) == [row.partition("\t")[0] for row in ROWS[:4]]


def test_what_is_not_understood_is_wrong_usage(work: NodeAtWork) -> None:
    """Exit 2, and the names there are; nothing is shown that was not asked for."""
    for words in (("--filter", "颜色=红"), ("--filter", "年度"), ("--facet", "颜色")):
        result = ask(work, "search", "校舍", *words)
        assert result.exit_code == 2
        assert "全宗" in result.stderr


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (("王淑贞", "--by", "sound"), {"J023-2-0146-001", "J023-2-0146-002"}),
        (("wsz", "--by", "sound"), {"J023-2-0146-001", "J023-2-0146-002"}),
        (("wang shu zhen", "--by", "sound"), {"J023-2-0146-001", "J023-2-0146-002"}),
        (("善田芳", "--by", "sound"), {"J023-2-0146-001"}),
        (("丹田芳", "--by", "sound"), set()),
        (("王苏珍", "--by", "sound"), set()),
        (("王苏琴", "--by", "fuzzy"), set()),
        (("王苏怎", "--by", "fuzzy"), {"J023-2-0146-001", "J023-2-0146-002"}),
        (("通知 同音:王淑贞",), {"J023-2-0146-001"}),
        (("名册", "--filter", "姓名~音=王淑贞"), {"J023-2-0146-002"}),
    ],
)
def test_names_are_found_by_sound(work: NodeAtWork, words: tuple[str, ...], codes: set[str]) -> None:
    """Of categories' names, 人名 and authors that are persons; by characters, pinyin, first letters; surnames as surnames."""
    assert set(refs(told(ask(work, "search", *words)))) == codes


def test_the_name_itself_comes_first(work: NodeAtWork) -> None:
    """Of names that sound alike the one that was typed leads."""
    assert refs(told(ask(work, "search", "王淑珍", "--by", "sound")))[0] == "J023-2-0146-001"
    assert refs(told(ask(work, "search", "王书贞", "--by", "sound")))[0] == "J023-2-0146-002"


def test_nothing_found_says_what_to_try(work: NodeAtWork) -> None:
    """Each word for itself, without the filters, and names that sound so."""
    tried = " ".join(told(ask(work, "search", "校舍 火箭"))["instead"])
    assert "2 条" in tried and "没有" in tried
    assert "1 条" in " ".join(told(ask(work, "search", "防汛", "--filter", "全宗=J023"))["instead"])
    assert "王淑珍" in " ".join(told(ask(work, "search", "王淑真"))["instead"])
    said = ask(work, "search", "校舍 火箭", json_=False)
    assert said.exit_code == 0
    assert "没有找到" in said.stdout


def test_suggestions_while_typing(work: NodeAtWork) -> None:
    """Phrases, bodies, names by characters and by letters, codes; nothing of what was erased since."""
    kinds = {(one["kind"], one["text"]) for one in told(ask(work, "suggest", "修缮"))["suggestions"]}
    assert ("题名", "修缮校舍") in {(kind, text[:4]) for kind, text in kinds}
    assert ("责任者", "水利局") in {
        (one["kind"], one["text"]) for one in told(ask(work, "suggest", "水利"))["suggestions"]
    }
    assert "王淑珍" in {one["text"] for one in told(ask(work, "suggest", "wsz"))["suggestions"]}
    assert "J023-2-0146-001" in {one["text"] for one in told(ask(work, "suggest", "J023-2-0146"))["suggestions"]}
    assert told(ask(work, "suggest", "校舍 "))["suggestions"] == []


def test_a_row_without_images_is_shown(work: NodeAtWork) -> None:
    """What search lists, show shows; a code that one row alone begins with is taken, several are named."""
    row = told(ask(work, "show", "J024-1-0001-001"))
    assert (row["ref"], row["title"], row["custody"], row["pages"]) == (
        "J024-1-0001-001",
        "防汛工作总结",
        "尚无图像",
        [],
    )
    missing = ask(work, "show", "J023-2-014")
    assert missing.exit_code == 1
    assert "J023-2-0145-001" in missing.stderr


def test_the_index_is_rebuilt_and_told(work: NodeAtWork) -> None:
    """`reindex` answers the same as before it, and says what it did; status has the index's state."""
    before = told(ask(work, "search", "校舍", "--facet", "全宗"))
    done = told(ask(work, "reindex"))
    assert done["entries"] == len(ROWS)
    after = told(ask(work, "search", "校舍", "--facet", "全宗"))
    assert (refs(after), after["total"], after["facets"]) == (refs(before), before["total"], before["facets"])
    state = told(ask(work, "status"))["search"]
    assert state["entries"] == len(ROWS)
    assert state["behind"] == 0
    assert state["bytes"] > 0


def test_the_local_api_has_the_same_verbs(work: NodeAtWork) -> None:
    """Console and commands reach everything through the service; its capabilities list it."""
    assert {"search", "suggest", "show", "search_state", "reindex"} <= verbs()
    with work.opened() as engine:
        service = Service(engine)
        assert refs(service.search("校舍")) == refs(told_by(service, "校舍"))
        assert service.suggest("修缮")["suggestions"]


def told_by(service: Service, query: str) -> dict[str, Any]:
    """The answer of the service with every argument by its name."""
    return service.search(
        query=query,
        limit=20,
        mode="words",
        by="words",
        filters=[],
        sort="relevance",
        cursor="",
        facets=[],
        explain=False,
    )
