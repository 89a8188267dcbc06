"""Where rows of the catalogue come from: whose they are, with which delivery, in which sheet; pure."""

from __future__ import annotations

from msgspec import Struct


class Origin(Struct, frozen=True):
    """What is imported: whose rows (0: this site's), delivery and name of the sheet; `source` tells the bytes of one file
    from another's, empty when an import that was cut off is to begin anew."""

    holder: int
    delivery: str
    name: str
    source: bytes = b""
    owner: str = ""
    """Name of a holder other than this site: two districts may call their deliveries alike."""

    @property
    def place(self) -> str:
        """The delivery, told from another holder's of that name."""
        return f"{self.owner}/{self.delivery}" if self.owner else self.delivery

    @property
    def scope(self) -> str:
        """What its findings are settled under."""
        return f"{self.place}/{self.name}"
