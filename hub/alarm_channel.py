"""Brings alarms to a webhook or a mail server: only to the addresses that the site's alarms.toml names; no redirect is followed, no proxy asked.

Blocking; a failure is `ChannelFailed` with its reason, and whoever calls decides when to try again.
"""

from __future__ import annotations

import datetime as dt
import http.client
import logging
import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

from holdings.alarm_rule import Mail, MailTls, Webhook
from hub.alarm import Severity
from hub.alarm_store import Alarm
from hub.monitor import ZONE

LOG = logging.getLogger("jindang.hub")
TIMEOUT_S: Final = 10.0
HELO: Final = "[127.0.0.1]"
"""How we name ourselves to a mail server: the library would ask the name service, which a closed network may not have."""
BODY_MAX: Final = 64 * 1024
ANSWER_MAX: Final = 64 * 1024
SECRET_MAX: Final = 4_096
LISTED: Final = 50
"""Alarms that one message names; how many there are it says anyway."""


class ChannelFailed(Exception):
    """The message was not taken; says why, without a secret."""


class Attachment(Struct, frozen=True):
    """A file that goes with a mail."""

    name: str
    data: bytes


class Message(Struct, frozen=True):
    """What is told: the hub's name, the alarms, whether they ended."""

    hub: str
    alarms: tuple[Alarm, ...]
    ended: bool

    @property
    def subject(self) -> str:
        """One line."""
        worst = max((alarm.severity for alarm in self.alarms), default=Severity.NOTICE)
        label = "已结束" if self.ended else worst.label
        first = self.alarms[0].text[:60] if self.alarms else ""
        return f"[{self.hub}] {label} {len(self.alarms)} 条：{first}"

    @property
    def text(self) -> str:
        """All of it for a person; no title of a record ever stands in an alarm."""
        lines = [self.subject]
        for alarm in self.alarms[:LISTED]:
            begun = dt.datetime.fromtimestamp(alarm.opened, ZONE).strftime("%m-%d %H:%M")
            lines.append(
                f"{alarm.severity.label} {alarm.text} {begun}"
                + ("" if self.ended else f" 处理办法：{alarm.about.remedy}")
            )
        return "\n".join(lines)

    def values(self) -> dict[str, Any]:
        """What a template may use."""
        told = [
            {
                "number": alarm.number, "kind": alarm.kind.value, "severity": alarm.severity.name.lower(), "label": alarm.about.label, "text": alarm.text,
                "remedy": alarm.about.remedy, "node": alarm.name, "opened": alarm.opened, "closed": alarm.closed,
            }
            for alarm in self.alarms[:LISTED]
        ]  # fmt: skip
        return {
            "hub": self.hub,
            "text": self.text,
            "subject": self.subject,
            "alarms": told,
            "ended": self.ended,
            "count": len(self.alarms),
        }


def body_of(hook: Webhook, message: Message) -> bytes:
    """The body as the site's template makes it, in Jinja's sandbox; ChannelFailed when it fails or grows beyond 64 KiB."""
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # A body is JSON or plain text; `tojson` quotes what is put in. Autoescape is for pages.
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    body, made = bytearray(), environment.from_string(hook.template)
    try:
        for piece in made.generate(**message.values()):
            body += piece.encode()
            if len(body) > BODY_MAX:
                raise ChannelFailed(f"模板生成的内容超过 {BODY_MAX >> 10} KiB")
    except (
        TemplateError,
        ArithmeticError,
        TypeError,
        ValueError,
        LookupError,
        AttributeError,
        RecursionError,
    ) as fault:
        raise ChannelFailed(f"模板出错：{type(fault).__name__}") from fault
    return bytes(body)


def post(hook: Webhook, message: Message) -> None:
    """Bring it to a webhook; ChannelFailed unless the answer is 2xx."""
    body, parts = body_of(hook, message), urlsplit(hook.url)
    headers = {"Content-Type": hook.content_type, "User-Agent": "jindang"}
    if hook.header:
        headers[hook.header] = secret_of(hook.secret_file)
    assert parts.hostname is not None
    secure = parts.scheme == "https"
    connection = (
        http.client.HTTPSConnection(parts.hostname, parts.port, timeout=TIMEOUT_S, context=_context(hook.ca_file))
        if secure
        else http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT_S)
    )
    try:
        connection.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, headers)
        response = connection.getresponse()
        response.read(ANSWER_MAX)
        if not 200 <= response.status < 300:
            raise ChannelFailed(f"对方答复 {response.status}")
    except (OSError, http.client.HTTPException) as fault:
        raise ChannelFailed(f"连接失败（{type(fault).__name__}）") from fault
    finally:
        connection.close()


def send(mail: Mail, subject: str, text: str, attachments: Sequence[Attachment] = ()) -> None:
    """Bring it to a mail server; ChannelFailed when it is not taken for every address."""
    letter = EmailMessage()
    letter["Subject"], letter["From"], letter["To"] = " ".join(subject.split())[:200], mail.sender, ", ".join(mail.to)
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(text)
    for one in attachments:
        letter.add_attachment(one.data, maintype="application", subtype="pdf", filename=one.name)
    try:
        context = _context(mail.ca_file) if mail.tls is not MailTls.NONE else None
        with (
            smtplib.SMTP_SSL(mail.host, mail.port, HELO, timeout=TIMEOUT_S, context=context)
            if mail.tls is MailTls.TLS
            else smtplib.SMTP(mail.host, mail.port, HELO, timeout=TIMEOUT_S)
        ) as server:
            if mail.tls is MailTls.STARTTLS:
                server.starttls(context=context)
            if mail.password_file:
                server.login(mail.user, secret_of(mail.password_file))
            refused = server.send_message(letter)
    except (OSError, smtplib.SMTPException) as fault:
        raise ChannelFailed(f"邮件没有发出（{type(fault).__name__}）") from fault
    if refused:
        raise ChannelFailed(f"{len(refused)} 个地址被拒收")


def secret_of(path: str) -> str:
    """The first line of a secret's file; ChannelFailed when it cannot be read or would break a header."""
    try:
        with Path(path).open("rb") as file:
            text = file.read(SECRET_MAX).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise ChannelFailed(f"凭据文件读不出（{type(fault).__name__}）") from fault
    if not text or not text.isprintable():
        raise ChannelFailed("凭据文件是空的，或有不能写进请求头的字符")
    return text


def _context(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as fault:
        raise ChannelFailed("ca_file 读不出或不是 PEM 证书") from fault
