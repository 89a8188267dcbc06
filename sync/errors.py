"""What may go wrong between two copies, sorted by who must act.

SyncError
├─ PeerError            the other side must change something
│  ├─ PeerMisbehaved    it sent what the format forbids (BadObject, BadEntry, Fork, WrongPeer)
│  └─ PeerRefused       it answered no: code, remedy, perhaps when to try again
├─ LinkLost             nobody's fault: try again later
├─ StoreError           the disk or its operator must act (StoreFull, StoreDamaged)
├─ RolledBack           a copy was restored from an old image: a person decides
├─ SourceEnded          a file became shorter while it was read: look at it anew
└─ SandboxError         a file made a decoder fail (SandboxRefused, SandboxDied)
"""

from __future__ import annotations


class SyncError(Exception):
    """Base of everything that crosses the door of this room."""


class PeerError(SyncError):
    """The peer must change something."""


class PeerMisbehaved(PeerError):
    """The peer sent what the format forbids."""


class BadObject(PeerMisbehaved):
    """Bytes that are no valid object of format.md, or not the object they claim to be."""


class BadEntry(BadObject):
    """An entry that is not valid at its place in its log (format.md §7)."""


class Fork(PeerMisbehaved):
    """Two entries with the same (log_id, seq): both are kept, the log is frozen (format.md §7)."""


class WrongPeer(PeerMisbehaved):
    """What answers is not the hub this node was enrolled at."""


class PeerRefused(PeerError):
    """The peer answered no.

    `status` is the HTTP status, `code` the word of format.md §11, `retry_after_s` the wait it asks for (0 = none asked), `detail` the decoded extra field.
    """

    def __init__(
        self, status: int, code: str, message: str, remedy: str, retry_after_s: float = 0.0, detail: object = None
    ) -> None:
        super().__init__(f"{message}（{code}）。{remedy}" if remedy else f"{message}（{code}）")
        self.status, self.code, self.message, self.remedy = status, code, message, remedy
        self.retry_after_s, self.detail = retry_after_s, detail


class LinkLost(SyncError):
    """The connection broke or never came about; what was durable stays so."""


class StoreError(SyncError):
    """The disk, or who looks after it, must act."""


class StoreFull(StoreError):
    """No room for an object; nothing half-written is left visible."""


class StoreDamaged(StoreError):
    """An object or a database is not what was stored."""


class NewerSchema(StoreError):
    """The database was written by a newer program (format.md §13)."""


class HomeBusy(StoreError):
    """Another process holds the home."""


class RolledBack(SyncError):
    """This copy knows less than its peer: it was restored from an old image and must not sign (DESIGN §4)."""


class SourceEnded(SyncError):
    """A file has fewer bytes than it had when it was looked at."""


class SandboxError(SyncError):
    """A decoder failed on bytes from outside."""


class SandboxRefused(SandboxError):
    """The decoder looked at the bytes and said why it cannot take them."""


class SandboxDied(SandboxError):
    """The decoder crashed, ran out of memory or took too long."""
