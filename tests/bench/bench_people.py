"""The people's door over the generated catalogue: fifty people at once on this machine, each reading for some seconds between two pages.

What is measured is the server's own time of each answer (`Server-Timing`, waiting for a thread included), the size of pages, and the processor time an answer costs.
The hub is a real process, people come through the proxy's header with addresses of their own.

Fifty people at once are fifty who work, not fifty requests under way: a person looks at a list or a page for seconds before the next click (THINKS_S, quicker than
anybody reads a record), so that some fifteen pages a second are asked for. What the hub does when nobody thinks is told beside it and judged by nothing:
then fifty requests always wait for two processors, and each lasts as long as fifty take.
"""

from __future__ import annotations

import html
import http.client
import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

import psutil
import search_corpus as corpus
from bench_goal import Goal

ROOT = Path(__file__).resolve().parent.parent.parent
ROWS = int(os.environ.get("JINDANG_PEOPLE_ROWS", "1000000"))
PEOPLE = int(os.environ.get("JINDANG_PEOPLE", "50"))
SECONDS = float(os.environ.get("JINDANG_PEOPLE_SECONDS", "40"))
KEPT = os.environ.get("JINDANG_PEOPLE_HOME", "")
"""A hub's home with the catalogue already in it; else one is made."""
PAUSE = threading.Event()
"""Never set: waiting for it is thinking."""
THINKS_S = (1.0, 5.0)
"""From the answer to the next question."""
FLOOD_S = float(os.environ.get("JINDANG_PEOPLE_FLOOD", "10"))
"""Seconds without thinking at the end."""
ACCOUNTS = 10
PASSWORD = "Haihe-Waitan 19 lou"
COLUMNS = ("级别", "全宗号", "档号", "题名", "年度", "成文日期", "责任者", "保管期限", "密级", "开放")


@dataclass
class Seen:
    """What came back: milliseconds of the server and bytes by kind of page; answers that were no 200."""

    spent: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    sizes: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, kind: str, status: int, took: str, size: int) -> None:
        """One answer."""
        with self.lock:
            self.sizes[kind] = max(self.sizes[kind], size)
            if status != 200:
                self.wrong.append(f"{kind} {status}")
            elif found := re.search(r"dur=([0-9.]+)", took):
                self.spent[kind].append(float(found.group(1)))


class Person:
    """One browser of the barest kind, kept alive."""

    def __init__(self, port: int, number: int, seen: Seen) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._address, self._seen, self._jar = f"10.9.{number // 200}.{number % 200 + 1}", seen, dict[str, str]()

    def ask(self, kind: str, path: str, fields: dict[str, str] | None = None, *, count: bool = True) -> str:
        """A page, its redirects followed."""
        method, body = ("GET", None) if fields is None else ("POST", urlencode(fields))
        sent = {"X-Real-IP": self._address, "Cookie": "; ".join(f"{name}={value}" for name, value in self._jar.items())}
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, body, sent)
        answer = self._connection.getresponse()
        data = answer.read()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.split(";", 1)[0].partition("=")
            self._jar[name] = value
        if answer.status == 303:
            return self.ask(kind, answer.headers["Location"], count=count)
        if count:
            self._seen.take(kind, answer.status, answer.headers.get("Server-Timing", ""), len(data))
        return data.decode("utf-8", "replace")

    def tell(self, seen: Seen) -> None:
        """What comes back is noted there from now on."""
        self._seen = seen

    def sign_in(self, name: str, password: str) -> str:
        """Name and password; the page that follows."""
        return self.ask("sign-in", "/sign-in", {"form-token": token(self.ask("sign-in", "/sign-in", count=False)), "name": name, "password": password}, count=False)


def token(page: str) -> str:
    """The token of a page's forms."""
    found = re.search(r'name="form-token" value="([0-9a-f]*)"', page)
    return found.group(1) if found else ""


def hub(*words: object) -> str:
    """Run a command of the hub; its standard output."""
    done = subprocess.run([sys.executable, "-m", "jindang", "hub", *map(str, words)], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout


def found(home: Path) -> None:
    """A hub with the catalogue."""
    hub("init", "--home", home, "--class", "classified", "--unlock", "keyfile")
    file = home.parent / "catalogue.tsv"
    with file.open("w", encoding="utf-8") as out:
        out.write("\t".join(COLUMNS) + "\n")
        for row in corpus.rows(ROWS):
            out.write("\t".join(row) + "\n")
    hub("catalogue", "import", file, "--home", home, "--json")
    file.unlink()


def words_of(count: int) -> list[str]:
    """Words that people look for: pieces of titles, short and long, common and rare."""
    draw = random.Random(5)
    titles = [row[3] for row in corpus.rows(20_000)]
    made = []
    for _ in range(count):
        title = draw.choice(titles)
        at = draw.randrange(max(1, len(title) - 8))
        made.append(title[at : at + draw.choice((2, 2, 3, 4, 6))])
        if draw.random() < 0.3:
            made[-1] += " " + draw.choice(titles)[:2]
    return made


def lead(person: Person, number: int, words: list[str], until: float, thinks: tuple[float, float] = THINKS_S) -> None:
    """What one person does, page after page, thinking between."""
    draw = random.Random(number)
    # Fifty first questions in one instant would be one in fifteen of all answers, and the figure that of a flood.
    PAUSE.wait(draw.uniform(0, thinks[1]))
    while time.monotonic() < until:
        word = draw.choice(words)
        query = quote(word)
        step = draw.random()
        if step < 0.40:
            page = person.ask("search", f"/search?q={query}")
            links = re.findall(r'href="(/records/\d+[^"]*)"', page)
            if links and draw.random() < 0.7:
                PAUSE.wait(draw.uniform(*thinks) / 2)
                person.ask("record", html.unescape(draw.choice(links)))
        elif step < 0.55:
            person.ask("search, narrowed", f"/search?q={query}&from=1950&to=1980&sort=date")
        elif step < 0.70:
            person.ask("suggest", f"/search/suggest?q={quote(word[:3])}")
        elif step < 0.80:
            person.ask("statistics", "/statistics")
        elif step < 0.86:
            person.ask("statistics, parts", "/statistics/rows_item")
        elif step < 0.93:
            person.ask("requests", "/requests")
        else:
            person.ask("own account", "/me")
        PAUSE.wait(draw.uniform(*thinks))


def accounts(home: Path, port: int, seen: Seen) -> None:
    """Archivists with passwords of their own."""
    for number in range(ACCOUNTS):
        name = f"person{number}"
        person = Person(port, 240 + number, seen)
        try:
            words = ("--role", "archivist", "--person", f"人{number}", "--unit", "市档案馆", "--level", "绝密")
            made = json.loads(hub("account", "add", name, *words, "--home", home, "--json").splitlines()[-1])
        except subprocess.CalledProcessError:
            continue  # a kept home has them
        page = person.sign_in(name, made["start_password"])
        fields = {"form-token": token(page), "old": made["start_password"], "new": PASSWORD, "again": PASSWORD}
        person.ask("sign-in", "/sign-in/password", fields, count=False)


def served(home: Path) -> tuple[subprocess.Popen[bytes], int]:
    """The hub as a process with its people's door open; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    config = home / "hub.toml"
    before = config.read_text("utf-8").split("\n[people]")[0]
    config.write_text(f'{before}\n[people]\nlisten = "127.0.0.1:{port}"\nproxy = true\nsecond_factor = "off"\nidle_minutes = 240\n', "utf-8")
    process = subprocess.Popen([sys.executable, "-m", "jindang", "hub", "run", "--home", str(home), "--listen", "127.0.0.1:0"], cwd=ROOT, stdout=subprocess.DEVNULL)
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process, port
        except OSError:
            assert process.poll() is None, "the hub ended at once"
            PAUSE.wait(0.2)


def flood(persons: list[Person], words: list[str], seen: Seen) -> None:
    """The same people, none of whom thinks."""
    until = time.monotonic() + FLOOD_S
    for person in persons:
        person.tell(seen)
    threads = [threading.Thread(target=lead, args=(person, number, words, until, (0.0, 0.0))) for number, person in enumerate(persons)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = [one for spent in seen.spent.values() for one in spent]
    rate, middle = len(every) / FLOOD_S, statistics.median(every)
    print(f"nobody thinks: {rate:.0f} answers/s, median {middle:.0f} ms, p95 {p95(every):.0f} ms, {len(seen.wrong)} were no 200")


def measure(home: Path) -> tuple[Seen, float, float]:
    """(what came back, CPU milliseconds an answer, memory of the hub in MiB at the end of the thinking)."""
    process, port = served(home)
    try:
        seen, words = Seen(), words_of(400)
        accounts(home, port, seen)
        persons = [Person(port, number, seen) for number in range(PEOPLE)]
        for number, person in enumerate(persons):
            person.sign_in(f"person{number % ACCOUNTS}", PASSWORD)
            person.ask("search", f"/search?q={quote(words[number])}", count=False)
        watched = psutil.Process(process.pid)
        before, until = watched.cpu_times(), time.monotonic() + SECONDS
        threads = [threading.Thread(target=lead, args=(person, number, words, until)) for number, person in enumerate(persons)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        after = watched.cpu_times()
        answers = sum(map(len, seen.spent.values()))
        cost = (after.user + after.system - before.user - before.system) * 1000 / max(1, answers)
        rss = watched.memory_info().rss / (1 << 20)
        if FLOOD_S:
            flood(persons, words, Seen())
        return seen, cost, rss
    finally:
        process.terminate()
        process.wait(60)


def run(out: Path, repeat: int) -> list[Goal]:
    """Fifty people for some seconds; p95 of the server's time by kind of page and over all."""
    with tempfile.TemporaryDirectory(dir=out) as folder:
        home = Path(KEPT) if KEPT else Path(folder) / "hub"
        if not KEPT:
            found(home)
        seen, cost, peak = measure(home)
    goals = []
    for kind, spent in sorted(seen.spent.items()):
        figures = f"median {statistics.median(spent):7.1f} ms, p95 {p95(spent):7.1f} ms, at most {max(spent):7.1f} ms"
        print(f"{kind:20} {len(spent):5} answers, {figures}, {seen.sizes[kind] / 1000:.0f} KB")
    every = [one for spent in seen.spent.values() for one in spent]
    note = f"{len(every)} answers, {PEOPLE} people, {cost:.1f} ms of CPU an answer, hub {peak:.0f} MiB"
    goals.append(Goal("people: p95 of the server's time", p95(every), 80, "ms", note=note))
    goals.append(Goal("people: answers that were not 200", len(seen.wrong), 0, "", note=" ".join(sorted(set(seen.wrong)))[:80]))
    goals.append(Goal("people: the largest page", max(seen.sizes.values()) / 1000, 200, "KB", note=max(seen.sizes, key=lambda kind: seen.sizes[kind])))
    return goals


def p95(values: list[float]) -> float:
    """The value that one in twenty exceeds."""
    return sorted(values)[int(len(values) * 0.95)] if values else 0.0
