"""Reception for tests: a hub with its people's door, a node that reports six records of one delivery, and the sealed paper that comes back."""

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from node_and_hub import enrol
from node_at_work import NodeAtWork
from people_door import Door, open_door
from PIL import Image, ImageDraw

from holdings import records
from holdings.access import Access
from holdings.reception import Standing, Tally
from hub import reception_intake, reception_store
from hub.reception_store import Reception
from sync.sandbox import Sandbox

CODES = [f"J023-WS·2011·Y-{number:04d}" for number in range(1, 7)]


@dataclass
class Counter:
    """A hub with its people's door, a node, and an archivist's browser."""

    door: Door
    work: NodeAtWork

    def send(self) -> None:
        """The node takes in, sends, and the hub folds."""
        with self.work.opened() as engine:
            engine.run(settle_s=0.0)
        self.door.hub.folded()

    @property
    def reception(self) -> Reception:
        """The node's one delivery, taken in."""
        holdings = self.door.hub.hub.home.holdings
        assert reception_intake.take_in(holdings)
        [held] = reception_store.listed(holdings.read(), Access.whole(), list(Standing))
        return held

    def numbers(self) -> dict[str, int]:
        """Record's number by its last three digits."""
        found = records.walk(self.door.hub.hub.home.holdings.read())
        return {record.reference_code[-1]: record.number for record in found}

    def counts(self) -> dict[Standing, int]:
        """Records by standing, where there are any."""
        found = reception_store.counts(self.door.hub.hub.home.holdings.read(), self.reception, Access.whole())
        return {standing: tally.records for standing, tally in found.items() if tally != Tally()}


@contextlib.contextmanager
def reception_at(folder: Path, sandbox: Sandbox) -> Iterator[Counter]:
    """Six records of one delivery at the hub, checked there."""
    with open_door(folder / "hub") as door:
        work = enrol(folder / "node", door.hub, door.hub.address, sandbox)
        made = Counter(door, work)
        work.scans.delivery({code: 2 + (at == 1) for at, code in enumerate(CODES)})
        made.send()
        door.hub.hub.desk.call("check_run")
        yield made


def sealed_sheet(form: str) -> bytes:
    """Two pages with a red seal, as a scanner saves them."""
    sheets = [Image.new("RGB", (620, 877), "white") for _ in range(2)]
    ImageDraw.Draw(sheets[0]).ellipse((400, 600, 560, 760), outline="red", width=6)
    out = io.BytesIO()
    sheets[0].save(out, form, save_all=True, append_images=sheets[1:])
    return out.getvalue()
