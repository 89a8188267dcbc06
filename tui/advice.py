"""One line of advice: the most pressing thing of the day and the key that leads there; pure."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from tui import figures
from tui.wording import _

SILENT_S: Final = 3 * 86_400
DISK_DAYS: Final = 14
DISK_SHARE: Final = 0.05
CUT_S: Final = 2 * 86_400
"""How long after a cut the screen still speaks of it."""


class Advice(Struct, frozen=True):
    """A sentence, whether something is wrong (else it only informs), and the screen where it is dealt with."""

    text: str
    wrong: bool
    page: str = ""


def advise(day: dict[str, Any]) -> Advice:
    """The first that holds of these.

    Stopped, disk full, locked out of the hub, not cleared, findings, returned by the city, asked by it, paused, silent, disk soon full, cut off, all well.
    """
    now, disk, last = day["now"], day["disk"], day["last_contact"]
    uncleared = [place["name"] for place in day["places"] if place["uncleared"] and place["states"].get("HELD")]
    if day["stopped"]:
        return Advice(
            _("传输已停止：{why}。请联系市级中心；本机数据完好。", why=str(day["stopped"]).rstrip("。")), wrong=True
        )
    if disk["free"] < disk["total"] * DISK_SHARE:
        return Advice(
            _("磁盘只剩 {free}，新的扫描件将收不进来。请腾出空间或换大盘。", free=figures.size(disk["free"])),
            wrong=True,
        )
    if uncleared:
        return Advice(_("批次“{name}”待保密审查，未签署前不加封。", name=uncleared[0]), wrong=True, page="deliveries")
    if day["findings"]["error"]:
        return Advice(
            _("有 {n} 个错误待处理，所涉档案不加封。", n=figures.count(day["findings"]["error"])),
            wrong=True,
            page="findings",
        )
    city = day["city"]
    if city["stopped"]:
        return Advice(_("中心指令停在此处：{why}。", why=str(city["stopped"]).rstrip("。")), wrong=True, page="line")
    if city["to_mend"]:
        return Advice(
            _("市馆退回 {n} 件待整改；原因、轮次、期限见“退回”。", n=figures.count(city["to_mend"])), wrong=True, page="findings"
        )
    if city["waiting"]:
        return Advice(_("有 {n} 项中心指令待本馆答复。", n=figures.count(city["waiting"])), wrong=True, page="line")
    if day["paused"]:
        return Advice(_("传输已暂停，到时段也不会开始。"), wrong=True, page="line")
    if day["pending_deltas"] and isinstance(last, int) and now - last > SILENT_S:
        return Advice(
            _("已 {span} 连不上市级中心。本机数据完好，恢复后自动补传；请查网络。", span=figures.span(now - last)),
            wrong=True,
        )
    if disk["days_left"] is not None and disk["days_left"] < DISK_DAYS:
        return Advice(_("照近来的速度，磁盘 {n} 天后写满。请准备扩容。", n=disk["days_left"]), wrong=True)
    if day["cut"] and now - day["cut"]["back"] < CUT_S:
        return Advice(cut(day), wrong=False)
    return Advice(_("一切正常，无须处理。"), wrong=False)


def cut(day: dict[str, Any]) -> str:
    """What happened at the last cut, and that nothing was lost: every start sweeps and checks before it goes on."""
    at, back = (figures.moment(day["cut"][name], day["now"]) for name in ("at", "back"))
    return _("{at} 后断电或被强行结束，{back} 恢复：已自检，无数据丢失，未完的会接着做。", at=at, back=back)
