"""Notes of the journal and reasons of verdicts in the reader's language (hub/journal_note.py, web_reception_words.py)."""

import re

import pytest

from holdings import rectification, topical_search
from holdings.language import Language, words
from holdings.rectification import Reason
from holdings.site_data import NO_SITE
from hub.journal_note import noted
from hub.web_reception_words import reasons_told

CHINESE, ENGLISH = words("hub", Language.CHINESE), words("hub", Language.ENGLISH)
HAN = re.compile("[\u3400-\u9fff]")


@pytest.mark.parametrize(("note", "chinese"), [
    ("pages: 12", "共 12 页"), ("round 2: 3 accepted, 1 returned", "第 2 轮：通过 3 件，退回 1 件"), ("approve", "批准"), ("revoke", "停止开放"),
    ("void sha256:ab12", "作废 sha256:ab12"), ("archivist 市民政局; ready", "业务人员 市民政局，已可登录"), ("404", "404"), ("校舍 fonds=J1", "校舍 fonds=J1"),
])  # fmt: skip
def test_a_note_is_read_in_chinese(note: str, chinese: str) -> None:
    """Words of ours in Chinese; what a person typed, and numbers, as they are. In English the note stands as it was written."""
    assert noted(CHINESE, note) == chinese
    assert noted(ENGLISH, note) == note


def test_a_refusal_in_the_journal_is_read_in_english() -> None:
    """The sentence with which something was refused, whole and in the auditor's language."""
    assert noted(CHINESE, "没有这个账号。") == "没有这个账号。"
    assert not HAN.search(noted(ENGLISH, "没有这个账号。"))


def test_shipped_reasons_and_choices_have_english() -> None:
    """Every reason code with its pages, and every choice of the shipped topical forms; a remark stays as somebody wrote it."""
    known = rectification.rule(NO_SITE)
    reasons = [Reason(code, ((1, 2), (5, 5)) if one.pages else ()) for code, one in known.reasons.items()]
    said = rectification.told(reasons, "原件残缺", known)
    assert reasons_told(CHINESE, said) == said
    english = reasons_told(ENGLISH, said)
    assert HAN.findall(english.removesuffix("原件残缺")) == [] and english.endswith("; 原件残缺")
    choices = [one for form in topical_search.forms(NO_SITE) for field in form.fields for one in field.choices]
    assert choices and not [one for one in choices if HAN.search(ENGLISH(one))]
