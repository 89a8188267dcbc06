"""Intake profiles and which delivery is read by which: tables `intake_profile`, `profile_use`.

Functions run inside the caller's transaction. The lookup is per delivery, never per file.
"""

from __future__ import annotations

import apsw
from msgspec import Struct, field

from holdings.errors import NotFound
from holdings.profile import PLAIN, IntakeProfile, render, stored


class Profiles(Struct, frozen=True):
    """Every assignment at one moment: {delivery: profile}."""

    by_delivery: dict[str, IntakeProfile] = field(default_factory=dict)

    def of(self, delivery: str) -> IntakeProfile:
        """The profile of a delivery: its own, else that of the nearest one above it (`扫描` for `扫描/第03批`), else the plain one."""
        while delivery and self.by_delivery:
            if (found := self.by_delivery.get(delivery)) is not None:
                return found
            delivery = delivery.rpartition("/")[0]
        return PLAIN

    def tops(self) -> frozenset[str]:
        """Deliveries that have a profile of their own."""
        return frozenset(self.by_delivery)


def put(connection: apsw.Connection, profile: IntakeProfile, now: int) -> bool:
    """Store a profile under its name, in the place of an older one; False when it said the same already."""
    text = render(profile)
    row = connection.execute("SELECT text FROM intake_profile WHERE name = ?", (profile.name,)).fetchone()
    if row is not None and row[0] == text:
        return False
    connection.execute(
        "INSERT INTO intake_profile VALUES (?1, ?2, ?3) ON CONFLICT(name) DO UPDATE SET text = ?2, added = ?3",
        (profile.name, text, now),
    )
    return True


def fetch(connection: apsw.Connection, name: str) -> IntakeProfile:
    """A profile by name; NotFound names those there are."""
    row = connection.execute("SELECT text FROM intake_profile WHERE name = ?", (name,)).fetchone()
    if row is None:
        known = "、".join(p.name for p in list_all(connection)[:20]) or "（尚无，用 node profile add 加入）"
        raise NotFound(f"没有接收方案“{name}”；已有：{known}")
    return stored(row[0])


def list_all(connection: apsw.Connection) -> list[IntakeProfile]:
    """Every profile, by name."""
    return [stored(row[0]) for row in connection.execute("SELECT text FROM intake_profile ORDER BY name")]


def assign(connection: apsw.Connection, delivery: str, name: str, now: int) -> None:
    """Read a delivery by a profile from now on; an empty name takes its profile away. NotFound for an unknown profile."""
    if not name:
        connection.execute("DELETE FROM profile_use WHERE delivery = ?", (delivery,))
        return
    fetch(connection, name)
    connection.execute(
        "INSERT INTO profile_use VALUES (?1, ?2, ?3) ON CONFLICT(delivery) DO UPDATE SET profile = ?2, since = ?3",
        (delivery, name, now),
    )


def assigned(connection: apsw.Connection) -> Profiles:
    """Every delivery with its profile; there are few."""
    rows = connection.execute(
        "SELECT u.delivery, p.text FROM profile_use u JOIN intake_profile p ON p.name = u.profile"
    )
    return Profiles({delivery: stored(text) for delivery, text in rows})
