"""Acceptance sampling: size, reproducible choice, verdicts, and the printed list that comes back."""

import io
import random
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from holdings import delivery, delivery_history, sample_sheet, sample_store, sampling
from holdings.delivery import Delivery, DeliveryAct
from holdings.errors import DeliveryRefused, SheetUnreadable, SiteDataWrong
from holdings.sample_store import Judgement, Sample
from holdings.sampling import Candidate, PageVerdict, Scope, Unit, draw, fraction, percent, result, sample_size
from holdings.site_data import SiteData
from sync.database import Database, open_database

RULE = sampling.rule()
PASSED, FAILED, NONE = PageVerdict.PASSED, PageVerdict.FAILED, PageVerdict.NONE


def corpus(records: int, pages: int = 4) -> list[Candidate]:
    """Records of so many pages each."""
    return [
        Candidate(f"J001-003-0001-{r:05d}", f"{p:04d}.jpg", bytes(32))
        for r in range(1, records + 1)
        for p in range(1, pages + 1)
    ]


@pytest.mark.parametrize(
    ("population", "rate", "minimum", "size"),
    [(0, "0.05", 20, 0), (10, "0.05", 20, 10), (400, "0.05", 20, 20), (401, "0.05", 20, 21), (100_000, "5%", 20, 5_000), (30, "1", 1, 30)],
)
def test_the_rate_is_rounded_up_between_minimum_and_all(population: int, rate: str, minimum: int, size: int) -> None:
    """Five per cent of 401 are 21: a share is never cut below the rule."""
    share = fraction(rate)
    assert share is not None
    assert sample_size(population, share, minimum) == size


@pytest.mark.parametrize("text", ["", "0", "1.5", "101%", "-5%", "1e-9", "5/100", "五", "0.0000000001", "nan"])
def test_what_is_no_share_is_none(text: str) -> None:
    """Nothing, more than all, and notations that could cost time are no rate."""
    assert fraction(text) is None


@given(st.integers(1, 60), st.integers(1, 5), st.text(min_size=1, max_size=20).filter(lambda s: s.strip()), st.sampled_from(Unit), st.integers())
def test_the_choice_is_a_function_of_delivery_and_seed(records: int, pages: int, seed: str, unit: Unit, shuffle: int) -> None:
    """Any order of records, and any order of the pages within one, gives the same pages; every one of them is there once."""
    population = corpus(records, pages)
    groups = [population[n : n + pages] for n in range(0, len(population), pages)]
    dice = random.Random(shuffle)
    dice.shuffle(groups)
    shuffled = [one for group in groups for one in dice.sample(group, len(group))]
    first = draw(lambda: iter(population), "第03批", seed, unit, Fraction(1, 5), 3)
    again = draw(lambda: iter(shuffled), "第03批", seed, unit, Fraction(1, 5), 3)
    assert first == again
    assert (first.population_records, first.population_pages) == (records, records * pages)
    drawn = {one.reference_code for one in first.pages} if unit is Unit.RECORDS else first.pages
    assert len(drawn) == sample_size(records if unit is Unit.RECORDS else records * pages, Fraction(1, 5), 3)
    assert len(set(first.pages)) == len(first.pages)
    assert set(first.pages) <= set(population)


def test_another_seed_or_delivery_chooses_others() -> None:
    """Nobody knows the pages before the seed is thrown, and no delivery's choice tells another's."""
    population = corpus(100)

    def chosen(name: str, seed: str) -> tuple[Candidate, ...]:
        return draw(lambda: iter(population), name, seed, Unit.PAGES, Fraction(1, 20), 20).pages

    assert len({chosen("第03批", "甲"), chosen("第03批", "乙"), chosen("第04批", "甲")}) == 3


def test_every_page_is_equally_likely() -> None:
    """Over 2,000 seeds no page of 40 is drawn much more often than another."""
    counts = dict.fromkeys(corpus(10), 0)
    for seed in range(2_000):
        for one in draw(lambda: iter(counts), "批", str(seed), Unit.PAGES, Fraction(1, 10), 4).pages:
            counts[one] += 1
    assert all(140 <= count <= 260 for count in counts.values())


@pytest.mark.parametrize("seed", ["", "  ", "长" * 101])
def test_a_seed_has_a_length(seed: str) -> None:
    """An empty seed is no throw of dice."""
    with pytest.raises(DeliveryRefused):
        draw(lambda: iter(corpus(3)), "批", seed, Unit.PAGES, Fraction(1, 20), 3)


def test_nothing_to_draw_from_is_said() -> None:
    """A delivery without sealed pages is refused with what to do."""
    with pytest.raises(DeliveryRefused, match="没有可抽检的页"):
        draw(lambda: iter(()), "批", "1", Unit.PAGES, Fraction(1, 20), 3)


@pytest.mark.parametrize(
    ("unit", "verdicts", "rate", "passed"),
    [
        (Unit.PAGES, [PASSED] * 19 + [FAILED], "95.00%", True),
        (Unit.PAGES, [PASSED] * 18 + [FAILED] * 2, "90.00%", False),
        (Unit.PAGES, [PASSED] * 3 + [NONE], "100.00%", None),
        (Unit.PAGES, [NONE], "", None),
        (Unit.RECORDS, [PASSED] * 19 + [FAILED], "80.00%", False),
        (Unit.PAGES, [PASSED] * 18_998 + [FAILED] * 1_002, "94.99%", False),
    ],
)
def test_the_pass_mark_is_exact(unit: Unit, verdicts: list[PageVerdict], rate: str, passed: bool | None) -> None:
    """95 % passes, a hair below does not and never looks as if; a record of four pages fails with one of them."""
    found = result(unit, ((f"第{n // 4}件", verdict) for n, verdict in enumerate(verdicts)), RULE.pass_rate)
    assert (percent(found.rate), found.passed) == (rate, passed)


@pytest.mark.parametrize("text", ['[rule]\nrate = "0"', '[rule]\nminimum_pages = 0', "[rule]\nrat = 1", '[rule]\nrate = 5'])
def test_a_site_may_not_draw_nothing(text: str) -> None:
    """The site's own file may change rate, minimum and faults, within sense; what is wrong names the file."""
    with pytest.raises(SiteDataWrong, match="sampling"):
        sampling.rule(SiteData((("sampling.toml", text),)))
    assert sampling.rule(SiteData((("sampling.toml", '[rule]\nrate = "10%"'),))).rate == Fraction(1, 10)


# ------------------------------------------------------------------ kept, printed, filled in, read back


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database with one delivery."""
    opened = open_database(tmp_path / "holdings.db", bytes(32), ["holdings"])
    with opened.transaction() as connection:
        delivery.upsert(connection, "第03批", None, 1)
    yield opened
    opened.close()


def kept(database: Database, seed: str = "20231018", records: int = 10) -> tuple[Delivery, Sample]:
    """A drawing of twenty pages."""
    with database.transaction() as connection:
        held = delivery.fetch(connection, "第03批")
        drawn = draw(lambda: iter(corpus(records)), held.name, seed, Unit.PAGES, RULE.rate, RULE.minimum[Unit.PAGES])
        return held, sample_store.keep(
            connection, held, drawn, seed=seed, unit=Unit.PAGES, scope=Scope.ALL, rate=RULE.rate, minimum=20, person="王秀英", now=5
        )


def judge(database: Database, sample: Sample, *said: Judgement) -> int:
    """Write verdicts."""
    with database.transaction() as connection:
        return sample_store.judge(connection, sample, said, RULE.faults, 9)


def test_no_second_throw_while_the_first_is_unjudged(database: Database) -> None:
    """Drawing until the pages are good ones is not sampling: one drawing a round, until all its verdicts stand."""
    _, sample = kept(database)
    with pytest.raises(DeliveryRefused, match="还没有检完"):
        kept(database, "另一个")
    judge(database, sample, *(Judgement(n, PASSED, person="李") for n in range(1, 21)))
    with pytest.raises(DeliveryRefused, match="已用种子"):
        kept(database)
    assert kept(database, "另一个")[1].id != sample.id


@pytest.mark.parametrize(
    "said",
    [
        Judgement(21, PASSED, person="李"), Judgement(1, FAILED, person="李"), Judgement(1, FAILED, "T77", person="李"),
        Judgement(1, PASSED, "T01", person="李"), Judgement(1, PASSED), Judgement(1, FAILED, "Q99", person="李"),
    ],
)  # fmt: skip
def test_a_verdict_says_enough_or_nothing_is_written(database: Database, said: Judgement) -> None:
    """All verdicts of a call are written or none."""
    _, sample = kept(database)
    with pytest.raises(DeliveryRefused):
        judge(database, sample, Judgement(2, PASSED, person="李"), said)
    assert sample_store.judgement(database.read(), sample, RULE.pass_rate).judged == 0


def test_failed_pages_of_the_last_round_are_remembered(database: Database) -> None:
    """When the delivery comes back, the pages that failed are known, and their verdicts stay."""
    held, sample = kept(database)
    judge(database, sample, *(Judgement(n, PASSED, person="李") for n in range(2, 21)), Judgement(1, FAILED, "T04", "左倾", "李"))
    with database.transaction() as connection:
        for act in (DeliveryAct.SUBMIT, DeliveryAct.RETURN, DeliveryAct.SUBMIT):
            held = delivery_history.decide(connection, held.name, act, "王秀英", "偏斜", 10)
        assert [one.position for one in sample_store.failed_before(connection, held)] == [1]
        assert sample_store.judgement(connection, sample, RULE.pass_rate).passed is True


def filled(database: Database, sample: Sample, changes: dict[tuple[int, int], str]) -> bytes:
    """The printed list typed over by somebody: {(position, column): text}."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, f"抽检单 {sample.id}")
        sheet.write_row(4, 0, sample_sheet.COLUMNS)
        for page in sample_store.pages(database.read(), sample):
            cells = [str(page.position), page.reference_code, page.page, "合格", "", "", "李四"]
            for (position, column), text in changes.items():
                if position == page.position:
                    cells[column] = text
            sheet.write_row(4 + page.position, 0, cells)
    return out.getvalue()


def test_the_printed_list_comes_back_with_its_verdicts(database: Database) -> None:
    """What is printed reads back as it stands, blank or filled in; the slip of rework holds the failed pages alone."""
    held, sample = kept(database)
    reading = database.read()
    blank = sample_sheet.write(held, sample, sample_store.pages(reading, sample), RULE.faults)
    said = sample_sheet.decode(sample_sheet.read_in_sandbox(blank, "抽检单.xlsx"))
    assert (said.sample, len(said.lines)) == (sample.id, 20)
    assert sample_sheet.judgements(said, sample_store.pages(reading, sample)) == []
    back = filled(database, sample, {(3, 3): "×", (3, 4): "t04", (3, 5): "左倾", (5, 3): "√"})
    said = sample_sheet.decode(sample_sheet.read_in_sandbox(back, "抽检单.xlsx"))
    assert judge(database, sample, *sample_sheet.judgements(said, sample_store.pages(reading, sample))) == 20
    assert sample_store.judgement(database.read(), sample, RULE.pass_rate).failed == 1
    again = sample_sheet.write(held, sample, sample_store.pages(database.read(), sample), RULE.faults)
    said = sample_sheet.decode(sample_sheet.read_in_sandbox(again, "抽检单.xlsx"))
    assert judge(database, sample, *sample_sheet.judgements(said, sample_store.pages(reading, sample))) == 0
    slip = sample_sheet.write(held, sample, sample_store.pages(database.read(), sample), RULE.faults, only_failed=True)
    assert slip != again
    with pytest.raises(SheetUnreadable):
        sample_sheet.read_in_sandbox(slip, "整改通知单.xlsx")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({(3, 1): "J001-003-0001-09999"}, "档号或文件不符"),
        ({(3, 2): "9999.jpg"}, "档号或文件不符"),
        ({(3, 0): "99"}, "档号或文件不符"),
        ({(3, 0): "4"}, "档号或文件不符"),
        ({(3, 3): "差不多"}, "不认识"),
        ({(3, 3): "", (3, 4): "T01"}, "没有结论"),
    ],
)
def test_a_list_that_was_changed_is_refused(database: Database, changes: dict[tuple[int, int], str], rule: str) -> None:
    """Codes and files of a printed list are not for writing; the row is named."""
    _, sample = kept(database)
    back = filled(database, sample, changes)
    with pytest.raises(SheetUnreadable, match=rule):
        sample_sheet.judgements(
            sample_sheet.decode(sample_sheet.read_in_sandbox(back, "抽检单.xlsx")), sample_store.pages(database.read(), sample)
        )


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", "档号,题名\n1,2\n".encode(), "抽检单 1\n序号,档号\n".encode()])
def test_what_is_no_list_is_refused(data: bytes) -> None:
    """Any other file is said to be none, in Chinese."""
    with pytest.raises(SheetUnreadable):
        sample_sheet.read_in_sandbox(data, "什么.xlsx")
