"""著录 at a node: places that wait for their row, their pages drawn from the scan folder, and typed rows stored as of now."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import apsw
from msgspec import Struct

from holdings import catalogue, cataloguing, delivery, double_keying, quarantine
from holdings.double_keying import Keying
from holdings.errors import DeliveryRefused, NotFound
from holdings.file_name import NameKind, name_kind
from holdings.picture_wish import Wish
from holdings.readiness import order_pages
from holdings.record import Basis
from node import folders, page_acts, settings
from node.engine import Engine
from node.errors import ConfigurationWrong
from node.gathered_pages import GatheredPage
from node.places import GATHERED
from node.record_pages import FILE_MAX, drawn
from node.settings import Setting
from node.verbs_pages import SECRET
from node.walk import look

WAITING_MAX: Final = 500
LOOKED_MAX: Final = 20_000
"""Places that are looked through for those without a row."""
PLACE_MAX: Final = 4_096


class WaitingPlace(Struct, frozen=True):
    """A folder of images without a row 有图无目: its key, its delivery, the code that its name says."""

    place: str
    delivery: str
    code: str


class Cataloguing:
    """What a person who types rows needs."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._home = engine, engine.home
        self._now = int(engine.clock.now())

    def waiting(self, by: str = "") -> list[WaitingPlace]:
        """Places that wait for their row, in the order of their names; of deliveries typed twice only those that this person may type."""
        reading = self._home.database.read()
        found, typed = [], double_keying.keyed_by(reading, by) if by else frozenset()
        for place, subject, batch in folders.held(reading, LOOKED_MAX):
            if subject not in typed and catalogue.glance(reading, subject) is None and not self._secret(subject):
                found.append(WaitingPlace(place, batch, place.rpartition(GATHERED)[2].rpartition("/")[2]))
        return sorted(found, key=lambda one: one.place)[:WAITING_MAX]

    def _secret(self, subject: str) -> bool:
        return any(one.finding.code in SECRET for one in quarantine.for_subject(self._home.database.read(), subject))

    def pages(self, place: str) -> list[str]:
        """Names of the page files of a waiting place, in their order."""
        return [page.name for page in self._pages(place)]

    def _pages(self, place: str) -> list[GatheredPage]:
        """The page files of a place that waits; NotFound for anything else, so that no other folder is ever opened."""
        reading = self._home.database.read()
        known = folders.find(reading, place[:PLACE_MAX])
        if known is None or known.state is folders.FolderState.GONE or self._secret(known.subject):
            raise NotFound("这个文件夹已不在待目录之列；请返回重选")
        if GATHERED in place:
            batch = place.rpartition(GATHERED)[0]
            return self._engine.gathered.of(
                place, batch, [one.place for one in self.waiting() if one.delivery == batch]
            )
        root = self._root(place)
        folder = look(str(root)) if root is not None else None
        if folder is None:
            return []
        names = {file.name for file in folder.files if name_kind(file.name) is NameKind.CONTENT}
        return [GatheredPage(name, f"{place}/{name}") for name in order_pages(names).names]

    def _root(self, place: str) -> Path | None:
        top, _, rest = place.partition("/")
        return next(
            (Path(watch, *rest.split("/")) for watch in self._home.config.watch if Path(watch).name == top and rest),
            None,
        )

    def picture(self, place: str, number: int, wish: Wish) -> str:
        """A page of a waiting place as a PNG in base64; nothing of it is kept.

        Raises:
            ConfigurationWrong: it cannot be drawn, with the reason. NotFound: no such place or page.
        """
        pages = self._pages(place)
        if not 1 <= number <= len(pages):
            raise NotFound(f"此文件夹只有 {len(pages)} 页")
        page = pages[number - 1]
        path = page_acts.on_disk(self._home, page.path)
        try:
            if path is None or path.stat().st_size > FILE_MAX:
                # Whatever was gathered is not as it was: the next question reads the folders anew.
                self._engine.gathered.forget()
                raise ConfigurationWrong(f"“{page.name}”读不出，或大于 {FILE_MAX >> 20} MiB；请直接打开文件查看")
            data = path.read_bytes()
        except OSError as fault:
            raise ConfigurationWrong(f"“{page.name}”读不出：{fault.strerror or fault}") from fault
        return base64.b64encode(drawn(self._engine, page.name, data, wish)).decode()

    def save(self, batch: str, values: Mapping[str, str], by: str) -> tuple[Keying, str]:
        """Store a typed row, or keep it until somebody else has typed it too; what came of it, and its code. Images that wait for it are looked at anew.

        Raises:
            MendRefused: the row cannot be. DeliveryRefused: the delivery was withdrawn.
        """
        home, now = self._home, self._now
        with home.database.transaction() as connection:
            arrived = delivery.upsert(connection, batch, None, now)
            if arrived.name in delivery.withdrawn(connection):
                raise DeliveryRefused(f"批次“{batch}”已撤回；请选另一批次")
            if home.config.cleared_by and arrived.clearance is None:
                delivery.clear(connection, batch, [home.config.cleared_by], now, Basis.STANDING)
            changed = self._changed(connection, batch)
            site_class = home.identity.log.site_class
            if batch in double_keying.deliveries(connection):
                keying, code = double_keying.key(connection, batch, values, by, site_class, now, changed, home.site)
            else:
                keying, code = (
                    Keying.STORED,
                    cataloguing.add(connection, batch, values, by, site_class, now, changed, home.site),
                )
            if keying is Keying.STORED:
                settings.add(connection, Setting.EPOCH, 1)
        # A crash here loses nothing: the next walk finds the row.
        return keying, code

    def decide(self, code: str, seconds: Sequence[str], by: str) -> str:
        """Store a row that two persons typed differently, as a person says; its code."""
        home, now = self._home, self._now
        with home.database.transaction() as connection:
            batch = double_keying.delivery_of(connection, code)
            if batch in delivery.withdrawn(connection):
                raise DeliveryRefused(f"批次“{batch}”已撤回；请先重新收件")
            code = double_keying.decide(
                connection,
                code,
                seconds,
                by,
                home.identity.log.site_class,
                now,
                self._changed(connection, batch),
                home.site,
            )
            settings.add(connection, Setting.EPOCH, 1)
        return code

    def _changed(self, connection: apsw.Connection, batch: str) -> int:
        """As with sheets: a row counts as changed after every look and every clearance that was there before it."""
        return max(self._now, int(folders.latest_look(connection)), delivery.covered_until(connection, batch) + 1)
