"""Five looks: two light, two dark, one of high contrast. Every meaning that a colour has, a sign or a word has too."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

from holdings.language import mark


def _theme(
    name: str, *, dark: bool, ground: str, surface: str, panel: str, ink: str, muted: str, primary: str, on_primary: str, red: str, amber: str, green: str
) -> Theme:  # fmt: skip
    return Theme(
        name, primary=primary, secondary=primary, accent=primary, background=ground, surface=surface, panel=panel, boost=panel, foreground=ink,
        error=red, warning=amber, success=green, dark=dark,
        variables={
            "foreground-muted": muted, "primary-ink": on_primary, "error-ink": red, "warning-ink": amber, "success-ink": green,
            "scrollbar": panel, "scrollbar-hover": muted, "scrollbar-active": primary, "scrollbar-background": surface,
            "scrollbar-background-hover": surface, "scrollbar-background-active": surface, "scrollbar-corner-color": surface,
            "input-cursor-background": ink, "input-cursor-foreground": ground, "input-selection-background": primary,
        },
    )  # fmt: skip


THEMES: Final = (
    _theme("paper", dark=False, ground="#faf8f2", surface="#f0ece1", panel="#e2dccb", ink="#22201b", muted="#6a6455", primary="#1f5d7a", on_primary="#ffffff",
           red="#a8201a", amber="#7d5200", green="#1f6b3a"),
    _theme("celadon", dark=False, ground="#f2f7f4", surface="#e3eee8", panel="#cfe0d7", ink="#14241c", muted="#4e6459", primary="#17644a", on_primary="#ffffff",
           red="#9c1c2e", amber="#735000", green="#136038"),
    _theme("ink", dark=True, ground="#15181c", surface="#1d2227", panel="#2b323a", ink="#dde3e8", muted="#93a0ab", primary="#7fb7d6", on_primary="#0d1418",
           red="#ff8a80", amber="#f0c060", green="#86d59a"),
    _theme("night", dark=True, ground="#1b1622", surface="#241d2d", panel="#352b41", ink="#e9e2ef", muted="#a698b3", primary="#c9a7ec", on_primary="#1a1022",
           red="#ff8f9c", amber="#e9c46a", green="#93d6a6"),
    _theme("contrast", dark=True, ground="#000000", surface="#000000", panel="#303030", ink="#ffffff", muted="#e0e0e0", primary="#ffff00", on_primary="#000000",
           red="#ff9090", amber="#ffd000", green="#80ff80"),
)  # fmt: skip
LABELS: Final = {
    "paper": mark("素纸（浅）"),
    "celadon": mark("青瓷（浅）"),
    "ink": mark("水墨（深）"),
    "night": mark("紫夜（深）"),
    "contrast": mark("高对比"),
}
DEFAULT: Final = "ink"
