"""What all tests share: hypothesis profiles, and the rule about real tools of the operating system."""

import ctypes
import os
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from sync.sandbox import Sandbox

if TYPE_CHECKING:
    from people_door import Door

settings.register_profile("test", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", parent=settings.get_profile("test"),
                          max_examples=int(os.environ.get("JINDANG_FUZZ_EXAMPLES", "100")))
settings.load_profile("fuzz" if "JINDANG_FUZZ_EXAMPLES" in os.environ else "test")


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the checkout under test."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_tool() -> Callable[[str], str]:
    """Return a finder of real programs: the path, or a skip with the reason; a failure where they are required."""

    def find(name: str) -> str:
        path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if path:
            return path
        reason = f"{name} is not installed here; .ci/run installs it"
        if os.environ.get("JINDANG_REQUIRE_REAL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)

    return find


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """Give all tests one sandbox: starting its workers takes longer than most tests."""
    made = Sandbox(workers=2)
    yield made
    made.close()


@pytest.fixture
def no_override() -> Iterator[None]:
    """Take from this thread, and from threads it starts, the right to read what it may not: root's tests then see what a service user sees."""
    header, both = struct.pack("Ii", 0x20080522, 0), (1 << 1) | (1 << 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    libc, data = ctypes.CDLL(None, use_errno=True), ctypes.create_string_buffer(24)
    libc.capget(header, data)
    effective, permitted, *rest = struct.unpack("6I", data.raw)
    if libc.capset(header, struct.pack("6I", effective & ~both, permitted, *rest)):
        pytest.skip("capabilities cannot be changed here")
    yield
    libc.capset(header, struct.pack("6I", effective, permitted, *rest))


@pytest.fixture(scope="session")
def reading_room(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Door"]:
    """One hub with a district's records and an open door, for the tests of the reading room that only look or add."""
    from people_door import open_door  # who runs other tests loads no hub
    from reading_room_at_hub import bring

    with open_door(tmp_path_factory.mktemp("reading") / "hub") as made:
        bring(made)
        yield made
