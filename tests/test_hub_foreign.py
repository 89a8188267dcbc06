"""The authorisation matrix of what changes something: every POST route × every role × what is a foreign unit's. Nothing of it changes or is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from people_door import WITH_FILE, Browser, Door, Page, form_with_file, open_door
from reading_room_at_hub import Written, bring, colour, numbers, reader, written

from holdings.access import Access
from holdings.reception import Standing
from holdings.search_index import RECORDS
from holdings.statistic import Figure
from hub import reception_store, signed_scans
from hub.account import Role
from hub.reception_desk import ReceptionDesk, Ruling
from hub.reception_verdicts import By
from hub.signed_scans import SignedKind, SignedScan
from hub.web_route import Route
from hub.web_table import ROUTES

TITLE, CODE = "玉兰密函甲", "河东区/J099-YL·MH-0007"
PLANTED = Written("J099-YL·MH-0007", TITLE, "控制", {"0001.jpg": colour(9)}, {})
MARK = "密函"
ROLES = {
    "far": (Role.ARCHIVIST, {"holders": ("和平区",)}), "agency": (Role.AGENCY, {}), "own": (Role.AGENCY, {"fonds": ("J023",)}),
    "sys": (Role.SYSTEM, {}), "sec": (Role.SECURITY, {}), "aud": (Role.AUDIT, {}), "nobody": (None, {}),
}  # fmt: skip
HOLDINGS = ("reception_item", "reception_verdict", "reception_round", "signed_scan", "reading_request WHERE number = 1", "statistic_entry WHERE archive = '河东区'",
            "statistic_year", "check_run", "reception_count WHERE fonds = 'J099'")  # fmt: skip
PEOPLE = ("api_token WHERE account = 'keep'", "account WHERE name = 'keep'")
STEPS = ("approve", "refuse", "withdraw", "close", "forward", "address")


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A foreign unit's record, drafted in reception, asked for in the register, with a paper's scan; its archivist has a token for programs."""
    with open_door(tmp_path_factory.mktemp("foreign") / "hub") as made:
        bring(made, "和平区", written()[:1])
        bring(made, "河东区", [PLANTED])
        home, keep = made.hub.hub.home, reader(made, "keep", Role.ARCHIVIST, holders=("河东区",))
        keep.get("/reception")
        held = reception_of(made)
        record = numbers(made)[TITLE] - RECORDS
        ReceptionDesk(home).draft(held, [record], Ruling(accepted=True), By("keep", "某keep"), Access.whole())
        with home.holdings.transaction() as connection:
            scan = SignedScan(0, 1, SignedKind.REGISTER, "a", "application/pdf", 1, 4, bytes(32), By("keep", "某keep"), 1)
            signed_scans.add(connection, held, scan, b"%PDF")
        keep.get("/requests/new")
        keep.send("/requests", name="赵一", document="identity", identity="11010519491231002X", persons="1", purpose="person", subject="查", refs=CODE)
        keep.get("/me/tokens")
        keep.send("/me/tokens", name="t", days="9", scope="search")
        yield made


def reception_of(door: Door) -> reception_store.Reception:
    """The foreign unit's delivery."""
    reading = door.hub.hub.home.holdings.read()
    return next(one for one in reception_store.listed(reading, Access.whole(), list(Standing)) if one.writer == "河东区")


def kept(door: Door) -> list[Any]:
    """Everything that belongs to the foreign unit, row by row."""
    holdings, people = door.hub.hub.home.holdings.read(), door.team.people.parts().database.read()
    rows = [row for table in HOLDINGS for row in holdings.execute(f"SELECT * FROM {table}").fetchall()]
    return rows + [row for table in PEOPLE for row in people.execute(f"SELECT * FROM {table}").fetchall()]


def asked(door: Door, route: Route) -> list[str]:
    """The route's addresses that name what is the foreign unit's."""
    record, held = numbers(door)[TITLE] - RECORDS, reception_of(door)
    path = route.path.replace("{record}", str(record)).replace("{round}", "1").replace("{scan}", "1")
    path = path.replace("{number}", str(held.id) if path.startswith("/reception") else "1")
    if path.endswith("/{name}"):
        return [path.replace("{name}", step) for step in STEPS]
    return [path.replace("{name}", "nobody.there")]


def send(door: Door, browser: Browser, route: Route, path: str) -> Page:
    """The form that its own people would send, with the token of this browser's pages."""
    record, token = numbers(door)[TITLE] - RECORDS, browser.get("/me").token or browser.get("/sign-in").token
    fields = {
        "form-token": token, "act": "accept", "record": str(record), "rounds": "0", "sure": "yes", "which": "all", "reason": "W05", "refs": CODE,
        "purpose": "person", "subject": "x", "days": "9", "copies": "1", "figure": Figure.VISITS.value, "archive": "河东区", "year": "2023", "value": "5",
        "kind": "register", "note": "x", "hours": "24", "node": "*", "text": "x",
    }  # fmt: skip
    if route.upload:
        return browser.ask("POST", path, form_with_file(b"%PDF-1.4", "a.pdf", fields), Content_Type=WITH_FILE)
    return browser.ask("POST", path, urlencode(fields).encode(), Content_Type="application/x-www-form-urlencoded")


@pytest.mark.parametrize("name", list(ROLES))
def test_no_form_of_another_unit_reaches_it(door: Door, name: str) -> None:
    """Every POST with a right form token and the fields that its own people would send: refused or about one's own, no title comes back, nothing of it changes."""
    role, rights = ROLES[name]
    browser = reader(door, name, role, **rights) if role is not None else door.browser()  # type: ignore[arg-type]
    before, tried = kept(door), 0
    for route in ROUTES:
        if route.method != "POST" or route.path.startswith("/sign-"):
            continue
        for path in asked(door, route):
            door.hub.clock.skip += 60
            page = send(door, browser, route, path)
            tried += 1
            assert page.status in (200, 303, 400, 403, 404, 422), (path, page.status)
            assert MARK not in page.body.decode("utf-8", "replace"), path
            assert not page.headers.get("content-type", "").startswith(("image/", "application/pdf")), path
            assert kept(door) == before, path
            if role is None or role not in route.roles:
                assert page.status in (400, 403), (path, page.status)
            elif re.match(r"/(reception|requests/1)", path):
                assert page.status in (403, 404, 422), (path, page.status)
    assert tried > 25


def test_its_own_people_reach_it(door: Door) -> None:
    """The same forms work for whose they are: what is refused above is refused for the right reason."""
    keep, before = reader(door, "keep", Role.ARCHIVIST, holders=("河东区",)), kept(door)
    for path in (f"/reception/{reception_of(door).id}/conclude", "/requests/1/refuse", "/statistics/enter"):
        [route] = [one for one in ROUTES if one.method == "POST" and re.fullmatch(re.sub(r"\{\w+\}", r"\\w+", one.path), path) and "{record}" not in one.path]
        assert send(door, keep, route, path).status == 303, path
        after = kept(door)
        assert after != before, path
        before = after
