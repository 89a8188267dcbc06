"""The groups of a node's verbs, each imported when one of its verbs is first asked: a sync need not load what writes reports.

A quarter of a second and twenty MiB of every command's start, measured.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any

from node.verbs import Verbs

GROUPS = {
    "node.verbs_catalogue": "CatalogueVerbs",
    "node.verbs_cataloguing": "CataloguingVerbs",
    "node.verbs_check": "CheckVerbs",
    "node.verbs_console": "ConsoleVerbs",
    "node.verbs_counter": "CounterVerbs",
    "node.verbs_delivery": "DeliveryVerbs",
    "node.verbs_directory": "DirectoryVerbs",
    "node.verbs_directive": "DirectiveVerbs",
    "node.verbs_fonds": "FondsVerbs",
    "node.verbs_meaning": "MeaningVerbs",
    "node.verbs_machine": "MachineVerbs",
    "node.verbs_operator": "OperatorVerbs",
    "node.verbs_outage": "OutageVerbs",
    "node.verbs_pages": "PageVerbs",
    "node.verbs_places": "PlaceVerbs",
    "node.verbs_profile": "ProfileVerbs",
    "node.verbs_reading": "ReadingVerbs",
    "node.verbs_record": "RecordVerbs",
    "node.verbs_renumber": "RenumberVerbs",
    "node.verbs_sample": "SampleVerbs",
    "node.verbs_search": "SearchVerbs",
    "node.verbs_show": "ShowVerbs",
}


class LazyGroups(Verbs):
    """Passes a verb that it does not have itself to the group that has it."""

    def __getattr__(self, verb: str) -> Any:
        """The verb of the group that knows it; those whose name it begins with are tried first."""
        if verb.startswith("_"):
            raise AttributeError(verb)
        for module in sorted(GROUPS, key=lambda module: verb.partition("_")[0] not in module):
            if verb in verbs_of(module):
                return getattr(_group(module)(self._engine, self._wake), verb)
        raise AttributeError(verb)


def _group(module: str) -> type[Verbs]:
    group: type[Verbs] = getattr(importlib.import_module(module), GROUPS[module])
    return group


@functools.cache
def verbs_of(module: str) -> frozenset[str]:
    """The verbs of one group."""
    return frozenset(name for name in dir(_group(module)) if not name.startswith("_"))


def every_verb() -> frozenset[str]:
    """The verbs of all groups; imports them."""
    return frozenset().union(*(verbs_of(module) for module in GROUPS))
