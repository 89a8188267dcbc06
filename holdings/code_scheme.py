"""A site's own code schemes 本馆档号方案, given as configuration: a template and what each part may be.

A template such as ``{fonds}-{inventory}·{year}-{volume}[-{item}]`` both reads and writes: what stands in square brackets
may be absent. Schemes are tried before the rules of DA/T 13. Pure but for the table that ships with the program.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final

from msgspec import Struct

from holdings.errors import SiteDataWrong
from holdings.expression import expression
from holdings.reference_code import CODE_MAX, CodeForm, ReferenceCode, match_key
from holdings.site_data import NO_SITE, SiteData, overlay, shipped, table, typed

FILE: Final = "codes.toml"
SCHEMES_MAX: Final = 32  # each costs one look at each code
TEMPLATE_MAX: Final = 200  # characters
LENGTH_MAX: Final = 40  # characters of one part
_NAMED: Final = ("fonds", "inventory", "year", "retention", "organ", "volume", "item")
_OTHERS: Final = ("kind", "second", "third", "fourth", "project", "page")
_TOKEN: Final = expression(r"\{(\w+)\}|([\[\]])|([^{}\[\]]+)")


class Characters(StrEnum):
    """What a part may be written with; each a class of characters of a match key."""

    DIGITS = "digits"
    LETTERS = "letters"
    HAN = "han"

    @property
    def range(self) -> str:
        """For a character class of a regular expression."""
        return {"digits": "0-9", "letters": "A-Z", "han": "\u4e00-\u9fff"}[self.value]


class PartRule(Struct, frozen=True, forbid_unknown_fields=True):
    """What one part may be: characters and how many, or one of a few `values`."""

    characters: tuple[Characters, ...] = (Characters.DIGITS,)
    min: int = 1
    max: int = 20
    values: tuple[str, ...] = ()

    @property
    def pattern(self) -> str:
        """As a regular expression."""
        if self.values:
            # Longest first: where one value begins another, the longer is tried before it.
            return "|".join(re.escape(v) for v in sorted(self.values, key=len, reverse=True))
        return f"[{''.join(c.range for c in self.characters)}]{{{self.min},{self.max}}}"


class SchemeRule(Struct, frozen=True, forbid_unknown_fields=True):
    """One [[scheme]] of codes.toml; parts that `parts` leaves out are 1 to 20 digits."""

    name: str
    template: str
    parts: dict[str, PartRule] = {}


class CodeTable(Struct, frozen=True, forbid_unknown_fields=True):
    """codes.toml: 门类代码 and their names, and the site's schemes in the order they are tried."""

    kinds: dict[str, str] = {}
    scheme: tuple[SchemeRule, ...] = ()


class Scheme:
    """A compiled scheme. SiteDataWrong names the scheme and what is wrong with it."""

    def __init__(self, rule: SchemeRule) -> None:
        self.name = rule.name
        self._groups = _groups(rule)
        names = [place.name for group in self._groups for place in group.places]
        if "volume" in names and "item" in names[: names.index("volume")]:
            raise _wrong(rule, "{volume} 须写在 {item} 之前")
        flat = [part for group in self._groups for part in group.parts]
        if any(isinstance(b, _Part) and isinstance(a, _Part) and not a.fixed for a, b in pairwise(flat)):
            # Where one ends and the next begins would be a guess, and a costly one.
            raise _wrong(rule, "相邻两段之间须有分隔符，或前一段长度固定")
        self._regex = re.compile("".join(_pattern(group) for group in self._groups))

    def read(self, printed: str, key: str) -> ReferenceCode | None:
        """The code in its parts; None when it is not of this scheme."""
        found = self._regex.fullmatch(key)
        if found is None:
            return None
        said = {name: value for name, value in found.groupdict("").items() if value}
        part = said.get
        others = tuple((name, said[name]) for name in _OTHERS if name in said)
        within = key[: found.end("volume")] if "volume" in said else ""
        return ReferenceCode(
            printed, key, CodeForm.SITE, part("fonds", ""), part("kind", ""), part("inventory", ""), part("year", ""),
            part("retention", ""), part("organ", ""), part("volume", ""), part("item", ""),
            scheme=self.name, within=within, others=others,
        )  # fmt: skip

    def write(self, code: ReferenceCode) -> str:
        """Write a code from its parts; equals the key of every code that this scheme has read."""
        values = {**{name: getattr(code, name) for name in _NAMED}, **dict(code.others)}
        written = ""
        for group in self._groups:
            if not group.optional or all(values.get(place.name) for place in group.places):
                written += "".join(values.get(p.name, "") if isinstance(p, _Part) else p for p in group.parts)
        return written


class Codes:
    """What a site's codes may be: `kinds` names 门类 by their code, `schemes` are passed to reference_code.parse."""

    def __init__(self, content: CodeTable) -> None:
        if len(content.scheme) > SCHEMES_MAX:
            raise SiteDataWrong(f"{FILE}：档号方案超过 {SCHEMES_MAX} 个")
        self.kinds: Mapping[str, str] = content.kinds
        self.schemes = tuple(Scheme(rule) for rule in content.scheme)

    def format(self, code: ReferenceCode) -> str:
        """Write a site's code by its scheme; SiteDataWrong when the scheme is not configured any more."""
        for scheme in self.schemes:
            if scheme.name == code.scheme:
                return scheme.write(code)
        raise SiteDataWrong(f"{FILE} 中没有名为“{code.scheme}”的档号方案")


@functools.lru_cache(8)
def codes_of(site: SiteData = NO_SITE) -> Codes:
    """The table that ships with the program, with a site's codes*.toml laid over it; SiteDataWrong names what is wrong."""
    content: dict[str, Any] = table(FILE, shipped(FILE))
    name = FILE
    for name, text in site.named("codes"):
        content = overlay(content, table(name, text))
        typed(name, content, CodeTable)
    return Codes(typed(name, content, CodeTable))


class _Part(Struct, frozen=True):
    """A place in a template."""

    name: str
    rule: PartRule

    @property
    def fixed(self) -> bool:
        """Has it one length only?"""
        return len({len(v) for v in self.rule.values} or {self.rule.min, self.rule.max}) == 1


class _Group(Struct, frozen=True):
    """Literals and parts that stand or are absent together."""

    parts: tuple[_Part | str, ...]
    optional: bool

    @property
    def places(self) -> list[_Part]:
        """Its parts without the literals."""
        return [part for part in self.parts if isinstance(part, _Part)]


def _groups(rule: SchemeRule) -> list[_Group]:
    """Take a template apart; SiteDataWrong names the scheme."""
    if not rule.name or not 1 <= len(rule.template) <= TEMPLATE_MAX:
        raise _wrong(rule, f"须有 name，template 为 1 至 {TEMPLATE_MAX} 个字符")
    groups: list[_Group] = []
    current: list[_Part | str] = []
    optional, seen, end = False, set[str](), 0
    for found in _TOKEN.finditer(rule.template):
        if found.start() != end:
            break
        end = found.end()
        name, bracket, literal = found.groups()
        if bracket:
            if (bracket == "[") == optional:
                raise _wrong(rule, "方括号须成对，且不能套用")
            groups.append(_group(rule, current, optional=optional))
            current, optional = [], bracket == "["
        elif name:
            current.append(_part(rule, name, seen))
        elif match_key(literal) != literal:
            raise _wrong(rule, f"“{literal}”须写作规范形式“{match_key(literal)}”")
        else:
            current.append(literal)
    if end != len(rule.template) or optional or not seen or rule.parts.keys() - seen:
        raise _wrong(rule, "花括号、方括号须成对，parts 只能写 template 用到的段，且至少有一段")
    return [*groups, _group(rule, current, optional=False)]


def _part(rule: SchemeRule, name: str, seen: set[str]) -> _Part:
    """One part of a template within its bounds."""
    said = rule.parts.get(name, PartRule())
    if name not in (*_NAMED, *_OTHERS) or name in seen:
        raise _wrong(rule, f"{{{name}}} 不是可用的段，或用了两次；可用：{'、'.join((*_NAMED, *_OTHERS))}")
    if not said.characters or not 1 <= said.min <= said.max <= LENGTH_MAX:
        raise _wrong(rule, f"段 {name} 的 min、max 须为 1 至 {LENGTH_MAX}，characters 不能为空")
    if any(not 1 <= len(v) <= CODE_MAX or match_key(v) != v for v in said.values):
        raise _wrong(rule, f"段 {name} 的 values 须为规范形式（大写、半角）")
    seen.add(name)
    return _Part(name, said)


def _group(rule: SchemeRule, parts: list[_Part | str], *, optional: bool) -> _Group:
    """A group; what may be absent must be seen to be absent."""
    group = _Group(tuple(parts), optional)
    if optional and not group.places:
        raise _wrong(rule, "方括号内须至少有一段")
    return group


def _pattern(group: _Group) -> str:
    """A group as a regular expression."""
    inner = "".join(f"(?P<{p.name}>{p.rule.pattern})" if isinstance(p, _Part) else re.escape(p) for p in group.parts)
    return f"(?:{inner})?" if group.optional else inner


def _wrong(rule: SchemeRule, what: str) -> SiteDataWrong:
    return SiteDataWrong(f"档号方案“{rule.name}”（{rule.template}）：{what}")
