"""What the people's door says of a request that the server could not read at all: a page in both languages, or JSON, with the way out.

Nothing of such a request is known but that it came: no header, so no language, and no session. Its bytes stay out of the log, for an address may hold what
somebody searched for.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from aiohttp import http_exceptions, web

from holdings.language import Language, mark, words
from hub.web_frame import TITLES
from hub.web_pages import render

LOG = logging.getLogger("jindang.hub")
_API: Final = "/api/"
_TOO_LONG: Final = mark(
    "网址、表单或浏览器带来的 Cookie 太长，读不了。请缩短检索词或分几次办理；仍然不行，请清除本网站的 Cookie 后重新登录。"
)
_UNREAD: Final = mark("请求不合规，读不了。请从首页重新进入；仍然不行，请联系系统管理员。")
_HOME: Final = mark("回首页")


class PeopleProtocol(web.RequestHandler):
    """One connection. Args: `headers` of every answer; the rest as aiohttp has it."""

    def __init__(self, server: web.Server, headers: dict[str, str], **given: Any) -> None:
        super().__init__(server, **given)
        self._always = headers

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """The answer to what could not be read; other faults as aiohttp has them: they are ours, and pages have their own."""
        if not isinstance(exc, http_exceptions.HttpProcessingError):
            return super().handle_error(request, status, exc, message)
        is_long = isinstance(exc, http_exceptions.LineTooLong | http_exceptions.ContentLengthError)
        code = 413 if is_long else 400
        LOG.warning("a request of %s could not be read: %s", request.remote, type(exc).__name__)
        said = _TOO_LONG if is_long else _UNREAD
        if _API in str(exc.message)[:200]:
            problem = {"type": "about:blank", "status": code, "title": HTTPStatus(code).phrase, "detail": said}
            body, kind = json.dumps(problem, ensure_ascii=False).encode(), "application/problem+json"
        else:
            both = [Language.CHINESE, Language.ENGLISH]
            titles, home = ([words("hub", one)(text) for one in both] for text in (TITLES[code], _HOME))
            body, kind = (
                render(
                    "unread.html", said=[words("hub", one)(said) for one in both], titles=titles, home=home, code=code
                ),
                "text/html",
            )
        response = web.Response(
            body=body,
            status=code,
            content_type=kind,
            charset="utf-8",
            headers={**self._always, "Cache-Control": "no-store", "Server": "jindang"},
        )
        response.force_close()
        return response


def protocols(server: web.Server, headers: dict[str, str], **given: Any) -> Callable[[], asyncio.Protocol]:
    """What makes a connection's protocol; `given` as aiohttp's server takes it."""
    loop = asyncio.get_running_loop()
    return lambda: PeopleProtocol(server, headers, loop=loop, **given)
