"""The gate: unknown is held, classified never passes an open site, and nobody else makes a Cleared."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from holdings.errors import OurFault
from holdings.findings import FindingCode, Severity, _texts
from holdings.gate import Cleared, Held, HeldReason, judge, judge_description
from holdings.record import Basis, Clearance, Description, Level, Row, RowState
from holdings.security import Mark, MarkKind, SiteClass, parse_mark

CLEARANCE = Clearance(Basis.REVIEW, ("张三", "李四"), 1_700_000_000)
ROW = Row("J001-003-0001-00012", "J001-003-0001-00012", Level.ITEM, {"题名": "通知", "密级": ""}, "第03批", "目录.xlsx", 7,
          volume="J001-003-0001", has_mark_column=True)
OPEN, CLOSED = SiteClass.OPEN, SiteClass.CLASSIFIED

MARKS = [
    *((text, MarkKind.OPEN, "") for text in ["", " ", "公开", "无", "非密", "内部", "内 部", "限制", "国内", "ＧＫ", "nb", "\u3000", "已解密", None]),
    *((text, MarkKind.CLASSIFIED, "秘密") for text in ["秘密", "秘密★10年", "秘密级", "秘 密", "MM", "ＭＭ", "商业秘密"]),
    *((text, MarkKind.CLASSIFIED, "机密") for text in ["机密", "机密★20年", "機密", "机密（已解密）", "JM", "内部/机密"]),
    *((text, MarkKind.CLASSIFIED, "绝密") for text in ["绝密", "绝密★", "絕密★30年", "绝　密", "UM", "由机密升为绝密"]),
    *((text, MarkKind.UNREADABLE, "") for text in ["密", "机", "秘级", "?", "是", "3", "-", "\ufffd\ufffd", "公开" * 40, "鏈哄瘑", "secret"]),
]


@pytest.mark.parametrize(("text", "kind", "level"), MARKS)
def test_marks_are_read(text: str | None, kind: MarkKind, level: str) -> None:
    """Open words, the three state secrets in every spelling, and everything else as unreadable."""
    assert parse_mark(text) == Mark(kind, level)
    assert parse_mark(text).counts_as_classified == (kind is not MarkKind.OPEN)


@given(st.text(max_size=20), st.sampled_from(["秘密", "机密", "绝密"]), st.text(max_size=20))
def test_a_state_secret_is_never_overlooked(before: str, level: str, after: str) -> None:
    """Whatever stands around the word, the mark counts as classified."""
    assert parse_mark(before + level + after).counts_as_classified


VERDICTS: list[tuple[str, Row | None, Clearance | None, SiteClass, HeldReason | None]] = [
    ("known, open, cleared", ROW, CLEARANCE, OPEN, None),
    ("no row", None, CLEARANCE, OPEN, HeldReason.NO_ROW),
    ("row gone", replace(ROW, state=RowState.GONE), CLEARANCE, OPEN, HeldReason.NO_ROW),
    ("two rows", replace(ROW, state=RowState.DUPLICATE), CLEARANCE, OPEN, HeldReason.ROW_DUPLICATE),
    ("no mark column", replace(ROW, has_mark_column=False), CLEARANCE, OPEN, HeldReason.NO_MARK_COLUMN),
    ("no mark element", replace(ROW, elements={"题名": "通知"}), CLEARANCE, OPEN, HeldReason.NO_MARK_COLUMN),
    ("not cleared", ROW, None, OPEN, HeldReason.NO_CLEARANCE),
    ("classified", replace(ROW, mark=MarkKind.CLASSIFIED, elements={}), CLEARANCE, OPEN, HeldReason.CLASSIFIED),
    ("classified by its element alone", replace(ROW, elements={"密级": "机密"}), CLEARANCE, OPEN, HeldReason.CLASSIFIED),
    ("unreadable", replace(ROW, mark=MarkKind.UNREADABLE), CLEARANCE, OPEN, HeldReason.MARK_UNREADABLE),
    ("classified and gone", replace(ROW, mark=MarkKind.CLASSIFIED, state=RowState.GONE), CLEARANCE, OPEN, HeldReason.CLASSIFIED),
    ("volume classified", replace(ROW, volume="J001-003-0009"), CLEARANCE, OPEN, HeldReason.VOLUME_CLASSIFIED),
    ("classified at a classified site", replace(ROW, elements={"密级": "机密"}, mark=MarkKind.CLASSIFIED), CLEARANCE, CLOSED, None),
    ("no mark at a classified site", replace(ROW, has_mark_column=False, elements={}), CLEARANCE, CLOSED, None),
    ("not cleared at a classified site", ROW, None, CLOSED, HeldReason.NO_CLEARANCE),
    ("no row at a classified site", None, CLEARANCE, CLOSED, HeldReason.NO_ROW),
]


@pytest.mark.parametrize(("_name", "row", "clearance", "site", "reason"), VERDICTS, ids=lambda v: v if isinstance(v, str) else "")
def test_verdicts(_name: str, row: Row | None, clearance: Clearance | None, site: SiteClass, reason: HeldReason | None) -> None:
    """Each condition of DESIGN §3 holds by itself, the secret ones before all others."""
    verdict = judge(row, clearance, frozenset({"J001-003-0009"}), site)
    assert (verdict.reason if isinstance(verdict, Held) else None) is reason
    if isinstance(verdict, Cleared):
        assert row is not None
        assert verdict.description == Description(row.reference_code, row.level, row.elements, row.delivery, CLEARANCE)


@pytest.mark.parametrize(
    ("elements", "site", "reason"),
    [
        ({"密级": ""}, OPEN, None), ({"密级": "内部"}, OPEN, None), ({}, OPEN, HeldReason.NO_MARK_COLUMN),
        ({"密级": "绝密"}, OPEN, HeldReason.CLASSIFIED), ({"密级": "甲"}, OPEN, HeldReason.MARK_UNREADABLE), ({"密级": "绝密"}, CLOSED, None),
    ],
)  # fmt: skip
def test_the_vault_judges_a_body_the_same(elements: dict[str, str], site: SiteClass, reason: HeldReason | None) -> None:
    """What a body shows is judged by the node's rules."""
    verdict = judge_description(Description("1", Level.ITEM, elements, "批", CLEARANCE), site)
    assert (verdict.reason if isinstance(verdict, Held) else None) is reason


def test_an_unsigned_body_is_held() -> None:
    """A body without persons has no clearance."""
    body = Description("1", Level.ITEM, {"密级": ""}, "批", Clearance(Basis.REVIEW, (), 0))
    assert judge_description(body, OPEN) == Held(HeldReason.NO_CLEARANCE)


def test_only_the_gate_makes_cleared() -> None:
    """A verdict cannot be built, changed, copied, pickled or subclassed elsewhere, and does not print a title."""
    verdict = judge(ROW, CLEARANCE, frozenset(), OPEN)
    assert isinstance(verdict, Cleared)
    with pytest.raises(OurFault):
        Cleared(verdict.description)
    with pytest.raises(OurFault):
        Cleared(verdict.description, proof=object())
    with pytest.raises(OurFault):
        verdict._description = verdict.description
    for carry in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(OurFault):
            carry(verdict)
    with pytest.raises(OurFault):
        type("Forged", (Cleared,), {})
    assert "通知" not in repr(verdict)


def test_every_reason_tells_rule_and_remedy() -> None:
    """A held record says what to do; secrets go to the classified machine and the secrecy office, and cannot be waived."""
    for reason in HeldReason:
        assert reason.rule
        assert reason.remedy
        assert not reason.finding.waivable
        assert reason.finding.severity is Severity.ERROR
    assert "移到涉密机处理，并报保密办" in HeldReason.CLASSIFIED.remedy


def test_every_finding_has_its_text() -> None:
    """The table of texts covers the codes and no others, and what concerns secrets is never waivable."""
    assert set(_texts()) == {code.slug for code in FindingCode}
    for code in FindingCode:
        assert code.rule
        assert code.remedy
        assert code.severity in Severity
        assert code.severity.label
        assert not (code.waivable and code.slug in {"classified", "volume-classified", "mark-unreadable", "classified-sealed"})
