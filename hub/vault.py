"""The vault: the only place of the hub that opens what is sealed. A class in this process now, behind a socket later (DESIGN §4)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from crypto import sealing
from crypto.errors import CryptoError
from hub import opened
from hub.clock import Clock
from hub.errors import DamageFound, NotAllowed
from hub.opened import OpenedPart
from sync import delta as deltas
from sync import limits, manifest, transform
from sync.database import Database
from sync.errors import BadObject, StoreDamaged
from sync.manifest import Manifest, Part
from sync.objects import ObjectStore
from sync.pack import open_segment
from sync.sandbox import Sandbox


class Vault:
    """Holds the identity that manifests are sealed to. Usable from several threads."""

    def __init__(self, identity: bytes, objects: ObjectStore, holdings: Database, sandbox: Sandbox, clock: Clock) -> None:
        self._identity, self._objects, self._holdings, self._sandbox, self._clock = identity, objects, holdings, sandbox, clock

    def open(self, name: bytes) -> Manifest:
        """Open the manifest stored under that name.

        Raises:
            StoreDamaged: it is gone, or not what was sealed to this vault.
            BadObject: opened, but no manifest.
        """
        return deltas.open_manifest(self._sealed(name), self._identity)

    def _sealed(self, name: bytes) -> bytes:
        length = self._objects.length(name)
        if length > limits.MANIFEST_SEALED_BYTES:
            raise BadObject("清单过大（format.md §14）")
        return self._objects.read(name, 0, length)

    def segment(self, part: Part | OpenedPart, index: int) -> bytes:
        """The source bytes of one segment of a part, at most 8 MiB.

        Raises:
            BadObject: its pack is not here.
            StoreDamaged: its bytes are not what was sealed, or cannot be restored.
        """
        place = part.segments[index]
        if not self._objects.has(place.pack):
            raise BadObject(f"没有包 {place.pack.hex()[:16]}…")
        sealed = self._objects.read(place.pack, place.offset, place.length)
        return transform.restore(open_segment(place, sealed), part.transform, manifest.segment_size(part.size, index), self._sandbox)

    def read(self, part: OpenedPart) -> Iterator[bytes]:
        """The source bytes of a file, segment by segment; the digest is compared at the end.

        Raises:
            DamageFound: what was given out is not the file; the caller throws it away.
        """
        digest = hashlib.sha256()
        try:
            for index in range(len(part.segments)):
                plain = self.segment(part, index)
                digest.update(plain)
                yield plain
        except (StoreDamaged, BadObject) as fault:
            raise DamageFound(f"{fault}。请执行 jindang hub doctor --deep 查明，并从备份或节点补回。") from fault
        if digest.digest() != part.sha256:
            raise DamageFound("文件的摘要与收存时不符。请执行 jindang hub doctor --deep 查明，并从备份或节点补回。")

    def add_recipients(self, name: bytes, recipients: Sequence[bytes]) -> bytes:
        """The manifest stored under that name with a new header for these recipients over the same payload; its own name changes with it.

        Raises:
            StoreDamaged: it cannot be opened.
        """
        try:
            return sealing.rewrap(self._sealed(name), self._identity, recipients)
        except CryptoError as fault:
            raise StoreDamaged(f"清单打不开：{fault}") from fault

    def destroy(self, log_id: bytes, item: bytes, version: int, persons: Sequence[str], reason: str) -> int:
        """Drop the file keys of a version's files that no other version lists, in two persons' names; how many files.

        The manifests that brought them stay in the store, sealed: destroying a record for good means their rewriting as well, which is not built.

        Raises:
            NotAllowed: not two different persons, or no reason.
        """
        if len({p.strip() for p in persons if p.strip()}) < 2 or not reason.strip():
            raise NotAllowed("销毁须有两名经办人和理由。")
        from hub import texts  # seldom asked

        with self._holdings.transaction() as connection:
            dropped = opened.drop_keys(connection, log_id, item, version, self._clock.wall(), persons, reason)
            texts.forget_destroyed(connection, log_id, item)
            return dropped
