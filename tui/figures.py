"""Numbers, sizes and times as the screens write them; pure, but for the zone of this machine."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.cells import cell_len, set_cell_size

from tui.wording import _


def count(number: int) -> str:
    """1,234."""
    return f"{number:,}"


def size(number: int) -> str:
    """Bytes in decimal units, as the papers of a hand-over have them: 999 B, 25.1 MB, 1.234 GB."""
    for unit, digits, least in (("TB", 3, 1e12), ("GB", 3, 1e9), ("MB", 1, 1e6), ("KB", 1, 1e3)):
        if number >= least:
            return f"{number / least:,.{digits}f} {unit}"
    return f"{number} B"


def rate(bits: float) -> str:
    """Mbit/s of a rate in bit/s."""
    return f"{bits / 1e6:.1f} Mbit/s"


def local(seconds: float) -> datetime:
    """A time on this machine's clock."""
    return datetime.fromtimestamp(seconds, UTC).astimezone()


def moment(seconds: float | None, now: float = 0) -> str:
    """14:02 on the day of `now`, else 05-20 14:02; a dash for no time."""
    if not seconds:
        return "-"
    at = local(seconds)
    return f"{at:%H:%M}" if now and at.date() == local(now).date() else f"{at:%m-%d %H:%M}"


def stamp(seconds: float | None) -> str:
    """2026-05-20 14:02; a dash for no time."""
    return f"{local(seconds):%Y-%m-%d %H:%M}" if seconds else "-"


def span(seconds: float) -> str:
    """How long something lasts, in its largest unit."""
    if seconds >= 86_400:
        return _("{n} 天", n=int(seconds // 86_400))
    if seconds >= 3600:
        return _("{h} 小时 {m} 分", h=int(seconds // 3600), m=int(seconds % 3600 // 60))
    return _("{n} 分钟", n=int(seconds // 60)) if seconds >= 60 else _("不足 1 分钟")


def bar(part: float, whole: float, width: int) -> str:
    """A bar of `width` cells made of ASCII, which has one width everywhere."""
    filled = round(width * min(1.0, part / whole)) if whole else 0
    return "#" * filled + "-" * (width - filled)


def share(part: float, whole: float) -> str:
    """A percentage with one decimal, never rounded up to 100."""
    if not whole:
        return "-"
    return f"{min(99.9, part * 100 / whole) if part < whole else 100.0:.1f}%"


def fit(text: str, width: int, *, right: bool = False) -> str:
    """The text in exactly so many cells: cut with .. where it is too long, a wide character never halved."""
    text = text.replace("\n", " ")
    length = cell_len(text)
    if length > width:
        return set_cell_size(set_cell_size(text, max(0, width - 2)) + "..", width)
    return " " * (width - length) + text if right else text + " " * (width - length)


def fit_path(text: str, width: int) -> str:
    """A path in exactly so many cells: where it is too long its end is kept, which tells folders of one place apart."""
    if cell_len(text) <= width or "/" not in text:
        return fit(text, width)
    return fit("../" + text.rstrip("/").rpartition("/")[2], width)


def tabs(titles: list[str], width: int) -> list[str]:
    """Numbered titles that stand side by side in so many cells: the longest are cut first, with a dot; never below three signs.

    >>> tabs(["Today", "Quarantine"], 17)
    [' 1 Tod. ', ' 2 Qua. ']
    """
    most = max(map(cell_len, titles), default=0)
    while most > 3:
        cut = [title if cell_len(title) <= most else f"{set_cell_size(title, most - 1).rstrip()}." for title in titles]
        said = [f" {n} {title} " for n, title in enumerate(cut, 1)]
        if sum(map(cell_len, said)) <= width:
            return said
        most -= 1
    return [f" {n} {set_cell_size(title, min(3, cell_len(title)))} " for n, title in enumerate(titles, 1)]


def pad(text: str, width: int) -> str:
    """The text in at least so many cells."""
    return text + " " * max(0, width - cell_len(text))
