"""What the check of a job's files does with files that change under it (node/checking.py)."""

import os
from pathlib import Path

import pytest
from test_node_quarantine import pdf

from holdings.media import Probe
from node.checking import FileGone, _count
from node.walk import FileStat
from sync.sandbox import Sandbox


@pytest.mark.parametrize("missing", [0, 1, 4_096])
def test_a_document_that_became_shorter_settles_anew(tmp_path: Path, sandbox: Sandbox, missing: int) -> None:
    """Pages are counted of a file as it was seen; one that has lost bytes since is no finding, it is looked at again."""
    path = tmp_path / "0001.pdf"
    path.write_bytes(pdf(3))
    size = path.stat().st_size
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        seen = FileStat(path.name, size + missing, 0, 0)
        if missing:
            with pytest.raises(FileGone):
                _count(descriptor, seen, Probe("application/pdf"), sandbox)
        else:
            assert _count(descriptor, seen, Probe("application/pdf"), sandbox) == (3, [])
    finally:
        os.close(descriptor)
