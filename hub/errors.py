"""The errors of the hub's shell, by who must act.

HubError            `exit_code` as DESIGN §7 lists them
├─ ConfigurationWrong   the operator: a file or an option (2)
├─ NotAllowed           the operator: this may not be done now (1)
├─ Unreachable          the running hub does not answer on its socket (3)
└─ DamageFound          something stored is not what was stored (4)
Refused             the answer of format.md §11 that a peer gets; never leaves the node port
"""

from __future__ import annotations

from sync.messages import Problem


class HubError(Exception):
    """Base; `exit_code` as DESIGN §7 lists them."""

    exit_code = 1


class ConfigurationWrong(HubError):
    """The operator must change a file or an option."""

    exit_code = 2


class NotAllowed(HubError):
    """What was asked may not be done, or not now; the text says what to do first."""


class Unreachable(HubError):
    """A hub holds the home but does not answer on its socket."""

    exit_code = 3


class DamageFound(HubError):
    """Something stored is not what was stored."""

    exit_code = 4


class Refused(Exception):
    """A peer's request is refused: HTTP status, body, and seconds after which it may come again (0 = not said)."""

    def __init__(self, status: int, code: str, message: str, remedy: str, *, detail: object = None, retry_after_s: int = 0) -> None:
        super().__init__(code)
        self.status, self.retry_after_s = status, retry_after_s
        self.problem = Problem(code, message, remedy, detail)
