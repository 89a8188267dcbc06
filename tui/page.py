"""What every screen of the console is: a title, a table of keys, what it asks of the node, and how it is drawn anew."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.containers import Container
from textual.content import Content
from textual.widget import Widget

from tui.dialog import Confirm
from tui.form import Check, Field, Values
from tui.keymap import Key, bound
from tui.link import Answer, Trouble
from tui.path_form import Wanted, form_of
from tui.work import start

if TYPE_CHECKING:
    from tui.app import Console


class Page(Container):
    """One screen. A page without its data source is not shown: `NEEDS` names the verbs that the node must have."""

    NAME: ClassVar[str]
    TITLE: ClassVar[str]
    KEYS: ClassVar[tuple[Key, ...]] = ()
    NEEDS: ClassVar[frozenset[str]] = frozenset()
    DEFAULT_CSS = "Page { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__(id=self.NAME)

    @property
    def console(self) -> Console:
        """The program."""
        return cast("Console", self.app)

    async def ask(self, verb: str, /, **given: Any) -> Answer:
        """Ask the node; Trouble when it refuses or is away."""
        return await self.console.link.ask(verb, **given)

    async def renew(self) -> None:
        """Ask for everything anew and draw it; called when the page is shown and when something changed. Trouble when the node is away."""
        raise NotImplementedError

    def away(self, trouble: Trouble) -> None:
        """The node could not be reached: a screen that has a place for it says what to do."""

    def focused(self) -> Widget | None:
        """What has the keys when the page is shown."""
        return next(iter(self.query("Ledger")), None)

    def __init_subclass__(cls, **more: Any) -> None:
        """The bindings of a screen are its table of keys."""
        cls.BINDINGS = bound(cls.KEYS)
        super().__init_subclass__(**more)

    def begin(self, work: Callable[..., Awaitable[Any]], *given: Any, group: str = "renew") -> None:
        """Work on beside the keys; newer work of the same group takes its place."""

        async def guarded() -> None:
            try:
                await work(*given)
            except Trouble as trouble:
                if trouble.thing:
                    self.console.trouble(trouble)
                else:
                    self.console.met(trouble)

        start(self, guarded, f"{self.NAME}-{group}", exclusive=True)

    def act(self, thing: str, verb: str, /, done: str = "", **given: Any) -> None:
        """Do something that needs no word more, then draw anew; a refusal is shown as thing, rule and remedy."""

        async def doing() -> None:
            try:
                await self.ask(verb, **given)
            except Trouble as trouble:
                trouble.thing = thing
                self.console.trouble(trouble)
                return
            self.console.say(done or thing)
            await self._after()

        start(self, doing, "act")

    def form(
        self,
        title: str,
        fields: Iterable[Field],
        work: Callable[[Values], Awaitable[object]],
        *,
        note: str = "",
        done: str | None = "",
        check: Check | None = None,
        picks: Mapping[str, Wanted] | None = None,
    ) -> None:
        """Ask for values, do the work, then draw anew; `done` None: the work has said itself what it did; `picks` are the fields that take a path."""

        async def closed() -> None:
            if done is not None:
                self.console.say(done or title)
            await self._after()

        def ended(happened: bool | None) -> None:
            if happened:
                start(self, closed, "act")

        self.app.push_screen(form_of(title, tuple(fields), work, self.console.link, picks, note=note, check=check), ended)

    def sure(self, question: str, told: str, work: Callable[[], object]) -> None:
        """Ask before what cannot be undone."""

        def answered(yes: bool | None) -> None:
            if yes:
                work()

        self.app.push_screen(Confirm(question, told), answered)

    async def _after(self) -> None:
        try:
            await self.renew()
        except Trouble as trouble:
            self.console.met(trouble)


def facts(pairs: Iterable[tuple[str, str]], width: int = 10) -> Content:
    """Names and values in two columns; the names keep `width` cells."""
    from tui.figures import pad

    return Content("\n").join(
        [Content.assemble((pad(name, width) + "  ", "$foreground-muted"), value) for name, value in pairs]
    )
