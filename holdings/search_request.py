"""What is asked of the index, and the query language people write it in (docs/operating.md); pure.

Nothing is a syntax error: what cannot be read as an operator is a word. Bounds: 500 characters, 32 words, depth 8.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final, TypeAlias

from msgspec import Struct, field

from holdings.expression import expression

QUERY_MAX: Final = 500  # characters; the rest is left out, and said so
TERMS_MAX: Final = 32
DEPTH_MAX: Final = 8
LIMIT_MAX: Final = 1_000  # hits of one page
VALUES_MAX: Final = 64  # values of one filter


class Field(Enum):
    """Where a word is looked for; the first name is shown, all may be typed before a colon."""

    TITLE = ("题名", "title")
    BODY = ("责任者", "body", "作者")
    NUMBER = ("文号", "number", "no")
    CODE = ("档号", "code", "ref")
    TEXT = ("全文", "text", "正文")
    KEYWORDS = ("主题词", "keywords", "keyword", "关键词", "人名")

    __hash__ = (
        object.__hash__
    )  # each is one object; the hash of enumerations is worked out in Python, for each field of each hit

    @property
    def label(self) -> str:
        """The Chinese word of the glossary."""
        return str(self.value[0])


class Facet(Enum):
    """What hits are counted and filtered by; values as `--filter FIELD=VALUE` names them."""

    FONDS = ("全宗", "fonds")
    YEAR = ("年度", "year")
    RETENTION = ("保管期限", "retention")
    SECURITY = ("密级", "security")
    OPENING = ("开放状态", "opening")
    CATEGORY = ("门类", "category")
    DISTRICT = ("区县", "district")
    LEVEL = ("层级", "level")

    @property
    def label(self) -> str:
        """The Chinese word of the glossary."""
        return self.value[0]


class Sort(Enum):
    """The order of hits. Newest: what came in last."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    DATE = "date"
    CODE = "code"


class Mode(Enum):
    """How hits are found: by words, by meaning, or both."""

    WORDS = "words"
    MEANING = "meaning"
    BOTH = "both"


class Word(Struct, frozen=True):
    """A word or phrase, as typed. `prefix`: what begins so; `field` None: in any."""

    text: str
    field: Field | None = None
    prefix: bool = False
    phrase: bool = False


class Sound(Struct, frozen=True):
    """A person's name, pinyin or first letters, as typed: names that sound like it (holdings/name_sound.py). `fuzzy`: what
    ears confuse too."""

    text: str
    fuzzy: bool = False


class Both(Struct, frozen=True):
    """All of these; none: everything."""

    parts: tuple[Query, ...]


class Either(Struct, frozen=True):
    """One of these at least."""

    parts: tuple[Query, ...]


class Without(Struct, frozen=True):
    """Not this."""

    part: Query


Query: TypeAlias = "Word | Sound | Both | Either | Without"

EVERYTHING: Final = Both(())


class SearchRequest(Struct, frozen=True):
    """What is asked. `filters`: values of facets, any of which will do, as `filter_of` reads them; `years`: first and last
    year of a range, both included; `cursor`: from the answer before; `facets`: what to count hits by; `counted`: whether
    to count the hits."""

    text: str = ""
    mode: Mode = Mode.WORDS
    filters: Mapping[Facet, tuple[str, ...]] = field(default_factory=dict)
    years: tuple[int, int] | None = None
    sort: Sort = Sort.RELEVANCE
    limit: int = 20
    cursor: str = ""
    facets: tuple[Facet, ...] = ()
    counted: bool = True


class Read(Struct, frozen=True):
    """A query as read, and what a person should know of how it was."""

    query: Query
    notes: tuple[str, ...] = ()


_FIELDS: Final = {name.lower(): one for one in Field for name in one.value}
_FACETS: Final = {name.lower(): one for one in Facet for name in one.value}
_SOUNDS: Final = {"同音": False, "姓名音": False, "sound": False, "近音": True, "near": True}
_AND: Final = frozenset({"AND", "&", "&&", "+", "与", "并且"})
_OR: Final = frozenset({"OR", "|", "||", "或", "或者"})
_NOT: Final = frozenset({"NOT", "!", "非", "不含"})
_QUOTES: Final = {'"': '"', "“": "”", "„": "”", "«": "»", "「": "」", "『": "』"}
_ENDS: Final = frozenset('"“”「」『』«»„')
_FOLD: Final = str.maketrans({
    "（": "(", "）": ")", "＊": "*", "：": ":", "＂": '"', "｜": "|", "＆": "&", "！": "!", "－": "-", "＋": "+",
})  # fmt: skip
_CHINESE: Final = expression("[\u3400-\u9fff\U00020000-\U0003ffff]")


def field_named(name: str) -> Field | None:
    """The field of a name that people type."""
    return _FIELDS.get(name.lower())


def facet_named(name: str) -> Facet | None:
    """The facet of a name that people type: of `--filter FIELD=VALUE`."""
    return _FACETS.get(name.strip().lower())


def read_query(text: str) -> Read:
    """Read what somebody typed or pasted. Words must all be there unless OR or NOT stands between them."""
    notes = []
    if len(text) > QUERY_MAX:
        notes.append(f"检索词超过 {QUERY_MAX} 个字符，只用了前 {QUERY_MAX} 个")
    tokens = list(_tokens(text[:QUERY_MAX]))
    words = sum(isinstance(one, Word | Sound) for one in tokens)
    if words > TERMS_MAX:
        notes.append(f"检索词超过 {TERMS_MAX} 个，只用了前 {TERMS_MAX} 个")
    return Read(_Reader(tokens).all(), tuple(notes))


class _Sign(Enum):
    """What is no word."""

    AND = "and"
    OR = "or"
    NOT = "not"
    OPEN = "("
    CLOSE = ")"


_Token: TypeAlias = Word | Sound | _Sign


def _tokens(text: str) -> Iterator[_Token]:
    """Words and signs in order."""
    folded = text.translate(_FOLD)  # one character for one, so that places agree
    at, depth = 0, 0
    while at < len(folded):
        char = folded[at]
        if char.isspace() or char == "\x00":
            at += 1
        elif char == "(" and _is_group(folded, at):
            depth += 1
            at += 1
            yield _Sign.OPEN
        elif char == ")" and depth:
            depth -= 1
            at += 1
            yield _Sign.CLOSE
        else:
            end, token = _word(folded, text, at, depth)
            at = max(end, at + 1)
            if token is not None:
                yield token


def _is_group(text: str, at: int) -> bool:
    """A bracket groups when blanks or brackets stand outside it on both sides: those of a 文号, 津档(2009)13号, do not."""
    level, place = 0, at
    while place < len(text):
        level += {"(": 1, ")": -1}.get(text[place], 0)
        if level == 0:
            after = text[place + 1 : place + 2]
            return not after or after.isspace() or after in "()"
        place = _past_quoted(text, place)
    return False


def _past_quoted(text: str, at: int) -> int:
    """The next place to look at: brackets between quotation marks are text."""
    end = _QUOTES.get(text[at])
    closing = next((i for i in range(at + 1, len(text)) if text[i] == end or text[i] in _ENDS), 0) if end else 0
    return (closing or at) + 1


def _word(text: str, typed: str, at: int, depth: int) -> tuple[int, _Token | None]:
    """(where it ends, the word or operator that begins here)."""
    start, one = at, None
    if text[at] == "-" and (_CHINESE.match(text, at + 1) or text[at + 1 : at + 2] in _QUOTES):
        return at + 1, _Sign.NOT
    named = re.compile(r"[A-Za-z\u4e00-\u9fff]{1,10}:").match(text, at)
    if named and (one := field_named(named[0][:-1])) is not None:
        at = named.end()
    elif named and (fuzzy := _SOUNDS.get(named[0][:-1].lower())) is not None:
        end, heard = _word(text, typed, named.end(), depth) if named.end() < len(text) else (named.end(), None)
        return end, Sound(heard.text, fuzzy) if isinstance(heard, Word) else None
    if text[at : at + 1] in _QUOTES and text[at : at + 1]:
        end = next((i for i in range(at + 1, len(text)) if text[i] == _QUOTES[text[at]] or text[i] in _ENDS), len(text))
        star = text[end + 1 : end + 2] == "*"
        inside = typed[at + 1 : end]
        return end + 1 + star, Word(inside, one, star, phrase=True) if inside.strip() else None
    end, level = at, 0
    while end < len(text) and not text[end].isspace() and text[end] not in _ENDS:
        level += {"(": 1, ")": -1}.get(text[end], 0)
        if level < 0 and depth:
            break
        end += 1
    said = text[at:end]
    if one is None and start == at:
        sign = _Sign.AND if said in _AND else _Sign.OR if said in _OR else _Sign.NOT if said in _NOT else None
        if sign is not None:
            return end, sign
    plain = typed[at:end].rstrip("*＊")
    return end, Word(plain, one, prefix=len(plain) < end - at) if any(map(_counts, plain)) else None


def _counts(char: str) -> bool:
    """Whether a character is one that is looked for at all."""
    return unicodedata.category(char)[0] in "LN" or unicodedata.category(char) == "Co"


class _Reader:
    """Or binds loosest, then and, then not; signs that bind nothing are passed over."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens, self._at, self._words = tokens, 0, 0

    def all(self) -> Query:
        """The whole query."""
        parts = []
        while self._at < len(self._tokens):
            parts.append(self._either(0))
            if self._at < len(self._tokens):  # a bracket that closes nothing
                self._at += 1
        return _joined(parts)

    def _next(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _either(self, depth: int) -> Query:
        parts = [self._both(depth)]
        while self._next() is _Sign.OR:
            self._at += 1
            parts.append(self._both(depth))
        kept = [part for part in parts if part != EVERYTHING]
        return kept[0] if len(kept) == 1 else Either(tuple(kept)) if kept else EVERYTHING

    def _both(self, depth: int) -> Query:
        parts: list[Query] = []
        while (token := self._next()) not in (None, _Sign.OR, _Sign.CLOSE):
            if token is _Sign.AND:
                self._at += 1
            elif (one := self._one(depth)) is not None:
                parts.append(one)
        return _joined(parts)

    def _one(self, depth: int) -> Query | None:
        token = self._next()
        self._at += 1
        if isinstance(token, Word | Sound):
            self._words += 1
            return token if self._words <= TERMS_MAX else None
        if token is _Sign.NOT:
            while self._next() in (_Sign.AND, _Sign.NOT):
                self._at += 1
            if self._next() in (None, _Sign.OR, _Sign.CLOSE):
                return None
            one = self._one(depth)
            return Without(one) if one is not None and one != EVERYTHING else None
        if token is _Sign.OPEN:
            if depth >= DEPTH_MAX:
                return None
            one = self._either(depth + 1)
            if self._next() is _Sign.CLOSE:
                self._at += 1
            return one
        return None


def _joined(parts: list[Query]) -> Query:
    """All of these, without what says nothing."""
    kept = [part for part in parts if part != EVERYTHING]
    return kept[0] if len(kept) == 1 else Both(tuple(kept))
