"""People for tests: a hub's home with officers, whose clock a test sets, without any socket."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pyotp
from hub_in_thread import SetClock, found, reopen
from nacl.pwhash import argon2id

from holdings.password import Passwords
from hub.account import LOCAL, Actor, Rights, Role, Stage
from hub.account_secret import totp_step, totp_text
from hub.account_sign_in import SignIn
from hub.config import HubConfig, PeopleConfig
from hub.home import Home
from hub.people import People

ADDRESS, AGENT = "10.1.2.3", "Mozilla/5.0 (X11; Linux x86_64) Chrome/87.0"
PASSWORD = "Anding-Menwai 4 hao yuan"
MACHINE = Actor("local:0", LOCAL, "hub.sock")


class Team:
    """A home and its people."""

    def __init__(self, home: Home, clock: SetClock) -> None:
        self.home, self.clock, self.people = home, clock, People(home, Passwords(argon2id.OPSLIMIT_MIN, argon2id.MEMLIMIT_MIN))
        self.secrets: dict[str, bytes] = {}

    @property
    def sign_in(self) -> SignIn:
        """Who comes in."""
        return self.people.parts().sign_in

    def start(self, name: str, role: Role, person: str = "", rights: Rights | None = None) -> str:
        """An account made on the machine; its start password."""
        return self.people.parts().desk.add_ready(MACHINE, name, person or f"某{name}", role, rights or Rights("市档案馆"))[1]

    def settle(self, name: str, role: Role, rights: Rights | None = None) -> str:
        """An account that has its own password and second factor; the token of its full session."""
        return self.come_in(name, self.start(name, role, rights=rights))

    def come_in(self, name: str, start: str) -> str:
        """The first sign-in: change the password, set up TOTP where it is asked for."""
        opened = self.sign_in.open(name, start, ADDRESS, AGENT)
        assert opened.stage is Stage.CHANGE
        opened = self.sign_in.change(*self.who(opened.token), start, PASSWORD, ADDRESS)
        if opened.stage is Stage.ENROL:
            secret = self.secrets[name] = self.sign_in.offer(opened.token)
            opened = self.sign_in.take_totp(*self.who(opened.token), opened.token, code(secret, self.clock), ADDRESS)
        assert opened.stage is Stage.FULL
        return opened.token

    def who(self, token: str):  # type: ignore[no-untyped-def]
        """Account and session of a token that must be good."""
        found = self.sign_in.who(token)
        assert found is not None
        return found

    def actor(self, name: str) -> Actor:
        """That account as an actor."""
        return Actor(name, self.people.parts().desk.get(name).role.value, ADDRESS)


def code(secret: bytes, clock: SetClock) -> str:
    """The TOTP code of now."""
    text = str(pyotp.TOTP(totp_text(secret)).at(clock.now))
    assert totp_step(secret, text, clock.now) is not None
    return text


@contextlib.contextmanager
def team(path: Path, **policy: object) -> Iterator[Team]:
    """A home with a people's door that listens nowhere; closed at the end."""
    clock = SetClock()
    config = HubConfig(name="市级中心", listen="127.0.0.1:0", unlock="keyfile", min_free_gib=0.0, people=PeopleConfig(**policy))  # type: ignore[arg-type]
    found(path, clock, config)
    home = reopen(path, clock)
    made = Team(home, clock)
    try:
        yield made
    finally:
        made.people.close()
        home.close()
