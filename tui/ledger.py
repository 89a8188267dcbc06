"""A list of any length: draws the lines that are seen and asks for those it lacks, so that a hundred thousand cost what fifty do."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

from msgspec import Struct
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.figures import fit, fit_path
from tui.keymap import LIST_KEYS, bound
from tui.wording import _

KEPT_MAX: Final = 4_000
"""Lines kept in memory; the farthest are forgotten and asked for again."""


class Column(Struct, frozen=True):
    """A column: its title (Chinese source), its width in cells; the flexible one takes what is left; of a path the end is kept."""

    title: str
    width: int
    flexible: bool = False
    right: bool = False
    path: bool = False


class Line(Struct, frozen=True):
    """What a row shows; the tone (error, warning, hint, faint, or nothing) colours it beside the sign that its first cell carries."""

    cells: tuple[str, ...]
    tone: str = ""


class Ledger(ScrollView, can_focus=True):
    """Rows by key. `show` says which there are, `fill` what they say; `Wanted` asks for what is about to be seen."""

    KEYS = LIST_KEYS
    BINDINGS: ClassVar = [*bound(LIST_KEYS)]
    COMPONENT_CLASSES: ClassVar = {
        "ledger--head", "ledger--cursor", "ledger--idle", "ledger--marked", "ledger--error", "ledger--warning", "ledger--hint", "ledger--faint", "ledger--good"
    }  # fmt: skip
    DEFAULT_CSS = """
    Ledger { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; background: $background; }
    Ledger > .ledger--head { color: $foreground-muted; text-style: bold; background: $surface; }
    Ledger > .ledger--cursor { background: $primary; color: $primary-ink; text-style: bold; }
    Ledger > .ledger--idle { background: $panel; }
    Ledger > .ledger--marked { text-style: bold underline; }
    Ledger > .ledger--error { color: $error-ink; }
    Ledger > .ledger--warning { color: $warning-ink; }
    Ledger > .ledger--hint { color: $foreground; }
    Ledger > .ledger--good { color: $success-ink; }
    Ledger > .ledger--faint { color: $foreground-muted; }
    """

    class Highlighted(Message):
        """The cursor stands on another row, or on none (key None)."""

        def __init__(self, ledger: Ledger, key: Any) -> None:
            super().__init__()
            self.ledger, self.key = ledger, key

    class Chosen(Highlighted):
        """Enter or a double click on a row."""

    class Wanted(Message):
        """Rows that will be seen and are not known."""

        def __init__(self, ledger: Ledger, keys: list[Any]) -> None:
            super().__init__()
            self.ledger, self.keys = ledger, keys

    def __init__(self, columns: Sequence[Column], *, empty: str = "", ident: str | None = None) -> None:
        super().__init__(id=ident)
        self.columns, self.empty = tuple(columns), empty
        self.keys: Sequence[Hashable] = ()
        self.marked: set[Hashable] = set()
        self._at = 0
        self._lines: dict[Hashable, Line] = {}
        self._asked: set[Hashable] = set()
        self._told = False
        """Whether it was ever said what there is: before that an empty list says nothing."""

    # ------------------------------------------------------------ what there is

    @property
    def key(self) -> Any:
        """The key under the cursor; None in an empty list."""
        return self.keys[self._at] if self.keys else None

    @property
    def position(self) -> int:
        """Where the cursor stands, from 0."""
        return self._at

    def line(self, key: Hashable) -> Line | None:
        """What is known of a row."""
        return self._lines.get(key)

    def chosen(self) -> list[Any]:
        """The marked rows in their order, else the one under the cursor."""
        if self.marked:
            return [key for key in self.keys if key in self.marked]
        return [self.key] if self.keys else []

    def show(self, keys: Sequence[Hashable], lines: Mapping[Any, Line] | None = None) -> None:
        """Show these rows; the cursor stays on its row, or where that one was. Rows with other `lines` are drawn anew, the rest as known."""
        before, at = self.key, self._at
        self._told = True
        same = keys == self.keys
        self.keys = keys
        if not same:
            standing = set(keys)
            self.marked &= standing
            self._at = keys.index(before) if before in standing else min(at, max(0, len(keys) - 1))
        if lines:
            self._lines.update(lines)
        self._asked.clear()
        self.virtual_size = Size(0, len(keys) + 1)
        self._keep_in_sight()
        self.refresh()
        self._want()
        if self.key != before or not same:
            self.post_message(self.Highlighted(self, self.key))

    def fill(self, lines: Mapping[Any, Line]) -> None:
        """Say what some rows show."""
        if len(self._lines) > KEPT_MAX:
            seen = set(self._window(2))
            self._lines = {key: line for key, line in self._lines.items() if key in seen}
        self._lines.update(lines)
        self._asked -= set(lines)
        self.refresh()

    def forget(self, keys: Iterable[Hashable] | None = None) -> None:
        """What is known of rows (of all when none are named) is no longer true: asked for again, drawn as it was until then."""
        self._asked.clear()
        if keys is None:
            seen = set(self._window(0))
            self._lines = {key: line for key, line in self._lines.items() if key in seen}
        self._want(anew=True)

    def _window(self, screens: int) -> Sequence[Hashable]:
        top, high = round(self.scroll_y), max(1, self.size.height)
        return self.keys[max(0, top - screens * high) : top + high * (screens + 1)]

    def _want(self, *, anew: bool = False) -> None:
        near = self._window(1)
        missing = [key for key in near if (anew or key not in self._lines) and key not in self._asked]
        if missing and self.size.height:
            self._asked.update(missing)
            self.post_message(self.Wanted(self, missing))

    # ------------------------------------------------------------ drawing

    def render_line(self, y: int) -> Strip:
        """One line of the screen: the head, a row, or nothing."""
        width = self.scrollable_content_region.width
        if y == 0:
            titles = tuple(_(column.title) for column in self.columns)
            return self._strip(titles, self.get_component_rich_style("ledger--head"), width)
        at = y - 1 + round(self.scroll_y)
        if at >= len(self.keys):
            text = "  " + _(self.empty) if self._told and not self.keys and self.empty and y == 2 else ""
            return Strip([Segment(fit(text, width), self.rich_style)], width)
        key = self.keys[at]
        line = self._lines.get(key) or Line(tuple("" if n else ".." for n in range(len(self.columns))), "faint")
        style = self.rich_style
        if line.tone:
            style += self.get_component_rich_style(f"ledger--{line.tone}", partial=True)
        if key in self.marked:
            style += self.get_component_rich_style("ledger--marked", partial=True)
        if at == self._at:
            style += self.get_component_rich_style("ledger--cursor" if self.has_focus else "ledger--idle", partial=True)
        mark = "*" if key in self.marked else ">" if at == self._at else " "
        return self._strip(line.cells, style, width, mark)

    def _strip(self, cells: Sequence[str], style: Style, width: int, mark: str = " ") -> Strip:
        pieces = [mark]
        for column, cell, room in zip(self.columns, cells, self.widths(width), strict=False):
            shown = fit_path(cell, room) if column.path else fit(cell, room, right=column.right)
            pieces.append(shown if room > 0 else "")
        return Strip([Segment(fit(" ".join(pieces), width), style)], width)

    def widths(self, width: int) -> list[int]:
        """Cells of each column in a list that is so wide: the flexible one takes what the others leave, at least a seventh of the list."""
        # A title may be longer in the other language.
        wide = [max(column.width, cell_len(_(column.title))) for column in self.columns]
        fixed = sum(room for column, room in zip(self.columns, wide, strict=True) if not column.flexible) + len(self.columns) + 1
        return [max(width // 7, width - fixed) if column.flexible else room for column, room in zip(self.columns, wide, strict=True)]

    # ------------------------------------------------------------ moving

    def move(self, to: int) -> None:
        """Put the cursor on a row by its position; beyond the ends it stands on the first or last."""
        if not self.keys:
            return
        before, self._at = self._at, min(max(0, to), len(self.keys) - 1)
        if self._at == before:
            return
        if not self._keep_in_sight():
            top = round(self.scroll_y) - 1
            self.refresh(*(Region(0, at - top, self.size.width, 1) for at in (before, self._at)))
        self.post_message(self.Highlighted(self, self.key))

    def _keep_in_sight(self) -> bool:
        """Scroll when the cursor is out of sight; whether it was."""
        high, top = max(1, self.size.height - 1), round(self.scroll_y)
        to = min(self._at, top) if self._at < top else self._at - high + 1 if self._at >= top + high else top
        if to == top:
            return False
        self.scroll_to(y=to, animate=False, immediate=True)
        return True

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Rows that come into sight are asked for."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._want()

    def on_resize(self) -> None:
        """More may be in sight, or the cursor no longer."""
        self._keep_in_sight()
        self._want()

    def on_focus(self) -> None:
        """The cursor is drawn otherwise."""
        self.refresh()

    def on_blur(self) -> None:
        """The cursor is drawn otherwise."""
        self.refresh()

    def action_cursor_up(self) -> None:
        """One row up."""
        self.move(self._at - 1)

    def action_cursor_down(self) -> None:
        """One row down."""
        self.move(self._at + 1)

    def action_page_up(self) -> None:
        """One screen up."""
        self.move(self._at - max(1, self.size.height - 2))

    def action_page_down(self) -> None:
        """One screen down."""
        self.move(self._at + max(1, self.size.height - 2))

    def action_cursor_home(self) -> None:
        """The first row."""
        self.move(0)

    def action_cursor_end(self) -> None:
        """The last row."""
        self.move(len(self.keys) - 1)

    def toggle_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away, and go on to the next."""
        if self.keys:
            self.marked ^= {self.key}
            self.refresh()
            self.move(self._at + 1)

    def on_key(self, event: events.Key) -> None:
        """j and k as in other terminal programs; Enter chooses."""
        if event.key in ("j", "k"):
            self.move(self._at + (1 if event.key == "j" else -1))
        elif event.key == "enter" and self.keys:
            self.post_message(self.Chosen(self, self.key))
        else:
            return
        event.stop()

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor there, a double click chooses."""
        at = event.y - 1 + round(self.scroll_y)
        if event.y < 1 or at >= len(self.keys):
            return
        self.move(at)
        if event.chain == 2:
            self.post_message(self.Chosen(self, self.key))
