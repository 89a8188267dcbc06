"""Reading hub.toml and site/alarms.toml again while the hub runs (SIGHUP, `hub reload`): what can change at once does, what cannot is named."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import fields, replace

from holdings.errors import SiteDataWrong
from holdings.site_data import SiteData, read_site
from hub import config
from hub.config import HubConfig, PeopleConfig
from hub.errors import ConfigurationWrong
from hub.home import Home

LOG = logging.getLogger("jindang.hub")
FOLDER, ALARMS = "site", "alarms"
"""Of a site's own files those of alarms; the others are read at the start."""
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
        site, of_site = self._site()
        applied = [name for name in AT_ONCE if getattr(before, name) != getattr(said, name)]
        of_people = [name for name in PEOPLE_AT_ONCE if getattr(before.people, name) != getattr(said.people, name)]
        people = replace(before.people, **{name: getattr(said.people, name) for name in of_people})
        now = replace(before, **{name: getattr(said, name) for name in applied}, people=people)
        self._home.config, self._home.site = now, site
        for take in self.takers:
            take(now)
        waits = [
            *_changed(now, said, HubConfig, "", skip="people"), *_changed(now.people, said.people, PeopleConfig, "people."),
        ]  # fmt: skip
        waits += [f"{FOLDER}/{name}" for name in _differ(site, read_site(self._home.path / FOLDER))]
        done = [*applied, *(f"people.{name}" for name in of_people), *(f"{FOLDER}/{name}" for name in of_site)]
        LOG.info("配置已重读：生效 %s；须重启才生效 %s", "、".join(done) or "无", "、".join(waits) or "无")
        return {"applied": done, "needs_restart": waits}

    def _site(self) -> tuple[SiteData, list[str]]:
        """The site's files with those of alarms as they are now on disk, and which of these changed: bounds, channels and the daily page hold from the next
        look of the monitor on. ConfigurationWrong when one of them is wrong."""
        from holdings import alarm_rule  # here: a hub starts without it

        held = self._home.site
        try:
            fresh = read_site(self._home.path / FOLDER)
            kept, now = set(held.files) - set(held.named(ALARMS)), fresh.named(ALARMS)
            made = SiteData(tuple(sorted({*kept, *now})))
            alarm_rule.rule(made)
        except SiteDataWrong as fault:
            raise ConfigurationWrong(str(fault)) from fault
        return made, sorted({name for name, _ in set(held.named(ALARMS)) ^ set(now)})


def _differ(one: SiteData, other: SiteData) -> list[str]:
    """Names of the files that the two do not have alike."""
    return sorted({name for name, _ in set(one.files) ^ set(other.files)})


def _changed(
    now: Struct, said: Struct, kind: type[Struct], before: str, skip: str = ""
) -> list[str]:
    names = [field.name for field in fields(kind) if field.name != skip]
    return [f"{before}{name}" for name in names if getattr(now, name) != getattr(said, name)]
