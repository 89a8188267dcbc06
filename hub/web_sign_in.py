"""Signing in and out: the pages before a full session, and the choice of language and colours."""

from __future__ import annotations

from typing import Final

from holdings.language import Language, mark
from holdings.password import LEAST
from hub import account_secret
from hub.account import AccountRefused, Stage
from hub.account_sign_in import Opened
from hub.web_frame import LANGUAGE, SESSION, STEPS, THEME, YEAR_S, Visit
from hub.web_pages import files
from hub.web_qr import picture
from hub.web_route import NO_STAGE, Cookie, Reply, Route, Turned

THEMES: Final = ("auto", "light", "dark")
STEPPING: Final = frozenset(Stage) - {Stage.FULL}


def home(visit: Visit) -> Reply:
    """Where each role begins."""
    menu = visit.frame.menu(visit)
    return visit.to(menu[0].path if menu else "/me")


def sign_in_page(visit: Visit) -> Reply:
    """The form; who is signed in goes on."""
    if visit.session is not None:
        return visit.to(STEPS[visit.session.stage])
    return visit.page("sign_in.html", error="", name="")


def sign_in(visit: Visit) -> Reply:
    """Take name and password."""
    ask = visit.ask
    try:
        opened = visit.parts.sign_in.open(ask.said("name"), ask.said("password"), ask.address, ask.agent)
    except AccountRefused as refused:
        return visit.page("sign_in.html", 422, error=visit.told(refused), name=ask.said("name")[:64])
    return _on(visit, opened)


def _on(visit: Visit, opened: Opened) -> Reply:
    return visit.to(STEPS[opened.stage], Cookie(SESSION, opened.token))


def sign_out(visit: Visit) -> Reply:
    """End this session."""
    visit.parts.sign_in.close(visit.person, visit.here, visit.ask.address)
    return visit.to("/sign-in", Cookie(SESSION, ""))


def factor_page(visit: Visit) -> Reply:
    """Ask for the second factor."""
    return visit.page("factor.html", error="")


def factor(visit: Visit) -> Reply:
    """Take a TOTP code or a printed one."""
    try:
        return _on(
            visit, visit.parts.sign_in.factor(visit.person, visit.here, visit.ask.said("code"), visit.ask.address)
        )
    except AccountRefused as refused:
        return visit.page("factor.html", 422, error=visit.told(refused))


def password_page(visit: Visit) -> Reply:
    """Ask for a new password."""
    return visit.page("password.html", error="", least=LEAST)


def password(visit: Visit) -> Reply:
    """Change the password."""
    ask = visit.ask
    try:
        if ask.said("new") != ask.said("again"):
            raise AccountRefused(mark("两次输入的新口令不同。"))
        return _on(
            visit, visit.parts.sign_in.change(visit.person, visit.here, ask.said("old"), ask.said("new"), ask.address)
        )
    except AccountRefused as refused:
        return visit.page("password.html", 422, error=visit.told(refused), least=LEAST)


def enrol_page(visit: Visit) -> Reply:
    """Offer the two kinds of second factor."""
    return _enrol(visit, 200, "")


def _enrol(visit: Visit, status: int, error: str) -> Reply:
    secret = visit.parts.sign_in.offer(visit.token)
    address = account_secret.totp_address(secret, visit.person.name, visit.frame.hub_name)
    text = account_secret.totp_text(secret)
    groups = " ".join(text[at : at + 4] for at in range(0, len(text), 4))
    return visit.page("enrol.html", status, error=error, secret=groups, qr=picture(address))


def enrol_totp(visit: Visit) -> Reply:
    """Take the TOTP secret on offer, proved by its first code."""
    try:
        return _on(
            visit,
            visit.parts.sign_in.take_totp(
                visit.person, visit.here, visit.token, visit.ask.said("code"), visit.ask.address
            ),
        )
    except AccountRefused as refused:
        return _enrol(visit, 422, visit.told(refused))


def enrol_codes(visit: Visit) -> Reply:
    """Make printed codes and show them this once."""
    codes, opened = visit.parts.sign_in.take_codes(visit.person, visit.here, visit.ask.address)
    visit.form_key = opened.token
    reply = visit.page("codes.html", codes=codes, made=visit.frame.clock.wall())
    reply.cookies.append(Cookie(SESSION, opened.token))
    return reply


# ---------------------------------------------------------------- language, colours, files


def _back(visit: Visit, cookie: Cookie) -> Reply:
    """To the page it was asked from: a path of this site and nothing else."""
    path = visit.ask.query.get("to", "/")
    ours = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return visit.to(path if ours else "/", cookie)


def language(visit: Visit) -> Reply:
    """Speak Chinese or English from now on."""
    tag = visit.ask.parts["tag"]
    if tag not in tuple(Language):
        raise Turned(404, mark("没有这种语言。"))
    return _back(visit, Cookie(LANGUAGE, tag, YEAR_S))


def theme(visit: Visit) -> Reply:
    """Light, dark, or as the browser says."""
    name = visit.ask.parts["name"]
    if name not in THEMES:
        raise Turned(404, mark("没有这种配色。"))
    return _back(visit, Cookie(THEME, name, YEAR_S))


def static(visit: Visit) -> Reply:
    """A file of ours; its address changes with its bytes, so browsers may keep it."""
    found = files().get(visit.ask.path)
    if found is None:
        raise Turned(404, mark("没有这个文件。"))
    return Reply(found[1], content_type=found[0], headers={"Cache-Control": "public, max-age=31536000, immutable"})


ROUTES: Final = (
    Route("GET", "/", home),
    Route("GET", "/sign-in", sign_in_page, stages=NO_STAGE),
    Route("POST", "/sign-in", sign_in, stages=NO_STAGE),
    Route("POST", "/sign-out", sign_out, stages=frozenset(Stage)),
    Route("GET", "/sign-in/factor", factor_page, stages=frozenset({Stage.FACTOR})),
    Route("POST", "/sign-in/factor", factor, stages=frozenset({Stage.FACTOR})),
    Route("GET", "/sign-in/password", password_page, stages=frozenset({Stage.CHANGE, Stage.FULL})),
    Route("POST", "/sign-in/password", password, stages=frozenset({Stage.CHANGE, Stage.FULL})),
    Route("GET", "/sign-in/enrol", enrol_page, stages=frozenset({Stage.ENROL, Stage.FULL})),
    Route("POST", "/sign-in/enrol/totp", enrol_totp, stages=frozenset({Stage.ENROL, Stage.FULL})),
    Route("POST", "/sign-in/enrol/codes", enrol_codes, stages=frozenset({Stage.ENROL, Stage.FULL})),
    Route("GET", "/language/{tag}", language, stages=NO_STAGE),
    Route("GET", "/theme/{name}", theme, stages=NO_STAGE),
    Route("GET", "/static/{digest}/{name}", static, stages=NO_STAGE),
)
