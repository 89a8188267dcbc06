"""The bounds of what people write in directives (format.md §14, §17). Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from msgspec import Struct

from holdings.errors import DirectiveUnreadable
from holdings.expression import expression

NAME_MAX: Final = 200
NOTE_MAX: Final = 400
TEXT_MAX: Final = 2_000
TIME_MAX: Final = 1 << 40
T = TypeVar("T")
_CONTROL: Final = expression(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CODE: Final = expression(r"[A-Z0-9-]{1,32}")
_DATE: Final = expression(r"\d{4}-\d{2}-\d{2}")


def text_of(value: str, most: int = TEXT_MAX) -> str:
    """A text of at most `most` characters without control characters; DirectiveUnreadable otherwise."""
    if len(value) > most or _CONTROL.search(value):
        raise DirectiveUnreadable(f"文字超过 {most:,} 字或含控制字符。请缩短后重试（format.md §14）。")
    return value


def person_of(value: str) -> str:
    """A person's name, 1 to 200 characters; DirectiveUnreadable otherwise."""
    if not value.strip():
        raise DirectiveUnreadable("没有写明经办人。请填写姓名（format.md §17）。")
    return text_of(value, NAME_MAX)


def seconds_of(value: int) -> int:
    """Whole seconds UTC within bounds; DirectiveUnreadable otherwise."""
    if not 0 <= value < TIME_MAX:
        raise DirectiveUnreadable("时间不合规（format.md §1）")
    return value


def code_of(value: str) -> str:
    """A code of the list of reasons, 1 to 32 characters A–Z 0–9 -; DirectiveUnreadable otherwise."""
    if not _CODE.fullmatch(value):
        raise DirectiveUnreadable("原因代码应为 1 至 32 个大写字母、数字或“-”（format.md §17）")
    return value


def date_of(value: str) -> str:
    """A date YYYY-MM-DD, or empty; DirectiveUnreadable otherwise."""
    if not value:
        return value
    try:
        if _DATE.fullmatch(value):
            dt.date.fromisoformat(value)
            return value
    except ValueError:
        pass
    raise DirectiveUnreadable("日期应写作 YYYY-MM-DD，如 2026-12-31（format.md §17）")


class Word(Struct, frozen=True):
    """Who says it and when: a person's name, whole seconds UTC."""

    person: str
    time: int

    def to_map(self) -> dict[int, Any]:
        """Keys 5 and 6 of every body."""
        return {5: person_of(self.person), 6: seconds_of(self.time)}


def word_of(f: dict[int, Any]) -> Word:
    """Who says it and when, from keys 5 and 6 of a checked map; DirectiveUnreadable."""
    return Word(person_of(f[5]), seconds_of(f[6]))


def at_most(values: Sequence[T], most: int, least: int = 0) -> Sequence[T]:
    """The values when there are `least` to `most` of them; DirectiveUnreadable otherwise."""
    if not least <= len(values) <= most:
        raise DirectiveUnreadable(
            f"中心指令中有 {len(values)} 项，应为 {least} 至 {most} 项。请分几次签发（format.md §14）。"
        )
    return values
