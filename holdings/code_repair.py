"""Proposed repairs 建议档号 of nonstandard reference codes; pure. A proposal is shown and never applied by itself: the
code as printed stays official until somebody renumbers 改号.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final

from msgspec import Struct

from holdings.expression import expression
from holdings.reference_code import CODE_MAX, CodeForm, CodeProblem, ReferenceCode, format_code, match_key, parse

NUMBER_WIDTH: Final = 3  # DA/T 13-2022 examples count volumes and items with three digits at least

_WORDS: Final = ((expression(r"永久"), "Y"), (expression(r"(?:定期)?D?([1-9][0-9]{0,2})年"), r"D\1"))
_CROSSED: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})
_ODD_HYPHENS: Final = expression(r"[_~/\\|+]+|-{2,}")
_ODD_DOTS: Final = expression(r"·{2,}|[,;:'`*]+")
_BESIDE: Final = expression(r"·?-·?")
_RUN_TOGETHER: Final = expression(r"(?<=-)([A-Z]{2})((?:19|20)[0-9]{2})(?=[·-])")
_LABEL: Final = expression(r"^(?:档号|档案号|编号)[·:]?")
_SHORT: Final = expression(r"(?<=-)([0-9]{1,2})(?=-|$)")


class RepairReason(Enum):
    """Why a code is not as its rule writes it."""

    LABEL = "档号前带有栏目名"
    LOOK_ALIKE = "用了形似的分隔符、全角或小写字符"
    HYPHEN = "各级之间应以一个“-”相连（DA/T 13-2022）"
    DOT = "类别号各段之间应以“·”相连（DA/T 13-2022）"
    HYPHENS_INSIDE = "类别号内用了“-”，应为“·”（DA/T 13-2022）"
    RETENTION = "保管期限应写作 Y 或 D 加年数（DA/T 13-2022）"
    CROSSED = "数字位上写成了字母 O、I、L"
    WIDTH = f"案卷号、件号不足 {NUMBER_WIDTH} 位"


class Proposal(Struct, frozen=True):
    """What a code could be, and why; `code` is standard and stands as its rule writes it."""

    code: str
    reasons: tuple[RepairReason, ...]


def repair(text: str) -> Proposal | None:
    """Propose a standard spelling of a code; None when it conforms, or when nothing certain can be said."""
    printed = text.strip()
    if not printed or len(printed) > CODE_MAX:
        return None
    read = parse(printed)
    if isinstance(read, ReferenceCode) and read.standard and _retention(read.key) == read.key:
        return None if read.conforming else Proposal(read.key, (RepairReason.LOOK_ALIKE,))
    key = match_key(printed)
    reasons = [] if key == printed else [RepairReason.LOOK_ALIKE]
    for reason, mend in _MENDS:
        mended = mend(key)
        if mended != key:
            key = mended
            reasons.append(reason)
        if (code := _standard(key)) is not None:
            return Proposal(code, tuple(reasons if code == key else [*reasons, RepairReason.HYPHENS_INSIDE]))
    return None


def advice(text: str) -> str:
    """The proposal and its reasons for the end of a sentence, in Chinese; empty when there is none."""
    found = repair(text)
    return "" if found is None else f"；建议档号 {found.code}（{'；'.join(reason.value for reason in found.reasons)}）"


def _standard(key: str) -> str | None:
    """The code that a key is, or becomes when the hyphens inside its category are dots; None when it is none."""
    read = parse(key)
    if isinstance(read, CodeProblem) or read.form is CodeForm.OTHER or _retention(key) != key:
        return None
    written = format_code(read)
    again = parse(written)
    return written if isinstance(again, ReferenceCode) and again.conforming else None


def _retention(key: str) -> str:
    """永久 → Y, 30年 → D30; 长期 and 短期 say no number and are left."""
    for words, letter in _WORDS:
        key = words.sub(letter, key)
    return key


def _crossed(key: str) -> str:
    """O, I and L where only digits can stand: behind the first letter of the fonds, and in the numbers at the end."""
    levels = key.split("-")
    if len(levels) < 3:
        return key
    levels[0] = levels[0][:1] + levels[0][1:].translate(_CROSSED)
    for place in range(2, len(levels)):
        crossed = levels[place].translate(_CROSSED)
        if crossed.isdigit():
            levels[place] = crossed
    return "-".join(levels)


_MENDS: Final[tuple[tuple[RepairReason, Callable[[str], str]], ...]] = (
    (RepairReason.HYPHENS_INSIDE, lambda key: key),
    (RepairReason.LABEL, lambda key: _LABEL.sub("", key)),
    (RepairReason.HYPHEN, lambda key: _BESIDE.sub("-", _ODD_HYPHENS.sub("-", key)).strip("-·")),
    (RepairReason.DOT, lambda key: _RUN_TOGETHER.sub(r"\1·\2", _ODD_DOTS.sub("·", key))),
    (RepairReason.RETENTION, _retention),
    (RepairReason.CROSSED, _crossed),
    (RepairReason.WIDTH, lambda key: _SHORT.sub(lambda n: n[0].zfill(NUMBER_WIDTH), key)),
)
