"""Passwords of persons, at the hub and at a node: what they must be, how they are kept (argon2id), start passwords. GB/T 22239-2019 8.1.4.1."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Callable
from enum import Enum, auto
from itertools import pairwise
from typing import Final

import nacl.exceptions
from nacl.pwhash import argon2id

OPSLIMIT: Final = argon2id.OPSLIMIT_INTERACTIVE
MEMLIMIT: Final = argon2id.MEMLIMIT_INTERACTIVE
"""64 MiB and some 70 ms: what a program of 150 MiB can spare while one person signs in; another waits."""
TYPED_MAX: Final = 1024
"""Characters of a typed password that are looked at."""
START_LENGTH: Final = 16
LEAST, MOST = 10, 128
"""Characters. GB/T 22239 asks for complexity; a sentence of 20 and more may be plain."""
SENTENCE: Final = 20
SIGNS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""32 signs that no printed font confuses: a byte gives one without bias."""
_COMMON: Final = frozenset(
    ("password", "passwd", "admin", "administrator", "root", "jindang", "dangan", "danganguan", "woaini", "iloveyou", "qwerty", "qwertyuiop",
     "asdfgh", "zxcvbn", "abc", "abcd", "abcdef", "letmein", "welcome", "tianjin", "qazwsx")
)  # fmt: skip
_LOOKALIKES: Final = str.maketrans("@013$5", "aoiess")


class PasswordFault(Enum):
    """Which rule a password breaks."""

    LENGTH = auto()
    """Shorter than LEAST, longer than MOST."""
    NAMED = auto()
    """It holds the login name or the person's name."""
    GUESSABLE = auto()
    """A common word, one sign again and again, or a run of neighbours."""
    KINDS = auto()
    """Fewer than three kinds of signs, and no sentence of SENTENCE characters."""


def normal(password: str) -> str:
    """A password as it is compared."""
    return unicodedata.normalize("NFC", password)


def fault_of(password: str, name: str, person: str) -> PasswordFault | None:
    """The rule that a password in its normal form breaks; None for a good one."""
    if not LEAST <= len(password) <= MOST:
        return PasswordFault.LENGTH
    low = password.casefold()
    if name in low or (len(person) > 1 and person.casefold() in low):
        return PasswordFault.NAMED
    word = re.sub(r"[\W\d_]+$", "", low)
    letters = {re.sub("[^a-z]", "", form) for form in (low, word.translate(_LOOKALIKES))}
    if len(set(low)) < 5 or letters & _COMMON or _is_run(low):
        return PasswordFault.GUESSABLE
    kinds = [any(test(sign) for sign in password) for test in (str.islower, str.isupper, str.isdigit, _is_other)]
    return PasswordFault.KINDS if len(password) < SENTENCE and sum(kinds) < 3 else None


def _is_other(sign: str) -> bool:
    return not (sign.islower() or sign.isupper() or sign.isdigit())


def _is_run(text: str) -> bool:
    """Is it one run such as 1234567890 or abcdefghij?"""
    steps = {ord(b) - ord(a) for a, b in pairwise(text)}
    return steps <= {1, -9} or steps <= {-1, 9}


def start_password(random: Callable[[int], bytes]) -> str:
    """A one-time start password, 80 bits, in groups of four that can be read out."""
    signs = [SIGNS[byte % 32] for byte in random(START_LENGTH)]
    return "-".join("".join(signs[at : at + 4]) for at in range(0, START_LENGTH, 4))


class Passwords:
    """Makes and compares encoded passwords. Usable from several threads; one computes at a time, so that memory is bounded."""

    def __init__(self, opslimit: int = OPSLIMIT, memlimit: int = MEMLIMIT) -> None:
        self._turn = threading.Lock()
        self._opslimit, self._memlimit = opslimit, memlimit

    def encode(self, password: str) -> str:
        """The text that is stored."""
        with self._turn:
            return (
                argon2id.str(normal(password).encode(), opslimit=self._opslimit, memlimit=self._memlimit)
                .decode("ascii")
                .rstrip("\0")
            )

    def same(self, encoded: str, password: str) -> bool:
        """Is this the password? Takes as long for an account that does not exist (`encoded` empty), and says no."""
        typed = normal(password[:TYPED_MAX]).encode("utf-8", "replace")
        with self._turn:
            try:
                if not encoded:
                    argon2id.kdf(16, typed, bytes(argon2id.SALTBYTES), self._opslimit, self._memlimit)
                    return False
                return bool(argon2id.verify(encoded.encode("ascii"), typed))
            except nacl.exceptions.CryptoError:
                return False
