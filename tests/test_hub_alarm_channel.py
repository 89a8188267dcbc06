"""How alarms reach people: webhook templates, mail, the outbox, the daily page, the commands (hub/alarm_channel.py, hub/alarm_outbox.py, hub/daily_page.py)."""

import base64
import http.server
import io
import json
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from people_at_hub import Team, team
from pypdf import PdfReader

from holdings.alarm_rule import AlarmRule, rule
from holdings.daily_page_pdf import DailyPage, draw
from holdings.site_data import SiteData
from hub import alarm_channel, alarm_outbox, alarm_store, daily_page
from hub.account import LOCAL
from hub.alarm import AlarmKind, Seen
from hub.alarm_channel import Attachment, ChannelFailed, Message
from hub.alarm_words import AlarmWords
from hub.errors import NotAllowed
from hub.monitor_desk import MonitorDesk
from hub.monitor_watch import MonitorWatch

WALL = 1_700_000_000


@dataclass
class Gateway:
    """A webhook's and a mail server's other end on loopback: answers with `status`, keeps what came."""

    status: int = 200
    came: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    letters: list[str] = field(default_factory=list)
    port: int = 0
    mail_port: int = 0


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    """Both servers in threads."""
    made = Gateway()

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made.came.append((self.path, dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(made.status)
            self.send_header("Location", f"http://127.0.0.1:{made.port}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Letter(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            say = lambda line: self.wfile.write(line + b"\r\n")  # noqa: E731
            say(b"220 test")
            while line := self.rfile.readline():
                if line.upper().startswith(b"DATA"):
                    say(b"354 go on")
                    body = b""
                    while (piece := self.rfile.readline()) != b".\r\n":
                        body += piece
                    made.letters.append(body.decode())
                say(b"221 bye" if line.upper().startswith(b"QUIT") else b"250 ok" if made.status == 200 else b"550 no")

    servers = [_Server(("127.0.0.1", 0), kind) for kind in (Hook, Letter)]
    made.port, made.mail_port = (server.server_address[1] for server in servers)
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield made
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def open_gateway(gateway: Gateway) -> Gateway:
    """The servers, in good temper and with nothing in hand."""
    gateway.status = 200
    gateway.came.clear()
    gateway.letters.clear()
    return gateway


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """A home with people."""
    with team(tmp_path_factory.mktemp("channel") / "hub") as made:
        yield made


@pytest.fixture
def desk(crew: Team) -> Iterator[MonitorDesk]:
    """A desk where nothing stands and nothing waits."""
    made = MonitorDesk(crew.home, crew.people.parts)
    yield made
    with made.database.transaction() as connection:
        for alarm in alarm_store.standing(connection):
            alarm_store.close(connection, alarm.number, 1)
        alarm_outbox.write(connection, rule(), WALL)
        for waiting in alarm_outbox.due(connection, 1 << 40):
            alarm_outbox.forget(connection, waiting)


def channels(gateway: Gateway, **more: str) -> AlarmRule:
    """A site with one webhook and one mailbox."""
    hook = {"name": "值班", "url": f"http://127.0.0.1:{gateway.port}/send?key=1", **more}
    mail = {"name": "邮箱", "host": "127.0.0.1", "sender": "a@b.cn", "tls": "none"}
    lines = ["[[webhook]]", *(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in hook.items())]
    lines += [
        "[[mail]]",
        *(f'{name} = "{value}"' for name, value in mail.items()),
        'to = ["c@d.cn"]',
        f"port = {gateway.mail_port}",
        "paper = true",
    ]
    return rule(SiteData((("alarms.toml", "\n".join(lines)),)))


def seen(name: str, kind: AlarmKind = AlarmKind.SILENT) -> Seen:
    """Something that wants a person."""
    return Seen(kind, name, name, {"name": name, "n": 2})


def look(desk: MonitorDesk, bounds: AlarmRule, wall: int, *found: Seen) -> int:
    """What the watch does; how many messages were taken."""
    with desk.database.transaction() as connection:
        alarm_store.settle(connection, found, wall)
        alarm_outbox.write(connection, bounds, wall)
    return alarm_outbox.deliver(desk.database, bounds, "市级中心", wall, lambda _: None)


def test_beginnings_and_ends_are_told_once(desk: MonitorDesk, open_gateway: Gateway) -> None:
    """Each channel hears of an alarm when it begins and when it ends, once each; notices below the channel's severity are not told."""
    bounds = channels(open_gateway)
    assert look(desk, bounds, 10, seen("和平区"), seen("b", AlarmKind.LAGGING)) == 2
    assert look(desk, bounds, 20, seen("和平区"), seen("b", AlarmKind.LAGGING)) == 0
    assert look(desk, bounds, 30) == 2
    assert look(desk, bounds, 40) == 0
    path, headers, body = open_gateway.came[0]
    assert (path, headers["Content-Type"]) == ("/send?key=1", "application/json")
    assert "和平区 已 2 个工作夜没有联络。" in json.loads(body)["text"]
    assert "已结束" in json.loads(open_gateway.came[1][2])["text"]
    assert len(open_gateway.came) == 2
    letter = open_gateway.letters[0]
    assert "Subject: =?utf-8?" in letter
    assert "和平区" in base64.b64decode(letter.split("\r\n\r\n", 1)[1]).decode()


def test_silenced_noted_and_rolled_up_alarms_are_not_told(desk: MonitorDesk, open_gateway: Gateway) -> None:
    """A silence holds a message back until it ends; what a roll-up speaks for, or a person knows, is not told."""
    bounds = channels(open_gateway)
    with desk.database.transaction() as connection:
        alarm_store.settle(connection, [seen("a"), seen("b")], 10)
        first, second = alarm_store.standing(connection)
        alarm_store.silence(connection, first.number, 1_000, 10)
        alarm_store.acknowledge(connection, second.number, "sys", 10)
    assert look(desk, bounds, 20, seen("a"), seen("b")) == 0
    assert look(desk, bounds, 1_001, seen("a"), seen("b")) == 2
    open_gateway.came.clear()
    line = Seen(AlarmKind.LINE, "hub", "", {"n": 3, "names": "c、d、e"}, frozenset("cde"))
    assert look(desk, bounds, 1_010, seen("a"), seen("b"), line, *(seen(name) for name in "cde")) == 2
    told = json.loads(open_gateway.came[0][2])["text"]
    assert "疑似专线" in told
    assert "c 已" not in told


def test_a_dead_channel_waits_and_becomes_an_alarm(desk: MonitorDesk, open_gateway: Gateway) -> None:
    """A message that is not taken is tried again later and later; after three goes the channel is an alarm, which ends when it works; nothing is lost."""
    bounds = channels(open_gateway)
    open_gateway.status, wall, goes = 302, WALL, 0
    look(desk, bounds, wall, seen("a"))
    assert len(open_gateway.came) == alarm_outbox.ATTEMPTS
    assert {path for path, _, _ in open_gateway.came} == {"/send?key=1"}  # a redirect is not followed
    while not any(one.kind is AlarmKind.CHANNEL for one in alarm_store.standing(desk.database.read())):
        wall, goes = wall + 1_000, goes + 1
        look(desk, bounds, wall, seen("a"))
        assert goes < 10
    assert look(desk, bounds, wall, seen("a")) == 0
    open_gateway.status = 200
    assert look(desk, bounds, wall + 10_000, seen("a")) >= 2
    assert not any(one.kind is AlarmKind.CHANNEL for one in alarm_store.standing(desk.database.read()))
    open_gateway.status = 500
    look(desk, bounds, wall + 20_000)
    with desk.database.transaction() as connection:
        assert len(alarm_outbox.due(connection, wall + 10**6)) == 2
    for number in range(4):
        look(desk, bounds, wall + 20_000 + (number + 1) * 10**6)
    assert alarm_outbox.due(desk.database.read(), wall + 10**9) == []  # two days are enough


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ('{"m": {{ text | tojson }}, "n": {{ count }}}', '"n": 1'),
        (
            "{% for one in alarms %}{{ one.severity }}:{{ one.node }};{% endfor %}",
            'warning:a&lt;"b;'.replace("&lt;", "<"),
        ),
        ("{{ hub }}{{ ended }}", "市级中心False"),
        ("{{ text.__class__.__mro__[1].__subclasses__() }}", None),
        ("{{ nothing }}", None),
        ("{% for n in range(10**9) %}x{% endfor %}", None),
        ("{{ 1 // 0 }}", None),
        ("{{ 'x' * 100000 }}", None),
        ("{{ alarms.append(1) }}", None),
        ("{% include '/etc/passwd' %}", None),
    ],
)
def test_templates_are_kept_in_their_sandbox(
    desk: MonitorDesk, open_gateway: Gateway, template: str, said: str | None
) -> None:
    """A template says what it is given; one that reaches for more, fails or grows without end is a failure of the channel."""
    with desk.database.transaction() as connection:
        number = alarm_store.raise_one(connection, seen('a<"b'), WALL)
    message = Message("市级中心", (alarm_store.get(desk.database.read(), number),), ended=False)
    hook = channels(open_gateway, template=template).webhook[0]
    if said is None:
        with pytest.raises(ChannelFailed):
            alarm_channel.body_of(hook, message)
    else:
        assert said in alarm_channel.body_of(hook, message).decode()


def test_a_secret_comes_from_its_file(desk: MonitorDesk, open_gateway: Gateway, tmp_path: Path) -> None:
    """The header bears the file's first line; a file that is missing, empty or would break the header fails the channel without a request."""
    secret = tmp_path / "token"
    bounds = channels(open_gateway, header="X-Token", secret_file=str(secret))
    for content in (None, b"", b"a\r\nX: b", b"\xff"):
        if content is not None:
            secret.write_bytes(content)
        with pytest.raises(ChannelFailed):
            alarm_channel.post(bounds.webhook[0], Message("中心", (), ended=False))
    assert open_gateway.came == []
    secret.write_text("Bearer 123\n")
    alarm_channel.post(bounds.webhook[0], Message("中心", (), ended=False))
    assert open_gateway.came[0][1]["X-Token"] == "Bearer 123"


def test_the_daily_page_is_one_sheet(desk: MonitorDesk, open_gateway: Gateway, crew: Team) -> None:
    """Made once a day after its time, one sheet however much there is to say, kept and sent; the oldest go."""
    bounds = channels(open_gateway)
    crew.clock.now = WALL // 86_400 * 86_400 - 8 * 3600 + 7 * 3600  # 07:00 here
    assert not daily_page.due(desk, bounds)
    crew.clock.now += 3600
    assert daily_page.due(desk, bounds)
    with desk.database.transaction() as connection:
        alarm_store.settle(
            connection, [seen(f"节点{number}" + "很长的名称" * 6) for number in range(60)], crew.clock.now
        )
    folder = crew.home.path / daily_page.FOLDER
    path = daily_page.make(desk, bounds)
    assert not daily_page.due(desk, bounds)
    pages = PdfReader(path).pages
    text = pages[0].extract_text()
    assert (len(pages), "未结束的告警" in text, "另有 44 条" in text) == (1, True, True)
    assert "daily-" in open_gateway.letters[-1]
    full = DailyPage(
        "中心",
        "2026-11-23",
        "08:00",
        (("a", "b", "c", "d"),) * 4,
        (("警告", "长" * 90, "x"),) * 50,
        (("名" * 20, *"abcdef"),) * 50,
        (tuple("abcdef"),) * 17,
    )
    drawn = PdfReader(io.BytesIO(draw(msgspec.json.encode(full)))).pages
    assert (len(drawn), drawn[0].extract_text().count("另有")) == (1, 3)
    for number in range(bounds.papers_kept + 3):
        (folder / f"daily-2020-01-{number:02d}.pdf").write_bytes(b"")
    crew.clock.now += 86_400
    daily_page.make(desk, bounds)
    assert len(list(folder.iterdir())) == bounds.papers_kept
    assert isinstance(Attachment(path.name, b"").data, bytes)


@pytest.mark.parametrize(("quiet_s", "waited_s", "made"), [(0.1, 0, False), (5.0, 0, True), (0.1, 899, False), (0.1, 900, True)])
def test_the_daily_page_waits_for_uploads(desk: MonitorDesk, crew: Team, quiet_s: float, waited_s: int, made: bool) -> None:
    """It is drawn when no bytes come in, or when it has been due for a quarter of an hour."""
    crew.clock.now += 86_400
    watch = MonitorWatch(crew.home, crew.people, lambda: True, lambda: quiet_s)
    assert daily_page.due(desk, rule())
    assert watch.look()
    crew.clock.skip += waited_s
    assert watch.look()
    assert daily_page.due(desk, rule()) is not made


def test_commands_speak_through_the_desk(desk: MonitorDesk, crew: Team) -> None:
    """Words list, note and silence alarms, and plan and end outages, in the name of who called."""
    words = AlarmWords(crew.home, crew.people)
    with desk.database.transaction() as connection:
        number = alarm_store.raise_one(connection, seen("a"), crew.clock.now)
    assert [one["number"] for one in words.alarm_list(by="local:7")["alarms"]] == [number]
    assert words.alarm_silence(number, 2, by="local:7")["alarm"]["silent_until"] == crew.clock.now + 7200
    assert words.alarm_ack(number, "知道了", by="local:7")["alarm"]["by"] == "local:7"
    made = words.outage_add("*", crew.clock.now, crew.clock.now + 60, "检修", by="local:7")["outage"]
    assert (made["node"], made["over"], LOCAL) == ("*", False, LOCAL)
    assert words.outage_end(made["number"], by="local:7")["outage"]["over"]
    assert [one["number"] for one in words.outage_list()["outages"]] == [made["number"]]
    with pytest.raises(NotAllowed):
        words.outage_end(10**6)
    assert (
        words.alarm_list(closed=True)["alarms"] == [] or words.alarm_list(closed=True)["alarms"][0]["state"] == "closed"
    )
