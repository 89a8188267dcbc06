"""What holdings and desks say in Chinese, as English pages pass it on (hub/web_told.py)."""

import re
from pathlib import Path

import pytest

from holdings.language import Language, words
from hub import web_told

ENGLISH = words("hub", Language.ENGLISH)
CHINESE = re.compile("[\u3400-\u9fff]")


@pytest.mark.parametrize(("said", "english"), [
    ("检索词超过 500 个字符，只用了前 500 个", "500 characters"), ("只查 校舍：至少 1,000 条", "校舍 alone: at least 1000 records"),
    ("按字词查：没有", "As words: none"),
    ("此申请准予利用，不能再审批", "allowed"), ("第 3 版：摘要不符", "Version 3: digest differs"), ("文件只有 4 页", "4 pages"),
    ("利用者姓名至多 64 个字", "name of the applicant"), ("证件号码至多 40 个字符；请核对后重新填写", "40 characters"),
])  # fmt: skip
def test_a_sentence_is_told_in_english(said: str, english: str) -> None:
    """Found by its form, with what it tells of; in Chinese it stays as it is."""
    assert english.lower() in web_told.told(ENGLISH, said).lower()
    assert web_told.told(words("hub", Language.CHINESE), said) == said


def test_what_nobody_wrote_stays_as_it_is() -> None:
    """Unknown sentences and blanks pass; a number said twice must be the same."""
    for text in ("", "未知的话", "检索词超过 500 个字符，只用了前 400 个", "a {n} b"):
        assert web_told.told(ENGLISH, text) == text


def test_every_form_is_said_somewhere(repository: Path) -> None:
    """A sentence that holdings reword is missed here: the pieces of every form still stand in the sources that say them, and its English has no Chinese."""
    sources = "".join(path.read_text("utf-8") for room in ("holdings", "hub") for path in (repository / room).glob("*.py") if path.name != "web_told.py")
    sources = re.sub("（--[^）]*）", "", sources)  # the pages leave out the options of commands
    for form in web_told.FORMS:
        for piece in re.split(r"\{\w+\}|没有$|（--[^）]*）", form):
            assert piece.strip("，。：；（）“” ") in sources, f"{form} {piece!r}"
        assert not CHINESE.search(ENGLISH(form)), form
