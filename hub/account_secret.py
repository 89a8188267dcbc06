"""What proves a person: passwords by argon2id, start passwords, TOTP (RFC 6238) and printed one-time codes."""

from __future__ import annotations

import hashlib
import hmac
import threading
from typing import Final

import nacl.exceptions
from nacl.pwhash import argon2id

from hub.account import normal
from hub.clock import Randomness

OPSLIMIT: Final = argon2id.OPSLIMIT_INTERACTIVE
MEMLIMIT: Final = argon2id.MEMLIMIT_INTERACTIVE
"""64 MiB and some 70 ms: what a hub of 150 MiB can spare while one person signs in; another waits."""
TYPED_MAX: Final = 1024
"""Characters of a typed password that are looked at."""
START_DAYS: Final = 3
START_LENGTH: Final = 16
_SIGNS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""32 signs that no printed font confuses: a byte gives one without bias."""
CODES: Final = 10
CODE_LENGTH: Final = 10
"""50 bits: 2^20 guesses of a lifetime of lockouts find none of ten."""
TOTP_SECRET: Final = 20
STEP_S: Final = 30
WINDOW: Final = 1
"""Steps before and after now that are taken: clocks of telephones."""


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


def start_password(random: Randomness) -> str:
    """A one-time start password, 80 bits, in groups of four that can be read out."""
    signs = [_SIGNS[byte % 32] for byte in random(START_LENGTH)]
    return "-".join("".join(signs[at : at + 4]) for at in range(0, START_LENGTH, 4))


def one_time_codes(random: Randomness) -> list[str]:
    """Ten codes to print, each good once."""
    codes = ("".join(_SIGNS[byte % 32] for byte in random(CODE_LENGTH)) for _ in range(CODES))
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def code_hash(account: int, code: str) -> bytes:
    """What is kept of a one-time code, however it is typed (small letters, blanks, dashes)."""
    plain = "".join(sign for sign in code.upper()[:64] if sign in _SIGNS)
    return hashlib.sha256(f"{account}:{plain}".encode()).digest()


def offered_secret(key: bytes, token: str) -> bytes:
    """The TOTP secret that a session is offered: the same while the session's token lives, so that nothing is stored before it is proved."""
    return hmac.digest(key, b"totp" + token.encode("utf-8", "replace"), "sha256")[:TOTP_SECRET]


def totp_text(secret: bytes) -> str:
    """The secret as an app takes it."""
    import base64

    return base64.b32encode(secret).decode("ascii")


def totp_address(secret: bytes, name: str, issuer: str) -> str:
    """The otpauth address of a QR code."""
    import pyotp

    return str(pyotp.TOTP(totp_text(secret)).provisioning_uri(name=name, issuer_name=issuer))


def totp_step(secret: bytes, code: str, wall: int) -> int | None:
    """The step whose code this is, within one before and after now; None for a wrong code. The caller refuses a step that was used."""
    import pyotp

    typed = "".join(code.split())[:16]
    clock = pyotp.TOTP(totp_text(secret))
    for step in range(wall // STEP_S - WINDOW, wall // STEP_S + WINDOW + 1):
        if hmac.compare_digest(clock.at(step * STEP_S).encode(), typed.encode("utf-8", "replace")):
            return step
    return None
