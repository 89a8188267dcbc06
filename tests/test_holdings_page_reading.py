"""The text of a part as readers get it: corrections before engines, what was asked marked in it, page by page; how show prints it."""

from pathlib import Path

from holdings import page_reading, records, text_change, text_store
from holdings.page_text import PageText, TextLine
from holdings.record import Basis, Clearance, Description, Level, RecordId
from holdings.search_prose import Look, text_lines
from sync.database import open_database

PART = bytes(32)


def page(*lines: str, engine: str = "pdf") -> PageText:
    """A page of lines."""
    return PageText(engine, "1", 0, 0, lines=tuple(TextLine(line) for line in lines))


def test_what_was_asked_is_marked_in_the_text(tmp_path: Path) -> None:
    """Pages in order with form feeds between; marks are places of that text, across traditional and full-width writing; nothing asked, nothing marked."""
    database = open_database(tmp_path / "holdings.db", bytes(32), ["holdings"])
    said = Description(
        reference_code="J001-3-0001", level=Level.ITEM, elements={"题名": "请示"}, delivery="批",
        clearance=Clearance(Basis.STANDING, ("张三",), 1),
    )  # fmt: skip
    with database.transaction() as connection:
        number = records.create_record(connection, RecordId(bytes(16)), said, pages=1, size=1, now=1).number
        contents = (page("關於修繕校舍", "的批复"), page("附件：ＷＴＯ規則", "修缮费用"))
        read = [text_store.reading(PART, at, content, version=1, time=1) for at, content in enumerate(contents)]
        text_change.put(connection, number, read, live=[PART])
    reading = database.read()
    told = page_reading.told(reading, number, PART, page_reading.marking("修缮 wto"))
    assert told["text"] == "關於修繕校舍\n的批复\f附件：ＷＴＯ規則\n修缮费用"
    assert [told["text"][start:end] for start, end in told["marks"]] == ["修繕", "ＷＴＯ", "修缮"]
    assert page_reading.told(reading, number, PART, page_reading.marking(" "))["marks"] == []
    assert page_reading.told(reading, number, bytes(31) + b"1", page_reading.marking("修缮"))["text"] == ""
    shown = list(text_lines(told["text"], told["marks"], whole=False))
    assert [[text for text, look in line if look is Look.MARK] for line in shown] == [["修繕"], ["ＷＴＯ"], ["修缮"]]
    assert [line[0][0].strip() for line in shown] == ["1", "2", "2"]
    assert len(list(text_lines(told["text"], [], whole=True))) == 4
    database.close()
