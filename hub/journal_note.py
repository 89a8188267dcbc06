"""What stands beside an act in the journal, in the reader's language. Pure. The journal keeps what was written: short words of ours in English, or the sentence in
Chinese with which something was refused; neither changes with who reads it."""

from __future__ import annotations

import re
from typing import Final

from holdings.language import Language, Words, mark
from hub import web_told
from hub.account import Role

FORMS: Final = (
    (r"pages: (?P<n>\d+)", mark("共 {n} 页")), (r"file (?P<n>\d+)", mark("第 {n} 个文件")), (r"faults: (?P<n>\d+)", mark("问题 {n} 处")),
    (r"reviews: (?P<n>\d+)", mark("审核 {n} 份")), (r"round (?P<n>\d+): (?P<a>\d+) accepted, (?P<b>\d+) returned", mark("第 {n} 轮：通过 {a} 件，退回 {b} 件")),
    (r"accept rest: (?P<n>\d+), left: (?P<b>\d+)", mark("其余拟通过 {n} 件，未动 {b} 件")), (r"accept: (?P<n>\d+)", mark("拟通过 {n} 件")),
    (r"return: (?P<n>\d+)", mark("拟退回 {n} 件")), (r"withdraw: (?P<n>\d+)", mark("撤销 {n} 件的拟定结论")), (r"void (?P<n>sha256:\w+)", mark("作废 {n}")),
    (r"virus: (?P<a>.+); (?P<n>sha256:\w+)", mark("查毒：{a}；{n}")), ("approve", mark("批准")), ("refuse", mark("不批准")), ("withdraw", mark("撤回")),
    ("close", mark("办结")), ("address", mark("转给保管方")), ("forward", mark("转交保管方")), ("revoke", mark("停止开放")), ("accept", mark("通过")),
    ("return", mark("退回整改")), ("open", mark("开放")), ("controlled", mark("控制")), ("deferred", mark("延期开放")),
)  # fmt: skip
"""(what was written, how a reader of Chinese reads it)."""
_ADDED: Final = re.compile(r"(?P<role>\w+) (?P<unit>.+?)(?P<ready>; ready)?")


def noted(words: Words, text: str) -> str:
    """A note of the journal; what is neither word nor sentence of ours stands as it was written."""
    if words.language is not Language.CHINESE:
        return web_told.told(words, text)
    for pattern, form in FORMS:
        if (found := re.fullmatch(pattern, text)) is not None:
            return form.format(**found.groupdict())
    added = _ADDED.fullmatch(text)
    if added is not None and added["role"] in {role.value for role in Role}:
        return f"{Role(added['role']).label} {added['unit']}" + ("，已可登录" if added["ready"] else "")
    return text
