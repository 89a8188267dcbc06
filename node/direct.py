"""A home that a command opened itself, asked through the same door as a daemon's socket: roles and journal hold there too."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

from holdings.operator import Ceiling
from node.door import OWN, Door
from node.service import Service
from node.verbs import Answer


class Direct:
    """Every verb of the service by its name, as `node.client.Client` has them."""

    def __init__(self, service: Service) -> None:
        self._door, self._token = Door(service), ""
        self._service = service

    def sign_in(self, number: str, password: str) -> None:
        """Act as this operator from now on."""
        self._token = str(self._ask("operator_sign_in", number=number, password=password)["token"])

    def __getattr__(self, verb: str) -> Callable[..., Answer]:
        if verb.startswith("_") or (verb not in OWN and not hasattr(self._service, verb)):
            raise AttributeError(verb)
        return functools.partial(self._ask, verb)

    def _ask(self, verb: str, /, **given: Any) -> Answer:
        return self._door.ask(verb, given, lambda meant: meant, uid=os.geteuid(), ceiling=Ceiling.ANY, token=self._token)
