"""The journal for the audit officer: filter, verify, export. Nobody else sees it, and the auditor's own looks stand in it too."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Final

from holdings.journal import Filter, Outcome
from holdings.language import mark
from hub.account import LOCAL, POWERS, Power, Role
from hub.errors import NotAllowed
from hub.journal_note import noted
from hub.web_frame import Visit
from hub.web_pages import ZONE_MINUTES
from hub.web_route import Reply, Route, Turned

PAGE: Final = 100
ROLES: Final = POWERS[Power.JOURNAL]
OUTCOMES: Final = {Outcome.DONE: mark("成功"), Outcome.REFUSED: mark("拒绝"), Outcome.FAILED: mark("失败")}
ROLE_NAMES: Final = {**{role.value: role.label for role in Role}, LOCAL: mark("本机")}
VERBS: Final = {
    "sign-in": mark("登录"), "sign-out": mark("退出"), "second-factor": mark("验证第二因素"), "factor-set": mark("设置第二因素"),
    "password-change": mark("更改口令"), "session-end": mark("结束会话"), "account-list": mark("查看账号列表"), "account-read": mark("查看账号"),
    "account-add": mark("增设账号"), "account-authorise": mark("授权账号"), "account-entitle": mark("更改权限"), "account-lock": mark("锁定账号"),
    "account-unlock": mark("解锁账号"), "account-reset": mark("重置账号"), "account-close": mark("注销账号"), "account-sign-out": mark("强制退出"),
    "journal-read": mark("查看审计日志"), "journal-verify": mark("核对审计日志"), "journal-export": mark("导出审计日志"), "monitor-read": mark("查看运行监控"),
    "node-read": mark("查看节点"), "node-enrol": mark("发接入码"), "node-list": mark("列出节点"), "node-revoke": mark("停用节点"),
    "record-read": mark("查看档案"), "record-file": mark("取出档案文件"), "record-export": mark("列出待导出档案"),
    "suggest": mark("联想词"), "catalogue-import": mark("导入目录"), "check-run": mark("四性检测"), "check-restart": mark("重新检测"),
    "check-report": mark("四性检测报告"), "reindex": mark("重建索引"), "doctor": mark("体检"), "backup": mark("备份"),
    "scrub": mark("定期巡检"), "reload": mark("重读配置"), "wait-no-more": mark("不再等节点"),
    "audit": mark("查核"), "statistics": mark("查看统计"), "statistics-enter": mark("填报统计"), "statistics-freeze": mark("统计定稿"),
    "statistics-export": mark("导出统计"), "accept": mark("下达验收通过"), "give-back": mark("下达退回整改"), "handover": mark("设定交接方式"),
    "grant": mark("授予保管"), "propose": mark("提出更正"), "proposal-read": mark("查看修改建议"),
    "opening": mark("下达开放审核结果"),
    "opening-list": mark("查看开放审核"), "opening-read": mark("查看开放审核"), "opening-propose": mark("提出开放审核"),
    "opening-step": mark("办理开放审核"), "opening-export": mark("导出开放审核"),
    "notify": mark("下达通知"), "directives": mark("查看中心指令"), "releases": mark("查看移出保管"),
    "alarm-read": mark("查看告警"), "alarm-ack": mark("确认告警"), "alarm-silence": mark("暂停告警提醒"), "alarm-note": mark("记告警备注"),
    "outage-read": mark("查看停机报备"), "outage-add": mark("报备停机"), "outage-end": mark("结束停机报备"),
    "search": mark("检索"), "facets": mark("查看分面"), "search-export": mark("导出检索结果"), "page-read": mark("查看页面图像"),
    "request-list": mark("查看利用登记簿"), "request-enter": mark("登记查档"), "request-read": mark("查看利用登记"), "request-step": mark("办理利用登记"),
    "token-list": mark("查看接口令牌"), "token-make": mark("生成接口令牌"), "token-revoke": mark("停用接口令牌"),
    "request-certify": mark("出具查档证明"), "request-copy": mark("打印复制件"),
    "reception-list": mark("查看接收"), "reception-read": mark("查看待接收档案"), "reception-judge": mark("拟定接收结论"), "reception-conclude": mark("办结接收"),
    "scan-attach": mark("附签章扫描件"), "scan-read": mark("查看签章扫描件"), "scan-void": mark("作废签章扫描件"),
    "reception-paper": mark("取接收文据"), "reception-check": mark("重新检测"),
}  # fmt: skip


def _day(text: str, plus: int = 0) -> int:
    """Seconds UTC at which a day of the form begins here; 0 for a blank. Turned when it is no date."""
    if not text:
        return 0
    try:
        day = dt.date.fromisoformat(text) + dt.timedelta(days=plus)
        return int(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp()) - ZONE_MINUTES * 60
    except (ValueError, OverflowError) as fault:
        raise Turned(400, mark("日期应写作 2026-01-31 的样子。")) from fault


def _filter(values: dict[str, str]) -> Filter:
    outcome = next((one for one in Outcome if values["outcome"] == str(int(one))), None)
    since, until = _day(values["since"]), _day(values["until"], plus=1)
    return Filter(values["person"], values["verb"], values["subject"], outcome, since, until)


FIELDS: Final = ("person", "verb", "subject", "outcome", "since", "until")


def _number(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise Turned(400, mark("页码应为数字。"))
    return int(text)


def read(visit: Visit) -> Reply:
    """The latest acts that pass the filter."""
    values = {name: visit.ask.query.get(name, "").strip()[:200] for name in FIELDS}
    before = _number(visit.ask.query.get("before", ""))
    acts = visit.parts.journal.find(_filter(values), before, PAGE + 1)
    more = acts[PAGE - 1].number if len(acts) > PAGE else 0
    reply = visit.page(
        "journal.html",
        acts=acts[:PAGE],
        values=values,
        verbs=VERBS,
        outcomes=OUTCOMES,
        roles=ROLE_NAMES,
        more=more,
        noted=partial(noted, visit.words),
        verdict=None,
    )
    reply.note = "; ".join(f"{name}={value}" for name, value in values.items() if value)
    return reply


def verify(visit: Visit) -> Reply:
    """Recompute the chain and compare it with its anchors."""
    journal = visit.parts.journal
    faults = journal.verify()
    try:
        last = journal.anchor()
    except NotAllowed:
        last = 0
    reply = visit.page("journal_verdict.html", faults=faults, last=last)
    reply.note = f"faults: {len(faults)}"
    return reply


def export(visit: Visit) -> Reply:
    """The acts that pass, as CSV."""
    values = {name: visit.ask.said(name).strip()[:200] for name in FIELDS}
    pieces = visit.parts.journal.export(_filter(values))
    note = "; ".join(f"{name}={value}" for name, value in values.items() if value)
    disposition = "attachment; filename=journal.csv"
    return Reply(pieces=pieces, content_type="text/csv", headers={"Content-Disposition": disposition}, note=note)


ROUTES: Final = (
    Route("GET", "/journal", read, roles=ROLES, verb="journal-read"),
    Route("POST", "/journal/verify", verify, roles=ROLES, verb="journal-verify"),
    Route("POST", "/journal/export", export, roles=ROLES, verb="journal-export"),
)
