"""Words of state secrets in titles, document numbers and at the top of pages: none overlooked, none imagined."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from holdings.findings import FindingCode
from holdings.gate import Held, HeldReason, judge, judge_description
from holdings.record import Basis, Clearance, Description, Level, Row
from holdings.secrecy_words import WordRule, judges_number, judges_text, judges_texts, judges_title
from holdings.security import MarkKind, SiteClass
from holdings.sheet import encode_parsed, read_sheet
from holdings.sheet_profile import SheetProfile

MARKED = [
    "关于防空洞布局的通知（机密）",
    "机密★10年 关于粮食储备的报告",
    "关于边防哨所的批复 秘密★",
    "【绝密】某工程总体方案",
    "绝 密 ★ 长期 关于会议的纪要",
    "关于试卷的通知绝密★启用前",
    "機密★20年關於糧食的報告",
    "关于敌情的通报(秘密)",
    "关于敌情的通报（秘密级）",
    "机密☆五年 名册",
    "秘密*3年 电报",
    "机密★６个月 名单",
    "密级：机密 关于油库",
    "★秘密 关于人防",
]
WORDED = ["机密文件登记簿", "绝密电报汇编", "关于转发秘密文件的通知", "一九五八年机密函件", "秘密来往信函"]
HARMLESS = [
    "市政府秘书处关于印发工作规则的通知",
    "保密工作条例",
    "关于加强保密工作的意见",
    "关于侵犯商业秘密案的批复",
    "反不正当竞争法关于商业秘密的规定",
    "保守国家秘密法实施办法宣传提纲",
    "关于国家秘密及其密级具体范围的规定的学习情况",
    "关于精密机床厂扩建的请示",
    "关于密云水库供水的函",
    "关于采用秘密投票方式选举的说明",
    "关于地下党秘密交通线的回忆录",
    "关于密切联系群众的通知",
    "关于技术秘密转让合同",
    "关于加密坐标点的测量成果",
    "关于工作秘密管理的暂行办法",
    "关于失泄密事件的通报",
    "解密档案目录",
    "关于稠密居民区防火的通知",
    "秘书科会议记录",
    "★ 优秀青年名单",
    "五★级饭店评定",
    "关于通信秘密保护的规定",
    "密码电报员编制",
    "",
]


@pytest.mark.parametrize("title", MARKED)
def test_marks_in_titles_count_always(title: str) -> None:
    """密级★期限, a level in brackets, in any width and spacing, whatever the profile says."""
    assert judges_title(title)
    assert judges_title(title, WordRule.WORDS)


@pytest.mark.parametrize("title", WORDED)
def test_bare_words_count_where_the_profile_asks(title: str) -> None:
    """A level's word without star or brackets is left alone unless asked for."""
    assert not judges_title(title)
    assert judges_title(title, WordRule.WORDS)


@pytest.mark.parametrize("title", HARMLESS)
def test_titles_that_speak_of_secrets_are_no_secrets(title: str) -> None:
    """No false alarm by either rule."""
    assert not judges_title(title)
    assert not judges_title(title, WordRule.WORDS)


@pytest.mark.parametrize(
    ("number", "secret"),
    [
        ("机密〔1958〕12号", True),
        ("绝密字第3号", True),
        ("津革密字第12号", True),
        ("津密发〔1962〕4号", True),
        ("秘密★津政发〔1971〕9号", True),
        ("(58)秘密字5号", True),
        ("津政发〔2011〕12号", False),
        ("津秘字第12号", False),
        ("津保密办〔2009〕3号", False),
        ("秘书处〔1983〕2号", False),
        ("津国密局发〔2010〕1号", False),
        ("密云政发〔2010〕1号", False),
        ("", False),
    ],
)
def test_document_numbers(number: str, secret: bool) -> None:
    """A level's word or 密字 in a 文号 is a mark; the secretariat's 秘字 and the bureau of secrecy are none."""
    assert judges_number(number) == secret


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("机密\n\n中共临江市委文件\n关于粮食的通知", True),
        ("机 密 ★ 20 年\n特急", True),
        ("000123\n秘密★1年\n特急\n临江市人民政府文件", True),
        ("“秘密文件”", True),
        ("密级：绝密", True),
        ("秘 密\n关于", True),
        ("\n" * 30 + "绝密", True),
        ("临江市人民政府文件\n临政发〔1978〕12号\n关于做好保密工作的通知", False),
        ("关于侵犯商业\n秘密的规定", False),
        ("临江市秘书处\n会议纪要", False),
        ("正文\n" * 20 + "机密", False),
        ("", False),
    ],
    ids=range(12),
)
def test_the_top_of_a_page(text: str, secret: bool) -> None:
    """A mark, or a line of a level alone, among the first lines; what stands in the body is not the paper's mark."""
    assert judges_text(text) == secret


def test_pages_are_read_no_further_than_needed() -> None:
    """The first page that shows a mark ends the reading."""
    read = []

    def pages() -> Iterator[str]:
        for text in ("封面", "机密★5年", "不应再读"):
            read.append(text)
            yield text

    assert judges_texts(pages())
    assert read == ["封面", "机密★5年"]


@given(
    st.text(max_size=20),
    st.sampled_from(["绝密", "机密", "秘密"]),
    st.sampled_from(["★", "★10年", "☆长期"]),
    st.text(max_size=20),
)
def test_no_mark_is_overlooked(before: str, level: str, rest: str, after: str) -> None:
    """Whatever stands around level and star."""
    assert judges_title(before + level + rest + after)


@given(st.text(max_size=60))
def test_any_text_is_answered(text: str) -> None:
    """No text raises."""
    assert judges_title(text) <= judges_title(text, WordRule.WORDS)
    assert judges_number(text) in (True, False)
    assert judges_text(text) in (True, False)


ROW = Row(
    "J1-0001", "J1-0001", Level.ITEM, {"题名": "通知", "密级": ""}, "第03批", "目录.xlsx", 7, has_mark_column=True
)
CLEARANCE = Clearance(Basis.REVIEW, ("张三", "李四"), 1_700_000_000)


@pytest.mark.parametrize(
    ("elements", "site", "held"),
    [
        ({"题名": "关于粮食的报告（机密★20年）"}, SiteClass.OPEN, True),
        ({"案卷题名": "【绝密】工程"}, SiteClass.OPEN, True),
        ({"文号": "密字第12号"}, SiteClass.OPEN, True),
        ({"题名": "关于粮食的报告（机密★20年）"}, SiteClass.CLASSIFIED, False),
        ({"题名": "关于商业秘密的批复", "文号": "津秘字第12号"}, SiteClass.OPEN, False),
    ],
)
def test_the_gate_reads_title_and_number_again(elements: dict[str, str], site: SiteClass, held: bool) -> None:
    """At the node and at the vault alike, whatever the stored mark says."""
    said = {**ROW.elements, **elements}
    for verdict in (
        judge(replace(ROW, elements=said), CLEARANCE, frozenset(), site),
        judge_description(Description("J1-0001", Level.ITEM, said, "第03批", CLEARANCE), site),
    ):
        assert (verdict == Held(HeldReason.CLASSIFIED)) == held


SHEET = "档号,题名,文号,密级\nJ1-001-0001-00001,关于绝不可见的报告（机密★20年）,,\nJ1-001-0002-00001,绝密电报汇编,,\nJ1-001-0003-00001,可见,机密〔1958〕12号,\n"


@pytest.mark.parametrize(
    ("profile", "fields"),
    [(SheetProfile(), ["题名", "文号"]), (SheetProfile(secrecy_words=True), ["题名", "题名", "文号"])],
)
def test_a_row_found_by_its_words_leaves_only_where_it_stands(profile: SheetProfile, fields: list[str]) -> None:
    """Like a row whose 密级 says so: sheet, row number and code, and the field that showed it; never the words."""
    sheet = read_sheet("a.csv", SHEET.encode(), SiteClass.OPEN, profile)
    withheld = [row for row in sheet.rows if row.mark is MarkKind.CLASSIFIED]
    assert [refusal.field for refusal in sheet.refusals] == fields
    assert all(not row.values and not row.code and row.refused for row in withheld)
    assert {refusal.code for refusal in sheet.refusals} == {FindingCode.CLASSIFIED.slug}
    carried = encode_parsed(sheet).decode()
    assert "绝不可见" not in carried
    assert ("电报" in carried) == (len(fields) == 2)
    kept = read_sheet("a.csv", SHEET.encode(), SiteClass.CLASSIFIED, profile)
    assert kept.refused_count == 0
