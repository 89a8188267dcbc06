"""Taking nodes in and putting them out: tokens made and consumed, nodes revoked (format.md §10, §11.1)."""

from __future__ import annotations

import hashlib

import apsw

from hub import front
from hub.clock import Clock, Randomness
from hub.errors import NotAllowed, Refused
from hub.own_log import OwnLog
from sync import entry as entries
from sync import limits, messages
from sync import log as logs
from sync.database import Database
from sync.entry import EntryKind, Genesis, Role
from sync.errors import BadObject
from sync.log import Log, LogState
from sync.messages import NONCE_BYTES
from sync.token import SECRET_BYTES, Token

ENTRIES_AT_ONCE = 256
NAME_BYTES = 256
DAY_S = 86_400


class Enrolment:
    """Who may speak to this hub."""

    def __init__(self, database: Database, own_log: OwnLog, tls_digest: bytes, clock: Clock, random: Randomness) -> None:
        self._front, self._own_log, self._tls_digest, self._clock, self._random = database, own_log, tls_digest, clock, random

    def make_token(self, name: str, district: str = "") -> str:
        """A one-time token for a node of that name, good for seven days.

        Raises:
            NotAllowed: the name is empty, too long, or a node that may speak bears it.
        """
        if not name.strip() or len(name.encode()) > NAME_BYTES or not name.isprintable():
            raise NotAllowed("节点名称须为 1 至 256 字节的可见文字。")
        if (node := active(self._front.read(), name)) is not None:
            raise NotAllowed(f"已有名为“{node.name}”的节点。请另取名称；若要重装该节点，请先执行 jindang hub revoke。")
        secret = self._random(SECRET_BYTES)
        expires = self._clock.wall() + limits.TOKEN_DAYS * DAY_S
        with self._front.transaction() as connection:
            front.add_enrolment(connection, hashlib.sha256(secret).digest(), name, district, expires)
        # A crash before the token is shown leaves an unused row that expires by itself.
        return Token(self._own_log.hub_id, self._tls_digest, secret).text()

    def enrol(self, body: bytes) -> bytes:
        """Answer `POST /v1/enrol`: consume the token and store the genesis in one transaction; the same again gets the same answer.

        Raises:
            Refused: 403, 409 or 422 of format.md §11.1.
        """
        try:
            request = messages.EnrolRequest.decode(body)
            first = entries.parse(request.genesis)
            genesis = entries.genesis_of(first)
        except BadObject as fault:
            raise Refused(422, "malformed", str(fault), "请升级节点程序后重试") from fault
        with self._front.transaction() as connection:
            token = self._token(connection, request, genesis)
            if logs.find(connection, genesis.log_id) is None or token.used_log is None:
                self._check(connection, genesis)
                logs.register(connection, genesis, first)
                front.add_node(connection, genesis.log_id, token.district, self._clock.wall(), self._random(NONCE_BYTES))
            if token.used_log is None:
                said: dict[int, object] = {1: genesis.log_id, 2: genesis.name, 3: genesis.signing_key}
                if token.district:
                    said[4] = token.district
                self._append(connection, said)
                front.consume(connection, hashlib.sha256(request.secret).digest(), genesis.log_id)
        # A crash here loses only the answer: the node asks again and gets the same one.
        return messages.encode_enrolled([e.signed for e in logs.since(self._front.read(), self._own_log.hub_id, 0, ENTRIES_AT_ONCE)])

    def _append(self, connection: apsw.Connection, said: dict[int, object]) -> None:
        try:
            self._own_log.append(connection, EntryKind.ENROL, said)
        except NotAllowed as fault:
            raise Refused(503, "hub-behind", str(fault), "请稍后重试", retry_after_s=60) from fault

    def _token(self, connection: apsw.Connection, request: messages.EnrolRequest, genesis: Genesis) -> front.Enrolment:
        token = front.enrolment(connection, hashlib.sha256(request.secret).digest()) or front.enrolment(connection, genesis.log_id)
        if token is None:
            raise Refused(403, "token-unknown", "本中心没有发过这个接入码", "请核对地址与接入码，或向市级中心重新索取")
        if token.used_log is not None and token.used_log != genesis.log_id:
            raise Refused(403, "token-used", "接入码已被另一台节点用过", "请向市级中心重新索取；若不是本单位所用，请告知中心")
        if token.used_log is None and token.expires <= self._clock.wall():
            raise Refused(403, "token-expired", f"接入码已过期（有效 {limits.TOKEN_DAYS} 天）", "请向市级中心重新索取")
        if request.name != token.name or genesis.name != token.name:
            raise Refused(403, "name-differs", f"接入码是发给“{token.name}”的", "请用 --name 写上发码时的名称")
        return token

    def _check(self, connection: apsw.Connection, genesis: Genesis) -> None:
        own = self._own_log.genesis
        if genesis.site_class is not own.site_class:
            raise Refused(409, "class-differs", "节点与中心的类别（非涉密、涉密）不同，不得互通", "请用正确的 --class 重新执行 init")
        if genesis.role is not Role.NODE or genesis.hub_id != own.log_id:
            raise Refused(422, "malformed", "创世条目不是为本中心而写", "请用本中心的接入码重新执行 init")
        if active(connection, genesis.name) is not None:
            raise Refused(403, "name-differs", f"已有名为“{genesis.name}”的节点", "请向市级中心索取新名称的接入码")
        if (log := logs.find(connection, genesis.log_id)) is not None and log.state is not LogState.ACTIVE:
            raise Refused(403, "revoked", "此节点已被撤销", "请删除旧主目录，用新接入码重新执行 init")

    def revoke(self, name: str, reason: str) -> Log:
        """Revoke a node: its log ends at what was accepted. The caller kills its bearers.

        Raises:
            NotAllowed: no such node, or it is revoked already.
        """
        with self._front.transaction() as connection:
            log = find(connection, name)
            if log is None:
                raise NotAllowed(f"没有名为“{name}”的节点。jindang hub nodes 列出全部节点。")
            if log.state is LogState.REVOKED:
                raise NotAllowed(f"节点“{log.name}”已经撤销。")
            self._own_log.drop_claim(connection, log.log_id)
            self._own_log.append(connection, EntryKind.REVOKE, {1: log.log_id, 2: log.head.seq, 3: log.head.hash, 4: reason})
            logs.set_state(connection, log.log_id, LogState.REVOKED)
        return log


def active(connection: apsw.Connection, name: str) -> Log | None:
    """The node of that name that is not revoked."""
    return next((log for log in logs.logs(connection, Role.NODE) if log.name == name and log.state is not LogState.REVOKED), None)


def find(connection: apsw.Connection, name: str) -> Log | None:
    """The node of that name, one that may speak first, or whose log_id begins with these 8 hex digits or more."""
    found = active(connection, name)
    if found is not None:
        return found
    for log in logs.logs(connection, Role.NODE):
        if log.name == name or (len(name) >= 8 and log.log_id.hex().startswith(name.lower())):
            return log
    return None
