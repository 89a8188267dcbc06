"""Metadata: the tables are whole, a right description passes, every broken rule is named without its value."""

import datetime as dt
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdings import metadata_scheme
from holdings.category import DEFAULT, categories
from holdings.errors import SiteDataWrong
from holdings.findings import FindingCode, Severity
from holdings.metadata import Violation, category_for, checker, edition_of, known_from, violations
from holdings.metadata_scheme import CURRENT, Need, Obligation, edition_at, element, obligation, scheme
from holdings.record import Level
from holdings.reference_code import ReferenceCode, parse
from holdings.site_data import SiteData

YEAR = 2026
GOOD = {
    "档号": "A439-WS·2015·D30·003-005", "全宗号": "A439", "年度": "2015", "题名": "关于印发《引滦入津工程档案管理办法》的通知", "责任者": "天津市水利局",
    "文号": "津水〔2015〕12号", "成文日期": "20150312", "保管期限": "定期30年", "密级": "", "页数": "12", "开放状态": "未审核",
}  # fmt: skip
C = FindingCode


def told(values: dict[str, str], level: Level = Level.ITEM, category: str = DEFAULT, **more: Any) -> list[tuple[str, FindingCode]]:
    """(element, code) of every violation."""
    return [(one.element, one.code) for one in violations(values, level, category, year=YEAR, **more)]


def test_the_elements_are_whole() -> None:
    """DA/T 46-2009 has 88 elements M1 to M88, each in a container that exists, with an obligation and a bound."""
    ours = [one for one in scheme().elements.values() if one.id]
    assert [one.id for one in ours] == [f"M{n}" for n in range(1, 89)]
    ids = {one.id for one in ours}
    assert all(one.container in ids | {""} and isinstance(one.need, Need) and 0 < one.length <= 32_767 for one in ours)
    assert all(by_name.name == name for name, by_name in scheme().elements.items())
    assert [scheme().elements[name].id for name in ("聚合层次", "档号", "题名", "日期", "密级", "页数", "附注", "关系描述")] == [
        "M1", "M8", "M22", "M33", "M38", "M43", "M75", "M88",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "level", "edition", "expected"),
    [
        ("题名", Level.ITEM, "DA/T 18-2022", Obligation.REQUIRED),
        ("成文日期", Level.ITEM, "DA/T 18-2022", Obligation.REQUIRED),
        ("开放状态", Level.VOLUME, "DA/T 18-2022", Obligation.REQUIRED),
        ("文号", Level.ITEM, "DA/T 18-2022", Obligation.IF_ANY),
        ("文号", Level.VOLUME, "DA/T 18-2022", None),
        ("保管期限", Level.SERIES, "DA/T 18-2022", None),
        ("档案保管沿革", Level.FONDS, "DA/T 18-2022", Obligation.REQUIRED),
        ("档案馆代码", Level.ITEM, "DA/T 18-2022", Obligation.OPTIONAL),
        ("保管期限", Level.ITEM, "DA/T 18-1999", Obligation.IF_ANY),
        ("开放状态", Level.ITEM, "DA/T 18-1999", None),
        ("题名", Level.PART, "DA/T 18-2022", None),
        ("题名", Level.FONDS, "DA/T 18-1999", None),
        ("题名", Level.ITEM, "DA/T 18-2040", Obligation.REQUIRED),
        ("本馆自定", Level.ITEM, "DA/T 18-2022", None),
    ],
)
def test_obligations_by_level_and_edition(name: str, level: Level, edition: str, expected: Obligation | None) -> None:
    """必著, 有则必著 and 选著 are DA/T 18's for the level and the edition; an edition not known here is taken as the current."""
    assert obligation(name, level, edition) is expected
    assert [one.label for one in Obligation] == ["必著", "有则必著", "选著"]


@pytest.mark.parametrize(
    ("day", "edition"),
    [("1985-01-01", "DA/T 18-1999"), ("2009-11-30", "DA/T 18-1999"), ("2022-06-30", "DA/T 18-1999"), ("2022-07-01", CURRENT), ("2026-01-01", CURRENT)],
)
def test_the_edition_of_a_day(day: str, edition: str) -> None:
    """A day has the edition that was in force, the oldest known one before all."""
    assert edition_at(dt.date.fromisoformat(day)) == edition


@pytest.mark.parametrize("category", sorted(categories()))
@pytest.mark.parametrize("edition", ["DA/T 18-2022", "DA/T 18-1999"])
def test_a_right_description_passes(category: str, edition: str) -> None:
    """A description with everything required has no violation, in every category and edition."""
    check = checker(Level.ITEM, category, edition, YEAR)
    own = {name: field.domain[0] if field.domain else "5" for name, field in categories()[category].fields.items() if "item" in field.required}
    own |= {"登记日期": "20150312"} if "登记日期" in own else {}
    own |= {"业务日期": "2015.3.12"} if "业务日期" in own else {}
    assert check.check(GOOD | own | ({"成文日期": "20150312", "题名": "合影"})) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"题名": "长" * 1001}, ("题名", C.METADATA_LENGTH)),
        ({"题名": "长" * 1000}, None),
        ({"题名": ""}, ("题名", C.METADATA_MISSING)),
        ({"责任者": ""}, ("责任者", C.METADATA_MISSING)),
        ({"成文日期": ""}, ("日期", C.DATE_MISSING)),
        ({"成文日期": "[195803]"}, None),
        ({"成文日期": "[1958]"}, None),
        ({"成文日期": "不详"}, None),
        ({"成文日期": "1958.3-1959.12"}, None),
        ({"成文日期": "18400101"}, None),
        ({"成文日期": "18391231"}, ("成文日期", C.DATE_DOUBTFUL)),
        ({"成文日期": f"{YEAR + 1}0101"}, ("成文日期", C.DATE_DOUBTFUL)),
        ({"成文日期": "20150231"}, ("成文日期", C.METADATA_TYPE)),
        ({"成文日期": "春节前"}, ("成文日期", C.METADATA_TYPE)),
        ({"年度": "2015年"}, None),
        ({"年度": "15"}, ("年度", C.METADATA_TYPE)),
        ({"年度": "1215"}, ("年度", C.METADATA_DOUBTFUL)),
        ({"保管期限": "永久"}, None),
        ({"保管期限": "Y"}, None),
        ({"保管期限": "D30"}, None),
        ({"保管期限": "30年"}, None),
        ({"保管期限": "长期"}, None),
        ({"保管期限": "很久"}, ("保管期限", C.METADATA_DOMAIN)),
        ({"保管期限": "D0"}, ("保管期限", C.METADATA_DOMAIN)),
        ({"密级": "机密★10年"}, None),
        ({"密级": "内部"}, None),
        ({"密级": "绝对"}, ("密级", C.METADATA_DOMAIN)),
        ({"开放状态": "延期开放"}, None),
        ({"开放状态": "大概可以"}, ("开放状态", C.METADATA_DOMAIN)),
        ({"开放状态": ""}, None),
        ({"页数": "12页"}, None),
        ({"页数": "十二"}, ("页数", C.METADATA_TYPE)),
        ({"页数": "20001"}, ("页数", C.METADATA_DOUBTFUL)),
        ({"题名": "锟斤拷\ufffd"}, ("题名", C.METADATA_CHARACTERS)),
        ({"题名": "自造字\ue123"}, ("题名", C.METADATA_CHARACTERS)),
        ({"题名": "控制\x07"}, ("题名", C.METADATA_CHARACTERS)),
        ({"责任者": "龑䶮㛃𠮷平"}, None),
        ({"题名": "全角　空格"}, None),
        ({"保密期限": "10年"}, ("保密期限", C.METADATA_MISSING)),
        ({"保密期限": "10年", "密级": "秘密"}, None),
        ({"扫描色彩模式": "彩色"}, None),
        ({"扫描色彩模式": "256色"}, ("扫描色彩模式", C.METADATA_DOMAIN)),
        ({"计算机文件名": "a/b?.pdf"}, ("计算机文件名", C.METADATA_TYPE)),
        ({"计算机文件大小": "12.5 KB"}, None),
        ({"计算机文件大小": "很大"}, ("计算机文件大小", C.METADATA_TYPE)),
        ({"附件文件名": "a.doc;b.doc"}, None),
        ({"本馆自定": "x" * 5000}, None),
    ],
    ids=str,
)
def test_each_rule_is_told_once_and_alone(change: dict[str, str], expected: tuple[str, FindingCode] | None) -> None:
    """One change to a right description breaks one rule of DA/T 70-2018, or none."""
    assert told(GOOD | change) == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("120101195803120017", None),
        ("12010119580312001X", C.METADATA_DOUBTFUL),
        ("120101195813120016", C.METADATA_DOUBTFUL),
        ("120101580312001", None),
        ("1201011958031200", C.METADATA_TYPE),
        ("军字第123号", C.METADATA_TYPE),
        ("H12345678", None),
    ],
)
def test_identity_numbers(number: str, expected: FindingCode | None) -> None:
    """GB 11643-1999: 18 digits with a right check digit and birthday, or 15; papers of other kinds pass."""
    row = GOOD | {"登记字号": "和1958-3", "登记类别": "结婚", "男方姓名": "张三", "女方姓名": "李四", "登记日期": "19580312", "男方身份证号": number}
    assert told(row, category="婚姻") == ([("男方身份证号", expected)] if expected else [])


def test_a_violation_names_clause_and_remedy_and_no_value() -> None:
    """Rule, clause, numbers and what to do are told; what stands in the cell is not, for it may be anybody's number."""
    wrong = GOOD | {"题名": "秘而不宣" * 300, "成文日期": "秘而不宣", "保管期限": "秘而不宣", "页数": "秘而不宣", "附注": "秘而不宣\x00", "责任者": ""}
    found = violations(wrong, Level.ITEM, year=YEAR)
    assert len(found) == 6
    for one in found:
        assert "秘而" not in one.rule + one.remedy + one.detail
        assert "DA/T" in one.rule and one.remedy
        assert one.severity in (Severity.WARNING, Severity.HINT)
    length = next(one for one in found if one.code is C.METADATA_LENGTH)
    assert length.rule == "DA/T 70-2018 GD-1-2：元数据项过长（“题名”，DA/T 46-2009 M22：1,200 个字符，至多 1,000）"
    finding = length.finding("K", "目录.xlsx#7", "档号")
    assert (finding.code, finding.subject, finding.path, finding.ref) == (C.METADATA_LENGTH, "K", "目录.xlsx#7:题名", "档号")
    assert finding.rule == length.rule


def test_what_the_code_says_need_not_be_said_again() -> None:
    """保管期限 in the code, or a column that the sheet lacks and that was told once, is not missed in every row."""
    code = parse("A439-WS·2015·D30·003-005")
    assert isinstance(code, ReferenceCode)
    bare = {key: value for key, value in GOOD.items() if key != "保管期限"}
    assert told(bare) == [("保管期限", C.METADATA_MISSING)]
    assert told(bare, known_otherwise=known_from(code)) == []
    check = checker(Level.ITEM, DEFAULT, CURRENT, YEAR)
    assert [one.element for one in check.missing_columns(bare)] == ["保管期限"]
    assert check.missing_columns([*bare, "保管期限"]) == []


@pytest.mark.parametrize(
    ("code", "values", "category"),
    [
        ("K021-ZP·2019·D30-025-005", {}, "photo"),
        ("23-2-145", {"门类": "照片"}, "photo"),
        ("23-2-145", {"门类": "kj"}, "technical"),
        ("23-2-145", {"门类": "film"}, "film"),
        ("23-2-145", {"门类": "其他"}, "document"),
        ("23-2-145", {}, "document"),
    ],
)
def test_the_category_of_a_record(code: str, values: dict[str, str], category: str) -> None:
    """The code tells the category, else the row does, else it is 文书."""
    read = parse(code)
    assert isinstance(read, ReferenceCode)
    assert category_for(read, values) == category


def test_a_record_keeps_its_edition() -> None:
    """A record described by an older edition is judged by it; without a word it is the current one's."""
    old = {"档号": "23-2-145", "题名": "总结", "责任者": "民政局", "成文日期": "1998"}
    assert edition_of(old) == CURRENT
    assert told(old) == [("保管期限", C.METADATA_MISSING)]
    assert told(old, version=edition_of(old | {"著录规则": "DA/T 18-1999"})) == []


def test_electronic_records_need_more() -> None:
    """生成方式 原生: DA/T 46-2009 asks for its own required elements; a blank 密级 says that it is no secret."""
    missing = [name for name, _ in told(GOOD | {"生成方式": "原生"})]
    assert missing == ["立档单位名称", "电子文件号", "文件组合类型", "计算机文件名", "计算机文件大小", "当前位置"]
    assert told(GOOD | {"生成方式": "数字化"}) == []


def test_photos_and_films_have_their_own_obligations() -> None:
    """A photographer stands for 责任者; the sheet of a reel lists frames and no titles; a marriage row makes its title."""
    photo = {"照片号": "1", "题名": "合影", "摄影者": "王五", "成文日期": "2009", "保管期限": "永久"}
    assert told(photo, category="photo") == []
    assert told({**photo, "摄影者": ""}, category="photo") == [("责任者", C.METADATA_MISSING)]
    film = {"盘号": "0045", "起始画幅": "12", "终止画幅": "300", "母片/拷贝片": "母片"}
    assert told(film, category="film") == []
    assert told({**film, "终止画幅": ""}, category="film") == [("终止画幅", C.METADATA_MISSING)]
    assert element("题名", "photo") == metadata_scheme.element("题名")


def test_a_site_changes_a_rule() -> None:
    """A site's metadata.toml lengthens a field by id, narrows words by name, forbids a character, moves the earliest year."""
    site = SiteData((("metadata.toml", """
earliest_year = 1600
forbidden = "★"
[elements.M22]
length = 2000
[elements."稿本"]
domain = ["正本", "副本"]
[editions."DA/T 18-2022".levels.item]
required = ["题名"]
"""),))  # fmt: skip
    assert told({"题名": "长" * 1500, "成文日期": "16440425", "稿本": "正本"}, site=site) == []
    assert told({"题名": "长★", "稿本": "草稿"}, site=site) == [("题名", C.METADATA_CHARACTERS), ("稿本", C.METADATA_DOMAIN)]
    assert obligation("文号", Level.ITEM, site=site) is Obligation.IF_ANY


@pytest.mark.parametrize(
    ("text", "word"),
    [("[elements.M22]\nlenght = 3", "lenght"), ("earliest_year = '早'", "earliest_year"), ("[retention]\nwords=[]\npattern='('", "pattern"), ("x = ", "TOML")],
)
def test_a_wrong_site_file_is_refused_by_name(text: str, word: str) -> None:
    """A mistake in a site's metadata file is told with file and key."""
    with pytest.raises(SiteDataWrong, match=r"metadata-本馆\.toml") as fault:
        scheme(SiteData((("metadata-本馆.toml", text),)))
    assert word in str(fault.value)


NAMES = st.sampled_from(sorted({*scheme().elements, *GOOD, *itertools.chain(*(one.fields for one in categories().values()))}))
ANY = st.dictionaries(st.one_of(NAMES, st.text(min_size=1, max_size=8)), st.one_of(st.sampled_from(["", "永久", "2015", "01:02:03"]), st.text(max_size=60)))


@given(values=ANY, level=st.sampled_from(Level), category=st.sampled_from(sorted(categories())))
def test_any_description_is_judged_the_same_twice(values: dict[str, str], level: Level, category: str) -> None:
    """Whatever stands in a description, the judgement raises nothing, repeats itself, and names elements it can name."""
    first = violations(values, level, category, year=YEAR)
    assert first == violations(dict(values), level, category, year=YEAR)
    assert all(isinstance(one, Violation) and one.detail and one.code.waivable for one in first)
    blank = {one.element for one in first if one.code in (C.METADATA_MISSING, C.DATE_MISSING)}
    asked = {each.name for each in checker(level, category, CURRENT, YEAR).required}
    assert blank <= asked | set(values)
