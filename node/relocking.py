"""Another passphrase for the key of this machine, and what locking asks for; both only where a passphrase is the lock."""

from __future__ import annotations

import threading
from typing import Final

from crypto import keys
from crypto.errors import WrongKey
from crypto.locks import PASSPHRASE_MIN, Passphrase
from node.errors import ConfigurationWrong
from node.home import KEY, Home

WRONG_PAUSE_S: Final = 2.0
"""Seconds after a wrong passphrase, as when it is asked for at the start: whoever tries words waits."""
_turn = threading.Lock()


def check_kind(home: Home) -> None:
    """ConfigurationWrong unless the key is locked by a passphrase."""
    if home.config.unlock != "passphrase":
        raise ConfigurationWrong(
            f"本机的密钥不以口令锁定（unlock = {home.config.unlock}），服务一启动就自行解锁；要停止工作请停服务（systemctl stop jindang-node）"
        )


def change(home: Home, old: str, new: str) -> None:
    """Seal the key file under another passphrase; one at a time.

    Raises:
        ConfigurationWrong: the lock is no passphrase, the new one is too short or the present one.
        WrongKey: `old` is wrong.
    """
    check_kind(home)
    if len(new) < PASSPHRASE_MIN or not new.strip():
        raise ConfigurationWrong(f"新口令须有至少 {PASSPHRASE_MIN} 个字符；请重填")
    if new == old:
        raise ConfigurationWrong("新口令与现在的相同；请另想一个")
    with _turn:
        try:
            keys.relock(home.path / KEY, Passphrase(old), Passphrase(new))
        except WrongKey:
            threading.Event().wait(WRONG_PAUSE_S)
            raise
