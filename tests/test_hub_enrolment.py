"""Enrolment (format.md §10, §11.1): a token is used once, by the node it names, in time; the same request gets the same answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_in_thread import RunningHub, running
from scripted_node import ScriptedNode

from crypto import cbor
from hub.errors import NotAllowed
from sync import log as logs
from sync import messages
from sync.entry import EntryKind
from sync.limits import TOKEN_DAYS
from sync.site_class import SiteClass


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    """A running hub."""
    with running(tmp_path / "hub") as made:
        yield made


def test_a_node_enrols_and_the_hub_says_so_in_its_log(hub: RunningHub) -> None:
    """The answer is the hub's log from its genesis to the enrolment of this very node."""
    node = hub.node()
    assert node.hub.log_id == hub.hub.home.hub_id
    last = node.hub_entries[-1]
    assert (last.kind, last.body[1], last.body[2], last.body[3]) == (EntryKind.ENROL, node.log_id, "和平区", node.key.public)


def test_the_same_request_again_gets_the_same_answer(hub: RunningHub) -> None:
    """A lost answer costs nothing: the repetition is answered alike and enrols nobody twice."""
    node = hub.node(enrol=False)
    body = node.enrol_request(hub.token())
    first, second = (node.call("POST", messages.ENROL, body) for _ in range(2))
    assert (first.status, first.body) == (second.status, second.body) == (200, first.body)
    assert len(messages.decode_enrolled(second.body)) == 2


def test_a_used_token_enrols_nobody_else(hub: RunningHub) -> None:
    """A second genesis with the same secret is refused and leaves no trace."""
    text = hub.token()
    hub_node = hub.node(enrol=False)
    hub_node.enrol(text)
    thief = hub.node(enrol=False)
    reply = thief.call("POST", messages.ENROL, thief.enrol_request(text))
    assert (reply.status, reply.problem.code) == (403, "token-used")
    assert logs.find(hub.hub.home.front.read(), thief.log_id) is None


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [("name", 403, "name-differs"), ("late", 403, "token-expired"), ("secret", 403, "token-unknown"), ("class", 409, "class-differs"), ("hub", 422, "malformed")],
)
def test_what_does_not_fit_is_refused_and_the_token_stays_good(hub: RunningHub, change: str, status: int, code: str) -> None:
    """Wrong name, too late, unknown secret, other class, a genesis for another hub: refused by its own code; the right node still gets in."""
    text = hub.token()
    wrong = ScriptedNode(hub.address, "河西区" if change == "name" else "和平区", SiteClass.CLASSIFIED if change == "class" else SiteClass.OPEN)
    hub.moved(wrong)
    request = messages.EnrolRequest.decode(wrong.enrol_request(text))
    if change == "secret":
        request = messages.EnrolRequest(bytes(16), request.name, request.genesis)
    if change == "hub":
        wrong.entries.clear()
        with running(hub.path.with_name("other")) as other:
            request = messages.EnrolRequest(request.secret, request.name, messages.EnrolRequest.decode(wrong.enrol_request(other.token())).genesis)
    if change == "late":
        hub.clock.now += TOKEN_DAYS * 86_400
    reply = wrong.call("POST", messages.ENROL, request.encode())
    assert (reply.status, reply.problem.code) == (status, code)
    assert reply.problem.remedy
    wrong.close()
    hub.clock.now = 1_700_000_000
    right = hub.node(enrol=False)
    right.enrol(text)


def test_a_name_belongs_to_one_node_until_it_is_revoked(hub: RunningHub) -> None:
    """No second token for a living name; after revocation the name is free and the newcomer is another log."""
    old = hub.node()
    with pytest.raises(NotAllowed, match="和平区"):
        hub.token()
    hub.hub.desk.call("revoke", name="和平区", reason="重装")
    new = hub.node()
    assert new.log_id != old.log_id
    states = {n["log_id"]: n["state"] for n in hub.hub.desk.call("nodes")["nodes"]}
    assert states == {old.log_id.hex(): "revoked", new.log_id.hex(): "active"}


def test_two_tokens_for_one_name_enrol_one_node(hub: RunningHub) -> None:
    """Both tokens are good until one is used; then the other is refused."""
    first, second = hub.token(), hub.token()
    one, two = hub.node(enrol=False), hub.node(enrol=False)
    one.enrol(first)
    reply = two.call("POST", messages.ENROL, two.enrol_request(second))
    assert (reply.status, reply.problem.code) == (403, "name-differs")


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 422), (b"\xa0", 422), (cbor.encode({1: bytes(16), 2: "和平区", 3: b"no entry"}), 422), (b"\0" * 70_000, 413), (b"\x9f" * 100, 422)],
)
def test_malformed_requests_are_refused_whole(hub: RunningHub, body: bytes, status: int) -> None:
    """Bytes that are no enrolment are refused with a problem body; the hub goes on."""
    stranger = hub.node(enrol=False)
    reply = stranger.call("POST", messages.ENROL, body)
    assert reply.status == status
    assert reply.problem.code in {"malformed", "too-large"}


def test_the_front_holds_no_secret_of_a_token(hub: RunningHub) -> None:
    """front.db, which is not encrypted, has the digest of the secret only."""
    node = hub.node(enrol=False)
    secret = messages.EnrolRequest.decode(node.enrol_request(hub.token())).secret
    for path in hub.path.glob("front.db*"):
        assert secret not in path.read_bytes()
