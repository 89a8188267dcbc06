"""Time codes 时码 and lengths of sound and moving pictures, as labels and sheets write them; pure.

A time code with frames (HH:MM:SS:FF) needs the rate of its tape to become time: 25 for PAL, 30 for NTSC, whose drop-frame
form (HH:MM:SS;FF) leaves out two numbers a minute so that the code keeps step with the clock.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from msgspec import Struct

from holdings.expression import expression

TEXT_MAX: Final = 32  # characters; a longer cell is no time code
HOURS_MAX: Final = 99  # a time code has two digits for hours
RATE_MAX: Final = 120  # frames a second
_CODE: Final = expression(
    r"(?:(?P<h>[0-9]{1,2}):)?(?P<m>[0-9]{1,3}):(?P<s>[0-9]{1,2})(?:(?P<sep>[:;])(?P<f>[0-9]{1,3})|\.(?P<ms>[0-9]{1,3}))?"
)
_FULL: Final = expression(r"(?P<h>[0-9]{1,2}):(?P<m>[0-9]{1,2}):(?P<s>[0-9]{1,2})(?P<sep>[:;])(?P<f>[0-9]{1,3})")
_WORDS: Final = expression(
    r"(?:(?P<h>[0-9]{1,3})(?:小时|时|h))?(?:(?P<m>[0-9]{1,4})(?:分钟|分|min|m|'))?(?:(?P<s>[0-9]{1,5})(?:秒钟|秒|sec|s|\"|''))?"
)
_MARKS: Final = str.maketrans({"′": "'", "″": '"', "’": "'", "‘": "'", "”": '"', "“": '"', "；": ";", "：": ":"})


class TimeCode(Struct, frozen=True, order=True):
    """A place on a tape, or a length: whole seconds, and either frames or milliseconds beyond them (never both)."""

    seconds: int
    frame: int = 0
    millisecond: int = 0
    drop: bool = False

    def milliseconds(self, rate: int) -> int:
        """Time from zero, in ms; `rate` is the nominal frames a second (drop-frame: of 30000/1001)."""
        if not self.drop:
            return self.seconds * 1000 + self.millisecond + (self.frame * 1000) // rate
        minutes = self.seconds // 60
        frames = self.seconds * rate + self.frame - 2 * (minutes - minutes // 10)
        return frames * 1001 // rate

    @property
    def text(self) -> str:
        """`HH:MM:SS`, with frames `:FF` (drop-frame `;FF`) or milliseconds `.mmm` where there are any."""
        hours, rest = divmod(self.seconds, 3600)
        code = f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"
        if self.drop or self.frame:
            return f"{code}{';' if self.drop else ':'}{self.frame:02d}"
        return f"{code}.{self.millisecond:03d}" if self.millisecond else code


def read_time(text: str, rate: int = RATE_MAX) -> TimeCode | None:
    """Read `01:02:03:04`, `62:03`, `1:02:03.5`, `1小时2分3秒`, `62′03″`, `45分钟`, `90秒`; None when it is none of these, above
    99 hours, or has a frame at or above `rate`. A bare number means nothing: minutes and seconds are both in use.
    """
    if not text or len(text) > TEXT_MAX:
        return None
    plain = unicodedata.normalize("NFKC", text.translate(_MARKS)).translate(_MARKS).replace(" ", "").lower()
    if found := _CODE.fullmatch(plain):
        # 12:34:56 is hours, minutes, seconds; a code with frames always has its hours.
        hours, minutes, seconds = int(found["h"] or 0), int(found["m"]), int(found["s"])
        if found["f"] and not _FULL.fullmatch(plain):
            return None
        if seconds > 59 or (found["h"] and minutes > 59) or (found["f"] and int(found["f"]) >= rate):
            return None
        total = hours * 3600 + minutes * 60 + seconds
        thousandths = int((found["ms"] or "0").ljust(3, "0"))
        code = TimeCode(total, int(found["f"] or 0), thousandths, found["sep"] == ";")
    elif plain and (found := _WORDS.fullmatch(plain)):
        code = TimeCode(int(found["h"] or 0) * 3600 + int(found["m"] or 0) * 60 + int(found["s"] or 0))
    else:
        return None
    return code if code.seconds < (HOURS_MAX + 1) * 3600 else None
