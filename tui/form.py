"""A form over a screen: named fields, checked as they are typed, and an act that is done before the form closes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import ClassVar

from msgspec import Struct
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from holdings.language import mark
from tui.dialog import told
from tui.keymap import Key, bound
from tui.link import Trouble
from tui.wording import _
from tui.work import start

Values = dict[str, str]
Check = Callable[[Values], Awaitable[dict[str, str]]]
"""{field: what is wrong with it} of what stands in the form."""
CHECK_AFTER_S = 0.15
NOTE_LEAST, FIELDS_LEAST = 3, 3
"""Lines that a note and the fields keep on the smallest screen."""


class Field(Struct, frozen=True):
    """One field. `choices` are (value, label) of which one is taken with left and right; `hint` says what is expected; a `secret` is not shown."""

    name: str
    label: str
    value: str = ""
    hint: str = ""
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    secret: bool = False


class Choice(Static, can_focus=True):
    """One of a few values, taken with left and right (or space), all of them in sight."""

    BINDINGS: ClassVar = bound((Key("left", "turn(-1)", ""), Key("right", "turn(1)", ""), Key("space", "turn(1)", "")))

    def __init__(self, field: Field, ident: str) -> None:
        super().__init__(id=ident, classes="choice")
        self._choices = field.choices
        self._at = next((n for n, (value, _label) in enumerate(field.choices) if value == field.value), 0)

    @property
    def value(self) -> str:
        """The value that is taken."""
        return self._choices[self._at][0]

    def render(self) -> Content:
        """Every label, the taken one in brackets."""
        labels = [f"[{label}]" if n == self._at else f" {label} " for n, (_value, label) in enumerate(self._choices)]
        return Content(" ".join(labels))

    def action_turn(self, by: int) -> None:
        """The next or the previous."""
        self._at = (self._at + by) % len(self._choices)
        self.refresh()


class Fields(VerticalScroll, inherit_bindings=False):
    """The fields; they scroll with the one that has the keys, so that the keys for scrolling are the note's."""


class Form(ModalScreen[bool]):
    """Asks for some values and does something with them; True when it was done.

    Args:
        title, note: what it is about. act: does it; a Trouble that it raises is shown and the form stays.
        check: what is wrong with the values, asked a moment after each key.
    """

    KEYS: ClassVar = (
        Key("ctrl+s", "submit", mark("办理"), mark("办理（在最后一栏按回车也可）")),
        Key("escape", "cancel", mark("取消")),
        Key("tab", "app.focus_next", mark("下一栏"), shown=False, first=True),
        Key("shift+tab", "app.focus_previous", mark("上一栏"), shown=False, first=True),
        Key("enter", "next", mark("下一栏"), mark("下一栏；在最后一栏即办理"), shown=False, first=True),
        Key("pageup", "note(-1)", mark("上翻"), mark("上翻说明"), shown=False),
        Key("pagedown", "note(1)", mark("下翻"), mark("下翻说明"), shown=False),
    )
    BINDINGS: ClassVar = bound(KEYS)

    def __init__(
        self,
        title: str,
        fields: Sequence[Field],
        act: Callable[[Values], Awaitable[object]],
        *,
        note: str = "",
        check: Check | None = None,
    ) -> None:
        super().__init__()
        self._title, self._fields, self._act, self._note, self._check = title, tuple(fields), act, note, check
        self._busy = False

    def compose(self) -> ComposeResult:
        """The note, a line a field, what is wrong, the keys."""
        with Vertical(classes="box form"):
            yield Static(Content(self._title), classes="box-title")
            if self._note:
                with VerticalScroll(id="note", can_focus=False):
                    yield Static(Content(self._note), classes="form-note")
            with Fields(id="fields", can_focus=False):
                for n, field in enumerate(self._fields):
                    with Horizontal(classes="form-line"):
                        yield Static(Content(("* " if field.required else "  ") + field.label), classes="form-label")
                        if field.choices:
                            yield Choice(field, f"f{n}")
                        else:
                            yield Input(
                                field.value, placeholder=field.hint, id=f"f{n}", compact=True, password=field.secret
                            )
                    yield Static("", id=f"w{n}", classes="form-wrong")
            yield Static("", id="trouble", classes="form-trouble")
            yield Static(Content(_("^S 办理    Tab 下一栏    Esc 取消")), classes="box-foot")

    def on_mount(self) -> None:
        """The first field that must be filled has the keys, else the first."""
        empty = next((n for n, field in enumerate(self._fields) if field.required and not field.value), 0)
        if self._fields:
            self.query_one(f"#f{empty}").focus()
        self._fit()

    def on_resize(self) -> None:
        """There is more room, or less."""
        self._fit()

    def _fit(self) -> None:
        self.call_after_refresh(self._share)

    def _share(self) -> None:
        """What is wrong and the keys are always in sight, and the fields before the note: what has no room scrolls."""
        if not self.query("#fields"):
            return
        fields, notes = self.query_one("#fields"), self.query("#note")
        fixed = sum(self.query_one(name).outer_size.height for name in (".box-title", "#trouble", ".box-foot"))
        # The box: at most 94 in 100 of the screen (console.tcss), a blank line above and below, one below the title, one above the keys.
        room = self.app.size.height * 94 // 100 - 4 - fixed
        wanted = fields.virtual_size.height
        left = room - wanted - 1
        if notes:
            note = notes.first()
            told = max(min(note.virtual_size.height, NOTE_LEAST), min(note.virtual_size.height, left))
            note.styles.max_height = told
            room -= told + 1
        fields.styles.max_height = max(FIELDS_LEAST, room)
        if self.focused is not None:
            self.call_after_refresh(self.focused.scroll_visible, animate=False)

    def action_note(self, by: int) -> None:
        """A note that has no room is read page by page."""
        for note in self.query("#note"):
            note.scroll_to(y=note.scroll_y + by * max(1, note.size.height - 1), animate=False, immediate=True)

    def values(self) -> Values:
        """What stands in the form."""
        found: Values = {}
        for n, field in enumerate(self._fields):
            widget = self.query_one(f"#f{n}")
            found[field.name] = widget.value if isinstance(widget, Input | Choice) else ""
        return found

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        # What was said of the text before is no more true of this one.
        for line in self.query(f"#w{(event.input.id or '')[1:]}").results(Static):
            line.display = False
        if self._check is not None:
            self.set_timer(CHECK_AFTER_S, lambda: start(self, self._look, "check", exclusive=True))

    async def _look(self) -> None:
        if self._check is None:
            return
        try:
            wrong = await self._check(self.values())
        except Trouble as trouble:
            self._tell(told(trouble))
            return
        self._mark(wrong)

    # An answer may come when the form is being closed and its lines are gone already: then there is nobody to tell.
    def _tell(self, text: Content) -> None:
        for line in self.query("#trouble").results(Static):
            line.update(text)
        self._fit()

    def _mark(self, wrong: dict[str, str]) -> None:
        for field, line in zip(self._fields, self.query(".form-wrong").results(Static), strict=False):
            line.update(Content(f"! {wrong[field.name]}" if field.name in wrong else ""))
            line.display = field.name in wrong
        self._fit()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enter leads on from every field but the last, which submits behind what was typed into it."""
        if action == "next":
            return self.focused is not None and self.focused.id != f"f{len(self._fields) - 1}"
        return super().check_action(action, parameters)

    def action_next(self) -> None:
        """The next field has the keys, also for what was typed ahead."""
        self.focus_next()

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.action_submit()

    def action_submit(self) -> None:
        """Do it, once."""
        values = self.values()
        missing = {field.name: _("必填") for field in self._fields if field.required and not values[field.name].strip()}
        self._mark(missing)
        if not missing and not self._busy:
            self._busy = True
            self._tell(Content(_("办理中..")))
            start(self, partial(self._do, values), "act")

    async def _do(self, values: Values) -> None:
        try:
            await self._act(values)
        except Trouble as trouble:
            self._busy = False
            self._tell(told(trouble))
            return
        self.dismiss(result=True)

    def action_cancel(self) -> None:
        """Nothing is done."""
        self.dismiss(result=False)
