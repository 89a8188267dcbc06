"""页数口径: what counts as a page, and what a delivery's own figures say about it; pure.

A row's 页数 often leaves out 封面, 目录 and 备考表, counts an A3 sheet once or twice, and counts the blank back of a leaf
that nobody scanned (DA/T 31-2017 11.2 asks that 页数 and images agree, and leaves open what a page is).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from holdings.layout_words import Role
from holdings.page_name import page_name

SAMPLE: Final = 200  # records that a proposal looks at
EXTRA_MAX: Final = 20
LARGE_FACTOR: Final = 1.7  # an A3 sheet has twice the area of the A4 pages around it; cropping takes a little


class PageRule(Struct, frozen=True, forbid_unknown_fields=True):
    """What counts. `a3`: pages that an A3 image counts as; `split`: pages that a sheet scanned in two halves counts as;
    `blank_backs`: a 正 without its 反 counts two; `extra`: images that every record has beyond its 页数."""

    cover: bool = True
    contents: bool = True
    endnote: bool = True
    target: bool = False
    caption: bool = False
    a3: Literal[1, 2] = 1
    split: Literal[1, 2] = 2
    blank_backs: bool = False
    extra: int = 0

    def __post_init__(self) -> None:
        """Bounds of what a person may write."""
        if not -EXTRA_MAX <= self.extra <= EXTRA_MAX:
            raise ValueError(f"extra 应在 -{EXTRA_MAX} 与 {EXTRA_MAX} 之间")

    def counts(self, role: Role) -> bool:
        """Whether images of a role count at all."""
        return role is Role.BODY or bool(getattr(self, role.name.lower()))

    def text(self) -> str:
        """The rule in Chinese, as a person would say it."""
        in_: list[str] = []
        out: list[str] = []
        for role in (Role.COVER, Role.CONTENTS, Role.ENDNOTE):
            (in_ if self.counts(role) else out).append(role.label)
        said = [f"{'、'.join(in_)}计入" if in_ else "", f"{'、'.join(out)}不计" if out else ""]
        said += ["A3 一幅计两页"] if self.a3 == 2 else []
        said += ["左右分扫的计一页"] if self.split == 1 else []
        said += ["未扫的空白背面计一页"] if self.blank_backs else []
        said += [f"每件另有 {self.extra} 幅不计入页数"] if self.extra else []
        return "，".join(s for s in said if s)


class Image(Struct, frozen=True):
    """One file of a record as the rule sees it: its name (or page label), role, pages (None: cannot be counted) and
    area in pixels (0: unknown)."""

    name: str
    role: Role
    pages: int | None = 1
    area: int = 0


class Figures(Struct, frozen=True):
    """One record's figures: `declared` by its row, images by role, and how many are large, halves, or lack their back."""

    declared: int
    roles: tuple[int, int, int, int, int, int]
    large: int = 0
    halves: int = 0
    backs: int = 0


class Proposal(Struct, frozen=True):
    """What fits best: `rule`, how many of `records` it makes agree, how many agreed before, and a sentence."""

    rule: PageRule
    records: int
    agree: int
    agreed_before: int
    text: str


def count(images: Sequence[Image], rule: PageRule) -> int | None:
    """Pages of a record by the rule; None when a file's pages cannot be counted."""
    if any(image.pages is None and rule.counts(image.role) for image in images):
        return None
    figures = figures_of(images, 0)
    return total(figures, rule)


def figures_of(images: Sequence[Image], declared: int) -> Figures:
    """What the rule needs to know of a record."""
    roles = [0] * len(Role)
    for image in images:
        roles[image.role] += image.pages or 0
    areas = [image.area for image in images if image.area and image.role is Role.BODY]
    usual = median(areas) if areas else 0
    large = sum(area >= LARGE_FACTOR * usual for area in areas) if len(areas) > 1 else 0
    names = [page_name(image.name) for image in images if image.role is Role.BODY]
    halves = sum(name is not None and name.half for name in names) // 2
    backs = {name.number for name in names if name and name.side == "反"}
    alone = sum(1 for name in names if name and name.side == "正" and name.number not in backs)
    body, cover, contents, endnote, target, caption = roles
    return Figures(declared, (body, cover, contents, endnote, target, caption), large, halves, alone)


def total(figures: Figures, rule: PageRule) -> int:
    """Pages by the rule, never below 0."""
    found = sum(n for role, n in zip(Role, figures.roles, strict=True) if rule.counts(role))
    found += figures.large * (rule.a3 - 1) - figures.halves * (2 - rule.split)
    return max(0, found + figures.backs * rule.blank_backs - rule.extra)


def propose(records: Iterable[Figures], now: PageRule) -> Proposal:
    """The rule that fits the first 200 records best, and what makes one think so; what stands now and plainer rules
    go before."""
    sample = list(itertools.islice(records, SAMPLE))
    before = sum(total(f, now) == f.declared for f in sample)
    if not sample:
        return Proposal(now, 0, 0, 0, "没有可供比较的档案（须同时有目录行的“页数”和图像）")
    best, agree = now, before
    for rule in _rules(sample):
        fits = sum(total(f, rule) == f.declared for f in sample)
        if fits - _cost(rule, len(sample)) > agree - _cost(best, len(sample)) * (best != now):
            best, agree = rule, fits
    differences = Counter(total(f, now) - f.declared for f in sample)
    text = _sentence(differences, len(sample), now, best, agree)
    return Proposal(best, len(sample), agree, before, text)


def _rules(sample: Sequence[Figures]) -> Iterable[PageRule]:
    """Every rule that the sample could tell from another, plain ones first."""
    seen = [any(f.roles[role] for f in sample) for role in (Role.COVER, Role.CONTENTS, Role.ENDNOTE)]
    toggles = [(True, False) if there else (True,) for there in seen]
    a3: tuple[Any, ...] = (1, 2) if any(f.large for f in sample) else (1,)
    split: tuple[Any, ...] = (2, 1) if any(f.halves for f in sample) else (2,)
    backs = (False, True) if any(f.backs for f in sample) else (False,)
    for cover, contents, endnote, large, half, back in itertools.product(*toggles, a3, split, backs):
        plain = PageRule(cover=cover, contents=contents, endnote=endnote, a3=large, split=half, blank_backs=back)
        yield plain
        differences = Counter(total(f, plain) - f.declared for f in sample)
        extra, times = differences.most_common(1)[0]
        if extra and abs(extra) <= EXTRA_MAX and times > len(sample) / 2:
            yield replace(plain, extra=extra)


def _cost(rule: PageRule, records: int) -> float:
    """Records that a rule must win for what it says beyond "every image counts": 2 % for each thing, so that noise is not fitted."""
    switches = (not rule.cover, not rule.contents, not rule.endnote, rule.a3 == 2, rule.split == 1, rule.blank_backs)
    return 0.02 * records * (sum(switches) + 4 * bool(rule.extra))


def _sentence(differences: Counter[int], records: int, now: PageRule, best: PageRule, agree: int) -> str:
    difference, times = differences.most_common(1)[0]
    share = round(100 * times / records)
    if best == now:
        return (
            f"{records} 件中 {agree} 件页数相符，不必改口径"
            if agree
            else f"{records} 件页数都不相符，看不出口径，请抽查"
        )
    said = f"{share} % 差 {difference:+d}" if difference else f"{share} % 相符"
    guess = {1: "封面", 2: "封面+目录", 3: "封面+目录+备考表"}.get(best.extra, "")
    named = "+".join(
        role.label for role in (Role.COVER, Role.CONTENTS, Role.ENDNOTE) if now.counts(role) and not best.counts(role)
    )
    because = f"，疑为{named or guess}" if named or guess else ""
    return f"{said}{because}；改为“{best.text()}”后 {records} 件中 {agree} 件相符"
