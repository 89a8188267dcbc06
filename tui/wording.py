"""The words of the screens in the language that this console speaks; one console a process, so the language is the process's own."""

from __future__ import annotations

from typing import Final

from holdings.language import Language, Words, words

ROOM: Final = "tui"
_spoken: list[Words] = [words(ROOM, Language.CHINESE)]


def speak(language: Language) -> None:
    """Speak this language from now on; what stands on the screen is drawn anew by the caller."""
    _spoken[0] = words(ROOM, language)


def language() -> Language:
    """The language that is spoken."""
    return _spoken[0].language


def _(text: str, /, **values: object) -> str:
    """The text in the language that is spoken, `{name}` replaced by `values`."""
    return _spoken[0](text, **values)
