"""What ends a conversation until somebody acts: it is written down and said."""

from __future__ import annotations

from node import settings
from node.home import Home
from node.settings import Setting
from sync import session
from sync.errors import Fork, PeerRefused, RolledBack
from sync.session import State, Stop


def denied(refusal: PeerRefused) -> session.Denied | None:
    """A refusal that ends the conversation for good."""
    if refusal.status == 403 and refusal.code == "revoked":
        return session.Denied(Stop.REVOKED)
    if (refusal.status == 403 and refusal.code == "frozen") or (refusal.status == 409 and refusal.code == "fork"):
        return session.Denied(Stop.FORKED)
    return None


def stop_if_told(home: Home, state: State) -> None:
    """Write down why a conversation may not go on, if it may not.

    Raises:
        RolledBack, Fork, PeerRefused: it may not.
    """
    if state.stop is None:
        return
    text = {
        Stop.ROLLED_BACK: "本机的日志比市级中心所知的旧：本机是从旧备份恢复的。已停止签发，请联系市级中心办理恢复（不会丢失数据）。",
        Stop.FORKED: "本机的日志与市级中心所存的不一致（分叉）。已停止传输，请联系市级中心。",
        Stop.REVOKED: "本节点已被市级中心停用。已停止传输，本机数据不受影响。",
        Stop.REFUSED: "市级中心拒绝了本节点。请联系市级中心。",
    }[state.stop]
    with home.database.transaction() as connection:
        settings.write(connection, Setting.STOPPED, state.stop.name)
    if state.stop is Stop.ROLLED_BACK:
        raise RolledBack(text)
    if state.stop is Stop.FORKED:
        raise Fork(text)
    raise PeerRefused(403, state.stop.name.lower(), text, "")
