"""Pages of the monitor 运行监控 for central IT, and what a monitoring system asks: /healthz, /readyz, /metrics."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from holdings.language import mark
from holdings.working_days import working_days
from hub.account import Role
from hub.monitor import Board, Condition, Row, board, receipted
from hub.web_frame import Visit
from hub.web_route import NO_STAGE, Reply, Route, Turned
from sync.receipt import Grade

if TYPE_CHECKING:
    from prometheus_client.core import Metric

ROLES: Final = frozenset({Role.SYSTEM, Role.SECURITY, Role.ARCHIVIST})
LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
GRADES: Final = {Grade.R1: mark("已收存"), Grade.R4: mark("已验读")}
_LOG_ID: Final = re.compile(r"[0-9a-f]{64}")


def _board(visit: Visit) -> Board:
    home = visit.frame.home
    return board(home.front, home.holdings, working_days(home.site), home.clock.wall())


def monitor(visit: Visit) -> Reply:
    """All nodes at a glance."""
    return visit.page("monitor.html", board=_board(visit), conditions=list(Condition))


def events(visit: Visit) -> Reply:
    """The same as a piece of a page, for the stream."""
    return visit.page("monitor_board.html", board=_board(visit), conditions=list(Condition))


def node(visit: Visit) -> Reply:
    """One node in depth."""
    row = _asked(visit)
    grades = receipted(visit.frame.home.front, bytes.fromhex(row.log_id), row.deltas)
    reply = visit.page("node.html", row=row, grades=[(GRADES[grade], count) for grade, count in grades.items()])
    reply.subject = f"node:{row.log_id[:16]}"
    return reply


def _asked(visit: Visit) -> Row:
    log_id = visit.ask.parts["log_id"]
    found = (
        next((row for row in _board(visit).rows if row.log_id == log_id), None) if _LOG_ID.fullmatch(log_id) else None
    )
    if found is None:
        raise Turned(404, mark("没有这个节点。"))
    return found


# ---------------------------------------------------------------- for programs


def healthz(_: Visit) -> Reply:
    """The process answers."""
    return Reply(b"ok\n", content_type="text/plain")


def readyz(visit: Visit) -> Reply:
    """The databases answer: 200, or 503 by the frame."""
    home = visit.frame.home
    for database in (home.front, home.holdings, visit.parts.database):
        database.read().execute("SELECT 1").fetchone()
    return Reply(b"ready\n", content_type="text/plain")


def metrics(visit: Visit) -> Reply:
    """Figures for Prometheus, to programs on this machine alone: they name the nodes."""
    if visit.ask.address not in LOOPBACK:
        raise Turned(403, mark("指标只给本机的监控程序。"))
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import generate_latest

    class Collected:
        """What is collected now."""

        def collect(self) -> Iterator[Metric]:
            """See prometheus_client.registry.Collector."""
            return _metrics(_board(visit))

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collected())
    return Reply(generate_latest(registry), content_type="text/plain")


def _metrics(shown: Board) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    nodes = GaugeMetricFamily("jindang_nodes", "nodes by condition", labels=["condition"])
    for condition in Condition:
        nodes.add_metric([condition.value], shown.count(condition))
    yield nodes
    figures: dict[str, tuple[str, Callable[[Row], float]]] = {
        "jindang_node_silent_nights": ("working nights since the node spoke", lambda row: row.nights),
        "jindang_node_last_contact_seconds": (
            "when the node last spoke, seconds UTC",
            lambda row: row.last_contact or 0,
        ),
        "jindang_node_records": ("records that the vault opened", lambda row: row.records),
        "jindang_node_pages": ("pages that the vault opened", lambda row: row.pages),
        "jindang_node_stored_bytes": ("bytes stored and receipted", lambda row: row.bytes_stored),
        "jindang_node_waiting_bytes": (
            "bytes that wait at the node or are on their way",
            lambda row: row.waiting_bytes,
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
    for name, (said, value) in figures.items():
        family = GaugeMetricFamily(name, said, labels=["node"])
        for row in shown.rows:
            family.add_metric([row.name], value(row))
        yield family


ROUTES: Final = (
    Route("GET", "/monitor", monitor, roles=ROLES, verb="monitor-read"),
    Route("GET", "/monitor/events", events, roles=ROLES, verb="monitor-read", live=True),
    Route("GET", "/monitor/{log_id}", node, roles=ROLES, verb="node-read"),
    Route("GET", "/healthz", healthz, stages=NO_STAGE),
    Route("GET", "/readyz", readyz, stages=NO_STAGE),
    Route("GET", "/metrics", metrics, stages=NO_STAGE),
)
