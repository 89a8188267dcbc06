"""The wiring of a node: opens a home, sweeps what a crash left, builds the engine; no logic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from crypto.identity import identity_text
from crypto.keys import load
from node import config, verification
from node.clock import SystemClock
from node.engine import Engine
from node.home import KEY, lock_of, open_home
from node.service import Service
from sync import durable


@contextmanager
def open_engine(path: Path, ask: Callable[[], str]) -> Iterator[Engine]:
    """An engine over the home, under its lock, after the orphans of a crash were removed."""
    home = open_home(path, ask)
    try:
        verification.sweep_orphans(home)
        engine = Engine(home, SystemClock())
        try:
            yield engine
        finally:
            engine.close()
    finally:
        home.close()


@contextmanager
def open_service(path: Path, ask: Callable[[], str]) -> Iterator[Service]:
    """The service over a home that no daemon holds."""
    with open_engine(path, ask) as engine:
        yield Service(engine)


def write_identity(path: Path, file: Path, ask: Callable[[], str]) -> None:
    """Write the age identity, 0600, for emergencies without this program."""
    secrets = load(path / KEY, lock_of(config.load(path).unlock, path, ask))
    durable.write_file(file.absolute(), (identity_text(secrets.identity) + "\n").encode())
