"""The people of a hub: people.db (accounts, sessions, journal), opened when somebody first needs it, so that a hub without a people's door pays nothing."""

from __future__ import annotations

import threading
from functools import cached_property
from pathlib import Path
from typing import Final

from msgspec import Struct

from crypto.derivation import hkdf_sha256
from holdings import journal as journals
from holdings.password import Passwords
from hub import account_store, history
from hub.account_desk import AccountDesk
from hub.account_sign_in import SignIn
from hub.config import PeopleConfig
from hub.home import PEOPLE, Home
from hub.journal import Journal
from sync.database import Database, open_database

ROOMS: Final = (journals.ROOM, account_store.ROOM, history.ROOM)


class Opened(Struct):
    """The parts that work on people.db."""

    database: Database
    journal: Journal
    sign_in: SignIn
    desk: AccountDesk


class People:
    """Opens on first use; usable from several threads."""

    def __init__(self, home: Home, passwords: Passwords | None = None) -> None:
        self._home, self._passwords, self._lock = home, passwords or Passwords(), threading.Lock()
        self._opened: Opened | None = None

    @property
    def path(self) -> Path:
        """Where the database lies."""
        found: Path = self._home.path / PEOPLE
        return found

    @cached_property
    def key(self) -> bytes:
        """32 bytes of this hub alone: forms and TOTP offers are bound to it."""
        return hkdf_sha256(self._home.secrets.database_key, b"", b"jindang/1/people")

    def parts(self) -> Opened:
        """Open (the database is made when it is missing); StoreDamaged when it is not what was written."""
        with self._lock:
            if self._opened is None:
                home = self._home
                fresh = not self.path.exists()
                database = open_database(self.path, home.secrets.database_key, ROOMS)
                if fresh:
                    self.path.chmod(0o600)
                journal, passwords = Journal(database, home.front, home.own_log), self._passwords
                sign_in = SignIn(database, journal, passwords, home.clock, home.random, home.config.people, self.key)
                self._opened = Opened(
                    database, journal, sign_in, AccountDesk(database, journal, passwords, home.clock, home.random)
                )
            return self._opened

    def use(self, policy: PeopleConfig) -> None:
        """Other rules of signing in; who has not been opened yet takes them from the home."""
        with self._lock:
            if self._opened is not None:
                self._opened.sign_in.use(policy)

    def close(self) -> None:
        """Close what was opened."""
        with self._lock:
            if self._opened is not None:
                self._opened.database.close()
                self._opened = None
