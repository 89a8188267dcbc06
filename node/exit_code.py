"""Which exit code an error means (DESIGN §7): 1 a person must look, 2 usage or configuration, 3 not reachable, 4 damage or rollback."""

from __future__ import annotations

from crypto.errors import CryptoError, LockedOut, WrongKey
from holdings.errors import HoldingsError, ProfileRefused, SearchRefused, SiteDataWrong
from node.errors import NodeError, SealingFailed
from sync.errors import (
    BadEntry,
    BadObject,
    Fork,
    HomeBusy,
    LinkLost,
    PeerRefused,
    RolledBack,
    StoreDamaged,
    StoreFull,
    SyncError,
    WrongPeer,
)

EXPECTED = (NodeError, HoldingsError, SyncError, CryptoError, SealingFailed)
_CODES: tuple[tuple[type[Exception], int], ...] = (
    (Fork, 4), (RolledBack, 4), (WrongPeer, 4), (StoreDamaged, 4), (StoreFull, 3), (LinkLost, 3), (PeerRefused, 3), (HomeBusy, 3), (BadEntry, 4), (BadObject, 2),
    (LockedOut, 2), (WrongKey, 2), (CryptoError, 4), (SiteDataWrong, 2), (ProfileRefused, 2), (SearchRefused, 2),
)  # fmt: skip


def of(fault: Exception) -> int:
    """The exit code of an expected error."""
    if isinstance(fault, NodeError):
        return fault.exit_code
    if isinstance(fault, SealingFailed) and isinstance(fault.__cause__, EXPECTED):
        return of(fault.__cause__)
    return next((code for kind, code in _CODES if isinstance(fault, kind)), 1)
