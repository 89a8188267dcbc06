"""Reception without a database: reasons and their pages, terms in working days, where a delivery stands, and the papers."""

import datetime as dt
import hashlib
import io
import random
import re
import zipfile

import pytest

from holdings import handover_paper, reception, rectification, rectification_notice
from holdings.directive_verdict import HandOver
from holdings.errors import ReceptionRefused, SiteDataWrong
from holdings.handover_paper import CheckSum, ListedRecord, Register
from holdings.reception import DeliveryStanding, Standing, Tally
from holdings.rectification import Reason, due_day, read_pages
from holdings.rectification_notice import Line, Notice
from holdings.site_data import SiteData
from holdings.working_days import working_days

RULE = rectification.rule()


@pytest.mark.parametrize(("text", "said"), [
    ("3", "3"), ("第3页", "3"), ("5-7，3", "3、5-7"), ("3、4 5", "3-5"), ("7—9;8～10", "7-10"), ("  ", ""), ("１２", None), ("12.5", None), ("0", None),
    ("9-3", None), ("1-13", None), ("=1", None), ("x", None),
])  # fmt: skip
def test_pages_as_people_write_them(text: str, said: str | None) -> None:
    """Page lists come out in order, joined, within the record; what is none of them is refused with the word in question."""
    if said is None:
        with pytest.raises(ReceptionRefused, match="页码"):
            read_pages(text, 12)
    else:
        assert rectification.said_pages(read_pages(text, 12)) == said


def test_page_lists_name_exactly_the_pages() -> None:
    """Whatever pages are written in whatever order, the stretches cover these and no others, and reading what was said gives the same."""
    chance = random.Random(20_261_122)
    for _ in range(200):
        pages = {chance.randint(1, 60) for _ in range(chance.randint(1, 40))}
        written = [str(page) for page in pages]
        chance.shuffle(written)
        found = read_pages("、".join(written), 60)
        assert {page for first, last in found for page in range(first, last + 1)} == pages
        assert read_pages(rectification.said_pages(found), 60) == found
    with pytest.raises(ReceptionRefused, match="64"):
        read_pages(" ".join(str(page) for page in range(1, 400, 2)), 400)


@pytest.mark.parametrize(("reasons", "remark", "fault"), [
    ([Reason("W04", ((2, 3),))], "", None), ([Reason("Z02")], "题名错字", None), ([], "", "选理由"), ([Reason("X99")], "", "没有理由代码"),
    ([Reason("K01")], "", "写明页码"), ([Reason("Q99")], " ", "说明"), ([Reason("W05"), Reason("W05")], "", "只写一次"), ([Reason("W05")], "a\tb", "说明"),
    ([Reason("W05")], "长" * 301, "300"), ([Reason("W04", ((3, 4), (1, 2)))], "", "由小到大"), ([Reason("W05")] * 13, "", "1 至 12"),
])  # fmt: skip
def test_a_return_says_why(reasons: list[Reason], remark: str, fault: str | None) -> None:
    """Known codes, once each, with pages and words where the code asks for them; everything else is refused."""
    if fault is None:
        rectification.check_reasons(reasons, remark, RULE)
    else:
        with pytest.raises(ReceptionRefused, match=fault):
            rectification.check_reasons(reasons, remark, RULE)


def test_a_site_has_its_own_reasons() -> None:
    """A site's file adds codes and changes terms within bounds; a code that no directive could carry is refused with the file's name."""
    site = SiteData(
        (
            (
                "reception.toml",
                '[rule]\nrectify_days = 9999\n[reasons]\nB01 = { name = "盒号不符", clause = "本馆规定" }\n',
            ),
        )
    )
    mine = rectification.rule(site)
    assert mine.reasons["B01"].name == "盒号不符"
    assert (mine.rectify_days, mine.review_days) == (250, RULE.review_days)
    with pytest.raises(SiteDataWrong, match=r"reception\.toml"):
        rectification.rule(SiteData((("reception.toml", '[reasons]\n"小写" = { name = "x", clause = "y" }\n'),)))


def test_terms_are_working_days() -> None:
    """Two working days before the October week end after it; weekends that are worked count; every term ends on a working day, after exactly so many."""
    calendar = working_days()
    assert due_day(calendar, dt.date(2026, 9, 30), 1) == dt.date(2026, 10, 8)
    assert due_day(calendar, dt.date(2026, 10, 9), 1) == dt.date(2026, 10, 10), "a Saturday that is worked"
    for start in (dt.date(2026, 2, 10), dt.date(2026, 4, 30), dt.date(2025, 12, 31)):
        for days in (1, 5, 10, 30):
            due = due_day(calendar, start, days)
            span = [start + dt.timedelta(days=number) for number in range(1, (due - start).days + 1)]
            assert calendar.works(due)
            assert sum(map(calendar.works, span)) == days


@pytest.mark.parametrize(("counts", "rounds", "where", "words"), [
    ({}, 0, DeliveryStanding.EMPTY, ("没有档案", "没有档案")),
    ({Standing.WAITING: 3}, 0, DeliveryStanding.NEW, ("待验收", "待接收")),
    ({Standing.WAITING: 3, Standing.TO_ACCEPT: 1}, 0, DeliveryStanding.IN_HAND, ("验收中", "接收中")),
    ({Standing.WAITING: 1, Standing.ACCEPTED: 9}, 1, DeliveryStanding.AGAIN, ("待复核", "待复核")),
    ({Standing.RETURNED: 1}, 1, DeliveryStanding.MENDING, ("待整改", "待整改")),
    ({Standing.RETURNED: 1, Standing.TAKEN: 9}, 1, DeliveryStanding.PARTLY, ("部分通过，待整改", "部分接收，待整改")),
    ({Standing.ACCEPTED: 9, Standing.TAKEN: 1}, 2, DeliveryStanding.DONE, ("验收通过", "验收通过")),
    ({Standing.TAKEN: 9}, 2, DeliveryStanding.TAKEN, ("已接收", "已接收")),
])  # fmt: skip
def test_where_a_delivery_stands(
    counts: dict[Standing, int], rounds: int, where: DeliveryStanding, words: tuple[str, str]
) -> None:
    """By its records alone, in the words of each hand-over."""
    tallies = {standing: Tally(number) for standing, number in counts.items()}
    assert reception.standing(tallies, rounds) is where
    assert (where.label(HandOver.REPORT), where.label(HandOver.TRANSFER)) == words


def test_what_may_be_judged_and_concluded() -> None:
    """What is final is not judged again, a transfer not before its release; no round without a draft, and none dated by a clock nobody knows."""
    reception.may_judge(Standing.TO_RETURN, HandOver.REPORT, released=False)
    for now, handover, released in (
        (Standing.ACCEPTED, HandOver.REPORT, False),
        (Standing.WAITING, HandOver.TRANSFER, False),
    ):
        with pytest.raises(ReceptionRefused):
            reception.may_judge(now, handover, released=released)
    drafted = {Standing.TO_ACCEPT: Tally(1)}
    reception.may_conclude(drafted, 0, clock_known=True)
    for counts, rounds, known in (({}, 0, True), (drafted, 999, True), (drafted, 0, False)):
        with pytest.raises(ReceptionRefused):
            reception.may_conclude(counts, rounds, clock_known=known)
    calendar, today = working_days(), dt.date(2026, 11, 20)
    assert reception.rectify_due(calendar, today, RULE, "") == dt.date(2026, 12, 4)
    assert reception.rectify_due(calendar, today, RULE, "2026-11-30") == dt.date(2026, 11, 30)
    for asked in ("2026-11-20", "2028-01-01", "30.11.2026", "2026-02-30"):
        with pytest.raises(ReceptionRefused):
            reception.rectify_due(calendar, today, RULE, asked)


def register(handover: HandOver = HandOver.REPORT, **more: object) -> Register:
    """A paper."""
    checks = {name: CheckSum({"PASSED": 117, "PERSON": 1}, 2) for name in handover_paper.ASPECTS}
    said = {
        "number": "接收〔2026〕0001 号", "handover": handover, "giver": "和平区", "taker": "市级中心", "delivery": "第03批_20261122", "round": 1,
        "content": "全宗 J023 120 件；1958—1976 年", "volumes": 0, "items": 120, "pages": 2_345, "bytes": 1_234_567_890, "first_entry": 2, "last_entry": 9,
        "log": "ab" * 32, "checks": checks, "digest": "cd" * 32, "remark": "", "person": "王五", "time": 1_795_312_800, "day": "2026 年 11 月 22 日",
        "custody": "仍由和平区保管", **more,
    }  # fmt: skip
    return Register(**said)  # type: ignore[arg-type]


@pytest.mark.parametrize("handover", list(HandOver))
def test_the_paper_has_the_fields_of_the_form(handover: HandOver) -> None:
    """Every field that archives fill in stands on it, in the words of its hand-over; what was not checked is not called 通过; its PDF is the same each time."""
    from holdings.handover_paper_pdf import pdf

    paper = register(handover)
    cells = [
        cell
        for rows in (handover_paper.facts(paper), handover_paper.inspection(paper), handover_paper.signatures(paper))
        for row in rows
        for cell in row
    ]
    kind = handover.label
    for field in ("交接工作名称", "内容描述", f"{kind}电子档案数量", f"{kind}数据量", "载体起止顺序号", f"{kind}载体类型、规格",
                  "准确性检验", "完整性检验", "可用性检验", "安全性检验", "载体外观检验", "数字摘要", "摘要算法",
                  "填表人（签名）", "审核人（签名）", "单位（印章）"):  # fmt: skip
        assert field in cells, field
    assert "1.235 GB" in cells
    assert "通过 117 件；需人工判定 1 件；未检测 2 件" in cells
    assert kind in paper.title
    assert ("由接收单位保管" in paper.words.foot) is (handover is HandOver.TRANSFER)
    made = pdf(paper)
    assert made.startswith(b"%PDF")
    assert made == pdf(paper)


def test_the_list_proves_what_was_taken() -> None:
    """The list is plain text whose SHA-256 anybody can compare; another file of another record, or another title, gives another; nothing in it is reckoned out."""
    one = ListedRecord("J023-2011-Y-0001", '=HYPERLINK("http://x")\t\n题名', 1, 3, 999, (b"a" * 32, b"b" * 32))
    text = b"".join(handover_paper.list_lines([one])).decode()
    assert [len(line.split("\t")) for line in text.splitlines()] == [8, 8]
    assert "\t'=HYPERLINK" in text
    assert hashlib.sha256(b"a" * 32 + b"b" * 32).hexdigest() in text
    other = ListedRecord(one.code, one.title, 1, 3, 999, (b"b" * 32, b"a" * 32))
    assert b"".join(handover_paper.list_lines([other])).decode() != text


def test_the_notice_is_text_and_nothing_else() -> None:
    """No cell is a formula or a link, long lists are cut with a word, and the same notice is the same workbook."""
    known = {code: (reason.name, reason.clause) for code, reason in RULE.reasons.items()}
    head = Notice(
        "整改〔2026〕0001 号",
        HandOver.REPORT,
        "和平区",
        "市级中心",
        "第03批",
        1,
        117,
        3,
        "2026-12-04",
        "=1+1",
        "王五",
        1_795_312_800,
        "2026 年 11 月 22 日",
        known,
    )
    lines = [
        Line("J1-1", "=cmd|'/c calc'!A0", 1, "W04", "3、5-7", "+86"),
        Line("@J1-2", "http://evil.example", 2, "Z02", "", "-1"),
    ]
    made = rectification_notice.workbook(head, lines)
    book = zipfile.ZipFile(io.BytesIO(made))
    sheet, texts = (book.read(f"xl/{name}.xml").decode() for name in ("worksheets/sheet1", "sharedStrings"))
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    assert set(re.findall(r'<c r="[A-Z]+[0-9]+"[^>]*>', sheet)) == set(
        re.findall(r'<c r="[A-Z]+[0-9]+"[^>]*t="s">', sheet)
    ) | set(re.findall(r"<c [^>]*/>", sheet))
    for said in ("=cmd|'/c calc'!A0", "@J1-2", "+86", "页序错误", "3、5-7", "DA/T 31-2017 10.5.3", "2026-12-04"):
        assert said in texts, said
    assert not [name for name in book.namelist() if "rels" in name and "sheet" in name]
    assert made == rectification_notice.workbook(head, lines)
