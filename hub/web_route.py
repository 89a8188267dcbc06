"""What a page of the people's door is: a row of the route table, what a browser asks, what it gets. Pure; hub/web_door.py carries it over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct, field

from holdings.journal import Outcome
from holdings.language import Language
from hub.account import Role, Stage

if TYPE_CHECKING:
    from hub.web_frame import Visit

HTML: Final = "text/html"
EVERYBODY: Final = frozenset(Role)
FULL: Final = frozenset({Stage.FULL})
NO_STAGE: Final[frozenset[Stage]] = frozenset()


class Cookie(Struct, frozen=True):
    """A cookie to set; `value` blank deletes it. `kept`: seconds it outlives the browser, 0 = not. `script`: never set, all are HttpOnly."""

    name: str
    value: str
    kept: int = 0


class Upload(Struct, frozen=True):
    """A file of a form: the name that the browser gives it, and its bytes."""

    name: str
    body: bytes


class Ask(Struct, frozen=True):
    """A request within its bounds: form and query as text, `form_token` and `origin_is_ours` as the frame judges them."""

    method: str
    path: str
    parts: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, tuple[str, ...]]
    cookies: Mapping[str, str]
    address: str
    agent: str
    language: Language
    theme: str
    origin_is_ours: bool = True
    files: Mapping[str, Upload] = field(default_factory=dict)

    def said(self, name: str) -> str:
        """The first value of a form field; blank when it is missing."""
        return self.form.get(name, ("",))[0]


class Reply(Struct):
    """What the browser gets. `subject`, `outcome` and `note` go to the journal where the route has a verb."""

    body: bytes = b""
    status: int = 200
    content_type: str = HTML
    location: str = ""
    cookies: list[Cookie] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    pieces: Iterator[bytes] | None = None
    """More bytes after `body`, drawn one by one in a thread: a download."""
    subject: str = ""
    outcome: Outcome = Outcome.DONE
    note: str = ""


Handler: TypeAlias = "Callable[[Visit], Reply]"


class Route(Struct, frozen=True):
    """One row of the table. No `stages`: no session is asked for. `verb`: what the journal calls it; blank where the handler's own act stands there."""

    method: str
    path: str
    handler: Handler
    roles: frozenset[Role] = EVERYBODY
    stages: frozenset[Stage] = FULL
    verb: str = ""
    live: bool = False
    """A stream of events: the handler is asked again and again, and what it says is sent when it changed. It keeps no session awake."""

    upload: int = 0
    """Bytes of a form with a file (multipart/form-data); 0: forms without one. Its body is read only from who may send it."""

    @property
    def public(self) -> bool:
        """Open to who is not signed in."""
        return not self.stages


class Turned(Exception):
    """A request is turned away: status, the sentence for the page (Chinese, marked), and what the journal notes."""

    def __init__(self, status: int, text: str, *, location: str = "", retry_after_s: int = 0) -> None:
        super().__init__(text)
        self.status, self.text, self.location, self.retry_after_s = status, text, location, retry_after_s
