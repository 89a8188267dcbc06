"""A locked node says that it is up, and an unlocked one tells the hub how it is (node/knock.py, node/report.py)."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_in_thread import RunningHub, running

from crypto.errors import LockedOut
from hub import knock as knocks
from node import knock


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub."""
    with running(tmp_path_factory.mktemp("knock") / "hub") as made:
        yield made


def heard(hub: RunningHub) -> dict[bytes, int]:
    """Who knocked, and when."""
    return knocks.knocks(hub.hub.home.front.read())


def test_a_locked_node_knocks(hub: RunningHub, tmp_path: Path) -> None:
    """What is remembered in the clear is enough to knock at the pinned hub, and holds no secret; a key that cannot be opened knocks and fails as before."""
    node = hub.node("和平区")
    assert node.token is not None
    knock.remember(tmp_path, hub.address, node.token.tls_digest, node.log_id)
    assert set(json.loads((tmp_path / knock.FILE).read_text())) == {"host", "port", "tls_digest", "log_id"}
    before = (tmp_path / knock.FILE).stat().st_mtime_ns
    knock.remember(tmp_path, hub.address, node.token.tls_digest, node.log_id)
    assert (tmp_path / knock.FILE).stat().st_mtime_ns == before
    with pytest.raises(LockedOut), knock.knocking(tmp_path):
        raise LockedOut("没有凭据", "请放回")
    assert heard(hub) == {node.log_id: hub.clock.now}
    first = hub.clock.now
    hub.clock.now += 30
    assert knock.knock(tmp_path)
    assert heard(hub)[node.log_id] == first  # once a minute is enough
    hub.clock.now += 31
    assert knock.knock(tmp_path)
    assert heard(hub)[node.log_id] == hub.clock.now


@pytest.mark.parametrize(
    "content",
    [
        None,
        "{}",
        "nonsense",
        '{"host":"127.0.0.1","port":1,"tls_digest":"00","log_id":"00"}',
        '{"host":"127.0.0.1","port":1,"tls_digest":"zz","log_id":""}',
    ],
)
def test_a_knock_that_reaches_nobody_is_no_error(tmp_path: Path, content: str | None) -> None:
    """No file, a damaged one, no hub: nothing is raised, nothing waits."""
    if content is not None:
        (tmp_path / knock.FILE).write_text(content)
    assert not knock.knock(tmp_path)


def test_another_certificate_hears_nothing(hub: RunningHub, tmp_path: Path) -> None:
    """Whoever shows another certificate than the enrolled one is not told that the node is locked."""
    node = hub.node("河东区")
    knock.remember(tmp_path, hub.address, bytes(32), node.log_id)
    assert not knock.knock(tmp_path)
    assert node.log_id not in heard(hub)
