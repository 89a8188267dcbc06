"""Sound and moving pictures: no text, only what they are technically; runs in the sandbox."""

from __future__ import annotations

from holdings import av_probe
from holdings.page_facts import PageFacts
from holdings.page_text import PageText


class Recording:
    """A recording 录音录像; counts as one page without text.

    Raises:
        MediaUnreadable: nothing in it is sound or moving picture.
    """

    def __init__(self, data: bytes, media_type: str) -> None:
        self.count = 1
        known = av_probe.probe(data, len(data))
        width, height = known.resolution or (0, 0)
        codec = "+".join(dict.fromkeys(stream.codec for stream in known.streams if stream.codec))[:128]
        self._facts = PageFacts(media_type, 0, 1, width, height, codec=codec, duration_ms=known.duration_ms or 0)

    def page(self, index: int) -> tuple[PageText | None, PageFacts]:
        """As the contract says."""
        return None, self._facts

    def top(self, index: int) -> str:
        """Nothing stands on it."""
        return ""
