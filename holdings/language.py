"""Words of screens and pages in the reader's language: the Chinese source text is the key, English is looked up in `<room>/locale/en/LC_MESSAGES/<room>.po`.

The catalogue is read and compiled in memory when English is first asked for; Chinese needs no catalogue, and nothing is imported for it.
"""

from __future__ import annotations

import functools
import gettext
import io
from enum import StrEnum
from importlib import resources
from typing import Final

CATALOGUE_MAX: Final = 4 << 20
"""Bytes of a catalogue: it is ours, but a damaged installation must not eat the machine."""


class Language(StrEnum):
    """The languages of the interface; the value is the tag of BCP 47 that HTML and HTTP use."""

    CHINESE = "zh-CN"
    ENGLISH = "en"

    @classmethod
    def of(cls, text: str) -> Language:
        """The language that a tag, a locale name or an Accept-Language value asks for first; Chinese where it says neither.

        >>> Language.of("en-GB,en;q=0.9,zh;q=0.5"), Language.of("zh_CN.UTF-8"), Language.of("")
        (<Language.ENGLISH: 'en'>, <Language.CHINESE: 'zh-CN'>, <Language.CHINESE: 'zh-CN'>)
        """
        first = text.split(",", 1)[0].strip().lower()
        return cls.ENGLISH if first[:2] == "en" and first[2:3] in ("", "-", "_", ";") else cls.CHINESE


def mark(text: str) -> str:
    """The text itself: marks a constant as one that is looked up later, so that the test of catalogues finds it."""
    return text


class Words:
    """The words of one room in one language. Usable from several threads."""

    def __init__(self, catalogue: gettext.NullTranslations, language: Language) -> None:
        self._catalogue, self.language = catalogue, language

    def __call__(self, text: str, /, **values: object) -> str:
        """The text in this language, `{name}` replaced by `values`; the Chinese source where no other is known."""
        found = self._catalogue.gettext(text) if text else ""
        return found.format(**values) if values else found

    def number(self, text: str, n: int, /, **values: object) -> str:
        """The same for a text with a count `{n}`: English tells one from many."""
        return self._catalogue.ngettext(text, text, n).format(n=n, **values)


@functools.cache
def words(room: str, language: Language) -> Words:
    """The words of `room` ("hub", "tui") in `language`; a room without a catalogue speaks Chinese."""
    if language is Language.CHINESE:
        return Words(gettext.NullTranslations(), language)
    path = resources.files(room) / "locale" / language.value / "LC_MESSAGES" / f"{room}.po"
    if not path.is_file():
        return Words(gettext.NullTranslations(), language)
    return Words(_compiled(path.read_bytes()), language)


def _compiled(po: bytes) -> gettext.GNUTranslations:
    # Babel takes some 50 ms and 5 MiB: only who asks for English pays.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    if len(po) > CATALOGUE_MAX:
        raise ValueError(f"a catalogue of words is longer than {CATALOGUE_MAX} bytes")
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(po), locale="en"))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
