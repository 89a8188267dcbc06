"""The errors of the node's shell, by who must act; each knows the exit code of DESIGN §7."""

from __future__ import annotations


class NodeError(Exception):
    """Base; `exit_code` as DESIGN §7 lists them."""

    exit_code = 1


class ConfigurationWrong(NodeError):
    """The operator must change a file or an option."""

    exit_code = 2


class HubUnreachable(NodeError):
    """The hub did not answer; what is here is safe and goes out later."""

    exit_code = 3


class DaemonUnreachable(NodeError):
    """A daemon holds the home but does not answer on its socket."""

    exit_code = 3


class SignInNeeded(NodeError):
    """Nobody is signed in, or the session is over: 工号 and password first."""

    exit_code = 2


class NotPermitted(NodeError):
    """The role of who is signed in may not do that."""

    exit_code = 2


class SealingFailed(Exception):
    """A sealing thread met a fault of the disk or of our own; `__cause__` says which. Nothing half-done is visible."""
