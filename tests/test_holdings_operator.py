"""Operators of a node: which role may ask which verb, what a system user may sign in as, numbers, names and passwords."""

from __future__ import annotations

import pytest

from holdings.operator import (
    LOCAL,
    Ceiling,
    OperatorRefused,
    OperatorRole,
    check_number,
    check_password,
    check_person,
)
from holdings.operator_rules import NOTED, POWERS, RULES, Power, may, power_of, verbs_of
from node.scoping import CUT, NARROWED, PLAIN
from node.service import verbs

ROLES = [*(role.value for role in OperatorRole), LOCAL]


def test_every_verb_has_a_rule_and_every_rule_a_verb() -> None:
    """A verb of the node without a row in holdings/operator_rules.py is refused to everybody: say there which power it asks for."""
    ruled = {rule.partition(":")[0] for rule in RULES}
    assert sorted(verbs() - ruled) == []
    assert sorted(ruled - verbs() - {"stop"}) == []


@pytest.mark.parametrize("role", ROLES)
def test_the_matrix_of_verbs_and_roles_is_the_table_of_powers(role: str) -> None:
    """For each verb and role: allowed exactly where the verb's power is given to the role; an unknown verb and an unknown role never."""
    assert {verb for verb in RULES if may(role, *verb.split(":"))} == {verb for verb, power in RULES.items() if role in POWERS[power]}
    assert not may(role, "dance")
    assert not may("guest", "status")


def test_the_roles_are_kept_apart() -> None:
    """Who makes operators handles no records; who reads the journal changes nothing; a contractor's staff neither waives nor judges."""
    admin, auditor, contractor = (verbs_of(role) for role in ("admin", "auditor", "contractor"))
    assert not admin & {"search", "show", "quarantine_waive", "clear", "delivery_accept", "journal_list", "export"}
    assert {power for power in Power if "auditor" in POWERS[power]} == {Power.FIGURES, Power.JOURNAL, Power.PLACES}
    assert POWERS[Power.JOURNAL] == {OperatorRole.AUDITOR}
    assert not contractor & {"quarantine_waive", "quarantine_set_aside", "delivery_accept", "delivery_return", "clear", "search", "export", "run"}
    assert not may("contractor", "quarantine_many", "waive")
    assert may("contractor", "quarantine_many", "retry")
    assert "operator_add" not in verbs_of("reviewer") | verbs_of("operator") | auditor | contractor
    assert POWERS[Power.JUDGE] == {OperatorRole.REVIEWER}


def test_all_that_a_contractors_staff_may_ask_is_narrowed_cut_or_plain() -> None:
    """No verb tells a contractor's staff of other units' deliveries: each is known to the scope, and none is known twice."""
    assert verbs_of("contractor") == NARROWED | CUT | PLAIN
    assert not PLAIN & (CUT | NARROWED)


def test_acts_are_noted_and_looks_are_not() -> None:
    """Opening a record, changing and judging stand in the journal; lists and figures that a screen asks for each second do not."""
    assert {power_of(verb) for verb in ("show", "search", "quarantine_waive", "clear", "run", "operator_add")} <= NOTED
    assert not {power_of(verb) for verb in ("status", "console_today", "quarantine_rows", "console_line")} & NOTED


@pytest.mark.parametrize(
    ("ceiling", "roles"),
    [(Ceiling.ANY, set(OperatorRole)), (Ceiling.STAFF, set(OperatorRole) - {OperatorRole.ADMIN}), (Ceiling.CONTRACTOR, {OperatorRole.CONTRACTOR})],
)
def test_the_system_user_is_the_ceiling(ceiling: Ceiling, roles: set[OperatorRole]) -> None:
    """A contractor's account signs in as nothing else, a clerk's as no administrator."""
    assert {role for role in OperatorRole if ceiling.allows(role)} == roles


@pytest.mark.parametrize(("given", "kept"), [("1001", "1001"), (" Ｚ０１ ", "z01"), ("zhang.san", "zhang.san")])
def test_a_number_is_kept_folded(given: str, kept: str) -> None:
    """Full-width digits and capitals of another keyboard are the same 工号."""
    assert check_number(given) == kept


@pytest.mark.parametrize("given", ["", " ", "a" * 17, "张三", "-1", "1 2"])
def test_no_number_is_refused(given: str) -> None:
    """What is no 工号 is refused with the rule."""
    with pytest.raises(OperatorRefused, match="工号须为"):
        check_number(given)


def test_a_contractors_staff_has_a_unit_and_nobody_else() -> None:
    """Role and unit belong together; names are trimmed and bounded."""
    assert check_person(" 张三 ", "", OperatorRole.OPERATOR) == ("张三", "")
    assert check_person("王五", " 甲公司 ", OperatorRole.CONTRACTOR) == ("王五", "甲公司")
    admin, wrong = OperatorRole.ADMIN, [("王五", "", OperatorRole.CONTRACTOR), ("张三", "甲公司", OperatorRole.REVIEWER)]
    for person, unit, role in (*wrong, ("", "", admin), ("a\nb", "", admin)):
        with pytest.raises(OperatorRefused, match="请重填"):
            check_person(person, unit, role)


@pytest.mark.parametrize(
    ("password", "word"),
    [("Short1!", "10 至 128"), ("Zhang-1001-Tj", "工号或姓名"), ("Password2026!", "太容易"), ("abcdefghijkl", "太容易"), ("kitevolumeletter", "三种")],
)
def test_a_password_that_breaks_a_rule_is_refused_with_it(password: str, word: str) -> None:
    """Each rule has its own words."""
    with pytest.raises(OperatorRefused, match=word):
        check_password(password, "1001", "张三")
    assert check_password("河畔 Teapot 47", "1001", "张三") == "河畔 Teapot 47"
