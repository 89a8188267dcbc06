"""The local API over its Unix socket, and the typed client of it: every verb, every refusal, and who may ask."""

from __future__ import annotations

import asyncio
import grp
import http.client
import json
import os
import pwd
import socket
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from node_at_work import NodeAtWork, make

from node import client, local_api
from node.client import Client, Refused, connect
from node.errors import DaemonUnreachable
from node.home import SOCKET
from node.service import Service, verbs
from sync.sandbox import Sandbox

A = "J001-WS·2011·Y·BGS-0001"


@dataclass
class Served:
    """A node whose API listens."""

    work: NodeAtWork
    client: Client
    stopped: threading.Event


@pytest.fixture
def served(tmp_path: Path, sandbox: Sandbox) -> Iterator[Served]:
    """A node with one sealed record and one that waits, served as a daemon serves it."""
    work = make(tmp_path, sandbox, cleared_by="")
    work.scans.delivery({A: 2})
    with work.opened() as engine:
        stopped = threading.Event()
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="api")
        thread.start()
        app = local_api.application(Service(engine), stopped.set)
        runner = asyncio.run_coroutine_threadsafe(local_api.listen(work.path / SOCKET, app), loop).result(10)
        found = connect(work.path)
        assert found is not None
        yield Served(work, found, stopped)
        # Answered after every connection before it: the server has seen them all end, and may go.
        found.status()
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        asyncio.run_coroutine_threadsafe(loop.shutdown_default_executor(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def raw(served: Served, method: str, path: str, body: bytes = b"") -> tuple[int, dict[str, object]]:
    """One request as any program may make it."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(served.work.path / SOCKET))
    connection.request(method, path, body)
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response.status, json.loads(data) if data.startswith(b"{") else {}


def test_the_socket_is_for_owner_and_group(served: Served) -> None:
    """The socket file is 0660 and a socket."""
    facts = (served.work.path / SOCKET).stat()
    assert (stat.S_IMODE(facts.st_mode), stat.S_ISSOCK(facts.st_mode)) == (0o660, True)


def test_client_and_service_have_the_same_verbs(served: Served) -> None:
    """Every verb of the service can be asked through the client by its name; an unknown one is refused with the daemon's words."""
    assert served.client.capabilities()["verbs"] == sorted(verbs())
    assert {"status", "run", "quarantine_claim", "catalogue_import", "show"} <= verbs()
    with pytest.raises(Refused, match="没有 dance 这个操作"):
        served.client.dance()


def test_a_days_work_through_the_client(served: Served) -> None:
    """Clear, take in, look, question, answer, search, show, export, back up: all through the socket."""
    node = served.client
    assert node.run(settle=0.0, send=False)["records"] == 0
    [item] = node.quarantine_list()["items"]
    assert item["code"] == "not-cleared"
    assert node.quarantine_show(number=item["id"])["state"] == "open"
    assert node.quarantine_set_aside(number=item["id"], by="张三")["state"] == "set_aside"
    assert node.clear(delivery_name="扫描", persons=["张三", "李四"])["persons"] == ["张三", "李四"]
    assert node.run(settle=0.0, send=False)["records"] == 1
    assert node.quarantine_list()["items"] == []
    assert [h["ref"] for h in node.search(query="通知")["hits"]] == [A]
    assert node.show(ref=A)["version"] == 1
    assert node.status()["records"] == 1
    assert node.deliveries()["deliveries"][0]["name"] == "扫描"
    assert node.verify()["ok"]
    assert node.doctor()["ok"]
    assert node.pause()["paused"]
    assert not node.pause(paused=False)["paused"]
    assert node.catalogue_import(files=[str(served.work.scans.root / "目录.csv")], dry_run=True)["unchanged"] == 1
    assert node.backup(destination=str(served.work.path.parent / "b"))["objects"] == 2
    assert node.export(destination=str(served.work.path.parent / "e"))["records"] == 1


@pytest.mark.parametrize("verb", ["__init__", "_engine", "nothing", "run/../status", "capabilities.x"])
def test_only_verbs_can_be_asked(served: Served, verb: str) -> None:
    """Nothing but the listed verbs is reachable, whatever is asked."""
    status, answer = raw(served, "POST", f"/v1/{verb}", b"{}")
    assert status == 404
    assert answer.get("exit_code", 2) == 2


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("show", b""), ("show", b"[]"), ("show", b"{"), ("show", b'"x"'), ("show", b'{"ref": 3}'), ("show", b'{"ref": null}'), ("show", b'{"reference": "x"}'),
        ("run", b'{"wait": "R9"}'), ("run", b'{"settle": "soon"}'), ("run", b'{"intake": "yes"}'), ("quarantine_list", b'{"limit": "all"}'),
        ("quarantine_list", b'{"limit": 1.5}'), ("clear", b'{"delivery_name": "x", "persons": "ab"}'), ("status", b'{"self": 1}'), ("status", b"\xff"),
    ],
)  # fmt: skip
def test_bad_arguments_are_wrong_usage(served: Served, verb: str, body: bytes) -> None:
    """A missing, unknown or wrongly typed argument is code 2 and names itself; the daemon goes on."""
    status, answer = raw(served, "POST", f"/v1/{verb}", body)
    assert (status, answer["exit_code"]) == (400, 2)
    assert "参数不对" in str(answer["error"])
    assert served.client.status()["name"] == "和平区"


def test_refusals_carry_text_and_code(served: Served, tmp_path: Path) -> None:
    """What the service refuses comes to the caller with its own words and exit code."""
    with pytest.raises(Refused, match="没有“X”这条档案") as caught:
        served.client.show(ref="X")
    assert caught.value.exit_code == 1
    (tmp_path / "file").write_bytes(b"x")
    for work in (served.client.export, served.client.backup):
        with pytest.raises(Refused, match="写不进去") as caught:
            work(destination=str(tmp_path / "file" / "inside"))
        assert caught.value.exit_code == 2
    with pytest.raises(Refused, match="读不出") as caught:
        served.client.catalogue_import(files=[str(tmp_path / "missing.csv")])
    assert caught.value.exit_code == 2


def test_a_body_beyond_its_bound_is_refused(served: Served) -> None:
    """Two megabytes of arguments are not read."""
    status, _ = raw(served, "POST", "/v1/show", b'{"ref": "' + b"x" * (2 << 20) + b'"}')
    assert status == 413
    assert served.client.status()


def test_stop_is_told_to_whoever_serves(served: Served) -> None:
    """`POST /v1/stop` ends the daemon by its own door."""
    assert raw(served, "POST", "/v1/stop") == (200, {})
    assert served.stopped.wait(5)


def test_capabilities_can_be_asked_by_anybody_with_the_right(served: Served) -> None:
    """`GET /capabilities` names program and verbs."""
    status, answer = raw(served, "GET", "/capabilities")
    assert status == 200
    assert answer["verbs"] == sorted(verbs())


def test_who_may_ask() -> None:
    """Root, the daemon's own user and members of the group; nobody else, and nobody when there is no such group."""
    assert local_api.may_ask(0, 0)
    assert local_api.may_ask(os.geteuid(), 12345)
    assert not local_api.may_ask(54321, 54321)
    groups = {g.gr_name: g for g in grp.getgrall()}
    if local_api.GROUP in groups:
        assert local_api.may_ask(54321, groups[local_api.GROUP].gr_gid)
    else:
        others = [u for u in pwd.getpwall() if u.pw_uid not in (0, os.geteuid())]
        assert not any(local_api.may_ask(u.pw_uid, u.pw_gid) for u in others)


def test_no_daemon_is_none_and_a_dead_one_is_unreachable(tmp_path: Path) -> None:
    """No socket, or one that nobody serves, means no daemon; one that closes without an answer is unreachable."""
    assert connect(tmp_path) is None
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / SOCKET))
    left.close()
    assert connect(tmp_path) is None
    (tmp_path / SOCKET).unlink()
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(tmp_path / SOCKET))
        mute.listen()

        def hang_up() -> None:
            for _ in range(2):
                mute.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        found = client.connect(tmp_path)
        assert found is not None
        with pytest.raises(DaemonUnreachable) as caught:
            found.status()
        assert caught.value.exit_code == 3
        thread.join()


def test_who_signs_in_at_the_socket_acts_with_a_token(served: Served) -> None:
    """The client's token says who acts; a daemon with operators answers `sign_in` where it is missing, and the capabilities are the role's."""
    made = served.client.operator_add(number="9001", person="赵管理", role="admin")
    with pytest.raises(client.SignInNeeded, match="请先登录"):
        served.client.quarantine_list()
    opened = served.client.operator_sign_in(number="9001", password=made["start_password"])
    admin = Client(served.work.path / SOCKET, opened["token"])
    with pytest.raises(Refused, match=r"请填|请重填|请不要用"):
        admin.operator_password(old=made["start_password"], new="short")
    assert admin.operator_password(old=made["start_password"], new="河畔 Teapot 47")["start_until"] is None
    said = admin.capabilities()
    assert (said["operators"], said["role"], "operator_add" in said["verbs"], "search" in said["verbs"]) == (True, "admin", True, False)
    with pytest.raises(Refused, match="“管理员”不能办理此项") as caught:
        admin.search(query="x")
    assert not isinstance(caught.value, client.SignInNeeded)
    assert raw(served, "POST", "/v1/operator_sign_in", b"{}") == (409, {"error": "参数不对：缺少 'number'；请补上", "exit_code": 1})
    admin.operator_sign_out()
    with pytest.raises(client.SignInNeeded, match="登录已过期"):
        admin.operator_list()
