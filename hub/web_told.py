"""Sentences that holdings and desks say in Chinese, in the language of the page that passes them on. Pure.

A sentence is found again by its form: what stands in braces is what the sentence tells of, and is looked up itself where it is a word of ours.
"""

from __future__ import annotations

import functools
import re
from typing import Final

from holdings.language import Language, Words, mark

DEEP: Final = 3
"""Sentences within sentences: how many, of how many, of what."""
FORMS: Final = (
    # holdings/search_request.py, search.py: what a search left out
    mark("检索词超过 {n} 个字符，只用了前 {n} 个"), mark("检索词超过 {n} 个，只用了前 {n} 个"), mark("检索索引还没有建好：逐条比对，会慢；重建完成后恢复"),
    mark("检索索引由另一版程序建立，可能有漏检；请重建索引"), mark("按意思查没有启用，只按字词查"),
    mark("命中超过 {n} 条，按档号排的只是其中最新的 {n} 条；请加筛选条件"), mark("只比对了最新的 {n} 条；请加词或筛选条件"),
    # holdings/search_desk.py: what else to try
    mark("去掉筛选条件则有 {many}"), mark("只查 {words}：没有"), mark("只查 {words}：{many}"), mark("按字词查：没有"), mark("按字词查：{many}"),
    mark("连近音一起查：n/l、zh/z、in/ing 等不分"),
    mark("同音的姓名：{names}"),
    mark("按意思检索尚未就绪：向量还没有生成。请稍后再试，或执行 meaning run；按字词检索不受影响。"),
    mark("按意思检索须写出要找的内容；只有档号、文号或筛选条件时请按字词检索（--mode words）。"), mark("换用更短的词，去掉引号，或按意思查"),
    # holdings/page_picture.py, page_pyramid.py, image_*.py, hub/page_images.py: why a page has no picture
    mark("图像不能完整解码：文件损坏或不完整，请重新扫描或重新拷贝"), mark("这一页不是扫描图像，没有可看的画面；请看它的文字"),
    mark("此格式没有可直接查看的图像；请导出后用相应的软件打开"), mark("此格式没有可直接查看的图像"), mark("文件只有 {n} 页"), mark("图像超过 5 亿像素，不能查看"),
    mark("PDF 页面尺寸不合理，画不出来；请重新导出这一页"), mark("PDF 打不开或有打开密码；请重新导出"), mark("此页不是扫描图像"),
    mark("此文件太大，不能打印；请由业务人员取出后处理"), mark("此文件太大或没有内容，不能在网页中查看；请由业务人员取出后查看"),
    mark("图像不能解码：太大，或文件使解码器出错；请由业务人员取出原件查看"), mark("PDF 中的图像不能解码"),
    # holdings/reading_request.py, hub/reading_desk.py: why a request is not taken or not decided
    mark("一次至多申请 {n} 件；请分次登记"), mark("查不到这些档号，或您无权查看：{codes}。请核对后再批准"),
    mark("查不到这些档号，或您无权查看：{codes}。请核对后再转"),
    mark("其中有“{holder}”保管的未开放档案，须由保管方审批；请用“转给保管方”"), mark("这些档案由“{holder}”保管，须由保管方审批；请以保管方的账号办理，或转交保管方"),
    mark("此申请{state}，不能打印"), mark("此申请{state}，不能再转"), mark("此申请{state}，不能撤回"), mark("此申请{state}，不能办结"),
    mark("此申请{state}，不能再审批"), mark("此申请{state}，不能出具查档证明"), mark("此项由业务人员办理"), mark("请写明档号，每行一个"),
    mark("此申请不在您这里待审批，不能转"), mark("只有等待其他保管方审批的申请才能转交"), mark("没有叫“{holder}”的节点，无法转交；请与保管方联系"),
    mark("证件号码至多 {n} 个字符；请核对后重新填写"), mark("请选择利用目的：{purposes}"), mark("请写明查档内容，或选定档案"), mark("档号应为 1 至 {n} 个字符"),
    mark("人次应在 1 到 100 之间"), mark("请填写{document}的号码"), mark("凭介绍信查档，请填写介绍信编号和单位"), mark("有效期应在 1 到 {n} 天之间"),
    mark("请先选定准予利用的档案，至多 {n} 件"), mark("不予利用须写明理由（档案法第二十八条）"), mark("只有申请人或登记人可以撤回"),
    mark("复制页数应在 0 到 {n} 之间"),
    mark("不能审批自己的申请；请由其他业务人员办理"), mark("登记人不能审批；请由其他业务人员办理"), mark("{what}至多 {n} 个字"),
    mark("{what}中有不能显示的字符；请重新填写"),
    mark("请填写{what}"),
    # holdings/virus_answer.py, check_files.py: what a virus scan came to
    mark("未能查毒：没有设置查毒服务"), mark("未能查毒：查毒服务没有应答（{fault}）"), mark("未能查毒：文件超过查毒服务的上限（StreamMaxLength）"),
    mark("未能查毒：{fault}"), mark("{version}；病毒库 {n} 天前更新"), mark("{version}；看不出病毒库日期"), mark("感染 {name}"),
    # what those tell of
    mark("利用者姓名"), mark("单位"), mark("介绍信编号"), mark("证件号码"), mark("查档内容"), mark("理由"), mark("登记人"), mark("已过期"), mark("已撤回"),
    mark("已办结"), mark("准予利用"), mark("不予利用"), mark("待审批"), mark("中心"),
    # hub/lookup.py: what the vault found of a version
    mark("第 {n} 版：{what}"), mark("密文损坏"), mark("摘要不符"), mark("图像不能解码"), mark("未经保密审查"), mark("缺包"), mark("缺部件"),
    mark("著录无法解读"), mark("版本不连续"),
)  # fmt: skip
"""The longer before the shorter where one would match both."""


COUNTED: Final = (mark("至少 {n} 条"), mark("{n} 条"))
"""Of which English tells one from many; pages say them too."""


def told(words: Words, text: str, deep: int = DEEP) -> str:
    """A sentence in the reader's language; as it is in Chinese, and where nobody wrote it in another."""
    if words.language is Language.CHINESE or not text or not deep:
        return text
    for form in COUNTED:
        if (found := re.fullmatch(_pattern(form), text)) is not None and found["n"].replace(",", "").isdecimal():
            return words.number(form, int(found["n"].replace(",", "")))
    for form, pattern in _patterns():
        if (found := pattern.fullmatch(text)) is not None:
            return words(form, **{name: told(words, value, deep - 1) for name, value in found.groupdict().items()})
    return words(text)


@functools.cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((form, re.compile(_pattern(form), re.DOTALL)) for form in FORMS)


def _pattern(form: str) -> str:
    """What a sentence of this form looks like; a name that comes twice says the same twice."""
    said, seen = "", set[str]()
    for at, piece in enumerate(re.split(r"\{(\w+)\}", form)):
        said += re.escape(piece) if at % 2 == 0 else f"(?P={piece})" if piece in seen else f"(?P<{piece}>.+?)"
        seen |= {piece} if at % 2 else set()
    return said
