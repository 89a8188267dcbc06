"""Dates in Chinese words and in the eras of the republic and the last emperors, turned into digits; pure."""

from __future__ import annotations

from typing import Final

from holdings.expression import expression

_DIGIT: Final = {c: str(n) for n, cs in enumerate(("〇零○Ｏ０", "一壹元", "二贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")) for c in cs}  # fmt: skip
_TENS: Final = {"十": 10, "拾": 10, "廿": 20, "卅": 30, "卌": 40}
_NUMERAL: Final = "".join((*_DIGIT, *_TENS))
_WORDS: Final = expression(rf"[{_NUMERAL}]+")
_ERA: Final = expression(
    r"(?P<era>中华民国|民国|民國|光绪|光緒|宣统|宣統|公元|公历)(?P<year>[0-9]{1,4})(?P<rest>年.*)?$"
)
_BEFORE: Final = {"民国": 1911, "中华民国": 1911, "民國": 1911, "光绪": 1874, "光緒": 1874, "宣统": 1908, "宣統": 1908}
"""The year before the first of an era."""
_LUNAR: Final = frozenset({"光绪", "光緒", "宣统", "宣統"})


def arabic_date(text: str) -> tuple[str, bool]:
    """A date with its words as digits: 二〇一一年三月 -> 2011年3月, 民国三十八年 -> 1949年, 元年 counts as 1.

    The second value says that the date is conjectured: years of the emperors follow the moon, so only the year is kept.
    Texts without such words come back as they are.
    """
    if text.isascii():
        return text, False
    digits = _WORDS.sub(lambda found: _number(found[0]), text)
    found = _ERA.search(digits)
    if not found or found.start():
        return digits, False
    era, rest = found["era"], found["rest"] or "年"
    year = int(found["year"]) + _BEFORE.get(era, 0)
    if era in _LUNAR:
        return f"{year}年", True
    return f"{year:04d}{rest}", False


def _number(words: str) -> str:
    """Digits of a numeral: 二〇一一 by position, 二十一 and 廿一 by tens."""
    if not any(c in _TENS for c in words):
        return "".join(_DIGIT[c] for c in words)
    total, last = 0, 0
    for c in words:
        if c in _TENS:
            total += _TENS[c] * (last or 1) if _TENS[c] == 10 else _TENS[c]
            last = 0
        else:
            last = int(_DIGIT[c])
    return str(total + last)
