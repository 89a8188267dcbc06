"""The frame of every page: who asks, may he, is the form ours, what the journal says, and what the page looks like. Synchronous; one call a request.

Nothing a handler does is reached before role, stage and form token are looked at; nothing it returns is shown before its act is in the journal.
"""

from __future__ import annotations

import hmac
from typing import Any, Final

from msgspec import Struct

from holdings.errors import Worded
from holdings.journal import Deed, Outcome
from holdings.language import Words, mark, words
from hub import web_told
from hub.account import Account, AccountRefused, Actor, Stage
from hub.account_session import Session
from hub.home import Home
from hub.people import Opened
from hub.reading_room import ReadingRoom
from hub.recheck import Rechecks
from hub.web_pages import render
from hub.web_route import Ask, Cookie, Reply, Route, Turned

SESSION: Final = "__Host-jindang"
FORM: Final = "__Host-jindang-form"
LANGUAGE, THEME = "jindang-language", "jindang-theme"
FIELD: Final = "form-token"
STEPS: Final = {
    Stage.FACTOR: "/sign-in/factor",
    Stage.CHANGE: "/sign-in/password",
    Stage.ENROL: "/sign-in/enrol",
    Stage.FULL: "/",
}
"""Where a session of each stage goes on."""
YEAR_S: Final = 365 * 86_400
_AGAIN: Final = mark("请返回，重试一次；仍然不行，请联系系统管理员。")
TITLES: Final = {
    400: mark("请求有误"), 403: mark("无权访问"), 404: mark("没有这个页面"), 405: mark("不能这样访问"), 408: mark("请求太慢"), 409: mark("请求有误"),
    413: mark("内容太大"), 422: mark("不能办理"), 429: mark("请求太频繁"), 500: mark("系统出错"), 503: mark("暂时不能服务"),
}  # fmt: skip
REMEDIES: Final = {
    400: mark("请返回上一页重试。"), 403: mark("需要时请安全保密管理员授权。"), 404: mark("请核对网址，或从首页进入。"), 405: mark("请从页面上的链接和按钮操作。"),
    408: mark("请检查网络后重试。"), 413: mark("请缩短后重试。"), 422: mark("请按提示更正后重试。"), 429: mark("请稍候一分钟再试。"),
    500: mark("已记入服务日志。请记下时间，告知系统管理员。"), 503: mark("请稍后重试；持续如此，请告知系统管理员。"),
}  # fmt: skip


class Visit(Struct):
    """One request of one person: what handlers work with."""

    frame: Frame
    route: Route
    ask: Ask
    account: Account | None
    session: Session | None
    form_key: str
    """What the form token is bound to: the session's token, or the chance in the form cookie."""
    words: Words
    fresh: list[Cookie]

    @property
    def person(self) -> Account:
        """Who is signed in; only on routes with stages."""
        assert self.account is not None
        return self.account

    @property
    def here(self) -> Session:
        """The session; only on routes with stages."""
        assert self.session is not None
        return self.session

    @property
    def token(self) -> str:
        """The session's cookie token."""
        return self.ask.cookies.get(SESSION, "")

    @property
    def actor(self) -> Actor:
        """Who is signed in, as an actor."""
        return Actor(self.person.name, self.person.role.value, self.ask.address)

    @property
    def parts(self) -> Opened:
        """What works on people.db."""
        return self.frame.parts

    def page(self, template: str, status: int = 200, **values: Any) -> Reply:
        """A page in this person's language."""
        body = render(
            template, _=self.words, number=self.words.number, in_words=self.in_words,
            language=self.ask.language.value, theme=self.ask.theme, me=self.account, path=self.ask.path,
            stage=self.session.stage.value if self.session else "", form_field=FIELD, form_token=self.frame.form_token(self.form_key),
            hub_name=self.frame.hub_name, menu=self.frame.menu(self), **values,
        )  # fmt: skip
        return Reply(body, status)

    def to(self, path: str, *cookies: Cookie) -> Reply:
        """Go on at another page."""
        return Reply(status=303, location=path, cookies=list(cookies))

    def in_words(self, text: str) -> str:
        """What holdings or a desk say in Chinese, in this person's language."""
        return web_told.told(self.words, text)

    def told(self, refused: Worded) -> str:
        """A refusal in this person's language."""
        return self.words(refused.text, **refused.values)


class MenuItem(Struct, frozen=True):
    """A link of the page's head: where to, what it says (Chinese, marked), whether the page lies under it."""

    path: str
    text: str
    here: bool


MENU: Final = (
    ("/search", mark("查档")),
    ("/requests", mark("利用登记")),
    ("/openings", mark("开放审核")),
    ("/reception", mark("接收")),
    ("/statistics", mark("统计")),
    ("/monitor", mark("运行监控")),
    ("/alarms", mark("告警")),
    ("/accounts", mark("账号")),
    ("/journal", mark("审计日志")),
    ("/me", mark("我的账号")),
)

UNDER: Final = {"/search": ("/topics", "/records"), "/alarms": ("/outages",)}
"""Other paths whose pages lie under a link of the menu."""


class Frame:
    """Answers requests by the route table."""

    def __init__(self, home: Home, parts: Opened, routes: tuple[Route, ...], key: bytes) -> None:
        self.home, self.parts, self.routes, self.hub_name, self.clock = (
            home,
            parts,
            routes,
            home.genesis.name,
            home.clock,
        )
        self.room, self.rechecks = ReadingRoom(home), Rechecks(home)
        self._key, self._random = key, home.random
        self._menu = [
            (path, text, route)
            for path, text in MENU
            for route in routes
            if route.method == "GET" and route.path == path
        ]

    def menu(self, visit: Visit) -> list[MenuItem]:
        """The links that this person may follow."""
        if visit.account is None or visit.session is None or visit.session.stage is not Stage.FULL:
            return []
        role, at = visit.account.role, visit.ask.path
        return [
            MenuItem(path, text, any(at == one or at.startswith(f"{one}/") for one in (path, *UNDER.get(path, ()))))
            for path, text, route in self._menu
            if role in route.roles
        ]

    def form_token(self, key: str) -> str:
        """What a form must bring back: bound to the session, worth nothing in another."""
        return hmac.digest(self._key, b"form" + key.encode("utf-8", "replace"), "sha256").hex()

    def close(self) -> None:
        """End what works beside the pages."""
        self.rechecks.close()
        self.room.close()

    # ------------------------------------------------------------------ a request

    def answer(self, route: Route, ask: Ask) -> Reply:
        """The reply to a request on this route; every refusal is a page as well."""
        visit = self._visit(route, ask)
        try:
            self._admit(visit)
            reply = route.handler(visit)
        except Turned as turned:
            reply = self._turned(visit, turned)
        except AccountRefused as refused:
            reply = self.failure(visit, 422, visit.told(refused))
            reply.outcome, reply.note = Outcome.REFUSED, refused.text
        if route.verb and visit.account is not None:
            # Before the page is shown: a crash here leaves an act whose effect nobody saw.
            if reply.outcome is Outcome.DONE and reply.status >= 400:
                reply.outcome = Outcome.REFUSED if reply.status < 500 else Outcome.FAILED
            note = reply.note or (str(reply.status) if reply.status >= 400 else "")
            self.parts.journal.note(
                Deed(
                    self.clock.wall(),
                    visit.account.name,
                    visit.account.role.value,
                    ask.address,
                    route.verb,
                    reply.subject or ask.path,
                    reply.outcome,
                    note,
                )
            )
        reply.cookies += visit.fresh
        return reply

    def admits(self, route: Route, ask: Ask) -> bool:
        """May who asks come here at all? Looked at before the body of an upload is read; `answer` looks again, at the form token too."""
        try:
            self._entitle(self._visit(route, ask))
        except Turned:
            return False
        return ask.origin_is_ours

    def again(self, route: Route, ask: Ask) -> bytes | None:
        """What a live route says now; None when who listens may not any more."""
        visit = self._visit(route, ask)
        try:
            self._admit(visit)
            return route.handler(visit).body
        except Turned:
            return None

    def _visit(self, route: Route, ask: Ask) -> Visit:
        token = ask.cookies.get(SESSION, "")
        found = self.parts.sign_in.who(token, touch=not route.live) if token else None
        account, session = found or (None, None)
        fresh, form_key = [], token if session is not None else ask.cookies.get(FORM, "")
        if not form_key:
            form_key = self._random(16).hex()
            fresh.append(Cookie(FORM, form_key))
        return Visit(self, route, ask, account, session, form_key, words("hub", ask.language), fresh)

    def _entitle(self, visit: Visit) -> None:
        """Turned unless stage and role are right."""
        route, session = visit.route, visit.session
        if not route.public:
            if session is None or visit.account is None:
                raise Turned(403, mark("请先登录。"), location="/sign-in")
            if session.stage not in route.stages:
                raise Turned(403, mark("请先完成登录的下一步。"), location=STEPS[session.stage])
            if visit.account.role not in route.roles:
                raise Turned(403, mark("您的角色无权访问此页。"))

    def _admit(self, visit: Visit) -> None:
        """Turned unless stage, role and form are right."""
        self._entitle(visit)
        ask = visit.ask
        if ask.method == "POST" and not (
            ask.origin_is_ours
            and hmac.compare_digest(
                ask.said(FIELD).encode("utf-8", "replace"), self.form_token(visit.form_key).encode()
            )
        ):
            raise Turned(403, mark("页面已过期，或请求不是从本网站的页面发出的。请刷新页面后重试。"))

    def _turned(self, visit: Visit, turned: Turned) -> Reply:
        if turned.location and visit.ask.method == "GET":
            reply = visit.to(turned.location)
        else:
            reply = self.failure(visit, turned.status, visit.words(turned.text))
        reply.outcome, reply.note = Outcome.REFUSED, turned.text
        return reply

    def failure(self, visit: Visit, status: int, text: str = "") -> Reply:
        """A page that says what went wrong and what to do, in the person's language."""
        title = visit.words(TITLES.get(status, TITLES[400 if status < 500 else 500]))
        remedy = visit.words(REMEDIES.get(status, _AGAIN))
        return visit.page("error.html", status, title=title, text=text, remedy=remedy, code=status)

    def stranger(self, ask: Ask, status: int, text: str = "") -> Reply:
        """The page for a request that has no route, or whose handling failed."""
        visit = Visit(
            self,
            Route(ask.method, ask.path, _nothing, stages=frozenset()),
            ask,
            None,
            None,
            "",
            words("hub", ask.language),
            [],
        )
        return self.failure(visit, status, visit.words(text))


def _nothing(_: Visit) -> Reply:
    """The handler of no route."""
    raise Turned(404, TITLES[404])
