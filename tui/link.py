"""The console's line to the node: every verb in a thread of its own, every error as thing, rule and remedy."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from holdings.language import mark
from node import client
from node.client import Presence
from node.errors import NodeError
from tui.wording import _

Answer = dict[str, Any]
_REMEDY = re.compile(r"(?:处理办法：|[；。，]\s*(?=请|须|应|用 |先|如需|恢复后自动))")
_OPTION = re.compile(r"（(?:命令行|--)[^（）]*）")
"""What the node says to those who work by commands; the console has keys."""
_REMEDIES = {
    Presence.STOPPED: mark(
        "请在本机执行 systemctl start jindang-node，或在另一终端运行 jindang node run --home {home}"
    ),
    Presence.LOCKED: mark("请在另一终端执行 jindang node run --home {home} 并输入口令"),
    Presence.WAITING: mark("请按 F6 输入口令；也可在另一终端执行 jindang node unlock --home {home}"),
}
_RULES = {
    Presence.STOPPED: mark("后台服务没有运行；本机数据完好，开着的传输会在它回来后接着做"),
    Presence.LOCKED: mark("本机尚未解锁：密钥以口令锁定，断电或重启后须有人输入口令；数据完好"),
    Presence.WAITING: mark("本机尚未解锁：密钥以口令锁定，断电或重启后须有人输入口令；数据完好"),
}


class Trouble(Exception):
    """What could not be done (thing; filled in by who asked), why (rule), and what to do now (remedy)."""

    def __init__(
        self, thing: str, rule: str, remedy: str, presence: Presence = Presence.SERVING, *, sign_in: bool = False
    ) -> None:
        super().__init__(thing, rule, remedy)
        self.thing, self.rule, self.remedy, self.presence = thing, rule, remedy, presence
        self.sign_in = sign_in
        """Whether nobody is signed in, or no more."""


def spoken(text: str) -> str:
    """A word of the node without the options of its commands.

    >>> spoken("按字词查（--by words）：没有")
    '按字词查：没有'
    """
    return _OPTION.sub("", text)


def trouble_of(thing: str, text: str) -> Trouble:
    """An error of the node split where its remedy begins.

    >>> trouble_of("放行", "须写明理由；请重填").remedy
    '请重填'
    """
    text = spoken(text)
    found = _REMEDY.search(text)
    if found is None:
        return Trouble(thing, text, _("按上面所说改正后再试；仍不行的，请做体检（jindang node doctor）"))
    return Trouble(thing, text[: found.start()].rstrip("。；，") or text, text[found.end() :])


def away(thing: str, presence: Presence, home: Path) -> Trouble:
    """The trouble of a node that cannot be reached."""
    return Trouble(thing, _(_RULES[presence]), _(_REMEDIES[presence], home=home), presence)


class Link:
    """Asks the node; never blocks the screen, and never outlives it: a thread that still waits for an answer ends with the process."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.presence = Presence.SERVING
        """How the last question found the node."""
        self.token = ""
        """Of who has signed in."""

    async def ask(self, verb: str, /, **given: Any) -> Answer:
        """The answer of a verb.

        Raises:
            Trouble: the node refused, or cannot be reached (`presence` then says how it is).
        """
        return await self._in_thread(lambda: self._ask(verb, given))

    def _ask(self, verb: str, given: dict[str, Any]) -> Answer:
        thing = ""
        try:
            node = client.connect(self.home, self.token)
            if node is None:
                self.presence = client.presence(self.home)
                # Between the two looks it may have come up: the next question finds it.
                self.presence = Presence.STOPPED if self.presence is Presence.SERVING else self.presence
                raise away(thing, self.presence, self.home)
            answer: Answer = getattr(node, verb)(**given)
        except client.StillLocked as fault:
            self.presence = Presence.WAITING
            raise away(thing, self.presence, self.home) from fault
        except client.Refused as fault:
            self.presence = Presence.SERVING
            trouble = trouble_of(thing, str(fault))
            trouble.sign_in = isinstance(fault, client.SignInNeeded)
            raise trouble from fault
        except NodeError as fault:
            self.presence = Presence.STOPPED
            raise Trouble(
                thing, str(fault), _(_REMEDIES[Presence.STOPPED], home=self.home), Presence.STOPPED
            ) from fault
        self.presence = Presence.SERVING
        return answer

    async def _in_thread(self, work: Callable[[], Answer]) -> Answer:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Answer] = loop.create_future()

        def settle(answer: Answer | None, fault: Exception | None) -> None:
            if done.done():
                return
            if fault is not None:
                done.set_exception(fault)
            else:
                done.set_result(answer or {})

        def run() -> None:
            try:
                answer, fault = work(), None
            except Exception as caught:  # noqa: BLE001  raised again where it was asked
                answer, fault = None, caught
            with suppress(RuntimeError):  # the console has ended meanwhile: nobody waits for the answer
                loop.call_soon_threadsafe(settle, answer, fault)

        threading.Thread(target=run, name="ask", daemon=True).start()
        return await done
