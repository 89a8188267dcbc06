"""Verbs of search by meaning: how far vectors are, and making them now."""

from __future__ import annotations

from msgspec.structs import asdict

from node.verbs import Answer, Verbs

PORTION_S = 20.0
"""Seconds of one call: a command shows how far it is, and asks again."""


class MeaningVerbs(Verbs):
    """Vectors are made in idle time by themselves; these say how far they are, and hurry."""

    def meaning_status(self) -> Answer:
        """Titles and passages that can be found by meaning, of how many; the models; why it is switched off, if it is."""
        return self._engine.meaning.state()

    def meaning_check(self) -> Answer:
        """Compare vectors with the catalogue; what is lacking is made later, what is stray goes."""
        return self._engine.meaning.check()

    def meaning_run(self, seconds: float = PORTION_S, renew: bool = False) -> Answer:
        """Make vectors for at most so many seconds; `waiting` says that there is more. `renew`: every one anew."""
        if renew:
            self._engine.meaning.renew()
        done = self._engine.meaning.run(self._engine.cancel.is_set, max(0.0, min(seconds, 600.0)))
        return {**asdict(done), **self._engine.meaning.state()}
