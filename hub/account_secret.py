"""What proves a person beside the password (`holdings.password`): TOTP (RFC 6238) and printed one-time codes."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from holdings.password import SIGNS as _SIGNS
from hub.clock import Randomness

START_DAYS: Final = 3
CODES: Final = 10
CODE_LENGTH: Final = 10
"""50 bits: 2^20 guesses of a lifetime of lockouts find none of ten."""
TOTP_SECRET: Final = 20
STEP_S: Final = 30
WINDOW: Final = 1
"""Steps before and after now that are taken: clocks of telephones."""


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
