"""Texts of pages: which one counts, what is kept, what a new version hides, what travels (format.md §6.3)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from crypto import cbor
from holdings import facts_store, page_facts, page_text, records, tally, text_store
from holdings.errors import BodyUnreadable, OurFault
from holdings.page_facts import PageFacts
from holdings.page_text import PageText, TextLine
from holdings.record import Basis, Clearance, Description, Level, RecordId
from holdings.text_item import Correction, DerivedText, decode_text, encode_text
from holdings.text_store import StoredText
from sync.database import Database, open_database

ABOUT = Description(
    "J001-WS-1983-Y-BGS-00003",
    Level.ITEM,
    {"题名": "通知", "密级": ""},
    "第03批",
    Clearance(Basis.REVIEW, ("张三",), 1),
)
ONE, TWO = b"\x01" * 32, b"\x02" * 32


def read(
    text: str, *, sha256: bytes = ONE, page: int = 0, engine: str = "a", time: int = 1, sure: float = 0.9
) -> StoredText:
    """An engine's reading of one page."""
    lines = tuple(TextLine(line, confidence=sure) for line in text.splitlines())
    return text_store.reading(sha256, page, PageText(engine, "1", 0, 0, lines=lines), version=1, time=time)


def corrected(text: str, revision: int, *, time: int = 1) -> StoredText:
    """A person's correction of the first page."""
    return replace(read(text, engine="person", time=time), revision=revision, person="张三", confidence=1000)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database with one record of two parts."""
    opened = open_database(tmp_path / "holdings.db", bytes(32), ["holdings"])
    with opened.transaction() as connection:
        records.create_record(connection, RecordId(bytes(16)), ABOUT, pages=2, size=2, now=1)
    yield opened
    opened.close()


def shown(database: Database) -> list[str]:
    """What readers see of the record."""
    return list(text_store.texts(database.read(), 1))


def test_a_correction_outranks_engines_and_the_newest_of_each_counts(database: Database) -> None:
    """Whatever the order of arrival, the highest revision is shown, else the latest reading; the same again changes nothing."""
    steps = [
        (read("旧", time=5), True, "旧"),
        (read("旧", time=5), False, "旧"),
        (read("更旧", engine="b", time=4), False, "旧"),
        (read("新", engine="b", time=6), True, "新"),
        (corrected("改一", 1), True, "改一"),
        (read("更新", engine="c", time=9), False, "改一"),
        (corrected("改三", 3), True, "改三"),
        (corrected("改二", 2), False, "改三"),
    ]
    for number, (one, changed, expected) in enumerate(steps):
        with database.transaction() as connection:
            assert text_store.put(connection, 1, one) is changed, number
        assert shown(database) == [expected], number
    kept = text_store.history(database.read(), 1, ONE, 0)
    assert [(one.revision, one.text) for one in kept] == [(3, "改三"), (2, "改二"), (1, "改一"), (0, "更新"), (0, "新")]
    assert tally.read(database.read(), tally.Count.TEXT_PAGES) == 1


def test_old_readings_and_corrections_are_bounded(database: Database) -> None:
    """However often a page is read and corrected, two readings and a hundred corrections stay."""
    with database.transaction() as connection:
        for number in range(1, 120):
            text_store.put(connection, 1, corrected(str(number), number))
            text_store.put(connection, 1, read(str(number), engine=f"e{number}", time=number))
    kept = text_store.history(database.read(), 1, ONE, 0)
    assert [one.revision for one in kept] == [*range(119, 19, -1), 0, 0]
    assert [one.engine for one in kept[-2:]] == ["e119/1", "e118/1"]


def test_a_new_version_hides_and_an_older_page_that_returns_is_seen_again(database: Database) -> None:
    """Only parts of the current version are read, found and doubted; the rest is kept; a withheld record keeps nothing."""
    with database.transaction() as connection:
        text_store.put(connection, 1, read("第一页", sure=0.5))
        text_store.put(connection, 1, read("第二页", sha256=TWO, sure=0.6))
        facts_store.put(connection, 1, ONE, 0, page_facts.encode(PageFacts("image/jpeg")))
        assert text_store.keep(connection, 1, [TWO])
        assert not text_store.keep(connection, 1, [TWO])
    assert shown(database) == ["第二页"]
    assert [one.sha256 for _, one in text_store.doubtful(database.read(), 800, 10)] == [TWO]
    assert len(list(text_store.of_record(database.read(), 1, every=True))) == 2
    with database.transaction() as connection:
        assert text_store.keep(connection, 1, [ONE, TWO])
        text_store.put(connection, 1, corrected("第一页", 1))
    assert [one.sha256 for _, one in text_store.doubtful(database.read(), 800, 10)] == [TWO]
    with database.transaction() as connection:
        assert text_store.forget(connection, 1)
        facts_store.forget(connection, 1)
        assert not text_store.forget(connection, 1)
    assert (shown(database), facts_store.of_record(database.read(), 1)) == ([], {})
    assert tally.read(database.read(), tally.Count.TEXT_PAGES) == 0


_WORDS = st.text("天津市人民政府abc 12", min_size=1, max_size=20)
_PAGE = st.lists(_WORDS, max_size=3).map(
    lambda found: page_text.encode(PageText("rapidocr", "3", 0, 0, lines=tuple(map(TextLine, found))))
)
_PARTS = st.dictionaries(
    st.binary(min_size=32, max_size=32),
    st.dictionaries(st.integers(0, 99_999), _PAGE, min_size=1, max_size=3),
    max_size=3,
)
_FACTS = st.dictionaries(
    st.binary(min_size=32, max_size=32), st.just({0: page_facts.encode(PageFacts("image/tiff", dpi=3000))}), max_size=2
)


@given(_PARTS, _FACTS, st.integers(0, 1 << 40), st.none() | st.builds(Correction, st.integers(1, 99), _WORDS))
def test_text_items_come_back_as_they_went(
    pages: dict[bytes, dict[int, bytes]], facts: dict[bytes, dict[int, bytes]], time: int, said: Correction | None
) -> None:
    """Pages, facts, time and correction of a text body survive the way."""
    text = DerivedText(RecordId(bytes(16)), 3, "rapidocr/3", {}, pages, time, said, facts)
    assert decode_text(encode_text(text)) == text


@pytest.mark.parametrize("wrong", [
    {5: {b"short": {0: b""}}}, {5: {ONE: {0: b"no page text"}}}, {5: {ONE: {100_000: b""}}}, {5: {ONE: b""}}, {7: {ONE: {0: b"no facts"}}}, {8: {1: 0, 2: "张三"}},
    {8: {1: 1, 2: ""}}, {3: "x" * 161}, {64: True},
])  # fmt: skip
def test_what_is_no_text_body_is_refused(wrong: dict[int, object]) -> None:
    """A page, fact, correction or engine out of bounds refuses the whole item; keys below 64 that we do not know are passed over."""
    good = {1: bytes(16), 2: 1, 3: "rapidocr/3", 4: {}, 63: "later"}
    decode_text(cbor.encode(good))
    with pytest.raises(BodyUnreadable):
        decode_text(cbor.encode({**good, **wrong}))


def test_a_body_that_is_too_large_is_ours_to_split() -> None:
    """Encoding more than 256 KiB is our fault, not the reader's."""
    with pytest.raises(OurFault):
        encode_text(DerivedText(RecordId(bytes(16)), 1, "sm3/1", {ONE: "x" * (256 << 10)}))
