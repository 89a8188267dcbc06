"""The people's door: signing in through pages, what each role may reach, forms that are not ours, bad input (hub/web_*.py)."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import run

import pytest
from people_at_hub import PASSWORD
from people_door import SESSION, WITH_FILE, Browser, Door, form_with_file, open_door

from holdings import journal
from holdings.journal import Filter, Outcome
from hub.account import Role, Stage
from hub.web_frame import STEPS
from hub.web_rate import Rate
from hub.web_route import Route
from hub.web_table import ROUTES

NEW = "Haihe-Waitan 19 lou"


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One hub for the tests that only look."""
    with open_door(tmp_path_factory.mktemp("door") / "hub") as made:
        yield made


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Door]:
    """A hub of one test alone."""
    with open_door(tmp_path / "hub") as made:
        yield made


def patient(door: Door) -> None:
    """Attempts to sign in are counted by the minute; a test is not the attacker of the one before."""
    door.hub.clock.skip += 120


# ---------------------------------------------------------------- the story of an account


def test_an_account_from_start_password_to_work(own: Door) -> None:
    """System officer adds, security officer authorises, the person changes the start password and works; each in pages alone."""
    for name, role in (("sys", Role.SYSTEM), ("sec", Role.SECURITY), ("aud", Role.AUDIT)):
        own.team.settle(name, role)
    patient(own)
    system = own.signed_in("sys", Role.SYSTEM)
    system.get("/accounts")
    assert system.send("/accounts", name="Wang.Wu", person="王五", unit="和平区档案馆", role="archivist").says("wang.wu", "待授权")
    patient(own)
    security = own.signed_in("sec", Role.SECURITY)
    security.get("/accounts/wang.wu")
    shown = security.send("/accounts/wang.wu/authorise", unit="和平区档案馆", holders="和平区、河东区", fonds="J001", level="0")
    start = re.search(r"<code>([A-Z2-9-]{19})</code>", shown.text)
    assert start
    patient(own)
    person = own.browser()
    assert person.sign_in("wang.wu", start[1]).says("更改口令", "须先更改")
    assert person.get("/me").says("更改口令")
    assert person.send("/sign-in/password", old=start[1], new=NEW, again=NEW).says("王五", "运行监控")
    assert person.get("/me").says("业务人员", "当前")
    security.get("/accounts/wang.wu")
    assert security.page.says("和平区, 河东区", "J001")
    auditor = own.signed_in("aud", Role.AUDIT)
    assert auditor.get("/journal").says("授权账号", "account:wang.wu", "查看账号")
    assert auditor.send("/journal/verify").says("审计日志完整")
    assert security.send("/accounts/wang.wu/lock").says("已锁定")
    assert person.get("/me").says("登录名", "口令")


def test_second_factor_by_paper(own: Door) -> None:
    """An officer who may bring no telephone prints codes at the first sign-in and uses one at the next."""
    start = own.team.start("aud", Role.AUDIT)
    browser = own.browser()
    browser.sign_in("aud", start)
    assert browser.send("/sign-in/password", old=start, new=NEW, again=NEW).says("打印的备用码", "手机验证码", "<svg")
    codes = re.findall(r"<li><code>([A-Z2-9-]+)</code></li>", browser.send("/sign-in/enrol/codes").text)
    assert len(codes) == 10
    assert browser.get("/").says("审计日志")
    other = own.browser()
    assert other.sign_in("aud", NEW).says("第二因素")
    assert other.send("/sign-in/factor", code=codes[0].lower()).says("审计日志")
    assert other.get("/me").says("备用码余 9 个")


# ---------------------------------------------------------------- who may reach what

PARTS = {
    "{figure}": "visits", "{form}": "xlsx", "{log_id}": "0" * 64, "{name}": "target", "{tag}": "zh-CN", "{number}": "999999", "{digest}": "0" * 12,
    "{page}": "1", "{zoom}": "0", "{x}": "0", "{y}": "0", "{record}": "999999", "{round}": "1", "{scan}": "1",
}  # fmt: skip


def filled(path: str) -> str:
    """The path of a route with something in its parts that is there."""
    path = path.replace("/theme/{name}", "/theme/dark").replace("{digest}/{name}", "0/none.css")
    for part, value in PARTS.items():
        path = path.replace(part, value)
    assert "{" not in path, f"{path}: the matrix needs a value for its part"
    return path


def sent_to(route: Route, token: str) -> tuple[bytes, str]:
    """The body of a form for a route, and its type."""
    if route.upload:
        return form_with_file(b"%PDF", "a.pdf", {"form-token": token}), WITH_FILE
    return f"form-token={token}".encode(), "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def browsers(door: Door) -> dict[str, Browser]:
    """A signed-in browser of each role, one that is not signed in, and one in the middle of signing in."""
    made = {}
    for role in Role:
        patient(door)
        made[role.value] = door.signed_in(f"{role.value}1", role)
    door.team.start("target", Role.AGENCY, "王五")
    patient(door)
    made["nobody"] = door.browser()
    half = made["half"] = door.browser()
    half.sign_in("system1")
    return made


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_admits_its_roles_alone(door: Door, browsers: dict[str, Browser], route) -> None:  # type: ignore[no-untyped-def]
    """Every route × every role, nobody, and a half-signed-in session: who is not named in the table is refused, with the form token right or wrong."""
    for who, browser in browsers.items():
        patient(door)
        path, right = filled(route.path), browser.get("/sign-in").token
        fields, kind = sent_to(route, right)
        if route.method == "POST":
            for token in ("", "0" * 64):
                wrong = browser.ask("POST", path, sent_to(route, token)[0], Content_Type=kind)
                assert wrong.status in (400, 403), (who, wrong.status)
        if route.path == "/sign-out":
            continue  # would end the browser's session; its own test
        sent = {"Content_Type": kind} if route.method == "POST" else {}
        page = browser.ask(route.method, path, fields if route.method == "POST" else None, **sent)
        stage = Stage.FACTOR if who == "half" else Stage.FULL
        admitted = route.public or (who != "nobody" and stage in route.stages and (who == "half" or Role(who) in route.roles))
        turned = page.status == 403 or page.status == 400 or (page.status == 303 and page.headers["location"] in ("/", "/sign-in", *STEPS.values()))
        if not admitted:
            assert turned, (who, page.status)
            assert not page.says("王五")
        elif not route.public:
            assert page.status in (200, 303, 404, 422), (who, page.status, page.text)
            if SESSION in "".join(page.set_cookies):
                assert "/sign-in" in route.path or route.path.startswith("/me")
    assert not any(act.deed.outcome is Outcome.FAILED for act in journal.walk(door.team.people.parts().database.read()))


def test_refusals_by_role_stand_in_the_journal(own: Door) -> None:
    """An archivist who asks for the journal is refused, and the auditor reads that he did."""
    browser = own.signed_in("a1", Role.ARCHIVIST)
    assert browser.get("/journal").status == 403
    found = list(journal.walk(own.team.people.parts().database.read(), Filter(person="a1", verb="journal-read")))
    assert [act.deed.outcome for act in found] == [Outcome.REFUSED]


# ---------------------------------------------------------------- attacks


def test_forms_of_others_are_refused(door: Door, browsers: dict[str, Browser]) -> None:
    """A form from another site, with another session's token, or without one does nothing (CSRF), at the sign-in too."""
    patient(door)
    browser, other = browsers["agency"], browsers["archivist"]
    token, foreign = browser.get("/me").token, other.get("/me").token
    kind = "application/x-www-form-urlencoded"
    for body, headers in [
        (f"form-token={token}", {"Origin": "https://evil.example"}), (f"form-token={token}", {"Sec_Fetch_Site": "cross-site"}),
        (f"form-token={token}", {"Origin": "null"}), (f"form-token={foreign}", {}), ("", {}), (f"form-token={token[:-1]}x", {}),
    ]:  # fmt: skip
        page = browser.ask("POST", "/sign-out", body.encode(), Content_Type=kind, **headers)
        assert (page.status, page.says("页面已过期")) == (403, True), headers
    assert browser.get("/me").status == 200
    stranger = door.browser()
    page = stranger.ask("POST", "/sign-in", f"form-token={token}&name=agency1&password={PASSWORD}".encode(), Content_Type=kind)
    assert page.status == 403


def test_a_planted_session_is_worth_nothing(door: Door) -> None:
    """Whoever sets a victim's cookie beforehand does not get the victim's session: the token is another after signing in (fixation)."""
    patient(door)
    if "agency9" not in door.team.secrets:
        door.signed_in("agency9", Role.AGENCY)
    patient(door)
    victim = door.browser()
    victim.jar[SESSION] = "f" * 64
    victim.sign_in("agency9")
    assert victim.get("/me").status == 200
    thief = door.browser()
    thief.jar[SESSION] = "f" * 64
    assert thief.get("/me").says("登录名")
    assert victim.jar[SESSION] != "f" * 64
    old = victim.jar[SESSION]
    victim.send("/sign-out")
    assert SESSION not in victim.jar
    victim.jar[SESSION] = old
    assert victim.ask("GET", "/me").status == 303


def test_guessing_is_slowed_by_address(own: Door) -> None:
    """After ten attempts within a minute an address waits, whatever names it tries."""
    browser = own.browser()
    said = [browser.sign_in(f"name{n}", "no such password").status for n in range(12)]
    assert said == [422] * 10 + [429] * 2
    assert browser.page.says("请求太频繁")


def test_cookies_and_headers_are_strict(door: Door, browsers: dict[str, Browser]) -> None:
    """Session cookies are HttpOnly, Secure, SameSite=Strict and bound to the host; every page, errors too, has its policy and no inline code or style."""
    patient(door)
    browser = door.browser()
    browser.get("/sign-in")
    page = browser.send("/sign-in", name="nobody", password="x")
    for path, who in (("/sign-in", browser), ("/none", browser), ("/accounts", browsers["system"]), ("/journal", browsers["audit"]), ("/me", browsers["agency"])):
        page = who.ask("GET", path)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=|<style", page.text)
        assert len(page.body) <= 200_000
    cookies = [cookie for cookie in door.browser().ask("GET", "/sign-in").set_cookies if cookie.startswith("__Host-")]
    assert cookies
    assert all(all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=Strict", "Path=/")) and "Domain" not in cookie for cookie in cookies)


def test_pages_lead_nowhere_else(door: Door) -> None:
    """The way back after choosing a language stays on this site."""
    browser = door.browser()
    for to in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a%0d%0aSet-Cookie:x=1"):
        page = browser.ask("GET", f"/language/en?to={to}")
        assert (page.status, page.headers["location"]) == (303, "/"), to
        assert "x=1" not in str(page.set_cookies)
    assert browser.ask("GET", "/language/en?to=/me").headers["location"] == "/me"


def test_what_a_page_names_is_there(door: Door, browsers: dict[str, Browser]) -> None:
    """Style, icon and script of a page's head are served, so that no browser asks for what is not there."""
    named = re.findall(r'(?:href|src)="(/static/[^"]+)"', browsers["archivist"].ask("GET", "/search").text)
    assert any(path.endswith("icon.svg") for path in named)
    assert [door.browser().ask("GET", path).status for path in named] == [200] * len(named)
    assert 'href="/search" aria-current="page"' in browsers["archivist"].ask("GET", "/topics").text


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(("method", "path", "body", "kind", "status"), [
    ("GET", "/none", None, "", 404),
    ("GET", "/../../etc/passwd", None, "", 404),
    ("GET", "/static/0/..%2f..%2fpage.css", None, "", 404),
    ("GET", "/accounts/%00", None, "", 404),
    ("GET", "/accounts/%ff%fe", None, "", 404),
    ("PUT", "/me", b"", "", 405),
    ("POST", "/journal", b"", "application/x-www-form-urlencoded", 405),
    ("GET", "/journal?before=%ff", None, "", 400),
    ("GET", "/journal?before=-1", None, "", 400),
    ("GET", "/journal?before=" + "9" * 40, None, "", 400),
    ("GET", "/journal?since=2026-13-01", None, "", 400),
    ("GET", "/journal?since=9999-12-31&until=9999-12-31", None, "", 400),
    ("GET", "/journal?person=%27%20OR%201=1--", None, "", 200),
    ("GET", "/journal?" + "a=1&" * 200, None, "", 400),
    ("GET", "/journal?person=" + "x" * 5000, None, "", 413),
    ("GET", "/journal?person=" + "x" * 60_000, None, "", 413),
    ("GET", "/" + "x" * 20_000, None, "", 404),
    ("POST", "/sign-in", b"name=%ff%fe", "application/x-www-form-urlencoded", 400),
    ("POST", "/sign-in", b"{}", "application/json", 400),
    ("POST", "/sign-in", b"x" * 70_000, "application/x-www-form-urlencoded", 413),
    ("POST", "/sign-in", "name=和".encode(), "application/x-www-form-urlencoded", 400),
    ("GET", "/language/fr", None, "", 404),
    ("GET", "/theme/pink", None, "", 404),
])
@pytest.mark.parametrize("tongue", ["zh", "en"])
def test_bad_input_gets_a_clear_page(
    door: Door, browsers: dict[str, Browser], method: str, path: str, body: bytes | None, kind: str, status: int, tongue: str
) -> None:  # fmt: skip
    """Injection, traversal, oversize, bad UTF-8: a 4xx with what is wrong and what to do, in the visitor's language, and no trace."""
    patient(door)
    headers = {"Accept_Language": tongue, **({"Content_Type": kind} if kind else {})}
    spoken = {name: value for name, value in browsers["audit"].jar.items() if name != "jindang-language"}
    page = Browser(door.address, spoken).ask(method, path, body, **headers)
    assert page.status == status, page.text
    assert "Traceback" not in page.text
    if status >= 400:
        assert ('lang="en"' if tongue == "en" else 'lang="zh-CN"') in page.text
        assert page.says("Back to the start" if tongue == "en" else "回首页")
        assert bool(re.search("[\u3400-\u9fff]", re.sub(r"(?s)<header.*?</header>|<title.*?</title>", "", page.text))) == (tongue == "zh")


def test_rates_are_bounded() -> None:
    """A bucket fills again with time, and addresses beyond the bound are forgotten."""
    rate = Rate(60, 2)
    assert [rate.allows("a", at) for at in (0, 0, 0, 1, 1)] == [True, True, False, True, False]
    for number in range(20_010):
        rate.allows(str(number), 2.0)
    assert len(rate._buckets) == 20_000


NOT_AT_START = ("jinja2", "pyotp", "babel", "xlsxwriter", "reportlab", "holdings.records", "holdings.sheet", "holdings.catalogue", "hub.check_run", "hub.catalogue")


@pytest.mark.parametrize(("module", "never"), [("hub.app", NOT_AT_START), ("hub.assembly", ("aiohttp", *NOT_AT_START))])
def test_a_start_loads_what_it_needs(module: str, never: tuple[str, ...]) -> None:
    """`hub run` imports pages, sheets and checks when somebody needs them; a command that opens the home itself does without HTTP."""
    code_ = f"import sys; import {module}, hub.commands; print([m for m in sys.modules if m.startswith('hub.web') or m in {never!r}])"
    assert run([sys.executable, "-c", code_], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_pages_hold_no_readers_of_files() -> None:
    """Whoever opens the people's door holds no decoder of images or PDF and no dictionary of sounds: workers and first questions load them."""
    heavy = ("PIL", "pypdf", "pyvips", "numpy", "pypinyin", "opencc", "reportlab")
    code_ = f"import sys; import hub.web_table, hub.people_port; print([m for m in {heavy!r} if m in sys.modules])"
    assert run([sys.executable, "-c", code_], capture_output=True, text=True, check=True).stdout.strip() == "[]"
