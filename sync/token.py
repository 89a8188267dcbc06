"""The enrolment token `jd1-…` (format.md §10). Pure: the secret is passed in."""

from __future__ import annotations

import base64
import hashlib
import hmac

from msgspec import Struct

from sync.errors import BadObject

PREFIX = "jd1-"
SECRET_BYTES = 16


class Token(Struct, frozen=True):
    """What a node must know before it believes anything: the hub's log_id, its certificate's digest, a one-time secret."""

    hub_id: bytes
    tls_digest: bytes
    secret: bytes

    def __repr__(self) -> str:
        return f"Token(hub_id={self.hub_id.hex()[:12]}…)"

    def text(self) -> str:
        """The token as a person carries it."""
        body = self.hub_id + self.tls_digest + self.secret
        return PREFIX + base64.b32encode(body + _check(body)).decode().rstrip("=").lower()


def parse(text: str) -> Token:
    """Read a token; white space and case do not matter.

    Raises:
        BadObject: it was not copied whole, or is no token.
    """
    compact = "".join(text.split()).lower()
    if not compact.startswith(PREFIX):
        raise BadObject("接入码应以 jd1- 开头。请向市级中心重新索取。")
    letters = compact.removeprefix(PREFIX).upper()
    try:
        raw = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except ValueError as fault:
        raise BadObject("接入码抄写有误：含有不该出现的字符或长度不对。") from fault
    body = raw[:-4]
    if len(raw) != 84 or not hmac.compare_digest(raw[-4:], _check(body)):
        raise BadObject("接入码抄写有误：校验不符。请核对后重输，或向市级中心重新索取。")
    token = Token(body[:32], body[32:64], body[64:])
    if token.text() != compact:
        # b32decode lets the three spare bits of the last letter and padding pass.
        raise BadObject("接入码抄写有误：末尾字符不对。请核对后重输，或向市级中心重新索取。")
    return token


def _check(body: bytes) -> bytes:
    return hashlib.sha256(b"jindang/1/token" + body).digest()[:4]
