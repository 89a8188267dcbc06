"""What the index holds after a transaction is what was put and taken out in it, in whatever order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdings import search_document, search_index
from holdings.search_document import Document
from sync.database import Database, open_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database of this room alone."""
    opened = open_database(tmp_path / "holdings.db", bytes(32), ["holdings"])
    yield opened
    opened.close()


def document(title: str, date: str = "19830512") -> Document:
    """A volume of 1983."""
    return search_document.of_row(("题名",), f'["{title}"]', title=title, code="", key="", level=3, holder=0, date=date)


def held(database: Database) -> set[int]:
    """Ids that the index gives for the year."""
    with database.transaction() as connection:
        serving = search_index.state(connection).serving
        (filters,) = {document("x").filters().split()[-1]}
        return set(search_index.candidates(connection, serving, [(4, f'"{filters}"')], (0, 1 << 60)))


def test_a_row_that_goes_and_comes_back_takes_none_along(database: Database) -> None:
    """A row is taken out and put back, then others follow, all in one transaction: every one is found."""
    with database.transaction() as connection:
        search_index.put(connection, [3], [document("通知")])
    with database.transaction() as connection:
        search_index.take_out(connection, [3], [document("通知")])
        search_index.put(connection, [3], [document("通知")])
        search_index.put(connection, [4], [document("通知")])
    assert held(database) == {3, 4}


def test_any_order_of_acts(database: Database) -> None:
    """Rows put, taken out, changed and put back at random, many in one transaction: the index gives those that are there."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    draw, there = random.Random(seed), dict[int, str]()
    for _ in range(60):
        with database.transaction() as connection:
            for _ in range(draw.randrange(1, 8)):
                number, title = draw.randrange(1, 17), draw.choice(("通知", "报告", "防汛通知"))
                act = draw.choice(("out", "change", "back")) if number in there else "put"
                if act in ("out", "back"):
                    search_index.take_out(connection, [number], [document(there.pop(number))])
                if act in ("put", "back"):
                    # What comes behind a row that came back is what SQLite's fault took along.
                    above = [one for one in range(number + 1, 17) if one not in there and draw.random() < 0.2]
                    for one in (number, *above):
                        search_index.put(connection, [one], [document(title)])
                        there[one] = title
                if act == "change":
                    search_index.change(connection, [number], [(document(there[number]), "")], [(document(title), "")])
                    there[number] = title
        assert held(database) == set(there)


@pytest.mark.parametrize("then", [None, document("通", "20010102")], ids=["taken out", "of another time"])
def test_the_last_one_goes_though_it_repeats_itself(database: Database, then: Document | None) -> None:
    """The only row of its part came to say one pair many times: it leaves, and the index does not hold itself damaged."""
    first, repeating = document("通"), document("通知" * 20)
    with database.transaction() as connection:
        search_index.put(connection, [3], [first])
    with database.transaction() as connection:
        search_index.change(connection, [3], [(first, "")], [(repeating, "")])
    with database.transaction() as connection:
        if then is None:
            search_index.take_out(connection, [3], [repeating])
        else:
            search_index.change(connection, [3], [(repeating, "")], [(then, "")])
    assert held(database) == set()


def test_blocks_fit_into_a_page(database: Database) -> None:
    """No block of the index runs over into a second page of the encrypted file: each would be deciphered for two."""
    draw = random.Random(4)
    titles = ["".join(chr(draw.randrange(0x4E00, 0x9FA5)) for _ in range(25)) for _ in range(600)]
    with database.transaction() as connection:
        search_index.put(connection, range(1, 601), [document(title) for title in titles])
    with database.transaction() as connection:
        sizes = [int(size) for (size,) in connection.execute("SELECT length(block) FROM search_index_a_4_data")]
        page = int(connection.pragma("page_size")) - 64  # what the cipher keeps of each
    assert len(sizes) > 20
    # What SQLite's file format leaves to a cell of a table before it runs over, less the header of a row with a key and a block.
    assert max(sizes) <= page - 35 - 4
