"""A record in words: its elements, receipts, findings, versions, former codes, relations, files; what people ask for first at the top."""

from __future__ import annotations

from typing import Any

from textual.content import Content

from holdings.language import mark
from tui import figures
from tui.link import Answer
from tui.page import facts
from tui.wording import _


def story(told: Answer, shown: Answer, hit: Answer | None) -> Content:
    """The whole record. `told`: its elements; `shown`: what `show` says, empty for a row without images; `hit`: how it was found."""
    parts: list[Content] = []

    def part(title: str, lines: list[Any]) -> None:
        if lines:
            parts.extend(
                [
                    Content.styled(title, "bold $primary"),
                    *(line if isinstance(line, Content) else Content(f"  {line}") for line in lines),
                    Content(""),
                ]
            )

    if not shown:
        parts.append(Content.styled(_("! 有目无图：目录里有，图像尚未加封"), "bold $warning-ink"))
        parts.append(Content(""))
    elif shown["void"]:
        void = shown["void"]
        parts.append(Content.styled(_("! 已作废：{why}（{by}）", why=void["reason"], by=void["by"]), "bold $error-ink"))
        parts.append(Content(""))
    if hit is not None and hit.get("snippet") and hit.get("field") == "全文":
        part(_("查到之处"), [hit["snippet"]])
    part(_("著录"), [facts([(name, str(value)) for name, value in told["elements"] if value], 10)])
    if not shown:
        return Content("\n").join(parts)
    part(_("保管方"), custody(shown))
    receipts = [
        _(
            "{label}（{grade}）  增量 {seq}  {time}",
            label=_(one["label"]),
            grade=one["grade"],
            seq=one["seq"],
            time=figures.stamp(one["wall"]),
        )
        for one in shown["receipts"]
    ]
    part(_("回执"), receipts or [_("尚无回执")])
    part(_("待处理"), [f"{one['severity']}  {one['rule']} -> {one['remedy']}" for one in shown["findings"]])
    part(
        _("版本"),
        [
            _("第 {n} 版  {time}  {pages} 页", n=one["version"], time=figures.stamp(one["time"]), pages=one["pages"])
            for one in reversed(shown["versions"])
        ],
    )
    part(_("页的变化"), [one["text"] for one in shown["page_changes"]])
    part(_("曾用档号"), shown["former_codes"])
    part(_("关系"), [f"{one['kind']}  {one['ref']}  {one['note']}".rstrip() for one in shown["relations"]])
    pages = [
        f"{n:>3}  {one['name']}  {_kind(one)}{figures.size(one['bytes'])}  {one['sha256'][:8]}"
        for n, one in enumerate(shown["pages"], 1)
    ]
    part(_("页（{n}）", n=len(pages)), pages)
    return Content("\n").join(parts)


def _kind(one: Answer) -> str:
    """Use and role of a file, where it is not simply a page of the record itself."""
    return "" if (one["use"], one["role"]) == ("存档件", "正文") else f"{one['use']} {one['role']}  "


HELD = (mark("本馆保管"), mark("移交中"), mark("市馆保管"))
"""Who holds a record, as the node says it; looked up when it is shown."""


def custody(shown: Answer) -> list[str]:
    """Who holds the record, how it came to that, and what the city said of it."""
    acts = [
        _(
            "{act}  {by}  第 {n} 版  {time}",
            act=_(one["act"]),
            by=_(one["by"]),
            n=one["version"],
            time=figures.stamp(one["wall"]),
        )
        for one in shown.get("custody_acts", [])
    ]
    said = [
        _("市馆{word}  第 {round} 轮  {by}  {time}  {note}", word=_("验收通过") if one["accepted"] else _("退回整改"), round=one["round"], by=one["by"],
          time=figures.stamp(one["time"]), note=one["note"]).rstrip()
        for one in shown.get("verdicts", [])
    ]  # fmt: skip
    return [_(shown["custody"]), *acts, *said]
