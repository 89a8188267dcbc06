"""What tests of meaning share: rows in a catalogue, a worker, and vectors made on the spot."""

import atexit
from collections.abc import Sequence
from pathlib import Path

from holdings import catalogue_rows, catalogue_sheets, delivery, meaning_store
from holdings.catalogue_line import LineMaker
from holdings.meaning_embedder import Stage
from holdings.meaning_work import Embedding, Step
from holdings.meaning_worker import Worker
from holdings.security import MarkKind
from holdings.sheet_notes import SheetRow
from sync.database import Database
from sync.sandbox import Sandbox

HERE = Path(__file__).parent


class Shared:
    """One sandbox for all workers of the tests, whose process loads the models once. `calls`: functions that were asked."""

    sandbox: Sandbox | None = None

    def __init__(self) -> None:
        self.calls: list[str] = []

    def call(self, function: str, data: bytes) -> bytes:
        """See sync.sandbox.Sandbox."""
        if Shared.sandbox is None:
            Shared.sandbox = Sandbox(workers=1, memory_mb=2_048, seconds=120, nice=0, recycle=1 << 30)
            atexit.register(Shared.sandbox.close)
        self.calls.append(function.rpartition(":")[2])
        return Shared.sandbox.call(function, data)

    def close(self) -> None:
        """The process goes on for the next one."""


def worker(held_max: int = 1 << 20) -> Worker:
    """A worker over the shared process."""
    made = Worker(held_max)
    made._sandbox = Shared()  # type: ignore[assignment]
    return made


def embedding(database: Database) -> Embedding:
    """What makes vectors, over the shared process."""
    made = Embedding(database)
    made._sandbox = Shared()  # type: ignore[assignment]
    return made


def embed_all(database: Database, *, order: bool = True) -> list[Step]:
    """Make every vector that is wanted; without `order` those of the quick model alone."""
    work, steps = embedding(database), []
    while order or not steps or meaning_store.next_wanted(database.read(), Stage.CANDIDATES) is not None:
        if (step := work.portion()).stage is None:
            break
        steps.append(step)
    assert {step.stage for step in steps} <= set(Stage)
    return steps


def lay(database: Database, titles: Sequence[str], *, first: int = 1, holder: str = "", **others: str) -> list[int]:
    """Rows with these titles into the catalogue; their ids."""
    with database.transaction() as connection:
        delivery.upsert(connection, "批", None, 1)
        owner = catalogue_sheets.holder(connection, holder) if holder else 0
        sheet = catalogue_sheets.make_known(connection, owner, "批", f"{holder}表.csv", 1).id
        values = {"档号": "", "题名": "", **others}
        maker = LineMaker(values)
        lines = []
        for at, title in enumerate(titles, first):
            code = f"J001-3-{at:05d}"
            row = {**values, "档号": code, "题名": title}
            lines.append(maker.make(SheetRow(at + 1, code, None, MarkKind.OPEN, code, row, tab="")))
        return list(catalogue_rows.insert(connection, owner, sheet, catalogue_rows.columns(connection, maker.columns), lines, 1))


def pairs(name: str = "meaning_pairs.tsv") -> list[tuple[str, str]]:
    """(title, what somebody asks who looks for it) of a set of this folder."""
    lines = (HERE / name).read_text("utf-8").splitlines()[1:]
    return [(title, query) for title, query in (line.split("\t") for line in lines)]
