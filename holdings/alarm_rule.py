"""When the monitor raises an alarm and whom it tells: data/alarms.toml and a site's alarms.toml; pure. Secrets stand in files that are named here."""

from __future__ import annotations

import functools
import re
from enum import StrEnum
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from holdings.errors import SiteDataWrong
from holdings.expression import expression
from holdings.site_data import NO_SITE, SiteData, overlay, shipped, table, typed

FILE: Final = "alarms.toml"
CHANNELS_MAX: Final = 16
TEMPLATE_MAX: Final = 16_384
TO_MAX: Final = 50
_NAME = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
_ADDRESS: Final = expression(r"[^\s@<>,;\"]{1,64}@[A-Za-z0-9.-]{1,190}")
_HEADER: Final = expression(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_TIME: Final = expression(r"([01]\d|2[0-3]):([0-5]\d)")
Level = Literal["notice", "warning", "critical"]
LEVELS: Final[dict[str, int]] = {"notice": 1, "warning": 2, "critical": 3}


class MailTls(StrEnum):
    """How a mail server is spoken to: TLS from the start, STARTTLS, or in the clear on a closed network."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class Webhook(Struct, frozen=True, forbid_unknown_fields=True):
    """A gateway (政务微信, SMS) that takes a POST; `template` is a Jinja template for its body, with text, alarms, hub, ended."""

    name: _NAME
    url: str
    template: Annotated[str, msgspec.Meta(max_length=TEMPLATE_MAX)] = '{"text": {{ text | tojson }}}'
    content_type: str = "application/json"
    header: str = ""
    secret_file: str = ""
    ca_file: str = ""
    severity: Level = "warning"

    def __post_init__(self) -> None:
        """ValueError for an address that is none, or a header without its secret."""
        parts = urlsplit(self.url)
        if (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.username
            or not self.url.isascii()
            or not self.url.isprintable()
        ):
            raise ValueError(f"通道“{self.name}”的 url 应为 http:// 或 https:// 开头的地址，凭据写在 secret_file")
        if bool(self.header) != bool(self.secret_file) or (self.header and not _HEADER.fullmatch(self.header)):
            raise ValueError(f"通道“{self.name}”的 header 与 secret_file 要同时写，header 为请求头的名称")
        if not re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", self.content_type):
            raise ValueError(f"通道“{self.name}”的 content_type 不是媒体类型")

    @property
    def channel(self) -> str:
        """What it is known by."""
        return f"webhook:{self.name}"


class Mail(Struct, frozen=True, forbid_unknown_fields=True):
    """A mail server and whom it brings what to."""

    name: _NAME
    host: Annotated[str, msgspec.Meta(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:-]+$")]
    sender: str
    to: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=TO_MAX)]
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 465
    tls: MailTls = MailTls.TLS
    user: str = ""
    password_file: str = ""
    ca_file: str = ""
    severity: Level = "warning"
    paper: bool = False

    def __post_init__(self) -> None:
        """ValueError for an address that is none, or a password that would travel in the clear."""
        for address in (self.sender, *self.to):
            if not _ADDRESS.fullmatch(address):
                raise ValueError(f"通道“{self.name}”的 {address!r} 不是邮件地址")
        if self.password_file and (self.tls is MailTls.NONE or not self.user):
            raise ValueError(f"通道“{self.name}”有口令的，须写 user，并用 tls 或 starttls")

    @property
    def channel(self) -> str:
        """What it is known by."""
        return f"mail:{self.name}"


_Days = Annotated[int, msgspec.Meta(ge=1, le=3_650)]
_Size = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class AlarmRule(Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds in the unit that the name says, channels, and when the daily page is made (local time; blank: never)."""

    many: Annotated[int, msgspec.Meta(ge=2, le=1_000)]
    never_days: _Days
    disk_gb: _Size
    clock_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)]
    backlog_nights: _Days
    hub_disk_gb: _Size
    hub_days: _Days
    paper_at: str
    papers_kept: Annotated[int, msgspec.Meta(ge=1, le=3_660)]
    webhook: Annotated[tuple[Webhook, ...], msgspec.Meta(max_length=CHANNELS_MAX)] = ()
    mail: Annotated[tuple[Mail, ...], msgspec.Meta(max_length=CHANNELS_MAX)] = ()

    def __post_init__(self) -> None:
        """ValueError when the time is none, or two channels of a kind bear one name."""
        if self.paper_at and not _TIME.fullmatch(self.paper_at):
            raise ValueError("paper_at 应写作 08:00，空着为不做日报")
        names = [one.channel for one in self.channels]
        if len(set(names)) != len(names):
            raise ValueError("同一种通道不能重名")

    @property
    def channels(self) -> tuple[Webhook | Mail, ...]:
        """All of them."""
        return (*self.webhook, *self.mail)

    @property
    def paper_minute(self) -> int | None:
        """Minutes after midnight at which the daily page is due."""
        found = _TIME.fullmatch(self.paper_at)
        return int(found[1]) * 60 + int(found[2]) if found else None


@functools.lru_cache(maxsize=8)
def rule(site: SiteData = NO_SITE) -> AlarmRule:
    """What ships, and what the site lays over it; SiteDataWrong names the file and what is wrong."""
    content, last = table(FILE, shipped(FILE)), FILE
    for name, text in site.named("alarms"):
        content, last = overlay(content, table(name, text)), name
    found = typed(last, content, AlarmRule)
    for hook in found.webhook:
        _template(last, hook)
    return found


def _template(name: str, hook: Webhook) -> None:
    """A template that cannot be read is told at the start, not in the night of the first alarm."""
    from jinja2 import TemplateSyntaxError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    try:
        ImmutableSandboxedEnvironment().parse(hook.template)
    except TemplateSyntaxError as fault:
        raise SiteDataWrong(
            f"数据文件 {name}：通道“{hook.name}”的 template 第 {fault.lineno} 行有误：{fault.message}"
        ) from fault
