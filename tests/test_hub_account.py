"""Accounts of the hub's pages: roles kept apart, passwords, lockout, second factor, sessions (hub/account*.py)."""

from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from people_at_hub import ADDRESS, AGENT, MACHINE, PASSWORD, Team, code, team

from holdings import journal
from holdings.access import Facts as RecordFacts
from holdings.access import Opening, Secrecy
from holdings.journal import Filter, Outcome
from holdings.password import Passwords
from hub import account, account_store
from hub.account import (
    OFFICERS,
    POWERS,
    AccountRefused,
    Power,
    Rights,
    Role,
    Stage,
    State,
    access,
    check_password,
    check_rights,
    may,
)
from hub.account_secret import totp_step, totp_text


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Team]:
    """A hub's people."""
    with team(tmp_path / "hub") as made:
        yield made


def told(hub: Team, verb: str) -> list[tuple[str, Outcome, str]]:
    """(person, outcome, note) of the acts of that verb, oldest first."""
    found = journal.walk(hub.people.parts().database.read(), Filter(verb=verb))
    return [(act.deed.person, act.deed.outcome, act.deed.note) for act in found]


# ---------------------------------------------------------------- three officers


def test_no_power_is_anothers_too() -> None:
    """Who makes accounts cannot authorise or reset them, who authorises cannot make one, and only the auditor has the journal and nothing else but the list."""
    assert POWERS[Power.ADD] & POWERS[Power.AUTHORISE] == set()
    assert POWERS[Power.ADD] & POWERS[Power.RESET] == set()
    assert {power for power in Power if Role.AUDIT in POWERS[power]} == {Power.LIST, Power.JOURNAL}
    assert set().union(*POWERS.values()) <= OFFICERS


ACTS = {
    Power.ADD: lambda hub, actor: hub.desk.add(actor, "new.one", "新人", Role.AGENCY, Rights("区政府")),
    Power.AUTHORISE: lambda hub, actor: hub.desk.authorise(actor, "waits", Rights("区政府")),
    Power.LOCK: lambda hub, actor: hub.desk.lock(actor, "reader"),
    Power.UNLOCK: lambda hub, actor: hub.desk.unlock(actor, "locked"),
    Power.RESET: lambda hub, actor: hub.desk.reset(actor, "reader"),
    Power.CLOSE: lambda hub, actor: hub.desk.close(actor, "reader"),
    Power.SIGN_OUT: lambda hub, actor: hub.desk.sign_out(actor, "reader"),
    Power.LIST: lambda hub, actor: hub.desk.accounts(actor),
}


@pytest.mark.parametrize("power", list(ACTS))
def test_each_act_needs_its_own_officer(hub: Team, power: Power) -> None:
    """Every role but those of the power is refused, and the refusal stands in the journal; with the power it is done and stands there too."""
    parts = hub.people.parts()
    for role in Role:
        hub.start(role.value, role)
    hub.start("reader", Role.AGENCY)
    hub.start("locked", Role.AGENCY)
    parts.desk.lock(MACHINE, "locked")
    parts.desk.add(MACHINE, "waits", "待批", Role.AGENCY, Rights("区政府"))
    allowed = [role for role in Role if may(role.value, power)]
    for role in Role:
        if role not in allowed:
            with pytest.raises(AccountRefused, match="无权"):
                ACTS[power](parts, hub.actor(role.value))
    refused = [one for one in told(hub, f"account-{power.value}") if one[1] is Outcome.REFUSED]
    assert [(name, outcome) for name, outcome, _ in refused] == [(role.value, Outcome.REFUSED) for role in Role if role not in allowed]
    ACTS[power](parts, hub.actor(allowed[0].value))


def test_a_new_account_takes_two_officers(hub: Team) -> None:
    """What the system officer makes cannot sign in until the security officer gives it rights and a start password."""
    desk = hub.people.parts().desk
    hub.start("sys", Role.SYSTEM)
    hub.start("sec", Role.SECURITY)
    made = desk.add(hub.actor("sys"), "Wang.Wu", "王五", Role.ARCHIVIST, Rights("市档案馆"))
    assert (made.name, made.state) == ("wang.wu", State.PENDING)
    with pytest.raises(AccountRefused):
        hub.sign_in.open("wang.wu", "", ADDRESS, AGENT)
    password = desk.authorise(hub.actor("sec"), "wang.wu", check_rights("市档案馆", ["和平区", " "], ["J001"], 0))
    assert hub.sign_in.open("wang.wu", password, ADDRESS, AGENT).stage is Stage.CHANGE
    assert desk.get("wang.wu").rights == Rights("市档案馆", ("和平区",), ("J001",))
    assert [note for _, _, note in told(hub, "account-authorise")] == ["市档案馆; 和平区; J001; none"]


def test_one_person_is_one_officer(hub: Team) -> None:
    """A person who is one of the three cannot be another; names are given once for ever; nobody administers himself; the last of a kind stays."""
    desk = hub.people.parts().desk
    hub.start("sys", Role.SYSTEM, "李四")
    hub.start("sec", Role.SECURITY, "赵六")
    with pytest.raises(AccountRefused, match="三员须由不同的人"):
        hub.start("audit", Role.AUDIT, "李四")
    hub.start("worker", Role.ARCHIVIST, "李四")
    desk.close(hub.actor("sys"), "worker")
    with pytest.raises(AccountRefused, match="不重复发放"):
        hub.start("worker", Role.ARCHIVIST, "钱七")
    with pytest.raises(AccountRefused, match="自己的账号"):
        desk.lock(hub.actor("sys"), "sys")
    with pytest.raises(AccountRefused, match="最后一个"):
        desk.lock(hub.actor("sys"), "sec")


@pytest.mark.parametrize("state", list(State))
def test_records_are_seen_by_role_and_rights_alone(state: State) -> None:
    """Officers see no record; an archivist those of the nodes given; an agency what is open and its own fonds; who is not active sees nothing."""
    rights = check_rights("区民政局", ["和平区"], ["J001"], 0)
    own, foreign = RecordFacts("和平区", "J001", Secrecy.NONE, Opening.CONTROLLED), RecordFacts("河东区", "J002", Secrecy.NONE, Opening.CONTROLLED)
    marked, opened = RecordFacts("和平区", "J001", Secrecy.SECRET, Opening.OPEN), RecordFacts("河东区", "J002", Secrecy.NONE, Opening.OPEN)
    for role in Role:
        made = account.Account(1, "n", "p", role, rights, state, 0, None, 0, 0, has_totp=False, created=0, created_by="", last_in=None, last_address="")
        seen = [access(made).allows(facts) for facts in (own, foreign, marked, opened)]
        expected = {Role.ARCHIVIST: [True, False, False, False], Role.AGENCY: [True, False, False, True]}.get(role, [False] * 4)
        assert seen == (expected if state is State.ACTIVE else [False] * 4), role


# ---------------------------------------------------------------- passwords


@pytest.mark.parametrize(("password", "said"), [
    ("Ab1!xyz", "10"), ("x" * 129, "128"), ("wangwu-2024-Tj", "登录名"), ("Aa1!王五在津沽望海楼", "姓名"), ("Admin@123456", "猜到"), ("1234567890", "猜到"),
    ("Aa1!Aa1!Aa1!", "猜到"), ("P@ssword2024", "猜到"), ("onlysmallletters", "三种"), ("", "10"), ("abcdefghijklmnop", "猜到"),
])
def test_weak_passwords_are_refused(password: str, said: str) -> None:
    """Too short, too long, guessable, too plain, or with a name inside: refused with the rule."""
    with pytest.raises(AccountRefused, match=said):
        check_password(password, "wangwu", "王五")


@pytest.mark.parametrize("password", [PASSWORD, "我家门前有一棵很老很老的槐树每年五月开花", "tR0ub4dor&3x"])
def test_good_passwords_are_taken(password: str) -> None:
    """Three kinds of signs, or a sentence."""
    assert check_password(password, "wangwu", "王五") == password


def test_a_start_password_is_good_once_and_for_three_days(hub: Team) -> None:
    """It leads to nothing but a change; then it is worth nothing; unused it expires; none is stored in clear."""
    start = hub.start("sec", Role.SECURITY)
    hub.come_in("sec", start)
    with pytest.raises(AccountRefused, match="不对"):
        hub.sign_in.open("sec", start, ADDRESS, AGENT)
    other = hub.start("late", Role.AGENCY)
    hub.clock.now += 3 * 86_400
    with pytest.raises(AccountRefused, match="过期"):
        hub.sign_in.open("late", other, ADDRESS, AGENT)
    assert start != other
    assert start.encode() not in b"".join(path.read_bytes() for path in hub.home.path.glob("people.db*"))


def test_passwords_are_kept_by_argon2id() -> None:
    """64 MiB and two passes; an encoded password of nobody fits nothing."""
    passwords = Passwords()
    encoded = passwords.encode("e\u0301tude-Tianjin 1")
    assert encoded.startswith("$argon2id$v=19$m=65536,t=2,p=1$")
    assert [passwords.same(encoded, word) for word in ("\u00e9tude-Tianjin 1", "etude-Tianjin 1")] == [True, False]
    assert passwords.same("", "") is False


def test_past_passwords_are_not_taken_again(hub: Team) -> None:
    """The present and the last five are refused; after a change the other sessions are over."""
    token = hub.settle("a1", Role.AGENCY)
    other = hub.sign_in.open("a1", PASSWORD, ADDRESS, AGENT).token
    with pytest.raises(AccountRefused, match="用过"):
        hub.sign_in.change(*hub.who(token), PASSWORD, PASSWORD, ADDRESS)
    hub.clock.now += 1
    token = hub.sign_in.change(*hub.who(token), PASSWORD, "Second-One 22", ADDRESS).token
    assert hub.sign_in.who(other) is None
    hub.clock.now += 1
    with pytest.raises(AccountRefused, match="用过"):
        hub.sign_in.change(*hub.who(token), "Second-One 22", PASSWORD, ADDRESS)


def test_old_passwords_must_be_changed(hub: Team) -> None:
    """After 90 days the sign-in leads to a change alone."""
    hub.settle("a1", Role.AGENCY)
    hub.clock.now += 90 * 86_400
    assert hub.sign_in.open("a1", PASSWORD, ADDRESS, AGENT).stage is Stage.CHANGE


# ---------------------------------------------------------------- attacks on the sign-in


def test_brute_force_bars_the_account_and_says_nothing(hub: Team) -> None:
    """After five failures even the right password is refused for 15 minutes; unknown names, wrong passwords and barred accounts get one answer."""
    hub.settle("a1", Role.AGENCY)
    said = set()
    for attempt in range(7):
        with pytest.raises(AccountRefused) as refused:
            hub.sign_in.open("a1", PASSWORD if attempt > 4 else f"wrong {attempt}", ADDRESS, AGENT)
        said.add(str(refused.value))
    with pytest.raises(AccountRefused) as refused:
        hub.sign_in.open("nobody", PASSWORD, ADDRESS, AGENT)
    assert said == {str(refused.value)}
    hub.clock.now += 15 * 60
    assert hub.sign_in.open("A1 ", PASSWORD, ADDRESS, AGENT).stage is Stage.FULL
    assert [outcome for _, outcome, _ in told(hub, "sign-in")].count(Outcome.REFUSED) == 8


def test_who_is_barred_is_let_in_again_by_the_security_officer(hub: Team) -> None:
    """Before the minutes are over, with the password that the person has; the system officer may not, and nobody is let in who is not barred."""
    hub.settle("a2", Role.AGENCY)
    hub.start("sec2", Role.SECURITY)
    hub.start("sys2", Role.SYSTEM)
    desk = hub.people.parts().desk
    with pytest.raises(AccountRefused):
        desk.unlock(hub.actor("sec2"), "a2")
    for _ in range(5):
        with pytest.raises(AccountRefused):
            hub.sign_in.open("a2", "wrong", ADDRESS, AGENT)
    with pytest.raises(AccountRefused):
        desk.unlock(hub.actor("sys2"), "a2")
    desk.unlock(hub.actor("sec2"), "a2")
    assert hub.sign_in.open("a2", PASSWORD, ADDRESS, AGENT).stage is Stage.FULL


def test_a_used_second_factor_is_refused(hub: Team) -> None:
    """A TOTP code is taken once: the same one again, or an earlier one, is refused; failures bar like wrong passwords."""
    hub.settle("sec", Role.SECURITY)
    secret = hub.secrets["sec"]
    first = hub.sign_in.open("sec", PASSWORD, ADDRESS, AGENT)
    assert first.stage is Stage.FACTOR
    with pytest.raises(AccountRefused):  # the code that proved the secret when it was set up
        hub.sign_in.factor(*hub.who(first.token), code(secret, hub.clock), ADDRESS)
    hub.clock.now += 60
    used = code(secret, hub.clock)
    opened = hub.sign_in.factor(*hub.who(first.token), used, ADDRESS)
    assert opened.stage is Stage.FULL
    again = hub.sign_in.open("sec", PASSWORD, ADDRESS, AGENT)
    for attempt in [used, "000000", "", "１２３４５６", "9" * 500]:
        with pytest.raises(AccountRefused, match="验证码或备用码不对"):
            hub.sign_in.factor(*hub.who(again.token), attempt, ADDRESS)
    hub.clock.now += 30
    with pytest.raises(AccountRefused):  # barred by now, though the code is right
        hub.sign_in.factor(*hub.who(again.token), code(secret, hub.clock), ADDRESS)


def test_printed_codes_are_good_once(hub: Team) -> None:
    """Ten codes, each taken once however it is typed; new ones replace them."""
    token = hub.settle("a1", Role.AGENCY)
    codes, opened = hub.sign_in.take_codes(*hub.who(token), ADDRESS)
    assert len(set(codes)) == 10
    token = hub.sign_in.open("a1", PASSWORD, ADDRESS, AGENT).token
    assert hub.sign_in.factor(*hub.who(token), f" {codes[3].lower().replace('-', ' ')} ", ADDRESS).stage is Stage.FULL
    token = hub.sign_in.open("a1", PASSWORD, ADDRESS, AGENT).token
    with pytest.raises(AccountRefused):
        hub.sign_in.factor(*hub.who(token), codes[3], ADDRESS)
    hub.sign_in.take_codes(*hub.who(opened.token), ADDRESS)
    with pytest.raises(AccountRefused):
        hub.sign_in.factor(*hub.who(token), codes[4], ADDRESS)


def test_officers_cannot_go_without_a_second_factor(hub: Team) -> None:
    """After the change of the start password an officer's session opens nothing until a factor is set."""
    start = hub.start("sys", Role.SYSTEM)
    opened = hub.sign_in.open("sys", start, ADDRESS, AGENT)
    opened = hub.sign_in.change(*hub.who(opened.token), start, PASSWORD, ADDRESS)
    assert opened.stage is Stage.ENROL
    with pytest.raises(AccountRefused, match="验证码不对"):
        hub.sign_in.take_totp(*hub.who(opened.token), opened.token, "123456", ADDRESS)
    assert hub.sign_in.take_codes(*hub.who(opened.token), ADDRESS)[1].stage is Stage.FULL


def test_each_stage_has_its_own_token(hub: Team) -> None:
    """A token that somebody planted or saw before a stage is worth nothing after it (fixation)."""
    start, seen = hub.start("sys", Role.SYSTEM), []
    opened = hub.sign_in.open("sys", start, ADDRESS, AGENT)
    seen.append(opened.token)
    opened = hub.sign_in.change(*hub.who(opened.token), start, PASSWORD, ADDRESS)
    seen.append(opened.token)
    _, opened = hub.sign_in.take_codes(*hub.who(opened.token), ADDRESS)
    assert opened.stage is Stage.FULL
    assert [hub.sign_in.who(token) for token in [*seen, "", "0" * 64, "\ud800"]] == [None] * 5


# ---------------------------------------------------------------- sessions


@pytest.mark.parametrize(("wait", "uses", "alive"), [(14 * 60, 0, True), (15 * 60, 0, False), (10 * 60, 20, True), (10 * 60, 70, False)])
def test_sessions_end(hub: Team, wait: int, uses: int, alive: bool) -> None:
    """Idle for 15 minutes ends a session; use keeps it, but not beyond ten hours."""
    token = hub.settle("a1", Role.AGENCY)
    for _ in range(uses):
        hub.clock.now += wait
        hub.sign_in.who(token)
    hub.clock.now += wait
    assert (hub.sign_in.who(token) is not None) == alive


def test_sessions_are_listed_and_ended(hub: Team) -> None:
    """A person ends one of the own sessions and no other's; at most twenty stand; lock, reset and close end them all."""
    parts = hub.people.parts()
    first = hub.settle("a1", Role.AGENCY)
    foreign = hub.settle("a2", Role.AGENCY)
    account_, session = hub.who(first)
    number = hub.who(foreign)[1].number
    with pytest.raises(AccountRefused, match="没有这个登录会话"):
        parts.desk.end_own(account_, number, ADDRESS)
    assert hub.sign_in.who(foreign)
    parts.desk.end_own(account_, session.number, ADDRESS)
    assert hub.sign_in.who(first) is None
    tokens = [hub.sign_in.open("a1", PASSWORD, ADDRESS, AGENT).token for _ in range(22)]
    assert len(parts.desk.sessions(account_)) == 20
    parts.desk.lock(MACHINE, "a1")
    assert [hub.sign_in.who(token) for token in tokens] == [None] * 22
    with pytest.raises(AccountRefused, match="锁定"):
        hub.sign_in.open("a1", PASSWORD, ADDRESS, AGENT)


def test_a_change_and_its_act_are_one(hub: Team) -> None:
    """When the act cannot be written nothing changes: a rule broken inside the transaction leaves neither."""
    hub.start("sec", Role.SECURITY)
    before = journal.head(hub.people.parts().database.read())
    with pytest.raises(AccountRefused):
        hub.start("sec", Role.AGENCY, "别人")
    assert journal.head(hub.people.parts().database.read()) == before
    assert account_store.find(hub.people.parts().database.read(), "sec").role is Role.SECURITY  # type: ignore[union-attr]


def test_no_secret_stands_in_the_journal(hub: Team) -> None:
    """Neither start password, password, code nor secret is found in what the auditor reads."""
    start = hub.start("sec", Role.SECURITY)
    hub.come_in("sec", start)
    text = b"".join(hub.people.parts().journal.export(Filter())).decode()
    assert "account-add" in text
    for secret in (start, PASSWORD, hub.secrets["sec"].hex()):
        assert secret not in text


def test_the_clock_of_a_telephone_may_be_off() -> None:
    """A code is taken one step early or late, not two; only six plain digits are a code."""
    secret = bytes(range(20))
    clock = pyotp.TOTP(totp_text(secret))
    assert [totp_step(secret, clock.at(3000 + off), 3000) for off in (-60, -30, 0, 30, 60)] == [None, 99, 100, 101, None]
