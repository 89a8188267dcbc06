"""`profile propose`: which layout links most of a delivery, and which page-count rule 页数口径 makes its first 200 records agree.

Names are enough for most of it. Heads of files are read only of records that passed the gate.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import apsw
from msgspec import Struct
from msgspec.structs import replace

from holdings import catalogue, gate, link_store, media
from holdings.layout import Gathered, Gathering, Layout
from holdings.layout_gather import gather
from holdings.layout_words import Use, vocabulary
from holdings.page_rule import SAMPLE, Figures, Image, PageRule, Proposal, figures_of, propose
from holdings.profile import IntakeProfile
from node.errors import ConfigurationWrong
from node.gathering import DeliveryTree, foreign, lookups
from node.home import Home
from node.judging import Standing
from node.walk import walk

CANDIDATES = (
    Layout("folders"),
    Layout("volumes"),
    Layout("volumes", path="{fonds}/{inventory}/{volume}", code="{fonds}-{inventory}-{volume}"),
    Layout("files"),
    Layout("files", file="{code}_{page}"),
    Layout("files", file="{code}"),
    Layout(
        "folders",
        path="{fonds}/{year}/{retention}/{organ}/{item}",
        code="{fonds}-WS·{year}·{retention}·{organ}-{item:04}",
    ),
    Layout("folders", path="{fonds}/{year}/{retention}/{item}", code="{fonds}-WS·{year}·{retention}-{item:04}"),
)


class Proposed(Struct, frozen=True):
    """What fits a delivery: its layout, records linked by it, rows without images and things left over, and the page rule."""

    layout: Layout
    linked: int
    unknown: int
    left: int
    pages: Proposal

    def toml(self, name: str) -> str:
        """A profile to begin with."""
        rule, plain = self.pages.rule, PageRule()
        lines = [f'name = "{name}"', "", "[layout]", f'kind = "{self.layout.kind}"']
        lines += [
            f'{field} = "{value}"'
            for field in ("path", "file", "code")
            if (value := getattr(self.layout, field)) != getattr(Layout(), field)
        ]
        changed = [
            (field, value)
            for field in PageRule.__struct_fields__
            if (value := getattr(rule, field)) != getattr(plain, field)
        ]
        if changed:
            lines += ["", "[pages]", *(f"{field} = {str(value).lower()}" for field, value in changed)]
        return "\n".join([*lines, ""])


def propose_for(home: Home, delivery: str, connection: apsw.Connection | None = None) -> Proposed:
    """Read a delivery's names and say what fits; ConfigurationWrong when its folder is not there.

    Args:
        connection: where the catalogue is asked, when that is a dry run's transaction.
    """
    connection = home.database.read() if connection is None else connection
    standing = Standing.read(connection)
    profile = standing.profiles.of(delivery)
    tree = tree_of(home, delivery, profile)
    tree.add_beside()
    names, asked = tree.names(), lookups(connection, tree)
    candidates = [profile.layout] if profile.gathers else []
    candidates += [Layout("rows")] if next(link_store.of_delivery(connection, delivery), None) else []
    best: tuple[tuple[int, int, int], Layout, Gathered] | None = None
    for candidate in (*candidates, *CANDIDATES):
        # Marker files are taken out of the lists on the way, so each layout gets its own.
        own = {folder: list(files) for folder, files in names.items()}
        read = gather(own, candidate, asked, profile.representations.uses(), words=tree.words)
        found = replace(read, gatherings=tuple(g for g in read.gatherings if not foreign(g, connection, delivery)))
        linked = sum(bool(g.pages) and asked.known(g.key) for g in found.gatherings)
        score = (linked, -len(found.left), -len(found.gatherings))
        if best is None or score > best[0]:
            best = (score, candidate, found)
    assert best is not None
    (linked, _, _), layout, found = best
    proposal = propose(_figures(home, connection, standing, tree, found), profile.pages)
    return Proposed(layout, linked, len(found.gatherings) - linked, len(found.left), proposal)


def tree_of(home: Home, delivery: str, profile: IntakeProfile) -> DeliveryTree:
    """The names below a delivery's folder as they are now; ConfigurationWrong when it is not there."""
    first, _, relative = delivery.partition("/")
    root = next((Path(w) for w in home.config.watch if Path(w).name == first), None)
    path = root / relative if root and relative else root
    if root is None or path is None or not path.is_dir():
        known = "、".join(Path(w).name for w in home.config.watch)
        raise ConfigurationWrong(
            f"扫描文件夹中没有“{delivery}”。批次写作 扫描文件夹名 或 扫描文件夹名/子文件夹；已有：{known}"
        )
    tree = DeliveryTree(delivery, relative, str(path), profile, vocabulary(home.site))
    for below, folder in walk(path):
        tree.add(f"{relative}/{below}".strip("/"), folder)
    return tree


def _figures(
    home: Home, connection: apsw.Connection, standing: Standing, tree: DeliveryTree, found: Gathered
) -> Iterator[Figures]:
    """Figures of the first records that have a row with 页数 and images that can be counted."""
    for gathering in itertools.islice(
        (g for g in found.gatherings if g.pages and not g.whole and not g.override), 4 * SAMPLE
    ):
        row = catalogue.for_images(connection, gathering.key)
        if row is None or not row.pages:
            continue
        verdict = gate.judge(row, standing.clearances.get(row.delivery), standing.volumes, home.identity.log.site_class)
        images = _images(tree, gathering, cleared=isinstance(verdict, gate.Cleared))
        if images and not any(image.pages is None for image in images):
            yield figures_of(images, row.pages)


def _images(tree: DeliveryTree, gathering: Gathering, *, cleared: bool) -> list[Image]:
    first = min(page.use for page in gathering.pages)
    images = []
    for page in gathering.pages:
        if page.use is not first:
            continue
        pages: int | None = None if tree.words.use_of_ending(page.name) is Use.SEARCHABLE else 1
        area = 0
        if cleared:
            try:
                descriptor = os.open(
                    Path(tree.path, page.folder, page.name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
                )
            except OSError:
                continue
            try:
                size = os.fstat(descriptor).st_size
                seen = media.probe(page.name, size, lambda at, length, d=descriptor: os.pread(d, length, at))  # type: ignore[misc]
                pages, area = seen.pages or pages, (seen.width or 0) * (seen.height or 0)
            except OSError:
                pages = None
            finally:
                os.close(descriptor)
        images.append(Image(page.label, page.role, pages, area))
    return images
