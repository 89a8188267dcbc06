"""holdings/expression.py: late, and otherwise as `re.compile`."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import holdings
import node
from holdings.expression import Later, expression


def _within(value: object) -> Iterator[Later]:
    if isinstance(value, Later):
        yield value
    elif isinstance(value, dict):
        for one in (*value, *value.values()):
            yield from _within(one)
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from _within(one)


def _of_modules() -> dict[str, Later]:
    found: dict[str, Later] = {}
    for room in (holdings, node):
        for module in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
            for name, value in vars(importlib.import_module(module.name)).items():
                found |= {f"{module.name}.{name}[{number}]": one for number, one in enumerate(_within(value))}
    return found


def test_every_expression_of_the_modules_is_one() -> None:
    """Whatever stands in a module of holdings and node compiles."""
    found = _of_modules()
    assert len(found) > 100
    assert [name for name, one in found.items() if not isinstance(one.pattern, str)] == []


@pytest.mark.parametrize("flags", [0, re.IGNORECASE | re.MULTILINE])
@pytest.mark.parametrize("text", ["第([0-9]{1,3})页", "a+|b", r"^\s*(?P<word>[a-z]+)$"])
def test_its_answers_are_those_of_re(text: str, flags: int) -> None:
    """Its methods and groups say what those of a compiled one say, the first time and later."""
    late, now, said = expression(text, flags), re.compile(text, flags), "第12页 aab\nWord\nAAA"
    for _ in range(2):
        assert late.findall(said) == now.findall(said)
        assert late.sub("-", said) == now.sub("-", said)
        assert [m.span() for m in late.finditer(said)] == [m.span() for m in now.finditer(said)]
        assert bool(late.fullmatch("第1页")) == bool(now.fullmatch("第1页"))
        assert late.groupindex == now.groupindex


def test_a_wrong_one_is_refused_when_it_is_asked() -> None:
    """A fault in an expression comes up with its first use, as re.error."""
    wrong = expression("(")
    with pytest.raises(re.error):
        wrong.search("")
