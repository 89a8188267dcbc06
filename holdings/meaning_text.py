"""What of a title or page is embedded; pure.

Words that say only what kind of paper it is (关于 … 的通知) make all titles alike: without them the candidates' model finds a
tenth more among fifty. Pages are cut into passages of bounded size that overlap, at the ends of sentences where there are some.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from holdings.expression import expression

TEXT_VERSION: Final = 1  # of the rules below: part of the version of every vector, so that a change embeds anew
TITLE_MAX: Final = 300  # characters of a title that are embedded; a model's attention ends sooner
PASSAGE: Final = 200  # characters; a model of sentences blurs what is longer
OVERLAP: Final = 40  # characters that two neighbours share, so that no sentence is lost between them
PASSAGE_LEAST: Final = 8  # characters below which a page says nothing (a number, a stamp)
PIECES_MAX: Final = 4_095  # passages of one record: 800,000 characters

_KIND: Final = expression(
    "(的)?(紧急|补充|联合|暂行|试行)?"
    "(通知|通报|通告|通令|公告|布告|报告|请示|批复|批示|函|意见|决定|命令|指示|规定|办法|条例|细则|总结|小结|材料|文件|汇编|汇报|简报|月报|"
    "一览表|登记表|审批表|统计表|分配表|申请表|清册|名册|登记册|审批名册|名单|目录|清单|会议纪要|纪要|实施方案|实施细则|方案|计划|规划|情况)$"
)
_SPACE: Final = expression(r"[\s\x00-\x1f]+")
_SENTENCE: Final = expression(r"[。！？；!?;]")


def core(title: str) -> str:
    """A title without what only names its kind; the title itself when nothing else is in it."""
    text = _SPACE.sub(" ", title).strip()[:TITLE_MAX]
    bare = _KIND.sub("", text.replace("关于", "")).strip()
    return bare if len(bare) > 1 else text


def question(text: str) -> str:
    """What is embedded of what somebody asks."""
    return _SPACE.sub(" ", text).strip()[:TITLE_MAX]


class Passage(NamedTuple):
    """A piece of the text of a page, which counts from 0."""

    page: int
    text: str


def passages(pages: Iterable[tuple[int, str]]) -> Iterator[Passage]:
    """The passages of a record's pages (number, text), at most PIECES_MAX; a page without text has none."""
    made = 0
    for page, text in pages:
        plain = _SPACE.sub(" ", text).strip()
        at = 0
        while len(plain) - at >= PASSAGE_LEAST and made < PIECES_MAX:
            end = _end(plain, at)
            yield Passage(page, plain[at:end])
            made += 1
            if end >= len(plain):
                break
            at = end - OVERLAP


def _end(text: str, at: int) -> int:
    """Where a passage that begins at `at` ends: after the last sentence of its second half, if one ends there."""
    limit = at + PASSAGE
    if len(text) <= limit + OVERLAP:
        return len(text)
    ends = [found.end() for found in _SENTENCE.finditer(text, at + PASSAGE // 2, limit)]
    return ends[-1] if ends else limit
