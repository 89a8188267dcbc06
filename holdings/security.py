"""Security level 密级 (GB/T 7156-2003) and the class of a site; pure.

State secrets are 秘密, 机密 and 绝密 only; 内部 is not one. What cannot be read counts as classified (DESIGN §3).
"""

from __future__ import annotations

import unicodedata
from enum import IntEnum
from typing import Final

from msgspec import Struct

from holdings.expression import expression
from sync.site_class import SiteClass

__all__ = ["Mark", "MarkKind", "SiteClass", "parse_mark"]


class MarkKind(IntEnum):
    """What a security mark says."""

    OPEN = 0
    CLASSIFIED = 1
    UNREADABLE = 2


class Mark(Struct, frozen=True):
    """A mark as read: `level` is 秘密, 机密, 绝密 or empty."""

    kind: MarkKind
    level: str = ""

    @property
    def counts_as_classified(self) -> bool:
        """An unreadable mark counts as classified."""
        return self.kind is not MarkKind.OPEN


MARK_MAX: Final = 64  # characters; a longer "mark" is a shifted column, hence unreadable
_OPEN_WORDS: Final = frozenset(
    [
        "",
        "公开",
        "主动公开",
        "依申请公开",
        "无",
        "无密级",
        "无密",
        "非密",
        "非密级",
        "不涉密",
        "非涉密",
        "未涉密",
        "普通",
        "一般",
        "国内",
        "内部",
        "内部公开",
        "内部资料",
        "内部文件",
        "内部使用",
        "限制",
        "限制使用",
        "已解密",
        "解密",
        "GK",
        "GN",
        "NB",
    ]
)
_LEVELS: Final = (
    ("绝密", expression("绝密|絕密|^UM$")),
    ("机密", expression("机密|機密|^JM$")),
    ("秘密", expression("秘密|祕密|^MM$")),
)
_BLANK: Final = expression(r"[\s\u200b-\u200f\u2060\ufeff]+")


def parse_mark(text: str | None) -> Mark:
    """Read a 密级 cell: `机密★20年`, `秘密级`, full-width and spaced forms are classified, blank and 内部 are open,
    anything else unreadable.

    A text that names a state secret anywhere is classified, whatever else it says: `机密（已解密）` is for a person to
    correct.
    """
    if text is None:
        return Mark(MarkKind.OPEN)
    if len(text) > MARK_MAX:
        return Mark(MarkKind.UNREADABLE)
    plain = _BLANK.sub("", unicodedata.normalize("NFKC", text)).upper()
    for level, pattern in _LEVELS:
        if pattern.search(plain):
            return Mark(MarkKind.CLASSIFIED, level)
    return Mark(MarkKind.OPEN if plain in _OPEN_WORDS else MarkKind.UNREADABLE)
