"""Coverage-guided fuzzing of sync's parsers with atheris, where it is installed: `python tests/coverage_fuzz.py --seconds 20`.

Each target runs in a process of its own, begins with the vectors, and stops at the first error that is not of the room. `make fuzz` calls it after the
property tests; without atheris it says so and is done. A finding's bytes are left in the folder it names: they become a vector.
"""

from __future__ import annotations

import argparse
import base64
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import zstandard
from sync_material import HUB_KEY, NODE_KEY, delta_body, hub_genesis, node_genesis

from crypto import cbor
from crypto.errors import BadFormat
from sync import entry, manifest, messages, pack, receipt, state_report, token, transform
from sync.errors import BadObject, StoreDamaged

VECTORS = Path(__file__).parent / "vectors"
HUB_ID, LOG_ID = hub_genesis().log_id, node_genesis().log_id
MESSAGES: tuple[Callable[[bytes], object], ...] = (
    messages.read_hello, messages.Greeting.decode, messages.EnrolRequest.decode, messages.Problem.decode, messages.decode_entries,
    messages.decode_enrolled, messages.decode_head, messages.decode_need_request, lambda data: messages.decode_need(data, 9),
)  # fmt: skip


def fuzz_entry(data: bytes) -> None:
    """Bytes are no entry, or one that no key of ours signed anew."""
    try:
        found = entry.parse(data)
        assert found.signed == data
        entry.genesis_of(found)
    except BadObject:
        return


def fuzz_manifest(data: bytes) -> None:
    """CBOR in a sound frame is no manifest, or one that encodes to an equal one."""
    try:
        found = manifest.decode(zstandard.ZstdCompressor(write_content_size=True).compress(data))
    except BadObject:
        return
    assert manifest.decode(manifest.encode(found)) == found


def fuzz_delta(data: bytes) -> None:
    """A value is no delta's body, or one with one spelling."""
    try:
        body = cbor.decode(data, limit=1 << 16)
        found = manifest.read_delta(body)
    except (BadFormat, BadObject):
        return
    assert found.to_map() == {key: body[key] for key in (1, 2, 3, 4)}


def fuzz_messages(data: bytes) -> None:
    """Bytes are no message of any kind, or one."""
    for decode in MESSAGES:
        try:
            decode(data)
        except BadObject:
            continue


def fuzz_receipt(data: bytes) -> None:
    """Bytes are no receipt of this hub, or one that it signed."""
    try:
        found = receipt.read(HUB_KEY.public, data, hub_id=HUB_ID, log_id=LOG_ID)
    except BadObject:
        return
    assert receipt.make(HUB_KEY, found) == data


def fuzz_token(data: bytes) -> None:
    """Text is no token, or one with one spelling."""
    text = token.PREFIX + data.decode("utf-8", "replace")
    try:
        found = token.parse(text)
    except BadObject:
        return
    assert found.text() == "".join(text.split()).lower()


def fuzz_pack(data: bytes) -> None:
    """Bytes are no pack, or blobs that lead exactly to its end."""
    try:
        blobs = list(pack.walk(lambda offset, size: data[offset : offset + size], len(data)))
    except BadObject:
        return
    assert sum(pack.HEADER.size + length for _, length in blobs) == len(data)


def fuzz_zstd(data: bytes) -> None:
    """A frame restores to exactly the size asked for, or is damage."""
    for size in (0, 1, 9_600):
        try:
            assert len(transform.restore(data, manifest.Transform.ZSTD, size, None)) == size
        except StoreDamaged:
            continue


TARGETS = {
    name.removeprefix("fuzz_"): target for name, target in sorted(globals().items()) if name.startswith("fuzz_")
}


def seeds(name: str) -> Iterator[bytes]:
    """Bytes to begin with: the vectors, good and bad."""
    match name:
        case "entry" | "receipt":
            yield from (bytes.fromhex(one["signed"]) for one in load(name))
        case "token":
            yield from (one["text"].removeprefix(token.PREFIX).encode() for one in load(name))
        case "pack":
            yield base64.b64decode(load(name)["good"]["pack"])
            yield from (bytes.fromhex(one["pack"]) for one in load(name)["faults"])
        case "manifest":
            yield bytes.fromhex(load(name)["good"]["plain"])
        case "delta":
            yield cbor.encode(delta_body().to_map())
        case "messages":
            yield messages.encode_entries([b"a", b"b"])
            yield messages.encode_need([True, False, True] * 3, [(1, 4096)])
            yield messages.Problem("busy", "m", "r", {1: 2}).encode()
            hello = messages.Hello(LOG_ID, entry.Head(1, LOG_ID), 0, entry.Head(0, HUB_ID), state_report.StateReport(), HUB_ID, HUB_ID, bytes(16))
            yield messages.sign_hello(NODE_KEY, hello)
        case "zstd":
            yield transform.compress_always(memoryview("档号,题名,责任者\n".encode() * 400))


def load(name: str) -> Any:
    """Return the vectors of one kind."""
    return json.loads((VECTORS / f"sync_{name}.json").read_text("utf-8"))


def run(name: str, corpus: str, seconds: int) -> None:
    """Fuzz one target in this process; atheris ends it."""
    import atheris

    for module in (cbor, entry, manifest, messages, pack, receipt, token, transform):
        for value in vars(module).values():
            if isinstance(value, FunctionType) and value.__module__ == module.__name__:
                atheris.instrument_func(value)
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=4096", f"-artifact_prefix={corpus}/", corpus], TARGETS[name])
    atheris.Fuzz()


def main() -> int:
    """Run every target for so many seconds; 1 when one of them found something."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=20)
    options.add_argument("--target", choices=sorted(TARGETS))
    options.add_argument("--corpus")
    chosen = options.parse_args()
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed: coverage-guided fuzzing is left out", file=sys.stderr)
        return 0
    if chosen.target:
        run(chosen.target, chosen.corpus, chosen.seconds)
    failed = []
    for name in TARGETS:
        corpus = Path(tempfile.mkdtemp(prefix=f"jindang-fuzz-{name}-"))
        for number, seed in enumerate(seeds(name)):
            (corpus / f"seed{number}").write_bytes(seed)
        command = [sys.executable, __file__, "--target", name, "--corpus", str(corpus), "--seconds", str(chosen.seconds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        print(f"{name}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        if done.returncode:
            print(done.stderr[-3000:], file=sys.stderr)
            failed.append(f"{name}: see {corpus}")
    print("\n".join(failed) or "nothing found")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
