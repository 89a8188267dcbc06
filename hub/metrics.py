"""What Prometheus is told of hub and nodes; every name and unit stands in docs/operating.md, and a test compares them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec import Struct
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest

from hub.alarm import Severity
from hub.alarm_store import Alarm
from hub.history import HubDay
from hub.monitor import Board, Condition, Row
from hub.progress import Progress

_VERSION: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*\S*")
_NODES: Final[dict[str, tuple[str, Callable[[Row], float | None]]]] = {
    "jindang_node_silent_nights": (
        "working nights since the node spoke, planned outages taken out",
        lambda row: row.nights,
    ),
    "jindang_node_last_contact_seconds": (
        "when the node last spoke, seconds UTC, 0 never",
        lambda row: row.last_contact or 0,
    ),
    "jindang_node_records": ("records that the vault opened", lambda row: row.records),
    "jindang_node_pages": ("pages that the vault opened", lambda row: row.pages),
    "jindang_node_stored_bytes": ("bytes stored and receipted", lambda row: row.bytes_stored),
    "jindang_node_waiting_bytes": ("bytes that wait at the node or are on their way", lambda row: row.waiting_bytes),
    "jindang_node_waiting_pages": (
        "pages that wait at the node; missing when it does not say",
        lambda row: row.waiting_pages,
    ),
    "jindang_node_waiting_nights": (
        "nights that what waits will take; missing when it is not known",
        lambda row: row.nights_needed,
    ),
    "jindang_node_pending_deltas": ("deltas announced and not complete", lambda row: row.pending_deltas),
    "jindang_node_quarantined": ("items that wait for a person at the node", lambda row: row.quarantined),
    "jindang_node_free_bytes": (
        "free bytes at the node, -1 unknown",
        lambda row: -1 if row.free_bytes is None else row.free_bytes,
    ),
    "jindang_node_clock_offset_seconds": (
        "the node's clock less the hub's when it last spoke",
        lambda row: row.clock_off_s or 0,
    ),
}


class Figures(Struct, frozen=True):
    """What is told."""

    board: Board
    alarms: list[Alarm]
    archives: list[Progress]
    hub: HubDay
    opening: bool


def exposition(figures: Figures) -> bytes:
    """The figures as text for Prometheus."""

    class Collected:
        """What is collected now."""

        def collect(self) -> Iterator[Metric]:
            """See prometheus_client.registry.Collector."""
            return _metrics(figures)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collected())
    return generate_latest(registry)


def _metrics(figures: Figures) -> Iterator[Metric]:
    shown = figures.board
    yield _family(
        "jindang_nodes", "nodes by condition", "condition", ((one.value, shown.count(one)) for one in Condition)
    )
    for name, (said, value) in _NODES.items():
        yield _family(name, said, "node", ((row.name, value(row)) for row in shown.rows))
    versions = Counter(found[0] if (found := _VERSION.search(row.program)) else "unknown" for row in shown.rows)
    yield _family("jindang_node_versions", "nodes by version of their program", "version", versions.items())
    standing = Counter(alarm.severity for alarm in figures.alarms)
    yield _family(
        "jindang_alarms",
        "alarms that stand, by severity",
        "severity",
        ((one.name.lower(), standing[one]) for one in Severity),
    )
    yield _family(
        "jindang_archive_pages",
        "pages of each archive that the vault opened",
        "archive",
        ((one.code or "none", one.pages) for one in figures.archives),
    )
    goals = ((one.code or "none", one.target.pages if one.target else None) for one in figures.archives)
    yield _family("jindang_archive_target_pages", "pages that each archive sets out to scan", "archive", goals)
    yield GaugeMetricFamily("jindang_hub_free_bytes", "free bytes of the hub's store", value=figures.hub.free_bytes)
    yield GaugeMetricFamily(
        "jindang_hub_opening", "1 while the vault works, 0 when it stopped", value=float(figures.opening)
    )
    yield GaugeMetricFamily(
        "jindang_hub_fixity_failed_records", "records that failed the periodic check", value=figures.hub.kept_bad
    )


def _family(name: str, said: str, label: str, values: Iterable[tuple[str, float | None]]) -> Metric:
    family = GaugeMetricFamily(name, said, labels=[label])
    for which, value in values:
        if value is not None:
            family.add_metric([which], value)
    return family
