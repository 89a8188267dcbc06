"""Words that reception takes from other rooms, marked here so that its pages can be read in English, and refusals in the reader's language."""

from __future__ import annotations

import re
from typing import Final

from holdings.check import Verdict
from holdings.language import Language, Words, mark

CHECKED: Final = {
    Verdict.PASSED: ("good", mark("检测通过")), Verdict.UNTESTED: ("", mark("未能检测")), Verdict.PERSON: ("warn", mark("需人工判定")),
    Verdict.FAILED: ("bad", mark("不通过")),
}  # fmt: skip
"""What the hub's checks say: colour and word."""
STANDINGS: Final = (
    mark("待验收"), mark("拟通过"), mark("拟退回"), mark("验收通过"), mark("退回整改"), mark("待接收"), mark("拟接收"), mark("已接收"), mark("验收中"),
    mark("接收中"), mark("待复核"), mark("待整改"), mark("部分接收，待整改"), mark("部分通过，待整改"), mark("没有档案"), mark("报送"), mark("移交"),
)  # fmt: skip
SENDING: Final = (
    mark("已签发"), mark("已送达"), mark("待执行"), mark("已执行"), mark("不能执行"), mark("已略过"), mark("不采纳"), mark("已停止"),
)  # fmt: skip
REFUSALS: Final = (
    mark("页码“{word}”不对：应写作 3、5-7，在 1 至 {pages} 之间"), mark("一个理由至多写 {most} 段页码；更多的请用说明写明"),
    mark("退回整改须选理由，1 至 {most} 个"),
    mark("没有理由代码 {code}；可用：{known}"), mark("理由 {code} {name}：请写明页码"), mark("理由 {code} {name}：请在说明中写明"),
    mark("理由 {code} 的页码应由小到大，不重叠"), mark("同一理由只写一次，页码合在一起"), mark("说明不超过 {most} 字，写成一段"),
    mark("整改期限应写作 2026-01-31 的样子"), mark("整改期限应在明天至一年之内"), mark("这一件已有结论，新版本到馆后才能再定"),
    mark("移交单位还没有移出保管，不能接收；请对方执行 jindang node release"), mark("本轮还没有拟定结论的档案，不能办结"), mark("一个批次至多 {most} 轮"),
    mark("本机时钟未经确认，不能开具有日期的文据；请先请系统管理员校时"), mark("本批次刚由他人办结了一轮；请刷新页面，核对后再办"),
    mark("这一批里没有这一件，或它已换了批次；请刷新页面"), mark("所选档案中有一件只有 {pages} 页，理由 {code} 写到了第 {last} 页"), mark("请先勾选档案"),
)  # fmt: skip
"""The texts of ReceptionRefused, wherever they are raised."""


REASONS: Final = (
    mark("档号与内容不符"), mark("著录错误或漏著录"), mark("目录与图像不符（挂接错误）"), mark("不是本批次或本单位的档案"), mark("缺页（漏扫）"),
    mark("重页（重复扫描）"), mark("多页（非本件）"), mark("页序错误"), mark("页数不符"), mark("不清晰，不能辨认"), mark("不完整（切字、缺角）"),
    mark("倒置或方向不对"), mark("偏斜"), mark("黑边、裁边不当"), mark("过暗或过亮"), mark("分辨率、色彩模式或格式不合约定"), mark("打不开"),
    mark("查出病毒"), mark("密级或开放标识有疑问"), mark("其他"),
)  # fmt: skip
"""The shipped names of reasons (holdings/data/reception.toml); a site's own stand as it wrote them."""
_PAGES: Final = mark("第 {n} 页")
_REASON: Final = re.compile("([A-Z0-9-]{1,32}) (.+?)(?:：" + _PAGES.replace("{n}", "(.+)") + ")?")


def reasons_told(words: Words, text: str) -> str:
    """A verdict's reasons in one line (rectification.told), in the reader's language; a remark stays as somebody wrote it."""
    if words.language is Language.CHINESE:
        return text
    return "; ".join(_reason(words, one) for one in text.split("；"))


def _reason(words: Words, text: str) -> str:
    found = _REASON.fullmatch(text)
    if found is None:
        return text
    code, name, pages = found.groups()
    return f"{code} {words(name)}" + (f": {words(_PAGES, n=pages.replace('、', ', '))}" if pages else "")
