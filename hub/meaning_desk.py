"""The desk's words about search by meaning: how far vectors are, and making them now."""

from __future__ import annotations

from typing import Final

from msgspec.structs import asdict

from hub.desk import Answer, Number
from hub.home import Home

PORTION_S: Final = 20
"""Seconds of one call: a command shows how far it is, and asks again."""


class MeaningDesk:
    """Vectors are made by a running hub in its idle time; these say how far they are, and hurry."""

    def __init__(self, home: Home) -> None:
        self._meaning = home.meaning

    def meaning_status(self) -> Answer:
        """Titles and passages that can be found by meaning, of how many; the models; why it is switched off, if it is."""
        return self._meaning.state()

    def meaning_check(self) -> Answer:
        """Compare vectors with the catalogue; what is lacking is made later, what is stray goes."""
        return self._meaning.check()

    def meaning_run(self, seconds: Number = PORTION_S, renew: bool = False) -> Answer:
        """Make vectors for at most so many seconds; `waiting` says that there is more. `renew`: every one anew."""
        if renew:
            self._meaning.renew()
        done = self._meaning.run(seconds=min(seconds, 600))
        return {**asdict(done), **self._meaning.state()}
