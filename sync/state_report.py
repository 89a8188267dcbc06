"""What a node says in hello of how it is, in numbers (format.md §11.2): a map whose later keys a reader may lack or not know. Pure."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from crypto import cbor
from crypto.errors import BadFormat
from sync.entry import ClockState

PROGRAM_MAX: Final = 64
NUMBER_MAX: Final = (1 << 63) - 1
"""A figure above this is none: what it is stored in ends there."""
OUTAGES_MAX: Final = 8
OUTAGE_S: Final = 60 * 86_400
OUTAGE_REASON, OUTAGE_PERSON = 200, 64
NUMBERS: Final = range(2, 11)
_EXTRA: Final = {
    11: "pending_pages", 12: "pending_tenths", 15: "scanning", 16: "held", 17: "disk_bytes", 18: "oldest_waiting",
}  # fmt: skip


class LastTalk(Struct, frozen=True):
    """The last conversation before this one that brought something or failed: whole seconds UTC, tries, bytes that left, deltas receipted."""

    began: int
    ended: int
    tries: int
    bytes: int
    receipted: int
    failed: bool

    def to_list(self) -> list[int]:
        """Its array in the report."""
        return [self.began, self.ended, self.tries, self.bytes, self.receipted, int(self.failed)]


class PlannedOutage(Struct, frozen=True):
    """When the node's people mean to switch it off, seconds UTC, why, and who said so; ValueError when it is out of bounds (format.md §14)."""

    begins: int
    ends: int
    reason: str
    person: str

    def __post_init__(self) -> None:
        """Bounds, here and at the hub alike."""
        if not 0 <= self.begins < self.ends <= self.begins + OUTAGE_S:
            raise ValueError("report key 20: an outage that is turned round or too long")
        if not 0 < len(self.reason) <= OUTAGE_REASON or not 0 < len(self.person) <= OUTAGE_PERSON:
            raise ValueError("report key 20: a text that is missing or too long")
        if not (self.reason + self.person).isprintable():
            raise ValueError("report key 20: control characters")

    def to_list(self) -> list[Any]:
        """Its array in the report."""
        return [self.begins, self.ends, self.reason, self.person]


class StateReport(Struct, frozen=True):
    """How a node is, in numbers: records, pages, bytes, seconds UTC. None: not said, by an older program or because it is not known."""

    program: str = ""
    records: int = 0
    pages: int = 0
    bytes_stored: int = 0
    pending_deltas: int = 0
    pending_bytes: int = 0
    quarantined: int = 0
    clock_state: ClockState = ClockState.UNKNOWN
    wall: int = 0
    free_bytes: int = 0
    pending_pages: int | None = None
    """Pages of what has no R1, as far as bytes tell."""
    pending_tenths: int | None = None
    """Tenths of nights that it will take at the measured rate within the windows."""
    last_talk: LastTalk | None = None
    cut: tuple[int, int] | None = None
    """When the daemon last was alive before it was cut off, and when it came back."""
    paused: bool = False
    scanning: int | None = None
    held: int | None = None
    disk_bytes: int | None = None
    oldest_waiting: int | None = None
    """When the oldest delta without R1 was sealed."""
    outages: tuple[PlannedOutage, ...] = ()
    """Planned outages 停机报备 that are not over."""

    def to_map(self) -> dict[int, Any]:
        """The map of format.md §11.2; what is not known is left out."""
        values = (
            self.program, self.records, self.pages, self.bytes_stored, self.pending_deltas, self.pending_bytes, self.quarantined,
            int(self.clock_state), self.wall, self.free_bytes,
        )  # fmt: skip
        made: dict[int, Any] = dict(enumerate(values, 1))
        made |= {key: value for key, name in _EXTRA.items() if (value := getattr(self, name)) is not None}
        if self.last_talk is not None:
            made[13] = self.last_talk.to_list()
        if self.cut is not None:
            made[14] = list(self.cut)
        if self.paused:
            made[19] = True
        if self.outages:
            made[20] = [one.to_list() for one in self.outages]
        return made

    @classmethod
    def from_map(cls, value: object) -> StateReport:
        """Decode; BadFormat or ValueError when a field is off."""
        f = cbor.take_map(
            value,
            required={1: str, **dict.fromkeys(NUMBERS, int)},
            optional={**dict.fromkeys(_EXTRA, int), 13: list, 14: list, 19: bool, 20: list},
            name="report",
        )
        talk = cbor.take_list(f[13], [int] * 6, name="report key 13") if 13 in f else None
        cut = cbor.take_list(f[14], [int] * 2, name="report key 14") if 14 in f else None
        outages = cbor.take_array(f[20], list, at_least=1, at_most=OUTAGES_MAX) if 20 in f else []
        planned = [cbor.take_list(one, [int, int, str, str], name="report key 20") for one in outages]
        numbers = [f[key] for key in (*NUMBERS, *_EXTRA) if key in f] + (talk or []) + (cut or []) + [one[1] for one in planned]
        if max(numbers) > NUMBER_MAX:
            raise BadFormat("report: a number of 2^63 or more")
        return cls(
            f[1][:PROGRAM_MAX], f[2], f[3], f[4], f[5], f[6], f[7], ClockState(f[8]), f[9], f[10],
            last_talk=LastTalk(talk[0], talk[1], talk[2], talk[3], talk[4], bool(talk[5])) if talk else None,
            cut=(cut[0], cut[1]) if cut else None, paused=f.get(19, False), outages=tuple(PlannedOutage(*one) for one in planned),
            **{name: f.get(key) for key, name in _EXTRA.items()},
        )  # fmt: skip
