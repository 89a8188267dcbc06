"""The errors that leave the room crypto, sorted by who must act.

CryptoError
├─ BadFormat       the peer (or a disk): bytes that are not what format.md says
├─ Damaged         the disk or the line: well-formed bytes whose authentication fails
├─ BadSignature    the peer: a signature that does not hold for this key
├─ BadProof        the peer: a Merkle proof that does not lead to the root
├─ WrongKey        the operator: a sound object that this key, passphrase or identity does not open
├─ LockedOut       the operator: the lock's secret cannot be read, or the key file is not there or may not be written
├─ Unsupported     the operator: this machine lacks an algorithm that the configuration demands
└─ SelfTestFailed  the operator: a primitive gives wrong results here; nothing may run

No message ever holds a key, a passphrase or plaintext.
"""

from __future__ import annotations


class CryptoError(Exception):
    """Base of this room's errors; `message` names the thing and the rule, `remedy` the next step (may be empty)."""

    def __init__(self, message: str, remedy: str = "") -> None:
        """Keep both parts; `str()` gives them joined."""
        super().__init__(message, remedy)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        """Message and remedy in one line."""
        return f"{self.message} — {self.remedy}" if self.remedy else self.message


class BadFormat(CryptoError):
    """Bytes or values that the format refuses; the text names the section of format.md or of the standard."""


class Damaged(CryptoError):
    """Authenticated bytes that were changed, cut or opened with another file key."""


class BadSignature(CryptoError):
    """A signature that does not verify, or that format.md §3 refuses (S too large, small order, another key id)."""


class BadProof(CryptoError):
    """An inclusion or consistency proof (RFC 6962 §2.1) that does not verify."""


class WrongKey(CryptoError):
    """A passphrase, lock or identity that does not open this object."""


class LockedOut(CryptoError):
    """The key file or the secret of its lock cannot be used: missing, too short, readable by others."""


class Unsupported(CryptoError):
    """An algorithm that is demanded and that this machine's libraries do not have; the program refuses to start."""


class SelfTestFailed(CryptoError):
    """A primitive that does not reproduce its published vector on this machine; the text names the primitive."""
