"""The help of a screen, made from the tables of keys: what it says is what the keys do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.content import Content

from tui.dialog import Reading
from tui.figures import pad
from tui.keymap import EVERYWHERE, LIST_KEYS, Key
from tui.page import Page
from tui.wording import _


def lines(keys: Iterable[Key]) -> list[Content]:
    """One line a key: its name, and what it does."""
    return [Content.assemble("  ", (pad(_(key.name), 9), "bold"), _(key.told or key.label)) for key in keys]


def guide(page: Page | None, keys: Sequence[Key], shown: Sequence[type[Page]]) -> Reading:
    """The help over the screen that is seen: those of its keys that may be used."""
    found: list[Content] = []
    if page is not None and keys:
        found += [Content.styled(_(page.TITLE), "bold $primary"), *lines(keys), Content("")]
    if page is not None and page.query("Ledger"):
        found += [Content.styled(_("列表"), "bold $primary"), *lines(LIST_KEYS), Content("")]
    found += [
        Content.styled(_("各屏"), "bold $primary"),
        *lines(Key(str(n), "", kind.TITLE) for n, kind in enumerate(shown, 1)),
        Content(""),
    ]
    found += [Content.styled(_("通用"), "bold $primary"), *lines(EVERYWHERE)]
    return Reading(_("帮助"), Content("\n").join(found))


def of_keys(title: str, keys: Iterable[Key]) -> Reading:
    """The help of a box that covers the screen."""
    return Reading(_("帮助"), Content("\n").join([Content.styled(title, "bold $primary"), *lines(keys)]))
