"""Renumbering as a set, sheets of new codes, elements that follow, and what merge and split make of names and counts: pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from holdings.errors import SheetUnreadable
from holdings.record import Basis, Clearance, Description, Level, RecordId
from holdings.reference_code import match_key
from holdings.renumber import ROWS_MAX, Wish, Wrong, follow, plan
from holdings.renumber_sheet import CodeRow, decode_codes, read_codes
from holdings.reshape import Piece, may_merge, merged, names_behind, piece_of, split_fault

SAID = Description("A002-RS-001", Level.VOLUME, {"题名": "人事卷", "密级": "", "页数": "4", "案卷号": "001"}, "批", Clearance(Basis.STANDING, ("李四",), 1))
_CODES = [f"A-{n}" for n in range(8)]


@given(
    st.sets(st.sampled_from(_CODES)), st.lists(st.tuples(st.sampled_from(_CODES), st.sampled_from([*_CODES, "", "a/b"])), max_size=10)
)
def test_a_set_is_taken_exactly_when_its_end_state_is_sound(held: set[str], pairs: list[tuple[str, str]]) -> None:
    """Nothing is refused exactly when every old code stands once and all codes differ when everything is carried out."""
    made = plan([Wish(n, old, new) for n, (old, new) in enumerate(pairs)], lambda key: key if key in held else None)
    olds, news = [old for old, _ in pairs], [new for _, new in pairs]
    end = [new for _, new in pairs] + [code for code in held if code not in olds]
    sound = set(olds) <= held and len(set(olds)) == len(olds) and set(news) <= set(_CODES) and len(set(end)) == len(end)
    assert (not made.refused) == sound
    if sound:
        assert len(made.changes) == sum(old != new for old, new in pairs)
        assert made.unchanged == sum(old == new for old, new in pairs)
    assert all(refused.rule and refused.remedy for refused in made.refused)


def test_look_alikes_are_the_same_code() -> None:
    """Old codes are found however they are written; a repair that changes only the print is a change."""
    held = {match_key("J001-WS·2003·Y-BGS-00003"): "J001-WS.2003.Y-BGS-00003"}
    made = plan([Wish(2, "ｊ001—WS・2003・Y—BGS—00003", "J001-WS·2003·Y-BGS-00003")], held.get)
    assert [(c.old_key, c.new, c.new_key) for c in made.changes] == [("J001-WS·2003·Y-BGS-00003",) * 3]
    assert plan([Wish(2, "J001-WS·2003·Y-BGS-00003", "J001-WS.2003.Y-BGS-00003")], held.get).unchanged == 1


def test_a_set_is_bounded() -> None:
    """One sheet more than the bound is refused as a whole."""
    made = plan((Wish(n, f"A-{n}", f"B-{n}") for n in range(ROWS_MAX + 1)), lambda key: key)
    assert [r.wrong for r in made.refused] == [Wrong.TOO_MANY]


def test_what_may_not_be_named_is_taken_and_unknown() -> None:
    """A classified row's code cannot be renumbered and cannot be taken."""
    made = plan([Wish(1, "A", "C"), Wish(2, "B", "A")], {"A": "", "B": "B"}.get)
    assert [(r.row, r.wrong) for r in made.refused] == [(1, Wrong.OLD_UNKNOWN), (2, Wrong.NEW_TAKEN)]


@pytest.mark.parametrize(
    ("old", "new", "before", "after"),
    [
        ("A002-RS-001-005", "A002-RS-002-017", {"案卷号": "001", "件号": "5"}, {"案卷号": "002", "件号": "17"}),
        ("A002-RS-001-005", "A002-RS-001-006", {"件号": "7", "题名": "005"}, {"件号": "7", "题名": "005"}),
        ("Z008-WS·2019·Y-037", "Z008-WS·2020·Y-001", {"年度": "2019", "档号": "Z008-WS·2019·Y-037"}, {"年度": "2020", "档号": "Z008-WS·2020·Y-001"}),
        ("C038-001-002-003", "婚字第12号", {"全宗号": "C038"}, {"全宗号": "C038"}),
    ],
)
def test_elements_follow_the_code(old: str, new: str, before: dict[str, str], after: dict[str, str]) -> None:
    """An element that repeats a part of the old code says that part of the new one, in its own way of writing."""
    assert follow(before, old, new) == after


def test_a_sheet_of_codes_is_found_below_its_title() -> None:
    """Title rows, extra columns and synonyms do not matter; blank lines are passed over; pages are read."""
    text = "改号对照表\n序号,旧档号,题名, 新 档 号 ,起页\n1,A-1,人事,A-2,\n,,,,\n2,A-3,,A-4,5\n"
    rows = decode_codes(read_codes(text.encode("gb18030"), "改号.csv"))
    assert [(r.old, r.new, r.first, r.title) for r in rows] == [("A-1", "A-2", 0, "人事"), ("A-3", "A-4", 5, "")]
    assert rows[0].row < rows[1].row


@pytest.mark.parametrize("text", ["档号,题名\nA,b\n", "", "原档号,新档号,起页\nA,B,第几页\n"])
def test_a_sheet_that_cannot_be_read_says_why(text: str) -> None:
    """No header, nothing at all, or a page that is none: a sentence with the remedy."""
    with pytest.raises(SheetUnreadable):
        read_codes(text.encode(), "改号.csv")


@given(
    st.lists(st.sampled_from(["0001.jpg", "0002.jpg", "7.tif", "封面.jpg", "A 0001.jpg"]), unique=True),
    st.lists(st.sampled_from(["0001.jpg", "0002.JPG", "封面.jpg"]), unique=True),
)
def test_names_of_added_pages_differ(held: list[str], added: list[str]) -> None:
    """Every page keeps a name of its own, and its ending."""
    names = names_behind(held, added, "A")
    assert len({*held, *names}) == len(held) + len(added)
    assert [name.rpartition(".")[2] for name in names] == [name.rpartition(".")[2] for name in added]


def test_numbers_go_on() -> None:
    """Plain numbers are continued in their width."""
    assert names_behind(["0001.jpg", "0009.jpg"], ["1.tif", "2.tif"], "A") == ["0010.tif", "0011.tif"]


def test_a_merge_says_counts_uses_and_relations() -> None:
    """页数 are added where all are declared, uses and roles are laid behind each other, every code is kept."""
    one, two = RecordId(b"\1" * 16), RecordId(b"\2" * 16)
    source = replace(SAID, reference_code="A002-RS-002", elements={**SAID.elements, "页数": "3"}, roles=b"\1\0\0")
    whole, [gone] = merged(SAID, one, 4, [(two, source, 3, ["旧-2"])])
    assert (whole.elements["页数"], whole.roles, whole.uses, whole.former_codes) == ("7", b"\0\0\0\0\1\0\0", b"", ("A002-RS-002", "旧-2"))
    assert ([r.record for r in whole.relations], [r.record for r in gone.relations]) == ([two], [one])
    assert (gone.ended, gone.roles, whole.ended) == (True, b"", False)
    unsaid, _ = merged(SAID, one, 4, [(two, replace(source, elements={}), 3, [])])
    assert unsaid.elements["页数"] == "4"
    assert may_merge(SAID, replace(source, elements={"密级": "机密"}))
    assert not may_merge(SAID, source)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_pieces_that_tile_are_a_split(lengths: list[int], random: object) -> None:
    """Pieces that lie end to end are no fault, in whatever order; leaving one out or moving an end is."""
    pieces, start = [], 1
    for n, length in enumerate(lengths):
        pieces.append(Piece(n, f"A-{n}", start, start + length - 1))
        start += length
    random.shuffle(pieces)  # type: ignore[attr-defined]
    assert split_fault(pieces, start - 1) is None
    assert split_fault(pieces, start) is not None
    assert split_fault([*pieces[1:], replace(pieces[0], last=pieces[0].last + 1)], start - 1) is not None
    assert split_fault([replace(piece, code="A-0") for piece in pieces] * 2, start - 1) is not None


def test_a_piece_says_where_it_is_from() -> None:
    """A piece has its share of roles, its count, its title, and leads back; one that keeps the code has no relation of its own."""
    whole = RecordId(b"\1" * 16)
    piece = piece_of(replace(SAID, roles=b"\1\2\3\4"), Piece(1, "A002-RS-009", 2, 3, "后"), whole)
    assert (piece.roles, piece.elements["页数"], piece.elements["题名"], piece.elements["案卷号"]) == (b"\2\3", "2", "后", "009")
    assert ([r.record for r in piece.relations], piece.former_codes) == ([whole], (SAID.reference_code,))
    assert piece_of(SAID, Piece(1, SAID.reference_code, 1, 2), None).relations == ()


def test_rows_cross_as_they_are() -> None:
    """What the sandbox says is what the node reads."""
    assert decode_codes(b'[[3,"a","b",1,2,"c"]]') == [CodeRow(3, "a", "b", 1, 2, "c")]
