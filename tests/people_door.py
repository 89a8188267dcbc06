"""A hub with its people's door open on loopback, and a browser of the barest kind: cookies, forms, redirects, no script."""

from __future__ import annotations

import contextlib
import html
import http.client
import re
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from hub_in_thread import RunningHub, SetClock, running
from nacl.pwhash import argon2id
from people_at_hub import PASSWORD, Team, code

from holdings.password import Passwords
from hub.account import Role
from hub.config import HubConfig, PeopleConfig
from hub.people import People
from hub.people_port import open_people_door

SESSION = "__Host-jindang"


BOUNDARY = "----jindang7MA4YWxkTrZu0gW"
WITH_FILE = f"multipart/form-data; boundary={BOUNDARY}"


def form_with_file(file: bytes, name: str, fields: dict[str, str]) -> bytes:
    """The body of a form with one file, as browsers send it."""
    said = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n' for field, value in fields.items()
    )
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: application/pdf\r\n\r\n'
    return said.encode() + head.encode() + file + f"\r\n--{BOUNDARY}--\r\n".encode()


@dataclass
class Page:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes
    set_cookies: list[str]

    @property
    def text(self) -> str:
        """The body."""
        return self.body.decode()

    @property
    def token(self) -> str:
        """The token of the page's forms."""
        found = re.search(r'name="form-token" value="([0-9a-f]*)"', self.text)
        return found.group(1) if found else ""

    def says(self, *words: str) -> bool:
        """Are these all on the page?"""
        return all(word in html.unescape(self.text) for word in words)


@dataclass
class Browser:
    """One browser; `jar` its cookies."""

    address: tuple[str, int]
    jar: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    page: Page = field(default_factory=lambda: Page(0, {}, b"", []))

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Page:
        """One request as it stands, redirects not followed."""
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(*self.address, timeout=30, context=context)
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.jar:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            cookies = response.headers.get_all("Set-Cookie") or []
            endless = response.headers.get_content_type() == "text/event-stream"
            body_read = response.readline() if endless else response.read()
            page = Page(response.status, {name.lower(): value for name, value in response.headers.items()}, body_read, cookies)
        finally:
            connection.close()
        for cookie in cookies:
            name, _, value = cookie.split(";", 1)[0].partition("=")
            if value.strip('"'):
                self.jar[name] = value
            else:
                self.jar.pop(name, None)
        return page

    def get(self, path: str) -> Page:
        """A page, redirects followed."""
        self.page = self.ask("GET", path)
        for _ in range(5):
            if self.page.status != 303:
                break
            self.page = self.ask("GET", self.page.headers["location"])
        return self.page

    def send(self, path: str, **fields: str) -> Page:
        """A form with the token of the page at hand, redirects followed."""
        body = urlencode({"form-token": self.page.token, **fields}).encode()
        self.page = self.ask("POST", path, body, Content_Type="application/x-www-form-urlencoded")
        return self.get(self.page.headers["location"]) if self.page.status == 303 else self.page

    def attach(self, path: str, file: bytes, name: str = "scan.pdf", **fields: str) -> Page:
        """A form with a file and the token of the page at hand, redirects followed."""
        body = form_with_file(file, name, {"form-token": self.page.token, **fields})
        self.page = self.ask("POST", path, body, Content_Type=WITH_FILE)
        return self.get(self.page.headers["location"].partition("#")[0]) if self.page.status == 303 else self.page

    def sign_in(self, name: str, password: str = PASSWORD) -> Page:
        """Name and password."""
        self.get("/sign-in")
        return self.send("/sign-in", name=name, password=password)


@dataclass
class Door:
    """The running hub, its people, and browsers."""

    hub: RunningHub
    team: Team
    address: tuple[str, int]

    def browser(self, **headers: str) -> Browser:
        """A fresh one."""
        return Browser(self.address, headers=headers)

    def signed_in(self, name: str, role: Role, **headers: str) -> Browser:
        """A browser of a settled account (made when missing), its second factor given."""
        if name not in self.team.secrets:
            self.team.settle(name, role)
            self.team.secrets.setdefault(name, b"")
        else:
            self.hub.clock.now += 60
        browser = self.browser(**headers)
        browser.sign_in(name)
        if secret := self.team.secrets[name]:
            self.hub.clock.now += 60
            browser.send("/sign-in/factor", code=code(secret, self.hub.clock))
        assert browser.page.status == 200, browser.page.text
        return browser


@contextlib.contextmanager
def open_door(path: Path, clock: SetClock | None = None, **policy: object) -> Iterator[Door]:
    """A hub whose people's door is open."""
    people = PeopleConfig(listen="127.0.0.1:0", idle_minutes=240, **policy)  # type: ignore[arg-type]
    config = HubConfig(name="市级中心", listen="127.0.0.1:0", unlock="keyfile", min_free_gib=0.0, people=people)
    with running(path, config=config, clock=clock or SetClock()) as hub, ThreadPoolExecutor(4) as pool:
        hub.hub.people = People(hub.hub.home, Passwords(argon2id.OPSLIMIT_MIN, argon2id.MEMLIMIT_MIN))
        runner, address = hub._wait(open_people_door(hub.hub.home, hub.hub.people, pool, people, 0.02))
        team = Team(hub.hub.home, hub.clock)
        team.people = hub.hub.people
        try:
            yield Door(hub, team, address)
        finally:
            hub._wait(runner.cleanup())
