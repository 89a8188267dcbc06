"""Vectors as they are made small, stored, held, scanned and made again."""

import random
from collections.abc import Iterator
from pathlib import Path

import meaning_kit as kit
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdings import catalogue_rows, meaning_store
from holdings.meaning_embedder import Stage, model_of
from holdings.meaning_quantise import Question, best, cosines, sketches, small, words
from holdings.meaning_site import MeaningSite
from holdings.meaning_store import SUBJECT_MAX, Range, Sketched
from holdings.meaning_text import OVERLAP, PASSAGE, PIECES_MAX, core, passages
from holdings.meaning_work import standing
from holdings.meaning_worker import Worker
from holdings.tally import Count, read
from sync.database import Database, open_database
from sync.errors import SandboxDied

SEED = 20261122


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database of this room alone."""
    opened = open_database(tmp_path / "holdings.db", bytes(32), ["holdings"])
    yield opened
    opened.close()


def drawn(count: int, seed: int = SEED) -> np.ndarray:
    """Unit vectors around some centres, as titles lie."""
    print(f"seed {seed}")
    draw = np.random.default_rng(seed)
    centres = draw.normal(size=(40, 512))
    made = (centres[draw.integers(0, 40, count)] + draw.normal(size=(count, 512))).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def stored(database: Database, vectors: np.ndarray, first: int = 1) -> int:
    """Vectors of subjects from first on; the model's number."""
    found = model_of(Stage.CANDIDATES)
    assert found is not None
    with database.transaction() as connection:
        model = meaning_store.adopt(connection, Stage.CANDIDATES, found)
        bits, eight = sketches(vectors), small(vectors)
        made = [Sketched(first + n, 0, bits[n * 64 : n * 64 + 64], eight[n * 512 : n * 512 + 512]) for n in range(len(vectors))]
        meaning_store.put(connection, model, [], made)
    return model


def test_small_vectors_find_what_exact_ones_find() -> None:
    """Against brute force in floats, over vectors without any order but chance's: seven in eight of the nearest twenty are among four hundred by
    sketch (of titles 99 in a hundred), and eight bits change no cosine by a hundredth."""
    vectors = drawn(6_000)
    rows, eight = words(sketches(vectors), 512), small(vectors)
    kept = []
    for asked in drawn(30, SEED + 1):
        exact = vectors @ asked
        assert np.abs(cosines(asked, eight) - exact).max() < 0.01
        nearest = set(np.argsort(-exact)[:20].tolist())
        kept.append(len(nearest & set(best(Question(asked).likeness(rows), 400).tolist())) / 20)
    assert np.mean(kept) > 0.85, kept


def test_likeness_counts_signs_by_their_weight() -> None:
    """The scan's sums are those of the definition: the weight of each dimension, 0 to 3, where signs agree."""
    vectors, asked = drawn(50), drawn(1, SEED + 2)[0]
    size = np.abs(asked)
    weight = np.clip(np.rint(size / (np.quantile(size, 0.98) * 0.75 / 3)), 0, 3)
    expected = ((vectors > 0) == (asked > 0)) @ weight
    assert Question(asked).likeness(words(sketches(vectors), 512)).tolist() == expected.tolist()


def test_scan_is_the_same_held_passing_and_after_a_death(database: Database) -> None:
    """Whatever part of the sketches is held in memory, and when the worker was replaced, a scan gives the same; groups that changed are read again."""
    vectors = drawn(3_000)
    model = stored(database, vectors[:1_500])
    stored(database, vectors[1_500:], first=20_000)
    answers = []
    for held in (1 << 20, 1_600 * 72, 0):
        worker = kit.worker(held)
        answers.append(worker.scan(database.read(), model, "防汛", 50))
        calls = worker._sandbox.calls  # type: ignore[union-attr]
        assert calls.count("hold") == {1 << 20: 2, 1_600 * 72: 1, 0: 0}[held]
        assert worker.scan(database.read(), model, "防汛", 50) == answers[0]
        assert calls.count("hold") == {1 << 20: 2, 1_600 * 72: 1, 0: 0}[held], "what is held is not sent again"
    assert answers[0] == answers[1] == answers[2]
    gone, own = [number >> 12 for number in answers[0][:10]], Worker(1 << 20)
    with database.transaction() as connection:
        meaning_store.removed(connection, gone)
    left = own.scan(database.read(), model, "防汛", 50)
    assert not {number >> 12 for number in left} & set(gone)
    assert left[:40] == answers[0][10:]
    assert own._sandbox is not None
    own._sandbox._idle.queue[0]._process.kill()  # type: ignore[union-attr]
    with pytest.raises(SandboxDied):
        own.scan(database.read(), model, "防汛", 50)
    assert own.scan(database.read(), model, "防汛", 50) == left
    among = [number >> 12 for number in left[5:9]]
    assert own.scan(database.read(), model, "防汛", 50, among) == left[5:9]
    own.close()
    assert not own.running


def test_a_killed_portion_is_made_again(database: Database) -> None:
    """Wherever the work ends, what was committed stays and the rest is made by the next one: each title once."""
    kit.lay(database, [f"关于第{n}号防汛工程的批复" for n in range(1_100)])
    work = kit.embedding(database)
    work.portion()
    assert standing(database.read()).titles == 512

    class Dies:
        def call(self, function: str, data: bytes) -> bytes:
            raise SandboxDied("沙箱进程意外退出")

    work._sandbox = Dies()  # type: ignore[assignment]
    with pytest.raises(SandboxDied):
        work.portion()
    assert standing(database.read()).titles == 512
    steps = kit.embed_all(database, order=False)
    assert [step.subjects for step in steps] == [512, 76]
    assert standing(database.read()).titles == 1_100
    assert database.read().execute("SELECT count(DISTINCT id), count(*) FROM meaning_vector").fetchone() == (1_100, 1_100)


def test_a_title_that_changes_meanwhile_is_not_stored_as_it_was(database: Database) -> None:
    """What is erased or changed between reading a title and storing its vector leaves nothing of what it was."""
    ids = kit.lay(database, ["关于防汛的通知", "关于抗旱的通知", "关于绿化的通知"])
    work = kit.embedding(database)
    inner = work._sandbox

    class Meanwhile:
        def call(self, function: str, data: bytes) -> bytes:
            with database.transaction() as connection:
                key = catalogue_rows.full_of(connection, [ids[1]])[0].key if not self.done else ""
                if not self.done:
                    catalogue_rows.erase(connection, 0, [key])
                    connection.execute("UPDATE catalogue_row SET title = '关于除雪的通知' WHERE id = ?", (ids[2],))
                    meaning_store.changed(connection, [ids[2]])
                self.done = True
            assert inner is not None
            return inner.call(function, data)

        done = False

    work._sandbox = Meanwhile()  # type: ignore[assignment]
    work.portion()
    assert [row[0] >> 12 for row in database.read().execute("SELECT id FROM meaning_vector")] == [ids[0]]
    kit.embed_all(database)
    assert standing(database.read()).titles == 2


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_what_is_wanted_is_a_set_of_subjects(seed: int) -> None:
    """However ranges come, grow, overlap and are done, what is wanted is what was wanted and is not done."""
    draw = random.Random(seed)
    database = open_database(Path(":memory:"), None, ["holdings"])
    wanted: set[int] = set()
    with database.transaction() as connection:
        connection.execute("DELETE FROM meaning_wanted")
        for _ in range(40):
            if draw.random() < 0.6:
                first = draw.randrange(1, 60)
                last = first + draw.randrange(8)
                meaning_store.came(connection, range(first, last + 1))
                wanted |= set(range(first, last + 1))
            elif (one := meaning_store.next_wanted(connection, Stage.CANDIDATES)) is not None:
                assert one.first == min(wanted)
                through = draw.randrange(one.first, one.last + 1)
                meaning_store.did(connection, one, through)
                others = connection.execute("SELECT first, last FROM meaning_wanted WHERE stage = 1").fetchall()
                wanted -= set(range(one.first, through + 1)) - {n for a, b in others for n in range(a, b + 1)}
            ranges = connection.execute("SELECT first, last FROM meaning_wanted WHERE stage = 1").fetchall()
            assert {n for a, b in ranges for n in range(a, b + 1)} == wanted
        meaning_store.renew(connection)
        assert meaning_store.next_wanted(connection, Stage.ORDER) == Range(Stage.ORDER, 1, SUBJECT_MAX)
    database.close()


def test_counters_agree_with_the_tables(database: Database) -> None:
    """After rows came, changed and went, in any order, the counters are what the tables hold."""
    draw = random.Random(SEED)
    ids = kit.lay(database, [f"关于{n}号事项的通知" for n in range(60)])
    kit.embed_all(database)
    for _ in range(6):
        with database.transaction() as connection:
            meaning_store.changed(connection, draw.sample(ids, 5))
            meaning_store.removed(connection, draw.sample(ids, 5))
        if draw.random() < 0.5:
            kit.embed_all(database)
    reading = database.read()
    held = [reading.execute(f"SELECT count(*) FROM meaning_{table}").fetchone()[0] for table in ("vector", "sketch", "order")]
    counted = [read(reading, one) for one in (Count.MEANING_TITLES, Count.MEANING_TITLES, Count.MEANING_ORDERED)]
    assert held == counted
    assert sum(size for _, _, size in meaning_store.groups(reading)) == held[1]


def test_what_differs_from_the_catalogue_is_found_and_mended(database: Database) -> None:
    """A vector that is lacking is made, one whose row is no more goes; a second look finds nothing."""
    ids = kit.lay(database, [f"关于{n}号事项的通知" for n in range(30)])
    site = MeaningSite(database)
    assert site.check() == {"checked": 0, "lacking": 0, "stray": 0}, "before there is a model"
    kit.embed_all(database, order=False)
    assert site.check() == {"checked": 30, "lacking": 0, "stray": 0}
    with database.transaction() as connection:
        meaning_store.removed(connection, ids[3:5])
        connection.execute("DELETE FROM catalogue_row WHERE id IN (?, ?, ?)", tuple(ids[10:13]))
    assert site.check() == {"checked": 27, "lacking": 2, "stray": 3}
    assert site.check() == {"checked": 27, "lacking": 0, "stray": 0}, "what is lacking is wanted"
    kit.embed_all(database, order=False)
    assert standing(database.read()).titles == 27
    assert site.state()["bytes"] == 27 * 680
    site.renew()
    assert [step.texts for step in kit.embed_all(database, order=False)] == [27]
    site.close()


@pytest.mark.parametrize(
    ("title", "left"),
    [
        ("关于危旧平房改造居民安置办法的批复", "危旧平房改造居民安置办法"), ("夏粮征购任务完成进度统计表", "夏粮征购任务完成进度"), ("通知", "通知"),
        ("关于的通知", "关于的通知"), ("", ""), ("王淑珍", "王淑珍"), ("关于\n召开 会议的紧急通知", "召开 会议"),
    ],
)  # fmt: skip
def test_titles_without_what_names_their_kind(title: str, left: str) -> None:
    """What is embedded of a title; never nothing of something."""
    assert core(title) == left


@settings(max_examples=80)
@given(st.lists(st.text("天津关于防汛。！ a", max_size=900), max_size=5))
def test_passages_cover_every_page(pages: list[str]) -> None:
    """Passages are of bounded size, stand on their page in order, overlap, and leave nothing of a page out."""
    made = list(passages(enumerate(pages)))
    assert len(made) <= PIECES_MAX
    assert [one.page for one in made] == sorted(one.page for one in made)
    for number, page in enumerate(pages):
        plain, at = " ".join(page.split()), 0
        for one in (one for one in made if one.page == number):
            assert len(one.text) <= PASSAGE + OVERLAP
            place = plain.find(one.text, max(0, at - OVERLAP))
            assert 0 <= place <= at
            at = place + len(one.text)
        assert at == len(plain) or len(plain) < 8
