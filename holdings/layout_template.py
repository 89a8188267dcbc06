"""Templates of folder and file names: `{fonds}/{year}/{retention}/{organ}/{item}` and the 档号 that follows from them; pure.

A field takes what its name allows; a name of one's own takes anything but a folder separator.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from holdings.expression import expression

TEMPLATE_MAX: Final = 200  # characters
FIELDS_MAX: Final = 16
VALUES_MAX: Final = 1_000  # translations of one profile

_FIELD: Final = expression(r"\{([^{}:/]{1,40})(?::0([1-9]))?\}")
_PAGE: Final = r"[0-9]{1,9}(?:-[0-9]{1,2}|-[LRlr]|[A-Za-z]|补[0-9]*|[正反])?"
_KINDS: Final = {
    "code": r".+", "title": r".*", "page": _PAGE, "year": r"[0-9]{4}",
    "retention": r"永久|长期|短期|Y|D[0-9]{1,3}|(?:定期)?[0-9]{1,3}年",
    **dict.fromkeys(("item", "volume", "inventory", "group", "box"), r"[0-9]{1,6}"),
}  # fmt: skip
_YEARS: Final = expression(r"(?:定期)?([0-9]{1,3})年")


def fields_of(template: str) -> tuple[str, ...]:
    """Names of the fields in a template; ValueError (Chinese) when it is none."""
    names = tuple(found[1] for found in _FIELD.finditer(template))
    if len(template) > TEMPLATE_MAX or len(names) > FIELDS_MAX:
        raise ValueError(f"模板不超过 {TEMPLATE_MAX} 字、{FIELDS_MAX} 项：{template[:40]}")
    if len(set(names)) != len(names) or set("{}") & set(_FIELD.sub("", template)):
        raise ValueError(f"模板“{template}”有误：各项写作 {{名称}}，名称不得重复")
    return names


@functools.lru_cache(maxsize=256)
def _pattern(template: str) -> re.Pattern[str]:
    """A regular expression of one level; groups are f0, f1 … in the order of fields."""
    out, at = [], 0
    for index, found in enumerate(_FIELD.finditer(template)):
        out.append(re.escape(unicodedata.normalize("NFKC", template[at : found.start()])))
        out.append(f"(?P<f{index}>{_KINDS.get(found[1], '[^/]+?')})")
        at = found.end()
    out.append(re.escape(unicodedata.normalize("NFKC", template[at:])))
    return re.compile("".join(out))


def match_name(template: str, name: str) -> dict[str, str] | None:
    """Fields of one name (without its extension), None when it does not fit."""
    found = _pattern(template).fullmatch(unicodedata.normalize("NFKC", name))
    return None if found is None else dict(zip(fields_of(template), found.groups(), strict=True))


def match_path(template: str, parts: Sequence[str]) -> dict[str, str] | None:
    """Fields of the last levels of a path, as many as the template has; None when they do not fit."""
    levels = template.split("/")
    if len(levels) > len(parts):
        return None
    fields: dict[str, str] = {}
    for level, name in zip(levels, parts[-len(levels) :], strict=True):
        found = match_name(level, name)
        if found is None:
            return None
        fields |= found
    return fields


def splits(template: str, name: str) -> list[dict[str, str]]:
    """Every reading of a name by a template `{code}SEP{page}`: insert marks make more than one possible. The longest code first."""
    if fields_of(template) != ("code", "page"):
        found = match_name(template, name)
        return [found] if found else []
    text = unicodedata.normalize("NFKC", name)
    between = _FIELD.split(template)
    head, middle, tail = (unicodedata.normalize("NFKC", between[i]) for i in (0, 3, 6))
    if not (text.startswith(head) and text.endswith(tail)) or not middle:
        found = match_name(template, name)
        return [found] if found else []
    text = text[len(head) : len(text) - len(tail) if tail else None]
    readings = []
    for at in [m.start() for m in re.finditer(re.escape(middle), text)][::-1][:3]:
        code, page = text[:at], text[at + len(middle) :]
        if code and re.fullmatch(_PAGE, page):
            readings.append({"code": code, "page": page})
    return readings


def build(template: str, fields: Mapping[str, str], values: Mapping[str, str]) -> str | None:
    """The code that fields make; None when one is lacking. `values` translates what stands in a path (办公室 → BGS)."""

    def value(found: re.Match[str]) -> str:
        text = fields[found[1]]
        text = values.get(text, text)
        if found[1] == "retention" and text not in values.values():
            years = _YEARS.fullmatch(text)
            text = f"D{years[1]}" if years else {"永久": "Y"}.get(text, text)
        return text.lstrip("0").zfill(int(found[2])) if found[2] and text.isdigit() else text

    if any(name not in fields for name in fields_of(template)):
        return None
    return _FIELD.sub(value, template)
