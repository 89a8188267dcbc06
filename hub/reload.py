"""Reading hub.toml again while the hub runs (SIGHUP, `hub reload`): what can change at once does, what cannot is named."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

import msgspec

from hub import config
from hub.config import HubConfig, PeopleConfig
from hub.home import Home

LOG = logging.getLogger("jindang.hub")
AT_ONCE: Final = ("min_free_gib", "inflight_mib", "connections", "pack_target_mib", "retry_after_s")
"""Bounds of receiving: they hold from the next request on."""
PEOPLE_AT_ONCE: Final = (
    "second_factor",
    "idle_minutes",
    "session_hours",
    "password_days",
    "lock_after",
    "lock_minutes",
)
"""Rules of signing in: they hold from the next page on, for sessions that are open too."""


class Reload:
    """Told by a signal or a command. `takers` are called with what holds from now on. Usable from several threads, one at a time."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self.takers: list[Callable[[HubConfig], None]] = []

    def reload(self) -> dict[str, Any]:
        """Names of fields that changed: `applied` at once, and those that wait for a restart (`needs_restart`).

        Raises:
            ConfigurationWrong: the file is wrong; everything stays as it was.
        """
        before, said = self._home.config, config.load(self._home.path)
        applied = [name for name in AT_ONCE if getattr(before, name) != getattr(said, name)]
        of_people = [name for name in PEOPLE_AT_ONCE if getattr(before.people, name) != getattr(said.people, name)]
        people = msgspec.structs.replace(before.people, **{name: getattr(said.people, name) for name in of_people})
        now = msgspec.structs.replace(before, **{name: getattr(said, name) for name in applied}, people=people)
        self._home.config = now
        for take in self.takers:
            take(now)
        waits = [
            *_changed(now, said, HubConfig, "", skip="people"), *_changed(now.people, said.people, PeopleConfig, "people."),
        ]  # fmt: skip
        done = [*applied, *(f"people.{name}" for name in of_people)]
        LOG.info("hub.toml 已重读：生效 %s；须重启才生效 %s", "、".join(done) or "无", "、".join(waits) or "无")
        return {"applied": done, "needs_restart": waits}


def _changed(
    now: msgspec.Struct, said: msgspec.Struct, kind: type[msgspec.Struct], before: str, skip: str = ""
) -> list[str]:
    names = [field.name for field in msgspec.structs.fields(kind) if field.name != skip]
    return [f"{before}{name}" for name in names if getattr(now, name) != getattr(said, name)]
