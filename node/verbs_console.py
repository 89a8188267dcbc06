"""Verbs that the console asks for its own screens: the day's figures, the log of nights, what persons prefer."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from msgspec.structs import asdict

from holdings import catalogue, catalogue_tree, check_store, delivery, quarantine, records, tally
from holdings.check import Stage
from holdings.errors import NotFound
from holdings.local_time import local_day
from holdings.reference_code import match_key
from holdings.working_days import WorkingDays, working_days
from node import days, folders, nights, releasing, report, schedule, settings, stations, vitality
from node.backlog import backlog
from node.errors import ConfigurationWrong
from node.settings import Setting
from node.verbs import Answer, Verbs
from sync import log
from sync.receipt import Grade

TARGET_PAGES: Final = 1_000_000
"""What a site sets out to scan until it says otherwise."""
PREFERENCES_MAX: Final = 64
"""Persons whose language and theme are kept; the one who was kept first is forgotten first."""
LANGUAGES: Final = ("zh-CN", "en")
NAME_MAX: Final = 64
CALENDAR_MAX: Final = 366
LAST: Final = 1_000
"""Behind every element of the standard."""


class ConsoleVerbs(Verbs):
    """The console's own verbs; everything else it asks by the verbs that commands use."""

    def console_today(self) -> Answer:
        """今日: the day at a glance. Times are whole seconds UTC, sizes bytes, rates bit/s."""
        home, now = self._home, self._clock.now()
        reading, disk = home.database.read(), shutil.disk_usage(self._home.path)
        noted = days.newest(reading)
        last = days.before(noted, local_day(now))
        records, pages = (tally.read(reading, count) for count in (tally.Count.RECORDS, tally.Count.PAGES))
        cut = vitality.last_cut(reading)
        return {
            **report.status(home, self._clock), "now": int(now), "unlock": home.config.unlock.partition(":")[0],
            "today": {"records": records - (last.records if last else 0), "pages": pages - (last.pages if last else 0)},
            "findings": quarantine.waiting_by_severity(reading), "places": self._places(now), "receipted": self._receipted(),
            "line": self._line(now), "target_pages": settings.number(reading, Setting.TARGET_PAGES) or TARGET_PAGES,
            "disk": {"free": disk.free, "total": disk.total, "days_left": days.days_left(noted, disk.free)},
            "checked": check_store.cursor(reading, Stage.ARCHIVING), "city": releasing.counts(home, reading),
            "cut": asdict(cut) if cut else None, "note": self._engine.progress.note,
        }  # fmt: skip

    def _places(self, now: float) -> list[Answer]:
        """What each delivery's folders stand at, newest look first, and what its stations brought today."""
        reading, found = self._home.database.read(), dict[str, Answer]()
        known = delivery.list_all(reading)
        uncleared = {one.name for one in known if one.clearance is None}
        midnight = (
            datetime.fromtimestamp(now, UTC).astimezone().replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
        )
        for name, state, count, looked, recent in folders.by_delivery(reading, midnight):
            place = found.setdefault(
                name, {"name": name, "last": 0, "today": 0, "uncleared": name in uncleared, "states": {}}
            )
            place["states"][state] = count
            place["last"] = max(place["last"], int(looked))
            place["today"] += recent
        registered = {one.name: one.stations for one in known}
        came = stations.today(reading, midnight, registered) if any(place["today"] for place in found.values()) else {}
        for name, place in found.items():
            place["stations"] = [asdict(one) for one in came.get(name, [])]
        return sorted(found.values(), key=lambda place: (-place["last"], place["name"]))

    def _receipted(self) -> Answer:
        """How many entries of the log have a receipt of each grade."""
        reading, own, entries = self._home.database.read(), self._home.identity.log.log_id, self._home.head().seq
        return {
            "deltas": entries,
            **{grade.name: max(0, entries - len(log.unreceipted(reading, own, grade))) for grade in Grade},
        }

    def _line(self, now: float) -> Answer:
        """Windows, measured rate, and how many nights what waits will take at it; `nights` None when the rate is not known."""
        home, config = self._home, self._home.config
        windows, local = schedule.of(config.windows, home.site), datetime.fromtimestamp(now, UTC).astimezone()
        waits, span = backlog(self._home), schedule.following(windows, local)
        return {
            "windows": list(config.windows), "open": schedule.current(windows, local) is not None, "cap_mbit": config.cap_mbit,
            "begins": int(span[0].timestamp()) if span else None, "ends": int(span[1].timestamp()) if span else None,
            "rate": waits.rate, "deltas": waits.deltas, "bytes": waits.bytes, "pages": waits.pages,
            "nights": None if waits.nights is None else round(waits.nights, 2), "hub": config.hub,
            "sending": self._engine.is_sending, "sent": self._engine.progress.sent_bytes, "day": self._of_day(local.date(), working_days(home.site)),
        }  # fmt: skip

    def console_deliveries(self) -> Answer:
        """批次: every delivery with what its folders stand at, in the order of the list of deliveries."""
        # Here: it brings what reports are made of, and the day's figures need none of it.
        from holdings import double_keying
        from node.verbs_delivery import told

        now = self._clock.now()
        places = {place["name"]: place for place in self._places(now)}
        reading = self._home.database.read()
        known = [told(one) for one in delivery.list_all(reading)]
        waits = {one["name"]: quarantine.waiting_below(reading, one["name"]) for one in known}
        none: Answer = {"states": {}, "last": 0, "today": 0}
        double = double_keying.deliveries(reading)
        return {
            "now": int(now),
            "deliveries": [
                {**one, "double": one["name"] in double, "findings": _own(waits, one["name"]), **{name: places.get(one["name"], none)[name] for name in none}}
                for one in known
            ],
        }  # fmt: skip

    def console_tree(self, prefix: str = "", after: str = "", limit: int = 200) -> Answer:
        """馆藏: what lies directly below a prefix of the codes (`J001-`), at most 1,000; `after` of the answer goes on where it ended."""
        reading = self._home.database.read()
        found, following = catalogue_tree.level(reading, prefix, after, min(limit, 1_000))
        from holdings.columns import columns  # the figures of the day need none of it

        # Read from the end, so that of several names of one part (30年, 定期30年) the first stays.
        parts = columns(self._home.site.only("columns")).part_codes
        words = {code: name for names in parts.values() for name, code in reversed(list(names.items()))}
        found = [catalogue_tree.named(reading, one, prefix, words) for one in found]
        return {"items": [asdict(one) for one in found], "after": following, "counted_max": catalogue_tree.COUNTED_MAX}

    def console_record(self, ref: str) -> Answer:
        """The elements of a record in the order of its standard, and of a catalogue row that has no images yet; the rest tells `show`."""
        reading = self._home.database.read()
        with suppress(NotFound):
            record = records.resolve(reading, ref)
            return {
                "sealed": True,
                "ref": record.reference_code,
                "elements": self._in_order(records.body(reading, record).elements),
            }
        row = catalogue.row_for(reading, match_key(ref))
        if row is None:
            raise NotFound(f"没有“{ref}”这条档案，目录里也没有；请核对档号")
        return {"sealed": False, "ref": row.reference_code, "elements": self._in_order(row.elements)}

    def _in_order(self, elements: Mapping[str, str]) -> list[list[str]]:
        """[name, value] in the order of DA/T 46; elements that it does not have stand behind, as they came."""
        from holdings.metadata_scheme import element  # the figures of the day need none of it

        def place(name: str) -> int:
            known = element(name, site=self._home.site)
            return int(known.id[1:]) if known is not None and known.id[1:].isdecimal() else LAST

        return [[name, elements[name]] for name in sorted(elements, key=place)]

    def console_line(self, limit: int = 100) -> Answer:
        """传输: the line as it is now, what waits delta by delta (at most `limit`), the log of nights."""
        reading, now = self._home.database.read(), self._clock.now()
        waiting = log.unreceipted(reading, self._home.identity.log.log_id, Grade.R1)
        return {
            "now": int(now), **self._line(now), "paused": bool(settings.read(reading, Setting.PAUSED)),
            "stopped": settings.read(reading, Setting.STOPPED), "last_contact": settings.read(reading, Setting.LAST_CONTACT),
            "hub_behind_since": settings.read(reading, Setting.HUB_BEHIND), "receipted": self._receipted(), "waiting": waiting[:limit],
            **self._flying(), "nights_log": [asdict(one) for one in nights.newest(reading, limit)], "note": self._engine.progress.note,
        }  # fmt: skip

    def _flying(self) -> Answer:
        """Each pack on its way with how far it is, and the rate of the last ten seconds (bit/s)."""
        flights = self._engine.flights
        if flights is None:
            return {"packs": [], "rate_now": 0}
        packs = [{"name": one.name.hex()[:12], "length": one.length, "offset": one.offset} for one in flights.now()]
        return {"packs": packs, "rate_now": flights.rate()}

    def console_calendar(self, days: int = 31) -> Answer:
        """The coming days (at most 366): whether each is worked by the holiday calendar, whether its year's notice is known, and which windows begin then."""
        calendar, today = (
            working_days(self._home.site),
            datetime.fromtimestamp(self._clock.now(), UTC).astimezone().date(),
        )
        coming = (today + timedelta(days=number) for number in range(max(1, min(days, CALENDAR_MAX))))
        return {"days": [self._of_day(day, calendar) for day in coming]}

    def _of_day(self, day: date, calendar: WorkingDays) -> Answer:
        """Is that day worked, is it so by the weekday, and which windows begin then?"""
        windows = ((text, schedule.parse(text, calendar)) for text in self._home.config.windows)
        begins = [text.strip().partition(" ")[2].strip() for text, window in windows if window.begins(day)]
        kind = "work" if calendar.works(day) else "free"
        moved = (kind == "work") is not (day.weekday() < 5)
        return {
            "date": day.isoformat(),
            "weekday": day.weekday(),
            "kind": kind,
            "moved": moved,
            "known": day.year in calendar.years,
            "windows": begins,
        }

    def console_target(self, pages: int) -> Answer:
        """How many pages this archive sets out to scan; 0 is the default again."""
        if not 0 <= pages <= 1_000_000_000:
            raise ConfigurationWrong("目标页数应为 1 至 10 亿；0 为恢复缺省")
        with self._home.database.transaction() as connection:
            settings.write(connection, Setting.TARGET_PAGES, pages or None)
        return {"target_pages": pages or TARGET_PAGES}

    def console_preferences(self, by: str) -> Answer:
        """Language and theme of a person; empty where he has chosen none."""
        return {"language": "", "theme": "", **self._preferred().get(by, {})}

    def console_prefer(self, by: str, language: str = "", theme: str = "") -> Answer:
        """Keep language and theme of a person."""
        if language not in ("", *LANGUAGES) or len(theme) > NAME_MAX or not 1 <= len(by) <= NAME_MAX:
            raise ConfigurationWrong(f"语言为 {'、'.join(LANGUAGES)} 之一；主题名和姓名不超过 {NAME_MAX} 字")
        kept = self._preferred()
        kept.pop(by, None)
        kept[by] = {"language": language, "theme": theme}
        kept = dict(list(kept.items())[-PREFERENCES_MAX:])
        with self._home.database.transaction() as connection:
            settings.write(connection, Setting.CONSOLE, json.dumps(kept, ensure_ascii=False))
        return self.console_preferences(by)

    def _preferred(self) -> dict[str, Any]:
        text = settings.read(self._home.database.read(), Setting.CONSOLE)
        return dict(json.loads(text)) if isinstance(text, str) else {}


def _own(waits: dict[str, int], name: str) -> int:
    """What waits about a delivery and not about one that lies within it."""
    within = [one for one in waits if one.startswith(f"{name}/")]
    nearest = [one for one in within if not any(one.startswith(f"{other}/") for other in within)]
    return waits[name] - sum(waits[one] for one in nearest)
