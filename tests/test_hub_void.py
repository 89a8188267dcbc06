"""A delivery withdrawn after the hub has it: its records are void there too, hidden and kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from city import City
from test_faults import A, B, drop

from hub.desk import Desk
from node.service import Service
from sync.receipt import Grade
from sync.sandbox import Sandbox


@pytest.fixture
def city(tmp_path: Path, sandbox: Sandbox) -> Iterator[City]:
    """A hub and its node, with two receipted records."""
    made = City(tmp_path, sandbox).open_hub().join()
    drop(made, A, B)
    made.run()
    yield made
    made.close()


def withdraw(city: City) -> None:
    """The node's delivery turns out to be another archive's."""
    with city.work.opened() as engine:
        assert Service(engine).delivery_withdraw("扫描", "王秀英", "别馆的，误投")["voided"] == 2


def test_a_void_record_is_hidden_and_kept(city: City) -> None:
    """Search, export and counts know it no more; by its id it is shown with who voided it and why; no byte of it was sent again or lost."""
    before = city.at_hub()
    assert len(before) == 4
    stored = set(city.hub.hub.home.objects.names())
    withdraw(city)
    sent = city.run(intake=False).bytes_sent
    assert sent < 20_000
    assert city.at_hub() == {}
    desk: Desk = city.hub.hub.desk
    assert desk.call("search", query=A)["total"] == 0
    assert stored < set(city.hub.hub.home.objects.names())
    assert city.complaints() == []
    city.run(intake=False)
    assert city.receipted(Grade.R4) == city.receipted() == list(range(1, city.head() + 1))
    with city.work.opened() as engine:
        identities = [row[0].hex() for row in engine.home.database.read().execute("SELECT id FROM record")]
    shown = [desk.call("show", ref=f"id:{identity}") for identity in identities]
    assert [one["void"]["reason"] for one in shown] == ["别馆的，误投"] * 2
    assert [one["void"]["by"] for one in shown] == ["王秀英"] * 2
    assert [len(one["versions"]) for one in shown] == [2, 2]
    assert [one["pages"] for one in shown] == [[], []]


def test_what_is_taken_up_again_comes_as_new_records(city: City) -> None:
    """Reopened, the same folders are sealed anew under other ids; the void ones stay void."""
    withdraw(city)
    city.run()
    with city.work.opened() as engine:
        Service(engine).delivery_reopen("扫描", "王秀英")
    city.run()
    city.run()
    city.arrived()
    with city.work.opened() as engine:
        states = [row[0] for row in engine.home.database.read().execute("SELECT ended FROM record ORDER BY number")]
    assert states == [1, 1, 0, 0]
