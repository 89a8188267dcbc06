"""A form some of whose fields are paths: ^O picks one from the folders of this machine, with the keys alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import ClassVar, Final

from msgspec import Struct
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from holdings.language import mark
from tui.dialog import TroubleBox
from tui.figures import fit, size, stamp
from tui.form import Check, Field, Form, Values
from tui.keymap import Key, bound
from tui.link import Answer, Link, Trouble
from tui.wording import _
from tui.work import start


class Wanted(Struct, frozen=True):
    """What a field takes: `act` as the node's verb places_look has it; where one begins; whether several may stand there, parted by ;; a name of a file that
    is written, to put behind the folder; whether anything is written into it."""

    act: str = "folder"
    begin: str = ""
    several: bool = False
    name: str = ""
    written: bool = True

    @property
    def is_folder(self) -> bool:
        """Is it a folder, and no file of one?"""
        return self.act in ("folder", "scans")


FOLDER: Final = Wanted()
SCANS: Final = Wanted("scans", written=False)
SHEET: Final = Wanted("sheet")
IMAGE: Final = Wanted("image")
TITLES: Final = {"folder": mark("选文件夹"), "scans": mark("选文件夹"), "sheet": mark("选目录表"), "image": mark("选图像")}


class PathForm(Form):
    """`picks` are the fields that take a path."""

    BINDINGS: ClassVar = bound((Key("ctrl+o", "pick", mark("选取"), mark("从本机的文件夹中选取")),))

    def __init__(
        self, title: str, fields: Sequence[Field], act: Callable[[Values], Awaitable[object]], link: Link, picks: Mapping[str, Wanted],
        *, note: str = "", check: Check | None = None,
    ) -> None:  # fmt: skip
        super().__init__(title, fields, act, note=note, check=check)
        self._link = link
        self._picks = {n: picks[field.name] for n, field in enumerate(fields) if field.name in picks}

    def on_mount(self) -> None:
        """The foot names the key."""
        self.query_one(".box-foot", Static).update(Content(_("^S 办理    ^O 选取路径    Tab 下一栏    Esc 取消")))

    def action_pick(self) -> None:
        """For the field that has the keys, else for the first that takes a path."""
        at = next((n for n in self._picks if self.focused is not None and self.focused.id == f"f{n}"), next(iter(self._picks)))
        wanted, field = self._picks[at], self.query_one(f"#f{at}", Input)
        before = field.value.strip()
        known = before.rpartition(";")[2].strip()

        def taken(path: str | None) -> None:
            field.focus()
            if path is None:
                return
            if wanted.act == "folder" and (name := known.rpartition("/")[2] if wanted.name and "." in known else wanted.name):
                path = f"{path}/{name}"
            kept = f"{before.rstrip('; ')}; " if wanted.several and before and not before.endswith(path) else ""
            field.value = kept + path
            field.cursor_position = len(field.value)

        begin = known if known.startswith("/") else wanted.begin
        self.app.push_screen(PathPick(self._link, wanted, begin), taken)


def form_of(
    title: str, fields: Sequence[Field], act: Callable[[Values], Awaitable[object]], link: Link, picks: Mapping[str, Wanted] | None,
    *, note: str = "", check: Check | None = None,
) -> Form:  # fmt: skip
    """A form: one that picks paths, where there are fields that take one."""
    return PathForm(title, fields, act, link, picks, note=note, check=check) if picks else Form(title, fields, act, note=note, check=check)


class PathPick(ModalScreen[str | None]):
    """Folders and files; the path that is taken, or None."""

    KEYS: ClassVar = (
        Key("ctrl+s", "take", mark("就选这个文件夹")),
        Key("left", "up", mark("上一级")),
        Key("backspace", "up", mark("上一级"), shown=False),
        Key("right", "down", mark("进入"), shown=False),
        Key("escape", "close", mark("不选")),
    )
    BINDINGS: ClassVar = bound(KEYS)

    def __init__(self, link: Link, wanted: Wanted, begin: str) -> None:
        super().__init__()
        self._link, self._wanted, self._begin = link, wanted, begin
        self._title = TITLES[wanted.act]
        self._seen: Answer = {"folder": "", "above": "", "entries": [], "writable": False}
        self._typed = ""

    def compose(self) -> ComposeResult:
        """Where one is, what is there, keys."""
        with Vertical(classes="box palette"):
            yield Static(Content(_(self._title)), classes="box-title")
            yield Static(id="pick-where", classes="form-note")
            yield OptionList(compact=True)
            yield Static(id="pick-foot", classes="box-foot")

    def on_mount(self) -> None:
        """Begin."""
        self.query_one(OptionList).focus()
        self._go(self._begin)

    def _go(self, folder: str, stand_on: str = "") -> None:
        async def look() -> None:
            try:
                self._seen = await self._link.ask("places_look", act=self._wanted.act, folder=folder)
            except Trouble as trouble:
                trouble.thing = trouble.thing or _(self._title)
                self.app.push_screen(TroubleBox(trouble))
                return
            self._typed = ""
            self._draw(stand_on)

        start(self, look, "places", exclusive=True)

    def _draw(self, stand_on: str) -> None:
        seen, entries = self._seen, self._seen["entries"]
        width = max(20, self.query_one(OptionList).size.width - 2)
        rows = self.query_one(OptionList)
        rows.clear_options()
        rows.add_options([Option(Content(line(one, width))) for one in entries])
        if entries:
            rows.highlighted = next((n for n, one in enumerate(entries) if one["path"] == stand_on), 0)
        where = seen["folder"] or _("从何处开始")
        parts = [_("还有更多，请直接键入路径") if seen["more"] else "", "" if entries else _("这里没有可选的")]
        if self._wanted.is_folder and self._wanted.written and seen["folder"]:
            parts.append(_("可用 {size}", size=size(seen["free"])) if seen["writable"] else _("! 本机服务不能写入此处"))
        self.query_one("#pick-where", Static).update(Content("  ".join(part for part in (where, *parts) if part)))
        keys = [_("回车 进入") if self._wanted.is_folder else _("回车 进入、选取")]
        keys += [_("^S 就选这个文件夹")] if self._may_take else []
        keys += [_("← 上一级")] if seen["folder"] else []
        self.query_one("#pick-foot", Static).update(Content("    ".join([*keys, _("Esc 不选")])))

    def on_key(self, event: events.Key) -> None:
        """Type the beginning of a name to stand on it."""
        sign = event.character
        if sign is None or not sign.isprintable() or sign == " ":
            return
        event.stop()
        for typed in (self._typed + sign.lower(), sign.lower()):
            at = next((n for n, one in enumerate(self._seen["entries"]) if one["name"].lower().startswith(typed)), None)
            if at is not None:
                self._typed = typed
                self.query_one(OptionList).highlighted = at
                return

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        one = self._seen["entries"][event.option_index]
        if one["folder"]:
            self._go(one["path"])
        else:
            self.dismiss(one["path"])

    def action_down(self) -> None:
        """Into the folder under the cursor."""
        at = self.query_one(OptionList).highlighted
        if at is not None and self._seen["entries"][at]["folder"]:
            self._go(self._seen["entries"][at]["path"])

    def action_up(self) -> None:
        """The folder above; above the first places there is none."""
        if self._seen["folder"]:
            self._go(self._seen["above"], self._seen["folder"])

    @property
    def _may_take(self) -> bool:
        return self._wanted.is_folder and bool(self._seen["folder"]) and (self._seen["writable"] or not self._wanted.written)

    def action_take(self) -> None:
        """This folder."""
        if self._may_take:
            self.dismiss(self._seen["folder"])

    def action_close(self) -> None:
        """None of them."""
        self.dismiss(None)


def line(one: Answer, width: int) -> str:
    """A folder with its sign, a file with its size and time."""
    if one["folder"]:
        return fit(f"{one['name'].rstrip('/')}/", width)
    facts = f"  {size(one['size']):>9}  {stamp(one['changed'])}"
    return fit(one["name"], max(8, width - len(facts))) + facts
