"""The JSON API: tokens, scopes, rights, rates, and that it does what its OpenAPI document says (hub/api_*.py)."""

import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from people_door import Browser, Door, Page
from reading_room_at_hub import SHUT, numbers, reader

from holdings import journal
from holdings.journal import Filter, Outcome
from hub.account import Role
from hub.api_document import document
from hub.api_operations import OPERATIONS, Operation
from hub.api_token import DAY_S, Scope

SHUT_REF = "和平区/J023-WS·2011·Y·BGS-0002"
OPEN = "关于修缮校舍的请示"
EVERY = tuple(Scope)


def token(
    door: Door,
    name: str,
    role: Role = Role.AGENCY,
    scopes: tuple[Scope, ...] = EVERY,
    days: int = 90,
    holders: tuple[str, ...] = (),
) -> str:
    """A fresh token of an account, made on its page."""
    browser = reader(door, name, role, holders=holders)
    browser.get("/me/tokens")
    body = "&".join(
        [f"form-token={browser.page.token}", "name=t", f"days={days}", *(f"scope={scope.value}" for scope in scopes)]
    )
    page = browser.ask("POST", "/me/tokens", body.encode(), Content_Type="application/x-www-form-urlencoded")
    found = re.search(r"jda_[a-z2-7]{32}", page.text)
    assert found, page.text
    return found[0]


def ask(door: Door, path: str, key: str = "", body: object = None) -> Page:
    """A request of a program."""
    door.hub.clock.skip += 1
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    if body is None:
        return Browser(door.address).ask("GET", quote(path, safe="/?&=.%"), **headers)
    return Browser(door.address).ask(
        "POST", path, json.dumps(body).encode(), Content_Type="application/json", **headers
    )


@pytest.fixture(scope="module")
def agency(reading_room: Door) -> str:
    """A token of who finds what is open alone."""
    return token(reading_room, "prog")


@pytest.fixture(scope="module")
def archivist(reading_room: Door) -> str:
    """A token of who works for the district."""
    return token(reading_room, "prog-arch", Role.ARCHIVIST, holders=("和平区",))


def test_a_program_sees_what_its_account_sees(reading_room: Door, agency: str, archivist: str) -> None:
    """The same search, record and page as on the pages, with the same rights; every request stands in the journal."""
    mine, all_of_it = (
        json.loads(ask(reading_room, "/api/v1/search?q=校舍&facet=全宗", key).body) for key in (agency, archivist)
    )
    assert (mine["total"], all_of_it["total"]) == (2, 3)
    assert {one["value"]: one["count"] for one in all_of_it["facets"][0]["values"]} == {"J023": 2, "J024": 1}
    shut, opened = numbers(reading_room)[SHUT], numbers(reading_room)[OPEN]
    for tail in ("", "/pages", "/pages/1/text", "/pages/1/image"):
        assert ask(reading_room, f"/api/v1/records/{shut}{tail}", agency).status == 404
        assert ask(reading_room, f"/api/v1/records/{shut}{tail}", archivist).status == 200
    told = json.loads(ask(reading_room, f"/api/v1/records/{opened}", agency).body)
    assert (told["title"], told["pages"], told["receipts"][0]["grade"]) == (OPEN, 2, "R1")
    text = json.loads(ask(reading_room, f"/api/v1/records/{opened}/pages/2/text?q=校舍", agency).body)
    assert [line["hit"] for line in text["lines"]] == [False, True, False]
    image = ask(reading_room, f"/api/v1/records/{opened}/pages/1/image", agency)
    assert (image.headers["content-type"], image.body[:2]) == ("image/jpeg", b"\xff\xd8")
    acts = [act.deed for act in journal.walk(reading_room.team.people.parts().database.read(), Filter(person="prog"))]
    assert {"token-make", "search", "record-read", "page-read"} <= {act.verb for act in acts}
    assert any(act.verb == "search" and act.note.startswith("api:") and "校舍" in act.note for act in acts)


def filled(operation: Operation, number: int) -> str:
    """The path of an operation about a record."""
    return operation.path.replace("{id}", str(number)).replace("{page}", "1")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.id)
def test_every_operation_asks_for_token_and_scope(reading_room: Door, operation: Operation) -> None:
    """Without a token, with a wrong one, or with one of every other scope, an operation gives nothing away; a refusal is in the journal."""
    path, body = (
        filled(operation, numbers(reading_room)[OPEN]),
        {"purpose": "work", "refs": [SHUT_REF]} if operation.method == "POST" else None,
    )
    other = token(
        reading_room,
        f"scope-{operation.scope.value}",
        scopes=tuple(scope for scope in Scope if scope is not operation.scope),
    )
    for key, status in (("", 401), ("jda_" + "a" * 32, 401), ("x", 401), (other, 403)):
        page = ask(reading_room, path, key, body)
        assert page.status == status
        assert page.headers["content-type"].startswith("application/problem+json")
        assert OPEN not in page.text
    reading = reading_room.team.people.parts().database.read()
    refused = list(
        journal.walk(
            reading, Filter(person=f"scope-{operation.scope.value}", verb=operation.verb, outcome=Outcome.REFUSED)
        )
    )
    assert refused


def test_a_program_gets_no_pages(reading_room: Door) -> None:
    """Under /api everything that is wrong is said in JSON: a path of no operation, a method that an operation has not."""
    for method, path, status in (("GET", "/api/v1/none", 404), ("PUT", "/api/v1/search", 405), ("DELETE", "/api/v1/records/1", 405), ("GET", "/api/", 404)):
        page = reading_room.browser().ask(method, path)
        assert (page.status, page.headers["content-type"].partition(";")[0]) == (status, "application/problem+json"), path
        assert ("allow" in page.headers) == (status == 405)


def test_a_token_ends(reading_room: Door) -> None:
    """Revoked at once, over at its end, dead with its account; its text stands nowhere in the database."""
    key = token(reading_room, "ends")
    assert ask(reading_room, "/api/v1/search?q=x", key).status == 200
    rows = str(reading_room.team.people.parts().database.read().execute("SELECT * FROM api_token").fetchall())
    assert key not in rows
    browser = reader(reading_room, "ends")
    page = browser.get("/me/tokens")
    found = re.search(r"/me/tokens/(\d+)/revoke", page.text)
    assert found
    assert browser.send(found[0]).says("已停用")
    assert ask(reading_room, "/api/v1/search?q=x", key).status == 401
    short = token(reading_room, "ends", days=1)
    from hub.api_token import ApiTokens

    home, parts = reading_room.hub.hub.home, reading_room.team.people.parts()
    tokens = ApiTokens(parts.database, parts.journal, home.clock, home.random)
    assert tokens.who(short) is not None
    home.clock.now += DAY_S
    assert tokens.who(short) is None
    home.clock.now -= DAY_S


def test_a_token_belongs_to_its_account(reading_room: Door) -> None:
    """Nobody revokes another's; what a token is for must be said, its scopes and its end be within bounds."""
    key = token(reading_room, "owner")
    thief = reader(reading_room, "thief")
    thief.get("/me/tokens")
    for number in range(1, 40):
        thief.ask(
            "POST",
            f"/me/tokens/{number}/revoke",
            f"form-token={thief.page.token}".encode(),
            Content_Type="application/x-www-form-urlencoded",
        )
    assert ask(reading_room, "/api/v1/search?q=x", key).status == 200
    for fields, says in (
        ({"name": "", "days": "9"}, "用途"),
        ({"name": "t", "days": "9"}, "范围"),
        ({"name": "t", "days": "400", "scope": "search"}, "天"),
    ):
        thief.get("/me/tokens")
        page = thief.send("/me/tokens", **fields)
        assert (page.status, page.says(says)) == (422, True)


def test_a_program_enters_a_request(reading_room: Door, agency: str, archivist: str) -> None:
    """An agency user's program asks for records by code and sees what becomes of it; an archivist's may not; nonsense is named."""
    made = ask(reading_room, "/api/v1/requests", agency, {"purpose": "work", "subject": "校舍", "refs": [SHUT_REF]})
    assert made.status == 201
    one = json.loads(made.body)["requests"][0]
    assert (one["state"], one["holder"], one["asked"][0]["id"]) == ("waiting", "和平区", 0)
    assert one["serial"] in ask(reading_room, "/api/v1/requests", agency).text
    assert ask(reading_room, "/api/v1/requests", archivist, {"purpose": "work", "subject": "x"}).status == 403
    assert ask(reading_room, "/api/v1/requests", agency, {"purpose": "nothing", "subject": "x"}).status == 422
    assert ask(reading_room, "/api/v1/requests", agency, {"purpose": "work", "unknown": 1}).status == 422
    assert ask(reading_room, "/api/v1/search?limit=0", agency).status == 422
    assert ask(reading_room, "/api/v1/search?colour=red", agency).status == 422
    assert ask(reading_room, "/api/v1/search?q=%ff", agency).status == 400
    assert ask(reading_room, "/api/v1/records/x", agency).status == 404


def test_a_token_is_rated(reading_room: Door) -> None:
    """Above its rate a token waits, and is told how long."""
    key = token(reading_room, "hasty")
    browser, answers = Browser(reading_room.address), list[Page]()
    while len(answers) < 60 or (answers[-1].status == 200 and len(answers) < 200):
        answers.append(browser.ask("GET", "/api/v1/suggest", Authorization=f"Bearer {key}"))
    assert {one.status for one in answers[:60]} == {200}
    assert (answers[-1].status, answers[-1].headers.get("retry-after")) == (429, "60")


# ---------------------------------------------------------------- the document


def test_the_document_describes_every_operation() -> None:
    """OpenAPI 3.1, one entry for each row of the table, every reference resolved."""
    said = json.loads(document("1"))
    assert said["openapi"] == "3.1.0"
    assert {(method.upper(), path) for path, entry in said["paths"].items() for method in entry} == {
        (one.method, one.path) for one in OPERATIONS
    }
    for name in set(re.findall(r"#/components/schemas/(\w+)", json.dumps(said))):
        assert name in said["components"]["schemas"], name


def test_the_api_does_what_its_document_says(reading_room: Door, agency: str, tmp_path: Path) -> None:
    """Whatever schemathesis makes of the document: no 5xx, no status, type or shape that is not in it."""
    schemathesis = pytest.importorskip("schemathesis")
    from schemathesis import checks

    certificate = tmp_path / "hub.pem"
    certificate.write_bytes(reading_room.hub.hub.home.tls_chain)
    schema = schemathesis.openapi.from_dict(
        json.loads(Browser(reading_room.address).ask("GET", "/api/v1/openapi.json").body)
    )
    wanted = [
        checks.not_a_server_error,
        *checks.CHECKS.get_by_names(
            ["status_code_conformance", "content_type_conformance", "response_schema_conformance"]
        ),
    ]
    host, port = reading_room.address
    for found in schema.get_all_operations():
        strategy = found.ok().as_strategy()

        @settings(
            max_examples=4,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy)
        def tried(case) -> None:  # type: ignore[no-untyped-def]
            reading_room.hub.clock.skip += 1
            case.call_and_validate(
                base_url=f"https://{host}:{port}",
                headers={"Authorization": f"Bearer {agency}"},
                verify=str(certificate),
                checks=wanted,
            )

        tried()
