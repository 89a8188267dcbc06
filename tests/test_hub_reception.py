"""Reception at the hub: what nodes bring is judged round by round, on pages; the papers, the directives, and who may do it (hub/reception*.py)."""

import hashlib
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import fake_clamd
import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import chromium, window
from people_door import Browser
from reception_at_hub import CODES, Counter, reception_at, sealed_sheet

from holdings import journal, records
from holdings.access import Access
from holdings.journal import Filter, Outcome
from holdings.reception import Standing
from holdings.site_data import SiteData
from hub import opened, reception_store, reception_verdicts, signed_scans
from hub.account import Rights, Role
from hub.check_watch import HandoverWatch
from hub.reception_desk import ReceptionDesk, Ruling
from hub.reception_verdicts import By
from hub.recheck import Progress, Rechecks, State
from node.service import Service
from sync.sandbox import Sandbox

PEOPLE = By("wang", "王五")


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[Counter]:
    """Six records of one delivery at the hub, checked there."""
    with reception_at(tmp_path_factory.mktemp("reception"), sandbox) as made:
        yield made


@pytest.fixture(scope="module")
def archivist(counter: Counter) -> Browser:
    """Somebody whose business this node is."""
    counter.door.team.settle("wang", Role.ARCHIVIST, Rights("市档案馆", level=0))
    counter.door.team.secrets["wang"] = b""
    return counter.door.signed_in("wang", Role.ARCHIVIST)


def test_two_rounds_as_an_archivist_works(counter: Counter, archivist: Browser) -> None:
    """Inbox → drafts → a round with papers and directives → the node mends → only what changed is judged again → the second round, earlier verdicts shown."""
    number = counter.reception.id
    assert archivist.get("/reception").says("和平区", "报送", "待验收", "扫描")
    page = archivist.get(f"/reception/{number}")
    assert page.says(*CODES, "待验收", "页")
    mine = counter.numbers()

    # One by one, with reasons and pages; a page that the record does not have is refused, and what was typed stays.
    path = f"/reception/{number}/{mine['2']}"
    archivist.get(path)
    assert archivist.send(path, act="return", reason="W04", **{"pages-W04": "9"}).says("页码“9”不对", "在 1 至 3 之间")
    assert 'value="9"' in archivist.page.text
    assert archivist.page.status == 422
    assert (
        archivist.send(path, act="return", reason="W04", **{"pages-W04": "3、2"}, remark="第2、3页颠倒").status == 200
    )
    archivist.get(f"/reception/{number}")
    assert archivist.send(f"/reception/{number}/judge", act="return", record=str(mine["3"])).says("退回整改须选理由")
    assert archivist.send(f"/reception/{number}/judge", act="return", record=str(mine["3"]), reason="K01", pages="3").says("只有 2 页", "写到了第 3 页")
    assert archivist.send(f"/reception/{number}/judge", act="return", record=str(mine["3"]), reason="W05").says(
        "已拟退回 1 件"
    )
    assert archivist.send(f"/reception/{number}/rest", which="all").says("已拟通过 4 件")
    assert counter.counts() == {Standing.TO_ACCEPT: 4, Standing.TO_RETURN: 2}
    assert archivist.send(f"/reception/{number}/judge", act="withdraw", record=str(mine["6"])).says("已撤销 1 件")
    assert archivist.send(f"/reception/{number}/conclude", rounds="0").says("请先勾选")
    assert archivist.send(f"/reception/{number}/conclude", rounds="0", sure="yes", due="2001-01-01").says(
        "整改期限应在"
    )
    assert counter.counts() == {Standing.TO_ACCEPT: 3, Standing.TO_RETURN: 2, Standing.WAITING: 1}
    assert archivist.send(f"/reception/{number}/conclude", rounds="0", sure="yes").says(
        "第 1 轮已办结", "接收〔2023〕0001 号", "整改〔2023〕0001 号", "已签发"
    )
    assert counter.counts() == {Standing.ACCEPTED: 3, Standing.RETURNED: 2, Standing.WAITING: 1}
    assert archivist.send(f"/reception/{number}/conclude", rounds="0", sure="yes").says("刚由他人办结了一轮")

    papers(counter, archivist, number)

    # The node hears of it, mends one record and sends it: that one alone waits again.
    counter.send()
    with counter.work.opened() as engine:
        Service(engine).returned_explain(CODES[2], "原件即为两页", "李四")
    counter.work.scans.put(CODES[1], {"0002.jpg": counter.work.scans.record(CODES[1], 3, 77)["0001.jpg"]})
    counter.send()
    assert counter.counts() == {Standing.ACCEPTED: 3, Standing.WAITING: 3}
    assert archivist.get(f"/reception/{number}").says("待复核", "第 1 轮", "已执行", "整改说明：原件即为两页")
    assert archivist.get(path).says("第 2 版", "W04 页序错误：第 2-3 页", "第2、3页颠倒", "第 1 轮")
    assert archivist.send(path, act="accept").status == 200
    archivist.get(f"/reception/{number}")
    assert archivist.send(f"/reception/{number}/conclude", rounds="1", sure="yes").says(
        "第 2 轮已办结", "接收〔2023〕0002 号"
    )
    assert counter.counts() == {Standing.ACCEPTED: 4, Standing.WAITING: 2}
    assert archivist.get(f"/reception/{number}/{mine['2']}").says("第 1 轮", "退回整改", "第 2 轮", "通过")
    assert archivist.get(f"/reception/{number}").says("60.0 %", "（3/5）")


def papers(counter: Counter, archivist: Browser, number: int) -> None:
    """The papers of the first round: fields, digest, the same bytes again, nothing that a spreadsheet reckons out."""
    base = f"/reception/{number}/rounds/1"
    page = archivist.get(f"{base}/register")
    assert page.says(
        "电子档案报送与验收登记表",
        "交接工作名称",
        "3 件，6 页",
        "SHA-256",
        "某wang",
        "仍由和平区保管",
        "准确性检验",
        "单位（印章）",
    )
    listed = archivist.ask("GET", f"{base}/list.txt").body
    assert hashlib.sha256(listed).hexdigest() in page.text
    assert listed.decode().count("\n") == 4
    pdf = archivist.ask("GET", f"{base}/register.pdf")
    assert pdf.body.startswith(b"%PDF")
    assert pdf.body == archivist.ask("GET", f"{base}/register.pdf").body
    assert archivist.get(f"{base}/notice").says("整改通知单", "页序错误", "2-3", "第2、3页颠倒", "W05", CODES[2])
    assert archivist.ask("GET", f"{base}/notice.xlsx").body.startswith(b"PK")
    assert archivist.ask("GET", f"/reception/{number}/rounds/2/notice").status == 404
    assert archivist.get(f"/reception/{number}/checks").says("YJ-1-1", "6 / 6", "移交手续检测", "清册 3 件与所收档案一致", "没有附双方签章的扫描件")


def test_a_draft_is_of_one_version(counter: Counter) -> None:
    """A new version that comes before the round is concluded takes the draft away: nobody accepts what nobody saw."""
    home, number = counter.door.hub.hub.home, counter.numbers()["6"]
    ReceptionDesk(home).draft(counter.reception, [number], Ruling(accepted=True), PEOPLE, Access.whole())
    before = counter.counts()
    counter.work.scans.put(CODES[5], {"0001.jpg": counter.work.scans.record(CODES[5], 2, 88)["0002.jpg"]})
    counter.send()
    assert counter.counts() == {**{k: n for k, n in before.items() if k is not Standing.TO_ACCEPT}, Standing.WAITING: before.get(Standing.WAITING, 0) + 1}
    assert reception_verdicts.drafted(home.holdings.read(), number) is None


def test_who_may_not_sees_nothing(counter: Counter, archivist: Browser) -> None:
    """An archivist of another node finds neither delivery nor record nor paper, and cannot judge; nothing of it is in any page."""
    number, mine = counter.reception.id, counter.numbers()
    counter.door.team.settle("zhao", Role.ARCHIVIST, Rights("河东区档案馆", ("河东区",)))
    counter.door.team.secrets["zhao"] = b""
    other = counter.door.signed_in("zhao", Role.ARCHIVIST)
    assert not re.search("J023|扫描|关于", other.get("/reception?show=all").text)
    for path in (f"/reception/{number}", f"/reception/{number}/{mine['1']}", f"/reception/{number}/checks", f"/reception/{number}/rounds/1/register",
                 f"/reception/{number}/rounds/1/list.txt", f"/reception/{number}/rounds/1/notice.xlsx"):  # fmt: skip
        page = other.ask("GET", path)
        assert page.status == 404, path
        assert b"J023" not in page.body
    before = counter.counts()
    other.get("/reception")
    for path in ("judge", "rest", "conclude", str(mine["6"])):
        assert (
            other.send(
                f"/reception/{number}/{path}", act="accept", record=str(mine["6"]), sure="yes", rounds="2"
            ).status
            == 404
        )
    assert counter.counts() == before


@pytest.mark.parametrize(("path", "status"), [
    ("/reception?before=x", 400), ("/reception?show=%27", 200), ("/reception/0", 404), ("/reception/999999999999999999999", 404), ("/reception/x", 404),
    ("/reception/{n}/x", 404), ("/reception/{n}/99999", 404), ("/reception/{n}?after=-1", 400), ("/reception/{n}/rounds/9/notice", 404),
    ("/reception/{n}/rounds/x/register.pdf", 400), ("/reception/{n}/rounds/1/none", 404),
])  # fmt: skip
def test_bad_addresses_get_a_clear_page(counter: Counter, archivist: Browser, path: str, status: int) -> None:
    """Numbers that are none, deliveries, records and rounds that are not there."""
    counter.door.hub.clock.skip += 60
    page = archivist.ask("GET", path.replace("{n}", str(counter.reception.id)))
    assert page.status == status
    assert "Traceback" not in page.text


def test_english(counter: Counter, archivist: Browser) -> None:
    """The pages speak English, refusals too; papers stay Chinese."""
    browser = Browser(archivist.address, dict(archivist.jar))
    browser.jar["jindang-language"] = "en"
    number = counter.reception.id
    assert browser.get("/reception?show=all").says("Reception", "Report", "working day")
    assert browser.get(f"/reception/{number}").says("Concluded rounds", "Register", "Rectification notice")
    assert browser.send(f"/reception/{number}/judge", act="accept").says("Pick records first")


def test_a_crash_between_verdict_and_log_sends_once(counter: Counter) -> None:
    """A round whose directives were not yet in the log, or were and the outbox did not learn of it, is sent by the next look, each directive once."""
    home = counter.door.hub.hub.home
    desk, held, number = ReceptionDesk(home), counter.reception, counter.numbers()["6"]
    desk.draft(held, [number], Ruling(accepted=True), PEOPLE, Access.whole())
    before = home.own_log.head(home.front.read()).seq
    desk.conclude(held, "", "", PEOPLE, Access.whole(), held.rounds)
    assert home.own_log.head(home.front.read()).seq == before + 1
    with home.holdings.transaction() as connection:
        connection.execute("UPDATE reception_outbox SET dseq = NULL")
    watch = HandoverWatch(home, counter.door.hub.hub.vault, counter.door.hub.hub.folding)
    watch.receive()
    assert not home.holdings.read().execute("SELECT 1 FROM reception_outbox WHERE dseq IS NULL").fetchall()
    assert home.own_log.head(home.front.read()).seq == before + 1
    assert desk.send() == 0


def test_a_transfer_waits_for_its_release(counter: Counter, archivist: Browser) -> None:
    """Once the link transfers, nothing is judged before its holder let go; then it waits again, is taken in, and custody, paper and node say so."""
    home, held, mine = counter.door.hub.hub.home, counter.reception, counter.numbers()
    path = f"/reception/{held.id}"
    ReceptionDesk(home).draft(held, [mine["3"]], Ruling(accepted=True), PEOPLE, Access.whole())
    counter.door.hub.hub.desk.call("handover", name="和平区", kind="transfer", by="王五")
    counter.send()
    archivist.get(path)
    assert archivist.send(f"{path}/conclude", rounds=str(held.rounds), sure="yes").says("还没有移出保管")
    assert ReceptionDesk(home).withdraw(held, [mine["3"]], Access.whole()) == 1
    waiting = counter.counts()
    with counter.work.opened() as engine:
        Service(engine).release([CODES[0], CODES[3]], "李四", reason="进馆")
    counter.send()
    assert archivist.get("/reception").says("移交", "待复核")
    assert counter.counts()[Standing.WAITING] == waiting.get(Standing.WAITING, 0) + 2
    assert archivist.get(f"{path}/{mine['1']}").says("待接收", "第 1 轮")
    assert archivist.send(f"{path}/{mine['1']}", act="accept").status == 200
    archivist.get(f"{path}/{mine['4']}")
    assert archivist.send(f"{path}/{mine['4']}", act="return", reason="Z01").status == 200
    page = archivist.get(path)
    assert page.says("检测通过的全部拟接收", "1 件接收，1 件退回")
    assert not page.says("全部拟通过")
    rounds = str(counter.reception.rounds)
    assert archivist.send(f"{path}/conclude", rounds=rounds, sure="yes").says(f"第 {int(rounds) + 1} 轮已办结", "移交")
    paper = archivist.get(f"{path}/rounds/{int(rounds) + 1}/register")
    assert paper.says("电子档案移交与接收登记表", "移交单位：和平区", "自本表之日起由市级中心保管", "移交清册", "移交意见", "进馆（李四，", "接收 1 件")
    counter.send()
    stored = [records.by_number(home.holdings.read(), mine[which]) for which in ("1", "4")]
    [log_id] = [found for found, name in opened.writers(home.holdings.read()).items() if name == "和平区"]
    taken, given = (home.directives().holding(home.front.read(), log_id, bytes(one.id)).holder for one in stored)
    assert (taken, given) == (home.hub_id, log_id)
    assert archivist.get(path).says("已接收", "验收通过", "已执行")
    assert counter.counts()[Standing.TAKEN] == 1


def test_a_signed_scan_is_attached_to_its_round(counter: Counter, archivist: Browser) -> None:
    """A sealed register comes back as a scan: told by content, decoded, digest on page, record and journal; void with a reason, never gone; not for others."""
    base = f"/reception/{counter.reception.id}/rounds/1"
    scan, tiff = sealed_sheet("PDF"), sealed_sheet("TIFF")
    archivist.get(f"{base}/register")
    for file, why in ((b"", "请选择"), (b"MZ\x90" * 99, "只收 PDF"), (tiff[:-900], "损坏"), (b"%PDF-1.4\n%%EOF", "打不开")):
        assert archivist.attach(f"{base}/scans", file).says(why), why
        assert (archivist.page.status, counter_scans(counter)) == (422, [])
    assert archivist.attach(f"{base}/scans", b"%PDF" + b"x" * (17 << 20)).status == 413
    archivist.get(f"{base}/register")
    digest = f"sha256:{hashlib.sha256(scan).hexdigest()}"
    bare = (home := counter.door.hub.hub.home).site
    with fake_clamd.clamd(home.path / "clamd", "ClamAV 1.4.2/27500/Wed Nov 15 08:00:00 2023") as address:
        home.site = SiteData((*bare.files, ("checks-virus.toml", f'virus_scan = "{address}"\n')))
        assert archivist.attach(f"{base}/scans", scan + fake_clamd.VIRUS).says("发现病毒", "没有收下")
        assert (archivist.page.status, counter_scans(counter)) == (422, [])
    home.site = bare
    assert archivist.attach(f"{base}/scans", scan, "登记表.jpg", kind="register").says("2 页", "某wang", digest, "未能检测", "没有设置查毒服务")
    assert archivist.attach(f"{base}/scans", scan, kind="document").says("已经附在这一轮")
    archivist.get(f"{base}/register")
    assert archivist.attach(f"{base}/scans", tiff, "文据.tif", kind="document").says("交接文据")
    [first, second] = counter_scans(counter)
    assert archivist.ask("GET", f"{base}/scans/{first}").body == scan
    assert archivist.ask("GET", f"{base}/scans/{first}/2").body.startswith(b"\xff\xd8\xff")
    assert [archivist.ask("GET", f"{base}/scans/{at}").status for at in (f"{first}/3", "999", "x")] == [404, 404, 400]
    [hit, *_] = re.findall(r'"/records/(\d+)', archivist.get(f"/search?q={quote(CODES[0])}").text)
    assert archivist.get(f"/records/{hit}").says(CODES[0], "接收〔2023〕0001 号", digest)
    assert counter.door.hub.hub.desk.call("show", ref=CODES[0])["custody_papers"][0]["scans"][0]["digest"] == digest
    archivist.get(f"{base}/register")
    assert archivist.send(f"{base}/scans/{second}/void", reason=" ").says("须写理由")
    archivist.get(f"{base}/register")
    assert archivist.send(f"{base}/scans/{second}/void", reason="附到别的轮次了").says("已作废", "附到别的轮次了")
    assert archivist.ask("GET", f"{base}/scans/{second}").body == tiff
    other = counter.door.signed_in("zhao", Role.ARCHIVIST)
    for method, path in (("GET", f"{first}"), ("GET", f"{first}/1"), ("POST", f"{first}/void")):
        other.get("/me")
        page = other.get(f"{base}/scans/{path}") if method == "GET" else other.send(f"{base}/scans/{path}", reason="x")
        assert page.status == 404, path
    other.get("/me")
    assert other.attach(f"{base}/scans", scan).status == 404
    noted = [act.deed for act in journal.walk(counter.door.team.people.parts().database.read(), Filter(verb="scan-attach", outcome=Outcome.DONE))]
    assert [one.note for one in noted] == [digest, f"sha256:{hashlib.sha256(tiff).hexdigest()}"]


def counter_scans(counter: Counter) -> list[int]:
    """Numbers of the scans of the first round."""
    return [one.id for one in signed_scans.of_round(counter.door.hub.hub.home.holdings.read(), counter.reception, 1)]


def test_a_check_that_is_asked_for_runs_beside_the_pages(counter: Counter, archivist: Browser) -> None:
    """The form answers at once, the page tells how far it is, and what it found stands there; too many are refused, and a hub that ends leaves the rest."""
    home, mine = counter.door.hub.hub.home, counter.numbers()
    path = f"/reception/{counter.reception.id}/{mine['1']}"
    item = reception_store.item(home.holdings.read(), mine["1"])
    assert item is not None
    archivist.get(path)
    assert archivist.send(f"{path}/check").says("重新检测")
    assert archivist.ask("GET", f"{path}/check").body.count(b'id="recheck"') <= 1
    rechecks = Rechecks(home)
    before = len(home.holdings.read().execute("SELECT 1 FROM check_run WHERE pictures = 1").fetchall())
    assert rechecks.ask(mine["1"], item.record)
    assert rechecks.ask(mine["1"], item.record)
    rechecks.wait()
    assert rechecks.progress(mine["1"]) == Progress(State.DONE)
    assert len(home.holdings.read().execute("SELECT 1 FROM check_run WHERE pictures = 1").fetchall()) >= max(before, 1)
    assert archivist.get(path).says("TX-") or not archivist.page.says("本次未作图像检测")
    assert rechecks.ask(0, bytes(16))
    rechecks.wait()
    assert rechecks.progress(0) == Progress(State.FAILED)
    rechecks.seen(0)
    assert rechecks.progress(0) is None
    rechecks.close()
    assert not rechecks.ask(mine["2"], item.record)


def test_pages_are_for_everybody(counter: Counter, archivist: Browser, real_tool: Callable[[str], str]) -> None:
    """axe finds nothing serious, nothing scrolls sideways, nothing is refused by the page's own policy; wide and light, narrow, English and dark."""
    base, mine = f"/reception/{counter.reception.id}", counter.numbers()
    paths = ("/reception?show=all", base, f"{base}/{mine['3']}", f"{base}/rounds/1/register", f"{base}/rounds/1/notice", f"{base}/checks")
    axe, faults = Axe(), list[str]()
    with chromium(real_tool("chromium")) as browser:
        for tongue, theme, size, which in (("zh-CN", "light", (1366, 768), paths), ("en", "dark", (360, 640), paths[:3])):
            with window(browser, archivist, tongue=tongue, theme=theme, size=size) as context:
                page = context.new_page()
                page.on("console", lambda message, told=faults: told.append(message.text))
                for path in which:
                    counter.door.hub.clock.skip += 60
                    page.goto(path)
                    found = axe.run(page).response["violations"]
                    faults += [f"{path} {one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")]
                    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                        faults.append(f"{path} scrolls sideways")
    faults = [fault for fault in faults if "404" not in fault]  # there is no favicon
    assert not faults, "\n".join(faults)


def test_what_is_taken_in_twice_changes_nothing(counter: Counter) -> None:
    """From a lost cursor on, every delta is taken in again: counts and verdicts are the same, and so is what adding up the records gives."""
    holdings, held, before = counter.door.hub.hub.home.holdings, counter.reception, counter.counts()
    with holdings.transaction() as connection:
        connection.execute("DELETE FROM reception_cursor")
    assert counter.counts() == before
    items = reception_store.items(holdings.read(), held, Access.whole(), list(Standing), limit=100)
    assert {standing: sum(item.standing is standing for item in items) for standing in before} == before


def test_papers_are_for_who_may_see_all_of_them(counter: Counter, archivist: Browser) -> None:
    """One record above an archivist's ceiling in a delivery, and its papers are refused, in every form; the page says so."""
    holdings, base = counter.door.hub.hub.home.holdings, f"/reception/{counter.reception.id}"
    with holdings.transaction() as connection:
        connection.execute("INSERT INTO reception_count VALUES (?, 'J023', 3, 0, 1, 1, 1)", (counter.reception.id,))
    for path in ("checks", *(f"rounds/1/{form}" for form in ("register", "register.pdf", "list.txt", "notice", "notice.xlsx"))):
        page = archivist.ask("GET", f"{base}/{path}")
        assert (page.status, b"J023" in page.body) == (403, False), path
    assert archivist.get(base).says("含有您无权查看的档案")
    with holdings.transaction() as connection:
        connection.execute("DELETE FROM reception_count WHERE secrecy = 3")


def test_counts_obey_the_ceiling(counter: Counter) -> None:
    """Records above somebody's ceiling, or of another fonds, are in no list and no count."""
    from holdings.access import Clause, Secrecy

    holdings, held = counter.door.hub.hub.home.holdings, counter.reception
    mine = Access((Clause(fonds=frozenset({"J999"})), Clause(opened=True)))
    assert reception_store.find(holdings.read(), held.id, mine) is None
    assert reception_store.archives(holdings.read(), mine) == {}
    with holdings.transaction() as connection:
        item = reception_store.item(connection, counter.numbers()["1"])
        assert item is not None
        connection.execute("UPDATE reception_item SET secrecy = 2 WHERE number = ?", (item.number,))
        connection.execute("UPDATE reception_count SET records = records - 1 WHERE standing = ?", (int(item.standing),))
        connection.execute(
            "INSERT INTO reception_count VALUES (?, 'J023', 2, ?, 1, 2, 9)", (held.id, int(item.standing))
        )
        low, high = Access((Clause(),)), Access((Clause(ceiling=Secrecy.CONFIDENTIAL),))
        assert len(reception_store.items(connection, held, low, list(Standing))) == 5
        assert len(reception_store.items(connection, held, high, list(Standing))) == 6
        assert sum(tally.records for tally in reception_store.counts(connection, held, low).values()) == 5
        assert not reception_store.whole(connection, held, low)
        assert reception_store.whole(connection, held, high)
        connection.execute("UPDATE reception_item SET secrecy = 0 WHERE number = ?", (item.number,))
        connection.execute(
            "UPDATE reception_count SET records = records + 1 WHERE secrecy = 0 AND standing = ?", (int(item.standing),)
        )
        connection.execute("DELETE FROM reception_count WHERE secrecy = 2")


def test_a_node_that_was_put_out_hears_nothing(counter: Counter, archivist: Browser) -> None:
    """A verdict that cannot come into the log stays concluded, with its papers; the page says why, and it is tried again."""
    home, held = counter.door.hub.hub.home, counter.reception
    counter.door.hub.hub.desk.call("handover", name="和平区", kind="report", by="王五")
    numbers = [item.number for item in reception_store.items(home.holdings.read(), held, Access.whole(), [Standing.WAITING])]
    ReceptionDesk(home).draft(held, numbers, Ruling(accepted=True), PEOPLE, Access.whole())
    counter.door.hub.hub.desk.call("revoke", name="和平区", reason="停用")
    archivist.get(f"/reception/{held.id}")
    said = archivist.send(f"/reception/{held.id}/conclude", rounds=str(held.rounds), sure="yes")
    assert said.says("已办结", "未写入日志", "停用")
    assert archivist.get("/reception?show=all").says("1 条结论还没有写入中心日志")
