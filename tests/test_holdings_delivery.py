"""Deliveries: names, states, rounds, history, and what a 保密审查 covers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from node_at_work import make

from crypto import cbor
from holdings import catalogue, catalogue_sheets, delivery, delivery_history
from holdings.delivery import DeliveryAct, DeliveryState, Particulars, next_state
from holdings.delivery_name import DeliveryName, read_name
from holdings.errors import BodyUnreadable, ClearanceInvalid, DeliveryRefused
from holdings.gate import Cleared, Held, HeldReason, judge
from holdings.record import BODY_MAX, Basis, Clearance, Description, Level, Void, decode_record, encode_record
from holdings.security import SiteClass
from holdings.sheet import decode_parsed, parse_in_sandbox
from node.service import Service
from sync.database import Database, open_database
from sync.sandbox import Sandbox

A, B = "J001-003-0001-00001", "J001-003-0001-00002"
SUBMIT, ACCEPT, RETURN, WITHDRAW, REOPEN = DeliveryAct


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database of this room alone."""
    opened = open_database(tmp_path / "holdings.db", bytes(32), ["holdings"])
    with opened.transaction() as connection:
        delivery.upsert(connection, "扫描/第03批_20231018", "扫描", 1)
    yield opened
    opened.close()


NAME = "扫描/第03批_20231018"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("第03批_20231018", DeliveryName(3, "20231018")),
        ("扫描/第03批_20231018", DeliveryName(3, "20231018")),
        ("扫描站2/20231018", DeliveryName(None, "20231018", "扫描站2")),
        ("第十二批 2023-10-18", DeliveryName(12, "20231018")),
        ("第二十批", DeliveryName(20)),
        ("第一百零五批", DeliveryName(105)),
        ("第三批/第四批", DeliveryName(4)),
        ("第０３批", DeliveryName(3)),
        ("2011永久", DeliveryName()),
        ("123456789", DeliveryName()),
        ("第00批", DeliveryName()),
        ("扫描", DeliveryName()),
    ],
)
def test_the_name_of_a_folder_says_number_date_and_station(name: str, said: DeliveryName) -> None:
    """Numbers in Arabic and Chinese numerals, dates that are dates, and nothing where nothing is said."""
    assert read_name(name) == said


@given(st.text(max_size=40))
def test_any_name_can_be_read(name: str) -> None:
    """No folder name is too strange; a number that is read is a number."""
    assert (read_name(name).number or 1) >= 1


def test_a_new_delivery_takes_its_particulars_from_its_name_and_keeps_what_people_say(database: Database) -> None:
    """What a person wrote is not undone by the folder's next sheet; the day of receipt is that of the first naming."""
    with database.transaction() as connection:
        said = Particulars(contractor=" 恒信数字化公司 ", stations=("扫描站1", "扫描站2", "扫描站1"), received_by="王秀英")
        assert delivery.fetch(connection, NAME).number == 3
        delivery.describe(connection, NAME, said, 50)
        delivery.describe(connection, NAME, Particulars(number=4), 60)
        held = delivery.upsert(connection, NAME, "另一处", 70)
        with pytest.raises(DeliveryRefused):
            delivery.describe(connection, NAME, Particulars(number=0), 60)
    assert (held.number, held.contractor, held.stations) == (4, "恒信数字化公司", ("扫描站1", "扫描站2"))
    assert (held.received_by, held.received, held.folder, held.opened) == ("王秀英", 50, "另一处", 1)


@pytest.mark.parametrize(
    ("acts", "state", "rounds"),
    [
        ([SUBMIT], DeliveryState.SUBMITTED, 1),
        ([SUBMIT, ACCEPT], DeliveryState.ACCEPTED, 1),
        ([SUBMIT, RETURN], DeliveryState.RETURNED, 1),
        ([SUBMIT, RETURN, SUBMIT], DeliveryState.SUBMITTED, 2),
        ([SUBMIT, RETURN, SUBMIT, RETURN, SUBMIT, ACCEPT], DeliveryState.ACCEPTED, 3),
        ([SUBMIT, ACCEPT, RETURN, SUBMIT], DeliveryState.SUBMITTED, 2),
        ([SUBMIT, REOPEN, SUBMIT], DeliveryState.SUBMITTED, 1),
        ([WITHDRAW, REOPEN], DeliveryState.OPEN, 1),
    ],
)
def test_rounds_are_counted_by_returns(database: Database, acts: list[DeliveryAct], state: DeliveryState, rounds: int) -> None:
    """Only a submission after a return begins a new round; every act stands in the history with name and reason."""
    with database.transaction() as connection:
        for time, act in enumerate(acts):
            held = delivery_history.decide(connection, NAME, act, "赵工" if act is SUBMIT else "王秀英", "有缺页", time)
        kept = delivery_history.decisions(connection, held)
    assert (held.state, held.round) == (state, rounds)
    assert [(one.act, one.person, one.reason, one.time) for one in kept] == [
        (act, "赵工" if act is SUBMIT else "王秀英", "有缺页", time) for time, act in enumerate(acts)
    ]


@given(st.sampled_from(DeliveryState), st.sampled_from(DeliveryAct))
def test_an_act_leads_on_or_says_what_comes_first(state: DeliveryState, act: DeliveryAct) -> None:
    """Every pair of state and act has an answer; a refusal names both."""
    try:
        said = next_state(state, act).label
    except DeliveryRefused as refusal:
        said = str(refusal)
    assert said in {one.label for one in DeliveryState} or (state.label in said and act.label in said)


def test_nobody_accepts_what_he_submitted(database: Database) -> None:
    """Who brought the work in does not pass judgement on it; another name does, also after the next submission by somebody else."""
    with database.transaction() as connection:
        delivery_history.decide(connection, NAME, SUBMIT, "赵工", "", 1)
        with pytest.raises(DeliveryRefused, match="本人"):
            delivery_history.decide(connection, NAME, ACCEPT, " 赵工 ", "", 2)
        delivery_history.decide(connection, NAME, RETURN, "赵工", "漏扫", 3)
        delivery_history.decide(connection, NAME, SUBMIT, "钱工", "", 4)
        assert delivery_history.decide(connection, NAME, ACCEPT, "赵工", "", 5).state is DeliveryState.ACCEPTED


@pytest.mark.parametrize(("act", "person", "reason"), [(WITHDRAW, "王秀英", " "), (WITHDRAW, " ", "误投"), (SUBMIT, "", ""), (ACCEPT, "王", "")])
def test_nobody_decides_without_name_and_reason(database: Database, act: DeliveryAct, person: str, reason: str) -> None:
    """A refused act leaves neither state nor history."""
    with pytest.raises(DeliveryRefused), database.transaction() as connection:
        delivery_history.decide(connection, NAME, act, person, reason, 9)
    held = delivery.fetch(database.read(), NAME)
    assert (held.state, delivery_history.decisions(database.read(), held)) == (DeliveryState.OPEN, [])


def bring(database: Database, codes: list[str], now: int, title: str = "甲") -> None:
    """Import a sheet of these codes at a time, as the node does: later than every signature."""
    text = "\n".join(["档号,题名,成文日期,密级,页数", *(f"{code},{title},20190101,,1" for code in codes)])
    parsed = decode_parsed(parse_in_sandbox(text.encode(), "目录.csv"))
    with database.transaction() as connection:
        changed = max(now, delivery.covered_until(connection, NAME) + 1)
        catalogue.import_sheet(connection, delivery.fetch(connection, NAME), parsed, changed, SiteClass.OPEN)


def sign(database: Database, now: int, basis: Basis = Basis.REVIEW) -> None:
    """Two persons clear what is there."""
    with database.transaction() as connection:
        newest = catalogue.latest_import(connection, NAME)
        delivery.clear(connection, NAME, ["张三", "李四"], now, basis, newest)


def verdicts(database: Database) -> dict[str, bool]:
    """{code: may it be sealed}; what may not waits for its 保密审查 alone."""
    reading = database.read()
    held = delivery.fetch(reading, NAME).clearance
    found = {}
    for code in (A, B):
        verdict = judge(catalogue.row_for(reading, code), held, frozenset(), SiteClass.OPEN)
        assert isinstance(verdict, Cleared) or verdict in (Held(HeldReason.NO_CLEARANCE), Held(HeldReason.NO_ROW))
        found[code] = isinstance(verdict, Cleared)
    return found


@pytest.mark.parametrize("later", [100, 50, 20])
def test_a_review_covers_the_rows_that_were_there(database: Database, later: int) -> None:
    """A row that comes or changes after the signature waits for another one, whatever the clock says; the others go on."""
    bring(database, [A], 40)
    sign(database, 50)
    assert verdicts(database) == {A: True, B: False}
    bring(database, [A, B], later)
    assert verdicts(database) == {A: True, B: False}
    sign(database, later)
    assert verdicts(database) == {A: True, B: True}
    bring(database, [A, B], later + 1, title="乙")
    assert verdicts(database) == {A: False, B: False}


def test_the_same_signature_is_written_again_only_for_new_rows(database: Database) -> None:
    """Signing twice over the same rows is one signature, with the time of the first."""
    bring(database, [A], 40)
    sign(database, 50)
    sign(database, 60)
    assert (held := delivery.fetch(database.read(), NAME).clearance) is not None
    assert held.time == 50
    bring(database, [A, B], 70)
    sign(database, 80)
    assert (held := delivery.fetch(database.read(), NAME).clearance) is not None
    assert held.time == 80


def test_a_standing_default_covers_what_comes(database: Database) -> None:
    """Somebody declared it for every delivery of the profile: later rows are cleared by it too."""
    sign(database, 10, Basis.STANDING)
    bring(database, [A, B], 40)
    assert verdicts(database) == {A: True, B: True}


def test_a_withdrawn_delivery_cannot_be_cleared(database: Database) -> None:
    """The refusal names the command that brings it back."""
    with database.transaction() as connection:
        delivery_history.decide(connection, NAME, WITHDRAW, "王秀英", "误投", 5)
        assert delivery.withdrawn(connection) == {NAME}
        with pytest.raises(ClearanceInvalid, match="reopen"):
            delivery.clear(connection, NAME, ["张三", "李四"], 6)


@given(st.builds(Void, st.text(min_size=1, max_size=50), st.text(min_size=1, max_size=20), st.integers(0, 2**40)))
def test_a_void_says_who_and_why_for_good(void: Void) -> None:
    """The body of a void version keeps reason, person and time, and hides the record from a reader that does not know it."""
    said = Description("J001-003-0001-00001", Level.ITEM, {"题名": "甲"}, "批", Clearance(Basis.REVIEW, ("张三", "李四"), 1), ended=True, void=void)
    assert decode_record(encode_record(said)) == said
    assert cbor.decode(encode_record(said), limit=BODY_MAX)[8] is True


@pytest.mark.parametrize("void", [{1: "", 2: "王", 3: 1}, {1: "误投", 2: "", 3: 1}, {1: "误" * 2_001, 2: "王", 3: 1}, {1: "误投", 2: "王"}, {1: 1, 2: "王", 3: 1}])
def test_a_void_without_reason_or_name_is_unreadable(void: dict[int, object]) -> None:
    """A peer's body that voids without saying why is refused."""
    body = {1: "J001", 2: 4, 3: {}, 4: "批", 5: {1: 1, 2: ["张三"], 3: 1}, 8: True, 11: void}
    with pytest.raises(BodyUnreadable):
        decode_record(cbor.encode(body))


def test_nobody_signs_while_a_sheet_is_half_imported(tmp_path: Path, sandbox: Sandbox) -> None:
    """Rows of an import that goes on bear the time at which it began: a signature between two portions is refused."""
    work = make(tmp_path, sandbox, cleared_by="")
    work.scans.delivery({A: 1, B: 1})
    with work.opened() as engine:
        assert engine.run(settle_s=0, send=False).records == 0
        with engine.home.database.transaction() as connection:
            known = catalogue_sheets.find(connection, catalogue_sheets.OWN, "扫描", "目录.csv")
            assert known is not None
            catalogue_sheets.hold(connection, known.id, 5)
        with pytest.raises(ClearanceInvalid, match=r"目录\.csv"):
            Service(engine).clear("扫描", ["张三", "李四"])
