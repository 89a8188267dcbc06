"""The table of named faults: what happens, what must come of it, and which tests show it."""

from __future__ import annotations

import ast
from pathlib import Path

FAULTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "reply lost though it was stored": (
        "the request is repeated and answered as before; each object is stored once, each node enrolled once",
        (
            "test_node_uplink.py::test_a_broken_request_is_repeated_without_harm",
            "test_faults.py::test_a_store_that_fails_at_the_hub_costs_only_time",
            "test_line.py::test_a_cut_anywhere_ends_well",
        ),
    ),
    "short write": (
        "it is continued, or ends as a full disk; nothing half-written bears an object's name",
        (
            "test_faults.py::test_a_store_that_fails_at_the_hub_costs_only_time",
            "test_faults.py::test_a_full_disk_at_the_node_loses_nothing",
        ),
    ),
    "disk full at the node": (
        "the run ends saying so, nothing is signed for it; with room the next run brings all",
        (
            "test_faults.py::test_a_full_disk_at_the_node_loses_nothing",
            "test_faults.py::test_a_node_whose_disk_fails_says_so_and_recovers",
        ),
    ),
    "disk full at the hub": (
        "507 with Retry-After, no R1; the node comes again by itself",
        (
            "test_faults.py::test_a_full_disk_at_the_hub_refuses_before_it_hurts",
            "test_faults.py::test_a_hub_whose_disk_fails_promises_nothing",
        ),
    ),
    "fsync error": (
        "what was not made durable is not spoken of: no signature, no R1, until a later fsync has succeeded",
        (
            "test_faults.py::test_a_node_whose_disk_fails_says_so_and_recovers",
            "test_faults.py::test_a_hub_whose_disk_fails_promises_nothing",
            "test_faults.py::test_what_is_taken_over_is_made_durable_first",
        ),
    ),
    "torn pack": (
        "without a row it is swept and sealed again; before R1 it is found by its digest and sent again; at the node `verify` names it (4)",
        (
            "test_faults.py::test_torn_objects_at_the_node_are_swept",
            "test_faults.py::test_torn_objects_at_the_hub_are_sent_again",
            "test_faults.py::test_a_torn_pack_at_the_node_is_named_and_never_receipted",
        ),
    ),
    "a corrupted byte in transit": (
        "422 and sent again, or refused by signature; nothing wrong is stored, no alarm",
        (
            "test_faults.py::test_a_byte_that_turns_over_in_transit_is_refused",
            "test_node_uplink.py::test_a_byte_that_flips_on_the_way_is_sent_again",
        ),
    ),
    "a corrupted byte in a pack": (
        "`node verify` and `hub doctor --deep` name it (4); export gives out no wrong byte",
        ("test_faults.py::test_a_byte_that_rots_in_a_pack_is_found_on_both_sides",),
    ),
    "a corrupted byte in a database": (
        "opening or doctor says damage (4), whichever page of the encrypted ones, whichever signed or hashed byte of the front's",
        (
            "test_faults_copies.py::test_a_byte_that_rots_in_the_nodes_database_is_found",
            "test_faults_copies.py::test_a_byte_that_rots_in_the_vaults_database_is_found",
            "test_faults_copies.py::test_a_byte_that_rots_in_the_front_is_found",
        ),
    ),
    "clock jumping by years": (
        "nothing is lost, held up or reordered; doctor asks to set a clock that is behind the log",
        (
            "test_faults_copies.py::test_clocks_that_jump_by_years_lose_nothing",
            "test_faults_copies.py::test_a_clock_set_back_is_said_and_holds_nothing_up",
            "test_node_sealing.py::test_a_clock_that_jumps_loses_no_change",
        ),
    ),
    "hub restarted mid-upload": (
        "the same run goes on from what is durable; little is sent twice",
        ("test_faults_copies.py::test_a_hub_that_restarts_in_the_middle_of_an_upload_goes_on",),
    ),
    "node restored from yesterday's copy": (
        "it stops with exit code 4 and signs nothing; the hub raises an alarm and keeps what it has",
        (
            "test_node_enrolment.py::test_a_node_restored_from_yesterdays_copy_stops_and_signs_nothing",
            "test_node_enrolment.py::test_a_restored_node_that_signed_meanwhile_is_a_fork",
        ),
    ),
    "hub restored from yesterday's copy": (
        "its own entries come back from a node, nodes enrolled since come back, revoked ones do not; goods and receipts again, one alarm, everything once",
        (
            "test_faults_copies.py::test_a_hub_restored_from_yesterday_takes_everything_again",
            "test_faults_copies.py::test_what_was_revoked_after_the_copy_stays_out",
        ),
    ),
    "token used twice": (
        "the second node is refused with what to do and leaves no trace; the same node gets the same answer",
        (
            "test_node_enrolment.py::test_a_token_serves_one_node",
            "test_hub_enrolment.py::test_a_used_token_enrols_nobody_else",
        ),
    ),
    "kill -9 at any moment": (
        "every record at the hub byte for byte, once; every promise kept; no orphan after a restart",
        (
            "test_soak.py::test_kill_nine_loses_nothing",
            "test_node_crash.py::test_a_kill_after_any_durable_step_loses_and_repeats_nothing",
        ),
    ),
}


def test_every_named_fault_has_its_test() -> None:
    """The table names faults, outcomes and tests that exist."""
    here, missing = Path(__file__).parent, []
    for fault, (outcome, tests) in FAULTS.items():
        assert outcome and tests, fault
        for test in tests:
            file, _, name = test.partition("::")
            tree = ast.parse((here / file).read_text("utf-8"))
            if not any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body):
                missing.append(f"{fault}: {test}")
    assert not missing
