"""页数口径: what counts, and that a delivery's own figures show it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdings.layout_words import Role
from holdings.page_rule import Figures, Image, PageRule, count, figures_of, propose, total

A4, A3 = 1654 * 2339, 3307 * 2339


def images(body: int, *roles: Role) -> list[Image]:
    """Text pages and one image of each role named."""
    return [Image(f"{n:04d}.jpg", Role.BODY) for n in range(1, body + 1)] + [Image("x", role) for role in roles]


CASES: dict[str, tuple[list[Image], PageRule, int | None]] = {
    "everything counts": (images(10, Role.COVER, Role.CONTENTS, Role.ENDNOTE), PageRule(), 13),
    "covers and the like do not": (images(10, Role.COVER, Role.CONTENTS, Role.ENDNOTE), PageRule(cover=False, contents=False, endnote=False), 10),
    "targets and captions never do": (images(4, Role.TARGET, Role.CAPTION), PageRule(), 4),
    "a caption that cannot be counted is no matter": ([*images(4), Image("说明.txt", Role.CAPTION, None)], PageRule(), 4),
    "a document that cannot be counted is": ([*images(4), Image("附件.docx", Role.BODY, None)], PageRule(), None),
    "A3 counts two": ([Image(str(n), Role.BODY, 1, A4) for n in range(5)] + [Image("6", Role.BODY, 1, A3)], PageRule(a3=2), 7),
    "all large is no A3": ([Image(str(n), Role.BODY, 1, A3) for n in range(5)], PageRule(a3=2), 5),
    "two halves are one": ([Image("0005-L.jpg", Role.BODY), Image("0005-R.jpg", Role.BODY), *images(4)], PageRule(split=1), 5),
    "a back that was not scanned": ([Image("0012正.jpg", Role.BODY), Image("0013正.jpg", Role.BODY), Image("0013反.jpg", Role.BODY)], PageRule(blank_backs=True), 4),
    "three more than the row says": (images(13), PageRule(extra=3), 10),
    "never below nothing": (images(1), PageRule(extra=3), 0),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_counts(case: str) -> None:
    """Each switch of the rule does what its name says, and nothing else."""
    found, rule, pages = CASES[case]
    assert count(found, rule) == pages


def test_unnamed_covers_are_guessed_from_the_difference() -> None:
    """98 of 100 records three images above their 页数: said as a share, with what it probably is, and as a rule that fits."""
    records = [Figures(10, (13, 0, 0, 0, 0, 0))] * 98 + [Figures(10, (12, 0, 0, 0, 0, 0))] * 2
    found = propose(records, PageRule())
    assert (found.agree, found.agreed_before, found.rule.extra) == (98, 0, 3)
    assert found.text.startswith("98 % 差 +3，疑为封面+目录+备考表")


def test_named_covers_are_told_from_their_names() -> None:
    """Where covers are known by name the rule leaves them out, one by one."""
    records = [Figures(n, (n, 1, n % 2, 1, 0, 0)) for n in range(5, 105)]
    found = propose(records, PageRule())
    assert found.agree == 100
    assert (found.rule.cover, found.rule.contents, found.rule.endnote, found.rule.extra) == (False, False, False, 0)


def test_a_rule_that_fits_stays() -> None:
    """Figures that agree propose no change, and neither does nothing at all."""
    assert propose([Figures(5, (5, 0, 0, 0, 0, 0))] * 9, PageRule()).rule == PageRule()
    assert propose([], PageRule()).records == 0


@settings(max_examples=25)
@given(
    st.builds(
        PageRule, cover=st.booleans(), contents=st.booleans(), endnote=st.booleans(), a3=st.sampled_from([1, 2]), split=st.sampled_from([1, 2]),
        blank_backs=st.booleans(),
    ),
    st.integers(0, 2**32),
)  # fmt: skip
def test_the_rule_behind_the_figures_is_found(rule: PageRule, seed: int) -> None:
    """Figures made by a rule, a twentieth of them wrong, propose a rule that makes all others agree."""
    chance = random.Random(seed)
    records = []
    for _ in range(200):
        roles = (chance.randint(1, 40), chance.randint(0, 1), chance.randint(0, 2), chance.randint(0, 1), 0, 0)
        plain = Figures(0, roles, chance.randint(0, 3), chance.randint(0, 3), chance.randint(0, 3))
        wrong = chance.randint(1, 3) if chance.random() < 0.05 else 0
        records.append(Figures(total(plain, rule) + wrong, plain.roles, plain.large, plain.halves, plain.backs))
    right = sum(total(one, rule) == one.declared for one in records)
    assert propose(records, PageRule()).agree >= right - 0.12 * len(records)


@given(st.lists(st.integers(1, 30), max_size=20))
def test_figures_hold_every_image(pages: list[int]) -> None:
    """With the plain rule a record has as many pages as its files together."""
    found = [Image(f"{n}.pdf", Role.BODY, p) for n, p in enumerate(pages)]
    assert count(found, PageRule()) == sum(pages) == total(figures_of(found, 0), PageRule())
