"""Which role may do what at a node: one table, verb × power × role. Pure; the node's door asks it before every verb (docs/operating.md).

A verb without a row here is refused to everybody who has signed in, and a test fails: whoever adds a verb says here what it is.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from holdings.operator import LOCAL, OperatorRole

_O, _R, _C, _A, _J = (
    OperatorRole.OPERATOR,
    OperatorRole.REVIEWER,
    OperatorRole.CONTRACTOR,
    OperatorRole.ADMIN,
    OperatorRole.AUDITOR,
)


class Power(Enum):
    """A kind of act."""

    FIGURES = "figures"
    """Counts and states without a title or a code."""
    DESK = "desk"
    """The lists of deliveries and of what waits; a contractor's staff sees those of its own unit."""
    MEND = "mend"
    """Put right what waits; a contractor's staff in its own deliveries."""
    LOOK = "look"
    """Lists and profiles of the whole site."""
    READ = "read"
    """Search and open records: each stands in the journal."""
    WORK = "work"
    """Take in, catalogue, describe, sample, serve at the counter."""
    WAIVE = "waive"
    """Let a finding pass with a reason, or set it aside."""
    JUDGE = "judge"
    """Accept, return, sign the clearance, withdraw, release, change codes: what binds the archive."""
    LINE = "line"
    """Look at the transmission."""
    RUN = "run"
    """Begin, pause and resume it; take in now."""
    KEEP = "keep"
    """Self-check, verification, backup, bundles for support."""
    SET = "set"
    """Settings."""
    OPERATORS = "operators"
    """Make, disable and reset operators."""
    JOURNAL = "journal"
    """Read, verify and write out the journal."""
    PLACES = "places"
    """Look for a folder of this machine to write to; scan folders are not among them."""


POWERS: Final[dict[Power, frozenset[str]]] = {
    Power.FIGURES: frozenset({_O, _R, _C, _A, _J, LOCAL}),
    Power.DESK: frozenset({_O, _R, _C}),
    Power.MEND: frozenset({_O, _R, _C}),
    Power.LOOK: frozenset({_O, _R}),
    Power.READ: frozenset({_O, _R}),
    Power.WORK: frozenset({_O, _R}),
    Power.WAIVE: frozenset({_O, _R}),
    Power.JUDGE: frozenset({_R}),
    Power.LINE: frozenset({_O, _R, _A, LOCAL}),
    Power.RUN: frozenset({_O, _R, _A, LOCAL}),
    Power.KEEP: frozenset({_R, _A, LOCAL}),
    Power.SET: frozenset({_A, LOCAL}),
    Power.OPERATORS: frozenset({_A, LOCAL}),
    Power.JOURNAL: frozenset({_J}),
    Power.PLACES: frozenset({_O, _R, _A, _J, LOCAL}),
}
"""Who makes operators judges nothing, who judges makes no operators, who reads the journal does neither, and a contractor's staff neither waives nor accepts."""

NOTED: Final = frozenset(Power) - {Power.FIGURES, Power.DESK, Power.LOOK, Power.LINE, Power.PLACES}
"""Acts that stand in the journal; looking at lists and figures does not, opening a record does."""

_VERBS: Final[dict[Power, str]] = {
    Power.FIGURES: "capabilities status console_today console_preferences console_prefer machine_show machine_fingerprint",
    Power.DESK: "deliveries delivery_show delivery_report console_deliveries quarantine_list quarantine_numbers quarantine_rows"
    " quarantine_row quarantine_refused quarantine_show quarantine_judge workload",
    Power.MEND: "quarantine_claim quarantine_unclaim quarantine_retry quarantine_mend quarantine_drop quarantine_undo"
    " delivery_submit quarantine_many:claim quarantine_many:unclaim quarantine_many:retry",
    Power.LOOK: "profile_list profile_show profile_propose fonds_list fonds_show codes pass_rates check_status meaning_status meaning_check"
    " reading_status reading_list search_state suggest console_tree sample_list sample_show sample_faults page_acts"
    " cataloguing_waiting cataloguing_form cataloguing_judge cataloguing_bodies cataloguing_differences record_row record_judge counter_rules"
    " sheet_columns places_look:scans places_look:sheet places_look:image",
    Power.READ: "search show console_record record_pages record_text record_picture page_link custody custody_of reading_show check_show"
    " export directory_print delivery_report_files check_report sample_export cataloguing_picture counter_day counter_show",
    Power.WORK: "quarantine_replace quarantine_move delivery_evidence catalogue_import cataloguing_save cataloguing_undo"
    " cataloguing_decide cataloguing_discard"
    " record_mend record_mend_undo"
    " counter_register counter_decide counter_end counter_copy counter_certificate counter_ledger"
    " fonds_import profile_add profile_assign delivery_describe delivery_reprocess sample_draw sample_link sample_verdict sample_import"
    " check_run check_restart reading_run reading_cancel reading_retry reading_pause reading_correct meaning_run reindex page_take_back console_target",
    Power.WAIVE: "quarantine_waive quarantine_set_aside quarantine_many:waive quarantine_many:set_aside",
    Power.JUDGE: "clear cataloguing_double delivery_return delivery_accept delivery_withdraw delivery_reopen renumber volume_merge volume_split"
    " release returned_explain directive_apply directive_decline",
    Power.LINE: "console_line console_calendar machine_judge directives directive_counts directive_show returned_list outage_list",
    Power.RUN: "run pause outage_add outage_end",
    Power.KEEP: "verify doctor backup machine_bundle machine_lock",
    Power.SET: "machine_configure machine_set machine_passphrase stop",
    Power.OPERATORS: "operator_list operator_add operator_disable operator_enable operator_reset",
    Power.JOURNAL: "journal_list journal_verify journal_export",
    Power.PLACES: "places_look:folder",
}
RULES: Final[dict[str, Power]] = {verb: power for power, verbs in _VERBS.items() for verb in verbs.split()}
"""verb, or `verb:act` where its argument `act` decides → power."""


def power_of(verb: str, act: str = "") -> Power | None:
    """The power that a verb asks for; None for one without a rule."""
    return RULES.get(f"{verb}:{act}") or RULES.get(verb)


def may(role: str, verb: str, act: str = "") -> bool:
    """May this role do that? `role` is an OperatorRole's value or LOCAL."""
    power = power_of(verb, act)
    return power is not None and role in POWERS[power]


def verbs_of(role: str) -> frozenset[str]:
    """Every verb that a role may ask, those by act included once."""
    return frozenset(rule.partition(":")[0] for rule, power in RULES.items() if role in POWERS[power])
